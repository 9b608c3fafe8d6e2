"""What was sent comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from emulator.judge.rule import FINE, Mark, On
from emulator.judge.rulebook import Rulebook, breach
from emulator.judge.rules.common.values import Labels, id_of, same
from emulator.judge.run import Life, Said
from emulator.record.payload import MISSING, dump, escape


def echoes(
    book: Rulebook,
    labels: Labels,
    *,
    on: On,
    free: tuple[str, ...] = (),
    grows: tuple[str, ...] = ("note", "relatedContactInformation"),
    baseline: Callable[[Said, Life], Any] | None = None,
    name: str = "",
) -> None:
    """A resource shows all that the Buyer sent for it, as it was sent.

    The Seller may add members to objects, and entries to the lists named in `grows`. Entries with an `id`
    are matched by it, others may come in any order. An explicit null or an empty list says the same as
    absence. `free` are names of members that are no echo (`href` never is). `baseline` gives what the
    Buyer asked for as it stands at that moment, by default the body of the request that made the resource.
    """

    def look(said: Said) -> Iterator[Mark]:
        for shown, life in said.lived():
            asked = baseline(said, life) if baseline else life.request
            if isinstance(asked, dict) and shown.whole:
                yield from echo_marks(asked, shown.value, shown.place, free=("href", *free), grows=grows)

    book.add(labels, look, on=on, about="each value of the request, in the answer", name=name)


@dataclass(frozen=True, slots=True)
class _Comparing:
    """Names of members that are no echo, of lists that may grow, and when two values say the same."""

    free: tuple[str, ...]
    grows: tuple[str, ...]
    alike: Callable[[Any, Any], bool]

    def marks(self, asked: Any, answered: Any, place: str) -> Iterator[Mark]:
        if asked and isinstance(asked, dict | list) and _identical(asked, answered):
            yield FINE
        elif isinstance(asked, dict) and isinstance(answered, dict):
            for member, value in asked.items():
                here = f"{place}/{escape(member)}"
                if member in self.free or value is None or value == []:
                    continue
                if member not in answered:
                    yield breach(here, value, MISSING, f"{here} was sent and does not come back")
                elif isinstance(value, list) and isinstance(answered[member], list):
                    yield from self._list(value, answered[member], here, growing=member in self.grows)
                else:
                    yield from self.marks(value, answered[member], here)
        elif isinstance(asked, list) and isinstance(answered, list):
            yield from self._list(asked, answered, place, growing=False)
        elif self.alike(asked, answered):
            yield FINE
        else:
            yield breach(place, asked, answered, f"{place} was sent otherwise")

    def _list(self, asked: list[Any], answered: list[Any], place: str, *, growing: bool) -> Iterator[Mark]:
        left = _Left(answered)
        unmatched: list[Any] = []
        for index, value in enumerate(asked):
            match = self._match(value, left, index)
            if match is None:
                unmatched.append(value)
            else:
                del left.values[match]
                yield FINE
        for value in unmatched:
            same_id = next(left.with_id(id_of(value)), None)
            # Without an id to go by, what is left over in a list that cannot grow is the changed entry.
            near = same_id if same_id is not None else (next(iter(left.values), None) if not growing else None)
            if near is None:
                if not left.tired:
                    yield breach(place, value, MISSING, f"an entry of {place} was sent and does not come back")
            elif same_id is not None or not left.tired:
                yield from self.marks(value, left.values.pop(near), f"{place}/{near}")
        if not growing and not left.tired:
            for index, value in left.values.items():
                yield breach(f"{place}/{index}", MISSING, value, f"{place}/{index} was not sent")

    def _match(self, value: Any, left: _Left, index: int) -> int | None:
        """Where the same entry came back: first at the same index, then anywhere."""
        for candidate in chain((index,), left.like(value, by_id="id" not in self.free)):
            if candidate in left.values and all(mark is FINE for mark in self.marks(value, left.values[candidate], "")):
                return candidate
        return None


class _Left:
    """The entries of a list that were not yet found to be those that were sent, by their indexes.

    Who sends thousands in another order has each looked up, not compared with all the others; where that is not to be
    had, so many are compared and the list is `tired`: what was not found by then may well be there.
    """

    def __init__(self, entries: list[Any]) -> None:
        self.values: dict[int, Any] = dict(enumerate(entries))
        self.tired = False
        self._comparisons = 0
        self._entries = entries
        self._texts: dict[bytes, list[int]] | None = None
        self._ids: dict[Any, list[int]] | None = None

    def like(self, value: Any, *, by_id: bool) -> Iterator[int]:
        """Where an entry may stand that was not at its own index."""
        if self._texts is None:
            self._texts = _gathered((dump(entry), index) for index, entry in enumerate(self._entries))
        yield from self._there(self._texts.get(dump(value), []))
        if by_id and isinstance(id_of(value), str):
            yield from self.with_id(id_of(value))
            return
        for index in list(self.values):
            self._comparisons += 1
            if self._comparisons > _COMPARISONS:
                self.tired = True
                return
            yield index

    def with_id(self, identifier: Any) -> Iterator[int]:
        """Where the entries with an id stand that are left."""
        if not isinstance(identifier, str):
            few = list(self.values.items())[:_FEW] if identifier is not None else []
            return iter([index for index, entry in few if id_of(entry) == identifier])
        if self._ids is None:
            named = ((id_of(entry), index) for index, entry in enumerate(self._entries))
            self._ids = _gathered((name, index) for name, index in named if isinstance(name, str))
        return self._there(self._ids.get(identifier, []))

    def _there(self, indexes: list[int]) -> Iterator[int]:
        """Those that are left; the others are forgotten."""
        while indexes and indexes[0] not in self.values:
            del indexes[0]
        return iter([index for index in indexes[:_FEW] if index in self.values])


_COMPARISONS: Final = 20_000
_FEW: Final = 100


def _gathered(pairs: Iterable[tuple[Any, int]]) -> dict[Any, list[int]]:
    found: dict[Any, list[int]] = {}
    for key, index in pairs:
        found.setdefault(key, []).append(index)
    return found


def echo_marks(
    asked: Any,
    answered: Any,
    place: str,
    *,
    free: tuple[str, ...] = (),
    grows: tuple[str, ...] = (),
    alike: Callable[[Any, Any], bool] = same,
) -> Iterator[Mark]:
    """FINE for each value that came back as it was sent (or for a whole part at once), a breach for each that did not.

    `alike` says whether two values that are no objects and no lists say the same.
    """
    yield from _Comparing(free, grows, alike).marks(asked, answered, place)


def _identical(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same to the byte: the quick way, since most parts of an echo are."""
    return bool(one == other) and dump(one) == dump(other)  # the second tells true from 1
