"""Handlers that every API has: list, retrieve, hub; and the plan that carries a resource through its states."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, Final, Literal

from emulator.parties.apis import Action, Context, Handler
from emulator.parties.clock import rfc3339
from emulator.parties.desk import Desk
from emulator.parties.profile import PathStep
from emulator.parties.signals import was_given
from emulator.parties.store import COUNTED, Resource
from emulator.standard.instant import read_instant
from emulator.wire.call import Call, ErrorCode, Issue, Reply, bad_request, not_found, unprocessable
from emulator.wire.payload import MISSING, every, unescape
from emulator.wire.payload import at as value_at

Find = Callable[[dict[str, Any]], dict[str, Any]]
"""Makes the summary that a list shows out of a resource's body."""


def moment_of(text: Any) -> datetime | None:
    """A date-time or date of RFC 3339, or None where it is neither. Never raises."""
    found = read_instant(text)
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


@dataclass(frozen=True, slots=True)
class Filter:
    """What a query parameter asks of a body: something at `pattern` (`*` is any item) equals, or is past or before."""

    pattern: str
    how: Literal["equal", "gt", "lt"] = "equal"

    def passes(self, body: Any, wanted: str) -> bool:
        """Whether the body has what is wanted."""
        return any(self._one(found, wanted) for _, found in every(body, self.pattern))

    def _one(self, found: Any, wanted: str) -> bool:
        if self.how == "equal":
            if isinstance(found, bool):
                return wanted.lower() == str(found).lower()
            return isinstance(found, str | int | float) and str(found) == wanted
        mine, theirs = moment_of(found), moment_of(wanted)
        if mine is None or theirs is None:
            return False
        return mine > theirs if self.how == "gt" else mine < theirs


def equal(pattern: str) -> Filter:
    """The value at `pattern` is the parameter's."""
    return Filter(pattern)


def after(pattern: str) -> Filter:
    """The date-time at `pattern` is later than the parameter's."""
    return Filter(pattern, "gt")


def before(pattern: str) -> Filter:
    """The date-time at `pattern` is earlier than the parameter's."""
    return Filter(pattern, "lt")


def summary_of(*members: str) -> Find:
    """The summary that has these members of the body, where they are."""
    return lambda body: {name: body[name] for name in members if name in body}


_MARKS: Final = {
    Filter("/externalId"): "external",
    Filter("/state"): "state",
    Filter("/status"): "state",
    Filter("/projectId"): "project",
}
"""Filters that a store can apply by itself."""
_FAR: Final = 2**62
"""No list is longer, and no database counts further."""
_DIGITS: Final = 20
"""Longer numbers are further than any list goes."""


def _natural(call: Call, name: str) -> int | None:
    text = call.param(name)
    if text is None:
        return None
    digits = text.removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()):
        raise bad_request("invalidQuery", f"{name} must be a whole number, 0 or greater", f"{name}={text:.100}")
    return int(digits) if len(digits) < _DIGITS else _FAR


def page(context: Context, call: Call, found: Sequence[Any]) -> Reply:
    """The part of a list that was asked for, with the three headers.

    MEF87 leaves open: a limit above ours is answered with fewer; X-Pagination-Throttled is true where
    the seller's own limit, not the buyer's, cut the list, and where X-Total-Count is not given (R47): a list
    in which there are more than are counted.
    """
    offset, size = _asked(context, call)
    return _shown(call, size, len(found), list(found[offset : offset + size + 1]))


def _asked(context: Context, call: Call) -> tuple[int, int]:
    """Where the page that is asked for begins, and how many it may have."""
    paging = context.profile.paging
    offset = _natural(call, "offset") or 0
    limit = _natural(call, "limit")
    return offset, min(paging.default_limit if limit is None else limit, paging.max_limit)


def _shown(call: Call, size: int, total: int, found: list[Any]) -> Reply:
    """The first `size` of what was found, which is one more where the list goes on; counted up to `COUNTED`."""
    limit = _natural(call, "limit")
    counted = total <= COUNTED
    throttled = len(found) > size and (not counted or limit is None or limit > size)
    shown = found[:size]
    headers = {"X-Result-Count": str(len(shown)), "X-Pagination-Throttled": "true" if throttled else "false"}
    return Reply(200, shown, {"X-Total-Count": str(total), **headers} if counted else headers)


def list_handler(
    context: Context, kind: str, filters: Mapping[str, Filter], find: Find, too_many: int | None = None
) -> Handler:
    """Lists a run's resources of a kind in order of creation; filters are AND-ed, parameters not in them ignored.

    More than `too_many` are refused, unless the buyer asks for a page of them by `limit`.
    """

    def handle(call: Call) -> Reply:
        for name, rule in filters.items():
            wanted = call.param(name)
            if wanted is not None and rule.how != "equal" and moment_of(wanted) is None:
                raise bad_request("invalidQuery", f"{name} must be a date-time", f"{name}={wanted:.100}")
        asked = [(rule, wanted) for name, rule in filters.items() if (wanted := call.param(name)) is not None]
        marks = {_MARKS[rule]: wanted for rule, wanted in asked if rule in _MARKS}
        others = [(rule, wanted) for rule, wanted in asked if rule not in _MARKS]
        offset, size = _asked(context, call)
        if not others:
            count = COUNTED if too_many is None else max(COUNTED, too_many)
            total, part = context.store.part(call.run, kind, min(offset, _FAR), size + 1, marks, count)
            shown = [find(resource.body) for resource in part]
        else:
            found = [
                resource.body
                for resource in context.store.all(call.run, kind, marks)
                if all(rule.passes(resource.body, wanted) for rule, wanted in others)
            ]
            total, shown = len(found), [find(body) for body in found[offset : offset + size + 1]]
        if too_many is not None and total > too_many and call.param("limit") is None:
            reason = f"More than {too_many} entries match; ask for fewer, or for a page by limit"
            raise unprocessable(Issue("", ErrorCode.TOO_MANY_RECORDS, reason))
        return _shown(call, size, total, shown)

    return handle


def retrieve_handler(context: Context, kind: str, label: str, *, path: str | None = None) -> Handler:
    """Shows one resource. `label` names it in a 404; with `path` its href is given."""

    def handle(call: Call) -> Reply:
        identifier = call.path.get("id", "")
        resource = context.store.get(call.run, kind, identifier)
        if resource is None:
            raise not_found(label, identifier)
        body, written = resource.body, resource.written
        if path is not None and body.get("href") != (here := href(call, path, identifier)):
            body["href"], written = here, None
        seen = context.effects.get(f"{kind}.seen")
        if seen is not None:
            seen(resource)
        return Reply(200, body, written=written)

    return handle


def href(call: Call, path: str, identifier: str) -> str:
    """Where a resource of this contract is."""
    return f"{call.base_url.rstrip('/')}/{path.strip('/')}/{identifier}"


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
        put(body, place, _worked_out(value, body, at))


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


def _worked_out(value: Any, body: Any, at: datetime) -> Any:
    if isinstance(value, Mapping):
        return {name: _worked_out(member, body, at) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_worked_out(member, body, at) for member in value]
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
    """Carries resources of one kind through the steps ahead of them, by timers or by reads.

    `advance(resource, to, at)` makes one step; it moves the resource and fills in what the state shows.
    A resource that has left the way (cancelled, say) is left alone: `open_to(resource, to)` tells.
    """

    def __init__(
        self,
        context: Context,
        kind: str,
        action: str,
        advance: Callable[[Resource, str, datetime], None],
        open_to: Callable[[Resource, str], bool],
    ) -> None:
        self._context = context
        self._kind = kind
        self._action = action
        self._advance = advance
        self._open_to = open_to
        context.effects[f"{kind}.seen"] = self.seen
        context.effects[f"{kind}.signalled"] = self.signalled

    @property
    def actions(self) -> dict[str, Action]:
        """The timer actions of the plan."""
        return {self._action: self.act}

    def begin(self, resource: Resource, steps: Sequence[PathStep]) -> None:
        """Set out on the steps; a first step to the state that the resource is in already only sets its members."""
        if steps and steps[0].to == resource.body["state"]:
            fill_in(resource.body, steps[0].set, self._context.desk.now())
            self._context.store.update(resource)
            steps = steps[1:]
        self._next(
            resource,
            [
                {"to": s.to, "after": s.after_seconds, "reads": s.reads, "signal": s.signal, "set": _plain(s.set)}
                for s in steps
            ],
        )

    def _next(self, resource: Resource, steps: list[dict[str, Any]]) -> None:
        if not steps:
            return
        signal = steps[0]["signal"]
        if signal is not None and not was_given(self._context.store, resource.run, signal):
            waiting = Resource(resource.run, f"signals.{self._kind}", resource.id, {}, self._context.desk.now())
            waiting.body = {"steps": steps, "signal": signal}
            self._context.store.add(waiting)
            return
        if steps[0]["reads"] is None:
            self._context.desk.later(resource, steps[0]["after"] or 0.0, self._action, {"steps": steps})
            return
        waiting = Resource(resource.run, f"reads.{self._kind}", resource.id, {}, self._context.desk.now())
        waiting.body = {"steps": steps, "left": max(1, steps[0]["reads"])}
        self._context.store.add(waiting)

    def act(self, resource: Resource, data: Mapping[str, Any], at: datetime) -> None:
        """Make the first of the steps and set out on the rest."""
        step, *rest = data["steps"]
        if resource.body["state"] == step["to"]:
            self._next(resource, rest)  # a hand in our seller was quicker
            return
        if not self._open_to(resource, step["to"]):
            return
        self._advance(resource, step["to"], at)
        if step["set"]:
            fill_in(resource.body, step["set"], at)
            self._context.store.update(resource)
        self._next(resource, rest)

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


def day_of(text: str) -> str | None:
    """The calendar day of a date-time, as the buyer wrote it."""
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return None
