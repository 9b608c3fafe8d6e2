"""The way of a resource through its states: steps that are made by time, by reads, by signals, or by the buyer."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from emulator.parties.apis import Action, Context
from emulator.parties.clock import rfc3339
from emulator.parties.desk import Desk
from emulator.parties.sections import PathStep
from emulator.parties.signals import was_given
from emulator.parties.store import Resource
from emulator.record.payload import MISSING, every, unescape
from emulator.record.payload import at as value_at

_DIGITS: Final = 9
"""Longer numbers are the index of nothing."""


def fits(desk: Desk, path: Sequence[PathStep], lifecycle: str, *, stays: bool = False) -> bool:
    """Whether a path is a way through a lifecycle: from an initial state of its own, or else from acknowledged.

    With `stays` a step may lead to the state of the step before it: all that it does is set its members.
    """
    states = [step.to for step in path]
    if stays:
        states = [state for state, _ in groupby(states)]
    if states and not desk.allows(None, states[0], lifecycle):
        states.insert(0, "acknowledged")
    before = [None, *states][: len(states)]
    return all(desk.allows(one, other, lifecycle) for one, other in zip(before, states, strict=True))


def fill_in(body: dict[str, Any], members: Mapping[str, Any], at: datetime) -> None:
    """Set members of a body by JSON Pointer (`*` is any item, `-` one more), as a profile's path asks for.

    A value `$gen.now`, `$gen.now+7d` or `$resource#/pointer`, also within others, is worked out now. What has no
    place is left out.
    """
    for place, value in members.items():
        put(body, place, worked_out(value, body, at))


def put(body: dict[str, Any], place: str, value: Any) -> None:
    """Put a value at a JSON Pointer of a body, or at each place that a pattern with `*` names, if there are any.

    A pointer that ends in `-` adds to a list, as in a JSON Patch; where there is no list yet it begins one.
    """
    parent, _, token = place.rpartition("/")
    if place.endswith("/-"):
        above, _, name = parent.rpartition("/")
        for _, holder in list(every(body, above)):
            if isinstance(holder, dict) and isinstance(there := holder.setdefault(unescape(name), []), list):
                there.append(copy.deepcopy(value))
        return
    for _, holder in list(every(body, parent)):
        if isinstance(holder, dict) and place:
            holder[unescape(token)] = value
        elif isinstance(holder, list) and token.isdecimal() and len(token) < _DIGITS and int(token) < len(holder):
            holder[int(token)] = value


_NOW: Final = re.compile(r"\$gen\.now(?:([+-])(\d{1,6})(ms|s|m|h|d))?")
_SECONDS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def worked_out(value: Any, body: Any, at: datetime) -> Any:
    """A value of a profile with its expressions worked out."""
    if isinstance(value, Mapping):
        return {name: worked_out(member, body, at) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [worked_out(member, body, at) for member in value]
    if not isinstance(value, str) or not value.startswith("$"):
        return value
    if (found := _NOW.fullmatch(value)) is not None:
        sign, amount, unit = found.groups()
        seconds = int(amount) * _SECONDS[unit] if amount else 0
        return rfc3339(at + timedelta(seconds=-seconds if sign == "-" else seconds))
    if value.startswith(("$resource#", "$resource.body#")):
        there = value_at(body, value.partition("#")[2])
        return copy.deepcopy(there) if there is not MISSING else None
    return value


def _plain(value: Any) -> Any:
    """A copy of a profile's JSON that can be changed and serialized."""
    if isinstance(value, Mapping):
        return {name: _plain(member) for name, member in value.items()}
    return [_plain(member) for member in value] if isinstance(value, list | tuple) else value


class Plan:
    """Carries resources of one kind through the steps ahead of them, by timers, by reads, by signals.

    `advance(resource, to, at)` makes one step; it moves the resource and fills in what the state shows.
    A resource that has left the way (cancelled, say) is left alone: `open_to(resource, to)` tells.
    `asked(resource, to)` tells of a step that is the buyer's: it is waited for. `around(resource, at)` is entered for all
    that a step changes.
    """

    def __init__(
        self,
        context: Context,
        kind: str,
        action: str,
        advance: Callable[[Resource, str, datetime], None],
        open_to: Callable[[Resource, str], bool],
        asked: Callable[[Resource, str], bool] = lambda _, __: False,
        around: Callable[[Resource, datetime], AbstractContextManager[None]] = lambda _, __: nullcontext(),
    ) -> None:
        self._context = context
        self._kind = kind
        self._action = action
        self._advance = advance
        self._open_to = open_to
        self._asked = asked
        self._around = around
        state = context.release.kinds.kind(kind).state
        self._member = state.member if state else ""

    @property
    def actions(self) -> dict[str, Action]:
        """The timer actions of the plan."""
        return {self._action: self.act}

    def begin(self, resource: Resource, steps: Sequence[PathStep]) -> None:
        """Set out on the steps; a first step to the state that the resource is in already only sets its members."""
        if steps and steps[0].to == resource.body.get(self._member):
            with self._around(resource, self._context.desk.now()):
                fill_in(resource.body, steps[0].set, self._context.desk.now())
            self._context.store.update(resource)
            steps = steps[1:]
        before = [resource.body.get(self._member), *(step.to for step in steps)]
        self._next(
            resource,
            [
                {
                    "to": s.to,
                    "after": s.after_seconds,
                    "reads": s.reads,
                    "signal": s.signal,
                    "set": _plain(s.set),
                    **({"stays": True} if s.to == old or not self._member else {}),
                }
                for s, old in zip(steps, before, strict=False)
            ],
        )

    def _next(self, resource: Resource, steps: list[dict[str, Any]]) -> None:
        if not steps:
            return
        signal = steps[0]["signal"]
        if not steps[0].get("stays") and self._asked(resource, steps[0]["to"]):
            self._park("asked", resource, {"steps": steps})
        elif signal is not None and not was_given(self._context.store, resource.run, signal):
            self._park("signals", resource, {"steps": steps, "signal": signal})
        elif steps[0]["reads"] is None:
            self._context.desk.later(resource, steps[0]["after"] or 0.0, self._action, {"steps": steps})
        else:
            self._park("reads", resource, {"steps": steps, "left": max(1, steps[0]["reads"])})

    def _park(self, why: str, resource: Resource, body: dict[str, Any]) -> None:
        now = self._context.desk.now()
        self._context.store.add(Resource(resource.run, f"{why}.{self._kind}", resource.id, body, now))

    def act(self, resource: Resource, data: Mapping[str, Any], at: datetime) -> None:
        """Make the first of the steps and set out on the rest."""
        step, *rest = data["steps"]
        if resource.body.get(self._member) == step["to"] and not step.get("stays"):
            self._next(resource, rest)  # a hand in our seller was quicker
            return
        if not step.get("stays") and not self._open_to(resource, step["to"]):
            return
        with self._around(resource, at):
            if not step.get("stays"):
                self._advance(resource, step["to"], at)
            if step["set"]:
                fill_in(resource.body, step["set"], at)
        if step["set"]:
            self._context.store.update(resource)
        self._next(resource, rest)

    def came(self, resource: Resource) -> bool:
        """The buyer has brought a resource to the state that it is in: whether the steps ahead have that, and go on from
        there. If not, they are given up.
        """
        waiting = self._context.store.get(resource.run, f"asked.{self._kind}", resource.id)
        self.give_up(resource)
        if waiting is None or waiting.body["steps"][0]["to"] != resource.body.get(self._member):
            return False
        step, *rest = waiting.body["steps"]
        if step["set"]:
            now = self._context.desk.now()
            with self._around(resource, now):
                fill_in(resource.body, step["set"], now)
            self._context.store.update(resource)
        self._next(resource, rest)
        return True

    def give_up(self, resource: Resource) -> None:
        """Nothing more happens to a resource by itself."""
        self._context.store.cancel(resource.run, self._kind, resource.id)
        for why in ("asked", "signals", "reads"):
            self._context.store.remove(resource.run, f"{why}.{self._kind}", resource.id)

    def signalled(self, run: str, signal: str) -> int:
        """Set out on the steps that waited for a signal; returns how many resources did."""
        store = self._context.store
        waiting = [one for one in store.all(run, f"signals.{self._kind}") if one.body["signal"] == signal]
        for one in waiting:
            store.remove(run, one.kind, one.id)
            resource = store.get(run, self._kind, one.id)
            if resource is not None:
                after = one.body["steps"][0]["after"] or 0.0
                self._context.desk.later(resource, after, self._action, {"steps": one.body["steps"]})
        return len(waiting)

    def seen(self, resource: Resource) -> None:
        """Count a read; the step that waited for it is made after the answer that this read got."""
        store = self._context.store
        waiting = store.get(resource.run, f"reads.{self._kind}", resource.id)
        if waiting is None:
            return
        waiting.body["left"] -= 1
        if waiting.body["left"] > 0:
            store.update(waiting)
            return
        store.remove(resource.run, waiting.kind, resource.id)
        fresh = store.get(resource.run, self._kind, resource.id)
        if fresh is not None:
            self.act(fresh, waiting.body, self._context.desk.now())
