"""A HAR that browsers open and that `oit check` reads back to the same verdicts."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from referencing import Registry, Resource

from emulator.judge.capture import BasePaths, read_capture
from emulator.report import har_report
from emulator.report.model import whole_report
from emulator.standard.release import load_release
from tests.judge.exchanges import exchange
from tests.report.runs import MOMENT as STARTED
from tests.report.runs import full_report, report
from tests.report.schemas import fetched, read

TEXT = {"type": "string"}
SIZE = {"type": "integer", "minimum": -1}
NAMED = {"type": "array", "items": {"type": "object", "required": ["name", "value"],
         "properties": {"name": TEXT, "value": TEXT}}}  # fmt: skip
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$"}
ENTRY = {
    "type": "object",
    "required": ["startedDateTime", "time", "request", "response", "cache", "timings", "pageref"],
    "properties": {
        "pageref": TEXT,
        "startedDateTime": MOMENT,
        "time": {"type": "number", "minimum": 0},
        "cache": {"type": "object"},
        "timings": {
            "type": "object",
            "required": ["send", "wait", "receive"],
            "additionalProperties": {"type": "number", "minimum": -1},
        },
        "request": {
            "type": "object",
            "required": ["method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"],
            "properties": {
                "method": TEXT, "url": TEXT, "httpVersion": TEXT, "cookies": {"type": "array"}, "headers": NAMED,
                "queryString": NAMED, "headersSize": SIZE, "bodySize": SIZE,
                "postData": {"type": "object", "required": ["mimeType"], "properties": {"mimeType": TEXT, "text": TEXT}},
            },
        },
        "response": {
            "type": "object",
            "required": ["status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL",
                         "headersSize", "bodySize"],
            "properties": {
                "status": {"type": "integer"}, "statusText": TEXT, "httpVersion": TEXT, "cookies": {"type": "array"},
                "headers": NAMED, "redirectURL": TEXT, "headersSize": SIZE, "bodySize": SIZE,
                "content": {"type": "object", "required": ["size", "mimeType"],
                            "properties": {"size": {"type": "integer"}, "mimeType": TEXT, "text": TEXT}},
            },
        },
    },
}  # fmt: skip
HAR = {
    "type": "object",
    "required": ["log"],
    "properties": {
        "log": {
            "type": "object",
            "required": ["version", "creator", "pages", "entries"],
            "properties": {
                "version": {"const": "1.2"},
                "creator": {"type": "object", "required": ["name", "version"]},
                "pages": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["startedDateTime", "id", "title", "pageTimings"],
                        "properties": {"startedDateTime": MOMENT, "pageTimings": {"type": "object"}},
                    },
                },
                "entries": {"type": "array", "items": ENTRY},
            },
        }
    },
}
"""What HAR 1.2 demands, in our own words; with OIT_SCHEMAS the published schema is asked too."""


def har(made: Any) -> Any:
    """The log, after what HAR 1.2 demands was checked: members, types, pages that are there, times that add up."""
    document = json.loads(har_report.render(made))
    jsonschema.Draft7Validator(HAR).validate(document)
    log = document["log"]
    pages = {page["id"] for page in log["pages"]}
    for entry in log["entries"]:
        assert entry["pageref"] in pages
        assert entry["time"] == sum(each for each in entry["timings"].values() if each > 0)
    return log


def test_every_exchange_is_an_entry_of_its_run() -> None:
    log = har(whole_report([report(), full_report()]))
    assert [page["title"].split(":")[0] for page in log["pages"]] == ["address/lookup", "address/lookup [no city]"]
    assert [entry["_oit"]["n"] for entry in log["entries"]] == [1, 1, 2, 3]
    assert [entry["response"]["status"] for entry in log["entries"]] == [200, 200, 0, 200]
    assert log["entries"][2]["response"]["_error"].startswith("net::ERR_TIMED_OUT")


def test_a_secret_stays_masked() -> None:
    """Header and member are masked in the report, and so they are here."""
    seen = exchange({"id": "1", "password": "open sesame"}, headers=(("Authorization", "Bearer abcdefghijkl"),))
    text = json.dumps(har(report(seen)))
    assert "open sesame" not in text
    assert "abcdefghijkl" not in text
    assert "***" in text


def test_it_is_read_back_run_by_run_with_faults_and_what_was_wrong_on_purpose(tmp_path: Path) -> None:
    """Numbers, operations, faults and marks are those of the report."""
    moves = ((STARTED, timedelta(days=1)),)
    first, second = report(id="a", moves=moves), full_report()
    second["exchanges"][0]["provoked"] = True
    second["exchanges"][2]["spoilt"] = True
    path = har_report.write(whole_report([first, second]), tmp_path)
    one, two = read_capture(path, BasePaths(load_release()))
    assert (one.run, two.run) == ("a", "r1")
    assert two.about.title == "address/lookup [no city]"
    assert (one.about.moves, two.about.moves) == (moves, ())
    assert [each.n for each in two.exchanges] == [1, 2]
    assert [entry.url for entry in two.unattributed] == [second["exchanges"][2]["request"]["url"]]
    assert two.exchanges[1].fault is not None
    assert str(two.exchanges[1].fault.kind) == "timeout"
    assert two.provoked == {1}


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=20), st.binary(max_size=30), st.binary(max_size=30))
def test_any_message_makes_an_archive(text: str, sent: bytes, answered: bytes) -> None:
    har(report(exchange(answered, sent=sent, path="/" + text, headers=((text, text),))))


def test_the_published_schema_accepts_it() -> None:
    """The schema of the npm package `har-schema`, which browsers' tools use; and it refuses what lacks a member."""
    folder = fetched("har.json", "npm install har-schema").parent
    resources = [(path.name, Resource.from_contents(json.loads(path.read_text()))) for path in folder.glob("*.json")]
    registry: Registry[Any] = Registry().with_resources(resources)
    validator = jsonschema.Draft6Validator(read(folder / "har.json"), registry=registry)
    document = json.loads(har_report.render(whole_report([report(), full_report()])))
    assert [error.message for error in validator.iter_errors(document)] == []
    del document["log"]["entries"][0]["cache"]
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(document)
