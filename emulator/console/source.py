"""What a console shows: runs, their exchanges and what is made of them, wherever they come from."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from emulator.errors import UserError
from emulator.hosting import Emulation
from emulator.record.exchange import Exchange
from emulator.report.masking import moment
from emulator.report.model import Report

RUNS: Final = 200
"""Runs that are listed: the newest."""
EXCHANGES: Final = 5000
"""Exchanges of a run that are judged and shown: the newest."""
_UNSETTLED: Final = frozenset({"pass", "inconclusive"})
"""Verdicts that a run that goes on may still lose: they are not said of it."""


class Role(StrEnum):
    """Beside what the console stands."""

    SELLER = "seller"  # `oit seller`
    BUYER = "buyer"  # `oit buyer`
    RUN = "run"  # `oit run`
    PROXY = "proxy"  # `oit proxy`
    STORE = "store"  # nothing: it looks into a database that sellers share


class NoRun(UserError):  # noqa: N818 - it is what it says
    """There is no run of that name."""


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in the list. `version` grows with every piece of news; `finished` None means that it goes on."""

    id: str
    name: str
    title: str
    sut: str | None
    started: datetime | None
    finished: datetime | None
    exchanges: int
    version: int
    ends: bool = True
    """Whether it will be finished some time: a seller that is left alone serves, and never is."""


class Source(Protocol):
    """Where runs come from. Every method may be called from many threads at once."""

    @property
    def role(self) -> Role: ...

    @property
    def emulator(self) -> str | None:
        """The URL of the emulator; None where none listens."""

    def mark(self) -> object:
        """Something that differs from what it was where there may be news. Cheap: it is asked for several times a second."""

    def runs(self) -> list[RunLine]:
        """The runs, the newest first; at most `RUNS`."""

    def report(self, run: str) -> Report:
        """What the judge says of a run by now. NoRun."""

    def exchanges(self, run: str) -> list[Exchange]:
        """The newest exchanges of a run, oldest first; at most `EXCHANGES`. NoRun."""

    def waiting(self) -> Mapping[str, Any] | None:
        """What a partner is waited for, as `GET /oit/waiting` says; None where nobody is."""

    def newest_first(self, run: str | None) -> Iterator[tuple[str, Exchange]]:
        """The exchanges of a run, or of all, with the id of their run, the newest first. NoRun."""

    def emulation(self, run: str) -> tuple[Emulation, str | None] | None:
        """Our seller of a run, and what the run is called in its store (None: all there belongs to it). NoRun."""

    def current(self) -> Emulation | None:
        """The seller of ours that is there now."""


class Shelf:
    """Reports by run, each made once for what the run had when it was made."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._kept: dict[str, tuple[int, Report]] = {}
        self._lock = threading.Lock()

    def report(self, line: RunLine) -> Report:
        """The report of a run as it is now. NoRun where it went meanwhile."""
        kept = self.known(line)
        if kept is not None:
            return kept
        report = self._source.report(line.id)
        with self._lock:
            self._kept.pop(line.id, None)
            self._kept[line.id] = (line.version, report)
            while len(self._kept) > RUNS:
                del self._kept[next(iter(self._kept))]
        return report

    def known(self, line: RunLine) -> Report | None:
        """The report where it was made already of all that the run has."""
        with self._lock:
            version, report = self._kept.get(line.id, (-1, None))
        return report if version == line.version else None


def line_json(line: RunLine, report: Report | None) -> dict[str, Any]:
    """A run of the list. A verdict is said where it holds: of the newest exchange too, and of an end that has come."""
    verdict = report["verdict"] if report else None
    if line.ends and line.finished is None and verdict in _UNSETTLED:
        verdict = None
    return {
        "id": line.id,
        "name": line.name,
        "title": line.title,
        "sut": line.sut,
        "verdict": verdict,
        "started": moment(line.started) if line.started else None,
        "finished": moment(line.finished) if line.finished else None,
        "exchanges": line.exchanges,
        "findings": sum(row["verdict"] != "pass" and "excused" not in row for row in report["findings"])
        if report
        else None,
        "version": line.version,
    }


def merged(source: Source, run: str | None) -> Iterator[tuple[str, Exchange]]:
    """`newest_first` of a source whose exchanges are in memory."""
    ids = [line.id for line in source.runs()] if run is None else [run]
    found = [(one, exchange) for one in ids for exchange in source.exchanges(one)]
    return iter(sorted(found, key=lambda pair: (pair[1].at, pair[0], pair[1].n), reverse=True))
