"""The desk: the only place where the state of a resource changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from emulator.parties.clock import Clock, rfc3339
from emulator.parties.store import Resource, Store, Timer
from emulator.standard.kinds.facts import Event, Items, Kind
from emulator.standard.kinds.load import ReleaseKinds
from emulator.standard.lifecycle import IllegalTransition, Lifecycle, Mover

Observer = Callable[[Resource, str | None, str, str | None, datetime], None]
"""Told of each change: resource, old state (None at creation), new state, item id or None, and when."""

Witness = Callable[[Resource, Event, str | None, datetime, Mapping[str, str]], None]
"""Told what happens beside changes of state: resource, the event that tells of it, item id or None, when, members of the event."""


class NotNow(Exception):  # noqa: N818 - it is what it says
    """A lifecycle has the change that somebody wants, and something else stands in its way; says what."""


class Desk:
    """Opens resources and moves them along their lifecycles. Use it inside of a transaction of the store.

    `kinds` says which member of a resource holds its state, and which its log of changes, if it keeps one.
    """

    def __init__(
        self,
        store: Store,
        lifecycles: Mapping[str, Lifecycle],
        clock: Clock,
        new_id: Callable[[str], str],
        kinds: ReleaseKinds,
    ) -> None:
        self.store = store
        self.lifecycles = lifecycles
        self.kinds = kinds
        self.observers: list[Observer] = []
        self.witnesses: list[Witness] = []
        self._clock = clock
        self._new_id = new_id
        self._moment: datetime | None = None
        self.soonest: datetime | None = None
        """The first of the timers that were planned since somebody took note of it; who does makes it None again."""
        self.lawless = False
        """Whether changes are made that no lifecycle has: a seller that is wrong on purpose."""

    def now(self) -> datetime:
        """The time that a change bears: while a timer is worked off, the time when it was due."""
        return self._moment or self._clock.now()

    @contextmanager
    def at(self, moment: datetime) -> Iterator[None]:
        """Inside, `now` is that moment."""
        before, self._moment = self._moment, moment
        try:
            yield
        finally:
            self._moment = before

    def open(
        self,
        run: str,
        kind: str,
        body: dict[str, Any],
        *,
        state: str,
        lifecycle: str | None = None,
        save: bool = True,
        begun: bool = False,
    ) -> Resource:
        """Create a resource in an initial state, "" where its kind has none; its id is `body["id"]` or a new one.

        One that has `begun` before we look may be in any state. Not to `save` is for who has more to say of it: then the caller adds it to the store, once.
        Raises IllegalTransition where the lifecycle does not begin with that state.
        """
        moment = self.now()
        body.setdefault("id", self._new_id(kind))
        resource = Resource(run, kind, body["id"], body, moment)
        if state:
            cycle = lifecycle or self.cycle_of(resource)
            self._change(body, self.kinds.kind(kind), cycle, state, moment, None, begun=begun)
        if save:
            self.store.add(resource)
        self._tell(resource, None, state, None, moment)
        return resource

    def move(
        self,
        resource: Resource,
        to: str,
        *,
        by: Mover,  # noqa: ARG002 - says at the call who acts; the lifecycle names it too
        at: datetime | None = None,
        reason: str | None = None,
        lifecycle: str | None = None,
    ) -> None:
        """Move a resource to another state and keep all changes of its body.

        `at` is when the change was due, not when someone looked.
        Raises IllegalTransition.
        """
        moment = at or self.now()
        name = lifecycle or self.cycle_of(resource)
        old = self._change(resource.body, self.kinds.kind(resource.kind), name, to, moment, reason)
        self.store.update(resource)
        self._tell(resource, old, to, None, moment)

    def move_item(
        self,
        resource: Resource,
        item: dict[str, Any],
        to: str,
        *,
        by: Mover,  # noqa: ARG002 - says at the call who acts; the lifecycle names it too
        lifecycle: str,
        at: datetime | None = None,
        reason: str | None = None,
        save: bool = True,
    ) -> None:
        """Move an item of a resource's body; an item without a state begins with this one.

        Not to `save` is for who moves many: then the caller updates the resource once, after the last of them.
        """
        moment = at or self.now()
        items = self.kinds.kind(resource.kind).items
        assert items is not None
        old = self._change(item, items, lifecycle, to, moment, reason)
        if save:
            self.store.update(resource)
        self._tell(resource, old, to, str(item.get("id", "")), moment)

    def cycle_of(self, resource: Resource) -> str:
        """The name of a resource's lifecycle, which may hang on its body; its kind's where there is none."""
        cycle = self.kinds.kind(resource.kind).cycle
        return (cycle.of(resource.body) if cycle else None) or resource.kind

    def allows(self, source: str | None, to: str, lifecycle: str) -> bool:
        """Whether a lifecycle goes straight from one state to another; where nobody wrote one down, anything goes."""
        machine = self.lifecycles.get(lifecycle)
        return machine is None or machine.allows(source, to) or (self.lawless and source is not None)

    @contextmanager
    def lawlessly(self, *, really: bool = True) -> Iterator[None]:
        """Inside, changes are made that no lifecycle has, if `really`."""
        before, self.lawless = self.lawless, self.lawless or really
        try:
            yield
        finally:
            self.lawless = before

    def later(self, resource: Resource, seconds: float, action: str, data: Mapping[str, Any] | None = None) -> None:
        """Plan a timer, counted from `now`; the seller hands it to the API that owns the action."""
        at = self.now() + timedelta(seconds=seconds)
        self.soonest = at if self.soonest is None else min(at, self.soonest)
        self.store.plan(Timer(resource.run, resource.kind, resource.id, at, action, dict(data or {})))

    def happened(
        self, resource: Resource, event: Event, item: str | None, at: datetime, more: Mapping[str, str] | None = None
    ) -> None:
        """Tell of what happened to a resource, or to an item of it, and is no change of state, such as a date that was set."""
        for witness in self.witnesses:
            witness(resource, event, item, at, more or {})

    def _change(
        self,
        body: dict[str, Any],
        holder: Kind | Items,
        lifecycle: str,
        to: str,
        moment: datetime,
        reason: str | None,
        *,
        begun: bool = False,
    ) -> str | None:
        assert holder.state is not None
        member, log = holder.state.member, holder.history
        old = body.get(member)
        strange = lifecycle not in self.lifecycles and to not in holder.state.values
        if strange or not (begun or self.allows(old, to, lifecycle)):
            raise IllegalTransition(lifecycle, old, to)
        body[member] = to
        if log is not None:
            entry = {log.moment: rfc3339(moment), log.state: to}
            body.setdefault(log.member, []).append({**entry, log.reason: reason} if reason and log.reason else entry)
        return old

    def _tell(self, resource: Resource, old: str | None, new: str, item: str | None, at: datetime) -> None:
        for observer in self.observers:
            observer(resource, old, new, item, at)
