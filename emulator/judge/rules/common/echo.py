"""What was sent comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.judge.rule import FINE, Mark, On
from emulator.judge.rulebook import Rulebook, breach
from emulator.judge.rules.common.values import Labels, id_of, same
from emulator.judge.run import Life, Said
from emulator.wire.payload import MISSING, dump, escape


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
        left = dict(enumerate(answered))
        unmatched: list[Any] = []
        for index, value in enumerate(asked):
            match = self._match(value, left, index)
            if match is None:
                unmatched.append(value)
            else:
                del left[match]
                yield FINE
        for value in unmatched:
            same_id = next(
                (i for i, other in left.items() if id_of(other) is not None and id_of(other) == id_of(value)), None
            )
            # Without an id to go by, what is left over in a list that cannot grow is the changed entry.
            near = same_id if same_id is not None else (next(iter(left), None) if not growing else None)
            if near is None:
                yield breach(place, value, MISSING, f"an entry of {place} was sent and does not come back")
            else:
                yield from self.marks(value, left.pop(near), f"{place}/{near}")
        if not growing:
            for index, value in left.items():
                yield breach(f"{place}/{index}", MISSING, value, f"{place}/{index} was not sent")

    def _match(self, value: Any, left: Mapping[int, Any], index: int) -> int | None:
        """Where the same entry came back: first at the same index, then anywhere."""
        for candidate in (index, *left):
            if candidate in left and all(mark is FINE for mark in self.marks(value, left[candidate], "")):
                return candidate
        return None


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
