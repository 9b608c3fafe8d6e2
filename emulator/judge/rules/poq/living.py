"""States (MEF 87, 7.2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from emulator.judge.named import POQ as KIND
from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.poq.answering import FINDINGS
from emulator.judge.rules.poq.book import (
    ABANDONED,
    FAILED,
    FINAL,
    FINAL_ITEM,
    ITEM,
    LISTED,
    POQ,
    READY,
    SHOWN,
    STATES_OF_ITEM,
    UNABLE,
    instant_of,
    items_of,
)
from emulator.judge.run import Said
from emulator.judge.times import CLOCKS
from emulator.record.payload import MISSING, as_json, at, every

# 7.2 states

_WHOLE: Final = common.Machine("productOfferingQualification")
_EACH: Final = common.Machine("productOfferingQualificationItem", ITEM)
common.goes_legally(POQ, (), _WHOLE, on=SHOWN | LISTED)
common.goes_legally(POQ, (), _EACH, on=SHOWN, name="item-path")
common.tells_history(POQ, (), _WHOLE, on=SHOWN)
common.tells_history(POQ, (), _EACH, on=SHOWN, name="item-history")


@POQ.rule(name="item-steps", on=SHOWN)
def an_item_is_worked_on_before_it_is_ready(said: Said) -> Iterator[Mark]:
    """Where the first answer was not final, the stateChange of a ready item has inProgress in it (figure 15)."""
    for shown, life in said.lived():
        first = at(life.asked.response.body, "/state") if life.asked and life.asked.response else None
        if first not in ("acknowledged", "inProgress"):
            continue
        for place, item in items_of(shown.value):
            told = [state for _, state in every(item, "/stateChange/*/state")]
            if "acknowledged" in told and READY in told:
                if "inProgress" in told:
                    yield FINE
                else:
                    yield breach(f"{place}/stateChange", "inProgress", told,
                                 f"{place}/stateChange goes from acknowledged to {READY} without inProgress",
                                 hint=True)  # fmt: skip


@POQ.rule(name="future", on=SHOWN)
def what_is_past_is_not_to_come(said: Said) -> Iterator[Mark]:
    """No state was reached later than the answer that tells of it; clocks may differ by an hour."""
    latest = said.exchange.at + said.run.spread(CLOCKS)
    for pattern in ("/stateChange/*/changeDate", f"{ITEM}/stateChange/*/changeDate", "/effectiveQualificationDate"):
        for where, value in every(said.body, pattern):
            moment = instant_of(value)
            if moment is not None and moment > latest:
                yield breach(where, f"{said.exchange.at.isoformat()} at the latest", value,
                             f"{where} is later than the answer itself", hint=True)  # fmt: skip
            elif moment is not None:
                yield FINE


def _states(said: Said) -> tuple[Any, dict[str, str]]:
    """The state of a qualification and those of its items by place; no items where one has no state that we know."""
    found = {f"{place}/state": item.get("state") for place, item in items_of(said.body)}
    known = {place: state for place, state in found.items() if state in STATES_OF_ITEM}
    return at(said.body, "/state"), known if len(known) == len(found) else {}


common.lasts(POQ, f"{ITEM}/installationInterval", on=SHOWN)
common.well_without_errors(POQ, ITEM, "inProgress", READY, on=SHOWN)
common.links_to_itself(POQ, KIND)


@POQ.rule(name="alternate-ids", on=SHOWN)
def alternatives_are_told_apart(said: Said) -> Iterator[Mark]:
    """No two alternatives of an item have the same id, by which a quote would name one of them."""
    for place, item in items_of(said.body):
        seen: set[str] = set()
        for where, found in every(item, "/alternateProductOfferingProposal/*/id"):
            if isinstance(found, str):
                yield FINE if found not in seen else breach(
                    place + where, "an id of its own", found, f"{place}{where} is that of another alternative", hint=True)  # fmt: skip
                seen.add(found)


@POQ.rule("R48", on=SHOWN)
def ready_means_all_items(said: Said) -> Iterator[Mark]:
    """All items of a done.ready qualification are done.ready."""
    state, items = _states(said)
    for place, found in items.items() if state == READY else ():
        yield hold(place, found == READY, expected=READY, found=found,
                   message=f"{place} is {as_json(found)}, and the qualification is {READY}")  # fmt: skip


@POQ.rule("R49", on=SHOWN)
def terminated_means_an_item_failed(said: Said) -> Iterator[Mark]:
    """A qualification that is terminatedWithError has an item that is."""
    state, items = _states(said)
    if state == FAILED and items:
        if FAILED in items.values():
            yield FINE
        else:
            yield breach("/state", f"an item that is {FAILED}", sorted(set(items.values())),
                         f"the qualification is {FAILED}, and none of its items is",
                         reading=("poq-terminated-without-item", "an-item"))  # fmt: skip


@POQ.rule("R50", on=SHOWN)
def in_progress_means_work_on_an_item(said: Said) -> Iterator[Mark]:
    """A qualification in progress has an item in progress, and none that failed."""
    state, items = _states(said)
    if state != "inProgress" or not items:
        return
    for place, found in items.items():
        if found == FAILED:
            yield breach(
                place, "no item that failed", found, f"{place} is {as_json(found)}, and the qualification is {state}"
            )
    if "inProgress" in items.values():
        yield FINE
    elif FAILED not in items.values():
        between = any(found in FINAL_ITEM for found in items.values())
        yield breach("/state", "an item that is inProgress", sorted(set(items.values())),
                     "the qualification is inProgress, and none of its items is",
                     reading=("poq-in-progress-lag", "at-every-moment") if between else None)  # fmt: skip


@POQ.rule(name="items-fit", on=SHOWN)
def items_go_with_the_whole(said: Said) -> Iterator[Mark]:
    """What figures 14 and 15 leave no room for: items that are ahead of their qualification, or behind it."""
    state, items = _states(said)
    for place, found in items.items():
        odd = (
            (state == "acknowledged" and found in (FAILED, ABANDONED))
            or (state == "inProgress" and found == ABANDONED)
            or (state == FAILED and found in ("acknowledged", "inProgress"))
        )
        if odd:
            yield breach(place, f"a state that goes with {state}", found,
                         f"{place} is {as_json(found)} while the qualification is {state}", hint=True)  # fmt: skip
        else:
            yield FINE
    if items and state in ("acknowledged", UNABLE) and set(items.values()) == {READY}:
        yield breach("/state", READY, state, f"all items are {READY}, and the qualification is {state}", hint=True)


@POQ.rule(name="effective", on=SHOWN)
def the_end_is_not_dated_before_it_comes(said: Said) -> Iterator[Mark]:
    """The effectiveQualificationDate is not there before the qualification is final (7.2.1.3)."""
    if at(said.body, "/state") in ("acknowledged", "inProgress"):
        found = at(said.body, "/effectiveQualificationDate")
        yield hold("/effectiveQualificationDate", not given(found), expected=MISSING, found=found,
                   message=f"the qualification is {said.body['state']} and tells when it ended")  # fmt: skip


common.keeps(POQ, (), "", "/effectiveQualificationDate", on=SHOWN, name="effective-kept")


@POQ.rule(name="findings-kept", on=SHOWN)
def findings_stay_as_they_are(said: Said) -> Iterator[Mark]:
    """What an item tells once it is final (confidence, interval, guarantee, alternatives, errors) never changes."""
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        if earlier is None:
            continue
        for place, item, before in common.paired(shown, earlier, ITEM):
            if before.get("state") not in FINAL_ITEM or item.get("state") != before["state"]:
                continue
            for name in (*FINDINGS, "terminationError"):
                old, new = before.get(name, MISSING), item.get(name, MISSING)
                if given(old):
                    yield hold(f"{place}/{name}", _alike(old, new), expected=old, found=new,
                               message=f"{place}/{name} is no longer what exchange {earlier.exchange.n} showed, "
                                       f"though the item was {before['state']}")  # fmt: skip


def _alike(old: Any, new: Any) -> bool:
    """Whether two values say the same; lists may come in another order."""
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(entry in new for entry in old)
    return common.same(old, new)


_CLOSE: Final = timedelta(minutes=1)


@POQ.rule(name="dates", on=SHOWN)
def dates_are_in_order(said: Said) -> Iterator[Mark]:
    """A guarantee ends after the qualification, and the qualification ended when its stateChange says."""
    ended = instant_of(at(said.body, "/effectiveQualificationDate"))
    if ended is None:
        return
    for where, value in every(said.body, f"{ITEM}/guaranteedUntilDate"):
        until = instant_of(value)
        if until is not None and until < ended:
            yield breach(where, f"after {ended.isoformat()}", value, f"{where} is before the qualification ended",
                         hint=True)  # fmt: skip
        elif until is not None:
            yield FINE
    state = at(said.body, "/state")
    changes = [entry for _, entry in every(said.body, "/stateChange/*") if at(entry, "/state") == state]
    reached = [moment for entry in changes if (moment := instant_of(at(entry, "/changeDate"))) is not None]
    if reached and state in FINAL:
        if any(abs(moment - ended) <= said.run.spread(_CLOSE) for moment in reached):
            yield FINE
        else:
            yield breach("/effectiveQualificationDate", [moment.isoformat() for moment in reached],
                         at(said.body, "/effectiveQualificationDate"),
                         f"effectiveQualificationDate is not when stateChange says that {state} was reached",
                         hint=True)  # fmt: skip
