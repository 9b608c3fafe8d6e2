"""A door between two parties of raw bytes: what goes through is what came, and what is kept is what its buyer saw."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from emulator.doors.passage.detour import PREFIX, Detours, rewritten
from emulator.doors.passage.onward import Goal
from emulator.doors.passage.sifting import Sieve, Sifting
from emulator.doors.peer import Peer
from emulator.doors.tls import ServerTls
from emulator.hosting import Between, open_door, serve_passage
from emulator.parties.clock import RealClock
from emulator.record.exchange import FaultKind, Party, Transcript, UnreadKind
from emulator.standard.contract import MEDIA_TYPE
from emulator.standard.release import load_release
from tests import tls
from tests.doors.echoing import Echo, echoing
from tests.doors.raw import PATIENCE, Raw, raw, request

RELEASE = load_release()
QUOTE = RELEASE.contract("quote").base_path
HUB = QUOTE + "/hub"
LISTENER = "/mefApi/sonata/quoteNotification/v8/listener/quoteStateChangeEvent"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
LIMIT = 100_000
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Stand:
    """A door, the seller behind it, and what was kept and told."""

    port: int
    url: str
    seller: Echo
    kept: defaultdict[str, Transcript]
    detours: Detours
    told: list[str] = field(default_factory=list)

    @property
    def last(self):
        return list(self.kept[""])[-1]

    def ask(self, *parts: bytes) -> bytes:
        """All that comes back until the connection ends, to the byte."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as line:
            for part in parts:
                line.sendall(part)
            came = b""
            while piece := line.recv(65536):
                came += piece
            return came


@contextlib.contextmanager
def standing(seller: Echo, sifting: Sifting = Sifting.PASS, **more) -> Iterator[Stand]:
    kept: defaultdict[str, Transcript] = defaultdict(Transcript)
    detours, told = Detours(kept.__getitem__), list[str]()
    between = more.pop("between", Between(Peer(seller.url, timeout=5)))
    passage = serve_passage(
        between, [RELEASE], RealClock(), kept.__getitem__, detours, sieve=Sieve(sifting), told=told.append
    )
    passage._limit = passage._returning._limit = LIMIT
    running = open_door(passage, exact=True, **more)
    detours.root = running.start()
    try:
        yield Stand(running.port, running.url, seller, kept, detours, told)
    finally:
        running.stop()


@pytest.fixture(scope="module")
def shared() -> Iterator[Stand]:
    with echoing() as seller, standing(seller) as stand:
        yield stand


@pytest.fixture
def stand(shared: Stand) -> Stand:
    shared.seller.came.clear()
    shared.told.clear()
    shared.kept.clear()
    return shared


CLOSE = "Connection: close"


def test_a_request_goes_on_as_it_came(stand: Stand) -> None:
    """Order, spelling, repeated fields, odd paths and queries, packed bodies: all but Host and what one connection was told."""
    stand.seller.answer = OK
    body = gzip.compress(b'{"a": 1}')
    fields = ("x-ODD: 1", "X-odd: 2", "Content-Encoding: gzip", "Accept: */*", "Keep-Alive: 5", "X-Hop: gone", "TE: x")
    sent = request(
        "POST", "/any//Path%2f;x?a=%20&&b", *fields, "Connection: close, X-Hop", body=body, host="me.example"
    )
    assert stand.ask(sent).endswith(b"\r\n\r\n{}")
    host = stand.seller.url.removeprefix("http://").encode()
    assert stand.seller.came == [
        b"POST /any//Path%2f;x?a=%20&&b HTTP/1.1\r\nHost: " + host + b"\r\nx-ODD: 1\r\nX-odd: 2\r\n"
        b"Content-Encoding: gzip\r\nAccept: */*\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
    ]
    assert (stand.last.request.raw, stand.last.api) == (b'{"a": 1}', None)
    assert stand.last.request.url == "http://me.example/any//Path%2f;x?a=%20&&b"
    assert stand.last.relayed.url == stand.seller.url + "/any//Path%2f;x?a=%20&&b"


@pytest.mark.parametrize(
    ("method", "said", "back"),
    [
        ("GET", b"HTTP/1.1 299 Quite Fine\r\nX-ODD: 1\r\nx-odd: 2\r\nDate: long ago\r\nContent-Length: 3\r\n\r\n\xff\x00a", None),
        ("HEAD", b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\nETag: "1"\r\n\r\n', None),
        ("GET", b'HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: "1"\r\n\r\n', None),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", None),
        ("GET", b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n", None),
        ("DELETE", b"HTTP/1.1 204 No Content\r\n\r\n", None),
        ("GET", b"HTTP/1.1 200 OK\r\nConnection: close, X-H\r\nX-H: 1\r\n\r\nto the end",
         b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nto the end"),
        ("GET", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
         b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"),
        ("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
         b"HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"),
    ],
)  # fmt: skip
def test_an_answer_comes_back_as_it_was(stand: Stand, method: str, said: bytes, back: bytes | None) -> None:
    """Reason, spelling, date and framing too; the answer of a HEAD and a 304 keep their length."""
    stand.seller.answer = said
    got = stand.ask(request(method, "/x", CLOSE))
    assert got.replace(b"Connection: close\r\n", b"") == (back or said)


def test_chunks_go_on_as_chunks_and_continue_is_said_by_us(stand: Stand) -> None:
    stand.seller.answer = OK
    head = request("POST", "/x", "transfer-encoding: chunked", "Expect: 100-continue", CLOSE)
    got = stand.ask(head, b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert stand.seller.came[0].endswith(b"transfer-encoding: chunked\r\n\r\n7\r\nabcdefg\r\n0\r\n\r\n")
    assert stand.last.request.raw == b"abcdefg"


def test_a_run_is_ours_and_the_seller_does_not_see_it(stand: Stand) -> None:
    stand.seller.answer = OK
    stand.ask(request("GET", f"/r/acme{QUOTE}/quote?limit=1", CLOSE))
    assert stand.seller.came[0].startswith(f"GET {QUOTE}/quote?limit=1 HTTP/1.1\r\n".encode())
    (exchange,) = stand.kept["acme"]
    assert (exchange.api, exchange.operation, exchange.run) == ("quote", "listQuote", "acme")
    assert (exchange.sender, exchange.receiver) == (Party.BUYER, Party.SELLER)


def test_an_operation_is_found_behind_any_prefix_as_in_a_capture(stand: Stand) -> None:
    stand.seller.answer = OK
    stand.ask(request("GET", f"/their/api{QUOTE}/quote/7", CLOSE))
    assert stand.seller.came[0].startswith(f"GET /their/api{QUOTE}/quote/7 ".encode())
    assert (stand.last.operation, stand.last.path_params) == ("retrieveQuote", {"id": "7"})


# -- callbacks -------------------------------------------------------------------------------------


def subscribed(seen: bytes) -> bytes:
    """A seller that takes a subscription, and says what it has understood."""
    asked = json.loads(seen.partition(b"\r\n\r\n")[2])
    body = json.dumps({"id": "s1", **asked}).encode()
    return b"HTTP/1.1 201 Created\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body


def subscribe(stand: Stand, callback: str, path: str = HUB) -> str:
    """Subscribe; returns the callback that the seller was given."""
    stand.seller.answer = subscribed
    asked = b'{ "query":"a=b" ,"callback" : ' + json.dumps(callback).encode() + b',"x":"\\u00e9"}'
    got = stand.ask(request("POST", path, f"Content-Type: {MEDIA_TYPE}", CLOSE, body=asked))
    assert json.loads(got.partition(b"\r\n\r\n")[2])["callback"] == callback, "turned back for the buyer"
    seen = stand.seller.came[-1].partition(b"\r\n\r\n")[2]
    led = json.loads(seen)["callback"]
    assert seen == asked.replace(json.dumps(callback).encode(), json.dumps(led).encode()), "all else is as it was"
    return str(led)


def test_a_callback_is_led_to_our_door_and_its_notifications_from_there(stand: Stand) -> None:
    with echoing() as buyer:
        buyer.answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
        callback = buyer.url + "/my/events"
        led = subscribe(stand, callback)
        assert led.startswith(stand.url + PREFIX)
        assert stand.last.request.body["callback"] == stand.last.response.body["callback"] == callback
        assert [(c.where, c.buyer, c.seller) for c in stand.last.relayed.changes] == [
            ("request /callback", callback, led), ("response /callback", callback, led),
        ]  # fmt: skip
        event = request(
            "POST",
            led.removeprefix(stand.url) + LISTENER,
            CLOSE,
            body=b'{"eventId": "1"}',
            host=stand.url.removeprefix("http://"),
        )
        assert stand.ask(event).startswith(b"HTTP/1.1 204 No Content\r\n")
        assert buyer.came[0].startswith(f"POST /my/events{LISTENER} HTTP/1.1\r\n".encode())
        assert buyer.came[0].endswith(b'\r\n\r\n{"eventId": "1"}')
        told = stand.last
        assert (told.sender, told.receiver, told.kind) == (Party.SELLER, Party.BUYER, "notification")
        assert (told.request.url, told.relayed.url) == (callback + LISTENER, led + LISTENER)
        assert told.api == "quote"


def test_each_callback_of_each_run_has_a_path_of_its_own(stand: Stand) -> None:
    led = [subscribe(stand, f"http://127.0.0.1:9/{name}") for name in ("a", "b", "a")]
    other = subscribe(stand, "http://127.0.0.1:9/a", f"/r/acme{HUB}")
    assert led[0] == led[2]
    assert len({*led, other}) == 3
    assert "/r/acme" in other


def test_a_packed_subscription_is_read_and_goes_on_unpacked(stand: Stand) -> None:
    stand.seller.answer = subscribed
    body = gzip.compress(b'{"callback": "http://127.0.0.1:9/z"}')
    stand.ask(request("POST", HUB, "Content-Encoding: gzip", CLOSE, body=body))
    head, _, seen = stand.seller.came[0].partition(b"\r\n\r\n")
    assert b"Content-Encoding" not in head
    assert json.loads(seen)["callback"].startswith(stand.url)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"callback": 7}', b'{"callback": "http://a/", "callback": "http://b/"}', b"\xff"]
)
def test_what_is_no_subscription_goes_on_as_it_is(stand: Stand, body: bytes) -> None:
    stand.seller.answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    stand.ask(request("POST", HUB, CLOSE, body=body))
    assert stand.seller.came[0].partition(b"\r\n\r\n")[2] == body


def test_a_refused_subscription_leads_nowhere(stand: Stand) -> None:
    stand.seller.answer = b"HTTP/1.1 422 No\r\nContent-Length: 0\r\n\r\n"
    stand.ask(request("POST", HUB, CLOSE, body=b'{"callback": "http://127.0.0.1:9/refused"}'))
    led = json.loads(stand.seller.came[0].partition(b"\r\n\r\n")[2])["callback"]
    stand.kept.clear()
    got = stand.ask(request("POST", led.removeprefix(stand.url) + LISTENER, CLOSE, body=b"{}"))
    assert got.startswith(b"HTTP/1.1 404 ")
    assert "no subscription leads there" in stand.told[0]


def test_a_callback_to_where_nothing_may_be_sent_stays_as_it_is_and_is_told(stand: Stand) -> None:
    """Else whoever subscribes could have us ask the metadata service of a cloud."""
    stand.seller.answer = subscribed
    asked = b'{"callback": "http://169.254.169.254/latest"}'
    stand.ask(request("POST", HUB, CLOSE, body=asked))
    assert stand.seller.came[0].endswith(asked)
    assert "169.254.169.254" in stand.told[0]


def test_another_process_finds_a_callback_in_what_was_kept(stand: Stand) -> None:
    callback = "http://127.0.0.1:9/kept"
    led = subscribe(stand, callback)
    afresh = Detours(stand.kept.__getitem__, stand.url)
    assert afresh.original("", led.rpartition("/")[2]) == callback
    assert afresh.original("", "0" * 24) is None


def test_rewriting_changes_nothing_but_the_callback() -> None:
    found = rewritten(b' {"a":[1, {"callback":"x"}],\n"callback":"\\u0061" , "b":1e1}\t', lambda _: "é")
    assert found
    assert found.raw == b' {"a":[1, {"callback":"x"}],\n"callback":"\\u00e9" , "b":1e1}\t'
    assert (found.before, found.after) == ("a", "é")


# -- trouble ---------------------------------------------------------------------------------------


def reset(line: socket.socket) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b"", FaultKind.CLOSED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nabc", FaultKind.CLOSED),
        (b"SMTP ready\r\nConnection: close\r\n\r\n", FaultKind.PROTOCOL),
    ],
)
def test_a_seller_that_gives_no_whole_answer_is_told_and_kept(stand: Stand, said: bytes, kind: FaultKind) -> None:
    stand.seller.answer = said or b"\r\nConnection: close\r\n"
    got = stand.ask(request("POST", QUOTE + "/quote", CLOSE, body=b"{}"))
    assert got.startswith(b"HTTP/1.1 502 ")
    assert stand.last.response is None
    assert stand.last.fault.kind in (kind, FaultKind.PROTOCOL)
    stand.seller.answer = OK
    assert stand.ask(request("GET", "/x", CLOSE)).endswith(b"{}"), "and the next one is served"


def test_a_seller_that_is_not_there(stand: Stand) -> None:
    with echoing() as gone:
        pass
    with standing(gone) as lost:
        assert lost.ask(request("GET", "/x", CLOSE)).startswith(b"HTTP/1.1 502 ")
        assert lost.last.fault.kind is FaultKind.UNREACHABLE


def test_a_sender_that_goes_in_the_middle_is_kept_as_that_and_others_are_served(stand: Stand) -> None:
    stand.seller.answer = OK
    line = Raw(stand.port)
    line.send(request("POST", "/x", "Content-Length: 100"), b"abc")
    reset(line.line)
    line._file.close()
    assert stand.ask(request("GET", "/y", CLOSE)).endswith(b"{}")
    while not any(e.request.unread for e in stand.kept[""]):
        stand.ask(request("GET", "/y", CLOSE))
    cut = next(e for e in stand.kept[""] if e.request.unread)
    assert (cut.request.unread.kind, cut.fault.kind) == (UnreadKind.CUT, FaultKind.CLOSED)
    assert not any(came.startswith(b"POST") for came in stand.seller.came)


def test_what_is_too_large_goes_through_and_is_kept_as_unread(stand: Stand) -> None:
    """Both ways; nothing of it is held but its beginning."""
    large = bytes(range(256)) * 4000
    stand.seller.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(large) + large
    got = stand.ask(request("POST", "/x", CLOSE, body=large))
    assert got.partition(b"\r\n\r\n")[2] == large
    assert stand.seller.came[0].partition(b"\r\n\r\n")[2] == large
    for half in (stand.last.request, stand.last.response):
        assert half.unread.kind is UnreadKind.TOO_LARGE
        assert len(half.raw) <= 4096


def test_a_large_answer_that_is_cut_is_cut_for_the_buyer_too(stand: Stand) -> None:
    stand.seller.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\nConnection: close\r\n\r\n" + b"x" * 500_000
    got = stand.ask(request("GET", "/x", CLOSE))
    assert 100_000 < len(got) < 600_000
    assert stand.last.fault.kind is FaultKind.CLOSED


def test_a_kept_connection_that_the_seller_ended_harms_no_read(stand: Stand) -> None:
    stand.seller.answer = OK
    for _ in range(3):
        with raw(stand.port, request("GET", "/x")) as line:
            assert line.answer().status == 200
    assert len(stand.seller.came) == 3


# -- switches --------------------------------------------------------------------------------------


BROKEN = b'{"instantSyncQuote": "yes", "buyerRequestedQuoteLevel": "firm", "quoteItem": [{"id": "1", "action": "add"}]}'


@pytest.mark.parametrize("sifting", Sifting)
def test_what_breaks_the_contract_is_passed_marked_or_refused(sifting: Sifting) -> None:
    wrong = b"HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=utf-8\r\nContent-Length: 2\r\n\r\n{}"
    typed = f"Content-Type: {MEDIA_TYPE}"
    with echoing() as seller, standing(seller, sifting) as stand:
        seller.answer = wrong
        asked = stand.ask(request("POST", QUOTE + "/quote", typed, CLOSE, body=BROKEN))
        read = stand.ask(request("GET", QUOTE + "/quote/7", CLOSE))
        if sifting is Sifting.PASS:
            assert asked.replace(b"Connection: close\r\n", b"") == read.replace(b"Connection: close\r\n", b"") == wrong
        elif sifting is Sifting.MARK:
            assert b"\r\nOIT-Breach: buyer; /instantSyncQuote: " in asked
            assert b"\r\nOIT-Breach: seller; " in read
            assert read.endswith(b"\r\n\r\n{}")
        else:
            assert asked.startswith(b"HTTP/1.1 422 ")
            assert b"/instantSyncQuote" in asked
            assert read.startswith(b"HTTP/1.1 502 ")
        assert len(seller.came) == (1 if sifting is Sifting.REFUSE else 2)
        first, second = stand.kept[""]
        assert first.spoilt is (sifting is Sifting.REFUSE), "what we answer ourselves is not the seller's"
        assert (second.response.status, second.spoilt) == (200, False), "what it said is kept as it was"


class Ours:
    """Credentials that a partner's file would give."""

    def headers(self, _method: str, _url: str) -> dict[str, str]:
        return {"Authorization": "Bearer ours-ours", "X-Key": "k-k-k-k"}


def test_our_credentials_take_the_place_of_the_buyers() -> None:
    with echoing() as seller:
        seller.answer = OK
        between = Between(Peer(seller.url, credentials=Ours()))
        with standing(seller, between=between) as stand:
            stand.ask(request("GET", "/x", "authorization: Basic dGhlaXJzOnRoZWlycw==", CLOSE))
            assert b"theirs" not in seller.came[0]
            assert b"dGhlaXJz" not in seller.came[0]
            assert b"\r\nAuthorization: Bearer ours-ours\r\n" in seller.came[0]
            assert "ours-ours" not in repr(stand.last)
            assert {c.where for c in stand.last.relayed.changes} == {"header Authorization", "header X-Key"}


def test_a_token_bound_to_a_certificate_is_told(stand: Stand) -> None:
    stand.seller.answer = OK
    token = "eyJhbGciOiJSUzI1NiJ9.eyJjbmYiOnsieDV0I1MyNTYiOiJhYmMifX0.c2lnbmF0dXJl"
    stand.ask(request("GET", QUOTE + "/quote", f"Authorization: Bearer {token}", CLOSE))
    assert "cannot stand between" in stand.told[0]


def test_links_that_lead_past_us_are_left_alone_and_told(stand: Stand) -> None:
    body = json.dumps({"id": "7", "href": stand.seller.url + "/quote/7"}).encode()
    stand.seller.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    assert stand.ask(request("GET", QUOTE + "/quote/7", CLOSE)).endswith(body)
    assert "passes by this proxy" in stand.told[0]


def test_tls_on_both_sides() -> None:
    """Our door's certificate is believed by the buyer, and the seller's by us."""
    import http.client
    import ssl

    with echoing() as plain:
        plain.answer = OK
        with standing(plain, tls=ServerTls(tls.serving())) as seller:
            between = Between(Peer(f"https://localhost:{seller.port}", authorities=tls.AUTHORITY))
            with standing(plain, between=between, tls=ServerTls(tls.serving())) as stand:
                trusted = ssl.create_default_context(cafile=tls.AUTHORITY)
                line = http.client.HTTPSConnection("localhost", stand.port, context=trusted, timeout=PATIENCE)
                line.request("GET", "/x")
                assert line.getresponse().read() == b"{}"
                line.close()
                assert stand.url.startswith("https://")
            distrusting = Between(Peer(f"https://localhost:{seller.port}"))
            with standing(plain, between=distrusting) as stand:
                assert stand.ask(request("GET", "/x", CLOSE)).startswith(b"HTTP/1.1 502 ")
                assert "no TLS connection" in stand.last.fault.message


def test_it_has_ended_its_connections_before_it_says_that_it_ended() -> None:
    """A server's loop is over right after that: what then still waits is broken off, and told as an error."""
    with echoing() as seller:
        seller.answer = OK
        passage = serve_passage(
            Between(Peer(seller.url)),
            [RELEASE],
            RealClock(),
            defaultdict(Transcript).__getitem__,
            Detours(defaultdict(Transcript).__getitem__),
        )
        onward, kept = passage._seller.onward, list[int]()
        turns = iter(["startup", "shutdown"])

        async def receive() -> dict[str, str]:
            turn = next(turns)
            if turn == "shutdown":
                await onward.send("GET", Goal(seller.url, "/"), [("Host", "seller")], b"")
                kept.append(len(onward._pools))
            return {"type": f"lifespan.{turn}"}

        async def send(message: dict[str, str]) -> None:
            if message["type"] == "lifespan.shutdown.complete":
                kept.append(len(onward._pools))

        asyncio.run(passage({"type": "lifespan", "state": {}}, receive, send))
        assert kept == [1, 0]
