"""The judge: lets every rule look at every exchange and adds up the evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.judge.rule import Half, RuleSpec, apply
from emulator.judge.rules import RULES
from emulator.judge.rules.contract import REQUIREMENTS
from emulator.judge.verdict import Blame, Finding, Verdict, blamed, worst
from emulator.wire.exchange import Exchange, Party

if TYPE_CHECKING:
    from emulator.standard.release import Release


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
    sut: Party | None = None,
    rules: Sequence[RuleSpec] = RULES,
) -> Judgement:
    """Judge the exchanges of a run against a release. Never raises, whatever the messages hold.

    With a party under test, a requirement's verdict comes from that party's messages alone: what the
    emulated one says right proves nothing of the other. Findings are told of both.

    `provoked` are the numbers of exchanges whose request was made wrong on purpose: the request is
    neither blamed nor counted as evidence, while the response is judged as any other.
    """
    findings: list[Finding] = []
    seen: dict[str, list[int]] = {}
    for exchange in transcript:
        for rule in rules:
            if rule.half is Half.REQUEST and exchange.n in provoked:
                continue
            outcome = apply(rule, exchange, release)
            findings += outcome.findings
            if sut in (None, rule.author(exchange)):
                for identifier in outcome.evidence:
                    seen.setdefault(identifier, []).append(exchange.n)
        findings += _unanswered(exchange)
    return Judgement(tuple(findings), tuple(_verdicts(_of(sut, findings), seen)))


def _of(sut: Party | None, findings: Sequence[Finding]) -> list[Finding]:
    """The findings that count for a requirement: not those in messages of the emulated party."""
    return [finding for finding in findings if sut is None or finding.blame is not blamed(sut.other)]


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


def _verdicts(findings: Sequence[Finding], seen: dict[str, list[int]]) -> Iterator[RequirementVerdict]:
    """One row per requirement that a rule can speak on, in the order of the guides."""
    spoken: dict[str, set[Verdict]] = {}
    witnesses: dict[str, set[int]] = {identifier: set(exchanges) for identifier, exchanges in seen.items()}
    for finding in findings:
        for identifier in finding.requirements:
            spoken.setdefault(identifier, set()).add(finding.verdict)
            if finding.exchange is not None:
                witnesses.setdefault(identifier, set()).add(finding.exchange)
    known = [identifier for aspects in REQUIREMENTS.values() for identifier in aspects.values()]
    for identifier in dict.fromkeys([*known, *seen, *spoken]):
        verdicts = spoken.get(identifier, set()) | ({Verdict.PASS} if identifier in seen else set())
        yield RequirementVerdict(identifier, worst(verdicts), tuple(sorted(witnesses.get(identifier, ()))))
