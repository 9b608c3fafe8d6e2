"""`kill -9` of a seller at any moment loses nothing that was acknowledged and does nothing twice; nor do two sellers.

OIT_SOAK=1 (`make soak`) makes of the handful of rounds and orders here as many as are worth an evening.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest
import requests

from emulator.parties.opening import open_store
from emulator.parties.sql import SqlStore
from emulator.parties.store import Resource
from tests.parties import ordering, trade
from tests.parties.databases import database
from tests.parties.durable import PATIENCE, Listener, Load, is_idle, listening, sellers, until

SOAK = bool(os.environ.get("OIT_SOAK"))
ROUNDS = 25 if SOAK else 1
ORDERS = 10_000 if SOAK else 40
LONG = PATIENCE * (15 if SOAK else 1)
POQ = "/mefApi/sonata/productOfferingQualification/v7"
ORDER = "/mefApi/sonata/productOrderingManagement/v10"
SWIFT = {
    "extends": "wholesale-seller",
    "intervals": {"poq": {"start": 0.05, "finish": 0.05}},
    "notifications": {"attempts": 50, "backoff": [0.2]},
}


@pytest.fixture
def swift(tmp_path) -> Path:
    """The profile of a seller who is at each step of a POQ for a twentieth of a second."""
    file = tmp_path / "swift.yaml"
    file.write_bytes(orjson.dumps(SWIFT))
    return file


@dataclass
class Sent:
    """What was acknowledged, with the number of the seller process that did it."""

    poqs: dict[str, int] = field(default_factory=dict)
    subscriptions: dict[str, int] = field(default_factory=dict)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_killed_seller_goes_on_where_it_was(kind, tmp_path, swift):
    """Each round: load, SIGKILL at some moment of it, look into the database, start again on it."""
    chance = random.Random(7)
    sent = Sent()
    with database(kind, tmp_path) as url, listening() as listener:
        assert url is not None
        for listener.era in range(ROUNDS):
            with sellers(url, swift) as (seller,):
                if listener.era % 5 == 0:
                    sent.subscriptions[subscribe(seller.url, listener)] = listener.era
                load = Load([seller.url], f"{POQ}/productOfferingQualification", trade.poq())
                load.wait_for(chance.randint(1, 60))
                seller.kill()
                load.end()
            assert not load.refused
            sent.poqs |= {poq["id"]: listener.era for poq in load.acknowledged}
            assert_nothing_lost(url, sent)
        listener.era += 1
        with sellers(url, swift) as (seller,):
            for identifier in (*sent.poqs,)[:: max(1, len(sent.poqs) - 1)]:
                shown = requests.get(f"{seller.url}{POQ}/productOfferingQualification/{identifier}", timeout=PATIENCE)
                assert shown.status_code == 200
            store = open_store(url)
            until(lambda: is_idle(store), "the end of all timers and notifications", LONG)
            store.close()
            assert "Traceback" not in seller.stop()
        done = look(url)
        assert all(poq.body["state"].startswith("done") for poq in done.values())
        assert_each_once(done)
        assert_notified(listener, done, sent)
        assert_recorded(url, sent)


def subscribe(url: str, listener: Listener) -> str:
    """Subscribe with a callback of one's own; its path tells whom a notification is for."""
    wanted = {"callback": f"{listener.url}/{listener.era}", "query": "eventType=poqStateChangeEvent"}
    answer = requests.post(f"{url}{POQ}/hub", json=wanted, timeout=PATIENCE)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def look(url: str) -> dict[str, Resource]:
    """The POQs in a database."""
    store = open_store(url)
    try:
        return {found.id: found for found in store.all("", "productOfferingQualification")}
    finally:
        store.close()


def assert_nothing_lost(url: str, sent: Sent) -> None:
    there = look(url)
    store = open_store(url)
    for identifier in sent.poqs:
        assert identifier in there, "an acknowledged POQ is gone"
        planned = store.timers("", "productOfferingQualification", identifier)
        ended = there[identifier].body["state"].startswith("done")
        assert len(planned) == (0 if ended else 1), "a POQ on its way has one timer, one at its end has none"
    for identifier in sent.subscriptions:
        assert store.get("", "hub.productOfferingQualification", identifier) is not None
    store.close()


def assert_each_once(there: dict[str, Resource]) -> None:
    for found in there.values():
        states = [entry["state"] for entry in found.body["stateChange"]]
        assert len(states) == len(set(states)), f"a transition happened twice: {states}"


def assert_notified(listener: Listener, done: dict[str, Resource], sent: Sent) -> None:
    """Every subscriber was told of every change, and of none again but of the one that a kill cut off.

    Whether a subscriber's 204 reached a process that died is for nobody to know: that one notification comes again.
    """
    eras: dict[tuple[int, str], list[int]] = {}
    told: Counter[tuple[int, str]] = Counter()
    for note in listener.heard:
        subscriber = int(note["path"].split("/")[1])
        came = eras.setdefault((subscriber, note["eventId"]), [])
        told[subscriber, note["event"]["id"]] += not came
        came.append(note["era"])
    for subscriber in sent.subscriptions.values():
        for identifier, era in sent.poqs.items():
            changes = len(done[identifier].body["stateChange"]) - 1 if era >= subscriber else 0
            assert told[subscriber, identifier] >= changes, "a change of state that was never told"
    cut_off: Counter[tuple[int, int]] = Counter()
    for (subscriber, _), came in eras.items():
        assert len(came) == len(set(came)), "a notification came again from the process that had its 204"
        cut_off.update((subscriber, era) for era in came[:-1])
    assert all(count == 1 for count in cut_off.values()), (
        "more came again than was on its way when the seller was killed"
    )


def assert_recorded(url: str, sent: Sent) -> None:
    """Each acknowledged request is in the transcript."""
    from emulator.parties.recorder import DurableTranscript

    store = open_store(url)
    assert isinstance(store, SqlStore)
    answered = {
        exchange.response.body["id"]
        for exchange in DurableTranscript(store.database, "")
        if exchange.operation == "createProductOfferingQualification" and exchange.response.status == 201
    }
    store.close()
    assert set(sent.poqs) <= answered


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_sellers_on_one_database_are_one_seller(kind, tmp_path):
    """Orders through both; whoever gets to a timer first makes the transition, and nobody makes it again."""
    profile = tmp_path / "small.yaml"
    intervals = {"order": {"assess": 0.05, "work": 0.05, "cancellation": 0}}
    profile.write_bytes(orjson.dumps({**ordering.PROFILE, "intervals": intervals}))
    with database(kind, tmp_path) as url:
        assert url is not None
        with sellers(url, profile, 2) as both:
            urls = [each.url for each in both]
            body = ordering.order(ordering.add_uni())
            load = Load(urls, f"{ORDER}/productOrder", body, buyers=8, most=ORDERS)
            load.finish()
            assert not load.refused, load.refused[0]
            assert len(load.acknowledged) == ORDERS
            store = open_store(url)
            until(lambda: is_idle(store), "the end of all orders", LONG)
            for each, asked in zip(load.acknowledged[:4], urls * 2, strict=True):
                shown = requests.get(f"{asked}{ORDER}/productOrder/{each['id']}", timeout=PATIENCE).json()
                assert shown["state"] == "completed"
            for each in both:
                assert "Traceback" not in each.stop()
        orders = list(store.all("", "productOrder"))
        assert len(orders) == ORDERS
        for found in orders:
            states = [entry["state"] for entry in found.body["stateChange"]]
            assert states == ["acknowledged", "inProgress", "completed"]
        made = Counter(product.body["productOrderItem"][0]["productOrderId"] for product in products(store))
        assert made == Counter(found.id for found in orders), "each order made its product once"
        store.close()


def products(store) -> list[Resource]:
    return [each for each in store.all("", "product") if each.id not in ordering.PROFILE["products"]]
