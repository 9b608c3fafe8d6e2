"""The server's links, each by itself; then with who authenticates in its place."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from emulator.doors.answering import Answering
from emulator.doors.asgi import Answer
from emulator.doors.attributing import Attributing
from emulator.doors.authenticating import everybody
from emulator.doors.client import Client
from emulator.doors.dress import Plain
from emulator.doors.faults import Faults
from emulator.doors.peer import Peer
from emulator.doors.receiving import KEPT_OF_UNREAD, Receiving
from emulator.doors.recording import Recording
from emulator.doors.refusing import ErrorPolicy
from emulator.doors.running import Running
from emulator.doors.server import Server
from emulator.doors.service import Service
from emulator.doors.visit import Visit
from emulator.record.call import ApiError, Call, Reply
from emulator.record.exchange import Party, Request, Response, Transcript, UnreadKind
from emulator.standard.contract import MEDIA_TYPE, Contract
from emulator.standard.paths import PathMap
from emulator.standard.release import load_release

RELEASE = load_release()
QUOTE = RELEASE.contract("quote")
PATH = QUOTE.base_path + "/quote"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
JSON = {"Content-Type": MEDIA_TYPE}
GOOD: dict[str, Any] = {
    "buyerRequestedQuoteLevel": "firm",
    "instantSyncQuote": True,
    "quoteItem": [{"id": "1", "action": "add"}],
}
BROKEN = {**GOOD, "instantSyncQuote": "yes"}


def asked(method: str, path: str, raw: bytes = b"", **more: Any) -> Visit:
    request = Request(tuple(JSON.items()), raw, method, f"http://s{path}", **more)
    return Visit("", request, path.partition("?")[0], "http://s")


def scope_of(method: str, target: str, headers: Sequence[tuple[bytes, bytes]] = ()) -> dict[str, Any]:
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": list(headers),
        "scheme": "http",
        "server": ("127.0.0.1", 8080),
    }


# -- receive ---------------------------------------------------------------------------------------


def received(target: str, *messages: dict[str, Any], headers: Sequence[tuple[bytes, bytes]] = ()) -> Visit:
    coming = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(coming)

    return asyncio.run(Receiving(Party.BUYER, 10_000)(scope_of("POST", target, headers), receive))


def body(raw: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": raw, "more_body": more}


def test_a_request_is_received_whole_and_unpacked() -> None:
    packed = gzip.compress(b'{"a": 1}')
    headers = [(b"host", b"seller.example:81"), (b"content-encoding", b"gzip")]
    visit = received("/r/r7/mef%2FApi?x=1", body(packed[:9], more=True), body(packed[9:]), headers=headers)
    assert (visit.run, visit.path, visit.there) == ("r7", "/mef%2FApi", True)
    assert visit.root == "http://seller.example:81/r/r7"
    assert visit.request.url == "http://seller.example:81/r/r7/mef%2FApi?x=1"
    assert (visit.request.raw, visit.request.unread) == (b'{"a": 1}', None)


def test_a_host_that_is_none_is_ours() -> None:
    assert received("/x", body(b""), headers=[(b"host", b"a b/c")]).root == "http://127.0.0.1:8080"


def test_of_what_is_too_large_or_cut_the_beginning_is_kept() -> None:
    large = received("/x", body(b"x" * 9_000, more=True), body(b"x" * 1_001))
    cut = received("/x", body(b"x" * 9_000, more=True), {"type": "http.disconnect"})
    for visit, kind in (large, UnreadKind.TOO_LARGE), (cut, UnreadKind.CUT):
        assert visit.request.unread
        assert visit.request.unread.kind is kind
        assert len(visit.request.raw) == KEPT_OF_UNREAD
    assert (large.there, cut.there) == (True, False)


# -- authenticate ----------------------------------------------------------------------------------


def test_everybody_is_let_in_and_has_no_name() -> None:
    assert asyncio.run(everybody(asked("GET", PATH))) is None


# -- attribute -------------------------------------------------------------------------------------


def attributed(visit: Visit, paths: PathMap | None = None) -> tuple[Attributing, Visit]:
    link = Attributing(RELEASE.contracts(Party.SELLER), paths)
    asyncio.run(link(scope_of(visit.request.method, visit.path), visit))
    return link, visit


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_request_is_attributed_to_its_operation(method: str) -> None:
    _, visit = attributed(asked(method, PATH + "/a%2Fb"))
    assert visit.contract
    assert (visit.contract.api, visit.operation, visit.path_params) == ("quote", "retrieveQuote", {"id": "a/b"})
    assert visit.base_path == QUOTE.base_path


def test_at_a_path_of_its_own() -> None:
    """The same map as a client's: the standard's path is then none, and one below another's is found."""
    paths = PathMap.read(RELEASE, ["order=/api", "quote=/api/quotes"])
    assert attributed(asked("POST", "/api/quotes/quote"), paths)[1].operation == "createQuote"
    assert attributed(asked("POST", "/api/productOrder"), paths)[1].operation == "createProductOrder"
    assert attributed(asked("POST", PATH), paths)[1].contract is None


@pytest.mark.parametrize(
    ("method", "path", "status", "api"),
    [
        ("GET", "/nothing", 404, None),
        ("GET", QUOTE.base_path + "/nothing", 404, "quote"),
        ("PUT", PATH, 405, "quote"),
        ("OPTIONS", PATH, 204, "quote"),
    ],
)
def test_what_has_no_operation_has_an_answer(method: str, path: str, status: int, api: str | None) -> None:
    link, visit = attributed(asked(method, path))
    assert visit.operation is None
    assert (visit.contract.api if visit.contract else None) == api
    assert link.answer(visit).status == status


# -- check, serve ----------------------------------------------------------------------------------


@dataclass
class Taking:
    """A party that takes what it is asked to create."""

    calls: list[Call] = field(default_factory=list)

    def answer(self, call: Call) -> Reply:
        self.calls.append(call)
        return Reply(201, call.body)


def answered(service: Service, content: Any) -> Answer:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    _, visit = attributed(asked("POST", PATH, raw))
    asyncio.run(Answering(service, ErrorPolicy(), Faults(), Plain())(visit))
    return visit.answer


@pytest.mark.parametrize("size", [0, 100_000])
def test_a_broken_request_is_refused(size: int) -> None:
    """By the loop, and for a large body beside it."""
    party = Taking()
    assert answered(party, {**BROKEN, "description": "x" * size}).status == 422
    assert party.calls == []


@pytest.mark.parametrize("size", [0, 100_000])
def test_a_good_request_is_served(size: int) -> None:
    party, sent = Taking(), {**GOOD, "description": "x" * size}
    assert answered(party, sent).status == 201
    assert (party.calls[0].body, party.calls[0].base_url) == (sent, "http://s" + QUOTE.base_path)


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"a":', b"\xff"])
def test_a_body_that_holds_nothing_to_act_on_is_never_served(raw: bytes) -> None:
    party = Taking()
    assert answered(party, raw).status in {400, 422}
    assert party.calls == []


# -- record ----------------------------------------------------------------------------------------


def test_an_exchange_is_recorded_without_its_secrets() -> None:
    kept: defaultdict[str, Transcript] = defaultdict(Transcript)
    visit = asked("GET", PATH + "?token=s3cret")
    visit.run, visit.contract, visit.operation = "r1", QUOTE, "listQuote"
    outcome = Response((("Set-Cookie", "s3cret"),), b"[]", 200)
    asyncio.run(Recording(Party.SELLER, kept.__getitem__)(visit, NOW, 1.23456, outcome))
    (exchange,) = kept["r1"]
    assert (exchange.n, exchange.at, exchange.elapsed_ms) == (1, NOW, 1.235)
    assert (exchange.sender, exchange.receiver, exchange.run) == (Party.BUYER, Party.SELLER, "r1")
    assert (exchange.api, exchange.kind, exchange.operation) == ("quote", "management", "listQuote")
    assert "s3cret" not in repr((exchange.request, exchange.response))


# -- in their places -------------------------------------------------------------------------------


async def by_token(visit: Visit) -> str | None:
    """Lets those in who say the word."""
    said = visit.request.header("authorization")
    if said == "Bearer s3cret":
        return "us"
    code = "invalidCredentials" if said else "missingCredentials"
    raise ApiError(401, {"code": code, "reason": "Say the word"}, {"WWW-Authenticate": "Bearer"})


@dataclass(frozen=True)
class Word:
    """The credentials that `by_token` wants."""

    word: str

    def headers(self, _method: str, _url: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.word}"}


@contextmanager
def listening(server: Server) -> Iterator[str]:
    running = Running(server)
    try:
        yield running.start()
    finally:
        running.stop()


def contracts() -> list[Contract]:
    return RELEASE.contracts(Party.SELLER)


@pytest.fixture(scope="module")
def record() -> Transcript:
    return Transcript()


@pytest.fixture(scope="module")
def guarded(record: Transcript) -> Iterator[tuple[str, Taking]]:
    """A party that knows its partners by their word."""
    party = Taking()
    server = Server(Party.SELLER, contracts(), party, lambda: NOW, lambda _: record, authenticate=by_token)
    with listening(server) as url:
        yield url, party


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_who_is_not_let_in_has_the_standards_401(
    guarded: tuple[str, Taking], record: Transcript, headers: dict[str, str]
) -> None:
    """Even with a broken request; the party hears nothing, and the refusal is recorded as the operation's."""
    url, party = guarded
    party.calls.clear()
    before = len(record)
    done = requests.post(url + PATH, json=BROKEN, headers=headers, timeout=20)
    assert (done.status_code, done.headers["www-authenticate"]) == (401, "Bearer")
    response = Response((("content-type", done.headers["content-type"]),), done.content, 401)
    assert QUOTE.response_breaches("createQuote", response) == []
    assert party.calls == []
    assert len(record) == before + 1
    last = list(record)[-1]
    assert last.response
    assert (last.api, last.operation, last.response.status) == ("quote", "createQuote", 401)
    assert requests.get(url + "/nothing", headers=headers, timeout=20).status_code == 401
    assert requests.get(url + "/health", timeout=20).status_code == 200


def test_who_is_let_in_is_known_by_name(guarded: tuple[str, Taking], record: Transcript) -> None:
    """A peer with credentials gets in; the party is told who asks, and the record does not hold the word."""
    url, party = guarded
    party.calls.clear()
    peer = Peer(url, PathMap.read(RELEASE), credentials=Word("s3cret"))
    with closing(Client(peer, Party.BUYER, Transcript(), lambda: NOW)) as client:
        exchange = client.send("POST", "/quote", api="quote", kind="management", body=GOOD)
    assert exchange.response
    assert exchange.response.status == 201
    assert [call.caller for call in party.calls] == ["us"]
    assert "s3cret" not in repr(list(record))
