"""What the inventory and the sites show, against what was quoted, ordered and asked for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.judge.spoiling import nth, recorded, swapped, told, with_answer

PRICE = {
    "priceType": "recurring",
    "recurringChargePeriod": "month",
    "price": {"dutyFreeAmount": {"unit": "USD", "value": 1}},
}


@pytest.mark.parametrize("name", ["access-eline/new-install", "access-eline/modify-bandwidth"])
def test_a_product_costs_what_was_quoted(name: str) -> None:
    run = recorded(name).exchanges
    read = nth(run, "retrieveProduct", -1)
    dear = with_answer(read, lambda product: {**product, "productPrice": [PRICE]})
    assert ("MEF116.order", "warning", "seller") in told(swapped(run, dear))
    once = {"priceType": "nonRecurring", "price": {"dutyFreeAmount": {"unit": "USD", "value": 1}}}
    discount = with_answer(read, lambda product: {**product, "productPrice": [once]})
    assert told(swapped(run, discount)) == set()


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        ({"@type": "GeographicAddressRef", "id": "elsewhere"}, True),
        ({"@type": "FieldedAddress", "streetName": "Other", "city": "Nowhere", "country": "US"}, True),
        ({"@type": "MEFGeographicPoint", "spatialRef": "EPSG:4326 WGS 84", "x": "1", "y": "2"}, False),
    ],
)
def test_a_site_is_where_it_was_asked_for(place: dict[str, Any], wrong: bool) -> None:
    run = recorded("access-eline/new-install").exchanges
    listed = nth(run, "listGeographicSite")
    assert listed.response is not None
    assert listed.response.body
    moved = with_answer(listed, lambda sites: [{**site, "place": [place]} for site in sites])
    assert (("MEF122.elsewhere", "warning", "seller") in told(swapped(run, moved))) is wrong
