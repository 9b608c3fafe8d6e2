"""Every event is one line of JSON."""

from __future__ import annotations

import io
import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from emulator.report.ndjson import NdjsonWriter
from emulator.standard.breach import Breach
from tests.judge.exchanges import exchange
from tests.report.runs import PASSED_STEP, info, report


@given(st.text(max_size=30), st.binary(max_size=30))
def test_each_event_is_a_line(text: str, body: bytes) -> None:
    """Whatever the partner sends, a program can read the stream line by line."""
    stream = io.BytesIO()
    writer = NdjsonWriter(stream)
    writer.run_started(info(title=text))
    writer.step_started("ask", text)
    writer.waiting(text)
    writer.step_done(PASSED_STEP)
    writer.run_done(report(exchange(body, path="/" + text), breaches=(Breach("/" + text, body, text, text),)))
    writer.reports_written([Path("report.json")])
    lines = [json.loads(line) for line in stream.getvalue().split(b"\n") if line]
    assert [line["event"] for line in lines] == [
        "run_started",
        "step_started",
        "waiting",
        "step_done",
        "run_done",
        "reports_written",
    ]
    assert lines[3]["step"]["outcome"] == "passed"
    assert lines[4]["run"]["id"] == "r1"
    assert "exchanges" not in lines[4]
