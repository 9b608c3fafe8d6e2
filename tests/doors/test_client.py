"""The one way out: whatever a partner does, the answer is an exchange with a response or a fault."""

from __future__ import annotations

import gzip
import socket
import threading
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from emulator.doors import client as client_module
from emulator.doors.client import Client
from emulator.doors.peer import Peer
from emulator.record.exchange import Exchange, FaultKind, Party, Transcript
from emulator.record.payload import MISSING
from tests.doors.partner import drips, partner, read_request, says

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def transcript() -> Transcript:
    return Transcript()


@pytest.fixture
def client(transcript: Transcript) -> Iterator[Client]:
    made = Client(Peer(timeout=2.0), Party.BUYER, transcript, lambda: NOW)
    yield made
    made.close()


def fault_of(exchange: Exchange) -> tuple[FaultKind, str]:
    assert exchange.response is None
    assert exchange.fault is not None
    words = exchange.fault.message
    assert words, "a fault says why"
    assert "\n" not in words
    assert len(words) < 300, words
    for internal in ("Error(", "HTTPConnection", "object at 0x", "Traceback", "Max retries"):
        assert internal not in words
    return exchange.fault.kind, words


def whole(body: bytes, *headers: bytes) -> bytes:
    return OK + b"".join(h + b"\r\n" for h in headers) + b"Content-Length: %d\r\n\r\n" % len(body) + body


def test_a_good_answer_is_a_response(client: Client, transcript: Transcript) -> None:
    """What a partner answers is kept as it came, numbered, with the time of our clock."""
    with partner(says(whole(b'{"id":"1"}', b"X-One: a", b"X-One: b"))) as url:
        exchange = client.send("GET", url + "/quote", query=[("state", "a b"), ("state", "c")], step="ask")
    assert exchange.fault is None
    assert exchange.response
    assert (exchange.response.status, exchange.response.body) == (200, {"id": "1"})
    assert [v for k, v in exchange.response.headers if k == "X-One"] == ["a", "b"]
    assert exchange.request.query == [("state", "a b"), ("state", "c")]
    assert (exchange.n, exchange.at, exchange.step, exchange.sender) == (1, NOW, "ask", Party.BUYER)
    assert list(transcript) == [exchange]


def test_what_is_recorded_is_what_was_sent(client: Client) -> None:
    """The partner sees the recorded headers and body; only what HTTP itself adds is more."""
    seen: list[bytes] = []

    def script(line: socket.socket, _: threading.Event) -> None:
        seen.append(read_request(line))
        line.sendall(whole(b"{}"))

    with partner(script) as url:
        exchange = client.send("POST", url + "/hub", body={"callback": "http://x"}, headers={"X-Mine": "1"})
    head, _, body = seen[0].partition(b"\r\n\r\n")
    names = {row.split(b":")[0].decode().lower() for row in head.split(b"\r\n")[1:]}
    assert names - {"host", "content-length"} == {name.lower() for name, _ in exchange.request.headers}
    assert body == exchange.request.raw == b'{"callback":"http://x"}'


def test_nothing_listens(client: Client) -> None:
    """A refused port is `unreachable`, and the sentence says so."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    kind, words = fault_of(client.send("GET", f"http://127.0.0.1:{port}/quote"))
    assert kind is FaultKind.UNREACHABLE
    assert words == f"nothing listens at http://127.0.0.1:{port}: the connection was refused"


def test_the_name_is_not_known(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host name that resolves to nothing is `unreachable`."""

    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    kind, words = fault_of(client.send("GET", "http://no-such-host.invalid/quote"))
    assert kind is FaultKind.UNREACHABLE
    assert words == "the name in http://no-such-host.invalid is not known"


@pytest.mark.parametrize(
    ("answer", "kind", "word"),
    [
        pytest.param([], FaultKind.CLOSED, "without a response", id="closes-at-once"),
        pytest.param([b"HTTP/1.1 200"], FaultKind.CLOSED, "closed the connection", id="closes-in-status-line"),
        pytest.param(
            [OK + b'Content-Length: 50\r\n\r\n{"id":'], FaultKind.CLOSED, "in the middle", id="closes-in-body"
        ),
        pytest.param(
            [OK + b'Transfer-Encoding: chunked\r\n\r\n6\r\n{"id":'],
            FaultKind.CLOSED,
            "in the middle",
            id="closes-in-chunk",
        ),
        pytest.param(
            [OK + b'Transfer-Encoding: chunked\r\n\r\n6\r\n{"id":\r\n'],
            FaultKind.CLOSED,
            "in the middle",
            id="closes-between-chunks",
        ),
        pytest.param([b"SSH-2.0-OpenSSH_9.6\r\n\r\n"], FaultKind.PROTOCOL, "is not HTTP", id="ssh"),
        pytest.param([b"\x15\x03\x01\x00\x02\x02\x16\x00\r\n" * 4], FaultKind.PROTOCOL, "is not HTTP", id="tls-alert"),
        pytest.param([b"\x00" * 70_000], FaultKind.PROTOCOL, "HTTP", id="endless-status-line"),
        pytest.param([b"HTTP/1.1 abc OK\r\n\r\n"], FaultKind.PROTOCOL, "is not HTTP", id="status-is-no-number"),
        pytest.param(
            [OK + b"X: y\r\n" * 300 + b"\r\n"], FaultKind.PROTOCOL, "cannot be read as HTTP", id="too-many-headers"
        ),
        pytest.param(
            [OK + b"X: " + b"y" * 70_000 + b"\r\n\r\n"], FaultKind.PROTOCOL, "cannot be read as HTTP", id="huge-header"
        ),
        pytest.param(
            [OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n"],
            FaultKind.PROTOCOL,
            "chunks",
            id="chunk-garbage",
        ),
        pytest.param([whole(b"{}", b"Content-Encoding: gzip")], FaultKind.PROTOCOL, "not gzip", id="not-gzip"),
        pytest.param([whole(b"{}", b"Content-Encoding: br")], FaultKind.PROTOCOL, "'br'", id="brotli"),
        pytest.param(
            [whole(gzip.compress(b"{}")[:-9], b"Content-Encoding: gzip")],
            FaultKind.PROTOCOL,
            "too early",
            id="half-gzip",
        ),
    ],
)
def test_no_whole_response(client: Client, answer: list[bytes], kind: FaultKind, word: str) -> None:
    """Each way of not answering is told apart, in one clear sentence."""
    with partner(says(*answer)) as url:
        found, words = fault_of(client.send("POST", url + "/quote", body={"a": 1}))
    assert (found, word in words) == (kind, True), words
    assert url in words


def test_a_reset_connection_is_closed(client: Client) -> None:
    """A connection that is reset is `closed`."""

    def script(line: socket.socket, _: threading.Event) -> None:
        read_request(line)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        line.close()

    with partner(script) as url:
        kind, words = fault_of(client.send("GET", url))
    assert kind is FaultKind.CLOSED, words


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(drips(b"", b""), id="silence"),
        pytest.param(drips(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), id="drip-of-headers"),
        pytest.param(drips(b"HTTP/1.1 200 OK\r\nX: ", b"y"), id="drip-in-a-header"),
        pytest.param(drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), id="endless-continue"),
        pytest.param(drips(OK + b"Content-Length: 1000000\r\n\r\n", b" "), id="drip-of-body"),
        pytest.param(drips(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"), id="drip-of-chunks"),
        pytest.param(drips(OK + b"\r\n", b" "), id="drip-without-length"),
        pytest.param(
            drips(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10], b"\x00"), id="drip-of-gzip"
        ),
    ],
)
def test_the_time_allowed_is_the_time_taken(client: Client, script: Any) -> None:
    """A partner that goes on and on is a timeout near the deadline, however steadily it drips."""
    with partner(script) as url:
        # The partner never ends by itself: that this comes back at all is the proof.
        kind, words = fault_of(client.send("GET", url, timeout=0.2))
    assert kind is FaultKind.TIMEOUT, words
    assert words == f"no whole response from {url} within 0.2 s"


def test_after_a_timeout_the_client_goes_on(client: Client) -> None:
    """The next request gets a connection of its own and its own answer."""
    calls: list[int] = []

    def script(line: socket.socket, ended: threading.Event) -> None:
        calls.append(1)
        (drips(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n") if len(calls) == 1 else says(whole(b'"second"')))(line, ended)

    with partner(script) as url:
        assert client.send("GET", url, timeout=0.2).fault
        second = client.send("GET", url, timeout=5)
    assert second.response
    assert second.response.body == "second"


def test_html_and_errors_are_responses(client: Client) -> None:
    """HTML and a 500 are answers, not faults: what they are worth is for the judge."""
    page = b"<html>Bad gateway</html>"
    with partner(says(b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n\r\n" + page)) as url:
        exchange = client.send("GET", url)
    assert exchange.response
    assert (exchange.response.status, exchange.response.raw, exchange.response.body) == (502, page, MISSING)


def test_cookies_are_not_kept(client: Client) -> None:
    """What is sent is what is recorded: a partner's cookie is not sent back."""
    heads: list[bytes] = []

    def remember(line: socket.socket, _: threading.Event) -> None:
        heads.append(read_request(line))
        line.sendall(whole(b"{}", b"Set-Cookie: session=1; Path=/", b"Connection: close"))

    with partner(remember) as url:
        client.send("GET", url)
        client.send("GET", url)
    assert len(heads) == 2
    assert not any(b"cookie" in head.lower() for head in heads)


def test_redirects_are_not_followed(client: Client) -> None:
    """A redirect is the answer; nobody is sent anywhere."""
    seen: list[bytes] = []

    def script(line: socket.socket, _: threading.Event) -> None:
        seen.append(read_request(line))
        line.sendall(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")

    with partner(script) as url:
        exchange = client.send("POST", url + "/quote", body={})
    assert exchange.response
    assert exchange.response.status == 307
    assert len(seen) == 1


def test_a_huge_answer_is_refused(client: Client) -> None:
    """40 MB are a fault, with or without an announced length, and are never held in memory whole."""
    megabyte = b" " * (1 << 20)

    def script(line: socket.socket, ended: threading.Event) -> None:
        read_request(line)
        line.sendall(OK + b"\r\n")
        for _ in range(40):
            line.sendall(megabyte)

    with partner(script) as url:
        kind, words = fault_of(client.send("GET", url, timeout=20))
    assert kind is FaultKind.PROTOCOL
    assert "is larger than" in words


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_bomb_does_not_go_off(client: Client, encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small compressed answer that would become huge is refused as soon as it is too large."""
    monkeypatch.setattr(client_module, "MAX_RESPONSE", 1 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31 if encoding == "gzip" else 15)
    bomb = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(64)) + packer.flush()
    pieces: list[int] = []
    real = client_module.unpacked

    def watched(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
        for piece in real(chunks, name):
            pieces.append(len(piece))
            yield piece

    monkeypatch.setattr(client_module, "unpacked", watched)
    with partner(says(whole(bomb, b"Content-Encoding: " + encoding.encode()))) as url:
        kind, words = fault_of(client.send("GET", url))
    assert kind is FaultKind.PROTOCOL
    assert "is larger than" in words
    assert sum(pieces) < 2 << 20


@pytest.mark.parametrize(
    "interim",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\n" * 20,
        b"HTTP/1.1 199\r\nContent-Length: 5\r\n\r\n",
    ],
    ids=["100", "103", "many", "unknown"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_interim_answers_are_passed_over(client: Client, interim: bytes, method: str) -> None:
    """1xx is not the answer, whatever it is, however often it comes (RFC 9110, 15.2)."""
    with partner(says(interim + whole(b'{"a":1}' if method != "HEAD" else b""))) as url:
        response = client.send(method, url).response
    assert response
    assert (response.status, response.raw) == (200, b'{"a":1}' if method != "HEAD" else b"")
    assert response.header("link") is None


def test_an_end_behind_an_interim_answer_is_no_answer(client: Client) -> None:
    with partner(says(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")) as url:
        assert fault_of(client.send("GET", url))[0] is FaultKind.CLOSED


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        pytest.param("gzip", gzip.compress(b'{"a":1}', mtime=0), id="gzip"),
        pytest.param("deflate", zlib.compress(b'{"a":1}'), id="zlib"),
        pytest.param("deflate", zlib.compress(b'{"a":1}')[2:-4], id="bare-deflate"),
        pytest.param("identity", b'{"a":1}', id="identity"),
        pytest.param("x-gzip", gzip.compress(b'{"a"') + gzip.compress(b":1}"), id="two-members"),
        pytest.param("GZIP , identity", gzip.compress(b'{"a":1}') + bytes(512), id="padding"),
        pytest.param("deflate, gzip", gzip.compress(zlib.compress(b'{"a":1}')), id="twice"),
    ],
)
def test_what_was_compressed_unasked_is_understood(client: Client, encoding: str, packed: bytes) -> None:
    """gzip, zlib and bare deflate are unpacked though we ask for none."""
    with partner(says(whole(packed, b"Content-Encoding: " + encoding.encode()))) as url:
        exchange = client.send("GET", url)
    assert exchange.response, exchange.fault
    assert exchange.response.body == {"a": 1}


def test_more_body_than_announced_never_reaches_the_next_response(client: Client) -> None:
    """Bytes after the announced length are dropped, and are nobody's answer."""

    def script(line: socket.socket, _: threading.Event) -> None:
        while read_request(line):
            line.sendall(OK + b'Content-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"evil"')

    with partner(script) as url:
        answers = [client.send("GET", url).response for _ in range(5)]
        client.close()
    assert [answer and answer.body for answer in answers] == [{}] * 5


def test_an_idle_connection_that_ends_is_nobodys_fault(client: Client) -> None:
    """A partner that hangs up after each response, unannounced, is answered by a new connection, not by a fault."""
    with partner(says(whole(b"{}"))) as url:
        for method in ("GET", "POST") * 10:
            assert client.send(method, url).response


def test_a_post_is_sent_once(client: Client) -> None:
    """What creates something is never repeated, however it fails."""
    seen: list[bytes] = []

    def script(line: socket.socket, _: threading.Event) -> None:
        seen.append(read_request(line))

    with partner(script) as url:
        kind, _ = fault_of(client.send("POST", url + "/quote", body={}))
    assert kind is FaultKind.CLOSED
    assert len(seen) == 1


def test_secrets_are_masked_at_capture(client: Client) -> None:
    """No credential reaches the transcript: headers of both directions, user information, tokens in the query."""
    seen: list[bytes] = []

    def script(line: socket.socket, _: threading.Event) -> None:
        seen.append(read_request(line))
        line.sendall(whole(b"{}", b"Set-Cookie: session=s3cret"))

    with partner(script) as url:
        exchange = client.send(
            "GET",
            url.replace("http://", "http://joe:s3cret@") + "/quote",
            query=[("access_token", "s3cret"), ("state", "x")],
            headers={"Authorization": "Bearer s3cret", "X-API-Key": "s3cret", "X-Auth-Token": "s3cret"},
        )
    assert b"s3cret" in seen[0], "the partner gets the real thing"
    assert "s3cret" not in repr(exchange)
    assert exchange.request.query == [("access_token", "***"), ("state", "x")]


def test_a_fault_shows_no_secret(client: Client) -> None:
    """The sentence of a fault names the host without its user information."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    exchange = client.send("GET", f"http://joe:s3cret@127.0.0.1:{port}/quote?api_key=s3cret")
    assert "s3cret" not in repr(exchange)


@pytest.mark.parametrize(
    "url",
    ["http://[::1", "http://", "quote", "ftp://x/y", "http://127.0.0.1:99999/", "http://a b/", "http://\ud800/", ""],
)
def test_a_url_that_is_none_is_a_fault(client: Client, url: str) -> None:
    """A URL that cannot be asked is a fault, never an exception."""
    exchange = client.send("GET", url)
    assert exchange.fault
    assert exchange.fault.kind in {FaultKind.PROTOCOL, FaultKind.UNREACHABLE}
    assert exchange.request.path is not None
    assert exchange.request.query == []


def test_a_header_that_cannot_be_sent_is_a_fault(client: Client) -> None:
    """A header that HTTP cannot carry is a fault, never an exception."""
    with partner(says(whole(b"{}"))) as url:
        assert client.send("GET", url, headers={"X": "a\r\nY: b"}).fault
        assert client.send("GET", url, headers={"X": "✓"}).fault
        assert client.send("GE T", url).fault


def test_connections_are_reused(client: Client) -> None:
    """One connection serves many requests, each with its own watch."""
    lines: list[int] = []

    def script(line: socket.socket, ended: threading.Event) -> None:
        lines.append(1)
        while read_request(line) and not ended.is_set():
            line.sendall(whole(b"{}"))

    with partner(script) as url:
        for _ in range(20):
            assert client.send("GET", url).response
        client.close()
    assert len(lines) == 1


def test_many_threads_share_a_client(client: Client, transcript: Transcript) -> None:
    """Exchanges of parallel requests are numbered without gaps or doubles."""
    with partner(says(whole(b"{}"))) as url:
        threads = [threading.Thread(target=client.send, args=("GET", url)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [exchange.n for exchange in transcript] == list(range(1, 17))
    assert all(exchange.response for exchange in transcript)


def test_nothing_is_left_running(client: Client) -> None:
    """The watch of a request ends with it."""
    before = threading.active_count()
    with partner(says(whole(b"{}"))) as url:
        client.send("GET", url, timeout=60)
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(2)
    assert threading.active_count() <= before
