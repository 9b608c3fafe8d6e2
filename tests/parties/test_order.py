"""Placing, following and patching orders (MEF 123)."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ordering import (
    AEL_CONFIGURATION,
    TERM,
    UNI_CONFIGURATION,
    Talk,
    add_ael,
    add_uni,
    contact,
    delete,
    installed,
    modify_ael,
    order,
    places,
    states,
)

from emulator.parties.clock import rfc3339


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(tmp_path)


def test_from_acknowledged_to_products_in_inventory(talk: Talk) -> None:
    asked = order(add_uni(), add_ael(), externalId="PO-1", projectId="P", note=[])
    made = talk.ask("createProductOrder", asked)
    assert made.status == 201
    assert states(made.body) == ("acknowledged", {"uni": "acknowledged", "ael": "acknowledged"})
    identifier = made.body["id"]
    for name, value in asked.items():
        if name not in {"relatedContactInformation", "productOrderItem"}:
            assert made.body[name] == value
    for given, shown in zip(asked["productOrderItem"], made.body["productOrderItem"], strict=True):
        assert {name: shown[name] for name in given} == given
    assert [c["role"] for c in made.body["relatedContactInformation"]] == ["productOrderContact", "sellerContact"]

    talk.wait(10)
    working = talk.order(identifier)
    assert states(working) == ("inProgress", {"uni": "inProgress", "ael": "inProgress"})
    uni, ael = (item["product"]["id"] for item in working["productOrderItem"])
    assert all(
        "expectedCompletionDate" in item and "completionDate" not in item for item in working["productOrderItem"]
    )
    assert talk.product(uni)["status"] == "pendingActive"

    talk.wait(100)
    done = talk.order(identifier)
    assert states(done) == ("completed", {"uni": "completed", "ael": "completed"})
    assert all("completionDate" in item for item in (done, *done["productOrderItem"]))
    assert [change["state"] for change in done["stateChange"]] == ["acknowledged", "inProgress", "completed"]
    product = talk.product(ael)
    assert product["status"] == "active"
    assert [change["status"] for change in product["statusChange"]] == ["pendingActive", "active"]
    assert product["productRelationship"] == [{"id": uni, "relationshipType": "CONNECTS_TO_UNI"}]
    assert product["startDate"] == done["completionDate"]
    assert len(product["relatedContactInformation"]) == 6
    assert product["productOrderItem"][0]["productOrderId"] == identifier
    assert talk.product(uni)["relatedSite"] == [{"id": "site-1", "role": "INSTALL_LOCATION"}]


def test_changes_bear_the_time_when_they_were_due(talk: Talk) -> None:
    start = talk.clock.now()
    identifier = talk.place(add_uni())
    talk.wait(100_000)
    changes = talk.order(identifier)["stateChange"]
    assert [(datetime.fromisoformat(c["changeDate"]) - start).total_seconds() for c in changes] == [0, 10, 110]


def test_modify_goes_through_pending_change(talk: Talk) -> None:
    identifier = talk.place(modify_ael())
    talk.wait(10)
    assert talk.product("prod-ael")["status"] == "active.pendingChange"
    assert "maximumFrameSize" not in talk.product("prod-ael")["productConfiguration"]
    talk.wait(100)
    assert talk.order(identifier)["state"] == "completed"
    product = talk.product("prod-ael")
    assert product["status"] == "active"
    assert product["productConfiguration"]["maximumFrameSize"] == 1526
    assert product["productOrderItem"][-1]["productOrderId"] == identifier


def test_delete_terminates(talk: Talk) -> None:
    identifier = talk.place(delete())
    talk.wait(10)
    assert talk.product("prod-ael")["status"] == "pendingTerminate"
    talk.wait(100)
    assert talk.order(identifier)["state"] == "completed"
    assert talk.product("prod-ael")["status"] == "terminated"
    assert "terminationDate" in talk.product("prod-ael")
    again = talk.ask("createProductOrder", order(delete()))
    assert places(again) == {("invalidValue", "/productOrderItem/0/product/id")}


def _but(item: dict[str, Any], *gone: str, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in {**item, **more}.items() if name not in gone}


def _with_product(item: dict[str, Any], *gone: str, **more: Any) -> dict[str, Any]:
    return {**item, "product": _but(item["product"], *gone, **more)}


ITEM = "/productOrderItem/0"


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([_but(add_uni(), "requestedCompletionDate")], {("missingProperty", f"{ITEM}/requestedCompletionDate")}),
        ([_but(add_uni(), "relatedContactInformation")], {("missingProperty", f"{ITEM}/relatedContactInformation")}),
        ([_but(add_uni(), "billingAccount")], {("missingProperty", f"{ITEM}/billingAccount")}),
        ([_but(add_uni(), "requestedItemTerm")], {("missingProperty", f"{ITEM}/requestedItemTerm")}),
        ([_but(add_uni(), "product")], {("missingProperty", f"{ITEM}/product")}),
        (
            [
                add_uni(
                    requestedItemTerm={
                        "name": "x",
                        "duration": {"amount": 1, "units": "calendarMonths"},
                        "endOfTermAction": "roll",
                    }
                )
            ],
            {("missingProperty", f"{ITEM}/requestedItemTerm/rollInterval")},
        ),
        ([_with_product(add_uni(), id="mine")], {("unexpectedProperty", f"{ITEM}/product/id")}),
        (
            [_with_product(add_uni(), "productConfiguration")],
            {("missingProperty", f"{ITEM}/product/productConfiguration")},
        ),
        ([_with_product(add_uni(), "productOffering")], {("missingProperty", f"{ITEM}/product/productOffering")}),
        (
            [_with_product(add_uni(), productOffering={"id": "nope"})],
            {("referenceNotFound", f"{ITEM}/product/productOffering/id")},
        ),
        (
            [_with_product(add_uni(), productOffering={"id": "ael-100"})],
            {("invalidValue", f"{ITEM}/product/productConfiguration/@type")},
        ),
        (
            [
                _with_product(
                    add_uni(), place=[{"@type": "GeographicAddressRef", "id": "nope", "role": "INSTALL_LOCATION"}]
                )
            ],
            {("referenceNotFound", f"{ITEM}/product/place/0/id")},
        ),
        (
            [_with_product(add_uni(), productRelationship=[{"id": "nope", "relationshipType": "CONNECTS_TO_UNI"}])],
            {("referenceNotFound", f"{ITEM}/product/productRelationship/0/id")},
        ),
        ([add_ael(uni="nope")], {("referenceNotFound", f"{ITEM}/productOrderItemRelationship/0/id")}),
        (
            [
                add_uni(
                    coordinatedAction=[
                        {
                            "itemId": "nope",
                            "coordinationDependency": "startToStart",
                            "coordinatedActionDelay": {"amount": 1, "units": "calendarDays"},
                        }
                    ]
                )
            ],
            {("referenceNotFound", f"{ITEM}/coordinatedAction/0/itemId")},
        ),
        ([add_uni(), add_uni()], {("invalidValue", "/productOrderItem/1/id")}),
        ([add_uni(quoteItem={"id": "1", "quoteId": "nope"})], {("referenceNotFound", f"{ITEM}/quoteItem/quoteId")}),
        (
            [add_uni(productOfferingQualificationItem={"id": "1", "productOfferingQualificationId": "nope"})],
            {("referenceNotFound", f"{ITEM}/productOfferingQualificationItem/productOfferingQualificationId")},
        ),
        ([_with_product(modify_ael(), "id")], {("missingProperty", f"{ITEM}/product/id")}),
        ([_with_product(modify_ael(), id="nope")], {("referenceNotFound", f"{ITEM}/product/id")}),
        ([_with_product(modify_ael(), "productOffering")], {("missingProperty", f"{ITEM}/product/productOffering")}),
        (
            [_with_product(modify_ael(), "productRelationship")],
            {("missingProperty", f"{ITEM}/product/productRelationship")},
        ),
        ([_but(modify_ael(), "requestedItemTerm")], {("missingProperty", f"{ITEM}/requestedItemTerm")}),
        ([_with_product(delete(), "id")], {("missingProperty", f"{ITEM}/product/id")}),
        ([_with_product(delete(), id="nope")], {("referenceNotFound", f"{ITEM}/product/id")}),
        (
            [_with_product(delete(), productOffering={"id": "ael-100"})],
            {("unexpectedProperty", f"{ITEM}/product/productOffering")},
        ),
        (
            [delete(), modify_ael()],
            {("invalidValue", "/productOrderItem/0/product/id"), ("invalidValue", "/productOrderItem/1/product/id")},
        ),
    ],
)
def test_what_the_buyer_owes_is_named_at_its_place(
    talk: Talk, items: list[dict[str, Any]], expected: set[tuple[str, str]]
) -> None:
    reply = talk.ask("createProductOrder", order(*items))
    assert places(reply) == expected
    assert talk.ask("listProductOrder").body == []


def test_the_order_contact_is_owed(talk: Talk) -> None:
    body = order(add_uni(), relatedContactInformation=[contact("billingContact")])
    assert places(talk.ask("createProductOrder", body)) == {("missingProperty", "/relatedContactInformation")}


def test_failed_and_partial(tmp_path: Path) -> None:
    talk = Talk(tmp_path, productOrder={"outcome": "failed"})
    identifier = talk.place(add_uni(), add_ael(), delete("prod-ael"))
    talk.wait(110)
    failed = talk.order(identifier)
    assert states(failed) == ("failed", {"uni": "failed", "ael": "failed", "gone": "failed"})
    for item in failed["productOrderItem"]:
        assert "expectedCompletionDate" not in item
        assert "completionDate" not in item
        assert item["terminationError"]
    assert talk.product(failed["productOrderItem"][0]["product"]["id"])["status"] == "cancelled"
    assert talk.product("prod-ael")["status"] == "active"

    talk = Talk(tmp_path, productOrder={"outcome": "partial"})
    identifier = talk.place(add_uni(), add_ael())
    talk.wait(110)
    assert states(talk.order(identifier)) == ("partial", {"uni": "completed", "ael": "failed"})


def test_rejection_splits_the_items(tmp_path: Path) -> None:
    talk = Talk(tmp_path, productOrder={"outcome": "rejected"})
    identifier = talk.place(add_uni(), add_ael(), add_uni("other"))
    talk.wait(10)
    rejected = talk.order(identifier)
    expected = {"uni": "rejected", "ael": "rejected.unassessed", "other": "rejected.validated"}
    assert states(rejected) == ("rejected", expected)
    assert rejected["productOrderItem"][0]["terminationError"][0]["propertyPath"] == "/productOrderItem/0"
    assert all("product" not in item or "id" not in item["product"] for item in rejected["productOrderItem"])


def test_a_term_that_is_not_offered_is_rejected_after_the_fact(talk: Talk) -> None:
    term = {"name": "x", "duration": {"amount": 99, "units": "calendarMonths"}, "endOfTermAction": "autoRenew"}
    identifier = talk.place(add_uni(requestedItemTerm=term))
    talk.wait(10)
    assert states(talk.order(identifier)) == ("rejected", {"uni": "rejected"})


def _quoted(talk: Talk) -> str:
    """A firm quote for a UNI, answered at once."""
    asked = {key: value for key, value in add_uni().items() if key in {"id", "action", "product"}}
    body = {
        "instantSyncQuote": True,
        "buyerRequestedQuoteLevel": "firm",
        "relatedContactInformation": [contact("buyerContactInformation")],
        "quoteItem": [{**asked, "requestedQuoteItemTerm": TERM}],
    }
    reply = talk.ask("createQuote", body, api="quote")
    assert reply.status == 201, reply.body
    assert reply.body["state"] == "approved.orderable"
    return str(reply.body["id"])


def test_an_order_accepts_its_quote_once(talk: Talk) -> None:
    quote = _quoted(talk)
    wrong = add_uni(quoteItem={"quoteId": quote, "id": "nope"})
    assert places(talk.ask("createProductOrder", order(wrong))) == {("referenceNotFound", f"{ITEM}/quoteItem/id")}
    assert talk.ask("retrieveQuote", id=quote, api="quote").body["state"] == "approved.orderable"
    identifier = talk.place(add_uni(quoteItem={"quoteId": quote, "id": "uni"}))
    assert talk.ask("retrieveQuote", id=quote, api="quote").body["state"] == "accepted"
    again = talk.ask("createProductOrder", order(add_uni(quoteItem={"quoteId": quote, "id": "uni"})))
    assert places(again) == {("invalidValue", f"{ITEM}/quoteItem/quoteId")}
    talk.wait(110)
    done = talk.order(identifier)
    assert done["state"] == "completed"
    assert talk.product(done["productOrderItem"][0]["product"]["id"])["productPrice"][0]["name"] == "Monthly"


def test_another_term_than_quoted_is_rejected_after_the_fact(talk: Talk) -> None:
    term = {**TERM, "duration": {"amount": 24, "units": "calendarMonths"}}
    item = add_uni(quoteItem={"quoteId": _quoted(talk), "id": "uni"}, requestedItemTerm=term)
    identifier = talk.place(item)
    talk.wait(10)
    rejected = talk.order(identifier)
    assert states(rejected) == ("rejected", {"uni": "rejected"})
    error = rejected["productOrderItem"][0]["terminationError"][0]
    assert error["propertyPath"] == "/productOrderItem/0/requestedItemTerm"


def test_two_orders_for_one_product_the_second_is_rejected(talk: Talk) -> None:
    first, second = talk.place(modify_ael()), talk.place(delete())
    talk.wait(10)
    assert talk.order(first)["state"] == "inProgress"
    assert talk.order(second)["state"] == "rejected"


def test_expedite(talk: Talk) -> None:
    identifier = talk.place(add_uni(expediteIndicator=True), add_uni("slow", expediteIndicator=False))
    talk.wait(10)
    fast, slow = talk.order(identifier)["productOrderItem"]
    assert fast["expediteAcceptedIndicator"] is True
    assert "expediteAcceptedIndicator" not in slow


def test_a_path_of_the_profile_by_reads_and_with_a_charge(tmp_path: Path) -> None:
    path = [
        {"to": "inProgress", "reads": 2},
        {"to": "held.assessingCharge", "after_seconds": 5},
        {"to": "inProgress"},
        {"to": "completed", "after_seconds": 20, "set": {"/note": []}},
    ]
    talk = Talk(tmp_path, productOrder={"path": path})
    identifier = talk.place(add_uni(), add_uni("other"))
    assert [talk.order(identifier)["state"] for _ in range(3)] == ["acknowledged", "acknowledged", "inProgress"]
    talk.wait(5)
    held = talk.order(identifier)
    assert states(held) == ("held.assessingCharge", {"uni": "held", "other": "inProgress"})
    charge = held["productOrderItem"][0]["charge"][0]["id"]
    talk.wait(500)
    assert talk.order(identifier)["state"] == "held.assessingCharge"
    answer = {"chargeItem": [{"id": "charge-001", "acceptanceIndicator": "accepted"}]}
    assert talk.ask("patchCharge", answer, id=charge).status == 200
    talk.wait(20)
    assert states(talk.order(identifier)) == ("completed", {"uni": "completed", "other": "completed"})


def test_list_filters_and_pages(talk: Talk) -> None:
    first = talk.place(add_uni(requestedCompletionDate="2030-06-01T00:00:00+02:00"), externalId="E1", projectId="P1")
    talk.wait(10)
    second = talk.place(delete(), externalId="E2", projectId="P1")

    def ids(**query: str) -> list[str]:
        return [found["id"] for found in talk.ask("listProductOrder", **query).body]

    assert ids() == [first, second]
    assert ids(state="inProgress") == [first]
    assert ids(externalId="E2") == [second]
    assert ids(projectId="P1", state="acknowledged") == [second]
    assert ids(projectId="nobody") == []
    assert ids(itemRequestedCompletionDate__gt="2030-05-31T21:59:59Z") == [first]
    assert ids(itemRequestedCompletionDate__gt="2030-05-31T22:00:00Z") == []
    assert ids(itemExpectedCompletionDate__lt="2031-01-01T00:00:00Z") == [first]
    assert ids(orderDate__lt="2000-01-01T00:00:00Z") == []
    page = talk.ask("listProductOrder", limit="1", offset="1")
    assert [found["id"] for found in page.body] == [second]
    assert (page.headers["X-Total-Count"], page.headers["X-Result-Count"]) == ("2", "1")
    assert set(talk.ask("listProductOrder").body[0]) == {"id", "externalId", "orderDate", "projectId", "state"}


def test_unknown_ids_are_404(talk: Talk) -> None:
    for operation in (
        "retrieveProductOrder",
        "retrieveCancelProductOrder",
        "retrieveCharge",
        "retrieveModifyProductOrderItemRequestedDeliveryDate",
        "retrieveHub",
        "unregisterListener",
    ):
        assert talk.ask(operation, id="nope").status == 404
    assert talk.ask("patchProductOrder", {"externalId": "x"}, id="nope").status == 404
    assert talk.ask("patchCharge", {"chargeItem": []}, id="nope").status == 404


def test_hub(talk: Talk) -> None:
    made = talk.ask("registerListener", {"callback": "https://buyer.example", "query": "eventType=chargeCreateEvent"})
    assert made.status == 201
    assert talk.ask("retrieveHub", id=made.body["id"]).body == made.body
    assert talk.ask("unregisterListener", id=made.body["id"]).status == 204


# Patch


def _note(identifier: str, source: str = "buyer") -> dict[str, Any]:
    return {"id": identifier, "author": "Ann", "date": "2026-01-01T00:00:00Z", "source": source, "text": "Hello"}


def test_patch_changes_what_it_may(talk: Talk) -> None:
    identifier = talk.place(add_uni(), externalId="old", note=[_note("1")])
    there = talk.order(identifier)
    contacts = [contact("productOrderContact") | {"name": "New"}, *there["relatedContactInformation"][1:]]
    change = {
        "externalId": "new",
        "note": [_note("1"), _note("2")],
        "relatedContactInformation": contacts,
        "productOrderItem": [{"id": "uni", "endCustomerName": "Cafe", "relatedBuyerPON": "PON"}],
    }
    reply = talk.ask("patchProductOrder", change, id=identifier)
    assert reply.status == 200
    shown = talk.order(identifier)
    assert shown == reply.body
    assert shown["externalId"] == "new"
    assert [note["id"] for note in shown["note"]] == ["1", "2"]
    assert shown["relatedContactInformation"] == contacts
    assert shown["productOrderItem"][0]["endCustomerName"] == "Cafe"
    assert shown["productOrderItem"][0]["product"] == there["productOrderItem"][0]["product"]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"unheardOf": 1},
        {"state": "completed", "externalId": "x"},
        {"note": []},
        {"note": [{**_note("1"), "text": "Other"}]},
        {"note": [_note("1"), _note("2", "seller")]},
        {"note": [_note("1"), _note("2"), _note("2")]},
        {"relatedContactInformation": [contact("productOrderContact")]},
        {"productOrderItem": []},
        {"productOrderItem": [{"id": "uni"}]},
        {"productOrderItem": [{"id": "nope", "endCustomerName": "x"}]},
        {"productOrderItem": [{"id": "uni", "endCustomerName": "x"}] * 2},
        {"productOrderItem": [{"id": "uni", "requestedCompletionDate": "2030-01-01T00:00:00Z"}]},
        {"productOrderItem": [{"id": "uni", "relatedContactInformation": []}]},
    ],
)
def test_patch_refuses_the_rest_and_changes_nothing(talk: Talk, change: dict[str, Any]) -> None:
    identifier = talk.place(add_uni(), note=[_note("1")])
    there = talk.order(identifier)
    reply = talk.ask("patchProductOrder", change, id=identifier)
    assert (reply.status, reply.body["code"]) == (400, "invalidBody")
    assert talk.order(identifier) == there


def test_patch_of_a_finished_order_is_a_conflict(talk: Talk) -> None:
    identifier = talk.place(add_uni())
    talk.wait(110)
    reply = talk.ask("patchProductOrder", {"externalId": "x"}, id=identifier)
    assert (reply.status, reply.body["code"]) == (409, "conflict")


def test_what_only_the_seller_says_is_not_taken_from_the_buyer(talk: Talk) -> None:
    item = add_uni(expediteAcceptedIndicator=True, milestone=5, charge="x", itemTerm=3, terminationError=1)
    reply = talk.ask("createProductOrder", order(item, cancellationCharge="x", state="completed", stateChange=7))
    assert states(reply.body) == ("acknowledged", {"uni": "acknowledged"})
    assert "cancellationCharge" not in reply.body
    assert not {"expediteAcceptedIndicator", "milestone", "charge"} & reply.body["productOrderItem"][0].keys()


def test_the_last_moment_of_the_calendar_does_not_stop_an_order(talk: Talk) -> None:
    last = "9999-12-31T23:59:59-14:00"
    identifier = talk.place(add_uni(requestedCompletionDate=last))
    talk.wait(10)
    body = talk.order(identifier)
    assert states(body) == ("inProgress", {"uni": "inProgress"})
    assert body["productOrderItem"][0]["expectedCompletionDate"] == last
    assert talk.product(body["productOrderItem"][0]["product"]["id"])["startDate"] == last
    talk.wait(100)
    assert talk.order(identifier)["state"] == "completed"


def test_reads_do_not_move_an_order_that_rests(tmp_path: Path) -> None:
    path = [{"to": "inProgress", "after_seconds": 1}, {"to": "completed", "reads": 2}]
    talk = Talk(tmp_path, productOrder={"path": path}, cancelProductOrder={"outcome": "rejected"})
    identifier = talk.place(add_uni())
    talk.wait(1)
    assert talk.order(identifier)["state"] == "inProgress"
    asked = {
        "productOrder": {"productOrderId": identifier},
        "relatedContactInformation": [contact("cancelProductOrderContact")],
    }
    assert talk.ask("createCancelProductOrder", asked).status == 201
    assert [talk.order(identifier)["state"] for _ in range(4)] == ["assessingCancellation"] * 4
    talk.wait(3)
    assert [talk.order(identifier)["state"] for _ in range(2)] == ["inProgress", "completed"]


def test_a_quote_is_for_what_was_quoted(talk: Talk) -> None:
    quote = {"quoteId": _quoted(talk), "id": "uni"}
    other = add_uni("other", quoteItem=quote)
    other["product"] |= {"productOffering": {"id": "ael-100"}, "productConfiguration": AEL_CONFIGURATION}
    assert ("invalidValue", f"{ITEM}/quoteItem/id") in places(talk.ask("createProductOrder", order(other)))


def test_patch_appends_to_notes_of_one_id(talk: Talk) -> None:
    note = {"id": "1", "author": "Ann", "date": "2026-01-01T00:00:00Z", "source": "buyer", "text": "Twice"}
    identifier = talk.place(add_uni(), note=[note, note])
    more = [note, note, {**note, "id": "2"}]
    assert talk.ask("patchProductOrder", {"note": more}, id=identifier).body["note"] == more
    for wrong in ([note, {**note, "id": "2"}], [*more, note], [*more, {**note, "id": "3", "source": "seller"}]):
        assert talk.ask("patchProductOrder", {"note": wrong}, id=identifier).status == 400


def test_a_product_without_offering_can_be_changed_but_not_into_another(tmp_path: Path) -> None:
    bare = installed(None, UNI_CONFIGURATION)
    talk = Talk(tmp_path, products={"bare": bare})
    item = modify_ael()
    item["product"] = {"id": "bare", "productConfiguration": AEL_CONFIGURATION}
    wrong = talk.ask("createProductOrder", order(item))
    assert places(wrong) == {("invalidValue", f"{ITEM}/product/productConfiguration/@type")}
    item["product"]["productConfiguration"] = UNI_CONFIGURATION
    identifier = talk.place(item)
    talk.wait(110)
    assert talk.order(identifier)["state"] == "completed"
    assert talk.product("bare")["status"] == "active"


def test_a_path_can_move_a_date_and_add_notes(tmp_path: Path) -> None:
    """A step to the state that the order is in only sets members; `-` adds to a list, or begins one."""

    def note(identifier: str) -> dict[str, str]:
        return {"id": identifier, "author": "Sue", "date": "$gen.now", "source": "seller", "text": "Late permit"}

    moved = {
        "/productOrderItem/*/expectedCompletionDate": "$gen.now+3d",
        "/productOrderItem/*/note/-": note("item"),
        "/note/-": note("order"),
    }
    path = [
        {"to": "inProgress", "after_seconds": 1},
        {"to": "inProgress", "after_seconds": 60, "set": moved},
        {"to": "completed", "after_seconds": 60},
    ]
    talk = Talk(tmp_path, productOrder={"path": path})
    mine = {"id": "mine", "author": "Ann", "date": "2026-01-01T00:00:00Z", "source": "buyer", "text": "Ring twice"}
    identifier = talk.place(add_uni(), note=[mine])
    talk.wait(1)
    before = talk.order(identifier)
    talk.wait(60)
    late = talk.order(identifier)
    assert late["state"] == "inProgress"
    assert late["stateChange"] == before["stateChange"]
    assert late["note"] == [mine, note("order") | {"date": rfc3339(talk.clock.now())}]
    (item,) = late["productOrderItem"]
    assert item["note"] == [note("item") | {"date": rfc3339(talk.clock.now())}]
    assert item["expectedCompletionDate"] == rfc3339(talk.clock.now() + timedelta(days=3))
    talk.wait(60)
    assert talk.order(identifier)["state"] == "completed"


@pytest.mark.parametrize(
    ("option", "member"), [("MEF123-O4", "productOfferingQualificationItem"), ("MEF123-O5", "quoteItem")]
)
def test_what_the_seller_declared_to_demand_is_demanded(tmp_path: Path, option: str, member: str) -> None:
    """Of items to add and to modify, not of those to delete (CR5, CR6)."""
    talk = Talk(tmp_path, profile={"options": {option: True}})
    refused = talk.ask("createProductOrder", order(add_uni(), modify_ael()))
    assert places(refused) == {("missingProperty", f"/productOrderItem/{index}/{member}") for index in (0, 1)}
    assert talk.ask("createProductOrder", order(delete())).status == 201
    talk = Talk(tmp_path, profile={"options": {option: False}})
    assert talk.ask("createProductOrder", order(add_uni())).status == 201
