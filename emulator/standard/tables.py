"""State and attribute tables of the guides, read from an API's `tables.yaml`.

Two kinds: an attribute table says by the state of an object which attributes its Seller shows; a state table
says which states of items go with a state of the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self

from emulator.record.payload import escape
from emulator.standard.strict import Mistake, read_record

CELLS: Final = ("R", "PR", "O", "E", "E/R", "E/PR", "NA", "")
"""What a cell of an attribute table holds, in the letters of the guides.

R required of the Seller, PR required where the Seller has a value, O optional, E echo of the Buyer's value
(before the stroke the Buyer's values, behind it the Seller's), NA not applicable; an empty cell says nothing
or forbids, which the guides leave open.
"""


_NUMBER: Final = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class _Numbered:
    name: str
    number: str

    def told(self, numbers: Mapping[str, str]) -> Self:
        """The table with the number that a release has for it, by the one that it has in another."""
        return replace(self, number=_NUMBER.sub(lambda found: numbers.get(found[0], found[0]), self.number))


@dataclass(frozen=True, slots=True)
class AttributeTable(_Numbered):
    """`rows` gives for each attribute (a JSON Pointer below `holder`, perhaps with `?role=` behind it) the
    cell of each state. `holder` is a pattern, `by` points from a holder to its state.
    """

    requirements: tuple[str, ...]
    holder: str
    by: str
    rows: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class StateTable(_Numbered):
    """`allowed` gives for each state of the whole (at `by`) the states that its items (at `items`) can be in."""

    requirements: tuple[str, ...]
    by: str
    items: str
    allowed: Mapping[str, tuple[str, ...]]


Table = AttributeTable | StateTable


@dataclass(frozen=True, slots=True)
class TableRow:
    """A table as its file has it: either `holder`, `columns` and `rows`, or `items` and `allowed`."""

    number: str
    requirements: tuple[str, ...]
    by: str
    holder: str | None = None
    columns: tuple[str, ...] = ()
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    items: str | None = None
    allowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def made(self, name: str) -> Table:
        """The table of that name."""
        if self.items is not None:
            return StateTable(name, self.number, self.requirements, self.by, self.items, self.allowed)
        rows = {attribute: dict(zip(self.columns, cells, strict=True)) for attribute, cells in self.rows.items()}
        return AttributeTable(name, self.number, self.requirements, self.holder or "", self.by, rows)


@dataclass(frozen=True, slots=True)
class TablesFile:
    """The whole file: tables by name."""

    tables: Mapping[str, TableRow]


def read_tables(path: Path, numbers: Mapping[str, str]) -> dict[str, Table]:
    """The tables of a file by name, with the `numbers` that a release has for them. FileProblem with `file:line:col` for every place that is wrong."""
    file: TablesFile = read_record(TablesFile, path, _wrong)
    return {name: row.made(name).told(numbers) for name, row in file.tables.items()}


def _wrong(file: TablesFile) -> Iterator[Mistake]:
    for name, row in file.tables.items():
        place = f"/tables/{escape(name)}"
        of_attributes = (row.holder is not None, bool(row.columns), bool(row.rows))
        of_states = (row.items is not None, bool(row.allowed))
        if not (all(of_attributes) and not any(of_states)) and not (all(of_states) and not any(of_attributes)):
            either = "either 'holder', 'columns' and 'rows' or 'items' and 'allowed' are needed"
            yield Mistake(place, f"{name}: {either}", key=True)
        for attribute, cells in row.rows.items():
            here = f"{place}/rows/{escape(attribute)}"
            if len(cells) != len(row.columns):
                yield Mistake(here, f"{attribute} has {len(cells)} cells for {len(row.columns)} columns")
            for index, cell in enumerate(cells):
                if cell not in CELLS:
                    yield Mistake(f"{here}/{index}", f"{cell!r} is no cell; known: {', '.join(CELLS[:-1])} or empty")


def attribute_table(tables: Mapping[str, Table], name: str) -> AttributeTable:
    """An attribute table of an API by name. KeyError where there is none."""
    table = tables[name]
    assert isinstance(table, AttributeTable)
    return table


def state_table(tables: Mapping[str, Table], name: str) -> StateTable:
    """A state table of an API by name. KeyError where there is none."""
    table = tables[name]
    assert isinstance(table, StateTable)
    return table
