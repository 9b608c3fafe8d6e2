"""Lists of the catalog: what filters mean, and that nothing which matches is left out (MEF W142, 6.1.3, 6.2.3, 6.3.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from emulator.judge.named import CATEGORY, OFFERING, SPECIFICATION
from emulator.judge.pages import PAGING, WHO, claims_all
from emulator.judge.rule import ANY_STATUS, FINE, Mark, Remark, on_response, responses, shows
from emulator.judge.rulebook import breach
from emulator.judge.rules import common
from emulator.judge.rules.catalog.book import API, CATALOG, LISTS, around, categories_of, ids_of
from emulator.judge.rules.catalog.tree import CategoryTree
from emulator.judge.rules.common.filtering import instant
from emulator.judge.run import Life, Run, Said, Shown
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import at

Match = Literal["yes", "no", "nearly", "unknown"]
"""Whether an entry matches a filter; `nearly`: a Buyer would not have expected it, and no clause forbids it."""

_OPEN: Final = {"channel": "/channel/*", "marketSegment": "/marketSegment/*", "region.country": "/region/*/country"}
"""Filters that an offering without any value matches (R56 to R58)."""
_PLAIN: Final = {
    "agreement": "/agreement",
    "productSpecification.id": "/productSpecification/id",
    "parentCategory.id": "/parentCategory/id",
}
_REPEATED: Final = ("channel", "marketSegment")
_PILOT: Final = {"pilotBeta": "inTest"}
"""What the filter calls a status otherwise than its member."""
_REFUSED: Final = (400, 422)
_SECOND: Final = timedelta(seconds=1)
_LOOKED_AT: Final = 500
_TOLD: Final = 5

for _operation, _kind in zip(LISTS, (CATEGORY, OFFERING, SPECIFICATION), strict=True):
    common.pages(CATALOG, (), _operation, name=f"{_kind}.pages")
    common.no_doubles(CATALOG, (), _operation, name=f"{_kind}.doubles")


def _asked(exchange: Exchange) -> dict[str, list[str]]:
    """The filters of a list with their values, without pages and parties."""
    found: dict[str, list[str]] = {}
    for name, value in exchange.request.query:
        if name not in (*WHO, *PAGING):
            found.setdefault(name, []).append(value)
    return found


def _text_match(found: Sequence[str], wanted: Sequence[str]) -> Match:
    if set(found) & set(wanted):
        return "yes"
    plain = {each.casefold() for each in found}
    return "nearly" if plain & {each.casefold() for each in wanted} else "no"


def _name_match(value: Mapping[str, Any], wanted: Sequence[str]) -> Match:
    """Names are compared as they are; that a part of one will not do is said nowhere."""
    found = value.get("name")
    return "yes" if found in wanted else "nearly" if isinstance(found, str) else "unknown"


def _moment_match(value: Mapping[str, Any], name: str, wanted: Sequence[str]) -> Match:
    found, limit = instant(value.get("lastUpdate")), instant(wanted[0])
    if found is None or limit is None or len(wanted) > 1 or found == limit:
        return "unknown"
    if not (found.microsecond and limit.microsecond) and abs(found - limit) < _SECOND:
        return "unknown"  # one of them may have lost its fraction of a second
    return "yes" if (found > limit) is name.endswith(".gt") else "no"


def _plain_match(value: Mapping[str, Any], name: str, wanted: Sequence[str]) -> Match | None:
    """Whether an entry matches a filter that its own members answer; None for another filter."""
    if name == "name":
        return _name_match(value, wanted)
    if name in ("lastUpdate.gt", "lastUpdate.lt"):
        return _moment_match(value, name, wanted)
    if name == "lifecycleStatus":
        found = value.get("lifecycleStatus")
        return "yes" if found in [_PILOT.get(each, each) for each in wanted] else "no"
    if name in _OPEN:
        texts = ids_of(value, _OPEN[name])
        return _text_match(texts, wanted) if texts else "yes"
    if name in _PLAIN:
        return "yes" if at(value, _PLAIN[name]) in wanted else "no"
    return None


@dataclass(frozen=True, slots=True)
class _ListAsked:
    """A list as it was asked for, in its run."""

    run: Run
    exchange: Exchange
    filters: Mapping[str, list[str]]
    tree: CategoryTree

    def match(self, value: Mapping[str, Any], name: str) -> Match:
        wanted = self.filters[name]
        if name == "category.id":
            return self.tree.is_member(value, wanted, self.exchange)
        return _plain_match(value, name, wanted) or "unknown"


@CATALOG.rule(
    on=shows(API, CATEGORY, "list") | shows(API, OFFERING, "list") | shows(API, SPECIFICATION, "list"), name="filter"
)
def entries_match_the_filters(said: Said) -> Iterator[Mark]:
    """Each entry of a list against each filter of its query; several values of one are alternatives. The contract has no
    filter of categories by name, so that a Seller may leave that out of account.
    """
    filters = {name: [value for value in values if value] for name, values in _asked(said.exchange).items()}
    for shown in said.shown:
        for name, values in filters.items():
            found = _plain_match(shown.value, name, values) if values else None
            is_free = name == "name" and said.exchange.operation == LISTS[0] and found == "nearly"
            if found and not is_free:
                yield from _marks(shown, name, values, found)


def _marks(shown: Shown, name: str, values: Sequence[str], found: Match) -> Iterator[Mark]:
    if found == "yes":
        yield FINE
    elif found != "unknown":
        told = f"{name}={','.join(values)}"
        message = f"{shown.place or 'the entry'} does not match the filter {told}"
        yield breach(shown.place, told, shown.value.get("id"), message, hint=found == "nearly")


@CATALOG.at_end(name="filter-category")
def entries_are_in_the_category(run: Run) -> Iterator[Remark]:
    """Each entry of a list by category.id: it is in that category, or in one within it. Sure where all categories on the way
    up were shown before and after the list.
    """
    for exchange in run.of("listProductOffering", api=API):
        wanted = [value for value in _asked(exchange).get("category.id", ()) if value]
        for shown in run.shown(exchange) if wanted else ():
            for mark in _marks(
                shown, "category.id", wanted, CategoryTree(run).is_member(shown.value, wanted, exchange)
            ):
                yield on_response(exchange, mark)


_REPEATABLE: Final = (*WHO, *PAGING, *_REPEATED)


@CATALOG.rule("R53", on=responses(API, "listProductOffering", statuses=ANY_STATUS), name="refused")
def several_values_are_taken(said: Said) -> Iterator[Mark]:
    """Lists by several channels or segments, and by nothing else: not refused by who serves lists."""
    several = [name for name in _REPEATED if len(_asked(said.exchange).get(name, ())) > 1]
    others = {name for name, _ in said.exchange.request.query} - set(_REPEATABLE)
    empty = any(not value.strip() for _, value in said.exchange.request.query)
    if not several or others or empty or said.exchange.provoked:
        return
    if said.status in _REFUSED and common.was_served(said.run, API, "listProductOffering", said.exchange):
        message = (
            f"a list by several values of {' and '.join(several)} was answered {said.status}; they are alternatives"
        )
        yield breach("", 200, said.status, message)
    elif succeeded(said.exchange):
        yield FINE


# What is left out


def _label(filters: Mapping[str, list[str]], value: Mapping[str, Any]) -> str:
    """The clause by which an offering belongs to a list; empty where it is none of its own."""
    if any(len(filters.get(name, ())) > 1 for name in _REPEATED):
        return "R53"
    if "category.id" in filters and not set(categories_of(value)) & set(filters["category.id"]):
        return "R54"
    words = {"channel": "R56", "marketSegment": "R57", "region.country": "R58", "category.id": "R54"}
    without = [words[name] for name in _OPEN if name in filters and not ids_of(value, _OPEN[name])]
    return next(iter(without), next((label for name, label in words.items() if name in filters), ""))


def _left_out(run: Run, asked: _ListAsked, label: str) -> Iterator[tuple[Life, Shown, bool]]:
    """The offerings that belong to a list by a clause, with whether that is sure: they were there before and after it, in
    one version, and match all filters.
    """
    lives = [life for life in run.lives(OFFERING) if life.since <= asked.exchange.n]
    for life in lives[-_LOOKED_AT:]:
        before = around(life, asked.exchange, asked.exchange)
        if before is None or _label(asked.filters, before.value) != label:
            continue
        found = {asked.match(before.value, name) for name in asked.filters}
        if found <= {"yes"}:
            yield life, before, asked.tree.is_settled(before.value, asked.filters.get("category.id"), asked.exchange)


def _lists_all(label: str, about: str) -> None:
    def look(run: Run) -> Iterator[Remark]:
        for exchange in run.of("listProductOffering", api=API):
            filters = _asked(exchange)
            if exchange.n in run.spoilt or not claims_all(exchange) or not all(map(all, filters.values())):
                continue
            asked = _ListAsked(run, exchange, filters, CategoryTree(run))
            ids = {shown.value["id"] for shown in run.shown(exchange)}
            missing = 0
            for life, before, sure in _left_out(run, asked, label):
                if life.id in ids:
                    yield on_response(exchange, FINE)
                elif missing < _TOLD:
                    missing += 1
                    message = (
                        f"{OFFERING} {life.id} matches the list and is not in it; exchange {before.exchange.n} showed it, "
                        "and it was the same afterwards"
                    )
                    yield on_response(exchange, breach("", life.id, sorted(ids)[:_TOLD], message, hint=not sure))

    look.__doc__ = about
    CATALOG.at_end(label or (), name="" if label else "whole")(look)


_lists_all(
    "", "Lists of offerings without filters that have a clause of their own, against what was shown around them."
)
_lists_all("R53", "Lists of offerings by several channels or segments, against offerings shown before and after.")
_lists_all("R54", "Lists of offerings by a category, against offerings and categories shown before and after.")
_lists_all("R56", "Lists of offerings by a channel, against offerings shown before and after.")
_lists_all("R57", "Lists of offerings by a market segment, against offerings shown before and after.")
_lists_all("R58", "Lists of offerings by a country, against offerings shown before and after.")
