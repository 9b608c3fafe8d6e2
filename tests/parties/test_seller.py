"""The seller as a whole: what stays done when a call is refused, and calls at the same time."""

from __future__ import annotations

import threading
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


def test_in_real_time_nobody_waits_for_all_that_is_due_at_once():
    desk = Desk()
    made = [desk.call("quote", "createQuote", quote()).body["id"] for _ in range(60)]
    desk.seller._holds = True  # as behind a server in real time
    desk.wait(1)

    def states() -> list[str]:
        found = (desk.seller.store.get("", "quote", each) for each in made)
        return [each.body["state"] for each in found]

    assert desk.call("quote", "retrieveQuote", path=made[0]).body["state"] == "inProgress"  # due first, done first
    assert set(states()) == {"acknowledged", "inProgress"}, "the call was answered before all was done"
    desk.call("quote", "retrieveQuote", path=made[0])
    assert set(states()) == {"inProgress"}


def test_a_call_goes_before_the_timers_that_are_left():
    """The background has the turn again and again; a call that comes in the middle need not wait until it is done."""
    desk = Desk()
    for _ in range(40):
        desk.call("quote", "createQuote", quote())
    desk.seller._holds = True
    desk.wait(1)
    answered: list[int] = []
    done, came = 0, threading.Event()

    def work(act):
        def worked(*arguments):
            nonlocal done
            done += 1
            if done == 3:
                caller.start()
                came.wait(30)
            return act(*arguments)

        return worked

    def call() -> None:
        desk.seller._note_call(1)
        came.set()
        with desk.seller._in_turn():
            answered.append(done)
        desk.seller._note_call(-1)

    caller = threading.Thread(target=call)
    desk.seller._actions = {name: work(act) for name, act in desk.seller._actions.items()}
    while desk.seller.run_due(desk.seller._clock.now()):
        pass
    caller.join(30)
    assert 3 <= answered[0] < 20, "the turn was not kept until all was done"
