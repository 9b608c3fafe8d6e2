"""Tells the progress of runs as one JSON object per line, for programs; `oit schema events` describes them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import IO, Any, Final

import orjson

from emulator.errors import Exit
from emulator.record.exchange import Exchange
from emulator.report import json_report
from emulator.report.about import RunInfo, run_json
from emulator.report.masking import clean_text, plain
from emulator.report.model import Report
from emulator.report.played import StepInfo
from emulator.report.rows import exchange_json, step_json
from emulator.scenario.events import Waiting

EVENTS_VERSION: Final = "1"
"""Changes when a reader of the events must change. New members and new events do not change it."""


class NdjsonWriter:
    """Writes events to a binary stream; each line has `event`, `run_id` where it is of a run, and what belongs to it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._run = ""
        self._told: set[int] = set()

    def run_started(self, info: RunInfo) -> None:
        """A run begins; `finished` says nothing yet."""
        self._run, self._told = info.id, set()
        run = {key: value for key, value in run_json(info).items() if key != "finished"}
        self._write("run_started", version=EVENTS_VERSION, run=run)

    def running(self, done: int, total: int) -> None:
        """Programs count `run_done`."""

    def step_started(self, step_id: str, what: str) -> None:
        """A step begins; `what` says in words what it does."""
        self._tell("step_started", id=step_id, what=clean_text(what))

    def waiting(self, text: str, wait: Waiting | None = None) -> None:
        """The run waits for something; `text` says for what, the other members say it to programs."""
        about = {}
        if wait is not None:
            about = {
                "step": wait.step,
                "resource": wait.resource,
                "state": wait.state,
                "seen": wait.seen,
                "left": round(wait.left, 3),
            }
        self._tell("waiting", text=clean_text(text), **about)

    def serving(self, url: str) -> None:
        """Our seller listens, and waits for the buyer under test."""
        self._tell("serving", url=url)

    def awaits(self, entry: Mapping[str, Any], left: float) -> None:
        """A buyer under test is waited for; `left` seconds remain."""
        self._tell("awaits", awaited=dict(entry), left=round(left, 3))

    def missed(self, exchange: Exchange, reason: str) -> None:
        """Something came, and is not what is awaited."""
        self._tell(
            "missed",
            exchange=exchange.n,
            method=clean_text(exchange.request.method),
            url=clean_text(exchange.request.url),
            reason=clean_text(reason),
        )

    def exchange_done(self, exchange: Exchange) -> None:
        """An exchange is complete, as `report.json` has it. Each is told once."""
        if exchange.n not in self._told:
            self._told.add(exchange.n)
            self._tell("exchange", exchange=exchange_json(exchange))

    def step_done(self, step: StepInfo) -> None:
        """A step ended."""
        self._tell("step_done", step=step_json(step))

    def run_done(self, report: Report) -> None:
        """A run ended: the exchanges that no step had, the findings, and the report without exchanges and steps."""
        self._run = report["run"]["id"]
        for exchange in report["exchanges"]:
            if exchange["n"] not in self._told:
                self._tell("exchange", exchange=exchange)
        for finding in report["findings"]:
            self._tell("finding", finding=finding)
        told = {key: value for key, value in report.items() if key not in ("exchanges", "steps")}
        self._write("run_done", run_id=self._run, **told)
        self._told = set()

    def reports_written(self, paths: Sequence[Path]) -> None:
        """Reports lie ready."""
        self._write("reports_written", paths=[str(path) for path in paths])

    def stopped(self, reason: str, left: int) -> None:
        """The session ended before it was done; `left` runs had not begun."""
        self._write("stopped", reason=reason, not_begun=left)

    def all_done(self, whole: Report, code: Exit, look: str = "") -> None:
        """All runs ended: what they come to, and the exit code. `look` is for people."""
        del look
        known = {"known_failures": whole["known_failures"]} if "known_failures" in whole else {}
        self._write("all_done", verdict=whole["verdict"], counts=whole["counts"], exit_code=int(code), **known)

    def _tell(self, event: str, **members: Any) -> None:
        self._write(event, run_id=self._run, **members)

    def _write(self, event: str, **members: Any) -> None:
        self._stream.write(orjson.dumps({"event": event, **plain(members)}) + b"\n")
        self._stream.flush()


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema (draft-07) of one line, with the definitions of `report.json` that it builds on."""
    loaded: dict[str, Any] = json.loads(files("emulator.report").joinpath("events-1.schema.json").read_bytes())
    loaded["definitions"] = {**json_report.schema()["definitions"], **loaded["definitions"]}
    return loaded
