"""Subscriptions to events of orders (MEF 123, 6.15)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qsl

from emulator.judge.rule import FINE, Mark, requests, responses
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules.order.book import ORDER
from emulator.judge.run import EVENTS, Run, Said, succeeded
from emulator.wire.exchange import Exchange
from emulator.wire.payload import MISSING, at

API: Final = ORDER.api
TYPES: Final = tuple(operation for operation, kind in EVENTS.items() if kind.api == API)
DATE_SET: Final = "productOrderItemExpectedCompletionDateSet"
SUBSCRIBE: Final = "registerListener"


# Subscriptions


def _wanted(query: Any) -> list[str]:
    """The event types that a subscription's query names, in either syntax; empty where it names none: all of them."""
    if not isinstance(query, str):
        return []
    named = [value for key, value in parse_qsl(query.strip().lstrip("?")) if key.strip() == "eventType"]
    return [part.strip() for value in named for part in value.split(",") if part.strip()]


def _plain(event_type: str) -> str:
    """An event type under the name that the contract has for it."""
    return DATE_SET if event_type == f"{DATE_SET}Event" else event_type


def asks_for(hub: Exchange) -> list[str]:
    """The event types that a subscription names; empty where it names none: all of them."""
    return [_plain(name) for name in _wanted(at(hub.request.body, "/query"))]


def covers(hub: Exchange, event_type: str) -> bool:
    """Whether a subscription takes in events of a type."""
    wanted = asks_for(hub)
    return not wanted or event_type in wanted


def hubs_of(run: Run) -> list[Exchange]:
    """The subscriptions that were taken so far."""
    return [hub for hub in run.of(SUBSCRIBE, api=API) if succeeded(hub)]


def ended_by(run: Run, hub: Exchange) -> Exchange | None:
    """The end of a subscription, where the Buyer ended it."""
    identifier = at(hub.response.body, "/id") if hub.response else MISSING
    ends = (end for end in run.of("unregisterListener", api=API) if end.n > hub.n and succeeded(end))
    return next((end for end in ends if end.path_params.get("id") == identifier), None)


def is_refused(hub: Exchange) -> bool:
    """Whether a subscription was refused for what it says; a hub that is not served at all is another matter (CR4)."""
    return hub.response is not None and hub.response.status in (400, 422)


@ORDER.rule(on=responses(API, SUBSCRIBE, "retrieveHub"), name="hub-echo")
def a_subscription_comes_back_as_it_was_asked_for(said: Said) -> Iterator[Mark]:
    """The callback and query of a subscription, in the answer to it and when it is read."""
    if said.exchange.operation == SUBSCRIBE:
        asked = said.asked
    else:
        identifier = said.exchange.path_params.get("id")
        made = next((hub for hub in hubs_of(said.run) if hub.response and at(hub.response.body, "/id") == identifier),
                    None)  # fmt: skip
        if made is None:
            return
        asked = made.request.body
        yield hold("/id", at(said.body, "/id") == identifier, expected=identifier, found=at(said.body, "/id"))
    callback, found = at(asked, "/callback"), at(said.body, "/callback")
    if isinstance(callback, str) and isinstance(found, str):
        yield hold("/callback", callback.rstrip("/") == found.rstrip("/"), expected=callback, found=found)
    wanted = {_plain(name) for name in _wanted(at(asked, "/query"))}
    kept = {_plain(name) for name in _wanted(at(said.body, "/query"))}
    everything = wanted in (set(), set(TYPES)) and kept in (set(), set(TYPES))
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
    same = [hub for hub in hubs_of(said.run) if hub.n < said.exchange.n and hub.response
            and at(hub.response.body, "/id") == identifier and ended_by(said.run, hub) is None]  # fmt: skip
    # A Seller may answer a subscription that it has already with the one that it has.
    another = next((hub for hub in same if hub.request.body != said.asked), None)
    yield hold("/id", another is None, expected="an id of its own", found=identifier,
               message=f"the subscription of exchange {another.n if another else '?'} has the id {identifier} too")  # fmt: skip


@ORDER.rule(on=requests(API, SUBSCRIBE), name="hub-query")
def a_query_names_events_that_there_are(said: Said) -> Iterator[Mark]:
    """Each event type of a subscription's query."""
    reading = said.run.reading("expected-date-event-name")
    for name in _wanted(at(said.body, "/query")):
        if _plain(name) == DATE_SET:
            long = name != DATE_SET
            if long is (reading == "with-event"):
                yield FINE
            else:
                yield breach("/query", DATE_SET if long else f"{DATE_SET}Event", name,
                             reading=("expected-date-event-name", reading))  # fmt: skip
        elif name in TYPES:
            yield FINE
        else:
            yield breach("/query", list(TYPES), name, f"/query names {name}, and there is no such event", hint=True)
