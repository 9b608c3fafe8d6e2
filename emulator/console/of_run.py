"""The runs of `oit run`, as they are made and when they are done."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from emulator.conduct.writers import Live, Writer
from emulator.console.source import EXCHANGES, RUNS, NoRun, Role, RunLine, merged
from emulator.hosting import Emulation
from emulator.parties.hand import Refused
from emulator.record.exchange import Exchange
from emulator.report.about import RunInfo
from emulator.report.model import Report
from emulator.report.played import StepInfo
from emulator.scenario.events import Waiting


@dataclass(frozen=True, slots=True)
class _Seen:
    live: Live
    done: Report | None = None


class Tee:
    """A writer that tells another, and the console."""

    def __init__(self, writer: Writer, runs: Runs) -> None:
        self._writer, self._runs = writer, runs

    def running(self, done: int, total: int) -> None:
        self._writer.running(done, total)

    def run_started(self, info: RunInfo) -> None:
        self._writer.run_started(info)

    def step_started(self, step_id: str, what: str) -> None:
        self._writer.step_started(step_id, what)

    def waiting(self, text: str, wait: Waiting | None = None) -> None:
        self._writer.waiting(text, wait)

    def exchange_done(self, exchange: Exchange) -> None:
        self._writer.exchange_done(exchange)

    def step_done(self, step: StepInfo) -> None:
        self._writer.step_done(step)

    def run_done(self, report: Report) -> None:
        self._runs.run_done(report)
        self._writer.run_done(report)

    def serving(self, url: str) -> None:
        self._runs.serving(url)
        self._writer.serving(url)

    def awaits(self, entry: Mapping[str, Any], left: float) -> None:
        self._writer.awaits(entry, left)

    def missed(self, exchange: Exchange, reason: str) -> None:
        self._writer.missed(exchange, reason)


class Runs:
    """A source, and a writer of the session: it is told when runs begin (`watch`) and end (`run_done`)."""

    role = Role.RUN

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self._lock = threading.Lock()
        self._url: str | None = None
        self.over = threading.Event()
        """Nobody needs the console any longer."""

    # -- what the session tells --------------------------------------------------------------------

    def watch(self, live: Live) -> None:
        """A run begins."""
        with self._lock:
            self._seen[live.info.id] = _Seen(live)
            if len(self._seen) > RUNS:
                del self._seen[next(iter(self._seen))]

    def run_done(self, report: Report) -> None:
        """A run is over."""
        with self._lock:
            seen = self._seen.get(report["run"]["id"])
            if seen is not None:
                self._seen[report["run"]["id"]] = replace(seen, done=report)

    def serving(self, url: str) -> None:
        """Our seller listens there."""
        self._url = url

    # -- what the console asks ---------------------------------------------------------------------

    @property
    def emulator(self) -> str | None:
        return self._url

    def mark(self) -> object:
        with self._lock:
            return tuple((seen.live.news(), seen.done is None) for seen in self._seen.values())

    def runs(self) -> list[RunLine]:
        with self._lock:
            seen = list(self._seen.values())
        return [_line(each) for each in reversed(seen)]

    def report(self, run: str) -> Report:
        seen = self._of(run)
        return seen.live.report() if seen.done is None else seen.done

    def exchanges(self, run: str) -> list[Exchange]:
        return list(self._of(run).live.transcript)[-EXCHANGES:]

    def waiting(self) -> Mapping[str, Any] | None:
        live = self._going_on()
        return None if live is None or live.waiting is None else live.waiting()

    def newest_first(self, run: str | None) -> Iterator[tuple[str, Exchange]]:
        return merged(self, run)

    def emulation(self, run: str) -> tuple[Emulation, str | None] | None:
        found = self._of(run).live.emulation
        return None if found is None else (found, None)

    def current(self) -> Emulation | None:
        live = self._going_on()
        return None if live is None or live.emulation is None or live.emulation.faults is None else live.emulation

    def done(self) -> str:
        """A partner has nothing more to send, or nobody needs the console any longer."""
        live = self._going_on()
        if live is None:
            self.over.set()
            return "the console ends"
        if live.emulation is None or live.emulation.end is None:
            raise Refused("a run is being made; the console can end when it is over")
        live.emulation.end()
        return "nobody is waited for any longer"

    def _going_on(self) -> Live | None:
        with self._lock:
            return next((seen.live for seen in reversed(self._seen.values()) if seen.done is None), None)

    def _of(self, run: str) -> _Seen:
        with self._lock:
            seen = self._seen.get(run)
        if seen is None:
            message = f"there is no run {run!r:.100} here"
            raise NoRun(message)
        return seen


def _line(seen: _Seen) -> RunLine:
    info: RunInfo = seen.live.info
    return RunLine(
        id=info.id,
        name=info.scenario if info.case is None else f"{info.scenario} [{info.case}]",
        title=info.title,
        sut=info.roles.sut and str(info.roles.sut),
        started=info.started,
        finished=datetime.fromisoformat(seen.done["run"]["finished"]) if seen.done else None,
        exchanges=seen.live.transcript.newest,
        version=seen.live.news() + (seen.done is not None),
    )
