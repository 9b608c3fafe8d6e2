"""Real sellers on a real database, buyers who load them, and a listener who remembers what it was told."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import create_engine, make_url, select

from emulator.parties import tables
from emulator.parties.store import Store
from tests.cli.processes import ROOT, environment

PATIENCE = 120.0
"""Seconds after which something that has to come is said not to come."""


class SellerProcess:
    """`oit seller` on a database, in a process of its own."""

    def __init__(self, url: str, profile: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "emulator", "seller", "--database", url, "--profile", str(profile)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment(),
        )  # fmt: skip
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://"), f"the seller did not start: {self.process.communicate()}"

    def kill(self) -> None:
        """What no process can do anything about: SIGKILL."""
        self.process.kill()
        self.end()

    def stop(self) -> str:
        """End it as a user does; what it said on stderr."""
        self.process.terminate()
        return self.end()

    def end(self) -> str:
        _, said = self.process.communicate(timeout=PATIENCE)
        return said


@contextlib.contextmanager
def sellers(url: str, profile: Path, count: int = 1) -> Iterator[list[SellerProcess]]:
    """Sellers on one database, ended with the block however it ends."""
    running: list[SellerProcess] = []
    try:
        for _ in range(count):
            running.append(SellerProcess(url, profile))
        yield running
    finally:
        for each in running:
            if each.process.poll() is None:
                each.kill()


@dataclass
class Note:
    """A notification as it came: to which path, from which seller process, and whether our 204 was written."""

    path: str
    body: dict[str, Any]
    era: int
    answered: float | None = None
    """When the 204 had been written, in seconds of the monotonic clock; None where nobody was there to take it."""


@dataclass
class Listener:
    """A buyer's listener that answers 204 to whatever comes, but hangs below /hang. `heard` has each notification in order of arrival."""

    heard: list[Note] = field(default_factory=list)
    url: str = ""
    era: int = 0
    """Which seller process is running; each notification is kept with the one that sent it."""
    at_work: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    """Set when it ends: what comes below /hang is not answered before."""
    news: threading.Condition = field(default_factory=threading.Condition)

    def count(self, change: int) -> None:
        with self.news:
            self.at_work += change
            self.news.notify_all()

    def finish(self) -> None:
        """Return when all is answered that had been sent before: connections are taken up in order of arrival."""
        requests.post(f"{self.url}{_FENCE}", timeout=PATIENCE)
        with self.news:
            assert self.news.wait_for(lambda: not self.at_work, PATIENCE), "the listener is still busy"


_FENCE = "/fence"


@contextlib.contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            note = Note(self.path, {}, listener.era)
            if self.path != _FENCE:
                try:
                    note.body = json.loads(raw)
                except ValueError:
                    return  # who sent it died in the middle
                listener.heard.append(note)
            if self.path.startswith("/hang"):
                listener.over.wait(PATIENCE)
                return
            with contextlib.suppress(OSError):
                self.send_response(204)
                self.end_headers()
                note.answered = time.monotonic()

        def log_message(self, *_: Any) -> None:
            pass

    class Counting(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

        def process_request(self, request: Any, client_address: Any) -> None:
            listener.count(1)
            super().process_request(request, client_address)

        def process_request_thread(self, request: Any, client_address: Any) -> None:
            try:
                super().process_request_thread(request, client_address)
            finally:
                listener.count(-1)

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Whose process is killed resets its connections."""

    server = Counting(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    listener.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield listener
    finally:
        listener.over.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


class Load:
    """Buyers who send one request after the other until they are stopped or nobody answers any more."""

    def __init__(self, urls: list[str], path: str, body: Any, buyers: int = 4, most: int | None = None) -> None:
        self.acknowledged: list[dict[str, Any]] = []
        self.refused: list[str] = []
        self._left = threading.Semaphore(most) if most is not None else None
        self._stop = False
        self._news = threading.Condition()
        self._threads = [
            threading.Thread(target=self._run, args=(urls[n % len(urls)] + path, body), daemon=True)
            for n in range(buyers)
        ]
        for thread in self._threads:
            thread.start()

    def _run(self, url: str, body: Any) -> None:
        with requests.Session() as session:
            while not self._stop and (self._left is None or self._left.acquire(blocking=False)):
                try:
                    answer = session.post(url, json=body, timeout=PATIENCE)
                except requests.RequestException:
                    break
                with self._news:
                    if answer.status_code == 201:
                        self.acknowledged.append(answer.json())
                    else:
                        self.refused.append(f"{answer.status_code} {answer.text[:300]}")
                    self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def wait_for(self, count: int) -> None:
        """Return when that many requests have been acknowledged, or somebody was refused."""
        with self._news:
            self._news.wait_for(lambda: len(self.acknowledged) >= count or self.refused, PATIENCE)

    def end(self) -> None:
        """Stop, and wait for the last answers."""
        self._stop = True
        self.finish()

    def finish(self) -> None:
        """Wait until all is sent."""
        for thread in self._threads:
            thread.join(PATIENCE * 5)


def until(done: Callable[[], bool], what: str, within: float = PATIENCE) -> None:
    """Return when something is so; look at it often, and fail when it takes too long."""
    last = time.monotonic() + within
    pause = threading.Event()
    while not done():
        assert time.monotonic() < last, f"it did not come in time: {what}"
        pause.wait(0.02)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a database has of resources of a kind, all as it was at one moment."""

    resources: dict[str, dict[str, Any]]
    """The body of each, by id."""
    timers: Counter[str]
    """How many timers each has, by id."""
    owed: set[tuple[str, str, str]]
    """Of each notification that is owed: its subscription, its eventId, and the id of what it tells of."""


def snapshot(url: str, kind: str, run: str = "") -> Snapshot:
    """Look into a database in one transaction.

    A process that was killed may have sent its last COMMIT: PostgreSQL carries it out while we look.
    """
    engine = create_engine(make_url(url), isolation_level="REPEATABLE READ" if "postgres" in url else "SERIALIZABLE")
    resources, timers, owed = tables.resources.c, tables.timers.c, tables.owed.c
    with engine.connect() as connection, connection.begin():
        found = connection.execute(
            select(resources.id, resources.body).where(resources.run == run, resources.kind == kind)
        ).all()
        planned = connection.execute(select(timers.id).where(timers.run == run, timers.kind == kind)).scalars().all()
        waiting = connection.execute(select(owed.subscription, owed.body).where(owed.run == run)).all()
    engine.dispose()
    events = [(row.subscription, json.loads(row.body)) for row in waiting]
    return Snapshot(
        {row.id: json.loads(row.body) for row in found},
        Counter(planned),
        {(subscription, event["eventId"], event["event"]["id"]) for subscription, event in events},
    )


def is_idle(store: Store) -> bool:
    """Whether no notification is left, and no timer but those that end a cycle of bills: these always come again."""
    first = store.next_timer()
    return (first is None or first.time() == dt.time(0)) and store.next_owed() is None
