"""Follows a run: tells a writer of it, and keeps what became of its steps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from operator import attrgetter
from typing import Any

from emulator.conduct.writers import Writer
from emulator.judge.verdict import Blame
from emulator.record.exchange import Transcript
from emulator.record.secrets import masked_text
from emulator.report.played import Cause, ExpectationInfo, StepInfo, StepOutcome
from emulator.scenario.events import (
    Awaited,
    Event,
    ExchangeDone,
    Missed,
    RunDone,
    RunStarted,
    Serving,
    StepDone,
    StepStarted,
    Waiting,
)
from emulator.scenario.model import CaseKind
from emulator.scenario.plan import waited_for
from emulator.scenario.result import Outcome, StepResult
from emulator.scenario.selection import Job


class Follower:
    """Tells of the events of one run, as long as `is_open` says that anybody listens."""

    def __init__(self, writer: Writer, transcript: Transcript, is_open: Callable[[], bool]) -> None:
        self.steps: list[StepInfo] = []
        self._writer, self._transcript, self._is_open = writer, transcript, is_open
        self._seen: set[tuple[str, str | None]] = set()
        self._awaited: set[str] = set()

    def __call__(self, event: Event) -> None:
        if not self._is_open():
            return  # the run was reported without waiting for its end
        match event:
            case StepStarted():
                self._writer.step_started(event.id, event.title)
            case Waiting():
                self._waiting(event)
            case ExchangeDone():
                self._writer.exchange_done(self._transcript[event.n])
            case StepDone():
                self.steps.append(step_info(event.result, self._transcript))
                self._writer.step_done(self.steps[-1])
            case Serving():
                self._writer.serving(event.url)
            case Awaited():
                self._awaits(event)
            case Missed():
                self._writer.missed(event.exchange, event.reason)
            case RunStarted() | RunDone():
                pass

    def _waiting(self, event: Waiting) -> None:
        """Tell of each state once, not of each poll."""
        if (event.step, event.seen) not in self._seen:
            self._seen.add((event.step, event.seen))
            seen = f", it is {event.seen}" if event.seen else ""
            self._writer.waiting(f"{event.resource} to be {event.state}{seen}; {event.left:.0f} s left", event)

    def _awaits(self, event: Awaited) -> None:
        """Tell of each step once."""
        for entry in event.entries:
            if entry["step"] not in self._awaited:
                self._awaited.add(entry["step"])
                self._writer.awaits(entry, (datetime.fromisoformat(entry["expires"]) - event.at).total_seconds())


def signalling(job: Job, give: Callable[[str], Any]) -> Callable[[Event], None]:
    """Tell our seller of each step that has succeeded and that a path of the scenario waits for."""
    awaited = waited_for(job.scenario, job.case)

    def tell(event: Event) -> None:
        if isinstance(event, StepDone) and _brought_about(event.result) and (name := _name(event.result)) in awaited:
            give(name)

    return tell


def _name(step: StepResult) -> str:
    return step.id.partition(":")[0]


def _brought_about(step: StepResult) -> bool:
    """A wrong message that was refused has brought nothing about; trouble that was got over has."""
    return step.outcome is Outcome.PASSED and not (":" in step.id and step.kind == CaseKind.NEGATIVE)


def step_info(result: StepResult, transcript: Transcript) -> StepInfo:
    """A step's result as a report shows it."""
    exchanges = [transcript[n] for n in result.exchanges]
    last = exchanges[-1] if exchanges else None
    return StepInfo(
        id=result.id,
        kind=result.kind,
        outcome=StepOutcome(str(result.outcome)),
        title=result.title,
        message=masked_text(result.message),
        exchanges=result.exchanges,
        expectations=tuple(
            ExpectationInfo(met=one.ok, pointer=one.pointer, expected=one.expected, found=one.found)
            for one in result.expectations
        ),
        where=result.where,
        operation=f"{last.api or last.kind}.{last.operation}" if last else None,
        status=last.response.status if last and last.response else None,
        elapsed_ms=sum(map(attrgetter("elapsed_ms"), exchanges)),
        blame=Blame(result.blame) if result.blame else None,
        cause=Cause(result.cause) if result.cause else None,
        covers=result.covers,
        agreed=result.agreed,
        inputs=result.inputs,
    )
