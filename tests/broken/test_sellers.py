"""A seller that is broken in one way is found out over HTTP, by the rules that are about it and by no others."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from emulator.judge.verdict import Blame, Verdict
from emulator.record.exchange import Party
from tests.broken import after_sale, bills, catalog, discovery, sellers
from tests.broken.right_catalog import RIGHT
from tests.broken.sellers import Broken
from tests.play import play

WRONG = (Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED, Verdict.ERROR)
SELLERS = {seller.name: seller for seller in sellers.SELLERS}
OF_ONE_FUNCTION = [
    seller
    for seller in sellers.SELLERS
    if seller.spoil.__module__ in (after_sale.__name__, bills.__name__, catalog.__name__, discovery.__name__)
]
LONG = (bills.__name__, catalog.__name__, discovery.__name__)
"""Their scenarios take seconds each: `make slow` plays them."""


def _param(seller: Broken, value: Any) -> Any:
    return pytest.param(value, marks=[pytest.mark.slow] * (seller.spoil.__module__ in LONG), id=seller.name)


@cache
def noticed(scenario: str, case: str | None, spoilt_by: str = "") -> frozenset[tuple[str, Blame, bool]]:
    """The rules that notice something, whom they blame, and whether the guide can be read so that nothing is wrong."""
    spoil = SELLERS[spoilt_by].spoil if spoilt_by else None
    findings = play(scenario, case, spoil=spoil).judged(sut=Party.SELLER).findings
    return frozenset((f.rule, f.blame, f.verdict is Verdict.DISPUTED) for f in findings if f.verdict in WRONG)


@pytest.mark.parametrize("name", [_param(seller, name) for name, seller in SELLERS.items()])
def test_a_broken_seller_is_found_out(name: str) -> None:
    seller = SELLERS[name]
    found = noticed(seller.scenario, seller.case, name)
    assert {rule for rule, _, _ in found} == seller.rules, found
    assert all(blame is (Blame.SPEC if disputed else Blame.SELLER) for _, blame, disputed in found)


@pytest.mark.parametrize("seller", [_param(seller, seller) for seller in OF_ONE_FUNCTION])
def test_one_that_is_right_passes_there(seller: Broken) -> None:
    assert not noticed(seller.scenario, seller.case)


@pytest.mark.parametrize("name", RIGHT)
def test_one_that_is_right_otherwise_passes_too(name: str) -> None:
    scenario, spoil = RIGHT[name]
    findings = play(scenario, None, spoil=spoil).judged(sut=Party.SELLER).findings
    assert [finding for finding in findings if finding.verdict in WRONG] == []
