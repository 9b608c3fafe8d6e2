"""What the catalog shows of a profile: categories, specifications and offerings, as the contract has them (MEF W142)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from emulator.parties.apis.catalog_schemas import narrowed
from emulator.parties.catalog import (
    ACTIONS,
    FUNCTIONS,
    Cardinality,
    CardinalityRules,
    CategoryEntry,
    SpecificationEntry,
)
from emulator.parties.clock import rfc3339
from emulator.parties.lists import moment_of
from emulator.parties.offering import Offering
from emulator.parties.profile import Profile
from emulator.parties.sections import PathStep
from emulator.record.payload import at as value_at
from emulator.standard.product import RelationSays, product_name
from emulator.standard.release import Release

ALL: Final = "all"
CATEGORY: Final = "category"
OFFERING: Final = "productOffering"
SPECIFICATION: Final = "productSpecification"
ONLY_CATEGORY: Final = "products"
"""The category of all offerings, where a profile has none."""
_INVENTORY: Final = "productInventory"
_SITE: Final = "INSTALL_LOCATION"
_WHY: Final[Mapping[str, str]] = {
    "inTest": "It is tried out with buyers who agreed to that",
    "announced": "It is announced and cannot be ordered yet",
    "orderable": "It can be ordered",
    "onHold": "It cannot be ordered for the time being",
    "endOfSale": "It is not sold any more; products in use are changed and supported",
    "endOfSupport": "Products in use are not supported any more and can only be given back",
    "obsolete": "It is kept for the record only",
    "rejected": "The test has shown that it will not be sold",
}


def reason_of(status: str) -> str:
    """Why an offering is in a status, where nobody says more (W142-R21)."""
    return _WHY[status]


def planned(steps: Sequence[PathStep], begun: datetime) -> list[dict[str, str]]:
    """The changes of status ahead, as far as their dates are known (W142-R22)."""
    found, at = [], begun
    for step in steps:
        if step.signal is not None or step.reads is not None:
            break
        at += timedelta(seconds=step.after_seconds or 0.0)
        found.append({"transitionDate": rfc3339(at), "transitionLifecycleStatus": step.to})
    return found


def entry_of_step(log: Sequence[dict[str, Any]], now: str, to: str, at: datetime) -> dict[str, Any] | None:
    """The entry of a log by which the step `to` was planned, also where it comes late: the first one after that by which it came
    to where it is `now`. None where nobody planned it.
    """
    dated = [(moment_of(each["transitionDate"]) or at, spot, each) for spot, each in enumerate(log)]
    came = [(date, spot) for date, spot, each in dated if each["transitionLifecycleStatus"] == now and date <= at]
    since = max(came, default=None)
    ahead = (
        each
        for date, spot, each in dated
        if each["transitionLifecycleStatus"] == to and (since is None or (date, spot) > since)
    )
    return next(ahead, None)


class CatalogBodies:
    """Makes the bodies of one profile's catalog; what depends on the moment, `lastUpdate` and the plan, is left to its keeper."""

    def __init__(self, profile: Profile, release: Release) -> None:
        self._profile, self._release = profile, release
        self.specifications = {each.id: each for each in self._specifications()}

    # -- categories --------------------------------------------------------------------------------

    def categories(self) -> list[CategoryEntry]:
        """The categories, or the only one."""
        only = CategoryEntry(ONLY_CATEGORY, "All products", f"What {self._profile.seller.name} offers")
        return list(self._profile.catalog.categories.values()) or [only]

    def category(self, entry: CategoryEntry) -> dict[str, Any]:
        """A category without what is in it."""
        parent = {"parentCategory": {"id": entry.parent}} if entry.parent else {}
        return {"id": entry.id, "name": entry.name, "description": entry.description or entry.name, **parent}

    # -- specifications ----------------------------------------------------------------------------

    def _specifications(self) -> Iterator[SpecificationEntry]:
        said = dict(self._profile.catalog.specifications)
        for offering in self._profile.offerings.values():
            if offering.specification not in said:
                said[offering.specification] = SpecificationEntry(offering.specification)
        for product in self._profile.products.values():
            named = value_at(product, "/productSpecification/id")
            if isinstance(named, str) and named not in said:
                urn = value_at(product, "/productConfiguration/@type")
                said[named] = SpecificationEntry(named, payload=urn if isinstance(urn, str) else None)
        yield from (each for each in said.values() if self.payload(each) is not None)

    def payload(self, entry: SpecificationEntry) -> str | None:
        """The URN of what products of a specification are configured with; None where the release does not have it."""
        first = self._profile.specification(entry.id)
        urn = entry.payload or (first.payload if first else None)
        return urn if urn is not None and self._release.products.describing(urn) else None

    def specification(self, entry: SpecificationEntry) -> dict[str, Any]:
        """A specification."""
        urn = self.payload(entry) or ""
        sheet = self._release.products.sheets.of(urn)
        name = entry.name or (sheet.title if sheet and sheet.title else product_name(urn).replace("-", " "))
        own = urn in self._release.own.schemas
        body: dict[str, Any] = {
            "id": entry.id,
            "name": name,
            "description": entry.description or f"{name}: attributes, places and relations of such a product",
            "lifecycleStatus": entry.lifecycle_status,
            "sourceSchema": {"schema": narrowed(self._release, urn)} if own else {"schemaLocation": urn},
        }
        first = self._profile.specification(entry.id)
        needs = bool(first.requires.place) if first and first.requires else bool(sheet and sheet.place.role)
        role = (sheet.place.role if sheet else "") or _SITE
        relations = first.relations(sheet) if first else (sheet.relations if sheet else ())
        places = {role: Cardinality(1, 1)} if needs else {}
        body |= self._constraints(entry.constraints, places, relations)
        if entry.milestones:
            body["milestone"] = [{"name": name, "description": text} for name, text in entry.milestones.items()]
        return body

    def _constraints(
        self, own: CardinalityRules, places: Mapping[str, Cardinality], relations: Sequence[RelationSays]
    ) -> dict[str, Any]:
        """What bounds places and relations: as the product's sheet says, or as the entry itself does."""
        bounds = {each.names[0]: Cardinality(1) for each in relations} | dict(own.relations)
        of_place = [{"relationshipRole": role, **each.as_json()} for role, each in {**places, **own.places}.items()]
        of_relation = [
            {"id": target, "relationshipType": kind, **each.as_json()}
            for kind, each in bounds.items()
            if (target := self._target(kind, relations)) is not None
        ]
        found = {"placeRelationship": of_place, "productRelationship": of_relation}
        return {name: entries for name, entries in found.items() if entries}

    def _target(self, kind: str, relations: Sequence[RelationSays]) -> str | None:
        """The specification of what a relation of that type leads to, by the product that stands for it or the word for it."""
        said = next((each for each in relations if each.is_named(kind)), None)
        word = said.to if said else kind.rpartition("_")[2]
        beside = said.beside if said else ""
        names = {each.id: product_name(self.payload(each)) for each in self.specifications.values()}
        exact = (each for each, name in names.items() if beside and name == beside)
        near = (each for each, name in names.items() if word.upper() in name.upper().split("-"))
        return next(exact, None) or next(near, None)

    # -- offerings ---------------------------------------------------------------------------------

    def offering(self, entry: Offering) -> dict[str, Any]:
        """An offering."""
        profile = self._profile
        grouped = [ONLY_CATEGORY] if not profile.catalog.categories else []
        category = grouped if entry.category is None else entry.category
        body: dict[str, Any] = {
            "id": entry.id,
            "name": entry.name,
            "description": entry.description or entry.name,
            "lifecycleStatus": entry.lifecycle_status,
            "statusReason": entry.status_reason or reason_of(entry.lifecycle_status),
            "agreement": entry.agreement or profile.catalog.agreement,
            "channel": list(entry.channel),
            "marketSegment": list(entry.market_segment),
            "region": [each.as_json() for each in entry.region],
            "category": [{"id": each} for each in category],
            "productSpecification": {"id": entry.specification},
            "productOfferingTerm": list(entry.terms),
        }
        above = self.specifications.get(entry.specification)
        if above is not None:
            of_product = self.specification(above)
            body |= self._narrowed_constraints(of_product, entry.constraints)
            known = {each["name"]: each for each in of_product.get("milestone", ())}
            if entry.milestones:
                body["milestone"] = [known[name] for name in entry.milestones if name in known]
        return body | self.schemas(entry)

    @staticmethod
    def _narrowed_constraints(of_product: Mapping[str, Any], own: CardinalityRules) -> dict[str, Any]:
        """The constraints of the specification with the bounds that the offering has of its own."""
        found = {}
        for member, key, bounds in (
            ("placeRelationship", "relationshipRole", own.places),
            ("productRelationship", "relationshipType", own.relations),
        ):
            if entries := of_product.get(member):
                found[member] = [
                    {**each, **(bounds[each[key]].as_json() if each[key] in bounds else {})} for each in entries
                ]
        return found

    def schemas(self, entry: Offering) -> dict[str, Any]:
        """The schemas of an offering that narrows its product: for all, and by what is asked (W142-R43: for each)."""
        if not entry.context:
            return {}
        whole = [entry.context[ALL]] if ALL in entry.context else []
        intermediate = narrowed(self._release, entry.payload, whole)
        infos = [_info(intermediate, ALL, ALL)]
        for key, each in entry.context.items():
            function, _, action = key.partition(".")
            if key != ALL:
                above = [entry.context[function]] if action and function in entry.context else []
                text = narrowed(self._release, entry.payload, [*whole, *above, each])
                infos.append(_info(text, function, action or ALL))
        return {
            "productOfferingSpecification": {"schema": intermediate},
            "productOfferingContextualInfo": infos,
        }


def _info(text: str, function: str, action: str) -> dict[str, Any]:
    context = {"businessFunction": function}
    if function != _INVENTORY:
        context["productAction"] = action  # W142-R39
    return {"contextSchema": {"schema": text}, "context": context}


def chosen(infos: Sequence[Mapping[str, Any]], function: str, action: str) -> Mapping[str, Any] | None:
    """The entry of a productOfferingContextualInfo for what is asked: the one that names the most of it.

    W142 leaves open which of two goes that name one thing each: the one with the function does.
    """

    def weight(info: Mapping[str, Any]) -> int | None:
        context = info.get("context") or {}
        of, act = context.get("businessFunction", ALL), context.get("productAction", ALL)
        if of not in (function, ALL) or (act not in (action, ALL) and (function, of) != (_INVENTORY, _INVENTORY)):
            return None
        return 2 * int(of == function) + int(act == action)

    weighed = [(found, info) for info in infos if (found := weight(info)) is not None]
    return max(weighed, key=lambda each: each[0])[1] if weighed else None


CONTEXTS: Final = (ALL, *FUNCTIONS, *(f"{name}.{action}" for name in FUNCTIONS[:-1] for action in ACTIONS))
"""What a profile may narrow an offering for."""
