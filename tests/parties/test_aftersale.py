"""Tickets lead to work orders, these to appointments, and all of them to the end of the ticket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.errors import FileProblem
from emulator.parties.hand import Hand, Refused
from emulator.parties.opening import open_store
from emulator.parties.profile import load_profile
from emulator.standard.release import Release, load_release
from tests.parties.aftersale import NOTE, ON_SITE, Trouble, visit
from tests.parties.databases import database

DAY = 86_400
MISSED = {"behaviour": {"troubleTicket": {"repair": "onSite"}, "appointment": {"outcomes": ["missed"]}}}


@pytest.fixture(scope="module")
def release() -> Release:
    return load_release()


def on_site(release: Release, **behaviour: Any) -> Trouble:
    return Trouble(release, {"behaviour": {"troubleTicket": {"repair": "onSite"}, **behaviour}})


def waiting(release: Release, **behaviour: Any) -> tuple[Trouble, str, str]:
    """A ticket that waits for an appointment: the counter, its id, that of its work order."""
    at = on_site(release, **behaviour)
    ticket = at.report()
    at.clock.sleep(30)
    assert at.read("TroubleTicket", ticket)["status"] == "pending"
    return at, ticket, at.order(ticket)


def test_a_visit_mends_it(release: Release):
    at, ticket, order = waiting(release)
    # MEF137 Figure 5: open and pending; the ticket names the work order, and a note says what the buyer has to do.
    assert at.words() == [
        "troubleTicketStatusChange",
        "workOrderCreate",
        "workOrderAppointmentRequired",
        "troubleTicketStatusChange",
        "troubleTicketAttributeValueChange",
    ]
    found = at.read("WorkOrder", order)
    assert (found["state"], found["appointmentRequired"]) == ("open", True)
    assert found["place"][0]["id"] == "site-ashburn-dc1"
    assert found["relatedEntity"][0]["id"] == ticket
    assert {contact["role"] for contact in found["relatedContactInformation"]} == {"technicalContact", "technician"}
    assert at.read("TroubleTicket", ticket)["note"][-1]["source"] == "seller"

    appointment = at.book(order)
    assert at.words() == [
        "workOrderStateChange",
        "troubleTicketStatusChange",
        "troubleTicketAttributeValueChange",
    ]
    found, made = at.read("WorkOrder", order), at.read("Appointment", appointment)
    assert (found["state"], found["appointmentRequired"]) == ("planned", False)
    assert [each["id"] for each in found["appointment"]] == [appointment]
    assert found["plannedExecutionDate"] == made["validFor"]["startDateTime"]
    assert made["relatedPlace"] == found["place"][0]
    ours = next(each for each in found["relatedContactInformation"] if each["role"] == "technician")
    assert ours["name"] == "Tess Example"
    assert at.read("TroubleTicket", ticket)["status"] == "inProgress"

    at.clock.sleep(7 * DAY)
    assert at.words() == [
        "appointmentStatusChange",
        "workOrderStateChange",
        "troubleTicketAttributeValueChange",
        "appointmentStatusChange",
        "workOrderStateChange",
        "troubleTicketStatusChange",
        "troubleTicketResolved",
        "troubleTicketAttributeValueChange",
        "troubleTicketStatusChange",
    ]
    body = at.read("TroubleTicket", ticket)
    assert [each["status"] for each in body["statusChange"]] == [
        "acknowledged", "inProgress", "pending", "inProgress", "resolved", "closed",
    ]  # fmt: skip
    assert at.read("WorkOrder", order)["state"] == "completed"
    assert at.read("Appointment", appointment)["status"] == "completed"


@pytest.mark.parametrize("outcome", ["missed", "failed"])
def test_a_visit_that_comes_to_nothing_is_followed_by_another_work_order(release: Release, outcome: str):
    at, ticket, order = waiting(release, appointment={"outcomes": [outcome]})
    appointment = at.book(order)
    at.words()
    at.clock.sleep(7 * DAY)
    told = at.words()
    assert told[3:] == [
        "appointmentStatusChange",
        "workOrderStateChange",
        "troubleTicketAttributeValueChange",
        "workOrderCreate",
        "workOrderAppointmentRequired",
        "troubleTicketStatusChange",
        "troubleTicketAttributeValueChange",
        "appointmentAttributeValueChange",
    ]
    assert at.read("Appointment", appointment)["status"] == outcome
    assert at.read("WorkOrder", order)["state"] == "unableToComplete"
    other = at.order(ticket)
    assert other != order
    assert at.read("TroubleTicket", ticket)["status"] == "pending"
    at.book(other)
    at.clock.sleep(3 * DAY)
    assert at.read("TroubleTicket", ticket)["status"] == "resolved"


def test_the_buyer_calls_it_off_and_needs_another_one(release: Release):
    at, ticket, order = waiting(release)
    appointment = at.book(order)
    at.words()
    assert at.ask("cancelAppointment", path=appointment).status == 204
    assert at.words() == [
        "appointmentStatusChange",
        "workOrderStateChange",
        "workOrderAppointmentRequired",
        "troubleTicketStatusChange",
        "troubleTicketAttributeValueChange",
    ]
    found = at.read("WorkOrder", order)
    assert (found["state"], found["appointmentRequired"]) == ("open", True)
    assert at.read("TroubleTicket", ticket)["status"] == "pending"
    assert at.ask("cancelAppointment", path=appointment).status == 422
    at.book(order)
    assert at.read("WorkOrder", order)["appointment"][0]["id"] == appointment
    at.clock.sleep(7 * DAY)
    assert at.read("WorkOrder", order)["state"] == "completed"


@pytest.mark.parametrize(
    ("outcome", "state", "required"), [("postponed", "open", True), ("notNeeded", "planned", False)]
)
def test_we_call_it_off(release: Release, outcome: str, state: str, required: bool):
    at, ticket, order = waiting(release, appointment={"outcomes": [outcome]})
    appointment = at.book(order)
    at.clock.sleep(60)
    assert at.read("Appointment", appointment)["status"] == "cancelled"
    found = at.read("WorkOrder", order)
    assert (found["state"], found["appointmentRequired"]) == (state, required)
    if required:
        at.book(order)
    at.clock.sleep(2 * DAY)
    assert at.read("TroubleTicket", ticket)["status"] == "resolved"


def test_another_time(release: Release):
    at, ticket, order = waiting(release)
    first, second, *_ = at.slots(order)
    appointment = at.ask("createAppointment", visit(order, first)).body["id"]
    at.words()
    patched = at.ask("patchAppointment", second, path=appointment)
    assert (patched.status, patched.body["status"]) == (200, "confirmed")
    assert at.words() == ["troubleTicketAttributeValueChange"]
    start = second["validFor"]["startDateTime"]
    assert at.read("WorkOrder", order)["plannedExecutionDate"] == start
    at.clock.sleep(10 * 3600)  # 10:00: the first would have been over
    assert at.read("Appointment", appointment)["status"] == "inProgress"
    assert at.ask("patchAppointment", first, path=appointment).status == 422
    assert at.ask("cancelAppointment", path=appointment).status == 422
    assert at.read("TroubleTicket", ticket)["expectedResolutionDate"] == second["validFor"]["endDateTime"]


@pytest.mark.parametrize(("outcomes", "states"), [
    ([], ["completed"]),
    (["unableToComplete"], ["unableToComplete", "completed"]),
    (["cancelled"], ["cancelled"]),
])  # fmt: skip
def test_work_on_a_date_of_ours(release: Release, outcomes: list[str], states: list[str]):
    at = Trouble(release, {"behaviour": {"troubleTicket": {"repair": "planned"}, "workorder": {"outcomes": outcomes}}})
    ticket = at.report()
    at.clock.sleep(DAY)
    body = at.read("TroubleTicket", ticket)
    assert body["status"] == "resolved"
    assert [at.read("WorkOrder", each["id"])["state"] for each in body["workOrder"]] == states
    assert "pending" not in [each["status"] for each in body["statusChange"]]


def test_it_turns_out_later_that_somebody_has_to_come(release: Release):
    at = on_site(release, workorder={"appointment": "late"})
    ticket = at.report()
    at.clock.sleep(30)
    assert at.words() == [
        "troubleTicketStatusChange",
        "workOrderCreate",
        "troubleTicketAttributeValueChange",
        "workOrderAppointmentRequired",
        "troubleTicketStatusChange",
        "troubleTicketAttributeValueChange",
    ]
    assert at.read("WorkOrder", at.order(ticket))["appointmentRequired"] is True


def test_a_ticket_that_is_cancelled_takes_all_of_it_along(release: Release):
    at, ticket, order = waiting(release)
    appointment = at.book(order)
    at.words()
    assert at.ask("cancelTroubleTicket", path=ticket).status == 204
    at.clock.sleep(30)
    told = at.words()
    assert told[-1] == "troubleTicketStatusChange"  # and nothing after that
    assert at.read("TroubleTicket", ticket)["status"] == "cancelled"
    assert at.read("WorkOrder", order)["state"] == "cancelled"
    assert at.read("Appointment", appointment)["status"] == "cancelled"
    at.clock.sleep(9 * DAY)
    assert at.words() == []


def test_a_remark_does_not_do_for_an_appointment(release: Release):
    at, ticket, order = waiting(release)
    assert at.ask("patchTroubleTicket", {"note": [NOTE]}, path=ticket).body["status"] == "pending"
    at.book(order)
    assert at.read("TroubleTicket", ticket)["status"] == "inProgress"


def test_nobody_comes_when_nobody_is_there(release: Release):
    at, _, order = waiting(release, appointment={"calendar": {"technicians": [], "days": ["monday"]}})
    assert at.slots(order) == []
    slot = {"validFor": {"startDateTime": "2026-01-05T09:00:00Z", "endDateTime": "2026-01-05T11:00:00Z"}}
    refused = at.ask("createAppointment", visit(order, slot))
    assert (refused.status, refused.body[0]["propertyPath"]) == (422, "/validFor")


def test_each_technician_is_at_one_place_at_a_time(release: Release):
    calendar = {"technicians": [{"name": "Tess"}], "opens": "08:00", "closes": "12:00", "days": ["friday"]}
    at, _, order = waiting(release, appointment={"calendar": calendar})
    second = at.report()
    at.clock.sleep(30)
    at.book(order)
    other = at.order(second)
    (left, *_) = at.slots(other)
    assert left["validFor"] == {
        "startDateTime": "2026-01-02T10:00:00.000Z", "endDateTime": "2026-01-02T12:00:00.000Z",
    }  # fmt: skip
    early = {"validFor": {"startDateTime": "2026-01-02T09:00:00Z", "endDateTime": "2026-01-02T11:00:00Z"}}
    assert at.ask("createAppointment", visit(other, early)).status == 422
    assert at.ask("createAppointment", visit(other, left)).status == 201


@pytest.mark.parametrize(("start", "end", "place"), [
    ("2026-01-02T11:00:00Z", "2026-01-02T09:00:00Z", "/requestedTimeSlot/0/validFor/endDateTime"),
])  # fmt: skip
def test_a_search_for_no_time_is_refused(release: Release, start: str, end: str, place: str):
    at, _, order = waiting(release)
    slot = {"validFor": {"startDateTime": start, "endDateTime": end}}
    for wanted, where in ((order, place), ("unknown", "/workOrder/id")):
        refused = at.ask("createSearchTimeSlot", {"workOrder": {"id": wanted}, "requestedTimeSlot": [slot]})
        assert (refused.status, refused.body[0]["propertyPath"]) == (422, where)


@pytest.mark.parametrize(("start", "end"), [
    ("2026-01-02T11:00:00Z", "2026-01-02T09:00:00Z"),
    ("2025-01-02T09:00:00Z", "2025-01-02T11:00:00Z"),
    ("9999-12-31T20:00:00-05:00", "9999-12-31T23:00:00-05:00"),
    ("2026-01-03T09:00:00Z", "2026-01-03T11:00:00Z"),  # a Saturday
])  # fmt: skip
def test_a_time_that_is_none_is_refused(release: Release, start: str, end: str):
    at, _, order = waiting(release)
    at.slots(order)
    slot = {"validFor": {"startDateTime": start, "endDateTime": end}}
    refused = at.ask("createAppointment", visit(order, slot))
    assert (refused.status, refused.body[0]["propertyPath"]) == (422, "/validFor")


def test_what_an_appointment_cannot_be_for_is_refused(release: Release):
    at, _, order = waiting(release)
    (first, second, *_) = at.slots(order)
    people = {"relatedContactInformation": [{"role": "x", "name": "J", "emailAddress": "j@x.example", "number": "1"}]}
    assert at.ask("createAppointment", {**visit(order, first), **people}).status == 422
    assert at.ask("createAppointment", visit("unknown", first)).status == 422
    appointment = at.ask("createAppointment", visit(order, first)).body["id"]
    refused = at.ask("createAppointment", visit(order, second))
    assert (refused.status, refused.body[0]["propertyPath"]) == (422, "/workOrder/id")
    assert "R20" in refused.body[0]["reason"]
    for patch in ({}, {"relatedPlace": {"@type": "GeographicSiteRef", "id": "elsewhere", "role": "x"}}, people):
        assert at.ask("patchAppointment", patch, path=appointment).status == 422
    noted = at.ask("patchAppointment", {"note": [NOTE]}, path=appointment)
    assert noted.body["note"] == [NOTE]
    at.clock.sleep(7 * DAY)
    assert "R21" in at.ask("createAppointment", visit(order, second)).body[0]["reason"]


def test_a_search_comes_first(release: Release):
    at, _, order = waiting(release)
    slot = {"validFor": {"startDateTime": "2026-01-05T09:00:00Z", "endDateTime": "2026-01-05T11:00:00Z"}}
    refused = at.ask("createAppointment", visit(order, slot))
    assert (refused.status, refused.body[0]["propertyPath"]) == (422, "/workOrder/id")
    at, _, order = waiting(release, appointment={"search": "free"})
    assert at.ask("createAppointment", visit(order, slot)).status == 201


def test_work_may_begin_before_the_appointment_does(release: Release):
    path = [{"to": "planned"}, {"to": "inProgress", "after_seconds": 60}]
    at, ticket, order = waiting(release, workorder={"path": path})
    appointment = at.book(order)
    at.clock.sleep(90)
    assert at.read("WorkOrder", order)["state"] == "inProgress"
    refused = at.ask("cancelAppointment", path=appointment)  # MEF137 R47
    assert (refused.status, at.read("Appointment", appointment)["status"]) == (422, "confirmed")
    at.clock.sleep(2 * DAY)
    assert at.read("TroubleTicket", ticket)["status"] == "resolved"


def test_a_hand_takes_along_what_belongs_to_it(release: Release):
    at, ticket, order = waiting(release)
    hand = Hand(at.seller)
    appointment = at.book(order)
    with pytest.raises(Refused, match="appointment"):
        hand.move("", "workorder", order, "inProgress")
    hand.move("", "appointment", appointment, "inProgress")
    assert at.read("WorkOrder", order)["state"] == "inProgress"
    hand.move("", "appointment", appointment, "missed")
    assert at.read("WorkOrder", order)["state"] == "unableToComplete"
    hand.move("", "appointment", at.book(at.order(ticket)), "cancelled")
    assert at.read("TroubleTicket", ticket)["status"] == "pending"
    hand.move("", "workorder", at.order(ticket), "cancelled")
    assert at.ask("patchTroubleTicket", {"note": [NOTE]}, path=ticket).body["status"] == "inProgress"


@pytest.mark.parametrize(("section", "told"), [
    ({"opens": "early"}, "/behaviour/appointment/calendar/opens: 'early' is no time of day"),
    ({"closed": ["Christmas"]}, "/behaviour/appointment/calendar/closed/0: 'Christmas' is no date"),
    ({"days": ["someday"]}, "'someday' is not one of"),
])  # fmt: skip
def test_what_is_wrong_with_a_calendar_is_told(section: dict[str, Any], told: str):
    with pytest.raises(FileProblem) as raised:
        load_profile(overlay={"behaviour": {"appointment": {"calendar": section}}})
    assert told in raised.value.problems[0]


def test_what_was_agreed_on_outlives_the_process(release: Release, tmp_path: Path):
    with database("sqlite", tmp_path) as url:
        store = open_store(url)
        at = Trouble(release, MISSED, store=store)
        ticket = at.report()
        at.clock.sleep(30)
        appointment = at.book(at.order(ticket))
        store.close()
        store = open_store(url)
        at = Trouble(release, MISSED, store=store, again=True)
        at.clock.sleep(7 * DAY)  # the appointment's time comes, and another seller misses it
        assert at.read("Appointment", appointment)["status"] == "missed"
        assert at.read("TroubleTicket", ticket)["status"] == "pending"
        assert at.words()[0] == "appointmentStatusChange"
        at.book(at.order(ticket))
        store.close()
        store = open_store(url)
        at = Trouble(release, MISSED, store=store, again=True)
        at.clock.sleep(13 * DAY)  # the second appointment is the second for whoever counts
        assert at.read("TroubleTicket", ticket)["status"] == "closed"
        store.close()


def test_on_site_is_a_profile_of_three_words(release: Release):
    assert Trouble(release, ON_SITE).report()
