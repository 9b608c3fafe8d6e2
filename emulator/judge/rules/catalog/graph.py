"""Categories, the groups within them, and the offerings that they list (MEF W142, 6.1.1)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from emulator.judge.named import CATEGORY, OFFERING
from emulator.judge.rule import FINE, Mark, Remark, on_response, shows
from emulator.judge.rulebook import breach, hold
from emulator.judge.rules import common
from emulator.judge.rules.catalog.book import API, CATALOG, around, categories_of, ids_of, one_version
from emulator.judge.run import Life, Run, Said, Shown
from emulator.record.payload import at

_LISTED = shows(API, CATEGORY, "list")


def _entries(said: Said) -> dict[str, Shown]:
    """The categories of one answer, by their ids."""
    return {shown.value["id"]: shown for shown in said.shown}


def _groups(shown: Shown) -> list[str]:
    return ids_of(shown.value, "/subCategory/*/id")


def _parent(shown: Shown) -> Any:
    return at(shown.value, "/parentCategory/id")


@CATALOG.rule("R10", on=_LISTED)
def parents_list_their_groups(said: Said) -> Iterator[Mark]:
    """The parent of each category, where it stands in the same answer: it lists that category."""
    entries = _entries(said)
    for identifier, shown in entries.items():
        parent = entries.get(_parent(shown)) if isinstance(_parent(shown), str) else None
        if parent is not None:
            message = f"{CATEGORY} {identifier} names {parent.value['id']} as its parent, which does not list it"
            known = _groups(parent)
            yield hold(
                f"{parent.place}/subCategory", identifier in known, expected=identifier, found=known, message=message
            )


@CATALOG.rule("R11", on=_LISTED)
def groups_name_their_parent(said: Said) -> Iterator[Mark]:
    """Each group that a category lists, where it stands in the same answer and names a parent: it names that category."""
    entries = _entries(said)
    for identifier, shown in entries.items():
        for group in _groups(shown):
            found = _parent(entries[group]) if group in entries else None
            if isinstance(found, str):
                message = f"{CATEGORY} {identifier} lists {group}, which names {found} as its parent"
                place = f"{entries[group].place}/parentCategory/id"
                yield hold(place, found == identifier, expected=identifier, found=found, message=message)


@CATALOG.rule(("R12", "R11"), on=_LISTED)
def what_has_no_parent_is_no_group(said: Said) -> Iterator[Mark]:
    """Each category without a parent: no category in the same answer lists it."""
    entries = _entries(said)
    listed = {group: shown for shown in entries.values() for group in _groups(shown)}
    for identifier, shown in entries.items():
        if not isinstance(_parent(shown), str):
            by = listed.get(identifier)
            name = by.value["id"] if by else "none"
            message = f"{CATEGORY} {identifier} names no parent, and {name} lists it"
            place = f"{shown.place}/parentCategory"
            yield hold(place, by is None, expected=name, found=shown.value.get("parentCategory"), message=message)


# Categories and offerings


def _between(life: Life, after: int, before: int) -> list[Shown]:
    """The sightings of a resource between two exchanges."""
    begin = bisect_left(life.shown, after, key=lambda shown: shown.exchange.n)
    end = bisect_left(life.shown, before, key=lambda shown: shown.exchange.n)
    return life.shown[begin:end]


@CATALOG.at_end("R13")
def categories_list_what_names_them(run: Run) -> Iterator[Remark]:
    """Each category that an offering names, shown between two sightings of the offering in one version: it lists it."""
    for life in run.lives(OFFERING):
        for before, after in pairwise(life.shown):
            if not one_version(before.value, after.value) or not common.same_parties(before.exchange, after.exchange):
                continue
            for name in set(categories_of(before.value)) & set(categories_of(after.value)):
                category = run.life(CATEGORY, name)
                for shown in _between(category, before.exchange.n, after.exchange.n) if category else ():
                    if common.same_parties(shown.exchange, before.exchange):
                        listed = ids_of(shown.value, "/productOffering/*/id")
                        message = f"{OFFERING} {life.id} names {CATEGORY} {name}, which does not list it"
                        place = f"{shown.place}/productOffering"
                        mark = hold(place, life.id in listed, expected=life.id, found=listed[:5], message=message)
                        yield on_response(shown.exchange, mark)


@CATALOG.at_end(name="named-back")
def offerings_name_what_lists_them(run: Run) -> Iterator[Remark]:
    """Each offering that a category lists, shown before and after in one version: it names the category. No clause asks for it."""
    for life in run.lives(CATEGORY):
        for shown in life.shown:
            for name in ids_of(shown.value, "/productOffering/*/id"):
                offering = run.life(OFFERING, name)
                known = around(offering, shown.exchange, shown.exchange) if offering else None
                if known is None:
                    continue
                if life.id in categories_of(known.value):
                    yield on_response(shown.exchange, FINE)
                else:
                    message = f"{CATEGORY} {life.id} lists {OFFERING} {name}, which does not name it"
                    found = categories_of(known.value)
                    mark = breach(f"{shown.place}/productOffering", life.id, found, message, hint=True)
                    yield on_response(shown.exchange, mark)
