"""Subscriptions and notifications, over HTTP (MEF 87 6.6, MEF 115 6.7 and 6.8, MEF 123 6.15 and 6.16)."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from listening import Listener, Site, breaches, site
from ordering import add_uni, contact, order
from test_charge import PATH as CHARGED
from trade import poq, quote

from emulator.judge.judge import judge
from emulator.judge.verdict import Blame
from emulator.parties.callbacks import Guard
from emulator.parties.clock import RealClock
from emulator.parties.delivery import Deliverer
from emulator.parties.store import Owed, StoreFault
from tests.tls import AUTHORITY, serving

POQ = "productOfferingQualification"
ORDER = "productOrder"
DATE = "modifyProductOrderItemRequestedDeliveryDate"
IN_ORDER = ["productOrderItemStateChangeEvent", "productOrderStateChangeEvent"]


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as made:
        yield made


def asked_poq(**more: Any) -> dict[str, Any]:
    return placed(poq(provideAlternative=False, **more), "productOfferingQualificationItem")


def asked_quote(**more: Any) -> dict[str, Any]:
    return placed(quote(**more), "quoteItem")


def placed(body: dict[str, Any], items: str) -> dict[str, Any]:
    for item in body[items]:
        item["product"]["place"] = [{"@type": "GeographicSiteRef", "id": "site-1", "role": "INSTALL_LOCATION"}]
    return body


def date_change(identifier: str) -> dict[str, Any]:
    return {
        "productOrderItem": {"productOrderId": identifier, "productOrderItemId": "uni"},
        "expediteIndicator": False,
        "requestedCompletionDate": "2030-01-01T00:00:00Z",
    }


# What is told


def test_a_qualification_that_is_answered_later(shop: Site, listener: Listener) -> None:
    shop.subscribe(POQ, listener.callback)
    made = shop.make(POQ, POQ, asked_poq(requestedPOQCompletionDate="2031-01-01T00:00:00Z"))
    assert listener.types() == ["poqCreateEvent"]
    shop.clock.sleep(10)
    changed = ["poqItemStateChangeEvent", "poqStateChangeEvent"]
    assert listener.types() == ["poqCreateEvent", *changed, *changed]
    assert all(each.body["event"]["id"] == made["id"] for each in listener.heard)
    assert listener.heard[1].body["event"]["poqItemId"] == "uni"
    assert [fault for each in listener.heard for fault in breaches(each, POQ)] == []
    # MEF87 says when: each event bears the time of the change, not that of its delivery.
    log = shop.ask("GET", POQ, f"{POQ}/{made['id']}").json()["stateChange"]
    times = [each.body["eventTime"] for each in listener.heard if each.type == "poqStateChangeEvent"]
    assert times == [entry["changeDate"] for entry in log[1:]]


def test_of_a_qualification_that_is_answered_at_once_only_its_making_is_told(shop: Site, listener: Listener) -> None:
    shop.subscribe(POQ, listener.callback)
    shop.make(POQ, POQ, asked_poq(instantSyncQualification=True))
    shop.clock.sleep(10)
    assert listener.types() == ["poqCreateEvent"]  # MEF87 R45, R46


def test_a_callback_behind_a_private_authority(shop: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting that holds for what a buyer sends holds for what a seller tells."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(AUTHORITY))
    secured = Listener(secured=serving())
    try:
        shop.subscribe(POQ, secured.callback)
        shop.make(POQ, POQ, asked_poq(instantSyncQualification=True))
        assert secured.types() == ["poqCreateEvent"]
    finally:
        secured.close()


def test_a_quote_that_is_answered_later(shop: Site, listener: Listener) -> None:
    shop.subscribe("quote", listener.callback)
    shop.make("quote", "quote", asked_quote(requestedQuoteCompletionDate="2031-01-01T00:00:00Z"))
    assert listener.types() == []  # the answer to the request tells of the quote's making
    shop.clock.sleep(10)
    assert listener.types() == ["quoteItemStateChangeEvent", "quoteStateChangeEvent"] * 2
    assert listener.heard[0].body["event"]["quoteItemId"] == "uni"
    assert [fault for each in listener.heard for fault in breaches(each, "quote")] == []


def test_a_quote_that_is_answered_at_once_and_declined(shop: Site, listener: Listener) -> None:
    shop.subscribe("quote", listener.callback)
    made = shop.make("quote", "quote", asked_quote(instantSyncQuote=True))
    shop.make("quote", "rejectQuote", {"quoteId": made["id"]})
    assert listener.types() == ["quoteStateChangeEvent"]  # MEF115 CR3


def test_an_order_to_its_end(shop: Site, listener: Listener) -> None:
    shop.subscribe(ORDER, listener.callback)
    shop.make(ORDER, ORDER, order(add_uni()))
    assert listener.types() == []  # MEF123 6.16: nobody is told of acknowledged
    shop.clock.sleep(10)
    assert listener.types() == [*IN_ORDER, "productOrderItemExpectedCompletionDateSet"]
    shop.clock.sleep(100)
    assert listener.types()[3:] == IN_ORDER
    assert {each.body["event"].get("orderItemId") for each in listener.heard} == {None, "uni"}
    assert [fault for each in listener.heard for fault in breaches(each, ORDER)] == []


def test_milestones_of_a_profile(tmp_path: Path, listener: Listener) -> None:
    reached = [{"name": "SITE_SURVEY", "date": "$gen.now"}]
    path = [
        {"to": "inProgress", "after_seconds": 10},
        {"to": "completed", "after_seconds": 10, "set": {"/productOrderItem/*/milestone": reached}},
    ]
    with site(tmp_path, behaviour={ORDER: {"path": path}}) as shop:
        shop.subscribe(ORDER, listener.callback, "eventType=productSpecificProductOrderItemMilestoneEvent")
        shop.make(ORDER, ORDER, order(add_uni()))
        shop.clock.sleep(60)
    assert listener.types() == ["productSpecificProductOrderItemMilestoneEvent"]
    assert listener.heard[0].body["event"]["milestoneName"] == "SITE_SURVEY"
    assert breaches(listener.heard[0], ORDER) == []


def test_a_charge_and_its_answer(tmp_path: Path, listener: Listener) -> None:
    with site(tmp_path, behaviour={ORDER: {"path": CHARGED}}) as shop:
        shop.subscribe(
            ORDER, listener.callback, "eventType=chargeCreateEvent,chargeStateChangeEvent,chargeTimeoutEvent"
        )
        shop.make(ORDER, ORDER, order(add_uni()))
        shop.clock.sleep(20)
        assert listener.types() == ["chargeCreateEvent"]
        charge = listener.heard[0].body["event"]["id"]
        answer = {"chargeItem": [{"id": "charge-001", "acceptanceIndicator": "accepted"}]}
        assert shop.ask("PATCH", ORDER, f"charge/{charge}", answer).status_code == 200
        assert listener.types() == ["chargeCreateEvent", "chargeStateChangeEvent"]
    assert [fault for each in listener.heard for fault in breaches(each, ORDER)] == []


def test_a_charge_without_an_answer(tmp_path: Path, listener: Listener) -> None:
    with site(tmp_path, behaviour={ORDER: {"path": CHARGED}}) as shop:
        shop.subscribe(ORDER, listener.callback, "eventType=chargeStateChangeEvent&eventType=chargeTimeoutEvent")
        shop.make(ORDER, ORDER, order(add_uni()))
        shop.clock.sleep(2000)
    assert listener.types() == ["chargeStateChangeEvent", "chargeTimeoutEvent"]


def test_a_cancellation(tmp_path: Path, listener: Listener) -> None:
    with site(tmp_path) as shop:
        shop.subscribe(ORDER, listener.callback, "eventType=cancelProductOrderStateChangeEvent")
        made = shop.make(ORDER, ORDER, order(add_uni()))
        request = {
            "cancellationReason": "Changed my mind",
            "productOrder": {"productOrderId": made["id"]},
            "relatedContactInformation": [contact("cancelProductOrderContact")],
        }
        asked = shop.make(ORDER, "cancelProductOrder", request)
        shop.clock.sleep(60)
    assert listener.types() == ["cancelProductOrderStateChangeEvent"]
    assert listener.heard[0].body["event"]["id"] == asked["id"]
    assert breaches(listener.heard[0], ORDER) == []


def test_another_delivery_date(shop: Site, listener: Listener) -> None:
    shop.subscribe(ORDER, listener.callback)
    made = shop.make(ORDER, ORDER, order(add_uni()))
    shop.clock.sleep(20)
    before = len(listener.heard)
    asked = shop.make(ORDER, DATE, date_change(made["id"]))
    shop.clock.sleep(3)
    new = listener.heard[before:]
    assert [each.type for each in new] == [
        *IN_ORDER,  # pending
        "productOrderItemExpectedCompletionDateSet",
        f"{DATE}StateChangeEvent",
        *IN_ORDER,  # at work again
    ]
    assert new[3].body["event"]["id"] == asked["id"]
    assert [fault for each in new for fault in breaches(each, ORDER)] == []


# Who is told


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (None, {"quoteItemStateChangeEvent", "quoteStateChangeEvent"}),
        ("", {"quoteItemStateChangeEvent", "quoteStateChangeEvent"}),
        ("eventType=quoteStateChangeEvent", {"quoteStateChangeEvent"}),
        ("eventType = quoteStateChangeEvent", {"quoteStateChangeEvent"}),
        (
            "eventType=quoteStateChangeEvent,quoteItemStateChangeEvent",
            {"quoteItemStateChangeEvent", "quoteStateChangeEvent"},
        ),
        (
            "eventType=quoteStateChangeEvent&eventType=quoteItemStateChangeEvent",
            {"quoteItemStateChangeEvent", "quoteStateChangeEvent"},
        ),
    ],
)
def test_only_what_was_asked_for_is_told(shop: Site, listener: Listener, query: str | None, wanted: set[str]) -> None:
    shop.subscribe("quote", listener.callback, query)
    shop.make("quote", "quote", asked_quote())
    shop.clock.sleep(10)
    assert set(listener.types()) == wanted


def test_the_other_name_of_the_event_for_a_date(shop: Site, listener: Listener) -> None:
    shop.subscribe(ORDER, listener.callback, "eventType=productOrderItemExpectedCompletionDateSetEvent")
    shop.make(ORDER, ORDER, order(add_uni()))
    shop.clock.sleep(20)
    assert listener.types() == ["productOrderItemExpectedCompletionDateSet"]


@pytest.mark.parametrize(
    "query",
    [
        "eventType=quoteStateChangeEvents",
        "eventType=poqStateChangeEvent",
        "eventType=quoteStateChangeEvent,",
        "eventType=",
        "quoteStateChangeEvent",
        "eventId=1",
        "eventType=quoteStateChangeEvent&eventId=1",
    ],
)
def test_a_query_that_means_nothing_is_refused(shop: Site, query: str) -> None:
    done = shop.ask("POST", "quote", "hub", {"callback": "http://127.0.0.1:9", "query": query})
    if query.endswith(","):
        assert done.status_code == 201  # an empty name among others does no harm
        return
    assert (done.status_code, done.json()["code"]) == (400, "invalidBody")


def test_without_a_subscription_nobody_is_told(shop: Site) -> None:
    shop.make("quote", "quote", asked_quote())
    shop.clock.sleep(10)
    assert shop.told() == []
    assert shop.seller.store.next_owed() is None


def test_a_run_and_an_api_have_subscriptions_of_their_own(shop: Site, listener: Listener) -> None:
    shop.run = "other"
    shop.subscribe("quote", f"{listener.callback}/other-run")
    shop.run = ""
    shop.subscribe(POQ, f"{listener.callback}/other-api")
    shop.make("quote", "quote", asked_quote())
    shop.clock.sleep(10)
    assert listener.heard == []


def test_after_its_end_a_subscription_brings_nothing(shop: Site, listener: Listener) -> None:
    first = shop.subscribe("quote", f"{listener.callback}/first")
    shop.subscribe("quote", f"{listener.callback}/second")
    shop.make("quote", "quote", asked_quote())
    shop.clock.sleep(1)
    before = len(listener.heard)
    assert before == 4
    assert shop.ask("DELETE", "quote", f"hub/{first}").status_code == 204
    shop.clock.sleep(10)
    assert {each.path.split("/")[1] for each in listener.heard[before:]} == {"second"}


def test_what_is_owed_is_forgotten_with_the_subscription(shop: Site) -> None:
    there = Listener(lambda _: 500)
    mine = shop.subscribe("quote", there.callback)
    shop.make("quote", "quote", asked_quote())
    shop.clock.sleep(1)
    assert len(shop.seller.store.owed_to("", mine)) == 2
    shop.ask("DELETE", "quote", f"hub/{mine}")
    assert shop.seller.store.next_owed() is None
    there.close()


def test_a_buyer_has_so_many_subscriptions_and_no_more(tmp_path: Path, listener: Listener) -> None:
    with site(tmp_path, notifications={"subscriptions": 2}) as shop:
        first = shop.subscribe("quote", listener.callback)
        shop.subscribe("quote", listener.callback)
        shop.subscribe(ORDER, listener.callback)  # each API counts for itself
        refused = shop.ask("POST", "quote", "hub", {"callback": listener.callback})
        assert (refused.status_code, refused.json()["code"]) == (403, "tooManyUsers")
        shop.ask("DELETE", "quote", f"hub/{first}")
        shop.subscribe("quote", listener.callback)


def test_a_subscription_can_be_read_where_the_standard_says_so(shop: Site, listener: Listener) -> None:
    made = shop.make(ORDER, "hub", {"callback": listener.callback, "query": "eventType=chargeCreateEvent"})
    assert made["query"] == "eventType=chargeCreateEvent"
    assert shop.ask("GET", ORDER, f"hub/{made['id']}").json() == made
    assert shop.ask("GET", ORDER, "hub/nope").status_code == 404
    assert shop.ask("GET", "quote", f"hub/{made['id']}").status_code == 405


def test_the_parties_are_those_of_the_subscription(tmp_path: Path, listener: Listener) -> None:
    with site(tmp_path, represents={"buyers": ["ann", "bob"]}) as shop:
        for who in ("ann", "bob"):
            shop.subscribe("quote", f"{listener.callback}/{who}", buyerId=who, sellerId="seller-1")
        shop.make("quote", "quote", asked_quote(), buyerId="ann")
        shop.clock.sleep(10)
        assert len(shop.told()) == len(listener.heard) == 4
    assert {each.path.split("/")[1] for each in listener.heard} == {"ann"}
    assert {(each.body["event"]["buyerId"], each.body["event"]["sellerId"]) for each in listener.heard} == {
        ("ann", "seller-1")
    }


# How it is told


def test_a_delivery_that_fails_is_tried_again_and_the_order_is_kept(shop: Site) -> None:
    there = Listener(lambda n: 500 if n in (2, 3) else 204)
    shop.subscribe("quote", there.callback)
    shop.make("quote", "quote", asked_quote())
    shop.clock.sleep(600)
    assert there.types() == ["quoteItemStateChangeEvent", "quoteStateChangeEvent"] * 2
    tries = shop.told()
    assert [each.response and each.response.status for each in tries] == [204, 500, 500, 204, 204, 204]
    assert len({each.request.body["eventId"] for each in tries[1:4]}) == 1
    assert [tries[n + 1].at - tries[n].at for n in (1, 2)] == [timedelta(seconds=1), timedelta(seconds=5)]
    there.close()


@pytest.mark.parametrize("status", [200, 302, 307, 404, 500])
def test_only_204_will_do_and_nobody_is_followed(tmp_path: Path, status: int, caplog: Any) -> None:
    there = Listener(lambda _: status)
    with site(tmp_path, notifications={"attempts": 3, "backoff": [1, 2]}) as shop:
        mine = shop.subscribe(POQ, there.callback)
        shop.make(POQ, POQ, asked_poq(instantSyncQualification=True))
        shop.clock.sleep(60)
        assert len(shop.told()) == there.requests == 3
        dead = shop.seller.store.dead_letters("")
    assert [(each.subscription, each.event, each.attempts) for each in dead] == [(mine, "poqCreateEvent", 3)]
    assert str(status) in str(dead[0].fault)
    assert "poqCreateEvent" in caplog.text
    there.close()


def test_after_a_dead_letter_the_next_is_sent(tmp_path: Path) -> None:
    there = Listener(lambda n: 500 if n <= 2 else 204)
    with site(tmp_path, notifications={"attempts": 2, "backoff": [1]}) as shop:
        shop.subscribe("quote", there.callback)
        shop.make("quote", "quote", asked_quote())
        shop.clock.sleep(60)
    assert there.types() == ["quoteStateChangeEvent", "quoteItemStateChangeEvent", "quoteStateChangeEvent"]
    there.close()


def test_the_same_seed_tells_the_same(tmp_path: Path) -> None:
    told = []
    for _ in range(2):
        there = Listener()
        with site(tmp_path) as shop:
            shop.subscribe("quote", there.callback)
            shop.make("quote", "quote", asked_quote())
            shop.clock.sleep(10)
        told.append([(each.path, each.body["eventId"], each.body["event"]["id"]) for each in there.heard])
        there.close()
    assert told[0] == told[1]


def test_our_own_notifications_are_right_to_the_judge(tmp_path: Path, listener: Listener) -> None:
    with site(tmp_path, behaviour={ORDER: {"path": CHARGED}}) as shop:
        for api in (POQ, "quote", ORDER):
            shop.subscribe(api, listener.callback)
        for deferred in (True, False):
            shop.make(POQ, POQ, asked_poq(instantSyncQualification=not deferred))
            made = shop.make("quote", "quote", asked_quote(instantSyncQuote=not deferred))
            shop.clock.sleep(5)
            shop.ask("GET", "quote", f"quote/{made['id']}")
            shop.make("quote", "rejectQuote", {"quoteId": made["id"]})
            shop.ask("GET", "quote", f"quote/{made['id']}")
        placed_order = shop.make(ORDER, ORDER, order(add_uni()))["id"]
        for _ in range(4):
            shop.clock.sleep(10)
            shop.ask("GET", ORDER, f"{ORDER}/{placed_order}")
        charge = next(each for each in listener.heard if each.type == "chargeCreateEvent").body["event"]["id"]
        shop.ask("GET", ORDER, f"charge/{charge}")
        answer = {"chargeItem": [{"id": "charge-001", "acceptanceIndicator": "accepted"}]}
        assert shop.ask("PATCH", ORDER, f"charge/{charge}", answer).status_code == 200
        shop.clock.sleep(120)
        assert shop.ask("GET", ORDER, f"{ORDER}/{placed_order}").json()["state"] == "completed"
        assert len({each.type for each in listener.heard}) == 10
        found = judge(tuple(shop.transcripts[""]), shop.seller.context.release).findings
    assert [each for each in found if each.blame is not Blame.BUYER] == []


# In real time


def test_nothing_is_told_before_the_reply(tmp_path: Path, listener: Listener) -> None:
    """The reply to a slow reader is still on its way: what it caused waits, what others caused does not."""
    with site(tmp_path, RealClock()) as shop:
        shop.subscribe(POQ, listener.callback)
        replied, waiting, release = shop.server._replied, threading.Event(), threading.Event()

        def slowly(call: Any) -> None:
            waiting.set()
            threading.Thread(target=lambda: (release.wait(30), replied(call)), daemon=True).start()

        shop.server._replied = slowly
        held = shop.make(POQ, POQ, asked_poq(instantSyncQualification=True))["id"]
        assert waiting.wait(30)
        shop.server._replied = replied
        shop.subscribe(POQ, f"{listener.callback}/second")
        shop.make(POQ, POQ, asked_poq(instantSyncQualification=True))
        listener.wait_for(lambda: listener.heard)
        assert [each.path.split("/")[1] for each in listener.heard] == ["second"]
        release.set()
        listener.wait_for(lambda: len(listener.heard) == 3)
        assert [each.body["event"]["id"] == held for each in listener.heard] == [False, True, False]


def test_who_is_one_of_several_buyers_is_told_in_real_time(tmp_path: Path, listener: Listener) -> None:
    with site(tmp_path, RealClock(), represents={"buyers": ["ann", "bob"]}) as shop:
        shop.subscribe(POQ, listener.callback, buyerId="ann")
        shop.make(POQ, POQ, asked_poq(instantSyncQualification=True), buyerId="ann")
        listener.wait_for(lambda: listener.heard)


def test_who_sends_is_woken_by_the_reply_that_something_waited_for(shop: Site) -> None:
    """A call that makes us owe nothing wakes nobody."""
    clock, woken = RealClock(), []
    clock.on_wake = woken.append
    seller, call = shop.seller, SimpleNamespace(release="")
    seller._clock, seller.desk.soonest = clock, None
    seller.hub.begin()
    seller.hub.hold(call)
    seller.replied(call)
    assert woken == []
    seller.hub._fresh.append("owed")
    seller.hub.hold(call)
    seller.replied(call)
    assert woken == [None]


def test_what_a_call_that_is_played_again_held_first_is_held_no_more(shop: Site) -> None:
    """The database may end a call's transaction and have it played again: only what the last play owes is held."""
    hub, call = shop.seller.hub, object()
    hub.begin()
    hub._fresh.append("lost")
    hub.hold(call)
    hub.begin()
    hub._fresh.append("kept")
    hub.hold(call)
    assert (hub.is_held("lost"), hub.is_held("kept")) == (False, True)
    hub.release(call)
    assert not hub.is_held("kept")


def test_what_was_delivered_is_noted_though_the_database_wants_another_go(
    shop: Site, listener: Listener, monkeypatch: Any
) -> None:
    shop.subscribe(POQ, listener.callback)
    store = shop.seller.store
    settle, asked = store.settle_owed, []

    def settled(*arguments: Any) -> None:
        asked.append(arguments)
        if len(asked) == 1:
            raise StoreFault("deadlock detected", again=True)
        settle(*arguments)

    def attempt(work: Any) -> Any:
        try:
            return work()
        except StoreFault:
            return work()

    monkeypatch.setattr(store, "settle_owed", settled)
    monkeypatch.setattr(store, "attempt", attempt)  # a store in memory never asks for it
    shop.make(POQ, POQ, asked_poq(instantSyncQualification=True))
    shop.clock.sleep(600)
    assert len(listener.heard) == 1
    assert store.next_owed() is None


def test_what_waited_too_long_for_a_thread_is_given_back(shop: Site, listener: Listener) -> None:
    """Its lease might end before its delivery does, and then another process would deliver it too."""
    mine = shop.subscribe(POQ, listener.callback)
    (deliverer,) = [each for each in shop.clock._workers if isinstance(each, Deliverer)]
    owed = Owed("e/1", "", POQ, mine, "poqCreateEvent", {}, shop.clock.now() + timedelta(hours=1))
    shop.seller.store.owe(owed)
    deliverer._in_thread(owed, time.monotonic() - 20, slow=False)
    assert listener.heard == []
    assert shop.seller.store.owed_to("", mine) == [owed]


def test_a_thousand_subscriptions_with_a_dead_and_a_hanging_one(tmp_path: Path, listener: Listener) -> None:
    """The others get theirs; threads are few, and what the two are owed is one notification for each event."""
    gone = socket.create_server(("127.0.0.1", 0))
    dead = f"http://127.0.0.1:{gone.getsockname()[1]}"
    gone.close()
    settings = {"attempts": 2, "timeout": 3, "backoff": [0.1]}
    with site(tmp_path, RealClock(), notifications=settings) as shop:
        mine = shop.subscribe(POQ, dead), shop.subscribe(POQ, f"{listener.callback}/hang")
        for n in range(998):
            shop.seller.context.store.add(_copy(shop, mine[0], n, f"{listener.callback}/{n}"))
        before, most = threading.active_count(), 0
        shop.make(POQ, POQ, asked_poq(instantSyncQualification=True))

        def enough() -> bool:
            nonlocal most
            most = max(most, threading.active_count())
            return len({each.path.split("/")[1] for each in listener.heard}) == 998

        listener.wait_for(enough)
        # The deliverer's own, the watch over each delivery, the listener's own for each request.
        assert most - before < 100
        listener.wait_for(lambda: len(shop.seller.store.dead_letters("")) == 2)
        assert {each.subscription for each in shop.seller.store.dead_letters("")} == set(mine)
        assert shop.seller.store.next_owed() is None
    assert len(listener.heard) == 998


def _copy(shop: Site, identifier: str, n: int, callback: str) -> Any:
    made = shop.seller.store.get("", f"hub.{POQ}", identifier)
    made.id = f"copy-{n}"
    made.body["shown"] = {"callback": callback, "id": made.id}
    return made


# Where callbacks lead


@pytest.mark.parametrize(
    "callback",
    [
        "",
        "b.example",
        "ftp://b.example",
        "file:///etc/passwd",
        "http://",
        "http://b:99999999/",
        "http://b x/",
        "http://b\n/",
        "http://b\\@c/",
        "http://ann:secret@b.example/",
        "http://b.example/?x=1",
        "http://b.example/#x",
        "http://169.254.169.254/latest",
        "http://[fe80::1]/",
        "http://[fe80::1%25eth0]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://0251.0376.0251.0376/",
        "http://169.254.43518/",
        "http://0.0.0.0/",
        "http://0/",
        "http://[::]/",
        "http://224.0.0.1/",
        "http://[ff02::1]/",
        "http://255.255.255.255/",
        "http://100.100.100.200/",
        "http://[fd00:ec2::254]/",
        "http://[fd20:ce::254]/",
        "http://168.63.129.16/",
        "http://[fec0::1]/",
        "http://[64:ff9b:1::a9fe:a9fe]/",
        "http://[64:ff9b:1:a9fe:a9:fe00:808:808]/",
        "http://[64:ff9b:1:a9:fe:a9fe:808:808]/",
        "http://[64:ff9b:1:0:a9:fea9:fe08:808]/",
        "http://[::ffff:0:169.254.169.254]/",
        "http://[::169.254.169.254]/",
        "http://[2002:a9fe:a9fe::1]/",
        "http://[2001:0:a9fe:a9fe::1]/",
        "http://[2001:0:808:808:0:0:5601:5601]/",
        "http://b.example:0/",
        "http://b.example:00000/",
        "http://127.0.0.1:0/",
        "http://[2001:db8::5efe:169.254.169.254]/",
        "http://metadata.google.internal/",
        "http://METADATA.google.internal./",
    ],
)
def test_callbacks_that_are_refused(shop: Site, callback: str) -> None:
    done = shop.ask("POST", ORDER, "hub", {"callback": callback})
    assert done.status_code == 400, done.text
    assert done.json()["code"] == "invalidBody"


@pytest.mark.parametrize(
    "callback",
    [
        "http://127.0.0.1:9",
        "http://[::1]:9/x",
        "http://localhost/",
        "https://b.example",
        "http://10.1.2.3",
        "http://8.8.8.8",
        "http://[64:ff9b:1::808:808]/",
        "http://[::ffff:0:8.8.8.8]/",
        "http://b.example:/",
    ],
)
def test_callbacks_that_are_taken(shop: Site, callback: str) -> None:
    assert shop.ask("POST", ORDER, "hub", {"callback": callback}).status_code == 201


@pytest.mark.parametrize(
    ("settings", "callback", "right"),
    [
        ({"deny": ["private"]}, "http://10.1.2.3", False),
        ({"deny": ["loopback"]}, "http://127.0.0.1:9", False),
        ({"deny": ["loopback"]}, "http://[::1]:9", False),
        ({"deny": ["all"], "allow": ["203.0.113.0/24"]}, "http://203.0.113.7", True),
        ({"deny": ["all"], "allow": ["203.0.113.0/24"]}, "http://203.0.114.7", False),
        ({"allow": ["169.254.7.0/24"]}, "http://169.254.7.7", True),
        ({"allow": ["169.254.0.0/16"]}, "http://169.254.169.254", True),
        ({"allow": ["100.64.0.0/10"]}, "http://100.100.100.200", False),
        ({"allow": ["10.0.0.0/8"], "deny": ["10.0.0.0/8"]}, "http://10.0.0.1", False),
    ],
)
def test_a_profile_opens_and_closes(settings: dict[str, Any], callback: str, right: bool) -> None:
    assert (Guard(**settings).problem(callback) is None) is right


def test_a_name_is_looked_up_when_it_is_called(shop: Site, monkeypatch: Any) -> None:
    """A name that leads to a forbidden address by then is not called, and not tried again."""
    shop.subscribe(POQ, "http://rebound.example:8080")
    looked_up = socket.getaddrinfo

    def lookup(host: Any, *more: Any, **named: Any) -> Any:
        known = {"rebound.example": "169.254.169.254"}
        return looked_up(known.get(host, host), *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    shop.make(POQ, POQ, asked_poq(instantSyncQualification=True))
    assert shop.told() == []
    assert "169.254.169.254" in str(shop.seller.store.dead_letters("")[0].fault)


def test_what_was_looked_up_is_what_is_called(shop: Site, listener: Listener, monkeypatch: Any) -> None:
    """A name is looked up once for a delivery: a second answer that leads elsewhere comes too late."""
    shop.subscribe(POQ, listener.callback.replace("127.0.0.1", "rebound.example"))
    looked_up, asked = socket.getaddrinfo, []

    def lookup(host: Any, *more: Any, **named: Any) -> Any:
        if host == "rebound.example":
            asked.append(host)
            host = "127.0.0.1" if len(asked) == 1 else "169.254.169.254"
        return looked_up(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    shop.make(POQ, POQ, asked_poq(instantSyncQualification=True))
    assert listener.types() == ["poqCreateEvent"]
    assert asked == ["rebound.example"]


def test_a_name_that_nobody_knows_is_tried_again(shop: Site, monkeypatch: Any) -> None:
    shop.subscribe(POQ, "http://nobody.invalid")
    looked_up = socket.getaddrinfo

    def lookup(host: Any, *more: Any, **named: Any) -> Any:
        if host == "nobody.invalid":
            raise socket.gaierror(-2, "Name or service not known")
        return looked_up(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    shop.make(POQ, POQ, asked_poq(instantSyncQualification=True))
    shop.clock.sleep(600)
    assert len(shop.told()) == 5
    assert {each.fault and each.fault.kind for each in shop.told()} == {"unreachable"}
