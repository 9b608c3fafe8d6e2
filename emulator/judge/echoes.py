"""What several rules find at one place of a message is told once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from emulator.judge.rules.common import STEADY
from emulator.judge.verdict import Finding, Verdict

CONTRACT: Final = "contract."
"""How the ids of the contract's own rules begin."""


def without_echoes(findings: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
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


def merged(findings: Sequence[Finding]) -> Iterator[Finding]:
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
