"""Subscriptions and notifications (MEF 87, 6.6)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

from emulator.judge.fold import Fold
from emulator.judge.hubs import can_be_taken
from emulator.judge.rule import ANY_STATUS, FINE, Mark, Remark, on_request, on_response, requests, responses
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules.poq.book import (
    API,
    CHANGES,
    EVENTS,
    FINAL,
    POQ,
    RETRIEVE,
    STATES,
    TOLD,
    instant_of,
    items_by_id,
)
from emulator.judge.rules.poq.listing import WHO
from emulator.judge.rules.poq.living import SKEW
from emulator.judge.run import POQ as KIND
from emulator.judge.run import Life, Run, Said, succeeded
from emulator.wire.exchange import Exchange
from emulator.wire.payload import MISSING, at

# 6.6 notifications


def _subscription_id(made: Exchange) -> str | None:
    body = made.response.body if made.response is not None else None
    found = body.get("id") if isinstance(body, dict) else None
    return found if isinstance(found, str) else None


Types = frozenset[str] | None
"""The event types that a subscription is narrowed to; None for all, or where we cannot tell."""


@dataclass
class _Subscriptions:
    """The subscriptions that the run saw, and the exchanges that ended some, by their ids.

    `in_force` counts those that did not end by their types; `ended` tells when the others did, by types and ids.
    """

    made: dict[str | None, list[Exchange]] = field(default_factory=dict)
    ends: dict[str | None, Exchange] = field(default_factory=dict)
    in_force: Counter[Types] = field(default_factory=Counter)
    ended: dict[Types, dict[str | None, datetime]] = field(default_factory=lambda: defaultdict(dict))

    def active(self) -> list[Types]:
        """What those are narrowed to that did not end."""
        return [types for types, count in self.in_force.items() if count]

    def take(self, _run: Run, exchange: Exchange) -> None:
        if exchange.api != API or not succeeded(exchange):
            return
        if exchange.operation == "registerListener":
            identifier, types = _subscription_id(exchange), _types(exchange.request.body)
            self.made.setdefault(identifier, []).append(exchange)
            self.in_force[types] += identifier not in self.ends
            if identifier in self.ends:
                self.ended[types][identifier] = self.ends[identifier].at
        elif exchange.operation == "unregisterListener":
            identifier = exchange.path_params.get("id")
            again, self.ends[identifier] = identifier in self.ends, exchange
            for made in self.made.get(identifier, ()):
                types = _types(made.request.body)
                self.in_force[types] -= not again
                self.ended[types][identifier] = exchange.at


_SUBSCRIPTIONS: Final = Fold(_Subscriptions, _Subscriptions.take)


def _covers(types: Types, event_type: str) -> bool:
    return types is None or event_type in types


def _types(subscription: Any) -> frozenset[str] | None:
    query = subscription.get("query") if isinstance(subscription, dict) else None
    return _types_of(query) if isinstance(query, str) else None


@lru_cache(maxsize=64)
def _types_of(query: str) -> frozenset[str] | None:
    found: set[str] = set()
    for part in unquote(query).strip().removeprefix("?").split("&"):
        name, _, values = part.partition("=")
        if name.strip() != "eventType":
            return None
        found |= {value.strip() for value in values.split(",") if value.strip()}
    return frozenset(found) or None


def _late(said: Said, ends: Iterable[datetime]) -> bool:
    """Whether an event happened before a subscription ended and was on its way."""
    happened = instant_of(at(said.body, "/eventTime"))
    return happened is not None and any(happened <= end for end in ends)


@POQ.rule("R44", on=TOLD)
def events_have_a_subscriber(said: Said) -> Iterator[Mark]:
    """An event comes while there is a subscription. Where the run saw none at all, one may be older than the run."""
    known = said.run.known(_SUBSCRIPTIONS, before=said.exchange)
    if not known.made:
        return
    if known.active():
        yield FINE
    elif not _late(said, (end for ended in known.ended.values() for end in ended.values())):
        yield breach("", "no event after the subscription ended", at(said.body, "/eventType"),
                     "an event was sent, though every subscription had ended")  # fmt: skip


@POQ.rule("R53", on=TOLD | responses(API, "registerListener", statuses=ANY_STATUS))
def events_are_of_the_types_wanted(said: Said) -> Iterator[Mark]:
    """Where subscriptions name event types, events are of these types; such a subscription is not refused."""
    if said.exchange.operation == "registerListener":
        wanted = _types(said.asked)
        right = wanted is not None and wanted <= set(EVENTS.values())
        if right and said.status == 400 and can_be_taken(said.run, said.exchange):  # noqa: PLR2004
            yield breach("", 201, said.status, "a subscription to event types was refused", hint=True)
        return
    event_type = EVENTS[str(said.exchange.operation)]
    known = said.run.known(_SUBSCRIPTIONS, before=said.exchange)
    active = known.active()
    if not active or None in active:
        return
    if any(_covers(types, event_type) for types in active):
        yield FINE
    elif not _late(
        said, (end for types, ended in known.ended.items() if _covers(types, event_type) for end in ended.values())
    ):
        yield breach("/eventType", sorted({name for types in active for name in types or ()}), event_type,
                     f"a {event_type} was sent, and nobody subscribed to these")  # fmt: skip


@POQ.rule(name="hub", on=responses(API, "registerListener"))
def a_subscription_is_as_it_was_asked_for(said: Said) -> Iterator[Mark]:
    """A subscription shows the callback and the query that were sent, and has an id of its own."""
    for name in ("callback", "query"):
        sent, found = at(said.asked, f"/{name}"), at(said.body, f"/{name}")
        if given(sent):
            yield hold(f"/{name}", sent == found, expected=sent, found=found)
    identifier = at(said.body, "/id")
    known = said.run.known(_SUBSCRIPTIONS, before=said.exchange)
    if isinstance(identifier, str) and known.active():
        yield FINE
        for made in known.made.get(identifier, ()) if identifier not in known.ends else ():
            yield breach("/id", "an id of its own", identifier,
                         f"subscription {identifier} was made before, by exchange {made.n}")  # fmt: skip


Listener = tuple[Types, tuple[tuple[str, str], ...]]
"""The event types of a subscription, and for whom it was made."""


def _listeners(run: Run) -> dict[Listener, int]:
    """Who listened to the end of the run, each with the number of the exchange since which it did."""
    ended = {exchange.path_params.get("id") for exchange in run.of("unregisterListener", api=API)}
    found: dict[Listener, int] = {}
    for made in run.of("registerListener", api=API):
        if succeeded(made) and _subscription_id(made) not in ended:
            found.setdefault((_types(made.request.body), _who(made)), made.n)
    return found


def _who(exchange: Exchange) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({name: value for name, value in exchange.request.query if name in WHO}.items()))


def _listening(listeners: Mapping[Listener, int], created: Exchange, event_type: str) -> bool:
    """Whether a subscription was there when a qualification was made, and to the end of the run."""
    mine = _who(created)
    return any(n < created.n and who == mine and _covers(types, event_type) for (types, who), n in listeners.items())


_PATIENCE: Final = timedelta(minutes=1)


def _silence(run: Run, since: Exchange, about: Life) -> bool | None:
    """Whether an event that is due since then is lost: True where later ones came, False where a minute passed."""
    if about.told and about.told[-1].n > since.n:
        return True
    return False if run.exchanges[-1].at - since.at >= run.spread(_PATIENCE) else None


@POQ.at_end("R45")
def a_new_qualification_is_announced(run: Run) -> Iterator[Remark]:
    """A poqCreateEvent follows each qualification that is made while somebody listens."""
    listeners = _listeners(run)
    for life in run.lives(KIND):
        if life.asked is None:
            continue
        told = [event for event in life.told if event.operation == "poqCreateEvent"]
        if told:
            yield on_request(told[0], FINE)
        elif _listening(listeners, life.asked, "poqCreateEvent"):
            lost = _silence(run, life.asked, life)
            if lost is not None:
                yield on_response(
                    life.asked,
                    breach("", "a poqCreateEvent", MISSING, f"no poqCreateEvent told of qualification {life.id}",
                           hint=not lost),
                )  # fmt: skip


@POQ.rule("R46", on=requests(API, *CHANGES))
def an_answer_at_once_has_no_changes(said: Said) -> Iterator[Mark]:
    """Changes of state are told of qualifications that were not answered at once."""
    life = said.run.life(KIND, at(said.body, "/event/id"))
    if life is not None and life.asked is not None and life.asked.response is not None:
        first = at(life.asked.response.body, "/state")
        if first in STATES:
            yield hold("/event/id", first not in FINAL, expected="a qualification that was answered later",
                       found=life.id, message=f"qualification {life.id} was {first} from the start; "
                                              "there is no change to tell of")  # fmt: skip


@POQ.at_end(name="change-told")
def a_change_is_announced(run: Run) -> Iterator[Remark]:
    """A poqStateChangeEvent follows a change of state that a read shows, while somebody listens (6.2.3)."""
    listeners = _listeners(run)
    for life in run.lives(KIND):
        if life.asked is None or life.asked.response is None:
            continue
        first = at(life.asked.response.body, "/state")
        seen = next((shown for shown in life.shown if shown.value.get("state") != first), None)
        if first in FINAL or seen is None:
            continue
        told = [event for event in life.told if event.operation == "poqStateChangeEvent"]
        if told:
            yield on_request(told[0], FINE)
        elif (
            _listening(listeners, life.asked, "poqStateChangeEvent") and _silence(run, seen.exchange, life) is not None
        ):
            yield on_response(
                seen.exchange,
                breach(f"{seen.place}/state", "a poqStateChangeEvent", MISSING,
                       f"qualification {life.id} is {seen.value.get('state')}, and no poqStateChangeEvent told of it",
                       hint=True),
            )  # fmt: skip


@POQ.rule(name="event-type", on=TOLD)
def an_event_goes_to_its_listener(said: Said) -> Iterator[Mark]:
    """The eventType is that of the listener it is sent to (6.6)."""
    wanted, found = EVENTS[str(said.exchange.operation)], at(said.body, "/eventType")
    if found in EVENTS.values():
        yield hold("/eventType", found == wanted, expected=wanted, found=found,
                   message=f"a {found} was sent to the listener of {wanted}")  # fmt: skip


@POQ.rule(name="event-time", on=TOLD)
def an_event_happened_in_its_time(said: Said) -> Iterator[Mark]:
    """The eventTime is not later than the event came, nor before its qualification was asked for, give or take an hour."""
    happened = instant_of(at(said.body, "/eventTime"))
    if happened is None:
        return
    life, skew = said.run.life(KIND, at(said.body, "/event/id")), said.run.spread(SKEW)
    first = life.asked.at if life is not None and life.asked is not None else None
    if happened > said.exchange.at + skew:
        yield breach("/eventTime", f"{said.exchange.at.isoformat()} at the latest", at(said.body, "/eventTime"),
                     "the event came before it happened", hint=True)  # fmt: skip
    elif first is not None and happened < first - skew:
        yield breach("/eventTime", f"{first.isoformat()} at the earliest", at(said.body, "/eventTime"),
                     "the event happened before its qualification was asked for", hint=True)  # fmt: skip
    else:
        yield FINE


@POQ.rule(name="event-item", on=requests(API, "listenToPoqItemStateChangeEvent"))
def an_item_event_names_an_item(said: Said) -> Iterator[Mark]:
    """The poqItemId of a poqItemStateChangeEvent is there, and names an item of the qualification."""
    found = at(said.body, "/event/poqItemId")
    life = said.run.life(KIND, at(said.body, "/event/id"))
    if found in (MISSING, None, ""):
        yield breach("/event/poqItemId", "the id of an item", found, "the event does not say which item changed",
                     hint=True)  # fmt: skip
    elif isinstance(found, str) and life is not None:
        whole = life.last_before(said.exchange)
        known = {**items_by_id(life.request), **items_by_id(whole.value if whole else None)}
        if known:
            yield hold("/event/poqItemId", found in known, expected=list(known), found=found,
                       message=f"qualification {life.id} has no item {found}")  # fmt: skip


@POQ.at_end(name="event-known")
def events_are_about_what_there_is(run: Run) -> Iterator[Remark]:
    """An event is about a qualification that the run shows; a read of it is not answered 404."""
    reads = {exchange.path_params.get("id"): exchange for exchange in run.of(RETRIEVE, api=API)}
    for life in run.lives(KIND):
        for event in life.told[:1]:
            read = reads.get(life.id)
            gone = read is not None and read.n > event.n and read.response is not None and read.response.status == 404  # noqa: PLR2004
            if life.shown:
                yield on_request(event, FINE)
            else:
                yield on_request(
                    event,
                    breach("/event/id", "a qualification of this run", life.id,
                           f"the event is about qualification {life.id}, "
                           + ("which is not found" if gone else "which the run does not show"),
                           hint=not gone),
                )  # fmt: skip


@POQ.at_end(name="event-id")
def each_event_has_its_id(run: Run) -> Iterator[Remark]:
    """Two different events do not share an eventId; the same event may be sent again."""
    seen: dict[str, tuple[Any, ...]] = {}
    for exchange in run.of(*EVENTS, api=API):
        body = exchange.request.body
        identifier = at(body, "/eventId")
        if isinstance(identifier, str):
            told = tuple(str(at(body, place)) for place in ("/eventType", "/event/id", "/event/poqItemId"))
            right = seen.setdefault(identifier, told) == told
            yield on_request(
                exchange,
                FINE if right else breach("/eventId", "an id of its own", identifier,
                                          f"another event had the eventId {identifier}", hint=True),
            )  # fmt: skip


_STEPS: Final = {"acknowledged": 0, "inProgress": 1, **dict.fromkeys(FINAL, 2)}
"""How many changes of state a qualification has behind it."""


@POQ.at_end(name="event-changes")
def a_change_that_is_told_took_place(run: Run) -> Iterator[Remark]:
    """By the time a read shows a state, no more changes were told of than lead to it."""
    for life in run.lives(KIND):
        events = [event for event in life.told if event.operation == "poqStateChangeEvent"]
        before: list[Exchange] = []
        told: set[str] = set()
        for shown in life.shown if events else ():
            while len(before) < len(events) and events[len(before)].n < shown.exchange.n:
                before.append(events[len(before)])
                told.add(str(at(before[-1].request.body, "/eventId")))
            steps = _STEPS.get(str(shown.value.get("state")))
            if before and steps is not None:
                right = len(told) <= steps
                yield on_request(
                    before[-1],
                    FINE if right else breach("/event/id", f"{steps} changes at most", len(told),
                                              f"{len(told)} changes of qualification {life.id} were told of, "
                                              f"and exchange {shown.exchange.n} shows {shown.value.get('state')}",
                                              hint=True),
                )  # fmt: skip
                if not right:
                    break
