"""Whatever messages hold, a reconciliation comes of it; a book is the same after it was kept; work grows as items do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import orjson
import pytest

import emulator.money
import emulator.reconciling
from emulator.reconciling.book import Book, book_of
from emulator.reconciling.filling import fill
from emulator.reconciling.reconcile import reconcile
from emulator.record.patch import patched
from emulator.standard.release import load_release
from tests.judge.spoiling import with_answer
from tests.reconciling.test_reconcile import FEBRUARY, february, one_off, ordered
from tests.reconciling.world import World, item, money, period, price

ODD: list[Any] = [
    None, True, 0, -1, 1e300, 0.1, "", "x", [], {}, [None], [[]], {"id": 1}, "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00+12:00", "2026-01-01T00:00:00", 10**30, {"value": 1e308, "unit": "EUR"}, {"value": 1, "unit": ""},
]  # fmt: skip


def full() -> World:
    """A world with everything in it, right and wrong."""
    fees = {"appliedFee": [{"rate": 10, "amount": money(6.5)}]}
    return (
        ordered()
        .charge(30)
        .product("P2", prices=[price(10), price(0.5, "usageBased")])
        .bill(item(**fees), one_off(), one_off("I3", 30), item("I4", 11, product={"id": "P2"}))
        .bill(february(), **{**FEBRUARY, "appliedPayment": [{"appliedAmount": money(78), "payment": {"id": "x"}}]})
    )


def places(value: Any, at: str = "") -> Iterator[str]:
    """The places of all values in a body."""
    yield at
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in rows:
        yield from places(each, f"{at}/{key}")


@pytest.mark.parametrize("each", [3, pytest.param(len(ODD), marks=pytest.mark.slow)], ids=["some", "all"])
def test_odd_values_never_break_it(each: int) -> None:
    seen, tried = full().exchanges, 0
    for n, exchange in enumerate(seen):
        for turn, place in enumerate(places(exchange.response.body)):
            for odd in [ODD[(turn * each + k) % len(ODD)] for k in range(each)]:
                change = {"op": "replace", "path": place, "value": odd}
                spoilt = with_answer(exchange, lambda body, change=change: patched(body, [change]))
                found = reconcile(fill(Book(), [*seen[:n], spoilt, *seen[n + 1 :]], load_release()))
                orjson.dumps(found.as_json())
                tried += 1
    assert tried > 200 * each


def test_a_book_that_was_kept_is_the_same() -> None:
    book = full().book()
    again = book_of(orjson.loads(orjson.dumps(book.as_json())))
    assert again == book
    assert reconcile(again) == reconcile(book)


@pytest.mark.parametrize("spoilt", [None, [], {}, {"version": 99}, {"version": 1, "shelves": []}, "x"])
def test_what_is_no_book_is_told(spoilt: Any) -> None:
    with pytest.raises(ValueError, match=r"book|version"):
        book_of(spoilt)


def test_filling_in_two_halves_is_filling_at_once() -> None:
    seen = full().exchanges
    for middle in range(len(seen)):
        book = fill(Book(), seen[:middle], load_release())
        assert fill(book, seen[middle:], load_release()) == full().book()


def many(products: int, months: int) -> World:
    """So many products, each billed for so many months, all on one account."""
    world = World()
    for p in range(products):
        world.product(f"P{p}")
    for m in range(months):
        year, month = 2026 + m // 12, m % 12 + 1
        after = f"{year + month // 12}-{month % 12 + 1:02}-01"
        span = period(f"{year}-{month:02}-01", after)
        items = [item(f"I{m}-{p}", product={"id": f"P{p}"}, periodCoverage=span) for p in range(products)]
        world.bill(*items, name=f"B{m}", billingPeriod=span, billDate=f"{after}T00:00:00Z")
    return world


def steps(world: World) -> int:
    """How many lines of ours are run, a loop's over and over."""
    packages = tuple(str(Path(package.__file__).parent) for package in (emulator.reconciling, emulator.money))
    counted = 0

    def line(_frame: FrameType, _event: str, _about: Any) -> Any:
        nonlocal counted
        counted += 1
        return line

    def call(frame: FrameType, _event: str, _about: Any) -> Any:
        return line if frame.f_code.co_filename.startswith(packages) else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        found = world.reconcile()
    finally:
        sys.settrace(before)
    assert {line.reason for line in found.lines} == {"as-agreed"}
    return counted


@pytest.mark.parametrize(("few", "more"), [((20, 3), (80, 3)), ((3, 10), (3, 40))], ids=["products", "months"])
def test_it_grows_as_the_items_do(few: tuple[int, int], more: tuple[int, int]) -> None:
    assert steps(many(*more)) <= 4.2 * steps(many(*few))
