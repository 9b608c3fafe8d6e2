"""States (Mplify 87.1, 5.5.3 and 5.5.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.poq.book import ITEM, LISTED, SHOWN, items_of
from emulator.judge.rules.poq.living import what_is_past_is_not_to_come
from emulator.judge.rules.qualification.book import ABANDONED, DONE, ENDED_ITEM, FAILED, OPEN, QUALIFICATION, REJECTED
from emulator.judge.rules.qualification.finding import OF_THE_SELLER
from emulator.judge.run import Said
from emulator.record.payload import MISSING, as_json, at

_WHOLE: Final = common.Machine("productOfferingQualification")
_EACH: Final = common.Machine("productOfferingQualificationItem", ITEM)
common.goes_legally(QUALIFICATION, "states-later", _WHOLE, on=SHOWN | LISTED, name="")
common.goes_legally(QUALIFICATION, "item-states-later", _EACH, on=SHOWN, name="")
common.tells_history(QUALIFICATION, (), _WHOLE, on=SHOWN)
common.tells_history(QUALIFICATION, (), _EACH, on=SHOWN, name="item-history")
QUALIFICATION.rule(name="future", on=SHOWN)(what_is_past_is_not_to_come)


def _states(said: Said) -> tuple[Any, dict[str, str]]:
    """The state of a qualification and those of its items by place; no items where one has no state that we know."""
    found = {f"{place}/state": item.get("state") for place, item in items_of(said.body)}
    known = {place: str(state) for place, state in found.items() if state in (*OPEN, *ENDED_ITEM)}
    return at(said.body, "/state"), known if len(known) == len(found) else {}


@QUALIFICATION.rule("MEF87-R48", on=SHOWN)
def done_means_all_items(said: Said) -> Iterator[Mark]:
    """All items of a qualification that is done are done; what answers at once is looked at elsewhere."""
    state, items = _states(said)
    if state != DONE or _is_first(said):
        return
    for place, found in items.items():
        yield hold(
            place,
            found == DONE,
            expected=DONE,
            found=found,
            message=f"{place} is {as_json(found)}, and the qualification is {state}",
        )


def _is_first(said: Said) -> bool:
    return said.exchange.operation == "createProductOfferingQualification"


def _ends_the_whole(label: str, wanted: str) -> None:
    def look(said: Said) -> Iterator[Mark]:
        state, items = _states(said)
        if wanted in items.values() and isinstance(state, str):
            yield hold(
                "/state",
                state == wanted,
                expected=wanted,
                found=state,
                message=f"an item is {wanted}, and the qualification is {state}",
            )

    QUALIFICATION.add(label, look, on=SHOWN, about=f"a qualification with an item that is {wanted} is {wanted}")


_ends_the_whole("an-item-terminated", FAILED)
_ends_the_whole("an-item-rejected", REJECTED)


@QUALIFICATION.rule("the-rest-is-abandoned", on=SHOWN)
def the_others_are_given_up(said: Said) -> Iterator[Mark]:
    """Where a qualification is terminatedWithError or rejected, no item is worked on any more."""
    state, items = _states(said)
    for place, found in items.items() if state in (FAILED, REJECTED) else ():
        yield hold(
            place,
            found not in OPEN,
            expected=ABANDONED,
            found=found,
            message=f"{place} is {as_json(found)}, and the qualification is {state}",
        )


@QUALIFICATION.rule("MEF87-R50", on=SHOWN)
def in_progress_means_work_on_an_item(said: Said) -> Iterator[Mark]:
    """A qualification in progress has an item in progress; that none failed or was rejected follows from the state of the whole."""
    state, items = _states(said)
    if state != "inProgress" or not items or {FAILED, REJECTED} & set(items.values()):
        return
    if "inProgress" in items.values():
        yield FINE
    else:
        between = any(found in ENDED_ITEM for found in items.values())
        yield breach(
            "/state",
            "an item that is inProgress",
            sorted(set(items.values())),
            "the qualification is inProgress, and none of its items is",
            reading=("poq-in-progress-lag", "at-every-moment") if between else None,
        )


@QUALIFICATION.rule("states-fit", on=SHOWN)
def states_go_together(said: Said) -> Iterator[Mark]:
    """What the table of states leaves out and no other clause says: an acknowledged qualification has acknowledged items alone, one in
    progress none that was given up, and one that failed or was rejected an item that did or was, and none of the other end.
    """
    state, items = _states(said)
    if not items or _is_first(said):
        return
    odd = {"acknowledged": ("inProgress", DONE, ABANDONED), "inProgress": (ABANDONED,)}.get(state, ())
    for place, found in items.items() if state in (*OPEN, DONE, FAILED, REJECTED) else ():
        yield hold(
            place,
            found not in odd,
            expected="acknowledged" if state == "acknowledged" else f"a state of {state}",
            found=found,
            message=f"{place} is {as_json(found)} while the qualification is {state}",
        )
    if state in (FAILED, REJECTED) and not {FAILED, REJECTED, *OPEN} & set(items.values()):
        yield breach(
            "/state",
            f"an item that is {state}",
            sorted(set(items.values())),
            f"the qualification is {state}, and none of its items is",
        )


@QUALIFICATION.rule(name="findings-kept", on=SHOWN)
def findings_stay_as_they_are(said: Said) -> Iterator[Mark]:
    """What an item tells once it is at its end never changes."""
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        for place, item, before in common.paired(shown, earlier, ITEM) if earlier else ():
            if before.get("state") not in ENDED_ITEM or item.get("state") != before["state"]:
                continue
            for name in (*OF_THE_SELLER, "terminationError"):
                old, new = before.get(name, MISSING), item.get(name, MISSING)
                if given(old):
                    yield hold(
                        f"{place}/{name}",
                        _alike(old, new),
                        expected=old,
                        found=new,
                        message=f"{place}/{name} is no longer what exchange {earlier.exchange.n if earlier else ''} "
                        f"showed, though the item was {before['state']}",
                    )


def _alike(old: Any, new: Any) -> bool:
    """Whether two values say the same; lists may come in another order."""
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(entry in new for entry in old)
    return common.same(old, new)
