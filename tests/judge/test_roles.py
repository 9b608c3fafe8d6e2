"""What follows from who plays which party."""

from __future__ import annotations

import itertools

import pytest

from emulator.judge.roles import OBSERVED, SELF_TEST, PartyRole, Roles
from emulator.record.exchange import Party

ALL = [Roles(*pair) for pair in itertools.product(PartyRole, repeat=2)]


@pytest.mark.parametrize("roles", ALL, ids=lambda roles: f"{roles.buyer}-{roles.seller}")
def test_each_party_is_one_thing(roles: Roles) -> None:
    """What a party says is evidence, or it is ours beside another, or merely looked at: never two of these, never none."""
    for party in Party:
        assert [roles.counts(party), roles.is_ours(party), roles.is_beside(party)].count(True) == 1
    assert roles.counts(None) == (roles.tested == ())
    assert roles.are_strangers == (PartyRole.EMULATED not in (roles.buyer, roles.seller))


def test_sut_is_the_one_party_under_test() -> None:
    assert [roles.sut for roles in (SELF_TEST, OBSERVED)] == [None, None]
    assert [Roles.testing(party).sut for party in Party] == list(Party)
    assert [Roles.captured(party).sut for party in Party] == list(Party)
    both = Roles(PartyRole.UNDER_TEST, PartyRole.UNDER_TEST)
    assert (both.sut, both.tested) == (None, tuple(Party))
