"""The catalog of the emulated seller (MEF W142): what is in it, what becomes of it, and what it binds elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ordering import TERM
from trade import RELEASE, Desk, contact, poq, quote, uni_item

from emulator.errors import FileProblem
from emulator.parties.hand import Hand, Refused
from emulator.parties.opening import open_store
from emulator.parties.profile import load_profile
from emulator.parties.seller import Seller
from emulator.record.call import Reply
from tests.urns import ACCESS_ELINE, OPERATOR_UNI

CATALOG = "productCatalog"
HOUR = 3600.0


class Shop(Desk):
    """A buyer who reads the catalog of the usual seller, and whom it tells of what changes."""

    def __init__(self, overlay: Mapping[str, Any] | None = None) -> None:
        super().__init__({"notifications": {"allow": ["loopback"]}, **(overlay or {})})
        self.clock.attach(self.seller)
        self.hand = Hand(self.seller)

    def ask(self, operation: str, path: str = "", run: str = "", **query: str) -> Any:
        reply = self.call(CATALOG, operation, path=path, run=run, **query)
        assert reply.status == 200, reply.body
        return reply.body

    def offering(self, identifier: str, run: str = "") -> dict[str, Any]:
        found: dict[str, Any] = self.ask("retrieveProductOffering", identifier, run)
        return found

    def ids(self, operation: str = "listProductOffering", **query: str) -> list[str]:
        return [each["id"] for each in self.ask(operation, **query)]

    def subscribe(self) -> None:
        assert self.call(CATALOG, "registerListener", {"callback": "http://127.0.0.1:9/"}).status == 201

    def told(self) -> list[tuple[str, str]]:
        store, found = self.seller.store, []
        for one in store.owed_due(self.clock.now(), 99, 1.0):
            for each in store.owed_to("", one.subscription):
                found.append((each.event, each.body["event"]["id"]))
                store.settle_owed(each.id, "delivered")
        return found


def uni_with(configuration: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    item = uni_item(**more)
    item["product"]["productConfiguration"] = {"@type": OPERATOR_UNI, **configuration}
    return item


def order_of(item: dict[str, Any]) -> dict[str, Any]:
    roles = ("buyerProductOrderItemContact", "buyerImplementationContact", "buyerTechnicalContact")
    given = {
        **item,
        "requestedCompletionDate": "2026-03-01T00:00:00Z",
        "requestedItemTerm": TERM,
        "billingAccount": {"id": "acct-001"},
        "relatedContactInformation": [contact(role) for role in roles],
    }
    people = [contact("productOrderContact")]
    return {"externalId": "PO", "relatedContactInformation": people, "productOrderItem": [given]}


def narrowed(fixed: str | None = None, **context: Any) -> dict[str, Any]:
    said = {"fixed": fixed} if fixed else {}
    return {**said, "offerings": {"uni-1g": {"context": context}}}


# -- what is in it ---------------------------------------------------------------------------------


def test_everything_that_is_sold_is_in_the_catalog_and_refers_to_what_is_there() -> None:
    shop = Shop()
    profile = load_profile()
    assert shop.ids() == list(profile.offerings)
    categories = {each["id"]: each for each in shop.ask("listCategory")}
    specifications = set(shop.ids("listProductSpecification"))
    for identifier in profile.offerings:
        body = shop.offering(identifier)
        assert body["productSpecification"]["id"] in specifications
        for each in body["category"]:
            assert {"id": identifier} in categories[each["id"]]["productOffering"]
        for each in body.get("productRelationship", ()):
            assert each["id"] in specifications
    for each in categories.values():
        if "parentCategory" in each:
            assert {"id": each["id"]} in categories[each["parentCategory"]["id"]]["subCategory"]
    for identifier in specifications:
        location = shop.ask("retrieveProductSpecification", identifier)["sourceSchema"]["schemaLocation"]
        assert location in RELEASE.products.urns


def test_a_profile_without_a_word_on_it_has_a_catalog() -> None:
    nothing = dict.fromkeys(load_profile().offerings)
    shop = Shop({"offerings": {**nothing, "one": _one()}, "products": None, "catalog": None, "discovery": None})
    assert shop.offering("one")["category"] == [{"id": "products"}]
    assert shop.ask("retrieveCategory", "products")["productOffering"] == [{"id": "one"}]
    assert shop.ask("retrieveProductSpecification", "spec-one")["lifecycleStatus"] == "published"


def _one(**more: Any) -> dict[str, Any]:
    return {
        "name": "One",
        "specification": "spec-one",
        "payload": OPERATOR_UNI,
        "installation": {"amount": 1, "units": "businessDays"},
        "terms": [TERM],
        "prices": [],
        **more,
    }


def test_a_list_shows_less_than_a_read() -> None:
    shop = Shop()
    (listed,) = shop.ask("listProductOffering", name="EPL")
    whole = shop.offering("epl")
    assert "productOfferingTerm" in whole
    assert listed.items() <= whole.items()
    assert set(whole) - set(listed) >= {"productOfferingTerm", "statusReason"}


# -- how it is found -------------------------------------------------------------------------------


def test_a_category_has_what_its_own_categories_have() -> None:
    shop = Shop()
    below = shop.ids(category__id="operator-ethernet")
    assert "ael-100" in below
    assert "epl" not in below
    assert (
        {*below, "epl"} <= set(shop.ids(category__id="carrier-ethernet")) < set(shop.ids(category__id="connectivity"))
    )
    assert shop.ids(category__id="nowhere") == []


def test_what_names_nobody_is_for_everybody() -> None:
    shop = Shop()
    assert {"ael-1000", "epl", "uni-1g"} <= set(shop.ids(channel="directSales"))
    assert set(shop.ids()) - set(shop.ids(channel="reseller")) == {"ael-1000"}
    assert set(shop.ids()) - set(shop.ids(region__country="PL")) == {"ael-1000"}
    assert set(shop.ids()) - set(shop.ids(marketSegment="federal")) == {"ael-1000", "epl"}


def test_several_values_are_alternatives() -> None:
    shop = Shop()
    call = RELEASE.contract(CATALOG)
    assert call.operations["listProductOffering"]
    query = {"marketSegment": ["federal", "financial"]}
    from emulator.record.call import Call

    found = shop.seller.answer(Call(CATALOG, "management", "listProductOffering", {}, query, {}, None, "", "http://x"))
    assert {"ael-1000"} == set(shop.ids()) - {each["id"] for each in found.body}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"lifecycleStatus": "orderable"}, 22),
        ({"lifecycleStatus": "onHold"}, 0),
        ({"lifecycleStatus": "pilotBeta"}, 0),
        ({"agreement": "Northbridge wholesale terms"}, 22),
        ({"productSpecification__id": "access-eline"}, 2),
        ({"name": "EPL", "lastUpdate__gt": "2025-01-01T00:00:00Z"}, 1),
        ({"name": "EPL", "lastUpdate__lt": "2025-01-01T00:00:00Z"}, 0),
    ],
)
def test_offerings_are_found_by_what_they_say(query: dict[str, str], count: int) -> None:
    assert len(Shop().ids(**query)) == count


def test_categories_and_specifications_are_found_too() -> None:
    shop = Shop()
    assert shop.ids("listCategory", parentCategory__id="connectivity") == ["carrier-ethernet", "internet"]
    assert shop.ids("listCategory", name="Internet Access") == ["internet"]
    assert shop.ids("listProductSpecification", lifecycleStatus="obsolete") == []
    assert shop.ids("listProductSpecification", name="ENNI") == ["enni"]
    for operation in ("retrieveCategory", "retrieveProductOffering", "retrieveProductSpecification"):
        assert shop.call(CATALOG, operation, path="no-such").status == 404


# -- what becomes of it ----------------------------------------------------------------------------


def test_transitions_are_planned_told_and_logged() -> None:
    way = [{"to": "orderable", "after_seconds": HOUR}, {"to": "onHold", "after_seconds": HOUR}]
    shop = Shop({"offerings": {"epl": {"lifecycleStatus": "announced", "transitions": way}}})
    shop.subscribe()
    before = shop.offering("epl")
    plan = [each["transitionLifecycleStatus"] for each in before["statusTransition"]]
    assert (before["lifecycleStatus"], plan) == ("announced", ["orderable", "onHold"])
    shop.wait(HOUR)
    orderable = shop.offering("epl")
    assert orderable["lifecycleStatus"] == "orderable"
    assert orderable["statusReason"] != before["statusReason"]
    assert orderable["lastUpdate"] > before["lastUpdate"]
    assert orderable["statusTransition"] == before["statusTransition"]
    told = shop.told()
    assert ("productOfferingStateChangeEvent", "epl") in told
    assert {identifier for _, identifier in told} == {"epl"}
    shop.wait(HOUR)
    held = shop.offering("epl")
    assert held["lifecycleStatus"] == "onHold"
    assert held["note"][0]["source"] == "seller"


def test_time_goes_by_before_anybody_reads() -> None:
    shop = Shop({"offerings": {"epl": {"transitions": [{"to": "endOfSale", "after_seconds": HOUR}]}}})
    shop.call("quote", "listQuote")
    shop.wait(HOUR + 1)
    assert shop.offering("epl")["lifecycleStatus"] == "endOfSale"


def test_what_is_published_later_is_told_of() -> None:
    late = {
        "after_seconds": HOUR,
        "lifecycleStatus": "announced",
        "transitions": [{"to": "orderable", "after_seconds": 5}],
    }
    shop = Shop({"offerings": {"epl": late}})
    shop.subscribe()
    assert shop.call(CATALOG, "retrieveProductOffering", path="epl").status == 404
    in_it = shop.ask("retrieveCategory", "subscriber-ethernet")
    assert {"id": "epl"} not in in_it["productOffering"]
    shop.wait(HOUR)
    assert shop.offering("epl")["lifecycleStatus"] == "announced"
    assert shop.told() == [("productOfferingCreateEvent", "epl")]
    now_in_it = shop.ask("retrieveCategory", "subscriber-ethernet")
    assert {"id": "epl"} in now_in_it["productOffering"]
    assert now_in_it["lastUpdate"] > in_it["lastUpdate"]
    shop.wait(5)
    assert shop.offering("epl")["lifecycleStatus"] == "orderable"
    assert "statusTransition" in shop.offering("epl")


def test_a_signal_publishes_as_well() -> None:
    shop = Shop({"offerings": {"epl": {"signal": "fair"}}})
    assert "epl" not in shop.ids()
    assert shop.seller.signal("fair", "", lasting=False) == 1
    shop.wait(0)
    assert "epl" in shop.ids()


def test_only_pilot_buyers_see_what_is_in_test() -> None:
    way = [{"to": "announced", "after_seconds": HOUR}]
    shop = Shop(
        {
            "represents": {"buyers": ["east", "west"]},
            "pilotBuyers": ["west"],
            "offerings": {
                "epl": {"lifecycleStatus": "inTest", "transitions": way},
                "evpl": {"lifecycleStatus": "rejected"},
            },
        }
    )
    seen = {who: set(shop.ids(buyerId=who)) for who in ("east", "west")}
    assert seen["west"] - seen["east"] == {"epl", "evpl"}
    for who in ("east", "west"):
        reply = shop.call(CATALOG, "registerListener", {"callback": "http://127.0.0.1:9/"}, buyerId=who)
        assert reply.status == 201
    shop.wait(HOUR)
    assert {who: "epl" in shop.ids(buyerId=who) for who in ("east", "west")} == {"east": True, "west": True}
    owed = {
        each.body["event"]["buyerId"]: each.event
        for one in shop.seller.store.owed_due(shop.clock.now(), 9, 1.0)
        for each in shop.seller.store.owed_to(one.run, one.subscription)
        if "AttributeValue" not in each.event
    }
    assert owed == {"east": "productOfferingCreateEvent", "west": "productOfferingStateChangeEvent"}


def test_what_has_ended_is_removed_when_its_time_is_over() -> None:
    ended = {"lifecycleStatus": "endOfSupport", "transitions": [{"to": "obsolete", "after_seconds": 5}]}
    shop = Shop({"offerings": {"epl": ended}, "intervals": {"productOffering": {"keep": 60}}})
    assert "epl" in shop.ids()
    shop.wait(6)
    assert shop.offering("epl")["lifecycleStatus"] == "obsolete"
    shop.wait(60)
    assert "epl" not in shop.ids()
    assert {"id": "epl"} not in shop.ask("retrieveCategory", "subscriber-ethernet")["productOffering"]


def test_a_specification_waits_for_its_offerings_and_takes_them_along() -> None:
    shop = Shop({"intervals": {"productSpecification": {"keep": 60}}})
    with pytest.raises(Refused, match="W142-R75"):
        shop.ask("listProductSpecification")
        shop.hand.move(None, "productSpecification", "enni", "obsolete")
    for status in ("endOfSale", "obsolete"):
        shop.hand.move(None, "productOffering", "enni-10g", status)
    shop.hand.move(None, "productSpecification", "enni", "obsolete")
    assert shop.ids("listProductSpecification", lifecycleStatus="obsolete") == ["enni"]
    shop.wait(61)
    assert "enni" not in shop.ids("listProductSpecification")
    assert "enni-10g" not in shop.ids()


# -- by hand ---------------------------------------------------------------------------------------


def test_a_hand_moves_what_nobody_has_read_yet() -> None:
    shop = Shop()
    shop.call("quote", "listQuote")
    shop.hand.move(None, "productOffering", "epl", "onHold")
    assert shop.offering("epl")["lifecycleStatus"] == "onHold"


def test_words_change_and_what_is_listed_makes_a_new_version() -> None:
    shop = Shop()
    shop.subscribe()
    before = shop.offering("epl")
    assert shop.hand.change(None, "productOffering", "epl", {"description": "Better"}) == "epl"
    assert shop.told() == [("productOfferingAttributeValueChangeEvent", "epl")]
    terms = [{**TERM, "name": "Five", "duration": {"amount": 60, "units": "calendarMonths"}}]
    fresh = shop.hand.change(None, "productOffering", "epl", {"productOfferingTerm": terms})
    assert fresh != "epl"
    assert shop.offering("epl")["productOfferingTerm"] == before["productOfferingTerm"]
    assert shop.offering("epl")["statusTransition"][-1]["transitionLifecycleStatus"] == "endOfSale"
    assert (shop.offering(fresh)["lifecycleStatus"], shop.offering(fresh)["productOfferingTerm"]) == (
        "announced",
        terms,
    )
    assert ("productOfferingCreateEvent", fresh) in shop.told()
    shop.wait(10)
    assert shop.offering(fresh)["lifecycleStatus"] == "orderable"
    shop.wait(24 * HOUR)
    assert shop.offering("epl")["lifecycleStatus"] == "endOfSale"
    with pytest.raises(Refused, match="W142-R67"):
        shop.hand.change(None, "productSpecification", "enni", {"sourceSchema": {"schema": "{}"}})


def test_a_new_version_is_sold_at_the_old_prices_and_on_its_own_terms() -> None:
    shop = Shop()
    terms = [{**TERM, "name": "Five", "duration": {"amount": 60, "units": "calendarMonths"}}]
    fresh = shop.hand.change(None, "productOffering", "uni-1g", {"productOfferingTerm": terms}) if shop.ids() else ""
    shop.wait(10)
    item = uni_item()
    item["product"]["productOffering"]["id"] = fresh
    made = shop.call("quote", "createQuote", quote(item, instantSyncQuote=True))
    assert made.status == 201, made.body
    (quoted,) = made.body["quoteItem"]
    assert quoted["quoteItemTerm"] == terms
    assert quoted["quoteItemPrice"][0]["price"]["dutyFreeAmount"]["value"] == 210


def test_categories_are_moved_with_all_that_is_in_them() -> None:
    shop = Shop()
    shop.ask("listCategory")
    shop.hand.change(None, "category", "internet", {"parentCategory": {"id": "carrier-ethernet"}})
    assert "internet-basic" in shop.ids(category__id="carrier-ethernet")
    connectivity = shop.ask("retrieveCategory", "connectivity")
    assert connectivity["subCategory"] == [{"id": "carrier-ethernet"}]
    with pytest.raises(Refused, match="below it"):
        shop.hand.change(None, "category", "connectivity", {"parentCategory": {"id": "internet"}})
    with pytest.raises(Refused, match="follows from"):
        shop.hand.change(None, "category", "internet", {"subCategory": []})
    made, _ = shop.hand.make(None, "category", {"name": "Fibre", "parentCategory": {"id": "internet"}})
    assert {"id": made} in shop.ask("retrieveCategory", "internet")["subCategory"]
    shop.hand.change(None, "productOffering", "epl", {"category": [{"id": made}]})
    assert shop.ids(category__id="internet")[0] == "epl"
    assert shop.ask("retrieveCategory", made)["productOffering"] == [{"id": "epl"}]


# -- what it binds ---------------------------------------------------------------------------------

ORDERS = {
    "inTest": {"add": False, "modify": False, "delete": True},
    "announced": {"add": False, "modify": True, "delete": True},
    "orderable": {"add": True, "modify": True, "delete": True},
    "onHold": {"add": False, "modify": True, "delete": True},
    "endOfSale": {"add": False, "modify": True, "delete": True},
    "endOfSupport": {"add": False, "modify": False, "delete": True},
    "obsolete": {"add": False, "modify": False, "delete": False},
}
"""Which orders of an offering are taken (table 8); who is no pilot does not even know of what is in test."""


@pytest.mark.parametrize("status", ORDERS)
@pytest.mark.parametrize("action", ["add", "modify", "delete"])
def test_a_status_opens_and_shuts_the_door(status: str, action: str) -> None:
    shop = Shop({"offerings": {"uni-1g": {"lifecycleStatus": status}}})
    installed = "prod-uni-ashburn-1"
    item = {
        "add": uni_item,
        "modify": lambda: uni_with({"maximumServiceFrameSize": 2000}, action="modify"),
        "delete": lambda: {"id": "uni", "action": "delete", "product": {"id": installed}},
    }[action]()
    if action == "modify":
        item["product"] |= {"id": installed}
        del item["product"]["place"]
    body = order_of(item) if action != "delete" else order_of(item) | {"productOrderItem": [item]}
    reply = shop.call("productOrder", "createProductOrder", body)
    assert (reply.status == 201) is ORDERS[status][action], reply.body
    if reply.status != 201 and status != "inTest":
        place = "product/productOffering/id" if action == "add" else "product/id"
        (issue,) = reply.body
        assert issue["propertyPath"] == f"/productOrderItem/0/{place}"
        assert issue["message"] == "W142 table 8"


def test_a_pilot_orders_what_is_in_test() -> None:
    shop = Shop({"pilotBuyers": ["us"], "offerings": {"uni-1g": {"lifecycleStatus": "inTest"}}})
    assert shop.offering("uni-1g")["lifecycleStatus"] == "inTest"
    assert shop.call("productOrder", "createProductOrder", order_of(uni_item())).status == 201


CONTEXT = {
    "all": {"fixed": {"linkAggregation": "NONE"}, "defaults": {"maximumServiceFrameSize": 1600}},
    "poq": {"required": ["maximumNumberOfEndPoints"]},
    "productOrder.modify": {"removed": ["envelopes"]},
}


def test_schemas_are_served_for_every_function_and_action() -> None:
    body = Shop(narrowed(**CONTEXT)).offering("uni-1g")
    contexts = [each["context"] for each in body["productOfferingContextualInfo"]]
    assert contexts == [
        {"businessFunction": "all", "productAction": "all"},
        {"businessFunction": "poq", "productAction": "all"},
        {"businessFunction": "productOrder", "productAction": "modify"},
    ]
    texts = [each["contextSchema"]["schema"] for each in body["productOfferingContextualInfo"]]
    assert texts[0] == body["productOfferingSpecification"]["schema"]
    for text in texts:
        schema = json.loads(text)
        known = list(_attributes(schema, schema))
        assert ("linkAggregation", {"const": "NONE"}) in [(name, _only(said, "const")) for name, said in known]
    assert "envelopes" in {name for name, _ in _attributes(json.loads(texts[0]), json.loads(texts[0]))}
    assert "envelopes" not in {name for name, _ in _attributes(json.loads(texts[2]), json.loads(texts[2]))}


def _only(said: Mapping[str, Any], word: str) -> dict[str, Any]:
    assert not ("enum" in said and "const" in said), "table 7: const stands in place of enum"
    return {word: said[word]} if word in said else {}


def _attributes(schema: Any, whole: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if "$ref" in schema:
        yield from _attributes(whole["definitions"][schema["$ref"].removeprefix("#/definitions/")], whole)
    for each in schema.get("allOf", ()):
        yield from _attributes(each, whole)
    yield from schema.get("properties", {}).items()


def _sent(shop: Shop, function: str, configuration: Mapping[str, Any]) -> Reply:
    item = uni_with(configuration)
    if function == "poq":
        return shop.call("productOfferingQualification", "createProductOfferingQualification", poq(item))
    if function == "quote":
        return shop.call("quote", "createQuote", quote(item))
    return shop.call("productOrder", "createProductOrder", order_of(item))


_ITEMS = {"poq": "productOfferingQualificationItem", "quote": "quoteItem", "order": "productOrderItem"}


@pytest.mark.parametrize("function", _ITEMS)
def test_the_very_schemas_that_are_served_bind_what_is_asked(function: str) -> None:
    shop = Shop(narrowed(**CONTEXT))
    place = f"/{_ITEMS[function]}/0/product/productConfiguration"
    good = {"linkAggregation": "NONE", "maximumNumberOfEndPoints": 4}
    assert _sent(shop, function, good).status == 201
    other = _sent(shop, function, {**good, "linkAggregation": "2_LINK_ALL_ACTIVE"})
    assert shop.refused(other) == {("invalidValue", f"{place}/linkAggregation")}
    assert other.body[0]["message"] == "W142 R49"
    lacking = _sent(shop, function, {})
    if function == "poq":
        assert shop.refused(lacking) == {("missingProperty", f"{place}/maximumNumberOfEndPoints")}
        assert lacking.body[0]["message"] == "W142 R44"
    else:
        assert lacking.status == 201


@pytest.mark.parametrize("function", _ITEMS)
def test_fixed_attributes_are_not_sent_where_that_was_agreed(function: str) -> None:
    shop = Shop(narrowed("not-sent", all=CONTEXT["all"]))
    assert _sent(shop, function, {}).status == 201
    refused = _sent(shop, function, {"linkAggregation": "NONE"})
    place = f"/{_ITEMS[function]}/0/product/productConfiguration/linkAggregation"
    assert shop.refused(refused) == {("unexpectedProperty", place)}
    assert refused.body[0]["message"] == "W142 R47"


@pytest.mark.parametrize(
    ("fixed", "sent", "kept"),
    [
        ("sent", {}, {"linkAggregation": "NONE", "maximumServiceFrameSize": 1600}),
        ("sent", {"maximumServiceFrameSize": 2000}, {"linkAggregation": "NONE", "maximumServiceFrameSize": 2000}),
        ("not-sent", {}, {"maximumServiceFrameSize": 1600}),
    ],
)
def test_the_inventory_has_defaults_and_fixed_values_as_agreed(
    fixed: str, sent: dict[str, Any], kept: dict[str, Any]
) -> None:
    shop = Shop(narrowed(fixed, all=CONTEXT["all"]))
    made = _sent(shop, "order", sent)
    assert made.status == 201, made.body
    shop.wait(60)
    order = shop.call("productOrder", "retrieveProductOrder", path=made.body["id"]).body
    product = shop.call("productInventory", "retrieveProduct", path=order["productOrderItem"][0]["product"]["id"]).body
    assert product["productConfiguration"] == {"@type": OPERATOR_UNI, **kept}
    assert order["productOrderItem"][0]["product"]["productConfiguration"] == {"@type": OPERATOR_UNI, **sent}


def test_a_schema_that_a_hand_has_written_binds_the_new_version() -> None:
    shop = Shop()
    shop.offering("uni-1g")
    text = json.dumps({"type": "object", "properties": {"maximumServiceFrameSize": {"const": 1600}}})
    info = [{"contextSchema": {"schema": text}, "context": {"businessFunction": "all", "productAction": "all"}}]
    fresh = shop.hand.change(None, "productOffering", "uni-1g", {"productOfferingContextualInfo": info})
    for size, status in ((1600, 201), (2000, 422)):
        item = uni_with({"maximumServiceFrameSize": size})
        item["product"]["productOffering"]["id"] = fresh
        assert shop.call("quote", "createQuote", quote(item)).status == status


# -- profiles --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overlay", "told"),
    [
        ({"offerings": {"epl": {"category": ["internt"]}}}, "/category/0: catalog.categories has no 'internt'; did you mean 'internet'?"),
        ({"catalog": {"categories": {"internet": {"parent": "internet"}}}}, "within each other: internet → internet"),
        ({"offerings": {"epl": {"transitions": [{"to": "announced"}]}}}, "from orderable it goes to endOfSale, onHold; not to 'announced'"),
        ({"offerings": {"ael-100": {"constraints": {"relations": {"CONNECTS_TO_UNI": {"min": 0}}}}}}, "at least 1 (W142-R28, R32)"),
        ({"offerings": {"uni-1g": {"milestones": ["DUG"]}}}, "operator-uni has no milestone 'DUG'"),
        ({"offerings": {"epl": {"context": {"poq.delete": {}}}}}, "there is no context 'poq.delete'"),
        ({"offerings": {"ael-100": {"context": {"all": {"fixed": {"maximumFrameSize": 12}}}}}}, "12 is no value of maximumFrameSize"),
        ({"offerings": {"ael-100": {"context": {"all": {"removed": ["frob"]}}}}}, "/context/all/removed/0: the product has no attribute frob"),
        ({"fixed": "not-sent", "offerings": {"ael-100": {"context": {"all": {"fixed": {"uniEp": {}}}}}}}, "the product requires uniEp"),
        ({"catalog": {"specifications": {"new": {}}}}, "no offering is of it: say its 'payload'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_catalog_is_told_with_its_place(overlay: dict[str, Any], told: str) -> None:
    with pytest.raises(FileProblem) as raised:
        load_profile(overlay=overlay)
    assert any(told in problem for problem in raised.value.problems), raised.value.problems


def test_attributes_within_others_are_narrowed_for_themselves() -> None:
    context = {"all": {"fixed": {"/uniEp/identifier": "uni-end"}, "required": ["/uniEp/identifier"]}}
    shop = Shop({"offerings": {"ael-100": {"context": context}}})
    schema = json.loads(shop.offering("ael-100")["productOfferingSpecification"]["schema"])
    ends = {name: dict(_attributes(said, schema)) for name, said in _attributes(schema, schema) if name.endswith("Ep")}
    assert ends["uniEp"]["identifier"]["const"] == "uni-end"
    assert "const" not in ends["enniEp"]["identifier"]
    item = {
        "id": "ael",
        "action": "add",
        "product": {
            "productOffering": {"id": "ael-100"},
            "productConfiguration": {"@type": ACCESS_ELINE, "uniEp": {"identifier": "other"}, "enniEp": {}},
            "productRelationship": [
                {"id": "prod-uni-ashburn-1", "relationshipType": "CONNECTS_TO_UNI"},
                {"id": "prod-enni-ashburn-1", "relationshipType": "CONNECTS_TO_ENNI"},
            ],
        },
        "relatedContactInformation": [contact("quoteItemTechnicalContact")],
    }
    place = "/quoteItem/0/product/productConfiguration/uniEp/identifier"
    assert shop.refused(shop.call("quote", "createQuote", quote(item))) == {("invalidValue", place)}


def test_last_update_never_stands_still() -> None:
    shop = Shop()
    seen = [shop.offering("epl")["lastUpdate"]]
    for word in ("a", "b", "c"):
        shop.hand.change(None, "productOffering", "epl", {"description": word})
        seen.append(shop.offering("epl")["lastUpdate"])
    moments = [datetime.fromisoformat(each) for each in seen]
    assert all(other - one >= timedelta(milliseconds=1) for one, other in pairwise(moments))


def test_discovery_offers_what_can_be_ordered() -> None:
    def offered(**words: Any) -> set[str]:
        shop = Shop({"offerings": {"uni-1g": words}})
        asked = {
            "action": "add",
            "productSpecification": {"id": "operator-uni"},
            "place": [{"@type": "GeographicAddressRef", "role": "INSTALL_LOCATION", "id": "addr-ashburn-20-main"}],
        }
        reply = shop.call("availabilityAndPricingDiscovery", "productOfferingAvailabilityRequest", asked)
        assert reply.status == 200, reply.body
        return {each["productOffering"]["id"] for each in reply.body["availableProductOfferingConfigurations"]}

    assert {"uni-1g", "uni-10g"} <= offered()
    assert offered(lifecycleStatus="onHold") == offered() - {"uni-1g"}
    assert "uni-1g" not in offered(lifecycleStatus="inTest")


def test_a_seller_that_starts_again_goes_on_with_its_catalog(tmp_path: Path) -> None:
    way = [{"to": "onHold", "after_seconds": HOUR}, {"to": "endOfSale", "after_seconds": HOUR}]
    late = {"extends": "epl", "name": "EPL, the new one", "after_seconds": 3 * HOUR}
    profile = load_profile(overlay={"offerings": {"epl": {"transitions": way}, "epl-new": late}})
    shop, url = Shop(), f"sqlite:///{tmp_path / 'seller.db'}"
    for wait, status, there in ((0.0, "orderable", False), (HOUR, "onHold", False), (3 * HOUR, "endOfSale", True)):
        store = open_store(url)
        shop.seller = Seller(RELEASE, profile, shop.clock, store=store)
        shop.wait(wait)
        assert shop.offering("epl")["lifecycleStatus"] == status
        assert ("epl-new" in shop.ids()) is there
        assert len(shop.ids(lifecycleStatus=status)) == {"orderable": 22}.get(status, 1)
        store.close()
