"""Rating: what a price makes of the days or units for which it is charged, in exact decimals (MEF 141 7.2.1.3, 7.2.1.5, 7.2.1.9).

The guide has the members of a bill item and no formula. Ours, the same for every item:

    net   = unitRate x unitQuantity             fee = rate % x net, for each fee
    tax   = rate % x net, for each tax          gross = net + fees + taxes

Each of them is rounded once, at the currency's minor unit; a bill's amounts are sums of rounded items and never worked out anew.
The quantity of a recurring price is the part of its unit that is covered, to ten decimals: covered days / days of that month,
days of that year for a yearly price. Coverage is [start, end) in whole days of UTC. Nothing here knows a store or a message.
"""

from __future__ import annotations

import decimal
from calendar import isleap, monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal

from emulator.money.amounts import Rounding, percent, rounded
from emulator.parties.billing_section import Cycle, ProRata

Unit = Literal["hour", "day", "week", "month", "year"]

_TEN: Final = Decimal("1e-10")


@dataclass(frozen=True, slots=True)
class RatingMethod:
    """How a part of a month or year is charged, and how amounts are rounded: readings `billing-prorate` and
    `billing-rounding` of the register, by their names there.
    """

    pro_rata: ProRata = "days"
    rounding: Rounding = "half-up"


@dataclass(frozen=True, slots=True)
class DutyRate:
    """A tax or a fee: `rate` percent of the net amount. `category` is one of the contract's."""

    category: str
    rate: Decimal
    description: str = ""


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """What one unit costs without duty, in a currency by its code of ISO 4217."""

    value: Decimal
    currency: str
    taxes: tuple[DutyRate, ...] = ()
    fees: tuple[DutyRate, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """Whole days of UTC, from `start` on and before `end`."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """How many; none where it ends before it starts."""
        return max(0, (self.end - self.start).days)

    def within(self, start: date, end: date) -> Coverage:
        """The part of it from `start` on and before `end`."""
        return Coverage(max(self.start, start), min(self.end, end))

    def months(self) -> Iterator[Coverage]:
        """It cut where months begin."""
        start = self.start
        while start < self.end:
            following = next_month(start)
            yield Coverage(start, min(following, self.end))
            start = following


@dataclass(frozen=True, slots=True)
class RatedAmounts:
    """The amounts of one item, each rounded: fees and taxes in the order of its price's."""

    net: Decimal
    fees: tuple[Decimal, ...] = ()
    taxes: tuple[Decimal, ...] = ()

    @property
    def fee(self) -> Decimal:
        """All fees."""
        return sum(self.fees, Decimal(0))

    @property
    def tax(self) -> Decimal:
        """All taxes."""
        return sum(self.taxes, Decimal(0))

    @property
    def gross(self) -> Decimal:
        """With all that goes on top."""
        return self.net + self.fee + self.tax


@dataclass(frozen=True, slots=True)
class BillTotals:
    """The amounts of a bill: sums of its items, less what is credited and paid."""

    net: Decimal
    fees: Decimal
    taxes: Decimal
    credited: Decimal
    paid: Decimal

    @property
    def gross(self) -> Decimal:
        """`taxIncludedAmount`: all items, with fees and taxes."""
        return self.net + self.fees + self.taxes

    @property
    def due(self) -> Decimal:
        """`amountDue`: what is to be paid in all."""
        return self.gross - self.credited

    @property
    def remaining(self) -> Decimal:
        """`remainingAmount`: what is still to be paid."""
        return self.due - self.paid


def next_month(day: date) -> date:
    """The first day of the month after that of a day."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def rate(price: UnitPrice, quantity: Decimal, method: RatingMethod = RatingMethod()) -> RatedAmounts:
    """What so many units cost."""
    net = rounded(price.value * quantity, price.currency, method.rounding)

    def share(each: DutyRate) -> Decimal:
        return rounded(percent(each.rate, net), price.currency, method.rounding)

    return RatedAmounts(net, tuple(map(share, price.fees)), tuple(map(share, price.taxes)))


def quantity_of(unit: Unit, covered: Coverage, begins: date, method: RatingMethod = RatingMethod()) -> Decimal:
    """How many units of a recurring price some days are that lie in one month, to ten decimals. `begins` is the day from which
    the price is charged: by the method `whole` the first covered day of a month stands for all of it.
    """
    days = Decimal(covered.days)
    if not days:
        return Decimal(0)
    if unit == "hour":
        return days * 24
    if unit == "day":
        return days
    if unit == "week":
        return _tenth(days / 7)
    return _part(unit, covered, begins, method)


def _part(unit: Unit, covered: Coverage, begins: date, method: RatingMethod) -> Decimal:
    """A part of a month or of a year."""
    start = covered.start
    if unit == "year":
        first, length = date(start.year, 1, 1), 366 if isleap(start.year) else 365
    else:
        first, length = start.replace(day=1), monthrange(start.year, start.month)[1]
    if method.pro_rata == "whole":
        return Decimal(int(start == max(first, begins)))
    if method.pro_rata == "thirtieths" and covered.days < length:
        # A month is thirty thirtieths, however long it is, and no part of one is more than the whole.
        return _tenth(min(Decimal(covered.days) / (30 if unit == "month" else 360), Decimal(1)))
    return _tenth(Decimal(covered.days) / length)


def _tenth(quantity: Decimal) -> Decimal:
    found = quantity.quantize(_TEN, decimal.ROUND_HALF_UP)
    return Decimal(int(found)) if found == found.to_integral_value() else found.normalize()


def charges_of(
    price: UnitPrice, unit: Unit, covered: Coverage, begins: date, method: RatingMethod = RatingMethod()
) -> Iterator[tuple[Coverage, Decimal, RatedAmounts]]:
    """A recurring price for some days, month by month: the days, the quantity, the amounts. Nothing for no days."""
    for part in covered.months():
        quantity = quantity_of(unit, part, begins, method)
        if quantity:
            yield part, quantity, rate(price, quantity, method)


def credit_for(
    price: UnitPrice, unit: Unit, unused: Coverage, begins: date, method: RatingMethod = RatingMethod()
) -> Decimal:
    """What was charged in advance for days that are not used: the gross amount, which a later bill takes off."""
    return sum((amounts.gross for _, _, amounts in charges_of(price, unit, unused, begins, method)), Decimal(0))


def totals_of(
    items: Iterable[RatedAmounts], credited: Decimal = Decimal(0), paid: Sequence[Decimal] = ()
) -> BillTotals:
    """The amounts of a bill with these items."""
    net = fees = taxes = Decimal(0)
    for each in items:
        net, fees, taxes = net + each.net, fees + each.fee, taxes + each.tax
    return BillTotals(net, fees, taxes, credited, sum(paid, Decimal(0)))


def cycle_start(cycle: Cycle, day: date) -> date:
    """The first day of the cycle in which a day is: months begin on their first, weeks on Monday."""
    if cycle == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if cycle == "week" else day


def cycle_end(cycle: Cycle, day: date) -> date:
    """The day after the last of that cycle."""
    start = cycle_start(cycle, day)
    return next_month(start) if cycle == "month" else start + timedelta(days=7 if cycle == "week" else 1)
