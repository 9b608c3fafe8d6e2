"""What had to be told of a resource, as values: the events that there are of a kind, and what was due by one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from emulator.judge.hubs import Subscription
from emulator.judge.run import Shown
from emulator.judge.showing import succeeded as was_accepted
from emulator.record.exchange import Exchange
from emulator.standard.kinds.facts import Event, EventClass, Kind
from emulator.standard.kinds.load import ReleaseKinds


@dataclass(frozen=True, slots=True)
class News:
    """What is told of a kind of resource: the types of its events.

    `state` tells of a new state, and so does that of `ends`, by the state, in its place; those of `reached` come beside
    it. `sets` are those of members that get a value, by the member, `item_sets` those of members of items. `attribute` tells that the Seller changed others
    of its members. `choice` are the types that a Seller of events need not have: they are due where a subscription names them,
    or where the Seller sends them. `conditional` are those
    that are told of some resources only, by their types.
    """

    kind: Kind
    state: str = ""
    created: str = ""
    items: str = ""
    item_sets: Mapping[str, str] = field(default_factory=dict)
    choice: tuple[Event, ...] = ()
    ends: Mapping[str, str] = field(default_factory=dict)
    reached: Mapping[str, str] = field(default_factory=dict)
    attribute: Event | None = None
    conditional: Mapping[str, Event] = field(default_factory=dict)
    sets: Mapping[str, str] = field(default_factory=dict)

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
                {event.state: event.type for event in ends if not event.instead},
                next((event for event in events if event.cls == "attribute"), None),
                {event.type: event for event in events if event.said.get("only") or event.said.get("unless")},
                {
                    event.member.removeprefix("/"): event.type
                    for event in events
                    if event.cls == "set" and not event.item
                },
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
class Told:
    """One notification. `event_type` is that of its listener, `named` its eventType where that is another.

    `moment` is its eventTime where that can be read; `item` the id of the item it names, `state` the state.
    """

    exchange: Exchange
    event_type: str
    event_id: str | None
    moment: datetime | None
    item: str | None
    named: str | None = None
    state: str | None = None
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

    `moment` is when it happened, by the clock of who tells, or where nothing tells that (`exact` is False), when it was
    `seen`; `set` is the member that got a value. It did not happen before `since`, and had happened by `latest`, by the clock of the transcript. `hub` is the
    subscription that asked for it; `cut_off` says that it ended while the event could be under way. `unasked` says that its own date alone tells when it
    came into being.

    Of other changes of the Seller's `members` are the pointers of what it changed, after the exchange `before`: an event can
    tell of several of them. `beside` says that the state became another one as well, `of` the id of the resource that
    changed, where that is one it refers to.
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
    unasked: bool = False
    members: tuple[str, ...] = ()
    before: int = -1
    beside: bool = False
    of: str = ""
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
            return f"item {self.item} got its {self.set}" if self.item else f"its {self.set} became {self.state}"
        if self.members:
            changed = ", ".join(name.removeprefix("/") for name in self.members)
            return (
                f"{self.of} that it refers to changed ({changed})" if self.of else f"the seller changed its {changed}"
            )
        return f"item {self.item} became {self.state}" if self.item else f"it became {self.state}"

    @property
    def known(self) -> datetime:
        """From when on its event is waited for; the partner's clock may be ahead of ours."""
        return min(self.moment, self.seen.at)

    @property
    def sure(self) -> bool:
        """Whether its event, had it been sent, would stand in the transcript."""
        return self.hub is not None and self.hub.heard
