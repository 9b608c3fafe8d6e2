"""Items of a resource that nobody looks after go along with it: they begin as it does, and change where they have the same states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from emulator.parties.clock import rfc3339
from emulator.parties.desk import Desk
from emulator.parties.store import Resource
from emulator.record.payload import MISSING
from emulator.standard.kinds.facts import Items, Kind
from emulator.standard.lifecycle import Lifecycle

_NOTHING: Final[Mapping[str, Any]] = {}


def begin(desk: Desk, kind: Kind, body: dict[str, Any], state: str) -> Mapping[str, Any]:
    """Give a resource that comes into being the history that its contract may demand, and its items their first states.

    What the desk writes itself is given back, to be taken out again before.
    """
    moment = rfc3339(desk.now())
    for item, items, machine in _items(desk, kind, body):
        first = state if state in machine.states else machine.initial[0]
        if item.setdefault(items.state.member, first) == first and items.history:
            item.setdefault(items.history.member, [{items.history.moment: moment, items.history.state: first}])
    log = kind.history
    if not state or log is None or log.member in body:
        return _NOTHING
    body[log.member] = [{log.moment: moment, log.state: state}]
    return {log.member: body[log.member]}


def advance(desk: Desk, resource: Resource, to: str, at: datetime) -> None:
    """Bring a resource to a state, as the seller, and before it the items that can go straight to the same one."""
    for item, items, machine in _items(desk, desk.kinds.kind(resource.kind), resource.body):
        if to in machine.after(str(item.get(items.state.member))):
            desk.move_item(resource, item, to, by="seller", lifecycle=machine.name, at=at, save=False)
    desk.move(resource, to, by="seller", at=at)


def _items(desk: Desk, kind: Kind, body: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], Items, Lifecycle]]:
    """The items whose lifecycle is known."""
    items = kind.items
    machine = desk.lifecycles.get((items.cycle.of(body) if items.cycle else None) or "") if items else None
    if items is None or machine is None:
        return
    found = body.get(items.member, MISSING)
    for item in found if isinstance(found, list) else ():
        if isinstance(item, dict):
            yield item, items, machine
