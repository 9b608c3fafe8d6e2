"""What the runner tells while it plays, for terminals and NDJSON writers to follow."""

from __future__ import annotations

from dataclasses import dataclass

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
class RunDone:
    """A run has ended."""

    result: RunResult


Event = RunStarted | StepStarted | Waiting | ExchangeDone | StepDone | RunDone
