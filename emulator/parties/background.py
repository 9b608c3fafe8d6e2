"""The background: in real time, one thread that has the workers of a clock do what is due when it is due."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from emulator.parties.clock import Clock, RealClock
from emulator.record.call import Unavailable

_LOG: Final = logging.getLogger(__name__)

POLL: Final = 0.5
"""Seconds after which it looks again although nobody woke it: another process may have planned something."""
_BREATH: Final = 0.002
"""Seconds between two looks, at the least."""


class Background:
    """A thread that waits for the earliest due moment of a clock's workers, or to be woken, and has them work."""

    def __init__(self, clock: RealClock, poll: float = POLL) -> None:
        self._clock = clock
        self._poll = poll
        self._news = threading.Event()
        self._stopped = False
        self._until = math.inf
        self._thread = threading.Thread(target=self._run, name="oit-background", daemon=True)

    def start(self) -> None:
        self._clock.on_wake = self.wake
        self._thread.start()

    def wake(self, at: datetime | None = None) -> None:
        """Look at once, since something new may be due; not where it is due after the next look that there will be."""
        if at is None or time.monotonic() + self._seconds_to(at) < self._until:
            self._news.set()

    def _seconds_to(self, at: datetime) -> float:
        """Seconds of the wall's time until the clock shows that."""
        return (at - self._clock.now()).total_seconds() / self._clock.spread(1.0)

    def stop(self, timeout: float = 3.0) -> None:
        """End the thread and wait for it and for what its workers have begun; what is due later stays in the store."""
        self._stopped = True
        self._clock.on_wake = lambda _: None
        self._news.set()
        self._thread.join(timeout)
        for worker in self._clock.workers:
            worker.close()

    def _run(self) -> None:
        while not self._stopped:
            self._until = math.inf  # whoever wakes us while we look is heard
            self._news.clear()
            wait = self._step()
            self._until = time.monotonic() + wait
            self._news.wait(wait)

    def _step(self) -> float:
        """Have all workers do what is due; returns for how many seconds there is nothing to do."""
        wait = self._poll
        for worker in list(self._clock.workers):
            try:
                done = worker.run_due(self._clock.now())
                due = None if done else worker.next_due()
            except Unavailable:
                continue  # it has been said, and this one may recover
            except Exception:  # noqa: BLE001 - whatever it is: the others go on, and this one may recover
                _LOG.exception("the background work of %s failed", type(worker).__name__)
                continue
            if done:
                wait = 0.0
            elif due is not None:
                # What is due and was not to be had is in other hands: no need to run.
                wait = min(wait, max(_BREATH, self._seconds_to(due)))
        return wait


@contextmanager
def time_passing(clock: Clock) -> Iterator[None]:
    """Inside, what is due is done in the background where the clock is real; a virtual one needs nobody."""
    if not isinstance(clock, RealClock):
        yield
        return
    background = Background(clock)
    background.start()
    try:
        yield
    finally:
        background.stop()
