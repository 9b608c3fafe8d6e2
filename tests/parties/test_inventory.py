"""The product inventory (MEF 116). How orders change it is seen in test_order and test_cancel."""

from __future__ import annotations

from pathlib import Path

import pytest
from ordering import SIX_ROLES, Talk, add_uni, places


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(tmp_path)


def ids(talk: Talk, **query: str) -> list[str]:
    return [found["id"] for found in talk.ask("listProduct", api="productInventory", **query).body]


def test_what_is_installed_appears_in_every_run(talk: Talk) -> None:
    assert ids(talk) == ["prod-uni", "prod-ael"]
    assert ids(talk, run="r1") == ["prod-uni", "prod-ael"]
    product = talk.product("prod-ael")
    assert {contact["role"] for contact in product["relatedContactInformation"]} == set(SIX_ROLES)
    assert product["href"].endswith("/productInventory/v7/product/prod-ael")


def test_a_summary_has_the_members_of_the_contract_and_no_others(talk: Talk) -> None:
    contract = talk.release.contract("productInventory")
    known = set(contract.document["components"]["schemas"]["MEFProduct_Find"]["properties"])
    for found in talk.ask("listProduct", api="productInventory").body:
        assert set(found) <= known
        full = talk.product(found["id"])
        assert found == {name: value for name, value in full.items() if name in known and name in found}
        assert set(full) & known == set(found)


def test_filters(talk: Talk) -> None:
    order = talk.place(add_uni(), externalId="buyer-uni")
    talk.wait(10)
    made = ids(talk, productOrderId=order)
    assert len(made) == 1
    assert ids(talk, status="pendingActive") == made
    assert ids(talk, productSpecificationId="spec-uni") == made
    assert ids(talk, productOfferingId="uni-1g") == ["prod-uni", *made]
    assert ids(talk, externalId="buyer-ael") == ["prod-ael"]
    assert ids(talk, geographicalSiteId="site-1") == ["prod-uni", *made]
    assert ids(talk, relatedProductId="prod-uni") == ["prod-ael"]
    assert ids(talk, billingAccountId="ba-1") == ["prod-uni", *made]
    assert ids(talk, startDate__lt="2025-01-01T00:00:01Z") == ["prod-uni", "prod-ael"]
    assert ids(talk, startDate__gt="2025-01-01T00:00:00Z") == made
    assert ids(talk, startDate__gt="2025-01-01T01:00:00+02:00") == ["prod-uni", "prod-ael", *made]
    assert ids(talk, lastUpdateDate__lt="2025-01-01T00:00:00Z") == []
    assert ids(talk, lastUpdateDate__gt="2025-01-01T00:00:00Z") == made
    assert ids(talk, status="active", productOfferingId="ael-100") == ["prod-ael"]


def test_pages(talk: Talk) -> None:
    page = talk.ask("listProduct", api="productInventory", offset="1", limit="5")
    assert [found["id"] for found in page.body] == ["prod-ael"]
    assert page.headers["X-Total-Count"] == "2"
    assert page.headers["X-Result-Count"] == "1"


def test_too_many_are_refused_unless_a_page_is_asked_for(tmp_path: Path) -> None:
    talk = Talk(tmp_path, profile={"paging": {"too_many_products": 1}})
    refused = talk.ask("listProduct", api="productInventory")
    assert places(refused) == {("tooManyRecords", "")}
    assert ids(talk, productOfferingId="uni-1g") == ["prod-uni"]
    assert ids(talk, limit="1") == ["prod-uni"]
    assert places(talk.ask("listProduct", api="productInventory", offset="1")) == {("tooManyRecords", "")}


def test_unknown_product(talk: Talk) -> None:
    assert talk.ask("retrieveProduct", api="productInventory", id="nope").status == 404
