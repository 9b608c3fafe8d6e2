"""Exchanges put into a book: by what operations show, as the facts of their release have it; whose messages they are is one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from emulator.judge.named import CHARGE, ORDER, PRODUCT, QUOTE
from emulator.judge.showing import View, shown_by, succeeded
from emulator.reconciling.book import Book, Members
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at
from emulator.standard.release import Release

BILL: Final = "customerBill"
ITEM: Final = "customerBillItem"
_NOT_FOUND: Final = 404
_MOST_FORMER: Final = 12
"""Prices that a product had before of which a book knows."""
_PARTIES: Final = frozenset({"buyerId", "sellerId", "limit", "offset"})
"""Parameters that leave nothing out of a list, where it is a whole one."""


def fill(book: Book, exchanges: Iterable[Exchange], release: Release) -> Book:
    """The book with these exchanges, in their order. Each is looked at once."""
    for exchange in exchanges:
        book.turns += 1
        by = shown_by(release.named(exchange.release).kinds, exchange.api, exchange.operation)
        taken = _TAKEN.get(by[0].name) if by else None
        if by is None or taken is None or exchange.response is None:
            continue
        kind, view = by[0].name, by[1]
        if exchange.response.status == _NOT_FOUND and view is View.RETRIEVED:
            for identifier in exchange.path_params.values():
                book.miss(kind, identifier)
        if not succeeded(exchange):
            continue
        body = exchange.response.body
        for shown in _resources(body):
            members = taken(shown)
            if kind == PRODUCT:
                members |= _former(book, shown["id"], members, exchange)
            book.see(kind, shown["id"], members, whole=view is not View.LISTED)
        if kind == PRODUCT and view is View.LISTED and _is_all(exchange, body):
            book.inventory = book.turns
    return book


def has_bills(exchanges: Iterable[Exchange], release: Release) -> bool:
    """Whether a bill or an item of one is shown in any of these exchanges."""
    return any(_shows_bills(exchange, release) for exchange in exchanges)


def _shows_bills(exchange: Exchange, release: Release) -> bool:
    if exchange.response is None or not succeeded(exchange):
        return False
    by = shown_by(release.named(exchange.release).kinds, exchange.api, exchange.operation)
    return by is not None and by[0].name in (BILL, ITEM) and any(True for _ in _resources(exchange.response.body))


def _resources(body: Any) -> Iterator[Mapping[str, Any]]:
    """What an answer shows; a read of a bill by its id is answered with a list of one."""
    for shown in body if isinstance(body, list) else [body]:
        if isinstance(shown, dict) and isinstance(shown.get("id"), str):
            yield shown


def _is_all(exchange: Exchange, body: Any) -> bool:
    """Whether a list has all that there is: nothing is asked for in particular, and nothing is left for another page."""
    assert exchange.response is not None
    asked = dict(exchange.request.query)
    if not isinstance(body, list) or asked.keys() - _PARTIES or asked.get("offset", "0") != "0":
        return False
    if (exchange.response.header("X-Pagination-Throttled") or "").lower() == "true":
        return False
    total = exchange.response.header("X-Total-Count")
    if total is not None:
        return total == str(len(body))
    return "limit" not in asked


def _some(value: Any, *names: str) -> Members:
    """The members of these names that an object has."""
    return {name: value[name] for name in names if name in value} if isinstance(value, dict) else {}


def _entries(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _price(row: Any) -> Members:
    return _some(row, "price", "priceType", "recurringChargePeriod", "unitOfMeasure", "name")


def _product(shown: Mapping[str, Any]) -> Members:
    members = _some(shown, "status", "startDate", "terminationDate", "billingAccount", "productOrderItem")
    if "productPrice" in shown:
        members["productPrice"] = [_price(row) for row in _entries(shown["productPrice"])]
    return members


def _former(book: Book, identifier: str, members: Members, exchange: Exchange) -> Members:
    """The prices that a product had before, each with the moment until which it had them; the newest are kept."""
    before = book.entry(PRODUCT, identifier)
    if before is None:
        return {}
    former = list(before.members.get("formerPrice", ()))
    old, new = before.members.get("productPrice"), members.get("productPrice")
    if old and new is not None and old != new:
        former = [*former, {"until": exchange.at.isoformat(), "price": old}][-_MOST_FORMER:]
    return {"formerPrice": former} if former else {}


def _order(shown: Mapping[str, Any]) -> Members:
    members = _some(shown, "state", "completionDate", "cancellationDate")
    if "productOrderItem" in shown:
        members["productOrderItem"] = [_order_item(row) for row in _entries(shown["productOrderItem"])]
    return members


def _order_item(row: Any) -> Members:
    item = _some(row, "id", "action", "state", "completionDate", "billingAccount", "quoteItem")
    product = at(row, "/product/id")
    return item if product is MISSING else {**item, "product": product}


def _quote(shown: Mapping[str, Any]) -> Members:
    members = _some(shown, "state")
    if "quoteItem" in shown:
        members["quoteItem"] = [
            {**_some(row, "id", "state"), "price": [_price(each) for each in _entries(at(row, "/quoteItemPrice"))]}
            for row in _entries(shown["quoteItem"])
        ]
    return members


def _charge(shown: Mapping[str, Any]) -> Members:
    members = _some(shown, "state", "creationDate", "productOrder", "productOrderItem")
    if "chargeItem" in shown:
        members["chargeItem"] = [
            {**_price(row), **_some(row, "id", "state", "priceCategory", "activityType", "acceptanceIndicator")}
            for row in _entries(shown["chargeItem"])
        ]
    return members


_OF_BILL: Final = (
    "billNo",
    "billCycle",
    "billDate",
    "billingAccount",
    "billingPeriod",
    "category",
    "runType",
    "state",
    "lastUpdate",
    "paymentDueDate",
    "amountDue",
    "remainingAmount",
    "taxExcludedAmount",
    "taxIncludedAmount",
    "credits",
    "discounts",
    "fees",
    "taxItem",
    "appliedPayment",
)
_OF_ITEM: Final = (
    "customerBillItemType",
    "periodCoverage",
    "product",
    "productOrderItem",
    "state",
    "taxExcludedAmount",
    "unit",
    "unitRate",
    "unitQuantity",
    "appliedTax",
    "appliedFee",
)


def _bill(shown: Mapping[str, Any]) -> Members:
    members = _some(shown, *_OF_BILL)
    if "customerBillItem" in shown:
        members["customerBillItem"] = [
            row["id"]
            for row in _entries(shown["customerBillItem"])
            if isinstance(row, dict) and isinstance(row.get("id"), str)
        ]
    return members


_TAKEN: Final[Mapping[str, Callable[[Mapping[str, Any]], Members]]] = {
    PRODUCT: _product,
    ORDER: _order,
    QUOTE: _quote,
    CHARGE: _charge,
    BILL: _bill,
    ITEM: lambda shown: _some(shown, *_OF_ITEM),
}
"""What is kept of each kind."""
