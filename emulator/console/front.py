"""The console's front desk: what is shown by now, and what is told of it as it changes."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from emulator.console.control import Control, Did
from emulator.console.log import Asked, log, verdicts
from emulator.console.resources import resources
from emulator.console.source import NoRun, RunLine, Shelf, Source, line_json
from emulator.console.stream import Stream
from emulator.parties.clock import Clock, rfc3339
from emulator.record.exchange import Exchange
from emulator.report import WRITERS
from emulator.report.model import Report
from emulator.standard.release import Release

BEAT: Final = 0.2
"""Seconds between two looks for news."""
_JUDGING: Final = 0.25
"""Seconds that the list of runs may take to judge those that have something new."""

_LOG: Final = logging.getLogger("oit.console")


class Front:
    """Answers what the page asks, and looks for news as long as it is open."""

    def __init__(self, source: Source, clock: Clock, control: Control, release: Release) -> None:
        self.source, self.clock, self.control, self.release = source, clock, control, release
        self.stream = Stream()
        self._shelf = Shelf(source)
        self._looking = threading.Lock()
        self._mark: object = None
        self._versions: dict[str, int] = {}
        self._shown: Any = []
        self._hands: Any = ([], control.able())
        self._waiting: Any = None
        self._version = 0
        self._behind = False
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    # -- what is shown -----------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """`GET /api/state`."""
        self.look()
        lines = self.source.runs()
        end = time.monotonic() + _JUDGING
        emulation = self.source.current()
        pacing = emulation.pacing if emulation else None
        rows = [line_json(line, self._shelf.known(line) or self._judged(line, end)) for line in lines]
        self._behind = any(row["findings"] is None for row in rows)
        return {
            "role": str(self.source.role),
            "emulator": self.source.emulator,
            "now": rfc3339(self.now()),
            "speed": pacing.rate if pacing else 1.0,
            "ahead_seconds": round(pacing.ahead.total_seconds(), 3) if pacing else 0.0,
            "version": self._version,
            "waiting": self.source.waiting() is not None,
            "capabilities": self.control.able(),
            "runs": rows,
            "faults": self._faults(),
            "behaves": list(emulation.moods.names) if emulation and emulation.moods else [],
            "asked": self.control.asking.question if self.control.asking else None,
            "formats": list(WRITERS),
        }

    def now(self) -> datetime:
        """The time of our seller, where there is one."""
        emulation = self.source.current()
        return emulation.pacing.now() if emulation and emulation.pacing else self.clock.now()

    def _faults(self) -> list[dict[str, Any]]:
        emulation = self.source.current()
        if emulation is None or emulation.faults is None:
            return []
        return [{"operation": one.operation, "what": one.what, "left": one.left} for one in emulation.faults.lasting()]

    def log(self, asked: Asked) -> dict[str, Any]:
        """`GET /api/log`. NoRun."""
        if asked.run is not None:
            self.line(asked.run)
        lines = {line.id: line for line in self.source.runs()}
        known: dict[str, dict[int, str]] = {}

        def verdict_of(run: str, exchange: Exchange) -> str | None:
            if run not in known:
                known[run] = verdicts(self._shelf.report(lines[run])) if run in lines else {}
            return known[run].get(exchange.n)

        return log(asked, self.source.newest_first(asked.run), verdict_of)

    def resources(self, run: str) -> dict[str, Any]:
        """`GET /api/runs/ID/resources`. NoRun."""
        self.line(run)
        found = self.source.emulation(run)
        empty: dict[str, Any] = {"kinds": [], "resources": [], "subscriptions": [], "owed": [], "dead": []}
        return {"now": rfc3339(self.now()), **(resources(*found) if found else empty)}

    def do(self, action: str, asked: Any) -> Did:
        """`POST /api/control/ACTION`; who listens is told that there may be something new."""
        did = self.control.do(action, asked)
        self.look(touched=True)
        return did

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

    def look(self, *, touched: bool = False) -> None:
        """Tell who listens of what is new; `touched` says that a hand has changed something."""
        with self._looking:
            hands = (self._faults(), self.control.able())
            if touched or hands != self._hands:
                self._hands = hands
                self._mark = None
                self._version += 1
                self.stream.tell("state", {"version": self._version})
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

    def _catch_up(self) -> None:
        """Judge the runs that the list was too much in a hurry for, and say that there is more to see."""
        self._behind = False
        for line in self.source.runs():
            if self._end.is_set():
                return
            with suppress(NoRun):
                self._shelf.report(line)
        self.look(touched=True)

    def _watch(self) -> None:
        while not self._end.wait(BEAT):
            try:
                self.look()
                if self._behind:
                    self._catch_up()
            except Exception:  # noqa: BLE001 - whatever it is, the next look may do
                _LOG.exception("the console could not look for news")
