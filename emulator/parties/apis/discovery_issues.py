"""What is wrong with questions on availability and prices (MEF W160, 6.1.1 and 6.2.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from emulator.parties.apis import Context
from emulator.parties.apis.items import GONE, REFERENCES
from emulator.parties.offering import Offering
from emulator.record.call import Call, ErrorCode, Issue
from emulator.standard.places import placing
from emulator.standard.product import RelationSays

API: Final = "availabilityAndPricingDiscovery"
AVAILABILITY: Final = "productOfferingAvailabilityRequest"
PRICING: Final = "pricingDiscoveryRequest"

_OF_ADD: Final = ("place", "productRelationship", "productSpecification")
"""What a question on the availability of a change may not have (R15)."""


class Issues:
    """Finds what is wrong with a question. `offerings` are those that it is about."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def of_availability(self, call: Call, offerings: Sequence[Offering]) -> Iterator[Issue]:
        """Everything that is wrong with a question on availability.

        W160 leaves open whether a question has to have a place or a relation at all. Ours may go without.
        """
        body = call.body
        if body["action"] == "modify":
            yield from self._product(call, "R14")
            for name in _OF_ADD:
                if body.get(name):
                    yield _unexpected(name, "a change has none", "R15")
            return
        if not body.get("productSpecification"):
            yield _missing("productSpecification", "what is to be new is named by its specification", "R10")
        elif not offerings:
            named = body["productSpecification"]["id"]
            yield _nowhere("/productSpecification/id", "product specification", named)
        if body.get("productRef"):
            yield _unexpected("productRef", "what is to be new is in no inventory", "R11")
        yield from self._context_of(call, offerings, "R12", "R13")

    def of_pricing(self, call: Call, offerings: Sequence[Offering]) -> Iterator[Issue]:
        """Everything that is wrong with a question on prices but for its identifier."""
        body = call.body
        if body["action"] == "modify":
            yield from self._product(call, "R28")
            installed = self._context.store.get(call.run, "product", (body.get("productRef") or {}).get("id", ""))
            held = (installed.body.get("productOffering") or {}).get("id") if installed is not None else None
            if held is not None and offerings and all(each.id != held for each in offerings):
                reason = f"That configuration is none of {held}, of which the product is"
                yield Issue("/productConfigurationIdentifier", ErrorCode.INVALID_VALUE, reason)
            return
        if body.get("productRef"):
            yield _unexpected("productRef", "what is to be new is in no inventory", "R27")
        yield from self._context_of(call, offerings, "R25", "R26")
        if offerings:
            sheet = self._context.release.products.sheets.of(offerings[0].payload)
            if offerings[0].needs_place(sheet) and not body.get("place"):
                yield _missing("place", f"{offerings[0].id} is delivered at a place", "R25")
            links = [link["relationshipType"] for link in body.get("productRelationship") or ()]
            for relation in offerings[0].relations(sheet):
                if not any(relation.is_named(each) for each in links):
                    yield _missing("productRelationship", f"{offerings[0].id} needs a {relation.names[0]}", "R26")

    def _product(self, call: Call, clause: str) -> Iterator[Issue]:
        """What is to be changed is in service."""
        named = (call.body.get("productRef") or {}).get("id")
        if named is None:
            yield _missing("productRef", "what is to be changed is named by its id", clause)
            return
        installed = self._context.store.get(call.run, "product", named)
        if installed is None:
            yield _nowhere("/productRef/id", "product in inventory", named)
        elif installed.body.get("status") in GONE:
            reason = f"The product is {installed.body['status']}"
            yield Issue("/productRef/id", ErrorCode.INVALID_VALUE, reason)

    def _context_of(self, call: Call, offerings: Sequence[Offering], places: str, relations: str) -> Iterator[Issue]:
        """Places and relations: that they are there, and that the product has such."""
        offering = next(iter(offerings), None)
        sheet = self._context.release.products.sheets.of(offering.payload) if offering else None
        role = sheet.place.role if sheet and offering and not offering.requires else ""
        placeless = bool(sheet and offering and not offering.requires and sheet.place.never and not role)
        for spot in placing(self._context.release, API).spots(call.body, "/place/*"):
            if placeless or (role and spot.role != role):
                wanted = f"only {role}" if role else "no place"
                reason = f"{offering.id if offering else ''} has {wanted} (W160 {places})"
                yield Issue(f"{spot.where}/role", ErrorCode.INVALID_VALUE, reason)
            kind, what = REFERENCES.get(spot.type, ("", ""))
            if kind and not self._context.store.has(call.run, kind, spot.place["id"]):
                yield _nowhere(f"{spot.inner}/id", what, spot.place["id"])
        known = offering.relations(sheet) if offering else ()
        for index, link in enumerate(call.body.get("productRelationship") or ()):
            here = f"/productRelationship/{index}"
            if known and not any(map(_named(link["relationshipType"]), known)):
                words = ", ".join(each.names[0] for each in known)
                reason = f"{offering.id if offering else ''} has only {words} (W160 {relations})"
                yield Issue(f"{here}/relationshipType", ErrorCode.INVALID_VALUE, reason)
            if not self._context.store.has(call.run, "product", link["id"]):
                yield _nowhere(f"{here}/id", "product in inventory", link["id"])


def _named(kind: str) -> Callable[[RelationSays], bool]:
    return lambda relation: relation.is_named(kind)


def _missing(name: str, why: str, clause: str) -> Issue:
    return Issue(f"/{name}", ErrorCode.MISSING_PROPERTY, f"{name} is missing: {why}", f"W160 {clause}")


def _unexpected(name: str, why: str, clause: str) -> Issue:
    return Issue(f"/{name}", ErrorCode.UNEXPECTED_PROPERTY, f"{name} has no place here: {why}", f"W160 {clause}")


def _nowhere(place: str, what: str, identifier: str) -> Issue:
    reason = f"There is no {what} with the id {identifier!r:.100}"
    return Issue(place, ErrorCode.REFERENCE_NOT_FOUND, reason)
