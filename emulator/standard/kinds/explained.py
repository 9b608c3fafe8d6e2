"""What there is to say of an API's kinds, operations and events: each fact with the rule that gave it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.standard.kinds.facts import Cycle, Event, Kind, Kinds, Operation, Reference
from emulator.standard.kinds.load import ReleaseKinds

RULES: Final = {
    "V1": "a path below /hub is about subscriptions",
    "V2": "GET on a collection is a list",
    "V3": "POST on a collection whose resources can be read by id creates one",
    "V4": "GET, PATCH and DELETE on /kind/{id} read, change and remove one",
    "V5": "POST on /kind/{id}/verb, or on /verbKind with the kind's id in the body, is an act on one",
    "V6": "POST that answers an array of the kind's whole schema is a list, with its filters in the body",
    "V7": "POST on /kindComplexQuery that answers an array is a query",
    "V8": "any other POST on a collection asks: it answers at once and keeps nothing",
    "K1": "a kind is the first part of a path by which it is read; its id is `id`",
    "K2": "the state is the member whose type is an enum named State or Status; a lifecycle has the same enum",
    "K3": "the history is a list called Change whose entries have the state's enum and a date-time; others are plans",
    "K4": "items are a list of objects with an id and a state of their own",
    "K5": "a list of references to kinds called <kind>Item are parts",
    "K6": "the buyer makes what can be created, the seller all else",
    "K7": "a kind called <verb><Kind> that the buyer makes is a task on that kind",
    "K8": "an answer repeats the members of the request that creates; the rest are the seller's",
    "K9": "what can be changed are the members of the request that changes",
    "F1": "the filter's name is the path of a member",
    "F2": "<x>Id is the id within what is called or typed x, or a member of that name one level down",
    "F2~": "as F2, with geographical read as geographic",
    "F3": "item<X> is the member x of the items",
    "F4": "<x>Type is what @referredType says within x",
    "F5": "the nearest deeper member of that name, if it is the only one",
    "F6": ".gt and .lt on two date-times ask for overlap",
    "F7": "an object in a body is compared member by member",
    "R1": "a member typed as a kind, with Ref or Relationship behind it, names one",
    "R2": "a member typed as a kind and Item names an item of one, by two ids",
    "R3": "a member with @referredType names any kind",
    "R4": "an item's relationship names an item beside it",
    "R5": "a member typed as nobody's kind names what is outside of the contracts",
    "R6": "a word called <kind>Id names one",
    "R7": "itemId within items names an item beside it",
    "E1": "the type is the last part of the listener's path, where eventType has it",
    "E2": "the type is the only value of eventType, where that is the envelope's name",
    "E3": "the type is the value of eventType that differs from the path by case, or State for Status, alone",
    "E-": "the type is the last part of the path, which contradicts eventType",
    "N1": "the kind is the longest name with which the path's name begins",
    "N2": "the kind is the longest name within the path's name",
    "C1": "Create, StateChange or StatusChange, AttributeValueChange, Delete",
    "C2": "a state is reached",
    "C3": "a member is set",
    "C4": "another resource is ready",
    "C5": "what is sent is the whole resource, as a read shows it",
    "S": "the sheet says so",
}
"""What each rule looks at, in a few words."""


def explained(kinds: ReleaseKinds, word: str, release: str) -> dict[str, Any] | None:
    """All facts about an API (by its name) or a kind of resource (by its name or an alias); None for any other word.

    `kind` is "facts". Each fact is a row of `name`, `value` and `by`, the rules that gave it; `rules` says what these are.
    """
    facts = kinds.apis.get(word)
    kind = None if facts else kinds.find(word)
    if facts is None and kind is None:
        return None
    if facts is None:
        assert kind is not None
        facts = kinds.apis[kind.api]
    wanted = [kind] if kind else list(facts.kinds.values())
    names = {each.name for each in wanted} | (set() if kind else {each.kind for each in facts.operations.values()})
    operations = [each for each in facts.operations.values() if each.kind in names]
    found = {
        "kind": "facts",
        "id": kind.name if kind else facts.api,
        "api": facts.api,
        "release": release,
        "kinds": [{"name": each.name, "facts": list(_of_kind(each))} for each in wanted],
        "operations": [_of_operation(each) for each in operations],
        "events": [_of_event(each) for each in facts.events.values() if each.kind in names],
        "contradictions": _slips(facts, {each.id for each in operations}, names),
    }
    return {**found, "rules": {rule: RULES[rule] for rule in sorted(_used(found))}}


def _row(name: str, value: str, *rules: str) -> dict[str, Any]:
    return {"name": name, "value": value, "by": list(rules)}


def _of_kind(kind: Kind) -> Iterator[dict[str, Any]]:
    yield _row("shown as", f"{kind.schema} at {kind.path}", "K1")
    yield _row("made by", f"the {kind.made_by}" if kind.made_by != "both" else "both", kind.rules["made_by"])
    if kind.state:
        yield _row("state", f"{kind.state.at}, one of {kind.state.schema}", kind.state.by)
    yield from _cycle("lifecycle", kind.cycle)
    if kind.history:
        yield _row("history", kind.history.at, kind.history.by)
    if kind.plan:
        yield _row("plan", kind.plan, kind.rules["plan"])
    yield from _of_items(kind)
    yield from _of_changes(kind)
    if kind.echo:
        yield _row("repeats", ", ".join(kind.echo), "K8")
        yield _row("seller's", ", ".join(kind.own), "K8")
    if kind.patchable:
        yield _row("changed", ", ".join(kind.patchable), "K9")
    for reference in kind.references:
        yield _row("refers", f"{reference.at} to {_target(reference)}", reference.by)


def _of_items(kind: Kind) -> Iterator[dict[str, Any]]:
    if kind.items:
        items = kind.items
        yield _row("items", f"{items.at}, each a {items.schema} with {items.state.at}", items.by)
        yield from _cycle("of items", items.cycle)
        if items.history:
            yield _row("of items", f"history {items.history.at}", items.history.by)
    if kind.parts:
        yield _row("parts", ", ".join(kind.parts), kind.rules["parts"])


def _of_changes(kind: Kind) -> Iterator[dict[str, Any]]:
    if kind.task:
        yield _row(
            "task", f"{kind.task.verb} on {kind.task.of}{kind.task.part and f', its {kind.task.part}'}", kind.task.by
        )
    for act in kind.acts.values():
        then = f", and then to {act.then}" if act.then else ""
        yield _row(
            "act",
            f"{act.operation} leads to {act.to or 'a state that nobody knows'}{then}{_clause(act.clause)}",
            act.by,
        )
    for move in kind.moved.values():
        yield _row(
            "moved", f"to {move.state} by {move.by or 'time'}{move.at and f' at {move.at}'}{_clause(move.clause)}", "S"
        )


def _cycle(name: str, cycle: Cycle | None) -> Iterator[dict[str, Any]]:
    if cycle:
        chosen = f" by {' or '.join(cycle.on)}" if cycle.on else ""
        yield _row(name, f"{', '.join(cycle.names.values())}{chosen}", cycle.by)


def _target(reference: Reference) -> str:
    if reference.outside:
        return f"{reference.outside}, which is no kind of these contracts"
    if reference.named:
        return "any kind"
    return f"{reference.to}{reference.where and f', as {reference.where}'}{reference.within and f', within {reference.within}'}"


def _clause(clause: str) -> str:
    return f" ({clause})" if clause else ""


def _of_operation(operation: Operation) -> dict[str, Any]:
    filters = [_row(each.name, f"{each.op} {', '.join(each.to)}", each.by) for each in operation.filters.values()]
    value = f"{operation.method} {operation.path}: {operation.view}, {operation.kind}"
    return {
        **_row(operation.id, value + (", optional" if operation.optional else ""), operation.by),
        "filters": filters,
    }


def _of_event(event: Event) -> dict[str, Any]:
    about = {
        "reached": f"reached {event.state}",
        "set": f"set {event.member}",
        "ready": f"{event.of} is ready",
        "named": "members" if event.said.get("members") else "named",
    }.get(event.cls, event.cls)
    ways = (
        ("with the whole resource", event.whole),
        ("optional", event.optional),
        ("never comes", event.said.get("never")),
    )
    more = [word for word, given in ways if given]
    value = ", ".join([event.kind + (" item" if event.item else ""), about, *more]) + _clause(event.clause)
    return _row(event.type, value, *dict.fromkeys(event.rules.values()))


def _slips(facts: Kinds, operations: set[str], names: set[str]) -> list[dict[str, Any]]:
    events = {each.operation for each in facts.events.values() if each.kind in names}
    return [
        {"key": slip.key, "what": slip.what, "noted": slip.noted}
        for slip in facts.slips
        if slip.key.partition(".")[0] in operations | events
    ]


def _used(value: Any) -> set[str]:
    if isinstance(value, list):
        return {rule for each in value for rule in _used(each)}
    if not isinstance(value, dict):
        return set()
    return set(value.get("by", ())) | {
        rule for each in value.values() if not isinstance(each, str) for rule in _used(each)
    }
