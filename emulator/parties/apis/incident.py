"""Incidents: what happens, or will, on our side of the wire, and which products it touches (MEF 124 6.7 to 6.9)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from emulator.parties.apis import Context
from emulator.parties.apis.aftersale import INCIDENT, INCIDENTS, TICKET_TYPE, Incidents, add_contact, named
from emulator.parties.clock import rfc3339
from emulator.parties.hub import Hub
from emulator.parties.keeper import Keeper
from emulator.parties.lists import moment_of
from emulator.parties.sections import KindTimes, PathStep, Section
from emulator.parties.store import Resource
from emulator.standard.kinds.facts import Kind


@dataclass(frozen=True, slots=True)
class IncidentTimes(KindTimes):
    """Seconds until an unplanned incident is handled, and until we mean to have one closed."""

    resolution: float = 14_400


INCIDENT_TIMES: Final = Section(INCIDENT, IncidentTimes)


class IncidentKeeper(Keeper, Incidents):
    """Keeps incidents. A planned one (maintenance, installation) is in progress from the time for which it is announced."""

    def __init__(self, context: Context, hub: Hub, kind: Kind) -> None:
        super().__init__(context, hub, kind)
        self._times = context.profile.intervals.of(INCIDENT_TIMES)
        context.effects.offer(INCIDENTS, self)

    def born(self, run: str, body: dict[str, Any], state: str) -> None:  # noqa: ARG002 - wherever it is
        """Whom to ask (R51), since when it is, and what its state has to show."""
        add_contact(self._context, body, "incidentContact")
        now = self._desk.now()
        body.setdefault("situationStartDate", rfc3339(now))
        self._show(body, state, now)

    def alone(self, resource: Resource) -> Sequence[PathStep]:
        """All of them are made by us, and go our way."""
        return self.path or self.usual(resource)

    def usual(self, resource: Resource) -> Sequence[PathStep]:
        """In progress when it begins, closed when we mean to close it."""
        state, now = resource.body[self._member], self._desk.now()
        begins = moment_of(resource.body.get("situationStartDate")) or now
        wait = max(self._times.step, (begins - now).total_seconds())
        ends = PathStep("closed", after_seconds=self._times.resolution)
        if state == "created":
            return (PathStep("inProgress", after_seconds=wait), ends)
        return (ends,) if state == "inProgress" else ()

    def advance(self, resource: Resource, to: str, at: datetime) -> None:
        """One step, with the date that belongs to it."""
        self._show(resource.body, to, at)
        super().advance(resource, to, at)

    def _show(self, body: dict[str, Any], state: str, at: datetime) -> None:
        if state == "inProgress":
            body.setdefault("expectedClosedDate", rfc3339(at + timedelta(seconds=self._times.resolution)))  # R70
        elif state == "closed":
            body.setdefault("closedDate", rfc3339(at))  # R53

    def touching(self, run: str, products: Collection[str]) -> list[Resource]:
        """In the order in which they came up."""
        return [
            each
            for each in self._store.all(run, INCIDENT)
            if each.body[self._member] != "closed" and set(named(each.body, "relatedEntity", "Product")) & {*products}
        ]

    def related(self, run: str, incident: str, ticket: Resource, at: datetime) -> None:
        """MEF124 leaves open whether both ends name each other. Ours do, while the incident is not over."""
        resource = self._store.get(run, INCIDENT, incident)
        if resource is None or resource.body[self._member] == "closed":
            return
        if ticket.id in named(resource.body, "relatedIssue", TICKET_TYPE):
            return
        with self.changing(resource, at):
            entry = {
                "@referredType": TICKET_TYPE,
                "id": ticket.id,
                "relationshipType": "relatedTo",
                "description": "The buyer has reported it",
                "creationDate": rfc3339(at),
                "source": "seller",
            }
            resource.body.setdefault("relatedIssue", []).append(entry)
