"""The HTML report: one file, whatever a stranger sent, and a view model that says what the run did."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from emulator.judge.rules import BOOKS
from emulator.record.exchange import Party
from emulator.report import html
from emulator.report.explain import why
from emulator.report.html.catalogue import catalogue
from emulator.report.html.exact import MARK
from emulator.report.html.explained import explained
from emulator.report.html.fixes import to_fix
from emulator.report.html.lives import lives
from emulator.report.html.page import embedded
from emulator.report.html.summary import reached, summary, summary_of_all
from emulator.report.model import whole_report
from emulator.standard.breach import Breach
from emulator.standard.release import load_release
from tests.judge.exchanges import exchange
from tests.report.runs import BREACH, FAILED_STEP, PASSED_STEP, full_report, report

BOOK_RULES = [rule for book in BOOKS.values() for rule in book.rules]
HOSTILE = "</script><script>alert(1)</script><!--<script>\u2028\u2029\u202e<img src=x onerror=alert(1)>"


class Parsed(HTMLParser):
    """The scripts, the styles and the policy of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.style = self.policy = ""
        self.sources: list[str] = []
        self._open: tuple[str, dict[str, str | None]] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = str(found["content"])
        self.sources += [str(found[name]) for name in ("src", "href") if name in found]
        self._open = (tag, found)
        if tag == "script":
            self.scripts.append((found, ""))

    def handle_data(self, data: str) -> None:
        if self._open and self._open[0] == "script":
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
        if self._open and self._open[0] == "style":
            self.style += data

    def handle_endtag(self, tag: str) -> None:
        self._open = None

    def data(self, name: str) -> Any:
        return json.loads(next(text for attrs, text in self.scripts if attrs.get("id") == name))


def page_of(told: dict[str, Any]) -> Parsed:
    return Parsed(html.render(told).decode())


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_file_holds_the_report_and_the_catalogue(tmp_path: Path) -> None:
    told = full_report()
    path = html.write(told, tmp_path / "new")
    parsed = Parsed(path.read_text(encoding="utf-8"))
    assert path.name == "report.html"
    held = parsed.data("oit-report")
    held.pop("view")
    assert held == json.loads(json.dumps(told))
    assert parsed.data("oit-catalogue") == json.loads(json.dumps(catalogue(load_release())))


def test_nothing_is_loaded_and_the_policy_lets_only_the_pages_own_code_run() -> None:
    parsed = page_of(full_report())
    code = next(text for attrs, text in parsed.scripts if "id" not in attrs)
    assert parsed.sources == ["data:,"]
    assert "default-src 'none'" in parsed.policy
    assert "connect-src 'none'" in parsed.policy
    assert f"script-src {digest(code)};" in parsed.policy
    assert f"style-src {digest(parsed.style)};" in parsed.policy
    assert "unsafe" not in parsed.policy


def test_text_of_strangers_cannot_leave_its_place() -> None:
    told = report(exchange({"id": HOSTILE, "state": HOSTILE}), title=HOSTILE, case=HOSTILE)
    written = html.render(told).decode()
    parsed = Parsed(written)
    assert [attrs.get("id") for attrs, _ in parsed.scripts] == ["oit-catalogue", "oit-report", None]
    assert parsed.data("oit-report")["exchanges"][0]["response"]["body"]["id"] == HOSTILE
    assert "<img" not in written
    assert "\u2028" not in embedded(HOSTILE)


def test_markers_of_the_template_in_a_report_are_left_alone() -> None:
    told = report(exchange({"id": "@script@ @data@ @style@"}), case="@style@")
    assert page_of(told).data("oit-report")["exchanges"][0]["response"]["body"]["id"] == "@script@ @data@ @style@"


def test_a_body_nested_deeper_than_orjson_writes_is_still_written() -> None:
    value: Any = "deep"
    for _ in range(290):
        value = [value]
    assert json.loads(embedded({"body": value}))["body"][0][0]


def test_no_script_of_ours_reads_text_as_html() -> None:
    folder = Path(html.__file__).parent / "static"
    for script in folder.glob("*.js"):
        text = script.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            script
        )


def test_the_view_changes_nothing_of_the_report() -> None:
    one, two = full_report(), report()
    before = json.dumps([one, two])
    seen = html.view(whole_report([one, two]))
    assert json.dumps([one, two]) == before
    assert [set(run) - set(given) for run, given in zip(seen["runs"], [one, two], strict=True)] == [{"view"}, {"view"}]
    assert {row["id"] for row in seen["view"]["trace"]} == set(load_release().requirements)


def test_the_first_things_to_fix_are_the_partners_breaches_each_once() -> None:
    told = report(
        exchange({"id": "1"}), exchange({"id": "2"}), breaches=(BREACH,), steps=(PASSED_STEP,), sut=Party.SELLER
    )
    about = summary(told)
    first = about["first"][0]
    assert (first["kind"], first["verdict"], first["blame"], first["count"]) == ("finding", "fail", "seller", 2)
    assert told["findings"][first["finding"] - 1]["rule"] == first["rule"]
    assert (first["expected"], first["found"]) == ("approved.orderable", "unableToProvide")
    assert about["blame"] == [{"who": "seller", "tested": True, "counts": {"fail": 2}}]
    assert about["sentence"] == "The Seller breaks the standard in 1 way (2 findings)."


def test_a_step_that_no_breach_explains_is_a_thing_to_fix() -> None:
    about = summary(report(steps=(FAILED_STEP,), sut=Party.SELLER))
    assert [(entry["kind"], entry["step"], entry["exchange"]) for entry in about["first"]] == [("step", "ask again", 1)]


def test_a_passed_run_has_nothing_to_fix() -> None:
    about = summary(report())
    assert (about["first"], about["blame"]) == ([], [])


# -- the ways of resources


def shown(n: int, state: str, *, operation: str = "retrieveQuote", history: Any = None, **more: Any) -> dict[str, Any]:
    """An exchange of a report that shows a firm quote."""
    body = {"id": "q-1", "state": state, "quoteLevel": "firm", "stateChange": history, **more}
    return {
        "n": n,
        "at": f"2026-01-01T00:00:{n:02}.000Z",
        "api": "quote",
        "kind": "management",
        "operation": operation,
        "from": "buyer",
        "to": "seller",
        "step": None,
        "request": {"method": "GET", "url": "http://x/quote/q-1", "headers": {}, "body": None, "body_encoding": "none"},
        "response": {"status": 200, "headers": {}, "body": body, "body_encoding": "json"},
    }


def told_of(n: int, moment: str) -> dict[str, Any]:
    """A notification of a change of that quote."""
    body = {"eventId": "e", "eventType": "quoteStateChangeEvent", "eventTime": moment, "event": {"id": "q-1"}}
    request = {"method": "POST", "url": "http://x/l", "headers": {}, "body": body, "body_encoding": "json"}
    base = shown(n, "")
    return {**base, "kind": "notification", "operation": "listenToQuoteStateChangeEvent", "request": request}


def ways(*exchanges: dict[str, Any]) -> list[tuple[Any, ...]]:
    life = lives({"run": {"release": "grace"}, "exchanges": list(exchanges)})[0]
    return [
        (edge["from"], edge["to"], edge["legal"], edge["unseen"], [(w["by"], w["exchange"]) for w in edge["witnesses"]])
        for edge in life["edges"]
    ]


def test_a_change_between_two_reads_is_an_edge_with_its_witness() -> None:
    assert ways(shown(1, "acknowledged", operation="createQuote"), shown(2, "inProgress")) == [
        (None, "acknowledged", True, False, [("POST", 1)]),
        ("acknowledged", "inProgress", True, False, [("GET", 2)]),
    ]


def test_states_that_went_unseen_are_on_the_way_and_only_its_end_has_a_witness() -> None:
    assert ways(shown(1, "acknowledged"), shown(2, "approved.orderable")) == [
        ("acknowledged", "inProgress", True, True, []),
        ("inProgress", "approved.orderable", True, True, [("GET", 2)]),
    ]


def test_a_change_that_the_machine_does_not_have_is_illegal_and_both_sightings_say_so() -> None:
    assert ways(shown(1, "rejected"), shown(2, "inProgress")) == [
        ("rejected", "inProgress", False, False, [("GET", 1), ("GET", 2)])
    ]


def test_history_and_events_are_witnesses_beside_reads() -> None:
    history = [
        {"state": "acknowledged", "changeDate": "2026-01-01T00:00:01.000Z"},
        {"state": "inProgress", "changeDate": "2026-01-01T00:00:02.000Z"},
    ]
    found = ways(
        shown(1, "acknowledged", operation="createQuote"),
        told_of(3, "2026-01-01T00:00:02.000Z"),
        shown(4, "inProgress", history=history),
    )
    assert found == [
        (None, "acknowledged", True, False, [("stateChange", 4), ("POST", 1)]),
        ("acknowledged", "inProgress", True, False, [("stateChange", 4), ("GET", 4), ("notification", 3)]),
    ]


def test_what_was_spoilt_on_purpose_shows_nothing() -> None:
    assert lives({"run": {"release": "grace"}, "exchanges": [{**shown(1, "rejected"), "spoilt": True}]}) == []


def test_items_have_ways_of_their_own_behind_their_resource() -> None:
    items = {"quoteItem": [{"id": "a", "state": "acknowledged"}, {"id": 7, "state": []}]}
    found = lives(
        {"run": {"release": "grace"}, "exchanges": [shown(1, "acknowledged", **items), shown(2, "acknowledged")]}
    )
    assert [(life["item"], life["machine"], life["state"]) for life in found] == [
        (None, "quote.firm", "acknowledged"),
        ("a", "quoteItem.firm", "acknowledged"),
    ]


def test_bodies_of_strangers_break_no_way() -> None:
    for body in (
        None,
        1,
        [],
        {"id": []},
        {"id": "q", "state": {}, "stateChange": [1, {"changeDate": 3}], "quoteItem": 4},
    ):
        exchange_ = shown(1, "x")
        exchange_["response"]["body"] = body
        assert isinstance(lives({"run": {"release": "grace"}, "exchanges": [exchange_]}), list)


# -- the catalogue


def test_every_state_of_every_machine_has_a_place_of_its_own() -> None:
    for name, machine in load_release().lifecycles.items():
        places = catalogue(load_release())["machines"][name]["places"]
        assert set(places) == set(machine.states)
        assert len({tuple(place) for place in places.values()}) == len(places)


def test_the_catalogue_knows_each_requirement_and_the_rules_that_speak_on_it() -> None:
    told = catalogue(load_release())
    assert set(told["requirements"]) == set(load_release().numbered)
    assert {row["guide"] for row in told["requirements"].values() if row.get("claimed")} == {"MEF128"}
    assert all(set(row.get("rules", ())) <= set(told["rules"]) for row in told["requirements"].values())
    assert told["guides"]["MEF115"] == {"api": "quote", "version": "8.0.1", "function": "Quote"}
    assert told["rules"]["MEF115-R27"]["places"] == ["/id"]


def test_numbers_that_a_browser_would_misread_are_marked_and_others_left() -> None:
    body = {"big": 2**60, "whole": 12.0, "part": 0.5, "small": 7, "list": [1, 2.0], "true": True}
    told = html.view(report(exchange(body)))
    shown = told["exchanges"][0]["response"]["body"]
    assert shown == {
        "big": {MARK: "1152921504606846976"},
        "whole": {MARK: "12.0"},
        "part": 0.5,
        "small": 7,
        "list": [1, {MARK: "2.0"}],
        "true": True,
    }
    assert html.view(report(exchange({"part": 0.5})))["exchanges"][0]["response"]["body"] == {"part": 0.5}


def test_rules_that_found_something_bring_their_own_example() -> None:
    told = report(exchange({"id": "1"}))
    row = {
        "requirements": [],
        "blame": "seller",
        "exchange": 1,
        "pointer": "",
        "expected": None,
        "found": None,
        "message": "x",
    }
    told["findings"] = [
        {"rule": "MEF115-R52", "verdict": "fail", **row},
        {"rule": "of.another.version", "verdict": "fail", **row},
        {"rule": "MEF115-R27", "verdict": "pass", **row},
    ]
    found = explained(told)
    assert list(found) == ["MEF115-R52"]
    change = found["MEF115-R52"]["changes"][0]
    assert (change["pointer"], change["right"], change["wrong"]) == (
        "/quoteItem/0/state",
        "approved.orderable",
        "approved.orderableAlternate",
    )


def test_what_is_disputed_brings_the_readings_of_the_standard() -> None:
    register = load_release().interpretations
    rule = next(
        rule for rule in BOOK_RULES if any(set(rule.requirements) & set(e.requirements) for e in register.values())
    )
    told = report(exchange({"id": "1"}))
    told["findings"] = [
        {"rule": rule.id, "verdict": "disputed", "requirements": [], "blame": "spec", "exchange": 1, "pointer": "",
         "expected": None, "found": None, "message": "x"}
    ]  # fmt: skip
    readings = explained(told)[rule.id]["readings"]
    assert readings
    assert all(register[entry["id"]].title == entry["title"] for entry in readings)


def test_what_is_excused_is_not_to_be_fixed_and_an_entry_that_is_over_is() -> None:
    told = report(exchange({"id": "1"}), exchange({"id": "2"}), breaches=(BREACH,), sut=Party.SELLER)
    excuse = {"owner": "ops", "reason": "next release", "link": None, "expires": "2026-12-31", "where": "k.yaml:1:1"}
    for row in told["findings"]:
        row["excused"] = excuse
    entry = {**excuse, "id": "MEF115-R52", "status": "stale"}
    told["known_failures"] = {"file": "k.yaml", "entries": [entry, {**entry, "status": "excused"}]}
    about = summary(told)
    assert about["blame"] == []
    assert [(row["kind"], row["id"], row["verdict"]) for row in about["first"]] == [("known", "MEF115-R52", "stale")]
    assert about["sentence"] == "1 known failure is expired or happened no more. Known failures excuse 2 breaches."


def excused(told: dict[str, Any]) -> dict[str, Any]:
    """The report with all its findings excused, as a file of known failures does it."""
    for row in told["findings"]:
        row["excused"] = {"owner": "o", "reason": "r", "link": None, "expires": "2030-01-01", "where": "k.yaml:1:1"}
    return {**told, "verdict": "pass", "excused": {"findings": len(told["findings"]), "steps": 0, "otherwise": "fail"}}


@pytest.mark.parametrize("say", [
    excused,
    lambda told: {**told, "findings": [{**told["findings"][0], "verdict": "warning"}]},
    lambda told: {**told, "findings": [{**told["findings"][0], "verdict": "disputed"}]},
    lambda told: {**told, "findings": [], "covers": {"strict": False, "asked": ["a", "b"], "not_seen": ["b"]}},
])  # fmt: skip
def test_a_run_that_passed_with_something_in_it_never_says_that_nothing_was_wrong(say: Any) -> None:
    told = say({**report(breaches=(BREACH,), sut=Party.SELLER), "verdict": "pass"})
    sentence = summary(told)["sentence"]
    assert "nothing was wrong" not in sentence
    assert any(word in sentence for word in ("1 breach", "1 warning", "1 disputed", "1 were not seen"))
    assert "nothing was wrong" in summary(report())["sentence"]
    assert "nothing was wrong" not in summary_of_all({"runs": [told, told]})["sentence"]


def test_findings_of_one_cause_are_one_thing_whatever_item_or_operation_they_are_of() -> None:
    items = tuple(Breach(f"/quoteItem/{n}/state", "a", "b", f"/quoteItem/{n}/state is b") for n in range(3))
    other = Breach("/quoteItem/0/id", "a", "b", "/quoteItem/0/id is b")
    told = report(exchange({}), exchange({}, operation="createIt"), breaches=(*items, other), sut=Party.SELLER)
    first, second = to_fix(told)
    assert (first["pointer"], first["count"], first["runs"]) == ("/quoteItem/*/state", 6, 1)
    assert first["message"] == "/quoteItem/*/state is b"
    assert first["operations"] == ["retrieveGeographicAddress", "createIt"]
    assert [told["findings"][place["finding"] - 1]["pointer"] for place in first["places"][:3]] == [
        "/quoteItem/0/state", "/quoteItem/1/state", "/quoteItem/2/state",
    ]  # fmt: skip
    assert (second["pointer"], second["count"]) == ("/quoteItem/0/id", 2)
    assert summary(told)["sentence"] == "The Seller breaks the standard in 2 ways (8 findings)."


@pytest.mark.parametrize(("cause", "things"), [("credentials", 1), ("load", 1), ("data", 2), ("expectation", 2)])
def test_a_cause_of_many_runs_is_told_once(cause: str, things: int) -> None:
    def run(step: str) -> dict[str, Any]:
        told = report(steps=(replace(FAILED_STEP, id=step, message=f"not by {step}"),), sut=Party.SELLER)
        return {
            **told,
            "steps": [{**row, "outcome": "unmet", "cause": cause, "inputs": step.split()[:1]} for row in told["steps"]],
        }

    found = to_fix({"runs": [run("one"), run("one"), run("other")]})
    assert sum(thing["count"] for thing in found) == 3
    assert len(found) == things
    again = to_fix({"runs": [run(f"one {n} 01a2-{n}") for n in range(3)]})
    assert [(thing["count"], thing["runs"]) for thing in again] == [(3, 3)]
    assert why(cause) in summary(run("one"))["sentence"]
    assert found[0]["runs"] == (3 if things == 1 else 2)
    assert [place["run"] for place in found[0]["places"]] == [1, 2, 3][: found[0]["runs"]]


def test_breaches_of_all_runs_come_before_what_was_only_not_met_and_those_of_most_runs_first() -> None:
    rare, usual = Breach("/rare", "a", "b", "c"), Breach("/usual", "a", "b", "c")
    step = report(steps=(FAILED_STEP,), sut=Party.SELLER)
    runs = [step, report(breaches=(rare, usual), sut=Party.SELLER), report(breaches=(usual,), sut=Party.SELLER)]
    found = to_fix({"runs": runs})
    assert [thing.get("pointer", thing["kind"]) for thing in found] == ["/usual", "/rare", "step"]
    about = summary_of_all({"runs": runs})
    assert about["sentence"].startswith("3 runs: 2 failed, 1 inconclusive.")
    assert about["tested"] == reached(runs[0])


def test_where_the_party_under_test_was_reached_is_told_without_credentials() -> None:
    told = report(exchange({}), sut=Party.SELLER)
    for url in (
        "https://user:pass@seller.test:8443/base/mefApi/sonata/quoteManagement/v8/quote?x=1",
        "http://[::1",
        "/x",
    ):
        told["exchanges"].append({**told["exchanges"][0], "request": {"url": url}})
    assert reached(told)[1:] == ["https://seller.test:8443/base"]
    assert reached(report()) == []
