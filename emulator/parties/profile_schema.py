"""A JSON Schema (draft-07) of profiles, for editors, made of the dataclasses that profiles are read into."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from enum import StrEnum
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from emulator.doors.partner.parts import ConnectionPart
from emulator.parties.offering import Offering
from emulator.parties.profile import Profile, profile_type
from emulator.parties.security import SecuritySection
from emulator.standard.release import Release, load_release
from emulator.standard.strict import MOST, fields_of

_PLAIN: Final[Mapping[Any, Mapping[str, Any]]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer", "minimum": 0, "maximum": MOST},
    float: {"type": "number", "minimum": 0, "maximum": MOST},
}
_EXTENDS: Final[Mapping[Any, str]] = {
    Profile: "A profile that this one is laid upon (RFC 7396): a name of ours, or a file beside this one.",
    Offering: "An offering of the same profile that this one is laid upon (RFC 7396).",
}
_SHORT: Final[Mapping[Any, tuple[str, ...]]] = {SecuritySection: ("none", "oauth2")}
"""Records that may be written as one word."""


def profile_schema(release: Release | None = None) -> dict[str, Any]:
    """What a profile of a release (the default one, if left out) may have. Nothing is required but within lists: the rest may come from what it extends.

    For the same reason a null may stand wherever it can take something away.
    """
    record = _record(profile_type(release or load_release()), whole=False)
    connection = _record(ConnectionPart, whole=True)  # nothing is laid over it
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "OIT profile",
        **record,
        "properties": {**record["properties"], "connection": connection},
    }


def _schema(kind: Any, *, whole: bool) -> dict[str, Any]:
    """The schema of a type; `whole` within lists, of which nothing is merged."""
    origin = get_origin(kind)
    if kind is Any:
        return {}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"enum": [str(each) for each in kind]}
    if origin in (Union, UnionType):
        inner = next(option for option in get_args(kind) if option is not type(None))
        return _or_null(_schema(inner, whole=whole))
    if dataclasses.is_dataclass(kind):
        record = _record(kind, whole=whole)
        return {"anyOf": [{"enum": list(_SHORT[kind])}, record]} if kind in _SHORT else record
    if origin is tuple:
        return {"type": "array", "items": _schema(get_args(kind)[0], whole=True)}
    if origin is Literal:
        return {"enum": list(get_args(kind))}
    if origin is Mapping:
        inner = get_args(kind)[-1]
        members = {} if inner is Any else _schema(inner, whole=whole)
        return {"type": "object", "additionalProperties": members if whole or not members else _or_null(members)}
    return dict(_PLAIN[kind])


def _record(kind: Any, *, whole: bool) -> dict[str, Any]:
    fields = fields_of(kind)
    known = [each for each in fields if not (each.keyed or each.rest or each.ours)]
    shown = {each.key: _schema(each.type, whole=whole) for each in known}
    if not whole:
        shown = {key: _or_null(schema) for key, schema in shown.items()}
    if extends := next((said for base, said in _EXTENDS.items() if issubclass(kind, base)), None):
        shown = {"extends": {"type": "string", "description": extends}, **shown}
    record = {
        "type": "object",
        "description": inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0].replace("\n", " "),
        "additionalProperties": any(each.rest for each in fields),
        "properties": shown,
    }
    needed = [each.key for each in known if each.needed]
    return {**record, "required": needed} if whole and needed else record


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    if "enum" in schema:
        return schema if None in schema["enum"] else {**schema, "enum": [*schema["enum"], None]}
    types = schema.get("type", [])
    return schema if "null" in types else {**schema, "type": [types, "null"]}
