"""The formats: files of each that are right, and the commands that read one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from emulator.settings import scenarios_dir
from tests.products.material import FILES as OWN

Words = tuple[str, ...]
Commands = Callable[[Path], list[Words]]
"""What is done with a file. A command is left out where one before it did not take the file (exit code 2)."""


@dataclass(frozen=True)
class Format:
    """`name` is a file's; `lines`: it is a document in each line."""

    name: str
    right: Callable[[], list[bytes]]
    commands: Commands
    lines: bool = False


OURS = scenarios_dir()
RUN: Words = ("--clock", "virtual", "--max-time", "2s", "--timeout", "1")
TINY = """oit: "1"
id: tiny
title: A tiny scenario
sources: {quote: {api: quote, servedBy: seller}}
inputs: {a: word, b: 5, c: {d: [1, 2], e: null}, f: true}
flow:
  - id: list
    call: quote.listQuote
    request: {query: {externalId: "{$inputs.a}-{$inputs.b}"}}
"""


def _shipped(*names: str) -> Callable[[], list[bytes]]:
    return lambda: [(OURS / name).read_bytes() for name in names]


def _scenario(file: Path) -> list[Words]:
    return [("lint", str(file)), ("inputs", str(file)), ("run", str(file), "--plan"), ("run", str(file), *RUN)]


def _beside(file: Path, text: str) -> str:
    path = file.with_name("uses.oit.yaml")
    path.write_text(text)
    return str(path)


def _fragment(file: Path) -> list[Words]:
    using = _beside(
        file,
        TINY.replace(
            "inputs:",
            "include: [../fragments/buyer.yaml, ../fragments/operator-uni.yaml, ../fragments/place.yaml]\ninputs:",
        ).replace("  - id: list", f"  - {{id: u, use: {file.name}, with: {{x: 1}}}}\n  - id: list"),
    )
    return [("lint", using), ("run", using, *RUN)]


def _include(file: Path) -> list[Words]:
    using = _beside(file, TINY.replace("inputs:", f"include: [{file.name}]\ninputs:"))
    return [("lint", using), ("inputs", using), ("run", using, *RUN)]


def _rows(file: Path) -> list[Words]:
    using = _beside(file, TINY.replace("inputs:", f"data: {file.name}\ninputs:"))
    return [("lint", using), ("run", using, *RUN, "--format", "json")]


def _mark(file: Path) -> list[Words]:
    return [("lint", _beside(file, TINY))]


def _given(file: Path) -> list[Words]:
    using = _beside(file, TINY)
    return [("run", using, "--var-file", str(file), "--plan"), ("run", using, "--var-file", str(file), *RUN)]


def _profile(file: Path) -> list[Words]:
    tiny = _beside(file, TINY)
    return [
        ("lint", str(file)),
        ("run", tiny, "--profile", str(file), "--sut", "seller=http://127.0.0.1:9", "--plan"),
        ("run", tiny, str(OURS / "poq/immediate.oit.yaml"), "--profile", str(file), *RUN),
    ]


def _known(file: Path) -> list[Words]:
    return [("lint", str(file)), ("run", _beside(file, TINY), "--known-failures", str(file), *RUN)]


def _capture(file: Path) -> list[Words]:
    return [("check", str(file)), ("check", str(file), "--format", "json", "--report", "html,json,junit,sarif,har,summary,transcript", "--report-dir", str(file.parent / "out"))]  # fmt: skip


def _report(file: Path) -> list[Words]:
    return [
        ("report", str(file)),
        ("report", str(file), "--format", "html,json,junit,sarif,har,summary,transcript", "--report-dir", str(file.parent / "out")),
        ("diff", str(file), str(file)),
        ("rules", "--trace", str(file)),
        ("check", str(file)),
    ]  # fmt: skip


def _taken_out(file: Path) -> list[Words]:
    url = f"sqlite:///{file.with_name('oit.sqlite3')}"
    for old in file.parent.glob("oit.sqlite3*"):
        old.unlink()
    there = ("--database", url)
    return [
        ("runs", "import", str(file), *there), ("runs", "list", *there), ("runs", "show", "r1", *there), ("runs", "export", "r1", *there),
        ("report", "r1", *there),
    ]  # fmt: skip


def _payload(file: Path) -> list[Words]:
    """A schema of one's own, its parts beside it; a file of another name is not found by its `$id`."""
    profile = file.with_name("seller.yaml")
    profile.write_text(f"extends: wholesale-seller\npayloads: {{MINE: {{schema: {file.name}}}}}\n")
    (file.parent / "parts").mkdir(exist_ok=True)
    (file.parent / "parts" / "common.yaml").write_text(OWN["products/parts/common.yaml"])
    (file.parent / "access.yaml").write_text(OWN["schemas/access.yaml"])
    there = ("--profile", str(profile))
    return [
        ("products", "check", str(file)), ("lint", str(profile)), ("products", "list", *there),
        ("products", "example", "MINE", *there), ("products", "example", "MINE", *there, "--depth", "9", "--seed", "3"),
    ]  # fmt: skip


def _sheet(file: Path) -> list[Words]:
    profile = file.with_name("seller.yaml")
    (file.parent / "access.yaml").write_text(OWN["schemas/access.yaml"])
    profile.write_text(f"extends: wholesale-seller\npayloads: {{MINE: {{schema: access.yaml, sheet: {file.name}}}}}\n")
    return [("lint", str(profile)), ("products", "list", "--profile", str(profile))]


def _own(*names: str) -> Callable[[], list[bytes]]:
    return lambda: [OWN[name].encode() for name in names]


def _message(file: Path) -> list[Words]:
    return [
        ("validate", "createQuote", str(file), "--api", "quote"),
        ("validate", "retrieveQuote", str(file), "--api", "quote", "--status", "200"),
    ]


@cache
def _played() -> dict[str, bytes]:
    """Reports of a run with something of everything."""
    import tempfile

    from tests.cli.processes import oit

    with tempfile.TemporaryDirectory(prefix="oit-") as folder:
        done = oit(
            "run", str(OURS / "quote/decline.oit.yaml"), "--report", "har,json,transcript", "--report-dir", folder
        )
        assert done.code == 0, done.err
        return {path.suffix: path.read_bytes() for path in Path(folder).iterdir()}


def _version_1() -> list[bytes]:
    report = json.loads(_played()[".json"])
    for each in (report, *report.get("runs", ())):
        each["report_version"] = "1"
    for run in report.get("runs", [report]):
        for step in run["steps"]:
            del step["cause"]
    return [json.dumps(report).encode()]


def _har() -> list[bytes]:
    browser = {
        "log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": [{
            "startedDateTime": "2026-01-01T00:00:00.000Z", "time": 5,
            "request": {"method": "POST", "url": "https://x.example/mefApi/sonata/quoteManagement/v8/quote?a=b", "httpVersion": "HTTP/1.1",
                        "headers": [{"name": "Content-Type", "value": "application/json"}], "queryString": [{"name": "a", "value": "b"}], "cookies": [],
                        "headersSize": -1, "bodySize": 2, "postData": {"mimeType": "application/json", "text": "{}"}},
            "response": {"status": 422, "statusText": "", "httpVersion": "HTTP/1.1", "headers": [{"name": "Content-Type", "value": "application/json"}],
                         "cookies": [], "redirectURL": "", "headersSize": -1, "bodySize": 2,
                         "content": {"size": 2, "mimeType": "application/json", "text": "W10=", "encoding": "base64"}},
            "cache": {}, "timings": {"send": 1, "wait": 2, "receive": 2},
        }]}
    }  # fmt: skip
    return [_played()[".har"], json.dumps(browser).encode()]


def _exported() -> list[bytes]:
    at = "2026-01-01T00:00:00.000001+00:00"
    about = {
        "from": "buyer", "to": "seller", "api": "quote", "kind": "management", "operation": "listQuote", "path_params": {}, "step": None,
        "request": {"method": "GET", "url": "http://x/mefApi/sonata/quoteManagement/v8/quote", "headers": [["a", "b"]]},
        "response": {"status": 200, "headers": [["Content-Type", "application/json"]]}, "fault": None,
    }  # fmt: skip
    of = {"run": "r1", "id": "i"}
    told = {
        "api": "quote",
        "subscription": "i",
        "event": "quoteStateChangeEvent",
        "body": {"eventId": "1"},
        "due": at,
        "attempts": 1,
        "fault": None,
    }
    rows = [
        {"oit": "run", "format": 1, "run": "r1"}, {"is": "began", "run": "r1", "began": at},
        {"is": "resource", **of, "kind": "quote", "created": at, "body": {"id": "i", "state": "acknowledged", "externalId": "e"}},
        {"is": "resource", **of, "kind": "hub.quote", "created": at, "body": {"shown": {"id": "i", "callback": "http://x"}, "types": ["a"], "parties": {}}},
        {"is": "timer", **of, "kind": "quote", "at": at, "action": "quote.expire", "data": {}},
        {"is": "owed", **of, **told}, {"is": "dead", **of, **told},
        {"is": "exchange", "run": "r1", "at": at, "elapsed_ms": 1.5, "about": about, "request": "", "response": "W10="},
    ]  # fmt: skip
    return [b"".join(json.dumps(row).encode() + b"\n" for row in rows)]


KNOWN = b"""oit: "1"
known:
  - {requirement: MEF115-R12, scenario: "*", owner: a, reason: b, expires: 2030-01-01}
  - {rule: contract.schema, scenario: tiny, case: "*", operation: quote.listQuote, pointer: /a, owner: a, reason: b, expires: 2030-01-01, link: "http://x"}
  - {step: list, scenario: tiny, owner: a, reason: b, expires: "2020-01-01"}
"""
EXTENDING = b"""extends: wholesale-seller
name: mine
unsupported: [site, "quote.*"]
options: {MEF123-O4: true}
represents: {buyers: [a, b], sellers: []}
offerings: {mine: {extends: uni-1g, name: Mine}}
products: {p1: {productOffering: {id: uni-1g}}}
behaviour: {quote: {path: [{to: inProgress, after_seconds: 1}, {to: rejected, reads: 1}]}}
notifications: {attempts: 1, backoff: [1], allow: [private], deny: ["10.0.0.0/8"]}
"""

FORMATS: dict[str, Format] = {
    "scenario": Format("a.oit.yaml", _shipped(
        "quote/decline.oit.yaml", "order/charge.oit.yaml", "faults/notifications.oit.yaml", "faults/answers.oit.yaml", "negative/quote.oit.yaml",
        "parties/told.oit.yaml", "subscriptions/register.oit.yaml", "access-eline/new-install.oit.yaml", "order/forty-days.oit.yaml",
    ), _scenario),
    "fragment": Format("f.yaml", _shipped("fragments/quote.yaml", "fragments/find-place.yaml", "fragments/subscribe-to-orders.yaml", "fragments/order-with-charge.yaml"), _fragment),
    "include": Format("i.yaml", _shipped("fragments/buyer.yaml", "fragments/access-eline.yaml"), _include),
    "data": Format("d.csv", lambda: [b'a,b,c.d\nx,1,"[1, 2]"\ny,2,[]\n'], _rows),
    "mark": Format("oit.yaml", lambda: [b'oit: "1"\n'], _mark),
    "inputs": Format("v.yaml", lambda: [b"a: word\nb: 7\nc: {d: [3], e: x}\nf: false\nc.e: y\n"], _given),
    "profile": Format("p.yaml", lambda: [EXTENDING, (OURS / "profiles/wholesale-seller.yaml").read_bytes()], _profile),
    "known": Format("k.yaml", lambda: [KNOWN], _known),
    "har": Format("c.har", _har, _capture),
    "transcript": Format("t.ndjson", lambda: [_played()[".ndjson"]], _capture, lines=True),
    "report": Format("report.json", lambda: [_played()[".json"]], _report),
    "report-1": Format("report.json", _version_1, _report),
    "import": Format("r.ndjson", _exported, _taken_out, lines=True),
    "payload": Format("s.yaml", _own("products/wave.yaml", "schemas/access-order.yaml"), _payload),
    "payload-json": Format("s.json", _own("schemas/dark-fibre.json"), _payload),
    "sheet": Format("x.product.yaml", _own("schemas/access.product.yaml"), _sheet),
    "message": Format("m.json", lambda: [b'{"quoteItem": [{"id": "1", "action": "add", "product": {"productOffering": {"id": "x"}}}], "buyerRequestedQuoteLevel": "firm"}'], _message),
}  # fmt: skip
