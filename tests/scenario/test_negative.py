"""Every requirement that a buyer can break has a case, and our own seller refuses each of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from emulator.scenario.loader import load_scenario
from emulator.scenario.result import Outcome
from emulator.settings import scenarios_dir
from emulator.standard.release import load_release
from tests.play import play

FOLDER = scenarios_dir() / "negative"
FILES = sorted(path.name.removesuffix(".oit.yaml") for path in FOLDER.glob("*.oit.yaml"))
WITHOUT = {
    "MEF87-R22": "no document of the release says which contacts a product needs",
}
"""Requirements without a case, and why."""


def test_each_requirement_that_can_be_broken_has_a_case():
    wanted = {one.id for one in load_release().requirements.values() if one.negative}

    def covered(files: Iterable[Path]) -> set[str]:
        cases = (case for file in files for case in load_scenario(file, load_release()).cases)
        return {label for case in cases for label in case.covers}

    assert wanted - covered(FOLDER.parent.rglob("*.oit.yaml")) == set(WITHOUT)
    assert covered(FOLDER.glob("*.oit.yaml")) <= wanted


@pytest.mark.parametrize("name", FILES)
def test_what_the_cases_spoil_is_right_by_itself(name):
    played = play(f"negative/{name}")
    assert {step.outcome for step in played.steps} == {Outcome.PASSED}, played.steps
    assert not [finding for finding in played.judged().findings if str(finding.verdict) == "fail"]
