"""Subscriptions and notifications (MEF 115, 6.7 and 6.8)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from math import inf
from typing import Final
from urllib.parse import parse_qsl

from emulator.judge.hubs import can_be_taken, hubs
from emulator.judge.rule import ANY_STATUS, FINE, Mark, Remark, on_party, on_response, requests, responses
from emulator.judge.rulebook import breach, hold
from emulator.judge.rules import common
from emulator.judge.rules.quote.book import OFFERED, QUOTE, items_by_id
from emulator.judge.run import QUOTE as KIND
from emulator.judge.run import Life, Run, Said, Shown
from emulator.wire.exchange import Exchange, Party
from emulator.wire.payload import at

_OF_QUOTE: Final = "listenToQuoteStateChangeEvent"
_OF_ITEM: Final = "listenToQuoteItemStateChangeEvent"
_TYPES: Final = {_OF_QUOTE: "quoteStateChangeEvent", _OF_ITEM: "quoteItemStateChangeEvent"}
_EVENTS: Final = requests("quote", *_TYPES)
_SUBSCRIBING: Final = responses("quote", "registerListener", statuses=ANY_STATUS)

_ON_ITS_WAY: Final = timedelta(seconds=30)
"""How long an event can be on its way: when it is sent, the guide does not say."""

common.repeats_parties(QUOTE, "R5")


# Subscriptions


def _asks_for(made: Exchange) -> frozenset[str] | None:
    """The event types that a subscription is to, None for all."""
    return _types(at(made.request.body, "/query"))


_HUBS: Final = hubs("quote", _asks_for)


def _wants(types: frozenset[str] | None, kind: str) -> bool:
    return types is None or kind in types


def _types(query: object) -> frozenset[str] | None:
    """The event types that a query names, by a comma or by naming eventType again; None where it names none."""
    if not isinstance(query, str):
        return None
    named = [value for name, value in parse_qsl(query) if name.strip() == "eventType"]
    types = frozenset(part.strip() for value in named for part in value.split(",") if part.strip())
    return types or None


@QUOTE.rule("O3", on=_SUBSCRIBING)
def a_subscription_is_taken_or_not_offered(said: Said) -> Iterator[Mark]:
    """registerListener: 201 with callback and query as they were sent, or 501. Faults of the request go elsewhere."""
    if said.status == 501:  # noqa: PLR2004
        yield FINE
    elif said.status in (404, 405):
        yield breach("", "201 or 501", said.status, f"registerListener was answered {said.status}: where subscriptions "
                                                    "are not offered, 501 says so")  # fmt: skip
    elif said.status == 201 and isinstance(said.asked, dict) and isinstance(said.body, dict):  # noqa: PLR2004
        yield from common.echo_marks(said.asked, said.body, "")


@QUOTE.rule("R55", on=_SUBSCRIBING, name="query")
def a_query_by_type_is_taken(said: Said) -> Iterator[Mark]:
    """Subscriptions to certain event types: taken, where subscriptions are offered at all."""
    types = _types(at(said.asked, "/query"))
    if types is None or not types <= set(_TYPES.values()):
        return
    if said.status == 201:  # noqa: PLR2004
        yield FINE
    elif said.status in (400, 422) and None in said.run.known(_HUBS).alike and can_be_taken(said.run, said.exchange):
        yield breach("", 201, said.status, f"a subscription to {', '.join(sorted(types))} was answered {said.status}")


# Events


@QUOTE.rule("O4", on=_EVENTS)
def events_go_where_their_type_belongs(said: Said) -> Iterator[Mark]:
    """The eventType of each notification, against the listener that it was sent to."""
    found = at(said.body, "/eventType")
    if found in _TYPES.values():
        wanted = _TYPES[str(said.exchange.operation)]
        yield hold("/eventType", found == wanted, expected=wanted, found=found,
                   message=f"an event of type {found} was sent to the listener for {wanted}")  # fmt: skip


@QUOTE.rule("R55", on=_EVENTS)
def events_are_of_a_type_that_was_asked_for(said: Said) -> Iterator[Mark]:
    """The type of each notification, against the types that the subscriptions name."""
    kind = _TYPES[str(said.exchange.operation)]
    active = said.run.known(_HUBS).in_force
    if not any(types is not None for types in active):
        return
    yield hold("/eventType", any(_wants(types, kind) for types in active), found=kind,
               expected=sorted({name for types in active for name in types or ()}),
               message=f"the buyer subscribed to other events than {kind}")  # fmt: skip


@QUOTE.rule("CR5", on=_EVENTS)
def nobody_else_is_told(said: Said) -> Iterator[Mark]:
    """Each notification against the subscriptions before it. Where none was seen, there may be one from before."""
    if not said.run.of("registerListener", api="quote"):
        return
    lately = said.exchange.at - said.run.spread(_ON_ITS_WAY)
    right = any(
        alike.in_force or (alike.ended is not None and alike.ended >= lately)
        for alike in said.run.known(_HUBS).alike.values()
    )
    yield hold("", right, expected="no notification", found=at(said.body, "/eventType"),
               message="the buyer is told of a quote and has no subscription")  # fmt: skip


QUOTE.present("R57", "/event", "/quoteItemId", on=requests("quote", _OF_ITEM))


@QUOTE.rule(on=requests("quote", _OF_ITEM), name="event-item")
def events_name_an_item_of_the_quote(said: Said) -> Iterator[Mark]:
    """The quoteItemId of each event, against the items of its quote."""
    life = said.run.life(KIND, at(said.body, "/event/id"))
    found = at(said.body, "/event/quoteItemId")
    shown = life.last_before(said.exchange) if life else None
    known = items_by_id(shown.value) if shown else {}
    if known and isinstance(found, str):
        yield hold("/event/quoteItemId", found in known, expected=sorted(known), found=found,
                   message=f"quote {at(said.body, '/event/id')} has no item {found}")  # fmt: skip


# What has to be told


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of a quote's state that a subscriber had to be told of, and whether there is an event for it.

    `sure`: had there been one, the transcript would hold it.
    """

    life: Life
    seen: Shown
    at_once: bool
    told: bool
    sure: bool


def _changes(run: Run) -> Iterator[_Change]:
    """Changes between two looks at a quote, both while somebody was subscribed to such events.

    An event names no state, so events and changes are matched by their number, in favour of the seller. A change
    is left out while its event can still be on its way.
    """
    known = run.known(_HUBS)
    subscriptions = [made for made in known.made if _wants(_asks_for(made), _TYPES[_OF_QUOTE])]
    all_of_them = _Lasting(subscriptions, known.ends)
    heard = _Lasting([made for made in subscriptions if run.hears(made)], known.ends)
    end = run.exchanges[-1].at if run.exchanges else None
    for life in run.lives(KIND) if subscriptions else ():
        if life.asked is None or end is None:
            continue
        first = life.shown[0].value.get("state")
        at_once = first in (*OFFERED, "unableToProvide")
        events = sum(exchange.operation == _OF_QUOTE for exchange in life.told)
        for before, after in zip(life.shown, life.shown[1:], strict=False):
            if before.value.get("state") == after.value.get("state"):
                continue
            if not all_of_them.cover(before.exchange, after.exchange):
                continue
            events -= 1
            if events >= 0 or end - after.exchange.at > run.spread(_ON_ITS_WAY):
                sure = heard.cover(before.exchange, after.exchange)
                yield _Change(life, after, at_once, told=events >= 0, sure=sure)


class _Lasting:
    """Subscriptions in the order in which they were made; for each the end of the last of those up to it."""

    def __init__(self, made: Sequence[Exchange], ends: Mapping[int, Exchange]) -> None:
        self._made = [one.n for one in made]
        self._last = list(accumulate((ends[n].n if n in ends else inf for n in self._made), max))

    def cover(self, first: Exchange, last: Exchange) -> bool:
        """Whether one was made before an exchange, and did not end up to another."""
        spot = bisect_left(self._made, first.n)
        return spot > 0 and self._last[spot - 1] > last.n


def _untold(change: _Change, why: str) -> Remark:
    state = change.seen.value.get("state")
    return on_response(change.seen.exchange, breach(
        f"{change.seen.place}/state", _TYPES[_OF_QUOTE], state,
        f"quote {change.life.id} became {state}, and no event told the buyer, who had subscribed ({why})"
        + ("" if change.sure else "; or was it told where nobody recorded it?"), hint=not change.sure))  # fmt: skip


def _deferred_told(run: Run) -> bool:
    return any(change.told for change in _changes(run) if not change.at_once)


def _immediate_told(run: Run) -> bool:
    return any(change.told for change in _changes(run) if change.at_once)


@QUOTE.at_end(("CR1", "R56"))
def deferred_answers_are_announced(run: Run) -> Iterator[Remark]:
    """Changes of quotes that were answered later: the buyer hears of them, if it is of one alone."""
    changes = [change for change in _changes(run) if not change.at_once]
    if any(change.told for change in changes):
        yield on_party(Party.SELLER, FINE)
    else:
        yield from (_untold(change, "nor of any other change") for change in changes[:1])


@QUOTE.at_end("CR3")
def the_end_of_immediate_answers_is_announced(run: Run) -> Iterator[Remark]:
    """Quotes that were answered at once and were accepted, declined or expired later."""
    for change in _changes(run):
        if change.at_once and change.seen.value.get("state") in ("accepted", "declined", "expired"):
            yield on_response(change.seen.exchange, FINE) if change.told else _untold(change, "answered at once")


@QUOTE.at_end("CR2")
def both_kinds_of_answers_are_announced(run: Run) -> Iterator[Remark]:
    """Notifications of quotes answered at once and of quotes answered later, both in one run."""
    if _deferred_told(run) and _immediate_told(run):
        yield on_party(Party.SELLER, FINE)


@QUOTE.at_end("CR4")
def every_change_is_announced(run: Run) -> Iterator[Remark]:
    """Each change of a quote, where the buyer is told of changes at all."""
    some = _deferred_told(run)
    for change in _changes(run):
        if change.told:
            yield on_response(change.seen.exchange, FINE)
        elif some and not change.at_once:  # of the others CR1 and CR3 speak
            yield _untold(change, "of other changes it was told")
