"""The door, by bytes: offers of other protocols, what is no request, and whatever else a stranger sends."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import ssl
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.doors.line import HttpLine
from emulator.doors.running import Running
from emulator.record.exchange import FaultKind, Party
from emulator.standard.contract import MEDIA_TYPE, Contract
from emulator.standard.release import load_release
from tests.doors.raw import Raw, raw, request
from tests.doors.test_server import GOOD, QUOTE, Site, start
from tests.tls import AUTHORITY, serving

BODY = json.dumps(GOOD).encode()
JSON = f"Content-Type: {MEDIA_TYPE}"
POST = QUOTE + "/quote"
H2C = (
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
)
CHUNKED = b"5\r\n" + BODY[:5] + b"\r\n" + f"{len(BODY) - 5:x}".encode() + b"\r\n" + BODY[5:] + b"\r\n0\r\n\r\n"


@pytest.fixture(scope="module")
def contracts() -> list[Contract]:
    return load_release("grace").contracts(Party.SELLER)


@pytest.fixture(scope="module")
def shared(contracts: list[Contract]) -> Iterator[Site]:
    site, running = start(contracts)
    yield site
    running.stop()


@pytest.fixture
def site(shared: Site) -> Site:
    shared.store.kept.clear()
    shared.transcripts.clear()
    return shared


def whole(sent: bytes) -> list[bytes]:
    return [sent]


def halves(sent: bytes) -> list[bytes]:
    head = sent.index(b"\r\n\r\n") + 4
    return [sent[:head], sent[head:]]


def single_bytes(sent: bytes) -> list[bytes]:
    return [sent[n : n + 1] for n in range(len(sent))]


# -- offers of other protocols ---------------------------------------------------------------------


@pytest.mark.parametrize("cut", [whole, halves, single_bytes])
@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        (H2C, BODY),
        (("Transfer-Encoding: chunked", *H2C), CHUNKED),
        (("Upgrade: websocket", "Connection: keep-alive, upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==",
          "Sec-WebSocket-Version: 13"), BODY),
        (("Upgrade: TLS/1.0", "Connection: Upgrade"), BODY),
        (("Upgrade: HTTP/3, foo/2", "Connection: upgrade", "Expect: nothing-that-is-known"), BODY),
        (("Connection: Upgrade", "Upgrade: h2c", "Connection: keep-alive", "Upgrade: websocket"), BODY),
    ],
    ids=["h2c", "chunked", "websocket", "tls", "unknown", "twice"],
)  # fmt: skip
def test_an_offer_is_ignored_and_the_body_read(
    site: Site, fields: tuple[str, ...], sent: bytes, cut: Callable[[bytes], list[bytes]]
) -> None:
    """In one piece or byte by byte: it is answered as if nothing had been offered, and so is what comes after it."""
    offer = request("POST", POST, JSON, *fields, body=sent)
    with raw(site.port, *cut(offer)) as line:
        first = line.answer()
        line.send(offer, request("GET", POST))
        then = [line.answer(), line.answer()]
    assert first
    assert (first.status, first.json) == (201, GOOD)
    assert "upgrade" not in first.headers
    assert [each and each.status for each in then] == [201, 200]
    exchange = next(iter(site.transcripts[""]))
    assert exchange.request.raw == BODY
    told = [f"{name}: {value}".lower() for name, value in exchange.request.headers]
    assert [each for each in told if each.startswith(("upgrade", "connection"))] == [
        each.lower() for each in fields if each.lower().startswith(("upgrade", "connection"))
    ], "what is recorded is what was sent"


def test_what_is_pipelined_behind_an_offer_is_answered_in_order(site: Site) -> None:
    sent = [request("GET", POST), request("POST", POST, JSON, *H2C, body=BODY), request("GET", "/health", *H2C)]
    with raw(site.port, b"".join([*sent, request("GET", POST, "Connection: close")])) as line:
        assert [got.status for got in line.answers()] == [200, 201, 200, 200]


def test_expect_is_answered_with_an_offer_too(site: Site) -> None:
    """Java's client sends both at once."""
    head = request("POST", POST, JSON, *H2C, "Expect: 100-continue", f"Content-Length: {len(BODY)}")
    with raw(site.port, head) as line:
        assert (got := line.answer())
        assert got.status == 100
        line.send(BODY)
        assert (got := line.answer())
        assert got.status == 201


@pytest.mark.parametrize("more", [(), H2C])
def test_who_speaks_1_0_is_not_told_to_continue(site: Site, more: tuple[str, ...]) -> None:
    """RFC 9110 10.1.1: it would take that for the answer."""
    head = request("POST", POST, JSON, *more, "Expect: 100-continue", f"Content-Length: {len(BODY)}")
    with raw(site.port, head.replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", 1), BODY) as line:
        assert (got := line.answer())
        assert got.status == 201


# -- what is no request ----------------------------------------------------------------------------

HOST = "Host: 127.0.0.1"
NONE = {
    "two-hosts": (request("GET", POST, HOST), 400),
    "two-other-hosts": (request("GET", POST, "Host: b.example"), 400),
    "no-host": (request("GET", POST, host=None), 400),
    "host-with-user": (request("GET", POST, host="user:pw@host"), 400),
    "host-with-path": (request("GET", POST, host="a/../b"), 400),
    "host-with-blank": (request("GET", POST, host="a b"), 400),
    "host-of-brackets": (request("GET", POST, host="[::1"), 400),
    "negative-length": (request("POST", POST, JSON, "Content-Length: -5", body=BODY), 400),
    "length-of-words": (request("POST", POST, JSON, "Content-Length: five", body=BODY), 400),
    "length-beyond": (request("POST", POST, JSON, "Content-Length: " + "9" * 30, body=BODY), 400),
    "two-lengths": (request("POST", POST, JSON, "Content-Length: 5", "Content-Length: 6", body=BODY), 400),
    "lengths-in-one": (request("POST", POST, JSON, "Content-Length: 5, 6", body=BODY), 400),
    "length-and-chunks": (request("POST", POST, "Content-Length: 5", "Transfer-Encoding: chunked", body=CHUNKED), 400),
    "chunks-and-length": (request("POST", POST, "Transfer-Encoding: chunked", "Content-Length: 5", body=CHUNKED), 400),
    "not-chunked": (request("POST", POST, "Transfer-Encoding: gzip", body=CHUNKED), 501),
    "packed-chunks": (request("POST", POST, "Transfer-Encoding: gzip, chunked", body=CHUNKED), 501),
    "bad-chunk": (request("POST", POST, JSON, "Transfer-Encoding: chunked", body=b"xyz\r\n"), 400),
    "bad-second-chunk": (request("POST", POST, JSON, "Transfer-Encoding: chunked", body=b"2\r\n{}\r\n-1\r\n"), 400),
    "bad-chunk-behind-an-offer": (request("POST", POST, *H2C, "Transfer-Encoding: chunked", body=b"-1\r\n"), 400),
    "blank-before-colon": (request("GET", POST, "A : b"), 400),
    "folded": (request("GET", POST, "A: b", " c"), 400),
    "nul-in-a-field": (request("GET", POST, "A: b\0c"), 400),
    "no-colon": (request("GET", POST, "A"), 400),
    "garbage": (b"\x00\x01\x02\r\n\r\n", 400),
    "unknown-method": (request("ABRACADABRA", POST), 400),
    "lines-without-return": (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    "target-beyond-ascii": (request("GET", POST + "/\xe9"), 400),
    "no-target": (b"GET HTTP/1.1\r\n\r\n", 400),
    "strange-target": (request("GET", "http://[::1/quote"), 400),
    "connect": (request("CONNECT", "a.example:443", host="a.example:443"), 405),
    "http2-at-once": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", 505),
    "http-2.0": (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    "http-9.9": (b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", 505),
    "long-target": (request("GET", "/" + "a" * 20_000), 414),
    "large-field": (request("GET", POST, "A: " + "b" * 70_000), 431),
    "large-fields": (request("GET", POST, *[f"A{n}: " + "b" * 1000 for n in range(90)]), 431),
    "many-fields": (request("GET", POST, *["A: b"] * 200), 431),
    "many-trailers": (
        request("POST", POST, "Transfer-Encoding: chunked", body=b"0\r\n" + b"A: b\r\n" * 200 + b"\r\n"), 431,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_request_is_answered_in_the_standards_form(site: Site, name: str) -> None:
    """The answer, then the end of the connection; nobody is asked, and the next caller is served."""
    sent, status = NONE[name]
    with raw(site.port, sent) as line:
        answers = list(line.answers())
    assert [got.status for got in answers] == [status]
    (got,) = answers
    assert (got.headers["content-type"], got.headers["connection"]) == (MEDIA_TYPE, "close")
    assert got.json["reason"]
    assert ("code" in got.json) == (status == 400)
    assert site.store.kept == []
    assert site.ask("GET", "/health")[0] == 200


@pytest.mark.parametrize(
    "host", ["", "a.example", "a_b:80", "a:", "[::1]:8080", "127.0.0.1", "xn--bcher-kva.example", "a%20b"]
)
def test_a_host_that_is_one_is_taken(site: Site, host: str) -> None:
    with raw(site.port, request("GET", POST + "?offset=0", host=host)) as line:
        assert (got := line.answer())
    assert got.status == 200


def test_absolute_targets_and_http_1_0_are_served(site: Site) -> None:
    for sent in (
        request("GET", f"http://a.example{POST}?offset=0"),
        f"GET {POST} HTTP/1.0\r\n\r\n".encode(),
        b"\r\n\r\n" + request("GET", POST),
    ):
        with raw(site.port, sent) as line:
            assert (got := line.answer())
        assert (got.status, got.json) == (200, [])


def test_tls_at_a_plain_port_is_hung_up_on(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with raw(site.port, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500) as line:
        assert line.answer() is None


def test_what_came_before_is_answered_first(site: Site) -> None:
    """A refusal waits for the answers to the requests before it, and nothing after it is read."""
    good = request("POST", POST, JSON, body=BODY)
    with raw(site.port, good * 3 + b"GARBAGE\r\n\r\n" + good) as line:
        assert [got.status for got in line.answers()] == [201, 201, 201, 400]
    assert len(site.store.kept) == 3


def test_trailers_are_no_fields_of_the_head(site: Site) -> None:
    """Else who sends them could take on what a gateway has set."""
    body = b"%x\r\n%b\r\n0\r\nX-Behave: raise\r\nHost: b\r\n\r\n" % (len(BODY), BODY)
    with raw(site.port, request("POST", POST, JSON, "Transfer-Encoding: chunked", body=body)) as line:
        assert (got := line.answer())
    assert got.status == 201
    assert "x-behave" not in dict(site.last.request.headers)


def test_a_request_that_we_refused_is_not_said_to_have_been_given_up(site: Site) -> None:
    told = site.transcripts[""].told
    with raw(site.port, request("POST", POST, JSON, "Transfer-Encoding: chunked", body=b"2\r\n{}\r\n")) as line:
        line.send(b"-1\r\n")
        assert [got.status for got in line.answers()] == [400]
    assert told.wait(20)
    assert site.last.fault
    assert site.last.fault.kind is FaultKind.CLOSED
    assert "refused with 400" in site.last.fault.message


def test_many_refusals_are_one_line_of_the_log(site: Site, contracts: list[Contract], caplog: pytest.LogCaptureFixture):
    """A server of its own, since it says something once in a while only."""
    own, running = start(contracts[:1])
    with caplog.at_level(logging.INFO):
        for n in range(30):
            with raw(own.port, f"GET /?token=s3cret{n} NONSENSE\r\nAuthorization: s3cret\r\n\r\n".encode()) as line:
                assert len(list(line.answers())) == 1
    running.stop()
    assert len(caplog.records) == 1
    assert "s3cret" not in caplog.text
    assert "Traceback" not in caplog.text


def test_a_certificate_can_be_asked_for_from_the_first_moment(
    contracts: list[Contract], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What mutual TLS will need of this protocol: the TLS object, before any byte is read."""
    seen: list[object] = []
    made = HttpLine.connection_made

    def watched(self: HttpLine, transport: object) -> None:
        seen.append(transport.get_extra_info("ssl_object"))  # type: ignore[attr-defined]
        made(self, transport)  # type: ignore[arg-type]

    monkeypatch.setattr(HttpLine, "connection_made", watched)
    server = Running(_Nothing(), tls=serving())
    assert server.start() == f"https://127.0.0.1:{server.port}"
    try:
        line = Raw(server.port)
        line.line = ssl.create_default_context(cafile=AUTHORITY).wrap_socket(line.line, server_hostname="127.0.0.1")
        line._file = line.line.makefile("rb")
        line.send(request("GET", "/"), b"GARBAGE\r\n\r\n")
        assert [got.status for got in line.answers()] == [200, 400]
        line.close()
    finally:
        server.stop()
    assert isinstance(seen[0], ssl.SSLObject) or hasattr(seen[0], "getpeercert")


class _Nothing:
    """An application that answers everything with nothing."""

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


# -- whatever --------------------------------------------------------------------------------------

TOKENS = st.sampled_from([
    b"GET ", b"POST ", b"PRI * HTTP/2.0", b"/health", POST.encode(), b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", b"\r\n", b"\r\n\r\n", b"\n",
    b"Host: a\r\n", b"Content-Length: 3\r\n", b"Content-Length: 99999999999999999999\r\n", b"Transfer-Encoding: chunked\r\n",
    b"3\r\nabc\r\n", b"0\r\n\r\n", b"Upgrade: h2c\r\n", b"Connection: Upgrade\r\n", b"Connection: close\r\n", b"Expect: 100-continue\r\n",
    b"*", b"http://", b"%00", b"?", b"#", b"\0", b"\xff", b": ", b"{}", b"\x16\x03\x01",
    request("GET", "/health"), request("POST", POST, JSON, body=BODY), request("POST", POST, JSON, *H2C, body=BODY),
])  # fmt: skip
ANYTHING = st.lists(st.one_of(st.binary(max_size=40), TOKENS, TOKENS, TOKENS), min_size=1, max_size=12)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=ANYTHING)
def test_whatever_comes_the_connection_ends_and_the_next_is_served(
    site: Site, caplog: pytest.LogCaptureFixture, parts: list[bytes]
) -> None:
    """Nothing raises, nothing hangs: who has said all is answered or hung up on, and another is served."""
    with caplog.at_level(logging.ERROR), raw(site.port, *parts) as line:
        with contextlib.suppress(OSError):  # it may have hung up on us already
            line.line.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while line.line.recv(65_536):
                pass
    assert site.ask("GET", "/health")[0] == 200
    assert caplog.records == []
