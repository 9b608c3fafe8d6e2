"""A buyer that listens for as long as it is left: takes whatever comes, and judges it at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from emulator.conduct.partner import declared_in, selling
from emulator.conduct.trial import Evidence, Trial
from emulator.doors.running import Running
from emulator.doors.tls import ServerTls
from emulator.hosting import authority_of, open_door, secured_party, serve_buyer
from emulator.judge.judge import Judging
from emulator.judge.roles import Roles
from emulator.judge.verdict import Finding
from emulator.parties.clock import Clock, RealClock
from emulator.parties.profile import load_profile
from emulator.record.exchange import Exchange, Party, RecentTranscript
from emulator.report.about import RunInfo
from emulator.report.model import Report
from emulator.standard.declared import NOTHING_DECLARED, Declared, claiming
from emulator.standard.paths import PathMap
from emulator.standard.release import Release

_ROLES: Final = Roles.captured(Party.SELLER)
"""Whose buyer subscribed is not known: ours only hears."""
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
        return Judging(self._release, roles=_ROLES, declared=self._declared)

    def add(self, exchange: Exchange, *, late: bool = False) -> Exchange:
        with self._turn:
            numbered = super().add(exchange, late=late)
            if self._judging.heard >= self.LIMIT:
                self._judging = self._begin()  # what is older has left the transcript too
            self._tell(self._run, numbered, self._judging.hear(numbered))
        return numbered


class Hearing:
    """The emulated buyer behind its door, with a transcript for each run-scoped path."""

    def __init__(
        self,
        release: Release,
        tell: Tell,
        *,
        profile: Path | None = None,
        clock: Clock | None = None,
        paths: PathMap | None = None,
        claims: frozenset[str] = frozenset(),
    ) -> None:
        """`profile` is what the seller declares, `claims` what it claims besides, `paths` are the base paths that it calls.
        FileProblem where something is wrong in the profile.
        """
        self._release, self._tell = selling(profile, release), tell
        self._clock = clock or RealClock()
        self._name: str | None = None
        self._declared = NOTHING_DECLARED
        if profile:
            self._name, self._declared = declared_in(profile, release)
        self._declared = claiming(self._declared, claims)
        self._started = self._clock.now()
        self._transcripts: dict[str, _Judged] = {}
        security = load_profile(profile, release=release, declared=True).buyer.security if profile else None
        self.secured = secured_party(security, [release], Party.BUYER) if security else None
        authority = authority_of(self.secured, self._clock)
        self.server = serve_buyer(self._release, self._clock, self._transcript_of, paths=paths, authority=authority)

    def running(self, host: str, port: int, tls: ServerTls | None = None) -> Running:
        """The server, bound to an address, over `tls` where that is given. UserError where the address is taken."""
        return open_door(self.server, host, port, tls=tls)

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
        transcript, now = self._transcripts[run], self._clock.now()
        trial = Trial(self._about(run, now), self._release, self._declared)
        return trial.report(Evidence(tuple(transcript), now))

    def _about(self, run: str, finished: datetime) -> RunInfo:
        return RunInfo(
            id=run or "plain-path",
            scenario="oit buyer",
            started=self._started,
            finished=finished,
            title="What the seller told",
            release=self._release.name,
            profile=self._name,
            roles=_ROLES,
        )
