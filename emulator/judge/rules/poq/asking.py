"""Requests for a qualification (MEF 87, 5.1 to 5.3, 6.3.1, 6.3.3 and 6.3.4)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from emulator.judge.fold import Fold
from emulator.judge.named import POQ as KIND
from emulator.judge.named import PRODUCT
from emulator.judge.rule import FINE, Mark, Remark, on_request, on_response
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.poq.book import (
    API,
    ASK,
    CREATE,
    ITEM,
    ITEMS,
    LIST,
    OF_PRODUCT,
    POQ,
    RETRIEVE,
    SHOWN,
    items_by_id,
    items_of,
)
from emulator.judge.run import Half, Run, Said, Shown
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, as_json, at, escape, every
from emulator.standard.product import product_name

# 5.1 who talks

common.uses_all(POQ, "R1", CREATE, LIST, RETRIEVE)
common.parties(POQ, several_buyers="R2", one_buyer="R3", several_sellers="R4", one_seller="R5")
common.repeats_parties(POQ, "R6")

# 5.2.3 and 5.3 products


@POQ.rule("R11", on=ASK | SHOWN)
def product_attributes_are_inside(said: Said) -> Iterator[Mark]:
    """Attributes of a product specification stand in productConfiguration, not beside it."""
    # What the Seller merely gives back is the Buyer's doing.
    sent: dict[str, dict[str, Any]] = {}
    if said.half is Half.RESPONSE:
        life = said.run.life(KIND, at(said.body, "/id"))
        sent = items_by_id(life.request) if life else {}
    for place, item in items_of(said.body):
        own = at(sent.get(str(item.get("id"))), "/product")
        for where, product in (
            (f"{place}/product", item.get("product")),
            *every_alternate(place, item),
        ):
            if isinstance(product, dict):
                yield from _inside(said, where, product, own if where.endswith("/product") else MISSING)


def every_alternate(place: str, item: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each product (place, value) that is proposed instead of an item's."""
    for where, product in every(item, "/alternateProductOfferingProposal/*/alternateProduct"):
        yield place + where, product


def _inside(said: Said, place: str, product: Mapping[str, Any], sent: Any) -> Iterator[Mark]:
    configuration = product.get("productConfiguration")
    outside = [name for name in product if name not in OF_PRODUCT and name not in ("href", "@type")]
    if outside:
        attributes = said.run.release.products.attributes_of(configuration)
        for name in outside:
            if name in attributes and not (isinstance(sent, dict) and name in sent):
                yield breach(f"{place}/{escape(name)}", f"in {place}/productConfiguration", product[name],
                             f"{name} is an attribute of the product and belongs into productConfiguration")  # fmt: skip
    if isinstance(configuration, dict) and len(configuration) > 1:
        yield FINE


@POQ.rule("R15", on=ASK)
def links_are_those_of_the_product(said: Said) -> Iterator[Mark]:
    """A new Access E-Line is tied to a UNI and to an ENNI and has no place; a new Operator UNI has its place."""
    for place, item in items_of(said.body):
        sheet, product = common.sheet_of(said, item), item.get("product")
        if item.get("action") != "add" or not isinstance(product, dict) or sheet is None:
            continue
        lacking = list(common.lacks(sheet, item, "qualificationItemRelationship"))
        for lack in lacking:
            yield breach(place + lack.place, lack.wanted, lack.found,
                         f"{place} adds an {sheet.title} and lacks {lack.words}")  # fmt: skip
        if API in sheet.place.never and given(product.get("place")):
            yield breach(f"{place}/product/place", MISSING, product["place"],
                         f"{place} adds an {sheet.title}, which has no place of its own")  # fmt: skip
        elif not lacking:
            yield FINE


# 6.3.1 the request

POQ.present("R17", "", ITEMS, on=ASK)
POQ.has_role(("R21", "R20"), "", "buyerContactInformation", on=ASK)
POQ.unique((), ITEM, "/id", on=ASK, name="item-ids")
_FLAG: Final = "poq-instant-flag"


@POQ.rule("R18", on=ASK)
def the_flag_is_set(said: Said) -> Iterator[Mark]:
    """The instantSyncQualification is there."""
    found = at(said.body, "/instantSyncQualification")
    if isinstance(found, bool):
        yield FINE
    elif found in (MISSING, None) and isinstance(said.body, dict):
        yield breach("/instantSyncQualification", "true or false", found,
                     "instantSyncQualification is left out", reading=(_FLAG, "sent"))  # fmt: skip


@POQ.rule("R19", on=ASK)
def an_answer_that_may_wait_has_a_date(said: Said) -> Iterator[Mark]:
    """The requestedPOQCompletionDate is there, where instantSyncQualification is false (or left out)."""
    flag, found = at(said.body, "/instantSyncQualification"), at(said.body, "/requestedPOQCompletionDate")
    if not isinstance(said.body, dict) or not (flag is False or flag in (MISSING, None)):
        return
    if given(found):
        yield FINE
    else:
        yield breach("/requestedPOQCompletionDate", "a date-time", found,
                     "the answer may wait, and requestedPOQCompletionDate does not say until when",
                     reading=None if flag is False else (_FLAG, "default-false"))  # fmt: skip


@POQ.rule("R22", on=ASK)
def contacts_of_an_item_suit_its_product(said: Said) -> Iterator[Mark]:
    """Of the contacts of an item with a place, one is for that place (role locationContact)."""
    for place, item in items_of(said.body):
        roles = [role for _, role in every(item, "/relatedContactInformation/*/role")]
        if not roles or not given(at(item, "/product/place")):
            continue
        if "locationContact" in roles:
            yield FINE
        else:
            yield breach(f"{place}/relatedContactInformation", "locationContact", roles,
                         f"{place} has a place and contacts, and none of them has role locationContact", hint=True)  # fmt: skip


@POQ.rule(name="relations", on=ASK)
def related_items_are_in_the_request(said: Said) -> Iterator[Mark]:
    """A qualificationItemRelationship points to an item of the same request (7.2.2.4)."""
    known = items_by_id(said.body)
    for place, item in items_of(said.body):
        for where, found in every(item, "/qualificationItemRelationship/*/id"):
            if isinstance(found, str):
                yield hold(place + where, found in known, expected=list(known), found=found,
                           message=f"{place + where} is {as_json(found)}, and the request has no such item")  # fmt: skip


# 6.3.3 the items of a request


def _does(*actions: str) -> Callable[[Any], bool]:
    return lambda item: item.get("action") in actions


POQ.present("R32", ITEM, "/id", "/action", "/product", on=ASK)
_OFFERING: Final = "poq-add-names-offering"


@POQ.rule("R33", on=ASK)
def a_new_product_names_one_of_two(said: Said) -> Iterator[Mark]:
    """An item with action add refers to an offering or to a specification, and not to both."""
    for place, item in items_of(said.body):
        product = item.get("product")
        if item.get("action") != "add" or not isinstance(product, dict):
            continue
        named = [name for name in ("productOffering", "productSpecification") if given(at(product, f"/{name}"))]
        if len(named) == 1:
            yield FINE
        elif named:
            yield breach(f"{place}/product/productSpecification", MISSING, product["productSpecification"],
                         f"{place} adds a product by its offering and by its specification")  # fmt: skip
        else:
            yield breach(f"{place}/product/productOffering", "productOffering or productSpecification", MISSING,
                         f"{place} adds a product and refers to neither an offering nor a specification",
                         reading=(_OFFERING, "exactly-one"))  # fmt: skip


POQ.present("R34", ITEM, "/product/productConfiguration", on=ASK, where=_does("add"))


@POQ.rule("R35", on=ASK)
def a_configuration_suits_what_it_is_of(said: Said) -> Iterator[Mark]:
    """The `@type` of a configuration names the product that the Seller showed for the same offering or specification."""
    wanted = [
        (f"{place}/product/productConfiguration/@type", item["product"], family)
        for place, item in items_of(said.body)
        if (family := product_name(at(item, "/product/productConfiguration/@type")).lower())
    ]
    known = said.run.known(_CATALOGUE, before=said.exchange) if wanted else _Catalogue()
    for place, product, family in wanted:
        for name in ("productOffering", "productSpecification"):
            identifier = at(product, f"/{name}/id")
            families = known.families(name, identifier)
            if name == "productSpecification" and str(identifier).lower().startswith("urn:mef:lso:spec:"):
                families = {product_name(identifier).lower()}
            if families:
                yield hold(place, family in families, expected=sorted(families), found=family,
                           message=f"{name} {identifier} is of {', '.join(sorted(families))}, not of {family}")  # fmt: skip


_Names = tuple[str, str, str]
"""An offering or a specification (which of the two, and its id), and the product that it was configured as."""


@dataclass
class _Catalogue:
    """What the Seller showed to be configured for an offering or a specification, by its newest word on each resource.

    It showed it with products in inventory, with alternatives, and with items that it can deliver.
    """

    _told: dict[tuple[str, str], list[_Names]] = field(default_factory=dict)
    _families: dict[tuple[str, Any], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def families(self, name: str, identifier: Any) -> set[str]:
        """The products that an offering or a specification was shown to be of."""
        found = self._families.get((name, identifier)) if isinstance(identifier, str) else None
        return {family for family, count in found.items() if count} if found else set()

    def take(self, run: Run, exchange: Exchange) -> None:
        """Let each whole sighting of a product, or of a qualification, take the place of the one before."""
        for shown, life in run.lived(exchange):
            if shown.whole and life.kind.name in (PRODUCT, KIND):
                for name, identifier, family in self._told.get((life.kind.name, life.id), ()):
                    self._families[name, identifier][family] -= 1
                products = [shown.value] if life.kind.name == PRODUCT else _deliverable(shown.value)
                self._told[life.kind.name, life.id] = told = [
                    named for product in products for named in _named(product)
                ]
                for name, identifier, family in told:
                    self._families[name, identifier][family] += 1


_CATALOGUE: Final = Fold(_Catalogue, _Catalogue.take)


def _deliverable(qualification: Any) -> Iterator[Any]:
    for _, item in items_of(qualification):
        if item.get("serviceabilityConfidence") in ("green", "yellow"):
            yield item.get("product")
        for _, product in every_alternate("", item):
            yield product


def _named(product: Any) -> Iterator[_Names]:
    family = product_name(at(product, "/productConfiguration/@type")).lower()
    for name in ("productOffering", "productSpecification") if family else ():
        identifier = at(product, f"/{name}/id")
        if isinstance(identifier, str):
            yield name, identifier, str(family)


POQ.absent("R36", ITEM, "/product/id", on=ASK, where=_does("add"))
POQ.present("R37", ITEM, "/product/productConfiguration", on=ASK, where=_does("modify"))
POQ.present(("R40", "R37"), ITEM, "/product/id", on=ASK, where=_does("modify"))
POQ.present("R40", ITEM, "/product/id", on=ASK, where=_does("delete"), name="delete")
common.products_are_there(POQ, "R40", "modify", ITEM, on=ASK, name="known")
common.products_are_there(POQ, "R40", "delete", ITEM, on=ASK, name="known-delete")
_REPEATS: Final = "poq-modify-repeats"


@POQ.rule("R38", on=ASK)
def a_change_repeats_what_is_installed(said: Said) -> Iterator[Mark]:
    """Offering, specification and relations of a product to modify are those that the inventory showed.

    The inventory shows no places, so nothing is said of them; nor of relations, where it shows none at all.
    """
    for place, item in items_of(said.body):
        product = item.get("product")
        life = said.run.life(PRODUCT, at(product, "/id")) if item.get("action") == "modify" else None
        installed = life.last_before(said.exchange) if life else None
        if installed is not None and isinstance(product, dict):
            yield from _repeated(said, f"{place}/product", product, installed)


def _repeated(said: Said, place: str, product: Mapping[str, Any], installed: Shown) -> Iterator[Mark]:
    told = f"exchange {installed.exchange.n} showed"
    names = ("productOffering", "productSpecification")
    mine = {name: at(product, f"/{name}/id") for name in names}
    theirs = {name: at(installed.value, f"/{name}/id") for name in names}
    left_out = [name for name in names if isinstance(theirs[name], str) and not given(mine[name])]
    for name in names:
        if given(at(installed.value, f"/{name}")) and not isinstance(theirs[name], str):
            continue  # what was shown cannot be read, which is not the Buyer's doing
        if given(mine[name]) and given(theirs[name]):
            yield hold(f"{place}/{name}/id", mine[name] == theirs[name], expected=theirs[name], found=mine[name],
                       message=f"{place}/{name} is {as_json(mine[name])}; {told} {as_json(theirs[name])}")  # fmt: skip
        elif given(mine[name]):
            yield breach(f"{place}/{name}", MISSING, mine[name], f"{place}/{name} is given; {told} none",
                         reading=(_REPEATS, "everything"))  # fmt: skip
    named = any(given(mine[name]) for name in names)
    for name in left_out:
        reading = said.run.reading(_REPEATS)
        holds = reading if reading == "everything" or (reading == "by-one-name" and not named) else "everything"
        yield breach(f"{place}/{name}", theirs[name], MISSING, f"{place}/{name} is left out; {told} {as_json(theirs[name])}",
                     reading=(_REPEATS, holds))  # fmt: skip
    if not _can_be_read(at(installed.value, "/productRelationship")):
        return
    asked, there = _links(product), _links(installed.value)
    if asked and not there:
        return  # the Buyer knows from its order what the inventory hides
    yield hold(f"{place}/productRelationship", asked == there, expected=sorted(there), found=sorted(asked),
               message=f"{place}/productRelationship is not what {told}")  # fmt: skip


def _can_be_read(shown: Any) -> bool:
    """Whether the relations that were shown, if any were, all have a type and an id that are texts."""
    if not isinstance(shown, list):
        return not given(shown)
    return all(isinstance(at(link, f"/{name}"), str) for link in shown for name in ("relationshipType", "id"))


def _links(product: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {
        (str(link.get("relationshipType")), str(link.get("id")))
        for _, link in every(product, "/productRelationship/*")
        if isinstance(link, dict)
    }


POQ.absent(
    ("R39", "R41"), ITEM, "/product/productOffering", "/product/productSpecification",
    "/product/productConfiguration", on=ASK, where=_does("delete"),
)  # fmt: skip


@POQ.rule("R41", on=ASK)
def a_removal_has_an_id_alone(said: Said) -> Iterator[Mark]:
    """The product of an item to delete has its id, perhaps its `@type`, and nothing else."""
    for place, item in items_of(said.body):
        product = item.get("product")
        if item.get("action") != "delete" or not isinstance(product, dict):
            continue
        yield FINE
        for name, value in product.items():
            if name == "@type":
                yield breach(f"{place}/product/@type", MISSING, value, reading=("poq-delete-type", "id-alone"))
            elif name not in ("id", "href", "productOffering", "productSpecification", "productConfiguration"):
                yield hold(f"{place}/product/{escape(name)}", not given(value), expected=MISSING, found=value,
                           message=f"{place} removes a product and tells its {name}")  # fmt: skip


# 6.3.4 places

_SPELLED_OUT: Final = ("FieldedAddress", "FormattedAddress", "GeographicAddressLabel", "MEFGeographicPoint")
_REFERENCES: Final = ("GeographicAddressRef", "GeographicSiteRef")
_ADDRESSES: Final = ("FieldedAddress", "FormattedAddress")


@POQ.at_end("R42")
def one_form_of_address_works(run: Run) -> Iterator[Remark]:
    """A request with a fielded or a formatted address was accepted; or both forms were refused for what they are."""
    refused: dict[str, Exchange] = {}
    for exchange in run.of(CREATE, api=API):
        body = exchange.request.body
        places = {where: kind for where, kind in every(body, f"{ITEM}/product/place/*/@type") if kind in _ADDRESSES}
        if places and succeeded(exchange):
            yield on_request(exchange, FINE)
            yield on_response(exchange, FINE)
            return
        if places and exchange.response is not None and exchange.n not in run.provoked:
            for _, pointer in every(exchange.response.body, "/*/propertyPath"):
                refused |= {kind: exchange for where, kind in places.items() if pointer in (where, where[:-6])}
    if len(refused) == len(_ADDRESSES):
        last = max(refused.values(), key=lambda exchange: exchange.n)
        yield on_response(last, breach("", f"{' or '.join(_ADDRESSES)} is accepted", "both are refused",
                                       "fielded and formatted addresses are both refused, and one has to do"))  # fmt: skip


@POQ.rule("R43", on=ASK | SHOWN)
def a_place_known_by_its_id_is_a_reference(said: Said) -> Iterator[Mark]:
    """A place with an id is a GeographicAddressRef or a GeographicSiteRef, not an address that is spelled out."""
    life = said.run.life(KIND, at(said.body, "/id")) if said.half is Half.RESPONSE else None
    for where, place in every(said.body, f"{ITEM}/product/place/*"):
        if not isinstance(place, dict) or not given(at(place, "/id")):
            continue
        if place.get("@type") in _REFERENCES:
            yield FINE
        elif place.get("@type") in _SPELLED_OUT and (life is None or life.asked is None):
            yield breach(f"{where}/id", "in a GeographicAddressRef or GeographicSiteRef", place["id"],
                         f"{where} is a {place['@type']} and refers to a place by its id")  # fmt: skip
