"""A buyer's listener that hears what it is told to hear, and a seller over HTTP whose notifications it gets."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from ordering import PROFILE

from emulator.doors.running import Running
from emulator.hosting import make_seller, serve_seller
from emulator.parties.clock import Clock, VirtualClock
from emulator.parties.profile import load_profile
from emulator.record.exchange import Exchange, Request, Transcript
from emulator.record.payload import dump
from emulator.standard.release import load_release

RELEASE = load_release("grace")
JSON = {"Content-Type": "application/json;charset=utf-8"}
PATIENCE = 60.0
"""Seconds that a test waits for what has to come, before it fails."""


@dataclass(frozen=True)
class Heard:
    """A notification as it came."""

    path: str
    body: Mapping[str, Any]

    @property
    def type(self) -> str:
        return str(self.body["eventType"])


class Listener(ThreadingHTTPServer):
    """Answers 204, or what `answers` says for the n-th request (from 1); below /hang it does not answer at all."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, answers: Callable[[int], int] = lambda _: 204, secured: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "https" if secured else "http"
        if secured:
            self.socket = secured.wrap_socket(self.socket, server_side=True)
        self.answers = answers
        self.heard: list[Heard] = []
        self.requests = 0
        self.over = threading.Event()
        self.news = threading.Condition()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def callback(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    def wait_for(self, enough: Callable[[], Any]) -> None:
        """Return when it is enough; looked at with each request, and now and then."""
        end = time.monotonic() + PATIENCE
        with self.news:
            while not enough():
                assert time.monotonic() < end, f"{len(self.heard)} were heard"
                self.news.wait(0.05)

    def types(self) -> list[str]:
        return [each.type for each in self.heard]

    def close(self) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.news:
            self.server.requests += 1
            status = self.server.answers(self.server.requests)
            if not self.path.startswith("/hang") and status == 204:
                self.server.heard.append(Heard(self.path, body))
            self.server.news.notify_all()
        if self.path.startswith("/hang"):
            self.server.over.wait(PATIENCE)
            return
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", f"{self.server.callback}/moved")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


class Site:
    """A seller over HTTP, and what a buyer asks it."""

    def __init__(self, clock: Clock, url: str, transcripts: Mapping[str, Transcript], server: Any) -> None:
        self.clock, self.url, self.transcripts, self.server = clock, url, transcripts, server
        self.run = ""

    @property
    def seller(self) -> Any:
        return self.server._answer._service

    def ask(self, method: str, api: str, path: str, body: Any = None, **query: str) -> requests.Response:
        base = f"{self.url}{f'/r/{self.run}' if self.run else ''}{RELEASE.contract(api).base_path}"
        done = requests.request(
            method, f"{base}/{path}", data=None if body is None else dump(body), headers=JSON, params=query, timeout=30
        )
        self.clock.settle()
        return done

    def make(self, api: str, path: str, body: Any, **query: str) -> dict[str, Any]:
        done = self.ask("POST", api, path, body, **query)
        assert done.status_code in (200, 201), done.text
        return dict(done.json())

    def subscribe(self, api: str, callback: str, query: str | None = None, **parties: str) -> str:
        body = {"callback": callback, **({"query": query} if query is not None else {})}
        return str(self.make(api, "hub", body, **parties)["id"])

    def told(self) -> list[Exchange]:
        """The deliveries in the transcript."""
        return [each for each in self.transcripts[self.run] if each.kind == "notification"]


@contextmanager
def site(folder: Path, clock: Clock | None = None, **profile: Any) -> Iterator[Site]:
    """A small seller; `profile` is laid over that of `ordering`."""
    file = folder / "profile.yaml"
    file.write_bytes(dump({**PROFILE, "intervals": {**PROFILE["intervals"], "poq": {}, "quote": {}}}))
    transcripts: dict[str, Transcript] = defaultdict(Transcript)
    clock = clock or VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
    server = serve_seller(make_seller(RELEASE, load_profile(file, profile), clock, seed=1), transcripts.__getitem__)
    running = Running(server)
    try:
        yield Site(clock, running.start(), transcripts, server)
    finally:
        running.stop()


def breaches(heard: Heard, api: str) -> list[Any]:
    """What is wrong with a notification by its contract."""
    contract = RELEASE.contract(api, "notification")
    assert heard.path.startswith(contract.base_path), heard.path
    found = contract.find("POST", heard.path.removeprefix(contract.base_path))
    assert found is not None, heard.path
    assert heard.path.endswith(f"/listener/{heard.type}")
    request = Request(tuple(JSON.items()), dump(heard.body), "POST", f"http://buyer.example{heard.path}")
    return contract.request_breaches(found[0].id, request)
