"""The interpretation register: where the standard contradicts itself or leaves a choice that partners argue about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from emulator.errors import FileProblem
from emulator.plain_yaml import load_located
from emulator.settings import specs_dir
from emulator.wire.payload import escape


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the standard: what it asks for, in our words, and the clauses that say so."""

    says: str
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Interpretation:
    """An entry of the register: the readings by name, and the one we hold until a profile pins another."""

    id: str
    title: str
    requirements: tuple[str, ...]
    readings: Mapping[str, Reading]
    default: str
    why: str


_KEYS: Final = {"title", "requirements", "readings", "default", "why"}


def load_interpretations(specs: Path | None = None) -> dict[str, Interpretation]:
    """The register by name; read once. FileProblem with `file:line:col` for every place that is wrong."""
    return dict(_load(specs or specs_dir()))


@cache
def _load(specs: Path) -> dict[str, Interpretation]:
    path = specs / "interpretations.yaml"
    if not path.exists():
        return {}
    located = load_located(path)
    problems: list[str] = []
    found: dict[str, Interpretation] = {}
    rows = located.value if isinstance(located.value, dict) else {}
    if not isinstance(located.value, dict | None):
        problems.append(f"{located.where('')}: a map of interpretations by name is needed here")
    for name, row in rows.items():
        wrong = _problem(row)
        if wrong:
            problems.append(f"{located.where('/' + escape(str(name)), key=True)}: {name}: {wrong}")
            continue
        found[name] = Interpretation(
            id=name,
            title=row["title"],
            requirements=tuple(row["requirements"]),
            readings={key: Reading(r["says"], tuple(r["clauses"])) for key, r in row["readings"].items()},
            default=row["default"],
            why=row["why"],
        )
    if problems:
        raise FileProblem(problems)
    return found


def _problem(row: Any) -> str | None:
    if not isinstance(row, dict) or set(row) != _KEYS:
        return f"a map of exactly {', '.join(sorted(_KEYS))} is needed here"
    readings = row["readings"]
    if not isinstance(readings, dict) or len(readings) < 2:  # noqa: PLR2004 - with one reading nothing is open
        return "'readings' is a map of two or more, by name"
    for name, reading in readings.items():
        if not isinstance(reading, dict) or set(reading) != {"says", "clauses"} or not reading["clauses"]:
            return f"reading {name!r} is a map of 'says' and a list of 'clauses'"
    if row["default"] not in readings:
        return f"'default' is one of {', '.join(map(str, readings))}"
    return None
