"""Which operations are served, and what a new ticket is answered (MEF 124, 5.2 and 6.1.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.judge.hubs import hubs
from emulator.judge.rule import ANY_STATUS, FINE, Mark, responses
from emulator.judge.rulebook import breach
from emulator.judge.rules import common
from emulator.judge.rules.ticket.book import API, CREATED, LISTENERS, TICKET
from emulator.judge.run import Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import at

_COLLECTIONS: Final = ("createTroubleTicket", "listTroubleTicket", "registerListener")
_MANDATORY: Final = (
    *_COLLECTIONS,
    "retrieveTroubleTicket",
    "patchTroubleTicket",
    "cancelTroubleTicket",
    "closeTroubleTicket",
    "reopenTroubleTicket",
    "retrieveHub",
    "unregisterListener",
)
INCIDENTS: Final = ("listIncident", "retrieveIncident")


@TICKET.rule("R1", on=responses(API, *_MANDATORY, statuses=ANY_STATUS))
def mandatory_operations_are_served(said: Said) -> Iterator[Mark]:
    """The ten operations of Table 4: never 405 or 501, and no unknown path where no id is part of it."""
    operation = str(said.exchange.operation)
    unknown_path = said.status == 404 and operation in _COLLECTIONS and at(said.body, "/code") != "notFound"  # noqa: PLR2004
    if said.status in common.NOT_SERVED or unknown_path:
        by_contract = operation == "retrieveHub" and said.status == 501  # noqa: PLR2004
        yield breach(
            "",
            "the operation is served",
            said.status,
            f"{operation}, which every seller serves, was answered {said.status}",
            reading=("ticket-hub-read", "mandatory") if by_contract else None,
        )
    elif succeeded(said.exchange):
        yield FINE


common.optional_or_501(TICKET, "O1", *INCIDENTS)
common.all_or_none(TICKET, ("CR1", "W124-incidents-whole"), "Incidents", *INCIDENTS)
_HEARS: Final = (
    "listenToIncidentCreateEvent",
    "listenToIncidentAttributeValueChangeEvent",
    "listenToIncidentStatusChangeEvent",
)


@TICKET.rule("W124-incidents-whole", on=responses(API, *_HEARS, statuses=ANY_STATUS), name="listeners")
def listeners_of_incidents_come_together(said: Said) -> Iterator[Mark]:
    """Answers to events of incidents for which somebody subscribed: all three listeners are there, or none is. What it
    takes longer over, or fails at, is no refusal.
    """
    own = _is_heard(said.run, said.exchange)
    if own is None:
        return
    others: dict[str, bool | None] = {}
    for other in _HEARS:
        if other != said.exchange.operation:
            told = [_is_heard(said.run, each) for each in said.run.of(other, api=API) if each.n < said.exchange.n]
            others[other] = next((heard for heard in reversed(told) if heard is not None), None)
    yield from common.set_marks(said, own, others)


def _is_heard(run: Run, event: Exchange) -> bool | None:
    """Whether the answer to an event that somebody subscribed to shows that its listener is there; None where it does not
    tell.
    """
    asked = run.known(hubs(API)).told_to(event)
    if event.response is None or not any(each.in_force for each in asked.values()):
        return None
    if succeeded(event):
        return True
    return False if event.response.status in (404, *common.NOT_SERVED) else None


@TICKET.rule("R2", on=responses(API, *LISTENERS, statuses=ANY_STATUS))
def listeners_of_tickets_are_there(said: Said) -> Iterator[Mark]:
    """Answers to events of tickets that the run shows, for which somebody subscribed: never 404, 405 or 501."""
    event = said.run.event(said.exchange)
    life = said.run.life(event.kind, at(said.asked, "/event/id")) if event else None
    asked = said.run.known(hubs(API)).told_to(said.exchange)
    if life is None or not life.shown or not any(each.in_force for each in asked.values()):
        return
    if said.status in (404, *common.NOT_SERVED):
        yield breach("", 204, said.status, f"the listener {said.exchange.operation} was answered {said.status}")
    elif succeeded(said.exchange):
        yield FINE


# A new ticket is answered

common.echoes(TICKET, "R11", on=CREATED, grows=("note", "attachment", "relatedContactInformation", "relatedIssue"))
TICKET.present("R12", "", "/creationDate", "/id", "/sellerPriority", "/sellerSeverity", "/status", on=CREATED)
TICKET.has_role("R12", "", "sellerTicketContact", on=CREATED, name="contact")
TICKET.one_of("R13", "", "/status", ("acknowledged",), on=CREATED)
