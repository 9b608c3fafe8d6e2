"""What an answer finds (Mplify 87.1, 6.3.2.2 and 6.5): how sure the Seller is, when it could deliver, and how."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.judge.rule import FINE, Mark, On
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.poq.answering import FINDINGS
from emulator.judge.rules.poq.book import CREATED, ITEM, SHOWN, items_of
from emulator.judge.rules.qualification.book import (
    ABANDONED,
    CAN_DELIVER,
    DONE,
    FAILED,
    OPEN,
    QUALIFICATION,
    READ,
    REJECTED,
)
from emulator.judge.run import Said
from emulator.record.payload import MISSING, at, every


def _done(said: Said) -> Iterator[tuple[str, dict[str, Any]]]:
    """The items that are done: at once in a first answer, and otherwise while the others are worked on as well."""
    return ((place, item) for place, item in items_of(said.body) if item.get("state") == DONE)


def _confidence(said: Said) -> Iterator[Mark]:
    for place, item in _done(said):
        found = item.get("serviceabilityConfidence", MISSING)
        yield hold(
            f"{place}/serviceabilityConfidence",
            given(found),
            expected=["green", "yellow", "red"],
            found=found,
            message=f"{place} is {DONE} and does not tell its serviceabilityConfidence",
        )


_NEEDED: Final = ("/installationInterval", "/deliveryType", "/product/productOffering")


def _findings(said: Said) -> Iterator[Mark]:
    for place, item in _done(said):
        if item.get("serviceabilityConfidence") in CAN_DELIVER:
            for member in _NEEDED:
                found = at(item, member)
                yield hold(
                    place + member,
                    given(found),
                    expected="a value",
                    found=found,
                    message=f"{place} is {item['serviceabilityConfidence']} and does not tell {member}",
                )


def _guarantee(said: Said) -> Iterator[Mark]:
    for place, item in _done(said):
        if item.get("serviceabilityConfidence") in CAN_DELIVER:
            found = item.get("guaranteedUntilDate", MISSING)
            yield hold(
                f"{place}/guaranteedUntilDate",
                given(found),
                expected="a date-time",
                found=found,
                message=f"{place} does not say until when that is guaranteed",
            )


def _at_once_and_later(at_once: str, later: str, look: Any, about: str) -> None:
    for label, on in ((at_once, CREATED), (later, READ)):
        QUALIFICATION.add(label, look, on=on, about=about)


_at_once_and_later(
    "confidence-at-once", "confidence-when-done", _confidence, "serviceabilityConfidence of each item that is done"
)
_at_once_and_later(
    "findings-at-once",
    "findings-when-done",
    _findings,
    "installationInterval, deliveryType and productOffering of each item that is done and green or yellow",
)
_at_once_and_later(
    "guarantee-at-once", "guarantee-when-done", _guarantee, "guaranteedUntilDate of each item that is green or yellow"
)
OF_THE_SELLER: Final = (
    *FINDINGS,
    "serviceabilityConfidenceReason",
    "deliveryType",
    "3rdPartyProvider",
    "3rdPartyProviderProductOffering",
)


@QUALIFICATION.rule("rejected-tells-nothing", on=READ)
def a_rejected_item_tells_nothing_else(said: Said) -> Iterator[Mark]:
    """An item that is rejected tells nothing of the Seller's but its states; by a reading, no terminationError either."""
    for place, item in items_of(said.body):
        if item.get("state") != REJECTED:
            continue
        for name in OF_THE_SELLER:
            yield hold(
                f"{place}/{name}",
                not given(item.get(name)),
                expected=MISSING,
                found=item.get(name),
                message=f"{place} is {REJECTED} and tells {name} all the same",
            )
        if given(item.get("terminationError")):
            yield breach(
                f"{place}/terminationError",
                MISSING,
                item["terminationError"],
                f"{place} is {REJECTED} and has a terminationError",
                reading=("poq-rejected-error", "without"),
            )


@QUALIFICATION.rule(name="early-confidence", on=SHOWN)
def only_what_is_done_has_a_confidence(said: Said) -> Iterator[Mark]:
    """The serviceabilityConfidence is there of items that are done, and of no other (7.2.2.6)."""
    for place, item in items_of(said.body):
        if item.get("state") in (*OPEN, ABANDONED, FAILED):
            found = item.get("serviceabilityConfidence", MISSING)
            yield hold(
                f"{place}/serviceabilityConfidence",
                not given(found),
                expected=MISSING,
                found=found,
                message=f"{place} is {item['state']} and tells a serviceabilityConfidence",
            )


@QUALIFICATION.rule(name="termination-error", on=SHOWN)
def what_failed_says_why(said: Said) -> Iterator[Mark]:
    """The terminationError of an item that is terminatedWithError (7.2.2.6)."""
    for place, item in items_of(said.body):
        if item.get("state") == FAILED:
            found = item.get("terminationError", MISSING)
            if given(found):
                yield FINE
            else:
                yield breach(
                    f"{place}/terminationError", "why", found, f"{place} does not say why it failed", hint=True
                )


common.well_without_errors(QUALIFICATION, ITEM, "inProgress", DONE, on=SHOWN)

# O4 and O8: who else delivers

_OFF_NET: Final = ("offNetWithBuild", "offNetWithoutBuild")
_OTHERS: Final = ("3rdPartyProvider", "3rdPartyProviderProductOffering")


def _third_party(label: str, pattern: str, on: On) -> None:
    def look(said: Said) -> Iterator[Mark]:
        for place, value in every(said.body, pattern):
            for name in _OTHERS if isinstance(value, dict) else ():
                if not given(value.get(name)):
                    continue
                if value.get("deliveryType") in _OFF_NET:
                    yield FINE
                else:
                    yield breach(
                        f"{place}/{name}",
                        MISSING,
                        value[name],
                        f"{place} names {name}, and is not delivered off the Seller's net",
                        hint=True,
                    )

    QUALIFICATION.add(label, look, on=on, about=f"{' and '.join(_OTHERS)} of {pattern} against its deliveryType")


_third_party("third-party-at-once", ITEM, SHOWN)
_third_party("third-party-of-an-alternate", f"{ITEM}/alternateProductOfferingProposal/*", SHOWN)
