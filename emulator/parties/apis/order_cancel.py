"""Cancelling an order (MEF 123, 6.8 to 6.10)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from emulator.parties.apis import Api, Context, Course
from emulator.parties.apis.items import without
from emulator.parties.apis.order_charge import ASKING, Charges, decision
from emulator.parties.apis.order_charge import KIND as CHARGE
from emulator.parties.apis.order_flow import OrderFlow, open_items
from emulator.parties.apis.order_links import not_found
from emulator.parties.apis.order_settings import CANCEL, TASK_TIMES
from emulator.parties.desk import NotNow
from emulator.parties.lists import href
from emulator.parties.store import Resource
from emulator.record.call import Call, ErrorCode, Issue, Reply, unprocessable

KIND: Final = "cancelProductOrder"
DECIDE: Final = "productOrder.decideCancel"
CONTACT: Final = "cancelProductOrderContact"
SELLER_CONTACT: Final = "cancelProductOrderSellerContact"


class Cancels:
    """Takes requests to cancel, decides them, and waits for the charge where there is one."""

    def __init__(self, context: Context, flow: OrderFlow, charges: Charges) -> None:
        self._context = context
        self._desk = context.desk
        self._flow = flow
        self._charges = charges
        charges.settled[KIND] = self.settled
        # Not every release has a request name its charge.
        self._names_charge = any(each.at == f"/{CHARGE}" for each in context.release.kinds.kind(KIND).references)

    def api(self) -> Api:
        """Operations, timer actions, and what a hand may do."""
        moved = {KIND: Course(move=self.move)}
        return Api("productOrder", {"createCancelProductOrder": self.create}, {DECIDE: self.decide}, moved)

    def create(self, call: Call) -> Reply:
        """Take a request. Where the order cannot be cancelled any more it is taken all the same and rejected later.

        MEF123 leaves open: cancelling an order that is acknowledged, held or being changed. Figure 13 has
        no way from there to assessingCancellation, and Table 13 names the wrong state of the order as a
        ground for rejection.
        """
        order = self._context.store.get(call.run, "productOrder", call.body["productOrder"]["productOrderId"])
        if issues := list(_issues(call.body, order)):
            raise unprocessable(*issues)
        assert order is not None
        at = self._desk.now()
        identifier = self._context.new_id(KIND)
        body = {
            **without(call.body, self._context.release.kinds.kind(KIND).own),
            "id": identifier,
            "href": href(call, KIND, identifier),
            "relatedContactInformation": [
                *call.body["relatedContactInformation"],
                self._context.profile.seller.contact(SELLER_CONTACT),  # R76
            ],
        }
        request = self._desk.open(call.run, KIND, body, state="acknowledged")
        fits = order.body["state"] == "inProgress"
        if fits:
            resting = {item["id"]: "pending" for item in open_items(order.body)}
            self._flow.hold(order, "assessingCancellation", resting, by="buyer", at=at)
        seconds = self._context.profile.intervals.of(TASK_TIMES).finish
        self._desk.later(request, seconds, DECIDE, {"fits": fits, "state": order.body["state"], "url": call.base_url})
        return Reply(201, request.body)

    def decide(self, request: Resource, data: Mapping[str, Any], at: datetime) -> None:
        """Grant it, deny it, or ask for a charge first (Figure 20)."""
        behaviour = self._context.profile.behaviour.of(CANCEL)
        if not data["fits"]:
            self._deny(request, f"The order was {data['state']}, only one that is inProgress can be cancelled", at)
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
                raise NotNow("the order could not be cancelled when that was asked for: this can only be rejected")
            self._carry_out(request, to, data["url"], at)
        self._context.store.cancel(request.run, KIND, request.id)

    def _carry_out(self, request: Resource, to: str, url: str, at: datetime) -> None:
        order = self._order(request)
        if to == "rejected":
            self._deny(request, "The work has gone too far", at)
            self._flow.resume(order, by="seller", at=at, reason="Cancellation denied")
        elif to == "done":
            self._grant(request, order, at)
        else:
            about = {
                "productOrder": request.body["productOrder"],
                KIND: {"id": request.id, "href": request.body["href"]},
            }
            charge = self._charges.open(request.run, about, "cancellation", url, at)
            if self._names_charge:
                request.body[CHARGE] = charge
            self._desk.move(request, ASKING, by="seller", at=at)

    def settled(self, charge: Resource, accepted: bool, at: datetime) -> None:
        """The charge for a cancellation is settled (6.12, use case 11c)."""
        request = self._context.store.get(charge.run, KIND, charge.body[KIND]["id"])
        if request is None:
            return
        order = self._order(request)
        if accepted:
            # Table 10 has the charges of a cancellation from pendingCancellation on.
            order.body.setdefault("cancellationCharge", []).append(
                {name: charge.body[name] for name in ("id", "href") if name in charge.body}
            )
            self._grant(request, order, at)
        else:
            self._desk.move(request, "done.declined", by="buyer", at=at)
            self._flow.resume(order, by="seller", at=at, reason="Charge for cancellation declined")

    def _grant(self, request: Resource, order: Resource, at: datetime) -> None:
        self._desk.move(request, "done", by="seller", at=at)
        reason = request.body.get("cancellationReason") or "Cancelled at the buyer's request"
        self._flow.call_off(order, reason, at=at)

    def _deny(self, request: Resource, reason: str, at: datetime) -> None:
        request.body["cancellationDeniedReason"] = reason
        self._desk.move(request, "rejected", by="seller", at=at)

    def _order(self, request: Resource) -> Resource:
        identifier = request.body["productOrder"]["productOrderId"]
        order = self._context.store.get(request.run, "productOrder", identifier)
        if order is None:
            raise KeyError(identifier)
        return order


def _issues(body: Mapping[str, Any], order: Resource | None) -> list[Issue]:
    found: list[Issue] = []
    if all(contact["role"] != CONTACT for contact in body["relatedContactInformation"]):
        reason = f"A contact with the role {CONTACT} is missing"
        found.append(Issue("/relatedContactInformation", ErrorCode.MISSING_PROPERTY, reason, "MEF123 R74"))
    if order is None:
        identifier = body["productOrder"]["productOrderId"]
        found.append(not_found("/productOrder/productOrderId", "product order", identifier))
    return found
