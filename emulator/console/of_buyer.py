"""The runs of `oit buyer`: what a seller told, by the name below `/r/`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.conduct.listening import Hearing
from emulator.conduct.standing import PLAIN
from emulator.console.source import EXCHANGES, RUNS, NoRun, Role, RunLine, merged
from emulator.record.exchange import Exchange, Party, RecentTranscript
from emulator.report.model import Report


class Heard:
    """A source over a buyer that listens."""

    role = Role.BUYER

    def __init__(self, hearing: Hearing, emulator: str) -> None:
        self.emulator: str | None = emulator
        self._hearing = hearing

    def mark(self) -> object:
        return tuple(transcript.newest for transcript in self._hearing.transcripts().values())

    def runs(self) -> list[RunLine]:
        return [
            RunLine(
                id=run or PLAIN,
                name=f"/r/{run}" if run else "the plain path",
                title="What the seller told",
                sut=str(Party.SELLER),
                started=next((exchange.at for exchange in transcript), None),
                finished=None,
                exchanges=transcript.newest,
                version=transcript.newest,
                ends=False,
            )
            for run, transcript in reversed(self._hearing.transcripts().items())
        ][:RUNS]

    def report(self, run: str) -> Report:
        self._transcript(run)
        return self._hearing.report("" if run == PLAIN else run)

    def exchanges(self, run: str) -> list[Exchange]:
        return list(self._transcript(run))[-EXCHANGES:]

    def waiting(self) -> Mapping[str, Any] | None:
        return None

    def newest_first(self, run: str | None) -> Iterator[tuple[str, Exchange]]:
        return merged(self, run)

    def emulation(self, run: str) -> None:
        """None: what is emulated here has no state."""
        self._transcript(run)

    def current(self) -> None:
        """None, as above."""

    def _transcript(self, run: str) -> RecentTranscript:
        found = self._hearing.transcripts().get("" if run == PLAIN else run)
        if found is None:
            message = f"there is no run {run!r:.100} here"
            raise NoRun(message)
        return found
