"""The recipe of the README, all shipped scenarios against a seller in another process, ends as it has to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.broken.spoiler import Answer, spoilt
from tests.cli.processes import oit, seller

pytestmark = pytest.mark.slow


def run(url: str, folder: Path, *more: str) -> tuple[int, Any]:
    done = oit(
        "run", "scenarios", "--sut", f"seller={url}", "-j", "4", "--report", "json", "--report-dir", str(folder), *more
    )
    return done.code, json.loads((folder / "report.json").read_bytes())


def findings(report: Any) -> list[tuple[str, str]]:
    return [
        (row["verdict"], row["rule"]) for each in report["runs"] for row in each["findings"] if row["verdict"] == "fail"
    ]


def test_a_right_seller_is_green(tmp_path: Path) -> None:
    """No run fails, none is inconclusive, and what was not asked of this partner is left out by name."""
    with seller() as url:
        code, report = run(url, tmp_path)
    assert (code, report["verdict"], findings(report)) == (0, "pass", [])
    assert {each["verdict"] for each in report["runs"]} == {"pass"}
    assert {each["what"] for each in report["left_out"]} == {"behaviour", "waits"}


def test_a_right_seller_that_lacks_an_api_and_declares_so_is_green(tmp_path: Path) -> None:
    profile = tmp_path / "no-site.yaml"
    profile.write_text("extends: wholesale-seller\nname: no-site\nunsupported: [site]\n")
    with seller("--profile", str(profile)) as url:
        code, report = run(url, tmp_path, "--profile", str(profile))
    assert (code, findings(report)) == (0, [])
    assert {each["run"]["scenario"] for each in report["runs"] if each["verdict"] == "skipped"} == {"places-find"}


def test_one_planted_breach_is_the_only_red(tmp_path: Path) -> None:
    """A text in place of a boolean, in quotes that are read, and nowhere else."""

    def spoil(answer: Answer) -> None:
        if answer.method == "GET" and isinstance(answer.body, dict) and "quoteItem" in answer.body:
            answer.body["instantSyncQuote"] = "yes"

    with seller() as origin, spoilt(origin, spoil) as url:
        code, report = run(url, tmp_path)
    assert code == 1
    wrong = {row["rule"] for each in report["runs"] for row in each["findings"] if row["verdict"] == "fail"}
    assert wrong == {"MEF115-R13"}, "where the contract sees the same place, the clause speaks"
    red = {each["run"]["scenario"] for each in report["runs"] if each["verdict"] == "fail"}
    asking = {
        each["run"]["scenario"]
        for each in report["runs"]
        if any(
            row["operation"] == "retrieveQuote" and row.get("response", {}).get("status") == 200
            for row in each["exchanges"]
        )
    }
    assert red == asking
    assert {each["verdict"] for each in report["runs"]} <= {"pass", "fail"}
