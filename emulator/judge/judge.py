"""The judge: lets every rule look at every message and adds up the evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from emulator.judge.rule import ANY_OPERATION, ClosingRule, Outcome, Rule, apply, close
from emulator.judge.rules import CLOSING, RULES
from emulator.judge.rules.common import STEADY
from emulator.judge.run import NOTHING_DECLARED, Declared, Half, Run, Said
from emulator.judge.verdict import Blame, Finding, Verdict, worst
from emulator.standard.requirement import load_requirements
from emulator.wire.exchange import Exchange, Party

if TYPE_CHECKING:
    from emulator.standard.release import Release

CONTRACT: Final = "contract."
"""How the ids of the contract's own rules begin."""


@dataclass(frozen=True, slots=True)
class RequirementVerdict:
    """What a run says of one requirement, and the numbers of the exchanges that say so."""

    id: str
    verdict: Verdict
    exchanges: tuple[int, ...]


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
    withheld: frozenset[str] = frozenset(),
    elsewhere: Callable[[str], bool] = lambda _: False,
    sut: Party | None = None,
    declared: Declared = NOTHING_DECLARED,
    rules: Sequence[Rule] = RULES,
    closing: Sequence[ClosingRule] = CLOSING,
) -> Judgement:
    """Judge the exchanges of a run against a release. Never raises, whatever the messages hold.

    With a party under test, a requirement's verdict comes from that party's messages alone: what the
    emulated one says right proves nothing of the other. Findings are told of both.

    `provoked` are the numbers of exchanges whose request was made wrong on purpose: the request is
    neither blamed nor counted as evidence, while the response is judged as any other. `spoilt` are those
    whose response was spoilt, held back or lost on purpose: nothing is made of it. `heard` are callbacks
    at which the transcript itself listens, so that an event which is not there was not sent to them. `speed` is how
    many seconds the clock of the transcript counted in one. `withheld` are ids of resources some of whose events were
    held back on purpose. `elsewhere` says of an id whether another run of the same Buyer's has, or may have, to do
    with it.
    """
    judging = Judging(
        release,
        provoked=provoked,
        spoilt=spoilt,
        heard=heard,
        speed=speed,
        withheld=withheld,
        elsewhere=elsewhere,
        sut=sut,
        declared=declared,
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
        withheld: frozenset[str] = frozenset(),
        elsewhere: Callable[[str], bool] = lambda _: False,
        sut: Party | None = None,
        declared: Declared = NOTHING_DECLARED,
        rules: Sequence[Rule] = RULES,
        closing: Sequence[ClosingRule] = CLOSING,
    ) -> None:
        self.run = Run(release, declared, provoked, spoilt, heard, speed, withheld, elsewhere)
        self._found = _Tally(sut)
        self._choice = _chosen(tuple(rules))
        self._closing = closing

    def hear(self, exchange: Exchange) -> list[Finding]:
        """What the rules find in the next exchange. Never raises, whatever its messages hold."""
        run, found, before = self.run, self._found, len(self._found.findings)
        run.add(exchange)
        for half in Half:
            if half is Half.REQUEST and exchange.n in run.provoked:
                continue
            if half is Half.RESPONSE and (exchange.response is None or exchange.n in run.spoilt):
                continue
            said = Said(run, exchange, half)
            found.message(said, [apply(rule, said) for rule in self._choice.on(said)])
        if exchange.n not in run.spoilt:
            found.findings += _unanswered(exchange)
        return found.findings[before:]

    def close(self) -> Judgement:
        """The judgement of all that was heard, after the rules that look at the whole run. Once only."""
        found, run = self._found, self.run
        for rule in self._closing:
            for remark, outcome in close(rule, run):
                found.add(remark.party if remark else None, remark.exchange if remark else None, outcome)
        return Judgement(tuple(found.findings), tuple(found.verdicts(run.declared)))


class _Choice:
    """Which rules look at which messages."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._everywhere: dict[Half, list[Rule]] = {half: [] for half in Half}
        self._spots: dict[tuple[str | None, str | None, Half], list[tuple[range, Rule]]] = defaultdict(list)
        for rule in rules:
            if rule.on is None:
                self._everywhere[rule.half or Half.REQUEST].append(rule)
                continue
            for spot in dict.fromkeys(rule.on.spots):
                self._spots[spot.api, spot.operation, spot.half].append((spot.statuses, rule))

    def on(self, said: Said) -> Iterator[Rule]:
        yield from self._everywhere[said.half]
        exchange = said.exchange
        for operation in (ANY_OPERATION, exchange.operation):
            for statuses, rule in self._spots.get((exchange.api, operation, said.half), ()):
                if said.half is Half.REQUEST or said.status in statuses:
                    yield rule


@lru_cache(maxsize=8)
def _chosen(rules: tuple[Rule, ...]) -> _Choice:
    return _Choice(rules)


@dataclass
class _Tally:
    """What was found so far, and on which requirements something was seen."""

    sut: Party | None
    findings: list[Finding] = field(default_factory=list)
    _seen: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _spoken: dict[str, set[Verdict]] = field(default_factory=lambda: defaultdict(set))

    def message(self, said: Said, outcomes: Sequence[Outcome]) -> None:
        """All that the rules say of one message; what two of them say of one place becomes one finding."""
        merged = _merged([finding for outcome in outcomes for finding in outcome.findings])
        evidence = tuple(identifier for outcome in outcomes for identifier in outcome.evidence)
        self.add(said.author, said.exchange, Outcome(tuple(merged), evidence))

    def add(self, author: Party | None, exchange: Exchange | None, outcome: Outcome) -> None:
        """Keep findings; let them count for a requirement where the author is under test."""
        self.findings += outcome.findings
        if self.sut not in (None, author):
            return
        for identifier in outcome.evidence:
            self._spoken[identifier].add(Verdict.PASS)
        for finding in outcome.findings:
            for identifier in finding.requirements:
                self._spoken[identifier].add(finding.verdict)
        if exchange is not None:
            for identifier in {*outcome.evidence, *(i for f in outcome.findings for i in f.requirements)}:
                if not self._seen[identifier] or self._seen[identifier][-1] != exchange.n:
                    self._seen[identifier].append(exchange.n)

    def verdicts(self, declared: Declared) -> Iterator[RequirementVerdict]:
        """One row for each requirement that shows on the wire, in the order of the guides."""
        for requirement in load_requirements().values():
            if requirement.not_on_wire:
                continue
            verdict = worst(self._spoken.get(requirement.id, set()))
            option = f"{requirement.guide}-{requirement.if_supported}" if requirement.if_supported else None
            # An option that nobody declared is in use where something of it was seen.
            used = declared.options.get(option, verdict is not Verdict.NOT_SEEN) if option else True
            if not used:
                verdict = Verdict.NOT_APPLICABLE
            yield RequirementVerdict(requirement.id, verdict, tuple(sorted(set(self._seen.get(requirement.id, ())))))


def _merged(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Findings of one message, where what the contract and a guide's rule say of one place is said once.

    The guide's rule speaks, being the more exact; it takes over what the contract's finding hurts. That
    something changed unexplained is left out where the message has a fault that explains it.
    """
    explained = any(finding.verdict is Verdict.FAIL for finding in findings)
    places = {finding.pointer for finding in findings if not finding.rule.endswith(STEADY)}
    findings = [f for f in findings if not f.rule.endswith(STEADY) or not (explained or f.pointer in places)]
    by_guide = {f.pointer for f in findings if not f.rule.startswith(CONTRACT) and f.verdict is not Verdict.ERROR}
    taken: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.rule.startswith(CONTRACT) and finding.pointer in by_guide:
            taken[finding.pointer].append(finding)
    for finding in findings:
        if finding.rule.startswith(CONTRACT):
            if finding.pointer not in by_guide:
                yield finding
        elif others := taken.pop(finding.pointer, None):
            yield replace(
                finding,
                requirements=tuple(
                    dict.fromkeys([*finding.requirements, *(i for o in others for i in o.requirements)])
                ),
                verdict=worst({finding.verdict, *(other.verdict for other in others)}),
                blame=next((o.blame for o in others if o.verdict is Verdict.FAIL), finding.blame),
            )
        else:
            yield finding


def _unanswered(exchange: Exchange) -> Iterator[Finding]:
    if exchange.response is None:
        fault = exchange.fault
        yield Finding(
            rule=f"transport.{fault.kind}" if fault else "transport.unanswered",
            requirements=(),
            verdict=Verdict.NOT_SEEN,
            blame=Blame.TRANSPORT,
            exchange=exchange.n,
            expected="a response",
            message=fault.message if fault else "there is no response",
        )
