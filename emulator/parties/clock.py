"""The clock: the one source of time, real or virtual, and what is done as it passes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol


class Worker(Protocol):
    """Somebody who has things to do at certain times: a seller with timers, a deliverer of notifications."""

    def next_due(self) -> datetime | None:
        """When there is something to do next; a time that is past means now, None that nothing is planned."""

    def run_due(self, now: datetime) -> int:
        """Do what is due by now, or a part of it; returns how many things were done."""

    def close(self) -> None:
        """Nothing more will be asked for: let go of threads."""


class Clock(Protocol):
    """Gives the time and lets it pass. Virtual time drives only our own timers and timestamps."""

    def now(self) -> datetime:
        """The time, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Return when that much time has passed, and in virtual time when all is done that was due on the way."""

    def attach(self, worker: Worker) -> None:
        """Let a worker do what is due as time passes; the first to be attached goes first."""

    def settle(self) -> None:
        """In virtual time, do all that is due now. In real time a `Background` does that."""

    def wake(self, at: datetime | None = None) -> None:
        """Say that something new may be due, now or at that time; only who waits in real time needs to hear it."""

    def spread(self, seconds: float) -> float:
        """The seconds that this clock counts while a partner's clock counts so many."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a clock goes that goes by the wall's: it showed `shown` at `real`, and goes `rate` times as fast."""

    real: datetime
    shown: datetime
    rate: float = 1.0

    def at(self, real: datetime) -> datetime:
        """What the clock shows when the wall's shows `real`."""
        return self.shown + (real - self.real) * self.rate

    def changed(self, real: datetime, *, leap: timedelta = timedelta(0), rate: float | None = None) -> Pace:
        """The pace from `real` on: put forward by `leap`, and at another rate."""
        return Pace(real, self.at(real) + leap, self.rate if rate is None else rate)


class RealClock:
    """The wall's time, or one that goes by it at a pace of its own, for timers and timestamps of ours.

    What is due is done by a `Background` (`emulator.parties.background`), not by who looks.
    """

    def __init__(self) -> None:
        self.pace: Pace | None = None
        self.workers: list[Worker] = []
        self.on_wake: Callable[[datetime | None], None] = lambda _: None

    def now(self) -> datetime:
        wall = datetime.now(UTC)
        return wall if self.pace is None else self.pace.at(wall)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / self.spread(1.0))

    def spread(self, seconds: float) -> float:
        return seconds if self.pace is None else seconds * self.pace.rate

    def attach(self, worker: Worker) -> None:
        self.workers.append(worker)

    def settle(self) -> None:
        """Nothing: the background does it."""

    def wake(self, at: datetime | None = None) -> None:
        self.on_wake(at)


class VirtualClock:
    """Time that stands still until someone sleeps: a 40-day order takes milliseconds.

    Who sleeps walks from one due moment to the next and has the workers do what is due there, in its own thread,
    so that the same run gives the same history every time.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime.now(UTC).replace(microsecond=0)
        self._lock = threading.Lock()
        self._walking = threading.RLock()
        self._workers: list[Worker] = []

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def attach(self, worker: Worker) -> None:
        self._workers.append(worker)

    def sleep(self, seconds: float) -> None:
        with self._walking:
            target = self.now() + timedelta(seconds=max(0.0, seconds))
            while (moment := self.next_due()) is not None and moment <= target:
                self._put(max(moment, self.now()))
                if not self._work():
                    break  # somebody's moment has come, and nobody can do anything about it
            self._put(target)

    def settle(self) -> None:
        self.sleep(0)

    def wake(self, at: datetime | None = None) -> None:
        """Nobody waits."""

    def spread(self, seconds: float) -> float:
        return seconds

    def _put(self, moment: datetime) -> None:
        with self._lock:
            self._now = moment

    def next_due(self) -> datetime | None:
        """When a worker has something to do next; None where nothing is planned."""
        return min((due for worker in self._workers if (due := worker.next_due()) is not None), default=None)

    def _work(self) -> int:
        """Let each worker do what is due now, in turn, until nothing is; returns how many things were done."""
        done = 0
        while now_done := sum(worker.run_due(self.now()) for worker in self._workers):
            done += now_done
        return done


@lru_cache(64)
def rfc3339(moment: datetime) -> str:
    """A date-time as the Sonata APIs write it: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"
