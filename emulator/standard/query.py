"""Query parameters: read as the contract types them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from emulator.record.call import ErrorCode
from emulator.record.secret_texts import MASK
from emulator.standard.breach import Breach, Check
from emulator.standard.bundle import RANGES
from emulator.standard.explain import MOST, and_more
from emulator.standard.formats import CHECKERS, in_words

_INTEGER: Final = re.compile(r"-?[0-9]+\Z")
_FAR: Final = 10**18
"""Stands for every whole number of more digits: it is beyond each limit, and takes no time to read."""
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
    if kind == "integer" and (range_problem := _range_problem(schema, text)):
        return range_problem
    if "enum" in schema and text not in [str(value) for value in schema["enum"]]:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    checker = CHECKERS.get(str(schema.get("format")))
    if checker and not checker(text):
        return in_words(schema["format"])
    return None


def _range_problem(schema: Mapping[str, Any], text: str) -> str | None:
    digits = text.lstrip("-").lstrip("0")
    number = int(digits or 0) if len(digits) < len(str(_FAR)) else _FAR
    number = -number if text.startswith("-") else number
    least, greatest = RANGES.get(str(schema.get("format")), (None, None))
    if least is not None and greatest is not None and not least <= number <= greatest:
        return f"an integer of {schema['format']}, which ends at {greatest if number > 0 else least}"
    if "minimum" in schema and number < schema["minimum"]:
        return f"an integer of at least {schema['minimum']}"
    if "maximum" in schema and number > schema["maximum"]:
        return f"an integer of at most {schema['maximum']}"
    return None


def query_breaches(declared: Sequence[Parameter], given: Iterable[tuple[str, str]], *, advisory: bool) -> list[Breach]:
    """Breaches of a query string; `place` is `?name`.

    A parameter that the contract does not know is a warning: no guide forbids it. One that takes one value is given
    once: which of two is meant, nobody can tell.
    """
    pairs = list(given)
    times = Counter(name for name, _ in pairs)
    known = {parameter.name: parameter for parameter in declared}
    found = [
        Breach(
            f"?{name}", "given", message="the parameter is required", check=Check.QUERY, code=ErrorCode.MISSING_PROPERTY
        )
        for name, parameter in known.items()
        if parameter.required and all(name != key for key, _ in pairs)
    ]
    # What is masked is a key that somebody before the API asks for: no guide knows of it.
    strange = [(name, text) for name, text in pairs if name not in known and text != MASK] if advisory else []
    names, told = sorted(known), set[str]()
    odd = [
        Breach(f"?{name}", names, text, "the contract has no such parameter", Check.UNKNOWN_MEMBER)
        for name, text in strange[: MOST + 1]
    ]
    for name, text in pairs:
        parameter = known.get(name)
        if parameter is None:
            continue
        schema = parameter.schema
        if schema.get("type") == "array":
            schema = schema.get("items") or {}
        elif times[name] > 1:
            if name not in told:
                told.add(name)
                values = [value for key, value in pairs if key == name]
                found.append(Breach(f"?{name}", "one value", values, f"{name} is given {times[name]} times and takes one "
                                    "value", Check.QUERY))  # fmt: skip
            continue
        wanted = scalar_problem(schema, text)
        if wanted:
            found.append(
                Breach(f"?{name}", wanted, text, f"{name} must be {wanted}{_unescaped(schema, text)}", Check.QUERY,
                       ErrorCode.INVALID_FORMAT)
            )  # fmt: skip
    return found + odd[:MOST] + ([and_more(odd[MOST], len(strange) - MOST)] if len(odd) > MOST else [])


def _unescaped(schema: Mapping[str, Any], text: str) -> str:
    """A word about the plus sign, where a blank is all that is wrong: in a query `+` stands for one."""
    meant = " " in text and scalar_problem(schema, text.replace(" ", "+")) is None
    return "; a + in a query stands for a blank, so write it %2B" if meant else ""
