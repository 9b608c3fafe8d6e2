"""A report of a run whose exchanges are of several releases says of each finding and verdict which one it is of."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from emulator.judge.judge import judge
from emulator.report import chosen, junit_report, sarif_report
from emulator.report.coverage import trace
from emulator.report.difference import difference
from emulator.report.explain import headline, hint
from emulator.report.html.lives import lives
from emulator.report.html.view import view
from emulator.report.model import Report, run_report, whole_report
from emulator.report.released import release_of, releases_of
from emulator.standard.release import Release, load_release
from tests.judge.exchanges import transcript
from tests.judge.test_releases import read
from tests.report.runs import info


@pytest.fixture
def run(fable: Release) -> Report:
    """A run of the real release in which one exchange is of the other: there 404 breaks the clause that R15 is."""
    exchanges = transcript(read("grace"), read(fable.name))
    return run_report(info(), [], exchanges, judge(exchanges, load_release()))


def test_rows_name_their_release_where_it_is_not_the_runs(run: Report, fable: Release) -> None:
    schema = json.loads(files("emulator.report").joinpath("report-2.schema.json").read_bytes())
    jsonschema.validate(run, schema)
    (broken,) = (row for row in run["findings"] if row["verdict"] == "fail")
    assert (broken["rule"], broken["release"]) == ("MEF122-R15", "fable")
    assert all("release" not in row for row in run["findings"] if row["exchange"] == 1)
    verdicts = {(row.get("release"), row["id"]): row["verdict"] for row in run["requirements"]}
    assert (verdicts[None, "MEF122-R15"], verdicts["fable", "MEF122-R15"]) == ("pass", "fail")
    assert [each.name for each in releases_of(run)] == ["grace", "fable"]
    assert release_of(run, broken) is fable


def test_what_is_told_has_the_label_and_the_words_of_that_release(run: Report, fable: Release) -> None:
    (broken,) = (row for row in run["findings"] if row["verdict"] == "fail")
    assert headline(run, broken) == "MEF122-R15 (section 6.2, release fable), rule MEF122-R15"
    assert hint(run, broken) == "oit explain MEF122-R15 --release fable"
    log = json.loads(sarif_report.render(run))["runs"][0]
    assert {rule["id"]: rule["shortDescription"]["text"] for rule in log["tool"]["driver"]["rules"]} == {
        "fable:MEF122-R15": "An unknown site id is answered 410"
    }
    assert [result["ruleId"] for result in log["results"]] == ["fable:MEF122-R15"]
    cases = junit_report.render(run).decode()
    assert 'name="fable:MEF122-R15"' in cases
    assert 'name="MEF122-R15"' in cases
    shown = view(run)
    assert {row["id"]: row["verdict"] for row in shown["requirements"]}["fable:MEF122-R15"] == "fail"
    assert [row["requirements"] for row in shown["findings"] if row["verdict"] == "fail"] == [["fable:MEF122-R15"]]
    assert [row["rule"] for row in shown["view"]["summary"]["first"]] == ["fable:MEF122-R15"]
    told = {row["id"]: row for row in trace(fable.requirements, [run], release="fable")["requirements"]}
    assert (told["MEF122-R15"]["verdict"], told["MEF122-R12"]["verdict"]) == ("fail", "not_seen")
    assert difference(run, run)["requirements"] == []


def test_several_runs_of_several_releases_are_traced_each_by_its_own(
    run: Report, fable: Release, tmp_path: Path
) -> None:
    other = transcript(read("fable"))
    second = run_report(info(id="r2", release="fable"), [], other, judge(other, fable))
    assert all("release" not in row for row in [*second["findings"], *second["requirements"]])
    whole = whole_report([second, run])
    traced = {row["id"]: row for row in view(whole)["view"]["trace"]}
    assert (traced["MEF122-R15"]["verdict"], len(traced["MEF122-R15"]["runs"])) == ("fail", 1)  # one name, both runs
    assert traced["grace:MEF122-R15"]["verdict"] == "pass"
    (page,) = (write(whole, tmp_path) for write in chosen("html"))
    text = page.read_text(encoding="utf-8")
    assert "An unknown site id is answered 410" in text
    assert '"others":{"grace":' in text


def test_no_release_knows_a_resource_of_another_one(fable: Release) -> None:
    """The same site id in both is two lives, each on the page."""

    def shown(n: int, release: str) -> Report:
        body = {"id": "site-1"}
        named = {"n": n, "at": "2026-01-01T00:00:00Z", "api": "geographicSite", "operation": "retrieveGeographicSite"}
        request = {"method": "GET", "url": "http://x/site-1", "headers": {}, "body": None}
        answered = {"request": request, "response": {"status": 200, "headers": {}, "body": body}}
        return {**named, "kind": "management", "release": release, **answered}

    found = lives({"run": {"release": "grace"}, "exchanges": [shown(1, "grace"), shown(2, fable.name)]})
    assert [(life["id"], [each["exchange"] for each in life["shown"]]) for life in found] == [
        ("site-1", [1]),
        ("site-1", [2]),
    ]
