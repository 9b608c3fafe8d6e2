"""Product order: placing, changing and following orders (MEF 123). The parts are in the modules `order_*`."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from emulator.parties.apis import Api, Context
from emulator.parties.apis.items import without
from emulator.parties.apis.order_cancel import Cancels
from emulator.parties.apis.order_charge import Charges
from emulator.parties.apis.order_flow import CANCELLED, FINAL, ITEM, KIND, OrderFlow, open_items
from emulator.parties.apis.order_modify_date import DateChanges
from emulator.parties.apis.order_patch import apply_patch
from emulator.parties.apis.order_plan import STEP
from emulator.parties.apis.order_rules import order_issues
from emulator.parties.clock import rfc3339
from emulator.parties.generic import (
    after,
    before,
    equal,
    href,
    list_handler,
    retrieve_handler,
    summary_of,
)
from emulator.parties.hub import hub_handlers
from emulator.parties.store import Resource
from emulator.wire.call import Call, Reply, conflict, not_found, unprocessable

_FIND: Final = summary_of(
    "id", "cancellationDate", "completionDate", "externalId", "orderDate", "projectId", "state"
)  # R59
_FILTERS: Final = {
    "state": equal("/state"),
    "externalId": equal("/externalId"),
    "projectId": equal("/projectId"),
    "orderDate.gt": after("/orderDate"),
    "orderDate.lt": before("/orderDate"),
    "completionDate.gt": after("/completionDate"),
    "completionDate.lt": before("/completionDate"),
    "itemRequestedCompletionDate.gt": after("/productOrderItem/*/requestedCompletionDate"),
    "itemRequestedCompletionDate.lt": before("/productOrderItem/*/requestedCompletionDate"),
    "itemExpectedCompletionDate.gt": after("/productOrderItem/*/expectedCompletionDate"),
    "itemExpectedCompletionDate.lt": before("/productOrderItem/*/expectedCompletionDate"),
    "cancellationDate.gt": after("/cancellationDate"),
    "cancellationDate.lt": before("/cancellationDate"),
}
_OWN: Final = ("cancellationCharge", "cancellationDate", "cancellationReason", "completionDate", "state", "stateChange")
_ITEM_OWN: Final = (
    "charge",
    "completionDate",
    "expectedCompletionDate",
    "expediteAcceptedIndicator",
    "itemTerm",
    "milestone",
    "state",
    "stateChange",
    "terminationError",
)
"""What only the seller says of an order and of an item; a buyer who says it is not believed (R24)."""


def build(context: Context) -> Api:
    """The handlers of the whole contract: orders, cancellations, changes of date, charges, hub."""
    flow = OrderFlow(context)
    charges = Charges(context)
    orders = Orders(context, flow, charges)
    parts = (Cancels(context, flow, charges).api(), DateChanges(context, flow, charges).api(), charges.api())
    context.effects[f"{KIND}.seen"] = flow.plan.read
    context.effects[f"{KIND}.move"] = flow.move
    context.effects[f"{KIND}.moveItem"] = flow.move_item
    context.effects[f"{KIND}.signalled"] = flow.plan.signalled
    return Api(
        "productOrder",
        {
            "listProductOrder": list_handler(context, KIND, _FILTERS, _FIND),
            "retrieveProductOrder": retrieve_handler(context, KIND, "product order"),
            "createProductOrder": orders.create,
            "patchProductOrder": orders.patch,
            **{name: handler for part in parts for name, handler in part.operations.items()},
            **hub_handlers(context, "productOrder"),
        },
        {
            STEP: flow.plan.due,
            CANCELLED: flow.cancelled,
            **{name: action for part in parts for name, action in part.actions.items()},
        },
    )


class Orders:
    """Takes orders and changes to them."""

    def __init__(self, context: Context, flow: OrderFlow, charges: Charges) -> None:
        self._context = context
        self._desk = context.desk
        self._flow = flow
        self._charges = charges
        flow.raise_charge = self.raise_charge
        charges.settled[ITEM] = self.settled

    def create(self, call: Call) -> Reply:
        """Acknowledge an order, or refuse it with everything that is wrong with it (6.1)."""
        if issues := order_issues(self._context, call.run, call.body):
            raise unprocessable(*issues)
        at = self._desk.now()
        body = without(call.body, _OWN)  # R16: all that is the buyer's to say comes back
        body["id"] = self._context.new_id(KIND)
        body["href"] = href(call, "productOrder", body["id"])
        body["orderDate"] = rfc3339(at)
        body["relatedContactInformation"] = [
            *call.body["relatedContactInformation"],
            self._context.profile.seller.contact("sellerContact"),  # R17
        ]
        body["productOrderItem"] = [without(item, _ITEM_OWN) for item in call.body["productOrderItem"]]
        order = self._desk.open(call.run, KIND, body, state="acknowledged")
        for item in order.body["productOrderItem"]:
            self._desk.move_item(order, item, "acknowledged", by="seller", lifecycle=ITEM, at=at, save=False)
        self._context.store.update(order)
        quoted = [item["quoteItem"]["quoteId"] for item in call.body["productOrderItem"] if "quoteItem" in item]
        for quote in dict.fromkeys(quoted):
            self._context.effects["quote.accepted"](call.run, quote, at)
        self._flow.plan.begin(order)
        return Reply(201, order.body)

    def patch(self, call: Call) -> Reply:
        """Change what may be changed while the order is under way (6.2)."""
        identifier = call.path["id"]
        order = self._context.store.get(call.run, KIND, identifier)
        if order is None:
            raise not_found("product order", identifier)
        if order.body["state"] in FINAL:
            reason = f"The order is {order.body['state']} and cannot be changed any more"
            raise conflict(reason)
        apply_patch(order.body, call.body)
        self._context.store.update(order)
        return Reply(200, order.body)

    def raise_charge(self, order: Resource, at: datetime) -> None:
        """The work on the first open item turns out dearer (6.11, use case 11a)."""
        item = next(open_items(order.body), None)
        if item is None:
            return
        about = {"productOrderItem": {"productOrderId": order.id, "productOrderItemId": item["id"]}}
        base_url = order.body["href"].rpartition("/productOrder/")[0]
        # R85 has the charge raised while the item is inProgress, figure 25 after it is held: both at one instant.
        charge = self._charges.open(order.run, about, "construction", base_url, at)
        item.setdefault("charge", []).append(charge)  # R26
        self._flow.hold(order, "held.assessingCharge", {item["id"]: "held"}, by="seller", at=at)

    def settled(self, charge: Resource, accepted: bool, at: datetime) -> None:
        """The charge for an item is settled (6.12, use case 11a)."""
        reference = charge.body[ITEM]
        order = self._context.store.get(charge.run, KIND, reference["productOrderId"])
        if order is None:
            return
        if not accepted:
            self._flow.fail_item(order, reference["productOrderItemId"], "Its charge was declined", by="buyer", at=at)
        self._flow.resume(order, by="buyer", at=at)
