"""What an archive holds of a body is what was sent, or is not judged; exporters have habits."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from emulator.judge.capture import BasePaths, Captured, read_capture
from emulator.judge.judge import judge
from emulator.judge.verdict import Verdict
from emulator.record.exchange import UnreadKind
from emulator.standard.release import load_release
from tests.cli.captures import har

BASES = BasePaths(load_release())
URL = "https://s.example/mefApi/sonata/geographicAddressManagement/v7/geographicAddressValidation"
PLACE = {"@type": "FieldedAddress", "streetNr": "20", "streetName": "Königstraße", "city": "Ashburn", "stateOrProvince": "VA",
         "postcode": "20147", "country": "USA"}  # fmt: skip
ASKED = {"provideAlternative": True, "submittedGeographicAddress": PLACE}
SAID = {**ASKED, "validationResult": "success", "alternateGeographicAddress": [], "bestMatchGeographicAddress": {
    **PLACE, "id": "a-1", "allowsNewSite": True, "hasPublicSite": False}}  # fmt: skip
SENT, ANSWERED = (json.dumps(body, ensure_ascii=False) for body in (ASKED, SAID))
RAW = ANSWERED.encode()
JSON = {"name": "Content-Type", "value": "application/json;charset=utf-8"}
Json = dict[str, Any]


def coded(coding: str) -> list[Json]:
    return [JSON, {"name": "Content-Encoding", "value": coding}]


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def entry(content: Any = None, *, request: Json | None = None, response: Json | None = None, **more: Any) -> Json:
    """An address validation as an entry, with what is given in place of what is right."""
    asked = {"method": "POST", "url": URL, "headers": [JSON], "bodySize": len(SENT.encode()),
             "postData": {"mimeType": "application/json", "text": SENT}}  # fmt: skip
    said = {"status": 200, "headers": [JSON], "bodySize": -1,
            "content": content or {"size": len(RAW), "mimeType": "application/json", "text": ANSWERED}}  # fmt: skip
    return {"startedDateTime": "2026-03-01T10:00:00.000Z", "time": 1, "request": {**asked, **(request or {})},
            "response": {**said, **(response or {})}, **more}  # fmt: skip


def read(tmp_path: Path, *entries: Json, raw: bytes | None = None) -> Captured:
    path = tmp_path / "x.har"
    path.write_bytes(raw or json.dumps(har(*entries)).encode())
    (captured,) = read_capture(path, BASES)
    return captured


def blamed(captured: Captured) -> list[str]:
    judgement = judge(captured.exchanges, load_release())
    return [f"{f.rule} {f.message}" for f in judgement.findings if f.verdict in (Verdict.FAIL, Verdict.WARNING)]


HELD = {
    "as it is": entry(),
    "base64": entry({"size": len(RAW), "text": b64(RAW), "encoding": "base64"}),
    "base64 in lines": entry({"text": b64(RAW)[:40] + "\r\n" + b64(RAW)[40:], "encoding": "BASE64"}),
    "still packed, and said so": entry({"text": b64(gzip.compress(RAW)), "encoding": "base64"}, response={
        "headers": coded("gzip"), "bodySize": 300}),
    "still packed, header left out": entry({"text": b64(gzip.compress(RAW)), "encoding": "base64"}),
    "deflate": entry({"text": b64(zlib.compress(RAW)), "encoding": "base64"}, response={"headers": coded("deflate")}),
    "packed bytes as characters": entry({"text": gzip.compress(RAW).decode("latin-1")}),
    "unpacked by the tool, header kept": entry(response={"headers": coded("br"), "bodySize": 200}),
    "size of what was packed": entry({"size": 200, "text": ANSWERED}, response={"headers": coded("gzip")}),
    "written shorter than it was": entry({"size": len(RAW) + 90, "text": ANSWERED}, response={"bodySize": 9000}),
    "sizes unknown": entry({"size": -1, "text": ANSWERED, "comment": ""}, time=-1, _error=None),
    "sizes of another type": entry({"size": "many", "text": ANSWERED}, request={"bodySize": 1.0}, time="fast"),
    "not from a cache": entry(_fromCache=False),
    "from no cache": entry(_fromCache="", _fetchType="Network Load"),
    "a remark about nothing": entry({"text": ANSWERED, "comment": "decoded"}, comment="first"),
    "encoding of text": entry({"text": ANSWERED, "encoding": "utf-8"}),
    "no headers": entry(response={"headers": []}, request={"headers": []}),
    "a header without value": entry(response={"headers": [JSON, {"name": "X-Empty", "value": None}]}),
    "zone by name": entry(startedDateTime="2026-03-01T10:00:00.123+01:00[Europe/Berlin]"),
    "zone without colon": entry(startedDateTime="2026-03-01T10:00:00.1234567+0530"),
    "zone behind a gap": entry(startedDateTime="2026-03-01 10:00:00 -0800"),
    "as in mail": entry(startedDateTime="Sun, 01 Mar 2026 10:00:00 GMT"),
    "zone UTC": entry(startedDateTime="2026-03-01T10:00:00 UTC"),
    "lower case": entry(startedDateTime="2026-03-01t10:00:00z"),
}  # fmt: skip


@pytest.mark.parametrize("name", HELD)
def test_what_was_sent_is_judged(tmp_path: Path, name: str) -> None:
    captured = read(tmp_path, HELD[name])
    assert captured.unattributed == ()
    (exchange,) = captured.exchanges
    assert exchange.response
    assert (exchange.request.body, exchange.response.body) == (ASKED, SAID)
    assert exchange.elapsed_ms >= 0
    assert blamed(captured) == []


CUT = {"size": len(RAW), "text": ANSWERED[:200]}
LOST: dict[str, tuple[Json, str]] = {
    "cut, by size": (entry(CUT), "a part"),
    "cut, by bodySize": (entry({"text": ANSWERED[:200]}, response={"bodySize": len(RAW)}), "a part"),
    "cut, by Content-Length": (entry({"text": ANSWERED[:200]}, response={
        "headers": [JSON, {"name": "content-length", "value": str(len(RAW))}]}), "a part"),
    "cut, in base64": (entry({"size": len(RAW), "text": b64(RAW[:200]), "encoding": "base64"}), "a part"),
    "cut, as the tool says": (entry({"text": ANSWERED[:200], "comment": "Response truncated at 200 bytes"}), "whole"),
    "left out": (entry({"size": len(RAW), "mimeType": "application/json"}), "does not hold"),
    "left out, size 0": (entry({"size": 0, "mimeType": "application/json"}), "does not hold"),
    "left out, as text": (entry({"size": len(RAW), "text": ""}), "does not hold"),
    "left out, null": (entry({"size": -1, "text": None}), "does not hold"),
    "no content": (entry(response={"content": None}), "does not hold"),
    "beside": (entry({"size": -1, "_file": "abc.json"}), "does not hold"),
    "packed and cut": (entry({"text": b64(gzip.compress(RAW)[:99]), "encoding": "base64"}, response={
        "headers": coded("gzip")}), "packed"),
    "packed as text": (entry({"text": gzip.compress(RAW).decode("utf-8", "replace")}), "lost bytes"),
    "packed as text, deflate": (entry({"text": zlib.compress(RAW).decode("latin-1")[:99]}, response={
        "headers": coded("deflate")}), "packed"),
    "packed otherwise": (entry({"text": b64(b"\x1b\x0a\x00\xf8" + RAW[:9]), "encoding": "base64"}, response={
        "headers": coded("br")}), "packed"),
    "packed otherwise, unsaid": (entry({"text": b64(b"\x28\xb5\x2f\xfd\x00" + RAW[:9]), "encoding": "base64"}), "packed"),
    "no base64": (entry({"size": len(RAW), "text": ANSWERED, "encoding": "base64"}), "is not"),
    "no base64 by its size": (entry({"size": 8, "text": "deadbeef", "encoding": "base64"}), "is not"),
    "base64 unsaid": (entry({"size": len(RAW), "text": b64(RAW)}), "does not say so"),
    "packed base64 unsaid": (entry({"text": b64(gzip.compress(RAW))}), "does not say so"),
    "another encoding": (entry({"text": RAW.hex(), "encoding": "hex"}), "'hex'"),
    "mojibake": (entry({"size": len(RAW), "text": RAW.decode("cp1252")}), "is UTF-8"),
    "mojibake of latin-1": (entry({"text": RAW.decode("latin-1")}), "is UTF-8"),
    "mojibake of both": (entry({"text": ANSWERED.replace("ß", "ßÁ€").encode().decode("cp1252", "replace").replace(
        "\ufffd", "\x81")}), "is UTF-8"),
    "bytes lost": (entry({"size": len(RAW), "text": ANSWERED.replace("ß", "\ufffd")}), "lost bytes"),
    "interim": (entry({"size": 0, "text": ""}, response={"status": 103}), "interim"),
}  # fmt: skip


@pytest.mark.parametrize("name", LOST)
def test_an_answer_that_is_not_held_is_not_judged_and_its_request_is(tmp_path: Path, name: str) -> None:
    made, why = LOST[name]
    captured = read(tmp_path, made)
    (exchange,) = captured.exchanges
    assert exchange.response
    assert exchange.response.unread
    assert (exchange.request.body, exchange.request.unread) == (ASKED, None)
    assert [(row.half, row.lost) for row in captured.unattributed] == [("response", True)]
    assert why in captured.unattributed[0].why
    assert blamed(captured) == []
    broken = {**made, "request": {**made["request"], "postData": {"text": '{"provideAlternative": true}'}}}
    assert blamed(read(tmp_path, broken)), "the request is judged for itself"


ASKED_LOST: dict[str, Json] = {
    "left out": {"postData": {"mimeType": "application/json", "text": ""}},
    "no postData": {"postData": None},
    "size unknown": {"postData": None, "bodySize": -1},
    "size 0, with a media type": {"postData": None, "bodySize": 0},
    "by Content-Length": {"postData": {"text": ""}, "bodySize": 0, "headers": [
        JSON, {"name": "Content-Length", "value": "17"}]},
    "beside": {"postData": {"_file": "a.json"}, "bodySize": -1},
    "as parameters": {"postData": {"mimeType": "application/json", "params": [{"name": "a"}]}, "bodySize": -1},
    "as a form's, which its header denies": {"postData": {"mimeType": "application/x-www-form-urlencoded", "params": [
        {"name": "a", "value": "b"}]}, "bodySize": -1},
    "cut": {"postData": {"text": SENT[:70]}},
    "no headers, no body": {"postData": None, "bodySize": 0, "headers": []},
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED_LOST)
def test_a_request_that_is_not_held_blames_nobody(tmp_path: Path, name: str) -> None:
    captured = read(tmp_path, entry(request=ASKED_LOST[name]))
    (exchange,) = captured.exchanges
    assert exchange.request.unread
    assert exchange.request.unread.kind is UnreadKind.NOT_HELD
    assert [row.half for row in captured.unattributed] == ["request"]
    assert blamed(captured) == []


@pytest.mark.parametrize(
    ("made", "rule"),
    [
        (entry(request={"postData": {"text": ""}, "bodySize": 0}), "contract.unreadable"),
        (entry(request={"postData": None, "bodySize": 0, "headers": [{"name": "Content-Length", "value": "0"}]}),
         "contract.unreadable"),
        (entry({"size": 0, "text": ""}), "contract.unreadable"),
        (entry({"size": 200, "text": ANSWERED[:200]}), "contract.unreadable"),
        (entry({"size": 15, "text": "<html>no</html>"}, response={"headers": coded("gzip")}), "contract.unreadable"),
        (entry({"text": b64(b'{"a": "\xff"}'), "encoding": "base64"}), "contract.unreadable"),
    ],
    ids=["no body", "no body by its length", "empty answer", "broken by its author", "html", "no UTF-8"],
)  # fmt: skip
def test_what_the_file_surely_holds_is_blamed(tmp_path: Path, made: Json, rule: str) -> None:
    """A body that is empty or broken as it was sent is a breach, by whichever door it comes."""
    captured = read(tmp_path, made)
    assert captured.unattributed == ()
    assert any(row.startswith(rule) for row in blamed(captured))


@pytest.mark.parametrize(
    "more",
    [
        {"_fromCache": "memory"},
        {"_fromCache": True},
        {"_fetchType": "Disk Cache"},
        {"_fetchedViaServiceWorker": True},
        {"response": {"status": 0, "_error": "net::ERR_BLOCKED_BY_CLIENT"}},
    ],
)
def test_what_never_crossed_the_wire_is_not_judged(tmp_path: Path, more: Json) -> None:
    captured = read(tmp_path, {**entry(), **more})
    assert captured.exchanges == ()
    assert "nothing crossed the wire" in captured.unattributed[0].why


def test_half_a_character_in_a_file_is_one_lost_byte_of_one_body(tmp_path: Path) -> None:
    """Chrome writes lone surrogates where a body was binary; the rest of the file is read, and real pairs stay."""
    text = json.dumps(har(entry({"text": "HERE"}), entry({"text": ANSWERED.replace("20", "\U0001f600")})))
    captured = read(tmp_path, raw=text.replace("HERE", "\\\\\\ud800x\\udc00").encode())
    first, second = captured.exchanges
    assert first.response
    assert first.response.unread
    assert second.response
    assert second.response.body["submittedGeographicAddress"]["streetNr"] == "\U0001f600"


def test_a_bomb_in_a_capture_does_not_go_off(tmp_path: Path) -> None:
    """What would unpack to more than is read is not held; memory stays bounded."""
    bomb = gzip.compress(bytes(65 * 1024 * 1024), 9)
    captured = read(tmp_path, entry({"text": b64(bomb), "encoding": "base64"}))
    assert "packed" in captured.unattributed[0].why
