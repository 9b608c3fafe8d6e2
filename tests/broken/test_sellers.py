"""A seller that is broken in one way is found out over HTTP, by the rules that are about it and by no others."""

from __future__ import annotations

import pytest

from emulator.judge.verdict import Blame, Verdict
from emulator.wire.exchange import Party
from tests.broken.sellers import SELLERS, Broken
from tests.play import play

WRONG = (Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED, Verdict.ERROR)


@pytest.mark.parametrize("seller", SELLERS, ids=lambda seller: seller.name)
def test_a_broken_seller_is_found_out(seller: Broken) -> None:
    judgement = play(seller.scenario, spoil=seller.spoil).judged(sut=Party.SELLER)
    found = [finding for finding in judgement.findings if finding.verdict in WRONG]
    assert {finding.rule for finding in found} == seller.rules, [(f.rule, f.exchange, f.message) for f in found]
    assert {finding.blame for finding in found} == {Blame.SELLER}
