"""The event ledger: what a subscriber had to be told of each resource, and what it was told.

What had to be told follows from what reads and answers showed: a change of state, or a new charge or qualification,
while a subscription to that type of event was in force. What was told are the notifications of the run. The ledger
says nothing of right or wrong, which is the rules' business; it lays both side by side, in the order of time, for
people and for steps that wait for an event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from emulator.judge.dues import Owing, history_of
from emulator.judge.fold import Fold
from emulator.judge.hubs import Listening, over, subscriptions, was_under_way
from emulator.judge.news import Due, Mark, News, Told, news_of
from emulator.judge.run import Life, Run
from emulator.judge.runs import runs_of
from emulator.judge.times import GRACE, SKEW, Moves
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at
from emulator.standard.instant import read_moment
from emulator.standard.kinds.facts import Kind

if TYPE_CHECKING:
    from emulator.standard.release import Release

__all__ = ["GOOD", "Account", "Due", "Ledger", "Mark", "Told", "ledger_of", "read_ledger", "subscriptions"]

_LAST: Final = 1 << 62
"""Among lines of one moment, those that no exchange says come last."""


GOOD: Final = frozenset({Mark.DELIVERED, Mark.REPEATED, Mark.AWAITED, Mark.UNCONFIRMED})
"""Marks with which nothing is wrong."""


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
    """The ledger's page of one resource, in one of the legs where there are several."""

    kind: Kind
    id: str
    life: Life
    listening: Listening
    run: Run
    due: list[Due] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    leg: str | None = None

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
        for hub in self.listening.all:
            wanted = ", ".join(sorted(hub.types)) if hub.types else "every event"
            yield Line(hub.made.at, hub.made.n, f"subscription to {wanted}")
            if hub.ended is not None:
                yield Line(hub.ended.at, hub.ended.n, "end of that subscription")
        state: Any = None
        for shown in self.life.shown:
            now = at(shown.value, self.kind.state_at) if self.kind.state else MISSING
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


def read_ledger(
    exchanges: Iterable[Exchange],
    release: Release,
    *,
    now: datetime,
    grace: float | None = None,
    moves: Moves = (),
) -> Ledger:
    """The ledger of a transcript, as it stands at `now`. Never raises, whatever the messages hold.

    `release` is that of exchanges which say none; each release has pages of its own.
    `grace` is how long an event may take, in seconds; `moves` as for `judge`.
    """
    runs = runs_of(exchanges, release, lambda which: Run(which, moves=moves))
    if len(runs.all) == 1:
        return ledger_of(runs.main, now=now, grace=grace)
    accounts: list[Account] = []
    for run in runs.all:
        for account in ledger_of(run, now=now, grace=grace).accounts:
            account.leg = runs.leg_of[run]
            accounts.append(account)
    return Ledger(tuple(sorted(accounts, key=lambda account: _first(account.life))))


def ledger_of(run: Run, *, now: datetime, grace: float | None = None) -> Ledger:
    """As `read_ledger`, for a run that the judge has read."""
    patience = run.spread(GRACE if grace is None else timedelta(seconds=grace))
    every_news = list(news_of(run.kinds))
    hubs = {api: Listening(run, api) for api in dict.fromkeys(news.kind.api for news in every_news)}
    accounts: list[Account] = []
    for news in every_news:
        kind = news.kind
        lives = run.lives(kind.name)
        if not lives:
            continue
        listening, owing, not_found = hubs[kind.api], Owing(run, news, hubs[kind.api]), _not_found(kind, run)
        for life in lives:
            account = Account(kind, life.id, life, listening, run)
            account.told = [_told(event, run) for event in life.told]
            account.due = owing.of(life)
            _pair(account, now, patience)
            _examine(account, news, not_found.get(life.id))
            if account.told or account.due or listening.all:
                accounts.append(account)
    accounts.sort(key=lambda account: _first(account.life))
    return Ledger(tuple(accounts))


def _forget(kept: list[Ledger], _run: Run, _exchange: Exchange) -> None:
    kept.clear()


_KEPT: Final[Fold[list[Ledger]]] = Fold(list, _forget)
"""The ledger of a run, as long as nothing comes to it."""


def ledger_at_end(run: Run) -> Ledger:
    """The ledger of a run that is over: made for the first rule that asks."""
    kept = run.known(_KEPT)
    if not kept:
        kept.append(ledger_of(run, now=over(run.exchanges[-1])) if run.exchanges else Ledger(()))
    return kept[0]


def _first(life: Life) -> int:
    seen = [exchange.n for exchange in life.told[:1]] + [shown.exchange.n for shown in life.shown[:1]]
    return min(seen, default=0)


def _told(event: Exchange, run: Run) -> Told:
    body = event.request.body
    identifier = at(body, "/eventId")
    item = next((found for name in run.kinds.item_ids if isinstance(found := at(body, f"/event/{name}"), str)), None)
    about = run.event(event)
    told = Told(
        exchange=event,
        event_type=about.type if about else str(event.operation),
        event_id=identifier if isinstance(identifier, str) else None,
        moment=read_moment(at(body, "/eventTime")),
        item=item,
    )
    state = at(body, f"/event/{about.shows}") if about and about.shows else None
    told.state = state if isinstance(state, str) else None
    named = at(body, "/eventType")
    if isinstance(named, str) and named != told.event_type:
        told.named = named
        told.mark(Mark.WRONG_TYPE, f"its eventType is {named}")
    return told


# What was told, and of what


def _pair(account: Account, now: datetime, grace: timedelta) -> None:
    """Match events with what they tell of, and mark both."""
    free = _matched(account, grace)
    for due in account.due:
        if due.told is not None:
            took = account.run.lasted(due.known, due.told.exchange.at)
            due.mark = Mark.LATE if took > grace else Mark.DELIVERED
            due.told.mark(due.mark, f"{took.total_seconds():.0f} s after it" if took > grace else "")
        elif account.run.lasted(due.latest, now) > grace and not due.cut_off:
            due.mark = Mark.NEVER_ARRIVED
    for told in free:
        took = account.run.lasted(told.moment, told.exchange.at) if told.moment is not None else timedelta()
        if took > grace:
            told.mark(Mark.LATE, f"{took.total_seconds():.0f} s after its eventTime")
        else:
            told.mark(Mark.UNCONFIRMED)


def _matched(account: Account, grace: timedelta) -> list[Told]:
    """Match events with what they tell of; the answer is those that are left. Where an event names no state, or no right one, time
    decides, and else their order. Of members that changed one event can tell for several changes, if it comes in time after each.
    """
    different = _different(account.told)
    free = list(different)

    def in_time(told: Told, due: Due) -> bool:
        return _tells(told, due) and (not due.members or account.run.lasted(due.latest, told.exchange.at) <= grace)

    def shared(told: Told, due: Due) -> bool:
        return bool(due.members) and in_time(told, due) and told.exchange.n > due.before

    ways = ((_tells_to_the_second, free), (in_time, free), (shared, different), (_tells, free))
    for by_state, (fits, among) in product((True, False), ways):
        for due in [due for due in account.due if due.told is None]:
            due.told = next((told for told in among if fits(told, due) and (not by_state or _names(told, due))), None)
            if due.told in free:
                free.remove(due.told)
    return free


def _different(told: Sequence[Told]) -> list[Told]:
    """Events without those that were there before, by their eventId; of another moment it is another event."""
    known: set[tuple[str, str, str | None, datetime | None]] = set()
    found = []
    for one in told:
        key = (one.event_id or f"#{one.exchange.n}", one.event_type, one.item, one.moment)
        if key not in known:
            known.add(key)
            found.append(one)
    return found


def _names(told: Told, due: Due) -> bool:
    """Whether an event names the state that is due; one that names none may."""
    return told.state in (None, due.state) or bool(due.created or due.set or due.members)


def _tells(told: Told, due: Due) -> bool:
    same_item = due.item is None or told.item in (None, due.item)
    of_type = told.event_type in due.types or told.named in due.types
    return of_type and same_item and told.exchange.at >= due.since


def _tells_to_the_second(told: Told, due: Due) -> bool:
    return _tells(told, due) and due.exact and told.moment is not None and abs(told.moment - due.moment) <= SKEW


def _examine(account: Account, news: News, gone: Exchange | None) -> None:
    """Mark what is odd about the events themselves; `gone` is a read that says there is no such resource."""
    newest: Told | None = None
    came: dict[tuple[str, str, str | None], list[Told]] = {}
    for told in account.told:
        before = came.setdefault((told.event_id or f"#{told.exchange.n}", told.event_type, told.item), [])
        _again(told, before, account.listening)
        before.append(told)
        if len(before) == 1 and told.moment is not None:
            if newest is not None and newest.moment is not None and told.moment < newest.moment:
                told.mark(Mark.OUT_OF_ORDER, f"#{newest.exchange.n} came first and happened later")
            if newest is None or newest.moment is None or told.moment >= newest.moment:
                newest = told
        _wanted(told, account)
        if gone is not None and gone.n > told.exchange.n:
            told.mark(Mark.CONTRADICTS, f"#{gone.n} says that there is no such {account.kind.name}")
        elif len(before) == 1 and told.event_type == news.state and Mark.UNCONFIRMED in told.marks:
            _against_reads(told, account)
        if len(told.marks) > 1 and Mark.UNCONFIRMED in told.marks:
            told.marks.remove(Mark.UNCONFIRMED)


def _again(told: Told, before: Sequence[Told], listening: Listening) -> None:
    """A second delivery is right where the first was not taken, or where another subscription calls for it."""
    taken = [earlier for earlier in before if earlier.taken]
    if not before:
        return
    told.marks[:] = [mark for mark in told.marks if mark is Mark.WRONG_TYPE]
    due = listening.count(told.event_type, told.exchange.n)
    if taken and len(taken) >= max(due, 1):
        told.mark(Mark.DUPLICATE, f"#{taken[0].exchange.n} brought it and was answered "
                                  f"{taken[0].exchange.response.status if taken[0].exchange.response else '?'}")  # fmt: skip
    else:
        told.mark(Mark.REPEATED)


def _wanted(told: Told, account: Account) -> None:
    """Whether a subscription asks for it. Where none was seen, one may be older than the run."""
    event, listening = told.exchange, account.listening
    if not listening.all or listening.all[0].made.n > event.n:
        return
    longest = max(listening.to((told.event_type,), event.n), key=lambda hub: hub.until, default=None)
    if longest is None:
        names = sorted({name for hub in listening.all if hub.made.n < event.n for name in hub.types or ()})
        told.mark(Mark.WRONG_TYPE, f"the subscription is to {', '.join(names)}")
        return
    ended = longest.ended if longest else None
    if ended is not None and ended.n < event.n and not was_under_way(event, told.moment, ended, account.run):
        told.mark(Mark.AFTER_UNREGISTER, f"#{ended.n} had ended the subscription")


def _not_found(kind: Kind, run: Run) -> dict[str | None, Exchange]:
    """By its id, the last read of each resource of a kind that was answered 404."""
    retrieve = kind.one("retrieve")
    reads = run.of(retrieve, api=kind.api) if retrieve else ()
    return {
        read.path_params.get("id"): read
        for read in reads
        if read.response is not None and read.response.status == 404  # noqa: PLR2004
    }


def _against_reads(told: Told, account: Account) -> None:
    """An event of a change, between two sightings of the resource in one state, whose history tells of no change."""
    before = account.life.last_before(told.exchange, whole=False)
    after = account.life.next_after(told.exchange, whole=False)
    if (
        before is None
        or after is None
        or (told.moment is not None and told.moment < before.exchange.at - account.run.spread(SKEW))
    ):
        return
    place, log = account.kind.state_at, account.kind.history
    state = at(after.value, place)
    grown = len(history_of(after.value, log)) > len(history_of(before.value, log))
    told_of = at(after.value, log.at) if log else MISSING
    if state == at(before.value, place) and not grown and (told_of is not MISSING or not _comes_back(state, account)):
        told.mark(Mark.CONTRADICTS, f"#{before.exchange.n} and #{after.exchange.n} both show {state}")


def _comes_back(state: Any, account: Account) -> bool:
    """Whether a resource can leave a state and be in it again, so that nobody sees what was in between."""
    cycle, lifecycles = account.kind.cycle, account.run.release.lifecycles
    machines = [lifecycles[name] for name in cycle.names.values() if name in lifecycles] if cycle else []
    return any(each.reaches(following, str(state)) for each in machines for following in each.after(str(state)))
