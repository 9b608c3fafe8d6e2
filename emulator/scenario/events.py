"""What the runner tells while it plays, for terminals and NDJSON writers to follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulator.record.exchange import Exchange
from emulator.scenario.result import RunResult, StepResult


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run begins; `steps` is how many steps it has."""

    run_id: str
    scenario: str
    title: str
    case: str | None
    steps: int


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step begins; `kind` is call, await, notify or negative."""

    id: str
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A step waits: for `state` of `resource`, which shows `seen`; `left` seconds remain."""

    step: str
    resource: str
    state: str
    seen: str | None
    left: float


@dataclass(frozen=True, slots=True)
class ExchangeDone:
    """An exchange is in the transcript; `status` is None where a fault took the answer's place."""

    step: str
    n: int
    operation: str
    status: int | None


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step has ended."""

    result: StepResult


@dataclass(frozen=True, slots=True)
class Serving:
    """Our seller listens for a buyer under test, at this root."""

    url: str


@dataclass(frozen=True, slots=True)
class Awaited:
    """What a buyer under test is waited for, at this moment by the clock of its patience: all of it, nothing at the end."""

    entries: tuple[Mapping[str, Any], ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Missed:
    """Something came of a buyer under test that is not what is awaited."""

    exchange: Exchange
    reason: str


@dataclass(frozen=True, slots=True)
class RunDone:
    """A run has ended."""

    result: RunResult


def done(step: str, exchange: Exchange) -> ExchangeDone:
    """That an exchange of a step is in the transcript."""
    status = exchange.response.status if exchange.response else None
    return ExchangeDone(step, exchange.n, exchange.operation or "", status)


Event = RunStarted | StepStarted | Waiting | ExchangeDone | StepDone | Serving | Awaited | Missed | RunDone
