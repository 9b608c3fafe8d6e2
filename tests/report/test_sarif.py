"""SARIF that code hosts accept: findings at the steps of the scenario, known over runs, excused ones suppressed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.record.exchange import Party
from emulator.report import sarif_report
from emulator.report.model import whole_report
from emulator.report.played import StepInfo, StepOutcome
from emulator.standard.breach import Breach
from tests.judge.exchanges import exchange
from tests.report.runs import BREACH, FAILED_STEP, PASSED_STEP, full_report, report
from tests.report.schemas import problems
from tests.report.test_known import known

NEVER = StepInfo(
    "listen", "notify", StepOutcome.NEVER_ARRIVED, message="nothing came", where="scenarios/b.oit.yaml:9:3"
)


def sarif(made: Any, folder: Path) -> Any:
    """The log, after the published schema and the rules that it cannot say were checked."""
    log = json.loads(sarif_report.render(made, here=folder, root=folder))
    assert problems(log, "sarif-2.1.0.json") == []
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        # Readers of SARIF look for the author of a line, with their mail, under this name.
        assert "blame" not in result["properties"]
    return run


def test_a_finding_stands_at_the_step_that_made_the_exchange(tmp_path: Path) -> None:
    """The file is relative to the repository, by a base that code hosts know."""
    run = sarif(report(steps=(FAILED_STEP,), breaches=(BREACH,), sut=Party.SELLER), tmp_path)
    (result,) = run["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "scenarios/a.oit.yaml", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 3, "startColumn": 5}
    assert result["level"] == "error"
    assert result["ruleId"] == "MEF121-R10"
    (rule,) = run["tool"]["driver"]["rules"]
    assert "MUST" in rule["help"]["text"]
    assert rule["help"]["markdown"].startswith("```")
    assert "approved.orderable" in result["message"]["text"]
    assert result["properties"]["whose"] == "seller"


@pytest.mark.parametrize("here", ["", "below/deep"])
def test_paths_are_those_of_the_repository_wherever_oit_was_called(here: str, tmp_path: Path) -> None:
    """`.git` marks the root; what lies outside has an absolute address that nobody takes for a file of the repository."""
    (tmp_path / ".git").mkdir()
    folder = tmp_path / here
    folder.mkdir(parents=True, exist_ok=True)
    outside = StepInfo("x", "call", StepOutcome.UNMET, message="no", where="/elsewhere/c d.oit.yaml:1:2")
    log = json.loads(sarif_report.render(report(steps=(NEVER, outside)), here=folder))
    uris = [r["locations"][0]["physicalLocation"]["artifactLocation"] for r in log["runs"][0]["results"]]
    prefix = f"{here}/" if here else ""
    assert uris == [
        {"uri": f"{prefix}scenarios/b.oit.yaml", "uriBaseId": "%SRCROOT%"},
        {"uri": "file:///elsewhere/c%20d.oit.yaml"},
    ]


def test_the_same_finding_has_the_same_fingerprint_in_every_run(tmp_path: Path) -> None:
    """Whatever ids and values it found; another place or case is another finding."""

    def prints(*breaches: Breach, **changes: Any) -> list[str]:
        made = report(exchange({"id": "1"}), breaches=breaches, **changes)
        return [row["partialFingerprints"]["oit/v1"] for row in sarif(made, tmp_path)["results"]]

    first = prints(BREACH, id="r1")
    assert prints(Breach("/quoteItem/7/state", "approved.orderable", "other", "also wrong"), id="r2") == first
    assert prints(Breach("/quoteItem/0/id", "a", "b", "c")) != first
    assert prints(BREACH, case="no city") != first
    assert len(set(first)) == 1


def test_what_is_seen_again_and_again_is_one_result_with_its_count(tmp_path: Path) -> None:
    poll, step = exchange({"id": "1"}), replace(PASSED_STEP, exchanges=(1, 2, 3))
    run = sarif(report(poll, poll, poll, steps=(step,), breaches=(BREACH,)), tmp_path)
    assert [row["occurrenceCount"] for row in run["results"]] == [3]


def test_a_step_without_finding_is_a_result_and_our_error_is_none(tmp_path: Path) -> None:
    """A run that failed never leaves an empty log; what OIT did wrong is told as the tool's own trouble."""
    run = sarif(report(steps=(NEVER,)), tmp_path)
    assert [row["ruleId"] for row in run["results"]] == ["step.never_arrived"]
    assert run["results"][0]["level"] == "warning"
    assert run["invocations"][0]["executionSuccessful"] is True


def test_an_excused_finding_is_suppressed_with_owner_and_reason(tmp_path: Path) -> None:
    excuses = known(tmp_path, {"requirement": "MEF121-R10"}, today=date(2026, 1, 1))
    made = report(breaches=(BREACH, Breach("/b", "c", "d", "e")), sut=Party.SELLER, known=excuses)
    (first, *_) = sarif(whole_report([made], excuses), tmp_path)["results"]
    (suppressed,) = first["suppressions"]
    assert suppressed["kind"] == "external"
    assert "fixed in 2.1" in suppressed["justification"]
    assert "owner Ann" in suppressed["justification"]


def test_every_verdict_and_outcome_fits_the_schema(tmp_path: Path) -> None:
    run = sarif(whole_report([report(), full_report()]), tmp_path)
    assert {"error", "warning"} <= {row["level"] for row in run["results"]}


def test_the_schema_is_not_asleep() -> None:
    """A log with a wrong level is refused."""
    log = json.loads(sarif_report.render(report(breaches=(BREACH,))))
    log["runs"][0]["results"][0]["level"] = "catastrophe"
    assert problems(log, "sarif-2.1.0.json")


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=20), st.binary(max_size=20))
def test_any_text_makes_a_log(text: str, body: bytes) -> None:
    made = report(exchange(body, path="/" + text), breaches=(Breach("/" + text, body, text, text),), scenario=text)
    assert problems(json.loads(sarif_report.render(made)), "sarif-2.1.0.json") == []
