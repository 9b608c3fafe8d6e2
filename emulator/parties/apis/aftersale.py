"""What tickets, incidents, work orders and appointments do to each other (MEF 124, MEF 137), and what they all write.

Each Protocol is kept by one kind's module; the others find it under its Effect. All of it happens inside of the transaction
of the change that it follows from.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from emulator.parties.apis import Context
from emulator.parties.clock import rfc3339
from emulator.parties.effects import Effect
from emulator.parties.store import Resource

TICKET: Final = "troubleTicket"
INCIDENT: Final = "incident"
WORK_ORDER: Final = "workorder"
APPOINTMENT: Final = "appointment"
PRODUCT: Final = "product"
TICKET_TYPE: Final = "TroubleTicket"
INCIDENT_TYPE: Final = "Incident"
"""How a reference's `@referredType` calls them."""


class WorkedOn(Protocol):
    """What work orders do to the tickets that they are for. A ticket that is not there, or has ended, stays as it is."""

    def opened(self, run: str, ticket: str, order: Resource, at: datetime) -> None:
        """A work order was opened for it; it is pending where that needs an appointment."""

    def waits(self, run: str, ticket: str, at: datetime, why: str) -> None:
        """A work order of it needs an appointment (MEF124 R65): it is pending, and a note says why (R63)."""

    def booked(self, run: str, ticket: str, until: datetime, at: datetime) -> None:
        """An appointment was made for a work order of it, or moved (MEF137 R25): it goes on unless another one waits."""

    def changed(self, run: str, ticket: str, at: datetime) -> None:
        """A work order that it names has changed (MEF124 R61)."""

    def done(self, run: str, ticket: str, at: datetime) -> None:
        """A work order of it is completed: it is resolved where that was the last one."""

    def dropped(self, run: str, ticket: str, at: datetime) -> None:
        """A work order of it is cancelled: it goes on without."""

    def orders(self, run: str, ticket: str) -> list[str]:
        """The ids of its work orders, in the order in which they were opened."""


class Workforce(Protocol):
    """What tickets have done."""

    def dispatch(self, ticket: Resource, at: datetime, *, visit: bool) -> None:
        """Open a work order for a ticket, which needs an appointment if it is a `visit`."""

    def are_alive(self, run: str, orders: Collection[str]) -> bool:
        """Whether any of these work orders has not ended."""

    def want_visit(self, run: str, orders: Collection[str]) -> bool:
        """Whether any of these work orders waits for an appointment."""

    def withdraw(self, run: str, orders: Collection[str], at: datetime) -> None:
        """The ticket of these work orders is cancelled: what has not begun is cancelled as well (MEF 137 table 10)."""


class Visited(Protocol):
    """What appointments do to the work orders that they are for."""

    def booked(self, visit: Resource, technician: Mapping[str, str], at: datetime) -> None:
        """An appointment is confirmed (MEF137 R22, R23, R24), and this is who will come."""

    def moved(self, visit: Resource, at: datetime) -> None:
        """It was given another time."""

    def begun(self, visit: Resource, at: datetime) -> None:
        """The technician is there."""

    def over(self, visit: Resource, at: datetime, *, done: bool) -> None:
        """The appointment has ended, with the work `done` or not."""

    def called_off(self, visit: Resource, at: datetime, *, again: bool, by_buyer: bool) -> None:
        """It was cancelled: another one is needed (MEF137 R27, R48, R49), or none (`again`)."""

    def turn(self, visit: Resource) -> int:
        """How many appointments were made before for what this one is for."""


class Visits(Protocol):
    """What work orders do to their appointments."""

    def standing(self, run: str, visits: Collection[str]) -> str | None:
        """Which of these appointments is confirmed or in progress."""

    def call_off(self, run: str, visits: Collection[str], at: datetime) -> None:
        """The work order is not carried out: cancel those that are confirmed."""


class Incidents(Protocol):
    """What tickets have to do with incidents."""

    def touching(self, run: str, products: Collection[str]) -> list[Resource]:
        """The incidents that are not over and touch one of these products."""

    def related(self, run: str, incident: str, ticket: Resource, at: datetime) -> None:
        """A ticket names an incident, so the incident names the ticket."""


WORKED_ON: Final[Effect[WorkedOn]] = Effect("tickets that work orders are for")
WORKFORCE: Final[Effect[Workforce]] = Effect("work orders that tickets lead to")
VISITED: Final[Effect[Visited]] = Effect("work orders that appointments are for")
VISITS: Final[Effect[Visits]] = Effect("appointments that work orders lead to")
INCIDENTS: Final[Effect[Incidents]] = Effect("incidents that tickets are about")


def say(context: Context, body: dict[str, Any], text: str, at: datetime) -> None:
    """Add a note of our seller's to a resource (MEF124 R18)."""
    note = {
        "id": context.new_id("note"),
        "author": context.profile.seller.name,
        "date": rfc3339(at),
        "source": "seller",
        "text": text,
    }
    body.setdefault("note", []).append(note)


def add_contact(context: Context, body: dict[str, Any], role: str) -> None:
    """Give a resource our seller's contact in a role, where it has none."""
    contacts = body.setdefault("relatedContactInformation", [])
    if all(contact.get("role") != role for contact in contacts):
        contacts.append(context.profile.seller.contact(role))


def named(body: Any, member: str, kind: str) -> list[str]:
    """The ids of what a resource refers to in a list, of one `@referredType`."""
    entries = body.get(member) or ()
    return [entry["id"] for entry in entries if entry.get("@referredType", "Product") == kind]
