"""Bills of our own seller, right ones and those that are wrong on purpose, reconciled from what a buyer reads."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from emulator.reconciling.lines import LineVerdict, Reason
from emulator.reconciling.reconcile import Reconciliation
from emulator.reconciling.settings import Advance, Methods, ProRata, Rounding
from tests.parties.ordering import PROFILE, add_uni, delete
from tests.parties.test_billing import Ledger
from tests.reconciling.world import World, price, read

METHODS = Methods(pro_rata=ProRata.DAYS, rounding=Rounding.HALF_UP, advance=Advance.ARREARS)


def seen(ledger: Ledger, *orders: str) -> World:
    """What a buyer reads of its products, orders and bills."""
    world = World()
    for order in orders:
        world.add(read("order", ledger.order(order)))
    for product in ledger.ask("listProduct", api="productInventory").body:
        whole = ledger.ask("retrieveProduct", id=product["id"], api="productInventory").body
        print(whole.get("productPrice"))
        world.add(read("product", whole))
    for bill in ledger.bills():
        world.add(read("bill", bill), *(read("item", item) for item in ledger.items(bill)))
    return world


def test_right_bills_are_explained_wholly(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    order = ledger.place(add_uni())
    ledger.until("2026-03-01")
    w = seen(ledger, order); print([e.operation for e in w.exchanges]); print(w.book().shelves.keys()); found = w.reconcile(METHODS)
    for line in found.lines: print(line.bill, line.item,line.product,line.standing,line.reason,line.text)
    for line in found.bill_lines: print(line)
    assert 0
