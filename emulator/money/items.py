"""What has to add up within an item of a bill: its fees, its taxes, rate and quantity, its currency and its period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import Any, Final

from emulator.money.amounts import Amount, agrees, amount_of, decimal_of, nearest, number_in, percent, tolerance
from emulator.money.currency import is_code
from emulator.money.imbalance import FORMULAS, Imbalance, imbalance
from emulator.standard.instant import read_moment

_HALF: Final = Decimal("0.5")
_STACKED: Final = 5
"""So many other taxes are tried in a tax's base; of more every order would be right somehow."""


@dataclass(frozen=True, slots=True)
class Levy:
    """A fee or a tax: its rate in percent and its amount, each None where it is not given; `place` is its JSON Pointer."""

    place: str
    rate: Decimal | None
    amount: Decimal | None


def item_imbalances(item: dict[str, Any]) -> list[Imbalance]:
    """Where an item does not fit together: A9 to A13. What it does not show is passed over."""
    return [*currency_imbalances(item, item_id(item)), *_periods(item), *_amounts(item)]


def item_id(item: dict[str, Any]) -> str:
    """The id of a bill or item; empty where it has none."""
    found = item.get("id")
    return found if isinstance(found, str) else ""


def fees_of(item: dict[str, Any]) -> list[Levy]:
    """The fees of an item."""
    return _levies(item, "appliedFee")


def taxes_of(item: dict[str, Any]) -> list[Levy]:
    """The taxes of an item."""
    return _levies(item, "appliedTax")


def total(levies: list[Levy]) -> Decimal | None:
    """What fees or taxes come to; None where one does not say how much it is."""
    amounts = [each.amount for each in levies]
    return None if None in amounts else sum((each for each in amounts if each is not None), Decimal(0))


def gross_of(item: dict[str, Any]) -> Decimal | None:
    """The amount of an item with its fees and taxes; None where one of them is not known."""
    net, fees, taxes = number_in(item, "taxExcludedAmount"), total(fees_of(item)), total(taxes_of(item))
    return None if net is None or fees is None or taxes is None else net + fees + taxes


def unit_of(holder: dict[str, Any], *members: str) -> str:
    """The currency of the first of these members that is a Money; empty where none is."""
    found = (amount_of(holder.get(member)) for member in members)
    return next((each.unit for each in found if each), "")


def amounts_in(node: Any, place: str = "") -> Iterator[tuple[str, Amount]]:
    """Each Money within a value, with its JSON Pointer."""
    if isinstance(node, dict):
        found = amount_of(node)
        if found:
            yield place, found
            return
        for name, value in node.items():
            yield from amounts_in(value, f"{place}/{name}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from amounts_in(value, f"{place}/{index}")


def currency_imbalances(holder: dict[str, Any], item: str = "", wanted: str = "") -> Iterator[Imbalance]:
    """Amounts of an item or bill in another currency than its first (or than the one `wanted`), or in none (A12)."""
    for place, unit in ((place, each.unit) for place, each in amounts_in(holder)):
        wanted = wanted or unit
        if not is_code(unit):
            yield Imbalance("A12", f"{place}/unit", f"{place}/unit is {unit!r}: {FORMULAS['A12']}", item=item)
        elif unit != wanted and is_code(wanted):
            message = f"{place}/unit is {unit}, and {wanted} elsewhere: {FORMULAS['A12']}"
            yield Imbalance("A12", f"{place}/unit", message, item=item)


def period_imbalances(
    holder: dict[str, Any], member: str, item: str = "", *, instant: bool = False
) -> Iterator[Imbalance]:
    """A period that ends before it begins (A13), or where it begins unless `instant`. An open end is fine."""
    period = holder.get(member)
    if not isinstance(period, dict):
        return
    start, end = read_moment(period.get("startDateTime")), read_moment(period.get("endDateTime"))
    if start is None or end is None or start < end or (instant and start == end):
        return
    message = f"/{member} begins at {start.isoformat()} and ends at {end.isoformat()}: {FORMULAS['A13']}"
    yield Imbalance("A13", f"/{member}", message, item=item)


def _periods(item: dict[str, Any]) -> Iterator[Imbalance]:
    # What is paid once may be for a moment.
    once = item.get("customerBillItemType") != "recurring"
    yield from period_imbalances(item, "periodCoverage", item_id(item), instant=once)


def _levies(item: dict[str, Any], member: str) -> list[Levy]:
    listed = item.get(member)
    if not isinstance(listed, list):
        return [Levy(f"/{member}", None, None)]  # nobody knows of how much
    return [
        Levy(f"/{member}/{index}", decimal_of(each.get("rate")), number_in(each, "amount"))
        for index, each in enumerate(listed)
        if isinstance(each, dict)
    ]


def _amounts(item: dict[str, Any]) -> Iterator[Imbalance]:
    unit, net = unit_of(item, "taxExcludedAmount"), number_in(item, "taxExcludedAmount")
    rate, quantity = number_in(item, "unitRate"), decimal_of(item.get("unitQuantity"))
    product = None if rate is None or quantity is None else rate * quantity
    if net is None:
        return
    fees, taxes = fees_of(item), taxes_of(item)
    yield from _taxes(item, unit, net, fees, taxes)
    for fee in fees:
        if fee.rate is not None and fee.amount is not None:
            bases = [net] if product is None else [net, product]
            expected = nearest(fee.amount, (percent(fee.rate, base) for base in bases))
            if not agrees(fee.amount, expected, unit):
                yield imbalance("A10", f"{fee.place}/amount", fee.amount, expected, unit, item=item_id(item))
    yield from _rates(item, [net] if (gross := gross_of(item)) is None else [net, gross])


def rate_imbalances(item: dict[str, Any], *, gross: bool) -> list[Imbalance]:
    """Where rate times quantity is not the net amount, or with `gross` not the amount with fees and taxes (A11)."""
    wanted = gross_of(item) if gross else number_in(item, "taxExcludedAmount")
    return [] if wanted is None else list(_rates(item, [wanted]))


def _rates(item: dict[str, Any], wanted: list[Decimal]) -> Iterator[Imbalance]:
    """Rate times quantity against the closest of some amounts."""
    unit, rate, quantity = unit_of(item, "unitRate"), number_in(item, "unitRate"), decimal_of(item.get("unitQuantity"))
    if rate is None or quantity is None:
        return
    product = rate * quantity
    expected = nearest(product, wanted)
    levies = 0 if expected == number_in(item, "taxExcludedAmount") else len(fees_of(item)) + len(taxes_of(item))
    # A quantity of so many decimals stands for all that round to it.
    slack = tolerance(unit, 1 + levies, expected) + abs(rate) * _half_a_digit(quantity)
    if abs(product - expected) > slack:
        yield imbalance("A11", "/taxExcludedAmount", expected, product, unit, item=item_id(item))


def _half_a_digit(value: Decimal) -> Decimal:
    exponent = value.as_tuple().exponent
    return _HALF.scaleb(exponent) if isinstance(exponent, int) and exponent < 0 and value % 1 else Decimal(0)


def _taxes(item: dict[str, Any], unit: str, net: Decimal, fees: list[Levy], taxes: list[Levy]) -> Iterator[Imbalance]:
    fee = total(fees)
    bases = [net] if fee is None else [net, net + fee]
    for tax in taxes if len(taxes) <= _STACKED + 1 else ():
        others = [each.amount for each in taxes if each is not tax and each.amount is not None]
        if tax.rate is None or tax.amount is None:
            continue
        stacked = [sum(some, Decimal(0)) for size in range(len(others) + 1) for some in combinations(others, size)]
        expected = nearest(tax.amount, (percent(tax.rate, base + more) for base in bases for more in stacked))
        if not agrees(tax.amount, expected, unit):
            yield imbalance("A9", f"{tax.place}/amount", tax.amount, expected, unit, item=item_id(item))
