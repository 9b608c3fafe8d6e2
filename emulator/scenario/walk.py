"""The walk of a buyer under test through a flow: what came is read in order, until the end or until something never came."""

from __future__ import annotations

from emulator.record.exchange import Exchange, Party
from emulator.scenario import answers
from emulator.scenario.answers import Ending
from emulator.scenario.arrivals import path_of
from emulator.scenario.awaited import Entry, Open
from emulator.scenario.claims import Claims
from emulator.scenario.duration import words
from emulator.scenario.events import Awaited
from emulator.scenario.frontier import FINE, Frontier
from emulator.scenario.model import Await, Count, Notify
from emulator.scenario.result import Outcome
from emulator.scenario.sightings import Sightings


class Walk:
    """A run in progress: `front` is how far it has come, `claims` and `sightings` bring it forward."""

    def __init__(self, front: Frontier) -> None:
        self.front, self.claims = front, Claims(front)
        self.sightings = Sightings(front, self.claims)
        self._told: list[Entry] = []

    def walk(self) -> None:
        """Go on until nothing is open any more, or the session ends."""
        looked_at = 0
        while True:
            version = self.front.room.version
            closed = self.front.room.closed  # before the exchanges are counted: nothing comes after it
            self._settle()
            while looked_at < len(self.front.room) and self.front.open:
                looked_at += 1
                self._take(self.front.room[looked_at])
                self._settle()
            if self.front.open and self.front.terms.stop.reason:
                self._cut()
                break
            if self._expire(closed=closed):
                continue
            if not self.front.open:
                break
            self._tell()
            self.front.room.look(looked_at)
            self.front.room.wait(version, self._left())
        self._leave()
        self.front.on_event(Awaited((), self.front.clock.now()))

    def _take(self, exchange: Exchange) -> None:
        """Give an exchange to the step that it fits; otherwise remember how near it came."""
        if exchange.beside or exchange.authorizes:
            return
        if exchange.sender is not Party.BUYER:
            self.front.seen.event(exchange)
            return
        self.front.seen.answer(exchange)
        polled = self.claims.polled(exchange)
        waits = [one for one in self.front.open.values() if isinstance(one.step.action, Await)]
        if not any(map(self.sightings.is_there, waits)):
            self.claims.offer(exchange, polled=polled)

    def _settle(self) -> None:
        """End every open step that is there already, until nothing moves."""
        self.front.refresh()
        while any(self.sightings.is_there(one) for one in list(self.front.open.values())):
            self.front.refresh()
            self.claims.replay()

    def _expire(self, *, closed: bool) -> bool:
        """End what has waited long enough; True where something ended."""
        now = self.front.clock.now()
        late = [one for one in self.front.open.values() if closed or now >= one.deadline]
        for one in late:
            before = [self.front.open[step.id] for step in one.before if step.id in self.front.open]
            for each in (*before, one):
                if each.step.id in self.front.open:
                    self.front.close(each, self._never_came(each, closed=closed))
        return bool(late)

    def _never_came(self, one: Open, *, closed: bool) -> Ending:
        within = words(self.front.patience(one.step))
        when = "before it said that it has nothing more to send" if closed else f"within {within}"
        match one.step.action:
            case Await() as wait:
                return self._state_never_seen(one, wait, when)
            case Notify(count=Count(least=0)):
                return answers.PASSED
            case Notify(event=event):
                text = f"no {event} was delivered to the buyer {when}"
                return Ending(Outcome.NEVER_ARRIVED, text + self.front.seen.not_taken(event), "buyer")
            case _:
                pass
        if one.step.optional or one.want is None:
            return Ending(Outcome.SKIPPED, "the buyer left it out, which it may")
        text = f"the buyer did not send {one.want.method} {path_of(one.want.url)} {when}"
        return Ending(Outcome.NEVER_ARRIVED, text + self._nearest(one), "buyer")

    def _state_never_seen(self, one: Open, wait: Await, when: str) -> Ending:
        tracked = self.front.tracked.get(wait.resource)
        if tracked is None:
            return Ending(Outcome.SKIPPED, f"there is no '{wait.resource}' to wait for")
        reached = [state for _, state in self.front.room.reached(tracked.kind, tracked.id)]
        what, states = f"{tracked.kind} {tracked.id}", " or ".join(wait.states)
        if not any(state in wait.states for state in reached):
            now = reached[-1] if reached else "unknown"
            return Ending(Outcome.INCONCLUSIVE, f"our seller did not bring {what} to {states} {when}; it is {now}")
        sights = self.front.seen.sights(tracked)
        seen = list(dict.fromkeys(sight.state for sight in sights if sight.by != "answer"))
        if wait.via == ("notification",) and self.front.seen.event_of_state(tracked, wait):
            text = f"the buyer was told that {what} came to {states}, and did not read it {when}"
            return Ending(Outcome.NEVER_ARRIVED, text + self._nearest(one), "buyer")
        if wait.via == ("notification",):
            text = f"the buyer took no event that tells that {what} came to {states} {when}"
            return Ending(Outcome.NEVER_ARRIVED, text + (self.front.seen.not_taken() or self._nearest(one)), "buyer")
        text = f"the buyer did not see {what} in {states} {when}, though it was; "
        text += f"it saw {', '.join(seen)}" if seen else "it never read it"
        return Ending(Outcome.NEVER_ARRIVED, text + self._nearest(one), "buyer")

    def _nearest(self, one: Open) -> str:
        if one.near is None:
            return ""
        came = self.front.room[one.near[0]]
        asked = f"{came.request.method} {came.request.path.rpartition('/')[2]}"
        return f"; nearest was exchange {came.n} ({asked}): {one.near[1].reason}"

    def _cut(self) -> None:
        """All has ended: nothing can be said of what was still waited for."""
        self.front.cut = True
        ending = Ending(Outcome.INCONCLUSIVE, self.front.terms.stop.reason, cause="interrupted")
        for one in self.front.open.values():
            self.front.note(one.step, ending, tuple(one.polls), one.since)
        self.front.open.clear()

    def _leave(self) -> None:
        """What is behind a step that did not come was not waited for."""
        front = self.front
        stuck = next((name for name, outcome in front.ended.items() if outcome not in FINE), None)
        reason = front.terms.stop.reason if front.cut else f"not waited for: '{stuck}' did not come as it should"
        ending = Ending(Outcome.BLOCKED, reason)
        if front.over:
            ending = Ending(Outcome.SKIPPED, "the case ends before this step")
        for step in front.scenario.steps():
            if step.id not in front.ended:
                front.note(step, ending, (), front.clock.now())

    def _left(self) -> float:
        now = self.front.clock.now()
        return min((one.deadline - now).total_seconds() for one in self.front.open.values())

    def _tell(self) -> None:
        entries = [self.front.teller.entry(one) for one in self.front.open.values() if self.front.is_clear(one)]
        if entries != self._told:
            self._told = entries
            self.front.on_event(Awaited(tuple(entries), self.front.clock.now()))
