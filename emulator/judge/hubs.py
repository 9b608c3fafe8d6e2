"""The subscriptions of a run. There can be thousands, and they ask for a few things: so they are told apart by these."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from itertools import accumulate
from typing import Final

from emulator.judge.fold import Fold
from emulator.judge.run import Run
from emulator.judge.showing import succeeded
from emulator.judge.times import CLOCKS, GRACE, ROUNDED, SKEW
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at
from emulator.standard.events import Query, query_of
from emulator.standard.formats import is_uri

SUBSCRIBE: Final = "registerListener"
UNSUBSCRIBE: Final = "unregisterListener"

Parties = tuple[tuple[str, str], ...]
"""Who asks, and whom: buyerId and sellerId of a request's query, where it has them."""

_FOREVER: Final = datetime.max.replace(tzinfo=UTC)


def asks_for(run: Run, made: Exchange) -> Query:
    """What a subscription is to."""
    return query_of(at(made.request.body, "/query"), run.kinds)


def parties_of(exchange: Exchange) -> Parties:
    """The buyerId and sellerId of a request."""
    named = {name: value for name, value in exchange.request.query if name in ("buyerId", "sellerId")}
    return tuple(sorted(named.items()))


def can_be_taken(run: Run, hub: Exchange) -> bool:
    """Whether nothing in the request for a subscription explains a refusal: it is as its contract asks, and its callback
    is the address of something on the web.
    """
    callback = at(hub.request.body, "/callback")
    web = isinstance(callback, str) and callback.lower().startswith(("http://", "https://")) and is_uri(callback)
    return web and run.rightly_asked(hub)


@dataclass(slots=True)
class Alike:
    """The subscriptions that ask for one thing: the first of them, how many are in force, what ended the last other."""

    first: Exchange
    in_force: int = 0
    ended: Exchange | None = None


@dataclass(slots=True)
class Hubs:
    """The subscriptions to an API that were taken so far, in order, and what is known of them.

    `by_id` has them by the id that they were given, `ends` the exchange that ended one by the number of the one that
    made it, `alike` those that ask for the same, `at_callback` those again, by the callback to which events go.
    """

    api: str
    made: list[Exchange] = field(default_factory=list)
    by_id: dict[str | None, list[Exchange]] = field(default_factory=dict)
    ends: dict[int, Exchange] = field(default_factory=dict)
    alike: dict[Query, Alike] = field(default_factory=dict)
    at_callback: dict[str, dict[Query, Alike]] = field(default_factory=dict)
    found: bool = False
    """Whether an event came to one of these callbacks, so that URLs tell whose an event is (a gateway can change them)."""
    _open: dict[str | None, list[Exchange]] = field(default_factory=dict)

    def take(self, run: Run, exchange: Exchange) -> None:
        """Take in the next exchange."""
        if exchange.api != self.api:
            return
        if exchange.kind == "notification":
            self.found = self.found or self._callback_of(exchange) is not None
        elif exchange.operation == SUBSCRIBE and succeeded(exchange):
            self._made(run, exchange)
        elif exchange.operation == UNSUBSCRIBE and succeeded(exchange):
            for made in self._open.pop(exchange.path_params.get("id"), ()):
                self._ended(run, made, exchange)

    def told_to(self, event: Exchange) -> Mapping[Query, Alike]:
        """The subscriptions that an event can follow from, by its URL; empty where it is none of theirs."""
        callback = self._callback_of(event)
        if callback is not None:
            return self.at_callback[callback]
        return {} if self.found else self.alike

    def _made(self, run: Run, exchange: Exchange) -> None:
        self.made.append(exchange)
        for group in self._groups(exchange):
            group.setdefault(asks_for(run, exchange), Alike(exchange)).in_force += 1
        identifier = at(exchange.response.body, "/id") if exchange.response else MISSING
        if identifier is None or isinstance(identifier, str):
            self.by_id.setdefault(identifier, []).append(exchange)
            self._open.setdefault(identifier, []).append(exchange)

    def _ended(self, run: Run, made: Exchange, by: Exchange) -> None:
        self.ends[made.n] = by
        for group in self._groups(made):
            alike = group[asks_for(run, made)]
            alike.in_force -= 1
            alike.ended = by

    def _groups(self, made: Exchange) -> Iterator[dict[Query, Alike]]:
        yield self.alike
        callback = at(made.request.body, "/callback")
        if isinstance(callback, str) and callback.strip("/"):
            yield self.at_callback.setdefault(callback.rstrip("/"), {})

    def _callback_of(self, event: Exchange) -> str | None:
        """The callback with which the URL of an event begins."""
        beginning = event.request.url.partition("?")[0]
        while beginning:
            if beginning in self.at_callback:
                return beginning
            beginning = beginning.rpartition("/")[0]
        return None


@cache
def hubs(api: str) -> Fold[Hubs]:
    """The subscriptions to an API."""
    return Fold(lambda: Hubs(api), Hubs.take)


def was_under_way(event: Exchange, happened: datetime | None, end: Exchange, run: Run) -> bool:
    """Whether an event that came after the end of a subscription can have been sent before it.

    It can where it comes soon, and what it tells of happened (by the Seller's clock) before the end. By that clock the
    end was when its answer says so (`Date`); without a word of it both clocks go alike.
    """
    ended = over(end)
    if run.lasted(ended, event.at) > run.spread(GRACE):
        return False
    return happened is None or happened <= max(ended + run.spread(ROUNDED), by_their_clock(end, ended))


def over(exchange: Exchange) -> datetime:
    """When an exchange was over."""
    return exchange.at + timedelta(milliseconds=exchange.elapsed_ms)


def by_their_clock(exchange: Exchange, ours: datetime) -> datetime:
    """When an exchange was over, by the clock of who answered: what its `Date` says, else the moment that it was by ours."""
    date = exchange.response.header("Date") if exchange.response else None
    if not date:
        return ours
    try:
        told = parsedate_to_datetime(date)
    except ValueError:
        return ours
    told = told if told.tzinfo else told.replace(tzinfo=UTC)
    return told + SKEW if abs(told - ours) <= CLOCKS else ours  # it tells whole seconds


# At the end of a run


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription that was taken; `ended` None says that it is in force.

    `heard` says whether its events are sure to stand in the transcript.
    """

    made: Exchange
    ended: Exchange | None
    query: Query
    parties: Parties
    heard: bool

    @property
    def types(self) -> frozenset[str] | None:
        """The event types that it names, None for all."""
        return self.query.types

    @property
    def until(self) -> datetime:
        """To when it was in force."""
        return self.ended.at if self.ended else _FOREVER

    def covers(self, event_type: str) -> bool:
        """Whether events of this type are asked for."""
        return self.query.covers(event_type)


@dataclass(frozen=True, slots=True)
class _Lasting:
    """Subscriptions that ask for the same, as they were made; for each the one that lasts longest of those up to it."""

    made: Sequence[int]
    longest: Sequence[Subscription]

    def before(self, n: int) -> Subscription | None:
        """Of those that were made before an exchange, the one that lasts longest."""
        spot = bisect_left(self.made, n)
        return self.longest[spot - 1] if spot else None

    def up_to(self, n: int) -> int:
        """How many were made before an exchange."""
        return bisect_left(self.made, n)


class Listening:
    """The subscriptions to an API, over a whole run."""

    def __init__(self, run: Run, api: str) -> None:
        known = run.known(hubs(api))
        rewritten = not known.found and bool(_events(run, api))
        self.all: Final = [
            Subscription(
                made, known.ends.get(made.n), asks_for(run, made), parties_of(made), rewritten or run.hears(made)
            )
            for made in known.made
        ]
        groups: dict[tuple[Query, Parties, bool], list[Subscription]] = {}
        for one in self.all:
            groups.setdefault((one.query, one.parties, one.heard), []).append(one)
        self._groups: Final = {key: _lasting(group) for key, group in groups.items()}

    def to(self, event_types: Iterable[str], before: int, *, parties: Parties | None = None) -> Iterator[Subscription]:
        """Of those that ask for an event of one of these types and were made before an exchange, of each sort the one
        that lasts longest. With `parties` only those who listen for themselves, and with no other condition.
        """
        types = tuple(event_types)
        for (query, mine, _), group in self._groups.items():
            if parties is not None and (mine != parties or query.others):
                continue
            if any(map(query.covers, types)) and (found := group.before(before)) is not None:
                yield found

    def count(self, event_type: str, before: int) -> int:
        """How many subscriptions to a type were made before an exchange."""
        return sum(group.up_to(before) for (query, _, _), group in self._groups.items() if query.covers(event_type))


def _lasting(group: Sequence[Subscription]) -> _Lasting:
    longest = accumulate(group, _longer)
    return _Lasting([one.made.n for one in group], list(longest))


def _longer(one: Subscription, other: Subscription) -> Subscription:
    return one if one.until >= other.until else other


def _events(run: Run, api: str) -> Sequence[Exchange]:
    return run.of(*(event.operation for event in run.kinds.telling(api)), api=api)


def subscriptions(run: Run, api: str) -> list[Subscription]:
    """Every subscription that the run saw taken, with its end."""
    return Listening(run, api).all
