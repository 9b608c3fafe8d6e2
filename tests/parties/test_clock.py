"""Time that passes: what is due is done in order, each thing at its own moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from emulator.parties.clock import RealClock, VirtualClock

START = datetime(2026, 1, 1, tzinfo=UTC)


class Planner:
    """Does things at planned seconds; one may plan another."""

    def __init__(self, clock: VirtualClock, log: list[tuple[str, float]], name: str = "a") -> None:
        self.clock, self.log, self.name = clock, log, name
        self.planned: list[float] = []
        self.then: dict[float, float] = {}

    def next_due(self) -> datetime | None:
        return START + timedelta(seconds=min(self.planned)) if self.planned else None

    def run_due(self, now: datetime) -> int:
        passed = (now - START).total_seconds()
        due = sorted(second for second in self.planned if second <= passed)
        for second in due:
            self.planned.remove(second)
            self.log.append((self.name, (self.clock.now() - START).total_seconds()))
            if second in self.then:
                self.planned.append(self.then[second])
        return len(due)

    def close(self) -> None:
        """Nothing to let go of."""


def clock_with(*planned: float) -> tuple[VirtualClock, Planner, list[tuple[str, float]]]:
    clock, log = VirtualClock(START), []
    planner = Planner(clock, log)
    planner.planned += planned
    clock.attach(planner)
    return clock, planner, log


def test_sleep_walks_from_one_due_moment_to_the_next():
    clock, _, log = clock_with(5, 2, 40)
    clock.sleep(10)
    assert log == [("a", 2), ("a", 5)]
    assert clock.now() == START + timedelta(seconds=10)
    clock.sleep(30)
    assert log[2:] == [("a", 40)]


def test_what_is_planned_on_the_way_is_done_on_the_way():
    clock, planner, log = clock_with(1)
    planner.then = {1: 3, 3: 3.5, 3.5: 99}
    clock.sleep(10)
    assert [at for _, at in log] == [1, 3, 3.5]
    assert planner.planned == [99]


def test_settle_does_what_is_due_now_and_time_stands_still():
    clock, planner, log = clock_with(0, 1)
    planner.then = {0: 0.0}
    planner.then.clear()
    clock.settle()
    assert log == [("a", 0)]
    assert clock.now() == START


def test_at_one_moment_who_was_attached_first_goes_first_until_nobody_has_anything():
    clock, first, log = clock_with(1)
    second = Planner(clock, log, "b")
    second.planned.append(1)
    clock.attach(second)
    clock.sleep(5)
    assert log == [("a", 1), ("b", 1)]
    assert first.planned == second.planned == []


def test_a_worker_that_cannot_do_what_is_due_stops_nobody():
    clock, _, _ = clock_with(1)

    class Stuck(Planner):
        def run_due(self, now: datetime) -> int:
            return 0

    stuck = Stuck(clock, [])
    stuck.planned.append(2)
    clock.attach(stuck)
    clock.sleep(5)
    assert clock.now() == START + timedelta(seconds=5)


def test_time_never_goes_back():
    clock, planner, log = clock_with()
    clock.sleep(-5)
    assert clock.now() == START
    clock.sleep(10)
    planner.planned.append(3)  # overdue
    clock.settle()
    assert log == [("a", 10)]


def test_a_real_clock_settles_nothing_and_passes_on_who_wakes():
    clock, woken = RealClock(), []
    clock.wake()
    clock.on_wake = lambda at: woken.append(1)
    clock.settle()
    clock.wake()
    assert woken == [1]
