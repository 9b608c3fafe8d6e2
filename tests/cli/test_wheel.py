"""An installed wheel works from any folder, also where nothing can be written."""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.cli.processes import ROOT, environment


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel was unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_wheel_carries_its_data_and_runs_without_the_checkout(site: Path, tmp_path: Path):
    """The wheel holds specs and scenarios, and plays one from a folder that knows no checkout."""
    assert (site / "emulator/_data/specs/releases/grace.yaml").is_file()
    assert (site / "emulator/_data/scenarios/profiles/wholesale-seller.yaml").is_file()
    assert not [found for found in site.rglob("*") if "tests" in found.relative_to(site).parts]
    played = subprocess.run(
        [sys.executable, "-P", "-m", "emulator", "run", "scenarios/poq/immediate.oit.yaml"],
        cwd=tmp_path, env={**environment(), "PYTHONPATH": str(site)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert played.returncode == 0, played.stderr


def alone(*command: str) -> list[str]:
    """The command with mounts of its own, which end with it."""
    return ["unshare", "-m", "sh", "-c", *command]


def test_seller_needs_to_write_to_its_data_folder_alone(site: Path, tmp_path: Path):
    """As the image is meant to be run: the whole root is read-only."""
    data = shlex.quote(str(tmp_path))
    read_only = f"mount --bind {data} {data} && mount -o remount,ro,bind / && cd /"
    tried = shutil.which("unshare") and subprocess.run(
        alone(f"{read_only} && ! touch /tmp/oit"), capture_output=True, check=False
    )
    if not tried or tried.returncode:
        pytest.skip("a root that is read-only needs unshare, and the right to use it")
    serve = shlex.join([sys.executable, "-P", "-m", "emulator", "seller", "--port", "0"])
    with subprocess.Popen(
        alone(f"{read_only} && exec {serve}"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**environment(), "PYTHONPATH": str(site), "OIT_DATA": str(tmp_path)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        url = process.stdout.readline().strip()
        with urlopen(f"{url}/health", timeout=30) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "Read-only" not in said
    assert "Traceback" not in said
    assert (tmp_path / "oit.sqlite3").stat().st_size > 0
