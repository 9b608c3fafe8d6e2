"""When an order takes which step: the profile's path, or the plain one to its outcome.

How far an order has come is kept beside it (kind `productOrder.plan`), for a body shows only what the contract has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from emulator.parties.apis import Context
from emulator.parties.apis.order_settings import ORDER, ORDER_TIMES
from emulator.parties.hub import telling
from emulator.parties.sections import PathStep
from emulator.parties.signals import was_given
from emulator.parties.store import Resource
from emulator.parties.walk import fill_in

STEP: Final = "productOrder.step"
_PLAN: Final = "productOrder.plan"
_AT_WORK: Final = frozenset({"acknowledged", "inProgress"})
"""States in which an order goes on by itself; in all others it rests or has ended."""

Perform = Callable[[Resource, str, datetime], None]
"""Brings an order to a state."""


class OrderPlan:
    """Takes an order along its steps. It rests while the order waits for the buyer, and goes on afterwards."""

    def __init__(self, context: Context, perform: Perform) -> None:
        self._context = context
        self._perform = perform
        behaviour = context.profile.behaviour.of(ORDER)
        times = context.profile.intervals.of(ORDER_TIMES)
        plain = [PathStep("inProgress", times.assess), PathStep(behaviour.outcome, times.work)]
        if behaviour.outcome == "rejected":
            plain = [PathStep("rejected", times.assess)]
        self._steps: tuple[PathStep, ...] = behaviour.path or tuple(plain)

    def begin(self, order: Resource) -> None:
        """A new order: plan the first step. One that leads where the order is already only sets its members."""
        first = self._steps[0]
        there = first.to == order.body["state"]
        if there and first.set:
            with telling(self._context.desk, order, order.created):
                fill_in(order.body, first.set, order.created)
            self._context.store.update(order)
        plan = {"next": 1 if there else 0, "reads": 0}
        self._context.store.add(Resource(order.run, _PLAN, order.id, plan, order.created))
        self.go_on(order)

    def rest(self, order: Resource) -> None:
        """Nothing happens to the order by itself until `go_on`."""
        self._context.store.cancel(order.run, order.kind, order.id)

    def go_on(self, order: Resource) -> None:
        """Plan the next step, counted from now."""
        step = self._next(order)
        if step is None or step.reads is not None:
            return
        if step.signal is None or was_given(self._context.store, order.run, step.signal):
            self._context.desk.later(order, step.after_seconds or 0, STEP)

    def signalled(self, run: str, signal: str) -> int:
        """Take the orders of a run on whose next step waited for a signal; returns how many did.

        An order that rests does not wait: it misses a signal that is given once.
        """
        store = self._context.store
        taken = 0
        for plan in list(store.all(run, _PLAN)):
            order = store.get(run, "productOrder", plan.id)
            step = self._next(order) if order is not None else None
            if order is None or step is None or step.signal != signal or order.body["state"] not in _AT_WORK:
                continue
            if not store.timers(run, order.kind, order.id):
                self._context.desk.later(order, step.after_seconds or 0, STEP)
                taken += 1
        return taken

    def due(self, order: Resource, _: Mapping[str, Any], at: datetime) -> None:
        """The next step's time has come."""
        self._take(order, at)

    def read(self, shown: Resource) -> None:
        """The buyer has read the order. A step that waited for that is taken after the answer it got."""
        order = self._context.store.get(shown.run, shown.kind, shown.id) or shown
        step = self._next(order)
        plan = self._context.store.get(order.run, _PLAN, order.id)
        if step is None or step.reads is None or plan is None or order.body["state"] not in _AT_WORK:
            return
        plan.body["reads"] += 1
        self._context.store.update(plan)
        if plan.body["reads"] >= step.reads:
            self._take(order, self._context.desk.now())

    def left(self, order: Resource) -> float:
        """Seconds that the steps still take, as far as they are a matter of time."""
        plan = self._context.store.get(order.run, _PLAN, order.id)
        steps = self._steps[plan.body["next"] :] if plan is not None else ()
        return sum(step.after_seconds or 0 for step in steps)

    def _next(self, order: Resource) -> PathStep | None:
        plan = self._context.store.get(order.run, _PLAN, order.id)
        ahead = self._steps[plan.body["next"] :] if plan is not None else ()
        return ahead[0] if ahead else None

    def _take(self, order: Resource, at: datetime) -> None:
        step = self._next(order)
        plan = self._context.store.get(order.run, _PLAN, order.id)
        if step is None or plan is None:
            return
        plan.body.update(next=plan.body["next"] + 1, reads=0)
        self._context.store.update(plan)
        with telling(self._context.desk, order, at):
            if order.body["state"] != step.to:
                self._perform(order, step.to, at)
            if step.set:
                fill_in(order.body, step.set, at)
                self._context.store.update(order)
        if order.body["state"] in _AT_WORK:
            self.go_on(order)
