"""Whether a step is there already: a state that the buyer saw or was told of, an event that it took, a read before its turn."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.record.exchange import Exchange
from emulator.record.payload import at
from emulator.scenario import answers
from emulator.scenario.answers import Ending
from emulator.scenario.awaited import Open
from emulator.scenario.claims import Claims
from emulator.scenario.expressions import ExpressionError, fill
from emulator.scenario.frontier import Frontier
from emulator.scenario.matchers import holds, spots
from emulator.scenario.model import Await, Notify
from emulator.scenario.result import Outcome, Tracked


@dataclass(slots=True)
class Sightings:
    """Ends steps that need no arrival of their own, or had it before their turn."""

    front: Frontier
    claims: Claims

    def is_there(self, one: Open) -> bool:
        match one.step.action:
            case Await() as wait:
                return wait.resource in self.front.tracked and self._await_is_there(one, wait)
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
        for stray in self.front.strays:
            ending, _ = self.claims.attempt(one, stray)
            if ending is not None and ending.outcome is Outcome.PASSED:
                self.front.strays.remove(stray)
                return self.front.end(one, ending, stray)
        return False

    def _await_is_there(self, one: Open, wait: Await) -> bool:
        tracked = self.front.tracked[wait.resource]
        since = max(self.front.seen.used(tracked), self._after(one))
        only_events = wait.via == ("notification",)
        for sight in self.front.seen.sights(tracked) if not only_events else ():
            early = sight.exchange.n < since or sight.state not in wait.states
            if early or (one.step.outputs and sight.by == "list") or not self._keeps(one, sight.exchange):
                continue
            self.front.seen.use(tracked, sight.exchange, wait)
            seen = {"read": "the buyer read it", "list": "the buyer read it in a list"}.get(
                sight.by, "its answer said so"
            )
            return self.front.end(one, Ending(Outcome.PASSED, seen), sight.exchange)
        passed = [other for other in self._passed(one) if other.resource == wait.resource]
        event = self.front.seen.event_of_state(tracked, wait, passed)
        if event is not None and (not one.step.outputs or (only_events and self._looked(one, tracked, event))):
            self.front.seen.use(tracked, event, wait)
            message = f"the buyer was notified; our seller had reached {' or '.join(wait.states)}"
            return self.front.end(one, Ending(Outcome.PASSED, message), event)
        reached = [state for n, state in self.front.room.reached(tracked.kind, tracked.id) if n >= since]
        if reached and reached[-1] in wait.stop_on and not self.front.reached(wait):
            way = [(0.0, state) for state in dict.fromkeys(reached)]
            return self.front.end(
                one, Ending(Outcome.INCONCLUSIVE, answers.stopped(tracked, reached[-1], wait.states, way))
            )
        return False

    def _keeps(self, one: Open, exchange: Exchange) -> bool:
        """Take a step's outputs from an exchange; False where it has not all of them."""
        self.front.scope.exchange = exchange
        try:
            self.front.scope.outputs[one.step.id] = {
                name: fill(value, self.front.scope.lookup) for name, value in one.step.outputs.items()
            }
        except ExpressionError:
            return False
        return True

    def _looked(self, one: Open, tracked: Tracked, event: Exchange) -> bool:
        """Whether the buyer read what it was told of, with all that the flow needs of it; it may have moved on by then."""
        return any(self._keeps(one, sight.exchange) for sight in self.front.seen.read_since(tracked, event))

    @staticmethod
    def _passed(one: Open) -> list[Await]:
        """The waits that this step would pass over."""
        return [step.action for step in one.before if isinstance(step.action, Await)]

    def _after(self, one: Open) -> int:
        """The exchange that this step needs at least, so as not to overtake a state that comes before it."""
        return max((n + 1 for wait in self._passed(one) for n in self.front.reached(wait)[:1]), default=0)

    def _notify_is_there(self, one: Open, notify: Notify) -> bool:
        unclaimed = [exchange for exchange in self.front.seen.delivered if exchange.n not in self.front.room.awaited]
        fresh = [exchange for exchange in unclaimed if self._is_event(exchange, notify)]
        least = notify.count.least if notify.count else 1
        if not least:
            # That nobody is told is our seller's part. Only trouble of ours needs the time.
            return self.front.mischief is None and self.front.end(
                one, Ending(Outcome.PASSED, "nothing is asked of the buyer")
            )
        if len(fresh) < least or not self._keeps(one, fresh[least - 1]):
            return False
        one.polls += [exchange.n for exchange in fresh[: least - 1]]
        return self.front.end(one, Ending(Outcome.PASSED, "delivered to the buyer"), fresh[least - 1])

    def _is_event(self, exchange: Exchange, notify: Notify) -> bool:
        body = exchange.request.body
        if notify.event not in (exchange.operation, at(body, "/eventType")):
            return False
        if notify.resource is not None:
            tracked = self.front.tracked.get(notify.resource)
            if tracked is None or at(body, "/event/id") != tracked.id:
                return False
        self.front.scope.exchange = exchange
        try:
            return all(
                holds(demand, found, lambda value: fill(value, self.front.scope.lookup))
                for pointer, demand in notify.expect.items()
                for _, found in spots(body, pointer)
            )
        except ExpressionError:
            return False
