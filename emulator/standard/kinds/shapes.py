"""The schemas of one contract, as the rules look at them: members with their sub-types, and ways through them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Schema = Mapping[str, Any]

_DEEPEST: Final = 9
"""Members below members: no path of the standard is longer, and some schemas recurse without end."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object: its schema, and the sub-type that has it, empty where the object itself does."""

    name: str
    schema: Schema
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in an object: a pointer in which `*` is every entry of a list, and the members that can stand there."""

    pointer: str
    members: tuple[Member, ...]

    @property
    def name(self) -> str:
        return next(member.name for member in self.members)


class Shapes:
    """The schemas of an OpenAPI document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.schemas: Mapping[str, Schema] = (document.get("components") or {}).get("schemas") or {}
        # What is asked for again and again. The schema or spot is kept with it, so that its id stays its own.
        self._tops: dict[str | int, tuple[Schema, list[Spot]]] = {}
        self._belows: dict[int, tuple[Spot, list[Spot]]] = {}
        self._entries: dict[int, tuple[Schema, Schema | None]] = {}
        self._members: dict[tuple[str | int, bool], tuple[Schema, dict[str, list[Member]]]] = {}

    # -- names -------------------------------------------------------------------------------------

    def name(self, schema: Schema) -> str:
        """The name of a schema that is given by reference, alone or with prose beside it; else nothing."""
        if "$ref" in schema:
            return str(schema["$ref"]).rpartition("/")[2].removesuffix(".yaml")
        parts = list(schema.get("allOf") or ())
        return self.name(parts[0]) if len(parts) == 1 and "properties" not in schema else ""

    def resolved(self, schema: Schema) -> Schema:
        """The schema itself, in place of a reference to it; an empty one for a reference that leads out of the file."""
        for _ in range(_DEEPEST):
            name = self.name(schema)
            if not name:
                return schema
            schema = self.schemas.get(name, {})
        return schema

    # -- kinds of value ----------------------------------------------------------------------------

    def entry(self, schema: Schema) -> Schema | None:
        """The schema of an array's entries; None for what is no array."""
        if id(schema) not in self._entries:
            self._entries[id(schema)] = schema, self._entry(self.resolved(schema))
        return self._entries[id(schema)][1]

    @staticmethod
    def _entry(found: Schema) -> Schema | None:
        items = found.get("items")
        return items if found.get("type", "array" if items else "") == "array" and isinstance(items, Mapping) else None

    def enum(self, schema: Schema) -> tuple[str, tuple[str, ...]] | None:
        """Name and values of an enum of words; None for anything else."""
        found = self.resolved(schema)
        values = found.get("enum")
        return (self.name(schema), tuple(map(str, values))) if isinstance(values, list) else None

    def is_time(self, schema: Schema) -> bool:
        """Whether a value is a date-time."""
        return bool(self.resolved(schema).get("format") == "date-time")

    # -- members -----------------------------------------------------------------------------------

    def members(self, schema: Schema, *, below: bool = True) -> dict[str, list[Member]]:
        """The members of an object; those of its sub-types as well, if `below`."""
        key = (self.name(schema) or id(schema), below)
        if key not in self._members:
            found: dict[str, list[Member]] = {}
            for owner, _, part in self._parts(schema, below=below):
                for name, member in (part.get("properties") or {}).items():
                    if all(each.schema != member for each in found.setdefault(name, [])):
                        found[name].append(Member(name, member, owner))
            self._members[key] = schema, found
        return self._members[key][1]

    def required(self, schema: Schema) -> frozenset[str]:
        """The members that an object itself, whatever its sub-type, has to have."""
        return frozenset(name for _, _, part in self._parts(schema, below=False) for name in part.get("required") or ())

    def subtypes(self, schema: Schema) -> dict[str, Schema]:
        """The sub-types of an object by name: what its discriminator or its `oneOf` chooses from."""
        found: dict[str, Schema] = {}
        parts = list(self._parts(schema, below=False))
        for n, (_, name, part) in enumerate(parts):
            if n and name:
                continue  # what an object extends chooses from its siblings
            for chosen, target in self._choices(name, part):
                found.setdefault(chosen, target)
        return found

    def _parts(
        self, schema: Schema, *, below: bool, owner: str = "", seen: set[str] | None = None
    ) -> Iterator[tuple[str, str, Schema]]:
        """A schema, those it extends and, if `below`, those that extend it or that it chooses from; each once.

        Yields the sub-type by way of which it came to it, its name, and the schema.
        """
        seen = set() if seen is None else seen
        name = self.name(schema)
        if name:
            if name in seen:
                return
            seen.add(name)
            schema = self.resolved(schema)
        yield owner, name, schema
        for part in schema.get("allOf") or ():
            # Another sub-type of what this one extends is none of its own.
            yield from self._parts(part, below=below and not self.name(part), owner=owner, seen=seen)
        if below:
            for chosen, target in self._choices(name, schema):
                yield from self._parts(target, below=True, owner=owner or chosen, seen=seen)

    def _choices(self, name: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
        choice = schema.get("discriminator")
        mapping = choice.get("mapping") if isinstance(choice, Mapping) else None
        for ref in (mapping or {}).values():
            yield str(ref).rpartition("/")[2], {"$ref": ref}
        for key in ("oneOf", "anyOf"):
            for part in schema.get(key) or ():
                yield self.name(part), part
        if choice and not mapping and name:
            for other, each in self.schemas.items():
                if any(self.name(part) == name for part in each.get("allOf") or () if "$ref" in part):
                    yield other, {"$ref": f"#/components/schemas/{other}"}

    # -- ways --------------------------------------------------------------------------------------

    def top(self, schema: Schema) -> list[Spot]:
        """The members of an object, as the first places of a way."""
        key = self.name(schema) or id(schema)
        if key not in self._tops:
            self._tops[key] = schema, [self._spot("", members) for members in self.members(schema).values()]
        return self._tops[key][1]

    def below(self, spot: Spot) -> list[Spot]:
        """The places one step further."""
        if id(spot) not in self._belows:
            self._belows[id(spot)] = spot, self._below(spot)
        return self._belows[id(spot)][1]

    def _below(self, spot: Spot) -> list[Spot]:
        found: dict[str, list[Member]] = {}
        for member in spot.members:
            inner = self.entry(member.schema)
            for name, deeper in self.members(member.schema if inner is None else inner).items():
                found.setdefault(name, []).extend(
                    Member(name, each.schema, each.owner or member.owner) for each in deeper
                )
        return [self._spot(spot.pointer, members) for members in found.values()]

    def _spot(self, before: str, members: Sequence[Member]) -> Spot:
        is_list = any(self.entry(each.schema) is not None for each in members)
        return Spot(f"{before}/{members[0].name}{'/*' if is_list else ''}", tuple(members))

    def schema_at(self, member: Member) -> Schema:
        """The schema of a member's value or, of a list, of an entry."""
        inner = self.entry(member.schema)
        return member.schema if inner is None else inner

    def walk(self, start: list[Spot], enter: Callable[[Spot], bool] = lambda _: True) -> Iterator[Spot]:
        """Every place from some on, the nearest first. Nobody goes twice into one schema on one way."""
        waiting = [(spot, frozenset[str]()) for spot in start]
        for _ in range(_DEEPEST):
            further: list[tuple[Spot, frozenset[str]]] = []
            for spot, seen in waiting:
                yield spot
                names = {self.name(self.schema_at(member)) for member in spot.members} - {""}
                if not names & seen and enter(spot):
                    further += [(each, seen | names) for each in self.below(spot)]
            waiting = further


# -- words -----------------------------------------------------------------------------------------------


def plain(word: str) -> str:
    """A name as names are compared: without case, `geographical` read as `geographic`."""
    return word.lower().replace("geographical", "geographic")


def lower_first(word: str) -> str:
    """`ProductOrder` -> `productOrder`."""
    return word[:1].lower() + word[1:]


def initials(word: str) -> str:
    """`productOfferingQualification` -> `poq`; nothing for a single word."""
    parts = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", word)
    return "".join(part[0] for part in parts).lower() if len(parts) > 1 else ""
