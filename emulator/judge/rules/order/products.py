"""What orders say of products: their members, the contacts and the relations of each kind (MEF 123, 5.4 to 5.6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.judge.rule import FINE, Mark, requests, responses
from emulator.judge.rulebook import breach, given
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.run import Half, Said
from emulator.record.payload import MISSING, at, every
from emulator.standard.product import RelationSays

API: Final = ORDER.api
ITEMS: Final = "/productOrderItem/*"
CREATE: Final = requests(API, "createProductOrder")
ANSWERS: Final = responses(API, "createProductOrder", "retrieveProductOrder", "patchProductOrder")
ITEM_CONTACTS: Final = ("buyerProductOrderItemContact", "buyerImplementationContact", "buyerTechnicalContact")


def adds(item: Any) -> bool:
    """Whether an item of an order asks for a new product."""
    return bool(at(item, "/action") == "add")


# 5.4 to 5.6: products. R8, R9 and R10 are the contract's.

ORDER_MEMBERS: Final = frozenset({"externalId", "note", "productOrderItem", "projectId", "relatedContactInformation"})
ITEM_MEMBERS: Final = frozenset(
    {
        "action",
        "agreementName",
        "billingAccount",
        "coordinatedAction",
        "endCustomerName",
        "expediteIndicator",
        "id",
        "note",
        "product",
        "productOfferingQualificationItem",
        "productOrderItemRelationship",
        "quoteItem",
        "relatedBuyerPON",
        "relatedContactInformation",
        "requestedCompletionDate",
        "requestedItemTerm",
        "tspRestorationPriority",
    }
)
"""What a buyer says of an item (type MEFProductOrderItem_Create)."""
PRODUCT_MEMBERS: Final = frozenset(
    {"href", "id", "place", "productConfiguration", "productOffering", "productRelationship"}
)


@ORDER.rule("R7", on=CREATE | ANSWERS)
def attributes_of_a_product_stand_in_its_configuration(said: Said) -> Iterator[Mark]:
    """No attribute of a known product schema stands in the product, or in the item, beside productConfiguration."""
    for place, item in every(said.body, ITEMS):
        if not isinstance(item, dict):
            continue
        product = item.get("product")
        known = said.run.release.products.attributes_of(at(product, "/productConfiguration"))
        astray = [f"{place}/{name}" for name in item if name in known and name not in ITEM_MEMBERS]
        if isinstance(product, dict):
            astray += [f"{place}/product/{name}" for name in product if name in known and name not in PRODUCT_MEMBERS]
        for here in astray:
            yield breach(here, MISSING, at(said.body, here), f"{here} belongs in the productConfiguration")
        if not astray and given(at(product, "/productConfiguration/@type")):
            yield FINE


LINKS: Final = "productOrderItemRelationship"


def sibling_of(said: Said, item: Any, relation: RelationSays) -> bool:
    """Whether the order also adds the product that a relation is to, which only a relation between items can mean."""
    sheets = said.run.release.products.sheets
    wanted = sheets.of(relation.beside)
    if wanted is None:
        return False
    return any(other is not item and adds(other) and common.sheet_of(said, other) is wanted
               for _, other in every(said.body, ITEMS))  # fmt: skip


@ORDER.rule(("R11", "Mplify123.1-as-specified"), on=CREATE | ANSWERS)
def products_keep_the_rules_of_their_specification(said: Said) -> Iterator[Mark]:
    """A new Access E-Line names its ENNI and its UNI, a new Operator UNI the place where it is installed."""
    for place, item in every(said.body, ITEMS):
        sheet = common.sheet_of(said, item)
        if not adds(item) or sheet is None:
            continue
        # What the order itself installs R31 has.
        own = [one.to for one in sheet.relations if sibling_of(said, item, one)]
        missing = [lack for lack in common.lacks(sheet, item, LINKS) if lack.to not in own]
        if not missing:
            yield FINE
        elif said.half is Half.REQUEST:  # an answer that lacks what was asked for is R16's
            for lack in missing:
                here = place + lack.place
                yield breach(here, lack.words, at(item, lack.place), f"{here} lacks {lack.words}")
