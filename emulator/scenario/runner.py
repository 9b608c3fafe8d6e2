"""Plays a scenario from the buyer's side: step by step, until the end or the first step that does not succeed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emulator.errors import FileProblem
from emulator.parties.clock import Clock
from emulator.scenario.answers import Ending, not_played_yet
from emulator.scenario.events import Event, RunDone, RunStarted, StepDone, StepStarted
from emulator.scenario.expressions import ExpressionError, Generator, Scope, fill
from emulator.scenario.model import Await, Call, Case, CaseKind, Notify, Parallel, Scenario, Step
from emulator.scenario.ports import ReleaseLike, Sender
from emulator.scenario.result import Outcome, RunResult, StepResult
from emulator.scenario.steps import Conversation, Misfit, Record, play_await, play_call, play_negative
from emulator.wire.exchange import Party, Transcript


@dataclass(slots=True)
class _Playing:
    """A run in progress, seen as a list of steps."""

    talk: Conversation
    case: Case | None
    results: list[StepResult] = field(default_factory=list)
    blocker: str | None = None
    ended: bool = False


def run_scenario(
    scenario: Scenario,
    *,
    case: Case | None = None,
    release: ReleaseLike,
    client: Sender,
    clock: Clock,
    seed: int,
    run_id: str,
    base_url: str,
    transcript: Transcript,
    inputs: Mapping[str, Any] | None = None,
    row: int = 0,
    on_event: Callable[[Event], None] = lambda _: None,
) -> RunResult:
    """Play the flow once, or a case of it, with data row `row`.

    `inputs` override the scenario's; a name with dots reaches into one. `transcript` is where `client` records.
    The same seed gives the same generated values. Raises FileProblem where the inputs cannot be filled in.
    """
    started = clock.now()
    generator = Generator(f"{seed}/{scenario.id}/{case.id if case else ''}/{row}", clock)
    scope = Scope({}, generator, run_id)
    _fill_inputs(scenario, scope, {**scenario.rows[row], **(inputs or {})})
    talk = Conversation(scenario, release, client, clock, base_url, scope, on_event)
    playing = _Playing(talk, case)
    steps = list(scenario.steps())
    on_event(RunStarted(run_id, scenario.id, scenario.title, case.id if case else None, len(steps)))
    unplayable = _unplayable(case) if case else None
    if case and unplayable:
        _note(playing, case.at, f"case-{case.kind}", case.title, unplayable, case.origin.where())
    else:
        _play_all(playing, scenario.flow)
    result = RunResult(
        scenario=scenario.id,
        title=scenario.title,
        case=case.id if case else None,
        row=row,
        run_id=run_id,
        seed=seed,
        clock=scenario.clock,
        started=started,
        finished=clock.now(),
        steps=tuple(playing.results),
        exchanges=len(transcript),
        provoked=frozenset(talk.provoked),
        tracked=dict(talk.tracked),
    )
    on_event(RunDone(result))
    return result


def _unplayable(case: Case) -> Ending | None:
    if case.kind is not CaseKind.NEGATIVE:
        return not_played_yet(f"cases of kind {case.kind} are")
    if case.emulate is not Party.BUYER:
        return not_played_yet("cases that need an emulated seller's wrong answer are")
    return None


def _fill_inputs(scenario: Scenario, scope: Scope, overrides: Mapping[str, Any]) -> None:
    """Inputs in order, each seeing those above it. Overrides are taken as they are: data is not evaluated."""
    for name, value in scenario.inputs.items():
        try:
            scope.inputs[name] = overrides[name] if name in overrides else fill(value, scope.lookup)
        except ExpressionError as error:
            where = scenario.input_origins[name].where(error.place)
            raise FileProblem([f"{where}: {error}"]) from error
        for inner in [key for key in overrides if key.startswith(f"{name}.")]:
            _put(scope.inputs, inner, overrides[inner])
    for name, value in overrides.items():
        _put(scope.inputs, name, value)


def _put(inputs: dict[str, Any], name: str, value: Any) -> None:
    *above, last = name.split(".")
    table = inputs
    for part in above:
        inner = table.get(part)
        table[part] = dict(inner) if isinstance(inner, Mapping) else {}
        table = table[part]
    table[last] = value


def _play_all(playing: _Playing, steps: tuple[Step, ...]) -> None:
    for step in steps:
        if isinstance(step.action, Parallel):
            _play_group(playing, step.action)
        else:
            _play_or_pass_over(playing, step)


def _play_group(playing: _Playing, group: Parallel) -> None:
    """All members are played, whatever becomes of the others: they do not depend on each other."""
    before = playing.blocker
    failed = None
    for member in group.steps:
        playing.blocker = before
        _play_all(playing, (member,))
        failed = failed or playing.blocker
    playing.blocker = failed


def _play_or_pass_over(playing: _Playing, step: Step) -> None:
    case = playing.case
    if playing.blocker is not None:
        reason = f"not played: '{playing.blocker}' did not succeed"
        _pass_over(playing, step, Ending(Outcome.BLOCKED, reason))
    elif playing.ended:
        reason = f"the case '{case.id if case else ''}' ends before this step"
        _pass_over(playing, step, Ending(Outcome.SKIPPED, reason))
    elif case and case.at == step.id:
        _play_case(playing, step, case)
    else:
        _play(playing, step, None)


def _pass_over(playing: _Playing, step: Step, ending: Ending) -> None:
    playing.talk.scope.without_outputs[step.id] = f"the step '{step.id}' was not played"
    _note(playing, step.id, step.kind, step.title, ending, step.origin.where(), covers=step.covers)


def _play_case(playing: _Playing, step: Step, case: Case) -> None:
    _play(playing, step, case)
    if playing.blocker is None and case.goes_on:
        _play(playing, step, None)
    else:
        playing.ended = True


def _play(playing: _Playing, step: Step, case: Case | None) -> None:
    """Play one step, or the patched form of it, and note how it ended."""
    talk = playing.talk
    identifier = f"{step.id}:{case.id}" if case else step.id
    kind, title = (str(case.kind), case.title) if case else (step.kind, step.title)
    record, started = Record(identifier), talk.clock.now()
    talk.scope.exchange = None
    talk.on_event(StepStarted(identifier, kind, title))
    try:
        ending = _ending(talk, step, case, record)
    except Misfit as misfit:
        ending = Ending(Outcome.ERROR, str(misfit), "scenario")
    origin = case.origin if case else step.origin
    covers = case.covers if case else step.covers
    _note(playing, identifier, kind, title, ending, origin.where(), record=record, started=started, covers=covers)
    if not ending.blocks:
        talk.scope.without_outputs[step.id] = f"the step '{step.id}' is not played yet"
    elif ending.outcome is not Outcome.PASSED:
        playing.blocker = identifier


def _ending(talk: Conversation, step: Step, case: Case | None, record: Record) -> Ending:
    match step.action:
        case Call() as call:
            source = talk.scenario.sources.get(call.source)
            if source and source.served_by is Party.BUYER:
                return not_played_yet("calls to the buyer are")
            return play_negative(talk, step, call, case, record) if case else play_call(talk, step, call, record)
        case Await() as wait:
            if "poll" not in wait.via:
                return not_played_yet("waiting by notification alone is")
            return play_await(talk, step, wait, record)
        case Notify():
            return not_played_yet("notifications are")
        case _:
            return Ending(Outcome.ERROR, "a group cannot be played as a step", "emulator")


def _note(
    playing: _Playing,
    identifier: str,
    kind: str,
    title: str,
    ending: Ending,
    where: str,
    *,
    record: Record | None = None,
    started: datetime | None = None,
    covers: tuple[str, ...] = (),
) -> None:
    now = playing.talk.clock.now()
    result = StepResult(
        id=identifier,
        kind=kind,
        title=title,
        outcome=ending.outcome,
        message=ending.message,
        exchanges=tuple(record.exchanges) if record else (),
        expectations=tuple(record.expectations) if record else (),
        started=started or now,
        finished=now,
        where=where,
        covers=covers,
        blame=None if ending.blame is None else str(ending.blame),
    )
    playing.results.append(result)
    playing.talk.on_event(StepDone(result))
