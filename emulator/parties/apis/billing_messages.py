"""Bills and their items as MEF 141 shows them (7.2.1.1, 7.2.1.3), made of rated lines, and their amounts read again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from emulator.money.amounts import as_money, decimal_of, number_in
from emulator.parties.apis.billing_lines import BillLine
from emulator.parties.apis.rating import BillTotals, Coverage, totals_of
from emulator.parties.clock import rfc3339


def midnight(day: date) -> datetime:
    """The moment at which a day begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def period(covered: Coverage) -> dict[str, str]:
    """A TimePeriod: the first moment that is covered, and the first that is not."""
    return {"startDateTime": rfc3339(midnight(covered.start)), "endDateTime": rfc3339(midnight(covered.end))}


def number(value: Decimal) -> int | float:
    """A quantity or rate as a message has it."""
    whole = value.to_integral_value()
    return int(whole) if value == whole else float(value)


def item_of(line: BillLine, identifier: str) -> dict[str, Any]:
    """A CustomerBillItem without its state."""
    unit, amounts = line.price.currency, line.amounts

    def duties(rates: Sequence[Any], sums: Sequence[Decimal]) -> list[dict[str, Any]]:
        return [
            {
                "category": each.category,
                "rate": number(each.rate),
                **({"description": each.description} if each.description else {}),
                "amount": as_money(amount, unit),
            }
            for each, amount in zip(rates, sums, strict=True)
        ]

    item: dict[str, Any] = {
        "id": identifier,
        "appliedFee": duties(line.price.fees, amounts.fees),
        "appliedTax": duties(line.price.taxes, amounts.taxes),
        "customerBillItemType": line.type,
        "description": line.name,
        "periodCoverage": period(line.covered),
        "productName": line.product_name,
        "taxExcludedAmount": as_money(amounts.net, unit),
        "unit": line.unit,
        "unitQuantity": number(line.quantity),
        "unitRate": as_money(line.price.value, unit),
    }
    if line.product is not None:
        item["product"] = {"id": line.product}
    if line.order is not None:
        item["productOrderItem"] = {"productOrderId": line.order[0], "productOrderItemId": line.order[1]}
    return item


def amounts_of(lines: Sequence[BillLine], credited: Decimal, currency: str) -> dict[str, Any]:
    """The amounts of a new bill: sums of its items, taxes by category and rate."""
    totals = totals_of((line.amounts for line in lines), credited)
    by_rate: dict[tuple[str, Decimal], Decimal] = {}
    for line in lines:
        for each, amount in zip(line.price.taxes, line.amounts.taxes, strict=True):
            key = (each.category, each.rate)
            by_rate[key] = by_rate.get(key, Decimal(0)) + amount
    return {
        "taxExcludedAmount": as_money(totals.net, currency),
        "fees": as_money(totals.fees, currency),
        "taxIncludedAmount": as_money(totals.gross, currency),
        "discounts": as_money(Decimal(0), currency),
        "taxItem": [
            {"taxCategory": category, "taxRate": number(rate), "taxAmount": as_money(amount, currency)}
            for (category, rate), amount in by_rate.items()
        ],
        **_left(totals, currency),
    }


def _left(totals: BillTotals, currency: str) -> dict[str, Any]:
    return {
        "credits": as_money(totals.credited, currency),
        "amountDue": as_money(totals.due, currency),
        "remainingAmount": as_money(totals.remaining, currency),
    }


def value_of(bill: Mapping[str, Any], member: str) -> Decimal:
    """An amount of a bill; nothing where it has none."""
    return number_in(bill, member) or Decimal(0)


def currency_of(bill: Mapping[str, Any]) -> str:
    """The currency of a bill."""
    return str((bill.get("amountDue") or {}).get("unit", "USD"))


def paid_of(bill: Mapping[str, Any]) -> Decimal:
    """What was paid."""
    applied: Iterable[Any] = bill.get("appliedPayment") or ()
    return sum((number_in(each, "appliedAmount") or Decimal(0) for each in applied), Decimal(0))


def settle_sums(bill: dict[str, Any], credited: Decimal) -> Decimal:
    """Have what is due and what remains follow from the bill's total, its credits and discounts, and what was paid; none of them
    is below nothing. Gives what is thereby left for the next bill: credits of more than is to be paid, and what was paid too much.
    """
    unit, paid, none = currency_of(bill), paid_of(bill), Decimal(0)
    there = value_of(bill, "taxIncludedAmount") - value_of(bill, "discounts")
    taken, left_before = min(credited, there), max(paid - value_of(bill, "amountDue"), none)
    due = there - taken
    bill["credits"] = as_money(taken, unit)
    bill["amountDue"] = as_money(due, unit)
    bill["remainingAmount"] = as_money(max(due - paid, none), unit)
    return credited - taken + max(paid - due, none) - left_before


def amount_said(words: Mapping[str, Any], name: str = "amount") -> Decimal | None:
    """An amount that somebody gives for a verb, as a number or as text; None where none is given. ValueError for another."""
    said = words.get(name)
    if said is None:
        return None
    found = decimal_of(said)
    if found is None and isinstance(said, str):
        try:
            found = Decimal(said)
        except ArithmeticError as error:
            raise ValueError(f"{name} {said!r:.40} is no number") from error
    if found is None or not found.is_finite() or found <= 0:
        raise ValueError(f"{name} has to be a number above 0, not {said!r:.40}")
    return found
