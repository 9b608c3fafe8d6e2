"""A legal run with one answer spoilt: somebody notices, and the Seller is blamed, nobody else.

Held to here are the changes that nobody could take for the Seller's own business: broken shapes, states out of the
blue, wrong statuses, and values that the Buyer sent and gets back otherwise. `make mutate` tries all the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.judge.verdict import Blame, Verdict
from emulator.record.exchange import Exchange, Party
from emulator.record.payload import MISSING, at
from tests.play import Played, play
from tests.properties.mutations import Mutation, mutations

RUNS = [
    "access-eline/new-install",
    "poq/deferred",
    "quote/firm-deferred",
    "order/cancel",
    "order/charge",
    "quote/decline",
    "discovery/by-relations",
    "discovery/change",
    "billing/find",
]
SURE = {"null", "other-type", "other-state", "status", "no-body", "cut-body", "as-list", "header content-type"}
ECHOED = {"drop", "other-text", "other-number", "other-truth"}
CREATES = {"createProductOfferingQualification", "createQuote", "createProductOrder"}
ASKS = {"productOfferingAvailabilityRequest", "pricingDiscoveryRequest"}
READS = {"retrieveProductOfferingQualification", "retrieveQuote", "retrieveProductOrder"}


@cache
def played(name: str) -> Played:
    return play(name)


@cache
def certain(name: str) -> tuple[Mutation, ...]:
    """The mutations of a run that have to be noticed."""
    run = played(name)
    asked: dict[str, Exchange] = {}
    for exchange in run.exchanges:
        if exchange.operation in CREATES and exchange.response:
            asked[str(at(exchange.response.body, "/id"))] = exchange
    return tuple(_certain(run, asked))


def _certain(run: Played, asked: dict[str, Exchange]) -> Iterator[Mutation]:
    for mutation in mutations(run.exchanges):
        original = run.exchanges[mutation.n - 1]
        if mutation.operator in SURE:
            yield mutation
        elif mutation.operator in ECHOED and original.operation in CREATES | READS | ASKS and original.response:
            known = asked.get(str(at(original.response.body, "/id")))
            source = original if original.operation in ASKS else known
            sent = at(source.request.body, mutation.place) if source else MISSING
            # Contacts of the two parties may come in any order, so the same place need not be the same contact.
            here = at(original.response.body, mutation.place)
            if sent not in (MISSING, None, []) and sent == here and "relatedContactInformation" not in mutation.place:
                yield mutation


OFTEN = settings(deadline=None, suppress_health_check=list(HealthCheck))


def _often(look: Callable[[str, st.DataObject], None], name: str, examples: int) -> None:
    """Have a run looked at with so many examples."""
    settings(OFTEN, max_examples=examples)(given(data=st.data())(lambda data: look(name, data)))()


@pytest.mark.parametrize("name", RUNS)
def test_a_spoilt_answer_is_noticed_and_the_seller_blamed(name: str) -> None:
    _often(notices, name, 8)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_many_spoilt_answers_are_noticed_and_the_seller_blamed(name: str) -> None:
    _often(notices, name, 60)


def notices(name: str, data: st.DataObject) -> None:
    """One mutation of a run that has to be noticed."""
    mutation = data.draw(st.sampled_from(certain(name)))
    run = played(name)
    found = run.judged(mutation.applied(run.exchanges), sut=Party.SELLER).findings
    wrong = [finding for finding in found if finding.verdict in (Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED)]
    assert any(finding.blame is Blame.SELLER for finding in wrong), f"nobody noticed: {mutation}"
    assert [finding for finding in wrong if finding.blame is Blame.BUYER] == [], str(mutation)


@pytest.mark.parametrize("name", RUNS)
def test_a_run_that_is_not_spoilt_raises_nothing(name: str) -> None:
    assert played(name).judged().findings == ()
