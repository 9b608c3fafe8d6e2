"""A mutation is judged, in the recorded run or in a new one that a proxy spoils, and what became of it is counted."""

from __future__ import annotations

import copy
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from emulator.judge.verdict import Blame, Finding, Verdict
from emulator.record.exchange import Party
from tests.broken.spoiler import Answer, Spoil
from tests.play import Played, play
from tests.properties.legal import is_only_a_name, why_legal
from tests.properties.mutations import Mutation, is_told

NOTICED = (Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED)


@dataclass
class Account:
    """What became of mutations: how many were `noticed`, how many of which nobody took note are `legal`, by the reason, which
    are `missed`, and which were laid at the `wrong` door. `later` are those that only a new run can tell of.
    """

    noticed: int = 0
    legal: Counter[str] = field(default_factory=Counter)
    later: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def tried(self) -> int:
        """How many there were."""
        return self.noticed + self.legal.total() + len(self.later) + len(self.missed) + len(self.wrong)

    @property
    def due(self) -> int:
        """How many had to be noticed."""
        return self.noticed + len(self.missed) + len(self.wrong)

    def take(self, run: Played, mutation: Mutation, *, live: bool) -> None:
        """Judge one more."""
        findings = found_in(run, mutation, live=live)
        blamed = {finding.blame for finding in findings}
        where = f"{run.name}: {mutation}"
        if Blame.EMULATOR in blamed:
            self.wrong.append(f"{where} {_words(findings)}")
        elif Blame.BUYER in blamed:
            (self.wrong if live or not _by_what_it_was_told(run, mutation, findings) else self.later).append(
                f"{where} {_words(findings)}"
            )
        elif blamed & {Blame.SELLER, Blame.SPEC}:
            self.noticed += 1
        elif not live and is_only_a_name(mutation):
            self.later.append(where)
        elif why := why_legal(mutation, run):
            self.legal[why] += 1
        else:
            self.missed.append(where)


def found_in(run: Played, mutation: Mutation, *, live: bool) -> list[Finding]:
    """What is found wrong with a mutation; `live` plays the scenario once more, and a proxy spoils the answer."""
    if live:
        findings = play(run.name, spoil=spoiling(run, mutation), release=run.release).judged(sut=Party.SELLER).findings
    else:
        findings = run.judged(mutation.applied(run.exchanges), sut=Party.SELLER).findings
    return [each for each in findings if each.verdict in NOTICED or each.verdict is Verdict.ERROR]


def spoiling(run: Played, mutation: Mutation) -> Spoil:
    """The change made on the way, in a new run: its buyer goes on with what it was told."""
    answers = [exchange.n for exchange in run.exchanges if not is_told(exchange)]
    turn = answers.index(mutation.n) + 1

    def spoil(answer: Answer) -> None:
        answer.memory[str(answer.count)] = copy.deepcopy(answer.body)
        if answer.count != turn:
            return
        if mutation.edit:
            with suppress(LookupError, TypeError, ValueError):
                answer.body = mutation.edit(answer.body)
        elif mutation.operator in ("stale", "swapped"):
            answer.body = answer.memory[str(answers.index(int(mutation.place.removeprefix("as #"))) + 1)]
        elif mutation.exchange.response is not None:
            spoilt = mutation.exchange.response
            answer.status = spoilt.status
            answer.headers |= {name.lower(): value for name, value in spoilt.headers if name.lower() != "date"}
            answer.raw = {"no-body": b"", "cut-body": spoilt.raw}.get(mutation.operator)

    return spoil


def _by_what_it_was_told(run: Played, mutation: Mutation, findings: list[Finding]) -> bool:
    """Whether all that is laid at the Buyer's door are requests of a later moment: in a recorded run they were made of the
    answer that was not spoilt.
    """
    asked = {exchange.n for exchange in run.exchanges if not is_told(exchange)}
    theirs = [finding.exchange for finding in findings if finding.blame is Blame.BUYER]
    return all(n is not None and n > mutation.n and n in asked for n in theirs)


def _words(findings: list[Finding]) -> str:
    return ", ".join(sorted({f"{each.rule}:{each.blame}@{each.exchange}" for each in findings}))
