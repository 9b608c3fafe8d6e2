"""Placing an order: what every order asks with, and items to add (MEF 123, 6.1.3 and 6.1.6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules.order.book import ORDER
from emulator.judge.run import Said
from emulator.record.payload import at, every

if TYPE_CHECKING:
    pass
from emulator.judge.rules import common
from emulator.judge.rules.order.products import CREATE, ITEM_CONTACTS, ITEMS, LINKS, adds, sibling_of

# 6.1.3: what every order asks with

ORDER.present("R12", "", "/productOrderItem", on=CREATE)
ORDER.has_role("R13", "", "productOrderContact", on=CREATE)


@ORDER.rule("R14", on=CREATE)
def items_have_date_and_contacts(said: Said) -> Iterator[Mark]:
    """Each item has id, action, requestedCompletionDate and three contacts of the buyer."""
    for place, item in every(said.body, ITEMS):
        if not isinstance(item, dict):
            continue
        reading = ("disconnect-item-members", "complete") if item.get("action") == "delete" else None
        bound = reading is None or said.run.reads_as(*reading)
        for member in ("/id", "/action", "/requestedCompletionDate"):
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


ORDER.unique("R14", ITEMS, "/id", on=CREATE, name="unique")


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
