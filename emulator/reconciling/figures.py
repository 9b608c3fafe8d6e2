"""Whether amounts agree, by the methods that a partner bills by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Context, Decimal
from typing import Final

from emulator.money import amounts
from emulator.money.amounts import Amount
from emulator.money.currency import minor_unit
from emulator.reconciling.settings import Methods, Rounding

ZERO: Final = Decimal(0)
_EXACT: Final = Context(prec=60)
_LARGEST: Final = Decimal("1e18")
_WAYS: Final[Mapping[Rounding, amounts.Rounding]] = {
    Rounding.HALF_UP: "half-up",
    Rounding.HALF_EVEN: "half-even",
    Rounding.DOWN: "down",
}


def number_of(value: object) -> Decimal | None:
    """A number of a message, exactly; None where there is none, or none that anybody is billed."""
    found = amounts.decimal_of(value)
    return found if found is not None and abs(found) < _LARGEST else None


def sum_of(value: object) -> Amount | None:
    """A Money of a message; None where there is none, or none that anybody is billed."""
    found = amounts.amount_of(value)
    return found if found is not None and abs(found.value) < _LARGEST else None


def times(one: Decimal, other: Decimal) -> Decimal:
    """Both multiplied, exactly."""
    return _EXACT.multiply(one, other)


def percent(rate: Decimal, base: Decimal) -> Decimal:
    """So many percent of a base, exactly."""
    return _EXACT.multiply(rate, base).scaleb(-2, _EXACT)


def added(values: Iterable[Decimal]) -> Decimal:
    """The sum of these, exactly."""
    total = ZERO
    for value in values:
        total = _EXACT.add(total, value)
    return total


def rounded(value: Decimal, unit: str, methods: Methods) -> Decimal:
    """An amount with the decimals of its currency: by half up where any rounding is allowed."""
    return amounts.rounded(value, unit, _WAYS.get(methods.rounding, "half-up"))


def agree(billed: Decimal, exact: Decimal, unit: str, methods: Methods) -> bool:
    """Whether an amount is what it should be, rounded in whichever way, and but for what the type of amounts makes of a large
    one; where a rounding was declared, it has to be rounded so.
    """
    if methods.rounding is not Rounding.ANY:
        return abs(billed - rounded(exact, unit, methods)) <= methods.tolerance
    return amounts.is_share(billed, exact, unit) or abs(billed - exact) <= methods.tolerance


__all__ = ["ZERO", "Amount", "added", "agree", "minor_unit", "number_of", "percent", "rounded", "sum_of", "times"]
