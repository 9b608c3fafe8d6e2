"""Durations: how long their units are, which name of a unit a contract knows, and periods that are written as durations there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from emulator.record.payload import at

if TYPE_CHECKING:
    from emulator.standard.contract import Contract

MOST: Final = 10**9
"""Longer durations than anyone means; keeps absurd amounts away from floating point."""

_MONTHS: Final = {"calendarMonths": 1, "months": 1, "calendarYears": 12, "years": 12}
_SECONDS: Final = {
    "seconds": 1,
    "calendarMinutes": 60,
    "minutes": 60,
    "calendarHours": 3600,
    "calendarDays": 86400,
}
_SETTLED: Final = {"businessMinutes": 1, "businessHours": 60}
"""Units whose length the partners settle among themselves, in the smallest of them; how many hours a business day has, too."""
_DAY: Final = 86400
_SHORT_MONTH, _LONG_MONTH = 28, 31
_SYNONYMS: Final = (
    frozenset({"calendarMonths", "months"}),
    frozenset({"calendarYears", "years"}),
    frozenset({"calendarMinutes", "minutes"}),
)
_FINER: Final = {
    "years": (12, "months"),
    "calendarYears": (12, "months"),
    "minutes": (60, "seconds"),
    "calendarMinutes": (60, "seconds"),
}
_COARSER: Final = {
    "seconds": (60, "minutes"),
    "minutes": (60, "calendarHours"),
    "calendarMinutes": (60, "calendarHours"),
    "businessMinutes": (60, "businessHours"),
}
_PERIODS: Final = {
    "hour": (1, "calendarHours"),
    "day": (1, "calendarDays"),
    "week": (7, "calendarDays"),
    "month": (1, "months"),
    "year": (1, "years"),
}


def compare(one: Any, other: Any) -> int | None:
    """-1 where a duration is surely shorter than another, 1 where longer, 0 where equal, None where nobody knows.

    Months differ in length, and what a business day is the partners settle among themselves.
    """
    amounts, units = (at(one, "/amount"), at(other, "/amount")), (at(one, "/units"), at(other, "/units"))
    if any(isinstance(amount, bool) or not isinstance(amount, int) or abs(amount) > MOST for amount in amounts):
        return None
    if units[0] == units[1]:
        return _sign(amounts[0], amounts[1])
    if not all(isinstance(unit, str) for unit in units) or min(amounts) < 0:
        return None
    for family in (_MONTHS, _SECONDS, _SETTLED):
        if units[0] in family and units[1] in family:
            return _sign(amounts[0] * family[units[0]], amounts[1] * family[units[1]])
    spans = [_span(amount, unit) for amount, unit in zip(amounts, units, strict=True)]
    if None in spans:
        return None
    (least, most), (low, high) = (span for span in spans if span)
    return -1 if most < low else 1 if least > high else 0 if least == most == low == high else None


def _sign(one: int, other: int) -> int:
    return int(one > other) - int(one < other)


def _span(amount: int, unit: str) -> tuple[int, int] | None:
    """How many seconds a duration has at the least and at the most."""
    if unit in _SECONDS:
        return amount * _SECONDS[unit], amount * _SECONDS[unit]
    if unit in _MONTHS:
        months = amount * _MONTHS[unit]
        return months * _SHORT_MONTH * _DAY, months * _LONG_MONTH * _DAY
    return None


_BUSINESS: Final = {
    "businessDays": 86400 * 7 / 5,
    "businessHours": 86400 * 7 / 5 / 8,
    "businessMinutes": 86400 * 7 / 5 / 8 / 60,
}
"""A week has five of them, and each eight hours: nobody but the partners knows."""
_MONTH: Final = 730.5 * 3600


def about(duration: Mapping[str, Any]) -> float:
    """How many seconds a duration has, near enough to say which of two is nearer to a third."""
    amount, unit = int(max(-MOST, min(MOST, duration["amount"]))), duration["units"]
    if unit in _MONTHS:
        return amount * _MONTHS[unit] * _MONTH
    return float(amount * _SECONDS.get(unit, _BUSINESS.get(unit, 1)))


def units_of(contract: Contract) -> tuple[str, ...]:
    """The units in which a contract counts; none where it knows no durations."""
    schemas = contract.document.get("components", {}).get("schemas", {})
    found = at(schemas, "/TimeUnit/enum")
    return tuple(found) if isinstance(found, list) else ()


def told(duration: Mapping[str, Any], units: Collection[str]) -> dict[str, Any]:
    """A duration in one of these units: by their name for its own, in a finer unit, or in a coarser one, rounded up."""
    amount, unit = duration["amount"], duration["units"]
    if not units or unit in units:
        return dict(duration)
    same = next((each for group in _SYNONYMS if unit in group for each in group if each in units), None)
    if same:
        return {**duration, "units": same}
    if unit in _FINER:
        times, finer = _FINER[unit]
        made = told({**duration, "amount": amount * times, "units": finer}, units)
        if made["units"] in units:
            return made
    if unit in _COARSER:
        times, coarser = _COARSER[unit]
        return told({**duration, "amount": -(-amount // times), "units": coarser}, units)
    return dict(duration)


def in_words_of(contract: Contract, value: Any) -> Any:
    """What is written once, as a contract has it: durations in its units, and periods of prices as durations where it has them so."""
    return _in_words(value, units_of(contract), periods=_has_periods(contract))


def _has_periods(contract: Contract) -> bool:
    """Whether a price that recurs has a duration for its period."""
    schemas = contract.document.get("components", {}).get("schemas", {})
    found = (at(schema, "/properties/recurringChargePeriod/$ref") for schema in schemas.values())
    return any(isinstance(each, str) and each.endswith("/Duration") for each in found)


def _in_words(value: Any, units: Collection[str], *, periods: bool) -> Any:
    if isinstance(value, list | tuple):
        return [_in_words(each, units, periods=periods) for each in value]
    if not isinstance(value, Mapping):
        return value
    if value.keys() == {"amount", "units"}:
        return told(value, units)
    made = {name: _in_words(each, units, periods=periods) for name, each in value.items()}
    period = value.get("recurringChargePeriod")
    if periods and isinstance(period, str) and period in _PERIODS:
        amount, unit = _PERIODS[period]
        made["recurringChargePeriod"] = told({"amount": amount, "units": unit}, units)
    return made
