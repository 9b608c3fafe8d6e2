"""Trouble tickets and incidents of our seller."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.parties.hand import Hand, Refused
from emulator.standard.release import Release, load_release
from tests.parties.aftersale import NOTE, REPORTER, UNI, Trouble, ticket

DAY = 86_400
INCIDENT = {
    "description": "A line card has failed",
    "incidentType": "repair",
    "priority": "critical",
    "severity": "extensive",
    "impact": "down",
    "relatedEntity": [{"id": UNI, "@referredType": "Product", "role": "affected product"}],
}
FILE = {"author": "J", "creationDate": "2026-01-01T00:00:00Z", "name": "log.txt", "source": "buyer", "url": "https://x"}
ISSUE = {
    "@referredType": "TroubleTicket",
    "creationDate": "2026-01-01T00:00:00Z",
    "description": "The same street",
    "relationshipType": "relatedTo",
    "source": "buyer",
}


@pytest.fixture(scope="module")
def release() -> Release:
    return load_release()


def states(at: Trouble, identifier: str) -> list[str]:
    return [each["status"] for each in at.read("TroubleTicket", identifier)["statusChange"]]


def roles(body: dict[str, Any]) -> list[str]:
    return [contact["role"] for contact in body["relatedContactInformation"]]


def test_a_ticket_lives(release: Release):
    at = Trouble(release)
    made = at.ask("createTroubleTicket", ticket(attachment=[FILE], externalId="t-1"))
    body = made.body
    assert (body["status"], body["sellerPriority"], body["sellerSeverity"]) == ("acknowledged", "high", "significant")
    assert roles(body) == ["reporterContact", "sellerTicketContact"]
    assert body["attachment"] == [{**FILE, "attachmentId": body["attachment"][0]["attachmentId"]}]
    at.clock.sleep(30)
    assert at.ask("listTroubleTicket", status="resolved", held=False).body[0]["id"] == body["id"]
    assert at.words() == [
        "troubleTicketStatusChange",
        "troubleTicketStatusChange",
        "troubleTicketResolved",
        "troubleTicketAttributeValueChange",
    ]
    found = at.read("TroubleTicket", body["id"])
    assert found["resolutionDate"] == found["statusChange"][-1]["changeDate"]
    assert [each["source"] for each in found["note"]] == ["seller"]
    assert at.ask("reopenTroubleTicket", {"reason": "Still dark"}, path=body["id"]).status == 204
    reopened = at.read("TroubleTicket", body["id"])
    assert (reopened["note"][1]["author"], reopened["note"][1]["text"]) == ("closureRejection", "Still dark")
    assert "resolutionDate" not in reopened
    at.clock.sleep(30)
    found = at.read("TroubleTicket", body["id"])
    assert found["expectedResolutionDate"] != body["expectedResolutionDate"]
    assert [each["source"] for each in found["note"][2:]] == ["seller", "seller"]  # R22, R28
    assert at.ask("closeTroubleTicket", path=body["id"]).status == 204
    for act in ("cancelTroubleTicket", "closeTroubleTicket"):
        assert at.ask(act, path=body["id"]).status == 422
    assert at.ask("patchTroubleTicket", {"externalId": "t-2"}, path=body["id"]).status == 422


def test_a_ticket_that_nobody_answers_closes(release: Release):
    at = Trouble(release, {"intervals": {"troubleTicket": {"close": DAY}}})
    first, second = at.report(), at.report()
    at.clock.sleep(DAY / 2)
    assert at.ask("reopenTroubleTicket", {"reason": "No"}, path=second).status == 204
    at.clock.sleep(DAY / 2 + 60)
    assert states(at, first)[-1] == "closed"
    assert states(at, second)[-1] == "resolved"  # its time begins anew
    assert at.ask("reopenTroubleTicket", {"reason": "Too late"}, path=first).status == 422


def test_a_question_waits_for_its_answer(release: Release):
    at = Trouble(release, {"behaviour": {"troubleTicket": {"information": "required", "question": "Which lamp?"}}})
    identifier = at.report()
    at.clock.sleep(DAY)
    assert at.words()[1:] == [
        "troubleTicketStatusChange",
        "troubleTicketInformationRequired",
        "troubleTicketAttributeValueChange",
    ]
    (asked,) = at.read("TroubleTicket", identifier)["note"]
    assert (asked["text"], asked["source"]) == ("Which lamp?", "seller")
    patched = at.ask("patchTroubleTicket", {"note": [asked, NOTE]}, path=identifier)
    assert (patched.status, patched.body["status"]) == (200, "inProgress")
    at.clock.sleep(30)
    assert states(at, identifier) == ["acknowledged", "inProgress", "pending", "inProgress", "resolved"]


def test_a_question_and_then_a_visit(release: Release):
    at = Trouble(release, {"behaviour": {"troubleTicket": {"information": "required", "repair": "onSite"}}})
    identifier = at.report()
    at.clock.sleep(30)
    assert "workOrder" not in at.read("TroubleTicket", identifier)
    assert at.ask("patchTroubleTicket", {"note": [NOTE]}, path=identifier).body["status"] == "inProgress"
    at.clock.sleep(30)
    assert at.read("TroubleTicket", identifier)["status"] == "pending"
    at.book(at.order(identifier))


@pytest.mark.parametrize("state", ["acknowledged", "inProgress", "pending"])
def test_it_is_cancelled_in_two_steps(release: Release, state: str):
    way = ["inProgress", "pending"][: ["acknowledged", "inProgress", "pending"].index(state)]
    path = [{"to": each, "after_seconds": 1} for each in way] or [{"to": "inProgress", "after_seconds": 900}]
    at = Trouble(release, {"behaviour": {"troubleTicket": {"path": path}}})
    identifier = at.report()
    at.clock.sleep(10)
    assert states(at, identifier)[-1] == state
    assert at.ask("cancelTroubleTicket", path=identifier).status == 204
    assert at.ask("patchTroubleTicket", {"note": [NOTE]}, path=identifier).status == 422
    at.clock.sleep(10)
    assert states(at, identifier)[-2:] == ["assessingCancellation", "cancelled"]
    with pytest.raises(Refused, match="come to its end"):
        Hand(at.seller).change("", "troubleTicket", identifier, {"sellerPriority": "low"})


@pytest.mark.parametrize(("broken", "place"), [
    ({"relatedContactInformation": [{**REPORTER, "role": "else"}]}, "/relatedContactInformation"),
    ({"relatedEntity": [{"id": "none", "@referredType": "Product", "role": "x"}]}, "/relatedEntity/0/id"),
    ({"attachment": [{name: value for name, value in FILE.items() if name != "url"}]}, "/attachment/0/url"),
    ({"note": [{**NOTE, "source": "seller"}]}, "/note/0/source"),
    ({"relatedIssue": [{**ISSUE, "id": "none"}]}, "/relatedIssue/0/id"),
])  # fmt: skip
def test_what_is_wrong_with_a_new_ticket_is_told(release: Release, broken: dict[str, Any], place: str):
    refused = Trouble(release).ask("createTroubleTicket", ticket(**broken))
    assert (refused.status, refused.body[0]["propertyPath"]) == (422, place)


def test_another_type_of_thing_is_not_looked_for(release: Release):
    assert Trouble(release).report(relatedEntity=[{"id": "none", "@referredType": "Service", "role": "x"}])


@pytest.mark.parametrize(("patch", "place"), [
    ({"description": "Else"}, "/description"),
    ({"status": "closed"}, "/status"),
    ({"sellerPriority": "low"}, "/sellerPriority"),
    ({}, ""),
    ({"priority": "low"}, "/note"),
    ({"note": [{**NOTE, "text": "Else"}]}, "/note/0/text"),
    ({"note": []}, "/note"),
    ({"note": [NOTE, {**NOTE, "id": "other", "source": "seller"}]}, "/note/1/source"),
    ({"attachment": [{**FILE, "url": "https://y"}]}, "/attachment/0/url"),
    ({"relatedContactInformation": [REPORTER]}, "/relatedContactInformation"),
    ({"relatedIssue": [{**ISSUE, "id": "none"}], "note": [NOTE, {**NOTE, "id": "n"}]}, "/relatedIssue/0/id"),
])  # fmt: skip
def test_what_cannot_be_changed_is_refused(release: Release, patch: dict[str, Any], place: str):
    at = Trouble(release)
    identifier = at.report(note=[NOTE], attachment=[FILE])
    before = at.read("TroubleTicket", identifier)
    refused = at.ask("patchTroubleTicket", patch, path=identifier)
    assert (refused.status, refused.body[0]["propertyPath"]) == (422, place)
    assert at.read("TroubleTicket", identifier) == before


def test_what_can_be_changed_is(release: Release):
    at = Trouble(release)
    other = at.report()
    identifier = at.report(note=[NOTE])
    body = at.read("TroubleTicket", identifier)
    at.words()
    fresh = {**NOTE, "id": "fresh"}
    # The whole ticket comes back, the time of a note spelt in another way, and more.
    patch = {**body, "note": [{**NOTE, "date": "2026-01-01T01:00:00+01:00"}, fresh], "priority": "critical"}
    patch["relatedIssue"] = [{**ISSUE, "id": other}]
    patch["relatedContactInformation"] = [
        *body["relatedContactInformation"],
        {**REPORTER, "role": "buyerTicketContact"},
    ]
    patched = at.ask("patchTroubleTicket", patch, path=identifier)
    assert patched.status == 200, patched.body
    assert patched.body["note"] == [NOTE, fresh]
    assert (patched.body["priority"], patched.body["sellerPriority"]) == ("critical", "critical")
    assert at.words() == ["troubleTicketAttributeValueChange"]  # of the seller's priority
    short = at.ask("patchTroubleTicket", {"note": [{**NOTE, "id": "third"}]}, path=identifier)
    assert [each["id"] for each in short.body["note"]] == ["mine", "fresh", "third"]


def test_an_incident_goes_its_way_and_meets_a_ticket(release: Release):
    have = {"incident": {"INC-1": {**INCIDENT, "signal": "storm"}}}
    at = Trouble(release, {"have": have, "intervals": {"incident": {"step": 60, "resolution": 600}}})
    at.report()
    at.words()
    assert at.seller.signal("storm", "", lasting=False) == 1
    at.clock.sleep(1)
    assert "incidentCreate" in at.words()
    body = at.read("Incident", "INC-1")
    assert (body["status"], roles(body)) == ("created", ["incidentContact"])
    assert {"situationStartDate", "creationDate"} <= body.keys()

    issue = {**ISSUE, "@referredType": "Incident", "id": "INC-1"}
    named = at.report(relatedIssue=[issue])
    assert at.words() == ["incidentAttributeValueChange"]
    assert at.read("Incident", "INC-1")["relatedIssue"][0]["id"] == named
    unaware = at.report()
    at.clock.sleep(30)
    found = at.read("TroubleTicket", unaware)
    assert (found["relatedIssue"][0]["id"], found["relatedIssue"][0]["source"]) == ("INC-1", "seller")
    assert len(found["note"]) == 2  # why it has that, and that it is mended
    assert len(at.read("TroubleTicket", named)["relatedIssue"]) == 1

    at.words()
    at.clock.sleep(60)
    assert at.words() == ["incidentStatusChange", "incidentAttributeValueChange"]
    assert at.read("Incident", "INC-1")["expectedClosedDate"]
    at.clock.sleep(600)
    assert at.words() == ["incidentStatusChange", "incidentAttributeValueChange"]
    body = at.read("Incident", "INC-1")
    assert (body["status"], body["closedDate"]) == ("closed", body["statusChange"][-1]["changeDate"])


def test_a_hand_makes_a_work_order_for_a_ticket(release: Release):
    at = Trouble(release, {"intervals": {"troubleTicket": {"step": 60}}})
    identifier = at.report()
    entity = {"id": identifier, "role": "parentTroubleTicket", "@referredType": "TroubleTicket"}
    order, state = Hand(at.seller).make("", "workorder", {"relatedEntity": [entity], "appointmentRequired": True})
    assert (state, at.order(identifier)) == ("open", order)
    assert at.read("TroubleTicket", identifier)["status"] == "pending"
    at.book(order)
    at.clock.sleep(2 * DAY)
    assert at.read("TroubleTicket", identifier)["status"] == "resolved"


def test_a_planned_incident_begins_when_it_is_announced_for(release: Release):
    planned = {**INCIDENT, "incidentType": "maintenance", "situationStartDate": "$gen.now+1d"}
    at = Trouble(release, {"have": {"incident": {"INC-1": planned}}})
    at.clock.sleep(DAY - 60)
    assert at.read("Incident", "INC-1")["status"] == "created"
    at.clock.sleep(120)
    assert at.read("Incident", "INC-1")["status"] == "inProgress"


def test_an_incident_of_products_that_the_buyer_does_not_have_is_not_told(release: Release):
    foreign = {**INCIDENT, "relatedEntity": [{"id": "another's", "@referredType": "Product", "role": "x"}]}
    at = Trouble(release, {"have": {"incident": {"INC-1": {**foreign, "after_seconds": 5}}}})
    at.report()
    at.clock.sleep(20_000)
    assert not [word for word in at.words() if word.startswith("incident")]
    assert at.read("Incident", "INC-1")["status"] == "closed"


def test_a_hand_makes_an_incident_that_goes_its_way(release: Release):
    at = Trouble(release)
    identifier, state = Hand(at.seller).make("", "incident", INCIDENT)
    assert state == "created"
    at.clock.sleep(DAY)
    assert at.read("Incident", identifier)["status"] == "closed"
