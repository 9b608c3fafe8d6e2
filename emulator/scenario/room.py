"""The waiting room: what comes to our seller's door while a buyer under test has the next move."""

from __future__ import annotations

import sys
import threading
import time

from emulator.doors.faults import Faults
from emulator.record.exchange import Exchange, Party, Transcript


class Room(Transcript):
    """A transcript whose news can be waited for. The door adds to it from its threads, the runner reads.

    Besides exchanges it is told what states our seller's resources reached, and when the buyer has nothing
    more to send. `faults` are those of the door: exchanges that they spoil are in `spoilt`.
    """

    def __init__(self, faults: Faults | None = None) -> None:
        super().__init__()
        self.spoilt: set[int] = set()
        self.awaited: set[int] = set()
        self._faults, self._struck = faults, 0
        self._news = threading.Condition()
        self._version = 0
        self._reached: dict[tuple[str, str], list[tuple[int, str]]] = {}
        self._closed = False
        self._looked_at = 0

    def add(self, exchange: Exchange, *, late: bool = False) -> Exchange:
        """Keep an exchange, and tell who waits. A buyer that is done need not listen any more: what does not reach it
        then is nobody's fault, and not kept.
        """
        if self._closed and exchange.sender is Party.SELLER and exchange.response is None:
            return exchange
        numbered = super().add(exchange, late=late)
        if self._faults is not None and numbered.sender is Party.BUYER:
            with self._news:
                if self._faults.spoilt > self._struck:
                    self.spoilt.add(numbered.n)
                self._struck = self._faults.spoilt
        self._tell()
        return numbered

    def reach(self, kind: str, identifier: str, state: str) -> None:
        """Our seller's resource came to a state."""
        with self._news:
            self._reached.setdefault((kind, identifier), []).append((len(self), state))
        self._tell()

    def reached(self, kind: str, identifier: str) -> list[tuple[int, str]]:
        """The states that a resource came to, in order, each with the number of exchanges before it."""
        with self._news:
            return list(self._reached.get((kind, identifier), ()))

    def close(self) -> None:
        """The buyer says that it has nothing more to send, or nothing more is asked of it: nobody needs to wait."""
        with self._news:
            self._closed = True
        self._tell()

    def wake(self) -> None:
        """Have who waits look whether all has ended."""
        self._tell()

    def look(self, count: int) -> None:
        """Who reads has looked at so many exchanges, and has done what follows from them."""
        with self._news:
            self._looked_at = count
            self._news.notify_all()

    def let_pass(self) -> None:
        """Nobody reads any more: no request needs to wait to be looked at."""
        self.look(sys.maxsize)

    def catch_up(self, seconds: float = 2.0) -> None:
        """Return when all that is here has been looked at, or after that much real time: a quick buyer must not be ahead
        of the trouble that its next request is to meet.
        """
        with self._news:
            self._news.wait_for(lambda: self._closed or self._looked_at >= len(self), timeout=seconds)

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def version(self) -> int:
        """Grows with every piece of news."""
        return self._version

    def wait(self, version: int, seconds: float) -> None:
        """Return when there is news beyond `version`, or after that much real time."""
        with self._news:
            self._news.wait_for(lambda: self._version != version, timeout=max(0.0, seconds))

    def linger(self, quiet: float, most: float = 5.0) -> None:
        """Return when nothing has come for `quiet` seconds, after `most` at the latest: who has done all that was asked
        of it may still be at its last calls. One that said that it is done is not waited for.
        """
        end = time.monotonic() + most
        with self._news:
            while quiet > 0 and not self._closed and time.monotonic() < end:
                version = self._version
                if not self._news.wait_for(lambda seen=version: self._version != seen, timeout=quiet):  # type: ignore[misc]
                    return

    def _tell(self) -> None:
        with self._news:
            self._version += 1
            self._news.notify_all()
