"""What a bill is made of before it is one: what became of a product, the lines that follow from that, how far an account was billed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from emulator.parties.apis.rating import Coverage, RatedAmounts, UnitPrice


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in which a product has the same prices; `order` is the order and the item that brought them about."""

    prices: tuple[Mapping[str, Any], ...]
    order: tuple[str, str] | None
    start: date


@dataclass(frozen=True, slots=True)
class ServiceHistory:
    """What became of a product: its spells, one after the other, and the day on which it ended, if it did."""

    product: str
    name: str
    account: str
    offering: str
    spells: tuple[Spell, ...]
    end: date | None

    def covered(self, index: int) -> Coverage:
        """The days of a spell; one without an end goes on."""
        last = index + 1 == len(self.spells)
        end = self.end if last else self.spells[index + 1].start
        if self.end is not None and end is not None:
            end = min(end, self.end)
        return Coverage(self.spells[index].start, end or date.max)


@dataclass(frozen=True, slots=True)
class BillLine:
    """One item of a bill to be; `first` is the day from which its product is there."""

    type: str
    name: str
    product: str | None
    order: tuple[str, str] | None
    product_name: str
    unit: str
    price: UnitPrice
    covered: Coverage
    quantity: Decimal
    amounts: RatedAmounts
    first: date


@dataclass(slots=True)
class BilledSoFar:
    """How far an account was billed: all is billed before `since`; `ahead` has by product to which day it was charged in advance
    and under which of its spells, `once` the order items and charges that were billed, `credit` what is still to be taken off, by
    currency; `bills` counts.
    """

    since: date
    ahead: dict[str, tuple[date, int]] = field(default_factory=dict)
    once: set[str] = field(default_factory=set)
    credit: dict[str, Decimal] = field(default_factory=dict)
    bills: int = 0

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> BilledSoFar:
        """Read from where `as_json` was kept."""
        return cls(
            date.fromisoformat(body["since"]),
            {product: (date.fromisoformat(day), spell) for product, (day, spell) in body["ahead"].items()},
            set(body["once"]),
            {currency: Decimal(amount) for currency, amount in body["credit"].items()},
            body["bills"],
        )

    def as_json(self) -> dict[str, Any]:
        """For the store."""
        return {
            "since": self.since.isoformat(),
            "ahead": {product: [day.isoformat(), spell] for product, (day, spell) in self.ahead.items()},
            "once": sorted(self.once),
            "credit": {currency: str(amount) for currency, amount in self.credit.items()},
            "bills": self.bills,
        }


def currencies(lines: Iterable[BillLine]) -> dict[str, list[BillLine]]:
    """Lines by their currency: a bill has one."""
    found: dict[str, list[BillLine]] = {}
    for line in lines:
        found.setdefault(line.price.currency, []).append(line)
    return found
