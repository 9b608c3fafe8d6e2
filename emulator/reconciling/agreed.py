"""What was agreed, as far as a book has it: products, the order items behind them, and prices by where they come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from emulator.judge.named import CHARGE, ORDER, PRODUCT, QUOTE
from emulator.reconciling.book import Book, Sighted
from emulator.reconciling.figures import Amount, number_of, sum_of
from emulator.reconciling.quantities import DaySpan, moment_of
from emulator.record.payload import MISSING, at

RECURRING: Final = "recurring"
ONE_OFF: Final = "nonRecurring"
USAGE: Final = "usageBased"
COMPLETED: Final = "completed"
ENDED: Final = frozenset({"cancelled", "failed", "rejected", "rejected.validated", "rejected.unassessed"})
"""States in which an order item ends without having brought anything about."""
_LIVE: Final = frozenset(
    {"active", "active.pendingChange", "pendingTerminate", "suspended", "suspendedPendingTerminate"}
)
_REFUSED: Final = frozenset({"cancelled", "unableToProvide", "declined", "rejected", "abandoned"})
"""States of quotes and their items of which nothing can be ordered."""

Key = tuple[str, str]
"""An item of an order: the ids of both."""


class PriceOrigin(StrEnum):
    """Where a price was agreed."""

    QUOTE = "quote"
    INVENTORY = "inventory"
    CHARGE = "charge"


@dataclass(frozen=True, slots=True)
class AgreedPrice:
    """A price without tax. `tax` is the rate in percent, `period` of a recurring one that for which it is charged, `measure` the
    unit of one by usage. `where` says in words where it was agreed; `declined` that the Buyer did not, or the Seller took it back.
    """

    kind: str
    amount: Amount
    tax: Decimal | None
    period: str | None
    origin: PriceOrigin
    where: str
    mark: str
    declined: bool = False


@dataclass(frozen=True, slots=True)
class OrderedItem:
    """An item of an order as it was last shown: `last` is the turn of that, `ended` when it was completed or cancelled."""

    key: Key
    action: str | None
    state: str | None
    account: str | None
    product: str | None
    quote: Key | None
    ended: datetime | None
    last: int

    @property
    def is_completed(self) -> bool:
        return self.state == COMPLETED


@dataclass(slots=True)
class ServedProduct:
    """A product as it was last shown, and the order items that are about it, the first ordered first. `entry` is None where
    only orders speak of it.
    """

    identifier: str
    entry: Sighted | None
    ordered: list[OrderedItem] = field(default_factory=list)

    @property
    def account(self) -> str | None:
        """To which account it is billed: what the inventory says, else the newest order for it that says so."""
        said = at(self.entry.members, "/billingAccount/id") if self.entry else MISSING
        if isinstance(said, str):
            return said
        return next((item.account for item in reversed(self.ordered) if item.account is not None), None)

    @property
    def life(self) -> DaySpan:
        """From its start to its termination; an end is open where nothing tells it."""
        members = self.entry.members if self.entry else {}
        begun = [item.ended for item in self.ordered if item.action == "add" and item.is_completed]
        ended = [item.ended for item in self.ordered if item.action == "delete" and item.is_completed]
        start = moment_of(members.get("startDate")) or next(iter(begun), None)
        end = moment_of(members.get("terminationDate")) or next(iter(ended), None)
        return DaySpan(start, end)

    @property
    def is_live(self) -> bool:
        """Whether the inventory shows it in service, or when it was."""
        if self.entry is None:
            return False
        status = text_of(self.entry.members, "/status")
        return status in _LIVE or (status == "terminated" and self.life.closed is not None)


class Agreed:
    """A book's products, order items and prices, found by their ids."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.services: dict[str, ServedProduct] = {
            each: ServedProduct(each, entry) for each, entry in book.entries(PRODUCT)
        }
        self.items: dict[Key, OrderedItem] = {}
        self._of_item: dict[Key, str] = {}
        for identifier, entry in book.entries(PRODUCT):
            for row in _rows(entry.members.get("productOrderItem")):
                if key := key_of(row):
                    self._of_item.setdefault(key, identifier)
        for order, entry in book.entries(ORDER):
            for item in _ordered(order, entry):
                self.items[item.key] = item
                about = item.product or self._of_item.get(item.key)
                if about is not None:
                    self.services.setdefault(about, ServedProduct(about, None)).ordered.append(item)
        self._charges: dict[tuple[str, str | None], list[AgreedPrice]] = {}
        for identifier, entry in book.entries(CHARGE):
            for where, price in _charged(identifier, entry):
                self._charges.setdefault(where, []).append(price)
        self.accounts = {service.account for service in self.services.values()} | {
            item.account for item in self.items.values()
        }

    def product_of(self, key: Key) -> str | None:
        """The product that an order item is about, by either's word."""
        item = self.items.get(key)
        return item.product if item and item.product else self._of_item.get(key)

    def prices(self, service: ServedProduct | None, key: Key | None, kind: str, covered: DaySpan) -> list[AgreedPrice]:
        """The prices of a kind that a charge for these days can be made by.

        Those of the quote that was ordered by, else of the inventory, and charges that were accepted, or not. Where a later
        order changed the price within these days, or it is not known when, the older one counts too.
        """
        about = list(service.ordered) if service else []
        if key is not None and (item := self.items.get(key)) and item not in about:
            about.append(item)
        found = list(self._quoted(about, key, kind, covered))
        unquoted = any(item.action == "modify" and item.quote is None for item in about)
        if not found or (unquoted and kind == RECURRING):
            found += self._in_inventory(service, kind, covered)
        keys = dict.fromkeys([item.key for item in about] + ([key] if key else []))
        orders = dict.fromkeys(order for order, _ in keys)
        rows = [self._charges.get(each, []) for each in keys] + [self._charges.get((each, None), []) for each in orders]
        return found + [price for row in rows for price in row if price.kind == kind]

    def prices_of(self, item: OrderedItem, kind: str) -> list[AgreedPrice]:
        """What an order item costs by itself, where it was completed by its quote, or as its product shows; and charges for it."""
        quoted = list(self._of_quote(item)) if item.is_completed else []
        if not quoted and item.is_completed and item.action == "add" and item.quote is None:
            product = self.product_of(item.key)
            quoted = list(self._in_inventory(self.services.get(product or ""), kind, DaySpan(None, None)))
        rows = [*quoted, *self._charges.get(item.key, [])]
        return [price for price in rows if price.kind == kind and not price.declined]

    def knows_prices(self, service: ServedProduct | None, key: Key | None) -> bool:
        """Whether any price at all was seen of it, of whatever kind."""
        return any(self.prices(service, key, kind, DaySpan(None, None)) for kind in (RECURRING, ONE_OFF, USAGE))

    def _quoted(self, about: list[OrderedItem], key: Key | None, kind: str, covered: DaySpan) -> Iterator[AgreedPrice]:
        newest_first = [item for item in reversed(about) if item.state not in ENDED]
        if kind == RECURRING:
            newest_first = [item for item in newest_first if item.action != "delete"]
        elif key is not None:
            newest_first.sort(key=lambda item: item.key != key)
        for item in newest_first:
            since = item.ended
            if (
                since is not None
                and covered.end is not None
                and since >= covered.end
                and kind == RECURRING
                and item.action != "add"
            ):
                continue
            prices = [price for price in self._of_quote(item) if price.kind == kind]
            yield from prices
            if kind != RECURRING:
                continue
            superseded = prices or item.action == "modify"
            if superseded and since is not None and covered.start is not None and since <= covered.start:
                return

    def _of_quote(self, item: OrderedItem) -> Iterator[AgreedPrice]:
        quote = self.book.entry(QUOTE, item.quote[0]) if item.quote else None
        if quote is None or item.quote is None or text_of(quote.members, "/state") in _REFUSED:
            return
        for row in _rows(quote.members.get("quoteItem")):
            if row.get("id") == item.quote[1] and text_of(row, "/state") not in _REFUSED:
                where = f"quote {item.quote[0]} item {item.quote[1]}"
                mark = f"quote:{item.quote[0]}:{item.quote[1]}"
                yield from _prices(row.get("price"), PriceOrigin.QUOTE, where, mark)

    def _in_inventory(self, service: ServedProduct | None, kind: str, covered: DaySpan) -> Iterator[AgreedPrice]:
        if service is None or service.entry is None:
            return
        mark = f"product:{service.identifier}"
        rows = [(service.entry.members.get("productPrice"), mark)]
        for n, former in enumerate(_rows(service.entry.members.get("formerPrice"))):
            until = moment_of(former.get("until"))
            if until is None or (covered.start is not None and covered.start < until):
                rows.append((former.get("price"), f"{mark}:former:{n}"))
        for prices, marked in rows:
            found = _prices(prices, PriceOrigin.INVENTORY, f"inventory, product {service.identifier}", marked)
            yield from (price for price in found if price.kind == kind)


def key_of(reference: Any) -> Key | None:
    """The order item that a reference names."""
    order, item = at(reference, "/productOrderId"), at(reference, "/productOrderItemId")
    return (order, item) if isinstance(order, str) and isinstance(item, str) else None


def text_of(value: Any, place: str) -> str | None:
    """A text at a place, None where there is none."""
    found = at(value, place)
    return found if isinstance(found, str) else None


def _rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _ordered(order: str, entry: Sighted) -> Iterator[OrderedItem]:
    members = entry.members
    for row in _rows(members.get("productOrderItem")):
        identifier = row.get("id")
        if not isinstance(identifier, str):
            continue
        quote, quoted = text_of(row, "/quoteItem/quoteId"), text_of(row, "/quoteItem/id")
        said = row.get("completionDate"), members.get("completionDate"), members.get("cancellationDate")
        yield OrderedItem(
            key=(order, identifier),
            action=text_of(row, "/action"),
            state=text_of(row, "/state") or text_of(members, "/state"),
            account=text_of(row, "/billingAccount/id"),
            product=text_of(row, "/product"),
            quote=(quote, quoted) if quote is not None and quoted is not None else None,
            ended=next((moment for each in said if (moment := moment_of(each)) is not None), None),
            last=entry.last,
        )


def _prices(rows: Any, origin: PriceOrigin, where: str, mark: str, *, declined: bool = False) -> Iterator[AgreedPrice]:
    for n, row in enumerate(_rows(rows)):
        amount = sum_of(at(row, "/price/dutyFreeAmount"))
        kind = row.get("priceType")
        if amount is None or not isinstance(kind, str):
            continue
        tax = number_of(at(row, "/price/taxRate"))
        period = row.get("recurringChargePeriod")
        yield AgreedPrice(
            kind, amount, tax, period if isinstance(period, str) else None, origin, where, f"{mark}:{n}", declined
        )


def _charged(identifier: str, entry: Sighted) -> Iterator[tuple[tuple[str, str | None], AgreedPrice]]:
    """The items of a charge, each with what it is for: an order item, or an order."""
    members = entry.members
    key = key_of(members.get("productOrderItem"))
    order = text_of(members, "/productOrder/productOrderId")
    about: tuple[str, str | None] | None = key or ((order, None) if order is not None else None)
    if about is None:
        return
    for row in _rows(members.get("chargeItem")):
        state = text_of(row, "/state")
        accepted = state == "acceptedByBuyer"
        declined = state in ("declinedByBuyer", "withdrawnBySeller") or (
            not accepted and text_of(members, "/state") in ("timeout", "withdrawnBySeller")
        )
        if not accepted and not declined:
            continue
        mark = f"charge:{identifier}:{row.get('id')}"
        for price in _prices([row], PriceOrigin.CHARGE, f"charge {identifier}", mark, declined=declined):
            yield about, price
