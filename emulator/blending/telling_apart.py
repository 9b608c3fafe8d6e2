"""Discriminators for choices that have none: what generators make of a `oneOf` looks for members, and not at values.

Where each schema of a choice has the same member with values of its own, that member tells which of them is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

_COMPONENT: Final = "#/components/schemas/"


def tell_apart(schemas: Mapping[str, Any], names: Sequence[str]) -> list[tuple[str, str]]:
    """Give each `oneOf` in the components of those names a discriminator, where one follows from its schemas.

    Gives back the component and the member of those whose member need not be there.
    """
    optional: list[tuple[str, str]] = []
    for name in names:
        for choice in _choices(schemas[name]):
            refs = [each.get("$ref", "") for each in choice["oneOf"]]
            targets = [ref.removeprefix(_COMPONENT) for ref in refs]
            if "discriminator" in choice or len(refs) < 2 or not all(each in schemas for each in targets):  # noqa: PLR2004
                continue
            members = [dict(_members(schemas, each)) for each in targets]
            if member := _telling(members):
                mapping = {value: ref for ref, own in zip(refs, members, strict=True) for value in own[member]}
                choice["discriminator"] = {"propertyName": member, "mapping": mapping}
                if not all(member in _required(schemas, each) for each in targets):
                    optional.append((name, member))
    return optional


def _telling(members: Sequence[Mapping[str, Sequence[str]]]) -> str:
    """The member whose values are other ones in each; "" where there is none."""
    for name in members[0]:
        values = [value for own in members for value in own.get(name, ())]
        if all(own.get(name) for own in members) and len(set(values)) == len(values):
            return name
    return ""


def _choices(value: Any) -> Iterator[dict[str, Any]]:
    """Every `oneOf` within a schema, with what stands around it."""
    if isinstance(value, dict):
        if isinstance(value.get("oneOf"), list):
            yield value
        for each in value.values():
            yield from _choices(each)
    elif isinstance(value, list):
        for each in value:
            yield from _choices(each)


def _parts(schemas: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    """A component, and what it is made of."""
    waiting: list[Any] = [schemas.get(name)]
    seen = {name}
    while waiting:
        schema = waiting.pop()
        if not isinstance(schema, Mapping):
            continue
        target = str(schema.get("$ref", "")).removeprefix(_COMPONENT)
        if target and target not in seen:
            seen.add(target)
            waiting.append(schemas.get(target))
        yield schema
        waiting += schema.get("allOf") or ()


def _members(schemas: Mapping[str, Any], name: str) -> Iterator[tuple[str, list[str]]]:
    """The members of a component that have certain texts only, with these."""
    for schema in _parts(schemas, name):
        for member, value in (schema.get("properties") or {}).items():
            target = schemas.get(str(value.get("$ref", "")).removeprefix(_COMPONENT), value)
            enum = target.get("enum") if isinstance(target, Mapping) else None
            if enum and all(isinstance(each, str) for each in enum):
                yield member, list(enum)


def _required(schemas: Mapping[str, Any], name: str) -> set[str]:
    return {member for schema in _parts(schemas, name) for member in schema.get("required") or ()}


def endless_in(schemas: Mapping[str, Any], names: Iterable[str]) -> str:
    """A component that is made of itself by references and choices alone, without a member between; "" where none is."""
    for name in names:
        seen: set[str] = set()
        waiting = list(_made_of(schemas[name]))
        while waiting:
            each = waiting.pop()
            if each == name:
                return name
            if each not in seen and each in schemas:
                seen.add(each)
                waiting += _made_of(schemas[each])
    return ""


def _made_of(schema: Any) -> Iterator[str]:
    """The components that are looked at in the same place as a schema."""
    if isinstance(schema, Mapping):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].removeprefix(_COMPONENT)
        for word in ("allOf", "anyOf", "oneOf", "not"):
            parts = schema.get(word) or ()
            for part in parts if isinstance(parts, list) else [parts]:
                yield from _made_of(part)
