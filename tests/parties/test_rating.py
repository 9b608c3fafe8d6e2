"""Rating: sums, parts of months, credits, in exact decimals, whatever the price and the days."""

from __future__ import annotations

import itertools
from calendar import isleap, monthrange
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.money.currency import minor_unit
from emulator.parties.apis.rating import (
    Coverage,
    DutyRate,
    RatingMethod,
    UnitPrice,
    charges_of,
    credit_for,
    cycle_end,
    cycle_start,
    next_month,
    quantity_of,
    rate,
    totals_of,
)

DAYS = st.dates(date(1999, 1, 1), date(2105, 12, 31))
RATES = st.decimals(0, 10**7, places=4)
PERCENTS = st.decimals(0, 40, places=3)
METHODS = st.builds(RatingMethod, st.just("days"), st.sampled_from(["half-up", "half-even", "down"]))


@st.composite
def prices(draw: st.DrawFn) -> UnitPrice:
    taxes = tuple(DutyRate("country", each) for each in draw(st.lists(PERCENTS, max_size=3)))
    fees = tuple(DutyRate("recurring", each) for each in draw(st.lists(PERCENTS, max_size=2)))
    return UnitPrice(draw(RATES), draw(st.sampled_from(["JPY", "EUR", "KWD"])), taxes, fees)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(prices(), st.decimals(0, 1000, places=10)), max_size=8), METHODS)
def test_a_bill_is_the_sum_of_its_items_to_the_last_digit(
    items: list[tuple[UnitPrice, Decimal]], method: RatingMethod
) -> None:
    amounts = [rate(price, quantity, method) for price, quantity in items]
    found = totals_of(amounts, Decimal("1.25"), [Decimal("0.5"), Decimal("0.75")])
    assert found.gross == sum((each.net + sum(each.fees) + sum(each.taxes) for each in amounts), Decimal(0))
    assert found.net == sum((each.net for each in amounts), Decimal(0))
    assert found.due == found.gross - Decimal("1.25")
    assert found.remaining == found.due - Decimal("1.25")
    for (price, _), each in zip(items, amounts, strict=True):
        minor = minor_unit(price.currency)
        assert all(part % minor == 0 for part in (each.net, *each.fees, *each.taxes)), "each amount is rounded"


@settings(max_examples=200, deadline=None)
@given(prices(), DAYS, st.data())
def test_parts_of_a_month_add_up_to_it(price: UnitPrice, day: date, data: st.DataObject) -> None:
    first, end = day.replace(day=1), next_month(day)
    cuts = sorted(data.draw(st.sets(st.integers(1, monthrange(day.year, day.month)[1] - 1), max_size=5)))
    ends = [first, *(first + timedelta(days=each) for each in cuts), end]
    parts = [Coverage(one, other) for one, other in itertools.pairwise(ends)]
    assert sum(each.days for each in parts) == monthrange(day.year, day.month)[1]
    quantities = [quantity_of("month", each, first) for each in parts]
    assert abs(sum(quantities, Decimal(0)) - 1) <= Decimal("0.5e-10") * len(parts)
    whole = rate(price, Decimal(1)).net
    found = sum((rate(price, each).net for each in quantities), Decimal(0))
    half = minor_unit(price.currency) / 2
    assert abs(found - whole) <= half * (len(parts) + 1) + price.value * Decimal("0.5e-10") * len(parts)


@pytest.mark.parametrize("year", [1900, 2000, 2023, 2024, 2100])
def test_every_month_is_one_month_and_every_year_one_year(year: int) -> None:
    total = Decimal(0)
    for month in range(1, 13):
        first = date(year, month, 1)
        whole = Coverage(first, next_month(first))
        assert quantity_of("month", whole, first) == 1
        total += quantity_of("year", whole, first)
        for days in range(1, whole.days):
            part = Coverage(first, first + timedelta(days=days))
            expected = (Decimal(days) / whole.days).quantize(Decimal("1e-10"))
            assert quantity_of("month", part, first) == expected
    assert abs(total - 1) < Decimal("1e-9")
    assert isleap(year) == (
        quantity_of("month", Coverage(date(year, 2, 1), date(year, 2, 15)), date(year, 2, 1)) != Decimal("0.5")
    )


@settings(max_examples=200, deadline=None)
@given(prices(), DAYS, st.integers(0, 90), st.integers(1, 90), st.sampled_from(["day", "week", "month", "year"]))
def test_what_is_credited_after_a_disconnect_is_what_was_charged_for_those_days(
    price: UnitPrice, start: date, used: int, left: int, unit: str
) -> None:
    end, ahead = start + timedelta(days=used), start + timedelta(days=used + left)
    charged = sum((each.gross for _, _, each in charges_of(price, unit, Coverage(start, ahead), start)), Decimal(0))  # type: ignore[arg-type]
    kept = sum((each.gross for _, _, each in charges_of(price, unit, Coverage(start, end), start)), Decimal(0))  # type: ignore[arg-type]
    credit = credit_for(price, unit, Coverage(end, ahead), start)  # type: ignore[arg-type]
    assert credit >= 0
    # Only the month of the disconnect is charged in one piece and credited in two: net, each fee and each tax are rounded there.
    sums = 1 + len(price.taxes) + len(price.fees)
    percent = 1 + sum((each.rate for each in (*price.taxes, *price.fees)), Decimal(0)) / 100
    slack = minor_unit(price.currency) * Decimal("1.5") * sums * percent + price.value * Decimal("2e-10") * percent
    assert abs(charged - credit - kept) <= slack
    if not used:
        assert credit == charged


@settings(max_examples=100, deadline=None)
@given(DAYS, st.integers(0, 800))
def test_days_are_cut_at_months_and_none_is_lost(start: date, days: int) -> None:
    whole = Coverage(start, start + timedelta(days=days))
    parts = list(whole.months())
    assert sum(each.days for each in parts) == whole.days == days
    assert all(each.start.month == (each.end - timedelta(days=1)).month for each in parts)


def test_the_sample_of_the_formula() -> None:
    """20 % tax and 10 % fee upon 50: what both sample items of the guide have (MEF 141 6.5)."""
    price = UnitPrice(Decimal(50), "EUR", (DutyRate("country", Decimal(20)),), (DutyRate("recurring", Decimal(10)),))
    item = rate(price, Decimal(1))
    assert (item.net, item.fee, item.tax) == (Decimal(50), Decimal(5), Decimal(10))
    bill = totals_of([item, item])
    assert [bill.net, bill.fees, bill.taxes, bill.gross] == [Decimal(100), Decimal(10), Decimal(20), Decimal(130)]


def test_other_methods() -> None:
    february, twelve = Coverage(date(2026, 2, 1), date(2026, 3, 1)), Coverage(date(2026, 2, 17), date(2026, 3, 1))
    assert quantity_of("month", february, date(2026, 2, 1), RatingMethod("thirtieths")) == 1
    assert quantity_of("month", twelve, date(2026, 2, 17), RatingMethod("thirtieths")) == Decimal("0.4")
    assert quantity_of("month", twelve, date(2026, 2, 17), RatingMethod("whole")) == 1
    assert quantity_of("month", twelve, date(2026, 1, 1), RatingMethod("whole")) == 0, "its month was charged before"
    assert quantity_of("hour", twelve, date(2026, 2, 17)) == 12 * 24
    assert quantity_of("week", Coverage(date(2026, 2, 2), date(2026, 2, 16)), date(2026, 1, 1)) == 2


def test_cycles() -> None:
    sunday = date(2026, 3, 1)
    assert (cycle_start("month", sunday), cycle_end("month", sunday)) == (sunday, date(2026, 4, 1))
    assert (cycle_start("week", sunday), cycle_end("week", sunday)) == (date(2026, 2, 23), date(2026, 3, 2))
    assert (cycle_start("day", sunday), cycle_end("day", sunday)) == (sunday, date(2026, 3, 2))
