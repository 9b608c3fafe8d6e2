"""Asking for another delivery date of an order item, or to be served sooner (MEF 123, 6.5 to 6.7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from emulator.parties.apis import Api, Context, Course
from emulator.parties.apis.items import without
from emulator.parties.apis.order_charge import ASKING, Charges, decision, seller_note
from emulator.parties.apis.order_flow import OrderFlow
from emulator.parties.apis.order_links import not_found
from emulator.parties.apis.order_settings import DATE_CHANGE, TASK_TIMES
from emulator.parties.clock import rfc3339
from emulator.parties.desk import NotNow
from emulator.parties.hub import telling
from emulator.parties.lists import href, moment_of
from emulator.parties.store import Resource
from emulator.record.call import Call, ErrorCode, Issue, Reply, unprocessable

KIND: Final = "modifyProductOrderItemRequestedDeliveryDate"
DECIDE: Final = "productOrder.decideDate"


class DateChanges:
    """Takes requests for another date, decides them, and waits for the charge where there is one."""

    def __init__(self, context: Context, flow: OrderFlow, charges: Charges) -> None:
        self._context = context
        self._desk = context.desk
        self._flow = flow
        self._charges = charges
        charges.settled[KIND] = self.settled

    def api(self) -> Api:
        """Operations, timer actions, and what a hand may do."""
        moved = {KIND: Course(move=self.move)}
        return Api("productOrder", {f"create{KIND[0].upper()}{KIND[1:]}": self.create}, {DECIDE: self.decide}, moved)

    def create(self, call: Call) -> Reply:
        """Take a request. Where order or item are not at work it is taken all the same and rejected later (Table 12)."""
        reference = call.body["productOrderItem"]
        order = self._context.store.get(call.run, "productOrder", reference["productOrderId"])
        if issues := list(_issues(call.body, order)):
            raise unprocessable(*issues)
        assert order is not None
        at = self._desk.now()
        identifier = self._context.new_id(KIND)
        body = {
            **without(call.body, self._context.release.kinds.kind(KIND).own),
            "id": identifier,
            "href": href(call, KIND, identifier),
            "creationDate": rfc3339(at),  # R64, R67
        }
        item = _item(order, reference["productOrderItemId"])
        # MEF123 leaves open: an indicator left out (R66). The contract's default, false, would end a haste that
        # nobody spoke of; it stays as it is, and where there is none the default says so.
        body.setdefault("expediteIndicator", (item or {}).get("expediteIndicator", False))
        request = self._desk.open(call.run, KIND, body, state="acknowledged")
        fits = order.body["state"] == "inProgress" and item is not None and item["state"] == "inProgress"
        if fits:
            resting = {reference["productOrderItemId"]: "pending"}
            self._flow.hold(order, "pending.assessingModification", resting, by="buyer", at=at)
        seconds = self._context.profile.intervals.of(TASK_TIMES).finish
        self._desk.later(request, seconds, DECIDE, {"fits": fits, "url": call.base_url})
        return Reply(201, request.body)

    def decide(self, request: Resource, data: Mapping[str, Any], at: datetime) -> None:
        """Grant it, deny it, or ask for a charge first (Figure 17). All charges of such a request block (Table 12)."""
        behaviour = self._context.profile.behaviour.of(DATE_CHANGE)
        if not data["fits"]:
            self._desk.move(request, "rejected", by="seller", at=at)
            return
        rejected, free = behaviour.outcome == "rejected", behaviour.charge == "none"
        self._carry_out(request, "rejected" if rejected else "done" if free else ASKING, data["url"], at)

    def move(self, request: Resource, to: str, at: datetime) -> None:
        """A hand decides in place of the profile. NotNow where the buyer has to answer the charge first."""
        data = decision(self._context, request, DECIDE)
        if to == "rejected" and not data["fits"]:
            self.decide(request, data, at)
        else:
            if not data["fits"]:
                raise NotNow("the item was not at work when that was asked for: this can only be rejected")
            self._carry_out(request, to, data["url"], at)
        self._context.store.cancel(request.run, KIND, request.id)

    def _carry_out(self, request: Resource, to: str, url: str, at: datetime) -> None:
        order, item = self._subject(request)
        if to == "rejected":
            self._desk.move(request, "rejected", by="seller", at=at)
            self._flow.resume(order, by="seller", at=at, reason="The date stays as it is")
        elif to == "done":
            self._grant(request, order, item, at)
        else:
            about = {
                "productOrderItem": request.body["productOrderItem"],
                KIND: {"id": request.id, "href": request.body["href"]},
            }
            category = "expedite" if request.body["expediteIndicator"] else "other"
            charge = self._charges.open(request.run, about, category, url, at)
            item.setdefault("charge", []).append(charge)
            self._context.store.update(order)
            self._desk.move(request, ASKING, by="seller", at=at)

    def settled(self, charge: Resource, accepted: bool, at: datetime) -> None:
        """The charge for another date is settled (6.12, use case 11b)."""
        request = self._context.store.get(charge.run, KIND, charge.body[KIND]["id"])
        if request is None:
            return
        order, item = self._subject(request)
        if accepted:
            self._grant(request, order, item, at)
        else:
            self._desk.move(request, "done.declined", by="buyer", at=at)
            self._flow.resume(order, by="seller", at=at, reason="Charge for another date declined")

    def _grant(self, request: Resource, order: Resource, item: dict[str, Any], at: datetime) -> None:
        wanted = request.body
        item["expediteIndicator"] = wanted["expediteIndicator"]
        if wanted["expediteIndicator"]:
            item["expediteAcceptedIndicator"] = True  # R25: its charge, if any, has been accepted
        else:
            item.pop("expediteAcceptedIndicator", None)  # R24
        if "requestedCompletionDate" in wanted:
            item["requestedCompletionDate"] = wanted["requestedCompletionDate"]
        before_ = item["expectedCompletionDate"]
        with telling(self._desk, order, at):
            item["expectedCompletionDate"] = _revised(item, wanted, at)
        if item["expectedCompletionDate"] != before_:
            text = (
                f"Expected completion moved from {before_} to {item['expectedCompletionDate']} at the buyer's request"
            )
            item.setdefault("note", []).append(seller_note(self._context, f"{request.id}-note", text, at))  # R50
        self._desk.move(request, "done", by="seller", at=at)
        self._flow.resume(order, by="seller", at=at)

    def _subject(self, request: Resource) -> tuple[Resource, dict[str, Any]]:
        reference = request.body["productOrderItem"]
        order = self._context.store.get(request.run, "productOrder", reference["productOrderId"])
        item = _item(order, reference["productOrderItemId"]) if order is not None else None
        if order is None or item is None:
            raise KeyError(reference["productOrderId"])
        return order, item


def _revised(item: Mapping[str, Any], wanted: Mapping[str, Any], at: datetime) -> str:
    """The new date.

    MEF123 leaves open: how much sooner an expedited item comes without a date asked for. Ours takes half
    of the time that was left.
    """
    if "requestedCompletionDate" in wanted:
        return str(wanted["requestedCompletionDate"])
    planned = moment_of(item["expectedCompletionDate"])
    if wanted["expediteIndicator"] and planned is not None and planned > at:
        return rfc3339(at + (planned - at) / 2)
    return str(item["expectedCompletionDate"])


def _item(order: Resource, identifier: str) -> dict[str, Any] | None:
    return next((item for item in order.body["productOrderItem"] if item["id"] == identifier), None)


def _issues(body: Mapping[str, Any], order: Resource | None) -> Iterator[Issue]:
    """R63 wants expediteIndicator, R66 a date: a request with neither asks for nothing."""
    reference = body["productOrderItem"]
    if "requestedCompletionDate" not in body and "expediteIndicator" not in body:
        reason = "Neither requestedCompletionDate nor expediteIndicator is given"
        yield Issue("/requestedCompletionDate", ErrorCode.MISSING_PROPERTY, reason, "MEF123 R63, R66")
    if order is None:
        yield not_found("/productOrderItem/productOrderId", "product order", reference["productOrderId"])
    elif _item(order, reference["productOrderItemId"]) is None:
        place = "/productOrderItem/productOrderItemId"
        yield not_found(place, "item of the order", reference["productOrderItemId"])
