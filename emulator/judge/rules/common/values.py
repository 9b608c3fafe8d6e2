"""What JSON values of messages say, however they are spelt."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from emulator.record.payload import at, dump, every
from emulator.standard.instant import read_instant

Labels = str | tuple[str, ...]


def moment(value: Any) -> datetime | None:
    """A date-time of a message, None where it is none (or says no offset, which makes it no instant)."""
    read = read_instant(value)
    return read if read is not None and read.tzinfo else None


def same(asked: Any, answered: Any) -> bool:
    """Whether two JSON values say the same: 1 is 1.0, true is not 1, and an instant can be spelt in several ways."""
    if isinstance(asked, bool) or isinstance(answered, bool):
        return asked is answered
    if asked == answered:
        return True
    if isinstance(asked, str) and isinstance(answered, str) and "T" in asked.upper():
        left, right = moment(asked), moment(answered)
        return left is not None and left == right
    return False


_FRACTION: Final = timedelta(seconds=1)


def one_moment(first: datetime | None, second: datetime | None) -> bool:
    """Whether two instants are one, told with and without its fraction of a second."""
    return first is not None and second is not None and abs(first - second) < _FRACTION


def told_alike(before: Any, now: Any) -> bool:
    """Whether a party says the same of its own twice: instants may lose their fractions of a second, as they do
    between a service and its database.
    """
    return same(before, now) or one_moment(moment(before), moment(now))


def only(value: Any, members: Iterable[str]) -> Any:
    """An object with these members alone; any other value as it is."""
    return {name: value[name] for name in members if name in value} if isinstance(value, dict) else value


def by_id(values: Iterable[Any]) -> dict[str, Any]:
    """Objects by their `id`. Those that share one cannot be told apart, and are left out: whoever gave it twice is told so
    by a rule of its own.
    """
    found: dict[str, list[Any]] = {}
    for value in values:
        if isinstance(identifier := id_of(value), str):
            found.setdefault(identifier, []).append(value)
    return {identifier: alike[0] for identifier, alike in found.items() if len(alike) == 1}


def id_of(value: Any) -> Any:
    """The `id` of an object, None where it has none or is none."""
    return value.get("id") if isinstance(value, dict) else None


class _Recent(threading.local):
    """What was looked up last in which bodies, by their identity; a body is kept as long as its index is."""

    MOST = 16

    def __init__(self) -> None:
        self.kept: OrderedDict[tuple[int, str], tuple[Any, dict[Any, list[Any]]]] = OrderedDict()


_RECENT: Final = _Recent()


def named(body: Any, pattern: str, identifier: Any) -> list[Any]:
    """The values that a pattern names in a body and that have this `id` (MISSING: that have none), in their order.

    Who asks for one item after the other of a long message walks over it once. A body must not change any more.
    """
    key, kept = (id(body), pattern), _RECENT.kept
    if key not in kept or kept[key][0] is not body:
        found: dict[Any, list[Any]] = {}
        for _, value in every(body, pattern):
            found.setdefault(_hashable(at(value, "/id")), []).append(value)
        kept[key] = body, found
        if len(kept) > _RECENT.MOST:
            kept.popitem(last=False)
    kept.move_to_end(key)
    return kept[key][1].get(_hashable(identifier), [])


def first_named(body: Any, pattern: str, identifier: Any) -> Any:
    """The first of these; None where there is none."""
    return next(iter(named(body, pattern, identifier)), None)


def _hashable(value: Any) -> Any:
    return dump(value) if isinstance(value, dict | list) else value
