"""Cancelling an order (MEF 123, use cases 8 to 10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ordering import Talk, add_uni, contact, delete, modify_ael, places, states


def cancel(identifier: str, **more: Any) -> dict[str, Any]:
    return {
        "productOrder": {"productOrderId": identifier},
        "relatedContactInformation": [contact("cancelProductOrderContact")],
        **more,
    }


def ask(talk: Talk, identifier: str, **more: Any) -> dict[str, Any]:
    reply = talk.ask("createCancelProductOrder", cancel(identifier, **more))
    assert reply.status == 201
    return dict(reply.body)


def show(talk: Talk, identifier: str) -> dict[str, Any]:
    return dict(talk.ask("retrieveCancelProductOrder", id=identifier).body)


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(tmp_path)


def test_granted_free_of_charge(talk: Talk) -> None:
    identifier = talk.place(add_uni(), modify_ael(), delete("prod-uni"))
    talk.wait(10)
    made = ask(talk, identifier, cancellationReason="Changed our mind", cancellationReasonType="commercial")
    assert made["state"] == "acknowledged"
    assert made["cancellationReason"] == "Changed our mind"
    assert [c["role"] for c in made["relatedContactInformation"]] == [
        "cancelProductOrderContact",
        "cancelProductOrderSellerContact",
    ]
    resting = talk.order(identifier)
    assert resting["state"] == "assessingCancellation"
    assert {item["state"] for item in resting["productOrderItem"]} == {"pending"}
    talk.wait(3)
    assert show(talk, made["id"])["state"] == "done"
    going = talk.order(identifier)
    assert going["state"] == "pendingCancellation"
    assert {item["state"] for item in going["productOrderItem"]} == {"cancelled"}
    assert not any("expectedCompletionDate" in item for item in going["productOrderItem"])
    # MEF116 Table 4: the inventory follows when the order is cancelled, not before.
    assert talk.product(going["productOrderItem"][0]["product"]["id"])["status"] == "pendingActive"
    assert talk.product("prod-ael")["status"] == "active.pendingChange"
    talk.wait(5)
    gone = talk.order(identifier)
    assert gone["state"] == "cancelled"
    assert gone["cancellationReason"] == "Changed our mind"
    assert gone["cancellationDate"]
    assert talk.product(gone["productOrderItem"][0]["product"]["id"])["status"] == "cancelled"
    assert {talk.product(name)["status"] for name in ("prod-ael", "prod-uni")} == {"active"}
    talk.wait(10_000)
    assert talk.order(identifier)["state"] == "cancelled"


def test_denied_by_the_seller_the_order_goes_on(tmp_path: Path) -> None:
    talk = Talk(tmp_path, cancelProductOrder={"outcome": "rejected"})
    identifier = talk.place(add_uni())
    talk.wait(10)
    made = ask(talk, identifier)
    talk.wait(3)
    denied = show(talk, made["id"])
    assert denied["state"] == "rejected"
    assert denied["cancellationDeniedReason"]
    assert states(talk.order(identifier)) == ("inProgress", {"uni": "inProgress"})
    talk.wait(100)
    assert talk.order(identifier)["state"] == "completed"


@pytest.mark.parametrize(("waited", "state"), [(0, "acknowledged"), (110, "completed")])
def test_rejected_where_the_order_is_in_the_wrong_state(talk: Talk, waited: float, state: str) -> None:
    identifier = talk.place(add_uni())
    talk.wait(waited)
    before = talk.order(identifier)
    assert before["state"] == state
    made = ask(talk, identifier)
    assert talk.order(identifier) == before
    talk.wait(3)
    assert show(talk, made["id"])["state"] == "rejected"
    assert talk.order(identifier) == before


def test_a_second_request_is_rejected_and_does_no_harm(talk: Talk) -> None:
    identifier = talk.place(add_uni())
    talk.wait(10)
    first, second = ask(talk, identifier), ask(talk, identifier)
    talk.wait(3)
    assert (show(talk, first["id"])["state"], show(talk, second["id"])["state"]) == ("done", "rejected")


@pytest.mark.parametrize(
    ("answer", "request_state", "order_state"),
    [("accepted", "done", "pendingCancellation"), ("rejected", "done.declined", "inProgress")],
)
def test_with_a_charge(tmp_path: Path, answer: str, request_state: str, order_state: str) -> None:
    talk = Talk(tmp_path, cancelProductOrder={"charge": "blocking"})
    identifier = talk.place(add_uni())
    talk.wait(10)
    made = ask(talk, identifier)
    talk.wait(3)
    waiting = show(talk, made["id"])
    assert waiting["state"] == "inProgress.assessingCharge"
    charge = talk.ask("retrieveCharge", id=waiting["charge"]["id"]).body
    assert charge["productOrder"] == {"productOrderId": identifier}
    assert charge["cancelProductOrder"]["id"] == made["id"]
    assert "productOrderItem" not in charge
    assert talk.order(identifier)["state"] == "assessingCancellation"
    reply = talk.ask(
        "patchCharge", {"chargeItem": [{"id": "charge-001", "acceptanceIndicator": answer}]}, id=charge["id"]
    )
    assert reply.status == 200
    assert show(talk, made["id"])["state"] == request_state
    shown = talk.order(identifier)
    assert shown["state"] == order_state
    assert ("cancellationCharge" in shown) == (answer == "accepted")


def test_what_the_buyer_owes(talk: Talk) -> None:
    body = cancel("nope", relatedContactInformation=[contact("someone")])
    assert places(talk.ask("createCancelProductOrder", body)) == {
        ("missingProperty", "/relatedContactInformation"),
        ("referenceNotFound", "/productOrder/productOrderId"),
    }


def test_list(talk: Talk) -> None:
    one, other = talk.place(add_uni()), talk.place(delete())
    talk.wait(10)
    first = ask(talk, one, cancellationReasonType="technical")
    talk.wait(3)
    second = ask(talk, other, cancellationReasonType="commercial")

    def ids(**query: str) -> list[str]:
        return [found["id"] for found in talk.ask("listCancelProductOrder", **query).body]

    assert ids() == [first["id"], second["id"]]
    assert ids(productOrderId=other) == [second["id"]]
    assert ids(state="done") == [first["id"]]
    assert ids(cancellationReasonType="commercial") == [second["id"]]
    found = talk.ask("listCancelProductOrder", limit="1")
    assert set(found.body[0]) == {"id", "cancellationReasonType", "productOrder", "state"}
    assert found.headers["X-Total-Count"] == "2"


def test_what_only_the_seller_says_is_not_taken_from_the_buyer(talk: Talk) -> None:
    identifier = talk.place(add_uni())
    talk.wait(10)
    made = ask(talk, identifier, state="done", charge=5, cancellationDeniedReason=4)
    assert made["state"] == "acknowledged"
    assert not {"charge", "cancellationDeniedReason"} & made.keys()
