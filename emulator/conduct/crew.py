"""Makes runs in threads of their own, until all are made or the session ends. Knows nothing of what a run is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from emulator.report.model import Report
from emulator.scenario.stop import INTERRUPTED, Stop

GRACE: Final = 3.0
"""Seconds in which runs under way come to their end once the session has: after that they are reported as they stand."""


class Post:
    """Where a run hands in its report, once: it does so itself, or its post is taken over by who waits no longer."""

    def __init__(self) -> None:
        self.report: Report | None = None
        self._so_far: Callable[[], Report] | None = None
        self._tell: Callable[[Report], None] = lambda _: None
        self._lock = threading.Lock()
        self._open = True

    @property
    def is_open(self) -> bool:
        """Whether a report may still be handed in; where not, nobody listens to the run any more."""
        return self._open

    def begin(self, so_far: Callable[[], Report], tell: Callable[[Report], None]) -> None:
        """The run begins: `so_far` reports it as it stands at any time, `tell` is told of the report at the end."""
        self._so_far, self._tell = so_far, tell

    def hand_in(self, report: Report) -> None:
        """The run is over."""
        with self._lock:
            if not self._open:
                return
            self._open, self.report = False, report
        self._tell(report)

    def take_over(self) -> None:
        """Report a run that has begun and does not come to its end as it stands."""
        if self._open and self._so_far is not None:
            self.hand_in(self._so_far())


class _Crew:
    """So many threads, each of which makes one run after the other."""

    def __init__(self, count: int, make: Callable[[int, Post], None], stop: Stop) -> None:
        self.posts = [Post() for _ in range(count)]
        self.trouble: list[BaseException] = []
        self._make, self._stop = make, stop
        self._coming = iter(range(count))
        self._lock = threading.Lock()
        self._at_work = 0

    def begin(self, together: int) -> None:
        self._at_work = together
        for n in range(together):
            # As daemons: a partner that neither answers nor lets go does not keep the process from its end.
            threading.Thread(target=self._work, name=f"oit-run-{n}", daemon=True).start()

    @property
    def done(self) -> bool:
        return self._at_work == 0

    def _work(self) -> None:
        while (n := self._next()) is not None:
            try:
                self._make(n, self.posts[n])
            except BaseException as error:  # noqa: BLE001 - raised again by who waits for us
                self.trouble.append(error)
                self._stop.end("a run could not be made")
        with self._lock:
            self._at_work -= 1
        self._stop.tell()

    def _next(self) -> int | None:
        with self._lock:
            return None if self._stop.reason else next(self._coming, None)


def make_all(count: int, make: Callable[[int, Post], None], together: int, stop: Stop) -> list[Report]:
    """Have `make` make runs 0 to `count` - 1, `together` at a time; returns the reports of those that began, in order.

    When `stop` ends no other run begins, and those under way are waited for a little. Raises what a run raised.
    """
    crew = _Crew(count, make, stop)
    crew.begin(min(count, together))
    try:
        stop.watch(lambda: crew.done)
    except BaseException:
        stop.end(INTERRUPTED)
        raise
    finally:
        if not crew.done:
            stop.watch(lambda: crew.done, GRACE)
    if crew.trouble:
        raise crew.trouble[0]
    for post in crew.posts:
        post.take_over()
    return [post.report for post in crew.posts if post.report is not None]
