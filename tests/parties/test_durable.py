"""`kill -9` of a seller at any moment loses nothing that was acknowledged and does nothing twice; nor do two sellers.

OIT_SOAK=1 (`make soak`) makes of the handful of rounds and orders here as many as are worth an evening.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import pytest
import requests

from emulator.parties.opening import open_store
from emulator.parties.recorder import DurableTranscript
from emulator.parties.sql import SqlStore
from emulator.parties.store import Resource
from tests.parties import ordering, trade
from tests.parties.databases import PROCESSES, database
from tests.parties.durable import PATIENCE, Listener, Load, Note, Snapshot, is_idle, listening, sellers, snapshot, until

SOAK = bool(os.environ.get("OIT_SOAK"))
ROUNDS = 50 if SOAK else 1
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
    """What was acknowledged, with the number of the seller process that did it, and when each process was killed."""

    poqs: dict[str, int] = field(default_factory=dict)
    subscriptions: dict[str, int] = field(default_factory=dict)
    killed: dict[int, float] = field(default_factory=dict)


@pytest.mark.parametrize("kind", PROCESSES)
def test_a_killed_seller_goes_on_where_it_was(kind, tmp_path, swift):
    """Each round: load, SIGKILL at some moment of it, look into the database, start again on it."""
    chance = random.Random(7)
    moment = threading.Event()
    sent = Sent()
    with database(kind, tmp_path) as url, listening() as listener:
        assert url is not None
        for listener.era in range(ROUNDS):
            with sellers(url, swift) as (seller,):
                if listener.era % 5 == 0:
                    sent.subscriptions[subscribe(seller.url, listener)] = listener.era
                load = Load([seller.url], f"{POQ}/productOfferingQualification", trade.poq())
                load.wait_for(chance.randint(1, 60))
                moment.wait(chance.uniform(0, 0.02))  # any moment, not only that of an answer
                sent.killed[listener.era] = time.monotonic()
                seller.kill()
                load.end()
            assert not load.refused
            sent.poqs |= {poq["id"]: listener.era for poq in load.acknowledged}
            listener.finish()
            assert_nothing_lost(url, sent, listener)
        listener.era += 1
        with sellers(url, swift) as (seller,):
            for identifier in (*sent.poqs,)[:: max(1, len(sent.poqs) - 1)]:
                shown = requests.get(f"{seller.url}{POQ}/productOfferingQualification/{identifier}", timeout=PATIENCE)
                assert shown.status_code == 200
            store = open_store(url)
            until(lambda: is_idle(store), "the end of all timers and notifications", LONG)
            store.close()
            said = seller.stop()
            assert "Traceback" not in said, said[:4000]
        listener.finish()
        done = assert_nothing_lost(url, sent, listener).resources
        assert all(poq["state"].startswith("done") for poq in done.values())
        for poq in done.values():
            states = [entry["state"] for entry in poq["stateChange"]]
            assert len(states) == len(set(states)), f"a transition happened twice: {states}"
        assert_told_once(listener, sent)
        assert_recorded(url, sent, listener)


def subscribe(url: str, listener: Listener) -> str:
    """Subscribe with a callback of one's own; its path tells whom a notification is for."""
    wanted = {"callback": f"{listener.url}/{listener.era}", "query": "eventType=poqStateChangeEvent"}
    answer = requests.post(f"{url}{POQ}/hub", json=wanted, timeout=PATIENCE)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def assert_nothing_lost(url: str, sent: Sent, listener: Listener) -> Snapshot:
    """What was acknowledged is there, with its timer; of each change each subscriber has heard, or will."""
    there = snapshot(url, "productOfferingQualification")
    store = open_store(url)
    for identifier in sent.subscriptions:
        assert store.get("", "hub.productOfferingQualification", identifier) is not None
    store.close()
    heard: dict[tuple[int, str], set[str]] = defaultdict(set)
    for note in listener.heard:
        heard[subscriber(note), note.body["event"]["id"]].add(note.body["eventId"])
    owed = Counter()
    for subscription, event, about in there.owed:
        number = sent.subscriptions[subscription]
        owed[number, about] += event not in heard[number, about]
    for identifier, era in sent.poqs.items():
        assert identifier in there.resources, "an acknowledged POQ is gone"
        poq = there.resources[identifier]
        ended = poq["state"].startswith("done")
        assert there.timers[identifier] == (not ended), "a POQ on its way has one timer, one at its end has none"
        for number in sent.subscriptions.values():
            changes = len(poq["stateChange"]) - 1 if era >= number else 0
            known = len(heard[number, identifier]) + owed[number, identifier]
            assert known >= changes, "a change of state that nobody will be told of"
            assert era < number or known == changes, "more was told than happened"
    return there


def subscriber(note: Note) -> int:
    return int(note.path.split("/")[1])


def assert_told_once(listener: Listener, sent: Sent) -> None:
    """A notification that was answered with 204 comes again only where a kill hid that answer.

    Whether a subscriber's 204 reached a process that died is for nobody to know. It can be so of the very last thing
    that a process sent to a subscriber, since it sends the next when it has noted the 204. Anything else is a double.
    """
    came: dict[tuple[int, str], list[Note]] = defaultdict(list)
    last: dict[tuple[int, int], Note] = {}
    for note in listener.heard:
        came[subscriber(note), note.body["eventId"]].append(note)
        last[subscriber(note), note.era] = note
    gaps = []
    for notes in came.values():
        for note in notes[:-1]:
            assert note.era in sent.killed, "it came again from a process that nobody killed"
            assert note is last[subscriber(note), note.era], "it came again, and was not the last before the kill"
            if note.answered is not None:
                gaps.append(sent.killed[note.era] - note.answered)
    print(  # noqa: T201 - `make soak` shows it
        f"{len(sent.killed)} kills, {len(sent.poqs)} POQs acknowledged, {len(came)} notifications; {len(gaps)} came"
        f" again after a 204, written at most {max(gaps, default=0) * 1000:.1f} ms before the kill"
    )


def assert_recorded(url: str, sent: Sent, listener: Listener) -> None:
    """Each acknowledged request is in the transcript, and each notification that is owed no more."""
    store = open_store(url)
    assert isinstance(store, SqlStore)
    answered, told = set(), set()
    for exchange in DurableTranscript(store.database, ""):
        if exchange.operation == "createProductOfferingQualification" and exchange.response.status == 201:
            answered.add(exchange.response.body["id"])
        if exchange.kind == "notification" and exchange.response is not None and exchange.response.status == 204:
            told.add((urlsplit(exchange.request.url).path, exchange.request.body["eventId"]))
    store.close()
    assert set(sent.poqs) <= answered
    assert {(note.path, note.body["eventId"]) for note in listener.heard} <= told


@pytest.mark.parametrize("kind", PROCESSES)
def test_two_sellers_on_one_database_are_one_seller(kind, tmp_path):
    """Orders through both; whoever gets to a timer first makes the transition, and nobody makes or tells it again."""
    profile = tmp_path / "small.yaml"
    intervals = {"order": {"assess": 0.05, "work": 0.05, "cancellation": 0}}
    profile.write_bytes(orjson.dumps({**ordering.PROFILE, "intervals": intervals}))
    with database(kind, tmp_path) as url, listening() as listener:
        assert url is not None
        with sellers(url, profile, 2) as both:
            urls = [each.url for each in both]
            wanted = {"callback": f"{listener.url}/0", "query": "eventType=productOrderStateChangeEvent"}
            assert requests.post(f"{urls[0]}{ORDER}/hub", json=wanted, timeout=PATIENCE).status_code == 201
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
                said = each.stop()
                assert "Traceback" not in said, said[:4000]
        orders = list(store.all("", "productOrder"))
        assert len(orders) == ORDERS
        for found in orders:
            states = [entry["state"] for entry in found.body["stateChange"]]
            assert states == ["acknowledged", "inProgress", "completed"]
        made = Counter(product.body["productOrderItem"][0]["productOrderId"] for product in products(store))
        assert made == Counter(found.id for found in orders), "each order made its product once"
        told = Counter(note.body["event"]["id"] for note in listener.heard)
        assert told == {found.id: 2 for found in orders}, "each transition was told once"
        assert len({note.body["eventId"] for note in listener.heard}) == len(listener.heard)
        store.close()


def products(store) -> list[Resource]:
    return [each for each in store.all("", "product") if each.id not in ordering.PROFILE["products"]]
