"""What a Buyer orders against the quote and the qualification that it builds on."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from emulator.record.exchange import Exchange
from tests.judge.spoiling import nth, numbered, recorded, swapped, told, with_answer, with_request

BOUGHT = "access-eline/new-install"
QUOTED = ("MEF123.as-quoted", "warning", "buyer")
QUALIFIED = ("MEF123.as-qualified", "warning", "buyer")


def ordered(edit: Any) -> list[Exchange]:
    """The purchase, with its last order changed by the Buyer, and read by the Seller as it was changed."""
    run = recorded(BOUGHT).exchanges
    placed = nth(run, "createProductOrder", -1)

    def changed(body: Any) -> Any:
        made = copy.deepcopy(body)
        edit(made["productOrderItem"])
        return made

    return swapped(run, with_request(placed, changed))


def quoted(items: Any) -> Any:
    return next(item for item in items if "quoteItem" in item)


def another_offering(items: Any) -> None:
    quoted(items)["product"]["productOffering"]["id"] = "another"


def another_action(items: Any) -> None:
    quoted(items)["action"] = "delete"


def another_configuration(items: Any) -> None:
    sizes = [item["product"]["productConfiguration"] for item in items if "quoteItem" in item]
    next(one for one in sizes if "maximumServiceFrameSize" in one)["maximumServiceFrameSize"] += 4


@pytest.mark.parametrize("edit", [another_offering, another_action, another_configuration])
def test_an_order_is_like_its_quote(edit: Any) -> None:
    assert QUOTED in told(ordered(edit))


def test_an_order_may_say_more_than_its_quote() -> None:
    def more(items: Any) -> None:
        quoted(items)["product"]["productConfiguration"]["somethingNew"] = 1

    assert QUOTED not in told(ordered(more))


@pytest.mark.parametrize("state", ["declined", "cancelled", "inProgress", "expired"])
def test_a_quote_that_cannot_be_ordered_is_not_built_on(state: str) -> None:
    run = recorded(BOUGHT).exchanges
    placed = nth(run, "createProductOrder", -1)
    quote = [e for e in run if e.operation == "retrieveQuote" and e.n < placed.n][-1]
    spoilt = with_answer(quote, lambda body: {**body, "state": state})
    assert QUOTED in told(swapped(run, spoilt))


@pytest.mark.parametrize("state", ["Approved.Orderable", "", 7, None])
def test_what_the_seller_writes_in_place_of_a_state_is_not_the_buyers_fault(state: Any) -> None:
    run = recorded(BOUGHT).exchanges
    placed = nth(run, "createProductOrder", -1)
    quote = [e for e in run if e.operation == "retrieveQuote" and e.n < placed.n][-1]
    spoilt = told(swapped(run, with_answer(quote, lambda body: {**body, "state": state})))
    assert QUOTED not in spoilt
    assert "seller" in {blame for _, _, blame in spoilt}


@pytest.mark.parametrize("polled", [True, False])
def test_who_hears_of_a_quote_need_not_read_it(polled: bool) -> None:
    """An event says that there is news, or the Buyer learns it elsewhere; the Seller takes the order."""
    run = recorded("quote/ends-told").exchanges
    placed = nth(run, "createProductOrder")
    created = [e for e in run if e.operation == "createQuote" and e.n < placed.n][-1]
    reads = [e for e in run if e.operation == "retrieveQuote" and created.n < e.n < placed.n]
    dropped = reads[1:] if polled else [*reads, *(e for e in run if e.kind == "notification" and e.n < placed.n)]
    kept = numbered(e for e in run if e not in dropped)
    assert dropped
    assert QUOTED not in told(kept)


def test_a_quote_is_used_once_unless_the_order_came_to_nothing() -> None:
    run = list(recorded(BOUGHT).exchanges)
    placed = nth(run, "createProductOrder", -1)
    other = with_answer(placed, lambda order: {**order, "id": "another"})
    again = numbered([*run[: placed.n], other, *run[placed.n :]])
    assert ("MEF123.quote-used", "warning", "buyer") in told(again)
    rejected = with_answer(placed, lambda order: {**order, "state": "rejected"})
    again = numbered([*run[: placed.n - 1], rejected, other])
    assert ("MEF123.quote-used", "warning", "buyer") not in told(again)
