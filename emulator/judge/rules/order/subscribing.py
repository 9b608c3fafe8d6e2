"""Subscriptions to events of orders (MEF 123, 6.15)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

from emulator.judge.hubs import SUBSCRIBE, hubs
from emulator.judge.rule import FINE, Mark, requests, responses
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules.order.book import ORDER
from emulator.judge.run import EVENTS, Run, Said
from emulator.wire.exchange import Exchange
from emulator.wire.payload import at

API: Final = ORDER.api
TYPES: Final = tuple(operation for operation, kind in EVENTS.items() if kind.api == API)
DATE_SET: Final = "productOrderItemExpectedCompletionDateSet"


# Subscriptions


def _wanted(query: Any) -> tuple[str, ...]:
    """The event types that a subscription's query names, in either syntax; empty where it names none: all of them."""
    return _named(query) if isinstance(query, str) else ()


@lru_cache(maxsize=256)
def _named(query: str) -> tuple[str, ...]:
    named = [value for key, value in parse_qsl(query.strip().lstrip("?")) if key.strip() == "eventType"]
    return tuple(part.strip() for value in named for part in value.split(",") if part.strip())


def _plain(event_type: str) -> str:
    """An event type under the name that the contract has for it."""
    return DATE_SET if event_type == f"{DATE_SET}Event" else event_type


def asks_for(hub: Exchange) -> tuple[str, ...]:
    """The event types that a subscription names; empty where it names none: all of them."""
    return tuple(_plain(name) for name in _wanted(at(hub.request.body, "/query")))


def takes_in(wanted: tuple[str, ...], event_type: str) -> bool:
    """Whether a subscription that asks for these events takes in events of a type."""
    return not wanted or event_type in wanted


def covers(hub: Exchange, event_type: str) -> bool:
    """Whether a subscription takes in events of a type."""
    return takes_in(asks_for(hub), event_type)


HUBS: Final = hubs(API, asks_for)
"""The subscriptions that were taken so far."""


def first_hub(run: Run, event_type: str) -> Exchange | None:
    """The first subscription that takes in events of a type."""
    return next((a.first for wanted, a in run.known(HUBS).alike.items() if takes_in(wanted, event_type)), None)


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
        made = said.run.known(HUBS).by_id.get(identifier)
        if not made:
            return
        asked = made[0].request.body
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
    known = said.run.known(HUBS)
    same = (hub for hub in known.by_id.get(identifier, ()) if hub.n < said.exchange.n and hub.n not in known.ends)
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
