"""The ways that resources went through their state machines, read from a run's report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from emulator.judge.showing import View, showings, told_about
from emulator.judge.times import GRACE, SKEW
from emulator.record.payload import at, every
from emulator.report.model import Report
from emulator.report.released import release_of
from emulator.standard.instant import read_moment
from emulator.standard.kinds.facts import History, Kind
from emulator.standard.kinds.load import ReleaseKinds
from emulator.standard.lifecycle import Lifecycle
from emulator.standard.release import Release

_WITNESS: Final = {View.CREATED: "POST", View.RETRIEVED: "GET", View.PATCHED: "PATCH", View.LISTED: "list"}
HISTORY: Final = "stateChange"
EVENT: Final = "notification"


@dataclass(frozen=True, slots=True)
class Sighting:
    """A state that an answer showed. `by` is POST, GET, PATCH or list; `pointer` leads to the holder of the state."""

    state: str
    at: str
    exchange: int
    by: str
    pointer: str


@dataclass(slots=True)
class Edge:
    """A change of state and who saw it. `source` None is creation. `unseen`: it follows from what was seen before and after."""

    source: str | None
    target: str
    legal: bool
    unseen: bool
    at: str
    witnesses: list[dict[str, Any]] = field(default_factory=list)

    def saw(self, by: str, moment: str, exchange: int, pointer: str = "") -> None:
        """Add a witness, once."""
        witness = {"by": by, "at": moment, "exchange": exchange, "pointer": pointer}
        if witness not in self.witnesses:
            self.witnesses.append(witness)

    def as_json(self) -> dict[str, Any]:
        return {
            "from": self.source,
            "to": self.target,
            "legal": self.legal,
            "unseen": self.unseen,
            "at": self.at,
            "witnesses": self.witnesses,
        }


@dataclass(slots=True)
class _Trail:
    """What was seen of one resource, or of one item of it."""

    kind: Kind
    id: str
    item: str | None = None
    machine: str | None = None
    shown: list[dict[str, Any]] = field(default_factory=list)
    states: list[Sighting] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    history: list[tuple[Any, Any]] = field(default_factory=list)
    first_told: dict[str, tuple[int, str]] = field(default_factory=dict)
    """By entry of the history, the exchange that told of it first, and where."""


def lives(run: Report) -> list[dict[str, Any]]:
    """Each resource of a run, in the order of first sight, and behind it its items that have states.

    `{kind, api, id, item, machine, shown[{exchange, pointer, by}], told[{exchange, type, at}], edges[]}`; an edge is
    `{from, to, legal, unseen, at, witnesses[{by, at, exchange, pointer}]}`. What was spoilt on purpose shows nothing.
    Of a run with legs each is of one, and says so as `leg`. Never raises, whatever the bodies hold.
    """
    parts: dict[tuple[str | None, str | None], list[Report]] = {}
    for exchange in run["exchanges"]:
        parts.setdefault((exchange.get("leg"), exchange.get("release")), []).append(exchange)
    merged: dict[tuple[str | None, Release], list[Report]] = {}
    for (leg, name), exchanges in parts.items():
        merged.setdefault((leg, release_of(run, {"release": name})), []).extend(exchanges)
    return [
        life if leg is None else {**life, "leg": leg}
        for (leg, release), exchanges in merged.items()
        for life in _lives(release, exchanges)
    ]


def _lives(release: Release, exchanges: Iterable[Report]) -> Iterator[dict[str, Any]]:
    """Of the exchanges of one release, and of one leg: none of them knows a resource of another one."""
    trails: dict[tuple[str, str, str | None], _Trail] = {}
    for exchange in sorted(exchanges, key=lambda each: each["n"]):
        for kind, view, place, value in _shown(exchange, release.kinds):
            key = (kind.name, value["id"], None)
            _see(trails.setdefault(key, _Trail(kind, value["id"])), exchange, view, place, value)
            if view is not View.LISTED:
                _see_items(trails, kind, exchange, view, place, value)
        _hear(trails, exchange, release.kinds)
    for trail in sorted(trails.values(), key=_order(trails)):
        yield _as_json(trail, release.lifecycles.get(trail.machine or ""))


def _order(trails: Mapping[Any, _Trail]) -> Any:
    spots = {(trail.kind.name, trail.id): n for n, trail in reversed(list(enumerate(trails.values())))}
    return lambda trail: (spots[trail.kind.name, trail.id], trail.item is not None)


def _shown(exchange: Report, kinds: ReleaseKinds) -> Iterator[tuple[Kind, View, str, Mapping[str, Any]]]:
    """The resources that an exchange's answer shows, as the judge has it."""
    response = exchange.get("response")
    if response is None or exchange.get("spoilt"):
        return
    yield from showings(kinds, exchange["api"], exchange["operation"], response["status"], response["body"])


def _see(trail: _Trail, exchange: Report, view: View, place: str, value: Mapping[str, Any]) -> None:
    place_of_state = trail.kind.state_at
    state = at(value, place_of_state) if place_of_state else None
    trail.shown.append({"exchange": exchange["n"], "pointer": place, "by": _WITNESS[view]})
    trail.machine = (trail.kind.cycle and trail.kind.cycle.of(value)) or trail.machine
    if isinstance(state, str):
        trail.states.append(Sighting(state, exchange["at"], exchange["n"], _WITNESS[view], place + place_of_state))
    _remember(trail, exchange, place, value, trail.kind.history)


def _see_items(
    trails: dict[Any, _Trail], kind: Kind, exchange: Report, view: View, place: str, value: Mapping[str, Any]
) -> None:
    items = kind.items
    machine = items.cycle.of(value) if items and items.cycle else None
    if machine is None or items is None:
        return
    for below, item in every(value, f"{items.at}/*"):
        state, identifier = at(item, items.state.at), at(item, "/id")
        if isinstance(state, str) and isinstance(identifier, str):
            key = (kind.name, value["id"], identifier)
            trail = trails.setdefault(key, _Trail(kind, value["id"], identifier, machine))
            trail.shown.append({"exchange": exchange["n"], "pointer": place + below, "by": _WITNESS[view]})
            trail.states.append(
                Sighting(state, exchange["at"], exchange["n"], _WITNESS[view], f"{place}{below}{items.state.at}")
            )
            _remember(trail, exchange, place + below, item, items.history)


def _remember(trail: _Trail, exchange: Report, place: str, value: Mapping[str, Any], log: History | None) -> None:
    """Keep the newest history; of its entries, when and where each was told first."""
    history = value.get(log.member) if log else None
    if log and isinstance(history, list) and history:
        trail.history = [(at(entry, f"/{log.moment}"), at(entry, f"/{log.state}")) for entry in history]
        for index, entry in enumerate(trail.history):
            trail.first_told.setdefault(_entry_key(entry), (exchange["n"], f"{place}{log.at}/{index}"))


def _entry_key(entry: tuple[Any, Any]) -> str:
    return f"{entry[1]} {entry[0]}"


def _hear(trails: dict[Any, _Trail], exchange: Report, kinds: ReleaseKinds) -> None:
    body = exchange["request"]["body"]
    about = told_about(kinds, exchange["api"], exchange["operation"], body) if exchange["kind"] == EVENT else None
    if about is None:
        return
    kind, identifier = about
    item = next((at(body, f"/event/{name}") for name in kinds.item_ids
                 if isinstance(at(body, f"/event/{name}"), str)), None)  # fmt: skip
    trail = trails.get((kind.name, identifier, item)) or trails.setdefault(
        (kind.name, identifier, None), _Trail(kind, identifier)
    )
    moment, event = at(body, "/eventTime"), at(body, "/eventType")
    trail.told.append(
        {
            "exchange": exchange["n"],
            "type": event if isinstance(event, str) else str(exchange["operation"]),
            "at": moment if isinstance(moment, str) else exchange["at"],
        }
    )


def _as_json(trail: _Trail, machine: Lifecycle | None) -> dict[str, Any]:
    return {
        "kind": trail.kind.name,
        "api": trail.kind.api,
        "id": trail.id,
        "item": trail.item,
        "machine": machine.name if machine else None,
        "shown": trail.shown,
        "told": trail.told,
        "edges": [edge.as_json() for edge in _Walk(machine, trail).edges()] if machine else [],
        "state": trail.states[-1].state if trail.states else None,
    }


class _Walk:
    """Edges of a machine as three witnesses tell them: what answers showed, what `stateChange` claims, what events told.

    As the judge has it: a change is legal where the machine has a way, however many states went unseen on it.
    """

    def __init__(self, machine: Lifecycle, trail: _Trail) -> None:
        self.machine, self.trail = machine, trail
        self._edges: dict[tuple[str | None, str], Edge] = {}

    def edges(self) -> list[Edge]:
        """The edges in the order of time."""
        self._claimed()
        self._seen()
        self._told()
        return sorted(self._edges.values(), key=lambda edge: (_instant(edge.at), edge.source is not None))

    def _edge(self, source: str | None, target: str, moment: str, *, legal: bool = True, unseen: bool = False) -> Edge:
        edge = self._edges.setdefault((source, target), Edge(source, target, legal, unseen, moment))
        edge.unseen = edge.unseen and unseen
        return edge

    def _known(self, state: Any) -> bool:
        return state in self.machine.states

    def _claimed(self) -> None:
        told: list[tuple[datetime, str, str, tuple[int, str]]] = []
        for entry in self.trail.history:
            when, state = read_moment(entry[0]), entry[1]
            if when is None or not isinstance(state, str) or not self._known(state):
                return  # the contract's business
            told.append((when, str(entry[0]), state, self.trail.first_told[_entry_key(entry)]))
        told.sort(key=lambda entry: entry[0])
        if told and told[0][2] in self.machine.initial:
            self._edge(None, told[0][2], told[0][1]).saw(HISTORY, told[0][1], *told[0][3])
        for (before, _, source, _), (when, moment, target, spot) in pairwise(told):
            if source != target and (when > before or self.machine.allows(source, target)):
                self._step(source, target, moment, [(HISTORY, moment, *spot)])

    def _seen(self) -> None:
        states = [sighting for sighting in self.trail.states if self._known(sighting.state)]
        if states and states[0].by == _WITNESS[View.CREATED]:
            first = states[0]
            legal = self.machine.reaches(None, first.state)
            if not legal or first.state in self.machine.initial:
                edge = self._edge(None, first.state, first.at, legal=legal)
                edge.saw(first.by, first.at, first.exchange, first.pointer)
        for before, now in pairwise(states):
            if before.state == now.state:
                continue
            seen = [(now.by, now.at, now.exchange, now.pointer)]
            if not self.machine.reaches(before.state, now.state):
                seen.insert(0, (before.by, before.at, before.exchange, before.pointer))
            self._step(before.state, now.state, now.at, seen)

    def _step(self, source: str, target: str, moment: str, seen: Sequence[tuple[str, str, int, str]]) -> None:
        """From one state to another: one edge, or the shortest way of which only the ends were seen."""
        if self.machine.allows(source, target) or not self.machine.reaches(source, target):
            edge = self._edge(source, target, moment, legal=self.machine.reaches(source, target))
        else:
            way = [source, *self.machine.path(source, target)]
            for one, other in pairwise(way):
                edge = self._edge(one, other, moment, unseen=True)
        for witness in seen:
            edge.saw(*witness)

    def _told(self) -> None:
        """An event is a witness of the change that happened at its eventTime, else of the next that was seen."""
        changes = [edge for edge in self._edges.values() if edge.source is not None]
        for told in self.trail.told:
            when = read_moment(told["at"])
            near = [edge for edge in changes if when and (mine := read_moment(edge.at)) and abs(mine - when) <= SKEW]
            if not near and when:
                near = [
                    edge
                    for edge in changes
                    if not any(w["by"] == HISTORY for w in edge.witnesses)
                    and (mine := read_moment(edge.at))
                    and when - SKEW <= mine <= when + GRACE
                ]
            if near:
                near[0].saw(EVENT, told["at"], told["exchange"])


def _instant(text: str) -> float:
    found = read_moment(text)
    return found.timestamp() if found else 0.0
