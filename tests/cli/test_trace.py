"""`oit rules --trace`: coverage counted from what runs said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from emulator.report.coverage import render, trace
from emulator.standard.release import load_release
from tests.cli.processes import oit


def run(name: str, **verdicts: str) -> dict[str, Any]:
    """A run that gives these verdicts, and sees nothing else."""
    given = {key.replace("_", "-"): verdict for key, verdict in verdicts.items()}
    rows = [
        {"id": each.id, "verdict": given.get(each.id, "not_seen"), "exchanges": []}
        for each in load_release().requirements.values()
        if not each.not_on_wire
    ]
    return {"run": {"scenario": name, "case": None}, "requirements": rows}


def test_the_worst_verdict_of_any_run_counts_and_what_nobody_saw_is_named():
    traced = trace(
        load_release().requirements,
        [
            run("a", MEF121_R2="pass", MEF121_R3="pass", MEF121_R4="not_applicable", MEF121_R5="not_applicable"),
            run("b", MEF121_R2="fail", MEF121_R5="not_applicable"),
        ],
    )
    rows = {row["id"]: row for row in traced["requirements"]}
    assert {name: rows[f"MEF121-{name}"]["verdict"] for name in ("R2", "R3", "R4", "R5", "R9")} == {
        "R2": "fail",
        "R3": "pass",
        "R4": "not_seen",
        "R5": "not_applicable",
        "R9": "not_on_wire",
    }
    assert rows["MEF121-R2"]["runs"] == ["a", "b"]
    guide = traced["guides"]["MEF121"]
    assert (guide["tested"], guide["pass"], guide["fail"], guide["not_applicable"]) == (2, 1, 1, 1)
    assert guide["on_wire"] == guide["requirements"] - guide["not_on_wire"]
    assert guide["percent"] == round(200 / guide["on_wire"], 1)
    text = render(traced)
    assert f"MEF121-R4    {load_release().requirements['MEF121-R4'].title}" in text
    assert "MEF121-R3 " not in text


def test_runs_of_a_folder_are_counted(tmp_path: Path):
    """What a scenario tested is read from its report, and a guide can be chosen."""
    oit("run", "scenarios/poq/immediate.oit.yaml", "--report", "json", "--report-dir", str(tmp_path / "a" / "b"))
    done = oit("rules", "--trace", str(tmp_path), "--guide", "MEF87", "--format", "json")
    assert done.code == 0, done.err
    traced = json.loads(done.out)
    assert traced["runs"] == 1
    assert list(traced["guides"]) == ["MEF87"]
    assert traced["all"]["tested"] > 0
    report = json.loads((tmp_path / "a" / "b" / "report.json").read_bytes())
    said = {row["id"] for row in report["requirements"] if row["verdict"] not in ("not_seen", "not_applicable")}
    assert {row["id"] for row in traced["requirements"] if row["runs"]} == {i for i in said if i.startswith("MEF87-")}
    table = oit("rules", "--trace", str(tmp_path / "a" / "b" / "report.json"))
    assert "Never seen (" in table.out
