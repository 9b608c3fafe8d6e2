"""What a schema of a document asks for, with `$ref`, `allOf` and `discriminator` resolved: a `Shape`.

A shape is of one level; what its members and items ask for are `Slot`s, from which shapes are made when somebody goes there, so
that schemas which lead back to themselves have no end and do no harm. Whoever walks notes where he has been by `Slot.key`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from emulator.record.payload import MISSING, as_json, at, escape
from emulator.standard.formats import CHECKERS
from emulator.standard.linear import found_in, problem

ANY: Final = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_LOWER: Final = ("minimum", "minItems", "minLength", "minProperties")
_UPPER: Final = ("maximum", "maxItems", "maxLength", "maxProperties")
_OPAQUE: Final = (
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "pattern",
    "format",
    "uniqueItems",
    "not",
    "if",
    "then",
    "else",
    "patternProperties",
    "contains",
    "propertyNames",
    "additionalItems",
)
LIMITS: Final = (*_LOWER, *_UPPER, *_OPAQUE)
"""What else a schema can ask of a value."""


@dataclass(frozen=True, slots=True)
class SchemaPart:
    """A schema at its pointer. `chooses`: a discriminator in what it refers to has a say; not so where a sub-type extends it."""

    where: str
    schema: Any
    chooses: bool = True


@dataclass(frozen=True, slots=True)
class Slot:
    """What has to hold at one place: all of these schemas."""

    parts: tuple[SchemaPart, ...]

    @property
    def where(self) -> str:
        """The pointer that is told: of what was said last."""
        return self.parts[-1].where

    @property
    def key(self) -> tuple[tuple[str, bool], ...]:
        """What it is known again by."""
        return tuple((part.where, part.chooses) for part in self.parts)


@dataclass(slots=True)
class Shape:
    """What a place asks for. `told` has the pointer of each keyword; `values` are written as JSON."""

    where: str
    types: frozenset[str] = ANY
    members: dict[str, Slot] = field(default_factory=dict)
    required: dict[str, str] = field(default_factory=dict)
    read_only: bool = False
    values: dict[str, str] | None = None
    items: Slot | None = None
    others: Any = True
    variants: dict[str, Slot] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)


class Schemas:
    """The schemas of one OpenAPI document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document

    def shape(self, slot: Slot) -> Shape:
        """What a place asks for."""
        found = Shape(slot.where)
        for part in slot.parts:
            self._add(found, part, set())
        if found.types == ANY:
            found.types = _implied(found)
        return found

    def resolved(self, node: Any, where: str) -> tuple[Any, str]:
        """A node and its pointer, behind its `$ref` if it is one."""
        seen = set[str]()
        while isinstance(node, Mapping) and isinstance(ref := node.get("$ref"), str) and ref not in seen:
            seen.add(ref)
            where = ref.partition("#")[2]
            node = at(self.document, where)
        return (None if node is MISSING else node), where

    def _add(self, shape: Shape, part: SchemaPart, seen: set[tuple[str, bool]]) -> None:
        schema, where = part.schema, part.where
        if not isinstance(schema, Mapping) or (where, part.chooses) in seen:
            return
        seen.add((where, part.chooses))
        if "$ref" in schema:
            target, there = self.resolved({"$ref": schema["$ref"]}, where)
            shape.read_only = shape.read_only or bool(schema.get("readOnly"))
            self._add(shape, SchemaPart(there, target, part.chooses), seen)
            return
        named = where.startswith(_SCHEMAS) and "/" not in where[len(_SCHEMAS) :]
        for index, each in enumerate(schema.get("allOf") or ()):
            self._add(shape, SchemaPart(f"{where}/allOf/{index}", each, part.chooses and not named), seen)
        self._own(shape, schema, where)
        for keyword in ("oneOf", "anyOf"):
            for index, each in enumerate(schema.get(keyword) or ()):
                name = self._called(schema, each, index)
                shape.variants[name] = Slot((SchemaPart(f"{where}/{keyword}/{index}", each),))
                shape.told.setdefault("variants", where)
        if named and part.chooses:
            for value, target in self._chosen(where[len(_SCHEMAS) :]):
                there = f"{_SCHEMAS}{escape(target)}"
                shape.variants[value] = Slot((SchemaPart(there, self._named.get(target), chooses=False),))
                shape.told.setdefault("variants", where)

    def _own(self, shape: Shape, schema: Mapping[str, Any], where: str) -> None:
        """What a schema says in its own words."""
        if (types := _types(schema)) is not None:
            shape.types &= types
            shape.told["type"] = where
        for name, each in (schema.get("properties") or {}).items():
            before = shape.members[name].parts if name in shape.members else ()
            shape.members[name] = Slot((*before, SchemaPart(f"{where}/properties/{escape(name)}", each)))
        for name in schema.get("required") or ():
            shape.required.setdefault(str(name), where)
        values = (
            schema["enum"] if isinstance(schema.get("enum"), list) else [schema["const"]] if "const" in schema else None
        )
        if values is not None:
            known = {as_json(value): where for value in values}
            shape.values = known if shape.values is None else {k: v for k, v in shape.values.items() if k in known}
            shape.told["enum"] = where
        if isinstance(schema.get("items"), Mapping):
            before = shape.items.parts if shape.items else ()
            shape.items = Slot((*before, SchemaPart(f"{where}/items", schema["items"])))
        if "additionalProperties" in schema:
            shape.others = schema["additionalProperties"]
            shape.told["others"] = f"{where}/additionalProperties"
        shape.read_only = shape.read_only or bool(schema.get("readOnly"))
        for keyword in LIMITS:
            if schema.get(keyword) is not None:
                shape.limits[keyword] = schema[keyword]
                shape.told[keyword] = f"{where}/{keyword}"

    # -- discriminators ----------------------------------------------------------------------------

    def _called(self, schema: Mapping[str, Any], option: Any, index: int) -> str:
        """What an alternative is called: by the value that chooses it, by its name, else by its number."""
        target = _name(option)
        mapping = (schema.get("discriminator") or {}).get("mapping") or {}
        by_value = (str(value) for value, ref in mapping.items() if str(ref).rpartition("/")[2] == target)
        return next(by_value, target or f"number {index + 1}")

    def _chosen(self, name: str) -> Iterator[tuple[str, str]]:
        """Each value that chooses a sub-type at a place of this schema, and the sub-type's name."""
        for base in (name, *self._ancestors.get(name, ())):
            for value, target in self._mappings.get(base, {}).items():
                if target != name and name in self._ancestors.get(target, ()):
                    yield value, target

    @cached_property
    def _named(self) -> Mapping[str, Any]:
        found = at(self.document, _SCHEMAS[:-1])
        return found if isinstance(found, Mapping) else {}

    @cached_property
    def _ancestors(self) -> dict[str, set[str]]:
        """The schemas that each one extends."""
        parents = {
            name: [parent for part in schema.get("allOf") or () if (parent := _name(part))]
            for name, schema in self._named.items()
            if isinstance(schema, Mapping)
        }
        found: dict[str, set[str]] = {}
        for name in parents:
            known, waiting = set[str](), [name]
            while waiting:
                new = [each for each in parents.get(waiting.pop(), ()) if each not in known]
                known.update(new)
                waiting += new
            found[name] = known
        return found

    @cached_property
    def _mappings(self) -> dict[str, dict[str, str]]:
        """What each discriminator's values mean: as it is given, else by the names of the schemas that extend its own."""
        found: dict[str, dict[str, str]] = {}
        for name, schema in self._named.items():
            if not isinstance(schema, Mapping) or not schema.get("discriminator") or schema.get("oneOf"):
                continue
            given = schema["discriminator"].get("mapping") if isinstance(schema["discriminator"], Mapping) else None
            if given:
                found[name] = {str(value): str(ref).rpartition("/")[2] for value, ref in given.items()}
            else:
                found[name] = {other: other for other, above in self._ancestors.items() if name in above}
        return found


_SCHEMAS: Final = "/components/schemas/"


def narrower(keyword: str, old: Any, new: Any) -> bool | None:
    """Whether a limit takes less than before, or more; None where nobody can tell. MISSING is no limit."""
    if old is MISSING or new is MISSING:
        return old is MISSING
    numbers = isinstance(old, int | float) and isinstance(new, int | float)
    if keyword in _LOWER and numbers:
        return bool(new > old)
    if keyword in _UPPER and numbers:
        return bool(new < old)
    return None


def beyond(keyword: str, limit: Any, value: Any) -> bool:
    """Whether a value is beyond a limit; False also where only a validator could tell, and of a value that it does not bind."""
    if keyword == "format" and isinstance(value, str):
        return str(limit) in CHECKERS and not CHECKERS[str(limit)](value)
    if keyword == "pattern" and isinstance(value, str) and isinstance(limit, str):
        return problem(limit) is None and not found_in(limit, value)
    if not isinstance(limit, int | float) or keyword not in (*_LOWER, *_UPPER):
        return False
    size: Any = MISSING
    match keyword[3:], value:
        case "imum", bool():
            pass
        case "imum", int() | float():
            size = value
        case ("Items", list()) | ("Length", str()) | ("Properties", dict()):
            size = len(value)
    if size is MISSING:
        return False
    return bool(size < limit if keyword in _LOWER else size > limit)


def _name(node: Any) -> str:
    ref = node.get("$ref") if isinstance(node, Mapping) else None
    return ref.rpartition("/")[2] if isinstance(ref, str) else ""


def _types(schema: Mapping[str, Any]) -> frozenset[str] | None:
    """The types that a schema allows; every integer is a number."""
    told = schema.get("type")
    if told is None:
        return None
    types = frozenset(map(str, told)) if isinstance(told, list) else frozenset({str(told)})
    if "number" in types:
        types |= {"integer"}
    return types | {"null"} if schema.get("nullable") is True else types


def _implied(shape: Shape) -> frozenset[str]:
    """The types of a shape that does not say: members make an object, items a list, values are of the types that they have."""
    if shape.members or shape.required:
        return frozenset({"object"})
    if shape.items:
        return frozenset({"array"})
    if shape.values and all(value.startswith('"') for value in shape.values):
        return frozenset({"string"})
    return ANY
