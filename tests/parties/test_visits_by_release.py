"""Visits as the contract of a release has them: what a search is for, where an appointment is, which states there are."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.standard.release import Release, load_release
from tests.parties.aftersale import ON_SITE, PLACE, Trouble

DAY = 86_400


@pytest.fixture(params=["grace", "dolly"])
def release(request: pytest.FixtureRequest) -> Release:
    return load_release(request.param)


@pytest.fixture(scope="module")
def dolly() -> Release:
    return load_release("dolly")


def waiting(release: Release, **behaviour: Any) -> tuple[Trouble, str, str]:
    """A ticket that waits for an appointment: the counter, its id, that of its work order."""
    at = Trouble(release, {"behaviour": {**ON_SITE["behaviour"], **behaviour}})
    ticket = at.report()
    at.clock.sleep(30)
    assert at.read("TroubleTicket", ticket)["status"] == "pending"
    return at, ticket, at.order(ticket)


def states(at: Trouble, order: str, appointment: str) -> list[tuple[str, str]]:
    """The states of a work order and its appointment in the course of a week, hour by hour."""
    found = list[tuple[str, str]]()
    for _ in range(7 * 24 * 2):
        at.clock.sleep(1_800)
        now = (at.read("WorkOrder", order)["state"], at.read("Appointment", appointment)["status"])
        found += [now] if found[-1:] != [now] else []
    return found


@pytest.mark.parametrize(
    ("outcome", "end"), [("completed", "completed"), ("missed", "unableToComplete"), ("failed", "unableToComplete")]
)
def test_a_visit_goes_the_way_that_the_release_has(release: Release, outcome: str, end: str) -> None:
    at, _, order = waiting(release, appointment={"outcomes": [outcome]})
    appointment = at.book(order)
    going_on = "inProgress" if "inProgress" in release.lifecycles["appointment"].states else "confirmed"
    assert states(at, order, appointment) == [("planned", "confirmed"), ("inProgress", going_on), (end, outcome)]


def test_a_work_order_tells_when_it_is_planned_for_where_the_release_has_that(release: Release) -> None:
    at, _, order = waiting(release)
    at.book(order)
    schema = release.document("workOrder")["components"]["schemas"]["WorkOrder"]
    assert ("plannedExecutionDate" in at.read("WorkOrder", order)) == ("plannedExecutionDate" in schema["properties"])


def test_an_appointment_is_at_the_place_of_the_request_or_of_the_work(release: Release) -> None:
    at, _, order = waiting(release)
    found = at.read("Appointment", at.book(order))
    said = "relatedPlace" in release.kinds.kind("appointment").echo
    assert found["relatedPlace"] == (PLACE if said else at.read("WorkOrder", order)["place"][0])
    assert {"buyerAppointmentContact", "sellerAppointmentContact"} <= {
        each["role"] for each in found["relatedContactInformation"]
    }


def test_notes_come_back_with_a_new_appointment(release: Release) -> None:
    at, _, order = waiting(release)
    note = {"id": "n", "author": "J", "date": "2026-01-01T00:00:00Z", "source": "buyer", "text": "Ring twice"}
    made = at.ask("createAppointment", at.visit(order, at.slots(order)[0], note=[note]))
    assert (made.status, made.body["note"]) == (201, [note])


@pytest.mark.parametrize("left_out", ["relatedPlace", "workOrder", "relatedContactInformation"])
def test_what_only_the_guide_asks_of_an_appointment_is_refused_without_it(dolly: Release, left_out: str) -> None:
    at, _, order = waiting(dolly)
    asked = at.visit(order, at.slots(order)[0])
    found = at.ask("createAppointment", {name: each for name, each in asked.items() if name != left_out})
    assert (found.status, [each["propertyPath"] for each in found.body]) == (422, [f"/{left_out}"])


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({}, ["/relatedEntity", "/requestedTimeSlot"]),
        ({"relatedEntity": [{"id": "x", "role": "r", "@referredType": "WorkOrder"}]}, ["/relatedEntity/0/id", "/requestedTimeSlot"]),
        ({"relatedEntity": [{"id": "x", "role": "r", "@referredType": "Product"}]}, ["/relatedEntity", "/requestedTimeSlot"]),
    ],
)  # fmt: skip
def test_a_search_without_what_it_is_for_is_refused(dolly: Release, body: dict[str, Any], places: list[str]) -> None:
    found = waiting(dolly)[0].ask("createSearchTimeSlot", body)
    assert (found.status, [each["propertyPath"] for each in found.body]) == (422, places)


def test_a_visit_that_has_begun_is_neither_moved_nor_called_off(dolly: Release) -> None:
    at, _, order = waiting(dolly)
    appointment, later = at.book(order), at.slots(order)[-1]
    while at.read("WorkOrder", order)["state"] == "planned":
        at.clock.sleep(1_800)
    assert at.read("Appointment", appointment)["status"] == "confirmed"
    moved = at.ask("patchAppointment", later, path=appointment)
    assert (moved.status, moved.body[0]["propertyPath"]) == (422, "/validFor")
    assert at.ask("cancelAppointment", path=appointment).status == 422


def test_a_visit_that_is_moved_begins_at_its_new_time(dolly: Release) -> None:
    at, _, order = waiting(dolly)
    appointment, later = at.book(order), at.slots(order)[-1]
    assert at.ask("patchAppointment", later, path=appointment).status == 200
    begun = next(
        at.clock.now()
        for _ in range(9 * 48)
        if (at.clock.sleep(1_800), at.read("WorkOrder", order))[1]["state"] != "planned"
    )
    assert begun.isoformat() >= later["validFor"]["startDateTime"].removesuffix("Z")


def test_work_orders_are_listed_by_their_id(dolly: Release) -> None:
    at, _, order = waiting(dolly)
    at.report()
    at.clock.sleep(30)
    assert len(at.ask("listWorkOrder").body) == 2
    assert [each["id"] for each in at.ask("listWorkOrder", id=order).body] == [order]


def test_a_subscription_is_read_though_only_the_guide_has_that(release: Release) -> None:
    at = waiting(release)[0]
    at.api = "workOrder"
    made = super(Trouble, at).ask("registerListener", {"callback": "http://127.0.0.1:9/again"})
    found = super(Trouble, at).ask("retrieveHub", path=made.body["id"])
    assert (found.status, found.body) == (200, made.body)


def test_a_refusal_names_the_clauses_of_its_release(release: Release) -> None:
    at, _, order = waiting(release)
    slots = at.slots(order)
    appointment = at.ask("createAppointment", at.visit(order, slots[0])).body["id"]
    assert at.ask("cancelAppointment", path=appointment).status == 204
    (again,) = at.ask("createAppointment", at.visit(order, slots[0])).body
    assert {"grace": "MEF137 R59", "dolly": "W137 R57"}[release.name] in again["reason"]
