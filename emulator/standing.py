"""A seller that serves for as long as it is left: what it has to say of the buyers that came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from emulator.judge.run import Declared
from emulator.parties.clock import Clock
from emulator.settings import PLAIN_PATH
from emulator.standard.release import Release
from emulator.wire.beside import Page
from emulator.wire.exchange import Party, Transcript, provoked_in, spoilt_in

if TYPE_CHECKING:  # rules and reports are heavy; a seller is up before it judges
    from emulator.report.model import Report, RunInfo

JUDGEMENT: Final = "/oit/judgement"
PLAIN: Final = PLAIN_PATH
NEWEST: Final = 5000
"""Exchanges of a run that are judged: the newest ones."""
HEAVIEST: Final = 96 * 1024 * 1024
"""Bytes that these may take in memory, more or less. It is what 5,000 exchanges of 20 KB take, written in 7 KB each."""


class Standing:
    """Judges what a long-lived seller was sent, by run: a name below `/r/`, or the plain base path.

    Each partner that uses a name of its own has a transcript, and a judgement, of its own.
    """

    def __init__(
        self,
        release: Release,
        clock: Clock,
        transcript_of: Callable[[str], Transcript],
        *,
        came: Callable[[], list[str]] = list,
        profile: str | None = None,
        declared: Declared,
        withheld: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        """`transcript_of` gives the transcript of a run, which can be read while it grows; `came` the runs that were used
        since the start, the newest first; `withheld` the ids of what our seller held events back of, on purpose.
        """
        self._withheld = withheld
        self._release, self._clock, self._source = release, clock, transcript_of
        self.runs = came
        self._profile, self._declared = profile, declared
        self._started = clock.now()

    def report(self, run: str) -> Report:
        """What the judge says of a run's buyer by now."""
        return self.judged(run)[1]

    def judged(self, run: str) -> tuple[RunInfo, Report]:
        """That, and what is known of the run itself."""
        from emulator.judge.judge import judge  # noqa: PLC0415 - as above
        from emulator.judge.refusals import Refuser  # noqa: PLC0415
        from emulator.report.model import RunInfo, run_report  # noqa: PLC0415

        exchanges = tuple(self._source(run).tail(NEWEST, HEAVIEST))
        moments = [exchange.at for exchange in exchanges] or [self._started]
        info = RunInfo(
            id=run or PLAIN,
            scenario="oit seller",
            started=min(moments),
            finished=self._clock.now(),
            title="What came to our seller",
            release=self._release.name,
            profile=self._profile,
            sut=Party.BUYER,
            speed=self._clock.spread(1.0),
        )
        # What a hand in our seller made wrong on purpose is nobody's fault.
        provoked, spoilt = provoked_in(exchanges), spoilt_in(exchanges)
        judgement = judge(
            exchanges,
            self._release,
            provoked=provoked,
            spoilt=spoilt,
            speed=self._clock.spread(1.0),
            withheld=self._withheld(),
            sut=Party.BUYER,
            declared=self._declared,
            refuser=Refuser.OURS,
        )
        return info, run_report(info, [], exchanges, judgement, provoked=provoked, spoilt=spoilt)

    def pages(self) -> dict[tuple[str, str], Page]:
        """`GET /oit/judgement?run=NAME`: the report of a run without its exchanges; without a name, the plain path's.

        `exchanges` is how many were judged, `whole` whether these are all that there were.
        """
        return {("GET", JUDGEMENT): self._page}

    def _page(self, query: Mapping[str, str]) -> tuple[int, Any]:
        run = query.get("run", "")
        if not self._source(run).newest:
            return 404, {"reason": f"nothing came to {f'/r/{run}' if run else 'the plain path'}", "runs": self.runs()}
        report = self.report(run)
        exchanges = report["exchanges"]
        told = {key: value for key, value in report.items() if key not in ("exchanges", "steps")}
        return 200, {**told, "exchanges": len(exchanges), "whole": not exchanges or exchanges[0]["n"] == 1}
