"""What a buyer may change in an order under way (MEF 123, 6.2): merge patch (RFC 7386), and strict about it.

PATCH of an order has no 422, so everything that is wrong with its body is a 400.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.parties.apis.order_charge import note_problems
from emulator.parties.apis.order_rules import ITEM_CONTACTS, ORDER_CONTACT
from emulator.record.call import bad_request

_PLAIN: Final = ("externalId", "projectId")
_ITEM_PLAIN: Final = ("endCustomerName", "relatedBuyerPON")
_LISTS: Final = ("note", "relatedContactInformation")
_FIXED: Final = frozenset(
    {
        "cancellationCharge",
        "cancellationDate",
        "cancellationReason",
        "completionDate",
        "href",
        "id",
        "orderDate",
        "state",
        "stateChange",
    }
)
"""Members of an order that PATCH does not know."""
_ITEM_FIXED: Final = frozenset(
    {
        "action",
        "agreementName",
        "billingAccount",
        "charge",
        "completionDate",
        "coordinatedAction",
        "expectedCompletionDate",
        "expediteAcceptedIndicator",
        "expediteIndicator",
        "itemTerm",
        "milestone",
        "product",
        "productOfferingQualificationItem",
        "productOrderItemRelationship",
        "quoteItem",
        "requestedCompletionDate",
        "requestedItemTerm",
        "state",
        "stateChange",
        "terminationError",
        "tspRestorationPriority",
    }
)
"""Members of an order item that PATCH does not know; dates and haste have a resource of their own (6.5)."""


def apply_patch(order: dict[str, Any], patch: Mapping[str, Any]) -> None:
    """Change an order as asked. Raises 400 for a patch that breaks a rule; then nothing must be kept."""
    for place, problem, clause in _problems(order, patch):
        where = f"At {place}: " if place else ""
        raise bad_request("invalidBody", f"{where}{problem}", clause)
    _merge(order, patch, _PLAIN)
    items = _items(order)
    for change in patch.get("productOrderItem") or ():
        _merge(items.get(change["id"], {}), change, _ITEM_PLAIN)


Problem = tuple[str, str, str]
"""Place in the patch, what is wrong with it, and the clause."""


def _problems(order: Mapping[str, Any], patch: Mapping[str, Any]) -> Iterator[Problem]:
    if not patch.keys() & {*_PLAIN, *_LISTS, "productOrderItem"}:
        yield "", "The patch has none of the attributes that can be changed", "MEF123 R52"
    yield from _fixed("", patch, _FIXED)
    yield from _lists("", order, patch, (ORDER_CONTACT,))
    changes = patch.get("productOrderItem", [])
    if not changes and "productOrderItem" in patch:
        yield "/productOrderItem", "No item is named, and items cannot be taken out", "MEF123 R54"
        return
    seen: set[str] = set()
    items = _items(order)
    for index, change in enumerate(changes):
        place = f"/productOrderItem/{index}"
        item = items.get(change["id"])
        if item is None:
            yield f"{place}/id", f"The order has no item {change['id']!r}", "MEF123 R54"
            continue
        if change["id"] in seen:
            yield f"{place}/id", f"The item {change['id']!r} is changed twice", "MEF123 R54"
        seen.add(change["id"])
        yield from _fixed(place, change, _ITEM_FIXED)
        if not change.keys() & {*_ITEM_PLAIN, *_LISTS}:
            # MEF123 leaves open: its own sample names an item only by its id, which R53 and R55 forbid.
            yield place, "The item has none of the attributes that can be changed", "MEF123 R53, R55"
        yield from _lists(place, item, change, () if item["action"] == "delete" else ITEM_CONTACTS)


def _fixed(place: str, patch: Mapping[str, Any], names: frozenset[str]) -> Iterator[Problem]:
    for name in sorted(patch.keys() & names):
        yield f"{place}/{name}", "This attribute cannot be changed by PATCH", "MEF123 6.2"


def _lists(place: str, old: Mapping[str, Any], patch: Mapping[str, Any], needed: tuple[str, ...]) -> Iterator[Problem]:
    if "note" in patch:
        for problem in note_problems(old.get("note") or [], patch["note"] or []):
            yield f"{place}/note", problem, "MEF123 R21, R57, R58"
    if "relatedContactInformation" not in patch:
        return
    there, given = old.get("relatedContactInformation") or [], patch["relatedContactInformation"] or []
    here = f"{place}/relatedContactInformation"
    if _sellers(given) != _sellers(there):
        yield here, "The seller's contacts must be repeated as they are", "MEF123 R56"
    for role in needed:
        if all(contact.get("role") != role for contact in given):
            yield here, f"A contact with the role {role} is missing", "MEF123 R13, R14"


def _sellers(contacts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The seller's contacts, in an order of their own: MEF 123 gives their roles names that start so."""
    found = [contact for contact in contacts if str(contact.get("role")).startswith("seller")]
    return sorted(found, key=lambda contact: str(sorted(contact.items(), key=lambda pair: pair[0])))


def _merge(target: dict[str, Any], patch: Mapping[str, Any], plain: tuple[str, ...]) -> None:
    for name in (*plain, *_LISTS):
        if name in patch:
            if patch[name] is None:
                target.pop(name, None)
            else:
                target[name] = patch[name]


def _items(order: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """An order's items by their ids, the first where two have one."""
    return {item["id"]: item for item in reversed(order["productOrderItem"])}
