"""Verdicts, blame, and the finding that carries both."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from emulator.record.exchange import Party
from emulator.record.payload import MISSING


class Verdict(StrEnum):
    """What is said of a requirement, and of a finding."""

    PASS = "pass"  # noqa: S105 - a verdict; something relevant was seen and judged, and nothing was wrong
    FAIL = "fail"  # a MUST was breached
    WARNING = "warning"  # a SHOULD was breached, or something legal looks like a slip
    NOT_SEEN = "not_seen"  # nothing relevant was seen: never green
    NOT_APPLICABLE = "not_applicable"  # not declared by the profile; of a finding: told, and nothing follows
    DISPUTED = "disputed"  # the standard contradicts itself here
    ERROR = "error"  # a rule of ours broke


class RunVerdict(StrEnum):
    """What is said of a whole run."""

    PASS = "pass"  # noqa: S105 - a verdict; all that was asked for was seen, and nothing was wrong
    FAIL = "fail"  # the system under test breached something; in a self-test also: a step was not met
    INCONCLUSIVE = "inconclusive"  # something was not answered, never arrived, or is not as a scenario hopes
    SKIPPED = "skipped"  # what it is there for does not apply: the partner declares not to have it
    ERROR = "error"  # our own party, rule or runner is wrong


class Blame(StrEnum):
    """At whose door a finding is laid."""

    BUYER = "buyer"  # the party that buys
    SELLER = "seller"  # the party that sells
    SPEC = "spec"  # the standard contradicts itself
    SCENARIO = "scenario"  # the scenario asks for what cannot be, or sends what is wrong
    INPUTS = "inputs"  # what the run was given does not fit the partner: data, credentials, address
    TRANSPORT = "transport"  # the message did not get through
    EMULATOR = "emulator"  # a mistake of ours
    NOBODY = "nobody"  # told, and no fault of anybody


_WORST_FIRST: Final = (
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.DISPUTED,
    Verdict.WARNING,
    Verdict.PASS,
    Verdict.NOT_APPLICABLE,
)


def worst(verdicts: set[Verdict]) -> Verdict:
    """The one verdict that several pieces of evidence add up to; of no evidence, `not_seen`.

    A breach that was seen outweighs a rule that broke elsewhere.
    """
    return next((verdict for verdict in _WORST_FIRST if verdict in verdicts), Verdict.NOT_SEEN)


def blamed(party: Party) -> Blame:
    """The blame that names a party."""
    return Blame(party.value)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing worth saying about a run.

    `rule` names the rule that noticed it, `requirements` the ids (`MEF115-R52`) that it hurts.
    `exchange` is the exchange's number, None where the finding is about the run. `pointer` is a JSON
    Pointer into the judged body ("" is the whole). `expected` and `found` are JSON values or MISSING.
    `message` is one sentence for a human. `release` is that of the exchange, None where it is the run's; so is `leg`,
    None where there is but one.
    """

    rule: str
    requirements: tuple[str, ...]
    verdict: Verdict
    blame: Blame
    exchange: int | None
    pointer: str = ""
    expected: Any = MISSING
    found: Any = MISSING
    message: str = ""
    release: str | None = None
    leg: str | None = None
