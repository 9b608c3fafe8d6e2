"""Tells the progress of runs as one JSON object per line, for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import orjson

from emulator.report.masking import clean_text, plain
from emulator.report.model import Report, RunInfo, StepInfo, run_json, step_json
from emulator.wire.exchange import Exchange


class NdjsonWriter:
    """Writes events to a binary stream; each line has `event` and what belongs to it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def run_started(self, info: RunInfo) -> None:
        """A run begins; `finished` says nothing yet."""
        self._write("run_started", run={key: value for key, value in run_json(info).items() if key != "finished"})

    def step_started(self, step_id: str, what: str) -> None:
        """A step begins; `what` says in words what it does."""
        self._write("step_started", id=step_id, what=clean_text(what))

    def waiting(self, text: str) -> None:
        """The run waits for something; `text` says for what."""
        self._write("waiting", text=clean_text(text))

    def serving(self, url: str) -> None:
        """Our seller listens, and waits for the buyer under test."""
        self._write("serving", url=url)

    def awaits(self, entry: Mapping[str, Any], left: float) -> None:
        """A buyer under test is waited for; `left` seconds remain."""
        self._write("awaits", awaited=dict(entry), left=round(left, 3))

    def missed(self, exchange: Exchange, reason: str) -> None:
        """Something came, and is not what is awaited."""
        self._write(
            "missed",
            exchange=exchange.n,
            method=clean_text(exchange.request.method),
            url=clean_text(exchange.request.url),
            reason=clean_text(reason),
        )

    def step_done(self, step: StepInfo) -> None:
        """A step ended."""
        self._write("step_done", step=step_json(step))

    def run_done(self, report: Report) -> None:
        """A run ended: its report without the exchanges and the steps that were told already."""
        told = {key: value for key, value in report.items() if key not in ("exchanges", "steps")}
        self._write("run_done", **told)

    def reports_written(self, paths: Sequence[Path]) -> None:
        """Reports lie ready."""
        self._write("reports_written", paths=[str(path) for path in paths])

    def _write(self, event: str, **members: Any) -> None:
        self._stream.write(orjson.dumps({"event": event, **plain(members)}) + b"\n")
        self._stream.flush()
