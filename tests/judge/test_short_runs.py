"""What is told in a run that ends before the time allowed for an event, and histories in the order of a seller's own."""

from __future__ import annotations

import pytest

from emulator.judge.judge import judge
from emulator.judge.verdict import Blame, Finding, Verdict
from emulator.standard.release import load_release
from emulator.wire.exchange import Exchange
from tests.judge.spoiling import numbered, recorded, swapped, with_answer

LIFE = "order/life-told"


def without(name: str, *, about: int | None = None, kind: str = "") -> list[Finding]:
    """What is found in a run that lost its events of a kind: all of them, or those of the order placed as the nth."""
    run = recorded(name)
    orders = [e.response.body["id"] for e in run.exchanges if e.operation == "createProductOrder" and e.response]

    def lost(exchange: Exchange) -> bool:
        told = exchange.kind == "notification" and kind in str(exchange.operation)
        return told and (about is None or exchange.request.body["event"]["id"] == orders[about])

    kept = numbered(exchange for exchange in run.exchanges if not lost(exchange))
    return list(judge(kept, load_release(), heard=run.heard, declared=run.declared).findings)


def told(findings: list[Finding]) -> set[tuple[Verdict, Blame, str]]:
    return {(finding.verdict, finding.blame, finding.rule) for finding in findings}


@pytest.mark.parametrize("kind", ["", "ItemStateChange", "productOrderStateChange"])
def test_who_is_told_of_later_orders_was_not_told_of_the_first(kind: str) -> None:
    assert told(without(LIFE, about=0, kind=kind)) == {(Verdict.FAIL, Blame.SELLER, "MEF123-R105")}


def test_who_is_told_of_orders_was_not_told_of_their_items() -> None:
    assert told(without(LIFE, kind="ItemStateChange")) == {(Verdict.FAIL, Blame.SELLER, "MEF123-R105")}


def test_the_events_of_the_last_order_may_be_on_their_way() -> None:
    assert without(LIFE, about=-1) == []


def test_nothing_at_all_for_long_is_worth_a_word() -> None:
    found = without(LIFE)
    assert told(found) == {(Verdict.WARNING, Blame.SELLER, "MEF123-R105")}
    assert all("too short" in finding.message for finding in found)


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
