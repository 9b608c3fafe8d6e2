"""Bills of our own seller, right ones and those that are wrong on purpose, reconciled from what a buyer reads."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from emulator.reconciling.book import Book
from emulator.reconciling.filling import fill
from emulator.reconciling.lines import ItemLine, LineVerdict, Reason
from emulator.reconciling.reconcile import reconcile
from emulator.reconciling.settings import Methods, ProRata, Rounding
from emulator.standard.release import load_release
from tests.parties.ordering import PROFILE, add_uni, delete, modify_ael
from tests.parties.test_billing import PRICES, Ledger
from tests.play import play
from tests.reconciling.world import World, price, read

METHODS = Methods(pro_rata=ProRata.DAYS, rounding=Rounding.HALF_UP)


def priced() -> dict[str, Any]:
    """The products that the seller begins with, all on one account, at 100 USD a month."""
    more = {
        "productPrice": [price(100, unit="USD", tax=20)],
        "billingAccount": {"id": "acct-001"},
        "startDate": "2026-01-01T00:00:00.000Z",
    }
    return {name: {**product, **more} for name, product in PROFILE["products"].items()}


def offered() -> dict[str, Any]:
    """What it sells, with prices that a buyer is shown."""
    prices = [row for row in PRICES if row["name"] in ("Monthly", "Installation")]
    return {name: {**offering, "prices": prices, "taxRate": 20} for name, offering in PROFILE["offerings"].items()}


def bought(ledger: Ledger, *orders: str, category: str = "normal") -> World:
    """What a buyer reads of its products, its orders and its bills."""
    world = World()
    for order in orders:
        world.add(read("order", ledger.order(order)))
    for product in ledger.ask("listProduct", api="productInventory").body:
        world.add(read("product", ledger.ask("retrieveProduct", id=product["id"], api="productInventory").body))
    for bill in ledger.bills(category=category):
        world.add(read("bill", bill), *(read("item", item) for item in ledger.items(bill)))
    return world


@pytest.mark.parametrize("advance", [False, True], ids=["in arrears", "in advance"])
@pytest.mark.parametrize("method", ["days", "thirtieths", "whole"])
def test_right_bills_are_explained_wholly(tmp_path: Path, advance: bool, method: str) -> None:
    """Three cycles: of what is there, of what is ordered in the first, and of what is taken away in the second."""
    billing = {"inAdvance": advance, "proRata": method, "rounding": "half-up"}
    ledger = Ledger(tmp_path, products=priced(), offerings=offered(), billing=billing)
    orders = [ledger.place(add_uni())]
    ledger.until("2026-02-10")
    orders.append(ledger.place(delete()))
    ledger.until("2026-04-01")
    found = bought(ledger, *orders).reconcile(Methods(pro_rata=ProRata(method), rounding=Rounding.HALF_UP))
    assert [(line.reason, line.text) for line in found.lines if line.standing is not LineVerdict.EXPLAINED] == []
    assert [remark.text for remark in found.bill_lines] == []
    assert found.bills >= 6


def changed_in_advance(tmp_path: Path) -> World:
    """A product that is charged in advance, and changed on three days of a month, at the same price."""
    billing = {"inAdvance": True, "proRata": "days", "rounding": "half-up"}
    ledger = Ledger(tmp_path, products=priced(), offerings=offered(), billing=billing)
    orders = []
    for day in ("2026-02-11", "2026-02-15", "2026-02-16"):
        ledger.until(day)
        orders.append(ledger.place(modify_ael()))
    ledger.until("2026-04-02")
    return bought(ledger, *orders)


def test_what_is_changed_after_it_was_charged_is_charged_anew(tmp_path: Path) -> None:
    found = changed_in_advance(tmp_path).reconcile(METHODS)
    assert [(line.reason, line.text) for line in found.lines if line.standing is not LineVerdict.EXPLAINED] == []


def test_and_not_without_a_credit(tmp_path: Path) -> None:
    world = World()
    for one in changed_in_advance(tmp_path).exchanges:
        body = one.response.body if one.response else None
        if one.operation == "retrieveCustomerBill":
            world.add(read("bill", {**body[0], "credits": {"unit": "USD", "value": 0}}))
        else:
            world.add(one)
    odd = [line for line in world.reconcile(METHODS).lines if line.standing is not LineVerdict.EXPLAINED]
    assert [(line.reason, line.begin) for line in odd] == [
        (Reason.BILLED_TWICE, "2026-02-11"),
        (Reason.BILLED_TWICE, "2026-02-16"),
    ]


def test_nor_twice(tmp_path: Path) -> None:
    """A credit is no leave to bill what was charged anew once more."""
    world, made = World(), changed_in_advance(tmp_path)
    for one in made.exchanges:
        body = one.response.body if one.response else None
        first = body[0] if isinstance(body, list) and body else {}
        if one.operation == "retrieveCustomerBill" and first["credits"]["value"]:
            world.add(read("bill", {**first, "customerBillItem": [*first["customerBillItem"], {"id": "again"}]}))
        elif (
            one.operation == "retrieveCustomerBillItem"
            and (first["periodCoverage"]["startDateTime"][:10]) == "2026-02-16"
        ):
            world.add(one, read("item", {**first, "id": "again"}))
        else:
            world.add(one)
    odd = [line for line in world.reconcile(METHODS).lines if line.standing is not LineVerdict.EXPLAINED]
    assert [(line.reason, line.begin) for line in odd] == [(Reason.BILLED_TWICE, "2026-02-16")]


def wrong_lines(tmp_path: Path, wrong: str) -> tuple[list[ItemLine], list[ItemLine]]:
    """A product was taken away on the tenth of January; on the 25th all was billed, with something wrong: all lines, and those that are
    not explained.
    """
    ledger = Ledger(tmp_path, products=priced(), offerings=offered(), billing={"cycle": "never"})
    order = ledger.place(delete())
    ledger.until("2026-01-25")
    ledger.new_bill(account="acct-001", wrong=[wrong] if wrong else [])
    found = bought(ledger, order).reconcile(METHODS)
    assert found.bills == 1
    assert wrong == "currency" or [remark.text for remark in found.bill_lines] == []
    return list(found.lines), [line for line in found.lines if line.standing is not LineVerdict.EXPLAINED]


def test_nothing_is_wrong_with_that_bill(tmp_path: Path) -> None:
    lines, odd = wrong_lines(tmp_path, "")
    assert [(line.reason, line.text) for line in odd] == []
    assert len(lines) == 2


WRONG = {
    "rate": (LineVerdict.DISPUTED, Reason.WRONG_RATE, "9.67"),
    "period": (LineVerdict.DISPUTED, Reason.BEFORE_START, "38.70"),
    "duplicate": (LineVerdict.DISPUTED, Reason.BILLED_TWICE, "96.78"),
    "terminated": (LineVerdict.DISPUTED, Reason.AFTER_TERMINATION, "61.93"),
    "taxBase": (LineVerdict.DISPUTED, Reason.WRONG_TAX, "3.23"),
    "currency": (LineVerdict.DISPUTED, Reason.WRONG_CURRENCY, "96.78"),
    "rounding": (LineVerdict.DISPUTED, Reason.ROUNDING, "0.42"),
    "missing": (LineVerdict.MISSING, Reason.NOT_BILLED, "-96.78"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_each_wrong_bill_is_found(tmp_path: Path, wrong: str) -> None:
    lines, odd = wrong_lines(tmp_path, wrong)
    assert lines
    standing, reason, amount = WRONG[wrong]
    assert [(line.standing, line.reason, line.difference) for line in odd] == [(standing, reason, Decimal(amount))]


def test_what_was_quoted_ordered_and_billed_is_explained_by_the_quote() -> None:
    """The chain of a scenario: from the catalog to a settled bill, of which the buyer reads one item."""
    exchanges = play("access-eline/whole-chain").exchanges
    found = reconcile(fill(Book(), exchanges, load_release()))
    explained, *others = [line for line in found.lines if line.item]
    assert (explained.reason, "(quote " in explained.text) == (Reason.AS_AGREED, True)
    assert {line.reason for line in others} == {Reason.NOT_READ}
    assert [remark.text for remark in found.bill_lines] == []
