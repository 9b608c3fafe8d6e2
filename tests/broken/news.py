"""What a seller does wrong, or otherwise than ours and yet right, with its notifications: changes of a recorded run."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from emulator.record.exchange import Exchange, Response
from emulator.record.payload import dump

Change = Callable[[list[Exchange]], list[Exchange]]
_DATES = re.compile(rb'("(?:changeDate|eventTime|orderDate|quoteDate|creationDate)": ?")([^"]+)(")')


def is_event(exchange: Exchange, event_type: str | None = None) -> bool:
    """Whether an exchange is a notification, of a type."""
    return exchange.kind == "notification" and event_type in (None, exchange.request.body["eventType"])


def in_order(exchanges: Iterable[Exchange]) -> list[Exchange]:
    """Numbered again, as they stand."""
    return [replace(exchange, n=n) for n, exchange in enumerate(exchanges, 1)]


def later(exchange: Exchange, seconds: float) -> Exchange:
    return replace(exchange, at=exchange.at + timedelta(seconds=seconds))


def lasting(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """The run up to the end of its subscription, and with a last look when every event has had its time."""
    kept = [*takewhile(lambda exchange: exchange.operation != "unregisterListener", exchanges)]
    look = next(exchange for exchange in reversed(kept) if exchange.request.method == "GET")
    return [*kept, replace(look, at=kept[-1].at + timedelta(seconds=90))]


def saying(exchange: Exchange, **about: Any) -> Exchange:
    """An event that says something else; members of its `event` by their name, its own by theirs."""
    body = json.loads(exchange.request.raw)
    for name, value in about.items():
        (body if name.startswith("event") else body["event"])[name] = value
    return replace(exchange, request=replace(exchange.request, raw=dump(body)))


def first_of(exchanges: Sequence[Exchange], event_type: str) -> int:
    return next(spot for spot, exchange in enumerate(exchanges) if is_event(exchange, event_type))


# Wrong


def without(*event_types: str) -> Change:
    """No event of these types, or none at all."""
    return lambda run: [one for one in run if not any(is_event(one, each) for each in event_types or (None,))]


def without_first(event_type: str) -> Change:
    def change(run: list[Exchange]) -> list[Exchange]:
        spot = first_of(run, event_type)
        return [*run[:spot], *run[spot + 1 :]]

    return change


def without_beside(event_type: str, other: str) -> Change:
    """No event of a type that tells of the same moment as one of another type: one stands for both."""

    def moment(one: Exchange) -> tuple[str, str]:
        return one.request.body["event"]["id"], one.request.body["eventTime"]

    def change(run: list[Exchange]) -> list[Exchange]:
        moments = {moment(one) for one in run if is_event(one, other)}
        return [one for one in run if not (is_event(one, event_type) and moment(one) in moments)]

    return change


def denied(operation: str) -> Change:
    """What is read by its id is not there for this buyer."""
    missing = dump({"code": "notFound", "reason": "You have no such thing"})
    return lambda run: [
        replace(one, response=replace(one.response, raw=missing, status=404))
        if one.response and one.operation == operation
        else one
        for one in run
    ]


def changed(event_type: str, **about: Any) -> Change:
    """The first event of a type says something else."""

    def change(run: list[Exchange]) -> list[Exchange]:
        spot = first_of(run, event_type)
        return [*run[:spot], saying(run[spot], **about), *run[spot + 1 :]]

    return change


def days_off(event_type: str, days: int) -> Change:
    def change(run: list[Exchange]) -> list[Exchange]:
        event = run[first_of(run, event_type)]
        told = datetime.fromisoformat(event.request.body["eventTime"]) + timedelta(days=days)
        return changed(event_type, eventTime=told.isoformat())(run)

    return change


def again(event_type: str, **about: Any) -> Change:
    """The last event of a type comes twice; the second says something else."""

    def change(run: list[Exchange]) -> list[Exchange]:
        spot = max(spot for spot, exchange in enumerate(run) if is_event(exchange, event_type))
        return [*run[: spot + 1], saying(run[spot], **about), *run[spot + 1 :]]

    return change


def after_the_end(seconds: float, happened: float) -> Change:
    """Once more the last event, so many seconds after the end of the subscription; it says when it happened."""

    def change(run: list[Exchange]) -> list[Exchange]:
        event = next(exchange for exchange in reversed(run) if is_event(exchange))
        spot = next(spot for spot, one in enumerate(run)
                    if one.operation == "unregisterListener" and one.api == event.api)  # fmt: skip
        end = run[spot].at
        told = (end + timedelta(seconds=happened)).isoformat()
        late = replace(saying(event, eventId="late", eventTime=told), at=end + timedelta(seconds=seconds))
        return [*run[: spot + 1], late, *run[spot + 1 :]]

    return change


# Right


def slow(seed: int) -> Change:
    """Each event takes up to 25 seconds, within the run."""

    def change(run: list[Exchange]) -> list[Exchange]:
        chance, end = random.Random(seed), run[-1].at
        slowed = [later(one, chance.uniform(0, 25)) if is_event(one) else one for one in run]
        return sorted((replace(one, at=min(one.at, end)) for one in slowed), key=lambda one: one.at)

    return change


def all_at_the_end(run: list[Exchange]) -> list[Exchange]:
    others = [one for one in run if not is_event(one)]
    return [*others, *(replace(one, at=others[-1].at) for one in run if is_event(one))]


def ahead(seconds: float) -> Change:
    """The seller's clock is ahead, or behind."""

    def moved(raw: bytes) -> bytes:
        def move(found: re.Match[bytes]) -> bytes:
            told = datetime.fromisoformat(found[2].decode()) + timedelta(seconds=seconds)
            return found[1] + told.isoformat(timespec="milliseconds").replace("+00:00", "Z").encode() + found[3]

        return _DATES.sub(move, raw)

    def change(run: list[Exchange]) -> list[Exchange]:
        return [
            replace(one, request=replace(one.request, raw=moved(one.request.raw)))
            if is_event(one)
            else replace(one, response=replace(one.response, raw=moved(one.response.raw)))
            if one.response
            else one
            for one in run
        ]

    return change


def tried_again(run: list[Exchange]) -> list[Exchange]:
    """No event is taken the first time."""
    refusal = dump({"code": "internalError", "reason": "Not now"})
    tried = []
    for one in run:
        if is_event(one) and one.response:
            headers = (("Content-Type", "application/json;charset=utf-8"),)
            tried.append(replace(one, response=Response(headers, refusal, 500)))
        tried.append(later(one, 0.2) if is_event(one) else one)
    return tried


def subscribed_twice(run: list[Exchange]) -> list[Exchange]:
    """Each subscription is made twice, and each event sent for both, under an id of its own."""
    doubled = []
    for one in run:
        doubled.append(one)
        if one.operation == "registerListener" and one.response:
            shown = {**json.loads(one.response.raw), "id": "the-other"}
            doubled.append(replace(one, response=replace(one.response, raw=dump(shown))))
        elif is_event(one):
            doubled.append(saying(one, eventId=f"{one.request.body['eventId']}-b"))
    return doubled


def of_another_run(run: list[Exchange]) -> list[Exchange]:
    """Another buyer of the same partner listens beside us, and its events stand in the record as well."""
    both = []
    for one in run:
        both.append(one)
        if is_event(one):
            theirs = saying(one, eventId=f"{one.request.body['eventId']}-b", id="theirs", href="http://seller/theirs")
            url = theirs.request.url.replace("/r/played", "/r/another")
            both.append(replace(theirs, request=replace(theirs.request, url=url)))
    return both
