"""Appointments: a time at which somebody of ours comes to the buyer's place, and the search for one (MEF 137 6.1 to 6.6)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, Literal

from emulator.parties.apis import Action, Api, Context, Plugin
from emulator.parties.apis.aftersale import APPOINTMENT, VISITED, VISITS, WORK_ORDER, Visited, Visits, add_contact, say
from emulator.parties.apis.calendar import Calendar, CalendarSection, Stretch, as_slots, faults_of, span_of
from emulator.parties.apis.entries import altered, is_sellers, lacks_role, new_among, of_buyer, same
from emulator.parties.hub import Hub
from emulator.parties.keeper import Keeper
from emulator.parties.sections import KindBehaviour, KindTimes, PathStep, Section
from emulator.parties.store import Resource
from emulator.record.call import Call, ErrorCode, Issue, Reply, unprocessable
from emulator.standard.kinds.facts import Act, Kind, Operation
from emulator.standard.strict import Mistake

_ROLES: Final = ("buyerAppointmentContact", "appointmentPlaceContact")
_AT_THE_DOOR: Final = "MEF137-R15"
"""The clause by which a new appointment has a contact at its place."""
_WORDS: Final = {
    "missed": "Our technician could not come",
    "failed": "Our technician was not let in",
    "cancelled": "We cannot come at that time",
}
_BEGIN: Final = "appointment.begin"
_SEARCHED: Final = "searched"
"""The kind of resource that stands for a search for a work order."""
_SECONDS: Final = {"SEC": 1, "MIN": 60, "HOUR": 3_600, "DAY": 86_400, "WEEK": 604_800}


@dataclass(frozen=True, slots=True)
class AppointmentBehaviour(KindBehaviour):
    """How appointments end, one after the other of what they are for; all further ones are completed. `postponed`: we cancel
    it and need another one, `notNeeded`: we cancel it and need none. Where a `search` is demanded, an appointment that is due is
    not made before one (MEF137 R59). `calendar` says when they are possible.
    """

    outcomes: tuple[Literal["completed", "missed", "failed", "postponed", "notNeeded"], ...] = ()
    search: Literal["demanded", "free"] = "demanded"
    calendar: CalendarSection = field(default_factory=CalendarSection)


def _faults(section: AppointmentBehaviour) -> Iterator[Mistake]:
    return faults_of(section.calendar, "/calendar")


APPOINTMENTS: Final = Section(APPOINTMENT, AppointmentBehaviour, _faults)
APPOINTMENT_TIMES: Final = Section(APPOINTMENT, KindTimes)


class AppointmentKeeper(Keeper, Visits):
    """Keeps appointments."""

    def __init__(self, context: Context, hub: Hub, kind: Kind) -> None:
        super().__init__(context, hub, kind)
        self._behaviour = context.profile.behaviour.of(APPOINTMENTS)
        self._calendar = Calendar(self._behaviour.calendar, context.store)
        self._has_begun = kind.state is not None and "inProgress" in kind.state.values
        """Whether a visit that goes on has a status of its own."""
        self._at_the_door = context.release.labels.told(_AT_THE_DOOR) is not None
        """Whether each has a contact at the place: else it has the place."""
        context.effects.offer(VISITS, self)

    @property
    def actions(self) -> Mapping[str, Action]:
        """Beside the steps of its way: a visit begins that shows it by its work order alone."""
        return {**super().actions, _BEGIN: self._begin}

    # -- making --------------------------------------------------------------------------------------

    def born(self, run: str, body: dict[str, Any], state: str) -> None:  # noqa: ARG002 - any state begins like this
        """Our contact (R18), and the place of the work."""
        add_contact(self._context, body, "sellerAppointmentContact")
        order = self._store.get(run, WORK_ORDER, (body.get("workOrder") or {}).get("id", ""))
        if order is not None and order.body["place"]:
            body.setdefault("relatedPlace", order.body["place"][0])

    def faults(self, run: str, given: Mapping[str, Any]) -> Iterator[Issue]:
        """What the guide has against a new appointment.

        MEF137 leaves open whether a Seller refuses what breaks R15. Ours does, so that the Buyer learns of it.
        """
        clause = "MEF137 R15" if self._at_the_door else "W137 R15"
        yield from lacks_role(given, _ROLES if self._at_the_door else _ROLES[:1], clause)
        for name in ("workOrder", *(() if self._at_the_door else ("relatedPlace",))):
            if not given.get(name):
                yield Issue(f"/{name}", ErrorCode.MISSING_PROPERTY, f"A new appointment has a {name} ({clause})")
        for name in ("note", "attachment"):
            yield from of_buyer(name, [*enumerate(given.get(name) or ())])
        order = self._store.get(run, WORK_ORDER, given["workOrder"]["id"]) if given.get("workOrder") else None
        if order is not None:
            yield from self._not_for(run, order)
        elif given.get("workOrder"):
            yield Issue("/workOrder/id", ErrorCode.REFERENCE_NOT_FOUND, "There is no work order with this id")
            return
        yield from self._unfit(run, given["validFor"])

    def _not_for(self, run: str, order: Resource) -> Iterator[Issue]:
        """Why a work order can have no appointment now."""
        visits = [each["id"] for each in order.body.get("appointment") or ()]
        if (standing := self.standing(run, visits)) is not None:
            reason = f"The work order has appointment {standing} already (R20)"
            yield Issue("/workOrder/id", ErrorCode.INVALID_VALUE, reason)
        elif order.body["state"] != "open":
            reason = f"The work order is {order.body['state']}, not open (MEF137 R21)"
            yield Issue("/workOrder/id", ErrorCode.INVALID_VALUE, reason)
        elif order.body["appointmentRequired"] and not self._may_book(run, order.id):
            reason = "createSearchTimeSlot comes first (MEF137 R59)"
            yield Issue("/workOrder/id", ErrorCode.OTHER_ISSUE, reason)

    def _may_book(self, run: str, order: str) -> bool:
        return self._behaviour.search == "free" or self._store.has(run, _SEARCHED, order)

    def _unfit(self, run: str, period: Mapping[str, Any], but: str = "") -> Iterator[Issue]:
        """Why nobody can come then (R16, R17, R41, R42). Any free time will do, whether or not a search has shown it."""
        self._calendar.hold(run, self._desk.now())
        span = span_of(period)
        reason = ""
        if span is None or span.end <= span.start:
            reason = "The end has to be after the start"
        elif span.start < self._desk.now():
            reason = "That time has begun already"
        elif self._calendar.technician(run, span, but) is None:
            reason = "No technician is free then: createSearchTimeSlot shows when one is"
        if reason:
            yield Issue("/validFor", ErrorCode.INVALID_VALUE, reason)

    def made(self, resource: Resource) -> None:
        """The work order is planned for then, and its ticket goes on."""
        self._store.remove(resource.run, _SEARCHED, resource.body["workOrder"]["id"])
        span = span_of(resource.body["validFor"])
        sent = self._calendar.technician(resource.run, span, resource.id) if span else None
        self._visited.booked(resource, sent.contact if sent else {}, self._desk.now())

    @property
    def _visited(self) -> Visited:
        return self._context.effects.of(VISITED)

    # -- what the buyer changes ----------------------------------------------------------------------

    def grown(self, operation: Operation, resource: Resource, name: str, given: Any) -> Any:  # noqa: ARG002 - as it is given
        """Notes and attachments are appended to what is there (R43, R44); nothing but what is new will do as well."""
        there, entries = resource.body.get(name) or [], list(given or ())
        fresh = new_among(entries, there)
        issues = list(of_buyer(name, fresh))
        if len(fresh) < len(entries) or not fresh:
            issues += altered(name, entries, there, "MEF137 R43, R44")
        if issues:
            raise unprocessable(*issues)
        return [*there, *(entry for _, entry in fresh)]

    def faults_of_patch(self, resource: Resource, patch: Mapping[str, Any]) -> Iterator[Issue]:
        """Only what is confirmed can be changed (R40), and only the buyer's side of it.

        MEF137 leaves open whether the place can be changed. It is that of the work, so it cannot.
        """
        body = resource.body
        if body["status"] != "confirmed":
            reason = f"The appointment is {body['status']}, not confirmed (MEF137 R40)"
            yield Issue("", ErrorCode.OTHER_ISSUE, reason)
            return
        if "relatedContactInformation" in patch:
            contacts = patch["relatedContactInformation"]
            ours = [entry for entry in body["relatedContactInformation"] if is_sellers(entry)]
            yield from altered("relatedContactInformation", contacts, ours, "MEF137 R36")
            yield from lacks_role(patch, _ROLES, "MEF137 R34")
        if "relatedPlace" in patch and patch["relatedPlace"] != body["relatedPlace"]:
            reason = "The place is that of the work order"
            yield Issue("/relatedPlace", ErrorCode.UNEXPECTED_PROPERTY, reason)
        if "validFor" in patch:
            order = self._store.get(resource.run, WORK_ORDER, body["workOrder"]["id"])
            if order is not None and order.body["state"] == "inProgress":
                yield Issue("/validFor", ErrorCode.INVALID_VALUE, "Our technician is there already")
            yield from self._unfit(resource.run, patch["validFor"], resource.id)

    def patched(self, resource: Resource, old: Mapping[str, Any]) -> None:
        """Another time: it stays confirmed, and the work order's date follows."""
        if any(not same(value, old["validFor"][name]) for name, value in resource.body["validFor"].items()):
            self.plan.give_up(resource)
            self.set_out(resource)
            self._visited.moved(resource, self._desk.now())

    def hindrance(self, resource: Resource, act: Act) -> str:  # noqa: ARG002 - there is but one
        """It can be cancelled while its work order is planned (R47)."""
        order = self._store.get(resource.run, WORK_ORDER, resource.body["workOrder"]["id"])
        if order is not None and order.body["state"] != "planned":
            return f"The work order is {order.body['state']}, not planned (MEF137 R47)"
        return ""

    def acted(self, resource: Resource, act: Act) -> None:
        """The buyer has cancelled it: the work order needs another one (R48, R49)."""
        super().acted(resource, act)
        self._visited.called_off(resource, self._desk.now(), again=True, by_buyer=True)

    # -- on the way ----------------------------------------------------------------------------------

    def usual(self, resource: Resource) -> Sequence[PathStep]:
        """At its time in progress, and then as the profile has it end."""
        span = span_of(resource.body["validFor"])
        if resource.body["status"] != "confirmed" or span is None:
            return ()
        outcome = self._outcome(resource)
        if outcome in ("postponed", "notNeeded"):
            return (self.step("cancelled"),)
        wait = max(0.0, (span.start - self._desk.now()).total_seconds())
        order = self._store.get(resource.run, WORK_ORDER, resource.body["workOrder"]["id"])
        length = min(length_of(order.body) if order else span.end - span.start, span.end - span.start)
        if not self._has_begun:
            self._desk.later(resource, wait, _BEGIN)
            return (PathStep(outcome, after_seconds=wait + length.total_seconds()),)
        return (
            PathStep("inProgress", after_seconds=wait),
            PathStep(outcome, after_seconds=length.total_seconds()),
        )

    def _begin(self, visit: Resource, _: Mapping[str, Any], at: datetime) -> None:
        """Timer: our technician is there, unless the visit was called off or moved."""
        span = span_of(visit.body["validFor"])
        if visit.body["status"] == "confirmed" and span is not None and span.start <= at:
            self._visited.begun(visit, at)

    def _outcome(self, resource: Resource) -> str:
        turn, outcomes = self._visited.turn(resource), self._behaviour.outcomes
        return outcomes[turn] if turn < len(outcomes) else "completed"

    def advance(self, resource: Resource, to: str, at: datetime) -> None:
        """One step of ours, with what it is to the work order."""
        if to in _WORDS:
            say(self._context, resource.body, _WORDS[to], at)
        self._desk.move(resource, to, by="seller", at=at)
        if to == "inProgress":
            self._visited.begun(resource, at)
        elif to == "cancelled":
            again = self._outcome(resource) != "notNeeded"
            self._visited.called_off(resource, at, again=again, by_buyer=False)
        else:
            self._visited.begun(resource, at)
            self._visited.over(resource, at, done=to == "completed")

    def move(self, resource: Resource, to: str, at: datetime) -> None:
        """A hand takes a step in place of the plan."""
        self.plan.give_up(resource)
        super().move(resource, to, at)
        if to == "inProgress":
            with self._desk.at(at):
                order = self._store.get(resource.run, WORK_ORDER, resource.body["workOrder"]["id"])
                length = length_of(order.body) if order else timedelta()
                self.plan.begin(resource, [PathStep(self._outcome(resource), after_seconds=length.total_seconds())])

    # -- what work orders ask ------------------------------------------------------------------------

    def standing(self, run: str, visits: Collection[str]) -> str | None:
        """None where all of them are over."""
        for each in visits:
            found = self._store.get(run, APPOINTMENT, each)
            if found is not None and found.body["status"] in ("confirmed", "inProgress"):
                return each
        return None

    def call_off(self, run: str, visits: Collection[str], at: datetime) -> None:
        """The work order is on its way out: nothing comes back to it from here."""
        for each in visits:
            found = self._store.get(run, APPOINTMENT, each)
            if found is not None and found.body["status"] == "confirmed":
                self.plan.give_up(found)
                with self.changing(found, at):
                    say(self._context, found.body, "The work is not needed any more", at)
                    self._desk.move(found, "cancelled", by="seller", at=at)


class TimeSlots:
    """Answers searches for a time slot (6.1)."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._calendar = Calendar(context.profile.behaviour.of(APPOINTMENTS).calendar, context.store)

    def search(self, call: Call) -> Reply:
        """POST /searchTimeSlot: the times within those asked for at which somebody can come, as long as the work takes."""
        issues = list(self._issues(call))
        if issues:
            raise unprocessable(*issues)
        body = call.body
        order = next((each for each in self._orders(call) if each is not None), None)
        length = length_of(order.body) if order else timedelta(hours=2)
        now, found = self._context.desk.now(), list[Stretch]()
        for each in body.get("requestedTimeSlot", ()):
            span = span_of(each["validFor"])
            if span is not None:
                left = self._calendar.most - len(found)
                found += islice(self._calendar.slots(call.run, span, length, now), max(0, left))
        if order is not None and not self._context.store.has(call.run, _SEARCHED, order.id):
            self._context.store.add(Resource(call.run, _SEARCHED, order.id, {}, now))
        return Reply(201, {**body, "availableTimeSlot": as_slots(found)})

    def _orders(self, call: Call) -> Iterator[Resource | None]:
        return (self._context.store.get(call.run, WORK_ORDER, each) for _, each in _searched_for(call.body))

    def _issues(self, call: Call) -> Iterator[Issue]:
        """What makes a search pointless (R12)."""
        wanted = list(_searched_for(call.body))
        if not wanted:
            yield Issue("/relatedEntity", ErrorCode.MISSING_PROPERTY, "What the visit is for is missing (W137 R11)")
        for place, identifier in wanted:
            order = self._context.store.get(call.run, WORK_ORDER, identifier)
            if order is None:
                yield Issue(place, ErrorCode.REFERENCE_NOT_FOUND, "There is no work order with this id")
            elif order.body["state"] not in ("open", "planned"):
                reason = f"The work order is {order.body['state']}: there is nothing to make an appointment for"
                yield Issue(place, ErrorCode.INVALID_VALUE, reason)
        if not call.body.get("requestedTimeSlot"):
            reason = "A time slot is missing (R11)"
            yield Issue("/requestedTimeSlot", ErrorCode.MISSING_PROPERTY, reason)
        for index, slot in enumerate(call.body.get("requestedTimeSlot", ())):
            span = span_of(slot["validFor"])
            if span is None or span.end < span.start:
                here = f"/requestedTimeSlot/{index}/validFor/endDateTime"
                yield Issue(here, ErrorCode.INVALID_VALUE, "The end has to be after the start")


def _searched_for(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The work orders that a search is for, by the place where each is named: its `workOrder`, or those it is related to."""
    if "workOrder" in body:
        yield "/workOrder/id", body["workOrder"]["id"]
    for index, entity in enumerate(body.get("relatedEntity", ())):
        if entity["@referredType"].lower() == WORK_ORDER:
            yield f"/relatedEntity/{index}/id", entity["id"]


def length_of(order: Mapping[str, Any]) -> timedelta:
    """How long a work order takes, by its duration; an hour for units that no visit is measured in."""
    duration = order.get("duration") or {}
    unit = _SECONDS.get(duration.get("timeDurationUnits", ""))
    return timedelta(seconds=unit * duration["timeDurationValue"]) if unit else timedelta(hours=1)


def build(context: Context) -> Api:
    """The search, beside what every kind is kept with."""
    return Api(APPOINTMENT, {"createSearchTimeSlot": TimeSlots(context).search})


PLUGIN: Final = Plugin(
    APPOINTMENT,
    build=build,
    behaviour=(APPOINTMENTS,),
    intervals=(APPOINTMENT_TIMES,),
    keepers={APPOINTMENT: AppointmentKeeper},
)
