"""A step that is waited for, and how that is told to whoever is to act: a person, or a build that reads JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emulator.parties.clock import rfc3339
from emulator.record.payload import MISSING
from emulator.scenario.arrivals import Miss, Wanted
from emulator.scenario.model import Await, Notify, Scenario, Step
from emulator.scenario.result import Tracked
from emulator.scenario.seen import Seen
from emulator.standard.contract import Operation
from emulator.standard.release import Release

Entry = dict[str, Any]
"""What is awaited, as JSON: step, title, kind, and by kind method, url, operation, body; `expires`, `nearest`."""


@dataclass(slots=True)
class Open:
    """A step that is waited for. `before` are open steps that are passed over where this one comes first."""

    step: Step
    since: datetime
    deadline: datetime
    want: Wanted | None
    before: tuple[Step, ...] = ()
    near: tuple[int, Miss] | None = None
    polls: list[int] = field(default_factory=list)
    looked_back: bool = False


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells of open steps; `base_url` is our seller's root."""

    scenario: Scenario
    release: Release
    base_url: str
    tracked: dict[str, Tracked]
    seen: Seen

    def entry(self, one: Open) -> Entry:
        """An open step, as JSON."""
        entry: Entry = {"step": one.step.id, "title": one.step.title, "kind": one.step.kind}
        if one.want is not None:
            entry |= {"method": one.want.method, "url": one.want.url, "operation": one.want.operation}
            if one.want.body is not MISSING:
                entry["body"] = one.want.body
        elif isinstance(one.step.action, Await):
            entry |= self._state(one.step.action)
        elif isinstance(one.step.action, Notify):
            entry["event"] = one.step.action.event
        entry |= {
            "optional": one.step.optional,
            "since": rfc3339(one.since),
            "expires": rfc3339(one.deadline),
            "nearest": None if one.near is None else {"exchange": one.near[0], "reason": one.near[1].reason},
        }
        return entry

    def _state(self, wait: Await) -> Entry:
        tracked = self.tracked[wait.resource]
        source, operation = self.scenario.sources[tracked.source], self.retrieval(tracked)
        sights = self.seen.sights(tracked)
        entry: Entry = {"state": list(wait.states), "seen": sights[-1].state if sights else None}
        if operation is not None:
            url = self.base_url.rstrip("/") + source.contract_in(self.release).base_path.rstrip("/")
            entry |= {"method": "GET", "url": url + operation.path.replace("{id}", tracked.id)}
            entry["operation"] = f"{source.api}.{operation.id}"
        return entry

    def retrieval(self, tracked: Tracked) -> Operation | None:
        """The operation that reads a tracked resource."""
        contract = self.scenario.sources[tracked.source].contract_in(self.release)
        return contract.retrieval(contract.operations[tracked.operation].path)
