"""What a resource shows otherwise than before, of the members that its Seller changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from emulator.judge.acting import acted_on
from emulator.judge.showing import View
from emulator.judge.times import SKEW
from emulator.record.payload import dump
from emulator.standard.instant import read_moment
from emulator.standard.kinds.facts import Kind

if TYPE_CHECKING:
    from emulator.judge.run import Life, Run, Shown

_MOST: Final = 200
"""Entries of a list that are compared one by one: of more no change is told."""
_EMPTY: Final[tuple[object, ...]] = (None, "", [])


def changes_of(
    run: Run, life: Life, members: Iterable[str] = (), shared: Iterable[str] = ()
) -> Iterator[tuple[Shown, Shown, tuple[str, ...]]]:
    """Each two looks at a resource between which the Seller changed some of these members (by pointer; without any: of
    all but its state), with these. Where the Buyer asked for a change in between, nobody can say whose it is. Of lists that
    are `shared` the Buyer's entries count as well.
    """
    every_entry = frozenset(name.removeprefix("/") for name in shared)
    wanted = tuple(name.removeprefix("/") for name in members)
    for before, after in pairwise(life.whole):
        if after.view is not View.RETRIEVED or before.value == after.value:
            continue
        if acted_on(run, life, before.exchange, after.exchange):
            continue
        names = wanted or tuple(dict.fromkeys((*before.value, *after.value)))
        changed = tuple(
            f"/{name}"
            for name in names
            if (wanted or name not in own(life.kind)) and _differs(life.kind, name, before, after, name in every_entry)
        )
        if changed:
            yield before, after, changed


def own(kind: Kind) -> frozenset[str]:
    """The members of which no event of attributes tells: what names a resource, its state and the history of that."""
    found = {"id", "href", kind.state.member if kind.state else "", kind.history.member if kind.history else ""}
    return frozenset(found)


def _differs(kind: Kind, name: str, before: Shown, after: Shown, every_entry: bool) -> bool:
    values = (each.value.get(name) for each in (before, after))
    old, new = values if every_entry else (sellers(kind, name, each) for each in values)
    return not alike(old, new)


def sellers(kind: Kind, name: str, value: Any) -> Any:
    """A member's value, without the entries of a list that are the Buyer's."""
    if not isinstance(value, list):
        return value
    return [entry for entry in value if not is_buyers(entry, shared=name in kind.patchable)]


def is_buyers(entry: Any, *, shared: bool) -> bool:
    """Whether an entry of a list is the Buyer's: it says so, or, where both have contacts in the list, by its role."""
    if not isinstance(entry, dict):
        return False
    role = entry.get("role")
    return entry.get("source") == "buyer" or (shared and isinstance(role, str) and not role.startswith("seller"))


def alike(old: Any, new: Any) -> bool:
    """Whether two values say the same: what is empty is not there, lists have no order, links do not count, and a moment
    can lose its fraction of a second.
    """
    if old == new or (old in _EMPTY and new in _EMPTY):
        return True
    if isinstance(old, dict) and isinstance(new, dict):
        return all(alike(old.get(name), new.get(name)) for name in {*old, *new} - {"href"})
    if isinstance(old, list) and isinstance(new, list):
        return _same_entries(old, new)
    if isinstance(old, str) and isinstance(new, str):
        first, second = read_moment(old), read_moment(new)
        return first is not None and second is not None and abs(first - second) < SKEW
    return False


def _same_entries(old: list[Any], new: list[Any]) -> bool:
    if len(old) != len(new):
        return False
    same = Counter(map(dump, old)) & Counter(map(dump, new))
    left = [list(_without(each, same)) for each in (old, new)]
    if len(left[0]) > _MOST:
        return True
    for entry in left[0]:
        match = next((spot for spot, other in enumerate(left[1]) if alike(entry, other)), None)
        if match is None:
            return False
        del left[1][match]
    return True


def _without(entries: list[Any], same: Counter[bytes]) -> Iterator[Any]:
    """Entries without those that both have."""
    left = Counter(same)
    for entry in entries:
        text = dump(entry)
        if left[text]:
            left[text] -= 1
        else:
            yield entry
