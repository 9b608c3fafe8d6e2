"""The seller as a whole: what stays done when a call is refused, and calls at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from trade import Desk, quote


def test_a_run_that_begins_with_a_refused_call_has_its_products():
    desk = Desk()
    assert desk.call("quote", "retrieveQuote", path="nope", run="a").status == 404
    assert len(desk.call("productInventory", "listProduct", run="a").body) == len(desk.seller.profile.products)


def test_what_was_due_stays_done_though_the_call_is_refused():
    desk = Desk()
    desk.call("quote", "createQuote", quote())
    told = []
    desk.seller.desk.observers.append(lambda _resource, _old, new, *_: told.append(new))
    desk.wait(1)
    for _ in range(3):
        assert desk.call("quote", "retrieveQuote", path="nope").status == 404
    assert told == ["inProgress", "inProgress"]  # the item's and the quote's, once each


def test_only_one_of_many_at_the_same_time_declines_a_quote():
    desk = Desk()
    made = desk.call("quote", "createQuote", quote(instantSyncQuote=True)).body
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: desk.call("quote", "rejectQuote", {"quoteId": made["id"]}).status, range(16)))
    assert sorted(done) == [200] + [422] * 15
    changes = desk.call("quote", "retrieveQuote", path=made["id"]).body["stateChange"]
    assert [change["state"] for change in changes] == ["approved.orderable", "declined"]
