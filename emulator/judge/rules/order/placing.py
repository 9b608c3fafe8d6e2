"""Placing an order: what every order asks with, and items to add (MEF 123, 6.1.3 and 6.1.6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.rules.order.products import CREATE, ITEM_CONTACTS, ITEMS, LINKS, adds, sibling_of
from emulator.judge.run import Said
from emulator.record.payload import at, every

# 6.1.3: what every order asks with

ORDER.present("R12", "", "/productOrderItem", on=CREATE)
ORDER.has_role("R13", "", "productOrderContact", on=CREATE)


ITEM_MEMBERS: Final = ("R14", "Mplify123.1-item-members")
_BARE: Final = "MEF123-R44"
"""The clause by which an item to delete may have nothing but the id of its product."""


@ORDER.rule(ITEM_MEMBERS, on=CREATE)
def items_have_date_and_contacts(said: Said) -> Iterator[Mark]:
    """Each item has id, action, requestedCompletionDate and three contacts of the buyer; where it has to, a product."""
    told = said.run.release.labels.told
    more = ("/product",) if told(ITEM_MEMBERS[1]) else ()
    for place, item in every(said.body, ITEMS):
        if not isinstance(item, dict):
            continue
        open_ = item.get("action") == "delete" and told(_BARE) is not None
        reading = ("disconnect-item-members", "complete") if open_ else None
        bound = reading is None or said.run.reads_as(*reading)
        for member in ("/id", "/action", "/requestedCompletionDate", *more):
            found = at(item, member)
            if given(found):
                yield FINE
            elif bound or member in ("/id", "/action"):
                yield breach(place + member, "a value", found, f"{place}{member} is missing", reading=reading)
        roles = {role for _, role in every(item, "/relatedContactInformation/*/role") if isinstance(role, str)}
        for role in ITEM_CONTACTS if bound else ():
            if role in roles:
                yield FINE
            else:
                yield breach(f"{place}/relatedContactInformation", role, sorted(roles),
                             f"{place} names no contact with role {role}", reading=reading)  # fmt: skip


ORDER.unique(ITEM_MEMBERS, ITEMS, "/id", on=CREATE, name="unique")


def _if_demanded(label: str, option: str, member: str) -> None:
    """Items of new and changed products refer to what the seller demands first, where that was declared."""

    def look(said: Said) -> Iterator[Mark]:
        if not said.run.uses(f"{ORDER.guide}-{option}"):
            return
        for place, item in every(said.body, ITEMS):
            if at(item, "/action") in ("add", "modify"):
                yield hold(place + member, given(at(item, member)), expected="a reference", found=at(item, member),
                           message=f"{place}{member} is missing, which this seller demands")  # fmt: skip

    ORDER.add(label, look, on=CREATE, about=f"{ITEMS}{member} is there, if the seller declared {option}")


_if_demanded("CR5", "O4", "/productOfferingQualificationItem")
_if_demanded("CR6", "O5", "/quoteItem")


# 6.1.6: items to add

ORDER.present("R30", ITEMS, "/product/productConfiguration", on=CREATE, where=adds)


@ORDER.rule("R31", on=CREATE)
def items_are_related_within_the_order(said: Said) -> Iterator[Mark]:
    """An item to add is related to items that are in the order, and an Access E-Line to the UNI that comes with it."""
    ids = {identifier for _, identifier in every(said.body, f"{ITEMS}/id") if isinstance(identifier, str)}
    for place, item in every(said.body, ITEMS):
        if not adds(item):
            continue
        for path, identifier in every(item, "/productOrderItemRelationship/*/id"):
            if isinstance(identifier, str):
                yield hold(place + path, identifier in ids, expected="the id of an item of this order", found=identifier,
                           message=f"{place}{path} is {identifier}, and the order has no such item")  # fmt: skip
        sheet = common.sheet_of(said, item)
        for relation in sheet.relations if sheet else ():
            if sibling_of(said, item, relation) and not common.is_related(relation, item, LINKS):
                here, end = f"{place}/{LINKS}", relation.to
                yield breach(here, f"a relation to the {end}", at(item, f"/{LINKS}"),
                             f"{here} does not name the {end}, which this order installs as well")  # fmt: skip


ORDER.present("R32", ITEMS, "/product/productOffering", on=CREATE, where=adds)
ORDER.present("R33", ITEMS, "/billingAccount", on=CREATE, where=adds)
ORDER.present("R34", ITEMS, "/requestedItemTerm", on=CREATE, where=adds)
ORDER.present(
    "R35",
    ITEMS,
    "/requestedItemTerm/rollInterval",
    on=CREATE,
    where=lambda item: adds(item) and at(item, "/requestedItemTerm/endOfTermAction") == "roll",
)
ORDER.absent("R36", ITEMS, "/product/id", on=CREATE, where=adds)

# Where products are ordered (Mplify 123.1, 6.1.3 and 6.1.12)

_PLACES: Final = f"{ITEMS}/product/place/*"

ORDER.present("Mplify123.1-place-members", _PLACES, "/place", "/role", on=CREATE)
common.exact_sites(ORDER, "Mplify123.1-site-without-sub-units", _PLACES, on=CREATE)
common.validated_by_id(ORDER, "Mplify123.1-validated-by-id", _PLACES, on=CREATE)
