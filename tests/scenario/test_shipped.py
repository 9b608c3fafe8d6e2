"""The shipped scenarios: their table is whole and true, they pass, and together they play every use case."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from emulator.conduct.runs import run_all
from emulator.conduct.scenarios import read_scenarios
from emulator.conduct.settings import Settings
from emulator.plain_yaml import load_located
from emulator.scenario.loader import load_scenario
from emulator.scenario.selection import Wish, plan
from emulator.settings import scenarios_dir
from emulator.standard.release import load_release
from tests.cli.processes import oit

FOLDER = scenarios_dir()
ROWS = re.findall(
    r"^\| \[`(.+?)`\]\((.+?)\.oit\.yaml\)( ⚙)? \|", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE
)
SHIPPED = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.oit.yaml"))
USE_CASES = load_release().use_cases
NINE = frozenset(USE_CASES["MEF123-UC16"].events)
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


def test_every_scenario_has_one_row() -> None:
    assert sorted(f"{name}.oit.yaml" for name, _, _ in ROWS) == SHIPPED
    assert all(name == link for name, link, _ in ROWS)


@pytest.mark.parametrize("path", SHIPPED)
def test_its_row_and_its_id_fit(path: str) -> None:
    """A scenario with a profile is marked, and its id is its path."""
    scenario = load_located(FOLDER / path).value
    marks = [bool(mark) for name, _, mark in ROWS if f"{name}.oit.yaml" == path]
    assert marks == ["profile" in scenario]
    assert scenario["id"] == path.removesuffix(".oit.yaml").replace("/", "-")


def test_all_pass_and_play_every_use_case(tmp_path: Path) -> None:
    """One run of everything. Neither of our parties breaks a rule, nor sends what earns a warning.

    Each use case is played to each end, with polling and with notifications where there are such: read from the
    messages. What a scenario claims to cover it does play. Each wrong request is refused as its case wants it, and was wrong on
    purpose, it alone.
    """
    done = oit("run", "scenarios", "--report", "json", "--report-dir", str(tmp_path))
    assert done.code == 0, done.err[-2000:]
    runs = json.loads((tmp_path / "report.json").read_bytes())["runs"]
    assert [finding for run in runs for finding in run["findings"]] == []
    assert all(step["outcome"] in {"passed", "skipped"} for run in runs for step in run["steps"])
    refused = {(run["run"]["scenario"], run["run"]["case"]): run for run in runs if _is_refused(run)}
    assert refused.keys() == set(REFUSED)
    for run in refused.values():
        (wrong,) = [step for step in run["steps"] if step["id"].endswith(f":{run['run']['case']}")]
        assert wrong["outcome"] == "passed", run["run"]
        assert {row["n"] for row in run["exchanges"] if row.get("provoked")} == set(wrong["exchanges"])
    cases = json.loads(oit("rules", "--trace", str(tmp_path), "--format", "json").out)["use_cases"]
    assert [case["id"] for case in cases] == list(USE_CASES)
    rows = [(case["id"], row["way"], row["outcome"], row["runs"]) for case in cases for row in case["rows"]]
    assert [row[:3] for row in rows if not row[3]] == []
    played = {(name.split(" ")[0], case) for case, _, _, names in rows for name in names}
    claimed = {(name.removesuffix(".oit.yaml").replace("/", "-"), case) for name in SHIPPED for case in _claims(name)}
    assert {case for _, case in claimed} == set(USE_CASES)
    assert claimed <= played, sorted(claimed - played)


REFUSED = [
    (f"negative-{path.name.removesuffix('.oit.yaml')}", case.id)
    for path in sorted((FOLDER / "negative").glob("*.oit.yaml"))
    for case in load_scenario(path, load_release()).cases
]


def _is_refused(run: dict[str, Any]) -> bool:
    return run["run"]["scenario"].startswith("negative-") and run["run"].get("case") is not None


def _claims(name: str) -> set[str]:
    scenario = load_scenario(FOLDER / name, load_release())
    parts = [scenario.covers, *(step.covers for step in scenario.steps()), *(case.covers for case in scenario.cases)]
    return {label for covers in parts for label in covers if label in USE_CASES}


class Silent:
    """A writer that nobody reads."""

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: None


def forty_days(seed: int) -> list[str]:
    """The transcript of the order of forty days: what was said, by whom, and when since its start."""
    jobs = plan(read_scenarios([FOLDER / "order/forty-days.oit.yaml"], load_release()), Wish(), load_release()).jobs
    (report,) = run_all(Settings(seed=seed), jobs, Silent())
    assert report["verdict"] == "pass", report["steps"]
    began = datetime.fromisoformat(report["exchanges"][0]["at"])
    told = []
    for row in report["exchanges"]:
        response = row["response"]
        said = [row["operation"], row["at"], row["request"].get("body"), response["status"], response.get("body")]
        # What differs by nature: the ports that were free, the run's name, and the day on which it was played.
        text = re.sub(r"http://127\.0\.0\.1:\d+", "http://host", json.dumps(said)).replace(report["run"]["id"], "RUN")
        told.append(INSTANT.sub(lambda at: str((datetime.fromisoformat(at[0]) - began).total_seconds()), text))
    return told


def test_an_order_of_forty_days_is_the_same_every_time_for_one_seed() -> None:
    """Nine kinds of notification, and each id, moment and body again; another seed has other ids."""
    first, again, other = forty_days(7), forty_days(7), forty_days(8)
    assert first == again
    assert first != other
    assert [json.loads(row)[0] for row in first] == [json.loads(row)[0] for row in other]
    assert {json.loads(row)[0] for row in first} & NINE == NINE
    assert 40 <= float(json.loads(first[-1])[1]) / 86_400 < 41
