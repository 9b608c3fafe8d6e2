"""Who is told of a run while it is made, and who looks on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

from emulator.hosting import Emulation
from emulator.record.exchange import Exchange, Transcript
from emulator.report.about import RunInfo
from emulator.report.model import Report
from emulator.report.played import StepInfo
from emulator.scenario.events import Waiting


class Writer(Protocol):
    """Follows runs as they happen; terminal and NDJSON writers are such."""

    def running(self, done: int, total: int) -> None: ...
    def run_started(self, info: RunInfo) -> None: ...
    def step_started(self, step_id: str, what: str) -> None: ...
    def waiting(self, text: str, wait: Waiting | None = None) -> None: ...
    def exchange_done(self, exchange: Exchange) -> None: ...
    def step_done(self, step: StepInfo) -> None: ...
    def run_done(self, report: Report) -> None: ...

    # With a buyer under test it is also told what is waited for.

    def serving(self, url: str) -> None:
        """Our seller listens here."""

    def awaits(self, entry: Mapping[str, Any], left: float) -> None:
        """A step is open; `left` in seconds."""

    def missed(self, exchange: Exchange, reason: str) -> None:
        """Something came that is not what is awaited."""


class Unheard:
    """A writer that tells nobody anything."""

    def running(self, done: int, total: int) -> None: ...
    def run_started(self, info: RunInfo) -> None: ...
    def step_started(self, step_id: str, what: str) -> None: ...
    def waiting(self, text: str, wait: Waiting | None = None) -> None: ...
    def exchange_done(self, exchange: Exchange) -> None: ...
    def step_done(self, step: StepInfo) -> None: ...
    def run_done(self, report: Report) -> None: ...
    def serving(self, url: str) -> None: ...
    def awaits(self, entry: Mapping[str, Any], left: float) -> None: ...
    def missed(self, exchange: Exchange, reason: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Live:
    """A run while it is made, for who looks on. `report` judges what there is by now, and says nothing that only the
    end can tell; it is not the run's report, which a writer gets. `news` grows with every exchange and step. `waiting` says what a partner is waited for.
    """

    info: RunInfo
    transcript: Transcript
    report: Callable[[], Report]
    news: Callable[[], int]
    emulation: Emulation | None = None
    waiting: Callable[[], Mapping[str, Any]] | None = None


Watch = Callable[[Live], None]
"""Is told of each run when it begins."""


def nobody_watches(_: Live) -> None:
    """Nobody looks on."""


class Taking:
    """Has runs in parallel tell a writer one after the other: what each tells is kept until it is done."""

    def __init__(self, writer: Writer, total: int) -> None:
        self._writer, self._total, self._done = writer, total, count(1)
        self._turn = threading.Lock()
        writer.running(0, total)

    def turn(self) -> Writer:
        """The writer of one run."""
        return _Held(self._tell)

    def _tell(self, kept: list[Callable[[Writer], None]]) -> None:
        with self._turn:
            for tell in kept:
                tell(self._writer)
            self._writer.running(next(self._done), self._total)


class _Held:
    """Keeps what a run tells until it is done, so that parallel runs do not talk at once."""

    def __init__(self, hand_over: Callable[[list[Callable[[Writer], None]]], None]) -> None:
        self._hand_over = hand_over
        self._kept: list[Callable[[Writer], None]] = []

    def running(self, done: int, total: int) -> None:
        """All runs together are counted."""

    def run_started(self, info: RunInfo) -> None:
        self._kept.append(lambda writer: writer.run_started(info))

    def step_started(self, step_id: str, what: str) -> None:
        """Nobody needs to know in hindsight."""

    def waiting(self, text: str, wait: Waiting | None = None) -> None:
        """Nor what was waited for."""

    def exchange_done(self, exchange: Exchange) -> None:
        self._kept.append(lambda writer: writer.exchange_done(exchange))

    def step_done(self, step: StepInfo) -> None:
        self._kept.append(lambda writer: writer.step_done(step))

    def serving(self, url: str) -> None:
        self._kept.append(lambda writer: writer.serving(url))

    def awaits(self, entry: Mapping[str, Any], left: float) -> None:
        """Nor who was awaited."""

    def missed(self, exchange: Exchange, reason: str) -> None:
        self._kept.append(lambda writer: writer.missed(exchange, reason))

    def run_done(self, report: Report) -> None:
        self._hand_over([*self._kept, lambda writer: writer.run_done(report)])
