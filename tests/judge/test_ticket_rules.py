"""What a right Seller and a right Buyer of tickets may do all the same, and what is due in whose light."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator.judge.judge import judge
from emulator.judge.ledger import Ledger, read_ledger
from emulator.judge.playing import played
from emulator.record.exchange import Exchange, Party, Request, Response, Transcript
from emulator.record.payload import dump
from emulator.standard.declared import Declared
from emulator.standard.release import load_release

GRACE = load_release()
START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
ASKED: dict[str, Any] = {
    "description": "Dark",
    "observedImpact": "down",
    "priority": "high",
    "severity": "minor",
    "ticketType": "assistance",
    "relatedEntity": [{"id": "line-1", "role": "affected", "@referredType": "Product"}],
    "relatedContactInformation": [{"role": "reporterContact", "name": "A", "emailAddress": "a@b", "number": "1"}],
}
DESK = {"role": "sellerTicketContact", "name": "D", "emailAddress": "d@e", "number": "2"}
TICKET: dict[str, Any] = {
    **ASKED,
    "id": "T",
    "status": "acknowledged",
    "creationDate": "2026-01-01T12:00:01Z",
    "sellerPriority": "high",
    "sellerSeverity": "minor",
    "relatedContactInformation": [*ASKED["relatedContactInformation"], DESK],
}
WORK: dict[str, Any] = {
    "id": "W",
    "state": "open",
    "appointmentRequired": False,
    "duration": {"timeDurationValue": 1, "timeDurationUnits": "HOUR"},
    "task": ["Look"],
    "place": [{"@type": "GeographicSiteRef", "id": "s", "role": "where"}],
    "relatedEntity": [{"id": "T", "role": "for", "@referredType": "TroubleTicket"}],
    "relatedContactInformation": [{"role": "technician", "name": "V", "emailAddress": "v@e", "number": "3"}],
}
INCIDENT: dict[str, Any] = {
    "id": "I",
    "status": "created",
    "creationDate": "2026-01-01T11:00:00Z",
    "description": "Flood",
    "impact": "down",
    "incidentType": "repair",
    "priority": "high",
    "severity": "minor",
    "situationStartDate": "2026-01-01T10:00:00Z",
    "relatedEntity": ASKED["relatedEntity"],
    "relatedContactInformation": [{**DESK, "role": "incidentContact"}],
}
EVENTS = {
    "attribute": "troubleTicketAttributeValueChangeEvent",
    "status": "troubleTicketStatusChangeEvent",
    "required": "troubleTicketInformationRequiredEvent",
}


def note(number: int, source: str = "seller", **more: str) -> dict[str, str]:
    """A note of somebody's."""
    return {"id": f"n{number}", "author": "D", "date": "2026-01-01T12:00:05Z", "source": source, "text": "x", **more}


class Tale:
    """Exchanges about one ticket, told second by second."""

    def __init__(self) -> None:
        self.transcript, self.events = Transcript(), 0

    def add(self, at: float, operation: str, path: str, sent: Any = None, answer: Any = None, **parts: Any) -> None:
        """An exchange at a second; `params` is the id in its path."""
        api = parts.get("api", "troubleTicket")
        told = parts.get("told", False)
        contract = GRACE.contract(api, "notification" if told else "management")
        sender = Party.SELLER if told else Party.BUYER
        json = (("Content-Type", "application/json;charset=utf-8"),)
        method = contract.operation(operation).method
        url = f"http://partner{'.buyer' if told else ''}{contract.base_path}{path}"
        self.transcript.add(
            Exchange(
                n=0,
                at=START + timedelta(seconds=at),
                elapsed_ms=1.0,
                sender=sender,
                receiver=sender.other,
                request=Request(json if sent else (), dump(sent) if sent is not None else b"", method, url),
                response=Response(
                    json if answer is not None else (),
                    dump(answer) if answer is not None else b"",
                    parts.get("status", 200 if answer is not None else 204),
                ),
                api=api,
                kind="notification" if told else "management",
                operation=operation,
                path_params={"id": parts["params"]} if "params" in parts else {},
            )
        )

    def subscribe(self, at: float, api: str = "troubleTicket") -> None:
        """To everything."""
        sent = {"callback": "http://partner.buyer"}
        self.add(at, "registerListener", "/hub", sent, {"id": "h", **sent}, status=201, api=api)

    def create(self, at: float) -> None:
        """The ticket is made."""
        self.add(at, "createTroubleTicket", "/troubleTicket", ASKED, TICKET, status=201)

    def read(self, at: float, **shown: Any) -> None:
        """The ticket is read."""
        self.add(at, "retrieveTroubleTicket", "/troubleTicket/T", None, {**TICKET, **shown}, params="T")

    def patch(self, at: float, sent: Any, status: int = 200, **shown: Any) -> None:
        """The ticket is changed."""
        self.add(at, "patchTroubleTicket", "/troubleTicket/T", sent, {**TICKET, **shown}, params="T", status=status)

    def act(self, at: float, verb: str, sent: Any = None) -> None:
        """The ticket is closed, reopened or cancelled."""
        self.add(at, f"{verb}TroubleTicket", f"/troubleTicket/T/{verb}", sent, params="T")

    def work(self, at: float, **shown: Any) -> None:
        """Its work order is read."""
        self.add(at, "retrieveWorkOrder", "/workorder/W", None, {**WORK, **shown}, params="W", api="workOrder")

    def book(self, at: float, order: str) -> None:
        """An appointment is made for a work order."""
        sent = {
            "workOrder": {"id": order},
            "validFor": {"startDateTime": "2026-01-02T12:00:00Z", "endDateTime": "2026-01-02T13:00:00Z"},
        }
        made = {**sent, "id": "A", "status": "confirmed"}
        self.add(at, "createAppointment", "/appointment", sent, made, status=201, api="appointment")

    def wait(self) -> None:
        """Something is asked much later, so that what did not come by then never came."""
        kept = {"id": "h", "callback": "http://partner.buyer"}
        self.add(900, "retrieveHub", "/hub/h", None, kept, params="h")

    def incident(self, at: float, **shown: Any) -> None:
        """An incident is read."""
        self.add(at, "retrieveIncident", "/incident/I", None, {**INCIDENT, **shown}, params="I")

    def told(self, at: float, sort: str) -> None:
        """An event comes, which happened just now."""
        self.events += 1
        name = EVENTS[sort]
        body = {
            "eventId": f"e{self.events}",
            "eventType": name,
            "eventTime": (START + timedelta(seconds=at)).isoformat(),
            "event": {"id": "T"},
        }
        self.add(at, f"listenTo{name[0].upper()}{name[1:]}", f"/listener/{name}", body, told=True)

    def found(self, *rules: str, **readings: str) -> dict[str, str]:
        """What is wrong, by rule, of these rules, or of all."""
        heard = ("http://partner.buyer",)
        findings = judge(self.transcript, GRACE, heard=heard, declared=Declared(readings=readings)).findings
        return {f.rule: str(f.verdict) for f in findings if not rules or f.rule in rules}

    def ledger(self) -> Ledger:
        """Long after it all."""
        return read_ledger(self.transcript, GRACE, now=START + timedelta(hours=9))

    def missing(self) -> list[tuple[str, ...]]:
        """The types of what was never told."""
        return [due.types for _, due in self.ledger().missing]


@pytest.fixture
def tale() -> Tale:
    """A subscription, and a ticket."""
    made = Tale()
    made.subscribe(0)
    made.create(1)
    return made


NEWS = (EVENTS["attribute"],)


# What the Seller changes is told


def test_a_change_of_the_sellers_is_due(tale: Tale) -> None:
    tale.read(10, sellerPriority="low")
    assert tale.missing() == [NEWS]
    tale.wait()
    assert tale.found("MEF124-R61") == {"MEF124-R61": "fail"}


def test_a_change_that_the_buyer_asked_for_is_not(tale: Tale) -> None:
    tale.patch(10, {"note": [note(1, "buyer")]}, note=[note(1, "buyer")], sellerPriority="low")
    tale.read(20, note=[note(1, "buyer")], sellerPriority="low")
    assert tale.missing() == []


def test_entries_of_the_buyers_from_elsewhere_are_not(tale: Tale) -> None:
    tale.read(10, note=[note(1, "buyer")])
    assert tale.missing() == []


def test_one_event_can_tell_of_several_changes(tale: Tale) -> None:
    tale.read(10, sellerPriority="low")
    tale.read(11, sellerPriority="medium")
    tale.told(12, "attribute")
    tale.read(13, sellerPriority="medium")
    assert tale.missing() == []


def test_an_event_does_not_tell_of_what_came_after_it(tale: Tale) -> None:
    tale.told(9, "attribute")
    tale.read(10, sellerPriority="low")
    tale.read(200, sellerPriority="medium")
    assert tale.missing() == [NEWS]


def test_dates_lose_fractions_and_empty_lists_are_none(tale: Tale) -> None:
    tale.read(10, expectedResolutionDate="2026-01-02T12:00:00.250Z", note=[note(1)])
    tale.told(11, "attribute")
    tale.read(20, expectedResolutionDate="2026-01-02T12:00:00Z", note=[note(1)], attachment=[])
    assert tale.missing() == []


def test_what_changes_with_the_status_is_open(tale: Tale) -> None:
    tale.told(5, "status")
    tale.read(10, status="inProgress", sellerPriority="low")
    tale.wait()
    assert tale.found("MEF124-R61") == {"MEF124-R61": "disputed"}
    assert tale.found("MEF124-R61", **{"ticket-news-beside-status": "with-status"}) == {}
    assert tale.found("MEF124-R61", **{"ticket-news-beside-status": "own-event"}) == {"MEF124-R61": "fail"}


def test_what_changes_of_a_work_order_is_open(tale: Tale) -> None:
    tale.read(5, workOrder=[{"id": "W"}])
    tale.told(5, "attribute")
    tale.work(40)
    tale.work(45, task=["Look", "Mend"])
    tale.wait()
    assert tale.found("MEF124-R61") == {"MEF124-R61": "disputed"}


# What a change leaves, and what waits


def test_a_change_of_something_else_loses_no_contact(tale: Tale) -> None:
    tale.patch(5, {"note": [note(1, "buyer")]}, note=[note(1, "buyer")], relatedContactInformation=[DESK])
    assert tale.found("MEF124-R21") == {"MEF124-R21": "fail"}


def test_contacts_that_were_sent_can_be_others(tale: Tale) -> None:
    sent = [{**ASKED["relatedContactInformation"][0], "name": "B"}, DESK]
    tale.patch(5, {"relatedContactInformation": sent}, relatedContactInformation=sent)
    assert tale.found("MEF124-R21") == {}


@pytest.mark.parametrize(
    ("order", "cancelled", "rules"),
    [
        ("W", True, {"MEF124-R65": "fail"}),
        ("W", False, {}),
        ("another", True, {}),
        (None, True, {"MEF124-R65": "fail"}),
    ],
)
def test_only_an_appointment_that_stands_lets_a_ticket_go_on(
    tale: Tale, order: str | None, cancelled: bool, rules: dict[str, str]
) -> None:
    tale.read(5, status="pending", note=[note(1)], workOrder=[{"id": "W"}])
    if order is not None:
        tale.book(6, order)
    if cancelled:
        tale.add(8, "cancelAppointment", "/appointment/A/cancel", params="A", api="appointment")
    tale.work(10, appointmentRequired=True)
    tale.read(100, status="inProgress", note=[note(1)], workOrder=[{"id": "W"}])
    tale.work(110, appointmentRequired=True)
    assert tale.found("MEF124-R65") == rules


def test_who_sends_its_own_note_once_more_has_not_changed_it(tale: Tale) -> None:
    mine, told = note(1, "buyer"), {"id": "n2", "author": "A", "date": "d", "source": "buyer", "text": "y"}
    tale.patch(5, {"note": [mine]}, note=[{**mine, "text": "something else"}])
    tale.patch(10, {"note": [mine, told]}, note=[mine, told])
    assert tale.found("MEF124-R20.buyer") == {}
    tale.patch(15, {"note": [{**mine, "text": "a third"}, told]}, note=[mine, told])
    assert tale.found("MEF124-R20.buyer") == {"MEF124-R20.buyer": "fail"}


# That the Buyer has to say more


@pytest.mark.parametrize(("waits", "due"), [(True, False), (False, True)])
def test_an_appointment_that_is_due_asks_for_no_information(tale: Tale, waits: bool, due: bool) -> None:
    tale.work(3, appointmentRequired=waits)
    tale.read(5, status="pending", note=[note(1)], workOrder=[{"id": "W"}])
    assert ((EVENTS["required"],) in tale.missing()) is due


def test_of_work_orders_that_nobody_saw_nothing_is_said(tale: Tale) -> None:
    tale.read(5, status="pending", note=[note(1)], workOrder=[{"id": "W"}])
    assert (EVENTS["required"],) not in tale.missing()


# Incidents and work orders come into being


def test_an_incident_from_before_the_subscription_is_not_due() -> None:
    tale = Tale()
    tale.subscribe(0)
    tale.incident(10)
    assert tale.missing() == []
    tale = Tale()
    tale.subscribe(0)
    tale.incident(10, creationDate="2026-01-01T12:00:05Z")
    assert tale.missing() == [("incidentCreateEvent",)]


def test_a_kind_without_a_date_is_due_where_a_list_lacked_it() -> None:
    tale = Tale()
    tale.subscribe(0, "workOrder")
    tale.work(10)
    assert tale.missing() == []
    tale = Tale()
    tale.subscribe(0, "workOrder")
    tale.add(5, "listWorkOrder", "/workorder", None, [], api="workOrder")
    tale.work(10)
    assert tale.missing() == [("workOrderCreateEvent",)]


def test_a_member_that_is_set_is_due() -> None:
    tale = Tale()
    tale.subscribe(0, "workOrder")
    tale.work(10)
    tale.work(20, appointmentRequired=True)
    tale.work(30, appointmentRequired=False)
    assert tale.missing() == [("workOrderAppointmentRequiredEvent",)]


# Ways that are the Buyer's


def test_a_seller_can_learn_elsewhere_what_it_needed(tale: Tale) -> None:
    tale.read(5, status="pending", note=[note(1)])
    tale.read(10, status="inProgress", note=[note(1)])
    assert tale.found("MEF124-R14.unasked") == {"MEF124-R14.unasked": "warning"}
    pinned = {"ticket-resumed-unasked": "buyer-only"}
    assert tale.found("MEF124-R14.unasked", **pinned) == {"MEF124-R14.unasked": "fail"}


def test_time_closes_what_is_resolved(tale: Tale) -> None:
    tale.read(5, status="resolved", note=[note(1)], resolutionDate="2026-01-01T12:00:05Z")
    tale.read(10, status="closed", note=[note(1)], resolutionDate="2026-01-01T12:00:05Z")
    assert tale.found("MEF124-R14.unasked", "MEF124-R14.path") == {}


@pytest.mark.parametrize("status", ["assessingCancellation", "cancelled", "reopened"])
def test_some_statuses_need_an_act(tale: Tale, status: str) -> None:
    tale.read(10, status="resolved" if status == "reopened" else "inProgress")
    tale.read(20, status=status)
    assert tale.found("MEF124-R14.unasked") == {"MEF124-R14.unasked": "fail"}


def test_an_act_that_was_refused_explains_nothing(tale: Tale) -> None:
    tale.read(10, status="inProgress")
    tale.add(12, "cancelTroubleTicket", "/troubleTicket/T/cancel", answer=[{"code": "otherIssue", "reason": "no"}],
             params="T", status=422)  # fmt: skip
    tale.read(20, status="cancelled")
    assert tale.found("MEF124-R14.unasked") == {"MEF124-R14.unasked": "fail"}


def test_an_act_can_show_a_little_later(tale: Tale) -> None:
    tale.read(10, status="inProgress")
    tale.act(12, "cancel")
    tale.read(13, status="inProgress")
    tale.read(20, status="cancelled")
    assert tale.found("MEF124-R14.unasked", "MEF124-R38") == {}


def test_an_act_that_came_to_nothing_explains_nothing_later(tale: Tale) -> None:
    tale.read(10, status="inProgress")
    tale.act(12, "cancel")
    tale.read(100, status="inProgress")
    tale.read(120, status="cancelled")
    assert tale.found("MEF124-R14.unasked", "MEF124-R38") == {
        "MEF124-R14.unasked": "fail",
        "MEF124-R38": "fail",
    }


def test_a_ticket_of_others_is_not_looked_at() -> None:
    tale = Tale()
    tale.read(10, status="inProgress")
    tale.read(20, status="assessingCancellation")
    assert tale.found("MEF124-R14.unasked") == {}


# After an act


def test_resolved_once_more_is_not_resolved_still(tale: Tale) -> None:
    tale.read(5, status="resolved", note=[note(1)], resolutionDate="2026-01-01T12:00:05Z")
    tale.act(10, "reopen", {"reason": "Dark"})
    closure = note(2, "buyer", author="closureRejection", text="Dark")
    tale.read(500, status="resolved", note=[note(1), closure], resolutionDate="2026-01-01T12:05:00Z")
    assert tale.found("MEF124-R45", "MEF124-R46", "MEF124-R18") == {}


def test_before_patience_ends_nothing_is_missed(tale: Tale) -> None:
    tale.read(5, status="resolved", note=[note(1)], resolutionDate="2026-01-01T12:00:05Z")
    tale.act(10, "reopen", {"reason": "Dark"})
    tale.read(11, status="reopened", note=[note(1)], resolutionDate="2026-01-01T12:00:05Z")
    assert tale.found("MEF124-R46") == {}
    tale.read(100, status="inProgress", note=[note(1)], resolutionDate="2026-01-01T12:00:05Z")
    assert tale.found("MEF124-R46") == {"MEF124-R46": "fail"}


# Changes


def test_a_ticket_can_be_sent_back_as_it_is(tale: Tale) -> None:
    tale.read(5, note=[note(1)])
    whole = {**TICKET, "note": [note(1)], "externalId": "mine"}
    tale.patch(10, whole, note=[note(1)], externalId="mine")
    assert "MEF124-R34" not in tale.found()


def test_what_cannot_be_changed_is_not_taken(tale: Tale) -> None:
    tale.patch(10, {"description": "Bright", "externalId": "mine"}, externalId="mine")
    assert tale.found("MEF124-R34") == {"MEF124-R34": "fail"}


def test_nor_is_what_only_the_seller_sets(tale: Tale) -> None:
    tale.patch(10, {"resolutionDate": "2026-01-02T00:00:00Z", "externalId": "mine"}, externalId="mine")
    assert tale.found("MEF124-R34") == {"MEF124-R34": "fail"}


def test_a_conflict_is_disputed(tale: Tale) -> None:
    tale.act(5, "cancel")
    tale.read(10, status="cancelled")
    tale.patch(20, {"externalId": "mine"}, status=409)
    assert tale.found("MEF124-R35") == {"MEF124-R35": "disputed"}


def test_a_list_may_lack_what_was_added_since(tale: Tale) -> None:
    tale.read(5, note=[note(1)])
    mine = note(3, "buyer")
    tale.patch(10, {"note": [note(1), mine]}, note=[note(1), note(2), mine])
    assert tale.found("MEF124-R20", "MEF124-R32", "MEF124-R34") == {}


def test_entries_left_out_are_disputed_and_lost_ones_are_the_sellers_fault(tale: Tale) -> None:
    tale.read(5, note=[note(1)])
    mine = note(3, "buyer")
    tale.patch(10, {"note": [mine]}, note=[mine])
    assert tale.found("MEF124-R20", "MEF124-R32") == {"MEF124-R20": "fail", "MEF124-R32": "disputed"}


# Use cases


def test_acts_name_their_ticket_in_the_path(tale: Tale) -> None:
    tale.read(5, status="resolved", note=[note(1)])
    tale.act(10, "reopen", {"reason": "Dark"})
    rows = played(tale.transcript, GRACE)
    assert ("MEF124-UC6b", "", "taken") in rows
    assert ("MEF124-UC6b", "polling", "again") not in rows
    tale.told(19, "status")
    tale.read(20, status="resolved", note=[note(1)])
    assert ("MEF124-UC6b", "notification", "again") in played(tale.transcript, GRACE)


def test_a_use_case_begins_with_what_was_seen_before_the_call(tale: Tale) -> None:
    tale.read(5, status="pending", note=[note(1)])
    tale.patch(10, {"note": [note(1), note(2, "buyer")]}, status=200, note=[note(1), note(2, "buyer")])
    tale.read(20, status="inProgress", note=[note(1), note(2, "buyer")])
    assert ("MEF124-UC4a", "", "resumed") in played(tale.transcript, GRACE)


def test_a_ticket_that_somebody_closed_did_not_close_by_itself(tale: Tale) -> None:
    tale.read(5, status="resolved", note=[note(1)])
    tale.read(20, status="closed", note=[note(1)])
    assert ("MEF124-UC6c", "polling", "closed") in played(tale.transcript, GRACE)


def test_a_ticket_that_was_closed_on_request_is_another_use_case(tale: Tale) -> None:
    tale.read(5, status="resolved", note=[note(1)])
    tale.act(10, "close")
    tale.read(20, status="closed", note=[note(1)])
    rows = played(tale.transcript, GRACE)
    assert ("MEF124-UC6a", "polling", "closed") in rows
    assert ("MEF124-UC6c", "polling", "closed") not in rows


def _blamed(tale: Tale) -> set[str]:
    found = judge(tale.transcript, GRACE, declared=Declared(buyers=(), sellers=())).findings
    return {f"{each.blame}: {each.rule}" for each in found}


def test_who_sends_a_list_back_as_it_was_told_is_not_to_blame_for_what_is_wrong_in_it(tale: Tale) -> None:
    odd = note(1, date="yesterday")
    tale.read(5, status="inProgress", note=[odd])
    tale.patch(10, {"note": [odd, note(2, "buyer")]}, status=200, note=[odd, note(2, "buyer")])
    assert {each for each in _blamed(tale) if each.startswith("buyer")} == set()
    assert "seller: contract.schema" in _blamed(tale)


def test_who_makes_it_wrong_is(tale: Tale) -> None:
    tale.read(5, status="inProgress", note=[note(1)])
    odd = note(2, "buyer", date="yesterday")
    tale.patch(10, {"note": [note(1), odd]}, status=422)
    assert "buyer: contract.schema" in _blamed(tale)


def test_an_entry_that_came_with_another_id_is_no_entry_of_the_buyers(tale: Tale) -> None:
    """The ticket that was read says that it is another one: what it showed was shown all the same."""
    tale.create(0)
    tale.read(5, id="T2", status="pending", note=[note(1)])
    tale.patch(10, {"note": [note(1), note(2, "buyer")]}, status=200, note=[note(1), note(2, "buyer")])
    assert {each for each in _blamed(tale) if each.startswith("buyer")} == set()
