"""Thousands of timers that are due at once, and subscribers of whom one is dead and one hangs.

OIT_SOAK=1 (`make soak`) makes 1,000 subscribers and 5,000 timers of the few that are here.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
from sqlalchemy import bindparam, create_engine, make_url, select, update

from emulator.parties import tables
from emulator.parties.opening import open_store
from tests.cli.processes import oit
from tests.parties import trade
from tests.parties.databases import PROCESSES, database
from tests.parties.durable import PATIENCE, SellerProcess, listening, sellers, until

SOAK = bool(os.environ.get("OIT_SOAK"))
SUBSCRIBERS = 1000 if SOAK else 24
EACH = 5
"""Timers for each subscriber."""
POQ = "/mefApi/sonata/productOfferingQualification/v7"
PROFILE = {
    "extends": "wholesale-seller",
    "intervals": {"poq": {"start": 86_400, "finish": 86_400}},
    "notifications": {"attempts": 1000, "timeout": 1, "backoff": [0.2]},
}
GROWTH = 64
"""Megabytes that a seller may need more, at the most, for all that is due at once."""


@pytest.mark.parametrize("kind", PROCESSES)
def test_a_dead_and_a_hanging_subscriber_cost_the_others_nothing(kind, tmp_path):
    """Each subscriber is in a run of its own. All timers are put to the same second; then the seller starts."""
    profile = tmp_path / "crowd.yaml"
    profile.write_bytes(orjson.dumps(PROFILE))
    with database(kind, tmp_path) as url, listening() as listener, socket.create_server(("127.0.0.1", 0)) as gone:
        assert url is not None
        callbacks = [f"{listener.url}/{n}" for n in range(SUBSCRIBERS)]
        callbacks[1] = f"{listener.url}/hang"
        callbacks[0] = f"http://127.0.0.1:{gone.getsockname()[1]}"
        gone.close()
        with sellers(url, profile) as (seller,):
            made = populate(seller.url, callbacks)
            seller.stop()
        put_into_a_second(url, datetime.now(UTC) + timedelta(seconds=5))
        with sellers(url, profile) as (seller,):
            before, stop = memory(seller, "VmRSS"), threading.Event()
            with ThreadPoolExecutor(1) as caller:
                slowest = caller.submit(call_on, seller.url, stop)
                began = time.monotonic()
                wanted = {event for n, events in made.items() for event in events if n > 1}
                until(lambda: len(listener.heard) >= len(wanted), "what the living are owed", PATIENCE * 5)
                took = time.monotonic() - began
                stop.set()
                # The hanging one holds up nobody but itself: its first is still owed when all others have theirs.
                store = open_store(url)
                for run in ("n0", "n1"):
                    until(lambda run=run: store.next_timer() and tries(url, run), "a try that failed")
                store.close()
                grown = memory(seller, "VmHWM") - before
                shown = {run: oit("runs", "show", run, "--database", url).out for run in ("n0", "n1")}
                said = seller.stop()
        heard = [note for note in listener.heard if note.path.split("/")[1] != "hang"]
        assert sorted(note.body["event"]["id"] for note in heard) == sorted(wanted), "each has its own, once"
        assert "nothing listens at" in shown["n0"]
        assert callbacks[0] in shown["n0"]
        assert "no whole response from" in shown["n1"]
        assert callbacks[1] in shown["n1"]
        for callback in callbacks[:2]:
            assert f"at {callback} did not arrive" in said
        assert "Traceback" not in said
        assert grown < GROWTH
        print(  # noqa: T201 - `make soak` shows it
            f"{kind}: {SUBSCRIBERS} subscribers, {SUBSCRIBERS * EACH} timers in one second: the living had theirs in"
            f" {took:.1f} s (start included); memory grew by {grown:.0f} MB from {before:.0f}; the slowest of"
            f" {slowest.result()[0]} calls meanwhile took {slowest.result()[1]:.2f} s"
        )


def populate(url: str, callbacks: list[str]) -> dict[int, list[str]]:
    """Subscribe each callback in a run of its own, and ask for qualifications there; their ids, by number of run."""
    here = threading.local()

    def ask(path: str, body: Any) -> Any:
        if not hasattr(here, "session"):
            here.session = requests.Session()
        answer = here.session.post(url + path, json=body, timeout=PATIENCE)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def one(n: int) -> list[str]:
        base = f"/r/n{n}{POQ}"
        ask(f"{base}/hub", {"callback": callbacks[n], "query": "eventType=poqStateChangeEvent"})
        return [ask(f"{base}/productOfferingQualification", trade.poq()) for _ in range(EACH)]

    with ThreadPoolExecutor(8) as pool:
        return dict(enumerate(pool.map(one, range(len(callbacks)))))


def put_into_a_second(url: str, begin: datetime) -> None:
    """Spread all timers over one second, those of a run far from each other."""
    engine = create_engine(make_url(url))
    timers = tables.timers
    with engine.begin() as connection:
        keys = (
            connection.execute(select(timers.c.seq).where(timers.c.kind == "productOfferingQualification"))
            .scalars()
            .all()
        )
        assert len(keys) == SUBSCRIBERS * EACH
        step = timedelta(seconds=1) / len(keys)
        moved = [{"key": key, "then": begin + n * step} for n, key in enumerate(keys)]
        connection.execute(update(timers).where(timers.c.seq == bindparam("key")).values(at=bindparam("then")), moved)
    engine.dispose()


def tries(url: str, run: str) -> int:
    """How often the first of what a run's subscriber is owed has been tried."""
    engine = create_engine(make_url(url))
    with engine.connect() as connection:
        owed = tables.owed.c
        done = connection.execute(select(owed.attempts).where(owed.run == run).order_by(owed.seq)).scalars().all()
    engine.dispose()
    assert len(done) <= EACH
    return done[0] if done else 0


def call_on(url: str, stop: threading.Event) -> tuple[int, float]:
    """Ask for something again and again until told to stop; how often, and how long the slowest answer took."""
    asked, slowest = 0, 0.0
    with requests.Session() as session:
        while not stop.is_set():
            began = time.monotonic()
            answer = session.get(f"{url}/r/n2{POQ}/productOfferingQualification", timeout=PATIENCE)
            slowest, asked = max(slowest, time.monotonic() - began), asked + 1
            assert answer.status_code == 200
            stop.wait(0.05)
    return asked, slowest


def memory(seller: SellerProcess, what: str) -> float:
    """Megabytes that a process has (VmRSS), or has had at the most (VmHWM)."""
    lines = Path(f"/proc/{seller.process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1]) / 1024
