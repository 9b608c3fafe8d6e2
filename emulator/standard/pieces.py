"""A large message in pieces, so that a validator that gathers all errors before it tells one never sees them all at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from emulator.record.payload import escape

SMALL: Final = 2_000
"""Values of a message that is its own piece; larger ones are cut into pieces of about so many."""
_CUT: Final = SMALL // 16
"""Values from which on a member of a large object is cut itself: what is not is in each piece of that object."""
_Sizes = dict[int, int]
"""The values in each larger object or list, by its identity."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a message: `value` is the message with its long lists cut to some of their items.

    What is wrong in a piece is wrong in the message, except for what is said of a cut list as a whole. `cut` has for the
    pointer of each of these, in the piece, the index in the message of the first item that is left. `under` is the place
    in the piece of what no piece before it has; `size` is how many values the piece has, about.
    """

    value: Any
    size: int
    under: str
    cut: Mapping[str, int] = field(default_factory=dict)

    def is_news(self, place: str) -> bool:
        """Whether a place of the piece is in none before it."""
        return place == self.under or place.startswith(self.under + "/")

    def moved(self, place: str) -> str:
        """A place of the piece as a place of the message."""
        if not self.cut or not place:
            return place
        here = there = ""
        for token in place.split("/")[1:]:
            first = self.cut.get(here, 0)
            there += f"/{int(token) + first}" if first and token.isdecimal() else f"/{token}"
            here += f"/{token}"
        return there


def is_small(value: Any) -> bool:
    """Whether a message needs no cutting. Looks at no more of it than it takes to know."""
    left = SMALL
    stack = [iter((value,))]
    while stack:
        node = next(stack[-1], stack)
        if node is stack:
            stack.pop()
            continue
        left -= 1
        if left < 0:
            return False
        if isinstance(node, dict):
            stack.append(iter(node.values()))
        elif isinstance(node, list):
            stack.append(iter(node))
    return True


def pieces(value: Any) -> Iterator[Piece]:
    """A message in pieces, made one after the other."""
    sizes: _Sizes = {}
    whole = _measured(value, sizes)
    return _pieces(value, "", whole, sizes)


def _measured(value: Any, sizes: _Sizes) -> int:
    if isinstance(value, dict):
        size = 1 + sum([_measured(member, sizes) for member in value.values()])
    elif isinstance(value, list):
        size = 1 + sum([_measured(item, sizes) for item in value])
    else:
        return 1
    if size > _CUT:
        sizes[id(value)] = size
    return size


def _pieces(value: Any, place: str, size: int, sizes: _Sizes) -> Iterator[Piece]:
    if size <= SMALL or not isinstance(value, dict | list):
        yield Piece(value, size, place)
    elif isinstance(value, list):
        yield from _of_list(value, place, sizes)
    else:
        yield from _of_object(value, place, sizes)


def _of_list(value: list[Any], place: str, sizes: _Sizes) -> Iterator[Piece]:
    first = total = 0
    for index, item in enumerate(value):
        size = sizes.get(id(item), _CUT)
        if total and total + size > SMALL:
            yield Piece(value[first:index], total, place, {place: first})
            first, total = index, 0
        if size > SMALL:
            for piece in _pieces(item, f"{place}/0", size, sizes):
                yield Piece([piece.value], piece.size, piece.under, {**piece.cut, place: index})
            first = index + 1
        else:
            total += _few(item) if size == _CUT else size
    if total:
        yield Piece(value[first:], total, place, {place: first})


def _few(item: Any) -> int:
    """The values of what has no more than `_CUT`."""
    if isinstance(item, dict):
        return 1 + sum([_few(member) for member in item.values()])
    return 1 + sum([_few(each) for each in item]) if isinstance(item, list) else 1


def _of_object(value: dict[str, Any], place: str, sizes: _Sizes) -> Iterator[Piece]:
    heavy = {name: sizes[id(member)] for name, member in value.items() if id(member) in sizes}
    cut: dict[str, int] = {}
    base = {
        name: _stub(member, f"{place}/{escape(name)}", sizes, cut) if name in heavy else member
        for name, member in value.items()
    }
    rest = len(base) + _CUT * len(heavy)
    yield Piece(base, rest, place, cut)
    for name, size in heavy.items():
        for piece in _pieces(value[name], f"{place}/{escape(name)}", size, sizes):
            yield Piece({**base, name: piece.value}, rest + piece.size, piece.under, {**cut, **piece.cut})


def _stub(value: Any, place: str, sizes: _Sizes, cut: dict[str, int]) -> Any:
    """What is large with one item in each list, so that who asks for it finds it."""
    if id(value) not in sizes:
        return value
    if isinstance(value, list):
        cut[place] = 0
        return [_stub(value[0], f"{place}/0", sizes, cut)]
    return {name: _stub(member, f"{place}/{escape(name)}", sizes, cut) for name, member in value.items()}
