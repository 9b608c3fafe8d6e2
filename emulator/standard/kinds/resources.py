"""Rules K: the kinds of resource of a contract, from what its reads answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from emulator.standard.kinds.facts import History, Items, Kind, State, Task
from emulator.standard.kinds.shapes import Member, Schema, Shapes
from emulator.standard.kinds.views import Seen, aliases

_STATE: Final = re.compile(r"State|Status")
_CHOSEN: Final = ("state", "status", "lifecycleStatus")


@dataclass(frozen=True, slots=True)
class Source:
    """A kind and where the rules find more of it: its contract's schemas, that of the whole resource, and if a read
    answers an array.
    """

    kind: Kind
    shapes: Shapes
    schema: Schema
    in_array: bool


def kinds(api: str, seen: list[Seen], shapes: Shapes) -> dict[str, Source]:
    """The kinds of resource by name; references are left to the rules R, lifecycles and what acts lead to to the sheet."""
    found: dict[str, Source] = {}
    for each in seen:
        if each.view == "retrieve" and each.raw.response is not None and each.kind != "hub":
            entry = shapes.entry(each.raw.response)
            schema = each.raw.response if entry is None else entry
            found[each.kind] = Source(_kind(api, each.kind, schema, seen, shapes), shapes, schema, entry is not None)
    names = frozenset(found)
    return {name: replace(one, kind=_related(one.kind, one.schema, names, shapes)) for name, one in found.items()}


def _kind(api: str, name: str, schema: Schema, seen: list[Seen], shapes: Shapes) -> Kind:
    views: dict[str, list[str]] = {}
    for each in seen:
        if each.kind == name:
            views.setdefault(each.view, []).append(each.raw.id)
    create = next((each.raw.request for each in seen if each.kind == name and each.view == "create"), None)
    patch = next((each.raw.request for each in seen if each.kind == name and each.view == "patch"), None)
    members = shapes.members(schema)
    state = state_of(members, shapes, shapes.required(schema))
    history, plan = _histories(members, state, shapes)
    made = shapes.members(create) if create is not None else None
    own = tuple(each for each in members if made is not None and each not in made)
    required = shapes.required(schema)
    patchable = shapes.members(patch) if patch is not None else {}
    items = _items(members, shapes)
    rules = {"name": "K1", "made_by": "K6"}
    if state:
        rules["state"] = "K2"
    if made is not None:
        rules |= {"echo": "K8", "own": "K8", "needed": "K8"}
    if patch is not None:
        rules |= {"patchable": "K9", "merged": "K9"}
    if plan:
        rules["plan"] = "K3"
    return Kind(
        name=name,
        api=api,
        path=f"/{name}",
        schema=shapes.name(schema),
        aliases=aliases(name, shapes.name(schema)),
        made_by="buyer" if create is not None else "seller",
        rules=rules,
        id_required="id" in required,
        views={view: tuple(ids) for view, ids in views.items()},
        state=state,
        history=history,
        plan=plan,
        items=items,
        echo=tuple(made or ()),
        own=own,
        needed=tuple(each for each in own if each in required),
        patchable=tuple(patchable),
        merged=tuple(each for each, spots in patchable.items() if _has_ids(spots, shapes)),
        times=tuple(each for each, spots in members.items() if any(shapes.is_time(spot.schema) for spot in spots)),
    )


def state_of(
    members: Mapping[str, list[Member]], shapes: Shapes, required: Iterable[str], by: str = "K2"
) -> State | None:
    """The member whose type is an enum of states; of several the one called state, status or lifecycleStatus."""
    found = {
        name: enum
        for name, spots in members.items()
        for spot in spots
        if (enum := shapes.enum(spot.schema)) and _STATE.search(enum[0])
    }
    name = next((each for each in _CHOSEN if each in found), next(iter(found), None))
    if name is None or (len(found) > 1 and name not in _CHOSEN):
        return None
    schema, values = found[name]
    return State(f"/{name}", schema, values, name in required, by)


def _histories(
    members: Mapping[str, list[Member]], state: State | None, shapes: Shapes, by: str = "K3"
) -> tuple[History | None, str]:
    """The list of past changes, and that of changes to come: both have the state's enum and a date-time."""
    history, plan = None, ""
    for name, spots in members.items():
        entry = shapes.entry(spots[0].schema)
        inner = shapes.members(entry) if entry is not None else {}
        holder = next(
            (each for each, kinds in inner.items() if state and _enum_of(kinds, shapes) == state.schema), None
        )
        moment = next((each for each, kinds in inner.items() if shapes.is_time(kinds[0].schema)), None)
        if not state or holder is None or moment is None:
            continue
        if name.endswith("Change"):
            reason = next((each for each in inner if each.lower().endswith("reason")), "")
            history = history or History(f"/{name}", holder, moment, by, reason)
        else:
            plan = f"/{name}"
    return history, plan


def _enum_of(spots: list[Member], shapes: Shapes) -> str:
    enum = shapes.enum(spots[0].schema)
    return enum[0] if enum else ""


def _items(members: Mapping[str, list[Member]], shapes: Shapes) -> Items | None:
    """The list of objects with an id and a state of their own."""
    for name, spots in members.items():
        entry = shapes.entry(spots[0].schema)
        inner = shapes.members(entry) if entry is not None else {}
        state = state_of(inner, shapes, shapes.required(entry or {}), "K4") if "id" in inner else None
        if entry is not None and state:
            return Items(f"/{name}", shapes.name(entry), state, "K4", _histories(inner, state, shapes)[0])
    return None


def _has_ids(spots: list[Member], shapes: Shapes) -> bool:
    entry = shapes.entry(spots[0].schema)
    return entry is not None and "id" in shapes.members(entry)


def _related(kind: Kind, schema: Schema, names: frozenset[str], shapes: Shapes) -> Kind:
    """The kind with its parts and as a task: what follows from the other kinds of the contract."""
    parts = tuple(
        name
        for name, spots in shapes.members(schema).items()
        if name == f"{kind.name}Item" and name in names and shapes.entry(spots[0].schema) is not None
    )
    rules = {**kind.rules, "parts": "K5"} if parts else kind.rules
    return replace(kind, parts=parts, rules=rules, task=_task(kind, names))


def _task(kind: Kind, names: frozenset[str]) -> Task | None:
    if kind.made_by != "buyer":
        return None
    of = [
        (name, at)
        for name in names - {kind.name}
        if (at := kind.name.find(name[:1].upper() + name[1:])) > 0 and kind.name[:at].islower()
    ]
    if not of:
        return None
    name, at = max(of, key=lambda pair: len(pair[0]))
    return Task(kind.name[:at], name, kind.name[at + len(name) :], "K7")
