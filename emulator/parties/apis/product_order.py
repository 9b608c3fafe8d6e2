"""Product order: placing, changing and following orders (MEF 123). The parts are in the modules `order_*`."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from emulator.parties.apis import Api, Context, Course, Plugin
from emulator.parties.apis.items import without
from emulator.parties.apis.order_cancel import Cancels
from emulator.parties.apis.order_charge import Charges
from emulator.parties.apis.order_flow import CANCELLED, FINAL, ITEM, KIND, OrderFlow, open_items
from emulator.parties.apis.order_modify_date import DateChanges
from emulator.parties.apis.order_patch import apply_patch
from emulator.parties.apis.order_plan import STEP
from emulator.parties.apis.order_rules import order_issues
from emulator.parties.apis.order_settings import CANCEL, CHARGE_TIMES, DATE_CHANGE, ORDER, ORDER_TIMES, TASK_TIMES
from emulator.parties.apis.quote import ACCEPTED
from emulator.parties.clock import rfc3339
from emulator.parties.lists import href
from emulator.parties.store import Resource
from emulator.record.call import Call, Reply, conflict, not_found, unprocessable

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
"""What only the seller says of an item; a buyer who says it is not believed (R24)."""


def build(context: Context) -> Api:
    """The handlers of orders, cancellations, changes of date and charges."""
    flow = OrderFlow(context)
    charges = Charges(context)
    orders = Orders(context, flow, charges)
    parts = (Cancels(context, flow, charges).api(), DateChanges(context, flow, charges).api(), charges.api())
    return Api(
        "productOrder",
        {
            "createProductOrder": orders.create,
            "patchProductOrder": orders.patch,
            **{name: handler for part in parts for name, handler in part.operations.items()},
        },
        {
            STEP: flow.plan.due,
            CANCELLED: flow.cancelled,
            **{name: action for part in parts for name, action in part.actions.items()},
        },
        {
            KIND: Course(flow.move, flow.move_item, flow.plan.signalled, flow.plan.read),
            **{kind: course for part in parts for kind, course in part.courses.items()},
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
        body = without(
            call.body, self._context.release.kinds.kind(KIND).own
        )  # R16: all that is the buyer's to say comes back
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
            self._context.effects.of(ACCEPTED).accept(call.run, quote, at)
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


PLUGIN: Final = Plugin(
    KIND,
    (KIND, "cancelProductOrder", "modifyProductOrderItemRequestedDeliveryDate", "charge"),
    build,
    (ORDER, CANCEL, DATE_CHANGE),
    (ORDER_TIMES, TASK_TIMES, CHARGE_TIMES),
)
