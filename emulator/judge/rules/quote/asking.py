"""What the buyer asks for: the request and its items (MEF 115, 5.3 to 6.2.8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.judge.named import PRODUCT
from emulator.judge.named import QUOTE as KIND
from emulator.judge.rule import FINE, Mark, Remark, on_party, on_response
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.quote.book import ASKED, CREATED, QUOTE, SHOWN, items_of
from emulator.judge.run import Half, Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange, Party
from emulator.record.payload import MISSING, at, escape, every

common.parties(QUOTE, several_buyers="R1", one_buyer="R2", several_sellers="R3", one_seller="R4")

REQUEST: Final = "Mplify115.1-request-members"

OF_PRODUCT: Final = ("id", "href", "place", "productConfiguration", "productOffering", "productRelationship")
BY_VALUE: Final = ("FieldedAddress", "FormattedAddress", "GeographicAddressLabel", "MEFGeographicPoint")
BY_REFERENCE: Final = ("GeographicAddressRef", "GeographicSiteRef")


def is_deferred(said: Said) -> bool:
    """Whether the buyer can wait for the answer."""
    return at(said.body, "/instantSyncQuote") is False


def _with_product(action: str) -> Any:
    return lambda item: item.get("action") == action and isinstance(item.get("product"), dict)


@QUOTE.rule("R6", on=ASKED | SHOWN)
def attributes_are_in_the_configuration(said: Said) -> Iterator[Mark]:
    """Attributes of the product specification, which stand in productConfiguration and not beside it."""
    asked = said.asked if said.half is Half.RESPONSE else MISSING
    for place, product in every(said.body, "/quoteItem/*/product"):
        urn = at(product, "/productConfiguration/@type")
        if not isinstance(urn, str):
            continue
        known = said.run.release.products.attributes_of(product["productConfiguration"])
        if any(name in known for name in product["productConfiguration"]):
            yield FINE
        for name in product:
            here = f"{place}/{escape(name)}"
            # What the buyer misplaced comes back as it was sent.
            if name in known and name not in OF_PRODUCT and at(asked, here) is MISSING:
                yield breach(here, MISSING, product[name], f"{here} is an attribute of {urn}: its place is in "
                                                           f"{place}/productConfiguration")  # fmt: skip


@QUOTE.rule("R10", on=ASKED | CREATED)
def product_rules_are_kept(said: Said) -> Iterator[Mark]:
    """What a new Operator UNI and a new Access E-Line need: INSTALL_LOCATION, and relations to an ENNI and a UNI."""
    for place, item in items_of(said.body):
        sheet = common.sheet_of(said, item)
        if item.get("action") != "add" or not isinstance(item.get("product"), dict) or sheet is None:
            continue
        lacking = list(common.lacks(sheet, item, "quoteItemRelationship"))
        for lack in lacking:
            if said.half is Half.REQUEST:  # what is missing in the answer alone is no echo, which R26 says
                here = place + lack.place
                yield breach(
                    here, lack.wanted, lack.found, f"{here} lacks {lack.words}, which a new {sheet.title} needs"
                )
        if not lacking:
            yield FINE


QUOTE.present(("R12", "R17"), "", "/quoteItem", on=ASKED)
QUOTE.present(REQUEST, "", "/buyerRequestedQuoteLevel", "/instantSyncQuote", on=ASKED)


@QUOTE.at_end("R14")
def both_kinds_are_taken(run: Run) -> Iterator[Remark]:
    """Requests with instantSyncQuote true and false: each kind is taken, and none refused for the flag."""
    taken: set[bool] = set()
    for exchange in run.of("createQuote", api="quote"):
        flag = at(exchange.request.body, "/instantSyncQuote")
        if not isinstance(flag, bool):
            continue
        if succeeded(exchange):
            taken.add(flag)
        elif exchange.n not in run.provoked and _refused_for_flag(exchange, flag=flag):
            message = f"a request with instantSyncQuote {str(flag).lower()} was refused for that flag"
            yield on_response(exchange, breach("", 201, exchange.response.status if exchange.response else 0, message))
    if len(taken) > 1:
        yield on_party(Party.SELLER, FINE)


def _refused_for_flag(exchange: Exchange, *, flag: bool) -> bool:
    """Whether an error points at the flag, although the request has what goes with it."""
    body = exchange.response.body if exchange.response else MISSING
    complete = flag or given(at(exchange.request.body, "/requestedQuoteCompletionDate"))
    paths = [path for _, path in every(body, "/*/propertyPath") if isinstance(path, str)]
    return complete and any(path.rstrip("/").endswith("instantSyncQuote") for path in paths)


@QUOTE.rule("R14", on=CREATED, name="immediate")
def immediate_answers_are_final(said: Said) -> Iterator[Mark]:
    """The state that answers a request for an immediate quote."""
    state = at(said.body, "/state")
    if at(said.asked, "/instantSyncQuote") is True and isinstance(state, str):
        if state in ("acknowledged", "inProgress", "inProgress.draft"):
            yield breach("/state", "a completion state", state, f"an immediate quote was asked for and is {state}",
                         reading=("quote-immediate-answer", "completed"))  # fmt: skip
        else:
            yield FINE


QUOTE.present("R15", "", "/buyerRequestedQuoteLevel", on=ASKED)
QUOTE.present("R16", "", "/instantSyncQuote", on=ASKED)
QUOTE.has_role(("R18", "R59"), "", "buyerContactInformation", on=ASKED, when=is_deferred)
QUOTE.present("R19", "", "/requestedQuoteCompletionDate", on=ASKED, when=is_deferred)
QUOTE.present("R20", "/quoteItem/*", "/id", on=ASKED)
QUOTE.unique("R20", "/quoteItem/*", "/id", on=ASKED, name="unique")
QUOTE.present("R21", "/quoteItem/*", "/action", on=ASKED)
QUOTE.present("R22", "/quoteItem/*", "/product", on=ASKED)
QUOTE.present("Mplify115.1-item-members", "/quoteItem/*", "/id", "/action", "/product", on=ASKED)


@QUOTE.rule("R23", on=ASKED, when=is_deferred)
def items_name_a_technical_contact(said: Said) -> Iterator[Mark]:
    """A contact with the role quoteItemTechnicalContact at each item of a deferred request."""
    for place, item in items_of(said.body):
        roles = [role for _, role in every(item, "/relatedContactInformation/*/role")]
        if "quoteItemTechnicalContact" in roles:
            yield FINE
        else:
            yield breach(f"{place}/relatedContactInformation", "quoteItemTechnicalContact", roles,
                         f"{place} names no contact with role quoteItemTechnicalContact",
                         reading=("quote-delete-item", "whole") if item.get("action") == "delete" else None)  # fmt: skip


@QUOTE.rule("R24", on=ASKED, when=is_deferred)
def items_with_a_place_name_its_contact(said: Said) -> Iterator[Mark]:
    """A contact with the role quoteItemLocationContact at each item that adds a product with a place of its own."""
    for place, item in items_of(said.body):
        sheet = common.sheet_of(said, item) if item.get("action") == "add" else None
        role = sheet.place.contacts.get(QUOTE.api) if sheet else None
        if role:
            named = [found for _, found in every(item, "/relatedContactInformation/*/role") if isinstance(found, str)]
            here = f"{place}/relatedContactInformation"
            message = f"{place} names no contact with role {role}"
            yield hold(here, role in named, expected=role, found=sorted(named), message=message)


@QUOTE.rule("R25", on=ASKED)
def relations_are_to_siblings(said: Said) -> Iterator[Mark]:
    """Relations of items: to another item of the request, and of a kind that the product has."""
    ids = {item.get("id") for _, item in items_of(said.body) if isinstance(item.get("id"), str)}
    for place, item in items_of(said.body):
        for here, link in every(item, "/quoteItemRelationship/*"):
            target, kind = at(link, "/id"), at(link, "/relationshipType")
            if not isinstance(target, str) or not isinstance(kind, str):
                continue
            if target not in ids or target == item.get("id"):
                yield breach(f"{place}{here}/id", "another item of this request", target,
                             f"{place}{here}/id is {target}, which is no other item of this request")  # fmt: skip
            elif installed := _installed_only(said, item, kind):
                yield breach(f"{place}{here}/relationshipType", "a relation to an item", kind,
                             f"{place}{here} is to an {installed}, which has to be an installed product")  # fmt: skip
            else:
                yield FINE


def _installed_only(said: Said, item: Mapping[str, Any], kind: str) -> str:
    """What a relation is to that can only be a product of the inventory; "" where it may be to an item."""
    sheet = common.sheet_of(said, item)
    relations = sheet.relations if sheet else ()
    return next((one.to for one in relations if one.installed and one.is_named(kind)), "")


common.builds_on(QUOTE, KIND, common.QUALIFIED, name="as-qualified")
QUOTE.present("R42", "/quoteItem/*", "/product/productConfiguration", on=ASKED, where=_with_product("add"))
QUOTE.present("R43", "/quoteItem/*", "/product/productOffering", on=ASKED, where=_with_product("add"))
QUOTE.absent("R44", "/quoteItem/*", "/product/id", on=ASKED, where=_with_product("add"))
QUOTE.present(
    "R45", "/quoteItem/*", "/product/id", "/product/productConfiguration", on=ASKED, where=_with_product("modify")
)
common.products_are_there(QUOTE, "R45", "modify", "/quoteItem/*", on=ASKED)


@QUOTE.rule("R46", on=ASKED)
def changes_repeat_what_is_installed(said: Said) -> Iterator[Mark]:
    """Offering and relations of a product to modify, against what the inventory showed of it.

    The inventory shows no place. What is added to it is left alone: the guide lets a buyer set what was not there.
    """
    for place, item in items_of(said.body):
        life = said.run.life(PRODUCT, at(item, "/product/id")) if item.get("action") == "modify" else None
        shown = life.last_before(said.exchange) if life else None
        if shown is None:
            continue
        held, now = at(shown.value, "/productOffering/id"), at(item, "/product/productOffering/id")
        if isinstance(held, str):
            here = f"{place}/product/productOffering" + ("/id" if now is not MISSING else "")
            yield hold(here, now == held, expected=held, found=now,
                       message=f"{here} is not {held}, which the inventory shows for the product")  # fmt: skip
        repeated = set(_relations(item["product"]))
        for kind, target in _relations(shown.value):
            yield hold(f"{place}/product/productRelationship", (kind, target) in repeated, expected=f"{kind} {target}",
                       found=sorted(f"{one} {other}" for one, other in repeated),
                       message=f"{place}/product/productRelationship lacks {kind} {target}, which the inventory "
                               "shows for the product")  # fmt: skip


def _relations(product: Any) -> Iterator[tuple[str, str]]:
    for _, link in every(product, "/productRelationship/*"):
        kind, target = at(link, "/relationshipType"), at(link, "/id")
        if isinstance(kind, str) and isinstance(target, str):
            yield kind, target


QUOTE.present("R47", "/quoteItem/*", "/product/id", on=ASKED, where=_with_product("delete"))
common.products_are_there(QUOTE, "R47", "delete", "/quoteItem/*", on=ASKED)
QUOTE.absent("R48", "/quoteItem/*", "/product/productConfiguration", on=ASKED, where=_with_product("delete"))

_OF_REMOVAL: Final = ("id", "@type", "href", "productConfiguration")


@QUOTE.rule("R49", on=ASKED)
def removals_name_the_product_alone(said: Said) -> Iterator[Mark]:
    """What stands in an item to delete: id and @type of the product (of its configuration R48 speaks)."""
    for place, item in items_of(said.body):
        if item.get("action") != "delete" or not isinstance(item.get("product"), dict):
            continue
        extra = [name for name, value in item["product"].items() if name not in _OF_REMOVAL and given(value)]
        for name in extra:
            here = f"{place}/product/{escape(name)}"
            yield breach(here, MISSING, item["product"][name], f"{here} is given for a product that is to be deleted")
        if not extra:
            yield FINE
        for name in item:
            if name not in ("id", "action", "product") and given(item[name]):
                yield breach(f"{place}/{escape(name)}", MISSING, item[name], reading=("quote-delete-item", "bare"))


@QUOTE.rule("R63", on=ASKED | SHOWN)
def known_places_are_references(said: Said) -> Iterator[Mark]:
    """Places that are given by an id: their @type is one of the two references."""
    for here, place in every(said.body, "/quoteItem/*/product/place/*"):
        kind = at(place, "/@type")
        if not given(at(place, "/id")) or not isinstance(kind, str):
            continue
        if kind in BY_REFERENCE:
            yield FINE
        elif kind in BY_VALUE and said.half is Half.REQUEST:  # in the answer it is an echo, right or wrong
            yield breach(f"{here}/id", MISSING, place["id"],
                         f"{here} is a {kind} and has an id: a place known by its id is a {' or a '.join(BY_REFERENCE)}")  # fmt: skip
