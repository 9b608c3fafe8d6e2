"""Amounts as exact decimals: read from messages, rounded, compared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from typing import Any, Final, Literal

from emulator.money.currency import minor_unit

Rounding = Literal["half-up", "half-even", "down"]
"""How an amount is brought to its currency's decimals: the readings of `billing-rounding`."""
_MODES: Final[Mapping[Rounding, str]] = {
    "half-up": ROUND_HALF_UP,
    "half-even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
}
RELATIVE: Final = Decimal("0.000001")
"""What an amount may be off by its type alone, as a part of itself: contracts say float."""
_HALF: Final = Decimal("0.5")
_HUNDRED: Final = Decimal(100)
_WIDE: Final = Context(prec=400)  # digits enough for what a double can be


@dataclass(frozen=True, slots=True)
class Amount:
    """So much of a currency; `unit` is as the message had it."""

    value: Decimal
    unit: str


def decimal_of(value: object) -> Decimal | None:
    """A number of a message, exactly as it was written (up to 17 digits, which is what a double holds); else None."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else None
    found = Decimal(value)
    return found if found.is_finite() else None


def amount_of(value: object) -> Amount | None:
    """A Money of a message, as `{"unit": "EUR", "value": 12.5}`; None where it is none."""
    if not isinstance(value, dict):
        return None
    number, unit = decimal_of(value.get("value")), value.get("unit")
    return Amount(number, unit) if number is not None and isinstance(unit, str) else None


def number_in(holder: object, member: str) -> Decimal | None:
    """The value of a Money that is a member of an object; None where there is none."""
    found = amount_of(holder.get(member)) if isinstance(holder, dict) else None
    return found.value if found else None


def rounded(value: Decimal, unit: str, how: Rounding = "half-up") -> Decimal:
    """An amount with the decimals that its currency has."""
    return value.quantize(minor_unit(unit), rounding=_MODES[how], context=_WIDE)


def percent(rate: Decimal, base: Decimal) -> Decimal:
    """So many percent of a base, not rounded."""
    return rate * base / _HUNDRED


def as_money(value: Decimal, unit: str) -> dict[str, Any]:
    """An amount as a message has it. A number without a part below one is written as an integer."""
    whole = value.to_integral_value()
    return {"unit": unit, "value": int(whole) if value == whole else float(value)}


def tolerance(unit: str, summands: int, size: Decimal = Decimal(0)) -> Decimal:
    """By how much a sum may be off: half a minor unit for each amount in it, or a millionth of its size if that is more."""
    return max(_HALF * minor_unit(unit) * max(summands, 1), RELATIVE * abs(size))


def nearest(found: Decimal, candidates: Iterable[Decimal]) -> Decimal:
    """The candidate that is closest to a value; of two as close the first. There must be one."""
    return min(candidates, key=lambda each: abs(found - each))


def is_share(found: Decimal, exact: Decimal, unit: str) -> bool:
    """Whether an amount is a product, rounded in whichever way: up, down, or to the closer of both."""
    off = abs(found - exact)
    return off < minor_unit(unit) or off <= RELATIVE * abs(exact)


def agrees(found: Decimal, expected: Decimal, unit: str, summands: int = 1) -> bool:
    """Whether two amounts are the same, but for what rounding so many summands explains."""
    return abs(found - expected) <= tolerance(unit, summands, expected)
