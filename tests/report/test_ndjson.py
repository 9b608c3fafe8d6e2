"""Every event is one line of JSON."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import jsonschema_rs
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.errors import Exit
from emulator.report.ndjson import NdjsonWriter, schema
from emulator.scenario.events import Waiting
from emulator.standard.breach import Breach
from tests.judge.exchanges import exchange
from tests.report.runs import PASSED_STEP, info, report

VALID = jsonschema_rs.Draft7Validator(schema())


@settings(deadline=None)  # the first example reads the catalogue
@given(st.text(max_size=30), st.binary(max_size=30))
def test_each_event_is_a_line(text: str, body: bytes) -> None:
    """Whatever the partner sends, a program can read the stream line by line, and each line fits its schema."""
    stream = io.BytesIO()
    writer = NdjsonWriter(stream)
    seen = replace(exchange(body, path="/" + text), n=1)
    made = report(seen, breaches=(Breach("/" + text, body, text, text),))
    writer.run_started(info(title=text))
    writer.step_started("ask", text)
    writer.waiting(text)
    writer.waiting(text, Waiting("ask", text, "completed", None, 3.25))
    writer.exchange_done(seen)
    writer.exchange_done(seen)
    writer.step_done(PASSED_STEP)
    writer.run_done(made)
    writer.reports_written([Path("report.json")])
    writer.all_done(made, Exit.BREACHED)
    lines = [json.loads(line) for line in stream.getvalue().split(b"\n") if line]
    for line in lines:
        assert VALID.is_valid(line), line
    told = [line["event"] for line in lines]
    findings = len(made["findings"])
    assert told[:6] == ["run_started", "step_started", "waiting", "waiting", "exchange", "step_done"]
    assert told[6:] == ["finding"] * findings + ["run_done", "reports_written", "all_done"]
    assert lines[0]["version"] == "1"
    assert {line["run_id"] for line in lines[1 : 7 + findings]} == {"r1"}
    assert lines[3]["left"] == 3.25
    assert lines[5]["step"]["outcome"] == "passed"
    assert lines[-3]["run"]["id"] == "r1"
    assert "exchanges" not in lines[-3]
    assert lines[-1]["exit_code"] == 1


def test_exchanges_that_no_step_told_are_told_at_the_end() -> None:
    """Each exchange of the report is an event, once."""
    stream = io.BytesIO()
    writer = NdjsonWriter(stream)
    writer.run_started(info())
    writer.run_done(report(exchange({"id": "1"}), exchange({"id": "2"})))
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["exchange"]["n"] for line in events if line["event"] == "exchange"] == [1, 2]


def test_an_event_that_the_schema_does_not_know_is_no_event() -> None:
    """The schema can fail: a name that is not there, a member that is missing."""
    assert not VALID.is_valid({"event": "run_begun", "run_id": "r1"})
    assert not VALID.is_valid({"event": "finding", "run_id": "r1", "finding": {"rule": "x"}})
