"""A seller that serves for as long as it is left, or what stands before one: what it has to say of who came."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from emulator.doors.beside import Page
from emulator.parties.clock import Clock
from emulator.record.exchange import Exchange, Party, Transcript, provoked_in, spoilt_in
from emulator.settings import PLAIN_PATH
from emulator.standard.declared import Declared
from emulator.standard.release import Release

if TYPE_CHECKING:  # rules and reports are heavy; a seller is up before it judges
    from emulator.judge.entries import Unattributed
    from emulator.report.about import RunInfo
    from emulator.report.model import Report

JUDGEMENT: Final = "/oit/judgement"
PLAIN: Final = PLAIN_PATH
NEWEST: Final = 5000
"""Exchanges of a run that are judged: the newest ones."""
HEAVIEST: Final = 96 * 1024 * 1024
"""Bytes that these may take in memory, more or less. It is what 5,000 exchanges of 20 KB take, written in 7 KB each."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where it stands: the command that is judged by its name, what it does in words, who is under test; and the names of
    `legs`, where it stands between several. `notes` are as in `RunInfo`.
    """

    command: str = "oit seller"
    title: str = "What came to our seller"
    tested: tuple[Party, ...] = (Party.BUYER,)
    legs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sut(self) -> str:
        """Who is under test: buyer, seller or both."""
        return str(self.tested[0]) if len(self.tested) == 1 else "both"


BEFORE_A_SELLER: Final = Stand()


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
        stand: Stand = BEFORE_A_SELLER,
    ) -> None:
        """`transcript_of` gives the transcript of a run, which can be read while it grows; `came` the runs that were used
        since the start, the newest first; `withheld` the ids of what our seller held events back of, on purpose.
        """
        self._withheld, self.stand = withheld, stand
        self._release, self._clock, self._source = release, clock, transcript_of
        self.runs = came
        self._profile, self._declared = profile, declared
        self._started = clock.now()

    def shortest_first(self) -> list[str]:
        """The runs that were used, that with the fewest exchanges first: in a time that ends, most runs are judged so."""
        return sorted(self.runs(), key=lambda run: self._source(run).newest)

    def report(self, run: str) -> Report:
        """What the judge says of a run's buyer by now."""
        return self.judged(run)[1]

    def judged(self, run: str) -> tuple[RunInfo, Report]:
        """That, and what is known of the run itself."""
        from emulator.conduct.trial import Evidence, Trial  # noqa: PLC0415 - as above
        from emulator.judge.roles import PartyRole, Roles  # noqa: PLC0415
        from emulator.report.about import RunInfo  # noqa: PLC0415

        exchanges = tuple(self._source(run).tail(NEWEST, HEAVIEST))
        stand, tested = self.stand, PartyRole.UNDER_TEST
        moments, now = [exchange.at for exchange in exchanges] or [self._started], self._clock.now()
        info = RunInfo(
            id=run or PLAIN,
            scenario=stand.command,
            started=min(moments),
            finished=now,
            title=stand.title,
            release=self._release.name,
            profile=self._profile,
            roles=Roles(*(tested if party in stand.tested else PartyRole.EMULATED for party in Party)),
            speed=self._clock.spread(1.0),
            legs=stand.legs,
            notes=stand.notes,
        )
        # What a hand in our seller made wrong on purpose is nobody's fault.
        provoked, spoilt = provoked_in(exchanges), spoilt_in(exchanges)
        unattributed: tuple[Unattributed, ...] = ()
        if info.roles.are_strangers:  # as a capture is judged
            exchanges, unattributed = _attributed(exchanges, self._release)
        evidence = Evidence(exchanges, now, provoked, spoilt, withheld=self._withheld(), unattributed=unattributed)
        return info, Trial(info, self._release, self._declared).report(evidence)

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
        return 200, {
            **told,
            "exchanges": len(exchanges),
            "whole": 1 in {*_first(exchanges, "n"), *_first(report.get("unattributed", []), "entry")},
        }


def _first(rows: Sequence[Mapping[str, Any]], name: str) -> Sequence[int]:
    """The number of the first row, where there is one."""
    return [row[name] for row in rows[:1]]


def _attributed(
    exchanges: Sequence[Exchange], release: Release
) -> tuple[tuple[Exchange, ...], tuple[Unattributed, ...]]:
    """The exchanges that are of a contract, and what of all is not judged: what is of none, and bodies that are not known."""
    from emulator.judge.attribution import BasePaths  # noqa: PLC0415 - as above
    from emulator.judge.entries import Unattributed, halves  # noqa: PLC0415

    bases, kept = BasePaths(release), list[Exchange]()
    left: list[Unattributed] = []
    for each in exchanges:
        if each.authorizes or not (each.api is None or each.beside):
            kept.append(each)
            left += halves(each.n, each.request, each.response)
            continue
        why = bases.of(each.release).left_out(each.request.method, each.request.url) or "it belongs to no contract"
        left.append(Unattributed(each.n, each.request.method, each.request.url, why))
    return tuple(kept), tuple(left)
