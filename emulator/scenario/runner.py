"""Plays a scenario from the buyer's side: step by step. What needs a step that came to nothing is not played."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emulator.errors import FileProblem
from emulator.parties.clock import Clock
from emulator.scenario.answers import Ending, not_played_yet, shown
from emulator.scenario.cases import Watchful, odd_ones, play_troubled, playable
from emulator.scenario.events import Event, RunDone, RunStarted, StepDone, StepStarted
from emulator.scenario.expressions import ExpressionError, Generator, Scope, fill
from emulator.scenario.given import typed
from emulator.scenario.hearing import end_subscriptions, play_await, play_notify
from emulator.scenario.model import Await, Call, Case, Notify, Parallel, Scenario, Step
from emulator.scenario.needs import NOTHING_ABSENT, UNSUPPORTED, Absent, Dependence
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
    absent: Absent = NOTHING_ABSENT
    results: list[StepResult] = field(default_factory=list)
    spoilt: dict[str, str] = field(default_factory=dict)
    """Steps with nothing to build on, their ids, each with the step that is to blame for it."""
    unreached: str | None = None
    """The step at which the other side could not be reached."""
    ended: bool = False
    cut: bool = False
    dependence: Dependence = field(init=False)

    def __post_init__(self) -> None:
        self.dependence = Dependence(self.talk.scenario)

    def blocker(self, step: Step) -> str | None:
        """The step because of which this one cannot be played."""
        if self.unreached is not None:
            return self.unreached
        return self.dependence.blocker(step, self.spoilt)

    def spoil(self, step: Step, by: str) -> None:
        """Note that nothing can be built on a step, nor on the resource that it is about."""
        self.dependence.spoil(step, by, self.spoilt)


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
    absent: Absent = NOTHING_ABSENT,
    stop: Stop | None = None,
    ceiling: float | None = None,
    timeout: float | None = None,
) -> RunResult:
    """Play the flow once, or a case of it, with data row `row`.

    `inputs` override the scenario's; a name with dots reaches into one. `transcript` is where `client` records,
    and the door of our buyer, which `callback` gives the address of. Subscriptions to it that the flow leaves behind
    are ended. `faults` are those of our own seller's door, for cases in which it makes trouble; None where the seller
    is a partner's. `absent` is what the partner declares not to have. `stop` can end the run before its end; no wait takes
    longer than `ceiling`, no request than `timeout`, where these are given. Who looks on while it is played gives
    `provoked` and `spoilt`, which are filled step by step. The same seed gives the same generated values. Raises
    FileProblem where the inputs cannot be filled in.
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
    playing = _Playing(talk, case, faults, absent)
    steps = list(scenario.steps())
    on_event(RunStarted(run_id, scenario.id, scenario.title, case.id if case else None, len(steps)))
    unplayable = playable(case, faults=faults) if case else None
    if case and unplayable:
        _unplayed(playing, case, unplayable)
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
    """Inputs in order, each seeing those above it. Overrides are made of their kind and not evaluated: they are data.

    FileProblem where one cannot be what its input is.
    """
    overrides = typed(overrides, {**scenario.rows[0], **scenario.inputs})
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
    before, after = dict(playing.spoilt), dict(playing.spoilt)
    for member in group.steps:
        playing.spoilt = dict(before)
        _play_all(playing, (member,))
        after |= playing.spoilt
    playing.spoilt = after


def _play_or_pass_over(playing: _Playing, step: Step) -> None:
    case = playing.case
    blocker = playing.blocker(step)
    if playing.ended:
        reason = f"the case '{case.id if case else ''}' ends before this step"
        _pass_over(playing, step, Ending(Outcome.SKIPPED, reason))
    elif playing.talk.stop.reason:
        playing.cut = True
        _pass_over(playing, step, Ending(Outcome.BLOCKED, playing.talk.stop.reason, cause="interrupted"))
    elif blocker is not None and blocker in playing.absent.steps:
        reason = f"it needs '{blocker}': {playing.absent.steps[blocker]}"
        _pass_over(playing, step, Ending(Outcome.SKIPPED, reason, cause=None if step.optional else UNSUPPORTED))
        playing.spoil(step, blocker)
    elif blocker is not None:
        _pass_over(playing, step, Ending(Outcome.BLOCKED, f"not played: '{blocker}' did not succeed"))
        playing.spoil(step, blocker)
    elif (given := _given(playing, step)) is not None:
        _note(playing, step, given)
        if given.outcome is Outcome.ERROR:
            playing.spoil(step, step.id)
    elif step.id in playing.absent.steps:
        reason = playing.absent.steps[step.id]
        _pass_over(playing, step, Ending(Outcome.SKIPPED, reason, cause=None if step.optional else UNSUPPORTED))
        playing.spoil(step, step.id)
    elif case and case.at == step.id:
        _play_case(playing, step, case)
    else:
        _play(playing, step, None)


def _given(playing: _Playing, step: Step) -> Ending | None:
    """How a step ends whose outputs are given, so that it is left out; None where it is to be played, as one is always that
    a case is about.
    """
    if not step.known or (playing.case and playing.case.at == step.id):
        return None
    try:
        outputs = playing.talk.fill(dict(step.known), step.origin.part("/known"))
    except Misfit as misfit:
        return Ending(Outcome.ERROR, str(misfit), "scenario")
    if any(value in (None, "") for value in outputs.values()):
        return None
    playing.talk.scope.outputs[step.id] = outputs
    return Ending(Outcome.SKIPPED, f"given: {', '.join(f'{name} {shown(value)}' for name, value in outputs.items())}")


def _pass_over(playing: _Playing, step: Step, ending: Ending) -> None:
    playing.talk.scope.without_outputs[step.id] = f"the step '{step.id}' was not played"
    _note(playing, step, ending)


def _play_case(playing: _Playing, step: Step, case: Case) -> None:
    passed = _play(playing, step, case)
    if case.emulate is Party.SELLER:
        # What was sent was right; where the buyer got over the trouble the flow is where it would have been.
        playing.ended = playing.ended or not case.goes_on or step.id not in playing.talk.scope.outputs
        return
    if passed and case.goes_on:
        _play(playing, step, None)
    else:
        playing.ended = True


def _play(playing: _Playing, step: Step, case: Case | None) -> bool:
    """Play one step, or the patched form of it, and note how it ended; whether later steps can build on it."""
    talk = playing.talk
    identifier = f"{step.id}:{case.id}" if case else step.id
    record, started = Record(identifier), talk.clock.now()
    talk.scope.exchange = None
    talk.on_event(StepStarted(identifier, str(case.kind) if case else step.kind, case.title if case else step.title))
    try:
        if case and case.emulate is Party.SELLER and playing.faults:
            ending = play_troubled(talk, playing.faults, step, case, record, lambda: _ending(talk, step, None, record))
        else:
            ending = _ending(talk, step, case, record)
        talk.clock.settle()
    except Misfit as misfit:
        ending = Ending(Outcome.ERROR, str(misfit), "scenario")
    except Stopped as stopped:
        ending, playing.cut = Ending(Outcome.INCONCLUSIVE, str(stopped), cause="interrupted"), True
        if case:  # nobody knows any more what of it was meant to be wrong
            talk.provoked.update(record.exchanges)
            talk.spoilt.update(record.exchanges)
    if step.optional and case is None and _is_absent(talk, record, ending):
        ending = Ending(Outcome.SKIPPED, f"the seller does not have it: {ending.message}", blocks=False)
    _note(playing, step, ending, case=case, record=record, started=started)
    if not ending.blocks:
        talk.scope.without_outputs[step.id] = f"the step '{step.id}' came to nothing: {ending.message}"
        return True
    if ending.outcome is Outcome.PASSED:
        return True
    if ending.outcome is Outcome.INCONCLUSIVE and ending.blame == "transport":
        playing.unreached = identifier
    playing.spoil(step, identifier)
    return False


def _is_absent(talk: Conversation, record: Record, ending: Ending) -> bool:
    """Whether a step was not met since the other side says that it does not have the operation."""
    if ending.outcome is not Outcome.UNMET or not record.exchanges:
        return False
    response = talk.transcript[record.exchanges[-1]].response
    return response is not None and response.status == 501  # noqa: PLR2004 - Not Implemented


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
    step: Step,
    ending: Ending,
    *,
    case: Case | None = None,
    record: Record | None = None,
    started: datetime | None = None,
) -> None:
    """Keep how a step ended, or what is different in a case at it."""
    now = playing.talk.clock.now()
    part = case or step
    result = StepResult(
        id=f"{step.id}:{case.id}" if case and record else step.id,
        kind=str(case.kind) if case else step.kind,
        title=part.title,
        outcome=ending.outcome,
        message=ending.message,
        exchanges=tuple(record.exchanges) if record else (),
        expectations=tuple(record.expectations) if record else (),
        started=started or now,
        finished=now,
        where=part.origin.where(),
        covers=part.covers,
        blame=None if ending.blame is None else str(ending.blame),
        cause=ending.cause,
        agreed=part.agreed,
        inputs=tuple(playing.dependence.inputs([step])),
    )
    playing.results.append(result)
    playing.talk.on_event(StepDone(result))


def _unplayed(playing: _Playing, case: Case, ending: Ending) -> None:
    """Keep that a case cannot be played at all."""
    now = playing.talk.clock.now()
    result = StepResult(
        id=case.at,
        kind=f"case-{case.kind}",
        title=case.title,
        outcome=ending.outcome,
        message=ending.message,
        exchanges=(),
        expectations=(),
        started=now,
        finished=now,
        where=case.origin.where(),
        blame=None if ending.blame is None else str(ending.blame),
    )
    playing.results.append(result)
    playing.talk.on_event(StepDone(result))
