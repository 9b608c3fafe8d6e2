"""The files that product schemas are made of, and where a reference in one of them leads.

Nothing is fetched. A reference leads to the same file, to another one below the root of the file that was named, or to a
schema that says by `$id` or `$anchor` that it is meant.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final
from urllib.parse import unquote, urljoin

import jsonschema_rs

from emulator.errors import FileProblem
from emulator.files import is_file
from emulator.plain_yaml import load_located, load_yaml
from emulator.record.payload import MISSING, at, escape
from emulator.roots import Root

_MODERN: Final = ("2019-09", "2020-12")
_NEWEST: Final = "https://json-schema.org/draft/2020-12/schema"
_OLDEST: Final = "http://json-schema.org/draft-07/schema#"
_NAMES: Final = ("$id", "$anchor", "$dynamicAnchor")
HOLDERS: Final = ("properties", "patternProperties", "definitions", "$defs", "dependentSchemas")
"""Words of JSON Schema below which keys are names, and no words."""
BESIDE: Final = ("$ref", "nullable", "readOnly")
"""Words beside a reference that are kept whatever its draft: the standard's files and OpenAPI's readers mean them."""
VALUES: Final = ("const", "default", "enum", "example", "examples")
"""Words of JSON Schema below which there is data, and no schema."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A schema in a file, by its JSON Pointer."""

    file: Path
    pointer: str = ""

    def inner(self, *names: object) -> Spot:
        """What stands within it."""
        return Spot(self.file, self.pointer + "".join(f"/{escape(str(name))}" for name in names))


class Sources:
    """The files that were read so far."""

    def __init__(self, root: Root, base: Path, read: Callable[[Path], Any] = load_yaml) -> None:
        """`root` is where files may lie that another one names; `base` the folder from which they are told of; `read` reads one."""
        self._root, self._base, self._load = root, base, read
        self._read: dict[Path, Any] = {}
        self._named: dict[str, Spot] = {}
        self._checked: dict[Spot, Any] = {}

    def schema(self, spot: Spot) -> Any:
        """The schema that stands there, without what says nothing. FileProblem where it is none by its draft."""
        if spot not in self._checked:
            found = _plain(at(self._document(spot.file), spot.pointer), modern=self.is_modern(spot.file))
            if not isinstance(found, bool):
                self._check(found, spot)
            self._checked[spot] = found
        return self._checked[spot]

    def _check(self, schema: Any, spot: Spot) -> None:
        if not isinstance(schema, Mapping):
            self.complain(spot, f"a schema is needed here: an object, true or false, and not {schema!r:.60}")
        draft = _NEWEST if self.is_modern(spot.file) else _OLDEST
        try:
            jsonschema_rs.meta.validate({**schema, "$schema": draft})
        except jsonschema_rs.ValidationError as error:
            self.complain(spot.inner(*error.instance_path), f"this is no schema of {draft}: {error.message:.160}")

    def told(self, spot: Spot) -> str:
        """A place as a document names it, the same on every machine."""
        return f"{PurePath(os.path.relpath(spot.file, self._base)).as_posix()}#{spot.pointer}"

    def is_modern(self, file: Path) -> bool:
        """Whether words beside a `$ref` count in a file: since 2019-09 they do. A file that does not say is told by its words."""
        document = self._document(file)
        said = document.get("$schema") if isinstance(document, dict) else None
        if isinstance(said, str):
            return any(each in said for each in _MODERN)
        return isinstance(document, dict) and "$defs" in document

    def target(self, reference: str, spot: Spot) -> Spot:
        """Where a reference leads that stands there. FileProblem where that is nowhere, or must not be read."""
        name, _, fragment = reference.partition("#")
        pointer = unquote(fragment)
        if pointer and not pointer.startswith("/"):
            found = self._by_name(f"{name}#{pointer}", spot)
        else:
            base = Spot(spot.file) if not name else self._by_name(name, spot)
            found = None if base is None else Spot(base.file, (base.pointer + pointer).rstrip("/"))
        if found is None or at(self._document(found.file), found.pointer) is MISSING:
            self.complain(spot, f"the reference {reference!r:.120} leads nowhere; nothing is fetched: give the file")
        assert found is not None
        return found

    def complain(self, spot: Spot, problem: str) -> None:
        """Raise FileProblem about a place."""
        raise FileProblem([f"{load_located(spot.file).where(spot.pointer)}: {problem}"])

    def _by_name(self, name: str, spot: Spot) -> Spot | None:
        """The file of that name beside the one in which it stands, else the schema that calls itself so."""
        plain = name.partition("#")[0]
        if plain and "://" not in plain and not plain.startswith("urn:"):
            beside = Path(posixpath.normpath(posixpath.join(spot.file.parent.as_posix(), unquote(plain))))
            if is_file(beside):
                if not self._root.holds(beside):
                    self.complain(spot, f"{plain!r:.60} leads out of {self._root.folders[0]}; --root DIR allows more")
                self._document(beside)
                if plain == name:
                    return Spot(beside)
                return self._named.get(f"{beside}#{name.partition('#')[2]}")
        if name.startswith("#"):
            return self._named.get(f"{spot.file}{name}")
        own = self._document(spot.file)
        base = own.get("$id", "") if isinstance(own, Mapping) else ""
        return self._named.get(name) or self._named.get(urljoin(base if isinstance(base, str) else "", name))

    def _document(self, file: Path) -> Any:
        if file not in self._read:
            self._read[file] = self._load(file)
            for spot, schema in _schemas(self._read[file], Spot(file)):
                for word in _NAMES:
                    if isinstance(name := schema.get(word), str):
                        self._named[name if word == "$id" else f"{file}#{name}"] = spot
        return self._read[file]


def _plain(value: Any, *, modern: bool, names: bool = False) -> Any:
    """A schema without members that are null (official files have some, and mean nothing by them), and without words beside a
    reference where its draft does not look at them. `names` as for `_schemas`.
    """
    if isinstance(value, list):
        return [_plain(each, modern=modern) for each in value]
    if not isinstance(value, Mapping):
        return value
    alone = not names and not modern and isinstance(value.get("$ref"), str)
    return {
        str(key): _plain(each, modern=modern, names=not names and key in HOLDERS)
        if names or key not in VALUES
        else each
        for key, each in value.items()
        if (each is not None or (not names and key in VALUES)) and (not alone or key in BESIDE)
    }


def _schemas(value: Any, spot: Spot, *, names: bool = False) -> Iterator[tuple[Spot, Mapping[str, Any]]]:
    """Every schema of a document, with its place; `names` says that the keys of the value are names."""
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _schemas(each, spot.inner(index))
    elif isinstance(value, Mapping):
        if not names:
            yield spot, value
        for key, each in value.items():
            if names or key not in VALUES:
                yield from _schemas(each, spot.inner(key), names=not names and key in HOLDERS)
