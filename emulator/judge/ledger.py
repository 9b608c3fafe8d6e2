"""The event ledger: what a subscriber had to be told of each resource, and what it was told.

What had to be told follows from what reads and answers showed: a change of state, or a new charge or qualification,
while a subscription to that type of event was in force. What was told are the notifications of the run. The ledger
says nothing of right or wrong, which is the rules' business; it lays both side by side, in the order of time, for
people and for steps that wait for an event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from emulator.judge.hubs import SUBSCRIBE, UNSUBSCRIBE, Hubs
from emulator.judge.run import CANCEL, CHARGE, KINDS, MODIFY_DATE, ORDER, POQ, QUOTE, Kind, Life, Run, Shown
from emulator.judge.run import succeeded as was_accepted
from emulator.standard.events import listeners, wanted_types
from emulator.wire.exchange import Exchange
from emulator.wire.payload import MISSING, at, every

if TYPE_CHECKING:
    from emulator.standard.release import Release

GRACE: Final = 60.0
"""Seconds that an event may take from what it tells of to its arrival."""
UNDER_WAY: Final = timedelta(seconds=10)
"""For so long after the end of a subscription an event can arrive that was sent before it."""
SKEW: Final = timedelta(seconds=1)
"""Two moments of one change, in a resource's history and in its event, differ by less."""
_LAST: Final = 1 << 62
"""Among lines of one moment, those that no exchange says come last."""
PATIENCE: Final = timedelta(minutes=1)
"""So much can the clocks of both parties differ."""

_STATE_EVENTS: Final[dict[str, tuple[str, ...]]] = {
    POQ.name: ("poqStateChangeEvent",),
    QUOTE.name: ("quoteStateChangeEvent",),
    ORDER.name: ("productOrderStateChangeEvent",),
    CANCEL.name: ("cancelProductOrderStateChangeEvent",),
    MODIFY_DATE.name: ("modifyProductOrderItemRequestedDeliveryDateStateChangeEvent",),
    CHARGE.name: ("chargeStateChangeEvent", "chargeTimeoutEvent"),
}
"""The events that tell of a new state of a resource; any of them will do."""
_CREATE_EVENTS: Final = {POQ.name: "poqCreateEvent", CHARGE.name: "chargeCreateEvent"}
_ITEM_EVENTS: Final = {
    POQ.name: "poqItemStateChangeEvent",
    QUOTE.name: "quoteItemStateChangeEvent",
    ORDER.name: "productOrderItemStateChangeEvent",
}
_ITEM_IDS: Final = ("poqItemId", "quoteItemId", "orderItemId")


class Mark(StrEnum):
    """What is worth saying of an event, or of something that had to be told."""

    DELIVERED = "delivered"  # told, in time
    LATE = "late"  # told, after the time allowed
    AWAITED = "awaited"  # not told, and the time allowed is not over
    NEVER_ARRIVED = "never_arrived"  # not told within the time allowed
    DUPLICATE = "duplicate"  # an event that was taken before came again
    REPEATED = "repeated"  # an event that was not taken came again, as it should
    OUT_OF_ORDER = "out_of_order"  # it happened before another event that arrived before it
    AFTER_UNREGISTER = "after_unregister"  # every subscription that it could follow from had ended
    WRONG_TYPE = "wrong_type"  # no subscription in force names its type, or its listener is another type's
    CONTRADICTS = "contradicts"  # reads show something else
    UNCONFIRMED = "unconfirmed"  # no read has shown what it tells of; it may still be right


GOOD: Final = frozenset({Mark.DELIVERED, Mark.REPEATED, Mark.AWAITED, Mark.UNCONFIRMED})
"""Marks with which nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription that was taken; `types` None means every event, `ended` None that it is in force."""

    made: Exchange
    ended: Exchange | None
    types: frozenset[str] | None

    def covers(self, event_type: str) -> bool:
        """Whether events of this type are asked for."""
        return self.types is None or event_type in self.types


def subscriptions(run: Run, api: str) -> list[Subscription]:
    """Every subscription that the run saw taken, with its end."""
    known = Hubs(api, _types)
    for exchange in run.of(SUBSCRIBE, UNSUBSCRIBE, api=api):
        known.take(run, exchange)
    return [Subscription(made, known.ends.get(made.n), _types(made)) for made in known.made]


def _types(made: Exchange) -> frozenset[str] | None:
    return wanted_types(at(made.request.body, "/query"))


@dataclass(slots=True)
class Told:
    """One notification. `moment` is its eventTime where that can be read; `item` the id of the item it names."""

    exchange: Exchange
    event_type: str
    event_id: str | None
    moment: datetime | None
    item: str | None
    marks: list[Mark] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def taken(self) -> bool:
        """Whether we answered 2xx: only then the sender is done with it."""
        return was_accepted(self.exchange)

    def mark(self, mark: Mark, remark: str = "") -> None:
        if mark not in self.marks:
            self.marks.append(mark)
            if remark:
                self.remarks.append(remark)


@dataclass(slots=True)
class Due:
    """Something that had to be told, by one of `types`: a new state (or the resource itself, or an item's state).

    `moment` is when it happened, or where no history tells that (`exact` is False), when it was `seen`;
    it did not happen before `since`.
    """

    types: tuple[str, ...]
    state: str
    moment: datetime
    seen: Exchange
    exact: bool
    since: datetime
    item: str | None = None
    told: Told | None = None
    mark: Mark = Mark.AWAITED

    @property
    def what(self) -> str:
        """What happened, in words."""
        if self.types[0] in _CREATE_EVENTS.values():
            return "it came into being"
        return f"item {self.item} became {self.state}" if self.item else f"it became {self.state}"

    @property
    def known(self) -> datetime:
        """From when on its event is waited for; the partner's clock may be ahead of ours."""
        return min(self.moment, self.seen.at)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a timeline: when, the exchange that says it (None for what none says by itself), and what.

    `marks` are those of the event that it is about.
    """

    at: datetime
    exchange: int | None
    text: str
    marks: tuple[Mark, ...] = ()

    def __str__(self) -> str:
        number = f"#{self.exchange}" if self.exchange is not None else ""
        return f"{self.at.isoformat(sep=' ', timespec='milliseconds')[:23]} {number:>5}  {self.text}"


@dataclass(slots=True)
class Account:
    """The ledger's page of one resource."""

    kind: Kind
    id: str
    life: Life
    hubs: Sequence[Subscription]
    spread: Callable[[timedelta], timedelta]
    due: list[Due] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)

    @property
    def marks(self) -> frozenset[Mark]:
        """Every mark of this page."""
        return frozenset({due.mark for due in self.due} | {mark for told in self.told for mark in told.marks})

    @property
    def missing(self) -> list[Due]:
        """What was never told."""
        return [due for due in self.due if due.mark is Mark.NEVER_ARRIVED]

    def timeline(self) -> list[Line]:
        """All that is known of the resource and of its events, in the order of time."""
        return sorted(self._lines(), key=lambda line: (line.at, line.exchange or _LAST))

    def _lines(self) -> Iterator[Line]:
        for hub in self.hubs:
            wanted = ", ".join(sorted(hub.types)) if hub.types else "every event"
            yield Line(hub.made.at, hub.made.n, f"subscription to {wanted}")
            if hub.ended is not None:
                yield Line(hub.ended.at, hub.ended.n, "end of that subscription")
        state: Any = None
        for shown in self.life.shown:
            now = at(shown.value, self.kind.state) if self.kind.state else MISSING
            if now != state:
                state = now
                yield Line(shown.exchange.at, shown.exchange.n,
                           f"{shown.exchange.request.method} shows {self.kind.name} {self.id}: {now}")  # fmt: skip
        for due in self.due:
            if due.told is None:
                since = "" if due.exact else " at the latest"
                waited = "is awaited" if due.mark is Mark.AWAITED else "never arrived"
                yield Line(due.moment, None, f"{due.what}{since}: {' or '.join(due.types)} {waited}",
                           (due.mark,))  # fmt: skip
        for told in self.told:
            yield Line(told.exchange.at, told.exchange.n, _told_line(told), tuple(told.marks))


def _told_line(told: Told) -> str:
    status = told.exchange.response.status if told.exchange.response else "nothing"
    happened = f", of {told.moment.isoformat(timespec='milliseconds')}" if told.moment else ""
    item = f" for item {told.item}" if told.item else ""
    marks = ", ".join(str(mark).replace("_", " ") for mark in told.marks)
    why = f" ({'; '.join(told.remarks)})" if told.remarks else ""
    return f"{told.event_type}{item} {told.event_id or 'without id'}{happened}, answered {status}: {marks}{why}"


@dataclass(frozen=True, slots=True)
class Ledger:
    """The pages of all resources that there were events of, or subscriptions to, in the order of their first sight."""

    accounts: tuple[Account, ...]

    def of(self, identifier: str, kind: str | None = None) -> Account | None:
        """The page of a resource."""
        return next((a for a in self.accounts if a.id == identifier and kind in (None, a.kind.name)), None)

    @property
    def missing(self) -> list[tuple[Account, Due]]:
        """What was never told, of all resources."""
        return [(account, due) for account in self.accounts for due in account.missing]


def read_ledger(exchanges: Iterable[Exchange], release: Release, *, now: datetime, grace: float = GRACE) -> Ledger:
    """The ledger of a transcript, as it stands at `now`. Never raises, whatever the messages hold.

    `grace` is how long an event may take, in seconds. An optional type, such as that of items, is expected of a seller
    only where a subscription names it.
    """
    run = Run(release)
    for exchange in exchanges:
        run.add(exchange)
    return ledger_of(run, now=now, grace=grace)


def ledger_of(run: Run, *, now: datetime, grace: float = GRACE) -> Ledger:
    """As `read_ledger`, for a run that the judge has read."""
    hubs = {kind.api: subscriptions(run, kind.api) for kind in KINDS}
    types = {api: listeners(run.release, api) for api in hubs}
    accounts: list[Account] = []
    for kind in KINDS:
        if kind.name not in _STATE_EVENTS:
            continue
        not_found = _not_found(kind, run)
        for life in run.lives(kind):
            account = Account(kind, life.id, life, hubs[kind.api], run.spread)
            account.told = [_told(event, types[kind.api]) for event in life.told]
            account.due = sorted(_due(account), key=lambda due: due.moment)
            _pair(account, now, run.spread(timedelta(seconds=grace)))
            _examine(account, not_found.get(life.id))
            if account.told or account.due or account.hubs:
                accounts.append(account)
    accounts.sort(key=lambda account: _first(account.life))
    return Ledger(tuple(accounts))


def moment_of(text: Any) -> datetime | None:
    """A date-time with a time zone, or None."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text.strip().upper().replace(":60", ":59"))
    except ValueError:
        return None
    return found if found.tzinfo else None


def _first(life: Life) -> int:
    seen = [exchange.n for exchange in life.told[:1]] + [shown.exchange.n for shown in life.shown[:1]]
    return min(seen, default=0)


def _told(event: Exchange, types: dict[str, str]) -> Told:
    body = event.request.body
    identifier = at(body, "/eventId")
    item = next((found for name in _ITEM_IDS if isinstance(found := at(body, f"/event/{name}"), str)), None)
    told = Told(
        exchange=event,
        event_type=types.get(str(event.operation), str(event.operation)),
        event_id=identifier if isinstance(identifier, str) else None,
        moment=moment_of(at(body, "/eventTime")),
        item=item,
    )
    named = at(body, "/eventType")
    if isinstance(named, str) and named != told.event_type:
        told.mark(Mark.WRONG_TYPE, f"its eventType is {named}")
    return told


# What had to be told


def _due(account: Account) -> Iterator[Due]:
    kind, life = account.kind, account.life
    states = _STATE_EVENTS[kind.name]
    if not life.shown:
        return
    first = life.shown[0]
    created = _CREATE_EVENTS.get(kind.name)
    if created is not None:
        # A charge comes into being between two reads; it is known that somebody listened if they did before its order.
        moment = moment_of(at(first.value, "/creationDate")) or first.exchange.at
        new = Due(
            (created,),
            str(at(first.value, "/state")),
            moment,
            first.exchange,
            kind is CHARGE,
            moment - account.spread(SKEW),
        )
        if life.asked is not None or kind is CHARGE:
            yield from _asked_for(account, new, since=new.seen.n)
    for before, due in _changes(account, states):
        yield from _asked_for(account, due, since=before.exchange.n)
    if kind.name in _ITEM_EVENTS and kind.items:
        for before, due in _item_changes(life, kind.items, _ITEM_EVENTS[kind.name]):
            yield from _asked_for(account, due, since=before.exchange.n)


def _asked_for(account: Account, due: Due, *, since: int) -> Iterator[Due]:
    """`due`, where a subscription to it was in force from before it could happen until it was seen."""
    for hub in account.hubs:
        covered = any(hub.covers(event_type) for event_type in due.types)
        named = hub.types is not None or due.item is None
        early = hub.made.n < since or (due.exact and hub.made.at < due.moment)
        open_ = hub.ended is None or hub.ended.n > due.seen.n
        if covered and named and early and open_:
            yield due
            return


def _changes(account: Account, types: tuple[str, ...]) -> Iterator[tuple[Shown, Due]]:
    """New states after the first sighting: by the history that the resource tells, else between two sightings."""
    life, skew = account.life, account.spread(SKEW)
    stated = [shown for shown in life.shown if isinstance(at(shown.value, life.kind.state), str)]
    if not stated:
        return
    first = stated[0]
    last = first
    whole = next((shown for shown in reversed(stated) if shown.whole and _history(shown)), None)
    if whole is not None and whole is not first:
        for moment, state in _news(first, _history(whole), skew):
            seen = next((s.exchange for s in stated[1:] if at(s.value, "/state") == state), whole.exchange)
            if seen.at + skew < moment:
                seen = whole.exchange
            yield first, Due(types, state, moment, seen, exact=True, since=moment - account.spread(PATIENCE))
        last = whole
    after = stated[stated.index(last) :]
    for before, shown in pairwise(after):
        old, new = at(before.value, life.kind.state), at(shown.value, life.kind.state)
        if old != new:
            yield before, _between(before, shown, types, str(new))


def _history(shown: Shown) -> list[tuple[datetime, str]]:
    """The changes of state that a resource tells of itself, oldest first; empty where one of them cannot be read."""
    entries = at(shown.value, "/stateChange")
    if not isinstance(entries, list):
        return []
    found = [(moment_of(at(entry, "/changeDate")), at(entry, "/state")) for entry in entries]
    if any(moment is None or not isinstance(state, str) for moment, state in found):
        return []
    return sorted(((moment, state) for moment, state in found if moment is not None), key=lambda entry: entry[0])


def _news(first: Shown, history: Sequence[tuple[datetime, str]], skew: timedelta) -> Sequence[tuple[datetime, str]]:
    """What of a history came after the first sighting."""
    known = len(_history(first))
    if known:
        return history[known:]
    state, until = at(first.value, "/state"), first.exchange.at + skew
    before = [spot for spot, (moment, name) in enumerate(history) if name == state and moment <= until]
    if before:
        return history[before[-1] + 1 :]
    return [entry for entry in history if entry[0] > first.exchange.at]


def _item_changes(life: Life, items: str, event_type: str) -> Iterator[tuple[Shown, Due]]:
    """New states of items, between two sightings of the whole resource."""
    whole = [shown for shown in life.shown if shown.whole]
    for before, shown in pairwise(whole):
        old = {at(item, "/id"): at(item, "/state") for _, item in every(before.value, f"{items}/*")
               if isinstance(at(item, "/id"), str)}  # fmt: skip
        for _, item in every(shown.value, f"{items}/*"):
            identifier, state = at(item, "/id"), at(item, "/state")
            known = isinstance(identifier, str) and identifier in old and isinstance(state, str)
            if known and state != old[identifier]:
                yield before, _between(before, shown, (event_type,), state, identifier)


def _between(before: Shown, after: Shown, types: tuple[str, ...], state: str, item: str | None = None) -> Due:
    """A change of which only two sightings are known."""
    return Due(types, state, after.exchange.at, after.exchange, exact=False, since=before.exchange.at, item=item)


# What was told, and of what


def _pair(account: Account, now: datetime, grace: timedelta) -> None:
    """Match events with what they tell of. An event names no state: time decides, and else their order."""
    free = _different(account.told)
    for fits in (_tells_to_the_second, _tells):
        for due in [due for due in account.due if due.told is None]:
            found = next((told for told in free if fits(told, due)), None)
            if found is not None:
                free.remove(found)
                due.told = found
    for due in account.due:
        if due.told is not None:
            took = due.told.exchange.at - due.known
            due.mark = Mark.LATE if took > grace else Mark.DELIVERED
            due.told.mark(due.mark, f"{took.total_seconds():.0f} s after it" if took > grace else "")
        elif now - due.known > grace:
            due.mark = Mark.NEVER_ARRIVED
    for told in free:
        took = told.exchange.at - told.moment if told.moment is not None else timedelta()
        if took > grace:
            told.mark(Mark.LATE, f"{took.total_seconds():.0f} s after its eventTime")
        else:
            told.mark(Mark.UNCONFIRMED)


def _different(told: Sequence[Told]) -> list[Told]:
    """Events without those that were there before, by their eventId."""
    known: set[tuple[str, str, str | None]] = set()
    found = []
    for one in told:
        key = (one.event_id or f"#{one.exchange.n}", one.event_type, one.item)
        if key not in known:
            known.add(key)
            found.append(one)
    return found


def _tells(told: Told, due: Due) -> bool:
    same_item = due.item is None or told.item in (None, due.item)
    return told.event_type in due.types and same_item and told.exchange.at >= due.since


def _tells_to_the_second(told: Told, due: Due) -> bool:
    return _tells(told, due) and due.exact and told.moment is not None and abs(told.moment - due.moment) <= SKEW


def _examine(account: Account, gone: Exchange | None) -> None:
    """Mark what is odd about the events themselves; `gone` is a read that says there is no such resource."""
    newest: Told | None = None
    came: dict[str, list[Told]] = {}
    for told in account.told:
        before = came.setdefault(told.event_id or f"#{told.exchange.n}", [])
        _again(told, before, account.hubs)
        before.append(told)
        if len(before) == 1 and told.moment is not None:
            if newest is not None and newest.moment is not None and told.moment < newest.moment:
                told.mark(Mark.OUT_OF_ORDER, f"#{newest.exchange.n} came first and happened later")
            if newest is None or newest.moment is None or told.moment >= newest.moment:
                newest = told
        _wanted(told, account)
        if gone is not None and gone.n > told.exchange.n:
            told.mark(Mark.CONTRADICTS, f"#{gone.n} says that there is no such {account.kind.name}")
        elif len(before) == 1:
            _against_reads(told, account)
        if len(told.marks) > 1 and Mark.UNCONFIRMED in told.marks:
            told.marks.remove(Mark.UNCONFIRMED)


def _again(told: Told, before: Sequence[Told], hubs: Sequence[Subscription]) -> None:
    """A second delivery is right where the first was not taken, or where another subscription calls for it."""
    taken = [earlier for earlier in before if earlier.taken]
    if not before:
        return
    told.marks[:] = [mark for mark in told.marks if mark is Mark.WRONG_TYPE]
    due = sum(hub.made.n < told.exchange.n and hub.covers(told.event_type) for hub in hubs)
    if taken and len(taken) >= max(due, 1):
        told.mark(Mark.DUPLICATE, f"#{taken[0].exchange.n} brought it and was answered "
                                  f"{taken[0].exchange.response.status if taken[0].exchange.response else '?'}")  # fmt: skip
    else:
        told.mark(Mark.REPEATED)


def _wanted(told: Told, account: Account) -> None:
    """Whether a subscription asks for it. Where none was seen, one may be older than the run."""
    known = [hub for hub in account.hubs if hub.made.n < told.exchange.n]
    mine = [hub for hub in known if hub.covers(told.event_type)]
    if not known:
        return
    if not mine:
        names = sorted({name for hub in known for name in hub.types or ()})
        told.mark(Mark.WRONG_TYPE, f"the subscription is to {', '.join(names)}")
    elif all(_over(told, hub, account.spread(UNDER_WAY)) for hub in mine):
        ended = max((hub.ended for hub in mine if hub.ended), key=lambda exchange: exchange.n)
        told.mark(Mark.AFTER_UNREGISTER, f"#{ended.n} had ended the subscription")


def _over(told: Told, hub: Subscription, under_way: timedelta) -> bool:
    """Whether a subscription had ended when the event was sent, as far as one can tell."""
    if hub.ended is None or hub.ended.n > told.exchange.n:
        return False
    on_its_way = told.exchange.at - hub.ended.at <= under_way
    return not on_its_way or (told.moment is not None and told.moment > hub.ended.at)


def _not_found(kind: Kind, run: Run) -> dict[str | None, Exchange]:
    """By its id, the last read of each resource of a kind that was answered 404."""
    reads = run.of(kind.retrieve, api=kind.api) if kind.retrieve else ()
    return {
        read.path_params.get("id"): read
        for read in reads
        if read.response is not None and read.response.status == 404  # noqa: PLR2004
    }


def _against_reads(told: Told, account: Account) -> None:
    """An event of a change, between two sightings of the resource in one state, whose history tells of no change."""
    if told.event_type not in _STATE_EVENTS[account.kind.name] or Mark.UNCONFIRMED not in told.marks:
        return
    before = account.life.last_before(told.exchange, whole=False)
    after = account.life.next_after(told.exchange, whole=False)
    if (
        before is None
        or after is None
        or (told.moment is not None and told.moment < before.exchange.at - account.spread(SKEW))
    ):
        return
    state = at(after.value, account.kind.state)
    if state == at(before.value, account.kind.state) and len(_history(after)) <= len(_history(before)):
        told.mark(Mark.CONTRADICTS, f"#{before.exchange.n} and #{after.exchange.n} both show {state}")
