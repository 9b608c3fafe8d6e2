"""Amounts and dates of bills and items: what they add up to. No clause of MEF 141 says so, so that these are hints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from emulator.judge.named import BILL, BILL_ITEM
from emulator.judge.rule import FINE, Mark, Remark, on_response
from emulator.judge.rulebook import breach
from emulator.judge.rules import common
from emulator.judge.rules.billing.book import BILLING, ITEM, READ, items_of
from emulator.judge.run import Run, Said, Shown
from emulator.judge.times import SKEW
from emulator.money.bills import bill_imbalances, ids_of_items, later_imbalances, total_imbalances
from emulator.money.imbalance import Imbalance
from emulator.money.items import amounts_in, item_imbalances, rate_imbalances
from emulator.money.together import sum_imbalances
from emulator.standard.instant import read_moment

_SETTLED: Final = "bill-settled-text"


def _said(shown: Shown, found: Iterable[Imbalance], reading: tuple[str, str] | None = None) -> Iterator[Mark]:
    """What does not fit, as hints (or by a reading), or that all does."""
    listed = list(found)
    for one in listed:
        expected = None if one.expected is None else float(one.expected)
        got = None if one.found is None else float(one.found)
        message = f"{shown.place}{one.message}"
        yield breach(shown.place + one.at, expected, got, message, reading=reading, hint=reading is None)
    if not listed:
        yield FINE


@BILLING.rule(on=READ, name="bill-amounts")
def a_bill_adds_up(said: Said) -> Iterator[Mark]:
    """Totals, what remains, the currency, the period, dates and payments of a bill."""
    for shown in said.shown:
        yield from _said(shown, bill_imbalances(dict(shown.value)))


@BILLING.rule(on=ITEM, name="item-amounts")
def an_item_adds_up(said: Said) -> Iterator[Mark]:
    """Fees, taxes, rate and quantity, the currency and the period of an item."""
    for shown in said.shown:
        yield from _said(shown, item_imbalances(dict(shown.value)))


@BILLING.rule("R19", on=READ, name="total")
def totals_are_as_agreed(said: Said) -> Iterator[Mark]:
    """TaxIncludedAmount of a bill, where the partners agreed on what is in it."""
    pinned = said.run.reading("bill-total")
    for shown in said.shown if pinned != "any" else ():
        found = total_imbalances(dict(shown.value), fees_within=pinned == "fees-on-top")
        yield from _said(shown, found, ("bill-total", pinned))


@BILLING.rule("R21", on=ITEM, name="rate")
def rates_are_as_agreed(said: Said) -> Iterator[Mark]:
    """Rate times quantity of an item, where the partners agreed on what a rate is of."""
    pinned = said.run.reading("bill-unit-rate")
    for shown in said.shown if pinned != "either" else ():
        found = rate_imbalances(dict(shown.value), gross=pinned == "gross")
        yield from _said(shown, found, ("bill-unit-rate", pinned))


@BILLING.rule("R20", on=READ, name="paid")
def nothing_remains_of_what_is_settled(said: Said) -> Iterator[Mark]:
    """What remains of a bill that is settled, where the partners agreed that such a bill is paid."""
    pinned = said.run.declared.readings.get(_SETTLED) == "paid"
    for shown in said.shown if pinned else ():
        if shown.value.get("state") == "settled" and shown.value.get("category") != "trial":
            found = [one for one in bill_imbalances(dict(shown.value)) if one.formula == "A2"]
            yield from _said(shown, found, (_SETTLED, "paid"))


@BILLING.rule("R7", on=READ | ITEM, name="sign")
def amounts_are_positive(said: Said) -> Iterator[Mark]:
    """Amounts below nothing, where the partners agreed that there are none."""
    for shown in said.shown if said.run.reads_as("money-sign", "positive") else ():
        below = [(place, each) for place, each in amounts_in(dict(shown.value)) if each.value < 0]
        for place, each in below:
            yield breach(
                f"{shown.place}{place}/value", "not less than 0", float(each.value), reading=("money-sign", "positive")
            )
        if not below:
            yield FINE


@BILLING.rule(on=READ, name="last-update")
def changes_are_dated(said: Said) -> Iterator[Mark]:
    """When a bill was last updated beside what was shown before: the date moves with state, payments and amounts, and never
    back. What changed twice within a second may bear one date.
    """
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        updated = read_moment(earlier.value.get("lastUpdate")) if earlier else None
        if earlier is not None and updated is not None and earlier.exchange.at - updated >= said.run.spread(SKEW):
            yield from _said(shown, later_imbalances(dict(earlier.value), dict(shown.value)))


_MOVES: Final = (
    *("lastUpdate", "state", "remainingAmount", "amountDue", "credits", "discounts", "fees"),
    *(
        "taxExcludedAmount",
        "taxIncludedAmount",
        "taxItem",
        "paymentDueDate",
        "relatedContactInformation",
        "billDocument",
    ),
)
"""Members of a bill that can become others; the rest says which bill it is, and of what."""


def _moves(earlier: Shown, later: Shown) -> tuple[str, ...]:
    """What may differ between two sightings of a bill: with one date of the last update nothing, unless the first was of its
    second.
    """
    before, after = read_moment(earlier.value.get("lastUpdate")), read_moment(later.value.get("lastUpdate"))
    if before is None or before != after or earlier.exchange.at - before < SKEW:
        return _MOVES
    return ("state",)  # of which another rule speaks


def _moves_of_item(earlier: Shown, later: Shown) -> tuple[str, ...]:
    """What may differ between two sightings of an item: its amounts with its state, as a dispute may end."""
    moved = earlier.value.get("state") != later.value.get("state")
    return ("state", *_AMOUNTS) if moved else ("state",)


_AMOUNTS: Final = ("taxExcludedAmount", "appliedFee", "appliedTax", "unitRate", "unitQuantity")

common.keeps_all_but(BILLING, BILL, _moves, grows=("appliedPayment",))
common.keeps_all_but(BILLING, BILL_ITEM, _moves_of_item)
common.past(BILLING, "/lastUpdate", "/appliedPayment/*/payment/paymentDate", on=READ)
common.links_to_itself(BILLING, BILL, BILL_ITEM)


@BILLING.at_end(name="bill-sums")
def a_bill_is_the_sum_of_its_items(run: Run) -> Iterator[Remark]:
    """Net amount, taxes and fees of each bill against those of its items, and its currency, as they were shown last."""
    for bill in run.lives(BILL):
        lives = items_of(run, bill)
        if lives is None:
            continue
        shown = bill.whole[-1]
        items = [dict(life.shown[-1].value) for life in lives]
        value = dict(shown.value)
        found = [one for one in bill_imbalances(value, items) if one.formula in ("A1", "A3")]
        if value.get("state") == "generated":
            found = []  # the bill alone has told it
        for mark in _said(shown, [*found, *sum_imbalances(value, items)]):
            yield on_response(shown.exchange, mark)


@BILLING.at_end(name="items-once")
def an_item_is_of_one_bill(run: Run) -> Iterator[Remark]:
    """Items that two bills refer to, neither of which is a trial or repeats the other."""
    owner: dict[str, Any] = {}
    for bill in run.lives(BILL):
        shown = bill.whole[-1] if bill.whole else None
        if shown is None or shown.value.get("category") != "normal":
            continue
        twice = [each for each in ids_of_items(dict(shown.value)) if owner.setdefault(each, bill.id) != bill.id]
        for each in twice:
            message = f"item {each} is of bill {bill.id}, and of bill {owner[each]}"
            yield on_response(
                shown.exchange,
                breach(f"{shown.place}/customerBillItem", "an item of its own", each, message, hint=True),
            )
        if not twice:
            yield on_response(shown.exchange, FINE)
