"""Lists that leave out what is known to match, and pages that do not go on from one another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from emulator.record.exchange import Exchange
from tests.judge.spoiling import nth, numbered, recorded, swapped, told, with_answer

LISTS = {
    "order/patch-and-find": ("listProductOrder", 0, "MEF123-O9.whole"),
    "order/cancel": ("listCancelProductOrder", 0, "MEF123-O13.whole"),
    "order/modify-delivery-date": ("listModifyProductOrderItemRequestedDeliveryDate", 0, "MEF123-O12.whole"),
    "poq/find": ("listProductOfferingQualification", 0, "MEF87.whole"),
    "quote/find": ("listQuote", 1, "MEF115.whole"),
    "inventory/find": ("listProduct", 2, "MEF116.whole"),
}


def shorter(exchange: Exchange, by: int = 1) -> Exchange:
    """A list without its last entries, with counts that fit what is left."""
    assert exchange.response is not None
    left = exchange.response.body[:-by]
    counts = {name: str(len(left)) for name, _ in exchange.response.headers if name.lower().endswith("-count")}
    return with_answer(exchange, lambda _: left, headers=counts)


def asking(exchange: Exchange, query: str) -> Exchange:
    url = exchange.request.url.partition("?")[0]
    return replace(exchange, request=replace(exchange.request, url=f"{url}?{query}"))


@pytest.mark.parametrize("name", LISTS)
def test_a_list_leaves_nothing_out(name: str) -> None:
    operation, index, rule = LISTS[name]
    run = recorded(name).exchanges
    assert told(run) == set()
    spoilt = swapped(run, shorter(nth(run, operation, index)))
    assert (rule, "fail", "seller") in told(spoilt)


@pytest.mark.parametrize("query", ["externalId=played-renamed&sort=id", "externalId=", "buyerId=another"])
def test_what_a_filter_means_has_to_be_known_and_whose_list_it_is(query: str) -> None:
    run = recorded("order/patch-and-find").exchanges
    spoilt = shorter(asking(nth(run, "listProductOrder"), query))
    assert not [one for one in told(swapped(run, spoilt)) if one[0] == "MEF123-O9.whole"]


def test_a_page_that_says_that_there_is_more_leaves_out_what_it_likes() -> None:
    run = recorded("order/patch-and-find").exchanges
    whole = nth(run, "listProductOrder", 1)
    for headers in ({"X-Pagination-Throttled": "true"}, {"X-Total-Count": "2"}):
        page = shorter(whole)
        assert page.response is not None
        plain = replace(page, response=replace(page.response, headers=(("Content-Type", "application/json"),)))
        assert told(swapped(run, with_answer(plain, headers=headers))) == set()


def test_lists_may_follow_a_moment_later() -> None:
    """What was created and is not read since may not have reached the lists: a hint, and no failure."""
    run = recorded("order/patch-and-find").exchanges
    placed, listed = nth(run, "createProductOrder", 1), nth(run, "listProductOrder", 1)
    early = [*run[: placed.n], asking(shorter(listed), "projectId=oit-interop")]
    assert {verdict for rule, verdict, _ in told(numbered(early)) if rule == "MEF123-O9.whole"} <= {"warning"}


def test_a_state_may_be_another_by_now() -> None:
    """It was seen before the list alone: nothing follows. Seen in the same state afterwards, it had to be there."""
    run = recorded("order/patch-and-find").exchanges
    listed = asking(shorter(nth(run, "listProductOrder")), "state=inProgress")
    before = numbered(swapped(run[: listed.n], listed))
    read = [each for each in before if each.operation == "retrieveProductOrder"][-1]
    assert not [rule for rule, _, _ in told(before) if rule == "MEF123-O9.whole"]
    after = numbered([*before, replace(read, at=listed.at)])
    assert {verdict for rule, verdict, _ in told(after) if rule == "MEF123-O9.whole"} == {"fail"}


def test_a_product_that_ends_may_be_gone() -> None:
    run = recorded("inventory/find").exchanges
    listed = nth(run, "listProduct", 2)

    def ended(products: Any) -> Any:
        return [{**one, "status": "terminated", "terminationDate": "2026-01-01T00:00:00Z"} for one in products]

    gone = asking(shorter(listed), "productOfferingId=ael-100")
    shown = with_answer(asking(listed, "productOfferingId=ael-100"), ended)
    assert not [one for one in told(numbered([shown, gone])) if one[0] == "MEF116.whole"]


FIND = "order/patch-and-find"


def test_a_page_before_the_end_is_not_empty() -> None:
    run = recorded(FIND).exchanges
    empty = with_answer(nth(run, "listProductOrder", 2), lambda _: [], headers={"X-Result-Count": "0"})
    assert ("MEF123.order-pages", "fail", "seller") in told(swapped(run, empty))
    beyond = asking(empty, "limit=1&offset=2")
    assert not [one for one in told(swapped(run, beyond)) if one[0] == "MEF123.order-pages"]


def test_pages_go_on_from_one_another() -> None:
    run = recorded(FIND).exchanges
    first, second = nth(run, "listProductOrder", 2), nth(run, "listProductOrder", 3)
    assert first.response is not None
    again = with_answer(second, lambda _: first.response.body)  # type: ignore[union-attr]
    assert ("MEF123.order-pages-go-on", "warning", "seller") in told(swapped(run, again))
    jumped = with_answer(second, headers={"X-Total-Count": "9"})
    assert ("MEF123.order-pages-go-on", "warning", "seller") in told(swapped(run, jumped))


def test_a_product_that_was_never_there_is_not_found() -> None:
    run = recorded("inventory/find").exchanges
    missing = nth(run, "retrieveProduct", -1)
    assert missing.response is not None
    assert missing.response.status == 404
    assert ("MEF116.unknown", "fail", "seller") in told(swapped(run, with_answer(missing, status=410)))
