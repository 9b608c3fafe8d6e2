"""What POQ items and quote items have in common: the rules of add, modify and delete, and where they point to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from emulator.parties.apis import Context
from emulator.parties.apis.catalog_sold import Function, sold, unfit
from emulator.parties.offering import Color, Offering
from emulator.record.call import ErrorCode, Issue
from emulator.record.payload import escape
from emulator.standard.places import ADDRESS_REF, BY_REFERENCE, SITE_REF, Spot, placing
from emulator.standard.product import ProductSheet

REFERENCES: Final = {
    ADDRESS_REF: ("geographicAddress", "geographic address"),
    SITE_REF: ("geographicSite", "geographic site"),
}
"""Places by reference: the kind of resource that each type means, and what it is called."""
GONE: Final = ("terminated", "cancelled", "pendingTerminate", "suspendedPendingTerminate")
_OF_DELETE: Final = ("id", "@type", "href")
_OF_PRODUCT: Final = (
    *_OF_DELETE,
    "place",
    "productConfiguration",
    "productOffering",
    "productRelationship",
    "productSpecification",
)


@dataclass(frozen=True, slots=True)
class ItemRules:
    """Where items stand in a message, and the clauses that bind them in one guide.

    `by_specification`: an item to add may name a product specification instead of an offering (POQ).
    """

    items: str
    relationship: str
    function: Function
    by_specification: bool
    clauses: Mapping[str, str]

    def issues(self, context: Context, run: str, body: Mapping[str, Any]) -> Iterator[Issue]:
        """Everything that is wrong with the items of a request."""
        items = body[self.items]
        ids = {item["id"] for item in items}
        seen: set[str] = set()
        for index, item in enumerate(items):
            place = f"/{self.items}/{index}"
            if item["id"] in seen:
                yield Issue(f"{place}/id", ErrorCode.INVALID_VALUE, f"Two items have the id {item['id']!r}")
            seen.add(item["id"])
            yield from self._siblings(place, item, ids)
            if not isinstance(item.get("product"), dict):
                yield self._missing(f"{place}/product", "product", "product")
                continue
            yield from getattr(self, f"_{item['action']}")(context, run, place, item)

    def _siblings(self, place: str, item: Mapping[str, Any], ids: set[str]) -> Iterator[Issue]:
        for index, link in enumerate(item.get(self.relationship) or ()):
            here = f"{place}/{self.relationship}/{index}/id"
            if link["id"] not in ids:
                reason = f"This request has no item {link['id']!r:.100}"
                yield Issue(here, ErrorCode.REFERENCE_NOT_FOUND, reason)
            elif link["id"] == item["id"]:
                yield Issue(here, ErrorCode.INVALID_VALUE, "An item cannot be related to itself")

    def _add(self, context: Context, run: str, place: str, item: Mapping[str, Any]) -> Iterator[Issue]:
        product = item["product"]
        if "id" in product:
            yield self._unexpected(f"{place}/product/id", "The seller assigns the id of a new product", "add.id")
        if "productConfiguration" not in product:
            yield self._missing(f"{place}/product/productConfiguration", "productConfiguration", "add.configuration")
        if "productOffering" not in product and not (self.by_specification and "productSpecification" in product):
            yield self._missing(f"{place}/product/productOffering", "productOffering", "add.offering")
        if self.by_specification and "productOffering" in product and "productSpecification" in product:
            reason = "Exactly one of productOffering and productSpecification is needed"
            yield self._unexpected(f"{place}/product/productSpecification", reason, "add.offering")
        yield from self._product(context, run, place, product)
        yield from unfit(context, run, self.function, "add", product, place)
        offering = offering_of(context, product, run)
        if offering is not None:
            yield from self._required(offering, context.release.products.sheets.of(offering.payload), place, item)

    def _required(
        self, offering: Offering, sheet: ProductSheet | None, place: str, item: Mapping[str, Any]
    ) -> Iterator[Issue]:
        product = item["product"]
        if offering.needs_place(sheet) and not product.get("place"):
            yield self._missing(f"{place}/product/place", f"place, which {offering.id} needs", "product")
        links = [*(item.get(self.relationship) or ()), *(product.get("productRelationship") or ())]
        for relation in offering.relations(sheet):
            if not any(relation.is_named(link["relationshipType"]) for link in links):
                what = f"a relationship {relation.names[0]} to a product or an item, which {offering.id} needs,"
                yield self._missing(f"{place}/product/productRelationship", what, "relations")

    def _modify(self, context: Context, run: str, place: str, item: Mapping[str, Any]) -> Iterator[Issue]:
        product = item["product"]
        if "productConfiguration" not in product:
            yield self._missing(f"{place}/product/productConfiguration", "productConfiguration", "modify")
        yield from self._installed(context, run, place, product, "modify")
        yield from self._product(context, run, place, product)
        yield from unfit(context, run, self.function, "modify", product, place)
        installed = context.store.get(run, "product", str(product.get("id")))
        if installed is not None:
            yield from self._repeats(place, product, installed.body)

    def _delete(self, context: Context, run: str, place: str, item: Mapping[str, Any]) -> Iterator[Issue]:
        product = item["product"]
        yield from self._installed(context, run, place, product, "delete")
        for name in product:
            if name not in _OF_DELETE:
                reason = "An item to delete names the product by its id and nothing else"
                yield self._unexpected(
                    f"{place}/product/{name.replace('~', '~0').replace('/', '~1')}", reason, "delete"
                )

    def _installed(
        self, context: Context, run: str, place: str, product: Mapping[str, Any], rule: str
    ) -> Iterator[Issue]:
        if "id" not in product:
            yield self._missing(f"{place}/product/id", "the id of the product", rule)
            return
        installed = context.store.get(run, "product", product["id"])
        if installed is None:
            yield self._nowhere(f"{place}/product/id", "product in inventory", product["id"])
        elif installed.body.get("status") in GONE:
            # MEF87 and MEF115 leave open: questions about products on their way out. There is nothing to change.
            reason = f"The product is {installed.body['status']}"
            yield Issue(f"{place}/product/id", ErrorCode.INVALID_VALUE, reason)

    def _repeats(self, place: str, product: Mapping[str, Any], installed: Mapping[str, Any]) -> Iterator[Issue]:
        """A change repeats offering and relationships as the inventory has them.

        MEF87 and MEF115 leave open: the place, which the inventory does not show.
        """
        held = (installed.get("productOffering") or {}).get("id")
        given = (product.get("productOffering") or {}).get("id")
        if held is not None and given is None:
            yield self._missing(
                f"{place}/product/productOffering", f"productOffering, in inventory {held!r},", "repeat"
            )
        elif held != given:
            reason = f"The product's offering is {held!r} and cannot be changed"
            yield self._wrong(f"{place}/product/productOffering/id", reason, "repeat")
        yield from self._same_kind(place, product, installed)
        mine, theirs = _relations(product), _relations(installed)
        if mine == theirs:
            return
        kept = ", ".join(f"{kind} {target}" for kind, target in sorted(theirs)) or "none"
        if "productRelationship" in product:
            reason = f"The product's relationships cannot be changed: {kept}"
            yield self._wrong(f"{place}/product/productRelationship", reason, "repeat")
        else:
            what = f"productRelationship, in inventory {kept},"
            yield self._missing(f"{place}/product/productRelationship", what, "repeat")

    def _same_kind(self, place: str, product: Mapping[str, Any], installed: Mapping[str, Any]) -> Iterator[Issue]:
        """A change makes no other product of it: neither by its specification nor by its configuration.

        MEF87 leaves open: R38 has the specification repeated, although the inventory gives one to a product
        that was asked for by its offering (R33). Only another one than that is wrong.
        """
        held = (installed.get("productSpecification") or {}).get("id")
        given = (product.get("productSpecification") or {}).get("id")
        if self.by_specification and given is not None and given != held:
            reason = f"The product's specification is {held!r} and cannot be changed"
            yield self._wrong(f"{place}/product/productSpecification/id", reason, "repeat")
        held = (installed.get("productConfiguration") or {}).get("@type")
        given = (product.get("productConfiguration") or {}).get("@type")
        # Where both have an offering, its payload has been compared already.
        if "productOffering" not in product and held and given and _kind(given) != _kind(held):
            reason = f"The product is configured with {held}"
            yield self._wrong(f"{place}/product/productConfiguration/@type", reason, "payload")

    def _product(self, context: Context, run: str, place: str, product: Mapping[str, Any]) -> Iterator[Issue]:
        """References of a product that lead nowhere, and a payload that does not fit the offering."""
        for name, find, what in (
            ("productOffering", lambda name: sold(context, run, name), "product offering"),
            ("productSpecification", context.profile.specification, "product specification"),
        ):
            if name in product and find(product[name]["id"]) is None:
                yield self._nowhere(f"{place}/product/{name}/id", what, product[name]["id"])
        offering = offering_of(context, product, run)
        urn = (product.get("productConfiguration") or {}).get("@type")
        if offering is not None and urn is not None and plain_urn(urn) != plain_urn(offering.payload):
            reason = f"{offering.id} is configured with {offering.payload}"
            yield self._wrong(f"{place}/product/productConfiguration/@type", reason, "payload")
        yield from self._beside(context, place, product, urn)
        placed = placing(context.release, context.release.api(self.function))
        for spot in placed.spots(product, "/place/*"):
            here = f"{place}/product{spot.inner}/id"
            if spot.by_value and "id" in spot.place:
                reason = f"A place that is known by its id is a {' or a '.join(BY_REFERENCE)}"
                yield self._unexpected(here, reason, "place")
            kind, what = REFERENCES.get(spot.type, ("", ""))
            if kind and not context.store.has(run, kind, spot.place["id"]):
                yield self._nowhere(here, what, spot.place["id"])
        for index, link in enumerate(product.get("productRelationship") or ()):
            if not context.store.has(run, "product", link["id"]):
                here = f"{place}/product/productRelationship/{index}/id"
                yield self._nowhere(here, "product in inventory", link["id"])

    def _beside(self, context: Context, place: str, product: Mapping[str, Any], urn: Any) -> Iterator[Issue]:
        """Attributes of the product that stand beside its configuration."""
        others = [name for name in product if name not in _OF_PRODUCT]
        attributes = context.release.products.attributes(urn) if others and isinstance(urn, str) else ()
        for name in others:
            if name in attributes:
                reason = f"{name:.100} is an attribute of the product: it belongs into productConfiguration"
                yield self._unexpected(f"{place}/product/{escape(name)}", reason, "attributes")

    def _missing(self, place: str, what: str, rule: str) -> Issue:
        return Issue(place, ErrorCode.MISSING_PROPERTY, f"{what} is missing", self.clauses.get(rule, ""))

    def _unexpected(self, place: str, reason: str, rule: str) -> Issue:
        return Issue(place, ErrorCode.UNEXPECTED_PROPERTY, reason, self.clauses.get(rule, ""))

    def _wrong(self, place: str, reason: str, rule: str) -> Issue:
        return Issue(place, ErrorCode.INVALID_VALUE, reason, self.clauses.get(rule, ""))

    def _nowhere(self, place: str, what: str, identifier: str) -> Issue:
        reason = f"There is no {what} with the id {identifier!r:.100}"
        return Issue(place, ErrorCode.REFERENCE_NOT_FOUND, reason)


def offering_of(context: Context, product: Mapping[str, Any], run: str = "") -> Offering | None:
    """The offering that a product names, as a run has it, or the first one of the specification it names."""
    if "productOffering" in product:
        return sold(context, run, product["productOffering"]["id"])
    if "productSpecification" in product:
        return context.profile.specification(product["productSpecification"]["id"])
    return None


def item_offering(context: Context, run: str, item: Mapping[str, Any]) -> Offering | None:
    """The offering that an item is about, for an item to delete that of the product in inventory."""
    found = offering_of(context, item["product"], run)
    if found is None and "id" in item["product"]:
        installed = context.store.get(run, "product", item["product"]["id"])
        found = offering_of(context, installed.body, run) if installed is not None else None
    return found


def serviceability(context: Context, spot: Spot) -> Color:
    """How well the seller reaches a place by reference; a place by value is taken at its word."""
    identifier = spot.id or ""
    if spot.type == SITE_REF:
        site = context.profile.sites.get(identifier)
        identifier = site.address if site else ""
    address = context.profile.addresses.get(identifier)
    return address.serviceability if address else "green"


def contact_issues(place: str, holder: Mapping[str, Any], roles: Iterable[str], clause: str) -> Iterator[Issue]:
    """The roles of contacts that are not there."""
    given = {contact["role"] for contact in holder.get("relatedContactInformation") or ()}
    for role in roles:
        if role not in given:
            reason = f"A contact with the role {role} is missing"
            yield Issue(f"{place}/relatedContactInformation", ErrorCode.MISSING_PROPERTY, reason, clause)


def without(body: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """A copy without members that only the seller gives; a buyer who sends them is not refused but not believed."""
    gone = set(names)
    return {name: member for name, member in body.items() if name not in gone}


def _relations(product: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(link["relationshipType"], link["id"]) for link in product.get("productRelationship") or ()}


def _kind(urn: str) -> str:
    """The product that a URN names, without version and function."""
    return ":".join(plain_urn(urn).split(":")[:6])


def plain_urn(urn: str) -> str:
    """A URN of a product, whichever function it is for; `cantata-sonata` and `sonata` are mixed up often, and the contract
    layer warns of it.
    """
    product, _, part = urn.replace(":cantata-sonata:", ":sonata:").rpartition(":")
    return product if product and part in _FUNCTIONS else urn.replace(":cantata-sonata:", ":sonata:")


_FUNCTIONS: Final = frozenset({"all", "poq", "quote", "order", "inventory"})
"""How a URN ends that says for which function its schema is: a product may have one for each."""
