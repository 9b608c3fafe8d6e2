"""`pytest scenarios/` as people know pytest: a test for each run, and nothing where nobody asked for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest

from emulator.doors.running import Running
from emulator.hosting import make_seller, serve_seller
from emulator.parties.clock import RealClock
from emulator.parties.profile import load_profile
from emulator.record.exchange import Transcript
from emulator.standard.release import load_release
from tests.broken.spoiler import Answer, spoilt
from tests.cli.processes import QUICK, free_port, oit

pytest_plugins = ["pytester"]

HEAD = """oit: "1"
id: {id}
title: Quotes are listed
tags: [smoke]
sources: {{q: {{api: quote, servedBy: seller}}}}
"""
FLOW = """flow:
  - id: list
    call: q.listQuote
    response: {status: 200}
  - id: none
    call: q.retrieveQuote
    request: {path: {id: no-such-quote}}
    response: {status: 404}
"""
CASE = """cases:
  - id: bad-date
    title: A date that is none is refused
    kind: negative
    emulate: buyer
    at: list
    query: {requestedQuoteCompletionDate.gt: yesterday}
    expect: {status: 400}
"""


@pytest.fixture(scope="module", autouse=True)
def sellers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A seller that is right, and one that answers 500 where there is no such quote.

    For all tests: pytest within pytest forgets what it imported, and would import our libraries again each time.
    """
    folder = tmp_path_factory.mktemp("once")
    assert oit("run", "scenarios/poq/immediate.oit.yaml", "--report", "json", "--report-dir", str(folder)).code == 0

    def broken(answer: Answer) -> None:
        if answer.status == 404:
            answer.status = 500
            answer.body = {"code": "internalError", "reason": "oops"}

    profile = tmp_path_factory.mktemp("seller") / "quick.yaml"
    profile.write_text(QUICK)
    running = Running(
        serve_seller(make_seller(load_release(), load_profile(profile), RealClock()), lambda _: Transcript())
    )
    url = running.start()
    try:
        with spoilt(url, broken) as bad:
            yield url, bad
    finally:
        running.stop()


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with two scenarios, one of which has a case, and a test of its own."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    folder = pytester.mkdir("scenarios")
    (folder / "one.oit.yaml").write_text(HEAD.format(id="one") + FLOW + CASE)
    (folder / "two.oit.yaml").write_text(HEAD.format(id="two") + FLOW)
    pytester.makepyfile(test_own="def test_own(): pass")
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Pytest in this process, warnings being errors, as strict projects have it; hypothesis would be imported anew."""
    return project.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-W", "error", *arguments)


def test_nothing_is_collected_where_nobody_asked(project: pytest.Pytester):
    """A project that merely has OIT installed runs its own tests, and nothing of ours is loaded."""
    result = run(project)
    result.assert_outcomes(passed=1)
    assert "scenarios" not in result.stdout.str()


@pytest.mark.parametrize("how", ["option", "ini", "named"])
def test_who_asks_gets_a_test_for_the_flow_and_each_case(how: str, project: pytest.Pytester):
    """By an option, by the ini file, or by naming a file."""
    if how == "ini":
        project.makeini("[pytest]\noit_scenarios = true\n")
    named = {"option": ["--oit-scenarios", "scenarios"], "ini": ["scenarios"], "named": ["scenarios/one.oit.yaml"]}[how]
    found = collected(project, *named)
    assert found[:2] == ["scenarios/one.oit.yaml::flow", "scenarios/one.oit.yaml::bad-date"]
    assert found[2:] == ([] if how == "named" else ["scenarios/two.oit.yaml::flow"])


def test_a_self_test_passes(project: pytest.Pytester):
    run(project, "scenarios/one.oit.yaml").assert_outcomes(passed=2)


@pytest.mark.parametrize(("word", "count"), [("bad-date", 1), ("two", 1), ("smoke", 3), ("one and flow", 1)])
def test_k_chooses_by_file_case_scenario_and_tag(word: str, count: int, project: pytest.Pytester):
    assert len(collected(project, "--oit-scenarios", "-k", word, "scenarios")) == count


def collected(project: pytest.Pytester, *arguments: str) -> list[str]:
    """The ids of the tests that would be run."""
    return [line for line in run(project, "--collect-only", "-q", *arguments).outlines if "::" in line]


def test_a_failure_prints_the_explained_findings_and_no_traceback(project: pytest.Pytester, sellers: tuple[str, str]):
    """`-x` stops at the first; the seller is the one named."""
    result = run(project, "scenarios", "--oit-sut", f"seller={sellers[1]}", "-x")
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert "What to do now" in text
    assert "whose:    the Seller's" in text
    assert "was answered 500" in text
    assert "Traceback" not in text
    assert "pytest_plugin.py" not in text


def test_junitxml_has_a_case_for_each_run(project: pytest.Pytester, sellers: tuple[str, str]):
    result = run(project, "scenarios", "--oit-sut", f"seller={sellers[1]}", "--junitxml", "junit.xml")
    result.assert_outcomes(failed=2, passed=1)
    cases = ET.parse(project.path / "junit.xml").getroot().findall(".//testcase")
    assert {case.attrib["name"]: case.find("failure") is not None for case in cases} == {
        "flow": True,
        "bad-date": False,
    }
    told = sorted(prop.attrib["value"] for case in cases for prop in case.iter("property"))
    assert told == ["inconclusive", "inconclusive", "pass"]


WAITS = """  - id: patient
    call: q.listQuote
    response: {status: 200}
    eventually: {within: P2D}
"""


def test_what_is_left_out_is_a_skipped_test_with_its_reason(project: pytest.Pytester, sellers: tuple[str, str]):
    """Unless its file is named, or it is a self-test."""
    (project.path / "scenarios/two.oit.yaml").write_text(HEAD.format(id="two") + FLOW + WAITS)
    sut = ("--oit-sut", f"seller={sellers[0]}", "-rs")
    result = run(project, "scenarios", *sut)
    result.assert_outcomes(passed=2, skipped=1)
    result.stdout.fnmatch_lines(["*left out: step 'patient' may wait for *"])
    run(project, "scenarios/two.oit.yaml", *sut).assert_outcomes(passed=1)


def test_workers_of_xdist_run_the_tests_and_one_report_has_them_all(project: pytest.Pytester, sellers: tuple[str, str]):
    """`-n 2`: the reports of both workers are written as one, in the order of the tests."""
    result = project.runpytest_subprocess(
        "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "scenarios", "--oit-sut", f"seller={sellers[0]}", "-n", "2",
        "--oit-report", "json,sarif", "--oit-report-dir", "out",
    )  # fmt: skip
    result.assert_outcomes(passed=3)
    report = json.loads((project.path / "out/report.json").read_bytes())
    assert [(run["run"]["scenario"], run["run"]["case"]) for run in report["runs"]] == [
        ("one", "bad-date"),
        ("one", None),
        ("two", None),
    ]
    result.stdout.fnmatch_lines(["report: *out/report.json", "report: *out/report.sarif"])


def test_a_folder_may_have_a_conftest_of_its_own(project: pytest.Pytester):
    """Whoever merely has OIT installed: pytest then asks whether our plugin is among those of that folder."""
    for name in ("one", "two"):
        folder = project.mkdir(name)
        (folder / "conftest.py").write_text("")
        (folder / f"test_{name}.py").write_text("def test_it():\n    pass\n")
    result = run(project, "one", "two")
    result.assert_outcomes(passed=2)


def test_what_can_tell_nothing_fails_unless_it_is_allowed(project: pytest.Pytester):
    """Nobody listens there: a failure with the reason, or a skip with it; never a pass."""
    sut = f"seller=http://127.0.0.1:{free_port()}"
    result = run(project, "scenarios/two.oit.yaml", "--oit-sut", sut)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*INCONCLUSIVE: *"])
    result = run(project, "scenarios/two.oit.yaml", "--oit-sut", sut, "--oit-allow-inconclusive", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*inconclusive: *refused*"])


def test_a_mistake_in_a_file_is_a_collection_error_with_its_place(project: pytest.Pytester):
    (project.path / "scenarios/two.oit.yaml").write_text(HEAD.format(id="two") + FLOW + "    expcet: 1\n")
    result = run(project, "scenarios", "--oit-scenarios")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*scenarios/two.oit.yaml:14:5: 'expcet' is not a key of a step. Did you mean 'expect'?"]
    )
    assert "Traceback" not in result.stdout.str()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--oit-sut", "seller"], "--oit-sut seller=URL"),
        (["--oit-sut", "buyer"], "use oit run --oit-sut buyer"),
        (["--oit-release", "zeus"], "Known: cantata-grace, dolly, grace"),
        (["--oit-profile", "none.yaml"], "there is no such file"),
        (["--oit-known-failures", "none.yaml"], "there is no such file"),
        (["--oit-report", "pdf"], "Known: "),
        (["--oit-var", "offering=x"], "no scenario selected has an input 'offering'"),
    ],
)
def test_a_wrong_option_is_a_usage_error(arguments: list[str], said: str, project: pytest.Pytester):
    result = run(project, "scenarios", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in result.stderr.str()


def test_a_profile_says_how_the_seller_is_reached(
    project: pytest.Pytester, sellers: tuple[str, str], monkeypatch: pytest.MonkeyPatch
):
    """And what of it leads to nothing is told before anything is sent."""
    monkeypatch.setenv("ACME_TOKEN", "one-of-acme")
    for reference, code in (("env:ACME_TOKEN", 0), ("env:NOBODY_SET_THIS", pytest.ExitCode.USAGE_ERROR)):
        (project.path / "acme.yaml").write_text(f"connection: {{headers: {{X-Token: '{reference}'}}}}")
        at = ["--oit-sut", f"seller={sellers[0]}", "--oit-profile", "acme.yaml"]
        result = run(project, "scenarios/two.oit.yaml", *at)
        assert result.ret == code
        assert ("the environment has no such variable" in result.stderr.str()) is bool(code)


def known(project: pytest.Pytester, expires: str = "2999-12-31", **entry: str) -> list[str]:
    usual = {"scenario": "*", "owner": "Ann", "reason": "fixed in 2.1", "expires": expires}
    (project.path / "known.yaml").write_text(json.dumps({"oit": "1", "known": [{**usual, **entry}]}))
    return ["--oit-known-failures", "known.yaml"]


def test_a_known_failure_is_an_expected_one(project: pytest.Pytester, sellers: tuple[str, str]):
    """Its reason and owner are told, the session passes, and a flow that fails for something else still fails."""
    bad = ["scenarios", "--oit-sut", f"seller={sellers[1]}", "-rx"]
    result = run(project, *bad, *known(project, step="none", scenario="one"))
    result.assert_outcomes(xfailed=1, failed=1, passed=1)
    result.stdout.fnmatch_lines(["*known failure: fixed in 2.1 (owner Ann, until 2999-12-31)*"])
    result = run(project, *bad, *known(project, step="none"))
    result.assert_outcomes(xfailed=2, passed=1)
    assert result.ret == 0


def test_a_known_failure_that_no_longer_happens_fails_the_session(project: pytest.Pytester, sellers: tuple[str, str]):
    """Every test passes, and the session does not: the entry is to be taken out."""
    result = run(project, "scenarios", "--oit-sut", f"seller={sellers[0]}", *known(project, step="none"))
    result.assert_outcomes(passed=3)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*known.yaml:1:24: stale: step none in *", "*it no longer happens*"])
