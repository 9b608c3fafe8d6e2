"""What playing a scenario came to: one result per step, one per run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from emulator.parties.clock import rfc3339
from emulator.record.payload import MISSING
from emulator.scenario.model import ClockMode


class Outcome(StrEnum):
    """How a step ended. The worst one of its steps is a run's."""

    PASSED = "passed"  # it happened as demanded
    SKIPPED = "skipped"  # not played, by plan; the message says why
    BLOCKED = "blocked"  # not played, because an earlier step did not succeed
    NEVER_ARRIVED = "never_arrived"  # an event that was waited for did not come; the message has the timeline
    INCONCLUSIVE = "inconclusive"  # trouble on the way: nothing can be said about the partner
    UNMET = "unmet"  # it happened otherwise than the scenario demands
    ERROR = "error"  # the scenario (or OIT) is wrong


@dataclass(frozen=True, slots=True)
class Expectation:
    """One demand, and what was found; `found` is MISSING where there was nothing."""

    pointer: str
    expected: Any
    found: Any
    ok: bool

    def as_json(self) -> dict[str, Any]:
        """Without `found` where nothing was there."""
        shown = {"pointer": self.pointer, "expected": self.expected, "ok": self.ok}
        return shown if self.found is MISSING else {**shown, "found": self.found}


@dataclass(frozen=True, slots=True)
class StepResult:
    """How one step ended. `exchanges` are numbers in the transcript, `where` is `file:line:col`.

    `blame` is who has to act when it did not pass: buyer, seller, transport, scenario or emulator. `cause` is why it did
    not, where the runner knows (a `Cause` of the report); `inputs` are those that it uses itself.
    """

    id: str
    kind: str
    title: str
    outcome: Outcome
    message: str
    exchanges: tuple[int, ...]
    expectations: tuple[Expectation, ...]
    started: datetime
    finished: datetime
    where: str
    covers: tuple[str, ...] = ()
    blame: str | None = None
    cause: str | None = None
    agreed: bool = False
    inputs: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "title": self.title,
            "outcome": str(self.outcome),
            "message": self.message,
            "exchanges": list(self.exchanges),
            "expectations": [one.as_json() for one in self.expectations],
            "started": rfc3339(self.started),
            "finished": rfc3339(self.finished),
            "where": self.where,
            "covers": list(self.covers),
            "blame": self.blame,
        }


@dataclass(frozen=True, slots=True)
class Tracked:
    """A resource that a step remembered. `source` is the scenario's name of its API."""

    api: str
    kind: str
    id: str
    source: str
    operation: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """How one run of a flow (or case, or data row) ended.

    `provoked` are exchanges whose request was wrong on purpose, `spoilt` those whose answer was: their breaches are
    not findings.
    `row` counts data rows from 0. `cut` says that it was ended before its end.
    """

    scenario: str
    title: str
    case: str | None
    row: int
    run_id: str
    seed: int
    clock: ClockMode
    started: datetime
    finished: datetime
    steps: tuple[StepResult, ...]
    exchanges: int
    provoked: frozenset[int] = frozenset()
    spoilt: frozenset[int] = frozenset()
    cut: bool = False
    tracked: dict[str, Tracked] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of the steps; a run of which nothing was played is `skipped`."""
        found = {step.outcome for step in self.steps}
        for worst in (Outcome.ERROR, Outcome.UNMET, Outcome.NEVER_ARRIVED, Outcome.INCONCLUSIVE, Outcome.BLOCKED):
            if worst in found:
                return worst
        return Outcome.PASSED if Outcome.PASSED in found else Outcome.SKIPPED
