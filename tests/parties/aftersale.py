"""A buyer with a trouble at the counter of a seller on a virtual clock: tickets, incidents, work orders, appointments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from emulator.parties.store import Owed
from emulator.record.call import Reply
from emulator.standard.release import Release
from tests.repairs import Counter

APIS: Final = ("troubleTicket", "appointment", "workOrder")
UNI: Final = "prod-uni-ashburn-1"
REPORTER: Final = {"role": "reporterContact", "name": "J", "emailAddress": "j@buyer.example", "number": "1"}
NOTE: Final = {
    "id": "mine",
    "author": "J",
    "date": "2026-01-01T00:00:00Z",
    "source": "buyer",
    "text": "Since this morning",
}
PLACE: Final = {"@type": "GeographicAddressRef", "id": "addr-1", "role": "APPOINTMENT_LOCATION"}
ON_SITE: Final[Mapping[str, Any]] = {"behaviour": {"troubleTicket": {"repair": "onSite"}}}


def ticket(**other: Any) -> dict[str, Any]:
    """A request for a ticket about the UNI in Ashburn."""
    return {
        "description": "No light",
        "observedImpact": "down",
        "priority": "high",
        "severity": "significant",
        "ticketType": "assistance",
        "relatedContactInformation": [REPORTER],
        "relatedEntity": [{"id": UNI, "@referredType": "Product", "role": "affected product"}],
        **other,
    }


def visit(order: str, slot: Mapping[str, Any], **other: Any) -> dict[str, Any]:
    """A request for an appointment."""
    people = [{**REPORTER, "role": role} for role in ("buyerAppointmentContact", "appointmentPlaceContact")]
    return {"workOrder": {"id": order}, "relatedContactInformation": people, "validFor": slot["validFor"], **other}


class Trouble(Counter):
    """The counter at which it is told."""

    def __init__(
        self, release: Release, overlay: Mapping[str, Any] | None = None, *, again: bool = False, **made: Any
    ) -> None:
        """With `again` it has subscribed already, at a seller on the same store."""
        self.apis = {name: api for api in APIS for contract in [release.contract(api)] for name in contract.operations}
        super().__init__(release, APIS[0], {"notifications": {"allow": ["loopback"]}, **(overlay or {})}, **made)
        self.heard = list[str]()
        owe = self.seller.store.owe

        def hear(owed: Owed, reserved: float) -> None:
            self.heard.append(owed.event)
            owe(owed, reserved)

        self.seller.store.owe = hear  # type: ignore[method-assign]
        for api in APIS if not again else ():
            self.api = api
            assert super().ask("registerListener", {"callback": "http://127.0.0.1:9/"}).status == 201

    def ask(self, operation: str, body: Any = None, *, path: str = "", held: bool = True, **query: str) -> Reply:
        """As at one API; what is asked is valid by its contract."""
        self.api = self.apis[operation]
        return super().ask(operation, body, path=path, held=held, **query)

    def report(self, **other: Any) -> str:
        """The id of a new ticket."""
        made = self.ask("createTroubleTicket", ticket(**other))
        assert made.status == 201, made.body
        return str(made.body["id"])

    def read(self, kind: str, identifier: str) -> dict[str, Any]:
        """A resource as it is now."""
        found = self.ask(f"retrieve{kind}", path=identifier)
        assert found.status == 200, found.body
        body: dict[str, Any] = found.body
        return body

    def slots(self, order: str, start: str = "2026-01-01T00:00:00Z", end: str = "2026-01-09T00:00:00Z") -> list[Any]:
        """When somebody can come."""
        wanted = {"validFor": {"startDateTime": start, "endDateTime": end}}
        found = self.ask("createSearchTimeSlot", {**self.searched_for(order), "requestedTimeSlot": [wanted]})
        assert found.status == 201, found.body
        return list(found.body["availableTimeSlot"])

    def searched_for(self, order: str) -> dict[str, Any]:
        """How a search names its work order in the release."""
        schemas = self.release.document("appointment")["components"]["schemas"]
        if "workOrder" in schemas["SearchTimeSlot_Create"]["properties"]:
            return {"workOrder": {"id": order}}
        return {"relatedEntity": [{"id": order, "role": "parentWorkOrder", "@referredType": "WorkOrder"}]}

    def visit(self, order: str, slot: Mapping[str, Any], **other: Any) -> dict[str, Any]:
        """A request for an appointment, as the release has it: with a place, or with a contact there."""
        asked = visit(order, slot, **other)
        if "relatedPlace" not in self.release.kinds.kind("appointment").echo:
            return asked
        people = asked["relatedContactInformation"][:1]
        return {**asked, "relatedContactInformation": people, "relatedPlace": PLACE, **other}

    def order(self, ticket: str, nth: int = -1) -> str:
        """The id of a work order of a ticket."""
        return str(self.read("TroubleTicket", ticket)["workOrder"][nth]["id"])

    def book(self, order: str) -> str:
        """The id of a new appointment at the first time that there is."""
        made = self.ask("createAppointment", self.visit(order, self.slots(order)[0]))
        assert made.status == 201, made.body
        return str(made.body["id"])

    def words(self) -> list[str]:
        """The types of what was told since it was asked last, without their last word, over all APIs in the order of the
        changes.
        """
        told, self.heard = self.heard, []
        return [event.removesuffix("Event") for event in told]
