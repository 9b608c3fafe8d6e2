"""What a buyer under test has seen by now: states that answers showed it, and events that it took or refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from emulator.scenario import answers
from emulator.scenario.model import Await
from emulator.scenario.result import Tracked
from emulator.scenario.room import Room
from emulator.wire.exchange import Exchange
from emulator.wire.payload import at


@dataclass(frozen=True, slots=True)
class Sight:
    """A state that an answer showed the buyer: `by` is read (by id), answer (to a POST or PATCH) or list."""

    exchange: Exchange
    state: str
    by: str


@dataclass(slots=True)
class Seen:
    """The sightings of each resource, oldest first, and the events that our seller delivered or tried to."""

    room: Room
    delivered: list[Exchange] = field(default_factory=list)
    refused: list[Exchange] = field(default_factory=list)
    _sights: dict[tuple[str | None, str], list[Sight]] = field(default_factory=dict)
    _used: dict[tuple[str | None, str], int] = field(default_factory=dict)

    def event(self, exchange: Exchange) -> None:
        """Our seller sent an event; a 2xx says that the buyer took it."""
        taken = exchange.response is not None and exchange.response.status in range(200, 300)
        (self.delivered if taken else self.refused).append(exchange)

    def answer(self, exchange: Exchange) -> None:
        """Our seller answered; what states did that show?"""
        response = exchange.response
        if response is None or response.status not in range(200, 300):
            return
        body = response.body
        read = exchange.request.method == "GET"
        by = "list" if isinstance(body, list) else "read" if read else "answer"
        for shown in body if isinstance(body, list) else [body]:
            identifier, state = at(shown, "/id"), answers.state_of(shown)
            if isinstance(identifier, str) and state is not None:
                self._sights.setdefault((exchange.api, identifier), []).append(Sight(exchange, state, by))

    def sights(self, tracked: Tracked) -> Sequence[Sight]:
        """The sightings of a resource."""
        return self._sights.get((tracked.api, tracked.id), ())

    def used(self, tracked: Tracked) -> int:
        """The exchange that ended the last wait for a state of this resource: the next wait looks from there on."""
        return self._used.get((tracked.api, tracked.id), 0)

    def use(self, tracked: Tracked, exchange: Exchange) -> None:
        """A wait for a state of this resource ended with that exchange."""
        self._used[tracked.api, tracked.id] = exchange.n

    def reached(self, tracked: Tracked, wait: Await) -> list[int]:
        """How many exchanges there were each time when our seller came to a state that is waited for."""
        since = self.used(tracked)
        return [n for n, state in self.room.reached(tracked.kind, tracked.id) if n >= since and state in wait.states]

    def event_of_state(self, tracked: Tracked, wait: Await, since: int) -> Exchange | None:
        """A delivered event that tells of the awaited state; events carry ids only, so what we reached counts."""
        when = [n for n in self.reached(tracked, wait) if n >= since]
        for exchange in self.delivered if when else ():
            if exchange.n > when[0] and at(exchange.request.body, "/event/id") == tracked.id:
                return exchange
        return None

    def not_taken(self, event: str | None = None) -> str:
        """How the buyer answered the newest event, of a type or any, that it did not take; "" where there is none."""
        tried = [e for e in self.refused if event in (None, e.operation, at(e.request.body, "/eventType"))]
        if not tried:
            return ""
        last = tried[-1]
        answered = f"answered {last.response.status}, not 204" if last.response else "not answered"
        return f"; exchange {last.n} brought one and was {answered}"
