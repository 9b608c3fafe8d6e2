"""The store: resources and timers of every run, changed all together or not at all."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson

_EVERY_RUN: Final = None
"""Owner of what is shared; the id of a run is never None."""


@dataclass(slots=True)
class Resource:
    """Something that a party keeps for one run; `body` is the message that shows it.

    A Resource that the store gives out is the caller's own copy: `Store.update` keeps its changes.
    """

    run: str
    kind: str
    id: str
    body: dict[str, Any]
    created: datetime


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
class _Row:
    order: int
    created: datetime
    body: bytes


class Store:
    """Keeps resources and timers in memory. Safe to use from many threads.

    Bodies go in and out as copies: nobody can change what is kept without `update`.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._count = itertools.count()
        self._rows: dict[tuple[str | None, str], dict[str, _Row]] = {}
        self._timers: dict[int, Timer] = {}
        self._queue: list[tuple[datetime, int]] = []
        self._owned: dict[tuple[str, str, str], set[int]] = {}
        self._undo: list[Callable[[], object]] = []
        self._depth = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything that is changed inside is kept, or nothing where an exception leaves the block.

        Transactions nest: an inner one that fails takes back only its own changes.
        """
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

    def _remember(self, undo: Callable[[], object]) -> None:
        if self._depth:
            self._undo.append(undo)

    # Resources

    def share(self, resource: Resource) -> None:
        """Keep a resource that every run sees and none changes; its own `run` does not matter."""
        self._keep(_EVERY_RUN, resource)

    def add(self, resource: Resource) -> None:
        """Keep a new resource. Raises KeyError where its id is taken."""
        self._keep(resource.run, resource)

    def _keep(self, owner: str | None, resource: Resource) -> None:
        body = orjson.dumps(resource.body)
        with self._lock:
            rows = self._rows.setdefault((owner, resource.kind), {})
            if resource.id in rows:
                raise KeyError(resource.id)
            rows[resource.id] = _Row(next(self._count), resource.created, body)
            self._remember(lambda: rows.pop(resource.id))

    def get(self, run: str, kind: str, identifier: str) -> Resource | None:
        """A copy of a resource, or None."""
        with self._lock:
            row = self._rows.get((run, kind), {}).get(identifier)
            row = row or self._rows.get((_EVERY_RUN, kind), {}).get(identifier)
        return None if row is None else _resource(run, kind, identifier, row)

    def update(self, resource: Resource) -> None:
        """Keep a resource's changed body. Raises KeyError where it is not there."""
        body = orjson.dumps(resource.body)
        with self._lock:
            rows = self._rows.get((resource.run, resource.kind), {})
            old = rows[resource.id]
            rows[resource.id] = _Row(old.order, old.created, body)
            self._remember(lambda: rows.__setitem__(resource.id, old))

    def remove(self, run: str, kind: str, identifier: str) -> bool:
        """Forget a resource; False where there was none."""
        with self._lock:
            rows = self._rows.get((run, kind), {})
            old = rows.pop(identifier, None)
            if old is None:
                return False
            self._remember(lambda: rows.__setitem__(identifier, old))
            return True

    def all(self, run: str, kind: str) -> Iterator[Resource]:
        """Copies of what a run sees of a kind, in order of creation, as they are at this moment."""
        with self._lock:
            found = [*self._rows.get((_EVERY_RUN, kind), {}).items(), *self._rows.get((run, kind), {}).items()]
        rows = sorted(found, key=lambda item: item[1].order)
        for identifier, row in rows:
            yield _resource(run, kind, identifier, row)

    # Timers

    def plan(self, timer: Timer) -> None:
        """Keep a timer until it is due or cancelled."""
        with self._lock:
            key = next(self._count)
            self._insert(key, timer)
            self._remember(lambda: self._take(key))

    def due(self, now: datetime) -> list[Timer]:
        """Remove and return the timers that are due, in order of time, then of planning."""
        with self._lock:
            found: list[Timer] = []
            while (timer := self.next_due(now)) is not None:
                found.append(timer)
            return found

    def next_due(self, now: datetime) -> Timer | None:
        """Remove and return the first timer that is due, or None: it may plan others that go before the rest."""
        with self._lock:
            while self._queue and self._queue[0][0] <= now:
                _, key = heapq.heappop(self._queue)
                timer = self._forget(key)
                if timer is not None:
                    return timer
            return None

    def timers(self, run: str, kind: str, identifier: str) -> list[Timer]:
        """The timers of a resource, in order of time, then of planning."""
        with self._lock:
            keys = sorted(self._owned.get((run, kind, identifier), ()))
            return sorted((self._timers[key] for key in keys), key=lambda timer: timer.at)

    def cancel(self, run: str, kind: str, identifier: str) -> None:
        """Forget the timers of a resource."""
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


def _resource(run: str, kind: str, identifier: str, row: _Row) -> Resource:
    return Resource(run, kind, identifier, orjson.loads(row.body), row.created)
