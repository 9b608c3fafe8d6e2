"""What a scenario starts from: its inputs, those of included files, and the rows of its data file."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emulator.errors import FileProblem
from emulator.plain_yaml import Located, load_located
from emulator.scenario.fragments import find_file
from emulator.scenario.given import Given, default_of, defaults_of
from emulator.scenario.model import Origin
from emulator.wire.payload import escape

Inputs = dict[str, Any]


def read_inputs(located: Located, folder: Path | None, problems: list[str]) -> tuple[Inputs, dict[str, Origin]]:
    """Inputs by name, and where each stands: those of included files, then the scenario's own."""
    inputs: Inputs = {}
    origins: dict[str, Origin] = {}
    top = located.value
    for index, name in enumerate(top.get("include", ())):
        where = located.where(f"/include/{index}")
        file = find_file(name, Path(located.file).parent, folder)
        if file is None:
            problems.append(f"{where}: there is no file '{name}' beside this file or in the scenarios folder")
            continue
        try:
            included = load_located(file)
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


def read_rows(located: Located, inputs: Mapping[str, Any], problems: list[str]) -> tuple[Mapping[str, Any], ...]:
    """Rows of the data file as inputs; one empty row where there is no file.

    A cell is a text where the input it replaces is one, and else read as YAML.
    """
    if "data" not in located.value:
        return ({},)
    file = Path(located.file).parent / located.value["data"]
    where = located.where("/data")
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            table = list(csv.DictReader(stream, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or error
        problems.append(f"{where}: the data file {file} cannot be read: {why}")
        return ({},)
    if not table:
        problems.append(f"{where}: the data file {file} has no rows")
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
