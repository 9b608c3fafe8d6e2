"""A buyer that is broken in one way is found out over HTTP, by the rules that are about it and by no others."""

from __future__ import annotations

import pytest

from emulator.judge.verdict import Blame, Verdict
from emulator.wire.exchange import Party
from tests.broken.buyers import BUYERS, Broken
from tests.play import play

WRONG = (Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED, Verdict.ERROR)


@pytest.mark.parametrize("buyer", BUYERS, ids=lambda buyer: buyer.name)
def test_a_broken_buyer_is_found_out(buyer: Broken) -> None:
    judgement = play(buyer.scenario, spoil_ask=buyer.spoil).judged(sut=Party.BUYER)
    found = [finding for finding in judgement.findings if finding.verdict in WRONG]
    assert {finding.rule for finding in found} == buyer.rules, [(f.rule, f.exchange, f.message) for f in found]
    assert {finding.blame for finding in found} == {Blame.BUYER}
