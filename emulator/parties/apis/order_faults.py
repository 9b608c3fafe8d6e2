"""What makes the seller reject an order after it was acknowledged, when no error answer is possible any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from emulator.parties.apis import Context
from emulator.parties.apis.catalog_sold import sold
from emulator.parties.apis.order_links import Links
from emulator.parties.store import Resource
from emulator.record.call import ErrorCode
from emulator.standard.spans import compare


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an item ends badly; `member` is a JSON Pointer within the item."""

    member: str
    reason: str
    code: ErrorCode = ErrorCode.OTHER_ISSUE

    def as_json(self, item: str) -> dict[str, str]:
        """The `TerminationError` of the item at the JSON Pointer `item`."""
        return {"code": str(self.code), "propertyPath": item + self.member, "value": self.reason}


def find_faults(context: Context, order: Resource) -> dict[str, Fault]:
    """The fault of each item that has one, by the item's id."""
    links = Links(context, order.run)
    found: dict[str, Fault] = {}
    for item in order.body["productOrderItem"]:
        fault = _term(context, links, order.run, item) or _at_rest(links, item)
        if fault is not None:
            found[item["id"]] = fault
    return found


def _term(context: Context, links: Links, run: str, item: dict[str, Any]) -> Fault | None:
    """R37: a term that the seller does not offer; R38: another term than in the quote."""
    term = item.get("requestedItemTerm")
    if term is None:
        return None
    quoted = links.quote_item(item)
    if quoted is not None:
        agreed = [*(quoted.get("quoteItemTerm") or ())]
        if quoted.get("state") == "approved.orderable" and "requestedQuoteItemTerm" in quoted:
            agreed.append(quoted["requestedQuoteItemTerm"])  # quoted as asked for
        if agreed:
            if any(_same(term, one) for one in agreed):
                return None
            return Fault("/requestedItemTerm", "The term is not the one of the quote", ErrorCode.INVALID_VALUE)
    offering = sold(context, run, ((item.get("product") or {}).get("productOffering") or {}).get("id", ""))
    if offering is not None and not any(_same(term, offered) for offered in offering.terms):
        return Fault("/requestedItemTerm", "The seller does not offer this term", ErrorCode.INVALID_VALUE)
    return None


def _same(term: dict[str, Any], other: dict[str, Any]) -> bool:
    """Terms are the same if they last equally long and end alike; their names and descriptions are free."""
    spans = ((term.get(member), other.get(member)) for member in ("duration", "rollInterval"))
    alike = all(mine == theirs or compare(mine, theirs) == 0 for mine, theirs in spans)
    return alike and term.get("endOfTermAction") == other.get("endOfTermAction")


def _at_rest(links: Links, item: dict[str, Any]) -> Fault | None:
    """Another order may have taken hold of the product since this one was acknowledged."""
    if item["action"] == "add":
        return None
    product = links.product(item["product"]["id"])
    if product is not None and product["status"] == "active":
        return None
    return Fault("/product/id", "Another order is changing the product", ErrorCode.INVALID_VALUE)
