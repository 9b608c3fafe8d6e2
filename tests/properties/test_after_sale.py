"""After the sale: what is spoilt is noticed and laid at the right door, and what may be said otherwise raises nothing."""

from __future__ import annotations

import random
from functools import cache

import pytest

from emulator.settings import DEFAULT_RELEASE
from emulator.standard.release import load_release
from tests.play import Played, play, shipped
from tests.properties.legal import SCENARIOS
from tests.properties.mutations import Mutation, is_told, mutations
from tests.properties.spoiling import NOTICED, Account
from tests.properties.variations import VARIATIONS, said_otherwise

FOLDERS = ("ticket/", "incident/", "appointment/", "workorder/")
ASKED_BY = {("ticket/find", "what the Seller thinks of it")}
"""Runs in which the Buyer asks by what it was told, so that it would have asked for something else."""
RUNS = [name for name in shipped() if name.startswith(FOLDERS)]


@cache
def played(name: str, release: str = DEFAULT_RELEASE) -> Played:
    return play(name, release=load_release(release))


@cache
def every(name: str, release: str = DEFAULT_RELEASE) -> tuple[Mutation, ...]:
    return tuple(mutations(played(name, release).exchanges))


def account_of(name: str, chosen: list[Mutation], *, live: bool = False, release: str = DEFAULT_RELEASE) -> Account:
    account = Account()
    for mutation in chosen:
        account.take(played(name, release), mutation, live=live)
    return account


def assert_all_told(account: Account) -> None:
    assert account.missed == []
    assert account.wrong == []


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_is_spoilt_is_noticed_and_nobody_else_blamed(name: str) -> None:
    chosen = random.Random(name).sample(every(name), 12)
    assert_all_told(account_of(name, chosen))


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_much_that_is_spoilt_is_noticed_and_nobody_else_blamed(name: str) -> None:
    chosen = random.Random(f"many/{name}").sample(every(name), 250)
    account = account_of(name, chosen)
    assert_all_told(account)
    assert account.noticed > len(chosen) * 0.75, "what is counted as legal swallows the others"


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_what_is_spoilt_in_another_release_is_noticed_and_nobody_else_blamed(name: str) -> None:
    """Tickets, appointments and work orders are other ones in Dolly: whoever may say more there is not failed, and no more than that."""
    chosen = random.Random(f"dolly/{name}").sample(every(name, "dolly"), 80)
    account = account_of(name, chosen, release="dolly")
    assert_all_told(account)
    assert account.noticed > len(chosen) * 0.75, "what is counted as legal swallows the others"


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_what_a_proxy_spoils_is_noticed(name: str) -> None:
    answers = [mutation for mutation in every(name) if not is_told(mutation.good)]
    assert_all_told(account_of(name, random.Random(f"live/{name}").sample(answers, 12), live=True))


@pytest.mark.parametrize("what", VARIATIONS)
def test_what_may_be_said_otherwise_raises_nothing(what: str) -> None:
    for name in ("ticket/fix", "ticket/information", "appointment/change", "incident/repair-told"):
        assert_nothing_is_found(name, what)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_nothing_that_may_be_said_otherwise_raises_anything(name: str) -> None:
    for what in [each for each in VARIATIONS if (name, each) not in ASKED_BY]:
        assert_nothing_is_found(name, what)


def assert_nothing_is_found(name: str, what: str) -> None:
    run = played(name)
    varied = said_otherwise(run.exchanges, VARIATIONS[what])
    found = [each for each in run.judged(varied).findings if each.verdict in (*NOTICED, "error")]
    assert found == [], "\n".join(f"{name}, {what}: {f.rule} #{f.exchange} {f.pointer}: {f.message}" for f in found)


def test_a_variation_varies() -> None:
    """Each of them says something otherwise in some run, and not the same as another one."""
    there = {what: [said_otherwise(played(name).exchanges, vary) for name in ("ticket/information", "incident/repair-told")]
             for what, vary in VARIATIONS.items()}  # fmt: skip
    plain = [tuple(played(name).exchanges) for name in ("ticket/information", "incident/repair-told")]
    assert [what for what, varied in there.items() if varied == plain] == []
