"""Work orders: what our side sends somebody out for, with or without an appointment at the buyer's (MEF 137 6.7, 6.8)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from emulator.parties.apis import Action, Context, Plugin
from emulator.parties.apis.aftersale import (
    PRODUCT,
    TICKET_TYPE,
    VISITED,
    VISITS,
    WORK_ORDER,
    WORKED_ON,
    WORKFORCE,
    Visited,
    Workforce,
    add_contact,
    named,
    say,
)
from emulator.parties.clock import rfc3339
from emulator.parties.desk import NotNow
from emulator.parties.hub import Hub
from emulator.parties.installed import sites_in
from emulator.parties.keeper import Keeper
from emulator.parties.lists import moment_of
from emulator.parties.sections import KindBehaviour, KindTimes, PathStep, Section
from emulator.parties.store import Resource
from emulator.standard.kinds.facts import Kind

_OVER: Final = ("completed", "unableToComplete", "cancelled")
_REQUIRE: Final = "workorder.require"


@dataclass(frozen=True, slots=True)
class WorkOrderBehaviour(KindBehaviour):
    """What work orders are: their `tasks`, how many `minutes` they take, and how those end that need no appointment, one
    after the other of what they are for; all further ones are completed. With `appointment: late` it turns out only after a
    while that one is needed.
    """

    tasks: tuple[str, ...] = ("Find the fault at the site", "Mend it, and measure the line")
    minutes: int = 120
    appointment: Literal["asked", "late"] = "asked"
    outcomes: tuple[Literal["completed", "unableToComplete", "cancelled"], ...] = ()


@dataclass(frozen=True, slots=True)
class WorkOrderTimes(KindTimes):
    """Seconds until a date is set, and until that date."""

    execution: float = 3_600


WORK_ORDERS: Final = Section(WORK_ORDER, WorkOrderBehaviour)
WORK_ORDER_TIMES: Final = Section(WORK_ORDER, WorkOrderTimes)


class WorkOrderKeeper(Keeper, Workforce, Visited):
    """Keeps work orders."""

    def __init__(self, context: Context, hub: Hub, kind: Kind) -> None:
        super().__init__(context, hub, kind)
        self._behaviour = context.profile.behaviour.of(WORK_ORDERS)
        self._times = context.profile.intervals.of(WORK_ORDER_TIMES)
        self._required = [
            event for event in context.release.kinds.telling(kind.api) if event.member == "/appointmentRequired"
        ]
        self._dated = "plannedExecutionDate" in kind.times
        context.effects.offer(WORKFORCE, self)
        context.effects.offer(VISITED, self)

    @property
    def actions(self) -> Mapping[str, Action]:
        """Beside the steps of its way: it turns out that an appointment is needed."""
        return {**self.plan.actions, _REQUIRE: self._require}

    # -- making --------------------------------------------------------------------------------------

    def born(self, run: str, body: dict[str, Any], state: str) -> None:
        """What it consists of, who is in charge of it, and where it is: at the site of the product that its ticket is about."""
        if state == "open":
            body.setdefault("appointmentRequired", False)
        body.setdefault("task", list(self._behaviour.tasks))
        body.setdefault("duration", {"timeDurationValue": self._behaviour.minutes, "timeDurationUnits": "MIN"})
        add_contact(self._context, body, "technicalContact")
        # Whoever is on duty, until somebody is sent: R53 wants the technician in every state.
        add_contact(self._context, body, "technician")
        body.setdefault("place", self._place(run, body))

    def _place(self, run: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        products = named(body, "relatedEntity", "Product")
        for ticket in named(body, "relatedEntity", TICKET_TYPE):
            found = self._store.get(run, "troubleTicket", ticket)
            products += named(found.body, "relatedEntity", "Product") if found else []
        for each in products:
            product = self._store.get(run, PRODUCT, each)
            known = list(sites_in(self._context.release, product.body)) if product is not None else []
            if known:
                return [{"@type": "GeographicSiteRef", **site} for site in known]
        sites = self._context.profile.sites
        return [{"@type": "GeographicSiteRef", "id": site, "role": "WORK_LOCATION"} for site in [*sites][:1]]

    def dispatch(self, ticket: Resource, at: datetime, *, visit: bool) -> None:
        """The ticket names it, and is pending where somebody has to let us in."""
        entity = {"id": ticket.id, "role": "parentTroubleTicket", "@referredType": TICKET_TYPE}
        late = visit and self._behaviour.appointment == "late"
        order = self._open(ticket.run, {"relatedEntity": [entity]}, at, visit=visit and not late)
        if late:
            self.plan.give_up(order)
            self._desk.later(order, self._times.step, _REQUIRE)

    def _open(self, run: str, given: Mapping[str, Any], at: datetime, *, visit: bool) -> Resource:
        with self._desk.at(at):
            order = self.open(run, {**given, "appointmentRequired": visit})
            if visit:
                # MEF137 leaves open whether the event of its creation is enough (R58). It gets both.
                for event in self._required:
                    self._desk.happened(order, event, None, at)
            self.brought(order)
            self.set_out(order)
        return order

    def brought(self, resource: Resource) -> None:
        """Its ticket names it."""
        for ticket in self._tickets(resource):
            self._context.effects.of(WORKED_ON).opened(resource.run, ticket, resource, self._desk.now())

    def alone(self, resource: Resource) -> Sequence[PathStep]:
        """All of them are made by us, and go our way."""
        return self.path or self.usual(resource)

    def _require(self, order: Resource, _: Mapping[str, Any], at: datetime) -> None:
        """Timer: somebody has to be let in after all (R58)."""
        if order.body[self._member] != "open":
            return
        with self.changing(order, at):
            order.body["appointmentRequired"] = True
        self._wait(order, at)

    def _wait(self, order: Resource, at: datetime) -> None:
        why = f"Work order {order.id} needs a visit: please make an appointment"
        for ticket in self._tickets(order):
            self._context.effects.of(WORKED_ON).waits(order.run, ticket, at, why)

    # -- on the way ----------------------------------------------------------------------------------

    def usual(self, resource: Resource) -> Sequence[PathStep]:
        """Without an appointment: on a date of our own, to the end that the profile has for it."""
        state = resource.body[self._member]
        if state not in ("open", "planned") or resource.body["appointmentRequired"]:
            return ()
        before, *outcomes = ("completed", *self._behaviour.outcomes)
        turn = self._turn(resource)
        outcome = outcomes[turn] if turn < len(outcomes) else before
        planned = (self.step("planned"),) if state == "open" else ()
        if outcome == "cancelled":
            return (*planned, self.step("cancelled"))
        work = PathStep(outcome, after_seconds=60 * self._behaviour.minutes)
        return (*planned, PathStep("inProgress", after_seconds=self._times.execution), work)

    def _turn(self, order: Resource) -> int:
        """How many work orders there were before for what this one is for."""
        for ticket in self._tickets(order):
            orders = self._context.effects.of(WORKED_ON).orders(order.run, ticket)
            return orders.index(order.id) if order.id in orders else len(orders)
        return 0

    def move(self, resource: Resource, to: str, at: datetime) -> None:
        """A hand takes a step. NotNow where its appointment takes it along."""
        visit = self._visit(resource)
        if visit is not None and to != "cancelled":
            raise NotNow(f"appointment {visit} stands: move that, and the work order follows")
        if to == "open":
            raise NotNow("it is open again when its appointment is cancelled")
        self.plan.give_up(resource)
        super().move(resource, to, at)
        self.plan.begin(resource, self.usual(resource))

    def _is_buyers(self, resource: Resource, to: str) -> bool:
        """An appointment that is due is the buyer's to make."""
        return (to == "planned" and resource.body["appointmentRequired"]) or super()._is_buyers(resource, to)

    def _visit(self, order: Resource) -> str | None:
        """The id of its appointment that is confirmed or in progress."""
        effects = self._context.effects
        visits = [each["id"] for each in order.body.get("appointment") or ()]
        return effects.of(VISITS).standing(order.run, visits) if visits and effects.has(VISITS) else None

    def advance(self, resource: Resource, to: str, at: datetime) -> None:
        """One step of ours, with what it is to the ticket. What cannot be completed is followed by another work order."""
        body = resource.body
        if to == "planned":
            body["appointmentRequired"] = False
            self._date(body, at + timedelta(seconds=self._times.execution))
        elif to == "unableToComplete":
            say(self._context, body, "It could not be done; another work order follows", at)
        elif to == "cancelled":
            body["appointmentRequired"] = False
            if self._visit(resource):
                visits = [each["id"] for each in body["appointment"]]
                self._context.effects.of(VISITS).call_off(resource.run, visits, at)
        self._desk.move(resource, to, by="seller", at=at)
        for ticket in self._tickets(resource):
            worked_on = self._context.effects.of(WORKED_ON)
            told = {"completed": worked_on.done, "cancelled": worked_on.dropped}.get(to, worked_on.changed)
            told(resource.run, ticket, at)
        if to == "unableToComplete":
            self._follow(resource, at)

    def _date(self, body: dict[str, Any], date: datetime | str) -> None:
        """When it is planned for, where work orders tell."""
        if self._dated:
            body["plannedExecutionDate"] = date if isinstance(date, str) else rfc3339(date)

    def _follow(self, order: Resource, at: datetime) -> None:
        """Table 10: what is left to do needs a work order of its own."""
        kept = {name: order.body[name] for name in ("relatedEntity", "place", "task", "duration")}
        self._open(order.run, kept, at, visit=bool(order.body.get("appointment")))

    def _tickets(self, order: Resource) -> Iterator[str]:
        if self._context.effects.has(WORKED_ON):
            yield from named(order.body, "relatedEntity", TICKET_TYPE)

    # -- what tickets ask ----------------------------------------------------------------------------

    def _each(self, run: str, orders: Collection[str]) -> list[Resource]:
        found = (self._store.get(run, WORK_ORDER, each) for each in orders)
        return [each for each in found if each is not None and each.body[self._member] not in _OVER]

    def are_alive(self, run: str, orders: Collection[str]) -> bool:
        """Open, planned or in progress."""
        return bool(self._each(run, orders))

    def want_visit(self, run: str, orders: Collection[str]) -> bool:
        """One that has ended waits for nothing."""
        return any(each.body["appointmentRequired"] for each in self._each(run, orders))

    def withdraw(self, run: str, orders: Collection[str], at: datetime) -> None:
        """What is in progress is brought to its end, as there is no way back for who is there already."""
        for order in self._each(run, orders):
            if order.body[self._member] != "inProgress":
                self.plan.give_up(order)
                with self.changing(order, at):
                    self.advance(order, "cancelled", at)

    # -- what appointments do ------------------------------------------------------------------------

    def _order(self, visit: Resource) -> Resource | None:
        found = self._store.get(visit.run, WORK_ORDER, visit.body["workOrder"]["id"])
        return found if found is not None and found.body[self._member] not in _OVER else None

    def booked(self, visit: Resource, technician: Mapping[str, str], at: datetime) -> None:
        """It is planned for then (R22 to R24), and the ticket goes on (R25)."""
        order = self._order(visit)
        if order is None:
            return
        with self.changing(order, at):
            body = order.body
            body.setdefault("appointment", []).append({"id": visit.id})
            body["appointmentRequired"] = False
            self._date(body, visit.body["validFor"]["startDateTime"])
            for contact in body["relatedContactInformation"]:
                if contact["role"] == "technician":
                    contact.update(technician)
            self._desk.move(order, "planned", by="buyer", at=at)
        with self._desk.at(at):
            self.plan.came(order)
        self._until(order, visit, at)

    def moved(self, visit: Resource, at: datetime) -> None:
        """Its date follows."""
        order = self._order(visit)
        if order is None:
            return
        with self.changing(order, at):
            self._date(order.body, visit.body["validFor"]["startDateTime"])
        self._until(order, visit, at)

    def _until(self, order: Resource, visit: Resource, at: datetime) -> None:
        until = moment_of(visit.body["validFor"]["endDateTime"]) or at
        for ticket in self._tickets(order):
            self._context.effects.of(WORKED_ON).booked(order.run, ticket, until, at)

    def begun(self, visit: Resource, at: datetime) -> None:
        """The technician works on it (137 Figure 5)."""
        self._go(visit, "inProgress", at)

    def over(self, visit: Resource, at: datetime, *, done: bool) -> None:
        """MEF137 leaves open what becomes of it after a visit that came to nothing. It ends, and another one follows."""
        self._go(visit, "completed" if done else "unableToComplete", at)

    def _go(self, visit: Resource, to: str, at: datetime) -> None:
        order = self._order(visit)
        if order is not None and order.body[self._member] != to:
            with self.changing(order, at):
                self.advance(order, to, at)

    def called_off(self, visit: Resource, at: datetime, *, again: bool, by_buyer: bool) -> None:
        """It is open and needs another appointment (R48, R49), or is carried out at its date without one."""
        order = self._order(visit)
        if order is None:
            return
        if not again:
            with self.changing(order, at):
                self._date(order.body, at + timedelta(seconds=self._times.execution))
            with self._desk.at(at):
                self.set_out(order)
            return
        with self.changing(order, at):
            order.body["appointmentRequired"] = True
            order.body.pop("plannedExecutionDate", None)
            self._desk.move(order, "open", by="buyer" if by_buyer else "seller", at=at)
        self._wait(order, at)

    def turn(self, visit: Resource) -> int:
        """Counted in the order in which they were made, over all work orders of a ticket."""
        order = self._store.get(visit.run, WORK_ORDER, visit.body["workOrder"]["id"])
        if order is None:
            return 0
        orders = [order.id]
        for ticket in self._tickets(order):
            orders = self._context.effects.of(WORKED_ON).orders(order.run, ticket)
        visits = list[str]()
        for each in orders:
            one = self._store.get(visit.run, WORK_ORDER, each)
            visits += [ref["id"] for ref in (one.body.get("appointment") or ())] if one else []
        return visits.index(visit.id) if visit.id in visits else len(visits)


PLUGIN: Final = Plugin(
    "workOrder",
    behaviour=(WORK_ORDERS,),
    intervals=(WORK_ORDER_TIMES,),
    keepers={WORK_ORDER: WorkOrderKeeper},
)
