"""A secured seller whose guard is broken in one way is found out by the case that is about it, and a right one by none."""

from __future__ import annotations

import pytest

from emulator.judge.verdict import Blame, Verdict
from emulator.record.exchange import Party
from emulator.scenario.loader import load_scenario
from emulator.scenario.result import Outcome
from emulator.settings import scenarios_dir
from emulator.standard.release import load_release
from tests.broken.guards import BROKEN, played

BY_TLS = {"stolen", "wrong-certificate", "expired-certificate", "others-certificate", "plain-http", "weak-tls"}
"""Cases about connections; `tests/broken/test_lines.py` has sellers that are broken there."""
ROWS = [(name, case) for name, (_, cases, _) in BROKEN.items() for case in cases]


def test_each_case_finds_somebody_out() -> None:
    for scenario in ("let-in", "asked-wrongly"):
        cases = {
            one.id for one in load_scenario(scenarios_dir() / f"security/{scenario}.oit.yaml", load_release()).cases
        }
        assert cases - BY_TLS == {case for where, cases, _ in BROKEN.values() if where == scenario for case in cases}


@pytest.mark.parametrize(("name", "case"), ROWS)
def test_a_broken_guard_is_found_out(name: str, case: str) -> None:
    """The step is not met, the seller is to blame; and MEF 128 is broken where it is about its APIs."""
    scenario, _, breaks = BROKEN[name]
    outcome = played(scenario, case, breaks)
    step = outcome.of_case
    by_rfc = case == "revoked"  # MEF 128 says nothing of it: nobody fails by it
    assert (step.outcome, step.blame, step.agreed) == (Outcome.UNMET, Party.SELLER, not by_rfc), step.message
    if by_rfc:
        warned = {(one.rule, one.verdict, one.blame) for one in outcome.judgement.findings}
        assert ("RFC7009.revoked", Verdict.WARNING, Blame.SELLER) in warned
    failed = [one for one in outcome.judgement.findings if one.verdict is Verdict.FAIL]
    assert {one.blame for one in failed} <= {Blame.SELLER}
    if by_rfc:
        assert not failed
    elif scenario == "let-in":
        assert "MEF128-R2.wrong" in {one.rule for one in failed}


@pytest.mark.slow  # the self-test of the scenarios shows most of it
@pytest.mark.parametrize("case", dict.fromkeys(case for _, case in ROWS))
def test_a_right_guard_is_not(case: str) -> None:
    scenario = next(where for where, cases, _ in BROKEN.values() if case in cases)
    outcome = played(scenario, case)
    assert outcome.of_case.outcome is Outcome.PASSED, outcome.of_case.message
    assert [one for one in outcome.judgement.findings if one.verdict in (Verdict.FAIL, Verdict.ERROR)] == []
