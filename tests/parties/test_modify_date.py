"""Another delivery date for an order item (MEF 123, use cases 5 to 7)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ordering import Talk, add_uni, places, states

from emulator.parties.clock import rfc3339

NAME = "ModifyProductOrderItemRequestedDeliveryDate"


def ask(talk: Talk, order: str, **more: Any) -> dict[str, Any]:
    body = {"productOrderItem": {"productOrderId": order, "productOrderItemId": "uni"}, **more}
    reply = talk.ask(f"create{NAME}", body)
    assert reply.status == 201, reply.body
    assert body.items() <= reply.body.items()
    return dict(reply.body)


def show(talk: Talk, identifier: str) -> dict[str, Any]:
    return dict(talk.ask(f"retrieve{NAME}", id=identifier).body)


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(tmp_path)


def test_granted(talk: Talk) -> None:
    order = talk.place(add_uni(), add_uni("other"))
    talk.wait(10)
    wanted = rfc3339(talk.clock.now() + timedelta(days=40))
    made = ask(talk, order, requestedCompletionDate=wanted)
    assert (made["state"], made["expediteIndicator"]) == ("acknowledged", False)
    resting = talk.order(order)
    assert states(resting) == ("pending.assessingModification", {"uni": "pending", "other": "inProgress"})
    talk.wait(3)
    assert show(talk, made["id"])["state"] == "done"
    going = talk.order(order)
    assert states(going) == ("inProgress", {"uni": "inProgress", "other": "inProgress"})
    item = going["productOrderItem"][0]
    assert item["requestedCompletionDate"] == item["expectedCompletionDate"] == wanted
    assert item["note"][0]["source"] == "seller"
    talk.wait(100)
    assert talk.order(order)["state"] == "completed"


def test_expedite_without_a_date(talk: Talk) -> None:
    order = talk.place(add_uni())
    talk.wait(10)
    before = talk.order(order)["productOrderItem"][0]["expectedCompletionDate"]
    ask(talk, order, expediteIndicator=True)
    talk.wait(3)
    item = talk.order(order)["productOrderItem"][0]
    assert item["expediteIndicator"] is item["expediteAcceptedIndicator"] is True
    assert item["expectedCompletionDate"] < before


def test_denied(tmp_path: Path) -> None:
    talk = Talk(tmp_path, modifyProductOrderItemRequestedDeliveryDate={"outcome": "rejected"})
    order = talk.place(add_uni())
    talk.wait(10)
    before = talk.order(order)["productOrderItem"][0]["expectedCompletionDate"]
    made = ask(talk, order, expediteIndicator=True)
    talk.wait(3)
    assert show(talk, made["id"])["state"] == "rejected"
    assert talk.order(order)["productOrderItem"][0]["expectedCompletionDate"] == before
    assert talk.order(order)["state"] == "inProgress"


@pytest.mark.parametrize(
    ("answer", "state"), [("accepted", "done"), ("rejected", "done.declined"), (None, "done.declined")]
)
def test_with_a_charge(tmp_path: Path, answer: str | None, state: str) -> None:
    talk = Talk(tmp_path, modifyProductOrderItemRequestedDeliveryDate={"charge": "blocking"})
    order = talk.place(add_uni())
    talk.wait(10)
    made = ask(talk, order, expediteIndicator=True)
    talk.wait(3)
    assert show(talk, made["id"])["state"] == "inProgress.assessingCharge"
    waiting = talk.order(order)
    assert states(waiting) == ("pending.assessingModification", {"uni": "pending"})
    assert "expediteAcceptedIndicator" not in waiting["productOrderItem"][0]
    charge = talk.ask("retrieveCharge", id=waiting["productOrderItem"][0]["charge"][0]["id"]).body
    assert charge["modifyProductOrderItemRequestedDeliveryDate"]["id"] == made["id"]
    assert charge["chargeItem"][0]["priceCategory"] == "expedite"
    if answer is None:
        talk.wait(1000)
    else:
        body = {"chargeItem": [{"id": "charge-001", "acceptanceIndicator": answer}]}
        assert talk.ask("patchCharge", body, id=charge["id"]).status == 200
    assert show(talk, made["id"])["state"] == state
    after = talk.order(order)
    assert states(after) == ("inProgress", {"uni": "inProgress"})
    assert ("expediteAcceptedIndicator" in after["productOrderItem"][0]) == (answer == "accepted")


def test_rejected_where_the_order_is_not_at_work(talk: Talk) -> None:
    order = talk.place(add_uni())
    made = ask(talk, order, expediteIndicator=True)
    talk.wait(3)
    assert show(talk, made["id"])["state"] == "rejected"
    assert talk.order(order)["state"] == "acknowledged"


def test_what_the_buyer_owes(talk: Talk) -> None:
    order = talk.place(add_uni())

    def issues(order_id: str, item: str, **more: Any) -> set[tuple[str, str]]:
        body = {"productOrderItem": {"productOrderId": order_id, "productOrderItemId": item}, **more}
        return places(talk.ask(f"create{NAME}", body))

    assert issues(order, "uni") == {("missingProperty", "/requestedCompletionDate")}
    assert issues("nope", "uni", expediteIndicator=True) == {("referenceNotFound", "/productOrderItem/productOrderId")}
    assert issues(order, "x", expediteIndicator=True) == {("referenceNotFound", "/productOrderItem/productOrderItemId")}


def test_list(talk: Talk) -> None:
    order = talk.place(add_uni())
    talk.wait(10)
    first = ask(talk, order, requestedCompletionDate="2031-01-01T00:00:00Z")["id"]
    talk.wait(3)
    second = ask(talk, order, expediteIndicator=True)["id"]

    def ids(**query: str) -> list[str]:
        return [found["id"] for found in talk.ask(f"list{NAME}", **query).body]

    assert ids(productOrderId=order) == [first, second]
    assert ids(productOrderId="other") == []
    assert ids(state="done") == [first]
    assert ids(expediteIndicator="true") == [second]
    assert ids(requestedCompletionDate__gt="2030-12-31T00:00:00Z") == [first]
    assert ids(requestedCompletionDate__lt="2030-12-31T00:00:00Z") == []
    assert ids(creationDate__gt=show(talk, first)["creationDate"]) == [second]
    assert ids(creationDate__lt=show(talk, second)["creationDate"]) == [first]


def test_the_state_is_not_taken_from_the_buyer(talk: Talk) -> None:
    order = talk.place(add_uni())
    talk.wait(10)
    body = {"productOrderItem": {"productOrderId": order, "productOrderItemId": "uni"}, "expediteIndicator": True}
    reply = talk.ask(f"create{NAME}", {**body, "state": "done"})
    assert (reply.status, reply.body["state"]) == (201, "acknowledged")


def test_another_date_does_not_end_the_haste(talk: Talk) -> None:
    order = talk.place(add_uni(expediteIndicator=True))
    talk.wait(10)
    assert ask(talk, order, requestedCompletionDate="2100-01-01T00:00:00Z")["expediteIndicator"] is True
    talk.wait(3)
    item = talk.order(order)["productOrderItem"][0]
    assert item["requestedCompletionDate"] == "2100-01-01T00:00:00Z"
    assert item["expediteIndicator"] is item["expediteAcceptedIndicator"] is True
    ask(talk, order, expediteIndicator=False)
    talk.wait(3)
    item = talk.order(order)["productOrderItem"][0]
    assert item["expediteIndicator"] is False
    assert "expediteAcceptedIndicator" not in item
