"""A scenario for an API by its contract alone, and our seller by its contract alone: they understand each other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from emulator.cli import main
from emulator.parties.profile import load_profile
from emulator.scenario.generic import generic_profile, generic_scenario
from emulator.standard.release import Release, forget_releases, load_release
from tests.standard.test_release import GRACE, specs_with


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Release]:
    """Our release without its guides: contracts, products, and what sheets say beside."""
    specs = specs_with(tmp_path, "release: grace", "release: bare", name="bare")
    file = specs / "releases" / "bare.yaml"
    apis, claimed, others = file.read_text(encoding="utf-8").partition("claimed:")
    file.write_text(re.sub(r"(?m)^    rules: .*\n", "", apis) + claimed + others, encoding="utf-8")
    for name in (GRACE.file.name, GRACE.errata_file.name):
        (specs / "releases" / name).symlink_to(GRACE.specs / "releases" / name)
    monkeypatch.setattr("emulator.standard.release.specs_dir", lambda: specs)
    forget_releases()
    release = load_release("bare")
    profile, lacking = generic_profile(release)
    assert lacking == {}
    (specs / "profiles").unlink()  # it led to ours
    (specs / "profiles").mkdir()
    (specs / "profiles" / "bare.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    yield release
    forget_releases()


def test_every_api_is_played_green_by_its_contract(bare: Release, tmp_path: Path) -> None:
    folder = tmp_path / "generic"
    folder.mkdir()
    played = set[str]()
    for api in bare.apis:
        found = generic_scenario(bare, api)
        assert found.left_out == {}
        (folder / f"{api}.oit.yaml").write_text(yaml.safe_dump(found.scenario, sort_keys=False), encoding="utf-8")
        played |= {step["call"] for step in found.scenario["flow"]}
    ran = CliRunner().invoke(
        main, ["run", str(folder), "--release", "bare", "--report", "json", "--report-dir", str(tmp_path / "out")]
    )
    assert ran.exit_code == 0, ran.output
    report: Any = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert {run["verdict"] for run in report["runs"]} == {"pass"}
    assert {step["outcome"] for run in report["runs"] for step in run["steps"]} == {"passed"}
    assert not [row for run in report["runs"] for row in run["findings"]]
    # What is left is what no contract says by itself: changes, and acts on what has come to a state.
    views = {
        f"{facts.api}.{one.id}": one.view for facts in bare.kinds.apis.values() for one in facts.operations.values()
    }
    assert {view for name, view in views.items() if name not in played} <= {"patch", "act"}


def test_a_release_brings_its_own_usual_profile(bare: Release) -> None:
    assert load_profile(release=bare).name == "bare"
    assert load_profile().name == "wholesale-seller"
