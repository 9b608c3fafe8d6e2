"""Schema files that a user names, and what their references lead to: files below a root, in bounds, and nothing remote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from emulator import files
from emulator.errors import FileProblem
from emulator.files import read_bytes
from emulator.plain_yaml import Located, load_located, load_yaml
from emulator.record.payload import MISSING, at, escape, parse
from emulator.roots import Root
from emulator.standard.json_places import place_of

MOST_FILES: Final = 200
"""Files that the schemas of one profile may consist of."""
MOST_VALUES: Final = 100_000
"""Values in all of them: the largest product of the standard has 3,000."""
_SMALL: Final = 100_000
"""Bytes of a file whose places are told."""
ENDINGS: Final = (".json", ".yaml", ".yml")
_DRAFTS: Final = re.compile(r"draft[-/]?(0?[4-7]|20(?:19-09|20-12))")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


class SchemaSpot(NamedTuple):
    """A place in a schema file, and how to call it."""

    path: Path
    pointer: str

    @property
    def where(self) -> str:
        """`file:line:col`; of a large file its beginning."""
        try:
            state = self.path.stat()
            small = state.st_size <= _SMALL
            line, column = _place(self.path, self.pointer, state.st_mtime_ns) if small else (1, 1)
        except (FileProblem, OSError):
            line, column = 1, 1
        return f"{files.shown(self.path)}:{line}:{column}"

    def problem(self, what: str) -> FileProblem:
        """What is wrong at this place, as an error."""
        return FileProblem([f"{self.where}: {what}"])


def _place(path: Path, pointer: str, changed: int) -> tuple[int, int]:
    """Line and column of a place in a file."""
    if path.suffix == ".json":
        raw = read_bytes(path)
        return place_of(raw, [pointer], parse(raw))[pointer]
    places = _located(path, changed).places
    while pointer not in places:
        pointer = pointer.rpartition("/")[0]
    return places[pointer].line, places[pointer].column


@lru_cache(maxsize=4)
def _located(path: Path, _changed: int) -> Located:
    """A file with its places. What is wrong with a schema may be wrong in many places of it."""
    return load_located(path)


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """A schema file: what it holds, whether what stands beside a `$ref` counts in it, and its names for places."""

    path: Path
    value: dict[str, Any]
    siblings: bool
    anchors: dict[str, str]

    @property
    def id(self) -> str:
        """Its `$id`, without an empty fragment."""
        found = self.value.get("$id", self.value.get("id"))
        return found.removesuffix("#") if isinstance(found, str) else ""


@dataclass(slots=True)
class Library:
    """Reads schema files, each once. FileProblem for all that cannot be read, or may not be."""

    root: Root
    _files: dict[Path, SchemaFile] = field(default_factory=dict)
    _neighbours: dict[Path, dict[str, SchemaFile]] = field(default_factory=dict)
    _values: int = 0

    def read(self, path: Path) -> SchemaFile:
        """A schema file."""
        real = files.resolved(path)
        if real is None or not self.root.holds(path):
            raise FileProblem([f"{files.shown(path)}: leads out of {self.root.folders[0]}; --root DIR allows more"])
        if real not in self._files:
            if len(self._files) >= MOST_FILES:
                raise FileProblem(
                    [f"{files.shown(path)}: more than {MOST_FILES} schema files are read for one profile"]
                )
            self._files[real] = self._opened(path)
        return self._files[real]

    def _opened(self, path: Path) -> SchemaFile:
        if path.suffix == ".json":
            parsed = parse(read_bytes(path).removeprefix(b"\xef\xbb\xbf"))
            value = parsed.value
            if value is MISSING:
                raise FileProblem([f"{files.shown(path)}: not readable as JSON: {parsed.problem}"])
        else:
            value = load_yaml(path, MOST_VALUES)
        if not isinstance(value, dict):
            raise FileProblem([f"{files.shown(path)}:1:1: a JSON Schema is a mapping"])
        self._values += _count(value)
        if self._values > MOST_VALUES:
            raise FileProblem([f"{files.shown(path)}: with this file the schemas hold more than {MOST_VALUES} values"])
        said = _DRAFTS.search(str(value.get("$schema", "")))
        # Until draft-07 nothing counts beside a $ref. Who does not say which draft it is means a later one.
        siblings = said is None or said[1].startswith("20")
        return SchemaFile(path, value, siblings, dict(_anchors(value)))

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file that was read."""
        return tuple(file.path for file in self._files.values())

    def meant(self, reference: str, beside: SchemaFile, spot: SchemaSpot) -> tuple[SchemaFile, str]:
        """The file and the JSON Pointer that a reference leads to; the value there is a schema."""
        name, _, fragment = reference.partition("#")
        file = self._named(name, beside, spot) if name else beside
        fragment = unquote(fragment)
        pointer = fragment if fragment.startswith("/") or not fragment else file.anchors.get(fragment)
        target = MISSING if pointer is None else at(file.value, pointer)
        if pointer is None or not isinstance(target, dict | bool):
            raise spot.problem(f"{reference!r:.200} leads to no schema in {file.path.name}")
        return file, pointer

    def _named(self, name: str, beside: SchemaFile, spot: SchemaSpot) -> SchemaFile:
        if not _SCHEME.match(name):
            path = beside.path.parent / unquote(name)
            if files.is_file(path):
                if not self.root.holds(path):
                    raise spot.problem(f"{name!r:.200} leads out of {self.root.folders[0]}; --root DIR allows more")
                return self.read(path)
        known = self._neighbours_of(beside.path.parent)
        for absolute in (name, urljoin(beside.id, name) if beside.id else name):
            if absolute.removesuffix("#") in known:
                return known[absolute.removesuffix("#")]
        if _SCHEME.match(name) and urlsplit(name).scheme != "urn":
            raise spot.problem(
                f"{name!r:.200} is elsewhere, and nothing is ever fetched: put a copy beside this file and name that"
            )
        raise spot.problem(f"there is no schema file {name!r:.200} beside this one, and none there with that $id")

    def _neighbours_of(self, folder: Path) -> dict[str, SchemaFile]:
        """The schema files of a folder by their `$id`."""
        if folder not in self._neighbours:
            found = [self.read(path) for path in schema_files(folder) if self.root.holds(path)]
            self._neighbours[folder] = {file.id: file for file in found if file.id}
        return self._neighbours[folder]


def schema_files(folder: Path) -> list[Path]:
    """The files below a folder that may hold schemas, by the alphabet. FileProblem where there are too many."""
    found: list[Path] = []
    for path in folder.rglob("*"):
        if path.suffix in ENDINGS and not path.name.endswith((".product.yaml", ".oit.yaml")) and files.is_file(path):
            found.append(path)
            if len(found) > MOST_FILES:
                raise FileProblem(
                    [f"{files.shown(folder)}: holds more than {MOST_FILES} files: name the schemas one by one"]
                )
    return sorted(found)


def _count(value: Any) -> int:
    """The values in a value. Neither parser follows what is nested deeper than it can say, so this may recur."""
    if isinstance(value, dict):
        return 1 + sum(map(_count, value.values()))
    return 1 + sum(map(_count, value)) if isinstance(value, list) else 1


def _anchors(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """The names that schemas give themselves, with their pointers."""
    if isinstance(value, dict):
        name = value.get("$anchor")
        if isinstance(name, str):
            yield name, place
        if isinstance(own := value.get("$id"), str) and own.startswith("#") and len(own) > 1:
            yield own[1:], place
        for key, member in value.items():
            yield from _anchors(member, f"{place}/{escape(str(key))}")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _anchors(member, f"{place}/{index}")
