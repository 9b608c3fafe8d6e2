"""An installed wheel works from any folder."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.cli.processes import ROOT, environment


def test_wheel_carries_its_data_and_runs_without_the_checkout(tmp_path: Path):
    """The wheel holds specs and scenarios, and plays one from a folder that knows no checkout."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "site")
    assert "emulator/_data/specs/releases/grace.yaml" in names
    assert "emulator/_data/scenarios/profiles/wholesale-seller.yaml" in names
    assert not [name for name in names if "tests" in name]
    played = subprocess.run(
        [sys.executable, "-P", "-m", "emulator", "run", "scenarios/poq/immediate.oit.yaml"],
        cwd=tmp_path, env={**environment(), "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert played.returncode == 0, played.stderr
