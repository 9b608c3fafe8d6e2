"""Trouble tickets: from the buyer's report to the end, with what is asked, agreed on and done in between (MEF 124)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from emulator.parties.apis import Action, Context, Plugin
from emulator.parties.apis.aftersale import (
    INCIDENT,
    INCIDENT_TYPE,
    INCIDENTS,
    PRODUCT,
    TICKET,
    TICKET_TYPE,
    WORKED_ON,
    WORKFORCE,
    WorkedOn,
    add_contact,
    named,
    say,
)
from emulator.parties.apis.entries import Entry, altered, is_sellers, lacks_role, new_among, of_buyer, same
from emulator.parties.apis.incident import INCIDENT_TIMES, IncidentKeeper
from emulator.parties.clock import rfc3339
from emulator.parties.filling import Unfillable
from emulator.parties.hub import Hub
from emulator.parties.keeper import Keeper
from emulator.parties.lists import moment_of
from emulator.parties.sections import KindBehaviour, KindTimes, PathStep, Section
from emulator.parties.store import Resource
from emulator.record.call import ErrorCode, Issue, unprocessable
from emulator.standard.kinds.facts import Act, Kind, Operation

_OVER: Final = ("closed", "cancelled")
_SAID: Final = ("note", "attachment", "relatedIssue")
_EXPLAINED: Final = ("priority", "severity", "issueStartDate", "relatedIssue")
"""What the buyer changes only with a note (MEF124 R30)."""
_ADOPTED: Final = {"priority": "sellerPriority", "severity": "sellerSeverity"}
_DISPATCH: Final = "troubleTicket.dispatch"
_CLOSE: Final = "troubleTicket.close"


@dataclass(frozen=True, slots=True)
class TicketBehaviour(KindBehaviour):
    """How tickets are dealt with. `repair: onSite` opens a work order that needs an appointment, `planned` one whose date
    our seller sets by itself. With `information: required` the buyer has to answer the `question` before work goes on.
    """

    repair: Literal["remote", "onSite", "planned"] = "remote"
    information: Literal["none", "required"] = "none"
    question: str = "Please tell us more: since when, and what do you see at your end?"
    solution: str = "The fault is mended; please check, and close the ticket."


@dataclass(frozen=True, slots=True)
class TicketTimes(KindTimes):
    """Seconds between the steps of a ticket; until a resolved one closes by itself; until we mean to have one resolved."""

    close: float = 432_000
    resolution: float = 14_400


TICKETS: Final = Section(TICKET, TicketBehaviour)
TICKET_TIMES: Final = Section(TICKET, TicketTimes)


class TicketKeeper(Keeper, WorkedOn):
    """Keeps tickets."""

    def __init__(self, context: Context, hub: Hub, kind: Kind) -> None:
        super().__init__(context, hub, kind)
        self._behaviour = context.profile.behaviour.of(TICKETS)
        self._times = context.profile.intervals.of(TICKET_TIMES)
        self._news = next(
            event
            for event in context.release.kinds.telling(kind.api)
            if event.kind == kind.name and event.cls == "attribute"
        )
        context.effects.offer(WORKED_ON, self)

    @property
    def actions(self) -> Mapping[str, Action]:
        """Beside the steps of its way: somebody is sent out, and the time to object has passed."""
        return {**self.plan.actions, _DISPATCH: self._dispatch, _CLOSE: self._close}

    # -- making ------------------------------------------------------------------------------------

    def born(self, run: str, body: dict[str, Any], state: str) -> None:  # noqa: ARG002 - any state begins like this
        """Our contact (R12), and when we mean to have it resolved."""
        add_contact(self._context, body, "sellerTicketContact")
        expected = self._desk.now() + timedelta(seconds=self._times.resolution)
        body.setdefault("expectedResolutionDate", rfc3339(expected))
        self._number(body.get("attachment") or ())

    def faults(self, run: str, given: Mapping[str, Any]) -> Iterator[Issue]:
        """What the guide has against a new ticket.

        MEF124 leaves open whether a Seller refuses what breaks R9, R10 or R16. Ours does, so that the Buyer learns of it.
        """
        yield from lacks_role(given, ("reporterContact",), "MEF124 R9")
        for name in _SAID:
            yield from of_buyer(name, [*enumerate(given.get(name) or ())])
        for index, entity in enumerate(given["relatedEntity"]):
            if entity.get("@referredType", "Product") == "Product" and not self._knows(run, PRODUCT, entity["id"]):
                reason = "There is no product with this id"
                yield Issue(f"/relatedEntity/{index}/id", ErrorCode.REFERENCE_NOT_FOUND, reason)
        yield from self._unknown_issues(run, [*enumerate(given.get("relatedIssue") or ())])

    def _knows(self, run: str, kind: str, identifier: str) -> bool:
        there = any(each.name == kind for each in self._context.release.kinds)
        return not there or self._store.get(run, kind, identifier) is not None

    def _unknown_issues(self, run: str, entries: Sequence[tuple[int, Entry]]) -> Iterator[Issue]:
        kinds = {TICKET_TYPE: TICKET, INCIDENT_TYPE: INCIDENT}
        for index, entry in entries:
            kind = kinds.get(entry["@referredType"])
            if kind is not None and not self._knows(run, kind, entry["id"]):
                reason = f"There is no {entry['@referredType']} with this id"
                yield Issue(f"/relatedIssue/{index}/id", ErrorCode.REFERENCE_NOT_FOUND, reason)

    def _number(self, attachments: Iterable[Entry]) -> None:
        for each in attachments:
            each.setdefault("attachmentId", self._context.new_id("attachment"))

    def made(self, resource: Resource) -> None:
        """Incidents that it names name it."""
        self._relate(resource, resource.body.get("relatedIssue") or ())

    def _relate(self, resource: Resource, entries: Iterable[Entry]) -> None:
        for entry in entries:
            if entry["@referredType"] == INCIDENT_TYPE:
                incidents = self._context.effects.of(INCIDENTS)
                incidents.related(resource.run, entry["id"], resource, self._desk.now())

    # -- what the buyer changes ----------------------------------------------------------------------

    def grown(self, operation: Operation, resource: Resource, name: str, given: Any) -> Any:  # noqa: ARG002 - as it is given
        """Notes and attachments stay as they are (R20, R34).

        MEF124 leaves open whether a list has what is there as well. Ours takes both: all of it, or nothing but what is new.
        """
        there, entries = resource.body.get(name) or [], list(given or ())
        fresh = new_among(entries, there)
        issues = list(of_buyer(name, fresh))
        if len(fresh) < len(entries) or not fresh:
            issues += altered(name, entries, there, "MEF124 R20, R34")
        if issues:
            raise unprocessable(*issues)
        added = [dict(entry) for _, entry in fresh]
        if name == "attachment":
            self._number(added)
        return [*there, *added]

    def faults_of_patch(self, resource: Resource, patch: Mapping[str, Any]) -> Iterator[Issue]:
        """Contacts and issues of ours stay (R32, R34); what needs a word of explanation has one (R30)."""
        body = resource.body
        for name in ("relatedContactInformation", "relatedIssue"):
            if name in patch:
                ours = [entry for entry in body.get(name) or () if is_sellers(entry)]
                yield from altered(name, patch[name], ours, "MEF124 R32, R34")
        fresh = new_among(patch.get("relatedIssue") or (), body.get("relatedIssue") or ())
        yield from of_buyer("relatedIssue", fresh)
        yield from self._unknown_issues(resource.run, fresh)
        explained = len(patch.get("note") or ()) > len(body.get("note") or ())
        changed = [name for name in _EXPLAINED if name in patch and not same(patch[name], body.get(name))]
        if changed and not explained:
            reason = f"A note is missing that says why {changed[0]} changes (MEF124 R30)"
            yield Issue("/note", ErrorCode.MISSING_PROPERTY, reason)

    def patched(self, resource: Resource, old: Mapping[str, Any]) -> None:
        """We go along with another priority or severity; a ticket that waited for the buyer's word goes on (R37).

        MEF124 leaves open whether it does where an appointment is due as well (R65). Ours waits for that.
        """
        adopted = {name: resource.body[its] for its, name in _ADOPTED.items() if resource.body.get(its) != old.get(its)}
        if adopted:
            with self.changing(resource, self._desk.now()):
                resource.body.update(adopted)
        self._relate(
            resource,
            [entry for _, entry in new_among(resource.body.get("relatedIssue") or (), old.get("relatedIssue") or ())],
        )
        if not self._wants_visit(resource):
            super().patched(resource, old)
            if resource.body[self._member] == "inProgress" and old[self._member] == "pending":
                self._send_out(resource)

    def acted(self, resource: Resource, act: Act) -> None:
        """A ticket that is reopened is resolved no more."""
        if act.to == "reopened" and resource.body.pop("resolutionDate", None) is not None:
            self._store.update(resource)
        super().acted(resource, act)

    def change(self, resource: Resource, members: Mapping[str, Any], at: datetime) -> Resource:
        """Of a ticket that is cancelled nothing is told any more (table 9), so nothing changes."""
        if resource.body[self._member] == "cancelled":
            raise Unfillable("/status", "a ticket that is cancelled has come to its end")
        return super().change(resource, members, at)

    # -- on the way ----------------------------------------------------------------------------------

    def usual(self, resource: Resource) -> Sequence[PathStep]:
        """From the report to the resolution, or to where a work order goes on."""
        state = resource.body[self._member]
        if state == "inProgress":
            return () if self._is_at_work(resource) else (self.step("resolved"),)
        if state not in ("acknowledged", "reopened"):
            return ()
        answered = (self.step("pending"), PathStep("inProgress")) if self._asks(state) else ()
        ended = () if self._sends_out else (self.step("resolved"),)
        return (self.step("inProgress"), *answered, *ended)

    @property
    def _sends_out(self) -> bool:
        return self._behaviour.repair != "remote" and self._context.effects.has(WORKFORCE)

    def _orders(self, resource: Resource) -> list[str]:
        return [each["id"] for each in resource.body.get("workOrder") or ()]

    def _is_at_work(self, resource: Resource) -> bool:
        effects, orders = self._context.effects, self._orders(resource)
        return self._sends_out or (effects.has(WORKFORCE) and effects.of(WORKFORCE).are_alive(resource.run, orders))

    def _wants_visit(self, resource: Resource) -> bool:
        effects = self._context.effects
        return effects.has(WORKFORCE) and effects.of(WORKFORCE).want_visit(resource.run, self._orders(resource))

    def advance(self, resource: Resource, to: str, at: datetime) -> None:
        """One step of ours, with the notes and dates that belong to it."""
        body, old = resource.body, resource.body[self._member]
        if to == "inProgress":
            self._begin(resource, old, at)
        elif to == "pending":
            say(self._context, body, self._behaviour.question, at)  # R63
        elif to == "resolved":
            body["resolutionDate"] = rfc3339(at)  # R28
            say(self._context, body, self._behaviour.solution, at)
        elif to == "cancelled" and self._context.effects.has(WORKFORCE):
            self._context.effects.of(WORKFORCE).withdraw(resource.run, self._orders(resource), at)
        self._desk.move(resource, to, by="seller", at=at)
        with self._desk.at(at):
            if to == "inProgress" and not self._asks(old):
                self._send_out(resource)
            elif to == "resolved":
                self._desk.later(resource, self._times.close, _CLOSE)

    def _asks(self, state: str) -> bool:
        """Whether the buyer has to tell us more of a ticket in that state before work can go on."""
        return state == "acknowledged" and self._behaviour.information == "required"

    def _send_out(self, resource: Resource) -> None:
        if self._sends_out:
            self._desk.later(resource, self._times.step, _DISPATCH)

    def _begin(self, resource: Resource, old: str, at: datetime) -> None:
        """Work begins: with a new date after an objection (R22), and with the incidents that it may be about."""
        if old == "reopened":
            self._expect(resource, at + timedelta(seconds=self._times.resolution), at)
        if not self._context.effects.has(INCIDENTS):
            return
        products = named(resource.body, "relatedEntity", "Product")
        known = named(resource.body, "relatedIssue", INCIDENT_TYPE)
        for incident in self._context.effects.of(INCIDENTS).touching(resource.run, products):
            if incident.id not in known:
                entry = {
                    "@referredType": INCIDENT_TYPE,
                    "id": incident.id,
                    "relationshipType": "causedBy",
                    "description": "An incident touches the same product",
                    "creationDate": rfc3339(at),
                    "source": "seller",
                }
                resource.body.setdefault("relatedIssue", []).append(entry)
                say(self._context, resource.body, f"Incident {incident.id} may be the cause", at)  # R22

    def _expect(self, resource: Resource, expected: datetime, at: datetime) -> None:
        if moment_of(resource.body.get("expectedResolutionDate")) != expected:
            resource.body["expectedResolutionDate"] = rfc3339(expected)
            say(self._context, resource.body, "We expect to have it resolved at another time than before", at)  # R22

    def _dispatch(self, resource: Resource, _: Mapping[str, Any], at: datetime) -> None:
        """Timer: somebody is sent out, unless the ticket has gone elsewhere or somebody is on the way."""
        workforce = self._context.effects.of(WORKFORCE)
        if resource.body[self._member] == "inProgress" and not workforce.are_alive(
            resource.run, self._orders(resource)
        ):
            workforce.dispatch(resource, at, visit=self._behaviour.repair == "onSite")

    def _close(self, resource: Resource, _: Mapping[str, Any], at: datetime) -> None:
        """Timer: the buyer has not answered within the time agreed on (Figure 9)."""
        if resource.body[self._member] == "resolved":
            self._desk.move(resource, "closed", by="time", at=at)

    # -- what work orders do -------------------------------------------------------------------------

    def _living(self, run: str, ticket: str) -> Resource | None:
        found = self._store.get(run, TICKET, ticket)
        return found if found is not None and found.body[self._member] not in _OVER else None

    def opened(self, run: str, ticket: str, order: Resource, at: datetime) -> None:
        """The ticket names it from now on (R36); its own plans rest."""
        resource = self._living(run, ticket)
        if resource is None:
            return
        with self.changing(resource, at):
            resource.body.setdefault("workOrder", []).append({"id": order.id})
            if order.body["appointmentRequired"]:
                self._wait(resource, f"Work order {order.id} needs a visit: please make an appointment", at)

    def waits(self, run: str, ticket: str, at: datetime, why: str) -> None:
        """Beside the note nothing is told of it that the work order's own event does not tell."""
        resource = self._living(run, ticket)
        if resource is not None:
            with self.changing(resource, at):
                self._wait(resource, why, at)

    def _wait(self, resource: Resource, why: str, at: datetime) -> None:
        self.plan.give_up(resource)
        if self._desk.allows(resource.body[self._member], "pending", self._desk.cycle_of(resource)):
            say(self._context, resource.body, why, at)  # R63
            self._desk.move(resource, "pending", by="seller", at=at)

    def booked(self, run: str, ticket: str, until: datetime, at: datetime) -> None:
        """It will be resolved when the visit is over."""
        resource = self._living(run, ticket)
        if resource is None or resource.body[self._member] in ("resolved", "assessingCancellation"):
            return
        with self.changing(resource, at):
            self._expect(resource, until, at)
            waited = resource.body[self._member] != "inProgress" and not self._wants_visit(resource)
            if waited:
                self._desk.move(resource, "inProgress", by="buyer", at=at)
        if waited:
            self.go_on(resource)

    def changed(self, run: str, ticket: str, at: datetime) -> None:
        """Told as any change of its members is (R61)."""
        resource = self._living(run, ticket)
        if resource is not None:
            self._desk.happened(resource, self._news, None, at)

    def done(self, run: str, ticket: str, at: datetime) -> None:
        """Only a ticket that is in progress is resolved by that."""
        resource = self._living(run, ticket)
        if resource is None:
            return
        workforce = self._context.effects.of(WORKFORCE)
        if resource.body[self._member] != "inProgress" or workforce.are_alive(run, self._orders(resource)):
            self.changed(run, ticket, at)
            return
        self.plan.give_up(resource)
        with self.changing(resource, at):
            self.advance(resource, "resolved", at)

    def dropped(self, run: str, ticket: str, at: datetime) -> None:
        """Where nobody is at work any more it is resolved from afar."""
        self.changed(run, ticket, at)
        resource = self._living(run, ticket)
        alive = resource and self._context.effects.of(WORKFORCE).are_alive(run, self._orders(resource))
        if resource is not None and resource.body[self._member] == "inProgress" and not alive:
            self.plan.give_up(resource)
            with self._desk.at(at):
                self.plan.begin(resource, [self.step("resolved")])

    def orders(self, run: str, ticket: str) -> list[str]:
        """Also of one that has ended."""
        resource = self._store.get(run, TICKET, ticket)
        return self._orders(resource) if resource is not None else []


PLUGIN: Final = Plugin(
    TICKET,
    behaviour=(TICKETS,),
    intervals=(TICKET_TIMES, INCIDENT_TIMES),
    keepers={TICKET: TicketKeeper, INCIDENT: IncidentKeeper},
)
