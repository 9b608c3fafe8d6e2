"""Bills that are wrong on purpose: one item, or one more or less, so that who reconciles has something to find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Final, cast

from emulator.money.amounts import percent, rounded
from emulator.money.currency import minor_unit
from emulator.parties.apis.billing_lines import BillLine
from emulator.parties.apis.rating import Coverage, RatedAmounts, RatingMethod, Unit, charges_of, quantity_of, rate
from emulator.parties.billing_section import Wrong

_DEARER: Final = Decimal("1.1")
_EARLIER: Final = timedelta(days=10)
_LASTING: Final = "recurring"


def spoiled(
    lines: list[BillLine],
    wrong: Iterable[Wrong],
    gone: list[tuple[BillLine, date]],
    end: date,
    method: RatingMethod,
) -> list[BillLine]:
    """The lines of a bill with so much of them wrong. `gone` are products that are terminated, as their last line was, and
    since when; where there is none, nobody is charged for one.
    """
    for each in wrong:
        if each == "terminated":
            lines = [*lines, *_of_gone(gone, end, method)]
        elif each == "duplicate":
            lines = [*lines, lines[0]] if lines else lines
        elif each == "missing":
            lines = lines[1:] if len(lines) > 1 else lines
        elif lines:
            at = next((n for n, line in enumerate(lines) if line.type == _LASTING), 0)
            lines = [*lines[:at], _SPOILING[each](lines[at], method), *lines[at + 1 :]]
    return lines


def _of_gone(gone: list[tuple[BillLine, date]], end: date, method: RatingMethod) -> list[BillLine]:
    for line, since in gone:
        for part, quantity, amounts in charges_of(
            line.price, cast("Unit", line.unit), Coverage(since, end), since, method
        ):
            return [replace(line, covered=part, quantity=quantity, amounts=amounts)]
    return []


def _dearer(line: BillLine, method: RatingMethod) -> BillLine:
    value = rounded(line.price.value * _DEARER, line.price.currency) or Decimal(10)
    price = replace(line.price, value=value)
    return replace(line, price=price, amounts=rate(price, line.quantity, method))


def _earlier(line: BillLine, method: RatingMethod) -> BillLine:
    """For days before its product was there: beside those for which it is, or in their place where they are not the first."""
    end = line.covered.end if line.covered.start == line.first else line.first
    covered = Coverage(line.first - _EARLIER, end)
    if line.type == _LASTING:
        unit = cast("Unit", line.unit)
        parts = (quantity_of(unit, part, covered.start, method) for part in covered.months())
        quantity = sum(parts, Decimal(0))
    else:
        quantity = line.quantity
    return replace(line, covered=covered, quantity=quantity, amounts=rate(line.price, quantity, method))


def _taxed_twice(line: BillLine, method: RatingMethod) -> BillLine:
    """Tax upon the amount that has it already."""
    base, unit = line.amounts.gross, line.price.currency
    taxes = tuple(rounded(percent(each.rate, base), unit, method.rounding) for each in line.price.taxes)
    return replace(line, amounts=RatedAmounts(line.amounts.net, line.amounts.fees, taxes))


def _foreign(line: BillLine, _: RatingMethod) -> BillLine:
    return replace(line, price=replace(line.price, currency="USD" if line.price.currency != "USD" else "EUR"))


def _rounded_up(line: BillLine, method: RatingMethod) -> BillLine:
    """To the next whole unit of the currency, and taxes and fees upon that."""
    unit = line.price.currency
    net = (line.amounts.net + minor_unit(unit)).to_integral_value(ROUND_FLOOR) + 1
    amounts = rate(replace(line.price, value=net), Decimal(1), method)
    return replace(line, amounts=amounts)


_SPOILING: Final[Mapping[str, Callable[[BillLine, RatingMethod], BillLine]]] = {
    "rate": _dearer,
    "period": _earlier,
    "taxBase": _taxed_twice,
    "currency": _foreign,
    "rounding": _rounded_up,
}
