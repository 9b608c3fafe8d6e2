"""The console's front desk: what is shown by now, and what is told of it as it changes."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, Final

from emulator.console.source import NoRun, RunLine, Shelf, Source, line_json
from emulator.console.stream import Stream
from emulator.parties.clock import Clock, rfc3339
from emulator.report.model import Report

BEAT: Final = 0.2
"""Seconds between two looks for news."""
_JUDGING: Final = 0.25
"""Seconds that the list of runs may take to judge those that have something new."""
PLAIN: Final = "plain-path"
"""How the run of the plain base path is called."""

_LOG: Final = logging.getLogger("oit.console")


class Front:
    """Answers what the page asks, and looks for news as long as it is open."""

    def __init__(self, source: Source, clock: Clock, stream: Stream | None = None) -> None:
        self.source, self.clock = source, clock
        self.stream = stream or Stream()
        self._shelf = Shelf(source)
        self._looking = threading.Lock()
        self._mark: object = None
        self._versions: dict[str, int] = {}
        self._shown: Any = None
        self._waiting: Any = None
        self._version = 0
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    # -- what is shown -----------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """`GET /api/state`."""
        self.look()
        lines = self.source.runs()
        end = time.monotonic() + _JUDGING
        rows = [line_json(line, self._shelf.known(line) or self._judged(line, end)) for line in lines]
        return {
            "role": str(self.source.role),
            "emulator": self.source.emulator,
            "now": rfc3339(self.clock.now()),
            "speed": self.clock.spread(1.0),
            "ahead_seconds": 0.0,
            "version": self._version,
            "capabilities": [],
            "runs": rows,
            "faults": [],
        }

    def _judged(self, line: RunLine, end: float) -> Report | None:
        return self._shelf.report(line) if time.monotonic() < end else None

    def line(self, run: str) -> RunLine:
        """A run of the list. NoRun."""
        for line in self.source.runs():
            if line.id == run:
                return line
        message = f"there is no run {run!r:.100} here"
        raise NoRun(message)

    def report(self, run: str) -> Report:
        """What the judge says of a run by now. NoRun."""
        return self._shelf.report(self.line(run))

    # -- what is new -------------------------------------------------------------------------------

    def start(self) -> None:
        """Look for news from now on, in a thread of our own."""
        self._thread = threading.Thread(target=self._watch, name="oit-console", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more, and end every stream."""
        self._end.set()
        self.stream.close()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def look(self) -> None:
        """Tell who listens of what is new."""
        with self._looking:
            if (mark := self.source.mark()) != self._mark:
                self._mark = mark
                self._tell_runs(self.source.runs())
            if (waiting := self.source.waiting()) != self._waiting:
                self._waiting = waiting
                self._version += 1
                self.stream.tell("waiting", {"version": self._version})

    def _tell_runs(self, lines: list[RunLine]) -> None:
        versions = {line.id: line.version for line in lines}
        fresh = [line.id for line in reversed(lines) if self._versions.get(line.id) != line.version]
        shown = [(line.id, line.finished) for line in lines]
        changed, self._shown, self._versions = shown != self._shown, shown, versions
        for run in fresh:
            self.stream.tell("run", {"id": run, "version": versions[run]})
        if changed:
            self._version += 1
            self.stream.tell("state", {"version": self._version})

    @property
    def version(self) -> int:
        """Grows with everything that `state` shows and the runs themselves do not tell."""
        return self._version

    def _watch(self) -> None:
        while not self._end.wait(BEAT):
            try:
                self.look()
            except Exception:  # noqa: BLE001 - whatever it is, the next look may do
                _LOG.exception("the console could not look for news")
