"""From the documents of a release's APIs to their facts, by the rules alone; the sheets come after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from emulator.standard.kinds.events import event_facts
from emulator.standard.kinds.facts import Act, Event, Kind, Kinds, Operation, Slip
from emulator.standard.kinds.filters import NO_FILTERS, filters_of
from emulator.standard.kinds.names import Names
from emulator.standard.kinds.references import references
from emulator.standard.kinds.resources import Source, kinds
from emulator.standard.kinds.shapes import Schema, Shapes
from emulator.standard.kinds.views import Seen, operations, views

_PAGES: Final = frozenset({"offset", "limit"})
_TOTAL: Final = "X-Total-Count"


@dataclass(frozen=True, slots=True)
class Documents:
    """The contracts of an API as stand-alone OpenAPI documents."""

    management: Mapping[str, Any]
    notification: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """A fact that no rule gives: the sheet has to say it. `key` is where in a sheet it is said, `what` what is open."""

    key: tuple[str, ...]
    what: str


@dataclass(frozen=True, slots=True)
class Inferred:
    """The facts of an API as far as the rules give them, and those that they leave open."""

    facts: Kinds
    open: tuple[Open, ...]
    sources: Mapping[str, Source]


def infer(apis: Mapping[str, Documents]) -> dict[str, Inferred]:
    """The facts of each API; the kinds of all of them are known when references are read."""
    read = {api: _Api(api, documents) for api, documents in apis.items()}
    names = Names(source.kind for each in read.values() for source in each.sources.values())
    return {api: each.facts(names) for api, each in read.items()}


class _Api:
    def __init__(self, api: str, documents: Documents) -> None:
        self._api, self._documents = api, documents
        self._shapes = Shapes(documents.management)
        self._seen = views(list(operations(documents.management)), self._shapes)
        self.sources = kinds(api, self._seen, self._shapes)

    def facts(self, names: Names) -> Inferred:
        open_facts: list[Open] = []
        slips: list[Slip] = []
        found_kinds: dict[str, Kind] = {}
        for name, source in self.sources.items():
            refs, strange = references(source.kind, source.schema, self._shapes, names)
            open_facts += [Open(("kinds", name, "references", each), "what it is the id of") for each in strange]
            acts = {
                each.raw.id: _act(each, source.kind) for each in self._seen if (each.kind, each.view) == (name, "act")
            }
            open_facts += [
                Open(("kinds", name, "acts", act.operation), f"which state {act.verb} leads to")
                for act in acts.values()
                if not act.to
            ]
            found_kinds[name] = replace(source.kind, references=refs, acts=acts)
        found = {}
        for each in self._seen:
            operation, strange, wrong = self._operation(each)
            found[operation.id] = operation
            slips += wrong
            open_facts += [Open(("kinds", each.kind, "filters", name), "which member it compares") for name in strange]
        events: dict[str, Event] = {}
        wrong_events: list[Slip] = []
        if self._documents.notification is not None:
            events, wrong_events = event_facts(self._api, self._documents.notification, self.sources, names)
            for event in events.values():
                if not event.kind:
                    open_facts.append(Open(("events", event.operation, "kind"), "which kind of resource it is about"))
                elif event.cls == "named":
                    open_facts.append(Open(("events", event.operation), "what it tells of"))
        facts = Kinds(self._api, found_kinds, found, events, tuple(slips + wrong_events))
        return Inferred(facts, tuple(open_facts), self.sources)

    def _operation(self, seen: Seen) -> tuple[Operation, tuple[str, ...], list[Slip]]:
        raw, shapes = seen.raw, self._shapes
        source = self.sources.get(seen.kind)
        operation = Operation(
            raw.id,
            raw.method,
            raw.path,
            seen.view,
            seen.kind,
            seen.by,
            raw.optional,
            raw.success,
            self._named(raw.request),
            self._named(raw.response),
            paged=raw.parameters.keys() >= _PAGES,
        )
        if seen.view == "ask" and raw.request is not None and raw.response is not None:
            asked = shapes.members(raw.request)
            echoed = tuple(each for each in shapes.members(raw.response) if each in asked)
            return replace(operation, echoed=echoed), (), []
        if source is None:
            return operation, (), []
        if seen.view == "retrieve" and source.in_array:
            return operation, (), [Slip(f"{raw.id}.array", "one resource is answered as an array")]
        if seen.view not in {"list", "query"}:
            return operation, (), []
        in_body = seen.view == "query" or seen.by == "V6"
        asked_for = _body_members(raw.request, shapes) if in_body else raw.parameters
        found, strange = filters_of(source.kind, source.schema, asked_for, shapes, in_body=in_body)
        entry = shapes.entry(raw.response or {})
        listed = (raw.response or {}) if entry is None else entry
        operation = replace(operation, filters=found, listed=shapes.name(listed) if seen.view == "list" else "")
        slips = list(self._list_slips(seen, source, listed)) if seen.view == "list" else []
        return operation, strange, [*slips, *self._enum_slips(operation, asked_for, source)]

    def _named(self, schema: Schema | None) -> str:
        if schema is None:
            return ""
        entry = self._shapes.entry(schema)
        return self._shapes.name(schema) if entry is None else f"[{self._shapes.name(entry)}]"

    def _list_slips(self, seen: Seen, source: Source, listed: Schema) -> Iterator[Slip]:
        """Where a list contradicts what a read of its resources shows."""
        raw, shapes = seen.raw, self._shapes
        if raw.response is not None and shapes.entry(raw.response) is None:
            yield Slip(f"{raw.id}.object", "the list is answered as an object")
        stricter = shapes.required(listed) - shapes.required(source.schema)
        if stricter:
            yield Slip(f"{raw.id}.stricter", f"the list requires {', '.join(sorted(stricter))}, the resource does not")
        full = shapes.members(source.schema)
        for name, spots in shapes.members(listed).items():
            if name not in full:
                yield Slip(f"{raw.id}.extra", f"the list has {name}, the resource does not")
            elif _format(spots[0].schema, shapes) != _format(full[name][0].schema, shapes):
                yield Slip(f"{raw.id}.format", f"{name} has another format in the list than in the resource")
        if _TOTAL in raw.headers and not raw.parameters.keys() >= _PAGES and seen.by == "V2":
            yield Slip(f"{raw.id}.pages", "the answer has headers of a page, and no page can be asked for")

    def _enum_slips(self, operation: Operation, asked: Mapping[str, Schema], source: Source) -> Iterator[Slip]:
        """Filters whose values are not those of the member that they compare."""
        for name, found in operation.filters.items():
            enum, member = self._shapes.enum(asked[name]), found.to[0].strip("/")
            spots = self._shapes.members(source.schema).get(member, [])
            own = {value for spot in spots for value in (self._shapes.enum(spot.schema) or ("", ()))[1]}
            if enum and own and set(enum[1]) - own:
                strange = ", ".join(sorted(set(enum[1]) - own))
                yield Slip(f"{operation.id}.{name}", f"the filter can be {strange}, its member cannot")


def _body_members(schema: Schema | None, shapes: Shapes) -> dict[str, Schema]:
    return {name: spots[0].schema for name, spots in shapes.members(schema or {}).items() if name not in NO_FILTERS}


def _format(schema: Schema, shapes: Shapes) -> object:
    found = shapes.resolved(schema)
    return found.get("type"), found.get("format")


def _act(seen: Seen, kind: Kind) -> Act:
    """An act and the state that its verb's participle is, if there is one."""
    participles = {f"{seen.verb}ed", f"{seen.verb}d", f"{seen.verb}{seen.verb[-1:]}ed"}
    to = next((value for value in (kind.state.values if kind.state else ()) if value in participles), "")
    return Act(seen.raw.id, seen.verb, seen.target, to, seen.by)
