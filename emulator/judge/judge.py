"""The judge: lets every rule look at every message and adds up the evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from emulator.judge.elsewhere import is_elsewhere
from emulator.judge.refusals import Refuser, is_refused, refusals
from emulator.judge.rule import ANY_OPERATION, NOTHING, ClosingRule, Outcome, Rule, apply, close
from emulator.judge.rules import CLOSING, RULES
from emulator.judge.rules.common import STEADY
from emulator.judge.run import NOTHING_DECLARED, Declared, Half, Run, Said
from emulator.judge.verdict import Blame, Finding, Verdict, blamed, worst
from emulator.standard.breach import Check
from emulator.standard.kinds.load import ReleaseKinds
from emulator.standard.requirement import load_requirements
from emulator.wire.coding import ACCEPTED
from emulator.wire.exchange import Exchange, Party, Unread, UnreadKind

if TYPE_CHECKING:
    from emulator.standard.release import Release

CONTRACT: Final = "contract."
"""How the ids of the contract's own rules begin."""
_REFUSED_CODINGS: Final = ((UnreadKind.MISCODED, 400), (UnreadKind.CODING, 415))


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
    refuser: Refuser | None = None,
    expected: frozenset[int] = frozenset(),
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

    A refused request is no evidence for its sender. What else a refusal says is told where `refuser` says who refuses;
    `expected` are the numbers of exchanges that were awaited as they are, a refusal included.
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
        refuser=refuser,
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
        withheld: frozenset[str] = frozenset(),
        elsewhere: Callable[[str], bool] = lambda _: False,
        sut: Party | None = None,
        declared: Declared = NOTHING_DECLARED,
        refuser: Refuser | None = None,
        expected: frozenset[int] = frozenset(),
        rules: Sequence[Rule] = RULES,
        closing: Sequence[ClosingRule] = CLOSING,
    ) -> None:
        self.run = Run(release, declared, provoked, spoilt, heard, speed, withheld, elsewhere)
        self._found = _Tally(sut)
        self._choice = _chosen(tuple(rules), release.kinds)
        self._closing = closing
        self._refuser, self._expected, self._sut = refuser, expected, sut

    def hear(self, exchange: Exchange) -> list[Finding]:
        """What the rules find in the next exchange. Never raises, whatever its messages hold."""
        run, found, before = self.run, self._found, len(self._found.findings)
        run.add(exchange)
        if exchange.beside:
            return []
        silent = exchange.response is None or exchange.n in run.spoilt or is_elsewhere(run, exchange)
        for half in Half:
            if exchange.n in run.provoked if half is Half.REQUEST else silent:
                continue
            said = Said(run, exchange, half)
            if said.unread:
                found.findings += _unread(said, said.unread)
            else:
                found.message(said, [self._looked(rule, said) for rule in self._choice.on(said)])
        if exchange.n not in run.spoilt:
            found.findings += _unanswered(exchange)
            found.findings += self._refused(exchange, found.findings[before:])
        return found.findings[before:]

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

    def _refused(self, exchange: Exchange, found: Sequence[Finding]) -> Iterator[Finding]:
        """What a refusal of a call says, where it was neither provoked nor awaited. Ours speaks of the party under test."""
        if self._refuser is None or not is_refused(exchange) or exchange.kind == "notification":
            return
        if exchange.n in self.run.provoked or exchange.n in self._expected:
            return
        if self._refuser is Refuser.PARTNERS or exchange.sender is self._sut:
            yield from refusals(self.run, exchange, self._refuser, found)

    def close(self) -> Judgement:
        """The judgement of all that was heard, after the rules that look at the whole run. Once only.

        Of a run with gaps these find nothing wrong: what they miss may stand there.
        """
        found, run = self._found, self.run
        for rule in self._closing:
            for remark, outcome in close(rule, run):
                if run.gaps and any(finding.verdict is not Verdict.ERROR for finding in outcome.findings):
                    continue
                if remark is None:
                    found.add(None, None, outcome)
                else:
                    found.add(remark.party, remark.exchange, outcome, half=remark.half)
        return Judgement(tuple(found.findings), tuple(found.verdicts(run.declared)))


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


@lru_cache(maxsize=8)
def _chosen(rules: tuple[Rule, ...], kinds: ReleaseKinds) -> _Choice:
    return _Choice(rules, kinds)


@dataclass
class _Tally:
    """What was found so far, and on which requirements something was seen."""

    sut: Party | None
    findings: list[Finding] = field(default_factory=list)
    _seen: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _spoken: dict[str, set[Verdict]] = field(default_factory=lambda: defaultdict(set))

    def message(self, said: Said, outcomes: Sequence[Outcome]) -> None:
        """All that the rules say of one message; what two of them say of one place becomes one finding."""
        findings, said_already = _without_echoes([finding for outcome in outcomes for finding in outcome.findings])
        evidence = tuple(identifier for outcome in outcomes for identifier in outcome.evidence)
        self.add(said.author, said.exchange, Outcome(tuple(_merged(findings)), evidence), half=said.half)
        if self.sut in (None, said.author):
            for finding in said_already:
                for identifier in finding.requirements:
                    self._spoken[identifier].add(finding.verdict)

    def add(
        self, author: Party | None, exchange: Exchange | None, outcome: Outcome, *, half: Half | None = None
    ) -> None:
        """Keep findings; let them count for a requirement where the author is under test, and was not refused."""
        self.findings += outcome.findings
        if self.sut not in (None, author):
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


def _without_echoes(findings: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """The findings to tell of one message, and those that another one says already.

    What the contract fails at a place, no rule warns of again, and the other way round: the words of the one would be
    told with the verdict of the other. That something changed unexplained is left out where the message has a fault
    that explains it.
    """
    explained = any(finding.verdict is Verdict.FAIL for finding in findings)
    places = {finding.pointer for finding in findings if not finding.rule.endswith(STEADY)}
    kept = [f for f in findings if not f.rule.endswith(STEADY) or not (explained or f.pointer in places)]
    failed = {(f.pointer, f.rule.startswith(CONTRACT)) for f in kept if f.verdict is Verdict.FAIL and f.pointer}
    echoes = [f for f in kept if f.verdict in _MILDER and (f.pointer, not f.rule.startswith(CONTRACT)) in failed]
    left_out = {id(finding) for finding in echoes}
    return [finding for finding in kept if id(finding) not in left_out], echoes


_MILDER: Final = (Verdict.WARNING, Verdict.DISPUTED)
"""What weighs less than a fail."""


def _merged(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Findings of one message, where what the contract and a guide's rule say of one place is said once.

    Where both have the same verdict the guide's rule speaks, being the more exact, and takes over what the contract's
    finding hurts.
    """
    by_guide = {(f.pointer, f.verdict) for f in findings if not f.rule.startswith(CONTRACT)}
    of_contract: dict[tuple[str, Verdict], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.rule.startswith(CONTRACT):
            of_contract[finding.pointer, finding.verdict].append(finding)
    for finding in findings:
        if not finding.rule.startswith(CONTRACT):
            others = of_contract.pop((finding.pointer, finding.verdict), [])
            hurt = dict.fromkeys(identifier for one in (finding, *others) for identifier in one.requirements)
            yield replace(finding, requirements=tuple(hurt)) if others else finding
        elif (finding.pointer, finding.verdict) not in by_guide:
            yield finding


def _unread(said: Said, unread: Unread) -> Iterator[Finding]:
    """What is to be said of a message whose body is not known: of a request's coding, and only where it was refused.

    Many codings are allowed, and nobody has to know all of them (RFC 9110, 8.4); a body that is not what its own header
    says is wrong by any reading.
    """
    miscoded = unread.kind is UnreadKind.MISCODED
    if said.half is Half.REQUEST and (unread.kind, said.status) in _REFUSED_CODINGS:
        yield Finding(
            rule=f"{CONTRACT}{Check.CODING}",
            requirements=(),
            verdict=Verdict.FAIL if miscoded else Verdict.WARNING,
            blame=blamed(said.author),
            exchange=said.exchange.n,
            expected=f"one of {ACCEPTED}, or none",
            found=said.exchange.request.coding,
            message=unread.why,
        )


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
