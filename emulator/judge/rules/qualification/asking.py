"""Requests for a qualification (Mplify 87.1, 5.5 to 5.7 and 6.3.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from emulator.judge.named import PRODUCT
from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.poq import asking as poq
from emulator.judge.rules.poq.book import API, ASK, ITEM, ITEMS, SHOWN, items_by_id, items_of
from emulator.judge.rules.qualification.book import QUALIFICATION, by_specification
from emulator.judge.run import Said
from emulator.record.payload import MISSING, at, every
from emulator.standard.places import SITE_REF, placing

QUALIFICATION.rule("MEF87-R11", on=ASK | SHOWN)(poq.product_attributes_are_inside)


@QUALIFICATION.rule("MEF87-R15", on=ASK)
def links_are_those_of_the_product(said: Said) -> Iterator[Mark]:
    """A new product has the relations that its specification asks for, and the role of its place, where it names one."""
    for place, item in items_of(said.body):
        sheet, product = common.sheet_of(said, item), item.get("product")
        if item.get("action") != "add" or not isinstance(product, dict) or sheet is None:
            continue
        placed = given(product.get("place"))
        lacking = [
            lack for lack in common.lacks(sheet, item, "qualificationItemRelationship") if lack.to or placed
        ]  # no place at all is another clause's
        for lack in lacking:
            yield breach(
                place + lack.place, lack.wanted, lack.found, f"{place} adds an {sheet.title} and lacks {lack.words}"
            )
        if API in sheet.place.never and placed:
            yield breach(
                f"{place}/product/place",
                MISSING,
                product["place"],
                f"{place} adds an {sheet.title}, which has no place of its own",
            )
        elif not lacking:
            yield FINE


@QUALIFICATION.rule("place-where-needed", on=ASK)
def a_place_is_there_where_it_is_needed(said: Said) -> Iterator[Mark]:
    """A new product whose specification names the role of a place has a place."""
    for where, item in items_of(said.body):
        sheet = common.sheet_of(said, item)
        if item.get("action") == "add" and sheet is not None and sheet.place.role:
            found = at(item, "/product/place")
            yield hold(
                f"{where}/product/place",
                given(found),
                expected=sheet.place.role,
                found=found,
                message=f"{where} adds an {sheet.title} and names no place",
            )


QUALIFICATION.has_role("request-members", "", "buyerContactInformation", on=ASK)
QUALIFICATION.present(
    "request-members", "", "/instantSyncQualification", "/provideAlternative", ITEMS, on=ASK, name="members"
)


@QUALIFICATION.rule("specification-wants-alternates", on=ASK)
def a_specification_goes_with_alternatives(said: Said) -> Iterator[Mark]:
    """Where an item names a specification alone, provideAlternative is true."""
    if any(by_specification(item) for _, item in items_of(said.body)):
        found = at(said.body, "/provideAlternative")
        yield hold(
            "/provideAlternative",
            found is True,
            expected=True,
            found=found,
            message="an item is asked for by its specification, and provideAlternative is not true",
        )


_CONTACT: Final = ("/emailAddress", "/name", "/number")
QUALIFICATION.present("contact-members", "/relatedContactInformation/*", *_CONTACT, "/role", on=ASK)


@QUALIFICATION.rule("MEF87-R19", on=ASK)
def an_answer_that_may_wait_has_a_date(said: Said) -> Iterator[Mark]:
    """The requestedPOQCompletionDate is there, where instantSyncQualification is false."""
    if at(said.body, "/instantSyncQualification") is False:
        found = at(said.body, "/requestedPOQCompletionDate")
        yield hold(
            "/requestedPOQCompletionDate",
            given(found),
            expected="a date-time",
            found=found,
            message="the answer may wait, and requestedPOQCompletionDate does not say until when",
        )


def _does(*actions: str) -> Callable[[Any], bool]:
    return lambda item: item.get("action") in actions


_CONFIGURATION: Final = "/product/productConfiguration"
QUALIFICATION.present("item-members", ITEM, "/id", "/action", "/product", on=ASK, name="members")
QUALIFICATION.present("item-members", ITEM, _CONFIGURATION, on=ASK, where=_does("add"))
QUALIFICATION.unique((), ITEM, "/id", on=ASK, name="item-ids")
QUALIFICATION.rule("products-are-related-as-products", on=ASK)(poq.related_items_are_in_the_request)
QUALIFICATION.present(
    "product-relation-members", f"{ITEM}/product/productRelationship/*", "/id", "/relationshipType", on=ASK
)
QUALIFICATION.present(
    "item-relation-members", f"{ITEM}/qualificationItemRelationship/*", "/id", "/relationshipType", on=ASK
)


@QUALIFICATION.rule("items-are-related-as-items", on=ASK)
def an_item_is_not_named_as_a_product(said: Said) -> Iterator[Mark]:
    """What stands in productRelationship is no item of the request, unless there is a product of that id as well."""
    known = items_by_id(said.body)
    for place, item in items_of(said.body):
        for where, found in every(item, "/product/productRelationship/*/id"):
            if isinstance(found, str) and found in known and said.run.life(PRODUCT, found) is None:
                yield breach(
                    place + where,
                    "in qualificationItemRelationship",
                    found,
                    f"{place}{where} is {found}, which is an item of the request",
                    hint=True,
                )
            elif isinstance(found, str):
                yield FINE


_PLACES: Final = f"{ITEM}/product/place/*"


@QUALIFICATION.rule("place-members", on=ASK)
def a_place_has_a_contact(said: Said) -> Iterator[Mark]:
    """Each place has a contact."""
    for where, place in every(said.body, _PLACES):
        if isinstance(place, dict):
            found = place.get("contact", MISSING)
            if given(found):
                yield FINE
            else:
                yield breach(
                    f"{where}/contact",
                    "somebody to ask for there",
                    found,
                    f"{where} names no contact",
                    reading=("poq-place-contact", "always"),
                )


QUALIFICATION.present("place-members", _PLACES, "/place", "/role", on=ASK, name="members")
QUALIFICATION.present("place-contact-members", f"{_PLACES}/contact/*", *_CONTACT, on=ASK)


@QUALIFICATION.rule("sub-units", on=ASK)
def units_are_of_an_address(said: Said) -> Iterator[Mark]:
    """The subUnit of a place goes with an address; a site has its own."""
    for spot in placing(said.run.release, API).spots(said.body, _PLACES):
        if not given(spot.holder.get("subUnit")):
            continue
        if spot.type == SITE_REF:
            yield breach(
                f"{spot.where}/subUnit",
                MISSING,
                spot.holder["subUnit"],
                f"{spot.where} names a site, which has its units already",
                hint=True,
            )
        elif spot.type:
            yield FINE
