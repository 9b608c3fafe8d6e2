"""Lists of quotes (MEF 115, 6.3 and 7.1.2)."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from emulator.judge.named import QUOTE as KIND
from emulator.judge.rule import FINE, Mark, Remark, on_response
from emulator.judge.rulebook import breach, given
from emulator.judge.rules import common
from emulator.judge.rules.quote.book import LISTED, QUOTE
from emulator.judge.run import Run, Said, Shown
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, every

_BUYERS: Final = ("externalId", "projectId", "requestedQuoteCompletionDate")
_SELLERS: Final = ("quoteLevel", "expectedQuoteCompletionDate", "effectiveQuoteCompletionDate")
_DATES: Final = (
    "quoteDate",
    "requestedQuoteCompletionDate",
    "expectedQuoteCompletionDate",
    "effectiveQuoteCompletionDate",
)


@QUOTE.rule("R50", on=LISTED)
def entries_have_their_attributes(said: Said) -> Iterator[Mark]:
    """The nine attributes of each entry, as far as it is known that they have a value."""
    for place, entry in every(said.body, "/*"):
        if not isinstance(entry, dict):
            continue
        valued = _valued(said, entry)
        for member in ("id", "state", "quoteDate", *_BUYERS, *_SELLERS):
            if given(entry.get(member)):
                yield FINE
            else:
                here = f"{place}/{member}"
                yield breach(here, valued.get(member, "a value"), entry.get(member), f"{here} is missing",
                             reading=None if member in valued else ("quote-list-attributes", "all"))  # fmt: skip


def _valued(said: Said, entry: dict[str, Any]) -> dict[str, Any]:
    """The attributes that have a value: those that every quote has, and those shown of this one in the same state."""
    valued: dict[str, Any] = dict.fromkeys(("id", "state", "quoteDate"), "a value")
    life = said.run.life(KIND, entry.get("id"))
    if life is not None:
        earlier = life.last_before(said.exchange)
        for member in _BUYERS:
            asked = at(life.request, f"/{member}")
            if given(asked):
                valued[member] = asked
        for member in (*_BUYERS, *_SELLERS) if earlier else ():
            known = at(earlier.value if earlier else MISSING, f"/{member}")
            if given(known) and (member in _BUYERS or at(entry, "/state") == _state(earlier)):
                valued[member] = known
    return valued


def _state(shown: Shown | None) -> Any:
    return shown.value.get("state") if shown else None


common.nothing_found_is_200(QUOTE, (), "listQuote", name="nothing")
_FILTERS: Final = {
    **{name: common.Filter(f"/{name}") for name in ("externalId", "projectId")},
    **{name: common.Filter(f"/{name}", moves=True) for name in ("state", "quoteLevel")},
    **{
        f"{name}.{way}": common.Filter(f"/{name}", way, moves=name in _SELLERS)
        for name in _DATES
        for way in ("gt", "lt")
    },
}
_BY_FILTER: Final = "Mplify115.1-filters"
with QUOTE.unless(_BY_FILTER):
    common.filters(QUOTE, (), "listQuote", _FILTERS, name="filter")
common.filters(QUOTE, _BY_FILTER, "listQuote", _FILTERS)
common.takes_pages(QUOTE, "Mplify115.1-pages", "listQuote")
common.too_many_is_422(QUOTE, "Mplify115.1-too-many", "listQuote")
common.optional_or_501(QUOTE, "Mplify115.1-optional-use-cases", "listQuote", "retrieveHub", "unregisterListener")
common.lists_all(QUOTE, (), KIND, _FILTERS)
common.pages(QUOTE, (), "listQuote")
common.no_doubles(QUOTE, (), "listQuote")
common.reads_agree(QUOTE, (), KIND, "/quoteDate", "/effectiveQuoteCompletionDate", *(f"/{name}" for name in _BUYERS))


@QUOTE.at_end("R58")
def a_page_that_was_cut_says_so(run: Run) -> Iterator[Remark]:
    """X-Total-Count or X-Pagination-Throttled of pages behind which more was found.

    What was made between two pages can be what the second has more: then nothing is said.
    """
    pages = [exchange for exchange in run.of("listQuote", api="quote") if succeeded(exchange) and _entries(exchange)]
    made = [exchange.n for exchange in run.of("createQuote", api="quote")]
    alike: dict[tuple[tuple[str, str], ...], dict[int, list[Exchange]]] = defaultdict(lambda: defaultdict(list))
    for page in pages:
        alike[_question(page)][_offset(page)].append(page)
    for page in pages:
        seen = _offset(page) + len(_entries(page))
        if _announced(page, seen):
            yield on_response(page, FINE)
            continue
        new = bisect_right(made, page.n)
        behind = [
            later
            for offset, same in alike[_question(page)].items()
            if offset >= seen and (later := _first_with_more(same, page, made[new] if new < len(made) else None))
        ]
        if behind:
            message = f"the page was cut, as exchange {min(each.n for each in behind)} shows, and no header says so"
            yield on_response(page, breach("", "X-Total-Count or X-Pagination-Throttled", MISSING, message))


def _first_with_more(pages: Sequence[Exchange], page: Exchange, before: int | None) -> Exchange | None:
    """The first of these pages after another one, and up to a number, that has an entry which that one lacks."""
    ids = _ids(page)
    for later in islice(pages, bisect_right(pages, page.n, key=lambda each: each.n), None):
        if before is not None and later.n > before:
            return None
        if _ids(later) - ids:
            return later
    return None


def _entries(exchange: Exchange) -> list[Any]:
    body = exchange.response.body if exchange.response else MISSING
    return body if isinstance(body, list) else []


def _ids(exchange: Exchange) -> set[str]:
    found = (at(entry, "/id") for entry in _entries(exchange))
    return {identifier for identifier in found if isinstance(identifier, str)}


def _question(exchange: Exchange) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(pair for pair in exchange.request.query if pair[0] not in ("offset", "limit")))


def _offset(exchange: Exchange) -> int:
    text = dict(exchange.request.query).get("offset", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004


def _announced(exchange: Exchange, seen: int) -> bool:
    """Whether a header says that there is more than was seen."""
    if exchange.response is None:
        return False
    total = exchange.response.header("X-Total-Count") or ""
    counted = int(total) if total.isascii() and total.isdigit() and len(total) < 19 else 0  # noqa: PLR2004
    return counted > seen or (exchange.response.header("X-Pagination-Throttled") or "").lower() == "true"
