"""`kill -9` of a seller loses no ticket and no visit, and leaves none half done: what one brings about comes with it.

OIT_SOAK=1 (`make soak`) makes of the one round here as many as are worth an evening.
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from emulator.parties.clock import rfc3339
from emulator.parties.opening import open_store
from tests.parties.aftersale import ON_SITE, ticket, visit
from tests.parties.databases import PROCESSES, database
from tests.parties.durable import PATIENCE, Listener, Load, is_idle, listening, sellers, snapshot, until

SOAK = bool(os.environ.get("OIT_SOAK"))
ROUNDS = 50 if SOAK else 1
LONG = PATIENCE * (15 if SOAK else 1)
TICKET = "/mefApi/sonata/troubleTicket/v4"
VISIT = "/mefApi/sonata/appointment/v2"
AHEAD, LENGTH = timedelta(seconds=1), timedelta(milliseconds=200)
EVERY_DAY = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
CREW = [{"name": f"Tess {number}"} for number in range(200)]
ROUND_THE_CLOCK = {"days": EVERY_DAY, "opens": "00:00", "closes": "23:59:59.999", "technicians": CREW}
SWIFT = {
    "extends": "wholesale-seller",
    "intervals": {"troubleTicket": {"step": 0.05, "close": 0.05}, "workorder": {"step": 0.05}},
    "behaviour": {**ON_SITE["behaviour"], "appointment": {"search": "free", "calendar": ROUND_THE_CLOCK}},
    "notifications": {"attempts": 50, "backoff": [0.2]},
}
LIFE = ["acknowledged", "inProgress", "pending", "inProgress", "resolved", "closed"]


class Visitor:
    """A buyer who books a visit for each ticket that waits for one, until its seller is gone or all is booked."""

    def __init__(self, url: str, load: Load) -> None:
        self.booked: dict[str, str] = {}
        """By the id of each visit that was acknowledged, its work order."""
        self.settled: set[str] = set()
        """The tickets that wait no more."""
        self.refused = ""
        self._url, self._load, self._stop = url, load, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop, wait for the last answer, and see that none was a refusal."""
        self._stop.set()
        self._thread.join(PATIENCE)
        assert not self.refused, self.refused

    def _run(self) -> None:
        with requests.Session() as session, contextlib.suppress(requests.RequestException):
            while not self._stop.wait(0.01):
                for made in list(self._load.acknowledged):
                    if made["id"] not in self.settled and not self._stop.is_set():
                        self._visit(session, made["id"])

    def _visit(self, session: requests.Session, identifier: str) -> None:
        shown = session.get(f"{self._url}{TICKET}/troubleTicket/{identifier}", timeout=PATIENCE).json()
        if shown["status"] == "pending":
            order = shown["workOrder"][0]["id"]
            slot = soon()
            answer = session.post(f"{self._url}{VISIT}/appointment", json=visit(order, slot), timeout=PATIENCE)
            if answer.status_code == 201:
                self.booked[answer.json()["id"]] = order
            elif (
                rfc3339(datetime.now(UTC)) < slot["validFor"]["startDateTime"]
            ):  # else it took too long, and is asked again
                self.refused = answer.text
                self._stop.set()
        elif "workOrder" in shown:
            self.settled.add(identifier)  # it was booked: by us, or by a request whose answer a kill has hidden


def soon() -> dict[str, Any]:
    """A short time from now that lies in one day."""
    start = datetime.now(UTC) + AHEAD
    if (start + 3 * LENGTH).date() != start.date():
        start += 3 * LENGTH
    return {"validFor": {"startDateTime": rfc3339(start), "endDateTime": rfc3339(start + LENGTH)}}


@pytest.mark.parametrize("kind", PROCESSES)
def test_a_killed_seller_still_comes_to_the_visits_it_has_promised(kind: str, tmp_path: Path) -> None:
    profile = tmp_path / "swift.yaml"
    profile.write_bytes(orjson.dumps(SWIFT))
    chance, moment = random.Random(11), threading.Event()
    tickets: dict[str, dict[str, Any]] = {}
    booked: dict[str, str] = {}
    with database(kind, tmp_path) as url, listening() as listener:
        assert url is not None
        for listener.era in range(ROUNDS):
            with sellers(url, profile) as (seller,):
                if listener.era == 0:
                    subscribe(seller.url, listener)
                load = Load([seller.url], f"{TICKET}/troubleTicket", ticket(), buyers=2)
                visitor = Visitor(seller.url, load)
                load.wait_for(chance.randint(5, 40))
                moment.wait(chance.uniform(0, 0.5))  # any moment: visits are booked, begin and end all the time
                seller.kill()
                load.end()
                visitor.end()
            assert not load.refused, load.refused[0]
            tickets |= {made["id"]: made for made in load.acknowledged}
            booked |= visitor.booked
            assert_whole(url, tickets, booked)
        listener.era += 1
        with sellers(url, profile) as (seller,):
            rest = Load([seller.url], f"{TICKET}/troubleTicket", ticket(), most=0)
            rest.acknowledged += [{"id": each} for each in snapshot(url, "troubleTicket").resources]
            visitor = Visitor(seller.url, rest)
            every = len(rest.acknowledged)
            until(lambda: len(visitor.settled) == every or bool(visitor.refused), "the booking of all visits", LONG)
            visitor.end()
            store = open_store(url)
            until(lambda: is_idle(store), "the end of all visits and tickets", LONG)
            store.close()
            said = seller.stop()
            assert "Traceback" not in said, said[:4000]
        listener.finish()
        assert_whole(url, tickets, booked | visitor.booked)
        assert_over(url, listener)


def subscribe(url: str, listener: Listener) -> None:
    wanted = {"callback": listener.url, "query": "eventType=troubleTicketStatusChangeEvent"}
    answer = requests.post(f"{url}{TICKET}/hub", json=wanted, timeout=PATIENCE)
    assert answer.status_code == 201, answer.text


def assert_whole(url: str, tickets: dict[str, dict[str, Any]], booked: dict[str, str]) -> None:
    """What was acknowledged is there; each visit stands in its work order, and each work order in its ticket, and a ticket waits
    as long as its work order does.
    """
    visits = snapshot(url, "appointment")
    orders = snapshot(url, "workorder")
    there = snapshot(url, "troubleTicket")
    assert set(tickets) <= set(there.resources), "an acknowledged ticket is gone"
    assert set(booked) <= set(visits.resources), "an acknowledged visit is gone"
    for identifier, each in visits.resources.items():
        order = orders.resources[each["workOrder"]["id"]]
        assert [one["id"] for one in order["appointment"]] == [identifier], "a work order has one visit, and names it"
        assert not order["appointmentRequired"]
        assert order["state"] == {"confirmed": "planned"}.get(each["status"], each["status"])
        ended = each["status"] == "completed"
        assert visits.timers[identifier] == (not ended), "a visit on its way has one timer, one at its end has none"
    for identifier, order in orders.resources.items():
        (entity,) = order["relatedEntity"]
        found = there.resources[entity["id"]]
        assert [one["id"] for one in found["workOrder"]] == [identifier], "a ticket has one work order, and names it"
        assert (found["status"] == "pending") == order["appointmentRequired"]


def assert_over(url: str, listener: Listener) -> None:
    """Each ticket went all its way, step by step, and each step was told, once."""
    told: dict[str, set[str]] = {}
    for note in listener.heard:
        told.setdefault(note.body["event"]["id"], set()).add(note.body["eventId"])
    for identifier, each in snapshot(url, "troubleTicket").resources.items():
        assert [entry["status"] for entry in each["statusChange"]] == LIFE
        assert len(told[identifier]) == len(LIFE) - 1
