"""The runner's other side: the buyer is under test, and makes the calls of the flow at our seller's door itself.

The runner reads what came, in order, and walks through the flow with it. Several steps can be open at once: the
next one, those behind steps that may be left out, and the members of a group. An arrival goes to the first open
step that it fits; one that fits none is a miss, and each open step remembers the nearest.

- `call` is there when the buyer has made it and our seller has answered as the step says. What the scenario takes
  from earlier answers must be what was answered; data that nobody was told is the buyer's own.
- `await` is there when an answer has shown the buyer the state, or an event that tells of it was delivered. A buyer
  that goes on without looking may: where our seller had reached the state, the step is passed over.
- `notify` is there when our seller has delivered such an event to the buyer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from emulator.judge.verdict import Finding
from emulator.parties.clock import Clock
from emulator.scenario import answers
from emulator.scenario.answers import Ending
from emulator.scenario.arrivals import Closeness, Freedom, Miss, miss, path_of, wanted
from emulator.scenario.awaited import Entry, Open, Teller
from emulator.scenario.duration import words
from emulator.scenario.events import Event, RunDone, RunStarted, StepDone, StepStarted
from emulator.scenario.expressions import ExpressionError, Generator, Scope, fill
from emulator.scenario.matchers import holds, spots
from emulator.scenario.mischief import Mischief
from emulator.scenario.model import Await, Call, Case, Count, Notify, Origin, Parallel, Scenario, Step
from emulator.scenario.ports import ReleaseLike, contract_of
from emulator.scenario.result import Outcome, RunResult, StepResult, Tracked
from emulator.scenario.room import Room
from emulator.scenario.runner import fill_inputs
from emulator.scenario.seen import Seen
from emulator.scenario.steps import Misfit
from emulator.scenario.stop import Stop
from emulator.scenario.unasked import unasked
from emulator.wire.exchange import Exchange, Party
from emulator.wire.faults import Faults
from emulator.wire.payload import MISSING, at


@dataclass(frozen=True, slots=True)
class Waited:
    """What came of waiting: the run, and what the buyer did besides that nobody waited for."""

    result: RunResult
    findings: tuple[Finding, ...]


def run_waiting(
    scenario: Scenario,
    *,
    case: Case | None = None,
    release: ReleaseLike,
    room: Room,
    clock: Clock,
    seed: int,
    run_id: str,
    base_url: str,
    inputs: Mapping[str, Any] | None = None,
    row: int = 0,
    within: float | None = None,
    patience: Clock | None = None,
    linger: float = 0.0,
    faults: Faults | None = None,
    on_event: Callable[[Event], None] = lambda _: None,
    on_wait: Callable[[list[Entry]], None] = lambda _: None,
    on_miss: Callable[[Exchange, str], None] = lambda *_: None,
    stop: Stop | None = None,
) -> Waited:
    """Walk through the flow with what comes into `room`, until its end or until something never came.

    `within` overrides how long each step is waited for, in seconds. `patience` is the clock by which that is measured,
    where ours goes at a pace of its own: a partner's time is real. At the end the
    buyer may still be at its last calls: the room stays open until `linger` seconds passed without any. `on_wait` is told all that is awaited whenever
    that changes, an empty list at the end; `on_miss` what came and fits nothing, with the reason. Where the room is
    closed nothing is waited for: what is there is looked at. `stop` can end it before its end. `faults` are those of our door, for a case in which our
    seller makes trouble. Raises FileProblem as `run_scenario` does.
    """
    generator = Generator(f"{seed}/{scenario.id}/{case.id if case else ''}/{row}", clock)
    scope = Scope({}, generator, run_id)
    given = {**scenario.rows[row], **(inputs or {})}
    fill_inputs(scenario, scope, given)
    freedom = Freedom.of(scenario, frozenset(name.partition(".")[0] for name in given))
    tracked: dict[str, Tracked] = {}
    seen = Seen(room)
    walk = _Walk(
        scenario=scenario,
        release=release,
        room=room,
        clock=patience or clock,
        base_url=base_url,
        scope=scope,
        freedom=freedom,
        within=within,
        on_event=on_event,
        on_wait=on_wait,
        on_miss=on_miss,
        tracked=tracked,
        seen=seen,
        teller=Teller(scenario, release, base_url, tracked, seen),
        stop=stop or Stop(),
    )
    walk.stop.then(room.wake)
    if case is not None and case.emulate is Party.SELLER and faults is not None:
        walk.mischief = Mischief(scenario, case, release, room, faults)
        faults.before = room.catch_up
    started = clock.now()
    on_event(RunStarted(run_id, scenario.id, scenario.title, case.id if case else None, len(list(scenario.steps()))))
    walk.walk()
    room.let_pass()
    walk.stop.then(room.close)
    room.linger(linger)
    room.close()
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
        steps=tuple(walk.results),
        exchanges=len(room),
        spoilt=frozenset(room.spoilt),
        cut=walk.cut,
        tracked=dict(tracked),
    )
    on_event(RunDone(result))
    return Waited(result, tuple(unasked(room, room.awaited, release.kinds)))


@dataclass(slots=True)
class _Walk:
    """A run in progress."""

    scenario: Scenario
    release: ReleaseLike
    room: Room
    clock: Clock
    base_url: str
    scope: Scope
    freedom: Freedom
    within: float | None
    on_event: Callable[[Event], None]
    on_wait: Callable[[list[Entry]], None]
    on_miss: Callable[[Exchange, str], None]
    tracked: dict[str, Tracked]
    seen: Seen
    teller: Teller
    stop: Stop
    cut: bool = False
    mischief: Mischief | None = None
    results: list[StepResult] = field(default_factory=list)
    _ended: dict[str, Outcome] = field(default_factory=dict)
    _open: dict[str, Open] = field(default_factory=dict)
    _strays: list[Exchange] = field(default_factory=list)
    """Reads since something last happened: those have no order among themselves."""
    _unclaimed: list[Exchange] = field(default_factory=list)
    _news_since: datetime | None = None
    _told: list[Entry] = field(default_factory=list)
    _missed: set[str] = field(default_factory=set)
    _over: bool = False

    def walk(self) -> None:
        looked_at = 0
        while True:
            version = self.room.version
            closed = self.room.closed  # before the exchanges are counted: nothing comes after it
            self._settle()
            while looked_at < len(self.room) and self._open:
                looked_at += 1
                self._take(self.room[looked_at])
                self._settle()
            if self._open and self.stop.reason:
                self._cut()
                break
            if self._expire(closed=closed):
                continue
            if not self._open:
                break
            self._tell()
            self.room.look(looked_at)
            self.room.wait(version, self._left())
        self._leave()
        self.on_wait([])

    # -- which steps are open ------------------------------------------------------------------------

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
            outcome = self._ended.get(step.id)
            if outcome in _FINE:
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
                return wait.resource not in self.tracked or (
                    wait.via != ("notification",) and bool(self._reached(wait))
                )
            case _:
                return step.optional

    def _refresh(self) -> None:
        """Open what may come next; a step that cannot be awaited ends here."""
        while True:
            now = self.clock.now()
            opened: dict[str, Open] = {}
            for step, before in [] if self._over else self._next(self.scenario.flow)[0]:
                known = self._open.get(step.id)
                if known is None:
                    self.on_event(StepStarted(step.id, step.kind, step.title))
                    known = Open(step, now, now + timedelta(seconds=self._patience(step)), None)
                    self._open[step.id] = known
                known.before = before
                opened[step.id] = known
            self._open = opened
            if not any(self._fill(one) or self._troubled(one) for one in list(opened.values())):
                return

    def _troubled(self, one: Open) -> bool:
        """Let our seller make its trouble where this is the step for it; True where the case does not fit."""
        if self.mischief is None or not self._is_clear(one):
            return False
        try:
            self.mischief.begin(one.step, self.tracked, self._filled)
        except Misfit as misfit:
            return self._close(one, Ending(Outcome.ERROR, str(misfit), "scenario"))
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
                return self._close(one, answers.not_played_yet("calls to a buyer under test are"))
            case Call() if one.want is None:
                try:
                    one.want = wanted(self.scenario, self.release, self.scope, self.freedom, self.base_url, step)
                except ExpressionError as error:
                    if one.before:
                        return False  # one of these may still tell what is needed
                    if step.optional:
                        return self._close(one, Ending(Outcome.SKIPPED, f"it needs what was left out: {error}"))
                    return self._close(one, Ending(Outcome.ERROR, f"{step.origin.where()}: {error}", "scenario"))
            case Await() as wait if wait.resource not in self.tracked and not one.before:
                return self._close(one, Ending(Outcome.SKIPPED, f"there is no '{wait.resource}' to wait for"))
            case _:
                pass
        return False

    def _patience(self, step: Step) -> float:
        if self.within is not None:
            return self.within
        match step.action:
            case Await(within=within) | Notify(within=within):
                return within
            case Call(eventually=eventually) if eventually is not None:
                return max(eventually.within, self.scenario.defaults.within)
            case _:
                return self.scenario.defaults.within

    # -- what came -----------------------------------------------------------------------------------

    def _take(self, exchange: Exchange) -> None:
        """Give an exchange to the step that it fits; otherwise remember how near it came."""
        if exchange.beside:
            return
        if exchange.sender is not Party.BUYER:
            self.seen.event(exchange)
            return
        self.seen.answer(exchange)
        polled = self._polled(exchange)
        if any(self._there(one) for one in list(self._open.values()) if isinstance(one.step.action, Await)):
            return
        misses: list[Miss] = []
        if self._claim(exchange, misses):
            return
        self._unclaimed = [*self._unclaimed[-_KEPT:], exchange]
        if exchange.request.method == "GET":
            self._strays.append(exchange)
        best = max(misses, key=lambda reason: reason.closeness, default=None)
        if not polled and (best is None or best.closeness is not Closeness.NOT_YET):
            self._miss(exchange, best)

    def _claim(self, exchange: Exchange, misses: list[Miss]) -> bool:
        """Give an exchange to the first open call that it fits; otherwise add to `misses` why not."""
        for one in [one for one in self._open.values() if one.want is not None]:
            ending, reason = self._try(one, exchange)
            if ending is not None:
                return self._end(one, ending, exchange)
            if reason is not None:
                misses.append(reason)
                self._came_near(one, exchange, reason)
        return False

    def _replay(self) -> None:
        """Look again at what came while an event was being delivered.

        A delivery is in the room once it is answered. What the buyer does with the news can be there before it.
        """
        while self._news_since is not None:
            since, self._news_since = self._news_since, None
            for exchange in self._unclaimed:
                if exchange.at >= since and exchange.n not in self.room.awaited and self._claim(exchange, []):
                    self._refresh()

    @staticmethod
    def _came_near(one: Open, exchange: Exchange, reason: Miss) -> None:
        if reason.closeness is Closeness.NOT_YET:
            one.polls.append(exchange.n)
        if reason.closeness is not Closeness.OTHER and (one.near is None or reason.closeness >= one.near[1].closeness):
            one.near = (exchange.n, reason)

    def _try(self, one: Open, exchange: Exchange) -> tuple[Ending | None, Miss | None]:
        """How a call ends with this exchange, or why it does not."""
        assert one.want is not None
        try:
            reason = miss(one.want, exchange, self.scope, self.freedom)
        except ExpressionError as error:
            return Ending(Outcome.ERROR, f"{one.step.origin.where(error.place)}: {error}", "scenario"), None
        if reason is not None:
            return None, reason
        self.scope.exchange = exchange
        try:
            outputs = {name: fill(value, self.scope.lookup) for name, value in one.step.outputs.items()}
        except ExpressionError as error:
            return None, Miss(Closeness.UNFIT, f"it was answered, but with nothing to go on with: {error}")
        call = one.want.call
        if call.track:
            body = exchange.response.body if exchange.response else MISSING
            identifier = at(body, "/0/id" if isinstance(body, list) else "/id")
            if not isinstance(identifier, str):
                return None, Miss(Closeness.UNFIT, f"its answer has no id, so '{call.track}' cannot be followed")
            path: str = contract_of(self.release, one.want.source).operations[call.operation].path
            kind = next((part for part in path.split("/") if part), one.want.source.api)
            source = one.want.source
            self.tracked[call.track] = Tracked(source.api, kind, identifier, source.name, call.operation)
        self.scope.outputs[one.step.id] = outputs
        return answers.PASSED, None

    def _polled(self, exchange: Exchange) -> bool:
        """Whether this is a look at something that is awaited; the step counts it as its own."""
        hit = False
        for one in self._open.values():
            if not isinstance(one.step.action, Await):
                continue
            tracked = self.tracked.get(one.step.action.resource)
            if tracked is None or exchange.request.method != "GET":
                continue
            seen, retrieval = self.seen.sights(tracked), self.teller.retrieval(tracked)
            if seen and seen[-1].exchange is exchange:
                one.polls.append(exchange.n)
                hit = True
            elif retrieval and exchange.operation == retrieval.id and exchange.path_params.get("id") != tracked.id:
                found, hoped = answers.shown(exchange.path_params.get("id")), answers.shown(tracked.id)
                reason = f"its path has id {found}, awaited is {hoped}"
                self._came_near(one, exchange, Miss(Closeness.ADDRESSED_WRONG, reason))
        return hit

    def _miss(self, exchange: Exchange, best: Miss | None) -> None:
        """Tell once why something that came is not what is awaited. Other reads and subscriptions need no reason."""
        reason = best.reason if best else None
        if best is None or best.closeness is Closeness.OTHER:
            accepted = exchange.response is not None and exchange.response.status in range(200, 300)
            later = self._comes_later(exchange)
            waits = ", ".join(one.step.id for one in self._open.values())
            if later is not None and exchange.request.method != "GET":
                reason = f"out of order: it belongs to the step '{later}', and {waits} is awaited"
                for one in self._open.values():
                    one.near = one.near or (exchange.n, Miss(Closeness.OTHER, reason))
                if any(isinstance(one.step.action, Notify) for one in self._open.values()):
                    return  # the event may be there already, and its delivery not yet on record
            elif exchange.operation is None:
                reason = "the release has no such operation"
            elif accepted and (exchange.request.method == "GET" or "istener" in exchange.operation):
                return
            else:
                near = [one.near[1].reason for one in self._open.values() if one.near and one.near[0] == exchange.n]
                reason = near[0] if near else f"not what is awaited ({waits})"
        text = f"{exchange.request.method} {path_of(exchange.request.url)}: {reason}"
        if reason is not None and text not in self._missed:
            self._missed.add(text)
            self.on_miss(exchange, reason)

    def _comes_later(self, exchange: Exchange) -> str | None:
        """The first step ahead that waits for this operation."""
        for step in self.scenario.steps():
            if step.id in self._ended or step.id in self._open or not isinstance(step.action, Call):
                continue
            source = self.scenario.sources[step.action.source]
            if (source.api, step.action.operation) == (exchange.api, exchange.operation):
                return step.id
        return None

    # -- steps that need no arrival of their own -----------------------------------------------------

    def _settle(self) -> None:
        """End every open step that is there already, until nothing moves."""
        self._refresh()
        while any(self._there(one) for one in list(self._open.values())):
            self._refresh()
            self._replay()

    def _there(self, one: Open) -> bool:
        match one.step.action:
            case Await() as wait:
                return wait.resource in self.tracked and self._await_is_there(one, wait)
            case Notify() as notify:
                return self._notify_is_there(one, notify)
            case _:
                return one.want is not None and self._came_before(one)

    def _came_before(self, one: Open) -> bool:
        """Reads have no order: one that came before its turn counts."""
        assert one.want is not None
        if one.looked_back or one.want.method != "GET" or one.want.call.eventually is not None:
            return False
        one.looked_back = True
        for stray in self._strays:
            ending, _ = self._try(one, stray)
            if ending is not None and ending.outcome is Outcome.PASSED:
                self._strays.remove(stray)
                return self._end(one, ending, stray)
        return False

    def _await_is_there(self, one: Open, wait: Await) -> bool:
        tracked = self.tracked[wait.resource]
        since = max(self.seen.used(tracked), self._after(one))
        only_events = wait.via == ("notification",)
        for sight in self.seen.sights(tracked) if not only_events else ():
            early = sight.exchange.n < since or sight.state not in wait.states
            if early or (one.step.outputs and sight.by == "list") or not self._keeps(one, sight.exchange):
                continue
            self.seen.use(tracked, sight.exchange, wait)
            seen = {"read": "the buyer read it", "list": "the buyer read it in a list"}.get(
                sight.by, "its answer said so"
            )
            return self._end(one, Ending(Outcome.PASSED, seen), sight.exchange)
        passed = [other for other in self._passed(one) if other.resource == wait.resource]
        event = self.seen.event_of_state(tracked, wait, passed)
        if event is not None and (not one.step.outputs or (only_events and self._looked(one, tracked, event))):
            self.seen.use(tracked, event, wait)
            message = f"the buyer was notified; our seller had reached {' or '.join(wait.states)}"
            return self._end(one, Ending(Outcome.PASSED, message), event)
        reached = [state for n, state in self.room.reached(tracked.kind, tracked.id) if n >= since]
        if reached and reached[-1] in wait.stop_on and not self._reached(wait):
            way = [(0.0, state) for state in dict.fromkeys(reached)]
            return self._end(one, Ending(Outcome.INCONCLUSIVE, answers.stopped(tracked, reached[-1], wait.states, way)))
        return False

    def _keeps(self, one: Open, exchange: Exchange) -> bool:
        """Take a step's outputs from an exchange; False where it has not all of them."""
        self.scope.exchange = exchange
        try:
            self.scope.outputs[one.step.id] = {
                name: fill(value, self.scope.lookup) for name, value in one.step.outputs.items()
            }
        except ExpressionError:
            return False
        return True

    def _looked(self, one: Open, tracked: Tracked, event: Exchange) -> bool:
        """Whether the buyer read what it was told of, with all that the flow needs of it; it may have moved on by then."""
        return any(self._keeps(one, sight.exchange) for sight in self.seen.read_since(tracked, event))

    def _reached(self, wait: Await) -> list[int]:
        tracked = self.tracked.get(wait.resource)
        return self.seen.reached(tracked, wait) if tracked else []

    @staticmethod
    def _passed(one: Open) -> list[Await]:
        """The waits that this step would pass over."""
        return [step.action for step in one.before if isinstance(step.action, Await)]

    def _after(self, one: Open) -> int:
        """The exchange that this step needs at least, so as not to overtake a state that comes before it."""
        return max((n + 1 for wait in self._passed(one) for n in self._reached(wait)[:1]), default=0)

    def _notify_is_there(self, one: Open, notify: Notify) -> bool:
        unclaimed = [exchange for exchange in self.seen.delivered if exchange.n not in self.room.awaited]
        fresh = [exchange for exchange in unclaimed if self._is_event(exchange, notify)]
        least = notify.count.least if notify.count else 1
        if not least:
            # That nobody is told is our seller's part. Only trouble of ours needs the time.
            return self.mischief is None and self._end(one, Ending(Outcome.PASSED, "nothing is asked of the buyer"))
        if len(fresh) < least:
            return False
        one.polls += [exchange.n for exchange in fresh[: least - 1]]
        return self._end(one, Ending(Outcome.PASSED, "delivered to the buyer"), fresh[least - 1])

    def _is_event(self, exchange: Exchange, notify: Notify) -> bool:
        body = exchange.request.body
        if notify.event not in (exchange.operation, at(body, "/eventType")):
            return False
        if notify.resource is not None:
            tracked = self.tracked.get(notify.resource)
            if tracked is None or at(body, "/event/id") != tracked.id:
                return False
        self.scope.exchange = exchange
        try:
            return all(
                holds(demand, found, lambda value: fill(value, self.scope.lookup))
                for pointer, demand in notify.expect.items()
                for _, found in spots(body, pointer)
            )
        except ExpressionError:
            return False

    # -- how steps end -------------------------------------------------------------------------------

    def _expire(self, *, closed: bool) -> bool:
        """End what has waited long enough; True where something ended."""
        now = self.clock.now()
        late = [one for one in self._open.values() if closed or now >= one.deadline]
        for one in late:
            before = [self._open[step.id] for step in one.before if step.id in self._open]
            for each in (*before, one):
                if each.step.id in self._open:
                    self._close(each, self._never_came(each, closed=closed))
        return bool(late)

    def _never_came(self, one: Open, *, closed: bool) -> Ending:
        when = (
            "before it said that it has nothing more to send" if closed else f"within {words(self._patience(one.step))}"
        )
        match one.step.action:
            case Await() as wait:
                return self._state_never_seen(one, wait, when)
            case Notify(count=Count(least=0)):
                return answers.PASSED
            case Notify(event=event):
                text = f"no {event} was delivered to the buyer {when}"
                return Ending(Outcome.NEVER_ARRIVED, text + self.seen.not_taken(event), "buyer")
            case _:
                pass
        if one.step.optional or one.want is None:
            return Ending(Outcome.SKIPPED, "the buyer left it out, which it may")
        text = f"the buyer did not send {one.want.method} {path_of(one.want.url)} {when}"
        return Ending(Outcome.NEVER_ARRIVED, text + self._nearest(one), "buyer")

    def _state_never_seen(self, one: Open, wait: Await, when: str) -> Ending:
        tracked = self.tracked.get(wait.resource)
        if tracked is None:
            return Ending(Outcome.SKIPPED, f"there is no '{wait.resource}' to wait for")
        reached = [state for _, state in self.room.reached(tracked.kind, tracked.id)]
        what, states = f"{tracked.kind} {tracked.id}", " or ".join(wait.states)
        if not any(state in wait.states for state in reached):
            now = reached[-1] if reached else "unknown"
            return Ending(Outcome.INCONCLUSIVE, f"our seller did not bring {what} to {states} {when}; it is {now}")
        sights = self.seen.sights(tracked)
        seen = list(dict.fromkeys(sight.state for sight in sights if sight.by != "answer"))
        if wait.via == ("notification",) and self.seen.event_of_state(tracked, wait):
            text = f"the buyer was told that {what} came to {states}, and did not read it {when}"
            return Ending(Outcome.NEVER_ARRIVED, text + self._nearest(one), "buyer")
        if wait.via == ("notification",):
            text = f"the buyer took no event that tells that {what} came to {states} {when}"
            return Ending(Outcome.NEVER_ARRIVED, text + (self.seen.not_taken() or self._nearest(one)), "buyer")
        text = f"the buyer did not see {what} in {states} {when}, though it was; "
        text += f"it saw {', '.join(seen)}" if seen else "it never read it"
        return Ending(Outcome.NEVER_ARRIVED, text + self._nearest(one), "buyer")

    def _nearest(self, one: Open) -> str:
        if one.near is None:
            return ""
        came = self.room[one.near[0]]
        asked = f"{came.request.method} {came.request.path.rpartition('/')[2]}"
        return f"; nearest was exchange {came.n} ({asked}): {one.near[1].reason}"

    def _close(self, one: Open, ending: Ending) -> bool:
        """End a step that nothing came for."""
        if self.mischief is not None:
            last = one.polls[-1] if ending.outcome is Outcome.PASSED and one.polls else len(self.room)
            ending = self.mischief.end(one.step, ending, last)
            self._over = self._over or self.mischief.is_over(one.step)
        self._note(one.step, ending, tuple(one.polls), one.since)
        self._open.pop(one.step.id, None)
        return True

    def _end(self, one: Open, ending: Ending, exchange: Exchange | None = None) -> bool:
        for passed in one.before:
            if passed.id in self._open and passed.id not in self._ended:
                self._pass_over(self._open[passed.id], one.step.id)
        if exchange is not None:
            if not (isinstance(one.step.action, Await) and exchange.sender is Party.SELLER):
                self.room.awaited.add(exchange.n)  # the event that told of a state is there to be looked at as well
            if exchange.n not in one.polls:
                one.polls.append(exchange.n)
            if exchange.sender is Party.SELLER:
                self._news_since = exchange.at
            if isinstance(one.step.action, Await):
                self._strays = [exchange]  # who polled has read it as well
                for other in self._open.values():
                    other.looked_back = False
            elif one.want is not None and one.want.method != "GET":
                self._strays = []
        one.polls.sort()
        return self._close(one, ending)

    def _pass_over(self, one: Open, later: str) -> None:
        if isinstance(one.step.action, Await):
            message = f"the buyer went on to '{later}' without looking; our seller had reached the state"
        else:
            message = f"the buyer went on to '{later}' without it, which it may"
        self._close(one, Ending(Outcome.SKIPPED, message))

    def _cut(self) -> None:
        """All has ended: nothing can be said of what was still waited for."""
        self.cut = True
        for one in self._open.values():
            self._note(
                one.step,
                Ending(Outcome.INCONCLUSIVE, self.stop.reason, cause="interrupted"),
                tuple(one.polls),
                one.since,
            )
        self._open.clear()

    def _leave(self) -> None:
        """What is behind a step that did not come was not waited for."""
        stuck = next((name for name, outcome in self._ended.items() if outcome not in _FINE), None)
        for step in self.scenario.steps():
            if step.id not in self._ended and self._over:
                self._note(step, Ending(Outcome.SKIPPED, "the case ends before this step"), (), self.clock.now())
            elif step.id not in self._ended:
                reason = self.stop.reason if self.cut else f"not waited for: '{stuck}' did not come as it should"
                self._note(step, Ending(Outcome.BLOCKED, reason), (), self.clock.now())

    def _note(self, step: Step, ending: Ending, exchanges: tuple[int, ...], since: datetime) -> None:
        self._ended[step.id] = ending.outcome
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
        self.on_event(StepDone(result))

    # -- what is told --------------------------------------------------------------------------------

    def _left(self) -> float:
        now = self.clock.now()
        return min((one.deadline - now).total_seconds() for one in self._open.values())

    def _tell(self) -> None:
        entries = [self.teller.entry(one) for one in self._open.values() if self._is_clear(one)]
        if entries != self._told:
            self._told = entries
            self.on_wait(entries)

    def _is_clear(self, one: Open) -> bool:
        """Whether it is known by now what a step waits for."""
        if isinstance(one.step.action, Await):
            return one.step.action.resource in self.tracked
        return one.want is not None or not isinstance(one.step.action, Call)


_KEPT: Final = 100
"""Exchanges that fitted nothing and are kept to be looked at again."""
_FINE: Final = frozenset({Outcome.PASSED, Outcome.SKIPPED})
