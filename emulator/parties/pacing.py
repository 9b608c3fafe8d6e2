"""Pacing: a real clock of ours goes faster than the wall's, or is put forward, and all who share its store go by it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final

from emulator.parties.clock import Pace, RealClock
from emulator.parties.store import Store

_LOOK: Final = 0.5
"""Real seconds after which it looks again whether another process changed the pace."""


class Pacing:
    """Keeps the pace of a clock in the store. A worker of that clock, and the first: it does nothing that is due.

    So a seller that starts again goes on at the time that it had, and its histories never run backwards.
    """

    def __init__(self, store: Store, clock: RealClock, rate: float = 1.0) -> None:
        """From now on the clock goes `rate` times as fast as the wall's; it shows what it showed before."""
        self._store, self._clock = store, clock
        self._looked = time.monotonic()
        clock.pace = store.pace()
        if rate != clock.spread(1.0):
            self._set(rate=rate)
        clock.attach(self)

    @property
    def ahead(self) -> timedelta:
        """How far the clock is ahead of the wall's."""
        return self._clock.now() - datetime.now(UTC)

    @property
    def rate(self) -> float:
        """How many times as fast as the wall's the clock goes."""
        return self._clock.spread(1.0)

    def now(self) -> datetime:
        """What the clock shows."""
        return self._clock.now()

    def advance(self, seconds: float) -> datetime:
        """Put the clock forward and have done what is due by then; returns the new time.

        What is due on the way is done at its own moment. ValueError for a way back, and where there is no such time.
        """
        if not seconds >= 0:
            message = "time goes forward only"
            raise ValueError(message)
        try:
            leap = timedelta(seconds=seconds)
            self._set(leap=leap)
        except OverflowError as error:
            message = "there is no time that far ahead"
            raise ValueError(message) from error
        self._clock.wake()
        return self._clock.now()

    def _set(self, *, leap: timedelta = timedelta(0), rate: float | None = None) -> None:
        wall = datetime.now(UTC)
        pace = (self._store.pace() or Pace(wall, wall)).changed(wall, leap=leap, rate=rate)
        self._store.set_pace(pace, leap)
        self._clock.pace = pace

    def next_due(self) -> datetime | None:
        """Nothing is planned here."""
        return None

    def run_due(self, now: datetime) -> int:  # noqa: ARG002 - it goes by the wall's time
        """Look whether another process changed the pace."""
        if time.monotonic() - self._looked >= _LOOK:
            self._looked = time.monotonic()
            self._clock.pace = self._store.pace()
        return 0

    def close(self) -> None:
        """Nothing to let go of."""
