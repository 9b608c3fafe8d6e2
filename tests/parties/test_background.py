"""The background of a real clock: it does what is due, hears who wakes it, and outlives a worker that fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from emulator.parties.background import Background, time_passing
from emulator.parties.clock import RealClock, VirtualClock

PATIENCE = 30


class Work:
    """A worker that does what is planned, and says so."""

    def __init__(self, do: Callable[[], None] = lambda: None) -> None:
        self.planned: list[datetime] = []
        self.done = threading.Event()
        self.do = do
        self.closed = False

    def next_due(self) -> datetime | None:
        return min(self.planned, default=None)

    def run_due(self, now: datetime) -> int:
        due = [moment for moment in self.planned if moment <= now]
        for moment in due:
            self.planned.remove(moment)
            self.do()
            self.done.set()
        return len(due)

    def close(self) -> None:
        self.closed = True


def working(*work: Work) -> tuple[RealClock, Background]:
    clock = RealClock()
    for each in work:
        clock.attach(each)
    return clock, Background(clock, poll=PATIENCE)


def test_what_is_due_is_done_without_anybody_looking():
    work = Work()
    clock, background = working(work)
    work.planned.append(clock.now() + timedelta(milliseconds=20))
    background.start()
    assert work.done.wait(PATIENCE)
    background.stop()
    assert work.closed


def test_who_plans_something_wakes_it():
    work, idle = Work(), threading.Event()
    clock, background = working(work)
    asked = work.next_due
    work.next_due = lambda: (idle.set(), asked())[1]  # type: ignore[method-assign]
    background.start()
    assert idle.wait(PATIENCE)  # it has nothing to do, and would look again in half a minute
    work.planned.append(clock.now())
    clock.wake()
    assert work.done.wait(PATIENCE / 2)
    background.stop()


def test_a_worker_that_fails_stops_neither_itself_nor_the_others(caplog: pytest.LogCaptureFixture):
    failing, good = Work(do=lambda: 1 / 0), Work()
    clock, background = working(failing, good)
    failing.planned.append(clock.now())
    good.planned.append(clock.now())
    background.start()
    assert good.done.wait(PATIENCE)
    failing.do = lambda: None
    failing.planned.append(clock.now())
    clock.wake()
    assert failing.done.wait(PATIENCE)
    background.stop()
    assert "ZeroDivisionError" in caplog.text


def test_nothing_is_left_running():
    before = set(threading.enumerate())
    work = Work()
    clock, _ = working(work)
    with time_passing(clock):
        assert set(threading.enumerate()) - before
    assert set(threading.enumerate()) <= before
    assert work.closed
    with time_passing(VirtualClock()):
        assert set(threading.enumerate()) <= before
