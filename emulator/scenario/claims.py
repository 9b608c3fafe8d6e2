"""What a buyer under test sends: each call goes to the first open step that it fits; one that fits none is a miss."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at
from emulator.scenario import answers
from emulator.scenario.answers import Ending
from emulator.scenario.arrivals import Closeness, Miss, miss, path_of
from emulator.scenario.awaited import Open
from emulator.scenario.events import Missed
from emulator.scenario.expressions import ExpressionError, fill
from emulator.scenario.frontier import Frontier
from emulator.scenario.model import Await, Call, Notify
from emulator.scenario.result import Outcome, Tracked

_KEPT: Final = 100
"""Exchanges that fitted nothing and are kept to be looked at again."""


@dataclass(slots=True)
class Claims:
    """Gives what came to the open steps; each remembers what came nearest."""

    front: Frontier
    _unclaimed: list[Exchange] = field(default_factory=list)
    _missed: set[str] = field(default_factory=set)

    def offer(self, exchange: Exchange, *, polled: bool) -> None:
        """Give an exchange to the call that it fits; otherwise tell that it is a miss, unless it was `polled` for."""
        misses: list[Miss] = []
        if self.claim(exchange, misses):
            return
        self._unclaimed = [*self._unclaimed[-_KEPT:], exchange]
        if exchange.request.method == "GET":
            self.front.strays.append(exchange)
        best = max(misses, key=lambda reason: reason.closeness, default=None)
        if not polled and (best is None or best.closeness is not Closeness.NOT_YET):
            self._miss(exchange, best)

    def claim(self, exchange: Exchange, misses: list[Miss]) -> bool:
        """Give an exchange to the first open call that it fits; otherwise add to `misses` why not."""
        for one in [one for one in self.front.open.values() if one.want is not None]:
            ending, reason = self.attempt(one, exchange)
            if ending is not None:
                return self.front.end(one, ending, exchange)
            if reason is not None:
                misses.append(reason)
                self._came_near(one, exchange, reason)
        return False

    def replay(self) -> None:
        """Look again at what came while an event was being delivered.

        A delivery is in the room once it is answered. What the buyer does with the news can be there before it.
        """
        while self.front.news_since is not None:
            since, self.front.news_since = self.front.news_since, None
            for exchange in self._unclaimed:
                if exchange.at >= since and exchange.n not in self.front.room.awaited and self.claim(exchange, []):
                    self.front.refresh()

    @staticmethod
    def _came_near(one: Open, exchange: Exchange, reason: Miss) -> None:
        if reason.closeness is Closeness.NOT_YET:
            one.polls.append(exchange.n)
        if reason.closeness is not Closeness.OTHER and (one.near is None or reason.closeness >= one.near[1].closeness):
            one.near = (exchange.n, reason)

    def attempt(self, one: Open, exchange: Exchange) -> tuple[Ending | None, Miss | None]:
        """How a call ends with this exchange, or why it does not."""
        assert one.want is not None
        try:
            reason = miss(one.want, exchange, self.front.scope, self.front.freedom)
        except ExpressionError as error:
            return Ending(Outcome.ERROR, f"{one.step.origin.where(error.place)}: {error}", "scenario"), None
        if reason is not None:
            return None, reason
        self.front.scope.exchange = exchange
        try:
            outputs = {name: fill(value, self.front.scope.lookup) for name, value in one.step.outputs.items()}
        except ExpressionError as error:
            return None, Miss(Closeness.UNFIT, f"it was answered, but with nothing to go on with: {error}")
        call = one.want.call
        if call.track:
            body = exchange.response.body if exchange.response else MISSING
            identifier = at(body, "/0/id" if isinstance(body, list) else "/id")
            if not isinstance(identifier, str):
                return None, Miss(Closeness.UNFIT, f"its answer has no id, so '{call.track}' cannot be followed")
            path: str = one.want.source.contract_in(self.front.scene.release).operations[call.operation].path
            kind = next((part for part in path.split("/") if part), one.want.source.api)
            source = one.want.source
            self.front.tracked[call.track] = Tracked(source.api, kind, identifier, source.name, call.operation)
        self.front.scope.outputs[one.step.id] = outputs
        return answers.PASSED, None

    def polled(self, exchange: Exchange) -> bool:
        """Whether this is a look at something that is awaited; the step counts it as its own."""
        hit = False
        for one in self.front.open.values():
            if not isinstance(one.step.action, Await):
                continue
            tracked = self.front.tracked.get(one.step.action.resource)
            if tracked is None or exchange.request.method != "GET":
                continue
            seen, retrieval = self.front.seen.sights(tracked), self.front.teller.retrieval(tracked)
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
            waits = ", ".join(one.step.id for one in self.front.open.values())
            if later is not None and exchange.request.method != "GET":
                reason = f"out of order: it belongs to the step '{later}', and {waits} is awaited"
                for one in self.front.open.values():
                    one.near = one.near or (exchange.n, Miss(Closeness.OTHER, reason))
                if any(map(_hangs_on_news, self.front.open.values())):
                    return  # the event may be there already, and its delivery not yet on record
            elif exchange.operation is None:
                reason = "the release has no such operation"
            elif accepted and (exchange.request.method == "GET" or "istener" in exchange.operation):
                return
            else:
                near = [
                    one.near[1].reason for one in self.front.open.values() if one.near and one.near[0] == exchange.n
                ]
                reason = near[0] if near else f"not what is awaited ({waits})"
        text = f"{exchange.request.method} {path_of(exchange.request.url)}: {reason}"
        if reason is not None and text not in self._missed:
            self._missed.add(text)
            self.front.on_event(Missed(exchange, reason))

    def _comes_later(self, exchange: Exchange) -> str | None:
        """The first step ahead that waits for this operation."""
        for step in self.front.scenario.steps():
            if step.id in self.front.ended or step.id in self.front.open or not isinstance(step.action, Call):
                continue
            source = self.front.scenario.sources[step.action.source]
            if (source.api, step.action.operation) == (exchange.api, exchange.operation):
                return step.id
        return None


def _hangs_on_news(one: Open) -> bool:
    """Whether a step is there only when an event was delivered."""
    match one.step.action:
        case Notify() | Await(via=("notification",)):
            return True
        case _:
            return False
