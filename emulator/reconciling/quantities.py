"""How many units of a recurring charge a stretch of time is, by each method that sellers have: exact decimals, in UTC days."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Final

from emulator.reconciling.settings import ProRata
from emulator.record.payload import at
from emulator.standard.instant import read_instant

DAY: Final = timedelta(days=1)
_EXACT: Final = Context(prec=40)
_PLACES: Final = Decimal("1e-10")
_DAYS: Final = {"day": 1, "week": 7}
_MONTHS: Final = {"month": 1, "year": 12}
_LONGEST: Final = 400
"""Months, about 33 years, of one charge that are gone through."""
_PERIODS: Final = {
    "h": "hour",
    "hr": "hour",
    "hrs": "hour",
    "d": "day",
    "daily": "day",
    "wk": "week",
    "weekly": "week",
    "mo": "month",
    "mon": "month",
    "mth": "month",
    "monthly": "month",
    "mrc": "month",
    "y": "year",
    "yr": "year",
    "yearly": "year",
    "annual": "year",
    "annually": "year",
    "hourly": "hour",
}


@dataclass(frozen=True, slots=True)
class DaySpan:
    """A stretch of time from `start` to `end`, which is no part of it; None where it is open."""

    start: datetime | None
    end: datetime | None

    @property
    def closed(self) -> tuple[datetime, datetime] | None:
        """Both ends, where it has them in this order."""
        if self.start is None or self.end is None or self.end < self.start:
            return None
        return self.start, self.end

    def within(self, other: DaySpan) -> DaySpan:
        """What it has in common with another one; of no length, at its start, where that is nothing."""
        start = max((each for each in (self.start, other.start) if each is not None), default=None)
        end = min((each for each in (self.end, other.end) if each is not None), default=None)
        return DaySpan(start, start) if start is not None and end is not None and end < start else DaySpan(start, end)

    @property
    def whole_days(self) -> DaySpan:
        """From the beginning of its first day to that of its last one."""
        return DaySpan(_midnight(self.start), _midnight(self.end))

    @property
    def days(self) -> Decimal | None:
        """How many days it has, with their fractions; None where it is open."""
        both = self.closed
        return None if both is None else Decimal((both[1] - both[0]) // timedelta(seconds=1)) / 86400


def _midnight(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(hour=0, minute=0, second=0, microsecond=0)


def moment_of(value: Any) -> datetime | None:
    """A date-time or date as an instant; without an offset it is taken for one of UTC. None for all else."""
    found = read_instant(value)
    if found is None:
        return None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:  # at either end of the calendar
        return found.replace(tzinfo=UTC)


def span_of(value: Any) -> DaySpan:
    """A TimePeriod as messages have it."""
    return DaySpan(moment_of(at(value, "/startDateTime")), moment_of(at(value, "/endDateTime")))


def period_of(unit: Any) -> str | None:
    """The charge period that a unit means, which is free text; None where it means none that is known."""
    if not isinstance(unit, str):
        return None
    word = unit.strip().casefold().removeprefix("per ").removeprefix("/").rstrip(".")
    word = word.removesuffix("s") if word.removesuffix("s") in ("hour", "day", "week", "month", "year") else word
    return word if word in ("hour", "day", "week", "month", "year") else _PERIODS.get(word)


def quantities(span: DaySpan, period: str, method: ProRata) -> list[tuple[Decimal, str]]:
    """How many periods a closed span may be charged as, each with the method in words, the likeliest first.

    A month (28 to 31 days) that lacks no whole day is 1 by every method. With a method that was declared the days are those
    from start to end; with any, also the day is let pass on which a seller writes its end as the last day. Nothing where
    the span is open or of no length.
    """
    both = span.closed
    if both is None or both[0] == both[1]:
        return []
    found: dict[Decimal, str] = {}
    for ends in _ends(*both, lenient=method is ProRata.ANY):
        for quantity, words in _by_method(*ends, period, method):
            found.setdefault(quantity, words)
    return list(found.items())


def _ends(start: datetime, end: datetime, *, lenient: bool) -> Iterator[tuple[datetime, datetime]]:
    """The whole days that a span may mean: from the day it begins on until the one it ends on, begun or not."""
    first = start.replace(hour=0, minute=0, second=0, microsecond=0)
    last = end.replace(hour=0, minute=0, second=0, microsecond=0)
    begun = last if last == end else _later(last)
    yield first, begun
    if lenient or first != start:
        if last > first and last != begun:
            yield first, last
        if first != start and begun > _later(first):
            yield _later(first), begun
    if lenient:
        yield first, _later(begun)


def _later(moment: datetime) -> datetime:
    try:
        return moment + DAY
    except OverflowError:
        return moment


def _by_method(start: datetime, end: datetime, period: str, method: ProRata) -> Iterator[tuple[Decimal, str]]:
    days = Decimal((end - start).days)
    if period == "hour":
        yield days * 24, "hours"
        return
    if period in _DAYS:
        exact = days / _DAYS[period]
        if method is not ProRata.WHOLE:
            yield _placed(exact), "days"
        if method in (ProRata.ANY, ProRata.WHOLE):
            yield Decimal(-(-days // _DAYS[period])), "whole periods"
        return
    months = _MONTHS.get(period)
    if months is None:
        return
    parts = list(_parts(start, end))
    if method in (ProRata.ANY, ProRata.DAYS):
        yield _placed(_years(parts) if months != 1 else _sum(parts)), "the days of the month"
    if method in (ProRata.ANY, ProRata.THIRTIETHS):
        thirtieths = sum(
            (Decimal(1) if got == of else min(Decimal(got) / 30, Decimal(1)) for got, of, _ in parts), Decimal(0)
        )
        yield _placed(thirtieths / months), "thirtieths of a month"
    if method in (ProRata.ANY, ProRata.WHOLE):
        yield Decimal(-(-_begun(start, end) // months)), "whole periods"


def _parts(start: datetime, end: datetime) -> Iterator[tuple[int, int, int]]:
    """For each month that a span touches: how many of its days, of how many, and in which year."""
    day = start
    for _ in range(_LONGEST):
        if day >= end:
            return
        size = calendar.monthrange(day.year, day.month)[1]
        left = size - day.day + 1
        got = min(left, (end - day).days)
        yield got, size, day.year
        try:
            day += got * DAY
        except OverflowError:
            return


def _sum(parts: list[tuple[int, int, int]]) -> Decimal:
    return sum((_EXACT.divide(Decimal(got), Decimal(of)) for got, of, _ in parts), Decimal(0))


def _years(parts: list[tuple[int, int, int]]) -> Decimal:
    """Years by their days: 365 or 366."""
    return sum(
        (_EXACT.divide(Decimal(got), Decimal(365 + calendar.isleap(year))) for got, _, year in parts), Decimal(0)
    )


def _begun(start: datetime, end: datetime) -> int:
    """How many months have begun in a span, counted from its start."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return max(1, months + (end.day > start.day))


def _placed(value: Decimal) -> Decimal:
    return value.quantize(_PLACES, ROUND_HALF_UP, Context(prec=60)).normalize()
