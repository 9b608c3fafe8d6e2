"""Notifications: who is told, of what, and what of it is odd. Every guide asks the one ledger of the run.

What no clause forbids is a hint: an event again, of another time, of what nobody knows or what did not happen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from emulator.judge.acting import not_found
from emulator.judge.fold import Fold
from emulator.judge.hubs import hubs, was_under_way
from emulator.judge.ledger import Account, Told
from emulator.judge.news import Due, Mark
from emulator.judge.rule import FINE, On, Remark, on_request, on_response, tells
from emulator.judge.rule import Mark as Word
from emulator.judge.rulebook import Rulebook, breach, hold
from emulator.judge.rules.common.counting import accounts, of_what_took_place
from emulator.judge.rules.common.values import Labels
from emulator.judge.run import Life, Run, Said
from emulator.judge.times import CLOCKS
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, every
from emulator.standard.instant import read_moment
from emulator.standard.kinds.facts import Kind

if TYPE_CHECKING:
    pass


def _type_of(said: Said) -> str:
    """The event type of the listener that an event came to."""
    event = said.run.event(said.exchange)
    return event.type if event else str(said.exchange.operation)


def _life(said: Said) -> Life | None:
    """What is known of the resource that an event is about."""
    event = said.run.event(said.exchange)
    return said.run.life(event.kind, at(said.body, "/event/id")) if event else None


# Who is told, and of what


def subscribers_only(book: Rulebook, labels: Labels, *, name: str = "") -> None:
    """Each event follows from a subscription that was not ended when it was sent.

    Where the run saw none at all, one may be older than the run; an event that came to a callback of somebody else
    says nothing of ours.
    """

    def look(said: Said) -> Iterator[Word]:
        asked = said.run.known(hubs(book.api)).told_to(said.exchange)
        if any(alike.in_force for alike in asked.values()):
            yield FINE
        elif asked and not _again(said) and not _under_way(said, [alike.ended for alike in asked.values()]):
            yield breach("", "no event", at(said.body, "/eventType"),
                         f"{_type_of(said)} was sent, though every subscription had ended (is one left over from an "
                         "earlier run?)")  # fmt: skip

    book.add(labels, look, on=tells(book.api), name=name,
             about="each event against the subscriptions before it, by its eventTime where one has just ended")  # fmt: skip


def wanted_types_only(book: Rulebook, labels: Labels, *, name: str = "") -> None:
    """Where all subscriptions name event types, events are of these."""

    def look(said: Said) -> Iterator[Word]:
        asked = said.run.known(hubs(book.api)).told_to(said.exchange)
        lasting = [query for query, alike in asked.items() if alike.in_force or _under_way(said, [alike.ended])]
        if not lasting or not all(query.named for query in lasting):
            return
        found = _type_of(said)
        named = sorted({name for query in lasting for name in query.types or ()})
        yield hold("/eventType", any(query.covers(found) for query in lasting), expected=named, found=found,
                   message=f"{found} was sent, and the subscriptions are for {', '.join(named)} (is one left over "
                           "from an earlier run?)")  # fmt: skip

    book.add(labels, look, on=tells(book.api), name=name,
             about="the type of each event against the subscriptions that name types")  # fmt: skip


def _under_way(said: Said, ends: Sequence[Exchange | None]) -> bool:
    """Whether an event can have been sent before one of these ends of subscriptions."""
    happened = read_moment(at(said.body, "/eventTime"))
    return any(was_under_way(said.exchange, happened, end, said.run) for end in ends if end is not None)


def _again(said: Said) -> bool:
    """Whether an event was tried before: then it was sent in time."""
    identifier = at(said.body, "/eventId")
    if not isinstance(identifier, str):
        return False
    first = said.run.known(_EVENTS).get((said.exchange.api, identifier), {}).get(_about(said.run, said.body))
    return first is not None and first.n < said.exchange.n


# What an event says


def events_fit(
    book: Rulebook, *, listener: Labels | None = (), item: Labels = (), item_name: str = "event-item"
) -> None:
    """What an event says of itself: its type is that of its listener (None where there is one type alone), its item one of the
    resource (without a name for the rule no event of the API names items); and, as hints, its id is its own, its time is not far from now, its link leads to
    what it is about. It comes once, tells of what there is, and of no more changes than took place.
    """
    if listener is not None:
        _to_its_listener(book, listener)
    if item_name:
        of_its_item(book, item, on=tells(book.api, items=True), name=item_name)
    _with_its_id(book)
    _in_its_time(book)
    _linked(book)
    _of_what_there_is(book)
    _once(book)
    of_what_took_place(book)


def _to_its_listener(book: Rulebook, labels: Labels) -> None:
    def look(said: Said) -> Iterator[Word]:
        wanted, found = _type_of(said), at(said.body, "/eventType")
        if any(found == event.type for event in said.run.kinds.telling(book.api)):
            yield hold("/eventType", found == wanted, expected=wanted, found=found,
                       message=f"a {found} was sent to the listener of {wanted}")  # fmt: skip

    book.add(labels, look, on=tells(book.api), name="" if labels else "event-type",
             about="the eventType of each event against the listener that it was sent to")  # fmt: skip


def of_its_item(book: Rulebook, labels: Labels, *, on: On, name: str) -> None:
    """The item that an event names is one of the resource that it is about, as far as that is known."""

    def look(said: Said) -> Iterator[Word]:
        ids = said.run.kinds.item_ids
        found = next((value for member in ids if isinstance(value := at(said.body, f"/event/{member}"), str)), "")
        member = next((each for each in ids if at(said.body, f"/event/{each}") == found), "")
        life = _life(said)
        if not found or life is None:
            return
        shown = life.last_before(said.exchange)
        known = sorted({one for body in (life.request, shown.value if shown else None)
                        for _, one in every(body, f"{life.kind.items_at}/*/id") if isinstance(one, str)})  # fmt: skip
        if known:
            yield hold(f"/event/{member}", found in known, expected=known, found=found,
                       message=f"{life.kind.name} {life.id} has no item {found}")  # fmt: skip

    book.add(
        labels,
        look,
        on=on,
        name=name,
        about="the item that an event names, against the items of the resource",
    )


def _about(run: Run, body: Any) -> tuple[str, ...]:
    names = ("/eventType", "/event/id", "/event/milestoneName", *(f"/event/{member}" for member in run.kinds.item_ids))
    return tuple(str(at(body, name)) for name in names)


_Events = dict[tuple[str | None, str], dict[tuple[str, ...], Exchange]]


def _take_event(known: _Events, run: Run, exchange: Exchange) -> None:
    identifier = at(exchange.request.body, "/eventId")
    if exchange.kind == "notification" and isinstance(identifier, str):
        known.setdefault((exchange.api, identifier), {}).setdefault(_about(run, exchange.request.body), exchange)


_EVENTS: Final[Fold[_Events]] = Fold(dict, _take_event)
"""By its id, the first event that says each of the things that events of this id say."""


def _with_its_id(book: Rulebook) -> None:
    def look(said: Said) -> Iterator[Word]:
        identifier = at(said.body, "/eventId")
        if not isinstance(identifier, str):
            return
        mine, same_id = _about(said.run, said.body), said.run.known(_EVENTS)[book.api, identifier]
        other = next((event for about, event in same_id.items() if about != mine), None)
        yield FINE if other is None else breach("/eventId", "an id of its own", identifier,
                                                f"exchange {other.n} brought another event of this id", hint=True)  # fmt: skip

    book.add((), look, on=tells(book.api), name="event-id",
             about="no two events that say different things have one eventId; one that is sent again is the same event")  # fmt: skip


def _linked(book: Rulebook) -> None:
    def look(said: Said) -> Iterator[Word]:
        link, identifier, life = at(said.body, "/event/href"), at(said.body, "/event/id"), _life(said)
        if not isinstance(link, str) or not isinstance(identifier, str) or not link:
            return
        known = [at(shown.value, "/href") for shown in life.before(said.exchange)[-1:]] if life else []
        right = link in known or _leads_to(link, identifier)
        yield FINE if right else breach("/event/href", f"the address of {identifier}", link,
                                        f"the event is about {identifier}, and its link is of something else", hint=True)  # fmt: skip

    book.add((), look, on=tells(book.api), name="event-href",
             about="the href of an event against its id")  # fmt: skip


def _leads_to(link: str, identifier: str) -> bool:
    """Whether an address has an id in its path."""
    try:
        return identifier in map(unquote, urlsplit(link).path.split("/"))
    except ValueError:
        return False


# Over a whole run


def _in_its_time(book: Rulebook) -> None:
    @book.at_end(name="event-time")
    def in_its_time(run: Run) -> Iterator[Remark]:
        """The eventTime is not after the event came, nor before what it is about was asked for, nor far from the change
        that it tells of, give or take an hour.
        """
        skew = run.spread(CLOCKS)
        for page in accounts(run, book.api):
            tells = {id(due.told): due for due in page.due if due.told is not None}
            for told in page.told:
                if told.moment is None:
                    continue
                early, late = _window(page, told, tells.get(id(told)), skew)
                right = (early is None or early <= told.moment) and told.moment <= late
                yield on_request(told.exchange, FINE if right else breach(
                    "/eventTime",
                    f"{late.isoformat()} at the latest" if told.moment > late else
                    f"{early.isoformat() if early else ''} at the earliest",
                    at(told.exchange.request.body, "/eventTime"),
                    "the eventTime is far from when the event can have happened", hint=True))  # fmt: skip


def _window(page: Account, told: Told, due: Due | None, skew: timedelta) -> tuple[datetime | None, datetime]:
    """Between which moments an event happened; `due` is what it tells of, where that is known."""
    early = page.life.asked.at - skew if page.life.asked is not None else None
    late = told.exchange.at + skew
    if due is None or (due.created and not due.exact):
        return early, late
    if due.exact:
        return due.moment - skew, min(due.moment + skew, late)
    return due.since - skew, min(due.latest + skew, late)


def ours(run: Run, event: Exchange) -> bool:
    """Whether an event came to one who subscribed in this run, as far as its URL tells."""
    known = run.known(hubs(str(event.api)))
    return not known.made or bool(known.told_to(event))


def _of_what_there_is(book: Rulebook) -> None:
    @book.at_end(name="event-known")
    def known(run: Run) -> Iterator[Remark]:
        """An event is about something that the run shows, where it shows anything of that kind; a read of it is not
        answered 404. What other runs of the Buyer's made, it is told of as well.
        """
        kinds = {event.kind for event in run.kinds.telling(book.api)}
        shown = {kind for kind in kinds if any(life.shown for life in run.lives(kind))}
        for page in accounts(run, book.api):
            mine = [told for told in page.told if ours(run, told.exchange)]
            for told in mine[:1]:
                gone = _not_there(run, page.kind, told.exchange, page.id)
                if page.life.shown:
                    yield on_request(told.exchange, FINE)
                elif gone or (page.kind.name in shown and not run.elsewhere(page.id) and not _was_lost(run, page.kind)):
                    yield on_request(told.exchange, breach(
                        "/event/id", f"a {page.kind.name} of this run", page.id,
                        f"the event is about {page.kind.name} {page.id}, "
                        + (f"which exchange {gone.n} does not find" if gone else
                           "which the run does not show (is it of another run of the buyer's?)"),
                        hint=not gone))  # fmt: skip


def _was_lost(run: Run, kind: Kind) -> bool:
    """Whether something of a kind was asked for whose answer nobody has: it may have been made all the same."""
    create = kind.one("create")
    asked = run.of(create, api=kind.api) if create else ()
    return any(each.response is None or each.n in run.spoilt for each in asked)


def _not_there(run: Run, kind: Kind, event: Exchange, identifier: str) -> Exchange | None:
    """A read of what an event told of that was answered 404, if it was not made to fail."""
    retrieve = kind.one("retrieve")
    if not retrieve:
        return None
    reads = run.known(not_found(kind.api, retrieve)).get(identifier, ())
    return next((read for read in reads if read.n > event.n and read.n not in run.provoked | run.spoilt), None)


def _once(book: Rulebook) -> None:
    @book.at_end(name="event-once")
    def once(run: Run) -> Iterator[Remark]:
        """An event that was taken does not come again, unless for another subscription; one that was not taken may."""
        for page in accounts(run, book.api):
            for told in page.told:
                again = Mark.DUPLICATE in told.marks
                yield on_request(told.exchange, FINE if not again else breach(
                    "/eventId", "an event that did not come before", told.event_id or MISSING,
                    f"the event came again: {', '.join(told.remarks)}", hint=True))  # fmt: skip


def dues(run: Run, kinds: Collection[str]) -> Iterator[tuple[Account, Due]]:
    """What had to be told of the resources of these kinds, so far as anything can be said of it: it was told, or it
    cannot come any more, and was not held back on purpose.
    """
    for api in dict.fromkeys(kind.api for kind in run.kinds if kind.name in kinds):
        for page in accounts(run, api):
            if page.kind.name in kinds:
                silent = (Mark.AWAITED, Mark.NEVER_ARRIVED) if page.id in run.withheld else (Mark.AWAITED,)
                yield from ((page, due) for due in page.due if due.mark not in silent)


def told_or_not(
    page: Account, due: Due, *, why: str = "", hint: bool = False, reading: tuple[str, str] | None = None
) -> Remark:
    """That something was told, or that it was not; a hint where its event, had it been sent, might not be recorded. With
    `reading` it had to be told by that reading of the register.
    """
    if due.told is not None:
        return on_request(due.told.exchange, FINE)
    types = " or ".join(due.types)
    unsure = "" if due.sure else "; or was it told where nobody recorded it?"
    found = at(due.shown.value, due.members[0]) if due.members else MISSING if due.created else due.state
    return on_response(due.seen, breach(
        _place(page, due), types, found,
        f"{page.kind.name} {page.id}: {due.what}, and no {types} told the buyer, who had subscribed"
        f"{f' ({why})' if why else ''}{unsure}", reading=reading, hint=hint or not due.sure))  # fmt: skip


def _place(page: Account, due: Due) -> str:
    """Where the answer shows what was not told."""
    if due.created:
        return due.shown.place
    if due.members:
        return f"{due.shown.place}{due.members[0]}"
    if due.item is None:
        return f"{due.shown.place}/{due.set}" if due.set else f"{due.shown.place}{page.kind.state_at}"
    for place, item in every(due.shown.value, f"{page.kind.items_at}/*"):
        if at(item, "/id") == due.item:
            return f"{due.shown.place}{place}/state"
    return due.shown.place
