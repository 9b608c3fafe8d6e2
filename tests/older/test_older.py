"""What an older version wrote is still read: a seller's database, and reports that do not say who played which party.

The files were written by commit b8245cb: `oit seller --data` served `oit run scenarios/places/find.oit.yaml --sut
seller=URL/r/acme` (seller.json) and `scenarios/poq/immediate.oit.yaml`; self.json is the first of these as a self-test, and
captured.json what `oit check --sut buyer` says of seller.json.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from emulator.cli import main
from emulator.judge.roles import SELF_TEST, PartyRole, Roles
from emulator.record.exchange import Party
from emulator.report.about import RunInfo
from emulator.report.model import Report
from emulator.report.played import StepInfo
from emulator.report.reading import read_report, tell
from emulator.report.whose import roles_of

HERE = Path(__file__).parent
ROLES = {
    "self": SELF_TEST,
    "seller": Roles.testing(Party.SELLER),
    "captured": Roles.testing(Party.BUYER, PartyRole.OBSERVED),
}


def unpacked(name: str, folder: Path) -> Path:
    """A file of these, as it was written."""
    target = folder / name
    target.write_bytes(gzip.decompress((HERE / f"{name}.gz").read_bytes()))
    return target


def oit(*arguments: str) -> Result:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    return done


class Listener:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.info: list[RunInfo] = []
        self.steps: list[StepInfo] = []

    def run_started(self, info: RunInfo) -> None:
        self.info.append(info)

    def step_done(self, step: StepInfo) -> None:
        self.steps.append(step)

    def run_done(self, report: Report) -> None: ...


@pytest.mark.parametrize("name", ROLES)
def test_roles_follow_from_what_an_older_report_tells(name: str, tmp_path: Path) -> None:
    report = read_report(unpacked(f"{name}.json", tmp_path))
    assert "roles" not in report["run"]
    assert roles_of(report) == ROLES[name]
    listener = Listener()
    tell(report, listener)
    assert [info.roles for info in listener.info] == [ROLES[name]]
    assert [step.id for step in listener.steps] == [step["id"] for step in report["steps"]]


@pytest.mark.parametrize("name", ROLES)
def test_older_reports_are_written_again_in_every_form(name: str, tmp_path: Path) -> None:
    file = unpacked(f"{name}.json", tmp_path)
    oit("report", str(file), "--format", "html,json,junit,sarif,har", "--report-dir", str(tmp_path / "out"))
    assert len(list((tmp_path / "out").iterdir())) == 5
    against = {"self": "self-test", "seller": "testing the seller", "captured": "captured traffic of the buyer"}
    assert against[name] in oit("report", str(file)).output
    again: dict[str, Any] = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (again["verdict"], again["run"]["sut"]) == ("pass", ROLES[name].sut)


def test_an_older_report_is_judged_again_as_it_was(tmp_path: Path) -> None:
    """The exchanges of a report are a capture, too. What is told today of refusals beyond that is nobody's fault."""
    file, before = unpacked("seller.json", tmp_path), read_report(unpacked("captured.json", tmp_path))
    oit("check", str(file), "--sut", "buyer", "--report", "json", "--report-dir", str(tmp_path / "out"))
    after = read_report(tmp_path / "out" / "report.json")
    assert after["run"]["roles"] == {"buyer": "underTest", "seller": "observed"}
    blamed = [[row for row in report["findings"] if row["blame"] != "nobody"] for report in (before, after)]
    assert (after["verdict"], blamed[1]) == (before["verdict"], blamed[0])


def test_an_older_database_is_listed_judged_and_exported(tmp_path: Path) -> None:
    unpacked("oit.sqlite3", tmp_path)
    (row,) = json.loads(oit("runs", "list", "--data", str(tmp_path), "--format", "json").stdout)
    assert (row["run"], row["exchanges"], row["resources"]) == ("acme", 13, 4)
    out = tmp_path / "out"
    oit("report", "acme", "--data", str(tmp_path), "--format", "json", "--report-dir", str(out))
    report = read_report(out / "report.json")
    assert (report["verdict"], len(report["exchanges"])) == ("pass", 13)
    assert report["run"]["roles"] == {"buyer": "underTest", "seller": "emulated"}
    exported = oit("runs", "export", "acme", "--data", str(tmp_path), "--transcript").stdout_bytes
    assert len(exported.splitlines()) == 13
