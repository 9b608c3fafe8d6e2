"""Query parameters: read as the contract types them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from emulator.standard.breach import Breach, Check
from emulator.standard.formats import CHECKERS, in_words
from emulator.wire.call import ErrorCode

_INTEGER: Final = re.compile(r"-?[0-9]{1,18}\Z")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter as the contract declares it."""

    name: str
    required: bool
    schema: Mapping[str, Any]

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Parameter:
        return cls(raw["name"], bool(raw.get("required")), raw.get("schema") or {})


def scalar_problem(schema: Mapping[str, Any], text: str) -> str | None:
    """What a text should have been to be a value of a scalar schema, or None where it is one."""
    kind = schema.get("type", "string")
    if kind == "integer" and not _INTEGER.match(text):
        return "an integer"
    if kind == "number" and not _NUMBER.match(text):
        return "a number"
    if kind == "boolean" and text not in {"true", "false"}:
        return "true or false"
    if kind == "integer" and "minimum" in schema and int(text) < schema["minimum"]:
        return f"an integer of at least {schema['minimum']}"
    if "enum" in schema and text not in [str(value) for value in schema["enum"]]:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    checker = CHECKERS.get(str(schema.get("format")))
    if checker and not checker(text):
        return in_words(schema["format"])
    return None


def query_breaches(declared: Sequence[Parameter], given: Iterable[tuple[str, str]], *, advisory: bool) -> list[Breach]:
    """Breaches of a query string; `place` is `?name`.

    A parameter that the contract does not know is a warning: no guide forbids it.
    """
    pairs = list(given)
    known = {parameter.name: parameter for parameter in declared}
    found = [
        Breach(
            f"?{name}", "given", message="the parameter is required", check=Check.QUERY, code=ErrorCode.MISSING_PROPERTY
        )
        for name, parameter in known.items()
        if parameter.required and all(name != key for key, _ in pairs)
    ]
    for name, text in pairs:
        parameter = known.get(name)
        if parameter is None:
            if advisory:
                found.append(
                    Breach(f"?{name}", sorted(known), text, "the contract has no such parameter", Check.UNKNOWN_MEMBER)
                )
            continue
        schema = parameter.schema
        if schema.get("type") == "array":
            schema = schema.get("items") or {}
        wanted = scalar_problem(schema, text)
        if wanted:
            found.append(
                Breach(f"?{name}", wanted, text, f"{name} must be {wanted}", Check.QUERY, ErrorCode.INVALID_FORMAT)
            )
    return found
