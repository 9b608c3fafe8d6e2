"""Histories in the order of a seller's own."""

from __future__ import annotations

import pytest

from tests.judge.spoiling import recorded, swapped, with_answer


@pytest.mark.parametrize(
    "name", ["order/cancel", "order/cancel-with-charge", "order/modify-delivery-date", "quote/decline"]
)
def test_a_history_may_begin_with_its_newest_entry(name: str) -> None:
    """Several entries are of one second there."""
    run = recorded(name)
    turned = []
    for exchange in run.exchanges:
        body = exchange.response.body if exchange.response else None
        if isinstance(body, dict) and "stateChange" in body:
            exchange = with_answer(exchange, turn)  # noqa: PLW2901 - the one that is said in its place
        turned.append(exchange)
    assert turned != list(run.exchanges)
    assert run.judged(tuple(swapped(run.exchanges, *turned))).findings == ()


def turn(value: object) -> object:
    """The same with every stateChange turned round."""
    if isinstance(value, list):
        return [turn(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: each[::-1] if name == "stateChange" else turn(each) for name, each in value.items()}
