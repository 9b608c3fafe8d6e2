"""A place where amounts or dates of a bill do not fit together."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

Formula = Literal["A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "A10", "A11", "A12", "A13", "A14", "A15", "A16"]
"""What has to hold; `FORMULAS` says it in words."""

FORMULAS: Final[dict[Formula, str]] = {
    "A1": "remainingAmount is amountDue less what was paid",
    "A2": "nothing remains of a bill that is settled",
    "A3": "remainingAmount is amountDue as long as nothing is paid or credited",
    "A4": "taxExcludedAmount is the sum of its items'",
    "A5": "the taxes of a bill are the sum of its items', by rate",
    "A6": "the fees of a bill are the sum of its items'",
    "A7": "taxIncludedAmount is taxExcludedAmount and taxes, with or without fees",
    "A8": "amountDue is taxIncludedAmount, with or without fees, less credits and discounts",
    "A9": "a tax is its rate of the net amount, or of that with fees or other taxes",
    "A10": "a fee is its rate of the net amount",
    "A11": "unitRate times unitQuantity is the net amount, or that with fees or taxes",
    "A12": "a bill has one currency, of three capital letters",
    "A13": "a period begins before it ends",
    "A14": "a bill is due no sooner than its date, and changed no sooner than it was last paid",
    "A15": "no more of a payment is applied than there is",
    "A16": "lastUpdate moves with state, payments and amounts",
}


@dataclass(frozen=True, slots=True)
class Imbalance:
    """What does not fit: by which formula, where (`at`, a JSON Pointer into the bill, or into the item of the id `item`).

    For amounts `expected` (the closest of what would do) and `found` are of the currency `unit`; for anything else they are
    None, and `message` says it all.
    """

    formula: Formula
    at: str
    message: str
    expected: Decimal | None = None
    found: Decimal | None = None
    unit: str = ""
    item: str = ""

    @property
    def amount(self) -> Decimal | None:
        """By how much what was found is more than what was expected; None where it is no amount."""
        return None if self.found is None or self.expected is None else self.found - self.expected


def imbalance(
    formula: Formula, place: str, found: Decimal, expected: Decimal, unit: str, *, item: str = ""
) -> Imbalance:
    """A difference of two amounts, in words."""
    message = f"{place} is {_shown(found, unit)}, expected {_shown(expected, unit)}: {FORMULAS[formula]}"
    return Imbalance(formula, place, message, expected, found, unit, item)


def _shown(value: Decimal, unit: str) -> str:
    return f"{value.normalize():f} {unit}".rstrip()
