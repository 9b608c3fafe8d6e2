"""Reports of real runs in every format, known failures, `oit report`, `oit diff`, and how a failing run ends."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest

from emulator.doors.running import Running
from emulator.hosting import make_seller, serve_seller
from emulator.parties.clock import RealClock
from emulator.parties.profile import load_profile
from emulator.record.exchange import Transcript
from emulator.report import json_report
from emulator.standard.release import load_release
from tests.broken.sellers import SELLERS
from tests.broken.spoiler import spoilt
from tests.cli.processes import QUICK, ROOT, Done, oit
from tests.report.schemas import problems

SCENARIO = str(ROOT / "scenarios/places/find.oit.yaml")
BROKEN = next(seller for seller in SELLERS if seller.name == "an-unknown-address-is-a-bad-request")
ALL = "json,junit,sarif,har,summary,transcript"


@pytest.fixture(scope="module")
def sellers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The URLs of a seller that is right and of one that answers 400 for an address that it does not know."""
    profile = tmp_path_factory.mktemp("seller") / "quick.yaml"
    profile.write_text(QUICK)
    running = Running(
        serve_seller(make_seller(load_release(), load_profile(profile), RealClock()), lambda _: Transcript())
    )
    url = running.start()
    try:
        with spoilt(url, BROKEN.spoil) as bad:
            yield url, bad
    finally:
        running.stop()


@pytest.fixture(scope="module")
def failed(sellers: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Path]:
    """A run against the broken seller, in every format."""
    folder = tmp_path_factory.mktemp("failed")
    return oit("run", SCENARIO, "--sut", f"seller={sellers[1]}", "--report", ALL, "--report-dir", str(folder)), folder


@pytest.fixture(scope="module")
def passed(sellers: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("passed")
    done = oit("run", SCENARIO, "--sut", f"seller={sellers[0]}", "--report", "json", "--report-dir", str(folder))
    assert done.code == 0, done.err
    return folder


def read(path: Path) -> Any:
    return json.loads(path.read_bytes())


def known(folder: Path, expires: str = "2999-12-31", **entry: str) -> str:
    path = folder / "known-failures.yaml"
    usual = {"scenario": "places-find", "owner": "Ann", "reason": "fixed in 2.1", "expires": expires}
    path.write_text(json.dumps({"oit": "1", "known": [{**usual, **entry}]}))
    return str(path)


def test_a_failing_run_ends_with_what_broke_whose_fault_it_is_and_what_to_do(failed: tuple[Done, Path]):
    """The last lines name exchange, clause, party, remedy, and the commands that show more."""
    done, folder = failed
    assert done.code == 1
    broke, whose, do, look, more = done.err.rstrip().splitlines()[-5:]
    assert broke.startswith("  broke  Exchange 6: GET ")
    assert broke.endswith("was answered 400: an unknown id was answered 400; expected 404")
    assert whose == "  whose  the Seller's, by MEF121-R20 (section 6.2): An unknown address id is answered 404"
    assert do.startswith("  do     answer 404 in place of 400. ")
    assert look.startswith("  look   oit explain MEF121-R20   # ")
    assert re.search(r"scenarios/places/find.oit.yaml:\d+:5$", look)
    assert f"oit report {folder}/report.json --format " in more


def test_a_passing_run_ends_without_advice(sellers: tuple[str, str]):
    assert "What to do" not in oit("run", SCENARIO, "--sut", f"seller={sellers[0]}").err


def test_sarif_of_a_real_run_stands_at_the_step_of_the_scenario(failed: tuple[Done, Path]):
    log = read(failed[1] / "report.sarif")
    assert problems(log, "sarif-2.1.0.json") == []
    (result,) = log["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].endswith("scenarios/places/find.oit.yaml")
    line = (ROOT / "scenarios/places/find.oit.yaml").read_text().splitlines()[place["region"]["startLine"] - 1]
    assert line.strip() == "- id: no-address"


@pytest.mark.parametrize("name", ["report.har", "transcript.ndjson", "report.json"])
def test_what_is_written_is_read_back_to_the_same_verdicts(name: str, failed: tuple[Done, Path], tmp_path: Path):
    """`oit check` finds in each of our formats what the run found."""
    _, folder = failed
    done = oit("check", str(folder / name), "--sut", "seller", "--report", "json", "--report-dir", str(tmp_path))
    assert done.code == 1
    again, before = read(tmp_path / "report.json"), read(folder / "report.json")
    assert again["findings"] == before["findings"]
    assert again["requirements"] == before["requirements"]


def test_notifications_are_in_the_archive_and_read_back(tmp_path: Path):
    """A scenario that subscribes: both directions are entries, and the judge sees no difference."""
    scenario = str(ROOT / "scenarios/quote/with-notifications.oit.yaml")
    assert oit("run", scenario, "--report", "json,har", "--report-dir", str(tmp_path / "a")).code == 0
    entries = read(tmp_path / "a" / "report.har")["log"]["entries"]
    assert {(entry["_oit"]["from"], entry["_oit"]["kind"]) for entry in entries} == {
        ("buyer", "management"),
        ("seller", "notification"),
    }
    for name in ("har", "json"):
        code = oit(
            "check", str(tmp_path / f"a/report.{name}"), "--report", "json", "--report-dir", str(tmp_path / name)
        )
        assert code.code == 0
    har, own = read(tmp_path / "har/report.json"), read(tmp_path / "json/report.json")
    assert (har["findings"], har["requirements"]) == (own["findings"], own["requirements"])
    assert jsonschema.Draft7Validator(json_report.schema()).is_valid(har)


def test_the_summary_goes_to_where_github_reads_it(
    sellers: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Whoever wrote there before keeps it; `--report summary` writes the same as a file."""
    target = tmp_path / "step-summary.md"
    target.write_text("# before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(target))
    done = oit(
        "run", SCENARIO, "--sut", f"seller={sellers[1]}", "--report", "summary", "--report-dir", str(tmp_path / "o")
    )
    assert done.code == 1
    text = target.read_text()
    assert text == "# before\n" + (tmp_path / "o" / "summary.md").read_text()
    assert "OIT: fail" in text
    assert "**Whose:** the Seller's, by MEF121\\-R20" in text
    assert "`oit explain MEF121-R20`" in text


def test_a_known_failure_is_told_and_does_not_fail_the_run(sellers: tuple[str, str], tmp_path: Path):
    """The finding explains why its step failed; what the step blocks is excused with it."""
    file = known(tmp_path, requirement="MEF121-R20")
    done = oit(
        "run", SCENARIO, "--sut", f"seller={sellers[1]}", "--known-failures", file,
        "--report", "json,junit,sarif", "--report-dir", str(tmp_path),
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "Known and excused" in done.err
    assert "owner Ann, until 2999-12-31" in done.err
    report = read(tmp_path / "report.json")
    assert jsonschema.Draft7Validator(json_report.schema()).is_valid(report)
    assert report["excused"]["otherwise"] == "fail"
    assert report["known_failures"]["entries"][0]["status"] == "excused"
    assert read(tmp_path / "report.sarif")["runs"][0]["results"][0]["suppressions"]
    assert "<failure" not in (tmp_path / "junit.xml").read_text()


@pytest.mark.parametrize(
    ("seller", "entry", "said"),
    [
        (1, {"requirement": "MEF121-R20", "expires": "2001-01-01"}, "expired: requirement MEF121-R20"),
        (0, {"requirement": "MEF121-R20"}, "stale: requirement MEF121-R20"),
        (0, {"step": "no-address"}, "stale: step no-address"),
    ],
)
def test_what_has_expired_or_no_longer_happens_fails(
    seller: int, entry: dict[str, str], said: str, sellers: tuple[str, str], tmp_path: Path
):
    done = oit("run", SCENARIO, "--sut", f"seller={sellers[seller]}", "--known-failures", known(tmp_path, **entry))
    assert done.code == 1
    assert f"{tmp_path}/known-failures.yaml:1:24: {said}" in done.err


def test_known_failures_excuse_captured_traffic_too(failed: tuple[Done, Path], tmp_path: Path):
    path = str(failed[1] / "transcript.ndjson")
    file = known(tmp_path, requirement="MEF121-R20", scenario="transcript.ndjson")
    assert oit("check", path, "--sut", "seller").code == 1
    assert oit("check", path, "--sut", "seller", "--known-failures", file).code == 0


def test_a_mistake_in_the_file_is_a_usage_error(tmp_path: Path):
    """Before anything is sent."""
    done = oit("run", SCENARIO, "--known-failures", known(tmp_path, requirement="MEF121-R201"))
    assert done.code == 2
    assert "known-failures.yaml:1:" in done.err
    assert "Did you mean 'MEF121-R2" in done.err


def test_strict_asks_for_what_the_scenario_covers(tmp_path: Path):
    """A requirement that a step covers and that nothing shows makes a pass inconclusive; without --strict it is told."""
    scenario = tmp_path / "covers.oit.yaml"
    scenario.write_text(
        'oit: "1"\nid: covers\ntitle: x\nsources: {q: {api: quote, servedBy: seller}}\nflow:\n'
        "  - {id: a, call: q.listQuote, covers: [MEF115-R52]}\n"
    )
    lax = oit("run", str(scenario), "--report", "json", "--report-dir", str(tmp_path))
    assert lax.code == 0, lax.err
    assert read(tmp_path / "report.json")["covers"] == {
        "strict": False,
        "asked": ["MEF115-R52"],
        "not_seen": ["MEF115-R52"],
    }
    strict = oit("run", str(scenario), "--strict")
    assert strict.code == 3
    assert "covers: MEF115-R52" in strict.err


def test_a_report_is_rendered_again(failed: tuple[Done, Path], tmp_path: Path):
    """In any format, byte for byte what the run wrote; without a format it is told as the run was."""
    _, folder = failed
    done = oit("report", str(folder), "--format", ALL, "--report-dir", str(tmp_path))
    assert done.code == 0, done.err
    names = ["report.json", "junit.xml", "report.har", "summary.md", "transcript.ndjson"]
    for name in names:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name
    assert problems(read(tmp_path / "report.sarif"), "sarif-2.1.0.json") == []
    told = oit("report", str(folder / "report.json"))
    assert "✘ no-address" in told.err
    assert "What to do now" in told.err


def test_a_report_of_a_later_oit_with_more_in_it_is_read(failed: tuple[Done, Path], tmp_path: Path):
    """A version of the report only ever gets new members; another version is refused by its name."""
    report = read(failed[1] / "report.json")
    report["tomorrow"] = {"x": 1}
    report["findings"][0]["tomorrow"] = True
    (tmp_path / "report.json").write_text(json.dumps(report))
    assert oit("report", str(tmp_path), "--format", ALL, "--report-dir", str(tmp_path / "o")).code == 0
    report["report_version"] = "3"
    (tmp_path / "report.json").write_text(json.dumps(report))
    done = oit("report", str(tmp_path))
    assert done.code == 2
    assert "this is a report of version 3" in done.err


def test_only_what_the_schema_demands_is_needed(tmp_path: Path, failed: tuple[Done, Path]):
    """A report without any of the optional members is rendered in every format."""
    whole = read(failed[1] / "report.json")
    definitions = json_report.schema()["definitions"]
    run = {name: whole[name] for name in definitions["run"]["required"]}
    run["run"] = {name: whole["run"][name] for name in definitions["about"]["required"]}
    run["steps"] = [{name: step[name] for name in definitions["step"]["required"]} for step in whole["steps"]]
    (tmp_path / "report.json").write_text(json.dumps(run))
    assert oit("report", str(tmp_path), "--format", ALL, "--report-dir", str(tmp_path / "o")).code == 0
    assert oit("report", str(tmp_path)).code == 0
    assert oit("diff", str(tmp_path), str(failed[1])).code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["report", "no-such-run"], 2, "no run of that name"),
        (["report", str(ROOT / "specs")], 2, "there is no report.json in this folder"),
        (["report", str(ROOT / "README.md")], 2, "this is not JSON"),
        (["report", str(ROOT / "emulator/report/report-1.schema.json")], 2, "this is no report.json"),
        (["report", "no-such-run", "--format", "pdf"], 2, "Known: "),
        (["diff", "no-such.json", "no-such.json"], 2, "cannot be read"),
    ],
)
def test_a_mistake_gets_one_line(arguments: list[str], code: int, said: str, tmp_path: Path):
    done = oit(*arguments, *(["--data", str(tmp_path)] if arguments[0] == "report" else []))
    assert done.code == code
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_a_difference_tells_what_came_and_what_went(failed: tuple[Done, Path], passed: Path):
    """From right to wrong something came (exit code 1), back it went (0), and a report is the same as itself."""
    bad = str(failed[1])
    came = oit("diff", str(passed), bad)
    assert came.code == 1
    assert "+ fail MEF121-R20 (section 6.2), rule MEF121-R20 in places-find" in came.out
    assert "MEF121-R20   pass -> fail" in came.out
    assert "places-find: pass -> fail" in came.out
    went = oit("diff", bad, str(passed), "--format", "json")
    assert went.code == 0
    told = json.loads(went.out)
    assert told["worse"] is False
    assert [row["rule"] for row in told["went"] if row["kind"] == "finding"] == ["MEF121-R20"]
    same = oit("diff", bad, bad)
    assert (same.code, same.out.splitlines()[-1]) == (0, "the same")


def test_reports_of_other_scenarios_have_no_difference_to_tell(failed: tuple[Done, Path], tmp_path: Path):
    """Nothing that both have run: that is not "the same"."""
    other = read(failed[1] / "report.json")
    other["run"]["scenario"] = "another"
    (tmp_path / "report.json").write_text(json.dumps(other))
    done = oit("diff", str(failed[1]), str(tmp_path))
    assert done.code == 5
    assert "nothing to compare" in done.out


def test_an_excuse_that_came_is_a_change_and_no_fault(failed: tuple[Done, Path], tmp_path: Path):
    """A finding that is excused now changed for the better; one that is excused no more came back."""
    excused = read(failed[1] / "report.json")
    excused["findings"][0]["excused"] = {
        "owner": "Ann", "reason": "later", "link": None, "expires": "2999-01-01", "where": "k.yaml:1:1",
    }  # fmt: skip
    (tmp_path / "report.json").write_text(json.dumps(excused))
    there, back = (oit("diff", *pair) for pair in ((str(failed[1]), str(tmp_path)), (str(tmp_path), str(failed[1]))))
    assert (there.code, back.code) == (0, 1)
    assert "excused nothing -> Ann until 2999-01-01" in there.out


def test_several_runs_end_with_a_table(sellers: tuple[str, str], tmp_path: Path):
    """Those that did not pass, what is wrong with each, and how many passed."""
    other = str(ROOT / "scenarios/poq/immediate.oit.yaml")
    done = oit("run", SCENARIO, other, "--sut", f"seller={sellers[1]}")
    assert done.code == 1
    assert "2 runs: 1 pass, 1 fail" in done.err
    assert "  fail         places-find  1 breach(es), stopped at no-address" in done.err


def test_every_event_fits_the_published_schema(sellers: tuple[str, str]):
    """`--format json` on a failing run: `oit schema events` describes every line, the last one has the exit code."""
    schema = json.loads(oit("schema", "events").out)
    valid = jsonschema_rs.Draft7Validator(schema)
    done = oit("run", SCENARIO, "--sut", f"seller={sellers[1]}", "--format", "json")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert [event for event in events if not valid.is_valid(event)] == []
    told = {event["event"] for event in events}
    assert told >= {"run_started", "step_started", "exchange", "step_done", "finding", "run_done", "all_done"}
    numbers = [event["exchange"]["n"] for event in events if event["event"] == "exchange"]
    assert numbers == sorted(set(numbers))
    assert events[-1]["exit_code"] == done.code == 1


def test_a_run_of_a_sellers_database_is_reported(sellers: tuple[str, str], tmp_path: Path):
    """What came to a seller that keeps it is judged when it is asked for."""
    from emulator.parties.opening import keeping

    database = f"sqlite:///{tmp_path / 'oit.sqlite3'}"
    with keeping(database) as keep:
        seller = serve_seller(
            make_seller(load_release(), load_profile(None), RealClock(), store=keep.store),
            keep.transcript_of,
            kept=keep.kept,
        )
        running = Running(seller)
        url = running.start()
        try:
            assert oit("run", str(ROOT / "scenarios/poq/immediate.oit.yaml"), "--sut", f"seller={url}/r/acme").code == 0
        finally:
            running.stop()
    done = oit("report", "acme", "--data", str(tmp_path), "--format", "json,junit", "--report-dir", str(tmp_path / "o"))
    assert done.code == 0, done.err
    report = read(tmp_path / "o" / "report.json")
    assert report["run"]["id"] == "acme"
    assert [exchange["operation"] for exchange in report["exchanges"]]
    assert jsonschema.Draft7Validator(json_report.schema()).is_valid(report)
