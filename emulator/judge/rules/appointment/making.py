"""Making an appointment (MEF 137, 6.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.judge.named import APPOINTMENT as KIND
from emulator.judge.named import TICKET
from emulator.judge.rule import ANY_STATUS, FINE, Mark, Remark, asks, on_response, responses
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.appointment.asking import SEARCHES
from emulator.judge.rules.appointment.book import (
    API,
    APPOINTMENT,
    BUYERS,
    MADE,
    OPEN,
    OVER,
    PLACES,
    SELLERS,
    UNPROCESSABLE,
    is_inverted,
    last_status,
    refused_rightly,
    roles_of,
    work_order,
    work_order_of,
)
from emulator.judge.run import Half, Life, Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import at, every

CREATE: Final = "createAppointment"
_ASKED: Final = asks(API, KIND, "create")
_ANSWERED: Final = responses(API, CREATE, statuses=ANY_STATUS)
_BY_CODE: Final = ("appointment-refusal-code", "422")

APPOINTMENT.present("R15", "", "/workOrder", "/validFor", "/relatedContactInformation", on=_ASKED, name="whole")
APPOINTMENT.has_role("R15", "", BUYERS, PLACES, on=_ASKED)
APPOINTMENT.present(
    "W137-made-where",
    "",
    *("/workOrder", "/relatedPlace", "/validFor", "/relatedContactInformation"),
    on=_ASKED,
    name="whole",
)
APPOINTMENT.has_role("W137-made-where", "", BUYERS, on=_ASKED)


@APPOINTMENT.rule("R16", on=_ANSWERED)
def a_time_that_cannot_be_is_refused(said: Said) -> Iterator[Mark]:
    """Answers to new appointments that end before they begin."""
    if is_inverted(at(said.asked, "/validFor")):
        yield from refused_rightly(said, "validFor ends before it begins")


def nobody_is_free(said: Said) -> Iterator[Mark]:
    """A refusal with 422 for a time that can be, which names validFor: seen by use, since only the Seller knows who is free."""
    period = at(said.asked, "/validFor")
    if said.status == UNPROCESSABLE and given(period) and not is_inverted(period):
        paths = [str(path) for _, path in every(said.body, "/*/propertyPath")]
        if any("validFor" in path for path in paths):
            yield FINE


APPOINTMENT.rule("R17", on=_ANSWERED)(nobody_is_free)


APPOINTMENT.present("R18", "", "/id", "/relatedPlace", "/status", "/workOrder", "/validFor", on=MADE, name="whole")
APPOINTMENT.has_role("R18", "", SELLERS, on=MADE, name="seller")


@APPOINTMENT.rule("R18", on=MADE)
def what_the_buyer_sent_comes_back(said: Said) -> Iterator[Mark]:
    """WorkOrder and validFor as they were sent, and the contacts of the Buyer that there were; how these read is a hint."""
    if not isinstance(said.asked, dict):
        return
    sent = common.only(said.asked, ("workOrder", "validFor"))
    yield from common.echo_marks(sent, said.body, "", free=("href",))
    found = roles_of(said.body)
    for role in (BUYERS, PLACES):
        if role in roles_of(said.asked):
            yield hold(
                "/relatedContactInformation",
                role in found,
                expected=role,
                found=sorted(found),
                message=f"the contact with role {role} was sent and does not come back",
            )


@APPOINTMENT.rule("W137-made-where", on=MADE, name="kept")
def the_place_comes_back(said: Said) -> Iterator[Mark]:
    """The relatedPlace of an appointment is that which was sent. It can be said by reference or by value, so that it is a hint."""
    sent = at(said.asked, "/relatedPlace")
    if isinstance(sent, dict) and isinstance(at(said.body, "/relatedPlace"), dict):
        marks = common.echo_marks({"relatedPlace": sent}, said.body, "", free=("href",))
        for mark in marks:
            yield mark if mark is FINE else breach(mark.place, mark.expected, mark.found, mark.message, hint=True)


APPOINTMENT.one_of("R19", "", "/status", ("confirmed",), on=MADE)


@APPOINTMENT.at_end(("R20", "W137-one-confirmed"))
def a_work_order_has_one_open_appointment(run: Run) -> Iterator[Remark]:
    """New appointments for a work order that has one which is confirmed (or inProgress, where a release has that), both before
    and after.
    """
    by_order: dict[str, list[Life]] = {}
    for life in run.lives(KIND):
        if (identifier := work_order_of(life)) is not None:
            by_order.setdefault(identifier, []).append(life)
    for exchange in run.of(CREATE, api=API):
        for other in by_order.get(str(at(exchange.request.body, "/workOrder/id")), ()):
            if _was_open(other, exchange):
                said = Said(run, exchange, Half.RESPONSE)
                why = f"appointment {other.id} of that work order is open"
                yield from (on_response(exchange, mark) for mark in refused_rightly(said, why, reading=_BY_CODE))
                break


def _was_open(life: Life, exchange: Exchange) -> bool:
    """Whether an appointment was open just before an exchange, and still is when it is seen next."""
    before, after = life.last_before(exchange, whole=False), life.next_after(exchange, whole=False)
    if before is None or after is None or (life.asked is not None and life.asked.n == exchange.n):
        return False
    return at(before.value, "/status") in OPEN and at(after.value, "/status") in OPEN


@APPOINTMENT.rule("R21", on=_ANSWERED)
def the_work_order_is_open(said: Said) -> Iterator[Mark]:
    """New appointments for a work order that was shown under way or at its end: from there it does not come back.

    Of one that was planned the clause before speaks.
    """
    identifier = at(said.asked, "/workOrder/id")
    state = last_status(work_order(said.run, identifier), said.exchange)
    if state == "inProgress" or state in OVER:
        yield from refused_rightly(said, f"work order {identifier} is {state}", reading=_BY_CODE)


@APPOINTMENT.rule("R59", on=_ASKED)
def slots_were_searched_for_before(said: Said) -> Iterator[Mark]:
    """A search for the same work order, before each new appointment that its work order asks for.

    Where the need may be older than the run, so may be the search, and its absence is a hint.
    """
    identifier = at(said.body, "/workOrder/id")
    if not isinstance(identifier, str):
        return
    if said.run.known(SEARCHES, before=said.exchange).get(identifier):
        yield FINE
        return
    life = work_order(said.run, identifier)
    shown = life.last_before(said.exchange, whole=False) if life else None
    needed = at(shown.value, "/appointmentRequired") is True if shown else None
    message = f"no search for slots for work order {identifier} comes before its appointment"
    if needed is not True:
        yield breach(
            "/workOrder/id", "a search before", identifier, message, reading=("appointment-search-first", "always")
        )
    else:
        yield breach(
            "/workOrder/id", "a search before", identifier, message, hint=not _began_here(said.run, life, said)
        )


def _began_here(run: Run, life: Life | None, said: Said) -> bool:
    """Whether a work order came to ask for an appointment within the run."""
    if life is None:
        return False
    before = life.before(said.exchange)
    if any(at(shown.value, "/appointmentRequired") is False for shown in before):
        return True
    events = (run.event(event) for event in life.told if event.n < said.exchange.n)
    if any(event is not None and event.cls in ("create", "set") for event in events):
        return True
    return any(
        (ticket := run.life(TICKET, at(entity, "/id"))) is not None and ticket.asked is not None
        for shown in before
        for _, entity in every(shown.value, "/relatedEntity/*")
    )


@APPOINTMENT.rule(on=_ASKED, name="slot")
def the_time_is_one_that_was_offered(said: Said) -> Iterator[Mark]:
    """The time of a new appointment, against the slots that the last search for its work order found."""
    identifier, period = at(said.body, "/workOrder/id"), at(said.body, "/validFor")
    searches = said.run.known(SEARCHES, before=said.exchange).get(str(identifier), ())
    last = next((each for each in reversed(searches) if succeeded(each) and each.response), None)
    if last is None or last.response is None or not isinstance(period, dict):
        return
    offered = [slot for _, slot in every(last.response.body, "/availableTimeSlot/*/validFor")]
    if any(_same_period(slot, period) for slot in offered):
        yield FINE
    else:
        yield breach(
            "/validFor",
            offered,
            period,
            f"/validFor is none of the slots of exchange {last.n}",
            reading=("appointment-slot", "offered"),
        )


def _same_period(one: Any, other: Any) -> bool:
    return all(common.same(at(one, member), at(other, member)) for member in ("/startDateTime", "/endDateTime"))
