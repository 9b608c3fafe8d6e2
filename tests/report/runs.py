"""Reports to write, made from exchanges that a test gives."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from emulator.judge.judge import judge
from emulator.judge.roles import SELF_TEST, Roles
from emulator.record.exchange import Exchange, Party
from emulator.report.about import RunInfo
from emulator.report.known import Known
from emulator.report.model import Report, run_report
from emulator.report.played import ExpectationInfo, StepInfo, StepOutcome
from emulator.report.required import Required
from emulator.standard.breach import Breach
from tests.judge.exchanges import MOMENT, exchange, fake_release, transcript

BREACH = Breach("/quoteItem/0/state", "approved.orderable", "unableToProvide", "the state does not fit")

PASSED_STEP = StepInfo(
    "ask", "call", StepOutcome.PASSED, exchanges=(1,), operation="retrieveGeographicAddress", status=200
)
FAILED_STEP = StepInfo(
    "ask again",
    "call",
    StepOutcome.UNMET,
    message="the answer is not what the step demands",
    exchanges=(1,),
    expectations=(ExpectationInfo(met=False, pointer="/state", expected="done", found="open"),),
    where="scenarios/a.oit.yaml:3:5",
    operation="retrieveGeographicAddress",
    status=200,
    elapsed_ms=12.5,
)


def roles_for(sut: Party | None) -> Roles:
    """A self-test, or one party under test."""
    return SELF_TEST if sut is None else Roles.testing(sut)


def info(sut: Party | None = None, **changes: Any) -> RunInfo:
    """What was run: a scenario of a second."""
    facts: dict[str, Any] = {
        "id": "r1",
        "scenario": "address/lookup",
        "started": MOMENT,
        "finished": MOMENT + timedelta(seconds=1),
        "title": "Look up an address",
        "release": "grace",
        "roles": roles_for(sut),
    }
    return RunInfo(**{**facts, **changes})


def report(
    *exchanges: Exchange,
    steps: tuple[StepInfo, ...] = (PASSED_STEP,),
    breaches: tuple[Breach, ...] = (),
    sut: Party | None = None,
    known: Known | None = None,
    required: Required | None = None,
    **changes: Any,
) -> Report:
    """A run's report; every response has these breaches."""
    kept = transcript(*(exchanges or (exchange({"id": "1"}),)))
    judged = judge(kept, fake_release(response=breaches), roles=roles_for(sut))
    return run_report(info(sut, **changes), steps, kept, judged, known=known, required=required)


def full_report() -> Report:
    """A run in which everything that a writer must show happened."""
    steps = (
        PASSED_STEP,
        FAILED_STEP,
        *(StepInfo(str(outcome), "await", outcome, message="why") for outcome in StepOutcome),
    )
    seen = (exchange({"id": "1"}), exchange(fault=True), exchange({}, operation=None, path="/nowhere"))
    return report(*seen, steps=steps, breaches=(BREACH, Breach("/b", "c", "d", "e")), sut=Party.SELLER, case="no city")
