"""Reads and lists (MEF 87, 6.4)."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any, Final

from emulator.judge.named import POQ as KIND
from emulator.judge.rule import FINE, Mark, Remark, on_response
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.poq.book import API, DATE, LIST, LISTED, POQ, RETRIEVE, instant_of
from emulator.judge.run import Life, Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, every

# 6.4 reading and listing

common.keeps_id(POQ, (), KIND)
common.stays(POQ, (), KIND)
common.unknown_is_404(POQ, (), RETRIEVE, KIND, name="unknown")
common.nothing_found_is_200(POQ, (), LIST, name="empty")
common.no_doubles(POQ, (), LIST)
common.pages(POQ, (), LIST)
common.agrees(POQ, (), KIND, "/externalId", "/projectId")
common.steady(POQ, KIND)
_FILTERS: Final = {
    "state": common.Filter("/state", moves=True),
    "externalId": common.Filter("/externalId"),
    "projectId": common.Filter("/projectId"),
}
common.filters(POQ, (), LIST, _FILTERS, name="filters")
common.lists_all(
    POQ, (), KIND, {**_FILTERS, **{f"{DATE}.{way}": common.Filter(f"/{DATE}", way) for way in ("gt", "lt")}}
)
_ZONES: Final = timedelta(hours=14)
"""A list shows a day where a request has an instant, and the day it is depends on where one stands."""


def _date_asked(life: Life, exchange: Exchange) -> datetime | None:
    """The date that a qualification was asked for by, where the run showed it."""
    before = life.last_before(exchange)
    return instant_of(at(life.request, f"/{DATE}")) or instant_of(at(before.value if before else None, f"/{DATE}"))


def _day(value: Any) -> tuple[datetime, datetime] | None:
    """The first and the last instant that a day of a list can mean."""
    start = (
        instant_of(f"{value}T00:00:00+00:00") if isinstance(value, str) and len(value) == len("2026-01-01") else None
    )
    return (start - _ZONES, start + timedelta(days=1) + _ZONES) if start else None


@POQ.rule(name="list-date", on=LISTED)
def a_list_shows_the_day_asked_for(said: Said) -> Iterator[Mark]:
    """The requestedPOQCompletionDate of each entry is the day of the instant that was asked for."""
    for shown, life in said.lived():
        day, asked = _day(shown.value.get(DATE)), _date_asked(life, said.exchange)
        if day and asked:
            yield hold(f"{shown.place}/{DATE}", day[0] <= asked <= day[1], expected=asked.date().isoformat(),
                       found=shown.value[DATE],
                       message=f"{shown.place}/{DATE} is {shown.value[DATE]}; {asked.isoformat()} was asked for")  # fmt: skip


@POQ.rule(name="list-shows", on=LISTED)
def a_list_shows_what_it_has_to(said: Said) -> Iterator[Mark]:
    """Each entry of a list shows projectId and requestedPOQCompletionDate, where the Buyer gave them (6.4.1)."""
    for shown, life in said.lived():
        for name in ("projectId", DATE):
            if given(at(life.request, f"/{name}")):
                if given(shown.value.get(name)):
                    yield FINE
                else:
                    yield breach(f"{shown.place}/{name}", "what the Buyer gave", shown.value.get(name, MISSING),
                                 f"{shown.place} does not show {name}, which the Buyer gave", hint=True)  # fmt: skip


@POQ.rule(name="date-filters", on=LISTED)
def entries_are_of_the_dates_wanted(said: Said) -> Iterator[Mark]:
    """Every entry of a list matches requestedPOQCompletionDate.gt and .lt of its query."""
    later, earlier = instant_of(said.query.get(f"{DATE}.gt")), instant_of(said.query.get(f"{DATE}.lt"))
    if later is None and earlier is None:
        return
    for shown, life in said.lived():
        asked, day = _date_asked(life, said.exchange), _day(shown.value.get(DATE))
        span = (asked, asked) if asked else day
        if span:
            for wanted, right, what in ((later, later is None or span[1] >= later, "gt"),
                                        (earlier, earlier is None or span[0] <= earlier, "lt")):  # fmt: skip
                if wanted is not None:
                    yield hold(f"{shown.place}/{DATE}", right, expected=f"{what} {wanted.isoformat()}",
                               found=(asked.isoformat() if asked else shown.value[DATE]),
                               message=f"{shown.place} does not match the filter {DATE}.{what}")  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Page:
    """One page of a list, as the Seller sent it."""

    exchange: Exchange
    ids: tuple[str, ...]
    size: int
    offset: int
    limit: int | None
    says_more: bool
    key: tuple[tuple[str, str], ...]


_PAGING: Final = ("offset", "limit")
WHO: Final = ("buyerId", "sellerId")


def _pages(run: Run) -> list[_Page]:
    found: list[_Page] = []
    for exchange in run.of(LIST, api=API):
        body = exchange.response.body if exchange.response is not None and succeeded(exchange) else None
        if isinstance(body, list) and exchange.response is not None:
            query = exchange.request.query
            offset = _number(dict(query).get("offset")) or 0
            total = _number(exchange.response.header("X-Total-Count"))
            throttled = (exchange.response.header("X-Pagination-Throttled") or "").strip().lower() == "true"
            found.append(
                _Page(
                    exchange=exchange,
                    ids=tuple(value for _, value in every(body, "/*/id") if isinstance(value, str)),
                    size=len(body),
                    offset=offset,
                    limit=_number(dict(query).get("limit")),
                    says_more=throttled or (total is not None and total > offset + len(body)),
                    key=tuple(sorted((name, value) for name, value in query if name not in _PAGING)),
                )
            )
    return found


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004


@POQ.at_end("R47")
def a_cut_list_says_so(run: Run) -> Iterator[Remark]:
    """A page behind which there is more says so, by X-Total-Count or by X-Pagination-Throttled.

    That there is more is shown by a later page of the same list, or by what was created before.
    """
    pages = _pages(run)
    alike: dict[tuple[Any, ...], dict[int, list[_Page]]] = defaultdict(lambda: defaultdict(list))
    for page in pages:
        alike[page.key][page.offset].append(page)
    for page in pages:
        if page.says_more:
            yield on_response(page.exchange, FINE)
        elif page.size and (missed := _missed(run, page, alike[page.key])):
            yield on_response(
                page.exchange,
                breach("", "X-Total-Count or X-Pagination-Throttled", MISSING,
                       f"the page ends before {missed}, and no header says that there is more"),
            )  # fmt: skip


def _missed(run: Run, page: _Page, alike: Mapping[int, list[_Page]]) -> str | None:
    """A qualification that was there when a page was sent, belongs behind it, and is not on it.

    `alike` are the pages of the same list by their offset.
    """
    behind = [pages for offset, pages in alike.items() if offset >= page.offset + page.size]
    for other in merge(*(_after(page, pages) for pages in behind), key=lambda other: other.exchange.n):
        for identifier in other.ids:
            if identifier not in page.ids and _older(run, identifier, page.exchange):
                return identifier
    who = {name: value for name, value in page.key if name in WHO}
    if page.limit == page.size and page.offset == 0 and len(who) == len(page.key):
        for life in run.lives(KIND):
            if life.since > page.exchange.n:
                break
            mine = life.asked is not None and who == {k: v for k, v in life.asked.request.query if k in WHO}
            if mine and life.id not in page.ids and _older(run, life.id, page.exchange):
                return life.id
    return None


def _after(page: _Page, pages: Sequence[_Page]) -> Iterator[_Page]:
    return islice(pages, bisect_right(pages, page.exchange.n, key=lambda other: other.exchange.n), None)


def _older(run: Run, identifier: str, exchange: Exchange) -> bool:
    life = run.life(KIND, identifier)
    return life is not None and life.last_before(exchange, whole=False) is not None
