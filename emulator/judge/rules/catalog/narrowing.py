"""What one schema of a catalog allows beside another one that it narrows (MEF W142, 4.4.2 and table 7).

Whether a schema is narrower than another cannot be told in general. Here is told what is sure: of attributes that both describe
without a condition, and of which no alternative (oneOf, anyOf, if, not) says more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs

from emulator.record.payload import MISSING, at, dump
from emulator.standard.engine import Validator, compiled

if TYPE_CHECKING:
    from emulator.standard.release import Release

Path = tuple[str, ...]
"""Names of attributes, each within the one before."""

_OPAQUE: Final = ("oneOf", "anyOf", "if", "not", "dependencies", "dependentSchemas", "$dynamicRef", "$recursiveRef")
_DEEPEST: Final = 8
_MOST: Final = 5000
"""Statements on attributes that are gathered of a schema."""
_LEAST: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_GREATEST: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")


@dataclass(frozen=True, eq=False)
class Described:
    """A schema as a document, and what it says without a condition of each attribute: a list, since it may say it in parts."""

    document: Mapping[str, Any]
    said: Mapping[Path, Sequence[Mapping[str, Any]]]
    unclear: frozenset[Path]

    @property
    def attributes(self) -> Iterator[Path]:
        """The attributes that it describes."""
        return (path for path in self.said if path)

    def is_clear(self, path: Path) -> bool:
        """Whether all that is said of an attribute is said without a condition."""
        return not any(path[:size] in self.unclear for size in range(len(path) + 1))

    def fixed(self) -> Mapping[Path, Any]:
        """The attributes that are fixed, with their values."""
        return {path: each["const"] for path, parts in self.said.items() if path for each in parts if "const" in each}

    def defaults(self) -> Mapping[Path, Any]:
        """The attributes that have a default, with their values."""
        return {
            path: each["default"] for path, parts in self.said.items() if path for each in parts if "default" in each
        }

    def validator(self) -> Validator | None:
        """What checks a value against the schema; None where it is no JSON Schema."""
        return _validator(dump(self.document))


@lru_cache(maxsize=256)
def _validator(text: bytes) -> Validator | None:
    try:
        return compiled(json.loads(text))
    except (jsonschema_rs.ValidationError, ValueError, RecursionError):
        return None


def described(release: Release, schema: Any) -> Described | None:
    """A SchemaRefOrValue that can be read: its text, or a product of the release by its URN; else None."""
    text, place = at(schema, "/schema"), at(schema, "/schemaLocation")
    if isinstance(text, str):
        return described_text(text)
    known = release.products.describing(place) if isinstance(place, str) else ()
    return _of_product(release, known[0]) if known else None


def _of_product(release: Release, name: str) -> Described:
    return _read({"$ref": f"#/definitions/{name}", "definitions": release.products.definitions})


@lru_cache(maxsize=256)
def described_text(text: str) -> Described | None:
    """A schema by its text; None where that is no object of JSON."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return _read(document) if isinstance(document, dict) else None


def _read(document: Mapping[str, Any]) -> Described:
    reader = _Describing(document)
    reader.read(document, (), frozenset())
    return Described(document, reader.said, frozenset(reader.unclear))


class _Describing:
    """Gathers what a schema says without a condition."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self.said: dict[Path, list[Mapping[str, Any]]] = {}
        self.unclear: set[Path] = set()
        self._left = _MOST

    def read(self, schema: Any, path: Path, seen: frozenset[str]) -> None:
        if not isinstance(schema, dict):
            return
        self._left -= 1
        if self._left < 0 or len(path) > _DEEPEST:
            self.unclear.add(path)
            return
        if isinstance(name := schema.get("$ref"), str):
            there = at(self._document, name.removeprefix("#")) if name.startswith("#/") else MISSING
            if name in seen or not isinstance(there, dict):
                self.unclear.add(path)
            else:
                self.read(there, path, seen | {name})
            return
        self.said.setdefault(path, []).append(schema)
        if any(word in schema for word in _OPAQUE):
            self.unclear.add(path)
        parts = schema.get("allOf")
        for each in parts if isinstance(parts, list) else ():
            self.read(each, path, seen)
        properties = schema.get("properties")
        for name, each in properties.items() if isinstance(properties, dict) else ():
            self.read(each, (*path, name), seen)


# One beside the other


@dataclass(frozen=True, slots=True)
class Wider:
    """What one schema allows and the other does not: of which attribute, and in words."""

    path: Path
    what: str

    def __str__(self) -> str:
        return f"{'/'.join(self.path) or 'the whole'}: {self.what}"


def wider(narrow: Described, wide: Described) -> tuple[int, list[Wider]]:
    """How many attributes of `narrow` can be compared with `wide`, and where it surely allows more (MEF W142 4.4.2)."""
    compared, found = 0, []
    for path in narrow.attributes:
        if path in wide.said and narrow.is_clear(path) and wide.is_clear(path):
            compared += 1
            found += [Wider(path, what) for what in _wider(narrow, wide, path)]
    for path in narrow.said:
        if path in wide.said and narrow.is_clear(path) and wide.is_clear(path):
            kept = set(_required(wide, path)) & set(_names(narrow, path))
            found += [
                Wider((*path, name), "need no longer be there") for name in sorted(kept - set(_required(narrow, path)))
            ]
    return compared, found


def _wider(narrow: Described, wide: Described, path: Path) -> Iterator[str]:
    mine, theirs = narrow.said[path], wide.said[path]
    own, others = _allowed(mine), _allowed(theirs)
    if own is not None:
        # What the schema itself does not let be is no value of it: then nothing fits, which is narrow enough.
        wrong = [value for value in own if _fits(narrow, mine, value) and not _fits(wide, theirs, value)]
        if wrong:
            yield f"{wrong[0]!r:.60} is no value of it"
        return
    if others is not None:
        yield "the values are no longer restricted"
        return
    types, known = _types(mine), _types(theirs)
    if known is not None and (types is None or not types <= known):
        yield f"its type can be {' or '.join(sorted(types - known)) if types else 'anything'}"
    for words, tighter in ((_LEAST, max), (_GREATEST, min)):
        for word in words:
            bound, limit = _bound(mine, word, tighter), _bound(theirs, word, tighter)
            if limit is not None and (bound is None or tighter(bound, limit) != bound):
                yield f"{word} is {bound if bound is not None else 'gone'}, and was {limit}"


def _fits(known: Described, parts: Sequence[Mapping[str, Any]], value: Any) -> bool:
    """Whether a value is what is said of an attribute; one that cannot be checked is."""
    checker = _validator(dump({"allOf": list(parts), "definitions": known.document.get("definitions", {})}))
    return checker is None or checker.is_valid(value)


def _allowed(parts: Sequence[Mapping[str, Any]]) -> list[Any] | None:
    """The values that are left by every enum and const; None where none restricts them."""
    found: list[Any] | None = None
    for each in parts:
        for values in ([each["const"]] if "const" in each else None, each.get("enum")):
            if isinstance(values, list):
                found = values if found is None else [value for value in found if value in values]
    return found


def _types(parts: Sequence[Mapping[str, Any]]) -> set[str] | None:
    found: set[str] | None = None
    for each in parts:
        named = each.get("type")
        types = {named} if isinstance(named, str) else set(named) if isinstance(named, list) else None
        if types:
            types |= {"integer"} if "number" in types else set()
            found = types if found is None else found & types
    return found


def _bound(parts: Sequence[Mapping[str, Any]], word: str, tighter: Any) -> Any:
    found = [
        each[word] for each in parts if isinstance(each.get(word), int | float) and not isinstance(each[word], bool)
    ]
    return tighter(found) if found else None


def _names(known: Described, path: Path) -> set[str]:
    return {each[-1] for each in known.said if len(each) == len(path) + 1 and each[: len(path)] == path}


def _required(known: Described, path: Path) -> set[str]:
    names = (each.get("required") for each in known.said.get(path, ()))
    return {name for each in names if isinstance(each, list) for name in each if isinstance(name, str)}


def misshapen(narrow: Described, wide: Described) -> tuple[int, list[Wider]]:
    """How many objects of `narrow` can be compared, and where it is not made of `wide` in the ways of table 7."""
    compared, found = 0, []
    for path in narrow.said:
        if path not in wide.said or not (narrow.is_clear(path) and wide.is_clear(path)):
            continue
        compared += 1
        names, known = _names(narrow, path), _names(wide, path)
        if known:
            found += [Wider((*path, name), "is an attribute that there is not") for name in sorted(names - known)]
        without = _required(narrow, path) - names - (_required(wide, path) - known)
        if names:
            found += [Wider((*path, name), "is required, and not described") for name in sorted(without)]
        if any("enum" in each for each in wide.said[path]):
            both = any("enum" in each and "const" in each for each in narrow.said[path])
            found += [Wider(path, "is fixed, and its enumeration was left")] if both else []
        before = [each["default"] for each in wide.said[path] if "default" in each]
        now = [each["default"] for each in narrow.said[path] if "default" in each]
        if before and now and any(each not in before for each in now):
            found.append(Wider(path, f"its default was {before[0]!r:.40}, and is {now[0]!r:.40}"))
    return compared, found


def removed(narrow: Described, wide: Described) -> list[Path]:
    """The attributes that `wide` describes and `narrow` does not, where both can be compared."""
    return [
        path
        for path in wide.attributes
        if path not in narrow.said
        and path[:-1] in narrow.said
        and narrow.is_clear(path[:-1])
        and wide.is_clear(path[:-1])
    ]
