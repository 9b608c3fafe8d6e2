"""What a subscriber had to be told of a resource: it follows from what reads and answers showed.

A change counts by the `stateChange` of the resource, or of its item, where that is told, and else between two looks.
Nothing is due of what the answer to the request showed already (MEF 87 6.6, MEF 115 6.8, MEF 123 6.16).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from emulator.judge.hubs import Listening, Subscription, over, parties_of
from emulator.judge.run import Life, Run, Shown, View
from emulator.judge.times import CLOCKS, GRACE
from emulator.standard.kinds.facts import Event, EventClass, Kind
from emulator.standard.kinds.facts import History as Log
from emulator.standard.kinds.load import ReleaseKinds
from emulator.wire.exchange import Exchange
from emulator.wire.payload import MISSING, at, every

if TYPE_CHECKING:
    from emulator.judge.ledger import Told


@dataclass(frozen=True, slots=True)
class News:
    """What is told of a kind of resource: the types of its events.

    `state` tells of a new state, and so does that of `ends`, by the state, in its place; those of `reached` come beside
    it. `sets` are those of members of items that get a value, by the member. `choice` are the types that a Seller of events
    need not have: they are due where a subscription names them, or where the Seller sends them.
    """

    kind: Kind
    state: str = ""
    created: str = ""
    items: str = ""
    sets: Mapping[str, str] = field(default_factory=dict)
    choice: tuple[Event, ...] = ()
    ends: Mapping[str, str] = field(default_factory=dict)
    reached: Mapping[str, str] = field(default_factory=dict)

    def types(self, state: str) -> tuple[str, ...]:
        """The events that tell of a new state; any of them will do."""
        return tuple(one for one in (self.state, self.ends.get(state)) if one)


def news_of(kinds: ReleaseKinds) -> Iterator[News]:
    """The kinds of resource that there are events of."""
    for kind in kinds:
        events = [event for event in kinds.telling(kind.api) if event.kind == kind.name and not event.said.get("never")]
        if events:
            ends = [event for event in events if event.cls == "reached" and not event.of and not event.item]
            before = f"{kind.items_at}/*/"
            yield News(
                kind,
                _type(events, "state"),
                _type(events, "create"),
                _type(events, "state", item=True),
                {e.member.removeprefix(before): e.type for e in events if e.cls == "set" and e.item},
                tuple(event for event in events if event.optional),
                {event.state: event.type for event in ends if event.instead},
                {event.state: event.type for event in ends if not event.instead and not event.said},
            )


def _type(events: Sequence[Event], cls: EventClass, *, item: bool = False) -> str:
    return next((event.type for event in events if (event.cls, event.item) == (cls, item)), "")


class Mark(StrEnum):
    """What is worth saying of an event, or of something that had to be told."""

    DELIVERED = "delivered"  # told, in time
    LATE = "late"  # told, after the time allowed
    AWAITED = "awaited"  # not told, and it could still come
    NEVER_ARRIVED = "never_arrived"  # not told within the time allowed
    DUPLICATE = "duplicate"  # an event that was taken before came again
    REPEATED = "repeated"  # an event that was not taken came again, as it should
    OUT_OF_ORDER = "out_of_order"  # it happened before another event that arrived before it
    AFTER_UNREGISTER = "after_unregister"  # every subscription that it could follow from had ended
    WRONG_TYPE = "wrong_type"  # no subscription in force names its type, or its listener is another type's
    CONTRADICTS = "contradicts"  # reads show something else
    UNCONFIRMED = "unconfirmed"  # no read has shown what it tells of; it may still be right


@dataclass(slots=True)
class Due:
    """Something that had to be told, by one of `types`: a new state (or the resource itself, or an item's state).

    `moment` is when it happened, by the clock of who tells, or where nothing tells that (`exact` is False), when it was
    `seen`; `set` is the member that got a value. It did not happen before `since`, and had happened by `latest`, by the clock of the transcript. `hub` is the
    subscription that asked for it; `cut_off` says that it ended while the event could be under way.
    """

    types: tuple[str, ...]
    state: str
    moment: datetime
    shown: Shown
    exact: bool
    since: datetime
    latest: datetime
    item: str | None = None
    set: str = ""
    created: bool = False
    hub: Subscription | None = None
    cut_off: bool = False
    told: Told | None = None
    mark: Mark = Mark.AWAITED

    @property
    def seen(self) -> Exchange:
        """The exchange that showed it."""
        return self.shown.exchange

    @property
    def what(self) -> str:
        """What happened, in words."""
        if self.created:
            return "it came into being"
        if self.set:
            return f"item {self.item} got its {self.set}"
        return f"item {self.item} became {self.state}" if self.item else f"it became {self.state}"

    @property
    def known(self) -> datetime:
        """From when on its event is waited for; the partner's clock may be ahead of ours."""
        return min(self.moment, self.seen.at)

    @property
    def sure(self) -> bool:
        """Whether its event, had it been sent, would stand in the transcript."""
        return self.hub is not None and self.hub.heard


def moment_of(text: Any) -> datetime | None:
    """A date-time with a time zone, or None."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text.strip().upper().replace(":60", ":59"))
    except ValueError:
        return None
    return found if found.tzinfo else None


History = list[tuple[datetime, str]]


def history_of(value: Any, log: Log | None) -> History:
    """The changes of state that a resource or an item tells of itself, oldest first; empty where one cannot be read, or
    where its kind keeps none.

    An entry that tells of the state that was there before is no change.
    """
    entries = at(value, log.at) if log else MISSING
    if log is None or not isinstance(entries, list):
        return []
    found = [(moment_of(at(entry, f"/{log.moment}")), at(entry, f"/{log.state}")) for entry in entries]
    told = [(moment, state) for moment, state in found if moment is not None and isinstance(state, str)]
    if len(told) < len(found):
        return []
    if told and told[0][0] > told[-1][0]:
        told.reverse()  # newest first: so are those of one moment
    told.sort(key=lambda entry: entry[0])
    return [entry for spot, entry in enumerate(told) if not spot or entry[1] != told[spot - 1][1]]


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at a resource, or at an item: where it was shown, its value, and the history that it tells."""

    shown: Shown
    value: Mapping[str, Any]
    state: str
    history: History


class Owing:
    """What was due of the resources of one kind."""

    def __init__(self, run: Run, news: News, listening: Listening) -> None:
        self._run, self._news, self._listening = run, news, listening
        self._grace = run.spread(GRACE)
        self._choice: Final = {one.type for one in news.choice}
        self._sent: Final = {one.type for one in news.choice if run.of(one.operation, api=news.kind.api)}

    def of(self, life: Life) -> list[Due]:
        """What was due of a resource, in the order of time."""
        found = []
        for before, due in self._happened(life):
            due.hub = self._asked_for(life, due, before)
            if due.hub is not None:
                due.cut_off = not self._lasts(due.hub, due)
                found.append(due)
        return sorted(found, key=lambda due: due.moment)

    def _happened(self, life: Life) -> Iterator[tuple[Exchange, Due]]:
        """What happened, each with the last exchange of which it is known that it was before it."""
        if not life.shown or not self._listening.all:
            return
        news, lead = self._news, _lead(life, self._grace)
        if news.created:
            yield from self._creation(life, news.created)
        kind, items = news.kind, news.kind.items
        looks = list(_looks(((shown, shown.value) for shown in life.shown), kind.state_at, kind.history))
        for before, due in self._changes(looks, news.types, lead):
            yield before, due
        if news.reached:
            yield from self._changes(looks, lambda state: (news.reached[state],) if state in news.reached else (), lead)
        if items and (news.items or news.sets):
            types = (news.items,) if news.items else ()

            def of_item(_state: str) -> tuple[str, ...]:
                return types

            for item, values in _by_item(life, items.at).items():
                for before, due in self._changes(list(_looks(values, items.state.at, items.history)), of_item, lead):
                    due.item = item
                    yield before, due
                for member, event_type in news.sets.items():
                    yield from self._set(values, member, event_type, item)

    def _creation(self, life: Life, event_type: str) -> Iterator[tuple[Exchange, Due]]:
        """A resource came into being: in answer to a request, or (a charge) at some time after its order was placed."""
        first = life.shown[0]
        begun = life.asked
        if begun is None:
            begun = next(self._raised_by(life.kind, first.value), None)
        told = moment_of(at(first.value, "/creationDate")) if life.asked is None else None
        since = begun.at if begun else first.exchange.at - self._run.spread(CLOCKS)
        yield begun or first.exchange, Due(
            (event_type,), str(at(first.value, life.kind.state_at)), told or first.exchange.at, first, told is not None,
            since - self._grace, over(first.exchange), created=True,
        )  # fmt: skip

    def _raised_by(self, kind: Kind, value: Any) -> Iterator[Exchange]:
        """The requests that made what a resource comes up beside, such as the order of a charge."""
        beside = kind.said.get("raised", {}).get("beside", ())
        for reference in kind.references:
            if reference.to in beside and self._run.kinds.kind(reference.to).task is None:
                life = self._run.life(reference.to, at(value, f"{reference.at}/{reference.id}"))
                if life and life.asked:
                    yield life.asked

    def _changes(
        self, looks: Sequence[_Look], types: Callable[[str], tuple[str, ...]], lead: timedelta | None
    ) -> Iterator[tuple[Exchange, Due]]:
        """New states after the first look: by the history where one is told, else between two looks. A state of which no
        event tells is passed over.
        """
        last = next((spot for spot in range(len(looks) - 1, 0, -1) if looks[spot].history), 0)
        telling = [look for spot, look in enumerate(looks) if not spot or spot >= last or look.history]
        for before, after in pairwise(telling):
            news = _new(before, after)
            early, latest = before.shown.exchange, over(after.shown.exchange)
            for moment, state in news:
                ours = latest if lead is None else min(max(moment - lead, early.at), latest)
                since = moment - self._run.spread(CLOCKS)
                yield early, Due(types(state), state, moment, after.shown, exact=True, since=since, latest=ours)
            if not news and before.state != after.state:
                yield early, Due(types(after.state), after.state, after.shown.exchange.at, after.shown, exact=False,
                                 since=early.at - self._grace, latest=latest)  # fmt: skip

    def _set(
        self, values: Sequence[tuple[Shown, Mapping[str, Any]]], member: str, event_type: str, item: str
    ) -> Iterator[tuple[Exchange, Due]]:
        """A member of an item that had no value, and has one; of a list nobody can say when its entries came."""
        for (before, old), (after, new) in pairwise(values):
            found = at(new, f"/{member}")
            if isinstance(found, str) and at(old, f"/{member}") in (MISSING, None):
                seen = after.exchange
                yield before.exchange, Due((event_type,), found, seen.at, after, exact=False, item=item, set=member,
                                           since=before.exchange.at - self._grace, latest=over(seen))  # fmt: skip

    def _asked_for(self, life: Life, due: Due, before: Exchange) -> Subscription | None:
        """The subscription for which it was due: one that was made before it, and not ended before it.

        Of several one that lasted until its event could come, that we hear, and that names the type.
        """
        parties = parties_of(life.asked or life.shown[0].exchange)
        happened = due.moment if due.exact else before.at
        mine = [
            hub
            for hub in self._listening.to(due.types, before.n, parties=parties)
            if hub.until >= happened and self._offered(hub, due)
        ]
        return max(mine, key=lambda hub: (self._lasts(hub, due), hub.heard, hub.types is not None), default=None)

    def _lasts(self, hub: Subscription, due: Due) -> bool:
        return hub.until > due.latest + self._grace

    def _offered(self, hub: Subscription, due: Due) -> bool:
        chosen = [one for one in due.types if one in self._choice]
        named = hub.types is not None and bool(hub.types & set(due.types))
        return not chosen or named or any(one in self._sent for one in chosen)


def _lead(life: Life, most: timedelta) -> timedelta | None:
    """By how much the clock of who answered is ahead of ours, where the first answer dates itself; None where it does
    not, or by more than `most`: then it may date something else.
    """
    if life.asked is None:
        return None
    first = life.shown[0].value
    told = [moment for moment, _ in history_of(first, life.kind.history)[-1:]]
    told += [moment for name in ("/orderDate", "/quoteDate") if (moment := moment_of(at(first, name))) is not None]
    lead = told[0] - life.asked.at if told else None
    return lead if lead is not None and abs(lead) <= most else None


def _looks(
    values: Iterator[tuple[Shown, Mapping[str, Any]]] | Sequence[Any], state: str, log: Log | None
) -> Iterator[_Look]:
    old: Any = MISSING
    history: History = []
    for shown, value in values:
        now = at(value, state)
        if isinstance(now, str):
            entries = at(value, log.at) if log else MISSING
            if entries != old:
                old, history = entries, history_of(value, log)
            yield _Look(shown, value, now, history)


def _by_item(life: Life, items: str) -> dict[str, list[tuple[Shown, Mapping[str, Any]]]]:
    """The sightings of each item, by its id."""
    found: dict[str, list[tuple[Shown, Mapping[str, Any]]]] = {}
    for shown in life.whole:
        for _, item in every(shown.value, f"{items}/*"):
            if isinstance(item, dict) and isinstance(item.get("id"), str):
                found.setdefault(item["id"], []).append((shown, item))
    return found


def _new(before: _Look, after: _Look) -> History:
    """What a look tells of that had not happened at the look before; in doubt it had."""
    known, told = len(before.history), after.history
    if not told or (before.state == after.state and before.history is told):
        return []
    if known:
        return told[known:]
    spots = [spot for spot, (_, state) in enumerate(told) if state == before.state]
    if spots:
        return told[spots[-1] + 1 :]
    if before.shown.view is View.CREATED:
        return told
    return told[-1:] if before.state != after.state else []
