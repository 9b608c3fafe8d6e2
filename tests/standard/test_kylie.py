"""Release Kylie's messages: places are told apart by `@type`, and each notification has a type of its own."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.record.payload import dump, parse
from emulator.standard.release import load_release

KYLIE = load_release("kylie")
ADDRESS = {"@type": "GeographicAddressRef", "id": "a-1"}
SITE = {"@type": "GeographicSiteRef", "id": "s-1", "href": "https://seller.example/s-1"}
QUERY = "GeographicAddress_Query"
TEXT = [{"formattedAddress": "20 Example Street, Exampleton"}]
UNIT = [{"subUnitNumber": "4", "subUnitType": "floor"}, {"subUnitNumber": "14", "subUnitType": "suite"}]
HOLDERS = [
    ("poq", "RelatedPlaceRefOrQueryWithSubUnit"),
    ("quote", "RelatedPlaceRefOrQueryWithSubUnit"),
    ("order", "RelatedPlaceRefOrQueryWithSubUnit"),
    ("inventory", "RelatedPlaceRefOrQuery"),
]


def wrong(api: str, schema: str, value: Any, kind: str = "management") -> list[str]:
    found = KYLIE.contract(api, kind).body_breaches(schema, parse(dump(value)), "request")
    return [breach.place for breach in found]


def at(place: Any, **more: Any) -> dict[str, Any]:
    return {"place": place, "role": "INSTALL_LOCATION", **more}


@pytest.mark.parametrize(("api", "schema"), HOLDERS, ids=[api for api, _ in HOLDERS])
@pytest.mark.parametrize(
    ("place", "places"),
    [
        (ADDRESS, []),
        (SITE, []),
        ({"@type": QUERY, "formattedAddressRepresentation": TEXT}, []),
        ({"@type": QUERY, "fieldedAddressRepresentation": [{"city": "Exampleton", "subUnit": UNIT}]}, []),
        ({"id": "a-1"}, ["/place/@type"]),
        ({"@type": "FieldedAddress", "city": "Exampleton"}, ["/place/@type"]),
        ({"@type": "GeographicAddress", "id": "a-1"}, ["/place/@type"]),
        ({"@type": "GeographicAddressRef"}, ["/place/id"]),
        ({"@type": "GeographicSiteRef", "id": 7}, ["/place/id"]),
        ({"@type": QUERY}, ["/place"]),
        ({"@type": QUERY, "id": "a-1"}, ["/place/id"]),
        ({**ADDRESS, "formattedAddressRepresentation": TEXT}, ["/place/formattedAddressRepresentation"]),
        ({"@type": QUERY, "labelRepresentation": [{"label": "PLTXCL01"}]},
         ["/place/labelRepresentation/0/administrativeAuthority"]),
        ({"@type": QUERY, "fieldedAddressRepresentation": [{"countryCode": "USA"}]},
         ["/place/fieldedAddressRepresentation/0/countryCode"]),
        ({"@type": QUERY, "fieldedAddressRepresentation": [{"subUnit": [{"subUnitNumber": "4"}]}]},
         ["/place/fieldedAddressRepresentation/0/subUnit/0/subUnitType"]),
        ("a-1", ["/place"]),
    ],
    ids=lambda given: str(given)[:50],
)  # fmt: skip
def test_a_place_is_what_its_type_says(api: str, schema: str, place: Any, places: list[str]) -> None:
    assert wrong(api, schema, at(place)) == places


@pytest.mark.parametrize(("api", "schema"), HOLDERS, ids=[api for api, _ in HOLDERS])
def test_a_place_stands_in_a_wrapper_with_its_role(api: str, schema: str) -> None:
    assert wrong(api, schema, {"place": ADDRESS}) == ["/role"]
    assert wrong(api, schema, {**ADDRESS, "role": "INSTALL_LOCATION"}) == ["/place", "/id"]
    with_units = schema.endswith("WithSubUnit")
    assert wrong(api, schema, at(ADDRESS, subUnit=UNIT)) == ([] if with_units else ["/subUnit"])


def test_a_site_lies_at_an_address_and_at_no_other_site() -> None:
    assert wrong("site", "GeographicSite_Query", {"place": ADDRESS, "networkType": "onNet"}) == []
    assert wrong("site", "GeographicSite_Query", {"place": SITE}) == ["/place/@type"]
    assert wrong("site", "GeographicSite_Query", {"place": [ADDRESS]}) == ["/place"]


def event(name: str, **payload: Any) -> dict[str, Any]:
    return {"eventId": "e-1", "eventTime": "2026-02-17T00:00:00Z", "eventType": name, "event": {"id": "1", **payload}}


@pytest.mark.parametrize(
    ("api", "schema", "sent", "places"),
    [
        ("quote", "QuoteStateChangeEvent", event("quoteStateChangeEvent", state="inProgress"), []),
        ("quote", "QuoteStateChangeEvent", event("quoteStateChangeEvent"), ["/event/state"]),
        ("quote", "QuoteStateChangeEvent", event("quoteStateChangeEvent", state="done"), ["/event/state"]),
        ("quote", "QuoteStateChangeEvent", event("quoteItemStateChangeEvent", state="inProgress"), ["/eventType"]),
        ("quote", "QuoteStateChangeEvent", event("quoteStateChangeEvent", state="inProgress", buyerId="b"),
         ["/event/buyerId"]),
        ("quote", "QuoteItemStateChangeEvent", event("quoteItemStateChangeEvent", state="abandoned"),
         ["/event/quoteItemId"]),
        ("order", "ChargeCreateEvent", event("chargeCreateEvent"), []),
        ("poq", "PoqItemStateChangeEvent", event("poqItemStateChangeEvent", state="done", poqItemId="1"), []),
        ("address", "GeographicAddressValidationEvent",
         event("geographicAddressValidationStateChangeEvent", state="ready"), []),
    ],
)  # fmt: skip
def test_an_event_is_of_one_type_and_names_the_new_state(api: str, schema: str, sent: Any, places: list[str]) -> None:
    assert wrong(api, schema, sent, "notification") == places


def test_facts_of_kylie_that_its_shape_alone_gives() -> None:
    facts = KYLIE.kinds.apis
    assert facts["geographicSite"].operations["listGeographicSite"].by == "V6"
    where = {
        name: (one.to, one.where)
        for name, one in facts["productInventory"].operations["listProduct"].filters.items()
        if name.startswith("geographic")
    }
    assert where == {
        "geographicAddressId": (("/place/*/place/id",), "GeographicAddressRef"),
        "geographicSiteId": (("/place/*/place/id",), "GeographicSiteRef"),
    }
    validation = KYLIE.kinds.kind("geographicAddressValidation")
    assert (validation.made_by, validation.state_at, validation.id_required) == ("buyer", "/state", False)
    assert facts["geographicAddress"].operations["createGeographicAddressValidation"].success == (200, 201)
    items = KYLIE.kinds.kind("quote").items
    assert items is not None
    assert items.history is not None
    told = {event.type: (event.shows, event.parties) for facts in facts.values() for event in facts.events.values()}
    assert told["quoteItemStateChangeEvent"] == ("state", "query")
    assert told["chargeCreateEvent"] == ("", "query")
    assert KYLIE.kinds.kind("quote").acts["declineQuote"].to == "declined"
