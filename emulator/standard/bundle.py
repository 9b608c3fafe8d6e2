"""Bundles: a contract's schemas and the product payloads as one draft-07 set of definitions.

OpenAPI's `discriminator` says nothing to a JSON Schema validator, and the standard's base schemas do
not list their sub-types. So a base schema S with a discriminator becomes two definitions: `S__base`,
its own members, and `S`, which is `S__base` and the sub-type that `@type` names. The sub-types extend
`S__base`; through `S` they would call themselves for ever.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any, Final

BASE: Final = "__base"
PRODUCT: Final = "product:"
"""Prefix of the definitions that come from product payload schemas."""
PRODUCT_ROOT: Final = "MEFProductConfiguration"
"""The envelope's extension point: its `@type` is the URN of a product payload schema."""

_KEYWORDS: Final = frozenset(
    {
        "type", "required", "enum", "const", "minItems", "maxItems", "uniqueItems", "minLength", "maxLength",
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "pattern", "minProperties",
        "maxProperties", "readOnly",
    }
)  # fmt: skip
_FORMATS: Final = frozenset({"date-time", "date", "uri"})

Definitions = dict[str, dict[str, Any]]


def plain(  # noqa: C901 - one branch per keyword that holds schemas
    schema: Any, locate: Mapping[str, str] | None = None, here: str = ""
) -> dict[str, Any]:
    """A schema with what a validator needs and nothing else; `$ref`s point into `#/definitions`.

    `here` is the product file that relative references start from; `locate` maps references to
    definition names where they differ from the last part of the reference.
    """
    if not isinstance(schema, dict):
        return {}
    if "$ref" in schema:
        # Neither OpenAPI 3.0 nor draft-07 lets a sibling of $ref count; readOnly is kept for our own walk.
        found: dict[str, Any] = {"$ref": "#/definitions/" + _target(schema["$ref"], locate, here)}
        return {**found, "readOnly": True} if schema.get("readOnly") else found
    out: dict[str, Any] = {key: value for key, value in schema.items() if key in _KEYWORDS and value is not None}
    if schema.get("format") in _FORMATS:
        out["format"] = schema["format"]
    if isinstance(schema.get("properties"), dict):
        out["properties"] = {name: plain(child, locate, here) for name, child in schema["properties"].items()}
    for key in ("allOf", "oneOf", "anyOf"):
        if isinstance(schema.get(key), list):
            out[key] = [plain(child, locate, here) for child in schema[key]]
    for key in ("not", "if", "then", "else", "additionalProperties", "items", "contains"):
        value = schema.get(key)
        if isinstance(value, bool):
            out[key] = value
        elif isinstance(value, list):
            out[key] = [plain(child, locate, here) for child in value]
        elif isinstance(value, dict):
            out[key] = plain(value, locate, here)
    return out


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

    `urns` maps each product URN (known misspellings included) to its definition name.
    """
    found: Definitions = {}
    for name, schema in schemas.items():
        parent = _parent_with_discriminator(name, schema, schemas)
        found[name] = plain(schema, {parent: parent + BASE} if parent else None)
    for name, schema in schemas.items():
        discriminator = schema.get("discriminator") if isinstance(schema, dict) else None
        if not discriminator:
            continue
        member = discriminator["propertyName"]
        mapping = {key: ref.rpartition("/")[2] for key, ref in (discriminator.get("mapping") or {}).items()}
        if name == PRODUCT_ROOT:
            mapping = dict(urns)
        if not mapping:
            continue
        found[name + BASE] = found[name]
        found[name] = _dispatch(name + BASE, member, mapping, closed=name != PRODUCT_ROOT)
    return found


def _parent_with_discriminator(name: str, schema: Any, schemas: Mapping[str, Any]) -> str | None:
    """The base schema that names `name` as a sub-type and that `name` extends."""
    for part in schema.get("allOf", []) if isinstance(schema, dict) else []:
        parent = str(part.get("$ref", "")).rpartition("/")[2]
        mapping = (schemas.get(parent) or {}).get("discriminator", {}).get("mapping", {}) if parent else {}
        if any(str(ref).rpartition("/")[2] == name for ref in mapping.values()):
            return parent
    return None


def _dispatch(base: str, member: str, mapping: Mapping[str, str], *, closed: bool) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"$ref": f"#/definitions/{base}"}]
    for value, target in mapping.items():
        if target == base.removesuffix(BASE):
            continue
        parts.append(
            {
                "if": {"type": "object", "properties": {member: {"const": value}}, "required": [member]},
                "then": {"$ref": f"#/definitions/{target}"},
            }
        )
    if closed:
        # A place may bring a type of its own if it says where that type is described (@schemaLocation).
        parts.append(
            {
                "if": {"type": "object", "required": ["@schemaLocation"]},
                "else": {"properties": {member: {"enum": list(mapping)}}},
            }
        )
    return {"allOf": parts}
