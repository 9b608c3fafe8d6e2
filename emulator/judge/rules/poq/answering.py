"""The answer to a request (MEF 87, 5.2 and 6.3.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from emulator.judge.named import POQ as KIND
from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.poq.book import (
    ABANDONED,
    BUYERS,
    BUYERS_OF_ITEM,
    CREATED,
    DATE,
    FAILED,
    ITEM,
    ITEMS,
    OF_PRODUCT,
    POQ,
    READY,
    SHOWN,
    STATES,
    items_by_id,
    items_of,
)
from emulator.judge.run import Said
from emulator.record.payload import MISSING, at

# 5.2 and 6.3.2 what was sent comes back


@POQ.rule(("R23", "R8"), on=SHOWN)
def what_was_sent_comes_back(said: Said) -> Iterator[Mark]:
    """Each value of the request in the answer, item by item; the Seller may add contacts and give its own href."""
    for shown, life in said.lived():
        asked = life.request
        if not isinstance(asked, dict):
            continue
        yield from _echo(common.only(asked, BUYERS), shown.value, shown.place)
        answered = {item["id"]: (place, item) for place, item in reversed(list(items_of(shown.value))) if _has_id(item)}
        for identifier, item in items_by_id(asked).items():
            if identifier in answered:
                place, found = answered[identifier]
                sent = common.only(item, BUYERS_OF_ITEM)
                if isinstance(sent.get("product"), dict):
                    sent["product"] = common.only(sent["product"], OF_PRODUCT)
                yield from _echo(sent, found, shown.place + place)


def _has_id(item: Mapping[str, Any]) -> bool:
    return isinstance(item.get("id"), str)


def _echo(asked: Any, answered: Any, place: str) -> Iterator[Mark]:
    return common.echo_marks(asked, answered, place, free=("href",), grows=("relatedContactInformation",))


@POQ.rule(name="invented", on=SHOWN)
def nothing_is_put_into_the_buyers_mouth(said: Said) -> Iterator[Mark]:
    """What only a Buyer gives (its ids, the date it wants) is not in the answer where it was not sent."""
    for shown, life in said.lived():
        for name in ("externalId", "projectId", DATE) if isinstance(life.request, dict) else ():
            found = at(shown.value, f"/{name}")
            if not given(found):
                continue
            if given(at(life.request, f"/{name}")):
                yield FINE
            else:
                yield breach(f"{shown.place}/{name}", MISSING, found,
                             f"the answer has a {name}, and the Buyer sent none", hint=True)  # fmt: skip


@POQ.rule("R27", on=SHOWN)
def no_item_is_new(said: Said) -> Iterator[Mark]:
    """Each item of the answer is one of the request's, by its id."""
    for shown, life in said.lived():
        asked = items_by_id(life.request)
        for place, item in items_of(shown.value) if asked else ():
            if _has_id(item):
                yield hold(f"{shown.place}{place}/id", item["id"] in asked, expected=list(asked), found=item["id"],
                           message=f"the answer has an item {item['id']} that the request does not have")  # fmt: skip


@POQ.rule(name="items", on=SHOWN)
def each_item_is_answered_once(said: Said) -> Iterator[Mark]:
    """Each item of the request stands once in the answer (7.2.1.3)."""
    for shown, life in said.lived():
        sent = [item["id"] for _, item in items_of(life.request) if _has_id(item)]
        answered = [item["id"] for _, item in items_of(shown.value) if _has_id(item)]
        times = Counter(answered)
        for identifier, asked in Counter(sent).items():
            count = times[identifier]
            if asked == 1:
                yield hold(f"{shown.place}{ITEMS}", count == 1, expected="each item of the request, once",
                           found=answered, message=f"item {identifier} of the request is answered {count} times")  # fmt: skip


# 6.3.2 the answer

_WANTED_AT_ONCE: Final[Callable[[Said], bool]] = lambda said: at(said.asked, "/instantSyncQualification") is True  # noqa: E731


@POQ.rule("R24", on=CREATED, when=_WANTED_AT_ONCE)
def an_answer_at_once_is_final(said: Said) -> Iterator[Mark]:
    """Where instantSyncQualification is true, the first answer is done.ready or terminatedWithError."""
    state = at(said.body, "/state")
    if state in STATES:
        yield hold("/state", state in (READY, FAILED), expected=[READY, FAILED], found=state,
                   message=f"an answer was wanted at once, and the qualification is {state}")  # fmt: skip


@POQ.rule(name="first-state", on=CREATED, when=lambda said: not _WANTED_AT_ONCE(said))
def a_first_answer_can_be_a_first_one(said: Said) -> Iterator[Mark]:
    """A first answer that could wait is acknowledged, or a final one; done.unableToProvide needs time (6.2.1)."""
    state = at(said.body, "/state")
    if state not in STATES:
        return
    if state in ("acknowledged", READY, FAILED):
        yield FINE
    else:
        yield breach("/state", ["acknowledged", READY, FAILED], state,
                     f"the first answer to a request is {state}", hint=state == "inProgress")  # fmt: skip


POQ.has_role(("R26", "R25"), "", "sellerContactInformation", on=SHOWN)


def _ready_items(said: Said, *, whole: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """The done.ready items of a qualification that is done.ready too (`whole`), or is not."""
    for shown in said.shown:
        if (shown.value.get("state") == READY) is whole:
            yield from ((p, item) for p, item in items_of(shown.value) if item.get("state") == READY)


def _confidence(said: Said, *, whole: bool) -> Iterator[Mark]:
    for place, item in _ready_items(said, whole=whole):
        found = item.get("serviceabilityConfidence", MISSING)
        yield hold(f"{place}/serviceabilityConfidence", given(found), expected=["green", "yellow", "red"], found=found,
                   message=f"{place} is {READY} and does not tell its serviceabilityConfidence")  # fmt: skip


def _interval(said: Said, *, whole: bool) -> Iterator[Mark]:
    for place, item in _ready_items(said, whole=whole):
        found, color = item.get("installationInterval", MISSING), item.get("serviceabilityConfidence")
        if color in ("green", "yellow"):
            yield hold(f"{place}/installationInterval", given(found), expected="amount and units", found=found,
                       message=f"{place} is {color} and does not tell its installationInterval")  # fmt: skip


@POQ.rule(("R9", "R28"), on=SHOWN)
def a_ready_qualification_tells_its_confidence(said: Said) -> Iterator[Mark]:
    """The serviceabilityConfidence of each done.ready item of a done.ready qualification."""
    return _confidence(said, whole=True)


@POQ.rule("R28", on=SHOWN)
def a_ready_item_tells_its_confidence(said: Said) -> Iterator[Mark]:
    """The serviceabilityConfidence of each done.ready item, while the qualification is not done.ready."""
    return _confidence(said, whole=False)


@POQ.rule(("R10", "R29"), on=SHOWN)
def a_ready_qualification_tells_its_intervals(said: Said) -> Iterator[Mark]:
    """The installationInterval of each green or yellow item of a done.ready qualification."""
    return _interval(said, whole=True)


@POQ.rule("R29", on=SHOWN)
def a_ready_item_tells_its_interval(said: Said) -> Iterator[Mark]:
    """The installationInterval of each green or yellow item, while the qualification is not done.ready."""
    return _interval(said, whole=False)


FINDINGS: Final = (
    "serviceabilityConfidence",
    "installationInterval",
    "guaranteedUntilDate",
    "alternateProductOfferingProposal",
)


@POQ.rule("R30", on=SHOWN)
def a_failed_item_has_no_findings(said: Said) -> Iterator[Mark]:
    """An item that is terminatedWithError or done.abandoned tells no confidence, interval, guarantee or alternative."""
    for place, item in items_of(said.body):
        if item.get("state") in (FAILED, ABANDONED):
            for name in FINDINGS:
                yield hold(f"{place}/{name}", not given(item.get(name)), expected=MISSING, found=item.get(name),
                           message=f"{place} is {item['state']} and tells {name} all the same")  # fmt: skip


@POQ.rule(name="early-confidence", on=SHOWN)
def an_item_in_work_has_no_confidence(said: Said) -> Iterator[Mark]:
    """The serviceabilityConfidence is not there before an item is done.ready (7.2.2.7)."""
    for place, item in items_of(said.body):
        if item.get("state") in ("acknowledged", "inProgress"):
            found = item.get("serviceabilityConfidence", MISSING)
            yield hold(f"{place}/serviceabilityConfidence", not given(found), expected=MISSING, found=found,
                       message=f"{place} is {item['state']} and tells a serviceabilityConfidence already")  # fmt: skip


POQ.present("R31", ITEM, "/terminationError", on=SHOWN, where=lambda item: item.get("state") == FAILED)


@POQ.rule(name="alternates", on=SHOWN)
def alternatives_are_asked_for(said: Said) -> Iterator[Mark]:
    """Alternatives are proposed where the Buyer wants some, for items that are yellow or red (7.2.2.6)."""
    life = said.run.life(KIND, at(said.body, "/id"))
    asked = life.request if life else MISSING
    for place, item in items_of(said.body):
        found = item.get("alternateProductOfferingProposal", MISSING)
        if not given(found) or item.get("state") in (FAILED, ABANDONED):
            continue
        wanted = at(asked if isinstance(asked, dict) else said.body, "/provideAlternative") is True
        if wanted and item.get("serviceabilityConfidence") != "green":
            yield FINE
        else:
            why = "a green item needs none" if wanted else "the Buyer asked for none"
            yield breach(f"{place}/alternateProductOfferingProposal", MISSING, found,
                         f"{place} proposes alternatives, and {why}", hint=True)  # fmt: skip
