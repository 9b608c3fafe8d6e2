"""The judge: lets every rule look at every message and adds up the evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from emulator.judge.claimed import NOBODY, Claimed, claimed_in
from emulator.judge.echoes import merged, without_echoes
from emulator.judge.elsewhere import is_elsewhere
from emulator.judge.refusals import is_refused, refusals
from emulator.judge.roles import SELF_TEST, Roles
from emulator.judge.rule import ANY_OPERATION, NOTHING, ClosingRule, Outcome, Rule, apply, close
from emulator.judge.rules import rules_of
from emulator.judge.run import Half, Run, Said
from emulator.judge.runs import RunsByRelease, declared_for
from emulator.judge.times import Moves
from emulator.judge.unsaid import unanswered, unread
from emulator.judge.verdict import Finding, Verdict, worst
from emulator.record.exchange import Exchange, Party
from emulator.standard.declared import NOTHING_DECLARED, Declared
from emulator.standard.kinds.load import ReleaseKinds
from emulator.standard.requirement import Feature, Requirement

if TYPE_CHECKING:
    from emulator.standard.release import Release


@dataclass(frozen=True, slots=True)
class RequirementVerdict:
    """What a run says of one requirement, and the numbers of the exchanges that say so.

    `release` is the one whose requirement it is, None where that is the run's. `why` says why it does not apply, where
    that is not for the partners' own word.
    """

    id: str
    verdict: Verdict
    exchanges: tuple[int, ...]
    release: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that the judge has to say about a transcript."""

    findings: tuple[Finding, ...]
    requirements: tuple[RequirementVerdict, ...]


def judge(
    transcript: Iterable[Exchange],
    release: Release,
    *,
    provoked: frozenset[int] = frozenset(),
    spoilt: frozenset[int] = frozenset(),
    heard: tuple[str, ...] = (),
    speed: float = 1.0,
    moves: Moves = (),
    withheld: frozenset[str] = frozenset(),
    elsewhere: Callable[[str], bool] = lambda _: False,
    roles: Roles = SELF_TEST,
    declared: Declared = NOTHING_DECLARED,
    expected: frozenset[int] = frozenset(),
    rules: Sequence[Rule] | None = None,
    closing: Sequence[ClosingRule] | None = None,
) -> Judgement:
    """Judge the exchanges of a run, each by its release. Never raises, whatever the messages hold.

    `release` is that of the run, and of what says none. There are rows of its requirements, and of those of each other
    release that occurs.

    `roles` say who plays which party. With parties under test, a requirement's verdict comes from their messages alone:
    what an emulated one says right proves nothing of the other. Findings are told of both.

    `provoked` are the numbers of exchanges whose request was made wrong on purpose: the request is
    neither blamed nor counted as evidence, while the response is judged as any other. `spoilt` are those
    whose response was spoilt, held back or lost on purpose: nothing is made of it. `heard` are callbacks
    at which the transcript itself listens, so that an event which is not there was not sent to them. `speed` is how
    many seconds the clock of the transcript counted in one, `moves` are when it was put forward, by how much. `withheld` are ids of resources some of whose events were
    held back on purpose. `elsewhere` says of an id whether another run of the same Buyer's has, or may have, to do
    with it.

    A refused request is no evidence for its sender. What else a refusal says is told where the sender is not ours;
    `expected` are the numbers of exchanges that were awaited as they are, a refusal included. `rules` and `closing` are
    those of each release unless others are given.
    """
    judging = Judging(
        release,
        provoked=provoked,
        spoilt=spoilt,
        heard=heard,
        speed=speed,
        moves=moves,
        withheld=withheld,
        elsewhere=elsewhere,
        roles=roles,
        declared=declared,
        expected=expected,
        rules=rules,
        closing=closing,
    )
    for exchange in transcript:
        judging.hear(exchange)
    return judging.close()


class Judging:
    """The judge at work: hears one exchange after another, and says at once what is wrong with it.

    For servers that judge whatever comes; the arguments are those of `judge`.
    """

    def __init__(
        self,
        release: Release,
        *,
        provoked: frozenset[int] = frozenset(),
        spoilt: frozenset[int] = frozenset(),
        heard: tuple[str, ...] = (),
        speed: float = 1.0,
        moves: Moves = (),
        withheld: frozenset[str] = frozenset(),
        elsewhere: Callable[[str], bool] = lambda _: False,
        roles: Roles = SELF_TEST,
        declared: Declared = NOTHING_DECLARED,
        expected: frozenset[int] = frozenset(),
        rules: Sequence[Rule] | None = None,
        closing: Sequence[ClosingRule] | None = None,
    ) -> None:
        def make(which: Release) -> Run:
            told = declared_for(declared, release, which)
            return Run(which, told, provoked, spoilt, heard, speed, withheld, elsewhere, moves)

        self._runs = RunsByRelease(release, make)
        self._rules, self._closing = rules, closing
        self._expected, self._roles = expected, roles
        self._findings: list[Finding] = []
        self._parts: dict[Run, _Part] = {}
        self._tallies: dict[str, _Tally] = {}
        self._part_of(self._runs.main)
        self.heard = 0

    def hear(self, exchange: Exchange) -> list[Finding]:
        """What the rules find in the next exchange. Never raises, whatever its messages hold. `heard` counts them."""
        self.heard += 1
        run = self._runs.add(exchange)
        part = self._parts.get(run) or self._part_of(run)
        before = len(self._findings)
        self._hear(part, exchange)
        return part.sign(self._findings, before)

    def _part_of(self, run: Run) -> _Part:
        release = run.release
        claimed = NOBODY if self._rules is not None else claimed_in(release, run.declared.claims)
        part = self._parts[run] = _Part(
            run,
            release.made(_choice_of) if self._rules is None else _Choice(self._rules, release.kinds),
            rules_of(release).closing if self._closing is None else self._closing,
            claimed,
            self._tallies.setdefault(release.name, _Tally(self._roles, self._findings)),
            None if release is self._runs.main.release else release.name,
            self._runs.leg_of[run],
        )
        return part

    def _hear(self, part: _Part, exchange: Exchange) -> None:
        run, found, before = part.run, part.found, len(self._findings)
        if exchange.beside:
            return
        if part.claimed.requirements:
            self._hear_claimed(part, exchange)
        if exchange.authorizes:
            found.findings += unanswered(exchange)
            return
        silent = exchange.response is None or exchange.n in run.spoilt or is_elsewhere(run, exchange)
        for half in Half:
            if exchange.n in run.provoked if half is Half.REQUEST else silent:
                continue
            said = Said(run, exchange, half)
            if said.unread:
                found.findings += unread(said, said.unread)
            else:
                found.message(said, [self._looked(rule, said) for rule in part.choice.on(said)])
        if exchange.n not in run.spoilt:
            found.findings += unanswered(exchange)
            found.findings += self._refused(run, exchange, found.findings[before:])

    def _hear_claimed(self, part: _Part, exchange: Exchange) -> None:
        """Let the rules look that are of no API: at all but what was wrong on purpose, whoever may have answered."""
        run = part.run
        for half in Half:
            ours = run.provoked if half is Half.REQUEST else run.spoilt
            if exchange.n in ours or (half is Half.RESPONSE and exchange.response is None):
                continue
            said = Said(run, exchange, half)
            if not said.unread:
                part.found.message(said, [apply(rule, said) for rule in part.claimed.looking[half]])

    def _looked(self, rule: Rule, said: Said) -> Outcome:
        """What a rule says of a message, without what the gaps of the run may explain.

        A guide's rule may look back at messages whose bodies the capture does not hold. What it says of the message by
        itself stands; what it says only in the light of the others, of which one is not known, is not judged.
        """
        exchange, run = said.exchange, said.run
        if rule.on is None or not run.gaps:
            return apply(rule, said)
        if said.half is Half.RESPONSE and exchange.request.unknown:
            return NOTHING
        outcome = apply(rule, said)
        if not outcome.findings:
            return outcome
        alone = Run(run.release, run.declared, run.provoked, run.spoilt)
        alone.add(exchange)
        known = {(f.pointer, f.message) for f in apply(rule, Said(alone, exchange, said.half)).findings}
        kept = tuple(f for f in outcome.findings if f.verdict is Verdict.ERROR or (f.pointer, f.message) in known)
        return outcome if len(kept) == len(outcome.findings) else Outcome(kept, ())

    def _refused(self, run: Run, exchange: Exchange, found: Sequence[Finding]) -> Iterator[Finding]:
        """What a refusal of a call says, where it was neither provoked nor awaited, nor is one of what we ask ourselves."""
        if self._roles.emulates(exchange.sender) or not is_refused(exchange) or exchange.kind == "notification":
            return
        if exchange.n not in run.provoked and exchange.n not in self._expected:
            ours = self._roles.emulates(exchange.receiver)
            yield from refusals(run, exchange, found, ours=ours)

    def close(self) -> Judgement:
        """The judgement of all that was heard, after the rules that look at the whole run. Once only.

        Of a run with gaps these find nothing wrong: what they miss may stand there.
        """
        rows: list[RequirementVerdict] = []
        for part in self._parts.values():
            before = len(self._findings)
            self._close(part)
            part.sign(self._findings, before)
        for part in {
            id(part.found): part for part in self._parts.values()
        }.values():  # what legs show is of one release
            rows += part.rows()
        return Judgement(tuple(self._findings), tuple(rows))

    def _close(self, part: _Part) -> None:
        found, run = part.found, part.run
        closing = (*part.closing, *(part.claimed.closing if self._closing is None else ()))
        for rule in closing:
            for remark, outcome in close(rule, run):
                if run.gaps and any(finding.verdict is not Verdict.ERROR for finding in outcome.findings):
                    continue
                if remark is None:
                    found.add(None, None, outcome)
                else:
                    found.add(remark.party, remark.exchange, outcome, half=remark.half)


class _Choice:
    """Which rules look at which messages."""

    def __init__(self, rules: Sequence[Rule], kinds: ReleaseKinds) -> None:
        self._everywhere: dict[Half, list[Rule]] = {half: [] for half in Half}
        self._spots: dict[tuple[str | None, str | None, Half], list[tuple[range, Rule]]] = defaultdict(list)
        for rule in rules:
            if rule.on is None:
                self._everywhere[rule.half or Half.REQUEST].append(rule)
                continue
            found = ((spot, operation) for spot in rule.on.spots for operation in spot.operations(kinds))
            for api, operation, half, statuses in dict.fromkeys((s.api, one, s.half, s.statuses) for s, one in found):
                self._spots[api, operation, half].append((statuses, rule))

    def on(self, said: Said) -> Iterator[Rule]:
        yield from self._everywhere[said.half]
        exchange = said.exchange
        for operation in (ANY_OPERATION, exchange.operation):
            for statuses, rule in self._spots.get((exchange.api, operation, said.half), ()):
                if said.half is Half.REQUEST or said.status in statuses:
                    yield rule


def _choice_of(release: Release) -> _Choice:
    return _Choice(rules_of(release).looking, release.kinds)


@dataclass
class _Tally:
    """What was found so far, and on which requirements of a release something was seen."""

    roles: Roles
    findings: list[Finding]
    _seen: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _spoken: dict[str, set[Verdict]] = field(default_factory=lambda: defaultdict(set))

    def message(self, said: Said, outcomes: Sequence[Outcome]) -> None:
        """All that the rules say of one message; what two of them say of one place becomes one finding."""
        findings, said_already = without_echoes([finding for outcome in outcomes for finding in outcome.findings])
        evidence = tuple(identifier for outcome in outcomes for identifier in outcome.evidence)
        self.add(said.author, said.exchange, Outcome(tuple(merged(findings)), evidence), half=said.half)
        if self.roles.counts(said.author):
            for finding in said_already:
                for identifier in finding.requirements:
                    self._spoken[identifier].add(finding.verdict)

    def add(
        self, author: Party | None, exchange: Exchange | None, outcome: Outcome, *, half: Half | None = None
    ) -> None:
        """Keep findings; let them count for a requirement where the author is under test, and was not refused."""
        self.findings += outcome.findings
        if not self.roles.counts(author):
            return
        if half is Half.REQUEST and exchange is not None and is_refused(exchange):
            outcome = replace(outcome, evidence=())
        for identifier in outcome.evidence:
            self._spoken[identifier].add(Verdict.PASS)
        for finding in outcome.findings:
            for identifier in finding.requirements:
                self._spoken[identifier].add(finding.verdict)
        if exchange is not None:
            for identifier in {*outcome.evidence, *(i for f in outcome.findings for i in f.requirements)}:
                if not self._seen[identifier] or self._seen[identifier][-1] != exchange.n:
                    self._seen[identifier].append(exchange.n)

    def verdicts(
        self, declared: Declared, requirements: Iterable[Requirement], unused: Mapping[Feature, str]
    ) -> Iterator[RequirementVerdict]:
        """One row for each requirement that shows on the wire, in the order of the guides.

        `unused` says of what is not in use why its requirements do not apply.
        """
        for requirement in requirements:
            if requirement.not_on_wire:
                continue
            verdict = worst(self._spoken.get(requirement.id, set()))
            option = f"{requirement.guide}-{requirement.if_supported}" if requirement.if_supported else None
            # An option that nobody declared is in use where something of it was seen.
            used = declared.options.get(option, verdict is not Verdict.NOT_SEEN) if option else True
            why = unused.get(requirement.feature, "") if requirement.feature and verdict is Verdict.NOT_SEEN else ""
            if not used or why:
                verdict = Verdict.NOT_APPLICABLE
            seen = tuple(sorted(set(self._seen.get(requirement.id, ()))))
            yield RequirementVerdict(requirement.id, verdict, seen, why=why)


@dataclass(frozen=True, slots=True)
class _Part:
    """What is judged by one release, and by what; `release` is its name where that is not the run's. Legs of one release
    have a part each, and share what was found.
    """

    run: Run
    choice: _Choice
    closing: Sequence[ClosingRule]
    claimed: Claimed
    found: _Tally
    release: str | None
    leg: str | None

    def sign(self, findings: list[Finding], start: int) -> list[Finding]:
        """The findings from `start` on, which are of this release and leg: they say so where that is not the run's."""
        told = findings[start:]
        if self.release is not None or self.leg is not None:
            told = findings[start:] = [replace(finding, release=self.release, leg=self.leg) for finding in told]
        return told

    def rows(self) -> Iterator[RequirementVerdict]:
        """The verdict of each requirement of this release."""
        asked = (*self.run.release.requirements.values(), *self.claimed.requirements)
        rows = self.found.verdicts(self.run.declared, asked, self.claimed.unused(self.run))
        return rows if self.release is None else (replace(row, release=self.release) for row in rows)
