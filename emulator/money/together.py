"""What has to add up between a bill and its items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, Final

from emulator.money.amounts import agrees, decimal_of, nearest, number_in
from emulator.money.bills import NONE, WITHDRAWN, ids_of_items, is_given_back, taxes_of_bill, with_and_without
from emulator.money.imbalance import Imbalance, imbalance
from emulator.money.items import currency_imbalances, fees_of, item_id, taxes_of, total, unit_of

_RATES: Final = 50
"""So many rates of tax are told apart in a bill; of more the sum alone is compared."""
Summed = Callable[[dict[str, Any]], Decimal | None]
"""What of an item is added up; None where it does not say."""


def sum_imbalances(bill: dict[str, Any], items: Sequence[dict[str, Any]]) -> list[Imbalance]:
    """Where a bill is not the sum of its items (A4 to A6), or one of them is in another currency (A12).

    Sums are silent unless the items are all those that the bill refers to, each once. Items that were withdrawn or credited
    may be in them or not.
    """
    unit = unit_of(bill, "taxExcludedAmount", "amountDue", "taxIncludedAmount")
    found = [each for item in items for each in currency_imbalances(item, item_id(item), unit) if unit]
    if sorted(ids_of_items(bill)) == sorted(map(item_id, items)):
        found += _nets(bill, items, unit)
        found += _taxes(bill, items, unit)
        found += _fees(bill, items, unit)
    return found


def _nets(bill: dict[str, Any], items: Sequence[dict[str, Any]], unit: str) -> Iterator[Imbalance]:
    net = number_in(bill, "taxExcludedAmount")
    sums = _sums(items, lambda item: number_in(item, "taxExcludedAmount"))
    if net is None or not sums:
        return
    signs = (0, -1, 1)
    ways = [way for each in sums for way in with_and_without(each, bill, "discounts", "credits", "fees", signs=signs)]
    expected = nearest(net, ways)
    if not agrees(net, expected, unit, len(items) + 1):
        yield imbalance("A4", "/taxExcludedAmount", net, expected, unit)


def _fees(bill: dict[str, Any], items: Sequence[dict[str, Any]], unit: str) -> Iterator[Imbalance]:
    fees = number_in(bill, "fees")
    sums = _sums(items, lambda item: total(fees_of(item)))
    if fees is None or not sums:
        return
    expected = nearest(fees, sums)
    if not agrees(fees, expected, unit, sum(len(fees_of(item)) for item in items) + 1):
        yield imbalance("A6", "/fees", fees, expected, unit)


def _taxes(bill: dict[str, Any], items: Sequence[dict[str, Any]], unit: str) -> Iterator[Imbalance]:
    """By rate, where all taxes have one; all of them together where not. Kinds of tax have names of their own in each."""
    taxes, levies = taxes_of_bill(bill), [levy for item in items for levy in taxes_of(item)]
    if taxes is None:
        return
    listed = bill.get("taxItem")
    rates = [decimal_of(each.get("taxRate")) for each in (listed if isinstance(listed, list) else ())]
    distinct = {*rates, *(levy.rate for levy in levies)}
    if None in distinct or len(distinct) > _RATES:
        sums = _sums(items, lambda item: total(taxes_of(item)))
        yield from _compared("/taxItem", sum(taxes, NONE), sums, unit, len(levies) + len(taxes))
        return
    for rate in sorted(each for each in distinct if each is not None):
        places = [index for index, each in enumerate(rates) if each == rate]
        sums = _sums(items, partial(_tax_at, rate))
        place = f"/taxItem/{places[0]}/taxAmount" if places else "/taxItem"
        count = sum(levy.rate == rate for levy in levies) + len(places)
        yield from _compared(place, sum((taxes[index] for index in places), NONE), sums, unit, count)


def _tax_at(rate: Decimal, item: dict[str, Any]) -> Decimal | None:
    return total([each for each in taxes_of(item) if each.rate == rate])


def _compared(place: str, found: Decimal, sums: list[Decimal], unit: str, summands: int) -> Iterator[Imbalance]:
    if sums and not agrees(found, expected := nearest(found, sums), unit, summands):
        yield imbalance("A5", place, found, expected, unit)


def _sums(items: Sequence[dict[str, Any]], of: Summed) -> list[Decimal]:
    """What items come to: all of them, without those that were withdrawn, and without credited ones, too. None where one does
    not say.
    """
    amounts = [(item, of(item)) for item in items]
    if any(amount is None for _, amount in amounts):
        return []
    known = [(item, amount) for item, amount in amounts if amount is not None]
    withdrawn = [(item, amount) for item, amount in known if item.get("state") not in WITHDRAWN]
    kept = [(item, amount) for item, amount in known if not is_given_back(item)]
    return list(dict.fromkeys(sum((amount for _, amount in some), NONE) for some in (known, withdrawn, kept)))
