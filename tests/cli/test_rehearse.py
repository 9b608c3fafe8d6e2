"""`oit rehearse`: an upgrade names what changes for what was seen, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from emulator.conduct.rehearsing import Wanted, rehearse
from emulator.conduct.settings import Settings
from emulator.hosting import make_seller, open_door, serve_seller
from emulator.parties.clock import RealClock
from emulator.parties.profile import load_profile
from emulator.record.exchange import Party, Transcript
from emulator.report.rehearsal_page import rehearsal_page
from emulator.report.rehearsal_text import act_lines
from emulator.report.rehearsed import Rehearsal, rehearsal_json
from emulator.standard.comparing.functions import compare_contracts
from emulator.standard.comparing.touching import End, Part, Touching
from emulator.standard.release import load_release
from tests.cli.captures import har, har_entry, write
from tests.cli.processes import QUICK, oit

BILLING = "scenarios/billing/credited-told.oit.yaml"
NEW_INSTALL = "scenarios/access-eline/new-install.oit.yaml"


def told(*arguments: str, folder: Path) -> tuple[int, dict[str, Any], str]:
    done = oit("rehearse", *arguments, "--report-dir", str(folder), "--format", "json")
    assert "Traceback" not in done.err
    kept = json.loads((folder / "rehearsal.json").read_bytes())
    assert json.loads(done.out) == kept
    return done.code, kept, (folder / "rehearsal.html").read_text()


def changes(found: dict[str, Any], api: str) -> dict[str, dict[str, Any]]:
    """What is told of a function, by its words."""
    rows = next(each for each in found["functions"] if each["api"] == api)["changes"]
    return {each["message"]: each for each in rows}


@pytest.fixture(scope="module")
def to_kylie() -> Rehearsal:
    """The main purchase from Grace to Kylie."""
    return rehearse(Wanted(Settings(release="grace"), "kylie", [Path(NEW_INSTALL)]), lambda _: None)


def test_from_a_release_to_itself_nothing_is_told(tmp_path: Path) -> None:
    code, found, _ = told(
        "scenarios/quote/firm-immediate.oit.yaml", "--from", "grace", "--to", "grace", folder=tmp_path
    )
    assert code == 0
    assert [(each["changes"], each["clauses"]) for each in found["functions"]] == [([], [])]


def test_a_ticket_from_dolly_to_grace_has_what_its_messages_touch(tmp_path: Path) -> None:
    code, found, page = told(
        "scenarios/ticket/known-incident.oit.yaml", "scenarios/quote/firm-immediate.oit.yaml", "--from", "dolly", "--to", "grace",
        folder=tmp_path,
    )  # fmt: skip
    assert code == 1
    assert changes(found, "quote") == {}
    ticket = changes(found, "troubleTicket")
    impact = ticket["Incident.impact: the member is new, and demanded"]
    assert impact["shown"]
    assert impact["breaks"] == [{"stays": "seller", "because": "it may leave out what is demanded"}]
    assert {each["operation"] for each in impact["examples"]} == {"retrieveIncident"}
    assert {each["side"] for each in impact["examples"]} == {"from", "to"}
    assert ticket['IncidentType: the value "down" is gone']["shown"]
    assert 'IncidentType: the value "degraded" is gone' not in ticket  # this scenario has none
    assert not any("observedImpact" in each for each in ticket)  # nor does it patch anything
    act = found["acts"][0]
    assert (act["from"]["verdict"], act["to"]["verdict"]) == ("pass", "pass")
    assert all({"from", "to"} <= set(step) for step in act["steps"])
    rows = next(each for each in found["functions"] if each["api"] == "troubleTicket")["clauses"]
    assert ("W124-R46", "MEF124-R48") in {(each["from"], each["to"]) for each in rows if each["fate"] == "different"}
    for example in impact["examples"]:
        assert f'id="x-{example["act"]}-{example["side"]}-{example["exchange"]}"' in page


SECTION_11 = {
    "geographicAddress": [
        "the base path is /mefApi/sonata/geographicAddressManagement/v8",
        "GeographicAddressValidation_Create.instantSyncValidation: the member is new, and demanded",
        "provideAlternative: the member is gone",
        "validationResult: the member is gone",
        "TrueFalseUnknown: the type is string, was boolean",
        "the variant FieldedAddress is gone",
        "201: the status is new",
    ],
    "geographicSite": [
        "GET /geographicSite: the operation has moved to POST /geographicSite",
        "there is a body",
        "query geographicAddress.id: the parameter is gone",
        "the type is object, was array",
        "GeographicSite.administrativeAuthority: the member is new, and demanded",
        "GeographicSite.companyName: the member is gone",
        "GeographicSite.siteRestrictionType: the member is new, and demanded",
        "GeographicSite.networkType: the member is new, and demanded",
        "GeographicSite.customerName: the member is demanded",
    ],
    "productOfferingQualification": [
        'MEFPOQTaskStateType: the value "done.ready" is gone',
        'MEFPOQTaskStateType: the value "done" is new',
        'MEFPOQTaskStateType: the value "rejected" is new',
        "instantSyncQualification: the member is demanded",
        "ProductOfferingQualification.stateChange: the member is demanded",
        "ProductOfferingQualification.creationDate: the member is new, and demanded",
        "RelatedPlaceRefOrQueryWithSubUnit.place: the member is new, and demanded",
    ],
    "quote": [
        "MEFQuoteItem_Common.product: the member is demanded",
        "Quote.state: the member is demanded",
        "QuoteItem.stateChange: the member is new, and demanded",
        "QuotePrice.price: the member is demanded",
        "Duration: the type is object, was string",
        'TimeUnit: the value "calendarMonths" is gone',
        "RelatedPlaceRefOrQueryWithSubUnit.place: the member is new, and demanded",
    ],
    "productOrder": [
        "MEFProductOrderItem_Common.product: the member is demanded",
        "MEFProductOrderItem_Common.requestedCompletionDate: the member is demanded",
        "ProductOrderItem.state: the member is demanded",
        "ProductOrderItem.stateChange: the member is demanded",
        "RelatedPlaceRefOrQueryWithSubUnit.place: the member is new, and demanded",
    ],
    "productInventory": [
        "the base path is /mefApi/sonata/productInventory/v8",
        "MEFProduct.statusChange: the member is demanded",
        "Duration: the type is object, was string",
    ],
}
"""What breaks partners of Grace in Kylie, of the functions that the main purchase uses."""


def test_the_main_purchase_to_kylie_names_every_breaking_change_that_it_touches(to_kylie: Rehearsal) -> None:
    found = rehearsal_json(to_kylie)
    for api, wanted in SECTION_11.items():
        words = list(changes(found, api))
        assert [each for each in wanted if not any(each in one for one in words)] == [], api


def test_nothing_is_named_that_does_not_change_or_is_not_gone_by(to_kylie: Rehearsal) -> None:
    old, new = to_kylie.old, to_kylie.new
    called = {each.api: set() for act in to_kylie.acts for each in act.old.exchanges if each.api}
    for act in to_kylie.acts:
        for exchange in act.old.exchanges:
            called[exchange.api].add(exchange.operation)
    assert {each.api for each in to_kylie.functions} == set(called)
    for function in to_kylie.functions:
        known = {(each.contract, each.words) for each in compare_contracts(old, new, function.api)}
        for each in function.changes:
            assert not each.change.structural or (each.change.contract, each.change.words) in known
            assert {touch.operation for touch in each.touches} <= called[function.api]
        assert len(function.changes) < function.total


def test_whatever_the_other_contract_would_refuse_is_named(to_kylie: Rehearsal) -> None:
    """Each place at which a message is wrong by Kylie's contract is one at which a change is shown, of who sends it."""
    touching, looked = Touching(to_kylie.old, to_kylie.new), 0
    for exchange in to_kylie.acts[0].old.exchanges:
        contract = to_kylie.new.contract(exchange.api or "", exchange.kind)
        assert exchange.operation
        assert exchange.response
        request = contract.request_breaches(exchange.operation, exchange.request, advisory=False)
        answer = contract.response_breaches(exchange.operation, exchange.response, advisory=False)
        for party, parts, breaches in (
            (Party.BUYER, (Part.REQUEST, Part.QUERY), request),
            (Party.SELLER, (Part.ANSWER,), answer),
        ):
            shown = {
                touch.pointer
                for _, change, touch in touching.of(exchange, End.OLD)
                if touch.shown and touch.part in parts and party in dict(change.breaks)
            }
            for breach in breaches:
                looked += 1
                place = re.sub(r"/[0-9]+(?=/|$)", "/*", breach.place)
                assert any(f"{each}/".startswith(f"{place}/") or place.startswith(f"{each}/") for each in shown), breach
    assert looked > 100


def test_what_cannot_be_played_is_said_and_the_contracts_are_asked(tmp_path: Path) -> None:
    code, found, page = told(BILLING, "--from", "grace", "--to", "dolly", folder=tmp_path)
    assert code == 1
    act = found["acts"][0]
    assert act["from"]["played"]
    assert not act["to"]["played"]
    assert act["to"]["why"]
    assert "the management contract is gone" in " ".join(changes(found, "billing"))
    assert "not played there" in page


def test_what_is_played_in_neither_release_is_told_with_the_reason(tmp_path: Path) -> None:
    code, found, _ = told(BILLING, "--from", "dolly", "--to", "dolly", folder=tmp_path)
    assert code == 3
    assert [act[end]["played"] for act in found["acts"] for end in ("from", "to")] == [False, False]
    assert found["acts"][0]["from"]["why"]
    assert found["functions"] == []


def test_events_that_one_release_alone_tells_are_named() -> None:
    side = {"played": True, "verdict": "pass", "exchanges": [], "findings": [], "events": {}}
    told = {"from": {**side, "release": "a", "events": {"poqCreateEvent": 1}}, "to": {**side, "release": "b"}}
    lines = list(act_lines({"from": "a", "to": "b"}, {"what": "scenario", **told}))
    assert lines[-1] == "told in a alone: poqCreateEvent"


def test_of_many_exchanges_only_examples_are_shown_with_their_messages(to_kylie: Rehearsal) -> None:
    found = rehearsal_json(to_kylie)
    found["acts"] *= 20
    page = rehearsal_page(found).decode()
    assert 0 < page.count("<details id=") < 27
    for link in re.findall(r'href="#(x-[^"]+)"', page):
        assert f'id="{link}"' in page


# -- recorded traffic ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What crossed in a run of Dolly."""
    folder = tmp_path_factory.mktemp("ran")
    oit("run", "scenarios/ticket/known-incident.oit.yaml", "--release", "dolly", "--report", "json,transcript", "--report-dir",
        str(folder))  # fmt: skip
    return folder


def test_of_recorded_traffic_is_told_what_breaks(recorded: Path, tmp_path: Path) -> None:
    way = ("--from", "dolly", "--to", "grace")
    code, found, page = told("--traffic", str(recorded / "transcript.ndjson"), *way, folder=tmp_path / "a")
    assert code == 1
    assert found["acts"][0]["what"] == "traffic"
    ticket = changes(found, "troubleTicket")
    assert ticket["Incident.impact: the member is new, and demanded"]["shown"]
    assert {each["side"] for row in ticket.values() for each in row["examples"]} == {"from"}
    assert "recorded traffic of dolly" in page
    entries = json.loads((recorded / "report.json").read_bytes())["exchanges"]
    archive = write(tmp_path / "x.har", har(*map(har_entry, entries)))
    _, again, _ = told("--traffic", archive, *way, folder=tmp_path / "b")
    assert set(changes(again, "troubleTicket")) == set(ticket)


def test_traffic_of_a_broken_and_hostile_partner_is_told_without_secrets(recorded: Path, tmp_path: Path) -> None:
    bad = "</pre><script>alert(1)</script>\u202e"
    entries = json.loads((recorded / "report.json").read_bytes())["exchanges"]
    for each in entries:
        each["request"]["headers"]["Authorization"] = "Bearer c2VjcmV0LXRva2VuLW9mLXRoZS1wYXJ0bmVy"
        if isinstance(each["request"]["body"], dict):
            each["request"]["body"]["description"] = bad
            each["request"]["body"]["password"] = "hunter2-of-the-partner"
    entries[0]["request"]["body"] = [[["not what it should be"]]]
    archive = write(tmp_path / f"{'x' * 8}<b>.har", har(*map(har_entry, entries)))
    _, found, page = told("--traffic", archive, "--from", "dolly", "--to", "grace", folder=tmp_path / "out")
    for text in (page, json.dumps(found)):
        assert "c2VjcmV0" not in text
        assert "hunter2" not in text
    assert "<script" not in page
    assert "<b>.har" not in page
    assert "\u202e" not in page
    assert "default-src 'none'" in page
    assert found["functions"]


def test_the_page_shows_any_text_as_text(to_kylie: Rehearsal) -> None:
    found = rehearsal_json(to_kylie)
    found["acts"][0]["name"] = found["acts"][0]["to"]["why"] = "<img src=x onerror=alert(1)>"
    found["functions"][0]["changes"][0]["message"] = "<img src=y>"
    page = rehearsal_page(found).decode()
    assert "<img" not in page
    assert "&lt;img src=y&gt;" in page


def test_a_partners_seller_plays_the_side_that_it_speaks(tmp_path: Path) -> None:
    (tmp_path / "quick.yaml").write_text(QUICK)
    grace, clock, heard = load_release(), RealClock(), Transcript()
    seller = make_seller(grace, load_profile(tmp_path / "quick.yaml", release=grace), clock)
    running = open_door(serve_seller(seller, lambda _: heard))
    running.start()
    try:
        way = ("--from", "grace", "--to", "dolly", "--sut", f"seller={running.url}")
        _, found, _ = told("scenarios/order/patch-and-find.oit.yaml", *way, folder=tmp_path / "out")
    finally:
        running.stop()
    assert len(heard) == len(found["acts"][0]["from"]["exchanges"]) > 0
    assert found["acts"][0]["to"]["verdict"] == "pass"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing option '--to'"),
        (["--to", "dolly"], "what is rehearsed?"),
        (["--to", "ella", NEW_INSTALL], "There is no release 'ella'"),
        (["--to", "dolly", "--sut", "buyer", NEW_INSTALL], "give what was recorded as --traffic"),
        (["--to", "dolly", "--sut", "seller=http://127.0.0.1:1", "--traffic", "x.har"], "--sut has no effect"),
        (["--to", "dolly", "nowhere.oit.yaml"], "there is no such file or folder"),
        (["--to", "dolly", "--traffic", "nowhere.har"], "nowhere.har"),
    ],
)
def test_what_is_asked_wrongly_is_said(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = oit("rehearse", *arguments, "--report-dir", str(tmp_path))
    assert done.code == 2
    assert said in done.err
    assert not list(tmp_path.iterdir())


def test_a_scenario_that_is_wrong_in_both_releases_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "x.oit.yaml"
    file.write_text(
        'oit: "1"\nid: x\ntitle: x\nsources: {quote: {api: quote, servedBy: seller}}\nflow: [{id: a, call: quote.nothing}]\n'
    )
    done = oit("rehearse", str(file), "--to", "dolly", "--report-dir", str(tmp_path / "out"))
    assert done.code == 2
    assert f"{file}:5:" in done.err


def test_nothing_that_belongs_to_a_contract_is_nothing(tmp_path: Path) -> None:
    archive = write(tmp_path / "x.har", har())
    done = oit("rehearse", "--traffic", archive, "--to", "dolly", "--report-dir", str(tmp_path / "out"))
    assert done.code in (3, 5)
