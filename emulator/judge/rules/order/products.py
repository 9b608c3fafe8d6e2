"""What orders say of products: their members, the contacts and the relations of each kind (MEF 123, 5.4 to 5.6)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from emulator.judge.rule import FINE, Mark, requests, responses
from emulator.judge.rulebook import breach, given
from emulator.judge.rules.order.book import ORDER
from emulator.judge.run import Half, Said
from emulator.wire.payload import MISSING, at, every

if TYPE_CHECKING:
    from emulator.standard.release import Release


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
    known = _product_attributes(said.run.release)
    for place, item in every(said.body, ITEMS):
        if not isinstance(item, dict):
            continue
        product = item.get("product")
        astray = [f"{place}/{name}" for name in item if name in known and name not in ITEM_MEMBERS]
        if isinstance(product, dict):
            astray += [f"{place}/product/{name}" for name in product if name in known and name not in PRODUCT_MEMBERS]
        for here in astray:
            yield breach(here, MISSING, at(said.body, here), f"{here} belongs in the productConfiguration")
        if not astray and given(at(product, "/productConfiguration/@type")):
            yield FINE


@cache
def _product_attributes(release: Release) -> frozenset[str]:
    """The names of all attributes that the product schemas of a release have at their top."""
    definitions = release.products.definitions
    names: set[str] = set()
    ahead: list[Any] = [definitions.get(name) for name in release.products.urns.values()]
    seen: set[int] = set()
    while ahead:
        schema = ahead.pop()
        if not isinstance(schema, dict) or id(schema) in seen:
            continue
        seen.add(id(schema))
        names |= set(schema.get("properties", {}))
        ahead += schema.get("allOf", [])
        ahead.append(definitions.get(str(schema.get("$ref", "")).removeprefix("#/definitions/")))
    return frozenset(names - {"@type", "identifier"})  # a word that a seller may use for something else


def kind_of(item: Any) -> str:
    """The product that an item configures: `access-eline-ovc` of its URN, "" where none is told."""
    urn = at(item, "/product/productConfiguration/@type")
    parts = urn.split(":") if isinstance(urn, str) else []
    return parts[5] if len(parts) > 5 and parts[:4] == ["urn", "mef", "lso", "spec"] else ""  # noqa: PLR2004


OVC: Final = "access-eline-ovc"
UNI: Final = "carrier-ethernet-operator-uni"


def links_to(item: Any, end: str) -> bool:
    """Whether an item is related to a UNI or an ENNI, whatever the relationship is called in full."""
    links = (*every(item, "/product/productRelationship/*"), *every(item, "/productOrderItemRelationship/*"))
    names = (at(link, "/relationshipType") for _, link in links)
    # `ENNI` holds no `UNI`, but a name may hold both.
    return any(isinstance(name, str) and end in name.upper() for name in names)


def sibling_uni(body: Any, item: Any) -> bool:
    """Whether the order also installs a UNI, which an OVC of it can only mean by productOrderItemRelationship."""
    return any(other is not item and adds(other) and kind_of(other) == UNI for _, other in every(body, ITEMS))


@ORDER.rule("R11", on=CREATE | ANSWERS)
def products_keep_the_rules_of_their_specification(said: Said) -> Iterator[Mark]:
    """A new Access E-Line names its ENNI and its UNI, a new Operator UNI the place where it is installed."""
    for place, item in every(said.body, ITEMS):
        if not adds(item):
            continue
        missing: list[tuple[str, str]] = []
        if kind_of(item) == OVC:
            ends = ["ENNI"] if sibling_uni(said.body, item) else ["ENNI", "UNI"]  # R31 has the UNI of the order itself
            missing = [("/product/productRelationship", f"a relationship to the {end}")
                       for end in ends if not links_to(item, end)]  # fmt: skip
        elif kind_of(item) == UNI:
            roles = {role for _, role in every(item, "/product/place/*/role") if isinstance(role, str)}
            missing = [] if "INSTALL_LOCATION" in roles else [("/product/place", "a place with role INSTALL_LOCATION")]
        else:
            continue
        if not missing:
            yield FINE
        elif said.half is Half.REQUEST:  # an answer that lacks what was asked for is R16's
            for member, wanted in missing:
                yield breach(place + member, wanted, at(item, member), f"{place}{member} lacks {wanted}")
