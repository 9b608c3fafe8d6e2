"""Durations are compared where that can be known, and told in the units of a contract."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.standard.release import load_release
from emulator.standard.spans import compare, in_words_of, told, units_of


def span(amount: Any, units: Any) -> dict[str, Any]:
    return {"amount": amount, "units": units}


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        (span(24, "months"), span(2, "years"), 0),
        (span(24, "calendarMonths"), span(2, "years"), 0),
        (span(1, "years"), span(13, "months"), -1),
        (span(90, "minutes"), span(1, "calendarHours"), 1),
        (span(60, "seconds"), span(1, "minutes"), 0),
        (span(1, "months"), span(40, "calendarDays"), -1),
        (span(1, "months"), span(30, "calendarDays"), None),
        (span(5, "businessDays"), span(5, "calendarDays"), None),
        (span(5, "businessDays"), span(6, "businessDays"), -1),
        (span(90, "businessMinutes"), span(1, "businessHours"), 1),
        (span(8, "businessHours"), span(1, "businessDays"), None),
        (span(True, "months"), span(1, "months"), None),
        (span(1, "moons"), span(1, "months"), None),
        ("a year", span(1, "months"), None),
    ],
)
def test_durations_are_compared_where_that_can_be_known(one: Any, other: Any, found: int | None) -> None:
    assert compare(one, other) == found


def test_a_unit_is_called_as_the_contract_calls_it() -> None:
    kylie, grace = (units_of(load_release(name).contract("quote")) for name in ("kylie", "grace"))
    assert told(span(12, "calendarMonths"), kylie) == span(12, "months")
    assert told(span(90, "businessMinutes"), kylie) == span(2, "businessHours")
    assert told(span(2, "years"), grace) == span(24, "calendarMonths")
    assert told(span(30, "seconds"), grace) == span(1, "calendarMinutes")
    assert told(span(10, "businessDays"), kylie) == told(span(10, "businessDays"), grace) == span(10, "businessDays")


def test_a_period_is_what_the_contract_has_for_it() -> None:
    price = {"name": "Port", "recurringChargePeriod": "week", "terms": [{"duration": span(1, "calendarMonths")}]}
    assert in_words_of(load_release("grace").contract("quote"), price) == price
    assert in_words_of(load_release("kylie").contract("quote"), price) == {
        "name": "Port",
        "recurringChargePeriod": span(7, "calendarDays"),
        "terms": [{"duration": span(1, "months")}],
    }
