"""How a partner is reached is one value: its roots, its paths, who we are to it, and what stands in between."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from emulator.doors.client import Client
from emulator.doors.peer import Peer
from emulator.doors.reach import reach
from emulator.doors.running import Running
from emulator.errors import UserError
from emulator.hosting import serve_buyer
from emulator.judge.capture import BasePaths
from emulator.parties.clock import RealClock
from emulator.record.exchange import Exchange, FaultKind, Party, Request, Transcript
from emulator.standard.paths import PathMap
from emulator.standard.release import load_release
from tests.doors.partner import drips, partner, read_request
from tests.tls import AUTHORITY, serving

RELEASE = load_release()
STANDARD = PathMap.read(RELEASE)
QUOTE = "/mefApi/sonata/quoteManagement/v8"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Heard:
    """A partner and the requests that it got."""

    url: str
    requests: list[str]


@contextmanager
def answering(answer: bytes) -> Iterator[Heard]:
    requests: list[str] = []

    def script(line: socket.socket, _: threading.Event) -> None:
        requests.append(read_request(line).decode())
        line.sendall(answer)

    with partner(script) as url:
        yield Heard(url, requests)


@dataclass
class Passes:
    """Credentials that are another with each request, until there are no more."""

    left: list[str]
    asked: list[tuple[str, str]] = field(default_factory=list)

    def headers(self, method: str, url: str) -> Mapping[str, str]:
        self.asked.append((method, url))
        if not self.left:
            raise UserError("the token endpoint does not answer")
        return {"Authorization": f"Bearer {self.left.pop(0)}"}


@contextmanager
def going_to(peer: Peer) -> Iterator[Client]:
    with closing(Client(peer, Party.BUYER, Transcript(), lambda: datetime(2026, 3, 1, tzinfo=UTC))) as client:
        yield client


def ask(client: Client, place: str = "/quote/1", api: str = "quote", method: str = "GET") -> Exchange:
    return client.send(method, place, api=api, kind="management")


def test_an_operation_is_below_the_base_path_of_its_api() -> None:
    peer = Peer("https://partner.example/", STANDARD, {("productInventory", "management"): "https://poq.example/v"})
    assert peer.url("quote", "management", "/quote/1") == f"https://partner.example{QUOTE}/quote/1"
    assert peer.url("productInventory", "management", "/x").startswith("https://poq.example/v/mefApi/sonata/")
    notified = peer.url("quote", "notification", "/listener/quoteStateChangeEvent")
    assert notified == "https://partner.example/mefApi/sonata/quoteNotification/v8/listener/quoteStateChangeEvent"


@pytest.mark.parametrize("peer", [Peer("http://p", PathMap({})), Peer(paths=STANDARD)])
def test_what_nobody_has_said_is_an_error(peer: Peer) -> None:
    with pytest.raises(LookupError, match="quote"):
        peer.url("quote", "management", "/quote")


def test_paths_of_its_own_hold_for_who_sends_and_who_reads() -> None:
    """What a client sends to a partner by its map, a capture's reader finds by the same map."""
    paths = PathMap.read(RELEASE, ["quote=/api/quotes/v8/", "quote.notification=/hooks"])
    with answering(OK) as there, going_to(Peer(there.url, paths)) as client:
        exchange = ask(client)
        client.send("POST", "/listener/x", api="quote", kind="notification")
        assert [head.split()[1] for head in there.requests] == ["/api/quotes/v8/quote/1", "/hooks/listener/x"]
    found = BasePaths(RELEASE, paths).find(exchange.request)
    assert not isinstance(found, str)
    assert (found.operation, found.path_params) == ("retrieveQuote", {"id": "1"})
    assert isinstance(BasePaths(RELEASE).find(exchange.request), str)


def test_the_first_path_of_its_own_is_where_it_is_asked() -> None:
    """Two are both found in captures; the standard's is as well."""
    paths = PathMap.read(RELEASE, ["quote=/a", "quote=/b"])
    assert paths.base("quote", "management") == "/a"
    bases = BasePaths(RELEASE, paths)
    for base in ("/a", "/b", QUOTE):
        found = bases.find(Request((), b"", "GET", f"http://p{base}/quote"))
        assert not isinstance(found, str)


def test_headers_and_credentials_go_with_each_request() -> None:
    """The call's own headers come last; credentials are asked for anew, and masked where they are recorded."""
    passes = Passes(["one", "two"])
    with answering(OK) as there:
        peer = Peer(there.url, STANDARD, headers={"X-Partner": "us", "X-Kind": "theirs"}, credentials=passes)
        with going_to(peer) as client:
            sent = client.send("GET", "/quote", api="quote", kind="management", headers={"X-Kind": "mine"})
            ask(client, method="POST")
        first, second = there.requests
    for line in ("X-Partner: us", "X-Kind: mine", "Authorization: Bearer one"):
        assert line in first
    assert "Authorization: Bearer two" in second
    assert [method for method, _ in passes.asked] == ["GET", "POST"]
    assert passes.asked[0][1] == f"{there.url}{QUOTE}/quote"
    assert "one" not in str(sent.masked().request.headers)


def test_who_is_another_gets_neither() -> None:
    """A callback, or whatever else an absolute URL leads to, is not told who we are to the partner."""
    passes = Passes(["one"])
    with answering(OK) as there, answering(OK) as stranger:
        peer = Peer(there.url, STANDARD, headers={"X-Partner": "us"}, credentials=passes)
        with going_to(peer) as client:
            client.send("GET", f"{stranger.url}/quote")
            assert "X-Partner" not in stranger.requests[0]
            assert passes.asked == []
            client.send("GET", f"{there.url}/elsewhere")
            assert "Bearer one" in there.requests[0]


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://p.example/other", True),
        ("https://P.example:443/", True),
        ("https://p.example:444/", False),
        ("http://p.example/", False),
        ("https://p.example.evil/", False),
        ("https://p.example@evil/", False),
        ("https://poq.example/", True),
        ("nothing", False),
        ("https://[", False),
    ],
)
def test_a_peer_is_at_its_roots(url: str, same: bool) -> None:
    assert (
        Peer("https://p.example/a", roots={("productInventory", "management"): "https://poq.example"}).is_at(url)
        is same
    )


def test_without_credentials_nothing_is_sent() -> None:
    with answering(OK) as there, going_to(Peer(there.url, STANDARD, credentials=Passes([]))) as client:
        fault = ask(client).fault
        assert fault
        assert fault.kind is FaultKind.UNREACHABLE
        assert fault.message == f"no credentials for {there.url}: the token endpoint does not answer"
        assert there.requests == []


def test_the_time_that_a_partner_has_is_the_peers() -> None:
    with partner(drips(OK[:20], b"")) as url, going_to(Peer(url, STANDARD, timeout=0.2)) as client:
        fault = ask(client).fault
    assert fault
    assert (fault.kind, "within 0.2 s" in fault.message) == (FaultKind.TIMEOUT, True)


def test_authorities_of_its_own_are_believed() -> None:
    """By the client, and by who looks ahead; a server of ours can be one that speaks TLS."""
    running = Running(serve_buyer(RELEASE, RealClock(), lambda _: Transcript()), tls=serving())
    url = running.start()
    try:
        with going_to(Peer(url, authorities=AUTHORITY)) as believing, going_to(Peer(url)) as other:
            answered = believing.send("GET", f"{url}/health").response
            assert answered
            assert answered.status == 200
            assert other.send("GET", f"{url}/health").fault
        assert [check.ok for check in reach(url, 5, AUTHORITY)] == [True, True, True]
    finally:
        running.stop()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_proxy_stands_in_between(method: str) -> None:
    """It is asked with the whole URL, and the partner's name is left to it."""
    with answering(OK) as proxy, going_to(Peer("http://partner.example", STANDARD, proxy=proxy.url)) as client:
        answered = ask(client, method=method).response
        assert answered
        assert proxy.requests[0].startswith(f"{method} http://partner.example{QUOTE}/quote/1 HTTP/1.1")


def test_through_a_proxy_to_a_partner_that_speaks_tls() -> None:
    with (
        answering(FORBIDDEN) as proxy,
        going_to(Peer("https://partner.example", STANDARD, proxy=proxy.url)) as client,
    ):
        fault = ask(client).fault
        assert proxy.requests[0].startswith("CONNECT partner.example:443 HTTP/1.")
    assert fault
    assert fault.kind is FaultKind.UNREACHABLE
    assert fault.message.startswith("the proxy on the way to https://partner.example did not let us through: ")


def test_a_proxy_that_is_not_there_is_named_as_the_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    with going_to(Peer("http://partner.example", STANDARD, proxy=f"http://127.0.0.1:{port}")) as client:
        fault = ask(client).fault
    assert fault
    assert fault.message.startswith("the proxy on the way to http://partner.example")


def test_a_request_through_a_proxy_ends_in_time() -> None:
    """However steadily it drips."""
    with (
        partner(drips(OK[:20], b"x")) as url,
        going_to(Peer("http://partner.example", STANDARD, proxy=url, timeout=0.2)) as client,
    ):
        fault = ask(client).fault
    assert fault
    assert fault.kind is FaultKind.TIMEOUT
