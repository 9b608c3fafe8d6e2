"""A run before the judge: what is known of it beforehand, what was seen of it, and the report that follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from emulator.judge.entries import Unattributed
from emulator.judge.judge import Judgement, judge
from emulator.judge.ledger import Ledger, read_ledger
from emulator.judge.rule import ClosingRule
from emulator.judge.times import Moves
from emulator.judge.verdict import Finding
from emulator.reconciling.book import Book
from emulator.reconciling.filling import fill, has_bills
from emulator.reconciling.reconcile import Reconciliation, reconcile
from emulator.reconciling.settings import methods_of
from emulator.record.exchange import Exchange, Party
from emulator.report.about import RunInfo
from emulator.report.known import Known
from emulator.report.model import Report, run_report
from emulator.report.played import StepInfo
from emulator.report.required import Required
from emulator.scenario.preparing import Preparation
from emulator.scenario.unasked import told_once
from emulator.standard.declared import NOTHING_DECLARED, Declared
from emulator.standard.release import Release

_BY_LETTER: Final = "contracts are held to by the letter (--errata off): this fails parties that are right"


def _nowhere(_identifier: str) -> bool:
    """No other run has to do with anything."""
    return False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen of a run by the moment `until`; the numbers, callbacks and ids mean what they mean to `judge`.

    `whole`: the run came to its end, so that what is missing is missing. `noticed` is what whoever waited found besides,
    `unattributed` what of a capture belongs to no contract.
    `prepared` is what a partner was had to do before, which is no evidence; the times of all are those of its clock. `notes`
    is what a reader has to know of that, `moves` when that clock was put forward.
    """

    exchanges: Sequence[Exchange]
    until: datetime
    provoked: frozenset[int] = frozenset()
    spoilt: frozenset[int] = frozenset()
    expected: frozenset[int] = frozenset()
    heard: tuple[str, ...] = ()
    withheld: frozenset[str] = frozenset()
    elsewhere: Callable[[str], bool] = _nowhere
    whole: bool = True
    noticed: tuple[Finding, ...] = ()
    unattributed: Sequence[Unattributed] = ()
    prepared: Sequence[Preparation] = ()
    notes: tuple[str, ...] = ()
    moves: Moves = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """What is known of a run beforehand: who plays which party (`info`), what they declared, and what a report has to look for.

    What is `known` is excused, what is `required` has to be seen, `behaviour` is what a partner's seller has to do by itself,
    and `grace` how long an event may take, in seconds; None leaves it to the judge.
    """

    info: RunInfo
    release: Release
    declared: Declared = NOTHING_DECLARED
    known: Known | None = None
    required: Required | None = None
    behaviour: str = ""
    grace: float | None = None

    def report(self, evidence: Evidence, steps: Sequence[StepInfo] = ()) -> Report:
        """The report of the run."""
        judgement = self._judged(evidence, None if evidence.whole else ())  # these look at a whole run
        notes = (*self.info.notes, *evidence.notes, *((_BY_LETTER,) if self.release.by_letter else ()))
        return run_report(
            replace(self.info, finished=evidence.until, notes=notes, moves=evidence.moves),
            steps,
            evidence.exchanges,
            replace(judgement, findings=told_once(judgement.findings, evidence.noticed)),
            provoked=evidence.provoked,
            spoilt=evidence.spoilt,
            unattributed=evidence.unattributed,
            ledger=self._ledger(evidence),
            known=self.known,
            required=self.required,
            behaviour=self.behaviour,
            prepared=evidence.prepared,
            reconciliation=self._reconciled(evidence),
        )

    def so_far(self, evidence: Evidence, steps: Sequence[StepInfo] = ()) -> Report:
        """What there is to report while the run is made. What only its end can tell is not said."""
        return run_report(
            replace(self.info, finished=evidence.until),
            steps,
            evidence.exchanges,
            self._judged(evidence, ()),
            provoked=evidence.provoked,
            spoilt=evidence.spoilt,
        )

    def _reconciled(self, evidence: Evidence) -> Reconciliation | None:
        """What became of the bills that were seen; None where none was. An answer that was spoilt on purpose shows nothing."""
        seen = [exchange for exchange in evidence.exchanges if exchange.n not in evidence.spoilt]
        if not has_bills(seen, self.release):
            return None
        return reconcile(fill(Book(), seen, self.release), methods_of(self.declared))

    def _judged(self, evidence: Evidence, closing: Sequence[ClosingRule] | None) -> Judgement:
        return judge(
            evidence.exchanges,
            self.release,
            provoked=evidence.provoked,
            spoilt=evidence.spoilt,
            heard=evidence.heard,
            speed=self.info.speed,
            moves=evidence.moves,
            withheld=evidence.withheld,
            elsewhere=evidence.elsewhere,
            roles=self.info.roles,
            declared=self.declared,
            expected=evidence.expected,
            closing=closing,
        )

    def _ledger(self, evidence: Evidence) -> Ledger | None:
        """What had to be told of, and was; not of our own seller's telling while a buyer is under test."""
        if self.info.roles.is_ours(Party.SELLER):
            return None
        return read_ledger(evidence.exchanges, self.release, now=evidence.until, grace=self.grace, moves=evidence.moves)
