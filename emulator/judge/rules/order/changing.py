"""Items to modify and to delete (MEF 123, 6.1.7 and 6.1.8)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.judge.named import PRODUCT
from emulator.judge.rule import (
    FINE,
    REFUSED,
    Mark,
)
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.rules.order.names import ANSWERED, ITEMS, PLACE, objects_of, text_of, with_action
from emulator.judge.run import Said, Shown
from emulator.judge.showing import succeeded
from emulator.record.payload import MISSING, at, escape, every

# 6.1.7, items to modify

ORDER.present("R39", ITEMS, "/product/id", "/product/productConfiguration", on=PLACE, where=with_action("modify"))
_CHANGED: Final = "Mplify123.1-change-members"
ORDER.present(
    _CHANGED,
    ITEMS,
    "/product/id",
    "/product/productOffering",
    "/product/productConfiguration",
    on=PLACE,
    where=with_action("modify"),
)
common.products_are_there(ORDER, ("R39", _CHANGED), "modify", ITEMS, on=PLACE)
common.told_whole(ORDER, "Mplify123.1-change-is-whole", ITEMS, on=PLACE)
common.of_one_specification(ORDER, "Mplify123.1-same-specification", ITEMS, on=PLACE)


@ORDER.rule("R40", on=PLACE)
def changes_repeat_the_inventory(said: Said) -> Iterator[Mark]:
    """Offering, relationships and sites of items to modify, against what the inventory showed of the product last.

    Sites alone of the places: of others the inventory shows nothing. What it does not show at all, the Buyer may know
    from its order.
    """
    for place, item in objects_of(said.body):
        product = item.get("product")
        if item.get("action") != "modify" or not isinstance(product, dict):
            continue
        life = said.run.life(PRODUCT, product.get("id"))
        installed = life.last_before(said.exchange) if life else None
        if installed is not None:
            yield from _same_offering(f"{place}/product", product, installed)
            yield from _same_relations(f"{place}/product", product, installed)
            yield from _same_sites(f"{place}/product", product, installed)


def _same_offering(place: str, product: Mapping[str, Any], installed: Shown) -> Iterator[Mark]:
    held, asked = at(installed.value, "/productOffering/id"), at(product, "/productOffering/id")
    if isinstance(held, str) and asked is MISSING:
        yield breach(f"{place}/productOffering", held, MISSING,
                     f"{place}/productOffering is left out; the inventory has {held}",
                     reading=("modify-offering", "repeated"))  # fmt: skip
    elif isinstance(held, str):
        yield hold(f"{place}/productOffering/id", asked == held, expected=held, found=asked,
                   message=f"{place}/productOffering is not the one of the inventory")  # fmt: skip


def _same_relations(place: str, product: Mapping[str, Any], installed: Shown) -> Iterator[Mark]:
    here = f"{place}/productRelationship"
    held, asked = _relations(installed.value), _relations(product)
    for kind, target in sorted(held - asked):
        yield breach(here, f"{kind} {target}", sorted(" ".join(one) for one in asked),
                     f"{here} leaves out {kind} {target}, which the inventory has")  # fmt: skip
    for kind, target in sorted(asked - held) if held else ():
        yield breach(here, sorted(" ".join(one) for one in held), f"{kind} {target}",
                     f"{here} has {kind} {target}, which the inventory has not",
                     reading=("modify-relations", "unchanged"))  # fmt: skip
    if held and held == asked:
        yield FINE


def _relations(product: Any) -> set[tuple[str, str]]:
    return {
        (kind, target)
        for _, link in every(product, "/productRelationship/*")
        if isinstance(kind := at(link, "/relationshipType"), str) and isinstance(target := at(link, "/id"), str)
    }


def _same_sites(place: str, product: Mapping[str, Any], installed: Shown) -> Iterator[Mark]:
    held = {site for _, site in every(installed.value, "/relatedSite/*/id") if isinstance(site, str)}
    for where, spot in objects_of(product, "/place/*") if held else ():
        if spot.get("@type") != "GeographicSiteRef" or not isinstance(spot.get("id"), str):
            continue
        if spot["id"] in held:
            yield FINE
        else:  # that relatedSite is what became of the places is our conclusion
            yield breach(f"{place}{where}/id", sorted(held), spot["id"],
                         f"{place}{where} is no site that the inventory has of the product", hint=True)  # fmt: skip


@ORDER.rule("R41", on=PLACE)
def changed_items_name_their_siblings(said: Said) -> Iterator[Mark]:
    """Relations of items to modify with others of the order: each leads to a sibling, and none is given as a relation
    with a product.
    """
    ids = {item["id"] for _, item in objects_of(said.body) if isinstance(item.get("id"), str)}
    for place, item in objects_of(said.body):
        if item.get("action") != "modify":
            continue
        siblings = ids - {text_of(item.get("id"))}
        for where, target in every(item, "/productOrderItemRelationship/*/id"):
            if isinstance(target, str):
                yield hold(place + where, target in siblings, expected=sorted(siblings), found=target,
                           message=f"{place + where} is {target}, and no other item of the order has that id")  # fmt: skip
        for where, target in every(item, "/product/productRelationship/*/id"):
            if isinstance(target, str) and target in siblings and said.run.life(PRODUCT, target) is None:
                yield breach(place + where, "the id of a product", target,
                             f"{place + where} is the id of an item of this order; that relation belongs into "
                             f"productOrderItemRelationship")  # fmt: skip


ORDER.present("R42", ITEMS, "/requestedItemTerm", on=PLACE, where=with_action("modify"))

_ACCOUNT: Final = re.compile(r"productOrderItem\W{1,3}(\d{1,6})\W{1,3}billingAccount\W*$")


@ORDER.rule("O7", on=ANSWERED)
def changes_do_without_an_account(said: Said) -> Iterator[Mark]:
    """Orders with items to modify: none is refused because billingAccount is there, or is not."""
    changes = {place for place, item in objects_of(said.asked) if item.get("action") == "modify"}
    if changes and succeeded(said.exchange):
        yield FINE
    if not changes or said.status not in REFUSED:
        return
    for place, entry in objects_of(said.body, "/*"):
        path = entry.get("propertyPath")
        named = _ACCOUNT.search(path) if isinstance(path, str) else None
        item = f"/productOrderItem/{named[1]}" if named else ""
        if item not in changes:
            continue
        there = given(at(said.asked, f"{item}/billingAccount"))
        unwanted = "unexpectedProperty" if there else "missingProperty"
        if entry.get("code") == unwanted:
            yield breach(f"{place}/code", "no complaint", unwanted,
                         f"the order was refused because billingAccount of an item to modify is "
                         f"{'given' if there else 'missing'}; the buyer can choose")  # fmt: skip


# 6.1.8, items to delete

ORDER.present("R43", ITEMS, "/product/id", on=PLACE, where=with_action("delete"))
common.products_are_there(ORDER, "R43", "delete", ITEMS, on=PLACE)

_BARE: Final = ("id", "action", "product")


@ORDER.rule("R44", on=PLACE)
def disconnects_say_no_more(said: Said) -> Iterator[Mark]:
    """The product of items to delete has nothing but its id (its href, which sellers ignore, and its type are passed over)."""
    for place, item in objects_of(said.body):
        product = item.get("product")
        if item.get("action") != "delete" or not isinstance(product, dict):
            continue
        more = [name for name, value in product.items() if name not in ("id", "href", "@type") and value is not None]
        for name in more:
            here = f"{place}/product/{escape(name)}"
            yield breach(here, MISSING, product[name], f"{here} is given; a disconnect names its product by id alone")
        if not more:
            yield FINE
        for name in item:
            if name not in _BARE and given(item[name]):
                here = f"{place}/{escape(name)}"
                yield breach(here, MISSING, item[name], f"{here} is given; a disconnect has only product.id",
                             reading=("disconnect-item-members", "bare"))  # fmt: skip


common.bare_removals(
    ORDER, "Mplify123.1-removal-is-bare", ITEMS, "productOfferingQualificationItem", "requestedItemTerm", on=PLACE
)
