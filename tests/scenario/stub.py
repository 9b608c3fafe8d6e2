"""A seller made of a list of answers, for tests of the runner alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from emulator.doors.faults import Faults
from emulator.doors.peer import Peer
from emulator.parties.clock import VirtualClock
from emulator.record.exchange import Exchange, Fault, FaultKind, Party, Request, Response, Transcript
from emulator.record.payload import dump
from emulator.scenario.events import Event
from emulator.scenario.loader import load_scenario
from emulator.scenario.model import Scenario
from emulator.scenario.needs import NOTHING_ABSENT, Absent
from emulator.scenario.result import RunResult
from emulator.scenario.runner import ScenarioRunner
from emulator.scenario.scene import OurBuyer, Scene, Terms
from emulator.scenario.selection import Job
from emulator.standard.paths import PathMap
from emulator.standard.release import load_release

Answer = tuple[int, Any] | Fault | Response
JSON = (("Content-Type", "application/json;charset=utf-8"),)

HEAD = """\
oit: "1"
id: demo
title: A demonstration
sources:
  quote: {api: quote, servedBy: seller}
  order: {api: order, servedBy: seller}
"""
CREATE = """\
  - id: create
    call: quote.createQuote
    request: {body: {externalId: x, quoteItem: [{id: "1"}]}}
    response: {status: 201}
    outputs: {id: $response.body#/id}
    track: quote
"""


def fault(kind: FaultKind) -> Fault:
    return Fault(kind, "as the test says")


def html(status: int) -> Response:
    return Response(headers=(("Content-Type", "text/html"),), raw=b"<html>Oops</html>", status=status)


def later(seconds: int) -> Response:
    """Busy; to be called again after so many seconds."""
    return Response(headers=(*JSON, ("Retry-After", str(seconds))), raw=b"{}", status=503)


PEER = Peer("http://seller.example", PathMap.read(load_release("grace")))


@dataclass
class StubClient:
    """Answers from a list, in order; the last answer is given again and again, and callables are called."""

    transcript: Transcript
    clock: VirtualClock
    answers: list[Answer | Callable[[Any], Answer]]
    sent: list[dict[str, Any]] = field(default_factory=list)

    def send(self, method: str, url: str, **parts: Any) -> Exchange:
        url = PEER.url(parts["api"], parts["kind"], url)
        self.sent.append({"method": method, "url": url, **parts})
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer = answer(parts)
        response = answer if isinstance(answer, Response) else None
        if isinstance(answer, tuple):
            response = Response(headers=JSON, raw=dump(answer[1]), status=answer[0])
        return self.transcript.add(
            Exchange(
                n=0,
                at=self.clock.now(),
                elapsed_ms=1.0,
                sender=Party.BUYER,
                receiver=Party.SELLER,
                request=Request(headers=(), raw=dump(parts["body"]), method=method, url=url),
                response=response,
                fault=answer if isinstance(answer, Fault) else None,
                path_params=parts["path_params"],
                api=parts["api"],
                kind=parts["kind"],
                operation=parts["operation"],
                step=parts["step"],
            )
        )


@dataclass
class Played:
    """A run with everything that it left behind."""

    result: RunResult
    sent: list[dict[str, Any]]
    events: list[Event]

    def step(self, identifier: str) -> Any:
        return next(step for step in self.result.steps if step.id == identifier)

    @property
    def outcomes(self) -> dict[str, str]:
        return {step.id: str(step.outcome) for step in self.result.steps}


def write(folder: Path, text: str, name: str = "demo.oit.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, flow: str, rest: str = "") -> Scenario:
    return load_scenario(write(folder, HEAD + rest + "flow:\n" + flow), load_release())


@dataclass
class Arrivals:
    """A worker of the clock: notifications that arrive at our buyer, as (seconds after the start, operation, body)."""

    transcript: Transcript
    start: datetime
    planned: list[tuple[float, str, dict[str, Any]]]

    def next_due(self) -> datetime | None:
        return min((self.start + timedelta(seconds=when) for when, _, _ in self.planned), default=None)

    def run_due(self, now: datetime) -> int:
        due = [one for one in self.planned if self.start + timedelta(seconds=one[0]) <= now]
        for one in due:
            self.planned.remove(one)
            request = Request(headers=JSON, raw=dump(one[2]), method="POST", url="http://buyer.example/listener")
            self.transcript.add(
                Exchange(
                    n=0,
                    at=now,
                    elapsed_ms=1.0,
                    sender=Party.SELLER,
                    receiver=Party.BUYER,
                    request=request,
                    response=Response(headers=(), raw=b"", status=204),
                    api="quote",
                    kind="notification",
                    operation=one[1],
                )
            )
        return len(due)


def play(
    scenario: Scenario,
    answers: list[Any],
    *,
    case: str | None = None,
    row: int = 0,
    absent: Absent = NOTHING_ABSENT,
    faults: Faults | None = None,
    callback: Callable[[], str] | None = None,
    arrivals: list[tuple[float, str, dict[str, Any]]] | None = None,
    **terms: Any,
) -> Played:
    clock, transcript, events = VirtualClock(), Transcript(), []
    clock.attach(Arrivals(transcript, clock.now(), arrivals or []))
    client = StubClient(transcript, clock, answers)
    job = Job(scenario, scenario.case(case) if case else None, row, absent)
    scene = Scene("r1", load_release("grace"), clock, "http://seller.example", faults)
    runner = ScenarioRunner(job, scene, Terms(**{"seed": 1, **terms}), OurBuyer(client, transcript, callback))
    result = runner.play(events.append)
    return Played(result, client.sent, events)
