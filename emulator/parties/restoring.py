"""Puts a run back into a database from the file that `archive.lines` wrote: all of it or nothing, each line checked first."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Final

import orjson
from sqlalchemy import Table, insert
from sqlalchemy.exc import SQLAlchemyError

from emulator.errors import FileProblem, UserError
from emulator.parties import tables
from emulator.parties.archive import (
    BYTES,
    CHECKS,
    FORMAT,
    JSON,
    MOMENTS,
    NOT_TAKEN,
    OF_RUNS,
    list_runs,
    masked_about,
)
from emulator.parties.database import Database
from emulator.parties.rows import Unsound, check_kind
from emulator.parties.scopes import family, release_in
from emulator.parties.store import marks_of
from emulator.parties.tables import LATEST, UNKNOWN
from emulator.record.secrets import masked_body
from emulator.standard.instant import read_moment
from emulator.standard.kinds.load import ReleaseKinds
from emulator.standard.release import load_release

_NUMBERS: Final = frozenset({"attempts", "elapsed_ms"})
_EMPTY: Final = frozenset({"response", "fault"})
"""What may be null."""
_COLUMNS_BEGAN: Final = frozenset({"run", "began"})
_LONGEST: Final = 10_000
_LONGEST_FAULT: Final = 100_000
"""Characters of a text. What is longer than an id may be kept is shortened by the table itself."""
_MOST_TOLD: Final = 20
"""Lines that are wrong and are told."""


def restore(database: Database, name: str, given: Iterable[bytes], run: str | None = None) -> str:
    """Put a run back that `lines` wrote, under its own name or another; returns the name.

    All of it or nothing: every line is checked before the first is kept. `name` is the file's. FileProblem where it is no
    such file, with each line that is wrong; UserError where the run is there.
    """
    numbered = enumerate(given, 1)
    first = next(numbered, None)
    head = _read(name, *first) if first else {}
    if head.get("oit") != "run" or not isinstance(head.get("run"), str):
        raise FileProblem([f"{name}:1:1: this is no run that `oit runs export` wrote"])
    if head.get("format") != FORMAT:
        raise FileProblem([f"{name}:1:1: format {head.get('format')!r:.60} is not known here, {FORMAT} is"])
    old = head["run"]
    new = old if run is None else run
    if any(row.run == new for row in list_runs(database)):
        message = f"there is a run {new!r} in the database already; --as gives it another name"
        raise UserError(message)
    rows = _checked(name, numbered, old, new)
    with database.transaction() as connection:
        for number, (table, values) in enumerate(rows, 2):
            try:
                connection.execute(insert(table), values)
            except SQLAlchemyError as error:
                reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
                raise FileProblem([f"{name}:{number}:1: this is no part of a run: {reason}"]) from error
    return str(new)


def _checked(
    name: str, numbered: Iterable[tuple[int, bytes]], old: str, new: str
) -> list[tuple[Table, dict[str, Any]]]:
    """The lines of a file as rows. FileProblem with each line that is none."""
    rows: list[tuple[Table, dict[str, Any]]] = []
    problems: list[str] = []
    for number, line in numbered:
        try:
            rows.append(_row(_read(name, number, line), old, new))
        except FileProblem as problem:
            problems += problem.problems
        except Unsound as why:
            problems.append(f"{name}:{number}:1: this is no part of a run: {why}")
        if len(problems) == _MOST_TOLD:
            break
    if problems:
        raise FileProblem(problems)
    return rows


def _row(row: Mapping[str, Any], old: str, new: str) -> tuple[Table, dict[str, Any]]:
    """A line of a file as a row of a table, of the run that is now called `new`. Raises Unsound."""
    kind, run = row.get("is"), row.get("run")
    if not isinstance(kind, str) or kind not in {"began", *OF_RUNS}:
        raise Unsound(f"'is' says what it is: began, {', '.join(OF_RUNS)}; not {kind!r:.60}")
    if not isinstance(run, str) or family(run) != family(old):
        raise Unsound(f"it is of the run {run!r:.60}, and the file is of {old!r:.60}")
    if kind == "began":
        values = _values(row, _COLUMNS_BEGAN)
        return tables.runs, {"id": _renamed(run, old, new), "began": values["began"]}
    table = OF_RUNS[kind]
    values = _values(row, {str(column.key) for column in table.columns} - NOT_TAKEN) | {"run": _renamed(run, old, new)}
    # What will be read is what is checked.
    made = CHECKS[kind](SimpleNamespace(seq=0, **values))
    if kind in {"resource", "timer"}:
        check_kind(values["kind"], made if kind == "resource" else None, _kinds(run))
    if kind == "resource":
        values |= marks_of(made)
    if kind in {"owed", "dead"} and values["api"] not in _kinds(run).apis:
        raise Unsound(f"there is no API {values['api']!r:.60} with a hub")
    if kind == "owed" and new != old:
        values["id"] = f"{new}/{values['id']}"  # an id is taken once in a database
    return table, values


def _renamed(run: str, old: str, new: str) -> str:
    return new + run.removeprefix(old)


def _kinds(run: str) -> ReleaseKinds:
    """What there is in the release that a run is of. Raises Unsound where that is not here."""
    try:
        return (load_release(name) if (name := release_in(run)) else load_release()).kinds
    except UserError as error:
        raise Unsound(str(error)) from error


def _values(row: Mapping[str, Any], columns: AbstractSet[str]) -> dict[str, Any]:
    """The members of a line as what columns keep. Raises Unsound where one is too many, lacks, or is of another type."""
    given = row.keys() - {"is"}
    if given != columns:
        lacking, strange = sorted(columns - given), sorted(given - columns)
        raise Unsound(f"it lacks {', '.join(lacking)}" if lacking else f"it has no member {strange[0]!r:.60}")
    return {key: _value(key, row[key]) for key in sorted(columns)}


def _value(key: str, value: Any) -> Any:
    if value is None:
        if key not in _EMPTY:
            raise Unsound(f"{key!r} is empty")
        return None
    if key in JSON:
        try:
            # What somebody else has recorded may have been recorded with its secrets.
            return orjson.dumps(masked_about(value) if key == "about" else value)
        except (TypeError, RecursionError) as error:  # what nests deeper than can be written
            raise Unsound(f"{key!r} cannot be kept: {error}") from error
    if key in _NUMBERS:
        return value  # whether it can be one is seen when it is read
    if not isinstance(value, str):
        raise Unsound(f"{key!r} is a text, not {value!r:.60}")
    if key in BYTES:
        return masked_body(_bytes(key, value))
    if key in MOMENTS:
        return _moment(key, value)
    if len(value) > (_LONGEST_FAULT if key == "fault" else _LONGEST):
        raise Unsound(f"{key!r} is longer than any that is kept")
    return value


def _bytes(key: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Unsound(f"{key!r} is not in base64: {error}") from error


def _moment(key: str, text: str) -> datetime:
    try:
        moment = found.astimezone(UTC) if (found := read_moment(text)) else None
    except OverflowError:
        moment = None
    if moment is None or not UNKNOWN < moment <= LATEST:
        raise Unsound(f"{key!r} is a time with its offset, of 1970 to 9000, not {text!r:.60}")
    return moment


def _read(name: str, number: int, line: bytes) -> dict[str, Any]:
    try:
        value: Any = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise FileProblem([f"{name}:{number}:{error.colno}: this is not JSON: {error.msg}"]) from error
    if not isinstance(value, dict):
        raise FileProblem([f"{name}:{number}:1: a JSON object is needed here"])
    return value
