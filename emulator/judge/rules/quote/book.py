"""The book that the modules beside this one fill, and what they all speak of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from emulator.judge.rule import requests, responses
from emulator.judge.rulebook import Rulebook

QUOTE: Final = Rulebook("MEF115", "quote")

ASKED: Final = requests("quote", "createQuote")
CREATED: Final = responses("quote", "createQuote")
READ: Final = responses("quote", "retrieveQuote")
SHOWN: Final = CREATED | READ
LISTED: Final = responses("quote", "listQuote")

ORDERABLE: Final = ("approved.orderable", "approved.orderableAlternate")
OFFERED: Final = (*ORDERABLE, "answered")
"""The completion states of success: the seller has given its prices."""
UNFINISHED: Final = ("acknowledged", "inProgress", "inProgress.draft")
CANCELLABLE: Final = ("inProgress", "inProgress.draft")
FAILED: Final = ("rejected", "unableToProvide")
"""States of a quote, and of an item, that the seller gave up."""

Level = Literal["firm", "budgetary"]


def level_of(quote: Mapping[str, Any]) -> Level | None:
    """How binding a quote is to be: what the buyer asked for, and where that is not shown, what the seller says."""
    for shown in (quote.get("buyerRequestedQuoteLevel"), quote.get("quoteLevel")):
        if shown == "budgetary":
            return "budgetary"
        if shown in ("firm", "firmSubjectToFeasibilityCheck"):
            return "firm"
    return None


def is_firm(quote: Mapping[str, Any]) -> bool:
    """Whether a quote is to be firm, perhaps subject to a feasibility check."""
    return level_of(quote) == "firm"


def is_budgetary(quote: Mapping[str, Any]) -> bool:
    """Whether a quote gives prices to plan with."""
    return level_of(quote) == "budgetary"


def items_of(quote: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The items of a quote, or of a request for one, with their places."""
    items = quote.get("quoteItem") if isinstance(quote, dict) else None
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield f"/quoteItem/{index}", item


def items_by_id(quote: Any) -> dict[str, dict[str, Any]]:
    """The items by id; an id that two of them have names neither."""
    found: dict[str, dict[str, Any]] = {}
    twice: set[str] = set()
    for _, item in items_of(quote):
        identifier = item.get("id")
        if isinstance(identifier, str):
            if identifier in found:
                twice.add(identifier)
            found[identifier] = item
    return {identifier: item for identifier, item in found.items() if identifier not in twice}
