"""Whatever a right buyer does with its tickets and visits at a right seller, at whatever moments: the judge finds nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from emulator.judge.judge import judge
from emulator.record.call import ApiError, Call, Reply
from emulator.record.exchange import Transcript
from emulator.record.payload import at as value_at
from emulator.standard.declared import Declared
from emulator.standard.release import load_release
from tests.parties.aftersale import APIS, REPORTER, ticket, visit
from tests.properties.trader import exchange_of
from tests.repairs import Counter

OPEN = ("acknowledged", "inProgress", "pending")
CHANGEABLE = (*OPEN, "resolved", "reopened")
PEOPLE = ("buyerAppointmentContact", "appointmentPlaceContact")


class Patient(Counter):
    """A buyer whose exchanges are kept."""

    def __init__(self, **behaviour: Any) -> None:
        release = load_release()
        self.apis = {name: api for api in APIS for name in release.contract(api).operations}
        super().__init__(release, APIS[0], {"behaviour": behaviour})
        self.transcript = Transcript()
        self.notes = 0

    def call(self, operation: str, body: Any = None, identifier: str = "", **query: str) -> Reply:
        api = self.apis[operation]
        contract = self.release.contract(api)
        known = contract.operation(operation)
        base = f"http://seller.example{contract.base_path}"
        path = {"id": identifier} if identifier else {}
        call = Call(
            api,
            "management",
            operation,
            path,
            {name: [one] for name, one in query.items()},
            {},
            copy.deepcopy(body),
            "",
            base,
        )
        at = self.clock.now()
        try:
            reply = self.seller.answer(call)
        except ApiError as error:
            reply = Reply(error.status, error.body)
        words = "&".join(f"{name}={one}" for name, one in query.items())
        url = base + known.path.replace("{id}", identifier) + (f"?{words}" if words else "")
        self.transcript.add(exchange_of(call, known.method, url, at, reply))
        return reply

    def note(self) -> dict[str, Any]:
        """Another note of the buyer's."""
        self.notes += 1
        return {
            "id": f"note-{self.notes}", "author": "J", "date": "2026-01-01T00:00:00Z", "source": "buyer", "text": f"Word {self.notes}",
        }  # fmt: skip


class LegalRepairs(RuleBasedStateMachine):
    """Calls in any order, at any moment, each of them right when it is made."""

    def __init__(self) -> None:
        super().__init__()
        self.tickets: list[str] = []
        self.visits: list[str] = []

    @initialize(
        repair=st.sampled_from(["remote", "onSite", "planned"]),
        information=st.sampled_from(["none", "required"]),
        appointments=st.lists(st.sampled_from(["completed", "missed", "failed", "postponed", "notNeeded"]), max_size=2),
        orders=st.lists(st.sampled_from(["completed", "unableToComplete", "cancelled"]), max_size=2),
        needed=st.sampled_from(["asked", "late"]),
    )
    def open(self, repair: str, information: str, appointments: list[str], orders: list[str], needed: str) -> None:
        self.at = Patient(
            troubleTicket={"repair": repair, "information": information},
            appointment={"outcomes": appointments},
            workorder={"outcomes": orders, "appointment": needed},
        )

    # -- looking -------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.5, 1, 2, 5, 30, 120, 3600, 20_000, 100_000, 500_000]))
    def wait(self, seconds: float) -> None:
        self.at.clock.sleep(seconds)

    @rule(count=st.integers(1, 2))
    def report(self, count: int) -> None:
        made = self.at.call("createTroubleTicket", ticket(externalId=f"mine-{count}"))
        assert made.status == 201
        self.tickets.append(made.body["id"])

    @rule(pick=st.integers(0, 5))
    def read(self, pick: int) -> None:
        if self.tickets:
            self.ticket(pick)

    @rule(
        operation=st.sampled_from(["listTroubleTicket", "listWorkOrder", "listAppointment", "listIncident"]),
        limit=st.sampled_from([None, "1", "2"]),
        wanted=st.sampled_from([None, "inProgress", "pending", "open", "confirmed"]),
    )
    def list(self, operation: str, limit: str | None, wanted: str | None) -> None:
        known = self.at.release.contract(self.at.apis[operation]).operation(operation)
        names = {parameter.name for parameter in known.query}
        state = next(name for name in ("status", "state") if name in names)
        told = {"listTroubleTicket": ("inProgress", "pending"), "listWorkOrder": ("inProgress", "open")}
        query = {"limit": limit} if limit else {}
        if wanted in told.get(operation, ("inProgress",)):
            query[state] = str(wanted)
        assert self.at.call(operation, **query).status == 200

    @rule(pick=st.integers(0, 5))
    def look_at_the_work(self, pick: int) -> None:
        for order in self.orders(pick):
            self.at.call("retrieveWorkOrder", identifier=order)

    @rule(pick=st.integers(0, 5))
    def look_at_a_visit(self, pick: int) -> None:
        if self.visits:
            self.at.call("retrieveAppointment", identifier=self.visits[pick % len(self.visits)])

    # -- tickets -------------------------------------------------------------------------------------

    @rule(pick=st.integers(0, 5), what=st.sampled_from(["note", "severity", "externalId"]))
    def change(self, pick: int, what: str) -> None:
        shown = self.ticket(pick)
        if value_at(shown, "/status") not in CHANGEABLE:
            return
        notes = [*shown.get("note", []), self.at.note()]
        body = {"note": notes} | ({"severity": "extensive"} if what == "severity" else {})
        body = {"externalId": f"mine-{len(notes)}"} if what == "externalId" else body
        self.at.call("patchTroubleTicket", body, shown["id"])

    @rule(pick=st.integers(0, 5))
    def cancel(self, pick: int) -> None:
        shown = self.ticket(pick)
        if value_at(shown, "/status") in OPEN:
            self.at.call("cancelTroubleTicket", None, shown["id"])

    @rule(pick=st.integers(0, 5), close=st.booleans())
    def confirm(self, pick: int, close: bool) -> None:
        shown = self.ticket(pick)
        if value_at(shown, "/status") == "resolved":
            if close:
                self.at.call("closeTroubleTicket", None, shown["id"])
            else:
                self.at.call("reopenTroubleTicket", {"reason": "It is dark"}, shown["id"])

    # -- visits --------------------------------------------------------------------------------------

    @rule(pick=st.integers(0, 5), slot=st.integers(0, 9))
    def book(self, pick: int, slot: int) -> None:
        for order in self.orders(pick):
            shown = self.at.call("retrieveWorkOrder", identifier=order).body
            if shown["state"] == "open" and shown["appointmentRequired"]:
                free = self.slots(order)
                if free:
                    made = self.at.call("createAppointment", visit(order, free[slot % len(free)]))
                    assert made.status == 201
                    self.visits.append(made.body["id"])

    @rule(pick=st.integers(0, 5), what=st.sampled_from(["move", "note", "people", "cancel"]))
    def change_a_visit(self, pick: int, what: str) -> None:
        shown = (
            self.at.call("retrieveAppointment", identifier=self.visits[pick % len(self.visits)]).body
            if self.visits
            else {}
        )
        if shown.get("status") != "confirmed":
            return
        if what == "cancel":
            if self.at.call("retrieveWorkOrder", identifier=shown["workOrder"]["id"]).body["state"] == "planned":
                self.at.call("cancelAppointment", None, shown["id"])
            return
        free = self.slots(shown["workOrder"]["id"]) if what == "move" else []
        theirs = [one for one in shown["relatedContactInformation"] if one["role"] not in PEOPLE]
        body = {
            "move": {"validFor": free[-1]["validFor"]} if free else {"note": [*shown.get("note", []), self.at.note()]},
            "note": {"note": [*shown.get("note", []), self.at.note()]},
            "people": {
                "relatedContactInformation": [*({**REPORTER, "role": role, "name": "Lena"} for role in PEOPLE), *theirs]
            },
        }[what]
        self.at.call("patchAppointment", body, shown["id"])

    # -- what they need ------------------------------------------------------------------------------

    def ticket(self, pick: int) -> dict[str, Any]:
        if not self.tickets:
            return {}
        body: dict[str, Any] = self.at.call(
            "retrieveTroubleTicket", identifier=self.tickets[pick % len(self.tickets)]
        ).body
        return body

    def orders(self, pick: int) -> list[str]:
        return [one["id"] for one in self.ticket(pick).get("workOrder", ())]

    def slots(self, order: str) -> list[Any]:
        """When somebody can come within the next ten days."""
        now = self.at.clock.now()
        wanted = {"startDateTime": now.isoformat(), "endDateTime": now.replace(year=now.year + 1).isoformat()}
        asked = {"workOrder": {"id": order}, "requestedTimeSlot": [{"validFor": wanted}]}
        found = self.at.call("createSearchTimeSlot", asked)
        return list(found.body["availableTimeSlot"]) if found.status == 201 else []

    def teardown(self) -> None:
        if hasattr(self, "at"):
            judged = judge(self.at.transcript, self.at.release, declared=Declared(buyers=(), sellers=()))
            wrong = [f for f in judged.findings if f.verdict != "not_seen"]
            assert wrong == [], "\n".join(f"{f.rule} #{f.exchange} {f.pointer}: {f.message}" for f in wrong)


OFTEN = settings(stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))


def test_nobody_is_blamed_for_a_legal_repair() -> None:
    run_state_machine_as_test(LegalRepairs, settings=settings(OFTEN, max_examples=10))


@pytest.mark.slow
def test_nobody_is_blamed_for_many_legal_repairs() -> None:
    run_state_machine_as_test(LegalRepairs, settings=settings(OFTEN, max_examples=150))
