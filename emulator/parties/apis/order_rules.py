"""What the seller refuses in a product order with 422, each entry at the exact place (MEF 123, sections 6.1.3 to 6.1.8).

The order has passed its contract already: types, enums, sub-types and the product payload are right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.parties.apis import Context
from emulator.parties.apis.catalog_sold import gate
from emulator.parties.apis.items import ItemRules, contact_issues
from emulator.parties.apis.order_links import Links
from emulator.record.call import ErrorCode, Issue
from emulator.standard.places import SITE_REF, placing

ORDER_CONTACT: Final = "productOrderContact"
ITEM_CONTACTS: Final = ("buyerProductOrderItemContact", "buyerImplementationContact", "buyerTechnicalContact")
_DEMANDED: Final = {
    "MEF123-O4": ("productOfferingQualificationItem", "MEF123 CR5"),
    "MEF123-O5": ("quoteItem", "MEF123 CR6"),
}
"""What items to add and to modify refer to, by the option that a seller declares to demand it."""
_WHOLE_ITEMS: Final = "Mplify123.1-item-members"
"""The clause by which items to delete have a date and contacts too."""
_WHOLE_CHANGES: Final = "Mplify123.1-change-is-whole"
_BARE_REMOVALS: Final = "Mplify123.1-removal-is-bare"
_EXACT_SITES: Final = "Mplify123.1-site-without-sub-units"
_ITEMS: Final = ItemRules(
    items="productOrderItem",
    relationship="productOrderItemRelationship",
    function="productOrder",
    by_specification=False,
    clauses={
        "add.id": "MEF123 R36",
        "add.configuration": "MEF123 R30",
        "add.offering": "MEF123 R32",
        "modify": "MEF123 R39",
        "repeat": "MEF123 R40",
        "delete": "MEF123 R43, R44",
        "payload": "MEF123 R9",
        "attributes": "MEF123 R7",
        "place": "MEF123 R108",
        "relations": "MEF123 R11",
        "product": "MEF123 R30, R39, R43",
    },
)


def order_issues(context: Context, run: str, body: dict[str, Any]) -> list[Issue]:
    """Everything that is wrong with an order that a buyer wants to place."""
    links = Links(context, run)
    used, told = context.profile.options, context.release.labels.told
    demanded = [found for option, found in _DEMANDED.items() if used.get(told(option) or "")]
    ids = {item["id"] for item in body["productOrderItem"]}
    subjects = Counter((item.get("product") or {}).get("id") for item in body["productOrderItem"])
    issues = [
        *contact_issues("", body, (ORDER_CONTACT,), "MEF123 R13"),
        *_ITEMS.issues(context, run, body),
        *(
            issue
            for index, item in enumerate(body["productOrderItem"])
            for issue in _item(context, links, f"/productOrderItem/{index}", item, ids, subjects)
        ),
        *(
            issue
            for index, item in enumerate(body["productOrderItem"])
            for issue in _to_be_had(context, links, run, f"/productOrderItem/{index}/product", item)
        ),
        *(
            _missing(f"/productOrderItem/{index}/{member}", clause)
            for index, item in enumerate(body["productOrderItem"])
            for member, clause in demanded
            if item["action"] != "delete" and member not in item
        ),
    ]
    return sorted(issues, key=lambda issue: issue.place)


def _item(
    context: Context,
    links: Links,
    place: str,
    item: dict[str, Any],
    ids: set[str],
    subjects: Mapping[str | None, int],
) -> Iterator[Issue]:
    """What an order asks of its items beyond what POQ and quote ask of theirs.

    `ids` are those of all items, `subjects` tells how many items are about a product.
    """
    told = context.release.labels.told
    if item["action"] != "delete" or told(_WHOLE_ITEMS):
        yield from _wanted(place, item)
    if item["action"] == "add" or (item["action"] == "modify" and told("MEF123-R42")):
        yield from _termed(place, item)
    if item["action"] == "delete" and told(_BARE_REMOVALS):
        yield from _bare(place, item)
    if item["action"] == "modify" and told(_WHOLE_CHANGES):
        yield from _placed(links, place, item)
    if told(_EXACT_SITES):
        yield from _exact(context, place, item)
    if item["action"] == "add":
        yield from _new(place, item)
    else:
        yield from _at_rest(links, place, item, subjects)
    yield from _coordination(place, item, ids)
    yield from links.of_item(place, item)


def _to_be_had(context: Context, links: Links, run: str, place: str, item: dict[str, Any]) -> Iterator[Issue]:
    """The catalog still has the offering for this: of a new product the one that is named, else that of the product."""
    product = item.get("product") or {}
    if item["action"] == "add":
        offering, here = product.get("productOffering"), f"{place}/productOffering/id"
    else:
        offering, here = (links.product(product.get("id")) or {}).get("productOffering"), f"{place}/id"
    yield from gate(context, run, item["action"], (offering or {}).get("id"), here)


def _wanted(place: str, item: dict[str, Any]) -> Iterator[Issue]:
    """What items need alike (R14).

    MEF123 leaves open: whether R14 binds a disconnect. R44 lets nothing stand beside `product.id`, and no
    official sample of a disconnect has a date or contacts: there they may be given or not.
    """
    if "requestedCompletionDate" not in item:
        yield _missing(f"{place}/requestedCompletionDate", "MEF123 R14")
    yield from contact_issues(place, item, ITEM_CONTACTS, "MEF123 R14")


def _termed(place: str, item: dict[str, Any]) -> Iterator[Issue]:
    if "requestedItemTerm" not in item:
        yield _missing(f"{place}/requestedItemTerm", "MEF123 R34, R42")


def _placed(links: Links, place: str, item: dict[str, Any]) -> Iterator[Issue]:
    """A change tells where its product is, if the inventory does."""
    product = item.get("product") or {}
    if (links.product(product.get("id")) or {}).get("place") and "place" not in product:
        yield _missing(f"{place}/product/place", "Mplify123.1 R41")


def _bare(place: str, item: dict[str, Any]) -> Iterator[Issue]:
    """What an item to delete does not have beside its product."""
    for member in ("productOfferingQualificationItem", "requestedItemTerm"):
        if member in item:
            reason = f"An item to delete has no {member}"
            yield Issue(f"{place}/{member}", ErrorCode.UNEXPECTED_PROPERTY, reason, "Mplify123.1 R46")


def _exact(context: Context, place: str, item: dict[str, Any]) -> Iterator[Issue]:
    """A site says where it is, without sub-units beside it."""
    for spot in placing(context.release, "productOrder").spots(item, "/product/place/*"):
        if spot.type == SITE_REF and "subUnit" in spot.holder:
            reason = "A site is told without units of its building"
            yield Issue(f"{place}{spot.where}/subUnit", ErrorCode.UNEXPECTED_PROPERTY, reason, "Mplify123.1 R15")


def _new(place: str, item: dict[str, Any]) -> Iterator[Issue]:
    if "billingAccount" not in item:
        yield _missing(f"{place}/billingAccount", "MEF123 R33")
    term = item.get("requestedItemTerm") or {}
    if term.get("endOfTermAction") == "roll" and "rollInterval" not in term:
        yield _missing(f"{place}/requestedItemTerm/rollInterval", "MEF123 R35")


def _at_rest(links: Links, place: str, item: dict[str, Any], subjects: Mapping[str | None, int]) -> Iterator[Issue]:
    """A product has one change at a time.

    MEF123 leaves open: orders for a product that is not active. Figure 12 of MEF 116 has no way for them.
    """
    target = (item.get("product") or {}).get("id")
    product = links.product(target)
    if product is not None and product["status"] != "active":
        reason = f"The product is {product['status']}, only an active one can be changed or disconnected"
        yield Issue(f"{place}/product/id", ErrorCode.INVALID_VALUE, reason, "MEF116 Figure 12")
    if target is not None and subjects[target] > 1:
        yield Issue(f"{place}/product/id", ErrorCode.INVALID_VALUE, "Two items are about the same product")


def _coordination(place: str, item: dict[str, Any], ids: set[str]) -> Iterator[Issue]:
    """A coordinated action is with another item of the order."""
    for index, action in enumerate(item.get("coordinatedAction") or ()):
        here = f"{place}/coordinatedAction/{index}/itemId"
        if action["itemId"] not in ids:
            reason = f"This order has no item {action['itemId']!r:.100}"
            yield Issue(here, ErrorCode.REFERENCE_NOT_FOUND, reason)
        elif action["itemId"] == item["id"]:
            yield Issue(here, ErrorCode.INVALID_VALUE, "An item cannot be coordinated with itself")


def _missing(place: str, clause: str) -> Issue:
    return Issue(place, ErrorCode.MISSING_PROPERTY, f"{place.rpartition('/')[2]} is missing", clause)
