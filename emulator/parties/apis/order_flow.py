"""How an order goes its way: looked at, worked on, held, taken up again, ended (MEF 123, 6.1.9 to 6.1.11, 6.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from emulator.parties.apis import Context
from emulator.parties.apis.order_faults import Fault, find_faults
from emulator.parties.apis.order_links import Links
from emulator.parties.apis.order_plan import OrderPlan
from emulator.parties.apis.order_settings import ORDER_TIMES
from emulator.parties.apis.product_inventory import INSTALLED, Installed
from emulator.parties.clock import rfc3339
from emulator.parties.desk import NotNow
from emulator.parties.lists import moment_of
from emulator.parties.store import Resource
from emulator.standard.lifecycle import Mover

KIND: Final = "productOrder"
ITEM: Final = "productOrderItem"
CANCELLED: Final = "productOrder.cancelled"
FINAL: Final = frozenset({"cancelled", "completed", "failed", "partial", "rejected"})
ITEM_FINAL: Final = frozenset(
    {"cancelled", "completed", "failed", "rejected", "rejected.unassessed", "rejected.validated"}
)

_RESTS: Final = frozenset({"pending.assessingModification", "assessingCancellation"})
"""States in which all items are pending until the seller has decided."""
_OPEN: Final[Mapping[str, frozenset[str]]] = {
    "cancelProductOrder": frozenset({"acknowledged", "inProgress.assessingCharge"}),
    "modifyProductOrderItemRequestedDeliveryDate": frozenset({"acknowledged", "inProgress.assessingCharge"}),
    "charge": frozenset({"awaitingResponse"}),
}


class OrderFlow:
    """Moves orders and their items, and tells the inventory what comes of it.

    Items are not saved one by one: the order itself moves after them, and with it all is kept.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._desk = context.desk
        self.plan = OrderPlan(context, self.perform)
        self.raise_charge: Callable[[Resource, datetime], None] | None = None

    @property
    def _installed(self) -> Installed:
        return self._context.effects.of(INSTALLED)

    def perform(self, order: Resource, to: str, at: datetime) -> None:
        """Take the step to a state. What only a request of the buyer's brings about is not ours to do."""
        if to == "inProgress":
            self._assess(order, at)
        elif to == "rejected":
            first = order.body["productOrderItem"][0]
            faults = find_faults(self._context, order)
            self._reject(order, faults or {first["id"]: Fault("", "The seller does not take this order")}, at)
        elif to in {"completed", "failed", "partial"}:
            self._finish(order, to, at)
        elif to == "held.assessingCharge" and self.raise_charge is not None:
            self.raise_charge(order, at)
        elif to == "pendingCancellation":
            for item in open_items(order.body):
                self._desk.move_item(order, item, "pending", by="seller", lifecycle=ITEM, at=at, save=False)
            self.call_off(order, "The seller cancels the order", at=at)

    def move(self, order: Resource, to: str, at: datetime) -> None:
        """A hand takes a step in place of the plan or of the buyer. NotNow where another resource is in the middle of it."""
        open_ones = list(self._about(order))
        if open_ones:
            raise NotNow(f"the order waits for {' and '.join(open_ones)}: move that, and the order follows")
        old = order.body["state"]
        if to == "inProgress" and old != "acknowledged":
            self.resume(order, by="seller", at=at)
        elif to in _RESTS:
            self.hold(order, to, {item["id"]: "pending" for item in open_items(order.body)}, by="buyer", at=at)
        elif to == "pendingCancellation" and old == "assessingCancellation":
            self.call_off(order, "The seller cancels the order", at=at)
        elif to == "cancelled":
            timers = self._context.store.timers(order.run, order.kind, order.id)
            planned = next((timer.data for timer in timers if timer.action == CANCELLED), None)
            self.plan.rest(order)
            self.cancelled(order, planned or {"reason": "The seller cancels the order"}, at)
        else:
            self.plan.rest(order)  # what was planned comes too late, or `go_on` plans it again
            self.perform(order, to, at)
            if order.body["state"] == "inProgress":
                self.plan.go_on(order)

    def move_item(self, order: Resource, item: dict[str, Any], to: str, at: datetime) -> None:
        """A hand ends an item before the others (6.12). NotNow for what an item does with its order only."""
        if order.body["state"] != "inProgress" or to not in {"completed", "failed"}:
            raise NotNow("while an order is at work its items can be completed or failed; all else they do with it")
        if to == "failed":
            self.fail_item(order, item["id"], "The product could not be delivered", by="seller", at=at)
        else:
            item["completionDate"] = rfc3339(at)  # R48
            self._desk.move_item(order, item, to, by="seller", lifecycle=ITEM, at=at, save=False)
            self._installed.settle(order.run, item, to, at)
        self._context.store.update(order)
        if not any(True for _ in open_items(order.body)):
            self.plan.rest(order)
            self._end(order, at)

    def _about(self, order: Resource) -> Iterator[str]:
        """Requests and charges that are about an order and not settled."""
        for kind, states in _OPEN.items():
            for each in self._context.store.all(order.run, kind):
                named = [each.body.get("productOrder"), each.body.get("productOrderItem")]
                if each.body["state"] in states and any((one or {}).get("productOrderId") == order.id for one in named):
                    yield f"{kind} {each.id}"

    # -- from acknowledged to work -----------------------------------------------------------------

    def _assess(self, order: Resource, at: datetime) -> None:
        """The checks that come after 201 and can only end in rejection (Figure 13)."""
        faults = find_faults(self._context, order)
        if faults:
            self._reject(order, faults, at)
        else:
            self._start(order, at)

    def _reject(self, order: Resource, faults: Mapping[str, Fault], at: datetime) -> None:
        """Split the items as Figure 14 does.

        MEF123 leaves open: whether every item must be looked at. Ours are, save those that hang on a
        rejected item: without it nothing can be said about them.
        """
        for index, item in enumerate(order.body["productOrderItem"]):
            fault = faults.get(item["id"])
            if fault is not None:
                item["terminationError"] = [fault.as_json(f"/productOrderItem/{index}")]
                self._desk.move_item(order, item, "rejected", by="seller", lifecycle=ITEM, at=at, save=False)
            elif _siblings(item) & faults.keys():
                self._desk.move_item(order, item, "rejected.unassessed", by="seller", lifecycle=ITEM, at=at, save=False)
            else:
                self._desk.move_item(order, item, "rejected.validated", by="seller", lifecycle=ITEM, at=at, save=False)
        order.body["completionDate"] = rfc3339(at)  # Table 10
        self._desk.move(order, "rejected", by="seller", at=at, reason="An item was found wanting")

    def _start(self, order: Resource, at: datetime) -> None:
        items, links = order.body["productOrderItem"], Links(self._context, order.run)
        for item in items:
            if item["action"] == "add":
                item["product"]["id"] = self._context.new_id("product")  # R61
        installed = self._installed
        effects = {"add": installed.create, "modify": installed.change, "delete": installed.terminate}
        for item in items:
            item["expectedCompletionDate"] = self._expected(order, item, at)  # R28, R46
            effects[item["action"]](order.run, order.body, item, at, links)
            if "requestedItemTerm" in item:
                item["itemTerm"] = [item["requestedItemTerm"]]
            self._desk.move_item(order, item, "inProgress", by="seller", lifecycle=ITEM, at=at, save=False)
            if item.get("expediteIndicator") is True:
                item["expediteAcceptedIndicator"] = True  # R24, R25: asked for, and no charge is open for it
        self._desk.move(order, "inProgress", by="seller", at=at)

    def _expected(self, order: Resource, item: Mapping[str, Any], at: datetime) -> str:
        """When the seller means to be ready: not before the date asked for."""
        ready = at + timedelta(seconds=self.plan.left(order))
        asked = moment_of(item.get("requestedCompletionDate"))
        if asked is not None and asked > ready:
            return str(item["requestedCompletionDate"])  # as the buyer writes it: year 9999 has no UTC everywhere
        return rfc3339(ready)

    # -- at work -----------------------------------------------------------------------------------

    def hold(self, order: Resource, to: str, items: Mapping[str, str], *, by: Mover, at: datetime) -> None:
        """Let the work rest: the order goes to `to`, its items (by id) to the states given."""
        self.plan.rest(order)
        for item in open_items(order.body):
            if item["id"] in items:
                self._desk.move_item(order, item, items[item["id"]], by=by, lifecycle=ITEM, at=at, save=False)
        self._desk.move(order, to, by=by, at=at)

    def resume(self, order: Resource, *, by: Mover, at: datetime, reason: str | None = None) -> None:
        """Take the work up again; items that ended meanwhile stay ended."""
        for item in open_items(order.body):
            if item["state"] != "inProgress":
                self._desk.move_item(order, item, "inProgress", by=by, lifecycle=ITEM, at=at, save=False)
        self._desk.move(order, "inProgress", by=by, at=at, reason=reason)
        if any(True for _ in open_items(order.body)):
            self.plan.go_on(order)
        else:
            self._end(order, at)

    def fail_item(self, order: Resource, identifier: str, reason: str, *, by: Mover, at: datetime) -> None:
        """An item fails, and with it the items that are related to it (6.12)."""
        lost = _related(order.body, identifier)
        for index, item in enumerate(order.body["productOrderItem"]):
            if item["id"] in lost and item["state"] not in ITEM_FINAL:
                self._fail(order, index, reason, by=by, at=at)

    # -- the end -----------------------------------------------------------------------------------

    def _finish(self, order: Resource, outcome: str, at: datetime) -> None:
        failing, links = _failing(order.body, outcome), Links(self._context, order.run)
        for index, item in enumerate(order.body["productOrderItem"]):
            if item["state"] in ITEM_FINAL:
                continue
            if item["id"] in failing:
                self._fail(order, index, "The product could not be delivered", by="seller", at=at)
            else:
                item["completionDate"] = rfc3339(at)  # R48
                self._desk.move_item(order, item, "completed", by="seller", lifecycle=ITEM, at=at, save=False)
                self._installed.settle(order.run, item, "completed", at, links)
        self._end(order, at)

    def _fail(self, order: Resource, index: int, reason: str, *, by: Mover, at: datetime) -> None:
        item = order.body["productOrderItem"][index]
        # MEF123 leaves open: Table 11 wants expectedCompletionDate in failed, R27 forbids it. The rule is followed.
        item.pop("expectedCompletionDate", None)
        item["terminationError"] = [Fault("", reason).as_json(f"/productOrderItem/{index}")]
        self._desk.move_item(order, item, "failed", by=by, lifecycle=ITEM, at=at, reason=reason, save=False)
        self._installed.settle(order.run, item, "failed", at)

    def _end(self, order: Resource, at: datetime) -> None:
        states = {item["state"] for item in order.body["productOrderItem"]}
        outcome = states.pop() if len(states) == 1 else "partial"
        # Table 10 has completionDate in every final state, R45 in completed only: it is always given.
        order.body["completionDate"] = rfc3339(at)
        self._desk.move(order, outcome, by="seller", at=at)

    def call_off(self, order: Resource, reason: str, *, at: datetime) -> None:
        """Cancellation is granted: all items are cancelled, the order follows when all is undone (Table 9)."""
        self.plan.rest(order)
        for item in open_items(order.body):
            item.pop("expectedCompletionDate", None)  # R27, R47
            self._desk.move_item(order, item, "cancelled", by="seller", lifecycle=ITEM, at=at, save=False)
        self._desk.move(order, "pendingCancellation", by="seller", at=at)
        self._desk.later(
            order, self._context.profile.intervals.of(ORDER_TIMES).cancellation, CANCELLED, {"reason": reason}
        )

    def cancelled(self, order: Resource, data: Mapping[str, Any], at: datetime) -> None:
        """All is undone (Table 10 says what a cancelled order shows), and only now in the inventory (MEF116 Table 4)."""
        for item in order.body["productOrderItem"]:
            if item["state"] == "cancelled":
                self._installed.settle(order.run, item, "cancelled", at)
        order.body["cancellationDate"] = order.body["completionDate"] = rfc3339(at)
        order.body["cancellationReason"] = data["reason"]
        self._desk.move(order, "cancelled", by="seller", at=at, reason=data["reason"])


def open_items(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Items that have not ended."""
    return (item for item in body["productOrderItem"] if item["state"] not in ITEM_FINAL)


def _failing(body: Mapping[str, Any], outcome: str) -> set[str]:
    """The items that fail for an outcome: all, or one on which no other hangs."""
    ids = [item["id"] for item in open_items(body)]
    if outcome == "failed":
        return set(ids)
    if outcome != "partial" or not ids:
        return set()
    needed = set[str]().union(*(_siblings(item) for item in body["productOrderItem"]))
    return {next((identifier for identifier in reversed(ids) if identifier not in needed), ids[-1])}


def _related(body: Mapping[str, Any], identifier: str) -> set[str]:
    """An item, and all that are related to it.

    MEF123 leaves open (6.12): whether related items are those one step away. Ours fail as far as relations go,
    for else an item would be delivered whose neighbour was not.
    """
    neighbours: dict[str, set[str]] = {}
    for item in body["productOrderItem"]:
        for sibling in _siblings(item):
            neighbours.setdefault(item["id"], set()).add(sibling)
            neighbours.setdefault(sibling, set()).add(item["id"])
    found, ahead = {identifier}, [identifier]
    while ahead:
        fresh = neighbours.get(ahead.pop(), set()) - found
        found |= fresh
        ahead += fresh
    return found


def _siblings(item: Mapping[str, Any]) -> set[str]:
    """The items of the same order that this one hangs on."""
    return {link["id"] for link in item.get("productOrderItemRelationship") or ()}
