"""The runs of `oit seller` and `oit proxy`, and of a database that sellers share: what came, by the name below `/r/`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from emulator.conduct.standing import PLAIN, Stand, Standing
from emulator.console.source import EXCHANGES, RUNS, NoRun, Role, RunLine, Source, merged
from emulator.hosting import Emulation, declared_by
from emulator.parties.archive import latest, tally
from emulator.parties.clock import RealClock
from emulator.parties.database import Database
from emulator.parties.opening import Keeping
from emulator.parties.pacing import Pacing
from emulator.parties.profile import Profile
from emulator.parties.recorder import newest_first, newest_of
from emulator.parties.seller import Seller
from emulator.record.exchange import Exchange, Transcript
from emulator.report.model import Report
from emulator.standard.release import Release


def run_of(identifier: str) -> str:
    """The run that a console's id means: the plain path's has none of its own."""
    return "" if identifier == PLAIN else identifier


def _line(stand: Stand, run: str, began: datetime | None, exchanges: int, version: int) -> RunLine:
    return RunLine(
        id=run or PLAIN,
        name=f"/r/{run}" if run else "the plain path",
        title=stand.title,
        sut=stand.sut,
        started=began,
        finished=None,
        exchanges=exchanges,
        version=version,
        ends=False,
    )


class Kept:
    """A source over a database: every run in it, whoever served it."""

    def __init__(
        self,
        standing: Standing,
        database: Database,
        role: Role,
        emulation: Emulation | None,
        emulator: str | None = None,
    ) -> None:
        self.role, self.emulator = role, emulator
        self._emulation = emulation
        self._standing, self._database = standing, database

    def mark(self) -> object:
        return latest(self._database)

    def runs(self) -> list[RunLine]:
        stand = self._standing.stand
        return [_line(stand, one.run, one.began, one.exchanges, one.newest) for one in tally(self._database)[:RUNS]]

    def report(self, run: str) -> Report:
        return self._standing.report(run_of(run))

    def exchanges(self, run: str) -> list[Exchange]:
        return newest_of(self._database, run_of(run), EXCHANGES)

    def waiting(self) -> Mapping[str, Any] | None:
        return None

    def newest_first(self, run: str | None) -> Iterator[tuple[str, Exchange]]:
        for name, exchange in newest_first(self._database, None if run is None else run_of(run)):
            yield name or PLAIN, exchange

    def emulation(self, run: str) -> tuple[Emulation, str | None] | None:
        return None if self._emulation is None else (self._emulation, run_of(run))

    def current(self) -> Emulation | None:
        return self._emulation


class InMemory:
    """A source over a seller that keeps nothing: the runs that came since its start."""

    def __init__(
        self,
        standing: Standing,
        transcript_of: Callable[[str], Transcript],
        emulation: Emulation | None,
        emulator: str,
        role: Role = Role.SELLER,
    ) -> None:
        self.role = role
        self.emulator: str | None = emulator
        self._emulation = emulation
        self._standing, self._transcript_of = standing, transcript_of

    def mark(self) -> object:
        return tuple(self._transcript_of(run).newest for run in self._standing.runs())

    def runs(self) -> list[RunLine]:
        lines = []
        for run in self._standing.runs()[:RUNS]:
            transcript = self._transcript_of(run)
            began = next((exchange.at for exchange in transcript), None)
            lines.append(_line(self._standing.stand, run, began, transcript.newest, transcript.newest))
        return lines

    def report(self, run: str) -> Report:
        return self._standing.report(self._known(run))

    def exchanges(self, run: str) -> list[Exchange]:
        return list(self._transcript_of(self._known(run)))[-EXCHANGES:]

    def waiting(self) -> Mapping[str, Any] | None:
        return None

    def newest_first(self, run: str | None) -> Iterator[tuple[str, Exchange]]:
        return merged(self, run)

    def emulation(self, run: str) -> tuple[Emulation, str | None] | None:
        return None if self._emulation is None else (self._emulation, run_of(run))

    def current(self) -> Emulation | None:
        return self._emulation

    def _known(self, run: str) -> str:
        if run_of(run) not in self._standing.runs():
            message = f"there is no run {run!r:.100} here"
            raise NoRun(message)
        return run_of(run)


def beside_seller(standing: Standing, keep: Keeping, emulation: Emulation, url: str) -> Source:
    """What the console of a seller shows, wherever that keeps what it has."""
    if keep.database is None:
        return InMemory(standing, keep.transcript_of, emulation, url)
    return Kept(standing, keep.database, Role.SELLER, emulation, url)


def beside_proxy(standing: Standing, keep: Keeping, url: str) -> Source:
    """Likewise of a proxy, behind which nobody is ours."""
    if keep.database is None:
        return InMemory(standing, keep.transcript_of, None, url, Role.PROXY)
    return Kept(standing, keep.database, Role.PROXY, None, url)


def over_store(keep: Keeping, release: Release, profile: Profile, clock: RealClock) -> Source:
    """What a console shows that stands alone over a database, and a seller for it that nobody can call.

    It changes what is kept; the sellers that listen see it there, and deliver what is owed.
    """
    assert keep.database is not None
    pacing = Pacing(keep.store, clock)
    declared = declared_by(profile, emulated=True)
    standing = Standing(release, clock, keep.transcript_of, came=keep.came, profile=profile.name, declared=declared)
    seller = Seller(release, profile, clock, store=keep.store)
    return Kept(standing, keep.database, Role.STORE, Emulation(seller, pacing=pacing))
