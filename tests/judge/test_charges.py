"""What charges, their items, the Buyer's answers and what waits for them say of each other."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from tests.judge.spoiling import nth, numbered, recorded, swapped, told, with_answer
from tests.properties.mutations import drop, put

PRICED = "order/expedite-charge"
CAUSE = "/modifyProductOrderItemRequestedDeliveryDate"


@pytest.mark.parametrize("operation", ["retrieveCharge", "patchCharge"])
def test_items_are_decided_with_their_charge(operation: str) -> None:
    run = recorded(PRICED).exchanges
    other = (
        ("/chargeItem/0/state", "acceptedByBuyer") if operation == "retrieveCharge" else ("/state", "awaitingResponse")
    )
    spoilt = with_answer(nth(run, operation), lambda charge: put(charge, *other))
    assert ("MEF123.charge-open", "fail", "seller") in told(swapped(run, spoilt))


def test_a_charge_names_the_request_that_waits_for_it() -> None:
    """Also where the request was last looked at before the charge was."""
    run = recorded(PRICED).exchanges
    spoilt = [
        with_answer(nth(run, name), lambda charge: drop(charge, CAUSE)) for name in ("retrieveCharge", "patchCharge")
    ]
    assert ("MEF123-R90.cause", "fail", "seller") in told(swapped(run, *spoilt))


def test_another_charge_of_the_item_may_be_the_one_that_was_waited_for() -> None:
    run = list(recorded(PRICED).exchanges)

    def unnamed(charge: Any) -> Any:
        return drop(charge, CAUSE)

    def earlier(charge: Any) -> Any:
        made = copy.deepcopy(charge)
        made["chargeItem"][0]["state"] = "withdrawnBySeller"
        return {**made, "id": "ch-0", "state": "withdrawnBySeller"}

    read = nth(run, "retrieveCharge")
    spoilt = swapped(run, with_answer(read, unnamed), with_answer(nth(run, "patchCharge"), unnamed))
    path = {"id": "ch-0"}
    other = with_answer(read, earlier)
    url = read.request.url.replace(read.path_params["id"], "ch-0")
    other = replace(other, path_params=path, request=replace(other.request, url=url))
    spot = [exchange.n for exchange in spoilt].index(read.n)
    assert not [one for one in told(numbered([*spoilt[:spot], other, *spoilt[spot:]])) if "R90" in one[0]]


def test_a_second_answer_is_a_hint_to_the_buyer() -> None:
    run = list(recorded(PRICED).exchanges)
    answer = nth(run, "patchCharge")
    spot = run.index(answer) + 1
    refused = with_answer(answer, lambda _: {"code": "conflict", "reason": "answered"}, status=409)
    assert ("MEF123.charge-twice", "warning", "buyer") in told(numbered([*run[:spot], refused, *run[spot:]]))
    assert ("MEF123.charge-twice", "warning", "buyer") not in told(numbered([*run[: spot - 1], refused, *run[spot:]]))
