"""What was seen of products, orders, quotes, charges and bills: the members that a reconciliation needs, and no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

VERSION: Final = 1
"""Of the form in which a book is kept between two readings."""

_MOST_TURNS: Final = 1 << 53

Members = dict[str, Any]
"""Members of a resource as messages have them."""


@dataclass(slots=True)
class Sighted:
    """A resource as it was last shown. `first` and `last` are the turns (numbers of exchanges in the book, from 1) of its
    first and newest sighting, `whole` the turn of the newest that was no entry of a list, 0 where there was none.
    """

    members: Members
    first: int
    last: int
    whole: int = 0

    def see(self, members: Mapping[str, Any], turn: int, *, whole: bool) -> None:
        """Add a newer sighting: a whole one says all that there is, an entry of a list some of it."""
        self.members = dict(members) if whole else {**self.members, **members}
        self.last = turn
        self.whole = turn if whole else self.whole


@dataclass(slots=True)
class Book:
    """What was seen, by kind of resource and id, in the order of its first sighting.

    `turns` is how many exchanges were looked at; `gone` has, by kind and id, the turn of the last read that was answered
    with 404 (Not Found); `inventory` is the turn of the newest list of all products without a filter, 0 where none was seen.
    All members are values of JSON, so that a book can be kept in a file.
    """

    turns: int = 0
    shelves: dict[str, dict[str, Sighted]] = field(default_factory=dict)
    gone: dict[str, dict[str, int]] = field(default_factory=dict)
    inventory: int = 0

    def see(self, kind: str, identifier: str, members: Mapping[str, Any], *, whole: bool) -> None:
        """Note a sighting of this turn."""
        shelf = self.shelves.setdefault(kind, {})
        entry = shelf.get(identifier)
        if entry is None:
            shelf[identifier] = Sighted(dict(members), self.turns, self.turns, self.turns if whole else 0)
        else:
            entry.see(members, self.turns, whole=whole)

    def miss(self, kind: str, identifier: str) -> None:
        """Note that a read of this turn was answered with 404."""
        self.gone.setdefault(kind, {})[identifier] = self.turns

    def entry(self, kind: str, identifier: str | None) -> Sighted | None:
        """A resource, None where it was not seen."""
        return self.shelves.get(kind, {}).get(identifier) if identifier is not None else None

    def entries(self, kind: str) -> Iterator[tuple[str, Sighted]]:
        """All of a kind, with their ids, the first that was seen first."""
        yield from self.shelves.get(kind, {}).items()

    def lost(self, kind: str, identifier: str) -> bool:
        """Whether the newest read of a resource was answered with 404."""
        turn = self.gone.get(kind, {}).get(identifier, 0)
        entry = self.entry(kind, identifier)
        return turn > (entry.whole if entry else 0)

    def as_json(self) -> dict[str, Any]:
        """The book as a value of JSON, of which `book_of` makes the same one."""
        return {
            "version": VERSION,
            "turns": self.turns,
            "inventory": self.inventory,
            "gone": self.gone,
            "shelves": {
                kind: {each: [entry.members, entry.first, entry.last, entry.whole] for each, entry in shelf.items()}
                for kind, shelf in self.shelves.items()
            },
        }


def book_of(value: Any) -> Book:
    """The book that `as_json` wrote. ValueError where it is of another version, or no book."""
    try:
        if value["version"] != VERSION:
            message = f"version {value['version']!r:.20} is not {VERSION}"
            raise ValueError(message)
        shelves = {
            str(kind): {
                str(each): Sighted(dict(members), _turn(first), _turn(last), _turn(whole))
                for each, (members, first, last, whole) in shelf.items()
            }
            for kind, shelf in value["shelves"].items()
        }
        gone = {kind: {each: _turn(turn) for each, turn in row.items()} for kind, row in value["gone"].items()}
        return Book(_turn(value["turns"]), shelves, gone, _turn(value["inventory"]))
    except (AttributeError, KeyError, TypeError) as error:
        message = f"no book of a reconciliation: {error}"
        raise ValueError(message) from error


def _turn(value: Any) -> int:
    if type(value) is int and 0 <= value < _MOST_TURNS:
        return value
    message = f"no book of a reconciliation: {value!r:.40} is no number of an exchange"
    raise ValueError(message)
