"""A clock of ours that goes faster, or is put forward: all who share its store go by it, and nobody's lease leaps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.parties.clock import Pace, RealClock, VirtualClock
from emulator.parties.opening import open_store
from emulator.parties.pacing import Pacing
from emulator.parties.store import Owed, Store
from tests.parties.databases import KINDS, database

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MOMENTS = st.datetimes(
    START.replace(tzinfo=None), timezones=st.just(UTC), max_value=START.replace(tzinfo=None) + 3650 * DAY
)


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path) -> Iterator[Store]:
    with database(request.param, tmp_path) as url:
        opened = open_store(url)
        yield opened
        opened.close()


@given(real=MOMENTS, later=st.timedeltas(timedelta(0), 365 * DAY), rates=st.tuples(*[st.floats(0.001, 1e6)] * 2))
def test_a_change_of_pace_is_no_leap(real: datetime, later: timedelta, rates: tuple[float, float]):
    """At the moment of a change a clock shows what it showed, and from then on goes at the new rate."""
    pace = Pace(real, START, rates[0])
    try:
        then = pace.at(real + later)
    except OverflowError:
        return
    changed = pace.changed(real + later, rate=rates[1])
    assert changed.at(real + later) == then
    assert changed.changed(real + later, leap=DAY).at(real + later) == then + DAY


def test_the_wall_clock_is_the_one_that_nobody_paced():
    clock = RealClock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
    assert clock.spread(3) == 3
    assert VirtualClock(START).spread(3) == 3


def test_time_that_was_put_ahead_stays_ahead_at_the_next_start(store: Store):
    first = RealClock()
    pacing = Pacing(store, first)
    assert store.pace() is None, "a clock that nobody paced is the wall's"
    assert pacing.advance(5 * DAY.total_seconds()) - datetime.now(UTC) > 4 * DAY
    again = RealClock()
    assert Pacing(store, again, rate=60).ahead > 4 * DAY
    assert again.spread(1) == 60
    assert again.now() >= first.now()


def test_another_process_hears_of_it(store: Store):
    ours, theirs = RealClock(), RealClock()
    pacing, other = Pacing(store, ours), Pacing(store, theirs)
    pacing.advance(DAY.total_seconds())
    other._looked = 0
    assert other.run_due(theirs.now()) == 0
    assert other.ahead > DAY / 2


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e18])
def test_there_is_no_way_back_and_no_end_of_time(store: Store, seconds: float):
    pacing = Pacing(store, RealClock())
    with pytest.raises(ValueError, match=r"time goes forward only|no time that far ahead"):
        pacing.advance(seconds)
    assert store.pace() is None


def test_a_lease_does_not_end_because_time_leaps(store: Store):
    """Who is talking to a partner holds the notification still: else a second thread would deliver it again."""
    store.owe(Owed("1", "r", "quote", "s", "quoteStateChangeEvent", {}, START))
    store.owe(Owed("2", "r", "quote", "other", "quoteStateChangeEvent", {}, START))
    assert [owed.id for owed in store.owed_due(START, 1, 60)] == ["1"]
    store.set_pace(Pace(START, START + DAY), DAY)
    assert [owed.id for owed in store.owed_due(START + DAY, 5, 60)] == ["2"]
    assert store.next_owed() == START + DAY + timedelta(seconds=60)
    assert {owed.id for owed in store.owed_due(START + DAY + timedelta(seconds=60), 5, 60)} == {"1", "2"}
