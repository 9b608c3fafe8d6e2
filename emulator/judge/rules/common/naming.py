"""The state that an event names, against those that its resource had."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.judge.dues import history_of
from emulator.judge.news import Told
from emulator.judge.rule import FINE, Remark, on_request
from emulator.judge.rulebook import Rulebook, breach
from emulator.judge.rules.common.counting import accounts
from emulator.judge.rules.common.values import Labels
from emulator.judge.run import Life, Run, Shown
from emulator.record.payload import MISSING, at, every
from emulator.standard.kinds.facts import Cycle, Items, Kind


def of_states_that_were(book: Rulebook, labels: Labels = ()) -> None:
    """An event that names a new state names one that was reached. Events of an API that name none are passed over."""

    @book.at_end(labels, name="event-state")
    def state_was_reached(run: Run) -> Iterator[Remark]:
        """The state that an event names is one that the resource, or the item, had by then: the next read shows it, or its history
        does, or, where it keeps none, what can follow it.
        """
        for page in accounts(run, book.api):
            for told in page.told:
                event = run.event(told.exchange)
                look = _next(page.life, told) if event and event.shows else None
                if event is None or look is None or told.state is None:
                    continue
                kind = page.kind
                part: Kind | Items = kind.items if event.item and kind.items else kind
                value = _item(look.value, kind, told.item) if event.item else look.value
                state = part.state
                if state is None or told.state not in state.values or not isinstance(at(value, _at(state.at)), str):
                    continue
                now = str(at(value, _at(state.at)))
                item = f" for item {told.item}" if event.item else ""
                message = f"the event says {told.state}, and exchange {look.exchange.n} shows {now}{item}"
                wrong = breach(f"/event/{event.shows}", "a state that it had", told.state, message)
                had = _had(run, part.cycle, look.value, told.state, now, value, part)
                yield on_request(told.exchange, FINE if had else wrong)


def _at(place: str) -> str:
    return f"/{place.rpartition('/')[2]}"


def _next(life: Life, told: Told) -> Shown | None:
    """The first whole look at a resource that was asked for after an event of it came."""
    return next(
        (each for each in life.whole if each.exchange.n > told.exchange.n and each.exchange.at > told.exchange.at), None
    )


def _item(body: Any, kind: Kind, identifier: str | None) -> Any:
    found = (item for _, item in every(body, f"{kind.items_at}/*") if at(item, "/id") == identifier)
    return next(found, MISSING) if identifier is not None else MISSING


def _had(run: Run, cycle: Cycle | None, whole: Any, state: str, now: str, value: Any, part: Kind | Items) -> bool:
    """Whether what is in a state now was in another one before, as far as anything tells."""
    if state == now:
        return True
    told = history_of(value, part.history)
    if told:
        return any(each == state for _, each in told)
    machine = run.release.lifecycles.get((cycle.of(whole) if cycle else None) or "")
    return machine is None or state not in machine.states or now not in machine.states or machine.reaches(state, now)
