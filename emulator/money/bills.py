"""What has to add up in a bill alone, and from one sighting of it to the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import product
from typing import Any, Final

from emulator.money.amounts import agrees, nearest, number_in
from emulator.money.imbalance import FORMULAS, Imbalance, imbalance
from emulator.money.items import currency_imbalances, item_id, period_imbalances, unit_of
from emulator.standard.instant import read_moment

NONE: Final = Decimal(0)
WITHDRAWN: Final = ("withDrawn", "withdrawn")
"""The state of an item that was withdrawn, as the contract spells it and as the guide does."""
_DAY: Final = timedelta(days=1)
"""By so much two dates differ at least that are not of one day."""
_DATED: Final = (
    *("state", "appliedPayment", "amountDue", "credits", "discounts", "fees", "remainingAmount"),
    *("taxExcludedAmount", "taxIncludedAmount"),
)
"""Members whose changes move lastUpdate."""


def bill_imbalances(bill: dict[str, Any], items: Iterable[dict[str, Any]] | None = None) -> list[Imbalance]:
    """Where a bill by itself does not fit together: A1 to A3, A7, A8, A12 to A15.

    `items`, where all of them are known, say whether anything was given back, without which what remains of an unsettled bill
    cannot be told from amounts. A trial is not paid: nothing is asked of what remains of it.
    """
    unit = unit_of(bill, "amountDue", "taxIncludedAmount", "taxExcludedAmount")
    found = [*currency_imbalances(bill), *period_imbalances(bill, "billingPeriod"), *_dates(bill), *_payments(bill)]
    found += _totals(bill, unit)
    if bill.get("category") != "trial":
        found += _remains(bill, unit, items)
    return found


def applied(bill: dict[str, Any]) -> list[Decimal] | None:
    """What was paid of a bill, payment by payment; None where one does not say how much of it was applied."""
    listed = bill.get("appliedPayment")
    amounts = [number_in(each, "appliedAmount") for each in listed] if isinstance(listed, list) else [None]
    return None if None in amounts else [each for each in amounts if each is not None]


def is_given_back(item: dict[str, Any]) -> bool:
    """Whether an item was withdrawn, or is credited."""
    return item.get("state") in ("credit", *WITHDRAWN)


def later_imbalances(earlier: dict[str, Any], later: dict[str, Any]) -> list[Imbalance]:
    """Where lastUpdate of a bill does not move on with what has changed, or moves back (A16)."""
    before, after = read_moment(earlier.get("lastUpdate")), read_moment(later.get("lastUpdate"))
    if before is None or after is None or after > before:
        return []
    changed = [member for member in _DATED if earlier.get(member) != later.get(member)]
    if after < before:
        message = f"/lastUpdate is {after.isoformat()}, before what it was: {FORMULAS['A16']}"
    elif changed:
        message = f"/{changed[0]} has changed, and lastUpdate is as before: {FORMULAS['A16']}"
    else:
        return []
    return [Imbalance("A16", "/lastUpdate", message)]


def total_imbalances(bill: dict[str, Any], *, fees_within: bool) -> list[Imbalance]:
    """Where taxIncludedAmount is not the net amount with taxes, and with or without fees as `fees_within` says (A7)."""
    net, gross, taxes = number_in(bill, "taxExcludedAmount"), number_in(bill, "taxIncludedAmount"), taxes_of_bill(bill)
    if net is None or gross is None or taxes is None:
        return []
    fees = number_in(bill, "fees") or NONE
    top = net + sum(taxes, NONE) + (fees if fees_within else NONE)
    return list(_included(bill, gross, [top], len(taxes)))


def with_and_without(
    base: Decimal, bill: dict[str, Any], *members: str, signs: tuple[int, ...] = (0, -1)
) -> list[Decimal]:
    """A total and what it is with each of these amounts of the bill added, left or taken away, as `signs` say."""
    amounts = [number_in(bill, member) or NONE for member in members]
    ways = product(*(signs if amount else (0,) for amount in amounts))
    return [base + sum((sign * each for sign, each in zip(way, amounts, strict=True)), NONE) for way in ways]


def taxes_of_bill(bill: dict[str, Any]) -> list[Decimal] | None:
    """The taxes of a bill; None where one does not say how much it is."""
    listed = bill.get("taxItem")
    amounts = [number_in(each, "taxAmount") for each in listed] if isinstance(listed, list) else [None]
    return None if None in amounts else [each for each in amounts if each is not None]


def _included(bill: dict[str, Any], gross: Decimal, tops: list[Decimal], taxes: int) -> Iterator[Imbalance]:
    unit = unit_of(bill, "taxIncludedAmount")
    expected = nearest(gross, [each for top in tops for each in with_and_without(top, bill, "credits", "discounts")])
    if not agrees(gross, expected, unit, taxes + 2):
        yield imbalance("A7", "/taxIncludedAmount", gross, expected, unit)


def _totals(bill: dict[str, Any], unit: str) -> Iterator[Imbalance]:
    net, gross, due = (number_in(bill, member) for member in ("taxExcludedAmount", "taxIncludedAmount", "amountDue"))
    fees, taxes = number_in(bill, "fees") or NONE, taxes_of_bill(bill)
    if net is not None and gross is not None and taxes is not None:
        top = net + sum(taxes, NONE)
        yield from _included(bill, gross, [top, top + fees], len(taxes))
    if gross is not None and due is not None:
        ways = [each for top in (gross, gross + fees) for each in with_and_without(top, bill, "credits", "discounts")]
        expected = nearest(due, ways)
        if not agrees(due, expected, unit, 2):
            yield imbalance("A8", "/amountDue", due, expected, unit)


def _remains(bill: dict[str, Any], unit: str, items: Iterable[dict[str, Any]] | None) -> Iterator[Imbalance]:
    due, rest, paid = number_in(bill, "amountDue"), number_in(bill, "remainingAmount"), applied(bill)
    if rest is None:
        return
    if bill.get("state") == "settled":
        if not agrees(rest, NONE, unit):
            yield imbalance("A2", "/remainingAmount", rest, NONE, unit)
        return
    if due is None or paid is None or not _nothing_given_back(bill, items):
        return
    expected = nearest(rest, with_and_without(due - sum(paid, NONE), bill, "credits"))
    if not agrees(rest, expected, unit, len(paid) + 1):
        yield imbalance("A1" if paid else "A3", "/remainingAmount", rest, expected, unit)


def _nothing_given_back(bill: dict[str, Any], items: Iterable[dict[str, Any]] | None) -> bool:
    """Whether it is certain that nothing was: no item of a bill that is generated is open."""
    if items is None:
        return bill.get("state") == "generated"
    return not any(is_given_back(item) for item in items)


def _dates(bill: dict[str, Any]) -> Iterator[Imbalance]:
    issued, due = read_moment(bill.get("billDate")), read_moment(bill.get("paymentDueDate"))
    if issued and due and issued - due >= _DAY:
        message = f"/paymentDueDate is {due.isoformat()}, before billDate: {FORMULAS['A14']}"
        yield Imbalance("A14", "/paymentDueDate", message)
    updated = read_moment(bill.get("lastUpdate"))
    for place, payment in _payment_items(bill):
        paid = read_moment(payment.get("paymentDate"))
        if paid and updated and paid - updated >= _DAY:
            message = f"{place}/paymentDate is {paid.isoformat()}, after lastUpdate: {FORMULAS['A14']}"
            yield Imbalance("A14", f"{place}/paymentDate", message)


def _payments(bill: dict[str, Any]) -> Iterator[Imbalance]:
    for place, payment in _payment_items(bill):
        holder = bill["appliedPayment"][int(place.split("/")[2])]
        used, whole = number_in(holder, "appliedAmount"), number_in(payment, "amount")
        unit = unit_of(holder, "appliedAmount")
        if used is not None and whole is not None and used > whole and not agrees(used, whole, unit):
            yield imbalance("A15", f"{place.removesuffix('/payment')}/appliedAmount", used, whole, unit)


def _payment_items(bill: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    listed = bill.get("appliedPayment")
    for index, each in enumerate(listed if isinstance(listed, list) else ()):
        payment = each.get("payment") if isinstance(each, dict) else None
        if isinstance(payment, dict):
            yield f"/appliedPayment/{index}/payment", payment


def ids_of_items(bill: dict[str, Any]) -> list[str]:
    """The ids of the items that a bill refers to."""
    listed = bill.get("customerBillItem")
    return [item_id(each) for each in (listed if isinstance(listed, list) else ()) if isinstance(each, dict)]
