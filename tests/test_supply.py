"""What is installed: by version and hash, the same everywhere, and nothing by a name that somebody else can move."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.cli.processes import ROOT

PROJECT: Final[Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS: Final[Any] = PROJECT["project"]["optional-dependencies"]
OURS: Final = "lso-oit/lso-oit"


def pins(name: str) -> dict[str, tuple[Requirement, list[str]]]:
    """The packages of a lock file: what is asked for, and its hashes."""
    text = re.sub(r"^ *#.*\n", "", (ROOT / name).read_text(), flags=re.MULTILINE)
    found: dict[str, tuple[Requirement, list[str]]] = {}
    for entry in text.replace("\\\n", " ").splitlines():
        words, *hashes = entry.split(" --hash=")
        requirement = Requirement(words.strip())
        assert requirement.name not in found, f"{requirement.name} is locked twice"
        found[canonicalize_name(requirement.name)] = requirement, [each.strip() for each in hashes]
    return found


RUN: Final = pins("requirements.lock")
DEV: Final = pins("requirements-dev.lock")
SUPPLY: Final = pins("requirements-supply.lock")
FUZZER: Final = pins("requirements-fuzzer.lock")


@pytest.mark.parametrize("lock", [RUN, DEV, SUPPLY, FUZZER], ids=["run", "dev", "supply", "fuzzer"])
def test_each_package_is_locked_to_one_version_by_hashes_and_to_no_index(lock: Any):
    for requirement, hashes in lock.values():
        assert [each.operator for each in requirement.specifier] == ["=="], requirement
        assert requirement.url is None, requirement
        assert hashes, requirement
        for each in hashes:
            assert re.fullmatch(r"sha256:[0-9a-f]{64}", each), requirement


def test_the_locks_meet_what_the_project_asks_for():
    """`make lock` was run after the last change of the dependencies."""
    asked = PROJECT["project"]["dependencies"]
    built = [*asked, *EXTRAS["build"], *PROJECT["build-system"]["requires"]]
    for lock, wanted in (
        (RUN, built),
        (DEV, [*built, *EXTRAS["dev"]]),
        (SUPPLY, EXTRAS["supply"]),
        (FUZZER, EXTRAS["fuzzer"]),
    ):
        for requirement in map(Requirement, wanted):
            pinned = lock[canonicalize_name(requirement.name)][0]
            (version,) = (each.version for each in pinned.specifier)
            assert requirement.specifier.contains(version), f"{pinned}: pyproject.toml asks for {requirement}"
    assert {name: one.specifier for name, (one, _) in RUN.items()}.items() <= {
        name: one.specifier for name, (one, _) in DEV.items()
    }.items()


def test_what_is_installed_here_is_what_is_locked():
    """Each locked package that this Python needs is there in its version, and no other but Python's own tools."""
    there = {canonicalize_name(one.name): one.version for one in metadata.distributions()}
    for name, (requirement, _) in DEV.items():
        if requirement.marker is None or requirement.marker.evaluate():
            assert requirement.specifier.contains(there.pop(name)), requirement
    assert set(there) <= {"lso-oit", "pip", "setuptools", "wheel"}


def test_image_and_actions_are_named_by_digest_and_commit():
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert len(bases) == 2
    for base in bases:
        assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm@sha256:[0-9a-f]{64}", base)
    for name in ("README.md", "emulator/cli/starter/sonata.yml"):
        used = re.findall(r"uses: (\S+)@(.*)", (ROOT / name).read_text())
        assert len(used) == 4, name
        for action, version in used:
            assert action == OURS or re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", version), (
                f"{name}: {action}@{version}"
            )


def test_make_installs_from_the_lock_alone():
    """No target of make, nor the image, nor the action, asks an index for something without a hash."""
    for name in ("Makefile", "Dockerfile", "action.yml", ".ci/run"):
        for line in (ROOT / name).read_text().splitlines():
            if re.search(r"\bpip\b.* install|PIP\) install", line):
                assert "--require-hashes" in line or "--no-deps --no-build-isolation" in line, f"{name}: {line}"


@pytest.mark.slow
def test_sbom_lists_what_is_locked(tmp_path: Path):
    """By `make sbom`, in a folder of its own."""
    command = ["make", "--no-print-directory", "--directory", str(ROOT), "sbom", f"SBOM={tmp_path / 'sbom.json'}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    sbom = json.loads((tmp_path / "sbom.json").read_bytes())
    assert sbom["bomFormat"] == "CycloneDX"
    assert sbom["metadata"]["component"]["name"] == "lso-oit"
    listed = {canonicalize_name(one["name"]): one for one in sbom["components"]}
    assert set(listed) == set(RUN)
    for name, (requirement, hashes) in RUN.items():
        assert requirement.specifier.contains(listed[name]["version"])
        told = {each["content"] for one in listed[name]["externalReferences"] for each in one["hashes"]}
        assert told == {each.removeprefix("sha256:") for each in hashes}


def test_make_pin_writes_what_it_looks_up_and_nothing_where_it_finds_nothing(tmp_path: Path):
    """With programs in the places of docker and git that know one answer each, then none."""
    for needed in ("make", "sed", "sort", "cut", "tail"):
        if shutil.which(needed) is None:
            pytest.skip(f"make pin needs {needed}")
    for name in ("Makefile", "Dockerfile", "README.md", "emulator/cli/starter/sonata.yml"):
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    programs = tmp_path / "bin"
    programs.mkdir()

    def pin(digest: str, commit: str) -> subprocess.CompletedProcess[str]:
        for program, answer in (("docker", digest), ("git", commit)):
            (programs / program).write_text(f"#!/bin/sh\nprintf '{answer}\\n'\n")
            (programs / program).chmod(0o755)
        return subprocess.run(["make", "pin"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30,
                              env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"})  # fmt: skip

    done = pin("sha256:" + "a" * 64, "b" * 40 + r"\trefs/tags/v1")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "Dockerfile").read_text().count("@sha256:" + "a" * 64) == 2
    for name in ("README.md", "emulator/cli/starter/sonata.yml"):
        assert (tmp_path / name).read_text().count("@" + "b" * 40 + " # v") == 3
    before = (tmp_path / "README.md").read_bytes()
    assert pin("sha256:" + "a" * 64, "").returncode != 0
    assert pin("unauthorized", "c" * 40 + r"\trefs/tags/v1").returncode != 0
    assert (tmp_path / "README.md").read_bytes() == before
