"""The one way in: whatever a partner sends, the answer is the standard's, it is recorded, and the server stays up."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import zlib
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from emulator.doors.receiving import MAX_BODY
from emulator.doors.refusing import ErrorPolicy
from emulator.doors.running import Running
from emulator.doors.server import Server
from emulator.record.call import Call, ErrorCode, Issue, Reply, not_found, unprocessable
from emulator.record.exchange import Exchange, FaultKind, Party, Response, Transcript, UnreadKind
from emulator.record.payload import parse
from emulator.standard.contract import MEDIA_TYPE, Contract
from emulator.standard.release import load_release

NOW = datetime(2026, 3, 1, tzinfo=UTC)
QUOTE = "/mefApi/sonata/quoteManagement/v8"
ORDER = "/mefApi/sonata/productOrderingManagement/v10"
GOOD: dict[str, Any] = {
    "buyerRequestedQuoteLevel": "firm",
    "instantSyncQuote": True,
    "quoteItem": [{"id": "1", "action": "add"}],
}


@dataclass
class Store:
    """A party that keeps what it is asked to create, and fails where it is told to."""

    calls: list[Call] = field(default_factory=list)
    kept: list[Any] = field(default_factory=list)

    def answer(self, call: Call) -> Reply:
        self.calls.append(call)
        match call.headers.get("x-behave"):
            case "raise":
                raise RuntimeError("s3cret detail")
            case "not-json":
                return Reply(200, {"id": object()})
            case "refuse":
                raise unprocessable(Issue("/id", ErrorCode.INVALID_VALUE, "x" * 400))
        if call.body is not None:
            self.kept.append(call.body)
            return Reply(201, call.body, {"X-Mine": "1"})
        if call.operation.startswith("list"):
            return Reply(200, [])
        if call.operation == "unregisterListener":
            return Reply(204)
        raise not_found("thing", call.path["id"])


class Told(Transcript):
    """A transcript that tells when something has been added."""

    def __init__(self) -> None:
        super().__init__()
        self.told = threading.Event()

    def add(self, exchange: Exchange, *, late: bool = False) -> Exchange:
        added = super().add(exchange, late=late)
        self.told.set()
        return added


@dataclass
class Site:
    """A server that runs, with what stands behind it."""

    port: int
    contracts: dict[str, Contract]
    store: Store
    transcripts: defaultdict[str, Told]

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """One request over a connection of its own: status, headers in lower case, body."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {"Content-Type": MEDIA_TYPE, **(headers or {})} if body is not None else dict(headers or {})
        sent = {name: value for name, value in sent.items() if value}
        try:
            line.request(method, path, body=body, headers=sent)
            answer = line.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            line.close()

    def post(self, body: Any, path: str = QUOTE + "/quote", **headers: str) -> tuple[int, Any]:
        """POST; the answer must be the standard's. Returns status and body."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        before = len(self.transcripts[""])
        status, got, answered = self.ask("POST", path, raw, {k.replace("_", "-"): v for k, v in headers.items()})
        assert len(self.transcripts[""]) == before + 1, "each answer is recorded exactly once"
        assert self.last.response
        assert (self.last.response.status, self.last.response.raw) == (status, answered)
        assert self.last.request.raw == raw or len(raw) > len(self.last.request.raw)
        assert got["content-type"] == MEDIA_TYPE
        return status, json.loads(answered)

    @property
    def last(self) -> Exchange:
        return list(self.transcripts[""])[-1]


def check(site: Site, status: int, body: Any, operation: str = "createQuote", api: str = "quote") -> None:
    """The error is one that the contract describes, or has the shape of `Error`."""
    contract = site.contracts[api]
    response = Response(headers=(("content-type", MEDIA_TYPE),), raw=json.dumps(body).encode(), status=status)
    assert contract.response_breaches(operation, response) == []
    if status not in contract.operation(operation).responses:
        assert contract.body_breaches("Error", parse(response.raw), "response") == []


@pytest.fixture(scope="module")
def contracts() -> list[Contract]:
    return load_release("grace").contracts(Party.SELLER)


def start(contracts: list[Contract], **settings: Any) -> tuple[Site, Running]:
    store, transcripts = Store(), defaultdict(Told)
    server = Server(Party.SELLER, contracts, store, lambda: NOW, transcripts.__getitem__, **settings)
    running = Running(server)
    running.start()
    return Site(running.port, {c.api: c for c in contracts}, store, transcripts), running


@pytest.fixture(scope="module")
def shared(contracts: list[Contract]) -> Iterator[Site]:
    site, running = start(contracts)
    yield site
    running.stop()


@pytest.fixture
def site(shared: Site) -> Iterator[Site]:
    """The server, which must still be up, and have kept nothing that it refused, when the test is over."""
    shared.store.kept.clear()
    shared.store.calls.clear()
    shared.transcripts.clear()
    yield shared
    assert shared.ask("GET", "/health")[0] == 200
    good = sum(1 for t in shared.transcripts.values() for e in t if e.response and e.response.status == 201)
    assert len(shared.store.kept) == good, "nothing is half-stored"


def test_a_good_request_reaches_the_party(site: Site) -> None:
    """What fits the contract is handed over as it came, and answered with the contract's media type."""
    assert site.post(GOOD) == (201, GOOD)
    call = site.store.calls[0]
    assert (call.api, call.operation, call.body, call.run) == ("quote", "createQuote", GOOD, "")
    assert call.base_url == f"http://127.0.0.1:{site.port}{QUOTE}"
    assert (site.last.operation, site.last.sender, site.last.receiver) == ("createQuote", Party.BUYER, Party.SELLER)
    assert site.last.at == NOW


UNREADABLE = {
    "truncated": json.dumps(GOOD).encode()[:-5],
    "deep": b"[" * 10_000 + b"]" * 10_000,
    "deep-object": b'{"quoteItem":' * 10_000 + b"1" + b"}" * 10_000,
    "deep-in-a-replaced-member": b'{"a":' + b"[" * 900 + b"]" * 900 + b',"a":1}',
    "invalid-utf8": b'{"externalId": "\xff\xfe"}',
    "utf-16": json.dumps(GOOD).encode("utf-16"),
    "duplicate-members": b'{"instantSyncQuote": true, "instantSyncQuote": false}',
    "duplicate-deep": b'{"quoteItem": [{"id": "1", "id": "2"}]}',
    "nan": b'{"instantSyncQuote": NaN}',
    "infinity": b'{"instantSyncQuote": -Infinity}',
    "huge-number": b'{"instantSyncQuote": 1e999}',
    "lone-surrogate": b'{"externalId": "\\ud800"}',
    "integer-beyond-64-bits": b'{"externalId": 123456789012345678901234567890}',
    "empty": b"",
    "blank": b" \r\n",
    "array": b"[]",
    "string": b'"quote"',
    "null": b"null",
    "number": b"1",
    "html": b"<html></html>",
    "form": b"a=b&c=d",
}


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize(
    ("path", "api", "operation"),
    [(QUOTE + "/quote", "quote", "createQuote"), (ORDER + "/productOrder", "productOrder", "createProductOrder")],
)
def test_what_cannot_be_read_is_400_invalid_body(site: Site, name: str, path: str, api: str, operation: str) -> None:
    """A body that is no JSON object is answered 400 Error400 invalidBody, whatever is wrong with it."""
    status, body = site.post(UNREADABLE[name], path)
    assert (status, body["code"]) == (400, "invalidBody")
    assert body["reason"]
    check(site, status, body, operation, api)
    assert not site.store.calls


def test_no_body_and_no_label_is_an_unreadable_body(site: Site) -> None:
    """A POST without any body needs no Content-Type to be told that a body is wanted."""
    status, _, raw = site.ask("POST", QUOTE + "/quote")
    assert (status, json.loads(raw)["code"]) == (400, "invalidBody")


def test_every_breach_is_listed_in_one_422(site: Site) -> None:
    """What can be read and is wrong is a list of Error422, one for each breach, with JSON Pointers."""
    status, body = site.post({"instantSyncQuote": "true", "quoteItem": [{"action": "ad"}]})
    assert status == 422
    check(site, status, body)
    places = {issue["propertyPath"]: issue["code"] for issue in body}
    assert places["/instantSyncQuote"] == "invalidFormat"
    assert places["/buyerRequestedQuoteLevel"] == "missingProperty"
    assert places["/quoteItem/0/action"] == "invalidValue"
    assert places["/quoteItem/0/id"] == "missingProperty"


def test_a_wrong_type_name_is_told(site: Site) -> None:
    """{"@type": "Nonsense"} is answered with what is missing."""
    status, body = site.post({"@type": "Nonsense"})
    assert status == 422
    check(site, status, body)


def test_an_operation_without_422_answers_400(site: Site) -> None:
    """Where the contract lists no 422, a wrong body is 400 invalidBody."""
    path = QUOTE + "/hub"
    assert 422 not in site.contracts["quote"].operation("registerListener").responses
    status, body = site.post({"callback": "not a uri", "query": 1}, path)
    assert (status, body["code"]) == (400, "invalidBody")
    check(site, status, body, "registerListener")


@pytest.mark.parametrize(
    "spelling",
    [
        "application/json;charset=utf-8",
        "application/json",
        "Application/JSON; Charset=UTF-8",
        'application/json; charset="utf-8"',
        "application/json;charset=UTF8",
        "application/json ; charset = utf-8",
        "application/json; version=1; charset=utf-8",
    ],
)
def test_odd_spellings_of_the_media_type(site: Site, spelling: str) -> None:
    """JSON in UTF-8 is JSON in UTF-8, however the Content-Type spells it."""
    assert site.post(GOOD, Content_Type=spelling)[0] == 201


@pytest.mark.parametrize(
    "spelling",
    [
        "",
        "text/plain",
        "application/xml",
        "application/json;charset=bogus",
        "application/json;charset=iso-8859-1",
        "application/problem+json",
        "json",
        "application/x-www-form-urlencoded",
        ";",
    ],
)
def test_another_media_type_is_415(site: Site, spelling: str) -> None:
    """Another media type, or none, is answered 415 in the shape of `Error`: the standard has no 415 of its own."""
    status, body = site.post(GOOD, Content_Type=spelling)
    assert status == 415
    check(site, status, body)


@pytest.mark.parametrize(
    "path",
    ["/nonsense", QUOTE + "/nonsense", QUOTE + "/quote/1/2", QUOTE, "//", QUOTE + "//quote", "/r/", "/r/x", "/mefApi"],
)
def test_an_unknown_path_is_404(site: Site, path: str) -> None:
    """A path of no contract is 404 Error404."""
    status, headers, raw = site.ask("GET", path)
    assert (status, json.loads(raw)["code"]) == (404, "notFound")
    assert headers["content-type"] == MEDIA_TYPE
    check(site, status, json.loads(raw), "retrieveQuote")
    assert sum(len(t) for t in site.transcripts.values()) == 1


@pytest.mark.parametrize("path", ["/workorder", "/workOrder"])
def test_a_path_that_the_guide_spells_otherwise_is_served_too(site: Site, path: str) -> None:
    """What an erratum has as another spelling leads to the same operation."""
    status, _, body = site.ask("GET", "/mefApi/sonata/workOrderManagement/v2" + path)
    assert (status, json.loads(body), site.store.calls[-1].operation) == (200, [], "listWorkOrder")
    assert site.last.operation == "listWorkOrder"


def test_a_trailing_slash_is_another_path(site: Site) -> None:
    """No contract has a path with a slash at its end; nobody is redirected."""
    status, headers, raw = site.ask("GET", QUOTE + "/quote/")
    assert (status, json.loads(raw)["code"]) == (404, "notFound")
    assert "location" not in headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
def test_a_wrong_method_is_405(site: Site, method: str) -> None:
    """A method that the path does not have is 405 in the shape of `Error`, with Allow."""
    status, headers, raw = site.ask(method, QUOTE + "/quote")
    assert status == 405
    assert headers["allow"] == "GET, POST"
    assert len(site.transcripts[""]) == 1
    assert site.last.response
    assert site.last.response.raw == raw
    check(site, status, json.loads(raw))


@pytest.mark.parametrize("path", [QUOTE + "/quote?limit=1", QUOTE + "/quote?limit=x", QUOTE + "/quote/none", "/r/none"])
def test_head_is_get_without_the_body(site: Site, path: str) -> None:
    """Status and headers are those of GET; it is recorded, and is no operation of any contract."""
    got, headers, raw = site.ask("GET", path)
    status, others, nothing = site.ask("HEAD", path)
    same = ("content-type", "content-length", "x-mine")
    assert (status, nothing) == (got, b"")
    assert {name: others.get(name) for name in same} == {name: headers.get(name) for name in same}
    assert others["content-length"] == str(len(raw))
    recorded = [exchange for transcript in site.transcripts.values() for exchange in transcript][-1]
    assert (recorded.request.method, recorded.operation, recorded.beside) == ("HEAD", None, True)
    assert recorded.response
    assert recorded.response.raw == b""


def test_head_changes_nothing(site: Site) -> None:
    """Where there is no GET there is no HEAD."""
    assert site.ask("HEAD", QUOTE + "/hub")[0] == 405
    assert not site.store.calls


@pytest.mark.parametrize(
    ("path", "allow"),
    [("/quote", "GET, HEAD, OPTIONS, POST"), ("/quote/q1", "GET, HEAD, OPTIONS"), ("/hub", "OPTIONS, POST")],
)
def test_options_is_answered_with_what_is_allowed(site: Site, path: str, allow: str) -> None:
    """204 with Allow, no body and no length (RFC 9110, 9.3.7); the party hears nothing of it."""
    asked = {"Origin": "https://portal.example", "Access-Control-Request-Method": "GET"}
    status, headers, raw = site.ask("OPTIONS", QUOTE + path, None, asked)
    assert (status, headers["allow"], raw) == (204, allow, b"")
    assert "content-length" not in headers
    assert site.ask("OPTIONS", QUOTE + "/nothing")[0] == 404
    assert not site.store.calls


def packed(body: bytes, coding: str) -> bytes:
    for name in coding.lower().split(", "):
        match name:
            case "gzip" | "x-gzip":
                body = gzip.compress(body)
            case "deflate":
                body = zlib.compress(body)
            case "bare":
                body = zlib.compress(body)[2:-4]
    return body


@pytest.mark.parametrize(
    ("coding", "made"),
    [("gzip", "gzip"), ("X-GZip", "gzip"), ("deflate", "deflate"), ("deflate", "bare"), ("identity", ""),
     ("deflate, gzip", "deflate, gzip")],
)  # fmt: skip
def test_a_packed_body_is_read(site: Site, coding: str, made: str) -> None:
    """The party gets what was meant, and that is what is recorded."""
    status, headers, _ = site.ask(
        "POST", QUOTE + "/quote", packed(json.dumps(GOOD).encode(), made), {"Content-Encoding": coding}
    )
    assert (status, site.store.kept) == (201, [GOOD])
    assert "accept-encoding" not in headers
    assert (site.last.request.body, site.last.request.unread) == (GOOD, None)


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, br", "gzip, gzip, gzip, gzip", "x" * 300])
def test_a_coding_that_is_not_read_is_415(site: Site, coding: str) -> None:
    """Refused with what may be used instead; without a word of JSON."""
    status, headers, raw = site.ask("POST", QUOTE + "/quote", b"\x0b\x02\x80{}\x03", {"Content-Encoding": coding})
    assert (status, headers["accept-encoding"]) == (415, "gzip, deflate")
    assert "coded" in json.loads(raw)["reason"]
    assert b"JSON" not in raw
    assert not site.store.calls
    unread = site.last.request.unread
    assert unread
    assert (unread.kind, site.last.operation) == (UnreadKind.CODING, "createQuote")


@pytest.mark.parametrize(
    "body", [b"{}", gzip.compress(b"{}", mtime=0)[:-9], zlib.compress(b"{}")], ids=["plain", "cut", "zlib"]
)
def test_a_body_that_is_not_packed_as_it_says_is_400(site: Site, body: bytes) -> None:
    status, _, raw = site.ask("POST", QUOTE + "/quote", body, {"Content-Encoding": "gzip"})
    assert (status, json.loads(raw)["code"]) == (400, "invalidBody")
    check(site, status, json.loads(raw))
    assert site.last.request.unread
    assert site.last.request.unread.kind is UnreadKind.MISCODED


def test_a_body_that_is_too_large_is_413(site: Site) -> None:
    """As it comes, or once it is unpacked; what is kept of it is bounded, and nothing follows from it."""
    large = b'{"externalId": "' + b"x" * MAX_BODY + b'"}'
    for raw, headers in (large, {}), (gzip.compress(bytes(MAX_BODY * 20), 9), {"Content-Encoding": "gzip"}):
        status, _, answered = site.ask("POST", QUOTE + "/quote", raw, headers)
        assert status == 413
        assert f"larger than {MAX_BODY} bytes" in json.loads(answered)["reason"]
        assert len(site.last.request.raw) <= MAX_BODY
        assert site.last.request.unread
        assert site.last.request.unread.kind is UnreadKind.TOO_LARGE
    assert not site.store.calls


def test_a_read_needs_no_body_and_so_no_coding(site: Site) -> None:
    """What a GET says of a body that it does not have, or nobody reads, is no matter."""
    assert site.ask("GET", QUOTE + "/quote", None, {"Content-Encoding": "br"})[0] == 200
    assert site.ask("GET", QUOTE + "/quote", b"x", {"Content-Encoding": "br"})[0] == 200
    assert site.ask("POST", QUOTE + "/quote", json.dumps(GOOD).encode(), {"Content-Encoding": ""})[0] == 201


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("offset=x", "invalidQuery"),
        ("limit=1.5", "invalidQuery"),
        ("limit=", "invalidQuery"),
        ("limit=%00", "invalidQuery"),
        ("limit=99999999999999999999", "invalidQuery"),
        ("limit=2147483648", "invalidQuery"),
        ("limit=1&limit=1", "invalidQuery"),
        ("state=cancelled&state=declined", "invalidQuery"),
        ("quoteDate.gt=yesterday", "invalidQuery"),
        ("state=nonsense", "invalidQuery"),
    ],
)
def test_a_query_of_the_wrong_type_is_400(site: Site, query: str, code: str) -> None:
    """A query parameter that is not of its type is 400 Error400 invalidQuery."""
    status, _, raw = site.ask("GET", f"{QUOTE}/quote?{query}")
    body = json.loads(raw)
    assert (status, body["code"]) == (400, code), body
    check(site, status, body, "listQuote")
    assert not site.store.calls


def test_query_names_with_dots_reach_the_party(site: Site) -> None:
    """`quoteDate.gt` is a name like any other; an unknown parameter is let through."""
    status, _, _ = site.ask("GET", f"{QUOTE}/quote?quoteDate.gt=2026-01-01T00:00:00Z&offset=0&limit=5&foo=%C3%A9")
    assert status == 200
    assert site.store.calls[0].query == {
        "quoteDate.gt": ["2026-01-01T00:00:00Z"],
        "offset": ["0"],
        "limit": ["5"],
        "foo": ["é"],
    }


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("a%2Fb", "a/b"),
        ("%C3%A9%E2%9C%93", "é✓"),
        ("100%25", "100%"),
        ("%252F", "%2F"),
        ("a%20b+c", "a b+c"),
        ("..%2f..%2Fetc", "../../etc"),
        ("%FF", "\ufffd"),
        ("%00", "\0"),
        ("{id}", "{id}"),
        ("x" * 2000, "x" * 2000),
    ],
)
def test_ids_in_paths_arrive_as_they_were_meant(site: Site, sent: str, meant: str) -> None:
    """An id may hold anything that percent-encoding can say, slashes included; unknown, it is 404 Error404."""
    status, _, raw = site.ask("GET", f"{QUOTE}/quote/{sent}")
    assert status == 404
    check(site, status, json.loads(raw), "retrieveQuote")
    assert site.store.calls[0].path == {"id": meant}
    assert site.last.path_params == {"id": meant}


def test_runs_have_transcripts_of_their_own(site: Site) -> None:
    """Below /r/{run} the same contracts are served, apart from all others."""
    status, _, _ = site.ask("POST", f"/r/run-7{QUOTE}/quote", json.dumps(GOOD).encode())
    assert status == 201
    assert site.store.calls[0].run == "run-7"
    assert site.store.calls[0].base_url == f"http://127.0.0.1:{site.port}/r/run-7{QUOTE}"
    (exchange,) = site.transcripts["run-7"]
    assert (exchange.run, exchange.operation) == ("run-7", "createQuote")
    assert not len(site.transcripts[""])


@pytest.mark.parametrize("run", ["one|buyerId=B", "one%7CbuyerId=B", "|", "one|release=other"])
def test_nobody_names_what_is_kept_apart_within_a_run(site: Site, run: str) -> None:
    """A bar divides the records of buyers, sellers and releases: a run that has one in its name is none."""
    status, _, body = site.ask("GET", f"/r/{run}{QUOTE}/quote")
    assert (status, json.loads(body)["code"]) == (404, "notFound")
    assert site.store.calls == []


@pytest.mark.parametrize("host", ["[", "a b", "evil/../x", "[::1", "é", "x" * 300 + ":999999", "user:pw@host"])
def test_a_strange_host_is_never_believed(site: Site, host: str) -> None:
    """A Host header that is none neither breaks the server nor ends up in links."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as line:
        line.sendall(
            f"GET {QUOTE}/quote?offset=0 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("latin-1")
        )
        answer = line.makefile("rb").read()
    assert answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 400"))
    for call in site.store.calls:
        assert call.base_url.startswith(f"http://127.0.0.1:{site.port}/")
    for exchange in site.transcripts[""]:
        assert exchange.request.query == [("offset", "0")]


def test_two_hundred_at_once(site: Site) -> None:
    """Parallel requests all get their own answer, and each is recorded once."""

    def one(n: int) -> tuple[int, Any]:
        body = {**GOOD, "externalId": f"e-{n}"} if n % 2 else b"{"
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        status, _, answered = site.ask("POST", QUOTE + "/quote", raw)
        return status, json.loads(answered).get("externalId")

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(one, range(200)))
    assert answers == [(201, f"e-{n}") if n % 2 else (400, None) for n in range(200)]
    assert [exchange.n for exchange in site.transcripts[""]] == list(range(1, 201))


def test_a_client_that_leaves_in_the_middle(site: Site) -> None:
    """Half a request is recorded as a fault of the way, answered by nobody and kept by nobody."""
    transcript = site.transcripts[""]
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as line:
        line.sendall(
            f"POST {QUOTE}/quote HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n".encode()
            + b'{"instantSync'
        )
    assert transcript.told.wait(10)
    fault = site.last.fault
    assert fault
    assert (fault.kind, site.last.response) == (FaultKind.CLOSED, None)
    assert fault.message == "the buyer ended the connection in the middle of its request"
    assert not site.store.calls


@pytest.mark.parametrize("behave", ["raise", "not-json"])
def test_our_own_failure_is_500(site: Site, behave: str) -> None:
    """A party that fails is 500 Error500 without any inner detail, and the server stays up."""
    status, _, raw = site.ask("GET", QUOTE + "/quote", headers={"X-Behave": behave})
    body = json.loads(raw)
    assert (status, body["code"]) == (500, "internalError")
    assert b"s3cret" not in raw
    check(site, status, body, "listQuote")
    assert len(site.transcripts[""]) == 1


def test_a_party_may_refuse(site: Site) -> None:
    """An ApiError is the answer; its reason is cut to what the standard allows."""
    status, body = site.post(GOOD, X_Behave="refuse")
    assert status == 422
    assert len(body[0]["reason"]) == 255
    check(site, status, body)


def test_a_reply_without_body_has_none(site: Site) -> None:
    """204 carries neither body nor media type."""
    status, headers, raw = site.ask("DELETE", QUOTE + "/hub/1")
    assert (status, raw) == (204, b"")
    assert "content-type" not in headers


def test_secrets_are_masked_at_capture(site: Site) -> None:
    """Credentials reach the party and never the transcript."""
    site.ask(
        "GET", QUOTE + "/quote?access_token=s3cret", headers={"Authorization": "Bearer s3cret", "Cookie": "a=s3cret"}
    )
    assert site.store.calls[0].headers["authorization"] == "Bearer s3cret"
    assert "s3cret" not in repr(site.last)


def test_chunked_bodies_are_read(site: Site) -> None:
    """A body in chunks is a body."""
    raw = json.dumps(GOOD).encode()
    line = http.client.HTTPConnection("127.0.0.1", site.port, timeout=5)
    line.request(
        "POST",
        QUOTE + "/quote",
        body=iter([raw[:7], raw[7:]]),
        headers={"Content-Type": MEDIA_TYPE},
        encode_chunked=True,
    )
    assert line.getresponse().status == 201
    line.close()


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x00" * 2000,
        b"GET / HTTP/9.9\r\n\r\n",
    ],
)
def test_what_is_not_http_breaks_nothing(site: Site, garbage: bytes) -> None:
    """A partner that does not speak HTTP is hung up on; the others are served."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as line:
        line.sendall(garbage)
        line.shutdown(socket.SHUT_WR)
        line.recv(65536)


def test_policy_400(contracts: list[Contract]) -> None:
    """A profile may want 400 for a body that breaks its schema, and unknown members refused."""
    site, running = start(contracts, policy=ErrorPolicy(schema=400, unknown_members="refuse"), max_body=1000)
    try:
        status, body = site.post({**GOOD, "instantSyncQuote": "true"})
        assert (status, body["code"]) == (400, "invalidBody")
        assert "/instantSyncQuote" in body["reason"]
        status, body = site.post({**GOOD, "instantSyncQuot": True})
        assert status == 400
        assert "instantSyncQuote" in body["reason"]
        status, body = site.post({**GOOD, "externalId": "x" * 1000})
        assert (status, body["reason"]) == (413, "the body is larger than 1000 bytes")
        assert site.store.kept == []
    finally:
        running.stop()


def test_a_taken_port_is_told_at_once(contracts: list[Contract]) -> None:
    """Binding happens before anything runs: a taken port is an OSError."""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        Running(
            Server(Party.SELLER, contracts[:1], Store(), lambda: NOW, lambda _: Transcript()),
            port=taken.getsockname()[1],
        )


def test_no_thread_outlives_its_server(contracts: list[Contract]) -> None:
    """A server that was stopped is gone."""
    before = threading.active_count()
    site, running = start(contracts[:1])
    running.stop()
    assert threading.active_count() <= before
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", site.port), timeout=1)


class TestTheSellerItself:
    """The same, against `oit seller` in a process of its own."""

    @pytest.fixture(scope="class")
    @classmethod
    def port(cls) -> Iterator[int]:
        process = subprocess.Popen(
            [sys.executable, "-m", "emulator", "seller", "--database", "memory"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        try:
            assert process.stdout
            url = process.stdout.readline().decode().strip()
            assert url.startswith("http://127.0.0.1:")
            yield int(url.rpartition(":")[2])
        finally:
            process.terminate()
            process.wait(10)
            assert process.stdout
            process.stdout.close()

    def ask(self, port: int, method: str, path: str, body: bytes | None, media: str = MEDIA_TYPE) -> tuple[int, Any]:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            line.request(method, path, body=body, headers={"Content-Type": media} if body is not None else {})
            answer = line.getresponse()
            raw = answer.read()
            assert answer.getheader("content-type") == MEDIA_TYPE
            return answer.status, json.loads(raw)
        finally:
            line.close()

    @pytest.mark.parametrize("name", UNREADABLE)
    def test_unreadable_bodies(self, port: int, name: str) -> None:
        """Each is 400 Error400, and afterwards the seller has no quote and still answers."""
        status, body = self.ask(port, "POST", QUOTE + "/quote", UNREADABLE[name])
        assert (status, body["code"]) == (400, "invalidBody")
        assert self.ask(port, "GET", QUOTE + "/quote", None) == (200, [])

    def test_wrong_messages(self, port: int) -> None:
        """Readable and wrong is 422 with the right pointers; nothing is kept."""
        status, body = self.ask(
            port, "POST", QUOTE + "/quote", json.dumps({**GOOD, "instantSyncQuote": "true"}).encode()
        )
        assert status == 422
        assert "/instantSyncQuote" in {issue["propertyPath"] for issue in body}
        assert self.ask(port, "GET", QUOTE + "/quote", None) == (200, [])

    @pytest.mark.parametrize("operation", ["/quote", "/quote/no-such", "/nonsense"])
    def test_other_refusals(self, port: int, operation: str) -> None:
        """Wrong methods and unknown paths are told in the standard's shapes."""
        status, body = self.ask(port, "PUT", QUOTE + operation, b"{}")
        assert status in {404, 405}
        assert body["reason"]
