"""Subscriptions to events of orders (MEF 123, 6.15)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.judge.hubs import SUBSCRIBE, can_be_taken, hubs
from emulator.judge.rule import FINE, Mark, requests, responses
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules.order.book import ORDER
from emulator.judge.run import Run, Said
from emulator.record.exchange import Exchange
from emulator.record.payload import at
from emulator.standard.events import query_of

API: Final = ORDER.api


# Subscriptions


def types_of(run: Run) -> tuple[str, ...]:
    """The event types of this API."""
    return tuple(event.type for event in run.kinds.telling(API))


def first_hub(run: Run, event_type: str) -> Exchange | None:
    """The first subscription that takes in events of a type."""
    return next((a.first for query, a in run.known(hubs(API)).alike.items() if query.covers(event_type)), None)


def is_refused(run: Run, hub: Exchange) -> bool:
    """Whether a subscription was refused for its query; a hub that is not served at all is another matter (CR4)."""
    return hub.response is not None and hub.response.status in (400, 422) and can_be_taken(run, hub)


@ORDER.rule(on=responses(API, SUBSCRIBE, "retrieveHub"), name="hub-echo")
def a_subscription_comes_back_as_it_was_asked_for(said: Said) -> Iterator[Mark]:
    """The callback and query of a subscription, in the answer to it and when it is read."""
    if said.exchange.operation == SUBSCRIBE:
        asked = said.asked
    else:
        identifier = said.exchange.path_params.get("id")
        made = said.run.known(hubs(API)).by_id.get(identifier)
        if not made:
            return
        asked = made[0].request.body
        yield hold("/id", at(said.body, "/id") == identifier, expected=identifier, found=at(said.body, "/id"))
    callback, found = at(asked, "/callback"), at(said.body, "/callback")
    if isinstance(callback, str) and isinstance(found, str):
        yield hold("/callback", callback.rstrip("/") == found.rstrip("/"), expected=callback, found=found)
    wanted, kept = (query_of(at(body, "/query"), said.run.kinds).types for body in (asked, said.body))
    everything = {wanted, kept} <= {None, frozenset(types_of(said.run))}
    if wanted and not everything and not given(at(said.body, "/query")):
        yield breach("/query", at(asked, "/query"), at(said.body, "/query"), hint=True)
        return
    yield hold("/query", wanted == kept or everything, expected=at(asked, "/query"), found=at(said.body, "/query"))


@ORDER.rule(on=responses(API, SUBSCRIBE), name="hub-id")
def subscriptions_have_ids_of_their_own(said: Said) -> Iterator[Mark]:
    """No two subscriptions that are in force have one id."""
    identifier = at(said.body, "/id")
    if not isinstance(identifier, str):
        return
    known = said.run.known(hubs(API))
    same = (hub for hub in known.by_id.get(identifier, ()) if hub.n < said.exchange.n and hub.n not in known.ends)
    # A Seller may answer a subscription that it has already with the one that it has.
    another = next((hub for hub in same if hub.request.body != said.asked), None)
    yield hold("/id", another is None, expected="an id of its own", found=identifier,
               message=f"the subscription of exchange {another.n if another else '?'} has the id {identifier} too")  # fmt: skip


@ORDER.rule(on=requests(API, SUBSCRIBE), name="hub-query")
def a_query_names_events_that_there_are(said: Said) -> Iterator[Mark]:
    """Each event type of a subscription's query."""
    reading, kinds = said.run.reading("expected-date-event-name"), said.run.kinds
    types, twice = types_of(said.run), {event.type: event.said.get("also") for event in kinds.telling(API)}
    for name in query_of(at(said.body, "/query"), kinds).named:
        plain = kinds.plain_type(name)
        if also := twice.get(plain):
            if (name == also) is (reading == "with-event"):
                yield FINE
            else:
                other = plain if name == also else also
                yield breach("/query", other, name, reading=("expected-date-event-name", reading))
        elif name in types:
            yield FINE
        else:
            yield breach("/query", list(types), name, f"/query names {name}, and there is no such event", hint=True)
