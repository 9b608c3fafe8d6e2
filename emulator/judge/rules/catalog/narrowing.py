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
_BESIDE: Final = {
    "$ref",
    "definitions",
    "$defs",
    "$schema",
    "$id",
    "id",
    "title",
    "description",
    "$comment",
    "examples",
    "deprecated",
}
"""What can stand beside a $ref and says nothing of values."""
_OF_ALL: Final = {"@type"}
"""What every configuration has, whether or not its schema says so."""
_REFERS: Final = ("$ref", "$recursiveRef", "$dynamicRef")
_PLACES: Final = ("$schema", "$id", "id", "$vocabulary")
_VALUES: Final = ("const", "enum", "default", "examples")
_NAMING: Final = ("properties", "patternProperties", "definitions", "$defs", "dependentSchemas", "dependencies")
_LONGEST: Final = 2_000_000
"""Characters of a schema that is read."""
_MOST: Final = 5000
"""Statements on attributes that are gathered of a schema."""
_LEAST: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_GREATEST: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_COUNTS: Final = {
    "minItems": ("array", ("contains",)),
    "maxItems": ("array", ("items", "additionalItems", "prefixItems", "unevaluatedItems")),
    "minProperties": ("object", ("required", "contains")),
    "maxProperties": ("object", ("additionalProperties", "propertyNames", "unevaluatedProperties")),
}
"""Bounds of lists and objects: of which type, and by which other words a schema can keep to them all the same."""
_LONGEST_WITNESS: Final = 10_000


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
    """What checks values by a schema of a partner's; None where it is none, or leads out of itself: nothing is fetched for it."""
    try:
        return compiled(_alone(json.loads(text)))
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, RecursionError):
        return None


def _alone(schema: Any, *, named: bool = False) -> Any:
    """A copy of a schema that names no place of its own and no dialect; ValueError where it refers to another document.

    `named`: the keys of this object are names of attributes, not keywords.
    """
    if isinstance(schema, list):
        return [_alone(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if named:
        return {key: _alone(value) for key, value in schema.items()}
    for word in _REFERS:
        if word in schema and not str(schema[word]).startswith("#"):
            raise ValueError(schema[word])
    return {
        key: value if key in _VALUES else _alone(value, named=key in _NAMING)
        for key, value in schema.items()
        if key not in _PLACES
    }


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
    """A schema by its text; None where that is no object of JSON, or too long."""
    try:
        document = json.loads(text) if len(text) <= _LONGEST else None
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
            if name in seen or not isinstance(there, dict) or not schema.keys() <= _BESIDE:
                self.unclear.add(path)  # what stands beside a $ref counts in some dialects only
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
        if _has_witness(narrow, mine, wide, theirs):
            yield "the values are no longer restricted"
        return
    types, known = _types(mine), _types(theirs)
    if known is not None and (types is None or not types <= known) and _has_witness(narrow, mine, wide, theirs):
        yield f"its type can be {' or '.join(sorted(types - known)) if types else 'anything'}"
    for words, tighter in ((_LEAST, max), (_GREATEST, min)):
        for word in words:
            bound, limit = _bound(mine, word, tighter), _bound(theirs, word, tighter)
            if limit is None or (bound is not None and tighter(bound, limit) == bound):
                continue
            if _is_counted(mine, word) if word in _COUNTS else _has_witness(narrow, mine, wide, theirs):
                yield f"{word} is {bound if bound is not None else 'gone'}, and was {limit}"


def _is_counted(mine: Sequence[Mapping[str, Any]], word: str) -> bool:
    """Whether only this bound keeps the number of entries: the value can be of that type, and nothing else says how many."""
    of, others = _COUNTS[word]
    types = _types(mine)
    said = [each[other] for each in mine for other in others if other in each]
    free = all(word == "maxItems" and isinstance(each, dict) for each in said)
    return (types is None or of in types) and free


def _has_witness(
    narrow: Described, mine: Sequence[Mapping[str, Any]], wide: Described, theirs: Sequence[Mapping[str, Any]]
) -> bool:
    """Whether a value is found that one schema surely allows and the other surely does not. Other words than the one that is
    compared, a pattern or an exclusive bound, may say as much.
    """
    checker = _checker(narrow, mine)
    if checker is None:
        return False
    tried = _values(mine, theirs)
    return any(checker.is_valid(value) and not _fits(wide, theirs, value) for value in tried)


def _values(mine: Sequence[Mapping[str, Any]], theirs: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
    """Values of every type, and such as lie at the bounds that either schema names."""
    yield from ("", "x", "no value of it", True, False, None, 0, 1, -1, 0.5, 10**9, [], {}, ["x"], [0])
    steps = [each["multipleOf"] for each in mine if isinstance(each.get("multipleOf"), int) and each["multipleOf"] > 0]
    for word in (*_LEAST, *_GREATEST):
        for each in (*mine, *theirs):
            limit = each.get(word)
            if isinstance(limit, bool) or not isinstance(limit, int | float):
                continue
            if word.endswith("Length"):
                yield from (
                    "x" * size for size in range(max(0, int(limit) - 1), int(limit) + 2) if size < _LONGEST_WITNESS
                )
            elif not word.endswith(("Items", "Properties")):
                yield from (limit, limit - 1, limit + 1, limit - 0.5, limit + 0.5)
                yield from (limit // step * step + more for step in steps for more in (-step, 0, step))


def _checker(known: Described, parts: Sequence[Mapping[str, Any]]) -> Validator | None:
    kept = {name: known.document[name] for name in ("definitions", "$defs") if name in known.document}
    return _validator(dump({**kept, "allOf": list(parts)}))


def _fits(known: Described, parts: Sequence[Mapping[str, Any]], value: Any) -> bool:
    """Whether a value is what is said of an attribute; one that cannot be checked is."""
    checker = _checker(known, parts)
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
        listed = [named] if isinstance(named, str) else named if isinstance(named, list) else []
        types = {name for name in listed if isinstance(name, str)}
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
            found += [
                Wider((*path, name), "is an attribute that there is not") for name in sorted(names - known - _OF_ALL)
            ]
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
