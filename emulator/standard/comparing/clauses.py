"""The clauses of a function in two releases beside each other: which are the same, and what became of the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from emulator.standard.clauses import Fates, fates_in, liked
from emulator.standard.release import Release
from emulator.standard.requirement import Requirement


class Fate(StrEnum):
    """What became of a clause from a release to another one."""

    SAME = "same"
    RENAMED = "renamed"  # it means the same under another id
    BINDS = "binds-otherwise"  # another keyword, or another party
    DIFFERENT = "different"  # another clause stands in its place
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class ClauseChange:
    """A clause of the old release, and what it is in the new one; `why` it is gone, where that is told."""

    api: str
    fate: Fate
    old: Requirement | None
    new: Requirement | None
    why: str = ""


def compare_clauses(old: Release, new: Release, api: str) -> Iterator[ClauseChange]:
    """Each clause of a function, in the order of the older guide, then what is new; nothing where the guide of one is not
    catalogued. By keys, which a clause keeps from release
    to release; of which one stands in the place of another, a release tells that goes by the other one, whichever is older.
    """
    if api not in old.catalogues or api not in new.catalogues:
        return
    left = {each.key: each for each in old.catalogues.get(api, ())}
    right = {each.key: each for each in new.catalogues.get(api, ())}
    ahead, back = _fates(new, old, api), _fates(old, new, api)
    instead = {**ahead.different, **{own: theirs for theirs, own in back.different.items()}}
    taken = {instead[key] for key in left if instead.get(key) in right}
    for key, clause in left.items():
        other = right.get(key)
        if other is not None:
            yield ClauseChange(api, _fate(clause, other), clause, other)
        elif (place := instead.get(key)) in right and place is not None:
            yield ClauseChange(api, Fate.DIFFERENT, clause, right[place])
        else:
            yield ClauseChange(api, Fate.GONE, clause, None, ahead.absent.get(key, ""))
    for key, clause in right.items():
        if key not in left and key not in taken:
            yield ClauseChange(api, Fate.NEW, None, clause)


def _fates(release: Release, theirs: Release, api: str) -> Fates:
    """What a release says of the clauses of another one that it does not keep; nothing where it does not go by that one."""
    path = release.mapped.get(api)
    if path is None or liked(path) != theirs.name:
        return Fates({}, {})
    return fates_in(path, theirs.catalogues.get(api, ()))


def _fate(old: Requirement, new: Requirement) -> Fate:
    if (old.keyword, old.side) != (new.keyword, new.side):
        return Fate.BINDS
    return Fate.SAME if old.id == new.id else Fate.RENAMED
