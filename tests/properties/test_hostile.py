"""Whatever stands wherever in a message: no rule breaks on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.judge.verdict import Verdict
from emulator.record.exchange import Exchange, Request, Response
from emulator.standard.release import load_release
from tests.play import Played, play
from tests.properties.mutations import put, walk

RUNS = ["access-eline/new-install", "order/charge", "order/cancel-with-charge", "quote/cancel", "places/find"]

ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abid@", max_size=3), inner, max_size=3),
    max_leaves=6,
)


OFTEN = settings(deadline=None, suppress_health_check=list(HealthCheck))


def _often(look: Callable[[str, st.DataObject], None], name: str, examples: int) -> None:
    """Have a run looked at with so many examples."""
    settings(OFTEN, max_examples=examples)(given(data=st.data())(lambda data: look(name, data)))()


@cache
def played(name: str) -> Played:
    return play(name)


def respoken(exchange: Exchange, half: str, body: Any) -> Exchange:
    raw = json.dumps(body).encode()
    if half == "request":
        request = exchange.request
        return replace(exchange, request=Request(request.headers, raw, request.method, request.url))
    assert exchange.response is not None
    return replace(exchange, response=Response(exchange.response.headers, raw, exchange.response.status))


@pytest.mark.parametrize("name", RUNS)
def test_no_rule_breaks_on_an_odd_value(name: str) -> None:
    _often(odd_in_a_run, name, 6)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_no_rule_breaks_on_many_odd_values(name: str) -> None:
    _often(odd_in_a_run, name, 60)


def odd_in_a_run(name: str, data: st.DataObject) -> None:
    """A value of any type, at any place of some messages of a run."""
    run = played(name)
    exchanges = list(run.exchanges)
    for _ in range(data.draw(st.integers(1, 3), label="messages")):
        index = data.draw(st.integers(0, len(exchanges) - 1), label="exchange")
        exchange = exchanges[index]
        halves = [half for half, message in (("request", exchange.request), ("response", exchange.response))
                  if message is not None and message.raw]  # fmt: skip
        half = data.draw(st.sampled_from(halves), label="half")
        body = exchange.request.body if half == "request" else exchange.response.body  # type: ignore[union-attr]
        places = [place for place, _ in walk(body)]
        place = data.draw(st.sampled_from(places), label="place")
        odd = data.draw(ODD, label="value")
        exchanges[index] = respoken(exchange, half, put(body, place, odd) if place else odd)
    broken = [f for f in run.judged(tuple(exchanges)).findings if f.verdict is Verdict.ERROR]
    assert broken == []


def test_no_rule_breaks_on_an_odd_value_in_a_proof() -> None:
    """The same in the runs that prove the rules, which hold events, refusals and all else that a rule looks at."""
    settings(OFTEN, max_examples=120)(odd_in_a_proof)()


@pytest.mark.slow
def test_no_rule_breaks_on_thousands_of_odd_values_in_proofs() -> None:
    settings(OFTEN, max_examples=10_000)(odd_in_a_proof)()


@given(data=st.data())
def odd_in_a_proof(data: st.DataObject) -> None:
    proofs = list(load_release().proofs.values())
    proof = data.draw(st.sampled_from(proofs), label="proof")
    exchanges = list(proof.right)
    exchange = data.draw(st.sampled_from(exchanges), label="exchange")
    halves = [half for half, message in (("request", exchange.request), ("response", exchange.response))
              if message is not None and message.raw]  # fmt: skip
    if not halves:
        return
    half = data.draw(st.sampled_from(halves), label="half")
    body = exchange.request.body if half == "request" else exchange.response.body  # type: ignore[union-attr]
    place = data.draw(st.sampled_from([place for place, _ in walk(body)]), label="place")
    odd = data.draw(ODD, label="value")
    spoilt = respoken(exchange, half, put(body, place, odd) if place else odd)
    run = Played("proof", tuple(spoilt if e.n == exchange.n else e for e in exchanges), frozenset(), proof.declared, ())
    assert [f for f in run.judged().findings if f.verdict is Verdict.ERROR] == []
