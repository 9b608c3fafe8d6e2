"""How much each function differs from one release to another, and what that rests on.

| basis | when |
|---|---|
| `computed` | the contracts of both are here, shipped or imported |
| `published` | they are neighbours, and what differs was published (`specs/published/`) |
| `composed` | neither, but each step on the way between them is one of these |
| `unknown` | none of that |

`structure` is about what crosses, `grade` also about where it is called: with a new base path a partner that does not change
is not found, however little else is new, so that is major; but since it is mended by one setting, structure is told beside it.

What is composed of several steps that change something is *at most* so much: a step may take back what an earlier one brought.
Nothing is `none` but where each step is. A step of which nothing is known makes all unknown; but a base path that differs is
seen in both releases, and is major anyhow. Product payloads are not compared: they have versions of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from emulator.record.exchange import Party
from emulator.standard.comparing.alterations import Alteration, ContractChange, Grade, change_of, worst
from emulator.standard.comparing.documents import compare_documents
from emulator.standard.comparing.editions import Edition, Editions
from emulator.standard.comparing.published import PublishedChange, PublishedContract
from emulator.standard.contract import ContractEntry
from emulator.standard.release import Release

_SERVERS = {"management": Party.SELLER, "notification": Party.BUYER}


class Basis(StrEnum):
    """What a grade rests on."""

    COMPUTED = "computed"
    PUBLISHED = "published"
    COMPOSED = "composed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FunctionChange:
    """A function from one release to another.

    `at_most`: `structure` may be less, since a later step may have taken back what an earlier one brought. `changes` are all of them where they are computed,
    else those of base paths; `facts` what was published by kind of contract; `steps` what a composed one is made of.
    """

    api: str
    old: str
    new: str
    grade: Grade
    structure: Grade
    basis: Basis
    at_most: bool = False
    changes: tuple[ContractChange, ...] = ()
    facts: Mapping[str, PublishedChange] | None = None
    steps: tuple[FunctionChange, ...] = ()


def compare_releases(all_: Editions, old: Edition, new: Edition) -> tuple[FunctionChange, ...]:
    """Each function of either, in the order of a purchase by the newer one."""
    apis = dict.fromkeys([*new.apis, *old.apis])
    return tuple(compare_function(all_, old, new, api) for api in apis)


def compare_function(all_: Editions, old: Edition, new: Edition, api: str) -> FunctionChange:
    """A function from one release to another, by the best that is known of it. One that is in neither is `none`, as computed."""
    was, is_ = api in old.apis, api in new.apis
    if not (was and is_):
        grade = Grade.NEW if is_ else Grade.GONE if was else Grade.NONE
        known = Basis.COMPUTED if old.release and new.release else Basis.PUBLISHED
        return FunctionChange(api, old.name, new.name, grade, grade, known)
    moved = tuple(moved_paths(old.contracts(api), new.contracts(api)))
    if old.release and new.release:
        changes = (*moved, *compare_contracts(old.release, new.release, api))
        return _graded(api, old, new, Basis.COMPUTED, _structure(changes), changes)
    if facts := _published(all_, old, new, api):
        return _graded(api, old, new, Basis.PUBLISHED, _as_published(facts), moved, facts=facts)
    if inner := all_.between(old, new):
        steps = tuple(compare_function(all_, *pair, api) for pair in pairwise((old, *inner, new)))
        grade = composed([each.structure for each in steps])
        if grade is not Grade.UNKNOWN:
            return _graded(api, old, new, Basis.COMPOSED, grade, moved, steps=steps)
    return _graded(api, old, new, Basis.UNKNOWN, Grade.UNKNOWN, moved)


def _published(all_: Editions, old: Edition, new: Edition, api: str) -> Mapping[str, PublishedChange] | None:
    """What was published of each contract of a function from one neighbour to the other. The way back is known only where
    nothing changed; a contract of which nothing was told makes all unknown.
    """
    step, back = all_.published.step(old.word, new.word), all_.published.step(new.word, old.word)
    facts = step.apis.get(api, {}) if step else back.apis.get(api, {}) if back else {}
    if not step and _as_published(facts) is not Grade.NONE:
        return None
    return facts if {*old.contracts(api), *new.contracts(api)} <= set(facts) else None


def composed(grades: list[Grade]) -> Grade:
    """The structure that several steps come to: none where each is, unknown where one is or where the function was away between
    them, else at most the worst.
    """
    if not set(grades) <= {Grade.NONE, Grade.MINOR, Grade.MAJOR}:
        return Grade.UNKNOWN
    return worst(grades)


def compare_contracts(old: Release, new: Release, api: str) -> tuple[ContractChange, ...]:
    """Every change of a function's contracts, base paths aside. Errata are none of it: releases are taken by their letter."""
    left, right = entries_of(old, api), entries_of(new, api)
    found: list[ContractChange] = []
    for kind in dict.fromkeys([*left, *right]):
        if kind not in right:
            found.append(change_of(kind, Alteration.CONTRACT_GONE, "", left[kind].served_by.other, old=kind))
        elif kind not in left:
            found.append(change_of(kind, Alteration.CONTRACT_ADDED, "", right[kind].served_by.other, new=kind))
        else:
            documents = old.document(api, kind), new.document(api, kind)
            found += compare_documents(*documents, kind, right[kind].served_by)
    return tuple(found)


def entries_of(release: Release, api: str) -> dict[str, ContractEntry]:
    """The contracts of a function, by kind."""
    return {each.kind: each for each in release.entries if each.api == api}


def moved_paths(
    old: Mapping[str, PublishedContract | ContractEntry], new: Mapping[str, PublishedContract | ContractEntry]
) -> Iterator[ContractChange]:
    """The base paths that are other ones, of contracts by kind."""
    for kind, contract in old.items():
        if kind in new and contract.base_path != new[kind].base_path:
            caller = _SERVERS.get(kind, Party.SELLER).other
            paths = {"old": contract.base_path, "new": new[kind].base_path}
            yield change_of(kind, Alteration.BASE_PATH, "", caller, **paths)


def _structure(changes: tuple[ContractChange, ...]) -> Grade:
    return worst(each.grade for each in changes if each.structural)


def _as_published(facts: Mapping[str, PublishedChange]) -> Grade:
    return worst(Grade(each.structure) for each in facts.values())


def _graded(
    api: str,
    old: Edition,
    new: Edition,
    basis: Basis,
    structure: Grade,
    changes: tuple[ContractChange, ...],
    *,
    facts: Mapping[str, PublishedChange] | None = None,
    steps: tuple[FunctionChange, ...] = (),
) -> FunctionChange:
    moved = any(not each.structural for each in changes)
    return FunctionChange(
        api,
        old.name,
        new.name,
        Grade.MAJOR if moved else structure,
        structure,
        basis,
        at_most=sum(each.structure is not Grade.NONE for each in steps) > 1 or any(each.at_most for each in steps),
        changes=changes,
        facts=facts,
        steps=steps,
    )
