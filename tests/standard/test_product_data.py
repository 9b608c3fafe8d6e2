"""The configurations that scenarios buy are right ones, on every release, and there is one of each of its products."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.plain_yaml import load_yaml
from emulator.record.patch import merged
from emulator.standard.payloads.configuration import breaches_in
from emulator.standard.product_files import read_product_file
from emulator.standard.release import Release, load_release

FRAGMENTS = Path(__file__).resolve().parents[2] / "scenarios" / "fragments"
NO_COUNTERPART: dict[str, set[str]] = {"grace": set(), "dolly": {"internet-access-exclusive"}}
RELEASES = [load_release(name) for name in NO_COUNTERPART]
FILES = sorted(
    path
    for path in (*FRAGMENTS.glob("*.yaml"), *(FRAGMENTS / "products").glob("*.yaml"))
    if "." not in path.stem and isinstance(load_yaml(path), dict)
)
each_release = pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)


def configurations(data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The configurations of a data file by name, those that change another one with what they change."""
    for name, value in data.items():
        if isinstance(value, dict):
            changes = dict(value)
            base = changes.pop("$merge", None)
            whole = merged(data[base.removeprefix("$inputs.")], changes) if base else value
            if "urn:" in str(whole.get("@type")):
                yield name, whole


def bought(release: Release) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path in FILES:
        if path.stem not in NO_COUNTERPART[release.name]:
            for name, value in configurations(read_product_file(path, release.line)):
                yield path.stem, name, value


@each_release
def test_what_scenarios_buy_is_right(release: Release) -> None:
    wrong = [
        (file, name, breach.place, breach.check.value)
        for file, name, value in bought(release)
        for breach in breaches_in(release, value["@type"], value)
    ]
    assert wrong == []


@each_release
def test_there_is_a_configuration_of_each_product(release: Release) -> None:
    assert {value["@type"] for _, _, value in bought(release)} == set(release.product_files)
