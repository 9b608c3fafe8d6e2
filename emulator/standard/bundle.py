"""Bundles: a contract's schemas and the product payloads as one draft-07 set of definitions.

OpenAPI's `discriminator` says nothing to a JSON Schema validator, and the standard's base schemas do
not list their sub-types. So a schema S with a discriminator becomes two definitions: `S__base`,
its own members, and `S`, which is `S__base` and the sub-type that `@type` names. The sub-types extend
`S__base`; through `S` they would call themselves for ever, and so they would where `S` lists them by
`oneOf`. A sub-type that is referred to by its own name becomes two likewise: there `@type` names it, or a
sub-type of it.

Nothing is left out in silence: a keyword that is neither compiled nor prose is an error of the file.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from emulator.standard.document import SpecError

BASE: Final = "__base"
PRODUCT: Final = "product:"
"""Prefix of the definitions that come from product payload schemas."""

_KEYWORDS: Final = frozenset(
    {
        "type", "required", "enum", "const", "format", "minItems", "maxItems", "uniqueItems", "minLength", "maxLength",
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "pattern", "minProperties",
        "maxProperties", "readOnly",
    }
)  # fmt: skip
_SCHEMAS: Final = frozenset(
    {
        "allOf", "oneOf", "anyOf", "not", "if", "then", "else", "additionalProperties", "additionalItems", "items",
        "contains", "propertyNames",
    }
)  # fmt: skip
_CHOICES: Final = frozenset({"oneOf", "anyOf"})
_NAMED_SCHEMAS: Final = frozenset({"properties", "patternProperties"})
# Words about a value, and what the bundle itself resolves.
_PROSE: Final = frozenset(
    {"description", "title", "example", "examples", "default", "externalDocs", "deprecated", "xml", "$comment"}
)
_RESOLVED: Final = frozenset({"discriminator", "$schema", "$id", "definitions"})
_SINGLE: Final = 3.4028234663852886e38
RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "float": (-_SINGLE, _SINGLE),
}
"""The least and the greatest number of each format of numbers: a validator looks at the formats of texts only."""

Definitions = dict[str, dict[str, Any]]


def plain(schema: Any, locate: Mapping[str, str] | None = None, here: str = "") -> dict[str, Any]:
    """A schema with what a validator needs and nothing else; `$ref`s point into `#/definitions`.

    `here` is the product file that relative references start from; `locate` maps references to
    definition names where they differ from the last part of the reference. SpecError for a keyword that
    nobody here knows. `nullable` is a word of contracts only: it lets a value of its type be null, and counts for nothing
    without one.
    """
    if not isinstance(schema, dict):
        return {}
    if "$ref" in schema:
        # Neither OpenAPI 3.0 nor draft-07 lets a sibling of $ref count; readOnly is kept for our own walk.
        found: dict[str, Any] = {"$ref": "#/definitions/" + _target(schema["$ref"], locate, here)}
        return {**found, "readOnly": True} if schema.get("readOnly") else found
    out: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _SCHEMAS:
            out[key] = _inner(value, locate, here)
        elif key in _NAMED_SCHEMAS:
            out[key] = {name: _inner(child, locate, here) for name, child in (value or {}).items()}
        elif key in _KEYWORDS:
            if value is not None:
                out[key] = value
        elif not _says_nothing(key, here):
            message = f"{here or 'a contract'}: the keyword {key} of a schema is not understood"
            raise SpecError(message)
    if schema.get("nullable") is True and isinstance(out.get("type"), str):
        out["type"] = [out["type"], "null"]
    return {**out, **_range(schema)}


def _says_nothing(key: str, here: str) -> bool:
    """Whether a keyword is prose, or is resolved elsewhere; in a contract `nullable` is, together with `type`."""
    return key in _PROSE or key in _RESOLVED or key.startswith("x-") or (key == "nullable" and not here)


def _inner(value: Any, locate: Mapping[str, str] | None, here: str) -> Any:
    """What stands within a schema: another, a list of them, or true or false."""
    if isinstance(value, bool):
        return value
    if isinstance(value, list):
        return [_inner(child, locate, here) for child in value]
    if isinstance(value, dict) and "discriminator" in value:
        message = f"{here or 'a contract'}: a discriminator is understood only where its schema has a name"
        raise SpecError(message)
    return plain(value, locate, here)


def _range(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What the format of a number says, as keywords."""
    if schema.get("type") not in {"integer", "number"} or schema.get("format") not in RANGES:
        return {}
    least, greatest = RANGES[schema["format"]]
    return {
        "minimum": max(least, schema.get("minimum", least)),
        "maximum": min(greatest, schema.get("maximum", greatest)),
    }


def _target(reference: str, locate: Mapping[str, str] | None, here: str) -> str:
    if here:
        return product_definition(reference, here)
    name = reference.rpartition("/")[2]
    return (locate or {}).get(name, name)


def product_definition(reference: str, here: str) -> str:
    """The definition name of a reference in a product file: `product:file.yaml:Name`, no slashes."""
    file, _, fragment = reference.partition("#")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(here), file)) if file else here
    name = fragment.rpartition("/")[2]
    flat = PRODUCT + path.replace("/", "..")
    return f"{flat}:{name}" if name else flat


def product_file(definition: str) -> str:
    """The path below `specs/` of the file that a definition of a product is made of."""
    return definition.removeprefix(PRODUCT).partition(":")[0].replace("..", "/")


def product_definitions(files: Mapping[str, Any]) -> Definitions:
    """Definitions of all product files; keys of `files` are paths relative to `specs/`."""
    found: Definitions = {}
    for path, document in files.items():
        found[product_definition("", path)] = plain(document, None, path)
        for name, schema in (document.get("definitions") or {}).items():
            found[product_definition(f"#/definitions/{name}", path)] = plain(schema, None, path)
    return found


def envelope_definitions(schemas: Mapping[str, Any], urns: Mapping[str, str]) -> Definitions:
    """Definitions of a contract's `components.schemas`, with every discriminator resolved.

    `urns` maps each payload's URN (known misspellings included) to its definition name. A discriminator
    without mapping names the schemas that extend its own; where none does, it is an extension point: a place for
    payloads that are described elsewhere, as products are.
    """
    types = _Types(schemas, urns)
    found: Definitions = {}
    for name, schema in schemas.items():
        own = plain(types.itself(name), {parent: parent + BASE for parent in _parents(schema) if parent in types.split})
        found[name + BASE if name in types.split else name] = own
    for name in types.split:
        found[name] = types.dispatch(name)
    return found


class _Types:
    """The base schemas of a contract, and what the values of their discriminators mean."""

    def __init__(self, schemas: Mapping[str, Any], urns: Mapping[str, str]) -> None:
        self._schemas = schemas
        self._member = {
            name: str(schema["discriminator"]["propertyName"])
            for name, schema in schemas.items()
            if isinstance(schema, dict) and schema.get("discriminator")
        }
        told = {name: self._told(name) for name in self._member}
        self._mapping = {name: known or dict(urns) for name, known in told.items()}
        self._open = {name for name, known in told.items() if not known}
        subs = {target: base for base in self._member for target in self._mapping[base].values()
                if target != base and base in self._ancestors(target)}  # fmt: skip
        self._base = {name: base for name, base in subs.items() if name not in self._member}
        self.split = [*self._member, *self._base]
        """The schemas that become two definitions: those with a discriminator, and their sub-types."""

    def itself(self, name: str) -> Any:
        """A schema without the list of its own sub-types, where it has one: its discriminator says which of them it is, and
        each of them is all of it, which has no end.
        """
        schema = self._schemas[name]
        if name not in self._member:
            return schema
        return {
            key: value for key, value in schema.items() if key not in _CHOICES or not self._are_sub_types(value, name)
        }

    def _are_sub_types(self, options: Any, name: str) -> bool:
        named = [str(one.get("$ref", "")).rpartition("/")[2] for one in options if isinstance(one, dict)]
        return bool(named) and all(one in self._schemas and self._is_a(one, name) for one in named)

    def dispatch(self, name: str) -> dict[str, Any]:
        """The definition that lets `@type` choose."""
        base = self._base.get(name, name)
        known = self._mapping[base]
        meant = {value: target for value, target in known.items() if base == name or self._is_a(target, name)}
        return _dispatch(
            name + BASE,
            self._member[base],
            {value: target + BASE if target in self._base else target for value, target in meant.items()},
            closed=base not in self._open,
            known=known,
        )

    def _told(self, name: str) -> dict[str, str]:
        """The mapping of a discriminator: as it is given, or else by the names of the schemas that extend its own."""
        given = self._schemas[name]["discriminator"].get("mapping")
        if given:
            return {value: str(ref).rpartition("/")[2] for value, ref in given.items()}
        return {other: other for other in self._schemas if other != name and self._is_a(other, name)}

    def _is_a(self, name: str, ancestor: str) -> bool:
        return name == ancestor or ancestor in self._ancestors(name)

    def _ancestors(self, name: str) -> set[str]:
        """Every schema that one extends, itself left out."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            new = [parent for parent in _parents(self._schemas.get(waiting.pop())) if parent not in found]
            found.update(new)
            waiting += new
        return found


def _parents(schema: Any) -> Iterator[str]:
    """The schemas that one extends: what its `allOf` refers to."""
    for part in (schema.get("allOf") or ()) if isinstance(schema, dict) else ():
        if isinstance(part, dict) and "$ref" in part:
            yield str(part["$ref"]).rpartition("/")[2]


def is_open(dispatcher: Mapping[str, Any]) -> bool:
    """Whether what lets `@type` choose takes types that it does not know."""
    return "if" not in dispatcher["allOf"][-1]


def extension_points(definitions: Mapping[str, Any]) -> list[str]:
    """The base schemas of a contract that are places for payloads which are described elsewhere."""
    return [name for name, each in definitions.items() if name + BASE in definitions and is_open(each)]


def _dispatch(
    base: str, member: str, mapping: Mapping[str, str], *, closed: bool, known: Iterable[str] = ()
) -> dict[str, Any]:
    """`base` and what the value of `member` means; `known` are the values of which no place may make its own."""
    parts: list[dict[str, Any]] = [{"$ref": f"#/definitions/{base}"}]
    for value, target in mapping.items():
        condition = {"type": "object", "properties": {member: {"const": value}}, "required": [member]}
        itself = target in {base, base.removesuffix(BASE)}
        parts.append({"if": condition} if itself else {"if": condition, "then": {"$ref": f"#/definitions/{target}"}})
    if closed:
        # A place may bring a type of its own if it says where that type is described (@schemaLocation).
        own = {"type": "string", "pattern": r"\S", "not": {"enum": list(known or mapping)}}
        parts.append(
            {
                "if": {"type": "object", "properties": {member: own}, "required": ["@schemaLocation", member]},
                "else": {"properties": {member: {"enum": list(mapping)}}},
            }
        )
    else:
        parts.append({"properties": {member: {"minLength": 1}}})
    return {"allOf": parts}
