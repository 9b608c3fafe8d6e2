"""What can stand at a place of a message, as its schemas have it: made once for each choice of variants, and kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from emulator.record.payload import escape

Schema = Mapping[str, Any]

# What a deciding member may hold besides the values that the schemas name.
_ABSENT: Final = -1
_ANOTHER_TEXT: Final = -2
_NO_TEXT: Final = -3


class Decider:
    """A member whose value tells variants apart: the values that make a difference."""

    __slots__ = ("_others", "_texts", "name")

    def __init__(self, name: str, values: Iterable[Any]) -> None:
        values = list(values)
        self.name = name
        self._texts = {value: value for value in values if isinstance(value, str)}
        self._others = [value for value in values if not isinstance(value, str)]

    def choice(self, value: Mapping[str, Any]) -> str | int:
        """The value that the member has, as far as it makes a difference."""
        if self.name not in value:
            return _ABSENT
        told = value[self.name]
        if isinstance(told, str):
            return self._texts.get(told, _ANOTHER_TEXT)
        return next((index for index, other in enumerate(self._others) if other == told), _NO_TEXT)


class Node:
    """A set of schemas that have a say at one place; `forms` are the objects that can stand there.

    `types` are the base schemas among them, with the values of `@type` that each knows.
    """

    __slots__ = ("deciders", "forms", "items", "schemas", "types")

    def __init__(
        self,
        schemas: tuple[Schema, ...],
        deciders: tuple[Decider, ...],
        types: tuple[tuple[str, frozenset[str]], ...],
    ) -> None:
        self.schemas, self.deciders, self.types = schemas, deciders, types
        self.forms: dict[tuple[str | int, ...], Form] = {}
        self.items: Node | None = None


class Member:
    """A member of a form: its reference token with the slash, and the schemas of its value."""

    __slots__ = ("node", "read_only", "schemas", "token")

    def __init__(self, name: str, schemas: list[Schema], *, read_only: bool) -> None:
        self.token = "/" + escape(name)
        self.schemas, self.read_only = schemas, read_only
        self.node: Node | None = None


UNKNOWN: Final = Member("", [], read_only=False)


class Form:
    """The members that an object can have, once it is known which variant of which type it is."""

    __slots__ = ("closed", "members", "names", "tells")

    def __init__(self, members: dict[str, Member | None], *, closed: bool, tells: bool) -> None:
        """`members` has None for those of which nothing more is to be seen than that they belong.

        `closed` where other members are unknown ones, `tells` where there is something to say of the `@type`.
        """
        self.members, self.closed, self.tells = members, closed, tells
        self.names = tuple(members)
