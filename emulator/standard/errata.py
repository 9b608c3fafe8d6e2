"""Errata: where a contract would fail a party that is right, read from a release's `<name>-errata.yaml`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from emulator.record.payload import MISSING
from emulator.standard.strict import Mistake, Text, read_record


@dataclass(frozen=True, slots=True)
class ErratumChange:
    """One step of a JSON Patch; `remove` with a value takes that out of a list."""

    op: Literal["add", "remove", "replace"]
    value: Any = MISSING


@dataclass(frozen=True, slots=True)
class Erratum:
    """A change of one contract when messages are judged; `at` is a JSON Pointer into its document."""

    id: Text
    api: Text
    contract: Text
    at: Text
    change: ErratumChange
    reason: Text
    clause: Text


def errata_beside(file: Path) -> Path:
    """Where the errata of a release are, by its file."""
    return file.with_name(f"{file.stem}-errata.yaml")


def read_errata(path: Path, contracts: Collection[tuple[str, str]]) -> tuple[Erratum, ...]:
    """The errata of a file, none where there is no file; `contracts` are those of the release, by API and kind.

    FileProblem with `file:line:col` for every place that is wrong.
    """
    if not path.exists():
        return ()
    found: tuple[Erratum, ...] = read_record(tuple[Erratum, ...], path, lambda errata: _wrong(errata, contracts))
    return found


def _wrong(errata: tuple[Erratum, ...], contracts: Collection[tuple[str, str]]) -> Iterator[Mistake]:
    seen: set[str] = set()
    for index, each in enumerate(errata):
        if each.id in seen:
            yield Mistake(f"/{index}/id", f"there is another erratum {each.id}")
        seen.add(each.id)
        if (each.api, each.contract) not in contracts:
            yield Mistake(f"/{index}/contract", f"the release has no {each.contract} contract of {each.api!r}")
        if each.change.value is MISSING and each.change.op != "remove":
            yield Mistake(f"/{index}/change", f"what to {each.change.op} is missing: 'value'")
