"""A buyer that is broken in one way is found out over HTTP, by the rules that are about it and by no others."""

from __future__ import annotations

import pytest

from emulator.judge.verdict import Blame, Verdict
from emulator.record.exchange import Party
from tests.broken import after_sale_buyers, buyers, discovery_buyers, news
from tests.broken.buyers import Broken
from tests.play import play

WRONG = (Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED, Verdict.ERROR)


OF_ONE_FUNCTION = [
    buyer
    for buyer in buyers.BUYERS
    if buyer.spoil.__module__ in (after_sale_buyers.__name__, discovery_buyers.__name__)
]


@pytest.mark.parametrize("buyer", buyers.BUYERS, ids=lambda buyer: buyer.name)
def test_a_broken_buyer_is_found_out(buyer: Broken) -> None:
    judgement = play(buyer.scenario, spoil_ask=buyer.spoil).judged(sut=Party.BUYER)
    found = [finding for finding in judgement.findings if finding.verdict in WRONG]
    assert {finding.rule for finding in found} == buyer.rules, [(f.rule, f.exchange, f.message) for f in found]
    assert all(f.blame is (Blame.SPEC if f.verdict is Verdict.DISPUTED else Blame.BUYER) for f in found)


@pytest.mark.parametrize("scenario", sorted({buyer.scenario for buyer in OF_ONE_FUNCTION}))
def test_one_that_is_right_passes_there(scenario: str) -> None:
    findings = play(scenario, spoil_ask=lambda _: None).judged(sut=Party.BUYER).findings
    assert [finding for finding in findings if finding.verdict in WRONG] == []


def test_a_visit_is_booked_after_looking_for_a_time() -> None:
    run = play("appointment/visit")
    others = [one for one in run.exchanges if one.operation != "createSearchTimeSlot"]
    findings = run.judged(tuple(news.in_order(others)), sut=Party.BUYER).findings
    found = {(finding.rule, finding.blame) for finding in findings if finding.verdict in WRONG}
    assert found == {("MEF137-R59", Blame.BUYER)}
