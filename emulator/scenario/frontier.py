"""The steps that a buyer under test is waited for at this moment: which may come next, and how each ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from emulator.parties.clock import Clock
from emulator.record.exchange import Exchange, Party
from emulator.scenario import answers
from emulator.scenario.answers import Ending
from emulator.scenario.arrivals import Freedom, wanted
from emulator.scenario.awaited import Open, Teller
from emulator.scenario.events import Event, StepDone, StepStarted, done
from emulator.scenario.expressions import ExpressionError, Scope, fill
from emulator.scenario.mischief import Mischief
from emulator.scenario.model import Await, Call, Notify, Origin, Parallel, Scenario, Step
from emulator.scenario.result import Outcome, StepResult, Tracked
from emulator.scenario.room import Room
from emulator.scenario.scene import Scene, Terms
from emulator.scenario.seen import Seen
from emulator.scenario.steps import Misfit

FINE: Final = frozenset({Outcome.PASSED, Outcome.SKIPPED})
"""Outcomes behind which the flow goes on."""


@dataclass(slots=True)
class Frontier:
    """How far a run has come. `open` are the steps that are waited for, `ended` those that are not any more, by their ids."""

    scenario: Scenario
    scene: Scene
    terms: Terms
    room: Room
    clock: Clock
    on_event: Callable[[Event], None]
    scope: Scope
    freedom: Freedom
    tracked: dict[str, Tracked] = field(default_factory=dict)
    seen: Seen = field(init=False)
    teller: Teller = field(init=False)
    mischief: Mischief | None = None
    results: list[StepResult] = field(default_factory=list)
    ended: dict[str, Outcome] = field(default_factory=dict)
    open: dict[str, Open] = field(default_factory=dict)
    strays: list[Exchange] = field(default_factory=list)
    """Reads since something last happened: those have no order among themselves."""
    news_since: datetime | None = None
    """When the event was sent that was last delivered, until somebody has looked what came in that time."""
    over: bool = False
    cut: bool = False

    def __post_init__(self) -> None:
        self.seen = Seen(self.room)
        self.teller = Teller(self.scenario, self.scene.release, self.scene.base_url, self.tracked, self.seen)

    def _next(
        self, steps: tuple[Step, ...], before: tuple[Step, ...] = ()
    ) -> tuple[list[tuple[Step, tuple[Step, ...]]], bool]:
        """The steps that may come next, each with those that it passes over, and whether all may be passed over."""
        found: list[tuple[Step, tuple[Step, ...]]] = []
        for step in steps:
            if isinstance(step.action, Parallel):
                passable, opened = True, []
                for member in step.action.steps:
                    some, may_pass = self._next((member,), before)
                    opened += some
                    passable = passable and may_pass
                found += opened
                if not passable:
                    return found, False
                before = (*before, *(one for one, _ in opened))
                continue
            outcome = self.ended.get(step.id)
            if outcome in FINE:
                continue
            if outcome is not None:
                return found, False
            found.append((step, before))
            if not self._may_pass(step):
                return found, False
            before = (*before, step)
        return found, True

    def _may_pass(self, step: Step) -> bool:
        """Whether the buyer may go on without this step."""
        match step.action:
            case Await() as wait:
                return wait.resource not in self.tracked or (wait.via != ("notification",) and bool(self.reached(wait)))
            case _:
                return step.optional

    def refresh(self) -> None:
        """Open what may come next; a step that cannot be awaited ends here."""
        while True:
            now = self.clock.now()
            opened: dict[str, Open] = {}
            for step, before in [] if self.over else self._next(self.scenario.flow)[0]:
                known = self.open.get(step.id)
                if known is None:
                    self.on_event(StepStarted(step.id, step.kind, step.title))
                    known = Open(step, now, now + timedelta(seconds=self.patience(step)), None)
                    self.open[step.id] = known
                known.before = before
                opened[step.id] = known
            self.open = opened
            if not any(self._fill(one) or self._troubled(one) for one in list(opened.values())):
                return

    def _troubled(self, one: Open) -> bool:
        """Let our seller make its trouble where this is the step for it; True where the case does not fit."""
        if self.mischief is None or not self.is_clear(one):
            return False
        try:
            self.mischief.begin(one.step, self.tracked, self._filled)
        except Misfit as misfit:
            return self.close(one, Ending(Outcome.ERROR, str(misfit), "scenario"))
        return False

    def _filled(self, value: Any, origin: Origin) -> Any:
        try:
            return fill(value, self.scope.lookup)
        except ExpressionError as error:
            raise Misfit(origin.where(error.place), str(error)) from error

    def _fill(self, one: Open) -> bool:
        """Work out what a step waits for; True where it ended in doing so."""
        step = one.step
        match step.action:
            case Call() as call if self.scenario.sources[call.source].served_by is Party.BUYER:
                return self.close(one, answers.not_played_yet("calls to a buyer under test are"))
            case Call() if one.want is None:
                try:
                    one.want = wanted(
                        self.scenario, self.scene.release, self.scope, self.freedom, self.scene.base_url, step
                    )
                except ExpressionError as error:
                    if one.before:
                        return False  # one of these may still tell what is needed
                    if step.optional:
                        return self.close(one, Ending(Outcome.SKIPPED, f"it needs what was left out: {error}"))
                    return self.close(one, Ending(Outcome.ERROR, f"{step.origin.where()}: {error}", "scenario"))
            case Await() as wait if wait.resource not in self.tracked and not one.before:
                return self.close(one, Ending(Outcome.SKIPPED, f"there is no '{wait.resource}' to wait for"))
            case _:
                pass
        return False

    def patience(self, step: Step) -> float:
        if self.terms.within is not None:
            return self.terms.within
        match step.action:
            case Await(within=within) | Notify(within=within):
                return within
            case Call(eventually=eventually) if eventually is not None:
                return max(eventually.within, self.scenario.defaults.within)
            case _:
                return self.scenario.defaults.within

    def reached(self, wait: Await) -> list[int]:
        tracked = self.tracked.get(wait.resource)
        return self.seen.reached(tracked, wait) if tracked else []

    def close(self, one: Open, ending: Ending) -> bool:
        """End a step that nothing came for."""
        if self.mischief is not None:
            last = one.polls[-1] if ending.outcome is Outcome.PASSED and one.polls else len(self.room)
            ending = self.mischief.end(one.step, ending, last)
            self.over = self.over or self.mischief.is_over(one.step)
        self.note(one.step, ending, tuple(one.polls), one.since)
        self.open.pop(one.step.id, None)
        return True

    def end(self, one: Open, ending: Ending, exchange: Exchange | None = None) -> bool:
        for passed in one.before:
            if passed.id in self.open and passed.id not in self.ended:
                self._pass_over(self.open[passed.id], one.step.id)
        if exchange is not None:
            if not (isinstance(one.step.action, Await) and exchange.sender is Party.SELLER):
                self.room.awaited.add(exchange.n)  # the event that told of a state is there to be looked at as well
            if exchange.n not in one.polls:
                one.polls.append(exchange.n)
            if exchange.sender is Party.SELLER:
                self.news_since = exchange.at
            if isinstance(one.step.action, Await):
                self.strays = [exchange]  # who polled has read it as well
                for other in self.open.values():
                    other.looked_back = False
            elif one.want is not None and one.want.method != "GET":
                self.strays = []
        one.polls.sort()
        return self.close(one, ending)

    def _pass_over(self, one: Open, later: str) -> None:
        if isinstance(one.step.action, Await):
            message = f"the buyer went on to '{later}' without looking; our seller had reached the state"
        else:
            message = f"the buyer went on to '{later}' without it, which it may"
        self.close(one, Ending(Outcome.SKIPPED, message))

    def note(self, step: Step, ending: Ending, exchanges: tuple[int, ...], since: datetime) -> None:
        self.ended[step.id] = ending.outcome
        if ending.outcome is not Outcome.PASSED:
            self.scope.without_outputs[step.id] = f"the step '{step.id}' was not seen"
        result = StepResult(
            id=step.id,
            kind=step.kind,
            title=step.title,
            outcome=ending.outcome,
            message=ending.message,
            exchanges=exchanges,
            expectations=(),
            started=since,
            finished=self.clock.now(),
            where=step.origin.where(),
            covers=step.covers,
            blame=None if ending.blame is None else str(ending.blame),
        )
        self.results.append(result)
        for n in exchanges:
            self.on_event(done(step.id, self.room[n]))
        self.on_event(StepDone(result))

    def is_clear(self, one: Open) -> bool:
        """Whether it is known by now what a step waits for."""
        if isinstance(one.step.action, Await):
            return one.step.action.resource in self.tracked
        return one.want is not None or not isinstance(one.step.action, Call)
