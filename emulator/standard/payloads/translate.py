"""Schemas of every dialect from draft-07 to 2020-12 in the words of `engine`'s, as definitions that refer to each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from emulator.record.payload import at, escape
from emulator.standard.bundle import PRODUCT, RANGES, Definitions
from emulator.standard.example_text import FORMATS
from emulator.standard.linear import schema_problem
from emulator.standard.payloads.holding import Library, SchemaFile, SchemaSpot

MOST_SCHEMAS: Final = 5_000
"""Definitions that the schemas of one profile may become."""
MOST_NOTES: Final = 100
TYPE: Final = "@type"

_PLAIN: Final = frozenset(
    {
        "type",
        "required",
        "enum",
        "const",
        "format",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "pattern",
        "minProperties",
        "maxProperties",
        "minContains",
        "maxContains",
        "readOnly",
    }
)
_ONE: Final = frozenset({"not", "if", "then", "else", "contains", "propertyNames"})
_ONE_OR_BOOLEAN: Final = frozenset(
    {"additionalProperties", "unevaluatedProperties", "additionalItems", "unevaluatedItems"}
)
_SEVERAL: Final = frozenset({"allOf", "anyOf", "oneOf"})
_NAMED: Final = frozenset({"properties", "patternProperties"})
_SILENT: Final = frozenset(
    {
        "$schema",
        "$id",
        "id",
        "$anchor",
        "$comment",
        "$defs",
        "definitions",
        "$vocabulary",
        "$recursiveAnchor",
        "title",
        "description",
        "default",
        "example",
        "examples",
        "deprecated",
        "writeOnly",
        "externalDocs",
        "xml",
        "contentEncoding",
        "contentMediaType",
        "contentSchema",
    }
)
"""Words that say nothing of whether a value is right."""
_DEPENDENT: Final = frozenset({"dependentRequired", "dependentSchemas", "dependencies"})
_INNER: Final = _ONE | _ONE_OR_BOOLEAN | _SEVERAL | _NAMED
_ELSEWHERE: Final = frozenset({"items", "prefixItems", "nullable"})
"""Words that are looked at together with others."""
_NOTHING: Final[dict[str, Any]] = {"not": {}}
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]+")


class Translation:
    """The schemas that were asked for, and all that they refer to. `notes` say what was passed over, each once."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._names: dict[tuple[Path, str], str] = {}
        self._waiting: list[tuple[str, SchemaFile, str]] = []
        self.spots: dict[str, SchemaSpot] = {}
        """Where each definition stands."""
        self.definitions: Definitions = {}
        self.notes: dict[str, None] = {}

    def payload(self, path: Path) -> str:
        """The definition of the schema that a file is, as the payload of a product: it may say its `@type`, even where it
        is closed and does not know it. FileProblem.
        """
        name = self._name(self._library.read(path), "")
        while self._waiting:
            name_of, file, pointer = self._waiting.pop()
            self.definitions[name_of] = self._schema(at(file.value, pointer), file, pointer)
        self._open(name)
        return name

    def _name(self, file: SchemaFile, pointer: str) -> str:
        """The definition of a schema; it is translated when its turn comes."""
        key = (file.path, pointer)
        if key not in self._names:
            if len(self._names) >= MOST_SCHEMAS:
                raise SchemaSpot(file.path, pointer).problem(f"with this the schemas are more than {MOST_SCHEMAS}")
            last = pointer.rpartition("/")[2]
            word = _UNSAFE.sub("_", f"{file.path.stem}.{last}" if last else file.path.stem)[:80]
            self._names[key] = f"{PRODUCT}own:{len(self._names)}.{word}"
            self.spots[self._names[key]] = SchemaSpot(file.path, pointer)
            self._waiting.append((self._names[key], file, pointer))
        return self._names[key]

    def _open(self, name: str) -> None:
        """Let a payload say its `@type` where it is closed and does not know it."""
        seen: set[str] = set()
        waiting: list[Any] = [{"$ref": f"#/definitions/{name}"}]
        while waiting:
            schema = waiting.pop()
            if not isinstance(schema, dict):
                continue
            if "$ref" in schema:
                there = schema["$ref"].removeprefix("#/definitions/")
                waiting += [] if there in seen else [self.definitions[there]]
                seen.add(there)
                continue
            if any(schema.get(key, True) is not True for key in ("additionalProperties", "unevaluatedProperties")):
                schema.setdefault("properties", {}).setdefault(TYPE, {})
            if isinstance(schema.get("propertyNames"), dict):
                schema["propertyNames"] = {"anyOf": [{"const": TYPE}, schema["propertyNames"]]}
            waiting += [part for key in _SEVERAL for part in schema.get(key) or ()]
            waiting += [schema[key] for key in ("then", "else") if key in schema]

    # -- one schema --------------------------------------------------------------------------------

    def _schema(self, schema: Any, file: SchemaFile, pointer: str) -> dict[str, Any]:
        spot = SchemaSpot(file.path, pointer)
        if isinstance(schema, bool):
            return {} if schema else dict(_NOTHING)
        if not isinstance(schema, dict):
            raise spot.problem(f"a schema is needed here, not {schema!r:.60}")
        reference = schema.get("$ref", schema.get("$recursiveRef"))
        if "$dynamicRef" in schema:
            raise spot.problem("$dynamicRef is not understood: a $ref to the schema that is meant is")
        if reference is None:
            return self._own(schema, file, pointer)
        if not isinstance(reference, str):
            raise spot.problem(f"a $ref is a text, not {reference!r:.60}")
        link = {"$ref": "#/definitions/" + self._name(*self._library.meant(reference, file, spot))}
        others = {key: value for key, value in schema.items() if key not in ("$ref", "$recursiveRef")}
        own = self._own(others, file, pointer) if file.siblings else {}
        if schema.get("readOnly") is True:
            own["readOnly"] = True
        if not own.keys() - {"readOnly"}:
            return {**link, **own}
        return {**own, "allOf": [link, *own.get("allOf", ())]}

    def _own(self, schema: Mapping[str, Any], file: SchemaFile, pointer: str) -> dict[str, Any]:
        """What a schema says beside a `$ref`."""
        out: dict[str, Any] = {}
        for key, value in schema.items():
            here = f"{pointer}/{escape(str(key))}"
            if key in _PLAIN:
                out[key] = self._checked(key, value, SchemaSpot(file.path, here))
            elif key in _DEPENDENT:
                out["allOf"] = [*out.get("allOf", ()), *self._dependent(value, file, here)]
            elif key == "allOf":
                out["allOf"] = [*out.get("allOf", ()), *self._list(value, file, here)]
            elif key in _INNER:
                out[key] = self._inner(key, value, file, here)
            else:
                self._passed_over(str(key), SchemaSpot(file.path, here))
        self._items(schema, file, pointer, out)
        if out.get("type") in ("integer", "number") and out.get("format") in RANGES:
            least, greatest = RANGES[out["format"]]
            out["minimum"] = max(least, out.get("minimum", least))
            out["maximum"] = min(greatest, out.get("maximum", greatest))
        return {"anyOf": [{"type": "null"}, out]} if schema.get("nullable") is True else out

    def _inner(self, key: str, value: Any, file: SchemaFile, pointer: str) -> Any:
        """The schemas that stand behind a word."""
        if key in _SEVERAL:
            return self._list(value, file, pointer)
        if key in _NAMED:
            for name in value if key == "patternProperties" and isinstance(value, dict) else ():
                self._checked("pattern", name, SchemaSpot(file.path, pointer))
            return self._map(value, file, pointer, self._schema)
        return value if isinstance(value, bool) and key in _ONE_OR_BOOLEAN else self._schema(value, file, pointer)

    def _items(self, schema: Mapping[str, Any], file: SchemaFile, pointer: str, out: dict[str, Any]) -> None:
        """Items: of a tuple (`prefixItems`, or a list of `items` before 2020-12), and of what follows."""
        items, first = schema.get("items"), schema.get("prefixItems")
        if first is not None:
            out["items"] = self._list(first, file, f"{pointer}/prefixItems")
            if items is not None:
                out["additionalItems"] = (
                    items if isinstance(items, bool) else self._schema(items, file, f"{pointer}/items")
                )
        elif isinstance(items, list):
            out["items"] = self._list(items, file, f"{pointer}/items")
        elif items is False:
            out["maxItems"] = 0
        elif items is not None:
            out["items"] = self._schema(items, file, f"{pointer}/items")

    def _list(self, value: Any, file: SchemaFile, pointer: str) -> list[dict[str, Any]]:
        if not isinstance(value, list):
            raise SchemaSpot(file.path, pointer).problem(f"a list of schemas is needed here, not {value!r:.60}")
        return [self._schema(each, file, f"{pointer}/{n}") for n, each in enumerate(value)]

    def _map(self, value: Any, file: SchemaFile, pointer: str, make: Callable[..., Any]) -> dict[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise SchemaSpot(file.path, pointer).problem(f"schemas by name are needed here, not {value!r:.60}")
        return {str(name): make(each, file, f"{pointer}/{escape(str(name))}") for name, each in value.items()}

    def _dependent(self, value: Any, file: SchemaFile, pointer: str) -> Iterator[dict[str, Any]]:
        """What a member brings with it: names that are needed then, or a schema that binds then."""

        def what(each: Any, file: SchemaFile, here: str) -> dict[str, Any]:
            return {"required": each} if isinstance(each, list) else self._schema(each, file, here)

        for name, then in self._map(value, file, pointer, what).items():
            yield {"if": {"type": "object", "required": [name]}, "then": then}

    def _passed_over(self, key: str, spot: SchemaSpot) -> None:
        """A word of which nothing is made here: said where somebody might count on it."""
        if key == "discriminator":
            self._note(spot, "a discriminator says nothing to JSON Schema: say it with oneOf, or with if and then")
        elif key not in _SILENT and key not in _ELSEWHERE and not key.startswith("x-"):
            self._note(spot, f"{key!r:.60} is no word of JSON Schema, and nothing is made of it")

    def _checked(self, key: str, value: Any, spot: SchemaSpot) -> Any:
        if key == "pattern" and isinstance(value, str) and (problem := schema_problem(value)):
            raise spot.problem(f"the pattern {value!r:.60} cannot be checked in linear time: {problem}")
        if key == "format" and isinstance(value, str) and value not in FORMATS and value not in RANGES:
            self._note(spot, f"the format {value!r:.60} is not known here, and nothing is made of it")
        return value

    def _note(self, spot: SchemaSpot, what: str) -> None:
        if len(self.notes) < MOST_NOTES:
            self.notes[f"{spot.where}: {what}"] = None
        elif len(self.notes) == MOST_NOTES:
            self.notes[f"{spot.where}: from here on more is passed over, and not told"] = None


def reachable(definitions: Definitions, root: str) -> Definitions:
    """A definition, and all that it refers to."""
    found: Definitions = {}
    waiting: list[Any] = [{"$ref": f"#/definitions/{root}"}]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            name = str(node.get("$ref", "")).removeprefix("#/definitions/")
            if name in definitions and name not in found:
                found[name] = definitions[name]
                waiting.append(definitions[name])
            waiting += node.values()
    return found
