"""A process that dies in the middle of a bill leaves none of it, and whoever starts next makes all of it, once; many products in a bill."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from emulator.parties.clock import VirtualClock
from emulator.parties.hand_doing import do
from emulator.parties.opening import open_store
from emulator.parties.profile import Profile, load_profile
from emulator.parties.seller import Seller
from emulator.parties.store import MemoryStore, Store
from emulator.record.call import Call
from emulator.standard.release import load_release
from tests.cli.processes import ROOT, environment
from tests.parties.databases import database

BEGAN = datetime(2026, 1, 10, tzinfo=UTC)
DUE = datetime(2026, 2, 1, tzinfo=UTC)
_DYING = """
import os, sys
from tests.parties.test_durable_bills import DUE, seller
from emulator.parties.opening import open_store
made = seller(open_store(sys.argv[1]), DUE)
open_ = made.desk.open
def dies(run, kind, *rest, **more):
    if kind == "customerBill":
        print("dies", flush=True)
        os._exit(9)
    return open_(run, kind, *rest, **more)
made.desk.open = dies
made.settle()
"""


def seller(store: Store, now: datetime, profile: Profile | None = None) -> Seller:
    return Seller(load_release("grace"), profile or load_profile(), VirtualClock(now), store=store)


def call(made: Seller, operation: str, body: Any = None) -> Any:
    url = "http://seller.example/mefApi/sonata/customerBillManagement/v2"
    return made.answer(Call("billing", "management", operation, {}, {}, {}, body, "", url)).body


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with database(request.param, tmp_path) as made:
        yield made


def test_a_process_that_dies_between_the_items_and_their_bill_loses_nothing(url: str) -> None:
    store = open_store(url)
    first = seller(store, BEGAN)
    first.begin("")
    call(first, "registerListener", {"callback": "https://buyer.example"})
    store.close()

    done = subprocess.run(
        [sys.executable, "-c", _DYING, url], capture_output=True, text=True, cwd=ROOT, env=environment(), check=False
    )
    assert (done.returncode, done.stdout.strip()) == (9, "dies"), done.stderr

    store = open_store(url)
    assert list(store.all("", "customerBillItem")) == [], "no item is there without its bill"
    assert store.next_timer() == DUE, "the end of the cycle is still to come"
    second = seller(store, DUE)
    second.settle()
    (bill,) = store.all("", "customerBill")
    assert [each["id"] for each in bill.body["customerBillItem"]] == [
        one.id for one in store.all("", "customerBillItem")
    ]
    (told,) = [owed for hub in store.all("", "hub.billing") for owed in store.owed_to("", hub.id)]
    assert (told.event, told.body["event"]["id"]) == ("customerBillCreateEvent", bill.id)
    assert store.next_timer() == datetime(2026, 3, 1, tzinfo=UTC)
    second.settle()
    assert len(list(store.all("", "customerBill"))) == 1
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_ten_thousand_products_are_billed_in_one_cycle(kind: str, tmp_path: Path) -> None:
    """In less than a minute of processor time; it is a few seconds."""
    one = load_profile().products["prod-uni-ashburn-1"]
    profile = load_profile(overlay={"products": {f"uni-{n}": dict(one) for n in range(10_000)}})
    store = MemoryStore() if kind == "memory" else open_store(f"sqlite:///{tmp_path / 'many.sqlite3'}")
    made = seller(store, BEGAN, profile)
    made.begin("")
    late = seller(store, DUE, profile)
    began = time.process_time()
    late.settle()
    took = time.process_time() - began
    (bill,) = store.all("", "customerBill")
    assert len(bill.body["customerBillItem"]) >= 10_000
    assert bill.body["taxExcludedAmount"]["value"] >= 2_100_000
    assert took < 60
    began = time.process_time()
    assert do(late, "", "customerBill", "pay", bill.id, {}).startswith(
        f"{len(bill.body['customerBillItem'])} item(s) are settled"
    )
    assert time.process_time() - began < 60
