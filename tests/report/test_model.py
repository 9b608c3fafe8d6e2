"""The report says what happened, in plain JSON without secrets."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.errors import Exit
from emulator.judge.roles import OBSERVED, PartyRole, Roles
from emulator.judge.verdict import Blame, Finding, RunVerdict, Verdict
from emulator.record.exchange import Party
from emulator.report import json_report
from emulator.report.about import run_json
from emulator.report.masking import clean_text, moment, plain
from emulator.report.model import exit_code, run_verdict, runs_of, whole_report
from emulator.report.played import Cause, StepInfo, StepOutcome
from emulator.standard.breach import Breach
from tests.judge.exchanges import exchange
from tests.report.runs import BREACH, PASSED_STEP, full_report, info, report, roles_for

SELLER, BUYER = Party.SELLER, Party.BUYER


def valid(document: Any) -> None:
    """The document as a reader of `report.json` gets it fits the schema."""
    jsonschema.Draft7Validator(json_report.schema()).validate(json.loads(json_report.render(document)))


def finding(verdict: Verdict, blame: Blame) -> Finding:
    return Finding("rule", (), verdict, blame, 1)


def step(outcome: StepOutcome, blame: Blame | None = None) -> StepInfo:
    return StepInfo("step", "call", outcome, blame=blame)


FAIL_SELLER = finding(Verdict.FAIL, Blame.SELLER)
FAIL_BUYER = finding(Verdict.FAIL, Blame.BUYER)
LOST = finding(Verdict.NOT_SEEN, Blame.TRANSPORT)
BROKEN = finding(Verdict.ERROR, Blame.EMULATOR)
PASSED = step(StepOutcome.PASSED)
ABSENT = StepInfo("step", "call", StepOutcome.SKIPPED, cause=Cause.UNSUPPORTED)


@pytest.mark.parametrize(
    ("findings", "steps", "sut", "verdict"),
    [
        ([], [PASSED], None, RunVerdict.PASS),
        ([], [PASSED], SELLER, RunVerdict.PASS),
        ([], [], SELLER, RunVerdict.INCONCLUSIVE),
        ([], [step(StepOutcome.SKIPPED)], SELLER, RunVerdict.INCONCLUSIVE),
        ([], [PASSED, step(StepOutcome.SKIPPED)], SELLER, RunVerdict.PASS),
        ([finding(Verdict.WARNING, Blame.SELLER)], [PASSED], SELLER, RunVerdict.PASS),
        ([finding(Verdict.DISPUTED, Blame.SPEC)], [PASSED], SELLER, RunVerdict.PASS),
        ([FAIL_SELLER], [PASSED], SELLER, RunVerdict.FAIL),
        ([FAIL_SELLER], [PASSED], BUYER, RunVerdict.ERROR),
        ([FAIL_BUYER], [PASSED], SELLER, RunVerdict.ERROR),
        ([FAIL_BUYER], [PASSED], BUYER, RunVerdict.FAIL),
        ([FAIL_SELLER], [PASSED], None, RunVerdict.FAIL),
        ([FAIL_BUYER], [PASSED], None, RunVerdict.FAIL),
        ([LOST], [PASSED], SELLER, RunVerdict.INCONCLUSIVE),
        ([LOST, FAIL_SELLER], [PASSED], SELLER, RunVerdict.FAIL),
        ([BROKEN, FAIL_SELLER], [PASSED], SELLER, RunVerdict.ERROR),
        ([finding(Verdict.FAIL, Blame.SCENARIO)], [PASSED], SELLER, RunVerdict.INCONCLUSIVE),
        ([], [PASSED, step(StepOutcome.UNMET)], SELLER, RunVerdict.INCONCLUSIVE),
        ([], [PASSED, step(StepOutcome.UNMET, Blame.SELLER)], SELLER, RunVerdict.INCONCLUSIVE),
        ([], [PASSED, step(StepOutcome.UNMET, Blame.SELLER)], None, RunVerdict.FAIL),
        ([], [PASSED, ABSENT], SELLER, RunVerdict.SKIPPED),
        ([FAIL_SELLER], [PASSED, ABSENT], SELLER, RunVerdict.FAIL),
        ([], [ABSENT], SELLER, RunVerdict.SKIPPED),
        ([], [PASSED, step(StepOutcome.UNMET, Blame.BUYER)], SELLER, RunVerdict.ERROR),
        ([], [PASSED, step(StepOutcome.INCONCLUSIVE)], SELLER, RunVerdict.INCONCLUSIVE),
        ([], [PASSED, step(StepOutcome.BLOCKED)], SELLER, RunVerdict.INCONCLUSIVE),
        ([], [step(StepOutcome.UNMET), step(StepOutcome.BLOCKED)], SELLER, RunVerdict.INCONCLUSIVE),
        ([], [PASSED, step(StepOutcome.ERROR)], SELLER, RunVerdict.ERROR),
    ],
)
def test_verdict_of_a_run(findings: Any, steps: Any, sut: Party | None, verdict: RunVerdict) -> None:
    """Only the party under test can fail a run; our own slips are errors, silence is inconclusive."""
    assert run_verdict(findings, steps, [], roles_for(sut)) is verdict


@pytest.mark.parametrize(
    ("buyer", "seller", "blamed", "verdict"),
    [
        ("underTest", "underTest", FAIL_BUYER, RunVerdict.FAIL),
        ("underTest", "underTest", FAIL_SELLER, RunVerdict.FAIL),
        ("observed", "observed", FAIL_BUYER, RunVerdict.FAIL),
        ("observed", "underTest", FAIL_SELLER, RunVerdict.FAIL),
        ("observed", "underTest", FAIL_BUYER, RunVerdict.PASS),
        ("emulated", "underTest", FAIL_BUYER, RunVerdict.ERROR),
        ("emulated", "observed", FAIL_BUYER, RunVerdict.FAIL),
    ],
)
def test_whose_breaches_decide(buyer: str, seller: str, blamed: Finding, verdict: RunVerdict) -> None:
    """Those of each party under test; with none under test, everybody's. What ours does wrong beside one is an error."""
    roles = Roles(PartyRole(buyer), PartyRole(seller))
    assert run_verdict([blamed], [PASSED], [exchange({})], roles) is verdict


def test_report_tells_the_roles() -> None:
    """`sut` stays the one party under test, and is null where there is not one."""
    both = run_json(info(roles=Roles(PartyRole.UNDER_TEST, PartyRole.UNDER_TEST)))
    assert (both["sut"], both["roles"]) == (None, {"buyer": "underTest", "seller": "underTest"})
    one = run_json(info(SELLER))
    assert (one["sut"], one["roles"]) == ("seller", {"buyer": "emulated", "seller": "underTest"})


def test_captured_messages_without_steps_can_pass() -> None:
    """A judged capture has no steps: an answered exchange is enough to speak."""
    assert run_verdict([], [], [exchange({})], OBSERVED) is RunVerdict.PASS
    assert run_verdict([], [], [exchange(fault=True)], OBSERVED) is RunVerdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([], Exit.NOTHING),
        (["pass"], Exit.PASSED),
        (["pass", "fail"], Exit.BREACHED),
        (["pass", "inconclusive"], Exit.INCONCLUSIVE),
        (["inconclusive", "fail"], Exit.BREACHED),
        (["fail", "error"], Exit.INTERNAL),
    ],
)
def test_exit_code_is_that_of_the_worst_run(verdicts: list[str], code: Exit) -> None:
    assert exit_code([{"verdict": verdict, "steps": []} for verdict in verdicts]) is code


def test_a_wrong_scenario_is_a_usage_error() -> None:
    """The user can mend a scenario; an error of ours he cannot."""
    wrong = report(steps=(PASSED_STEP, step(StepOutcome.ERROR, Blame.SCENARIO)))
    ours = report(steps=(PASSED_STEP, step(StepOutcome.ERROR)))
    assert exit_code([wrong]) is Exit.USAGE
    assert exit_code([wrong, ours]) is Exit.INTERNAL


def test_reports_fit_their_schema() -> None:
    """One run at the top level, several under `runs`: both are described."""
    clean, full = report(), full_report()
    for document in (clean, full, whole_report([clean]), whole_report([clean, full]), whole_report([])):
        valid(document)
    assert whole_report([clean]) is clean
    assert runs_of(whole_report([clean, full])) == [clean, full]
    assert runs_of(clean) == [clean]
    assert whole_report([clean, full])["verdict"] == full["verdict"]


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(json_report.schema())


def test_a_run_tells_what_was_exchanged() -> None:
    """Request, response and their order arrive; a fault takes the response's place."""
    rows = full_report()["exchanges"]
    assert [row["n"] for row in rows] == [1, 2, 3]
    assert (rows[0]["from"], rows[0]["to"]) == ("buyer", "seller")
    assert rows[0]["response"]["body"] == {"id": "1"}
    assert rows[0]["request"]["body_encoding"] == "none"
    assert rows[1]["fault"] == {"kind": "timeout", "message": "no answer within 5 s"}
    assert "response" not in rows[1]


def test_counts_count_each_requirement_once_and_loose_findings() -> None:
    """The sum is the requirements plus the findings that name none."""
    made = full_report()
    loose = [row for row in made["findings"] if not row["requirements"]]
    assert sum(made["counts"].values()) == len(made["requirements"]) + len(loose)


@pytest.mark.parametrize("body", [b"<html>", b"\xff\xfe", b'{"a":1,"a":2}', b"[NaN]", b"[" * 500 + b"]" * 500])
def test_bodies_that_are_not_clean_json_go_out_as_text(body: bytes) -> None:
    """What JSON cannot tell in full is told as it was."""
    answered = report(exchange(body))["exchanges"][0]["response"]
    assert answered["body_encoding"] == "text"
    assert answered["body"] == body.decode("utf-8", "replace")


def test_headers_given_twice_are_joined() -> None:
    headers = (("X-A", "1"), ("x-a", "2"), ("Authorization", "Bearer abc"))
    assert report(exchange({}, headers=headers))["exchanges"][0]["response"]["headers"] == {
        "X-A": "1, 2",
        "Authorization": "***",
    }


SECRET = "s3cr3t-value"


@pytest.mark.parametrize(
    "seen",
    [
        exchange({"access_token": SECRET, "deep": [{"clientSecret": SECRET, "password": {"is": SECRET}}]}),
        exchange(b'{"client_secret": "' + SECRET.encode() + b'", '),
        exchange(b"grant_type=x&client_secret=" + SECRET.encode() + b"&a=b"),
        exchange({}, headers=(("AUTHORIZATION", SECRET), ("X-Api-Key", SECRET))),
        exchange({}, headers=(("X-Other", f"Bearer {SECRET}"),)),
        exchange({}, path=f"/a?access_token={SECRET}&b=c"),
        exchange({}, path=f"/a?callback=https://me:{SECRET}@host/"),
    ],
)
def test_no_secret_leaves(seen: Any) -> None:
    """Header, member, form field, query parameter, user information: masked in each."""
    assert SECRET not in json_report.render(report(seen)).decode()


def test_a_finding_about_a_secret_does_not_tell_it() -> None:
    breach = Breach("/password", "absent", SECRET, f"{SECRET} should not be here")
    assert SECRET not in json.dumps(report(breaches=(breach,))["findings"])


def test_a_long_value_is_cut_in_a_finding() -> None:
    """The exchange holds the whole; the finding need not."""
    made = report(breaches=(Breach("/a", "b", "x" * 10_000, "m"),))
    assert len(made["findings"][0]["found"]) < 3_000


def test_moments_are_utc() -> None:
    east = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert moment(east) == "2026-01-01T10:00:00.000Z"
    assert moment(datetime(2026, 1, 1, 12)) == "2026-01-01T12:00:00.000Z"  # noqa: DTZ001 - a naive one is the point


@given(
    st.recursive(
        st.none() | st.floats() | st.integers() | st.text() | st.binary(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_anything_becomes_plain_json(value: Any) -> None:
    """NaN, huge integers, lone surrogates and bytes all leave as JSON."""
    json.loads(json_report.render({"x": plain({"v": value, "lone": "\ud800", "huge": 1 << 70})}))
    assert json.loads(json_report.render({"x": plain(float("nan"))})) == {"x": "nan"}


@given(st.text())
def test_masking_leaves_other_text_alone(text: str) -> None:
    assert clean_text(text.replace("=", "").replace(":", "").replace(" ", "")) is not None


@settings(deadline=None)  # the first example reads the catalogue
@given(
    sent=st.binary(max_size=80),
    answered=st.binary(max_size=80),
    header=st.text(max_size=10),
    url=st.text(max_size=20),
)
def test_any_bytes_make_a_valid_report(sent: bytes, answered: bytes, header: str, url: str) -> None:
    """Whatever bodies, headers and paths hold, `report.json` is JSON and fits its schema."""
    seen = exchange(answered, sent=sent, path="/" + url, headers=((header, header),))
    valid(report(seen, breaches=(BREACH, Breach("/" + header, answered, header, url))))
