"""What a scenario starts from: its inputs, those of included files, and the rows of its data file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any, Final

from emulator.errors import FileProblem
from emulator.files import read_text
from emulator.plain_yaml import Located
from emulator.record.payload import escape
from emulator.roots import Root
from emulator.scenario.fragments import find_file
from emulator.scenario.given import Given, default_of, defaults_of
from emulator.scenario.model import Origin
from emulator.standard.by_release import load_for
from emulator.standard.release import Release

Inputs = dict[str, Any]

_CELLS: Final = 10_000
"""Cells of a data file; each is read as a small file of its own."""


def read_inputs(
    located: Located, root: Root, release: Release, problems: list[str]
) -> tuple[Inputs, dict[str, Origin]]:
    """Inputs by name as they are in a release, and where each stands: those of included files, then the scenario's own."""
    inputs: Inputs = {}
    origins: dict[str, Origin] = {}
    top = located.value
    for index, name in enumerate(top.get("include", ())):
        where = located.where(f"/include/{index}")
        file = find_file(name, located, where, f"there is no file '{name:.200}'", root, problems)
        if file is None:
            continue
        try:
            included = load_for(file, release, problems, root)
        except FileProblem as problem:
            problems += problem.problems
            continue
        if not isinstance(included.value, dict):
            problems.append(f"{file}:1:1: an included file is a mapping of inputs")
            continue
        inputs |= {str(key): value for key, value in included.value.items()}
        origins |= {str(key): Origin(included, f"/{escape(str(key))}") for key in included.value}
    inputs |= top.get("inputs", {})
    origins |= {key: Origin(located, f"/inputs/{escape(key)}") for key in top.get("inputs", {})}
    return inputs, origins


def read_rows(
    located: Located, inputs: Mapping[str, Any], root: Root, problems: list[str]
) -> tuple[Mapping[str, Any], ...]:
    """Rows of the data file as inputs; one empty row where there is no file.

    A cell is a text where the input it replaces is one, and else read as YAML.
    """
    if "data" not in located.value:
        return ({},)
    where = located.where("/data")
    name = located.value["data"]
    file = find_file(name, located, where, f"the data file {name:.200} cannot be read: No such file", root, problems)
    if file is None:
        return ({},)
    try:
        table = list(csv.DictReader(io.StringIO(read_text(file), newline=""), strict=True))
    except (FileProblem, csv.Error) as error:
        problems.append(f"{where}: the data file {file} cannot be read: {error}")
        return ({},)
    if not table:
        problems.append(f"{where}: the data file {file} has no rows")
        return ({},)
    if (cells := sum(map(len, table))) > _CELLS:
        problems.append(f"{where}: the data file {file} has {cells} cells, and {_CELLS} are read at the most: split it")
        return ({},)
    defaults = defaults_of(inputs)
    return tuple(_row(f"{file}:{line}:1", cells, defaults, problems) for line, cells in enumerate(table, start=2))


def _row(where: str, cells: Mapping[Any, Any], defaults: Mapping[str, Any], problems: list[str]) -> Mapping[str, Any]:
    if None in cells or None in cells.values():
        problems.append(f"{where}: this row has another number of cells than the header")
        return {}
    row: Inputs = {}
    for column, cell in cells.items():
        try:
            row[column] = Given(where, cell, verbatim=True).as_input(column, default_of(column, defaults))
        except FileProblem as problem:
            problems += problem.problems
    return row
