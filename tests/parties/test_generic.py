"""An API that no module knows is served by its contract, its kinds and its lifecycles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from emulator.errors import FileProblem
from emulator.parties.profile import load_profile
from emulator.parties.profile_schema import profile_schema
from emulator.standard.release import Release
from tests.repairs import FOLDER, Counter, release_with

API = "repairs"
CLAIM = {"description": "No light", "priority": "low", "externalId": "c-1"}
HUB = {"callback": "http://127.0.0.1:9/"}
PATCH_ENDS = {"callback": "http://127.0.0.1:9/", "query": "eventType=claimDoneEvent"}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return release_with(API, FOLDER, tmp_path_factory.mktemp("repairs"))


def counter(release: Release, **overlay: Any) -> Counter:
    return Counter(release, API, {"notifications": {"allow": ["loopback"]}, **overlay})


def states(counter: Counter, claim: str) -> list[str]:
    return [entry["status"] for entry in counter.ask("retrieveClaim", path=claim).body["statusChange"]]


def test_what_is_made_echoes_and_has_what_the_contract_demands(release: Release):
    at = counter(release)
    made = at.ask("createClaim", {**CLAIM, "status": "done", "note": [{"id": "n1", "date": "2026-01-01T00:00:00Z",
                                                                      "author": "me", "text": "!"}]})  # fmt: skip
    assert made.status == 201
    assert {name: made.body[name] for name in CLAIM} == CLAIM
    assert (made.body["status"], made.body["sellerPriority"]) == ("accepted", "low")
    assert made.body["creationDate"] == "2026-01-01T00:00:00.000Z"
    assert made.body["href"] == f"http://seller.example/repairs/v1/claim/{made.body['id']}"
    assert at.ask("retrieveClaim", path=made.body["id"]).body == made.body
    again = counter(release).ask("createClaim", CLAIM)
    assert again.body["id"] == made.body["id"]  # the same seed
    assert at.ask("retrieveClaim", path="unknown").status == 404


def test_lists_have_filters_pages_and_the_members_of_their_entries(release: Release):
    at = counter(release)
    ids = [at.ask("createClaim", {**CLAIM, "priority": one}).body["id"] for one in ("low", "high", "low")]
    listed = at.ask("listClaim")
    assert [entry["id"] for entry in listed.body] == ids
    assert set(listed.body[0]) == {"id", "href", "status", "priority"}
    assert [entry["id"] for entry in at.ask("listClaim", priority="high").body] == ids[1:2]
    assert [entry["id"] for entry in at.ask("listClaim", status="accepted", offset="1", limit="1").body] == ids[1:2]
    assert at.ask("listClaim", creationDate__gt="2026-01-01T00:00:00Z").body == []
    assert at.ask("listClaim", creationDate__gt="yesterday").status == 400


def test_it_goes_the_sellers_way_and_leaves_the_buyer_its_own(release: Release):
    at = counter(release)
    claim = at.ask("createClaim", CLAIM).body["id"]
    at.clock.sleep(60)
    assert states(at, claim) == ["accepted", "working", "done"]


def test_acts_lead_where_the_sheet_says_and_only_when_the_buyer_may(release: Release):
    at = counter(release)
    claim = at.ask("createClaim", CLAIM).body["id"]
    assert at.ask("cancelClaim", path=claim).status == 204
    assert at.ask("cancelClaim", path=claim).status == 422
    assert at.ask("patchClaim", {"priority": "high"}, path=claim).status == 409
    at.clock.sleep(60)
    assert states(at, claim) == ["accepted", "assessingCancellation", "cancelled"]
    assert at.ask("cancelClaim", path="unknown").status == 404


def test_an_act_adds_what_came_with_it_and_its_resource_goes_on(release: Release):
    at = counter(release)
    claim = at.ask("createClaim", CLAIM).body["id"]
    at.clock.sleep(60)
    assert at.ask("reopenClaim", {"reason": "Dark again"}, path=claim).status == 204
    body = at.ask("retrieveClaim", path=claim).body
    assert [(note["author"], note["text"]) for note in body["note"]] == [("buyer", "Dark again")]
    at.clock.sleep(60)
    assert states(at, claim) == ["accepted", "working", "done", "reopened", "working", "done"]


def test_a_patch_merges_what_can_be_changed_and_keeps_what_is_only_added_to(release: Release):
    at = counter(release)
    note = {"id": "n1", "date": "2026-01-01T00:00:00Z", "author": "me", "text": "one"}
    claim = at.ask("createClaim", {**CLAIM, "note": [note]}).body["id"]
    other = {**note, "id": "n2", "text": "two"}
    patched = at.ask("patchClaim", {"priority": "high", "externalId": None, "note": [other]}, path=claim)
    assert (patched.status, patched.body["priority"], patched.body["note"]) == (200, "high", [note, other])
    assert "externalId" not in patched.body
    assert at.ask("patchClaim", {"note": [{**note, "text": "else"}]}, path=claim).status == 409
    assert at.ask("patchClaim", {"sellerPriority": "high"}, path=claim).status == 409
    assert at.ask("patchClaim", {"stranger": 1}, path=claim).status == 409
    assert at.ask("retrieveClaim", path=claim).body == patched.body


def test_a_path_of_the_profile_sets_members_and_waits_for_reads_signals_and_the_buyer(release: Release):
    path = [
        {"to": "working", "reads": 1},
        {"to": "working", "after_seconds": 5, "set": {"/expectedDate": "$gen.now+1d"}},
        {"to": "onHold", "signal": "hold", "set": {"/note/-": {"text": "Which lamp?"}}},
        {"to": "working", "set": {"/visitNeeded": True}},
        {"to": "done", "after_seconds": 1},
    ]
    at = counter(release, behaviour={"claim": {"path": path}})
    at.ask("registerListener", HUB)
    claim = at.ask("createClaim", CLAIM).body["id"]
    at.clock.sleep(60)
    assert states(at, claim) == ["accepted"]
    at.clock.sleep(60)
    body = at.ask("retrieveClaim", path=claim).body
    assert (body["status"], body["expectedDate"]) == ("working", "2026-01-02T00:01:05.000Z")
    assert at.told() == [("claimStatusChangeEvent", claim), ("claimAttributeValueChangeEvent", claim)]
    assert at.seller.signal("hold", "", lasting=False) == 1
    at.clock.sleep(600)
    body = at.ask("retrieveClaim", path=claim).body
    (note,) = body["note"]
    assert (body["status"], note["text"], note["author"]) == ("onHold", "Which lamp?", "Northbridge Wholesale")
    at.told()
    assert at.ask("patchClaim", {"note": [{**body["note"][0], "id": "n2"}]}, path=claim).body["status"] == "working"
    at.clock.sleep(60)
    assert at.told() == [
        ("claimStatusChangeEvent", claim),
        ("claimVisitNeededEvent", claim),
        ("claimAttributeValueChangeEvent", claim),
        ("claimStatusChangeEvent", claim),
        ("claimDoneEvent", claim),
    ]
    assert states(at, claim)[-3:] == ["onHold", "working", "done"]


def test_events_go_to_who_asked_for_them(release: Release):
    at = counter(release)
    hub = at.ask("registerListener", PATCH_ENDS).body["id"]
    claim = at.ask("createClaim", CLAIM).body["id"]
    at.clock.sleep(60)
    assert at.told() == [("claimDoneEvent", claim)]
    assert at.ask("unregisterListener", path=hub).status == 204


def test_what_is_asked_at_once_is_echoed_and_answered(release: Release):
    wanted = {"wanted": [{"start": "2026-05-01T08:00:00Z"}]}
    found = counter(release).ask("createSearchSlot", wanted)
    assert (found.status, found.body["wanted"]) == (201, wanted["wanted"])
    assert len(found.body["available"]) == 1


@pytest.mark.parametrize(("path", "told"), [
    ([{"to": "wrking"}], "/behaviour/claim/path/0/to: 'wrking' is not a state of claim; did you mean 'working'?"),
    ([{"to": "working", "reads": 1, "after_seconds": 1}], "/path/0: a step has after_seconds or reads, not both"),
])  # fmt: skip
def test_what_is_wrong_in_its_path_is_told(release: Release, path: list[dict[str, Any]], told: str):
    with pytest.raises(FileProblem) as raised:
        counter(release, behaviour={"claim": {"path": path}})
    assert told in raised.value.problems[0]


def test_a_section_that_is_misspelt_is_told(release: Release):
    with pytest.raises(FileProblem) as raised:
        counter(release, intervals={"clam": {"step": 1}})
    assert "unknown key 'clam'; did you mean 'claim'?" in raised.value.problems[0]


# -- what the seller makes by itself ---------------------------------------------------------------------

OUTAGE = {"description": "Cable cut", "product": [{"@type": "ProductRef", "id": "p1"}]}


def test_what_a_profile_has_is_there_whole(release: Release):
    at = counter(
        release, have={"outage": {"O-1": OUTAGE, "O-2": {**OUTAGE, "status": "closed", "since": "$gen.now-1h"}}}
    )
    listed = at.ask("listOutage").body
    assert [(one["id"], one["status"], one["since"]) for one in listed] == [
        ("O-1", "created", "2026-01-01T00:00:00.000Z"), ("O-2", "closed", "2025-12-31T23:00:00.000Z"),
    ]  # fmt: skip
    assert listed[0]["href"] == "http://seller.example/repairs/v1/outage/O-1"
    assert listed[0]["contact"]["emailAddress"].endswith("northbridge.example")
    at.clock.sleep(600)
    assert [one["status"] for one in at.ask("listOutage").body] == ["created", "closed"]
    assert at.ask("retrieveOutage", path="O-2").status == 200


def test_what_comes_later_is_told_to_who_subscribed_before(release: Release):
    later = {
        "O-1": {**OUTAGE, "after_seconds": 5, "path": [{"to": "closed", "after_seconds": 5}]},
        "O-2": {**OUTAGE, "signal": "storm"},
    }
    at = counter(release, have={"outage": later})
    assert at.ask("registerListener", HUB).status == 201
    assert at.ask("listOutage").body == []
    at.clock.sleep(6)
    assert at.told() == [("outageCreateEvent", "O-1")]
    at.clock.sleep(6)
    assert at.told() == [("outageStatusChangeEvent", "O-1")]
    assert at.seller.signal("storm", "", lasting=False) == 1
    assert at.seller.signal("storm", "", lasting=False) == 0
    at.clock.sleep(1)
    assert at.told() == [("outageCreateEvent", "O-2")]
    assert [one["id"] for one in at.ask("listOutage").body] == ["O-1", "O-2"]


def test_its_kind_can_have_a_path_for_all_of_them(release: Release):
    path = [{"to": "working", "after_seconds": 1}, {"to": "closed", "after_seconds": 1}]
    at = counter(release, have={"outage": {"O-1": OUTAGE}}, behaviour={"outage": {"path": path}})
    assert at.ask("listOutage").body[0]["status"] == "created"
    at.clock.sleep(9)
    assert at.ask("listOutage", status="closed").body[0]["id"] == "O-1"


@pytest.mark.parametrize(("text", "told"), [
    ("{outge: {O-1: {}}}", "mine.yaml:2:8: unknown key 'outge'; did you mean 'outage'?"),
    ("{quote: {Q-1: {}}}", "mine.yaml:2:8: unknown key 'quote'; known: troubleTicket, incident, appointment, workorder, "),
    ("{outage: {O-1: {descripton: x}}}", "mine.yaml:2:23: descripton is no member of the contract here; did you mean description?"),
    ("{outage: {O-1: {description: 3}}}", "mine.yaml:2:36: description: "),
    ("{outage: {O-1: {after_seconds: soon}}}", "mine.yaml:2:38: a number is needed here, not 'soon'"),
    ("{outage: {O-1: {path: [{to: clsed}]}}}", "mine.yaml:2:35: 'clsed' is not a state of outage; did you mean 'closed'?"),
])  # fmt: skip
def test_what_is_wrong_with_it_is_told_with_its_place(release: Release, tmp_path: Path, text: str, told: str):
    file = tmp_path / "mine.yaml"
    file.write_text(f"extends: wholesale-seller\nhave: {text}\n")
    with pytest.raises(FileProblem) as raised:
        load_profile(file, release=release)
    assert any(told in problem for problem in raised.value.problems), raised.value.problems


def test_editors_know_of_it(release: Release):
    schema = profile_schema(release)
    Draft7Validator.check_schema(schema)
    held = set(schema["properties"]["have"]["properties"])
    assert {"claim", "outage", "troubleTicket", "workorder", "productOffering"} <= held
    assert "quote" not in held
    assert "claim" in schema["properties"]["behaviour"]["properties"]
    assert Draft7Validator(schema).is_valid({"have": {"outage": {"O-1": {**OUTAGE, "after_seconds": 1}}}})
    assert not Draft7Validator(schema).is_valid({"have": {"outage": {"O-1": {"after_seconds": "1"}}}})
