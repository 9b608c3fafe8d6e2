"""Plays a scenario from the buyer's side: step by step, until the end or the first step that does not succeed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emulator.errors import FileProblem
from emulator.parties.clock import Clock
from emulator.scenario.answers import Ending, not_played_yet
from emulator.scenario.cases import Watchful, odd_ones, play_troubled, playable
from emulator.scenario.events import Event, RunDone, RunStarted, StepDone, StepStarted
from emulator.scenario.expressions import ExpressionError, Generator, Scope, fill
from emulator.scenario.hearing import end_subscriptions, play_await, play_notify
from emulator.scenario.model import Await, Call, Case, Notify, Parallel, Scenario, Step
from emulator.scenario.ports import ReleaseLike, Sender
from emulator.scenario.result import Outcome, RunResult, StepResult
from emulator.scenario.steps import Conversation, Misfit, Record, play_call, play_negative
from emulator.scenario.stop import Stop, Stopped
from emulator.wire.exchange import Party, Transcript
from emulator.wire.faults import Faults


@dataclass(slots=True)
class _Playing:
    """A run in progress, seen as a list of steps."""

    talk: Conversation
    case: Case | None
    faults: Faults | None = None
    results: list[StepResult] = field(default_factory=list)
    blocker: str | None = None
    ended: bool = False
    cut: bool = False


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
    callback: Callable[[], str] | None = None,
    faults: Faults | None = None,
    provoked: set[int] | None = None,
    spoilt: set[int] | None = None,
    stop: Stop | None = None,
    ceiling: float | None = None,
    timeout: float | None = None,
) -> RunResult:
    """Play the flow once, or a case of it, with data row `row`.

    `inputs` override the scenario's; a name with dots reaches into one. `transcript` is where `client` records,
    and the door of our buyer, which `callback` gives the address of. Subscriptions to it that the flow leaves behind
    are ended. `faults` are those of our own seller's door, for cases in which it makes trouble; None where the seller
    is a partner's. `stop` can end it before its end; no wait takes longer than `ceiling`, no request than `timeout`, where
    these are given. Who looks on while it is played gives `provoked` and `spoilt`, which are filled step by step. The same seed gives the same generated values. Raises FileProblem where the inputs cannot be filled in.
    """
    started = clock.now()
    generator = Generator(f"{seed}/{scenario.id}/{case.id if case else ''}/{row}", clock)
    scope = Scope({}, generator, run_id, callback=callback)
    fill_inputs(scenario, scope, {**scenario.rows[row], **(inputs or {})})
    talk = Conversation(scenario, release, client, clock, base_url, scope, on_event, transcript)
    talk.stop, talk.ceiling, talk.timeout = stop or talk.stop, ceiling, timeout
    talk.provoked = talk.provoked if provoked is None else provoked
    talk.spoilt = talk.spoilt if spoilt is None else spoilt
    if faults is not None:
        talk.client = Watchful(client, faults, talk.spoilt)
    playing = _Playing(talk, case, faults)
    steps = list(scenario.steps())
    on_event(RunStarted(run_id, scenario.id, scenario.title, case.id if case else None, len(steps)))
    unplayable = playable(case, faults=faults) if case else None
    if case and unplayable:
        _note(playing, case.at, f"case-{case.kind}", case.title, unplayable, case.origin.where())
    else:
        _play_all(playing, scenario.flow)
        end_subscriptions(talk)
        if faults is not None:
            talk.provoked.update(exchange.n for exchange in odd_ones(transcript, faults))
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
        spoilt=frozenset(talk.spoilt),
        cut=playing.cut,
        tracked=dict(talk.tracked),
    )
    on_event(RunDone(result))
    return result


def fill_inputs(scenario: Scenario, scope: Scope, overrides: Mapping[str, Any]) -> None:
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
    if playing.blocker is not None and not playing.cut:
        reason = f"not played: '{playing.blocker}' did not succeed"
        _pass_over(playing, step, Ending(Outcome.BLOCKED, reason))
    elif playing.ended:
        reason = f"the case '{case.id if case else ''}' ends before this step"
        _pass_over(playing, step, Ending(Outcome.SKIPPED, reason))
    elif playing.talk.stop.reason:
        playing.cut = True
        _pass_over(playing, step, Ending(Outcome.BLOCKED, playing.talk.stop.reason))
    elif case and case.at == step.id:
        _play_case(playing, step, case)
    else:
        _play(playing, step, None)


def _pass_over(playing: _Playing, step: Step, ending: Ending) -> None:
    playing.talk.scope.without_outputs[step.id] = f"the step '{step.id}' was not played"
    _note(playing, step.id, step.kind, step.title, ending, step.origin.where(), covers=step.covers)


def _play_case(playing: _Playing, step: Step, case: Case) -> None:
    _play(playing, step, case)
    if case.emulate is Party.SELLER:
        # What was sent was right; where the buyer got over the trouble the flow is where it would have been.
        playing.ended = playing.ended or not case.goes_on or step.id not in playing.talk.scope.outputs
        return
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
        if case and case.emulate is Party.SELLER and playing.faults:
            ending = play_troubled(talk, playing.faults, step, case, record, lambda: _ending(talk, step, None, record))
        else:
            ending = _ending(talk, step, case, record)
        talk.clock.settle()
    except Misfit as misfit:
        ending = Ending(Outcome.ERROR, str(misfit), "scenario")
    except Stopped as stopped:
        ending, playing.cut = Ending(Outcome.INCONCLUSIVE, str(stopped)), True
        if case:  # nobody knows any more what of it was meant to be wrong
            talk.provoked.update(record.exchanges)
            talk.spoilt.update(record.exchanges)
    origin = case.origin if case else step.origin
    covers = case.covers if case else step.covers
    _note(playing, identifier, kind, title, ending, origin.where(), record=record, started=started, covers=covers)
    if not ending.blocks:
        talk.scope.without_outputs[step.id] = f"the step '{step.id}' came to nothing: {ending.message}"
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
            return play_await(talk, step, wait, record)
        case Notify() as notify:
            return play_notify(talk, step, notify, record)
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
