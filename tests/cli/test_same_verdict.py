"""The same traffic gets the same verdict by every door: live, and from each kind of capture of it."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from emulator.doors.running import Running
from emulator.hosting import make_seller, serve_buyer, serve_seller
from emulator.judge.capture import BasePaths, read_capture
from emulator.judge.judge import judge
from emulator.judge.verdict import Verdict
from emulator.parties.clock import RealClock
from emulator.parties.profile import load_profile
from emulator.record.exchange import Exchange, Transcript
from emulator.report import transcript_report
from emulator.standard.release import load_release
from tests.cli.captures import har, write

RELEASE = load_release()
ADDRESS = "/mefApi/sonata/geographicAddressManagement/v7/geographicAddressValidation"
QUOTE = "/mefApi/sonata/quoteManagement/v8/quote"
LISTENER = "/mefApi/sonata/quoteNotification/v8/listener/quoteStateChangeEvent"
JSON = {"Content-Type": "application/json;charset=utf-8"}
GOOD = json.dumps({"provideAlternative": True, "submittedGeographicAddress": {
    "@type": "FieldedAddress", "streetNr": "20", "streetName": "Main", "streetType": "Street", "city": "Ashburn",
    "stateOrProvince": "VA", "postcode": "20147", "country": "USA"}}).encode()  # fmt: skip
EVENT = json.dumps({"eventId": "e1", "eventTime": "2026-03-01T10:00:00Z", "eventType": "quoteStateChangeEvent",
                    "event": {"id": "q1"}}).encode()  # fmt: skip


@dataclass(frozen=True)
class Odd:
    """A request that is not as most are, and the verdicts that follow from it: which rule, whose fault."""

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))
    told: tuple[str, ...] = ()


ODD = {
    "right": Odd("POST", ADDRESS, GOOD),
    "HEAD": Odd("HEAD", QUOTE),
    "HEAD with a wrong query": Odd("HEAD", QUOTE + "?limit=x"),
    "HEAD of nothing": Odd("HEAD", QUOTE + "/none/none"),
    "OPTIONS": Odd("OPTIONS", QUOTE, headers={"Origin": "https://p.example", "Access-Control-Request-Method": "POST"}),
    "OPTIONS of nothing": Odd("OPTIONS", QUOTE + "/none/none"),
    "gzip": Odd("POST", ADDRESS, gzip.compress(GOOD), {**JSON, "Content-Encoding": "gzip"}),
    "deflate": Odd("POST", ADDRESS, zlib.compress(GOOD), {**JSON, "Content-Encoding": "deflate"}),
    "deflate, bare": Odd("POST", ADDRESS, zlib.compress(GOOD)[2:-4], {**JSON, "Content-Encoding": "deflate"}),
    "gzip of what is wrong": Odd("POST", ADDRESS, gzip.compress(b"{}"), {**JSON, "Content-Encoding": "gzip"}, (
        "contract.schema fail buyer",)),
    "br": Odd("POST", ADDRESS, b"\x8b\x03\x80\xff{}\x03", {**JSON, "Content-Encoding": "br"}, (
        "contract.coding warning buyer",)),
    "unknown path": Odd("GET", QUOTE + "/a/b/c", told=("contract.operation fail buyer",)),
    "unknown path of nobody": Odd("GET", "/favicon.ico"),
    "another release": Odd("GET", "/mefApi/sonata/quoteManagement/v9/quote"),
    "wrong method": Odd("DELETE", QUOTE, told=("contract.operation fail buyer",)),
    "TRACE": Odd("TRACE", QUOTE, told=("contract.operation fail buyer",)),
    "no content type": Odd("POST", ADDRESS, GOOD, {}, ("contract.header fail buyer",)),
    "another content type": Odd("POST", ADDRESS, GOOD, {"Content-Type": "text/plain"}, ("contract.header fail buyer",)),
    "no body": Odd("POST", ADDRESS, b"", {**JSON, "Content-Length": "0"}, ("contract.unreadable fail buyer",)),
    "no JSON": Odd("POST", ADDRESS, b'{"a": ', told=("contract.unreadable fail buyer",)),
    "a part of JSON": Odd("POST", ADDRESS, GOOD[:90], told=("contract.unreadable fail buyer",)),
    "no UTF-8": Odd("POST", ADDRESS, b'{"a": "\xff"}', told=("contract.unreadable fail buyer",)),
    "too large": Odd("POST", ADDRESS, b'{"a": "' + b"x" * (8 << 20) + b'"}'),
    "wrong query": Odd("GET", QUOTE + "?limit=x", told=("contract.query fail buyer",)),
    "event": Odd("POST", LISTENER, EVENT),
    "event, packed": Odd("POST", LISTENER, gzip.compress(EVENT), {**JSON, "Content-Encoding": "gzip"}),
    "event, packed strangely": Odd("POST", LISTENER, b"\xff\x00" + EVENT, {**JSON, "Content-Encoding": "zstd"}, (
        "contract.coding warning seller",)),
    "event, HEAD": Odd("HEAD", LISTENER, told=()),
    "event, OPTIONS": Odd("OPTIONS", LISTENER),
    "event, wrong method": Odd("PUT", LISTENER, EVENT, told=("contract.operation fail seller",)),
    "event, no content type": Odd("POST", LISTENER, EVENT, {}, ("contract.header fail seller",)),
}  # fmt: skip


@dataclass
class Doors:
    """Our seller and our buyer's listener, and what was recorded at each."""

    ports: dict[str, int]
    seen: Transcript

    def send(self, odd: Odd) -> tuple[Exchange, dict[str, Any]]:
        """What was recorded of a request, and what a tool between would have written of it."""
        port = self.ports["buyer" if odd.path == LISTENER else "seller"]
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            line.putrequest(odd.method, odd.path, skip_accept_encoding=True)
            headers = {**odd.headers, **({"Content-Length": str(len(odd.body))} if odd.body else {})}
            for name, value in headers.items():
                line.putheader(name, value)
            line.endheaders(odd.body or None)
            answer = line.getresponse()
            got = answer.read()
        finally:
            line.close()
        *_, recorded = self.seen
        return recorded, _entry(f"http://127.0.0.1:{port}{odd.path}", odd, headers, answer, got)


def _entry(url: str, odd: Odd, headers: dict[str, str], answer: http.client.HTTPResponse, got: bytes) -> dict[str, Any]:
    media_type = answer.getheader("content-type", "x-unknown")
    content: dict[str, Any] = {"size": len(got), "mimeType": media_type}
    if got:
        content["text"] = got.decode()
    request: dict[str, Any] = {"method": odd.method, "url": url, "headers": _rows(headers), "bodySize": len(odd.body)}
    if odd.body:
        request["postData"] = {"mimeType": headers.get("Content-Type", ""), **_text(odd.body)}
    return {
        "startedDateTime": "2026-03-01T10:00:00Z", "time": 1, "request": request,
        "response": {"status": answer.status, "headers": _rows(dict(answer.getheaders())), "content": content,
                     "bodySize": len(got)},
    }  # fmt: skip


def _rows(headers: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def _text(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode(), "encoding": "base64"}


@pytest.fixture(scope="module")
def doors() -> Iterator[Doors]:
    seen = Transcript()
    parties = {
        "seller": Running(serve_seller(make_seller(RELEASE, load_profile(None), RealClock()), lambda _: seen)),
        "buyer": Running(serve_buyer(RELEASE, RealClock(), lambda _: seen)),
    }
    for running in parties.values():
        running.start()
    yield Doors({name: running.port for name, running in parties.items()}, seen)
    for running in parties.values():
        running.stop()


def told(exchanges: Any) -> list[tuple[str, str, str, str]]:
    """What is held against anybody."""
    found = judge(exchanges, RELEASE).findings
    return sorted(
        (f.rule, str(f.verdict), str(f.blame), f.pointer)
        for f in found
        if f.verdict in (Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED, Verdict.ERROR)
    )


@pytest.mark.parametrize("name", ODD)
def test_a_verdict_does_not_hang_on_the_door(doors: Doors, tmp_path: Path, name: str) -> None:
    odd = ODD[name]
    recorded, entry = doors.send(odd)
    live = told([recorded])
    assert {f"{rule} {verdict} {blame}" for rule, verdict, blame, _ in live} == set(odd.told) or (
        odd.told == ("contract.schema fail buyer",) and live
    )
    (tmp_path / "t.ndjson").write_bytes(transcript_report.line("r", recorded))
    if odd.body and odd.headers.get("Content-Encoding") in ("gzip", "deflate"):
        unpacked = {"text": (recorded.request.raw).decode()}
        plain = {**entry, "request": {**entry["request"], "postData": unpacked}}
        write(tmp_path / "unpacked.har", har(plain))
    write(tmp_path / "t.har", har(entry))
    for file in sorted(tmp_path.iterdir()):
        captures = read_capture(file, BasePaths(RELEASE))
        assert told([each for captured in captures for each in captured.exchanges]) == live, file.name
