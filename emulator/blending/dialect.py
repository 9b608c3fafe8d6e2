"""A JSON Schema, draft-07 to 2020-12, in the words of OpenAPI 3.0; what these cannot say is listed and left out.

What is made of a schema accepts all that the schema accepts. It is stricter in nothing, except where the user asked for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from emulator.blending.sources import BESIDE, Spot

_KEPT: Final = frozenset(
    {
        "description",
        "format",
        "enum",
        "required",
        "pattern",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minProperties",
        "maxProperties",
        "readOnly",
        "writeOnly",
        "deprecated",
        "default",
        "example",
        "externalDocs",
        "xml",
        "nullable",
    }
)
_SILENT: Final = frozenset(
    {
        "$schema",
        "$id",
        "$anchor",
        "$comment",
        "$vocabulary",
        "$defs",
        "definitions",
        "title",
        "examples",
        "then",
        "else",
        "additionalItems",
        "minContains",
        "maxContains",
    }
)
"""What names and numbers schemas, words about values, and what another word is told with."""
_WHY: Final = {
    "if": "OpenAPI 3.0 has no conditions (if, then, else)",
    "contains": "OpenAPI 3.0 cannot ask that a list has a certain item",
    "propertyNames": "OpenAPI 3.0 does not look at names of members",
    "dependencies": "OpenAPI 3.0 has no dependencies between members",
    "dependentRequired": "OpenAPI 3.0 has no dependencies between members",
    "dependentSchemas": "OpenAPI 3.0 has no dependencies between members",
    "unevaluatedProperties": "OpenAPI 3.0 closes an object by additionalProperties only, each part for itself",
    "unevaluatedItems": "OpenAPI 3.0 has one schema for all items",
    "$dynamicRef": "OpenAPI 3.0 has no references that depend on who refers",
    "$recursiveRef": "OpenAPI 3.0 has no references that depend on who refers",
    "contentEncoding": "OpenAPI 3.0 does not look into texts",
    "contentMediaType": "OpenAPI 3.0 does not look into texts",
    "contentSchema": "OpenAPI 3.0 does not look into texts",
}
_PARTS: Final = ("properties", "patternProperties", "additionalProperties", "allOf", "anyOf", "oneOf")
"""Words that each say a part of an object."""
_KINDS: Final = {
    "nullable": bool,
    "deprecated": bool,
    "readOnly": bool,
    "writeOnly": bool,
    "externalDocs": dict,
    "xml": dict,
}
"""What words are that no draft of JSON Schema looks at."""
_BOUNDS: Final = (("exclusiveMinimum", "minimum", max), ("exclusiveMaximum", "maximum", min))


@dataclass(frozen=True, slots=True)
class Untold:
    """A word of a schema that the document does not say, or not as the schema does: where, which, and why."""

    spot: str
    word: str
    why: str

    def as_json(self) -> dict[str, str]:
        return {"at": self.spot, "word": self.word, "why": self.why}


@dataclass(slots=True)
class Dialect:
    """Converts schemas. `refer` gives the reference to the component that one leads to, and is told whether that is there one of
    several parts; `is_modern` says of a place whether words beside a `$ref` count there, `tell` how to call it. With `strict`, objects are closed that
    are made of one part.
    """

    refer: Callable[[str, Spot, bool], str]
    is_modern: Callable[[Spot], bool]
    tell: Callable[[Spot], str]
    strict: bool = False
    untold: list[Untold] = field(default_factory=list)

    def schema(self, schema: Any, spot: Spot, *, part: bool = False) -> dict[str, Any]:
        """The schema in the words of OpenAPI 3.0. `part`: it is one of several that make an object, and stays open."""
        if isinstance(schema, bool):
            return {} if schema else {"not": {}}
        if not isinstance(schema, Mapping):
            self._leave(spot, "schema", f"a schema is an object, true or false, and not {schema!r:.40}")
            return {}
        schema = {word: value for word, value in schema.items() if value is not None or word in ("const", "default")}
        if "$ref" in schema:
            return self._reference(schema, spot, part=part)
        found: dict[str, Any] = {
            word: value
            for word, value in schema.items()
            if word in _KEPT and isinstance(value, _KINDS.get(word, object))
        }
        if "examples" in schema and isinstance(schema["examples"], list) and schema["examples"]:
            found.setdefault("example", schema["examples"][0])
        if isinstance(title := schema.get("title"), str):
            found.setdefault("description", title)
        self._bounds(found)
        parts = [*self._types(schema, found, spot), *self._choices(schema, found, spot, part=part)]
        self._value(schema, found)
        self._object(schema, found, spot, part=part or "allOf" in schema)
        self._list(schema, found, spot)
        self._discriminator(schema, found, spot)
        for word in schema:
            if word in _WHY:
                self._leave(spot, word, _WHY[word])
            elif word not in _KEPT and word not in _SILENT and word not in _DONE and not word.startswith("x-"):
                self._leave(spot, word, "JSON Schema has no such word")
        if parts:
            found["allOf"] = [*found.get("allOf", ()), *parts]
        return {word: found[word] for word in sorted(found, key=_place)}

    def _leave(self, spot: Spot, word: str, why: str) -> None:
        self.untold.append(Untold(self.tell(spot), word, why))

    def _reference(self, schema: Mapping[str, Any], spot: Spot, *, part: bool) -> dict[str, Any]:
        """A reference, and what counts beside it."""
        rest = {word: value for word, value in schema.items() if word != "$ref"}
        if not self.is_modern(spot):
            rest = {word: value for word, value in rest.items() if word in BESIDE}
        beside = self.schema(rest, spot, part=True)
        found = {"$ref": self.refer(str(schema["$ref"]), spot, part or bool(beside))}
        return {**beside, "allOf": [found, *beside.get("allOf", ())]} if beside else found

    def _types(self, schema: Mapping[str, Any], found: dict[str, Any], spot: Spot) -> Iterator[dict[str, Any]]:
        """`type`, which is one word in OpenAPI 3.0, and never null."""
        said = schema.get("type")
        types = [said] if isinstance(said, str) else [each for each in said or () if isinstance(each, str)]
        known = [each for each in types if each != "null"]
        if "null" in types:
            found["nullable"] = True
        if len(known) == 1:
            found["type"] = known[0]
        elif known:
            nullable = {"nullable": True} if "null" in types else {}
            yield {
                "anyOf": [{"type": each, **({"items": {}} if each == "array" else {}), **nullable} for each in known]
            }
        elif types:
            found["enum"] = [None]
        if said is not None and not types:
            self._leave(spot, "type", f"{said!r:.40} is no type")

    def _choices(
        self, schema: Mapping[str, Any], found: dict[str, Any], spot: Spot, *, part: bool
    ) -> Iterator[dict[str, Any]]:
        """`allOf`, `anyOf`, `oneOf` and `not`; a choice that has null in it is one that may be null."""
        whole = not part and sum(word in schema for word in _PARTS) == 1
        for word in ("allOf", "anyOf", "oneOf"):
            given = schema.get(word)
            if not isinstance(given, list):
                continue
            there = [(n, each) for n, each in enumerate(given) if word == "allOf" or not _is_null(each)]
            piece = word == "allOf" or not whole
            made = [self.schema(each, spot.inner(word, n), part=piece) for n, each in there]
            if len(there) < len(given):
                found["nullable"] = True
                made = [{**each, "nullable": True} if "type" in each else each for each in made]
            if len(there) < len(given) and len(made) == 1:
                yield made[0]
            elif made:
                found[word] = made
        if "not" in schema:
            found["not"] = self.schema(schema["not"], spot.inner("not"), part=True)

    def _value(self, schema: Mapping[str, Any], found: dict[str, Any]) -> None:
        """`const` is an enum of one; a null in an enum is said twice."""
        if "const" in schema:
            const, enum = schema["const"], found.get("enum")
            found["enum"] = [const] if enum is None or const in enum else []
        if found.get("enum") == []:
            del found["enum"]
            found["not"] = {}
        if None in found.get("enum", ()):
            found["nullable"] = True
        kinds = {_kind(each) for each in found.get("enum", ()) if each is not None}
        if "type" not in found and len(kinds) == 1 and "allOf" not in schema:
            found["type"] = kinds.pop()

    def _bounds(self, found: dict[str, Any]) -> None:
        """Exclusive bounds are numbers in JSON Schema, and truths beside a bound in OpenAPI 3.0."""
        for exclusive, inclusive, tighter in _BOUNDS:
            bound = found.get(exclusive)
            if isinstance(bound, bool) or bound is None:
                continue
            other = found.get(inclusive)
            if other is None or tighter(bound, other) == bound:
                found[inclusive], found[exclusive] = bound, True
            else:
                del found[exclusive]

    def _object(self, schema: Mapping[str, Any], found: dict[str, Any], spot: Spot, *, part: bool) -> None:
        """Members by name, by pattern, and others."""
        if isinstance(members := schema.get("properties"), Mapping):
            found["properties"] = {
                str(name): self.schema(each, spot.inner("properties", name)) for name, each in members.items()
            }
        more = schema.get("additionalProperties", MISSING_WORD)
        if more is not MISSING_WORD:
            found["additionalProperties"] = (
                more if isinstance(more, bool) else self.schema(more, spot.inner("additionalProperties"))
            )
        if isinstance(patterns := schema.get("patternProperties"), Mapping) and patterns:
            self._patterns(patterns, found, spot)
        elif self.strict and "properties" in found and more in (MISSING_WORD, True):
            self._close(schema, found, spot, part=part)

    def _close(self, schema: Mapping[str, Any], found: dict[str, Any], spot: Spot, *, part: bool) -> None:
        """Let an object have no other members than those that it names, where its schema is whole."""
        if part or any(word in schema for word in ("anyOf", "oneOf")):
            self._leave(
                spot, "additionalProperties", "it is one of several parts of an object, so strict cannot close it"
            )
        else:
            found["additionalProperties"] = False

    def _patterns(self, patterns: Mapping[str, Any], found: dict[str, Any], spot: Spot) -> None:
        """Members by pattern: what all others are, where there may be no others."""
        made = [self.schema(each, spot.inner("patternProperties", name)) for name, each in patterns.items()]
        others = found.get("additionalProperties", not self.strict)
        if others is True:
            self._leave(spot, "patternProperties", "other members may be anything, so these are not looked at")
            return
        made += [dict(others)] if isinstance(others, Mapping) else []
        found["additionalProperties"] = made[0] if len(made) == 1 else {"anyOf": made}
        self._leave(spot, "patternProperties", "OpenAPI 3.0 does not look at names of members: any name will do")

    def _list(self, schema: Mapping[str, Any], found: dict[str, Any], spot: Spot) -> None:
        """Items: one schema for all of them."""
        items = schema.get("items", MISSING_WORD)
        word, others = ("prefixItems", "items") if "prefixItems" in schema else ("items", "additionalItems")
        places = schema.get(word)
        if isinstance(places, list):
            rest = schema.get(others, True)
            made = [self.schema(each, spot.inner(word, n)) for n, each in enumerate(places)]
            if rest is False:
                found.setdefault("maxItems", len(places))
            elif rest is not True:
                made.append(self.schema(rest, spot.inner(others)))
            found["items"] = {} if rest is True or not made else {"anyOf": made}
            self._leave(spot, word, "OpenAPI 3.0 has one schema for all items, wherever they stand")
        elif items is False:
            found["items"], found["maxItems"] = {}, 0
        elif items is not MISSING_WORD:
            found["items"] = self.schema(items, spot.inner("items"))
        elif found.get("type") == "array":
            found["items"] = {}

    def _discriminator(self, schema: Mapping[str, Any], found: dict[str, Any], spot: Spot) -> None:
        """A discriminator of OpenAPI's that stands in a payload, with the components that it means."""
        said = schema.get("discriminator")
        if said is None:
            return
        if not isinstance(said, Mapping) or not isinstance(said.get("propertyName"), str):
            self._leave(spot, "discriminator", "OpenAPI 3.0 has an object with propertyName here")
            return
        mapping = said.get("mapping") or {}
        if not isinstance(mapping, Mapping) or not all(isinstance(each, str) for each in mapping.values()):
            self._leave(spot, "discriminator", "its mapping is no object of references")
            return
        found["discriminator"] = {"propertyName": said["propertyName"]}
        if mapping:
            found["discriminator"]["mapping"] = {
                str(value): self.refer(
                    str(ref) if "#" in str(ref) or "." in str(ref) else f"#/definitions/{ref}", spot, True
                )
                for value, ref in mapping.items()
            }


MISSING_WORD: Final = object()
_DONE: Final = frozenset(
    {
        "type",
        "const",
        "properties",
        "additionalProperties",
        "patternProperties",
        "items",
        "prefixItems",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "discriminator",
    }
)
_ORDER: Final = (
    "type",
    "nullable",
    "description",
    "required",
    "discriminator",
    "enum",
    "format",
    "properties",
    "items",
    "allOf",
    "oneOf",
    "anyOf",
)


def _place(word: str) -> tuple[int, str]:
    """Where a word stands in a schema: the telling ones first, the others by the alphabet."""
    return (_ORDER.index(word), "") if word in _ORDER else (len(_ORDER), word)


def _is_null(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.get("type") in ("null", ["null"])


def _kind(value: Any) -> str:
    """The type of a value of an enum."""
    for kind, word in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, kind):
            return word
    return "object"
