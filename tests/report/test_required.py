"""What a scenario covers was seen, or it is said that it was not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from emulator.record.exchange import Party
from emulator.report.model import Report
from emulator.report.played import StepInfo, StepOutcome
from emulator.report.required import Required
from tests.report.runs import PASSED_STEP, report, roles_for

SEEN, UNSEEN = "MEF121-R3", "MEF115-R52"
"""One on which the exchange of `report()` says something, and one on which it does not."""


def played(*steps: StepInfo, sut: Party | None = None, strict: bool = True, scenario: tuple[str, ...] = ()) -> Report:
    return report(steps=steps, sut=sut, required=Required(scenario, roles_for(sut), strict))


def seen_by(made: Report) -> str:
    return next(row["id"] for row in made["requirements"] if row["verdict"] == "pass")


@pytest.mark.parametrize("strict", [True, False])
def test_what_is_covered_and_was_not_seen_makes_a_pass_inconclusive_if_asked(strict: bool) -> None:
    made = played(replace(PASSED_STEP, covers=(UNSEEN,)), strict=strict)
    assert made["covers"] == {"strict": strict, "asked": [UNSEEN], "not_seen": [UNSEEN]}
    assert made["verdict"] == ("inconclusive" if strict else "pass")


def test_what_was_seen_passes() -> None:
    seen = seen_by(report())
    made = played(PASSED_STEP, scenario=(seen,))
    assert made["covers"]["not_seen"] == []
    assert made["verdict"] == "pass"


@pytest.mark.parametrize(
    ("step", "sut", "asked"),
    [
        ({"outcome": StepOutcome.SKIPPED}, None, None),
        ({}, Party.BUYER, None),
        ({}, Party.SELLER, [UNSEEN]),
        ({"covers": ("MEF115-R0",)}, None, None),
    ],
)
def test_only_what_binds_the_party_under_test_in_steps_that_were_played_is_asked(
    step: Any, sut: Any, asked: Any
) -> None:
    """MEF115-R52 binds the seller: of a buyer nobody asks it, nor of a step that was skipped by plan."""
    made = played(PASSED_STEP, replace(StepInfo("b", "call", StepOutcome.PASSED, covers=(UNSEEN,)), **step), sut=sut)
    assert (made["covers"]["asked"] if "covers" in made else None) == asked


def test_a_breach_on_purpose_that_was_refused_is_seen() -> None:
    """A negative case cannot show the requirement itself: it shows that breaking it is noticed."""
    made = played(PASSED_STEP, StepInfo("a:case", "negative", StepOutcome.PASSED, covers=(UNSEEN,)))
    assert made["covers"]["not_seen"] == []
    failed = played(PASSED_STEP, StepInfo("a:case", "negative", StepOutcome.UNMET, covers=(UNSEEN,)))
    assert failed["covers"]["not_seen"] == [UNSEEN]


def test_a_case_asks_only_for_what_it_does_itself() -> None:
    """The flow before it is its way there, and has a run of its own."""
    way, own = replace(PASSED_STEP, covers=(UNSEEN,)), StepInfo("a:x", "negative", StepOutcome.UNMET, covers=(SEEN,))
    made = report(steps=(way, own), case="x", required=Required((), strict=True))
    assert made["covers"]["asked"] == [SEEN]
