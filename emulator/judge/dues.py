"""What a subscriber had to be told of a resource: it follows from what reads and answers showed.

A change of state counts by the history of the resource, or of its item, where that is told, and else between two looks; one
of other members between two looks, where nobody but the Seller can have made it.
Nothing is due of what the answer to the request showed already (MEF 87 6.6, MEF 115 6.8, MEF 123 6.16).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from emulator.judge.acting import is_denied
from emulator.judge.changes import alike, changes_of
from emulator.judge.hubs import Listening, Subscription, by_their_clock, over, parties_of
from emulator.judge.news import Due, News
from emulator.judge.pages import claims_all
from emulator.judge.run import Life, Run, Shown
from emulator.judge.showing import View
from emulator.judge.times import CLOCKS, GRACE
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, every
from emulator.standard.instant import read_moment
from emulator.standard.kinds.facts import Event, Items, Kind
from emulator.standard.kinds.facts import History as Log

History = list[tuple[datetime, str]]


def history_of(value: Any, log: Log | None) -> History:
    """The changes of state that a resource or an item tells of itself, oldest first; empty where one cannot be read, or
    where its kind keeps none.

    An entry that tells of the state that was there before is no change.
    """
    entries = at(value, log.at) if log else MISSING
    if log is None or not isinstance(entries, list):
        return []
    found = [(read_moment(at(entry, f"/{log.moment}")), at(entry, f"/{log.state}")) for entry in entries]
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
            due.types = tuple(each for each in due.types if self._is_owed(each, life, due))
            due.hub = self._asked_for(life, due, before) if due.types else None
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
        kind, items = life.kind, life.kind.items
        looks = list(_looks(((shown, shown.value) for shown in life.shown), kind.state_at, kind.history))
        yield from self._changes(looks, news.types, lead)
        if news.reached:
            yield from self._changes(looks, lambda state: (news.reached[state],) if state in news.reached else (), lead)
        if news.attribute:
            yield from self._attributes(life, news.attribute)
        for member, event_type in news.sets.items():
            yield from self._set([(shown, shown.value) for shown in life.whole], member, event_type)
        if items and (news.items or news.item_sets):
            yield from self._of_items(life, items, lead)

    def _of_items(self, life: Life, items: Items, lead: timedelta | None) -> Iterator[tuple[Exchange, Due]]:
        news = self._news
        types = (news.items,) if news.items else ()
        for item, values in _by_item(life, items.at).items():
            looks = list(_looks(values, items.state.at, items.history))
            for before, due in self._changes(looks, lambda _: types, lead):
                due.item = item
                yield before, due
            for member, event_type in news.item_sets.items():
                yield from self._set(values, member, event_type, item)

    def _creation(self, life: Life, event_type: str) -> Iterator[tuple[Exchange, Due]]:
        """A resource came into being: in answer to a request, or (a charge) at some time after its order was placed."""
        first = life.shown[0]
        begun = life.asked
        if begun is None:
            begun = next(self._raised_by(life.kind, first.value), None)
        told = read_moment(at(first.value, "/creationDate")) if life.asked is None else None
        lacked = self._lacked(life, first) if begun is None and told is None else None
        if begun is None and told is None and lacked is None:
            return  # it may have been there before anybody subscribed
        since = begun.at if begun else first.exchange.at - self._run.spread(CLOCKS)
        yield begun or lacked or first.exchange, Due(
            (event_type,), str(at(first.value, life.kind.state_at)), told or first.exchange.at, first, told is not None,
            since - self._grace, over(first.exchange), created=True, unasked=begun is None and lacked is None,
        )  # fmt: skip

    def _lacked(self, life: Life, first: Shown) -> Exchange | None:
        """The last list of all that there is of a kind, for the same Buyer, from before a resource was there."""
        listing = life.kind.one("list")
        lists = self._run.of(listing, api=life.kind.api) if listing else ()
        mine = parties_of(first.exchange)
        for each in reversed(lists):
            if each.n < first.exchange.n and parties_of(each) == mine and claims_all(each, unfiltered=True):
                return each
        return None

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
        self, values: Sequence[tuple[Shown, Mapping[str, Any]]], member: str, event_type: str, item: str | None = None
    ) -> Iterator[tuple[Exchange, Due]]:
        """A member that had no value, and has one (which false is not); of a list nobody can say when its entries came."""
        for (before, old), (after, new) in pairwise(values):
            found = at(new, f"/{member}")
            if (isinstance(found, str) or found is True) and at(old, f"/{member}") in (MISSING, None, False):
                since, seen = before.exchange.at - self._grace, after.exchange
                due = Due(
                    (event_type,),
                    str(found).lower() if found is True else found,
                    seen.at,
                    after,
                    exact=False,
                    since=since,
                    latest=over(seen),
                )
                due.item, due.set = item, member
                yield before.exchange, due

    def _attributes(self, life: Life, event: Event) -> Iterator[tuple[Exchange, Due]]:
        """Members that the Seller changed between two looks at a resource, or at one that these members refer to."""
        told: tuple[str, ...] = tuple(event.said.get("members", ()))
        kind = life.kind
        for before, after, members in changes_of(self._run, life, told, event.said.get("shared", ())):
            states = [at(each.value, kind.state_at) for each in (before, after)]
            yield before.exchange, self._changed(event, before, after, members, beside=states[0] != states[1])
        for reference in kind.references:
            if reference.to and f"/{reference.at.split('/')[1]}" in told:
                for other in _named(self._run, life, f"{reference.at}/{reference.id}", reference.to):
                    yield from self._referred(life, other, event, f"{reference.at}/{reference.id}")

    def _referred(self, life: Life, other: Life, event: Event, pointer: str) -> Iterator[tuple[Exchange, Due]]:
        for before, after in pairwise(other.whole):
            known = life.last_before(before.exchange)
            if known is None or all(one != other.id for _, one in every(known.value, pointer)):
                continue
            old, new = before.value, after.value
            names = [name for name in dict.fromkeys((*old, *new)) if name != "href"]
            members = tuple(f"/{name}" for name in names if not alike(old.get(name), new.get(name)))
            if members:
                due = self._changed(event, before, after, members, beside=False)
                due.of = f"{other.kind.name} {other.id}"
                yield before.exchange, due

    def _changed(self, event: Event, before: Shown, after: Shown, members: tuple[str, ...], *, beside: bool) -> Due:
        seen = after.exchange
        since, until = before.exchange.at - self._grace, over(seen)
        due = Due((event.type,), "", seen.at, after, exact=False, since=since, latest=until)
        due.members, due.before, due.beside = members, before.exchange.n, beside
        return due

    def _is_owed(self, event_type: str, life: Life, due: Due) -> bool:
        """Whether an event is told of a resource as it was, as far as its condition can be known to hold."""
        event = self._news.conditional.get(event_type)
        if event is None:
            return True
        only, unless = event.said.get("only"), event.said.get("unless")
        if only and (named := _ids(due.shown.value, only["at"])):
            return not all(is_denied(self._run, only["of"], one) for one in named)
        return not unless or self._holds_nowhere(life, due, unless)

    def _holds_nowhere(self, life: Life, due: Due, where: Mapping[str, Any]) -> bool:
        """Whether all that a resource names is known not to be as a condition says, before and after it happened."""
        seen = due.seen
        holders = [life.last_before(seen), due.shown if due.shown.whole else None, life.next_after(seen)]
        if not any(holders):
            return False
        for named in {one for each in holders if each for one in _ids(each.value, where["at"])}:
            other = self._run.life(where["of"], named)
            sights = [other.last_before(seen), other.next_after(seen)] if other else []
            if not any(sights) or any(_has(each.value, where["has"]) for each in sights if each):
                return False
        return True

    def _asked_for(self, life: Life, due: Due, before: Exchange) -> Subscription | None:
        """The subscription for which it was due: one that was made before it, and not ended before it.

        Of several one that lasted until its event could come, that we hear, and that names the type.
        """
        parties = parties_of(life.asked or life.shown[0].exchange)
        happened = due.moment if due.exact else before.at
        mine = [
            hub
            for hub in self._listening.to(due.types, before.n, parties=parties)
            if hub.until >= happened and self._offered(hub, due) and _is_older(hub, due)
        ]
        return max(mine, key=lambda hub: (self._lasts(hub, due), hub.heard, hub.types is not None), default=None)

    def _lasts(self, hub: Subscription, due: Due) -> bool:
        return self._run.lasted(due.latest, hub.until) > self._grace

    def _offered(self, hub: Subscription, due: Due) -> bool:
        chosen = [one for one in due.types if one in self._choice]
        named = hub.types is not None and bool(hub.types & set(due.types))
        return not chosen or named or any(one in self._sent for one in chosen)


def _is_older(hub: Subscription, due: Due) -> bool:
    """Whether a subscription is older than a resource of which nobody saw what made it, by the clock of who made both."""
    return not due.unasked or by_their_clock(hub.made, over(hub.made)) < due.moment


def _ids(value: Any, pattern: str) -> list[str]:
    """The ids of what a resource names at a place."""
    return [one for _, one in every(value, f"{pattern}/id") if isinstance(one, str)]


def _has(value: Any, members: Mapping[str, Any]) -> bool:
    return all(at(value, place) == wanted for place, wanted in members.items())


def _named(run: Run, life: Life, pointer: str, kind: str) -> list[Life]:
    """What a resource was ever seen to refer to at a place."""
    ids = dict.fromkeys(one for shown in life.whole for _, one in every(shown.value, pointer) if isinstance(one, str))
    return [found for one in ids if (found := run.life(kind, one)) is not None]


def _lead(life: Life, most: timedelta) -> timedelta | None:
    """By how much the clock of who answered is ahead of ours, where the first answer dates itself; None where it does
    not, or by more than `most`: then it may date something else.
    """
    if life.asked is None:
        return None
    first = life.shown[0].value
    told = [moment for moment, _ in history_of(first, life.kind.history)[-1:]]
    told += [
        moment
        for name in ("/orderDate", "/quoteDate", "/creationDate")
        if (moment := read_moment(at(first, name))) is not None
    ]
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
