"""The desk: the only place where the state of a resource changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from emulator.parties.clock import Clock, rfc3339
from emulator.parties.store import Resource, Store, Timer
from emulator.standard.lifecycle import IllegalTransition, Lifecycle, Mover

Observer = Callable[[Resource, str | None, str, str | None, datetime], None]
"""Told of each change: resource, old state (None at creation), new state, item id or None, and when."""

Witness = Callable[[Resource, str, str, datetime, Mapping[str, str]], None]
"""Told what happens to an item beside its changes of state: resource, event type, item id, when, members of the event."""

_HISTORY: Final = frozenset({"productOfferingQualification", "quote", "productOrder", "product"})
"""Kinds whose contract has a log of changes."""

_ITEM_HISTORY: Final = frozenset({"productOfferingQualification", "productOrder"})
"""Kinds whose items have a log of changes."""


class NotNow(Exception):  # noqa: N818 - it is what it says
    """A lifecycle has the change that somebody wants, and something else stands in its way; says what."""


class Desk:
    """Opens resources and moves them along their lifecycles. Use it inside of a transaction of the store."""

    def __init__(
        self, store: Store, lifecycles: Mapping[str, Lifecycle], clock: Clock, new_id: Callable[[str], str]
    ) -> None:
        self.store = store
        self.lifecycles = lifecycles
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
    ) -> Resource:
        """Create a resource in an initial state; its id is `body["id"]` or a new one.

        Not to `save` is for who has more to say of it: then the caller adds it to the store, once.
        Raises IllegalTransition where the lifecycle does not begin with that state.
        """
        moment = self.now()
        body.setdefault("id", self._new_id(kind))
        resource = Resource(run, kind, body["id"], body, moment)
        self._change(body, kind, lifecycle or kind, state, moment, None, keep=kind in _HISTORY)
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
        name = lifecycle or resource.kind
        kept = resource.kind in _HISTORY
        old = self._change(resource.body, resource.kind, name, to, moment, reason, keep=kept)
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
        kept = resource.kind in _ITEM_HISTORY
        old = self._change(item, f"{resource.kind}Item", lifecycle, to, moment, reason, keep=kept)
        if save:
            self.store.update(resource)
        self._tell(resource, old, to, str(item.get("id", "")), moment)

    def allows(self, source: str | None, to: str, lifecycle: str) -> bool:
        """Whether a lifecycle goes straight from one state to another."""
        return self.lifecycles[lifecycle].allows(source, to) or (self.lawless and source is not None)

    def later(self, resource: Resource, seconds: float, action: str, data: Mapping[str, Any] | None = None) -> None:
        """Plan a timer, counted from `now`; the seller hands it to the API that owns the action."""
        at = self.now() + timedelta(seconds=seconds)
        self.soonest = at if self.soonest is None else min(at, self.soonest)
        self.store.plan(Timer(resource.run, resource.kind, resource.id, at, action, dict(data or {})))

    def happened(
        self, resource: Resource, event: str, item: str, at: datetime, more: Mapping[str, str] | None = None
    ) -> None:
        """Tell of what happened to an item and is no change of state, such as a date that was set."""
        for witness in self.witnesses:
            witness(resource, event, item, at, more or {})

    def _change(
        self,
        body: dict[str, Any],
        kind: str,
        lifecycle: str,
        to: str,
        moment: datetime,
        reason: str | None,
        *,
        keep: bool,
    ) -> str | None:
        member, log = ("status", "statusChange") if kind == "product" else ("state", "stateChange")
        old = body.get(member)
        if not self.allows(old, to, lifecycle):
            raise IllegalTransition(lifecycle, old, to)
        body[member] = to
        if keep:
            entry = {"changeDate": rfc3339(moment), member: to}
            body.setdefault(log, []).append({**entry, "changeReason": reason} if reason else entry)
        return old

    def _tell(self, resource: Resource, old: str | None, new: str, item: str | None, at: datetime) -> None:
        for observer in self.observers:
            observer(resource, old, new, item, at)
