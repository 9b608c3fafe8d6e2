"""The table of the shipped scenarios is whole and true."""

from __future__ import annotations

import re

import pytest

from emulator.plain_yaml import load_located
from emulator.settings import scenarios_dir

FOLDER = scenarios_dir()
ROWS = re.findall(
    r"^\| \[`(.+?)`\]\((.+?)\.oit\.yaml\)( ⚙)? \|", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE
)
SHIPPED = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.oit.yaml"))


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
