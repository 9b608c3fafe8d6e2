"""Subscriptions and notifications (MEF 87, 6.6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

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


@dataclass(frozen=True, slots=True)
class _Subscription:
    """A subscription that the run saw, with its end if there was one."""

    made: Exchange
    ended: Exchange | None

    @property
    def types(self) -> frozenset[str] | None:
        """The event types that it is narrowed to; None for all, or where we cannot tell."""
        return _types(self.made.request.body)

    def covers(self, event_type: str) -> bool:
        return self.types is None or event_type in self.types

    def who(self) -> dict[str, str]:
        return {name: value for name, value in self.made.request.query if name in WHO}


def _subscription_id(made: Exchange) -> str | None:
    body = made.response.body if made.response is not None else None
    found = body.get("id") if isinstance(body, dict) else None
    return found if isinstance(found, str) else None


def _subscriptions(run: Run, before: int) -> list[_Subscription]:
    """The subscriptions made before an exchange; those that ended before it with their end."""
    ends: dict[str | None, Exchange] = {
        exchange.path_params.get("id"): exchange
        for exchange in run.of("unregisterListener", api=API)
        if succeeded(exchange) and exchange.n < before
    }
    return [
        _Subscription(exchange, ends.get(_subscription_id(exchange)))
        for exchange in run.of("registerListener", api=API)
        if exchange.n < before and succeeded(exchange)
    ]


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


def _late(said: Said, end: Exchange) -> bool:
    """Whether an event happened before a subscription ended and was on its way."""
    happened = instant_of(at(said.body, "/eventTime"))
    return happened is not None and happened <= end.at


@POQ.rule("R44", on=TOLD)
def events_have_a_subscriber(said: Said) -> Iterator[Mark]:
    """An event comes while there is a subscription. Where the run saw none at all, one may be older than the run."""
    known = _subscriptions(said.run, said.exchange.n)
    if not known:
        return
    if any(each.ended is None for each in known):
        yield FINE
    elif not any(each.ended is not None and _late(said, each.ended) for each in known):
        yield breach("", "no event after the subscription ended", at(said.body, "/eventType"),
                     "an event was sent, though every subscription had ended")  # fmt: skip


@POQ.rule("R53", on=TOLD | responses(API, "registerListener", statuses=ANY_STATUS))
def events_are_of_the_types_wanted(said: Said) -> Iterator[Mark]:
    """Where subscriptions name event types, events are of these types; such a subscription is not refused."""
    if said.exchange.operation == "registerListener":
        wanted = _types(said.asked)
        right = wanted is not None and wanted <= set(EVENTS.values()) and said.exchange.n not in said.run.provoked
        if right and said.status == 400:  # noqa: PLR2004
            yield breach("", 201, said.status, "a subscription to event types was refused", hint=True)
        return
    event_type = EVENTS[str(said.exchange.operation)]
    known = _subscriptions(said.run, said.exchange.n)
    active = [each for each in known if each.ended is None]
    if not active or any(each.types is None for each in active):
        return
    if any(each.covers(event_type) for each in active):
        yield FINE
    elif not any(each.ended is not None and each.covers(event_type) and _late(said, each.ended) for each in known):
        yield breach("/eventType", sorted({name for each in active for name in each.types or ()}), event_type,
                     f"a {event_type} was sent, and nobody subscribed to these")  # fmt: skip


@POQ.rule(name="hub", on=responses(API, "registerListener"))
def a_subscription_is_as_it_was_asked_for(said: Said) -> Iterator[Mark]:
    """A subscription shows the callback and the query that were sent, and has an id of its own."""
    for name in ("callback", "query"):
        sent, found = at(said.asked, f"/{name}"), at(said.body, f"/{name}")
        if given(sent):
            yield hold(f"/{name}", sent == found, expected=sent, found=found)
    identifier = at(said.body, "/id")
    for each in _subscriptions(said.run, said.exchange.n) if isinstance(identifier, str) else ():
        if each.ended is None:
            yield hold("/id", _subscription_id(each.made) != identifier, expected="an id of its own", found=identifier,
                       message=f"subscription {identifier} was made before, by exchange {each.made.n}")  # fmt: skip


def _listening(run: Run, created: Exchange, event_type: str) -> bool:
    """Whether a subscription was there when a qualification was made, and to the end of the run."""
    who = {name: value for name, value in created.request.query if name in WHO}
    mine = [each for each in _subscriptions(run, created.n) if each.covers(event_type) and each.who() == who]
    ended = {exchange.path_params.get("id") for exchange in run.of("unregisterListener", api=API)}
    return any(_subscription_id(each.made) not in ended for each in mine)


_PATIENCE: Final = timedelta(minutes=1)


def _silence(run: Run, since: Exchange, about: Life) -> bool | None:
    """Whether an event that is due since then is lost: True where later ones came, False where a minute passed."""
    if any(event.n > since.n for event in about.told):
        return True
    return False if run.exchanges[-1].at - since.at >= run.spread(_PATIENCE) else None


@POQ.at_end("R45")
def a_new_qualification_is_announced(run: Run) -> Iterator[Remark]:
    """A poqCreateEvent follows each qualification that is made while somebody listens."""
    for life in run.lives(KIND):
        if life.asked is None:
            continue
        told = [event for event in life.told if event.operation == "poqCreateEvent"]
        if told:
            yield on_request(told[0], FINE)
        elif _listening(run, life.asked, "poqCreateEvent"):
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
        elif _listening(run, life.asked, "poqStateChangeEvent") and _silence(run, seen.exchange, life) is not None:
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
        for shown in life.shown if events else ():
            before = [event for event in events if event.n < shown.exchange.n]
            told = {str(at(event.request.body, "/eventId")) for event in before}
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
