"""When a session ends before it is done, and why: somebody interrupts it, or its time is over."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Final

INTERRUPTED: Final = "interrupted"
HURRY: Final = 1.5
"""Seconds that what is still to be done may take once all has ended."""
_TURN: Final = 0.2
"""Seconds that who waits for the end sleeps at a time."""
TIME_IS_OVER: Final = "the time that --max-time grants is over"


class Stopped(Exception):  # noqa: N818 - the name says it
    """Raised where somebody waits or is about to send when the session has ended; the argument is the reason."""


class Stop:
    """The end of a session that is not done. Whoever waits or sends asks it; whoever sleeps by it wakes when it comes."""

    def __init__(self, seconds: float | None = None) -> None:
        """`seconds` of real time, from now on, are granted; None grants all that is needed."""
        self._until = None if seconds is None else time.monotonic() + seconds
        self._reason = ""
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._then: list[Callable[[], None]] = []
        self._news: queue.SimpleQueue[str] = queue.SimpleQueue()

    @property
    def reason(self) -> str:
        """Why it ended; empty as long as it goes on."""
        return self._reason

    def end(self, reason: str) -> None:
        """End it, once: the first reason stays."""
        with self._lock:
            if self._reason:
                return
            self._reason = reason
            then, self._then = self._then, []
        self._over.set()
        for do in then:
            do()
        self.tell()

    def then(self, do: Callable[[], None]) -> None:
        """Do this when it ends, or now where it has. It is done in the thread that ends the session."""
        with self._lock:
            if not self._reason:
                self._then.append(do)
                return
        do()

    def check(self) -> None:
        """Raise Stopped where it has ended."""
        if self._reason:
            raise Stopped(self._reason)

    def patience(self, usual: float) -> float:
        """How many seconds the last things to be done may take, `usual` ones as long as it goes on."""
        return HURRY if self._reason else usual

    def sleep(self, seconds: float) -> None:
        """Let so much real time pass. Raises Stopped."""
        self._over.wait(max(0.0, seconds))
        self.check()

    # -- who makes the session waits here ------------------------------------------------------------

    def interrupt(self) -> None:
        """Ask for the end. Safe in a signal handler, which may come in the middle of anything: `watch` does the rest."""
        self._news.put(INTERRUPTED)

    def tell(self) -> None:
        """Say that what `watch` waits for may be there."""
        self._news.put("")

    def watch(self, done: Callable[[], bool], longest: float | None = None) -> bool:
        """Wait until it is `done`, `longest` seconds at most. Returns False where the session ended first.

        A session that has ended by now is waited for all the same, as long as `longest` says.
        """
        ended = bool(self._reason)
        until = self._until if longest is None else time.monotonic() + longest
        while not done():
            left = None if until is None else until - time.monotonic()
            try:
                # In short turns: a signal that comes in the wrong moment is seen at the next of them.
                pause = _TURN if left is None else max(0.0, min(left, _TURN))
                if reason := self._news.get(timeout=pause):
                    self.end(reason)
            except queue.Empty:
                if left is None or left > _TURN:
                    continue
                if longest is not None:
                    return False
                self.end(TIME_IS_OVER)
            if self._reason and not ended:
                return False
        return True
