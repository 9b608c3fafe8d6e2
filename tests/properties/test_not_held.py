"""A capture holds less than the traffic did: whatever it leaves out of a right run, nobody is to blame."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from functools import cache

import pytest

from emulator.judge.judge import Judgement
from emulator.judge.verdict import Verdict
from emulator.record.exchange import Exchange, Unread, UnreadKind
from tests.play import Played, play

NOT_HELD = Unread(UnreadKind.NOT_HELD, "the file does not hold it")
TOLD = (Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED, Verdict.ERROR)


@cache
def played(name: str) -> Played:
    return play(name)


def without(exchange: Exchange, *, request: bool, response: bool) -> Exchange:
    """An exchange of whose messages the bodies are left out."""
    if request and exchange.request.raw:
        exchange = replace(exchange, request=replace(exchange.request, raw=b"", unread=NOT_HELD))
    if response and exchange.response and exchange.response.raw:
        exchange = replace(exchange, response=replace(exchange.response, raw=b"", unread=NOT_HELD))
    return exchange


def told(judgement: Judgement) -> Counter[tuple[str, Verdict]]:
    return Counter((f.rule, f.verdict) for f in judgement.findings if f.verdict in TOLD)


@pytest.mark.parametrize(
    "name",
    ["order/changes-at-a-price-told", "negative/order-changes", "quote/ends-told", "poq/alternate-told",
     "order/with-notifications"],
)  # fmt: skip
def test_what_is_left_out_makes_no_breach(name: str) -> None:
    """Without all requests, without all answers, without one message each, without any number of them."""
    run, chance = played(name), random.Random(name)
    whole = told(run.judged())
    spots = [(n, half) for n in range(len(run.exchanges)) for half in ("request", "response")]
    left_out = [[spot for spot in spots if spot[1] == half] for half in ("request", "response")]
    left_out += [[spot] for spot in chance.sample(spots, min(25, len(spots)))]
    left_out += [chance.sample(spots, len(spots) // 3) for _ in range(4)]
    for some in left_out:
        exchanges = tuple(
            without(exchange, request=(n, "request") in some, response=(n, "response") in some)
            for n, exchange in enumerate(run.exchanges)
        )
        more = told(run.judged(exchanges)) - whole
        assert not more, some


def test_a_breach_beside_a_gap_is_still_one() -> None:
    """What a message shows by itself is judged, whatever else is not held."""
    run = played("quote/ends-told")
    first = next(n for n, exchange in enumerate(run.exchanges) if exchange.request.method == "POST")
    last = max(
        n for n, e in enumerate(run.exchanges) if e.operation == "retrieveQuote" and e.response and e.response.raw
    )
    answer = run.exchanges[last].response
    assert answer
    body = answer.raw.replace(b'"id"', b'"Id"', 1)
    broken = replace(run.exchanges[last], response=replace(answer, raw=body))
    exchanges = tuple(
        without(e, request=True, response=False) if n == first else broken if n == last else e
        for n, e in enumerate(run.exchanges)
    )
    assert told(run.judged(exchanges)) - told(run.judged())
