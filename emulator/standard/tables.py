"""State and attribute tables of the guides, read from `specs/sonata/<api>/tables.yaml`.

Two kinds: an attribute table says by the state of an object which attributes its Seller shows; a state table
says which states of items go with a state of the whole.
"""

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

CELLS: Final = ("R", "PR", "O", "E", "E/R", "E/PR", "NA", "")
"""What a cell of an attribute table holds, in the letters of the guides.

R required of the Seller, PR required where the Seller has a value, O optional, E echo of the Buyer's value
(before the stroke the Buyer's values, behind it the Seller's), NA not applicable; an empty cell says nothing
or forbids, which the guides leave open.
"""


@dataclass(frozen=True, slots=True)
class AttributeTable:
    """`rows` gives for each attribute (a JSON Pointer below `holder`, perhaps with `?role=` behind it) the
    cell of each state. `holder` is a pattern, `by` points from a holder to its state.
    """

    name: str
    number: str
    requirements: tuple[str, ...]
    holder: str
    by: str
    rows: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class StateTable:
    """`allowed` gives for each state of the whole (at `by`) the states that its items (at `items`) can be in."""

    name: str
    number: str
    requirements: tuple[str, ...]
    by: str
    items: str
    allowed: Mapping[str, tuple[str, ...]]


Table = AttributeTable | StateTable


def load_tables(api: str, specs: Path | None = None) -> dict[str, Table]:
    """The tables of an API by name; read once. FileProblem with `file:line:col` for every place that is wrong."""
    return dict(_load(api, specs or specs_dir()))


def attribute_table(api: str, name: str) -> AttributeTable:
    """An attribute table by name. KeyError where there is none."""
    table = load_tables(api)[name]
    assert isinstance(table, AttributeTable)
    return table


def state_table(api: str, name: str) -> StateTable:
    """A state table by name. KeyError where there is none."""
    table = load_tables(api)[name]
    assert isinstance(table, StateTable)
    return table


@cache
def _load(api: str, specs: Path) -> dict[str, Table]:
    path = specs / "sonata" / api / "tables.yaml"
    located = load_located(path)
    found: dict[str, Table] = {}
    problems: list[str] = []
    for name, row in located.value["tables"].items():
        place = f"/tables/{escape(name)}"
        try:
            found[name] = _attributes(name, row) if "rows" in row else _states(name, row)
        except (KeyError, TypeError, ValueError) as error:
            problems.append(f"{located.where(place, key=True)}: {name}: {error}")
    if problems:
        raise FileProblem(problems)
    return found


def _attributes(name: str, row: dict[str, Any]) -> AttributeTable:
    columns = row["columns"]
    for attribute, cells in row["rows"].items():
        if len(cells) != len(columns):
            raise ValueError(f"{attribute} has {len(cells)} cells for {len(columns)} columns")
        if wrong := [cell for cell in cells if cell not in CELLS]:
            raise ValueError(f"{attribute}: {wrong[0]!r} is no cell; known: {', '.join(CELLS[:-1])} or empty")
    return AttributeTable(
        name=name,
        number=row["number"],
        requirements=tuple(row["requirements"]),
        holder=row["holder"],
        by=row["by"],
        rows={attribute: dict(zip(columns, cells, strict=True)) for attribute, cells in row["rows"].items()},
    )


def _states(name: str, row: dict[str, Any]) -> StateTable:
    return StateTable(
        name=name,
        number=row["number"],
        requirements=tuple(row["requirements"]),
        by=row["by"],
        items=row["items"],
        allowed={state: tuple(items) for state, items in row["allowed"].items()},
    )
