"""Asking for time slots (MEF 137, 6.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.judge.fold import grouped
from emulator.judge.rule import ANY_STATUS, FINE, Mark, requests, responses
from emulator.judge.rulebook import breach, given
from emulator.judge.rules import common
from emulator.judge.rules.appointment.book import (
    API,
    APPOINTMENT,
    UNPROCESSABLE,
    fits_contract,
    is_inverted,
    refused_rightly,
    searched_for,
    work_order,
)
from emulator.judge.run import Said
from emulator.record.payload import MISSING, at, every

SEARCH: Final = "createSearchTimeSlot"
_ASKED: Final = requests(API, SEARCH)
_ANSWERED: Final = responses(API, SEARCH)

SEARCHES: Final = grouped(API, SEARCH, lambda exchange: searched_for(exchange.request.body))
"""The searches, by the work order that they were made for."""

APPOINTMENT.present("R11", "", "/workOrder", "/requestedTimeSlot", on=_ASKED)
APPOINTMENT.present("W137-search-for", "", "/relatedEntity", "/requestedTimeSlot", on=_ASKED)


@APPOINTMENT.rule("R12", on=responses(API, SEARCH, statuses=ANY_STATUS))
def a_search_that_cannot_be_is_refused(said: Said) -> Iterator[Mark]:
    """Searches for a slot that ends before it begins; and those that are refused though their contract is kept: with 422,
    and not with the 404 of a work order that is not there.
    """
    slots = [slot for _, slot in every(said.asked, "/requestedTimeSlot/*/validFor")]
    if any(map(is_inverted, slots)):
        yield from refused_rightly(said, "a slot of the search ends before it begins")
    elif said.status == UNPROCESSABLE and fits_contract(said):
        yield FINE
    elif said.status == 404 and at(said.body, "/code") == "notFound" and fits_contract(said):  # noqa: PLR2004
        unknown = [each for each in searched_for(said.asked) if work_order(said.run, each) is None]
        if unknown:
            yield breach(
                "",
                UNPROCESSABLE,
                404,
                f"a search for the unknown work order {unknown[0]} was answered 404; "
                "expected 422, since it is named in the body",
            )


@APPOINTMENT.rule("R13", on=_ANSWERED)
def slots_are_among_those_asked_for(said: Said) -> Iterator[Mark]:
    """Each slot that is offered lies within one that was asked for; one that reaches beyond it is a hint. Where there is none the
    list is empty, and not left out, whether or not the contract asks for it.
    """
    wanted = list(_periods(said.asked, "/requestedTimeSlot/*/validFor"))
    offered = at(said.body, "/availableTimeSlot")
    if offered == []:
        yield FINE
    elif offered is MISSING and fits_contract(said):
        yield breach("/availableTimeSlot", "a list, empty where nobody is free", MISSING)
    if not wanted or len(wanted) != sum(1 for _ in every(said.asked, "/requestedTimeSlot/*")):
        return
    for place, (begin, end) in _places(said.body, "/availableTimeSlot/*/validFor"):
        if any(first <= begin and end <= last for first, last in wanted):
            yield FINE
        else:
            apart = not any(first < end and begin < last for first, last in wanted)
            yield breach(
                place,
                at(said.asked, "/requestedTimeSlot"),
                at(said.body, place),
                f"{place} lies {'outside' if apart else 'partly outside'} of all slots that were asked for",
                hint=not apart,
            )


def _places(body: Any, pattern: str) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for place, period in every(body, pattern):
        begin, end = common.moment(at(period, "/startDateTime")), common.moment(at(period, "/endDateTime"))
        if begin is not None and end is not None and begin <= end:
            yield place, (begin, end)


def _periods(body: Any, pattern: str) -> Iterator[tuple[Any, Any]]:
    return (period for _, period in _places(body, pattern))


@APPOINTMENT.rule(on=_ANSWERED, name="inverted")
def slots_end_after_they_begin(said: Said) -> Iterator[Mark]:
    """No slot that is offered ends before it begins: nobody can come then."""
    for place, period in every(said.body, "/availableTimeSlot/*/validFor"):
        inverted = is_inverted(period)
        yield (
            breach(place, "an end after the start", period, f"{place} ends before it begins", hint=True)
            if inverted
            else FINE
        )


@APPOINTMENT.rule("R14", on=_ANSWERED)
def a_slot_is_offered(said: Said) -> Iterator[Mark]:
    """One slot or more: that somebody is free only the Seller knows, so that none at all is no breach."""
    if given(at(said.body, "/availableTimeSlot")):
        yield FINE


@APPOINTMENT.rule(on=_ANSWERED, name="search-echo")
def a_search_comes_back(said: Said) -> Iterator[Mark]:
    """What a search is for, and its slots, in the answer to it."""
    for member in ("/workOrder/id", "/relatedEntity", "/requestedTimeSlot"):
        asked, found = at(said.asked, member), at(said.body, member)
        if asked is MISSING:
            continue
        marks = common.echo_marks(asked, found, member, free=("href",))
        if all(mark is FINE for mark in marks):
            yield FINE
        else:
            yield breach(member, asked, found, f"{member} was sent otherwise", hint=True)
