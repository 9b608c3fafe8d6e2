"""Product inventory: what the buyer has installed, and what orders do to it (MEF 116)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Protocol

from emulator.parties.apis import Api, Context, Course, Plugin
from emulator.parties.apis.billing import BILLED
from emulator.parties.apis.catalog_sold import shown, sold
from emulator.parties.apis.order_links import Links
from emulator.parties.clock import rfc3339
from emulator.parties.desk import NotNow
from emulator.parties.effects import Effect
from emulator.parties.installed import API, KIND, where_installed
from emulator.parties.lists import list_handler, members_of
from emulator.parties.store import Resource
from emulator.standard.spans import in_words_of

_BUYER_CONTACTS: Final = {
    "buyerAssuranceTechnicalContact": "buyerTechnicalContact",
    "buyerCommercialContact": "productOrderContact",
    "buyerSlaManagementContact": "buyerImplementationContact",
}
"""Roles of R14 and the role of the order's contact that takes them over.

MEF116 leaves open: where the buyer's contacts of a product come from; no order names them by these roles.
"""
_SELLER_CONTACTS: Final = (
    "sellerAssuranceTechnicalContact",
    "sellerCommercialContact",
    "sellerSlaManagementContact",
)


def build(context: Context) -> Api:
    """The inventory's list; offers what orders may do to products.

    MEF116 leaves open: the use of `fields`, which the contract has and the guide does not mention.
    """
    inventory = Inventory(context)
    context.effects.offer(INSTALLED, inventory)
    most = context.profile.paging.too_many_products
    return Api(
        "productInventory",
        {"listProduct": list_handler(context, "productInventory", "listProduct", too_many=most)},
        courses={KIND: Course(move=inventory.move)},
    )


class Installed(Protocol):
    """What becomes of products by orders; all of it happens inside of the order's transaction. Who has more than one item
    to tell of gives `links`, so that they are followed once.
    """

    def create(
        self, run: str, order: dict[str, Any], item: dict[str, Any], at: datetime, links: Links | None = None
    ) -> str:
        """A product is being installed: it is pendingActive under the id that the order item has got."""

    def change(
        self, run: str, order: dict[str, Any], item: dict[str, Any], at: datetime, _links: Links | None = None
    ) -> None:
        """An order that changes the product is under way."""

    def terminate(
        self, run: str, order: dict[str, Any], item: dict[str, Any], at: datetime, _links: Links | None = None
    ) -> None:
        """A disconnect is under way."""

    def settle(self, run: str, item: dict[str, Any], outcome: str, at: datetime, links: Links | None = None) -> None:
        """The order item has ended: completed, failed or cancelled."""


INSTALLED: Final[Effect[Installed]] = Effect("products that orders install")


class Inventory(Installed):
    """Products in the store."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._desk = context.desk
        self._members = members_of(context.release.contract(API), context.release.kinds.kind(KIND).schema)

    def create(
        self, run: str, order: dict[str, Any], item: dict[str, Any], at: datetime, links: Links | None = None
    ) -> str:
        links = links or Links(self._context, run)
        ordered = item["product"]
        identifier = str(ordered.get("id") or self._context.new_id(KIND))
        offering = sold(self._context, run, ordered["productOffering"]["id"])
        body: dict[str, Any] = {
            "id": identifier,
            "startDate": item.get("expectedCompletionDate") or rfc3339(at),
            "lastUpdateDate": rfc3339(at),
            "productOffering": ordered["productOffering"],
            "productConfiguration": shown(self._context, run, item["action"], ordered),
            "productOrderItem": [_back_link(order, item)],
            "relatedContactInformation": self._contacts(order, item),
        }
        if offering is not None:  # it may have left the catalog since
            body["productSpecification"] = {"id": offering.specification}
        if "externalId" in order:
            # MEF116 leaves open: which identifier of the order is the product's; an order item has none.
            body["externalId"] = order["externalId"]
        if "billingAccount" in item:
            body["billingAccount"] = item["billingAccount"]
        if "requestedItemTerm" in item:
            body["productTerm"] = [item["requestedItemTerm"]]
        if prices := self._prices(run, links, item):
            body["productPrice"] = prices
        if relations := _relations(links, order, item):
            body["productRelationship"] = relations
        body |= where_installed(self._context.release, ordered.get("place") or ())
        if "agreementName" in item and "agreementName" in self._members:
            body["agreementName"] = item["agreementName"]
        self._desk.open(run, KIND, body, state="pendingActive")
        return identifier

    def change(
        self, run: str, order: dict[str, Any], item: dict[str, Any], at: datetime, _links: Links | None = None
    ) -> None:
        self._under_way(run, order, item, "active.pendingChange", at)

    def terminate(
        self, run: str, order: dict[str, Any], item: dict[str, Any], at: datetime, _links: Links | None = None
    ) -> None:
        self._under_way(run, order, item, "pendingTerminate", at)

    def settle(self, run: str, item: dict[str, Any], outcome: str, at: datetime, links: Links | None = None) -> None:
        """MEF116 leaves open: what becomes of a pendingActive product whose order fails. Figure 12 has one
        way besides activation, cancelled, and that is taken.
        """
        product = self._get(run, item)
        done = outcome == "completed"
        if item["action"] == "add":
            to = "active" if done else "cancelled"
            if done:
                product.body["startDate"] = rfc3339(at)
        elif item["action"] == "modify":
            to = "active"
            if done:
                self._reconfigure(run, links or Links(self._context, run), product.body, item)
        else:
            to = "terminated" if done else "active"
            if done:
                product.body["terminationDate"] = rfc3339(at)
        product.body["lastUpdateDate"] = rfc3339(at)
        self._desk.move(product, to, by="seller", at=at)
        if done and self._context.effects.has(BILLED):
            self._context.effects.of(BILLED).installed(run, product.body, at)

    def move(self, product: Resource, to: str, at: datetime) -> None:
        """A hand changes a product without an order. NotNow while an order is at work on it."""
        for order in self._context.store.all(product.run, "productOrder"):
            for item in order.body["productOrderItem"]:
                at_work = item["state"] in ("inProgress", "held", "pending")
                if at_work and (item.get("product") or {}).get("id") == product.id:
                    raise NotNow(f"order {order.id} is at work on it: move the order, and the product follows")
        product.body["lastUpdateDate"] = rfc3339(at)
        self._desk.move(product, to, by="seller", at=at)

    def _under_way(self, run: str, order: dict[str, Any], item: dict[str, Any], to: str, at: datetime) -> None:
        product = self._get(run, item)
        product.body.setdefault("productOrderItem", []).append(_back_link(order, item))
        product.body["lastUpdateDate"] = rfc3339(at)
        self._desk.move(product, to, by="seller", at=at)

    def _reconfigure(self, run: str, links: Links, product: dict[str, Any], item: dict[str, Any]) -> None:
        product["productConfiguration"] = shown(self._context, run, item["action"], item["product"])
        if "requestedItemTerm" in item:
            product["productTerm"] = [item["requestedItemTerm"]]
        if "billingAccount" in item:
            product["billingAccount"] = item["billingAccount"]
        if prices := self._prices(run, links, item):
            product["productPrice"] = prices

    def _get(self, run: str, item: dict[str, Any]) -> Resource:
        found = self._context.store.get(run, KIND, item["product"]["id"])
        if found is None:
            raise KeyError(item["product"]["id"])
        return found

    def _contacts(self, order: dict[str, Any], item: dict[str, Any]) -> list[dict[str, Any]]:
        """The six roles of R14."""
        given = [*(item.get("relatedContactInformation") or ()), *order["relatedContactInformation"]]
        by_role = {contact["role"]: contact for contact in reversed(given)}
        fallback = by_role.get("productOrderContact", order["relatedContactInformation"][0])
        buyers = [{**by_role.get(source, fallback), "role": role} for role, source in _BUYER_CONTACTS.items()]
        return buyers + [self._context.profile.seller.contact(role) for role in _SELLER_CONTACTS]

    def _prices(self, run: str, links: Links, item: dict[str, Any]) -> list[dict[str, Any]]:
        """The quoted prices, or those of the offering."""
        quoted = links.quote_item(item)
        if quoted is not None and quoted.get("quoteItemPrice"):
            return list(quoted["quoteItemPrice"])
        # What the profile has installed may have no offering, and a change of it repeats that (MEF123 R40).
        offering = sold(self._context, run, (item["product"].get("productOffering") or {}).get("id", ""))
        found = offering.prices_for(item["action"]) if offering is not None else ()
        return list(in_words_of(self._context.release.contract(API), found))


def _back_link(order: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    link = {"productOrderId": order["id"], "productOrderItemId": item["id"]}
    return {**link, "productOrderHref": order["href"]} if "href" in order else link


def _relations(links: Links, order: dict[str, Any], item: dict[str, Any]) -> list[dict[str, Any]]:
    """Relations to other products: those named, and those to items of the same order, by now products."""
    named = list(item["product"].get("productRelationship") or ())
    for link in item.get("productOrderItemRelationship") or ():
        if target := links.product_of(order, link["id"]):
            named.append({"id": target, "relationshipType": link["relationshipType"]})
    return named


PLUGIN: Final = Plugin("productInventory", (KIND,), build)
