"""The store: resources and timers of every run, changed all together or not at all."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Protocol, TypeVar

import orjson

from emulator.parties.clock import Pace
from emulator.record.call import Unavailable

T = TypeVar("T")

_EVERY_RUN: Final = None
"""Owner of what is shared; the id of a run is never None."""


@dataclass(slots=True)
class Resource:
    """Something that a party keeps for one run; `body` is the message that shows it.

    A Resource that the store gives out is the caller's own copy: `Store.update` keeps its changes. `written` is the body
    as the store has it, which is not what `body` is where that was changed since.
    """

    run: str
    kind: str
    id: str
    body: dict[str, Any]
    created: datetime
    written: bytes | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Timer:
    """`action` is due on a resource at a time of the party's clock."""

    run: str
    kind: str
    id: str
    at: datetime
    action: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Owed:
    """A notification that a subscriber has yet to get, or never got.

    `body` is the event as it is sent; `due` is when it is tried next; `attempts` counts the tries made.
    """

    id: str
    run: str
    api: str
    """Name of the API whose hub has the subscription: the subscription is a resource of kind `hub.<api>`."""
    subscription: str
    event: str
    """Type of the event."""
    body: Mapping[str, Any]
    due: datetime
    attempts: int = 0
    fault: str | None = None
    """What the last try met; None before the first one."""


Outcome = Literal["delivered", "dead"]
"""How an owed notification ends: the subscriber has it, or no try is left. Dead ones are kept."""

_LETTERS: Final = 10_000
"""Dead letters that are kept; older ones are forgotten."""


@dataclass(slots=True)
class _Line:
    """What is owed to one subscription, oldest first; only its first is ever given out."""

    rows: dict[int, Owed] = field(default_factory=dict)
    leased_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    order: int
    created: datetime
    body: bytes


HUB: Final = "hub."
"""How the kinds of resources begin that are an API's subscriptions."""
MARKS: Final = ("external", "state", "project")
"""What a store finds resources by, beside their ids."""
COUNTED: Final = 10_000
"""How far is counted what a list could show: to count a million takes longer than to show a page of them."""
_NOTHING: Final[Mapping[str, str]] = {}


def marks_of(body: Any) -> dict[str, str | None]:
    """The marks of a body: its externalId, its state (a product's status) and its projectId; None where it has no text."""
    members = body if isinstance(body, dict) else {}
    found = (members.get("externalId"), members.get("state", members.get("status")), members.get("projectId"))
    return {name: value if isinstance(value, str) else None for name, value in zip(MARKS, found, strict=True)}


def has_marks(body: Any, marks: Mapping[str, str]) -> bool:
    """Whether a body has all of these marks."""
    return not marks or marks.items() <= marks_of(body).items()


class StoreFault(Unavailable):
    """The database failed in the middle of a transaction, of which nothing is kept. `again`: another try may do.

    `ill` says what is wrong with it, in words that follow its name.
    """

    def __init__(self, message: str, *, again: bool, ill: str = "refused") -> None:
        super().__init__(message)
        self.again, self.ill = again, ill


class Store(Protocol):
    """Keeps what the runs of a party have: resources, timers, and notifications that are owed.

    Safe to use from many threads. Bodies go in and out as copies: nobody can change what is kept without `update`.
    `emulator.parties.opening.open_store` gives one in memory or one in a database; they behave the same, except
    that several processes can share a database.
    """

    def transaction(self) -> AbstractContextManager[None]:
        """Everything that is changed inside is kept, or nothing where an exception leaves the block.

        Transactions nest: an inner one that fails takes back only its own changes.
        """

    def attempt(self, work: Callable[[], T]) -> T:
        """Do work in a transaction and give what it gives; again from the start where the database asks for that.

        So work must change nothing but the store. Raises whatever the work raises.
        """

    def let_go(self) -> None:
        """This thread is about to wait for another: nothing that the other may need is held back any longer."""

    def close(self) -> None:
        """Let go of files and connections; nothing can be done with the store after that."""

    def starts(self) -> int:
        """Count a start of a party on this store: 0 for the first, then 1, 2…"""

    def begin(self, run: str, now: datetime) -> bool:
        """Whether this run is new; from then on it is known. In a transaction that fails it stays unknown."""

    def begun(self, run: str) -> bool:
        """Whether a run has begun, and was not forgotten since."""

    def runs(self) -> list[str]:
        """The runs that have begun, in any order."""

    # The pace of the clock that all its moments are of

    def pace(self) -> Pace | None:
        """How the party's clock goes; None where it shows the wall's time."""

    def set_pace(self, pace: Pace, leap: timedelta = timedelta(0)) -> None:
        """Keep how the clock goes from now on. It is put forward by `leap`, and so is the end of every lease:
        who holds one is talking to a partner, whose time does not leap.
        """

    # Resources

    def share(self, resource: Resource) -> None:
        """Let every run see a resource that none changes; its own `run` does not matter.

        It comes from a profile, so it lives only as long as this object. Lists show it before what a run added.
        """

    def add(self, resource: Resource) -> None:
        """Keep a new resource. Raises KeyError where its id is taken."""

    def get(self, run: str, kind: str, identifier: str) -> Resource | None:
        """A copy of a resource, or None. Inside of a transaction nobody else can change it until that ends."""

    def has(self, run: str, kind: str, identifier: str) -> bool:
        """Whether `get` would give one; nobody is kept from changing it."""

    def update(self, resource: Resource) -> None:
        """Keep the changed body of a resource that `get` gave. Raises KeyError where it is not there."""

    def remove(self, run: str, kind: str, identifier: str) -> bool:
        """Forget a resource; False where there was none."""

    def all(self, run: str, kind: str, marks: Mapping[str, str] = _NOTHING) -> Iterator[Resource]:
        """Copies, for reading, of what a run sees of a kind and has these marks, in order of creation.

        What is added after the first of them was given is not among them.
        """

    def part(
        self, run: str, kind: str, offset: int, limit: int, marks: Mapping[str, str] = _NOTHING, count: int = COUNTED
    ) -> tuple[int, list[Resource]]:
        """How many `all` would give, `count` + 1 where they are more than that; those from `offset` on, `limit` at most."""

    # Timers

    def plan(self, timer: Timer) -> None:
        """Keep a timer until it is due or cancelled; its data must be JSON."""

    def next_due(self, now: datetime) -> Timer | None:
        """Remove and return the first timer that is due, or None: it may plan others that go before the rest.

        Call it inside of the transaction that does what the timer is for. Then both happen or neither does, and
        nobody else has the timer, its resource, or a later timer of that resource, until the transaction ends.
        """

    def next_timer(self) -> datetime | None:
        """When the first timer is due, or None where there is none."""

    def timers(self, run: str, kind: str, identifier: str) -> list[Timer]:
        """The timers of a resource, in order of time, then of planning."""

    def cancel(self, run: str, kind: str, identifier: str) -> None:
        """Forget the timers of a resource."""

    # Notifications that are owed

    def owe(self, owed: Owed, reserved: float = 0.0) -> None:
        """Keep a notification until it is settled; it goes after all that its subscription is owed already.

        For so many seconds it is `reserved`: other processes do not get it from `owed_due`, while this one is there.
        Raises KeyError where its id is taken.
        """

    def owed_due(self, now: datetime, limit: int, lease_seconds: float) -> list[Owed]:
        """The first unsettled notification of each subscription, where it is due, by due time; at most `limit`.

        Who gets one holds it for the lease: until that has passed, or it is settled or postponed, nobody else gets it.
        Never call it inside of a transaction.
        """

    def next_owed(self) -> datetime | None:
        """When `owed_due` has something to give next; what is leased counts from the end of its lease."""

    def settle_owed(self, identifier: str, outcome: Outcome, fault: str | None = None) -> None:
        """End a notification; one that is not there has been settled or forgotten before."""

    def postpone_owed(
        self, identifier: str, due: datetime, attempts: int, fault: str | None = None, reserved: float = 0.0
    ) -> None:
        """Try a notification again later; what its subscription is owed besides waits with it. `reserved` as in `owe`."""

    def forget_owed(self, run: str, subscription: str) -> int:
        """Drop all that a subscription is owed, since it ended; returns how many. Dead letters stay."""

    def owed_to(self, run: str, subscription: str) -> list[Owed]:
        """What a subscription is owed, oldest first."""

    def dead_letters(self, run: str) -> list[Owed]:
        """What a run's subscribers never got although every try was made, oldest first."""


class MemoryStore(Store):
    """A store in memory, for self-tests: it ends with the process."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._count = itertools.count()
        self._rows: dict[tuple[str | None, str], dict[str, _Row]] = {}
        self._timers: dict[int, Timer] = {}
        self._queue: list[tuple[datetime, int]] = []
        self._owned: dict[tuple[str, str, str], set[int]] = {}
        self._lines: dict[tuple[str, str], _Line] = {}
        self._places: dict[str, tuple[tuple[str, str], int]] = {}
        self._heads: list[tuple[datetime, int, tuple[str, str]]] = []
        self._dead: deque[Owed] = deque(maxlen=_LETTERS)
        self._runs: set[str] = set()
        self._starts = itertools.count()
        self._pace: Pace | None = None
        self._undo: list[Callable[[], object]] = []
        self._depth = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock:
            mark = len(self._undo)
            self._depth += 1
            try:
                yield
            except BaseException:
                while len(self._undo) > mark:
                    self._undo.pop()()
                raise
            finally:
                self._depth -= 1
                if not self._depth:
                    self._undo.clear()

    def attempt(self, work: Callable[[], T]) -> T:
        with self.transaction():
            return work()

    def let_go(self) -> None:
        pass

    def close(self) -> None:
        pass

    def starts(self) -> int:
        return next(self._starts)

    def begin(self, run: str, now: datetime) -> bool:  # noqa: ARG002 - only a database tells when a run began
        with self._lock:
            if run in self._runs:
                return False
            self._runs.add(run)
            self._remember(lambda: self._runs.discard(run))
            return True

    def begun(self, run: str) -> bool:
        return run in self._runs

    def runs(self) -> list[str]:
        with self._lock:
            return list(self._runs)

    def pace(self) -> Pace | None:
        return self._pace

    def set_pace(self, pace: Pace, leap: timedelta = timedelta(0)) -> None:
        with self._lock:
            self._pace = pace
            for line_of, line in self._lines.items():
                if line.leased_until is not None:
                    line.leased_until += leap
                    self._show(line_of)

    def _remember(self, undo: Callable[[], object]) -> None:
        if self._depth:
            self._undo.append(undo)

    # Resources

    def share(self, resource: Resource) -> None:
        self._keep(_EVERY_RUN, resource)

    def add(self, resource: Resource) -> None:
        self._keep(resource.run, resource)

    def _keep(self, owner: str | None, resource: Resource) -> None:
        body = resource.written = orjson.dumps(resource.body)
        with self._lock:
            rows = self._rows.setdefault((owner, resource.kind), {})
            if resource.id in rows:
                raise KeyError(resource.id)
            rows[resource.id] = _Row(next(self._count), resource.created, body)
            self._remember(lambda: rows.pop(resource.id))

    def has(self, run: str, kind: str, identifier: str) -> bool:
        with self._lock:
            return any(identifier in self._rows.get((owner, kind), {}) for owner in (_EVERY_RUN, run))

    def get(self, run: str, kind: str, identifier: str) -> Resource | None:
        with self._lock:
            row = self._rows.get((_EVERY_RUN, kind), {}).get(identifier)
            row = row or self._rows.get((run, kind), {}).get(identifier)
        return None if row is None else _resource(run, kind, identifier, row)

    def update(self, resource: Resource) -> None:
        body = resource.written = orjson.dumps(resource.body)
        with self._lock:
            rows = self._rows.get((resource.run, resource.kind), {})
            old = rows[resource.id]
            rows[resource.id] = _Row(old.order, old.created, body)
            self._remember(lambda: rows.__setitem__(resource.id, old))

    def remove(self, run: str, kind: str, identifier: str) -> bool:
        with self._lock:
            rows = self._rows.get((run, kind), {})
            old = rows.pop(identifier, None)
            if old is None:
                return False
            self._remember(lambda: rows.__setitem__(identifier, old))
            return True

    def all(self, run: str, kind: str, marks: Mapping[str, str] = _NOTHING) -> Iterator[Resource]:
        for identifier, row in self._in_order(run, kind):
            resource = _resource(run, kind, identifier, row)
            if has_marks(resource.body, marks):
                yield resource

    def part(
        self, run: str, kind: str, offset: int, limit: int, marks: Mapping[str, str] = _NOTHING, count: int = COUNTED
    ) -> tuple[int, list[Resource]]:
        found = list(self.all(run, kind, marks))
        return min(len(found), count + 1), found[offset : offset + limit]

    def _in_order(self, run: str, kind: str) -> list[tuple[str, _Row]]:
        with self._lock:
            shared = sorted(self._rows.get((_EVERY_RUN, kind), {}).items(), key=lambda item: item[1].order)
            added = sorted(self._rows.get((run, kind), {}).items(), key=lambda item: item[1].order)
        return [*shared, *added]

    # Timers

    def plan(self, timer: Timer) -> None:
        copied = replace(timer, data=orjson.loads(orjson.dumps(timer.data)))
        with self._lock:
            key = next(self._count)
            self._insert(key, copied)
            self._remember(lambda: self._take(key))

    def next_due(self, now: datetime) -> Timer | None:
        with self._lock:
            while self._queue and self._queue[0][0] <= now:
                _, key = heapq.heappop(self._queue)
                timer = self._forget(key)
                if timer is not None:
                    return timer
            return None

    def next_timer(self) -> datetime | None:
        with self._lock:
            while self._queue and self._queue[0][1] not in self._timers:
                heapq.heappop(self._queue)
            return self._queue[0][0] if self._queue else None

    def timers(self, run: str, kind: str, identifier: str) -> list[Timer]:
        with self._lock:
            keys = sorted(self._owned.get((run, kind, identifier), ()))
            return sorted((self._timers[key] for key in keys), key=lambda timer: timer.at)

    def cancel(self, run: str, kind: str, identifier: str) -> None:
        with self._lock:
            for key in sorted(self._owned.get((run, kind, identifier), ())):
                self._forget(key)

    def _forget(self, key: int) -> Timer | None:
        """Take a timer out, to be put back if the transaction fails."""
        timer = self._take(key)
        if timer is not None:
            self._remember(lambda: self._insert(key, timer))
        return timer

    def _insert(self, key: int, timer: Timer) -> None:
        self._timers[key] = timer
        self._owned.setdefault((timer.run, timer.kind, timer.id), set()).add(key)
        heapq.heappush(self._queue, (timer.at, key))

    def _take(self, key: int) -> Timer | None:
        """Take a timer out; its place in the queue is skipped when it comes up."""
        timer = self._timers.pop(key, None)
        if timer is not None:
            owner = (timer.run, timer.kind, timer.id)
            self._owned[owner].discard(key)
            if not self._owned[owner]:
                del self._owned[owner]
        return timer

    # Notifications that are owed

    def owe(self, owed: Owed, reserved: float = 0.0) -> None:  # noqa: ARG002 - there is no other process
        with self._lock:
            if owed.id in self._places:
                raise KeyError(owed.id)
            key = next(self._count)
            self._put_owed(key, owed)
            self._remember(lambda: self._take_owed(owed.id))

    def owed_due(self, now: datetime, limit: int, lease_seconds: float) -> list[Owed]:
        with self._lock:
            found: list[Owed] = []
            while len(found) < limit and (head := self._head()) is not None and head[0] <= now:
                heapq.heappop(self._heads)
                line = self._lines[head[2]]
                line.leased_until = now + timedelta(seconds=lease_seconds)
                self._show(head[2])
                found.append(line.rows[head[1]])
            return sorted(found, key=lambda owed: owed.due)

    def next_owed(self) -> datetime | None:
        with self._lock:
            head = self._head()
            return None if head is None else head[0]

    def settle_owed(self, identifier: str, outcome: Outcome, fault: str | None = None) -> None:
        with self._lock:
            owed = self._take_owed(identifier)
            if owed is not None and outcome == "dead":
                self._dead.append(replace(owed, fault=fault or owed.fault, attempts=owed.attempts + 1))

    def postpone_owed(
        self,
        identifier: str,
        due: datetime,
        attempts: int,
        fault: str | None = None,
        reserved: float = 0.0,  # noqa: ARG002 - as above
    ) -> None:
        with self._lock:
            if identifier not in self._places:
                return
            line_of, key = self._places[identifier]
            line = self._lines[line_of]
            line.rows[key] = replace(line.rows[key], due=due, attempts=attempts, fault=fault)
            line.leased_until = None
            self._show(line_of)

    def forget_owed(self, run: str, subscription: str) -> int:
        with self._lock:
            line = self._lines.get((run, subscription), _Line())
            dropped, lease = list(line.rows.items()), line.leased_until
            for _, owed in dropped:
                self._take_owed(owed.id)

            def undo() -> None:
                for key, owed in dropped:
                    self._put_owed(key, owed)
                if dropped:
                    self._lines[run, subscription].leased_until = lease
                    self._show((run, subscription))

            self._remember(undo)
            return len(dropped)

    def owed_to(self, run: str, subscription: str) -> list[Owed]:
        with self._lock:
            line = self._lines.get((run, subscription))
            return list(line.rows.values()) if line else []

    def dead_letters(self, run: str) -> list[Owed]:
        with self._lock:
            return [owed for owed in self._dead if owed.run == run]

    def _put_owed(self, key: int, owed: Owed) -> None:
        line_of = (owed.run, owed.subscription)
        line = self._lines.setdefault(line_of, _Line())
        line.rows[key] = owed
        if len(line.rows) > 1 and key < next(iter(line.rows)):
            line.rows = dict(sorted(line.rows.items()))
        self._places[owed.id] = (line_of, key)
        if next(iter(line.rows)) == key:
            self._show(line_of)

    def _take_owed(self, identifier: str) -> Owed | None:
        line_of, key = self._places.pop(identifier, (("", ""), 0))
        line = self._lines.get(line_of)
        if line is None:
            return None
        first = next(iter(line.rows)) == key
        owed = line.rows.pop(key)
        if not line.rows:
            del self._lines[line_of]
        elif first:
            line.leased_until = None
            self._show(line_of)
        return owed

    def _show(self, line_of: tuple[str, str]) -> None:
        """Queue the first of a line at the time when it may be given out."""
        key, owed = next(iter(self._lines[line_of].rows.items()))
        heapq.heappush(self._heads, (self._ready(line_of, owed), key, line_of))

    def _ready(self, line_of: tuple[str, str], owed: Owed) -> datetime:
        lease = self._lines[line_of].leased_until
        return owed.due if lease is None else max(lease, owed.due)

    def _head(self) -> tuple[datetime, int, tuple[str, str]] | None:
        """The first place of the queue that still says the truth; what does not is dropped."""
        while self._heads:
            at, key, line_of = self._heads[0]
            line = self._lines.get(line_of)
            if line is not None:
                first, owed = next(iter(line.rows.items()))
                if first == key and self._ready(line_of, owed) == at:
                    return self._heads[0]
            heapq.heappop(self._heads)
        return None


def _resource(run: str, kind: str, identifier: str, row: _Row) -> Resource:
    return Resource(run, kind, identifier, orjson.loads(row.body), row.created, row.body)
