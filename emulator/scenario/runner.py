"""Plays a scenario from the buyer's side: step by step. What needs a step that came to nothing is not played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from emulator.doors.faults import Faults
from emulator.record.exchange import Party
from emulator.scenario.answers import Ending, not_played_yet, shown
from emulator.scenario.cases import odd_ones, play_troubled, playable
from emulator.scenario.events import Event, RunDone, RunStarted, StepDone, StepStarted
from emulator.scenario.expressions import Generator, Scope
from emulator.scenario.given import fill_inputs
from emulator.scenario.hearing import end_subscriptions, play_await, play_notify
from emulator.scenario.letting_in import play_spoilt
from emulator.scenario.model import Await, Call, Case, Notify, Parallel, Step
from emulator.scenario.needs import NOTHING_ABSENT, UNSUPPORTED, Absent, Dependence
from emulator.scenario.preparing import Stagehand, Unprepared
from emulator.scenario.result import Outcome, RunResult, StepResult
from emulator.scenario.scene import OurBuyer, Scene, Terms
from emulator.scenario.selection import Job
from emulator.scenario.steps import Conversation, Misfit, Record, play_call, play_negative
from emulator.scenario.stop import Stopped
from emulator.scenario.watchful import Watchful


@dataclass(slots=True)
class _Playing:
    """A run in progress, seen as a list of steps."""

    talk: Conversation
    case: Case | None
    faults: Faults | None = None
    absent: Absent = NOTHING_ABSENT
    hand: Stagehand | None = None
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
        return self.dependence.blocker(step, self.spoilt, self.case)

    def spoil(self, step: Step, by: str) -> None:
        """Note that nothing can be built on a step, nor on the resource that it is about."""
        self.dependence.spoil(step, by, self.spoilt)


class ScenarioRunner:
    """Plays a job: the flow of a scenario once, or a case of it, with one data row.

    Subscriptions that the flow leaves behind are ended. Who looks on while it is played asks for `provoked` and `spoilt`.
    """

    def __init__(self, job: Job, scene: Scene, terms: Terms, buyer: OurBuyer, hand: Stagehand | None = None) -> None:
        """`hand` prepares a partner's seller for it."""
        self._job, self._scene, self._terms, self._buyer = job, scene, terms, buyer
        self._talk = Conversation(
            job.scenario,
            scene.release,
            buyer.client,
            scene.clock,
            Scope({}, generator(job, scene, terms), scene.run_id, callback=buyer.callback),
            transcript=buyer.transcript,
            stop=terms.stop,
            ceiling=terms.within,
            timeout=terms.timeout,
            hand=hand,
        )
        self._hand = hand
        if hand is not None:
            hand.scope = self._talk.scope
        if scene.faults is not None:
            self._talk.client = Watchful(buyer.client, scene.faults, self._talk.spoilt, buyer.transcript)

    @property
    def provoked(self) -> frozenset[int]:
        """The exchanges so far whose request was wrong on purpose."""
        return frozenset(self._talk.provoked)

    @property
    def spoilt(self) -> frozenset[int]:
        """The exchanges so far whose answer was."""
        return frozenset(self._talk.spoilt)

    def play(self, on_event: Callable[[Event], None] = lambda _: None) -> RunResult:
        """Play it, once; `on_event` is told of what happens. Raises FileProblem where the inputs cannot be filled in."""
        talk, started = self._talk, self._scene.clock.now()
        talk.on_event = on_event
        fill_inputs(self._job, talk.scope, self._terms.inputs)
        on_event(run_started(self._job, self._scene.run_id))
        playing = _Playing(talk, self._job.case, self._scene.faults, self._job.absent, self._hand)
        try:
            self._play(playing)
        finally:
            if self._hand is not None:
                self._hand.undo()
        result = RunResult(
            scenario=self._job.scenario.id,
            title=self._job.scenario.title,
            case=self._job.case.id if self._job.case else None,
            row=self._job.row,
            run_id=self._scene.run_id,
            seed=self._terms.seed,
            clock=self._job.scenario.clock,
            started=started,
            finished=self._scene.clock.now(),
            steps=tuple(playing.results),
            exchanges=len(self._buyer.transcript),
            provoked=self.provoked,
            spoilt=self.spoilt,
            cut=playing.cut,
            tracked=dict(talk.tracked),
        )
        on_event(RunDone(result))
        return result

    def _play(self, playing: _Playing) -> None:
        case, faults = self._job.case, self._scene.faults
        unplayable = playable(case, faults=faults) if case else None
        if case and unplayable:
            _unplayed(playing, case, unplayable)
            return
        _prepare(playing)
        _play_all(playing, self._job.scenario.flow)
        end_subscriptions(self._talk)
        if faults is not None:
            self._talk.provoked.update(exchange.n for exchange in odd_ones(self._buyer.transcript, faults))


def generator(job: Job, scene: Scene, terms: Terms) -> Generator:
    """What makes values up for a run: the same ones for the same seed."""
    return Generator(f"{terms.seed}/{job.scenario.id}/{job.case.id if job.case else ''}/{job.row}", scene.clock)


def run_started(job: Job, run_id: str) -> RunStarted:
    """That a run begins."""
    scenario, case = job.scenario, job.case.id if job.case else None
    return RunStarted(run_id, scenario.id, scenario.title, case, len(list(scenario.steps())))


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


def _prepare(playing: _Playing, step: Step | None = None, *, after: bool = False) -> None:
    """Have the partner behave as is wanted at this moment. Where it cannot be had to, nothing more can be played."""
    if playing.hand is None or playing.ended or playing.unreached is not None:
        return
    try:
        playing.hand.prepare(step.id if step else None, after=after)
        playing.hand.rest()
    except Unprepared as problem:
        ending = _impossible(problem)
    except Stopped as stopped:
        ending, playing.cut = Ending(Outcome.INCONCLUSIVE, str(stopped), cause="interrupted"), True
    else:
        return
    result = playing.hand.missed(ending)
    playing.results.append(result)
    playing.talk.on_event(StepDone(result))
    playing.unreached = result.id


def _play_or_pass_over(playing: _Playing, step: Step) -> None:
    case = playing.case
    if playing.blocker(step) is None and not playing.talk.stop.reason:
        _prepare(playing, step)
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
    except (Misfit, Unprepared) as problem:
        ending = _impossible(problem)
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
        _prepare(playing, step, after=True)
        return True
    if ending.outcome is Outcome.INCONCLUSIVE and ending.blame == "transport":
        playing.unreached = identifier
    playing.spoil(step, identifier)
    return False


def _impossible(problem: Misfit | Unprepared) -> Ending:
    if isinstance(problem, Unprepared):
        return Ending(Outcome.INCONCLUSIVE, str(problem), cause="preparation")
    return Ending(Outcome.ERROR, str(problem), "scenario")


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
            if case and case.credentials:
                return play_spoilt(talk, step, call, case, record)
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
