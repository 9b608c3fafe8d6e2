"""Behaviour on demand: what a scenario needs of a partner's seller is asked for by hooks, or of a person, and undone afterwards.

Nothing of it is evidence. Who is asked, and what came of it, stands in the report of the run.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol
from urllib.parse import quote

from emulator.doors.partner.hooks import CLEAN_SLATE, TIME_PASSES, DeedDone, Hooks, ReadyDeed, ReadyHook
from emulator.errors import UserError
from emulator.parties.clock import Pace, RealClock
from emulator.record.payload import MISSING, at
from emulator.scenario.answers import Ending
from emulator.scenario.duration import seconds
from emulator.scenario.expressions import Expression, ExpressionError, Scope, fill, fill_text
from emulator.scenario.model import WantedHook
from emulator.scenario.result import StepResult
from emulator.scenario.selection import Job
from emulator.scenario.stop import Stop

ASKED: Final = "asked"
_PART: Final = 8
"""A wait of which so much has passed goes on by a part of it: an event is passed by, at the most, by a part of what it took."""
_LEAST: Final = 1.0
"""Seconds by which a clock is moved, at the least."""
_AT_LAST: Final = 10
"""So many times longer has the partner before a wait is over."""
_EQUAL: Final = 2.0
"""Seconds by which a partner's clock may be another than ours and count as the same."""


class Unprepared(Exception):  # noqa: N818 - the name says it
    """The partner could not be had to do what the scenario needs; says why."""


class PersonAsking(Protocol):
    """A person who can have a partner do things."""

    def ask(self, what: str, stop: Stop) -> bool:
        """Ask for it and wait; False where it is not to be had. Raises Stopped."""

    @property
    def question(self) -> str | None:
        """What is asked for by now."""

    def answer(self, *, had: bool) -> str:
        """Answer that; answers what it was. UserError where nothing is asked."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """One thing that was done, `undone`, `moved` (the clock, by `seconds`) or `asked` of a person for a behaviour."""

    behaviour: str
    deed: str
    what: str
    at: datetime
    result: str = ""
    elapsed_ms: float = 0.0
    seconds: float = 0.0
    problem: str = ""


class Props:
    """What the runs of a session have to prepare a partner with: its hooks, a person to ask, and how far its clock is ahead."""

    def __init__(self, hooks: Hooks | None, asking: PersonAsking | None, stop: Stop) -> None:
        self.hooks, self.asking, self.stop = hooks, asking, stop
        self.ahead = 0.0
        self._turn, self._inside, self._alone = threading.Condition(), 0, False
        self._hands: list[Stagehand] = []

    def begin(self) -> None:
        """Ask the partner's clock, where a hook says how. UserError where that comes to nothing."""
        hook = self.hooks.of(TIME_PASSES) if self.hooks else None
        if hook is None or hook.clock is None or hook.part.clock is None or self.hooks is None:
            return
        done = self.hooks.perform(hook.clock, lambda value: value, str)
        told = at(done.answer, hook.part.clock.now) if done.answer is not MISSING else MISSING
        where = self.hooks.file.where(hook.clock.place)
        if done.problem:
            raise UserError(f"{where}: {hook.clock.shown}: the partner's clock cannot be asked: {done.problem}")
        try:
            moment = datetime.fromisoformat(str(told)).astimezone(UTC)
        except ValueError:
            why = f"no date-time is at {hook.part.clock.now} of its answer"
            raise UserError(f"{where}: {hook.clock.shown}: {why}") from None
        ahead = (moment - datetime.now(UTC)).total_seconds()
        self.ahead = ahead if abs(ahead) >= _EQUAL else 0.0

    def clock(self) -> RealClock:
        """A clock that shows what the partner's does."""
        made = RealClock()
        if self.ahead:
            wall = datetime.now(UTC)
            made.pace = Pace(wall, wall + timedelta(seconds=self.ahead))
        return made

    def prepares(self, job: Job) -> bool:
        """Whether something is done for a run that others would notice."""
        hooks = self.hooks
        if hooks is None:
            return False
        always = any(hooks.of(name) is not None for name in (TIME_PASSES, CLEAN_SLATE))
        return always or any(hooks.of(each.name) is not None for each in job.hooks)

    @contextmanager
    def turn(self, job: Job) -> Iterator[None]:
        """As long as the block lasts, nobody else is at a partner that behaves otherwise for this run. Raises Stopped."""
        alone = self.prepares(job)
        with self._turn:
            while (self._inside if alone else 0) or self._alone:
                self._turn.wait(0.2)
                self.stop.check()
            self._inside, self._alone = self._inside + 1, alone
        try:
            yield
        finally:
            with self._turn:
                self._inside, self._alone = self._inside - 1, False if alone else self._alone
                self._turn.notify_all()

    def hand(self, job: Job) -> Stagehand:
        """Who prepares the partner for a run."""
        made = Stagehand(self, job, clock=self.clock())
        if self.ahead:
            told = "the partner's clock is another than ours"
            made.rows.append(Preparation(TIME_PASSES, "ahead", told, made.clock.now(), seconds=self.ahead))
        self._hands.append(made)
        return made

    def close(self) -> None:
        """Undo what a run that was not waited for has left behind."""
        for hand in self._hands:
            hand.undo()


@dataclass(slots=True)
class Stagehand:
    """Prepares a partner for one run, and undoes that. `rows` is what was done, `clock` the run's, `moves_made` when that
    was put forward and by how much.
    """

    props: Props
    job: Job
    rows: list[Preparation] = field(default_factory=list)
    clock: RealClock = field(default_factory=RealClock)
    moves_made: list[tuple[datetime, timedelta]] = field(default_factory=list)
    scope: Scope | None = None
    _owed: list[tuple[str, ReadyHook]] = field(default_factory=list)
    _lock: Any = field(default_factory=threading.RLock)
    _moved: float = 0.0
    _rested: float = field(default_factory=time.monotonic)

    # -- behaviours --------------------------------------------------------------------------------

    def prepare(self, step: str | None = None, *, after: bool = False) -> None:
        """Have the partner behave as is wanted at this moment: before the run, or before or `after` a step of it.

        Raises Unprepared and Stopped.
        """
        if step is None and self.props.hooks is not None and self.props.hooks.of(CLEAN_SLATE) is not None:
            self._have(WantedHook(CLEAN_SLATE, self.job.scenario.origin))
        for wanted in self.job.hooks:
            if (wanted.step, wanted.after) == (step, after):
                self._have(wanted)
        if step is None and not self.job.hooks and self.job.behaviour and self.props.asking is not None:
            self._ask(self.job.behaviour, self.job.behaviour)

    def _have(self, wanted: WantedHook) -> None:
        hook = self.props.hooks.of(wanted.name) if self.props.hooks is not None else None
        if hook is None:
            if self.props.asking is not None:
                self._ask(wanted.name, f"{wanted.name} ({self.job.behaviour})")
            return
        with self._lock:
            self._owed.append((wanted.name, hook))  # also where it fails: who knows how far it came
            done = self._perform(hook.do, wanted.name, 0.0)
            self._note(wanted.name, "done", hook.do, done)
        if done.problem:
            raise Unprepared(f"the hook {wanted.name} failed: {hook.do.shown}: {done.problem}")

    def _ask(self, name: str, what: str) -> None:
        assert self.props.asking is not None
        began = time.monotonic()
        had = self.props.asking.ask(what, self.props.stop)
        passed = (time.monotonic() - began) * 1000
        problem = "" if had else "it was not to be had"
        self.rows.append(Preparation(name, "asked", what, self.clock.now(), elapsed_ms=passed, problem=problem))
        if not had:
            raise Unprepared(f"{what}: who was asked says that it is not to be had")

    def undo(self) -> None:
        """Undo all that was done, the last first, once. What cannot be undone is noted."""
        with self._lock:
            while self._owed:
                name, hook = self._owed.pop()
                if hook.undo is not None:
                    self._note(name, "undone", hook.undo, self._perform(hook.undo, name, 0.0))
            time_hook = self._time()
            if self._moved and time_hook is not None and time_hook.undo is not None:
                done = self._perform(time_hook.undo, TIME_PASSES, self._moved)
                self._note(TIME_PASSES, "undone", time_hook.undo, done, -self._moved)
                if not done.problem:
                    self.props.ahead -= self._moved
                self._moved = 0.0

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader has to know: that something could not be undone."""
        left = [row for row in self.rows if row.deed == "undone" and row.problem]
        return tuple(f"the hook {row.behaviour} could not be undone: {row.what}: {row.problem}" for row in left)

    def missed(self, ending: Ending) -> StepResult:
        """A step that stands for what the partner could not be had to do."""
        now, part = self.clock.now(), self.job.case if self.job.case and self.job.case.hooks else self.job.scenario
        return StepResult(
            id="hooks",
            kind="hook",
            title="What the scenario needs of the partner is asked for",
            outcome=ending.outcome,
            message=ending.message,
            exchanges=(),
            expectations=(),
            started=now,
            finished=now,
            where=part.origin.where("/needs"),
            cause=ending.cause,
        )

    # -- time --------------------------------------------------------------------------------------

    def moves(self, within: float) -> bool:
        """Whether the partner's clock is moved in a step that may wait so long."""
        hook = self._time()
        if hook is None or hook.part.moves is None:
            return False
        fixed = 0.0 if hook.part.moves == ASKED else seconds(hook.part.moves)
        return within >= max(seconds(hook.part.least), fixed) and within > 0

    def rest(self) -> None:
        """A step begins: the partner has its time first."""
        self._rested = time.monotonic()

    def settling(self, passed: float = 0.0, left: float = math.inf) -> float:
        """Seconds, of real time, that the partner still has to do what is due: more, where the next move ends the wait of which
        so much has passed and is left.
        """
        hook = self._time()
        if hook is None:
            return 0.0
        times = _AT_LAST if left <= max(passed / _PART, _LEAST) else 1
        return max(0.0, self._rested + seconds(hook.part.settles) * times - time.monotonic())

    def move(self, wanted: float, passed: float, left: float) -> float:
        """Move the partner's clock, and the run's with it, in a wait of which so much has passed and is left, in seconds; by how
        much. 0 where it can only be moved by more than is left. Raises Unprepared.
        """
        hook = self._time()
        assert hook is not None
        by = min(left, max(wanted, passed / _PART, _LEAST))
        if hook.part.moves not in (None, ASKED):
            by = seconds(hook.part.moves)
            if by > left:
                return 0.0
        by = max(round(by, 3), 0.001)
        with self._lock:
            before = self.clock.pace
            wall = datetime.now(UTC)
            # At once, so that nothing comes from a future: what the partner sends meanwhile is of its new time.
            self.clock.pace = (before or Pace(wall, wall)).changed(wall, leap=timedelta(seconds=by))
            self.moves_made.append((self.clock.now(), timedelta(seconds=by)))
            done = self._perform(hook.do, TIME_PASSES, by)
            if done.problem:
                self.clock.pace = before
                del self.moves_made[-1]
            else:
                self._moved += by
                self.props.ahead += by
            self._note(TIME_PASSES, "moved", hook.do, done, by)
        self.rest()
        if done.problem:
            raise Unprepared(f"the hook {TIME_PASSES} failed: {hook.do.shown}: {done.problem}")
        return by

    def _time(self) -> ReadyHook | None:
        return self.props.hooks.of(TIME_PASSES) if self.props.hooks is not None else None

    # -- doing -------------------------------------------------------------------------------------

    def _perform(self, deed: ReadyDeed, name: str, by: float) -> DeedDone:
        assert self.props.hooks is not None
        scope = self.scope
        if scope is None:
            return DeedDone("the run has not begun")
        scope.hook = {"name": name, "seconds": by}

        def quoted(one: Expression) -> str:
            found = scope.lookup(one)
            return quote(found if isinstance(found, str) else str(found), safe="")

        try:
            return self.props.hooks.perform(
                deed, lambda value: fill(value, scope.lookup), lambda url: str(fill_text(url, quoted))
            )
        except ExpressionError as error:
            return DeedDone(f"{self.props.hooks.file.where(deed.place)}: {error}")
        finally:
            scope.hook = None

    def _note(self, name: str, what: str, deed: ReadyDeed, done: DeedDone, by: float = 0.0) -> None:
        row = Preparation(
            name,
            what,
            deed.shown,
            self.clock.now(),
            done.result,
            done.elapsed_ms,
            0.0 if done.problem else by,
            done.problem,
        )
        last = self.rows[-1] if self.rows else None
        if what == "moved" and last is not None and last.deed == "moved" and not (last.problem or done.problem):
            # Many small moves in one wait are told as one.
            self.rows[-1] = Preparation(
                name, what, deed.shown, last.at, done.result, last.elapsed_ms + done.elapsed_ms, last.seconds + by
            )
            return
        self.rows.append(row)
