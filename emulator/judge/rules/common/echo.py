"""What was sent comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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


def echo_marks(
    asked: Any, answered: Any, place: str, *, free: tuple[str, ...] = (), grows: tuple[str, ...] = ()
) -> Iterator[Mark]:
    """FINE for each value that came back as it was sent (or for a whole part at once), a breach for each that did not."""
    if asked and isinstance(asked, dict | list) and _identical(asked, answered):
        yield FINE
    elif isinstance(asked, dict) and isinstance(answered, dict):
        for member, value in asked.items():
            here = f"{place}/{escape(member)}"
            if member in free or value is None or value == []:
                continue
            if member not in answered:
                yield breach(here, value, MISSING, f"{here} was sent and does not come back")
            elif isinstance(value, list) and isinstance(answered[member], list):
                growing = member in grows
                yield from _list_marks(value, answered[member], here, free=free, grows=grows, growing=growing)
            else:
                yield from echo_marks(value, answered[member], here, free=free, grows=grows)
    elif isinstance(asked, list) and isinstance(answered, list):
        yield from _list_marks(asked, answered, place, free=free, grows=grows, growing=False)
    elif same(asked, answered):
        yield FINE
    else:
        yield breach(place, asked, answered, f"{place} was sent otherwise")


def _identical(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same to the byte: the quick way, since most parts of an echo are."""
    return bool(one == other) and dump(one) == dump(other)  # the second tells true from 1


def _list_marks(
    asked: list[Any], answered: list[Any], place: str, *, free: tuple[str, ...], grows: tuple[str, ...], growing: bool
) -> Iterator[Mark]:
    left = dict(enumerate(answered))
    unmatched: list[Any] = []
    for index, value in enumerate(asked):
        match = _match(value, left, index, free, grows)
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
            yield from echo_marks(value, left.pop(near), f"{place}/{near}", free=free, grows=grows)
    if not growing:
        for index, value in left.items():
            yield breach(f"{place}/{index}", MISSING, value, f"{place}/{index} was not sent")


def _match(
    value: Any, left: Mapping[int, Any], index: int, free: tuple[str, ...], grows: tuple[str, ...]
) -> int | None:
    """Where the same entry came back: first at the same index, then anywhere."""
    for candidate in (index, *left):
        if candidate in left and _comes_back(value, left[candidate], free, grows):
            return candidate
    return None


def _comes_back(asked: Any, answered: Any, free: tuple[str, ...], grows: tuple[str, ...]) -> bool:
    return all(mark is FINE for mark in echo_marks(asked, answered, "", free=free, grows=grows))
