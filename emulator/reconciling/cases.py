"""An item of a bill beside what it is about, and what has been billed of that already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations
from typing import Any, Final

from emulator.judge.named import ORDER, PRODUCT
from emulator.reconciling.agreed import (
    ONE_OFF,
    RECURRING,
    Agreed,
    AgreedPrice,
    Key,
    OrderedItem,
    ServedProduct,
    key_of,
    text_of,
)
from emulator.reconciling.book import Members, Sighted
from emulator.reconciling.figures import ZERO, Amount, added, agree, number_of, percent, rounded, sum_of, times
from emulator.reconciling.lines import ItemLine, LineVerdict, Reason
from emulator.reconciling.quantities import DAY, DaySpan, moment_of, span_of
from emulator.reconciling.settings import Methods

_BEHIND: Final = 1 << 62
_MOST_STACKED: Final = 4
"""Taxes of one item whose order is tried out."""


@dataclass(frozen=True, slots=True)
class SeenBill:
    """A bill, as a reconciliation needs it. `place` is its place in the order of bills."""

    identifier: str
    members: Members
    place: int

    @property
    def account(self) -> str | None:
        return text_of(self.members, "/billingAccount/id")

    @property
    def period(self) -> DaySpan:
        return span_of(self.members.get("billingPeriod"))

    @property
    def dated(self) -> datetime | None:
        return moment_of(self.members.get("billDate"))

    @property
    def items(self) -> list[str]:
        found = self.members.get("customerBillItem")
        return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []

    @property
    def number(self) -> str | None:
        """What people call it."""
        return text_of(self.members, "/billNo")

    @property
    def category(self) -> str | None:
        return text_of(self.members, "/category")


@dataclass(frozen=True, slots=True)
class TaxOrFee:
    """A tax or a fee of an item: its rate in percent, and its amount."""

    rate: Decimal | None
    amount: Decimal


def shares_of(value: Any, unit: str) -> list[TaxOrFee]:
    """Taxes or fees as messages have them, as far as they are in this currency."""
    found = []
    for row in value if isinstance(value, list) else []:
        amount = sum_of(row.get("amount")) if isinstance(row, dict) else None
        if amount is not None and amount.unit == unit:
            found.append(TaxOrFee(number_of(row.get("rate")), amount.value))
    return found


@dataclass(slots=True)
class BilledItem:
    """An item of a bill, read."""

    identifier: str
    entry: Sighted
    bill: SeenBill | None
    place: int
    agreed: Agreed
    kind: str = field(init=False)
    key: Key | None = field(init=False)
    product: str | None = field(init=False)
    covered: DaySpan = field(init=False)
    net: Amount | None = field(init=False)
    rate: Amount | None = field(init=False)
    quantity: Decimal | None = field(init=False)
    taxes: list[TaxOrFee] = field(init=False)
    fees: list[TaxOrFee] = field(init=False)

    def __post_init__(self) -> None:
        members = self.entry.members
        self.kind = text_of(members, "/customerBillItemType") or ""
        self.key = key_of(members.get("productOrderItem"))
        self.product = text_of(members, "/product/id")
        self.covered = span_of(members.get("periodCoverage"))
        if self.covered.closed is None and self.bill is not None:
            self.covered = self.bill.period
        self.net = sum_of(members.get("taxExcludedAmount"))
        self.rate = sum_of(members.get("unitRate"))
        self.quantity = number_of(members.get("unitQuantity"))
        unit = self.net.unit if self.net else ""
        self.taxes = shares_of(members.get("appliedTax"), unit)
        self.fees = shares_of(members.get("appliedFee"), unit)

    @property
    def subject(self) -> str:
        """By what items that may be for the same are found together."""
        found = self.product or (self.agreed.product_of(self.key) if self.key else None)
        return f"product {found}" if found else f"order item {self.key}"

    @property
    def service(self) -> ServedProduct | None:
        """The product that it is for, where it was seen or ordered."""
        found = self.product or (self.agreed.product_of(self.key) if self.key else None)
        return self.agreed.services.get(found) if found else None

    @property
    def ordered(self) -> OrderedItem | None:
        return self.agreed.items.get(self.key) if self.key else None

    @property
    def tax(self) -> Decimal:
        return added(share.amount for share in self.taxes)

    @property
    def fee(self) -> Decimal:
        return added(share.amount for share in self.fees)

    @property
    def gross(self) -> Decimal | None:
        """All that is billed by it."""
        return None if self.net is None else added((self.net.value, self.tax, self.fee))

    @property
    def spot(self) -> tuple[int, int]:
        """Where its line stands: bill by bill, in their order; items that no bill has are behind them."""
        return (self.bill.place, self.place) if self.bill else (_BEHIND, self.place)

    @property
    def turn(self) -> tuple[datetime, int, int]:
        """The order in which items for the same are looked at: by their days, then by their bills."""
        start = self.covered.start or _EARLY
        return start, *self.spot

    def line(self, standing: LineVerdict, reason: Reason, text: str, expected: Decimal | None = None) -> ItemLine:
        """Its line, with `expected` as all that should have been billed."""
        order, order_item = self.key or ("", "")
        start, end = self.covered.start, self.covered.end
        return ItemLine(
            standing,
            reason,
            text,
            bill=self.bill.identifier if self.bill else "",
            item=self.identifier,
            account=(self.bill.account if self.bill else None) or "",
            product=self.product or "",
            order=order,
            order_item=order_item,
            kind=self.kind,
            begin=start.strftime("%Y-%m-%d") if start else "",
            end=end.strftime("%Y-%m-%d") if end else "",
            net=self.net.value if self.net else None,
            tax=self.tax if self.net else None,
            fee=self.fee if self.net else None,
            billed=self.gross,
            expected=expected,
            currency=self.net.unit if self.net else "",
        )


_EARLY: Final = datetime(1, 1, 2, tzinfo=UTC)


TAKEN_BACK: Final = "withdrawn:"
"""Before the mark of a price that was charged, and withdrawn."""


@dataclass(slots=True)
class ChargedSoFar:
    """What was billed for one subject so far: by price, the spans and the items that were charged by it."""

    spans: dict[str, list[tuple[DaySpan, str]]] = field(default_factory=dict)
    _reach: dict[str, list[datetime | None]] = field(default_factory=dict)
    """Until when the spans up to each of them go on; None where one is open."""
    left: dict[str, tuple[DaySpan, str, Decimal]] = field(default_factory=dict)
    """By item: its days, its kind, and how much of its net amount was not given back."""
    given: dict[str, Decimal] = field(default_factory=dict)
    """By item: how much was."""

    def give_back(self, covered: DaySpan, kind: str, amount: Decimal) -> str | None:
        """Take an amount off the newest item of that kind that has some of these days and comes to as much; gives its id."""
        for identifier, (span, billed, left) in reversed(self.left.items()):
            common = covered.within(span).closed
            if billed == kind and left >= amount and (common is None or common[0] < common[1] or kind == ONE_OFF):
                self.left[identifier] = span, billed, left - amount
                self.given[identifier] = self.given.get(identifier, Decimal(0)) + amount
                return identifier
        return None

    def before(self, mark: str, covered: DaySpan, kind: str) -> str | None:
        """The item that was billed by this price for some of these days already (by more than a day); for all of them where it
        is charged once.
        """
        rows = self.spans.get(mark, [])
        if kind == ONE_OFF:
            return rows[0][1] if rows else None
        if kind != RECURRING:
            return None
        found = self.overlapping(mark, covered)
        return found[1] if found else None

    def overlapping(self, mark: str, covered: DaySpan) -> tuple[DaySpan, str] | None:
        """The span that was billed last by this price of those that have more than a day of these, and its item."""
        for (span, identifier), reach in zip(
            reversed(self.spans.get(mark, [])), reversed(self._reach.get(mark, [])), strict=True
        ):
            common = covered.within(span).closed
            if common is not None and common[1] - common[0] > DAY:
                return span, identifier
            if reach is not None and covered.start is not None and reach < covered.start - DAY:
                return None  # none of those before it goes on for longer
        return None

    def add(self, mark: str, covered: DaySpan, identifier: str) -> None:
        self.spans.setdefault(mark, []).append((covered, identifier))
        reach = self._reach.setdefault(mark, [])
        ends = [covered.end, *reach[-1:]]
        reach.append(None if None in ends else max(end for end in ends if end is not None))


def is_gone(agreed: Agreed, product: str, entry: Sighted) -> bool:
    """Whether a product is known never to have been there: its read was answered with 404, or a list of all, later, lacks it."""
    if agreed.book.entry(PRODUCT, product) is not None:
        return False
    return agreed.book.lost(PRODUCT, product) or agreed.book.inventory > entry.first


def lacks(agreed: Agreed, key: Key) -> bool:
    """Whether an order item is known not to be there: its order is not, or has no such item."""
    order = agreed.book.entry(ORDER, key[0])
    if order is None:
        return agreed.book.lost(ORDER, key[0])
    return key not in agreed.items and "productOrderItem" in order.members


def taxes_agree(case: BilledItem, unit: str, methods: Methods) -> bool:
    """Whether each tax is its rate of what was charged, with or without the fee, on top of other taxes or not."""
    assert case.net is not None
    for n, share in enumerate(case.taxes):
        if share.rate is None:
            continue
        others = [other.amount for other in (*case.taxes[:n], *case.taxes[n + 1 :])]
        if not any(agree(share.amount, percent(share.rate, base), unit, methods) for base in _bases(case, others)):
            return False
    return True


def _bases(case: BilledItem, others: list[Decimal]) -> Iterator[Decimal]:
    assert case.net is not None
    if len(others) >= _MOST_STACKED:
        stacks: list[tuple[Decimal, ...]] = [(), tuple(others)]
    else:
        stacks = [stack for size in range(len(others) + 1) for stack in combinations(others, size)]
    for base in dict.fromkeys((case.net.value, added((case.net.value, case.fee)))):
        yield from (added((base, *stack)) for stack in stacks)


def fees_agree(case: BilledItem, unit: str, methods: Methods) -> bool:
    """Whether each fee that has a rate is that of what was charged, or of rate times quantity."""
    assert case.net is not None
    bases = [case.net.value]
    if case.rate is not None and case.quantity is not None and case.rate.unit == unit:
        bases.append(times(case.rate.value, case.quantity))
    return all(
        not share.rate or any(agree(share.amount, percent(share.rate, base), unit, methods) for base in bases)
        for share in case.fees
    )


def with_shares(case: BilledItem, net: Decimal, price: AgreedPrice | None, unit: str, methods: Methods) -> Decimal:
    """All that should have been billed where `net` should: with fees and taxes by their rates, the tax by the agreed rate where
    there is one.
    """
    fees = [rounded(percent(share.rate, net), unit, methods) if share.rate else share.amount for share in case.fees]
    if net == ZERO:
        return ZERO
    fee = added(fees)
    agreed_rate = price.tax if price is not None and len(case.taxes) == 1 else None
    taxes = []
    for share in case.taxes:
        rate = share.rate if agreed_rate is None else agreed_rate
        on_fee = (
            case.net is not None
            and share.rate is not None
            and case.fee != ZERO
            and not agree(share.amount, percent(share.rate, case.net.value), unit, methods)
            and agree(share.amount, percent(share.rate, added((case.net.value, case.fee))), unit, methods)
        )
        base = added((net, fee)) if on_fee else net
        taxes.append(share.amount if rate is None else rounded(percent(rate, base), unit, methods))
    return added((net, fee, *taxes))
