"""What a buyer under test has seen by now: states that answers showed it, and events that it took or refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from emulator.record.exchange import Exchange
from emulator.record.payload import at
from emulator.scenario import answers
from emulator.scenario.model import Await
from emulator.scenario.result import Tracked
from emulator.scenario.room import Room


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
    _used: dict[tuple[str | None, str], tuple[int, int]] = field(default_factory=dict)
    """The exchange that ended the last wait for a resource, and which of the states that it reached ended it."""

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
        return self._used.get((tracked.api, tracked.id), (0, 0))[0]

    def use(self, tracked: Tracked, exchange: Exchange, wait: Await) -> None:
        """A wait for a state of this resource ended with that exchange."""
        _, turn = self._used.get((tracked.api, tracked.id), (0, 0))
        self._used[tracked.api, tracked.id] = exchange.n, next(iter(self.turns(tracked, wait)), turn)

    def turns(self, tracked: Tracked, wait: Await, passed: Sequence[Await] = ()) -> list[int]:
        """Which of the states that our seller's resource came to are waited for, from the last wait's on and behind
        those of the waits that are `passed`. A seller can go through several between two exchanges.
        """
        reached = self.room.reached(tracked.kind, tracked.id)
        start = self._used.get((tracked.api, tracked.id), (0, 0))[1]
        for other in passed:
            turns = [turn for turn in range(start, len(reached)) if reached[turn][1] in other.states]
            start = turns[0] + 1 if turns else start
        return [turn for turn in range(start, len(reached)) if reached[turn][1] in wait.states]

    def reached(self, tracked: Tracked, wait: Await) -> list[int]:
        """How many exchanges there were each time when our seller came to a state that is waited for."""
        reached = self.room.reached(tracked.kind, tracked.id)
        return [reached[turn][0] for turn in self.turns(tracked, wait)]

    def event_of_state(self, tracked: Tracked, wait: Await, passed: Sequence[Await] = ()) -> Exchange | None:
        """A delivered event that tells of the awaited state; events carry ids only, so what we reached counts."""
        turns, reached = self.turns(tracked, wait, passed), self.room.reached(tracked.kind, tracked.id)
        for exchange in self.delivered if turns else ():
            if (
                exchange.n > max(reached[turns[0]][0], self.used(tracked))
                and at(exchange.request.body, "/event/id") == tracked.id
            ):
                return exchange
        return None

    def read_since(self, tracked: Tracked, event: Exchange) -> list[Sight]:
        """The sightings of a resource, but for those in lists, that followed an event. A delivery is on record once it
        is answered, and by then the buyer may have looked.
        """
        return [sight for sight in self.sights(tracked) if sight.by == "read" and sight.exchange.at >= event.at]

    def not_taken(self, event: str | None = None) -> str:
        """How the buyer answered the newest event, of a type or any, that it did not take; "" where there is none."""
        tried = [e for e in self.refused if event in (None, e.operation, at(e.request.body, "/eventType"))]
        if not tried:
            return ""
        last = tried[-1]
        answered = f"answered {last.response.status}, not 204" if last.response else "not answered"
        return f"; exchange {last.n} brought one and was {answered}"
