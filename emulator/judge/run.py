"""What the judge knows of a run: the exchanges so far, and from them the life of every resource.

Filled exchange by exchange, in order; a rule that looks at a message sees what came before it and the
message itself, never what comes later.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, overload

from emulator.judge.bodies import is_gap
from emulator.judge.fold import Fold, Known, Taken
from emulator.judge.showing import View, showings, shown_by, told_about
from emulator.judge.times import Moves, lasted
from emulator.record.exchange import Exchange, Party, Unread
from emulator.record.payload import MISSING, at
from emulator.standard.declared import NOTHING_DECLARED, Declared
from emulator.standard.kinds.facts import Event, Kind

if TYPE_CHECKING:
    from emulator.standard.release import Release


@dataclass(frozen=True, slots=True)
class Shown:
    """A resource as one response showed it: `value` (an object with a text `id`) stands at `place` of its body."""

    exchange: Exchange
    view: View
    place: str
    value: Mapping[str, Any]

    @property
    def whole(self) -> bool:
        """Whether all attributes were to be shown; an entry of a list has only some."""
        return self.view is not View.LISTED


class _Beginning(Sequence[Shown]):
    """The first entries of a list that only grows at its end, without a copy of them."""

    def __init__(self, whole: list[Shown], size: int) -> None:
        self._whole, self._size = whole, size

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, spot: int) -> Shown: ...
    @overload
    def __getitem__(self, spot: slice) -> list[Shown]: ...
    def __getitem__(self, spot: int | slice) -> Shown | list[Shown]:
        spots = range(self._size)[spot]
        return self._whole[spots] if isinstance(spots, int) else [self._whole[each] for each in spots]

    def __iter__(self) -> Iterator[Shown]:
        return islice(self._whole, self._size)


def _before(shown: list[Shown], n: int) -> int:
    """How many of these sightings were before an exchange: mostly all, or all but the last."""
    size = len(shown)
    for spot in range(size - 1, max(size - 3, -1), -1):
        if shown[spot].exchange.n < n:
            return spot + 1
    return bisect_left(shown, n, key=lambda each: each.exchange.n)


@dataclass(slots=True, eq=False)
class Life:
    """What was seen of one resource, oldest first.

    `since` is the number of the exchange that showed or told of it first, `turn` counts the resources of its kind that
    were known before it. `asked` is the exchange that made it, if we saw it: its request's body is what the Buyer asked
    for. `whole` are the sightings without list entries, `patched` is the first answer to a change. `told` are the
    notifications about it.
    """

    kind: Kind
    id: str
    since: int
    turn: int
    asked: Exchange | None = None
    shown: list[Shown] = field(default_factory=list)
    whole: list[Shown] = field(default_factory=list)
    told: list[Exchange] = field(default_factory=list)
    patched: Shown | None = None

    @property
    def request(self) -> Any:
        """The body that asked for it, MISSING where that was not seen."""
        return self.asked.request.body if self.asked else MISSING

    def see(self, shown: Shown) -> None:
        """Add the newest sighting."""
        self.shown.append(shown)
        if shown.whole:
            self.whole.append(shown)
        if shown.view is View.CREATED and self.asked is None:
            self.asked = shown.exchange
        if shown.view is View.PATCHED and self.patched is None:
            self.patched = shown

    def before(self, exchange: Exchange) -> Sequence[Shown]:
        """The sightings before an exchange, oldest first."""
        return _Beginning(self.shown, _before(self.shown, exchange.n))

    def last_before(self, exchange: Exchange, *, whole: bool = True) -> Shown | None:
        """The newest sighting before an exchange; with `whole` list entries are passed over."""
        shown = self.whole if whole else self.shown
        size = _before(shown, exchange.n)
        return shown[size - 1] if size else None

    def next_after(self, exchange: Exchange, *, whole: bool = True) -> Shown | None:
        """The oldest sighting after an exchange; with `whole` list entries are passed over."""
        shown = self.whole if whole else self.shown
        size = _before(shown, exchange.n + 1)
        return shown[size] if size < len(shown) else None


class Run:
    """The exchanges of a run so far, found by what they are."""

    def __init__(
        self,
        release: Release,
        declared: Declared = NOTHING_DECLARED,
        provoked: frozenset[int] = frozenset(),
        spoilt: frozenset[int] = frozenset(),
        heard: tuple[str, ...] = (),
        speed: float = 1.0,
        withheld: frozenset[str] = frozenset(),
        elsewhere: Callable[[str], bool] = lambda _: False,
        moves: Moves = (),
    ) -> None:
        """`heard` are callbacks at which the transcript itself listens, `speed` how fast its clock goes; the others are as in `judge`.

        `gaps` says whether anything but a read has a body that the transcript does not hold: then what seems not to have
        been asked, told or shown may have been. A read that is not held is as one that was not made.
        """
        self.release, self.declared, self.provoked, self.spoilt = release, declared, provoked, spoilt
        self.withheld, self.elsewhere = withheld, elsewhere
        self._heard, self._speed, self.moves = heard, speed, moves
        self.exchanges: list[Exchange] = []
        self.gaps = False
        self._by_operation: dict[tuple[str, str], list[Exchange]] = {}
        self.kinds = release.kinds
        self._lives: dict[str, dict[str, Life]] = {kind.name: {} for kind in self.kinds}
        self._shown: dict[int, tuple[Shown, ...]] = {}
        self._acts: list[int] = []
        self._folds: dict[Fold[Any], Taken[Any]] = {}

    def add(self, exchange: Exchange) -> None:
        """Take in the next exchange. Never raises, whatever its bodies hold."""
        self.exchanges.append(exchange)
        self.pass_by(exchange)
        if exchange.api is None or exchange.operation is None:
            return
        self._by_operation.setdefault((exchange.api, exchange.operation), []).append(exchange)
        if exchange.kind == "notification":
            self._note_event(exchange)
        elif exchange.response is not None and exchange.n not in self.spoilt:
            self._note_shown(exchange)

    def pass_by(self, exchange: Exchange) -> None:
        """Take note that the next exchange took place: all that is to be known of one of another release."""
        self.gaps = self.gaps or is_gap(exchange)
        by = self.kinds.shown_by(str(exchange.api), str(exchange.operation)) if exchange.acts else None
        if exchange.acts and (by is None or by[1] != "list"):  # a list can be asked for by a body
            self._acts.append(exchange.n)

    def begin_beside(self, other: Run) -> None:
        """Take note of all that another Run knows to have taken place: this one begins now."""
        self.gaps, self._acts = other.gaps, list(other._acts)

    def spread(self, span: timedelta) -> timedelta:
        """What the clock of the transcript counts while so much time passes in reality: messages on their way, and the
        difference of two clocks, are real, however fast time goes.
        """
        return span * self._speed

    def lasted(self, since: datetime, until: datetime) -> timedelta:
        """How much time passed between two moments, but for what the clock of the transcript was put forward meanwhile."""
        return lasted(since, until, self.moves) if self.moves else until - since

    def of(self, *operations: str, api: str) -> Sequence[Exchange]:
        """The exchanges of these operations so far, in order."""
        if len(operations) == 1:
            return self._by_operation.get((api, operations[0]), ())
        found = [exchange for operation in operations for exchange in self._by_operation.get((api, operation), ())]
        return sorted(found, key=lambda exchange: exchange.n)

    def rightly_asked(self, exchange: Exchange) -> bool:
        """Whether a request is as its contract asks, and was not made wrong on purpose: else it explains a refusal."""
        if exchange.api is None or exchange.operation is None or exchange.n in self.provoked:
            return False
        contract = self.release.contract(exchange.api, exchange.kind)
        return not contract.request_breaches(exchange.operation, exchange.request, advisory=False)

    def life(self, kind: str, identifier: Any) -> Life | None:
        """The life of a resource of the kind of that name, None where nothing was seen of it."""
        return self._lives.get(kind, {}).get(identifier) if isinstance(identifier, str) else None

    def lives(self, kind: str) -> Collection[Life]:
        """All resources of the kind of that name, in the order in which they were first seen."""
        return self._lives.get(kind, {}).values()

    def shown_by(self, exchange: Exchange) -> tuple[Kind, View] | None:
        """The kind of resource that a success of this operation shows, and in answer to what."""
        return shown_by(self.kinds, exchange.api, exchange.operation)

    def event(self, exchange: Exchange) -> Event | None:
        """What a notification tells of, by the listener that it came to."""
        return self.kinds.event(str(exchange.api), str(exchange.operation))

    def known(self, fold: Fold[Known], *, before: Exchange | None = None) -> Known:
        """What a fold has gathered: from all exchanges so far, or from those before one.

        ValueError where it has gathered from that one already: a fold never goes back.
        """
        memory: Taken[Known] | None = self._folds.get(fold)
        if memory is None:
            memory = self._folds[fold] = Taken(fold.start())
        end = len(self.exchanges)
        while before is not None and end and self.exchanges[end - 1].n >= before.n:
            end -= 1
        if memory.taken > end:
            raise ValueError("a fold never goes back")
        for exchange in self.exchanges[memory.taken : end]:
            memory.taken += 1
            fold.take(memory.known, self, exchange)
        return memory.known

    def acted_between(self, earlier: Exchange, later: Exchange) -> bool:
        """Whether anything but reads was asked for after one exchange, up to and with another."""
        spot = bisect_right(self._acts, earlier.n)
        return spot < len(self._acts) and self._acts[spot] <= later.n

    def hears(self, subscribed: Exchange) -> bool:
        """Whether the notifications of a subscription are sure to stand in the transcript: it listens at their
        callback, or passed on what came there, or one of them came there. A capture of one side's requests holds none.
        """
        callback = at(subscribed.request.body, "/callback")
        if not isinstance(callback, str) or not callback:
            return False
        told = self.known(_TOLD_TO)
        spot = bisect_left(told, callback)
        is_led = subscribed.relayed is not None and subscribed.relayed.is_heard
        return is_led or callback.startswith(self._heard) or (spot < len(told) and told[spot].startswith(callback))

    def shown(self, exchange: Exchange) -> tuple[Shown, ...]:
        """The resources that an exchange's response showed."""
        return self._shown.get(exchange.n, ())

    def lived(self, exchange: Exchange) -> Iterator[tuple[Shown, Life]]:
        """The resources that an exchange's response showed, each with its life."""
        by = self.shown_by(exchange)
        if by is not None:
            lives = self._lives[by[0].name]
            yield from ((shown, lives[shown.value["id"]]) for shown in self.shown(exchange))

    def uses(self, key: str) -> bool | None:
        """Whether the partners declared an option of a guide used, by its key; None where they said nothing."""
        return self.declared.options.get(self.release.labels.told(key) or "")

    def reads_as(self, interpretation: str, reading: str) -> bool:
        """Whether a reading of the interpretation register holds: the declared one, else our default."""
        return self.reading(interpretation) == reading

    def reading(self, interpretation: str) -> str:
        """The reading of a register entry that holds in this run. KeyError for an unknown entry."""
        if (left := self.release.settled.get(interpretation)) is not None:
            return left
        entry = self.release.interpretations[interpretation]
        return self.declared.readings.get(interpretation, entry.default)

    def _note_shown(self, exchange: Exchange) -> None:
        assert exchange.response is not None
        found = showings(self.kinds, exchange.api, exchange.operation, exchange.response.status, exchange.response.body)
        shown: list[Shown] = []
        for kind, view, place, value in found:
            shown.append(Shown(exchange, view, place, value))
            self._life(kind, value["id"], exchange).see(shown[-1])
        self._shown[exchange.n] = tuple(shown)

    def _note_event(self, exchange: Exchange) -> None:
        """An event is told about the resource of its kind; without one seen before it is still remembered."""
        about = told_about(self.kinds, exchange.api, exchange.operation, exchange.request.body)
        if about is not None:
            self._life(*about, exchange).told.append(exchange)

    def _life(self, kind: Kind, identifier: str, exchange: Exchange) -> Life:
        lives = self._lives[kind.name]
        if identifier not in lives:
            lives[identifier] = Life(kind, identifier, exchange.n, len(lives))
        return lives[identifier]


def _take_url(known: list[str], _run: Run, exchange: Exchange) -> None:
    url = exchange.request.url
    if exchange.kind == "notification":
        spot = bisect_left(known, url)
        if known[spot : spot + 1] != [url]:
            known.insert(spot, url)


_TOLD_TO: Final[Fold[list[str]]] = Fold(list, _take_url)
"""The URLs that notifications came to, sorted."""


class Half(StrEnum):
    """Which message of an exchange is meant."""

    REQUEST = "request"  # written by the sender
    RESPONSE = "response"  # written by the receiver


@dataclass(frozen=True)
class Said:
    """A message within its run: what most rules look at."""

    run: Run
    exchange: Exchange
    half: Half

    @property
    def author(self) -> Party:
        """Who wrote the message."""
        return self.exchange.sender if self.half is Half.REQUEST else self.exchange.receiver

    @cached_property
    def body(self) -> Any:
        """The message's JSON body, MISSING where there is none that can be read."""
        message = self.exchange.request if self.half is Half.REQUEST else self.exchange.response
        return message.body if message else MISSING

    @property
    def unread(self) -> Unread | None:
        """Why this message's body is not known, where it is not: then no rule looks at the message."""
        message = self.exchange.request if self.half is Half.REQUEST else self.exchange.response
        return message.unknown if message else None

    @property
    def asked(self) -> Any:
        """The body of the exchange's request."""
        return self.exchange.request.body

    @property
    def status(self) -> int:
        """The status of the exchange's response, 0 where there is none."""
        return self.exchange.response.status if self.exchange.response else 0

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The request's query; of a parameter given twice, the first."""
        return dict(reversed(self.exchange.request.query))

    @property
    def shown(self) -> tuple[Shown, ...]:
        """The resources that this response shows."""
        return self.run.shown(self.exchange) if self.half is Half.RESPONSE else ()

    def lived(self) -> Iterator[tuple[Shown, Life]]:
        """Each resource that this response shows, with its life so far (this sighting is its last)."""
        return self.run.lived(self.exchange) if self.half is Half.RESPONSE else iter(())

    def header(self, name: str) -> str | None:
        """A header of this message, whatever its case."""
        message = self.exchange.request if self.half is Half.REQUEST else self.exchange.response
        return message.header(name) if message else None
