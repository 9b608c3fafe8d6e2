"""The `pattern`s of schemas that cannot be matched in linear time: they are left out, and that is said once.

What is left out must never make a right message wrong, so what depends on it goes with it where that is needed: a `not`,
a condition, the "exactly one" of a `oneOf`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from emulator.standard.linear import schema_problem

_LOG: Final = logging.getLogger(__name__)
_problem: Final = lru_cache(maxsize=1024)(schema_problem)


def checkable(definitions: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The definitions without the patterns that are not checked; the same schemas where there are none."""
    odd = {name for name, schema in definitions.items() if any(_odd(schema))}
    if not odd:
        return dict(definitions)
    for name in sorted(odd):
        for pattern in _odd(definitions[name]):
            _note(name, pattern)
    touched, found = set[str](), odd
    while found:
        touched |= found
        found = {name for name, schema in definitions.items() if name not in touched and _refers(schema, touched)}
    return {name: _without(schema, touched) if name in touched else schema for name, schema in definitions.items()}


@lru_cache(maxsize=1024)
def _note(name: str, pattern: str) -> None:
    _LOG.warning("%s: the pattern %.200r is not checked: %s", name, pattern, _problem(pattern))


def _odd(schema: Any) -> Iterator[str]:
    """The patterns in a schema that cannot be matched."""
    if isinstance(schema, list):
        for each in schema:
            yield from _odd(each)
    elif isinstance(schema, dict):
        names = schema.get("patternProperties") or ()
        yield from (
            pattern for pattern in (schema.get("pattern"), *names) if isinstance(pattern, str) and _problem(pattern)
        )
        for key, value in schema.items():
            if key in _NAMED and isinstance(value, dict):
                yield from _odd(list(value.values()))
            elif key not in _DATA:
                yield from _odd(value)


_DATA: Final = frozenset({"enum", "const"})
_NAMED: Final = frozenset({"properties", "patternProperties"})


def _refers(schema: Any, names: set[str]) -> bool:
    if isinstance(schema, list):
        return any(_refers(each, names) for each in schema)
    if not isinstance(schema, dict):
        return False
    return str(schema.get("$ref", "")).rpartition("/")[2] in names or any(
        _refers(value, names) for key, value in schema.items() if key not in _DATA
    )


def _without(schema: Any, touched: set[str]) -> Any:
    if isinstance(schema, list):
        return [_without(each, touched) for each in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: value if key in _DATA else _without_in(key, value, touched) for key, value in schema.items()}
    if isinstance(pattern := schema.get("pattern"), str) and _problem(pattern):
        del out["pattern"]
    if len(out.get("patternProperties", ())) < len(schema.get("patternProperties") or ()):
        out.pop("additionalProperties", None)  # the names that a pattern lets in are not known any more
    hurt = {key for key in _TWO_SIDED if key in schema and (any(_odd(schema[key])) or _refers(schema[key], touched))}
    if "oneOf" in hurt:
        out.setdefault("allOf", []).append({"anyOf": out["oneOf"]})
    for key in hurt | ({"then", "else"} if "if" in hurt else set()):
        out.pop(key, None)
    return out


_TWO_SIDED: Final = ("not", "if", "oneOf")
"""Keywords by which a message can become wrong because a schema is right."""


def _without_in(key: str, value: Any, touched: set[str]) -> Any:
    if key not in _NAMED or not isinstance(value, dict):
        return _without(value, touched)
    kept = {name: child for name, child in value.items() if key == "properties" or not _problem(name)}
    return {name: _without(child, touched) for name, child in kept.items()}
