"""What one client may have of a server, and that the others are served whatever it does."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from emulator.doors.crowd import Crowd
from emulator.doors.limits import Limits
from emulator.doors.line import HttpLine
from emulator.doors.running import Running
from tests.doors.raw import PATIENCE, Raw, raw, request

GET = request("GET", "/")
HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"


def in_a_loop(work: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine gives, in a thread of its own: a browser's loop may be running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class App:
    """Answers with as many bytes as the path says; `/wait` when it is told to, and keeps count of what it reads."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.waiting = threading.Semaphore(0)
        self.ended = 0
        self.read = 0
        self.loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.ended += 1
                return
            self.read += len(message["body"])
            if not message["more_body"]:
                break
        if scope["path"] == "/wait":
            self.waiting.release()
            while not self.go.is_set():  # noqa: ASYNC110 - it is set by another thread
                await asyncio.sleep(0.01)
        size = int(scope["path"][1:]) if scope["path"][1:].isdigit() else 2
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % size)]})
        await send({"type": "http.response.body", "body": b"x" * size})


@contextmanager
def serving(**limits: Any) -> Iterator[tuple[App, Running]]:
    app = App()
    running = Running(app, limits=Limits(**limits))
    running.start()
    try:
        yield app, running
    finally:
        app.go.set()
        running.stop()


def served(running: Running) -> None:
    """Another client is."""
    with raw(running.port, GET) as line:
        assert (got := line.answer())
        assert got.status == 200


def hung_up(line: Raw) -> bool:
    """Whether the server hangs up on a client that does not read."""
    news = select.poll()
    news.register(line.line, select.POLLHUP)
    return bool(news.poll(PATIENCE * 1000))


def endless(line: Raw, part: bytes, most: int) -> int:
    """Send this again and again, until the server hangs up; returns how many bytes it let be sent."""
    sent = 0
    with contextlib.suppress(OSError):
        while sent < most:
            sent += line.line.send(part)
    return sent


# -- sizes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begin", "part"),
    [
        (b"GET /", b"a" * 10_000),
        (HEAD + b"A: ", b"b" * 10_000),
        (HEAD, b"A: b\r\n" * 1000),
        (HEAD, b"A" * 10_000),
        (b"", b"\r\n" * 5000),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n" * 1000),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nA: ", b"b" * 10_000),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;a=", b"b" * 10_000),
        (GET + b"GARBAGE", b"c" * 10_000),
    ],
    ids=["target", "value", "fields", "name", "empty-lines", "trailers", "trailer", "chunk-extension", "after-a-refusal"],
)  # fmt: skip
def test_what_never_ends_is_ended(begin: bytes, part: bytes) -> None:
    """300 MB of it are not read: the client hears why, and is hung up on while it still talks."""
    with serving() as (_, running), raw(running.port, begin) as line:
        assert endless(line, part, 300_000_000) < 30_000_000
        served(running)


@pytest.mark.parametrize(
    ("limits", "sent", "status"),
    [
        ({"head": 300}, GET[:-2] + b"A: " + b"b" * 300 + b"\r\n\r\n", 431),
        ({"head": 300}, GET[:-2] + b"A: " + b"b" * 100 + b"\r\n\r\n", 200),
        ({"fields": 5}, GET[:-2] + b"A: b\r\n" * 4 + b"\r\n", 200),
        ({"fields": 5}, GET[:-2] + b"A: b\r\n" * 5 + b"\r\n", 431),
        ({"url": 100}, request("GET", "/" + "1" * 100), 414),
        ({"url": 100}, request("GET", "/a" + "1" * 98), 200),
    ],
)
def test_bounds_are_where_they_are_said_to_be(limits: dict[str, int], sent: bytes, status: int) -> None:
    """In one piece and byte by byte; a large body or many requests do not count as a head."""
    with serving(**limits) as (_, running):
        for parts in [sent], [sent[n : n + 1] for n in range(len(sent))]:
            with raw(running.port, *[GET] * 10, request("POST", "/", body=b"x" * 5000), *parts) as line:
                got = [each.status for each in (line.answer() for _ in range(12)) if each]
            assert got == [200] * 11 + [status]


def test_pipelined_requests_beyond_the_bound_are_not_read() -> None:
    """Those before are answered; the last of them says that there is no more."""
    with serving(pipelined=4) as (_, running), raw(running.port, GET * 100) as line:
        got = list(line.answers())
        assert [each.status for each in got] == [200] * 4
        assert [each.headers.get("connection") for each in got] == [None, None, None, "close"]
        served(running)


def test_bodies_under_way_have_a_bound_together() -> None:
    """The largest is refused; the others are read to their end, and what they held is given back."""
    with serving(bodies=1_000_000) as (app, running):
        small = Raw(running.port)
        small.send(request("POST", "/", "Content-Length: 50000", body=b"x" * 40_000))
        for _ in range(3):
            with raw(running.port, request("POST", "/", "Content-Length: 2000000", body=b"x" * 1_200_000)) as large:
                assert (got := large.answer())
                assert (got.status, got.headers["retry-after"]) == (503, "1")
                served(running)
        small.send(b"x" * 10_000)
        assert (got := small.answer())
        assert got.status == 200
        for _ in range(30):
            with raw(running.port, request("POST", "/", body=b"x" * 100_000)) as line:
                assert (got := line.answer())
                assert got.status == 200
        small.close()
    assert app.ended == 3


def test_answers_that_nobody_reads_have_a_bound_together() -> None:
    with serving(unread=3_000_000) as (_, running), contextlib.ExitStack() as lines:
        for _ in range(5):
            line = Raw(running.port)
            lines.callback(line.close)
            line.send(request("GET", "/20000000"))
            assert hung_up(line)
            served(running)


# -- time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "sent", "status"),
    [
        ({"head_seconds": 0.2}, b"GET / HTTP/1.1\r\n", 408),
        ({"head_seconds": 0.2}, b"", None),
        ({"head_seconds": 0.2}, b"\r\n", 408),
        ({"body_seconds": 0.2}, HEAD + b"Content-Length: 50\r\n\r\nabc", 408),
        ({"body_seconds": 0.2}, HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n", 408),
    ],
    ids=["head", "nothing", "empty-line", "body", "chunks"],
)
def test_who_says_nothing_more_is_hung_up_on(limits: dict[str, float], sent: bytes, status: int | None) -> None:
    with serving(**limits) as (_, running), raw(running.port, sent) as line:
        assert [each.status for each in line.answers()] == ([] if status is None else [status])


def test_bytes_now_and_then_do_not_put_it_off() -> None:
    """A head has its time as a whole, and a body that trickles too."""
    with serving(head_seconds=0.3, body_seconds=0.3, rate=1_000_000) as (_, running):
        for begin, drop in (b"GET / HTTP/1.1\r\n", b"A"), (HEAD + b"Content-Length: 1000000\r\n\r\n", b"b"):
            with raw(running.port, begin) as line:
                line.line.settimeout(0.02)
                got = b""
                for _ in range(2000):
                    line.send(drop)
                    try:
                        got += line.line.recv(65_536)
                        break
                    except TimeoutError:
                        continue
            assert got.startswith(b"HTTP/1.1 408"), got


def test_slow_and_steady_is_served() -> None:
    """A body may take as long as it needs if it comes with the rate that is asked for, long after the time all have."""
    with serving(body_seconds=0.1, rate=100) as (_, running):
        body = b"x" * 4000  # these bring 40 seconds with them
        with raw(running.port, request("POST", "/", "Content-Length: 4001", body=body)) as line:
            for _ in range(10):
                served(running)
                threading.Event().wait(0.03)
            line.send(b"x")
            assert (got := line.answer())
            assert got.status == 200


def test_idle_connections_end_and_busy_ones_do_not() -> None:
    with serving(idle_seconds=0.2, head_seconds=0.2, body_seconds=0.2) as (app, running):
        with raw(running.port, GET) as line:
            assert [each.status for each in line.answers()] == [200]
        with raw(running.port, request("GET", "/wait")) as line, raw(running.port, GET) as other:
            assert app.waiting.acquire(timeout=PATIENCE)
            assert len(list(other.answers())) == 1  # by now it would be late, if it were our client's turn
            app.go.set()
            assert (got := line.answer())
            assert got.status == 200


def test_who_does_not_read_is_cut_off() -> None:
    """Seen from the other side: who reads nothing does not see it either."""
    with serving(write_seconds=0.2) as (_, running):
        line = Raw(running.port)
        line.send(request("GET", "/30000000"))
        assert hung_up(line)
        line.close()


def test_who_reads_slowly_and_steadily_is_not_cut_off() -> None:
    """Looked at every ten seconds: 6,000 bytes each time are enough, 4,000 are not; more to read is no sign of deafness."""
    for step, looks in (6000, 50), (4000, 16), (0, 4), (-5000, 50):
        assert in_a_loop(looks_survived(step)) == looks, step


class Transport:
    """What a connection knows of its transport while nothing is sent."""

    buffer, aborted = 0, False

    def get_write_buffer_size(self) -> int:
        return self.buffer

    def get_extra_info(self, _: str) -> None:
        return None

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        self.aborted = True


async def looks_survived(step: int) -> int:
    """How many looks of fifty a connection without a network survives that reads so much between two of them."""
    crowd, transport = Crowd(Limits(write_seconds=30, rate=500, head_seconds=1000)), Transport()
    line = HttpLine(uvicorn.Config(App(), log_config=None), ServerState(), {}, crowd=crowd)
    line.connection_made(transport)  # type: ignore[arg-type]
    transport.buffer = 1_000_000
    for n in range(50):
        line.look(line.since + n * 10.0)
        if transport.aborted:
            return n
        transport.buffer -= step
    return 50


# -- crowds ----------------------------------------------------------------------------------------


def test_who_waits_makes_room_for_who_speaks() -> None:
    """Silent ones go before idle ones, and who is being answered never goes."""
    with serving(connections=20) as (app, running), contextlib.ExitStack() as lines:

        def connect(sent: bytes) -> Raw:
            line = Raw(running.port)
            lines.callback(line.close)
            line.send(sent)
            return line

        busy = [connect(request("GET", "/wait")) for _ in range(5)]
        for _ in busy:
            assert app.waiting.acquire(timeout=PATIENCE)
        idle = [connect(GET) for _ in range(5)]
        assert all(line.answer() for line in idle)
        silent = [connect(b"") for _ in range(15)]
        assert (got := silent[0].answer())
        assert got.status == 503
        half = [connect(b"GET / HTTP/1.1\r\n") for _ in range(35)]
        served(running)
        for line in idle:  # they have been there before the others, and are there still
            line.send(GET)
            assert (got := line.answer())
            assert got.status == 200
        assert (got := half[0].answer())
        assert got.status == 503
        app.go.set()
        assert [got.status for line in busy if (got := line.answer())] == [200] * 5


def test_more_than_can_be_answered_are_told_so() -> None:
    """Nobody who is being answered is sent away: those are, who come when nobody else is there."""
    with serving(connections=5, head_seconds=0.4) as (app, running), contextlib.ExitStack() as lines:
        crowd = []
        for _ in range(10):
            crowd.append(Raw(running.port))
            lines.callback(crowd[-1].close)
            crowd[-1].send(request("GET", "/wait"))
            assert app.waiting.acquire(timeout=PATIENCE)
        late = Raw(running.port)
        lines.callback(late.close)
        got = late.answer()
        assert got
        assert got.status == 503
        assert got.json["reason"]
        app.go.set()
        assert [got.status for line in crowd if (got := line.answer())] == [200] * 10
        served(running)


def test_files_are_asked_for_and_connections_fit_into_them() -> None:
    """2,000 silent connections at a process that may have 1,024 files: another's request is answered."""
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 1024))\n"
        "from emulator.doors.limits import Limits; import sys\n"
        "fitting = Limits().fitting()\n"
        "print(fitting.connections, resource.getrlimit(resource.RLIMIT_NOFILE)[0])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    connections, files = map(int, done.stdout.split())
    assert files == 1024
    assert 200 <= connections * 3 < files


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 6000, reason="too few files for such a crowd")
def test_two_thousand_silent_connections() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], 6000), before[1]))
    with serving() as (_, running), contextlib.ExitStack() as lines:
        keeping = Raw(running.port)
        lines.callback(keeping.close)
        for n in range(2000):
            line = socket.create_connection(("127.0.0.1", running.port))
            lines.callback(line.close)
            if n % 100 == 0:
                served(running)
                keeping.send(GET)
                assert (got := keeping.answer())
                assert got.status == 200
        served(running)


# -- ends ------------------------------------------------------------------------------------------


def test_no_client_puts_off_the_end(caplog: pytest.LogCaptureFixture) -> None:
    """Slow heads, slow bodies, silence, answers that nobody reads, answers that are not there: all end, without a word."""
    before = threading.active_count()
    with caplog.at_level(logging.INFO), contextlib.ExitStack() as lines:
        app = App()
        running = Running(app, limits=Limits(end_seconds=0.2))
        running.start()
        for sent in (
            b"",
            b"GET / HT",
            HEAD + b"Content-Length: 5\r\n\r\nab",
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na",
            request("GET", "/30000000"),
            request("GET", "/30000000", "Connection: close"),
            request("GET", "/wait") * 3,
            GET + b"GET / HT",
            GET + b"GARBAGE\r\n\r\n",
        ):
            line = Raw(running.port, receive=4096)
            lines.callback(line.close)
            line.send(sent)
        assert app.waiting.acquire(timeout=PATIENCE)
        running.stop(PATIENCE)
        assert threading.active_count() <= before
    assert [record for record in caplog.records if record.name != "oit.server"] == []
    assert all(record.levelno < logging.ERROR for record in caplog.records)


def test_who_is_being_answered_when_it_ends_gets_the_answer() -> None:
    with serving() as (app, running), raw(running.port, request("GET", "/wait")) as line:
        assert app.waiting.acquire(timeout=PATIENCE)
        running._server.should_exit = True
        app.go.set()
        assert [each.status for each in line.answers()] == [200]


# -- turns -----------------------------------------------------------------------------------------


def test_large_bodies_take_turns_and_all_come_through() -> None:
    """Eight at once, of which a turn of the loop takes a part of one: none is lost, and a small one is served meanwhile."""
    with serving(turn=100_000) as (app, running), ThreadPoolExecutor(8) as pool:

        def post(_: int) -> int:
            with raw(running.port, request("POST", "/", body=b"x" * 3_000_000)) as line:
                got = line.answer()
                assert got
                return got.status

        posted = [pool.submit(post, n) for n in range(8)]
        served(running)
        assert [each.result() for each in posted] == [200] * 8
        assert app.read == 24_000_000


def test_turns_go_round() -> None:
    """Who has had more than a turn's share waits, and goes on in the order of waiting, a few in each turn."""

    class Waiting:
        def __init__(self, number: int) -> None:
            self.number = number

        def go_on(self) -> None:
            order.append(self.number)

    order: list[int] = []

    async def rounds() -> list[int]:
        crowd, seen = Crowd(Limits(turn=100)), []
        assert crowd.has_turn(Waiting(-1), 100)  # type: ignore[arg-type]
        assert not any(crowd.has_turn(Waiting(n), 100) for n in range(10))  # type: ignore[arg-type]
        while len(order) < 10:
            await asyncio.sleep(0)
            seen.append(len(order))
        return seen

    assert in_a_loop(rounds()) == [4, 8, 10]
    assert order == list(range(10))
