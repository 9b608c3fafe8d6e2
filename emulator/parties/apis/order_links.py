"""Where an order points to: products, quotes and qualifications of the same seller."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.parties.apis import Context
from emulator.record.call import ErrorCode, Issue

ORDERABLE: Final = ("approved.orderable", "approved.orderableAlternate")


def not_found(place: str, what: str, identifier: str) -> Issue:
    """A reference that leads nowhere."""
    return Issue(place, ErrorCode.REFERENCE_NOT_FOUND, f"There is no {what} with the id {identifier!r:.100}")


class Links:
    """Follows the references of one request: what many of its items refer to is looked up once."""

    def __init__(self, context: Context, run: str) -> None:
        self._context = context
        self._run = run
        self._bodies: dict[tuple[str, str], dict[str, Any] | None] = {}
        self._products: dict[str, dict[str, str | None]] = {}
        self._items: dict[tuple[str, str], dict[Any, dict[str, Any]]] = {}

    def body(self, kind: str, identifier: str | None) -> dict[str, Any] | None:
        """The resource of that kind and id."""
        if identifier is None:
            return None
        key = (kind, identifier)
        if key not in self._bodies:
            found = self._context.store.get(self._run, kind, identifier)
            self._bodies[key] = None if found is None else found.body
        return self._bodies[key]

    def good(self, kind: str) -> tuple[str, ...]:
        """The states in which others can be built on a resource of that kind."""
        machine = self._context.release.lifecycles.get(kind)
        return machine.good if machine else ()

    def item(self, kind: str, identifier: str | None, item: str | None) -> dict[str, Any] | None:
        """The item with an id of a POQ or quote: the first where several have it."""
        body = self.body(kind, identifier)
        if body is None or identifier is None:
            return None
        key = (kind, identifier)
        if key not in self._items:
            self._items[key] = {each.get("id"): each for each in reversed(body.get(f"{kind}Item") or ())}
        return self._items[key].get(item)

    def product_of(self, order: dict[str, Any], item: str) -> str | None:
        """The id of the product that an item of an order is about."""
        if order["id"] not in self._products:
            self._products[order["id"]] = {
                each["id"]: (each.get("product") or {}).get("id") for each in order["productOrderItem"]
            }
        return self._products[order["id"]].get(item)

    def product(self, identifier: str | None) -> dict[str, Any] | None:
        """A product of the inventory."""
        return self.body("product", identifier)

    def quote_item(self, item: dict[str, Any]) -> dict[str, Any] | None:
        """The quote item that an order item refers to."""
        reference = item.get("quoteItem") or {}
        return self.item("quote", reference.get("quoteId"), reference.get("id"))

    def of_item(self, place: str, item: dict[str, Any]) -> Iterator[Issue]:
        """References of an order item that lead nowhere, or to what cannot be ordered."""
        if "quoteItem" in item:
            yield from self._quote(f"{place}/quoteItem", item)
        if "productOfferingQualificationItem" in item:
            yield from self._qualification(
                f"{place}/productOfferingQualificationItem", item["productOfferingQualificationItem"]
            )

    def _quote(self, place: str, item: dict[str, Any]) -> Iterator[Issue]:
        reference = item["quoteItem"]
        quote = self.body("quote", reference["quoteId"])
        if quote is None:
            yield not_found(f"{place}/quoteId", "quote", reference["quoteId"])
            return
        quoted = self.item("quote", reference["quoteId"], reference["id"])
        if quoted is None:
            yield not_found(f"{place}/id", "item of the quote", reference["id"])
        elif quote.get("state") not in ORDERABLE:
            reason = f"The quote is {quote.get('state')}, only one that is {' or '.join(ORDERABLE)} can be ordered"
            yield Issue(f"{place}/quoteId", ErrorCode.INVALID_VALUE, reason, "MEF115 Figure 21")
        elif quoted["action"] != item["action"]:
            reason = f"The quote item is for the action {quoted['action']}"
            yield Issue(f"{place}/id", ErrorCode.INVALID_VALUE, reason)
        else:
            yield from _same_subject(f"{place}/id", quoted, item)

    def _qualification(self, place: str, reference: dict[str, Any]) -> Iterator[Issue]:
        identifier = reference["productOfferingQualificationId"]
        qualification = self.body("productOfferingQualification", identifier)
        if qualification is None:
            yield not_found(f"{place}/productOfferingQualificationId", "product offering qualification", identifier)
            return
        qualified = self.item("productOfferingQualification", identifier, reference["id"])
        if qualified is None:
            yield not_found(f"{place}/id", "item of the qualification", reference["id"])
            return
        proposal = reference.get("alternateProductOfferingProposalId")
        proposals = qualified.get("alternateProductOfferingProposal")
        if proposal is not None and _by_id(proposals, proposal) is None:
            yield not_found(f"{place}/alternateProductOfferingProposalId", "alternate proposal", proposal)


def _same_subject(place: str, quoted: dict[str, Any], item: dict[str, Any]) -> Iterator[Issue]:
    """What is ordered at the quoted price is what was quoted."""
    mine, theirs = item.get("product") or {}, quoted.get("product") or {}
    for what, ordered, meant in (
        ("product", mine.get("id"), theirs.get("id")),
        ("product offering", _id(mine.get("productOffering")), _id(theirs.get("productOffering"))),
    ):
        if ordered is not None and meant is not None and ordered != meant:
            reason = f"The quote item is for the {what} {meant!r}, not for {ordered!r:.100}"
            yield Issue(place, ErrorCode.INVALID_VALUE, reason)


def _id(reference: dict[str, Any] | None) -> str | None:
    return (reference or {}).get("id")


def _by_id(items: list[dict[str, Any]] | None, identifier: str | None) -> dict[str, Any] | None:
    return next((item for item in items or () if item.get("id") == identifier), None)
