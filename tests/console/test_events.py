"""Server-sent events: in order, again after a break, and not at the speed of the slowest."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.console.served import Beside, ask, seller_with_console

EVENTS = "/api/events"


@pytest.fixture(scope="module")
def beside() -> Iterator[Beside]:
    with seller_with_console() as served:
        yield served


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    """Return when it is so; AssertionError where it does not come to that."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.01)


@contextmanager
def listening(beside: Beside, last: str | None = None) -> Iterator[Iterator[tuple[str, str, Any]]]:
    """The events as they come: id, name, data."""
    parts = urlsplit(beside.root)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    connection.request("GET", EVENTS, headers={} if last is None else {"Last-Event-ID": last})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")

    def events() -> Iterator[tuple[str, str, Any]]:
        found: dict[str, str] = {}
        for line in answer:
            name, colon, value = line.decode().rstrip("\n").partition(": ")
            if colon and name:
                found[name] = value
            elif "event" in found:
                yield found["id"], found["event"], json.loads(found["data"])
                found = {}

    try:
        yield events()
    finally:
        answer.close()
        connection.close()


def list_quotes(beside: Beside, run: str) -> None:
    base = "/mefApi/sonata/quoteManagement/v8"
    assert ask(f"{beside.seller}/r/{run}{base}/quote").status == 200


def test_who_comes_is_told_the_state_and_then_what_is_new(beside: Beside):
    with listening(beside) as events:
        assert next(events)[1] == "state"
        list_quotes(beside, "told")
        identifier, _, data = next(event for event in events if event[1] == "run")
        assert data["id"] == "told"
        assert identifier.partition("-")[2].isdecimal()
        before = data["version"]
        list_quotes(beside, "told")
        data = next(data for _, kind, data in events if kind == "run")
        assert data["version"] > before


def test_who_comes_again_is_told_what_was_missed(beside: Beside):
    with listening(beside) as events:
        next(events)
        list_quotes(beside, "missed-0")
        last = next(identifier for identifier, kind, data in events if data.get("id") == "missed-0")
    for n in (1, 2, 3):
        list_quotes(beside, f"missed-{n}")
        until(lambda n=n: any(run["id"] == f"missed-{n}" for run in beside.get("/api/state").json["runs"]))
    with listening(beside, last) as events:
        found: list[tuple[int, str]] = []
        while not found or found[-1][1] != "missed-3":
            identifier, _, data = next(events)
            found.append((int(identifier.partition("-")[2]), data.get("id", "")))
    numbers = [number for number, _ in found]
    assert numbers == list(range(int(last.partition("-")[2]) + 1, numbers[-1] + 1)), "all of them, in order, once"
    assert [run for _, run in found if run] == ["missed-1", "missed-2", "missed-3"]


@pytest.mark.parametrize("last", ["nonsense", "00000000-1", "-", "x-" + "9" * 4000])
def test_who_comes_with_an_id_of_another_start_is_told_the_state(beside: Beside, last: str):
    with listening(beside, last) as events:
        assert next(events)[1] == "state"


def test_a_reader_that_takes_nothing_is_dropped_and_nobody_waits_for_it(beside: Beside):
    stream = beside.console.front.stream
    parts = urlsplit(beside.root)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect((parts.hostname, parts.port))
        slow.sendall(f"GET {EVENTS} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
        until(lambda: stream.readers == 1)
        dropped = stream.dropped
        with listening(beside) as events:
            next(events)
            count = 0
            # A reader that keeps up gets each of them, while the other's buffers fill.
            while stream.dropped == dropped:
                stream.tell("run", {"id": "x" * 20_000, "version": count})
                assert next(data for _, _, data in events if "id" in data)["version"] == count
                count += 1
                assert count < 5000
            assert stream.readers == 1


def test_fifty_readers_leave_the_threads_to_others(beside: Beside):
    threads = threading.active_count()
    parts = urlsplit(beside.root)
    sockets = [socket.create_connection((parts.hostname or "", parts.port or 0)) for _ in range(50)]
    try:
        for each in sockets:
            each.sendall(f"GET {EVENTS} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
        until(lambda: beside.console.front.stream.readers == 50)
        assert threading.active_count() <= threads
        assert beside.get("/api/state").status == 200
    finally:
        for each in sockets:
            each.close()
    until(lambda: beside.console.front.stream.readers == 0)
