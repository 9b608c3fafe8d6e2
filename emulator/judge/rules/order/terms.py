"""How items with a wrong term end (MEF 123, 6.1.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.judge.named import QUOTE
from emulator.judge.rule import (
    REFUSED,
    Mark,
    responses,
)
from emulator.judge.rulebook import breach, hold
from emulator.judge.rules.common.values import first_named
from emulator.judge.rules.order.book import ORDER
from emulator.judge.rules.order.names import API, AT_WORK, ITEM_OVER, SHOWN, objects_of, text_of
from emulator.judge.run import Said
from emulator.record.payload import MISSING, at, every
from emulator.standard.spans import compare

# 6.1.6, how items with a wrong term end


def _as_long(one: Any, other: Any) -> bool:
    """Whether two durations are equal, so that 1 day is 24 hours; a business day is as long as the parties settled."""
    return bool(one == other) or compare(one, other) == 0


def _same_term(asked: Any, other: Any) -> bool:
    """Whether two terms last equally long and end alike; their names and descriptions are free."""
    end = at(asked, "/endOfTermAction")
    same = end == at(other, "/endOfTermAction") and _as_long(at(asked, "/duration"), at(other, "/duration"))
    rolls = end != "roll" or _as_long(at(asked, "/rollInterval"), at(other, "/rollInterval"))
    return bool(same and rolls)


@ORDER.rule("R37", on=SHOWN)
def unsupported_terms_are_rejected(said: Said) -> Iterator[Mark]:
    """Items to add whose term the seller does not take are `rejected`: those that it finds fault with for their
    term, and those that it gave another term than was asked for.
    """
    for place, item in objects_of(said.body):
        if item.get("action") != "add":
            continue
        state, wanted = text_of(item.get("state")), item.get("requestedItemTerm")
        faults = [path for _, path in every(item, "/terminationError/*/propertyPath") if isinstance(path, str)]
        if any("requestedItemTerm" in path for path in faults) and state in ITEM_OVER:
            yield hold(f"{place}/state", state == "rejected", expected="rejected", found=state,
                       message=f"{place} ended {state} for its term; such an item is rejected")  # fmt: skip
            continue
        agreed = at(item, "/itemTerm/0") if state in AT_WORK else MISSING
        if isinstance(wanted, dict) and isinstance(agreed, dict) and not _same_term(wanted, agreed):
            yield breach(f"{place}/itemTerm/0", wanted, agreed,
                         f"{place} has another term than was asked for; an item whose term the seller does not offer "
                         f"is rejected")  # fmt: skip


@ORDER.rule("R37", name="refused", on=responses(API, "createProductOrder", statuses=REFUSED))
def unsupported_terms_are_not_refused(said: Said) -> Iterator[Mark]:
    """Refusals of an order for the term of an item: the item should end in `rejected`, of an order that was taken."""
    for place, path in every(said.body, "/*/propertyPath"):
        if isinstance(path, str) and "requestedItemTerm" in path and _speaks_of_value(said.body, place):
            yield breach(place, "the order is taken, and the item rejected", path,
                         "the order was refused for the term of an item",
                         reading=("item-term-refused", "rejected-later"))  # fmt: skip


def _speaks_of_value(body: Any, place: str) -> bool:
    """Whether an entry of a 422 finds fault with a value; a term that is missing or malformed is refused rightly."""
    return at(body, place.rpartition("/")[0] + "/code") in ("invalidValue", "otherIssue")


@ORDER.rule("R38", on=SHOWN)
def terms_are_those_of_the_quote(said: Said) -> Iterator[Mark]:
    """Items to add with another term than the quote item they refer to end in `rejected`."""
    for place, item in objects_of(said.body):
        if item.get("action") != "add" or not isinstance(item.get("requestedItemTerm"), dict):
            continue
        quoted = _quoted_terms(said, item)
        if not quoted or any(_same_term(item["requestedItemTerm"], term) for term in quoted):
            continue
        state = item.get("state")
        # Not yet looked at, or not at all since another item is at fault.
        if state not in ("acknowledged", "rejected.unassessed", None):
            yield hold(f"{place}/state", state == "rejected", expected="rejected", found=state,
                       message=f"{place} is {state}, though its term is not the one of the quote; expected rejected")  # fmt: skip


def _quoted_terms(said: Said, item: Mapping[str, Any]) -> list[Any]:
    """The terms that the quote item offered when it was last seen; one quoted as asked for has the term asked for."""
    life = said.run.life(QUOTE, at(item, "/quoteItem/quoteId"))
    shown = life.last_before(said.exchange) if life else None
    wanted = at(item, "/quoteItem/id")
    quoted = first_named(shown.value, "/quoteItem/*", wanted) if shown else None
    if not isinstance(quoted, dict):
        return []
    terms = [term for _, term in every(quoted, "/quoteItemTerm/*")]
    if quoted.get("state") == "approved.orderable" and "requestedQuoteItemTerm" in quoted:
        terms.append(quoted["requestedQuoteItemTerm"])
    return terms
