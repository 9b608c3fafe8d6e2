"""A buyer that listens for as long as it is left: takes whatever comes, and judges it at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from emulator.doors import serve_buyer
from emulator.errors import UserError
from emulator.judge.judge import Judging, judge
from emulator.judge.ledger import read_ledger
from emulator.judge.run import NOTHING_DECLARED, Declared
from emulator.judge.verdict import Finding
from emulator.parties.clock import Clock, RealClock
from emulator.report.model import Report, RunInfo, run_report
from emulator.session import declared_in
from emulator.standard.release import Release
from emulator.wire.exchange import Exchange, Party, RecentTranscript
from emulator.wire.running import Running

RUNS: Final = 1000
"""Runs that are told of; of more, the first are forgotten."""
Tell = Callable[[str, Exchange, list[Finding]], None]
"""Is told of each exchange: the run that it belongs to ("" for the plain path), and what the rules find in it."""


class _Judged(RecentTranscript):
    """A transcript whose exchanges are judged as they come in."""

    def __init__(self, run: str, release: Release, declared: Declared, tell: Tell) -> None:
        super().__init__()
        self._run, self._release, self._declared, self._tell = run, release, declared, tell
        self._judging = self._begin()
        self._turn = threading.Lock()

    def _begin(self) -> Judging:
        return Judging(self._release, sut=Party.SELLER, declared=self._declared)

    def add(self, exchange: Exchange, *, late: bool = False) -> Exchange:
        with self._turn:
            numbered = super().add(exchange, late=late)
            if len(self._judging.run.exchanges) >= self.LIMIT:
                self._judging = self._begin()  # what is older has left the transcript too
            self._tell(self._run, numbered, self._judging.hear(numbered))
        return numbered


class Hearing:
    """The emulated buyer behind its door, with a transcript for each run-scoped path."""

    def __init__(
        self, release: Release, tell: Tell, *, profile: Path | None = None, clock: Clock | None = None
    ) -> None:
        """`profile` is what the seller declares. FileProblem where something is wrong in it."""
        self._release, self._tell = release, tell
        self._clock = clock or RealClock()
        self._name: str | None = None
        self._declared = NOTHING_DECLARED
        if profile:
            self._name, self._declared = declared_in(profile, release)
        self._started = self._clock.now()
        self._transcripts: dict[str, _Judged] = {}
        self.server = serve_buyer(release, self._clock, self._transcript_of)

    def running(self, host: str, port: int) -> Running:
        """The server, bound to an address. UserError where that is taken."""
        try:
            return Running(self.server, host, port)
        except OSError as error:
            message = f"cannot listen on {host} port {port}: {error.strerror}"
            raise UserError(message) from error

    def _transcript_of(self, run: str) -> _Judged:
        if run not in self._transcripts:
            self._transcripts[run] = _Judged(run, self._release, self._declared, self._tell)
            if len(self._transcripts) > RUNS:  # who calls names the runs
                del self._transcripts[next(iter(self._transcripts))]
        return self._transcripts[run]

    def transcripts(self) -> dict[str, RecentTranscript]:
        """What has been heard, by run, in the order of their first exchange."""
        return dict(self._transcripts)

    def report(self, run: str) -> Report:
        """What has been heard of a run so far, judged as a whole. KeyError where nothing was."""
        transcript = self._transcripts[run]
        return run_report(
            self._about(run, self._clock.now()),
            [],
            transcript,
            judge(transcript, self._release, sut=Party.SELLER, declared=self._declared),
            ledger=read_ledger(transcript, self._release, now=self._clock.now()),
        )

    def _about(self, run: str, finished: datetime) -> RunInfo:
        return RunInfo(
            id=run or "plain-path",
            scenario="oit buyer",
            started=self._started,
            finished=finished,
            title="What the seller told",
            release=self._release.name,
            profile=self._name,
            sut=Party.SELLER,
            captured=True,
        )
