"""What it costs to check a message by a schema: a hostile schema makes a small message last for ever."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

_LEVELS: Final = 24
"""Levels of a message that are reckoned with: what doubles from one to the next is far too much by then."""
MOST: Final = 100_000
"""Schemas that may be looked at for one value at the bottom of so many levels; the standard's own products need 900."""
_CHAIN: Final = 100
"""Schemas that may stand in one another at the same place."""
_PREFIX: Final = "#/definitions/"


class TooHeavy(Exception):  # noqa: N818 - it is what it says
    """A schema that cannot be checked in time: why."""


def weigh(definitions: Mapping[str, Any], root: str) -> int:
    """How many schemas may have to be looked at for one way from the top of a message to its bottom. TooHeavy."""
    return _Scale(definitions).of(root, _LEVELS, 0)


class _Scale:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._known: dict[tuple[str, int], int] = {}
        self._open: set[tuple[str, int]] = set()

    def of(self, name: str, levels: int, chain: int) -> int:
        key = (name, levels)
        if key in self._open:
            raise TooHeavy("a schema is made of itself, without an end")
        if key not in self._known:
            self._open.add(key)
            self._known[key] = self._weight(self._definitions[name], levels, chain + 1)
            self._open.discard(key)
        return self._known[key]

    def _weight(self, schema: Any, levels: int, chain: int) -> int:
        if not isinstance(schema, dict) or not levels:
            return 1
        if chain > _CHAIN:
            raise TooHeavy(f"more than {_CHAIN} schemas stand in one another at the same place")
        if "$ref" in schema:
            return 1 + self.of(str(schema["$ref"]).removeprefix(_PREFIX), levels, chain)
        here = [part for key in ("allOf", "anyOf", "oneOf") for part in schema.get(key) or ()]
        here += [schema[key] for key in ("not", "if", "then", "else") if key in schema]
        found = 1 + sum(self._weight(part, levels, chain + 1) for part in here)
        found += sum(
            self._heaviest(group, levels - 1)
            for group in (
                (schema.get("properties") or {}).values(),
                schema["items"] if isinstance(schema.get("items"), list) else (schema.get("items"),),
            )
        )
        others = [*(schema.get("patternProperties") or {}).values()]
        others += [schema[key] for key in _CHILDREN if isinstance(schema.get(key), dict)]
        found += sum(self._weight(child, levels - 1, 0) for child in others)
        if found > MOST:
            raise TooHeavy(
                "the work of checking a message grows with each of its levels: schemas refer to each other too often"
            )
        return found

    def _heaviest(self, schemas: Iterable[Any], levels: int) -> int:
        """A value has one name and one index: only one of these schemas is looked at."""
        return max((self._weight(schema, levels, 0) for schema in schemas if isinstance(schema, dict)), default=0)


_CHILDREN: Final = (
    "additionalProperties",
    "unevaluatedProperties",
    "additionalItems",
    "unevaluatedItems",
    "contains",
    "propertyNames",
)
