"""Rules E, N and C: the type of each notification, the kind of resource that it is about, and what it tells of that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from emulator.standard.kinds.facts import Event, EventClass, Kind, Slip
from emulator.standard.kinds.names import Names
from emulator.standard.kinds.resources import Source
from emulator.standard.kinds.shapes import Member, Shapes, lower_first, plain
from emulator.standard.kinds.views import Raw, operations

_LISTENER: Final = "listener"
_PARTIES: Final = frozenset({"buyerId", "sellerId"})
_KNOWN: Final = frozenset({"id", "href", *_PARTIES})
_ITEM_ID: Final = "ItemId"
_CLASSES: Final[Mapping[str, EventClass]] = {
    "create": "create",
    "created": "create",
    "statechange": "state",
    "statuschange": "state",
    "attributevaluechange": "attribute",
    "delete": "delete",
    "deleted": "delete",
}


def event_facts(
    api: str, document: Mapping[str, Any], sources: Mapping[str, Source], names: Names
) -> tuple[dict[str, Event], list[Slip]]:
    """The events of a notification contract by operationId, and where it contradicts itself.

    An event whose kind no rule finds has an empty `kind`; one whose class none finds is `named`. Both are open.
    """
    shapes = Shapes(document)
    found: dict[str, Event] = {}
    slips: list[Slip] = []
    for raw in operations(document):
        if raw.parts[0] == _LISTENER:
            event, wrong = _event(api, raw, shapes, sources, names)
            found[raw.id] = event
            slips += wrong
    return found, slips


def _event(api: str, raw: Raw, shapes: Shapes, sources: Mapping[str, Source], names: Names) -> tuple[Event, list[Slip]]:
    name = raw.parts[-1]
    envelope = shapes.members(raw.request or {})
    payload: dict[str, list[Member]] = {}
    for each in envelope.get("event", ()):
        for member, spots in shapes.members(each.schema).items():
            payload.setdefault(member, []).extend(spots)
    values = next((enum[1] for each in envelope.get("eventType", ()) if (enum := shapes.enum(each.schema))), ())
    kind, by_name, rest = _kind(api, name, names)
    event_type, by_type = _type(name, shapes.name(raw.request or {}), values)
    event = Event(raw.id, raw.path, event_type, kind, "named", {"type": by_type, "kind": by_name})
    if _PARTIES & payload.keys():
        event = replace(event, parties="payload")
    elif _PARTIES & raw.parameters.keys():
        event = replace(event, parties="query")
    slips = []
    if by_type in {"E3", "E-"}:
        slips.append(Slip(f"{raw.id}.type", f"its path says {name}, eventType can only be {', '.join(values)}"))
    if kind:
        event = _told(event, rest, sources[kind], payload, tuple(sources))
        if any(shapes.name(each.schema) == sources[kind].kind.schema for each in envelope.get("event", ())):
            event = replace(event, whole=True, rules={**event.rules, "whole": "C5"})
        event = replace(event, shows=_shown(event, sources[kind].kind, payload, shapes))
        if event.cls == "state" and sources[kind].kind.state is None:
            slips.append(Slip(f"{raw.id}.never", f"a {kind} has no state that could change"))
    tells = tuple(each for each in payload if each not in _KNOWN and not each.endswith(_ITEM_ID))
    return replace(event, tells=tells), slips


def _shown(event: Event, kind: Kind, payload: Mapping[str, list[Member]], shapes: Shapes) -> str:
    """The member of the payload with the state that is told of: its values are those of the state."""
    state = kind.items.state if event.item and kind.items else kind.state
    if state is None or event.cls not in {"state", "reached"}:
        return ""
    found = {name: enum for name, spots in payload.items() for spot in spots if (enum := shapes.enum(spot.schema))}
    return next((name for name, (_, values) in found.items() if set(values) == set(state.values)), "")


def _type(name: str, envelope: str, values: tuple[str, ...]) -> tuple[str, str]:
    if name in values:
        return name, "E1"
    if len(values) == 1 and plain(values[0]) == plain(envelope):
        return values[0], "E2"
    near = [each for each in values if _loose(each) == _loose(name)]
    if len(near) == 1:
        return near[0], "E3"
    return name, "E-"


def _loose(word: str) -> str:
    return word.lower().replace("status", "state")


def _kind(api: str, name: str, names: Names) -> tuple[str, str, str]:
    """The kind that a path's name is about, the rule, and what the name says beyond it."""
    word = plain(name)
    for alias, kind in names.within(api):
        if word.startswith(alias):
            return kind, "N1", name[len(alias) :]
    for alias, kind in names.within(api):
        if alias in word:
            return kind, "N2", name[word.index(alias) + len(alias) :]
    return "", "", name


def _told(event: Event, rest: str, source: Source, payload: Iterable[str], kinds: tuple[str, ...]) -> Event:
    """What an event tells of its kind."""
    kind = source.kind
    rest = rest.removesuffix("Event")
    item = kind.items is not None and rest.startswith("Item")
    rest = rest.removeprefix("Item") if item else rest
    if item:
        own = next((each for each in payload if each.endswith(_ITEM_ID)), "")
        event = replace(event, item=True, item_id=own)
    for cls, rule, more in _classes(source, item, rest, payload, kinds):
        return replace(event, cls=cls, rules={**event.rules, "cls": rule}, **more)
    return event


def _classes(
    source: Source,
    item: bool,
    rest: str,
    payload: Iterable[str],
    kinds: tuple[str, ...],
) -> Iterator[tuple[EventClass, str, dict[str, Any]]]:
    """Each class that a name can be of, the first rule first."""
    kind, shapes = source.kind, source.shapes
    if rest.lower() in _CLASSES:
        yield _CLASSES[rest.lower()], "C1", {}
    state = kind.items.state if item and kind.items else kind.state
    for value in state.values if state else ():
        if value.lower() == rest.lower():
            yield "reached", "C2", {"state": value}
    members = shapes.members(source.schema)
    before = ""
    if item and kind.items:
        entry = shapes.entry(members[kind.items.member][0].schema)
        members, before = shapes.members(entry or {}), f"{kind.items.at}/*"
    for word in (rest, rest.removesuffix("Set")):
        if lower_first(word) in members:
            yield "set", "C3", {"member": f"{before}/{lower_first(word)}"}
    for member in payload:
        word = member.removesuffix("Id")
        if word != member and plain(rest) == plain(f"{word}Ready"):
            of = next((kind for kind in kinds if plain(kind).endswith(plain(word)) and kind != source.kind.name), word)
            yield "ready", "C4", {"of": of, "member": f"/{member}"}
