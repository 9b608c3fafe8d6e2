"""The rule: code that looks at one exchange for breaches and decides nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from emulator.judge.verdict import Blame, Finding, Verdict, blamed
from emulator.standard.breach import Breach
from emulator.wire.exchange import Exchange, Party
from emulator.wire.payload import MISSING

if TYPE_CHECKING:
    from emulator.standard.release import Release

LOG = logging.getLogger(__name__)

MAX_BREACHES: Final = 200
"""Breaches of one rule in one message that are listed; one more finding says that there are others."""


class Half(StrEnum):
    """Which message of an exchange a rule looks at, and so whom its breaches are laid to."""

    REQUEST = "request"  # written by the sender
    RESPONSE = "response"  # written by the receiver


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A rule and what its breaches mean.

    `look` yields the breaches of one exchange. `touches` names the requirements that a breach hurts.
    `evidence` names the requirements on which the exchange lets the rule speak at all, given the
    breaches it found: without evidence a requirement stays `not_seen`. `named` gives a finding its rule
    id where one rule notices several kinds of breach.
    """

    id: str
    half: Half
    look: Callable[[Exchange, Release], Iterable[Breach]]
    touches: Callable[[Exchange, Breach], tuple[str, ...]]
    evidence: Callable[[Exchange, Release, Sequence[Breach]], tuple[str, ...]]
    named: Callable[[Breach], str] | None = None

    def author(self, exchange: Exchange) -> Party:
        """Who wrote the message that this rule looks at."""
        return exchange.sender if self.half is Half.REQUEST else exchange.receiver

    def blame(self, exchange: Exchange) -> Blame:
        """Whose fault a breach in that message is: its author's."""
        return blamed(self.author(exchange))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one rule made of one exchange: its findings, and the requirements it could speak on."""

    findings: tuple[Finding, ...]
    evidence: tuple[str, ...]


def apply(rule: RuleSpec, exchange: Exchange, release: Release) -> Outcome:
    """Let a rule look at an exchange. Never raises: a rule that does is an `error` of ours."""
    breaches: list[Breach] = []
    findings: list[Finding] = []
    try:
        for breach in rule.look(exchange, release):
            if len(breaches) == MAX_BREACHES:
                findings.append(_more(rule, exchange, breaches))
                break
            breaches.append(breach)
            findings.append(_finding(rule, exchange, breach))
        return Outcome(tuple(findings), rule.evidence(exchange, release, breaches))
    except Exception as error:  # whatever a rule does wrong, the judging goes on
        LOG.debug("rule %s broke on exchange %s", rule.id, exchange.n, exc_info=True)
        return Outcome((*findings, _broken(rule, exchange, error)), ())


def _finding(rule: RuleSpec, exchange: Exchange, breach: Breach) -> Finding:
    return Finding(
        rule=rule.named(breach) if rule.named else rule.id,
        requirements=rule.touches(exchange, breach),
        verdict=Verdict.WARNING if breach.advisory else Verdict.FAIL,
        blame=rule.blame(exchange),
        exchange=exchange.n,
        pointer=breach.place,
        expected=breach.expected,
        found=breach.found,
        message=breach.message or sentence(breach),
    )


def _more(rule: RuleSpec, exchange: Exchange, breaches: Sequence[Breach]) -> Finding:
    grave = any(not breach.advisory for breach in breaches)
    return Finding(
        rule=rule.id,
        requirements=(),
        verdict=Verdict.FAIL if grave else Verdict.WARNING,
        blame=rule.blame(exchange),
        exchange=exchange.n,
        message=f"there is more: only the first {MAX_BREACHES} breaches of this {rule.half} are listed",
    )


def _broken(rule: RuleSpec, exchange: Exchange, error: Exception) -> Finding:
    return Finding(
        rule=rule.id,
        requirements=(),
        verdict=Verdict.ERROR,
        blame=Blame.EMULATOR,
        exchange=exchange.n,
        message=f"the {rule.half} was not judged: our rule broke with {type(error).__name__} "
        "(the debug log has the trace)",
    )


def sentence(breach: Breach) -> str:
    """A breach in one sentence, where the rule gave none."""
    return "".join(_words(breach))


def _words(breach: Breach) -> Iterator[str]:
    yield breach.place or "the body"
    yield " is missing" if breach.found is MISSING else f" is {brief(breach.found)}"
    if breach.expected is MISSING:
        yield ", which should not be there"
    elif breach.expected not in (None, ""):
        yield f"; expected {brief(breach.expected)}"


def brief(value: Any, limit: int = 120) -> str:
    """A JSON value as one short line; a word stands without quotes."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
