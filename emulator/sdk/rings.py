"""Schemas that are themselves at the same place: `A: {oneOf: [B]}` where `B: {allOf: [A]}`. No validator comes to an end there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.sdk.notes import Notes

_CHOICES: Final = ("oneOf", "anyOf")
_LARGE: Final = 200
_IN_PLACE: Final = ("not", "if", "then", "else")


def break_rings(file: str, schemas: dict[str, Any], notes: Notes) -> None:
    """Leave out, of schemas by their references, what leads back to them without going into a value; each is told.

    Choices go first: what an object extends says more of it than that it can be one of its own kinds.
    """
    for chosen in (True, False):
        for ring in list(_rings(schemas)):
            within = {name: schemas[name] for name in ring}
            for name, schema in within.items():
                for holder, key, targets in list(_steps(schema)):
                    if (key in _CHOICES) is not chosen or key not in holder:
                        continue
                    back = [target for target in targets if target in within]
                    # In a large ring everything goes that is part of it: to look for the least would take for ever.
                    if any(len(ring) > _LARGE or _leads(target, name, within) for target in back):
                        del holder[key]
                        what = f"{key} leads from {name.rpartition('/')[2]} back to itself"
                        notes.mend(file, name.lstrip("#"), what, "left out: no validator comes to an end there")


def _rings(schemas: dict[str, Any]) -> Iterator[list[str]]:
    """The schemas that lead to each other, those of a ring together: Kosaraju's strongly connected components."""
    after = {
        name: [ref for _, _, refs in _steps(schema) for ref in refs if ref in schemas]
        for name, schema in schemas.items()
    }
    before: dict[str, list[str]] = {name: [] for name in schemas}
    for name, targets in after.items():
        for target in targets:
            before[target].append(name)
    seen: set[str] = set()
    ended = [each for start in schemas for each in _walked(start, after, seen)]
    seen = set()
    for start in reversed(ended):
        ring = list(_walked(start, before, seen))
        if len(ring) > 1 or (ring and ring[0] in after[ring[0]]):
            yield ring


def _walked(start: str, after: dict[str, list[str]], seen: set[str]) -> Iterator[str]:
    """What can be reached and was not seen, each when all behind it has been."""
    if start in seen:
        return
    seen.add(start)
    way = [(start, iter(after[start]))]
    while way:
        name, rest = way[-1]
        following = next((each for each in rest if each not in seen), None)
        if following is None:
            way.pop()
            yield name
        else:
            seen.add(following)
            way.append((following, iter(after[following])))


def _steps(schema: Any) -> Iterator[tuple[dict[str, Any], str, list[str]]]:
    """What stands at the same place as a schema: the holder and key of it, and the references in it, at whatever depth."""
    if not isinstance(schema, dict):
        return
    if isinstance(schema.get("$ref"), str):
        yield schema, "$ref", [schema["$ref"]]
        return
    for key in (*_CHOICES, "allOf"):
        parts = schema.get(key)
        if isinstance(parts, list):
            if key in _CHOICES:
                yield schema, key, [ref for part in parts for _, _, refs in _steps(part) for ref in refs]
            else:
                for part in parts:
                    yield from _steps(part)
    for key in _IN_PLACE:
        if key in schema:
            yield schema, key, [ref for _, _, refs in _steps(schema[key]) for ref in refs]


def _leads(start: str, goal: str, schemas: dict[str, Any]) -> bool:
    """Whether one comes from a schema to another without going into a value."""
    seen, waiting = set[str](), [start]
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            waiting += [ref for _, _, refs in _steps(schemas.get(name)) for ref in refs]
    return False
