"""A known failure is excused until its last day, and no longer than it happens."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from emulator.errors import Exit, FileProblem
from emulator.record.exchange import Party
from emulator.report import json_report, junit_report
from emulator.report.known import Known, load_known, schema
from emulator.report.model import Report, exit_code, whole_report
from emulator.report.played import StepInfo, StepOutcome
from emulator.standard.breach import Breach
from emulator.standard.release import load_release
from tests.judge.exchanges import exchange
from tests.report.runs import BREACH, FAILED_STEP, PASSED_STEP, report
from tests.report.test_model import valid

TODAY = date(2026, 6, 15)
BREACHED = Breach("/state", "done", "open", "the state is wrong")
"""What FAILED_STEP failed for, told by the contract."""


def known(tmp_path: Path, *entries: dict[str, Any], today: date = TODAY) -> Known:
    """A file with these entries; what they leave out is filled in."""
    path = tmp_path / "known-failures.yaml"
    usual = {"scenario": "address/*", "owner": "Ann", "reason": "fixed in 2.1", "expires": "2026-06-15"}
    path.write_text(json.dumps({"oit": "1", "known": [{**usual, **entry} for entry in entries]}))
    return load_known(path, today, load_release())


def judged(excuses: Known | None, *breaches: Breach, steps: Any = (PASSED_STEP,), **changes: Any) -> Report:
    return report(exchange({"id": "1"}), steps=steps, breaches=breaches, sut=Party.SELLER, known=excuses, **changes)


def status(excuses: Known, *runs: Report) -> list[str]:
    return [entry["status"] for entry in whole_report(runs, excuses)["known_failures"]["entries"]]


@pytest.mark.parametrize(
    "entry",
    [
        {"requirement": "MEF121-R10"},
        {"requirement": "MEF121:R10"},
        {"rule": "contract.schema"},
        {"rule": "contract.schema", "pointer": "/quoteItem/*/state"},
        {"rule": "contract.schema", "operation": "retrieveGeographicAddress"},
        {"rule": "contract.schema", "operation": "geographicAddress.retrieveGeographicAddress", "case": ""},
    ],
)
def test_a_known_failure_does_not_fail_the_run(entry: dict[str, str], tmp_path: Path) -> None:
    """Named by requirement or by rule, at its place, in its operation, it is told, excused, and decides nothing."""
    excuses = known(tmp_path, entry)
    run = judged(excuses, BREACH)
    assert run["verdict"] == "pass"
    assert run["excused"] == {"findings": 1, "steps": 0, "otherwise": "fail"}
    assert run["findings"][0]["excused"]["owner"] == "Ann"
    whole = whole_report([run], excuses)
    assert status(excuses, run) == ["excused"]
    assert exit_code([run], whole["known_failures"]) is Exit.PASSED
    valid(whole)
    valid(whole_report([run, run], excuses))


@pytest.mark.parametrize(
    "entry",
    [
        {"requirement": "MEF121-R11"},
        {"rule": "contract.schema", "pointer": "/quoteItem/*/id"},
        {"rule": "contract.schema", "operation": "createQuote"},
        {"rule": "contract.schema", "case": "some-case"},
        {"rule": "contract.schema", "scenario": "quote*"},
        {"step": "ask"},
    ],
)
def test_another_failure_still_fails(entry: dict[str, str], tmp_path: Path) -> None:
    run = judged(known(tmp_path, entry), BREACH)
    assert run["verdict"] == "fail"
    assert "excused" not in run


def test_a_requirement_that_is_excused_is_not_passed(tmp_path: Path) -> None:
    """The verdict of the requirement stays what was seen; JUnit skips it and says who owns it."""
    run = judged(known(tmp_path, {"requirement": "MEF121-R10", "link": "https://tracker.example/1"}), BREACH)
    assert {row["id"]: row["verdict"] for row in run["requirements"]}["MEF121-R10"] == "fail"
    text = junit_report.render(run).decode()
    assert "known failure: fixed in 2.1 (https://tracker.example/1); owner Ann" in text
    assert "<failure" not in text


def test_what_has_expired_fails(tmp_path: Path) -> None:
    """It is excused on its last day, and not on the next."""
    excuses = known(tmp_path, {"requirement": "MEF121-R10"}, today=date(2026, 6, 16))
    run = judged(excuses, BREACH)
    assert run["verdict"] == "fail"
    assert status(excuses, run) == ["expired"]


def test_what_has_expired_fails_even_where_it_would_only_warn(tmp_path: Path) -> None:
    from emulator.standard.breach import Check

    excuses = known(tmp_path, {"rule": "contract.duplicate-member"}, today=date(2026, 6, 16))
    run = judged(excuses, Breach("/a", "b", "c", "a slip", Check.UNKNOWN_MEMBER))
    assert run["verdict"] == "pass"
    whole = whole_report([run], excuses)
    assert whole["verdict"] == "fail"
    assert exit_code([run], whole["known_failures"]) is Exit.BREACHED


def test_what_no_longer_happens_is_stale_and_fails(tmp_path: Path) -> None:
    excuses = known(tmp_path, {"requirement": "MEF121-R10"})
    run = judged(excuses)
    assert run["verdict"] == "pass"
    whole = whole_report([run], excuses)
    assert status(excuses, run) == ["stale"]
    assert exit_code([run], whole["known_failures"]) is Exit.BREACHED
    assert whole["verdict"] == "fail"


@pytest.mark.parametrize(
    "entry",
    [
        {"requirement": "MEF121-R10", "scenario": "another"},
        {"requirement": "MEF121-R10", "case": "another"},
        {"requirement": "MEF121-R10", "operation": "createQuote"},
        {"requirement": "MEF115-R52"},
        {"rule": "MEF115-R52"},
        {"step": "no-such-step"},
    ],
)
def test_what_was_not_tried_is_not_stale(entry: dict[str, str], tmp_path: Path) -> None:
    """Another scenario or case, an operation that was not called, a requirement that was not seen: nothing is said."""
    excuses = known(tmp_path, entry)
    run = judged(excuses)
    assert status(excuses, run) == ["untried"]
    assert whole_report([run], excuses)["verdict"] == "pass"


def test_a_step_is_excused_with_what_it_blocks(tmp_path: Path) -> None:
    """As a test that is expected to fail: what comes after it cannot be played, and that is known too."""
    blocked = StepInfo("later", "call", StepOutcome.BLOCKED, message="not played")
    excuses = known(tmp_path, {"step": "ask again"})
    run = judged(excuses, steps=(PASSED_STEP, FAILED_STEP, blocked))
    assert run["verdict"] == "pass"
    assert run["excused"] == {"findings": 0, "steps": 2, "otherwise": "inconclusive"}
    assert status(excuses, judged(excuses, steps=(PASSED_STEP, StepInfo("ask again", "call", StepOutcome.PASSED)))) == [
        "stale"
    ]
    valid(whole_report([run], excuses))


def test_a_step_that_failed_for_nothing_else_is_excused_with_the_finding(tmp_path: Path) -> None:
    """The finding at the place of its one unmet expectation explains it; with another unmet one it still fails."""
    excuses = known(tmp_path, {"rule": "contract.schema"})
    assert judged(excuses, BREACHED, steps=(PASSED_STEP, FAILED_STEP))["verdict"] == "pass"
    assert judged(excuses, BREACH, steps=(PASSED_STEP, FAILED_STEP))["verdict"] == "inconclusive"


def test_an_error_of_ours_is_never_excused(tmp_path: Path) -> None:
    excuses = known(tmp_path, {"step": "*"})
    wrong = StepInfo("ask", "call", StepOutcome.ERROR, message="we broke")
    assert judged(excuses, steps=(PASSED_STEP, wrong))["verdict"] == "error"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ":1:1: the file of known failures is empty"),
        ("oit: '1'\nknown: {}\n", ":2:8: a list is needed here"),
        ("oit: '1'\nknown:\n  - {rule: x, scenaro: y}\n", ":3:15: unknown key 'scenaro'; did you mean 'scenario'?"),
        ("oit: '1'\nknown:\n  - {scenario: a, owner: b, reason: c, expires: 2026-01-01}\n", "exactly one of requirement, rule, step"),
        ("oit: '1'\nknown:\n  - {rule: contract.schema, scenario: a, owner: b, reason: c}\n", "missing: expires"),
        ("oit: '1'\nknown:\n  - {rule: contract.shema, scenario: a, owner: b, reason: c, expires: 2026-01-01}\n",
         ":3:12: there is no rule 'contract.shema'. Did you mean 'contract.schema'?"),
        ("oit: '1'\nknown:\n  - {requirement: MEF121-R100, scenario: a, owner: b, reason: c, expires: 2026-01-01}\n",
         "there is no requirement 'MEF121-R100'. Did you mean"),
        ("oit: '1'\nknown:\n  - {step: a, scenario: a, owner: b, reason: c, expires: 1.1.2026}\n", "write 2026-12-31"),
        ("oit: '1'\nknown:\n  - {step: a, scenario: a, owner: b, reason: c, expires: 2026-02-30}\n", "there is no day 2026-02-30"),
        ("oit: '1'\nknown:\n  - {step: a, pointer: /a, scenario: a, owner: b, reason: c, expires: 2026-02-20}\n",
         "a step has no 'pointer'"),
        ("oit: [", "not readable as YAML"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_told_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "known-failures.yaml"
    path.write_text(text)
    with pytest.raises(FileProblem) as caught:
        load_known(path, TODAY, load_release())
    assert str(caught.value).startswith(str(path))
    assert said in str(caught.value)


def test_an_entry_that_is_none_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "known.yaml"
    path.write_text('oit: "1"\nknown: [true]\n')
    with pytest.raises(FileProblem) as told:
        load_known(path, TODAY, load_release())
    assert str(told.value) == f"{path}:2:9: a map is needed here, not True"


def test_the_schema_is_one(tmp_path: Path) -> None:
    jsonschema.Draft7Validator.check_schema(schema())
    jsonschema.Draft7Validator.check_schema(json_report.schema())
