"""Charges and their answers (MEF 123, use cases 11 to 14)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ordering import Talk, add_ael, add_uni, states

PATH = [
    {"to": "inProgress", "after_seconds": 10},
    {"to": "held.assessingCharge", "after_seconds": 10},
    {"to": "inProgress"},
    {"to": "completed", "after_seconds": 10},
]


def accept(**more: Any) -> dict[str, Any]:
    return {"chargeItem": [{"id": "charge-001", "acceptanceIndicator": "accepted", **more}]}


REJECT = {"chargeItem": [{"id": "charge-001", "acceptanceIndicator": "rejected"}]}


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(tmp_path, productOrder={"path": PATH})


def held(talk: Talk, *items: dict[str, Any]) -> tuple[str, str]:
    """An order with a charge, and the charge."""
    identifier = talk.place(*items)
    talk.wait(20)
    assert talk.order(identifier)["state"] == "held.assessingCharge"
    return identifier, talk.ask("listCharge", productOrderId=identifier).body[0]["id"]


def test_a_charge_says_what_it_must(talk: Talk) -> None:
    identifier, charge = held(talk, add_uni())
    body = talk.ask("retrieveCharge", id=charge).body
    assert body["state"] == "awaitingResponse"
    assert body["productOrderItem"] == {"productOrderId": identifier, "productOrderItemId": "uni"}
    assert "productOrder" not in body
    assert body["responseDueDate"] > body["creationDate"]
    item = body["chargeItem"][0]
    assert {"id", "activityType", "priceType", "priceCategory", "blocking", "price", "state"} <= item.keys()
    assert item["state"] == "awaitingResponse"


def test_accepted_the_work_goes_on(talk: Talk) -> None:
    identifier, charge = held(talk, add_uni())
    kept = talk.ask("retrieveCharge", id=charge).body["chargeItem"][0]["note"]
    mine = {"id": "n", "author": "Ann", "date": "2026-01-01T00:00:00Z", "source": "buyer", "text": "Fine"}
    reply = talk.ask("patchCharge", accept(note=[*kept, mine]), id=charge)
    assert reply.status == 200
    assert reply.body["state"] == "completed"
    assert reply.body["chargeItem"][0]["state"] == "acceptedByBuyer"
    assert reply.body["chargeItem"][0]["note"][-1] == mine
    assert states(talk.order(identifier)) == ("inProgress", {"uni": "inProgress"})
    talk.wait(10)
    assert talk.order(identifier)["state"] == "completed"
    assert talk.ask("patchCharge", accept(), id=charge).status == 409


def test_declined_the_item_and_what_hangs_on_it_fail(talk: Talk) -> None:
    identifier, charge = held(talk, add_uni(), add_ael(), add_uni("other"))
    assert talk.ask("patchCharge", REJECT, id=charge).status == 200
    expected = {"uni": "failed", "ael": "failed", "other": "inProgress"}
    assert states(talk.order(identifier)) == ("inProgress", expected)
    talk.wait(10)
    assert states(talk.order(identifier)) == ("partial", {**expected, "other": "completed"})


def test_declined_without_other_items_the_order_fails(talk: Talk) -> None:
    identifier, charge = held(talk, add_uni())
    talk.ask("patchCharge", REJECT, id=charge)
    body = talk.order(identifier)
    assert states(body) == ("failed", {"uni": "failed"})
    assert [change["state"] for change in body["stateChange"]][-3:] == ["held.assessingCharge", "inProgress", "failed"]


def test_no_answer_counts_as_declined(talk: Talk) -> None:
    identifier, charge = held(talk, add_uni())
    talk.wait(999)
    assert talk.ask("retrieveCharge", id=charge).body["state"] == "awaitingResponse"
    talk.wait(1)
    body = talk.ask("retrieveCharge", id=charge).body
    assert (body["state"], body["chargeItem"][0]["state"]) == ("timeout", "declinedByBuyer")
    assert talk.order(identifier)["state"] == "failed"


@pytest.mark.parametrize(
    "answer",
    [
        {"chargeItem": []},
        {"chargeItem": [{"id": "nope", "acceptanceIndicator": "accepted"}]},
        {"chargeItem": accept()["chargeItem"] * 2},
        {"chargeItem": [*accept()["chargeItem"], {"id": "nope", "acceptanceIndicator": "accepted"}]},
        accept(note=[]),
    ],
)
def test_a_wrong_answer_is_refused_and_changes_nothing(talk: Talk, answer: dict[str, Any]) -> None:
    _, charge = held(talk, add_uni())
    there = talk.ask("retrieveCharge", id=charge).body
    assert talk.ask("patchCharge", answer, id=charge).status == 400
    assert talk.ask("retrieveCharge", id=charge).body == there


def test_list(talk: Talk) -> None:
    order, charge = held(talk, add_uni())
    made = talk.ask("retrieveCharge", id=charge).body["creationDate"]

    def ids(**query: str) -> list[str]:
        return [found["id"] for found in talk.ask("listCharge", **query).body]

    assert ids(productOrderId=order, productOrderItemId="uni") == [charge]
    assert ids(productOrderItemId="other") == []
    assert ids(creationDate__gt=made) == []
    assert ids(responseDueDate__gt=made) == [charge]
    assert ids(creationDate__lt="2100-01-01T00:00:00Z", responseDueDate__lt="2100-01-01T00:00:00Z") == [charge]
    assert (ids(state="awaitingResponse"), ids(state="completed")) == ([charge], [])
    found = talk.ask("listCharge").body[0]
    assert set(found) == {"id", "creationDate", "productOrderItem", "responseDueDate", "state"}


def test_declined_all_that_is_related_fails_however_far(talk: Talk) -> None:
    chain = [add_uni("a"), *(add_uni(name, productOrderItemRelationship=[_hangs_on(on)]) for name, on in ("ba", "cb"))]
    identifier, charge = held(talk, *chain, add_uni("z"))
    talk.ask("patchCharge", REJECT, id=charge)
    talk.wait(10)
    failed = dict.fromkeys("abc", "failed")
    assert states(talk.order(identifier)) == ("partial", {**failed, "z": "completed"})


def _hangs_on(item: str) -> dict[str, str]:
    return {"id": item, "relationshipType": "CONNECTS_TO"}
