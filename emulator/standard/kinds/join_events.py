"""What a sheet says of an event, laid upon what the rules say of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from emulator.standard.kinds.checks import Around, Checks, plain_json
from emulator.standard.kinds.facts import SHEET, Event, Kinds
from emulator.standard.kinds.sheet import EventSays

_SAID: Final = ("members", "shared", "unless", "only", "never", "also", "tells")
"""What of an event is handed on as the sheet has it."""


def join_event(
    event: Event, says: EventSays, facts: Kinds, around: Around, checks: Checks, said: set[tuple[str, ...]]
) -> Event:
    """The event with what the sheet adds; what that settles goes to `said`, as the key of an open fact."""
    place = ("events", event.operation)
    if says.kind:
        said.add((*place, "kind"))
        event = _of_kind(event, says, facts, checks)
    if says.state:
        event = _of_state(event, says, around, checks)
    if says.state or says.members:
        said.add(place)
    _check(event, says, facts, around, checks)
    kept = {key: plain_json(value) for key in _SAID if (value := getattr(says, key))}
    return replace(event, optional=says.may, instead=says.instead, clause=says.clause, said=kept)


def _of_kind(event: Event, says: EventSays, facts: Kinds, checks: Checks) -> Event:
    place = ("events", event.operation, "kind")
    if says.kind == event.kind:
        checks.repeats(place)
    if says.kind not in facts.kinds:
        checks.wrong(place, f"there is no kind {says.kind} in this API")
        return event
    return replace(event, kind=says.kind, rules={**event.rules, "kind": SHEET})


def _of_state(event: Event, says: EventSays, around: Around, checks: Checks) -> Event:
    place = ("events", event.operation)
    about = around.kinds.get(says.of or event.kind)
    if says.of and about is None:
        checks.wrong((*place, "of"), f"there is no kind {says.of}")
    elif about and (about.kind.state is None or says.state not in about.kind.state.values):
        checks.wrong((*place, "state"), f"{says.state} is no state of a {about.kind.name}")
    if event.cls == "reached" and event.state == says.state:
        checks.repeats((*place, "state"))
    return replace(event, cls="reached", state=says.state, of=says.of, rules={**event.rules, "cls": SHEET})


def _check(event: Event, says: EventSays, facts: Kinds, around: Around, checks: Checks) -> None:
    """What an entry names must be there, and the entry must say something."""
    place = ("events", event.operation)
    if says == EventSays(clause=says.clause):
        checks.wrong(place, "this entry says nothing of the event")
    for pointer in (*says.members, *says.tells.values()):
        checks.pointer(place, event.kind, pointer)
    types = {each.type for each in facts.events.values()}
    for other in says.instead:
        if other not in types:
            checks.wrong((*place, "instead"), f"there is no event type {other} in this API")
    for name in says.tells:
        if name not in event.tells:
            checks.wrong((*place, "tells", name), f"its payload has no member {name}")
    for where in (says.unless, says.only):
        if where and where.of not in around.kinds:
            checks.wrong(place, f"there is no kind {where.of}")
