"""Bills: what a right partner may do in another way than ours, and what none may."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from emulator.judge.verdict import Blame, Verdict
from emulator.record.exchange import Exchange, Party
from emulator.standard.declared import Declared
from tests.play import Played, play

WRONG = (Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED, Verdict.ERROR)
BILL, ITEM = "retrieveCustomerBill", "retrieveCustomerBillItem"
Edit = Callable[[dict[str, Any]], None]
Change = Callable[[list[Exchange]], list[Exchange]]


@cache
def played(name: str) -> Played:
    return play(name)


def bodied(exchange: Exchange, body: Any) -> Exchange:
    assert exchange.response is not None
    return replace(exchange, response=replace(exchange.response, raw=json.dumps(body).encode()))


def shown(edit: Edit, *operations: str) -> Change:
    """An edit of whatever answers of these operations show, bill by bill or item by item."""

    def change(run: list[Exchange]) -> list[Exchange]:
        return [edited(one, edit) if one.operation in operations else one for one in run]

    return change


def edited(exchange: Exchange, edit: Edit) -> Exchange:
    body = copy.deepcopy(exchange.response.body) if exchange.response else None
    for each in body if isinstance(body, list) else ():
        edit(each)
    return bodied(exchange, body) if isinstance(body, list) else exchange


def set_to(**members: Any) -> Edit:
    return lambda each: each.update(members)


def later(seconds: float) -> Change:
    """The last exchange comes so much later."""
    return lambda run: [*run[:-1], replace(run[-1], at=run[-1].at + timedelta(seconds=seconds))]


def found(name: str, *changes: Change, **declared: Any) -> dict[str, str]:
    """The verdict of each rule that notices something; who is blamed is the Seller, or the standard."""
    run = played(name)
    exchanges = list(run.exchanges)
    for change in changes:
        exchanges = change(exchanges)
    told = Declared(**{"buyers": run.declared.buyers, "sellers": run.declared.sellers, **declared})
    numbered = tuple(replace(one, n=n) for n, one in enumerate(exchanges, 1))
    judged = replace(run, declared=told).judged(numbered, sut=Party.SELLER)
    wrong = [finding for finding in judged.findings if finding.verdict in WRONG]
    assert {finding.blame for finding in wrong} <= {Blame.SELLER, Blame.SPEC}
    return {finding.rule: str(finding.verdict) for finding in wrong}


def until(run: list[Exchange], operation: str, state: str) -> Iterator[int]:
    """The places of answers that show a state."""
    for spot, one in enumerate(run):
        body = one.response.body if one.response else None
        if one.operation == operation and isinstance(body, list) and any(each.get("state") == state for each in body):
            yield spot


# Right partners


def of_an_order(item: dict[str, Any]) -> None:
    item.pop("product", None)
    item["productOrderItem"] = {"productOrderId": "order-1", "productOrderItemId": "1"}


def of_a_product(item: dict[str, Any]) -> None:
    item.update(product={"id": "product-1"}, productOrderItem=None)


def spelt_as_in_the_guide(item: dict[str, Any]) -> None:
    if item["state"] == "withDrawn":
        item["state"] = "withdrawn"


def for_a_buyer(run: list[Exchange]) -> list[Exchange]:
    """Reads that say for which buyer."""
    return [
        replace(one, request=replace(one.request, url=f"{one.request.url}{'&' if '?' in one.request.url else '?'}buyerId=north"))
        if one.api == "billing" and one.request.method == "GET"
        else one
        for one in run
    ]  # fmt: skip


def without_due(run: list[Exchange]) -> list[Exchange]:
    """A bill that stays generated until it is paid."""

    def edit(each: dict[str, Any]) -> None:
        if each["state"] == "paymentDue":
            each["state"] = "generated"

    return shown(edit, BILL, "listCustomerBill")(run)


@pytest.mark.parametrize(
    ("name", "change", "declared"),
    [
        ("billing/paid", shown(of_an_order, ITEM), {}),
        ("billing/paid", shown(of_a_product, ITEM), {}),
        ("billing/withdrawn", shown(spelt_as_in_the_guide, ITEM), {}),
        ("billing/late", without_due, {}),
        ("billing/find", for_a_buyer, {"buyers": None}),
        ("billing/find", for_a_buyer, {"buyers": ("north", "south")}),
        ("billing/find", list, {"buyers": ("north", "south")}),  # the contract has no buyerId there
        ("billing/paid", shown(set_to(relatedContactInformation=[]), BILL), {}),
        ("billing/paid", shown(set_to(billDocument={}), BILL), {}),
        ("billing/paid", shown(set_to(billDate="2025-01-01T00:00:00Z"), BILL), {}),
        ("billing/trial", list, {}),
        ("billing/disputed", list, {}),
        ("billing/credited", list, {}),
    ],
)  # fmt: skip
def test_a_right_partner_is_left_in_peace(name: str, change: Change, declared: dict[str, Any]) -> None:
    assert found(name, change, **declared) == {}


# Wrong ones


def still(state: str) -> Change:
    """The item whose last look this is stays in a state that it was seen in before."""

    def change(run: list[Exchange]) -> list[Exchange]:
        first = next(until(run, ITEM, state))
        return [
            edited(one, set_to(state=state)) if spot > first and one.operation == ITEM else one
            for spot, one in enumerate(run)
        ]

    return change


def looked_at_again(run: list[Exchange]) -> list[Exchange]:
    """A last look at the bill and at its item, long after."""
    last = {one.operation: one for one in run if one.operation in (BILL, ITEM)}
    return [*run, *(replace(last[each], at=run[-1].at + timedelta(seconds=90)) for each in (BILL, ITEM))]


def stays_generated(run: list[Exchange]) -> list[Exchange]:
    return shown(set_to(state="generated"), BILL)(run)


def test_a_bill_that_is_settled_over_an_open_item_is_found_out() -> None:
    """The bill was seen open after its item was; a payment can be on its way to the item for a while."""
    assert found("billing/credited", still("credit")) == {}
    assert found("billing/credited", still("credit"), later(90)) == {"MEF141-R25": "fail"}


def test_a_bill_that_stays_generated_beside_an_open_item_is_found_out() -> None:
    verdicts = found("billing/credited", still("credit"), stays_generated, looked_at_again)
    assert verdicts["MEF141-R25"] == "fail"


def all_of_it(run: list[Exchange]) -> list[Exchange]:
    """The bill has but the item that was read."""
    seen = next(one.path_params["id"] for one in run if one.operation == ITEM)
    return shown(set_to(customerBillItem=[{"id": seen}]), BILL)(run)


def never_settled(run: list[Exchange]) -> list[Exchange]:
    """The bill is due for good: a last look at it, long after its item was settled."""
    last = next(one for one in reversed(run) if one.operation == BILL)
    due = edited(last, set_to(state="paymentDue"))
    kept = [due if one is last else one for one in run]
    return [*kept, replace(due, at=run[-1].at + timedelta(seconds=90))]


def test_a_bill_that_is_left_due_though_its_items_are_settled_is_found_out() -> None:
    verdicts = found("billing/credited", all_of_it, never_settled)
    assert verdicts["MEF141-R25"] == "fail"


def test_an_event_of_a_bill_that_nobody_was_told_of() -> None:
    """A whole list without it while the buyer was subscribed, and a later one with it."""

    def change(run: list[Exchange]) -> list[Exchange]:
        told = [one for one in played("billing/paid-told").exchanges if one.operation == "registerListener"]
        look = replace(run[-1], at=run[-1].at + timedelta(seconds=120))
        first = next(spot for spot, one in enumerate(run) if one.operation == "listCustomerBill")
        unasked = replace(run[first], request=replace(run[first].request, url=run[first].request.url.partition("?")[0]))
        begun = replace(told[0], at=unasked.at - timedelta(seconds=1))
        return [*run[:first], begun, unasked, *run[first + 1 :], look]

    assert found("billing/paid", change) == {"MEF141-R13": "warning", "MEF141-R14.states": "warning"}


def test_a_total_and_its_items() -> None:
    """Sums are hints, and told with the amounts."""

    def dearer(item: dict[str, Any]) -> None:
        item["taxExcludedAmount"]["value"] += 7
        item["unitRate"]["value"] += 7

    assert found("billing/credited", all_of_it, shown(dearer, ITEM)).keys() >= {"MEF141.bill-sums"}


def test_more_changes_are_told_than_there_were() -> None:
    """A bill that is settled went through two changes at most; payments in part are none."""

    def change(run: list[Exchange]) -> list[Exchange]:
        spot = next(n for n, one in enumerate(run) if one.operation == "listen to customer Bill State Change Event")
        more = [
            replace(
                run[spot],
                request=replace(
                    run[spot].request, raw=json.dumps({**run[spot].request.body, "eventId": each}).encode()
                ),
            )
            for each in ("more-1", "more-2")
        ]
        return [*run[:spot], *more, *run[spot:]]

    assert found("billing/paid-told", change) == {"MEF141.event-changes": "warning"}


def test_an_event_that_nobody_subscribed_to() -> None:
    """The subscription is to new bills alone, and new states are told of."""

    def change(run: list[Exchange]) -> list[Exchange]:
        hub = run[0]
        assert hub.response is not None
        query = {"query": "eventType=customerBillCreateEvent"}
        asked = replace(hub.request, raw=json.dumps({**hub.request.body, **query}).encode())
        answered = replace(hub.response, raw=json.dumps({**hub.response.body, **query}).encode())
        return [replace(hub, request=asked, response=answered), *run[1:]]

    assert found("billing/paid-told", change) == {"MEF141-R15.type": "fail"}
