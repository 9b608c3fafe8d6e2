"""The rules of MEF 87, roughly in the order of the guide."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

from emulator.judge.rule import ANY_STATUS, FINE, Mark, Remark, on_request, on_response, requests, responses
from emulator.judge.rulebook import Rulebook, breach, given, hold
from emulator.judge.rules import common
from emulator.judge.run import POQ as KIND
from emulator.judge.run import PRODUCT, Half, Life, Run, Said, Shown, succeeded
from emulator.standard.release import Release
from emulator.wire.exchange import Exchange
from emulator.wire.payload import MISSING, at, escape, every

POQ: Final = Rulebook("MEF87", "productOfferingQualification")

_API: Final = POQ.api
_CREATE: Final = "createProductOfferingQualification"
_RETRIEVE: Final = "retrieveProductOfferingQualification"
_LIST: Final = "listProductOfferingQualification"
_ITEMS: Final = "/productOfferingQualificationItem"
_ITEM: Final = f"{_ITEMS}/*"

_ASK: Final = requests(_API, _CREATE)
_CREATED: Final = responses(_API, _CREATE)
_SHOWN: Final = responses(_API, _CREATE, _RETRIEVE)
_LISTED: Final = responses(_API, _LIST)
_EVENTS: Final[Mapping[str, str]] = {
    "poqCreateEvent": "poqCreateEvent",
    "poqStateChangeEvent": "poqStateChangeEvent",
    "listenToPoqItemStateChangeEvent": "poqItemStateChangeEvent",
}
"""The event type that each listener is for."""
_CHANGES: Final = ("poqStateChangeEvent", "listenToPoqItemStateChangeEvent")
_TOLD: Final = requests(_API, *_EVENTS)

_READY: Final = "done.ready"
_FAILED: Final = "terminatedWithError"
_ABANDONED: Final = "done.abandoned"
_UNABLE: Final = "done.unableToProvide"
_FINAL: Final = (_READY, _UNABLE, _FAILED)
_FINAL_ITEM: Final = (_READY, _ABANDONED, _FAILED)
_STATES: Final = ("acknowledged", "inProgress", *_FINAL)
_STATES_OF_ITEM: Final = ("acknowledged", "inProgress", *_FINAL_ITEM)

_BUYERS: Final = (
    "externalId",
    "instantSyncQualification",
    "projectId",
    "provideAlternative",
    "relatedContactInformation",
    "requestedPOQCompletionDate",
)
"""What a request can hold, beside its items; what else a Buyer sends, nobody has to give back."""
_BUYERS_OF_ITEM: Final = ("action", "product", "qualificationItemRelationship", "relatedContactInformation")
_OF_PRODUCT: Final = (
    "id",
    "place",
    "productConfiguration",
    "productOffering",
    "productRelationship",
    "productSpecification",
)


_DATE: Final = "requestedPOQCompletionDate"


def _items(body: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each item (place, value) of a qualification or of a request for one."""
    items = body.get(_ITEMS[1:]) if isinstance(body, dict) else None
    for index, value in enumerate(items if isinstance(items, list) else ()):
        if isinstance(value, dict):
            yield f"{_ITEMS}/{index}", value


def _by_id(body: Any) -> dict[str, dict[str, Any]]:
    """The items by their ids; the first where an id stands twice."""
    found: dict[str, dict[str, Any]] = {}
    for _, item in _items(body):
        if isinstance(item.get("id"), str):
            found.setdefault(item["id"], item)
    return found


def _of(value: Any, members: tuple[str, ...]) -> Any:
    return {name: value[name] for name in members if name in value} if isinstance(value, dict) else value


def _moment(text: Any) -> datetime | None:
    """An instant of a body, or of a query (where `+` came as a blank)."""
    return common.moment(text.replace(" ", "+")) if isinstance(text, str) else None


# 5.1 who talks

common.uses_all(POQ, "R1", _CREATE, _LIST, _RETRIEVE)
common.parties(POQ, several_buyers="R2", one_buyer="R3", several_sellers="R4", one_seller="R5")
common.repeats_parties(POQ, "R6")


# 5.2 and 6.3.2 what was sent comes back


@POQ.rule(("R23", "R8"), on=_SHOWN)
def what_was_sent_comes_back(said: Said) -> Iterator[Mark]:
    """Each value of the request in the answer, item by item; the Seller may add contacts and give its own href."""
    for shown, life in said.lived():
        asked = life.request
        if not isinstance(asked, dict):
            continue
        yield from _echo(_of(asked, _BUYERS), shown.value, shown.place)
        answered = {item["id"]: (place, item) for place, item in reversed(list(_items(shown.value))) if _has_id(item)}
        for identifier, item in _by_id(asked).items():
            if identifier in answered:
                place, found = answered[identifier]
                sent = _of(item, _BUYERS_OF_ITEM)
                if isinstance(sent.get("product"), dict):
                    sent["product"] = _of(sent["product"], _OF_PRODUCT)
                yield from _echo(sent, found, shown.place + place)


def _has_id(item: Mapping[str, Any]) -> bool:
    return isinstance(item.get("id"), str)


def _echo(asked: Any, answered: Any, place: str) -> Iterator[Mark]:
    return common.echo_marks(asked, answered, place, free=("href",), grows=("relatedContactInformation",))


@POQ.rule(name="invented", on=_SHOWN)
def nothing_is_put_into_the_buyers_mouth(said: Said) -> Iterator[Mark]:
    """What only a Buyer gives (its ids, the date it wants) is not in the answer where it was not sent."""
    for shown, life in said.lived():
        for name in ("externalId", "projectId", _DATE) if isinstance(life.request, dict) else ():
            found = at(shown.value, f"/{name}")
            if not given(found):
                continue
            if given(at(life.request, f"/{name}")):
                yield FINE
            else:
                yield breach(f"{shown.place}/{name}", MISSING, found,
                             f"the answer has a {name}, and the Buyer sent none", hint=True)  # fmt: skip


@POQ.rule("R27", on=_SHOWN)
def no_item_is_new(said: Said) -> Iterator[Mark]:
    """Each item of the answer is one of the request's, by its id."""
    for shown, life in said.lived():
        asked = _by_id(life.request)
        for place, item in _items(shown.value) if asked else ():
            if _has_id(item):
                yield hold(f"{shown.place}{place}/id", item["id"] in asked, expected=list(asked), found=item["id"],
                           message=f"the answer has an item {item['id']} that the request does not have")  # fmt: skip


@POQ.rule(name="items", on=_SHOWN)
def each_item_is_answered_once(said: Said) -> Iterator[Mark]:
    """Each item of the request stands once in the answer (7.2.1.3)."""
    for shown, life in said.lived():
        sent = [item["id"] for _, item in _items(life.request) if _has_id(item)]
        answered = [item["id"] for _, item in _items(shown.value) if _has_id(item)]
        for identifier in dict.fromkeys(sent):
            count = answered.count(identifier)
            if sent.count(identifier) == 1:
                yield hold(f"{shown.place}{_ITEMS}", count == 1, expected="each item of the request, once",
                           found=answered, message=f"item {identifier} of the request is answered {count} times")  # fmt: skip


# 5.2.3 and 5.3 products


@POQ.rule("R11", on=_ASK | _SHOWN)
def product_attributes_are_inside(said: Said) -> Iterator[Mark]:
    """Attributes of a product specification stand in productConfiguration, not beside it."""
    # What the Seller merely gives back is the Buyer's doing.
    sent: dict[str, dict[str, Any]] = {}
    if said.half is Half.RESPONSE:
        life = said.run.life(KIND, at(said.body, "/id"))
        sent = _by_id(life.request) if life else {}
    for place, item in _items(said.body):
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
    urn = at(configuration, "/@type")
    outside = [name for name in product if name not in _OF_PRODUCT and name not in ("href", "@type")]
    if outside:
        attributes = _attributes(said.run.release, urn if isinstance(urn, str) else "")
        for name in outside:
            if name in attributes and not (isinstance(sent, dict) and name in sent):
                yield breach(f"{place}/{escape(name)}", f"in {place}/productConfiguration", product[name],
                             f"{name} is an attribute of the product and belongs into productConfiguration")  # fmt: skip
    if isinstance(configuration, dict) and len(configuration) > 1:
        yield FINE


@lru_cache(maxsize=64)
def _attributes(release: Release, urn: str) -> frozenset[str]:
    """The attributes of the product that a URN names; those of every product where we do not know it."""
    definitions, urns = release.products.definitions, release.products.urns
    known = urns.get(release.products.aliases.get(urn, urn))
    waiting: list[Any] = [definitions[known]] if known else [definitions[name] for name in urns.values()]
    found: set[str] = set()
    while waiting:
        schema = waiting.pop()
        if isinstance(schema, dict):
            found |= set(schema.get("properties") or ())
            waiting += schema.get("allOf") or ()
            waiting.append(definitions.get(str(schema.get("$ref", "")).removeprefix("#/definitions/")))
    return frozenset(found)


def _family(urn: Any) -> str | None:
    """The product that the `@type` of a configuration names, without version and function; a word of no MEF as it is."""
    if not isinstance(urn, str) or not urn:
        return None
    parts = urn.split(":")
    return parts[5].lower() if urn.lower().startswith("urn:mef:lso:spec:") and len(parts) > 5 else urn  # noqa: PLR2004


_ACCESS_ELINE: Final = ("access-eline-ovc", "access-eline")
_OPERATOR_UNI: Final = ("carrier-ethernet-operator-uni",)


@POQ.rule("R15", on=_ASK)
def links_are_those_of_the_product(said: Said) -> Iterator[Mark]:
    """A new Access E-Line is tied to a UNI and to an ENNI and has no place; a new Operator UNI has its place."""
    for place, item in _items(said.body):
        product = item.get("product")
        family = _family(at(product, "/productConfiguration/@type"))
        if item.get("action") != "add" or not isinstance(product, dict):
            continue
        if family in _ACCESS_ELINE:
            types = [
                str(found).upper()
                for holder, pattern in ((product, "/productRelationship/*"), (item, "/qualificationItemRelationship/*"))
                for _, found in every(holder, f"{pattern}/relationshipType")
            ]
            for end, there in (
                ("ENNI", any("ENNI" in found for found in types)),
                ("UNI", any("UNI" in found for found in types)),
            ):
                yield hold(f"{place}/product/productRelationship", there, expected=f"CONNECTS_TO_{end}",
                           found=types, message=f"{place} adds an Access E-Line and is not tied to a {end}")  # fmt: skip
            if given(product.get("place")):
                yield breach(f"{place}/product/place", MISSING, product["place"],
                             f"{place} adds an Access E-Line, which has no place of its own")  # fmt: skip
        elif family in _OPERATOR_UNI:
            roles = [role for _, role in every(product, "/place/*/role")]
            yield hold(f"{place}/product/place", "INSTALL_LOCATION" in roles, expected="INSTALL_LOCATION", found=roles,
                       message=f"{place} adds an Operator UNI and names no place with role INSTALL_LOCATION")  # fmt: skip


# 6.3.1 the request

POQ.present("R17", "", _ITEMS, on=_ASK)
POQ.has_role(("R21", "R20"), "", "buyerContactInformation", on=_ASK)
POQ.unique((), _ITEM, "/id", on=_ASK, name="item-ids")
_FLAG: Final = "poq-instant-flag"


@POQ.rule("R18", on=_ASK)
def the_flag_is_set(said: Said) -> Iterator[Mark]:
    """The instantSyncQualification is there."""
    found = at(said.body, "/instantSyncQualification")
    if isinstance(found, bool):
        yield FINE
    elif found in (MISSING, None) and isinstance(said.body, dict):
        yield breach("/instantSyncQualification", "true or false", found,
                     "instantSyncQualification is left out", reading=(_FLAG, "sent"))  # fmt: skip


@POQ.rule("R19", on=_ASK)
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


@POQ.rule("R22", on=_ASK)
def contacts_of_an_item_suit_its_product(said: Said) -> Iterator[Mark]:
    """Of the contacts of an item with a place, one is for that place (role locationContact)."""
    for place, item in _items(said.body):
        roles = [role for _, role in every(item, "/relatedContactInformation/*/role")]
        if not roles or not given(at(item, "/product/place")):
            continue
        if "locationContact" in roles:
            yield FINE
        else:
            yield breach(f"{place}/relatedContactInformation", "locationContact", roles,
                         f"{place} has a place and contacts, and none of them has role locationContact", hint=True)  # fmt: skip


@POQ.rule(name="relations", on=_ASK)
def related_items_are_in_the_request(said: Said) -> Iterator[Mark]:
    """A qualificationItemRelationship points to an item of the same request (7.2.2.4)."""
    known = _by_id(said.body)
    for place, item in _items(said.body):
        for where, found in every(item, "/qualificationItemRelationship/*/id"):
            if isinstance(found, str):
                yield hold(place + where, found in known, expected=list(known), found=found,
                           message=f"{place + where} is {found}, and the request has no such item")  # fmt: skip


# 6.3.2 the answer

_WANTED_AT_ONCE: Final[Callable[[Said], bool]] = lambda said: at(said.asked, "/instantSyncQualification") is True  # noqa: E731


@POQ.rule("R24", on=_CREATED, when=_WANTED_AT_ONCE)
def an_answer_at_once_is_final(said: Said) -> Iterator[Mark]:
    """Where instantSyncQualification is true, the first answer is done.ready or terminatedWithError."""
    state = at(said.body, "/state")
    if state in _STATES:
        yield hold("/state", state in (_READY, _FAILED), expected=[_READY, _FAILED], found=state,
                   message=f"an answer was wanted at once, and the qualification is {state}")  # fmt: skip


@POQ.rule(name="first-state", on=_CREATED, when=lambda said: not _WANTED_AT_ONCE(said))
def a_first_answer_can_be_a_first_one(said: Said) -> Iterator[Mark]:
    """A first answer that could wait is acknowledged, or a final one; done.unableToProvide needs time (6.2.1)."""
    state = at(said.body, "/state")
    if state not in _STATES:
        return
    if state in ("acknowledged", _READY, _FAILED):
        yield FINE
    else:
        yield breach("/state", ["acknowledged", _READY, _FAILED], state,
                     f"the first answer to a request is {state}", hint=state == "inProgress")  # fmt: skip


POQ.has_role(("R26", "R25"), "", "sellerContactInformation", on=_SHOWN)


def _ready_items(said: Said, *, whole: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """The done.ready items of a qualification that is done.ready too (`whole`), or is not."""
    for shown in said.shown:
        if (shown.value.get("state") == _READY) is whole:
            yield from ((p, item) for p, item in _items(shown.value) if item.get("state") == _READY)


def _confidence(said: Said, *, whole: bool) -> Iterator[Mark]:
    for place, item in _ready_items(said, whole=whole):
        found = item.get("serviceabilityConfidence", MISSING)
        yield hold(f"{place}/serviceabilityConfidence", given(found), expected=["green", "yellow", "red"], found=found,
                   message=f"{place} is {_READY} and does not tell its serviceabilityConfidence")  # fmt: skip


def _interval(said: Said, *, whole: bool) -> Iterator[Mark]:
    for place, item in _ready_items(said, whole=whole):
        found, color = item.get("installationInterval", MISSING), item.get("serviceabilityConfidence")
        if color in ("green", "yellow"):
            yield hold(f"{place}/installationInterval", given(found), expected="amount and units", found=found,
                       message=f"{place} is {color} and does not tell its installationInterval")  # fmt: skip


@POQ.rule(("R9", "R28"), on=_SHOWN)
def a_ready_qualification_tells_its_confidence(said: Said) -> Iterator[Mark]:
    """The serviceabilityConfidence of each done.ready item of a done.ready qualification."""
    return _confidence(said, whole=True)


@POQ.rule("R28", on=_SHOWN)
def a_ready_item_tells_its_confidence(said: Said) -> Iterator[Mark]:
    """The serviceabilityConfidence of each done.ready item, while the qualification is not done.ready."""
    return _confidence(said, whole=False)


@POQ.rule(("R10", "R29"), on=_SHOWN)
def a_ready_qualification_tells_its_intervals(said: Said) -> Iterator[Mark]:
    """The installationInterval of each green or yellow item of a done.ready qualification."""
    return _interval(said, whole=True)


@POQ.rule("R29", on=_SHOWN)
def a_ready_item_tells_its_interval(said: Said) -> Iterator[Mark]:
    """The installationInterval of each green or yellow item, while the qualification is not done.ready."""
    return _interval(said, whole=False)


_FINDINGS: Final = (
    "serviceabilityConfidence",
    "installationInterval",
    "guaranteedUntilDate",
    "alternateProductOfferingProposal",
)


@POQ.rule("R30", on=_SHOWN)
def a_failed_item_has_no_findings(said: Said) -> Iterator[Mark]:
    """An item that is terminatedWithError or done.abandoned tells no confidence, interval, guarantee or alternative."""
    for place, item in _items(said.body):
        if item.get("state") in (_FAILED, _ABANDONED):
            for name in _FINDINGS:
                yield hold(f"{place}/{name}", not given(item.get(name)), expected=MISSING, found=item.get(name),
                           message=f"{place} is {item['state']} and tells {name} all the same")  # fmt: skip


@POQ.rule(name="early-confidence", on=_SHOWN)
def an_item_in_work_has_no_confidence(said: Said) -> Iterator[Mark]:
    """The serviceabilityConfidence is not there before an item is done.ready (7.2.2.7)."""
    for place, item in _items(said.body):
        if item.get("state") in ("acknowledged", "inProgress"):
            found = item.get("serviceabilityConfidence", MISSING)
            yield hold(f"{place}/serviceabilityConfidence", not given(found), expected=MISSING, found=found,
                       message=f"{place} is {item['state']} and tells a serviceabilityConfidence already")  # fmt: skip


POQ.present("R31", _ITEM, "/terminationError", on=_SHOWN, where=lambda item: item.get("state") == _FAILED)


@POQ.rule(name="alternates", on=_SHOWN)
def alternatives_are_asked_for(said: Said) -> Iterator[Mark]:
    """Alternatives are proposed where the Buyer wants some, for items that are yellow or red (7.2.2.6)."""
    life = said.run.life(KIND, at(said.body, "/id"))
    asked = life.request if life else MISSING
    for place, item in _items(said.body):
        found = item.get("alternateProductOfferingProposal", MISSING)
        if not given(found) or item.get("state") in (_FAILED, _ABANDONED):
            continue
        wanted = at(asked if isinstance(asked, dict) else said.body, "/provideAlternative") is True
        if wanted and item.get("serviceabilityConfidence") != "green":
            yield FINE
        else:
            why = "a green item needs none" if wanted else "the Buyer asked for none"
            yield breach(f"{place}/alternateProductOfferingProposal", MISSING, found,
                         f"{place} proposes alternatives, and {why}", hint=True)  # fmt: skip


# 6.3.3 the items of a request


def _does(*actions: str) -> Callable[[Any], bool]:
    return lambda item: item.get("action") in actions


POQ.present("R32", _ITEM, "/id", "/action", "/product", on=_ASK)
_OFFERING: Final = "poq-add-names-offering"


@POQ.rule("R33", on=_ASK)
def a_new_product_names_one_of_two(said: Said) -> Iterator[Mark]:
    """An item with action add refers to an offering or to a specification, and not to both."""
    for place, item in _items(said.body):
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


POQ.present("R34", _ITEM, "/product/productConfiguration", on=_ASK, where=_does("add"))


@POQ.rule("R35", on=_ASK)
def a_configuration_suits_what_it_is_of(said: Said) -> Iterator[Mark]:
    """The `@type` of a configuration names the product that the Seller showed for the same offering or specification."""
    wanted = [
        (f"{place}/product/productConfiguration/@type", item["product"], family)
        for place, item in _items(said.body)
        if (family := _family(at(item, "/product/productConfiguration/@type")))
    ]
    known = _catalog(said) if wanted else {}
    for place, product, family in wanted:
        for name in ("productOffering", "productSpecification"):
            identifier = at(product, f"/{name}/id")
            families = known.get((name, identifier)) if isinstance(identifier, str) else None
            if name == "productSpecification" and str(identifier).lower().startswith("urn:mef:lso:spec:"):
                families = {str(_family(identifier))}
            if families:
                yield hold(place, family in families, expected=sorted(families), found=family,
                           message=f"{name} {identifier} is of {', '.join(sorted(families))}, not of {family}")  # fmt: skip


def _catalog(said: Said) -> dict[tuple[str, str], set[str]]:
    """What the Seller showed so far to be configured for an offering or a specification.

    It showed it with products in inventory, with alternatives, and with items that it can deliver.
    """
    found: dict[tuple[str, str], set[str]] = {}

    def note(product: Any) -> None:
        family = _family(at(product, "/productConfiguration/@type"))
        for name in ("productOffering", "productSpecification") if family else ():
            identifier = at(product, f"/{name}/id")
            if isinstance(identifier, str):
                found.setdefault((name, identifier), set()).add(str(family))

    for life in said.run.lives(PRODUCT):
        if shown := life.last_before(said.exchange):
            note(shown.value)
    for life in said.run.lives(KIND):
        shown = life.last_before(said.exchange)
        for _, item in _items(shown.value) if shown else ():
            if item.get("serviceabilityConfidence") in ("green", "yellow"):
                note(item.get("product"))
            for _, product in every_alternate("", item):
                note(product)
    return found


POQ.absent("R36", _ITEM, "/product/id", on=_ASK, where=_does("add"))
POQ.present("R37", _ITEM, "/product/productConfiguration", on=_ASK, where=_does("modify"))
POQ.present(("R40", "R37"), _ITEM, "/product/id", on=_ASK, where=_does("modify"))
POQ.present("R40", _ITEM, "/product/id", on=_ASK, where=_does("delete"), name="delete")
_REPEATS: Final = "poq-modify-repeats"


@POQ.rule("R38", on=_ASK)
def a_change_repeats_what_is_installed(said: Said) -> Iterator[Mark]:
    """Offering, specification and relations of a product to modify are those that the inventory showed.

    The inventory shows no places, so nothing is said of them.
    """
    for place, item in _items(said.body):
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
    left_out = [name for name in names if given(theirs[name]) and not given(mine[name])]
    for name in names:
        if given(mine[name]) and given(theirs[name]):
            yield hold(f"{place}/{name}/id", mine[name] == theirs[name], expected=theirs[name], found=mine[name],
                       message=f"{place}/{name} is {mine[name]}; {told} {theirs[name]}")  # fmt: skip
        elif given(mine[name]):
            yield breach(f"{place}/{name}", MISSING, mine[name], f"{place}/{name} is given; {told} none",
                         reading=(_REPEATS, "everything"))  # fmt: skip
    named = any(given(mine[name]) for name in names)
    for name in left_out:
        reading = said.run.reading(_REPEATS)
        holds = reading if reading == "everything" or (reading == "by-one-name" and not named) else "everything"
        yield breach(f"{place}/{name}", theirs[name], MISSING, f"{place}/{name} is left out; {told} {theirs[name]}",
                     reading=(_REPEATS, holds))  # fmt: skip
    asked, there = _links(product), _links(installed.value)
    yield hold(f"{place}/productRelationship", asked == there, expected=sorted(there), found=sorted(asked),
               message=f"{place}/productRelationship is not what {told}")  # fmt: skip


def _links(product: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {
        (str(link.get("relationshipType")), str(link.get("id")))
        for _, link in every(product, "/productRelationship/*")
        if isinstance(link, dict)
    }


POQ.absent(
    ("R39", "R41"), _ITEM, "/product/productOffering", "/product/productSpecification",
    "/product/productConfiguration", on=_ASK, where=_does("delete"),
)  # fmt: skip


@POQ.rule("R41", on=_ASK)
def a_removal_has_an_id_alone(said: Said) -> Iterator[Mark]:
    """The product of an item to delete has its id, perhaps its `@type`, and nothing else."""
    for place, item in _items(said.body):
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
    for exchange in run.of(_CREATE, api=_API):
        body = exchange.request.body
        places = {where: kind for where, kind in every(body, f"{_ITEM}/product/place/*/@type") if kind in _ADDRESSES}
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


@POQ.rule("R43", on=_ASK | _SHOWN)
def a_place_known_by_its_id_is_a_reference(said: Said) -> Iterator[Mark]:
    """A place with an id is a GeographicAddressRef or a GeographicSiteRef, not an address that is spelled out."""
    life = said.run.life(KIND, at(said.body, "/id")) if said.half is Half.RESPONSE else None
    for where, place in every(said.body, f"{_ITEM}/product/place/*"):
        if not isinstance(place, dict) or not given(at(place, "/id")):
            continue
        if place.get("@type") in _REFERENCES:
            yield FINE
        elif place.get("@type") in _SPELLED_OUT and (life is None or life.asked is None):
            yield breach(f"{where}/id", "in a GeographicAddressRef or GeographicSiteRef", place["id"],
                         f"{where} is a {place['@type']} and refers to a place by its id")  # fmt: skip


# 6.4 reading and listing

common.keeps_id(POQ, (), KIND)
common.stays(POQ, (), KIND)
common.unknown_is_404(POQ, (), _RETRIEVE, KIND, name="unknown")
common.nothing_found_is_200(POQ, (), _LIST, name="empty")
common.no_doubles(POQ, (), _LIST)
common.pages(POQ, (), _LIST)
common.agrees(POQ, (), KIND, "/externalId", "/projectId")
common.steady(POQ, KIND)
common.filters(
    POQ,
    (),
    _LIST,
    {
        "state": common.Filter("/state"),
        "externalId": common.Filter("/externalId"),
        "projectId": common.Filter("/projectId"),
    },
    name="filters",
)
_ZONES: Final = timedelta(hours=14)
"""A list shows a day where a request has an instant, and the day it is depends on where one stands."""


def _date_asked(life: Life, exchange: Exchange) -> datetime | None:
    """The date that a qualification was asked for by, where the run showed it."""
    before = life.last_before(exchange)
    return _moment(at(life.request, f"/{_DATE}")) or _moment(at(before.value if before else None, f"/{_DATE}"))


def _day(value: Any) -> tuple[datetime, datetime] | None:
    """The first and the last instant that a day of a list can mean."""
    start = _moment(f"{value}T00:00:00+00:00") if isinstance(value, str) and len(value) == len("2026-01-01") else None
    return (start - _ZONES, start + timedelta(days=1) + _ZONES) if start else None


@POQ.rule(name="list-date", on=_LISTED)
def a_list_shows_the_day_asked_for(said: Said) -> Iterator[Mark]:
    """The requestedPOQCompletionDate of each entry is the day of the instant that was asked for."""
    for shown, life in said.lived():
        day, asked = _day(shown.value.get(_DATE)), _date_asked(life, said.exchange)
        if day and asked:
            yield hold(f"{shown.place}/{_DATE}", day[0] <= asked <= day[1], expected=asked.date().isoformat(),
                       found=shown.value[_DATE],
                       message=f"{shown.place}/{_DATE} is {shown.value[_DATE]}; {asked.isoformat()} was asked for")  # fmt: skip


@POQ.rule(name="list-shows", on=_LISTED)
def a_list_shows_what_it_has_to(said: Said) -> Iterator[Mark]:
    """Each entry of a list shows projectId and requestedPOQCompletionDate, where the Buyer gave them (6.4.1)."""
    for shown, life in said.lived():
        for name in ("projectId", _DATE):
            if given(at(life.request, f"/{name}")):
                if given(shown.value.get(name)):
                    yield FINE
                else:
                    yield breach(f"{shown.place}/{name}", "what the Buyer gave", shown.value.get(name, MISSING),
                                 f"{shown.place} does not show {name}, which the Buyer gave", hint=True)  # fmt: skip


@POQ.rule(name="date-filters", on=_LISTED)
def entries_are_of_the_dates_wanted(said: Said) -> Iterator[Mark]:
    """Every entry of a list matches requestedPOQCompletionDate.gt and .lt of its query."""
    later, earlier = _moment(said.query.get(f"{_DATE}.gt")), _moment(said.query.get(f"{_DATE}.lt"))
    if later is None and earlier is None:
        return
    for shown, life in said.lived():
        asked, day = _date_asked(life, said.exchange), _day(shown.value.get(_DATE))
        span = (asked, asked) if asked else day
        if span:
            for wanted, right, what in ((later, later is None or span[1] >= later, "gt"),
                                        (earlier, earlier is None or span[0] <= earlier, "lt")):  # fmt: skip
                if wanted is not None:
                    yield hold(f"{shown.place}/{_DATE}", right, expected=f"{what} {wanted.isoformat()}",
                               found=(asked.isoformat() if asked else shown.value[_DATE]),
                               message=f"{shown.place} does not match the filter {_DATE}.{what}")  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Page:
    """One page of a list, as the Seller sent it."""

    exchange: Exchange
    ids: tuple[str, ...]
    size: int
    offset: int
    limit: int | None
    says_more: bool
    key: tuple[tuple[str, str], ...]


_PAGING: Final = ("offset", "limit")
_WHO: Final = ("buyerId", "sellerId")


def _pages(run: Run) -> list[_Page]:
    found: list[_Page] = []
    for exchange in run.of(_LIST, api=_API):
        body = exchange.response.body if exchange.response is not None and succeeded(exchange) else None
        if isinstance(body, list) and exchange.response is not None:
            query = exchange.request.query
            offset = _number(dict(query).get("offset")) or 0
            total = _number(exchange.response.header("X-Total-Count"))
            throttled = (exchange.response.header("X-Pagination-Throttled") or "").strip().lower() == "true"
            found.append(
                _Page(
                    exchange=exchange,
                    ids=tuple(value for _, value in every(body, "/*/id") if isinstance(value, str)),
                    size=len(body),
                    offset=offset,
                    limit=_number(dict(query).get("limit")),
                    says_more=throttled or (total is not None and total > offset + len(body)),
                    key=tuple(sorted((name, value) for name, value in query if name not in _PAGING)),
                )
            )
    return found


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004


@POQ.at_end("R47")
def a_cut_list_says_so(run: Run) -> Iterator[Remark]:
    """A page behind which there is more says so, by X-Total-Count or by X-Pagination-Throttled.

    That there is more is shown by a later page of the same list, or by what was created before.
    """
    pages = _pages(run)
    for index, page in enumerate(pages):
        if page.says_more:
            yield on_response(page.exchange, FINE)
        elif page.size and (missed := _missed(run, page, pages[index + 1 :])):
            yield on_response(
                page.exchange,
                breach("", "X-Total-Count or X-Pagination-Throttled", MISSING,
                       f"the page ends before {missed}, and no header says that there is more"),
            )  # fmt: skip


def _missed(run: Run, page: _Page, later: list[_Page]) -> str | None:
    """A qualification that was there when a page was sent, belongs behind it, and is not on it."""
    for other in later:
        if other.key == page.key and other.offset >= page.offset + page.size:
            for identifier in other.ids:
                if identifier not in page.ids and _older(run, identifier, page.exchange):
                    return identifier
    who = {name: value for name, value in page.key if name in _WHO}
    if page.limit == page.size and page.offset == 0 and len(who) == len(page.key):
        for life in run.lives(KIND):
            mine = life.asked is not None and who == {k: v for k, v in life.asked.request.query if k in _WHO}
            if mine and life.id not in page.ids and _older(run, life.id, page.exchange):
                return life.id
    return None


def _older(run: Run, identifier: str, exchange: Exchange) -> bool:
    life = run.life(KIND, identifier)
    return life is not None and life.last_before(exchange, whole=False) is not None


# 7.2 states

_WHOLE: Final = common.Machine("productOfferingQualification")
_EACH: Final = common.Machine("productOfferingQualificationItem", _ITEM)
common.goes_legally(POQ, (), _WHOLE, on=_SHOWN | _LISTED)
common.goes_legally(POQ, (), _EACH, on=_SHOWN, name="item-path")
common.tells_history(POQ, (), _WHOLE, on=_SHOWN)
common.tells_history(POQ, (), _EACH, on=_SHOWN, name="item-history")


@POQ.rule(name="item-steps", on=_SHOWN)
def an_item_is_worked_on_before_it_is_ready(said: Said) -> Iterator[Mark]:
    """Where the first answer was not final, the stateChange of a ready item has inProgress in it (figure 15)."""
    for shown, life in said.lived():
        first = at(life.asked.response.body, "/state") if life.asked and life.asked.response else None
        if first not in ("acknowledged", "inProgress"):
            continue
        for place, item in _items(shown.value):
            told = [state for _, state in every(item, "/stateChange/*/state")]
            if "acknowledged" in told and _READY in told:
                if "inProgress" in told:
                    yield FINE
                else:
                    yield breach(f"{place}/stateChange", "inProgress", told,
                                 f"{place}/stateChange goes from acknowledged to {_READY} without inProgress",
                                 hint=True)  # fmt: skip


_SKEW: Final = timedelta(hours=1)
"""By how much the clocks of two parties may differ before it is worth a word."""


@POQ.rule(name="future", on=_SHOWN)
def what_is_past_is_not_to_come(said: Said) -> Iterator[Mark]:
    """No state was reached later than the answer that tells of it; clocks may differ by an hour."""
    latest = said.exchange.at + _SKEW
    for pattern in ("/stateChange/*/changeDate", f"{_ITEM}/stateChange/*/changeDate", "/effectiveQualificationDate"):
        for where, value in every(said.body, pattern):
            moment = _moment(value)
            if moment is not None and moment > latest:
                yield breach(where, f"{said.exchange.at.isoformat()} at the latest", value,
                             f"{where} is later than the answer itself", hint=True)  # fmt: skip
            elif moment is not None:
                yield FINE


def _states(said: Said) -> tuple[Any, dict[str, str]]:
    """The state of a qualification and those of its items by place; no items where one has no state that we know."""
    found = {f"{place}/state": item.get("state") for place, item in _items(said.body)}
    known = {place: state for place, state in found.items() if state in _STATES_OF_ITEM}
    return at(said.body, "/state"), known if len(known) == len(found) else {}


@POQ.rule("R48", on=_SHOWN)
def ready_means_all_items(said: Said) -> Iterator[Mark]:
    """All items of a done.ready qualification are done.ready."""
    state, items = _states(said)
    for place, found in items.items() if state == _READY else ():
        yield hold(place, found == _READY, expected=_READY, found=found,
                   message=f"{place} is {found}, and the qualification is {_READY}")  # fmt: skip


@POQ.rule("R49", on=_SHOWN)
def terminated_means_an_item_failed(said: Said) -> Iterator[Mark]:
    """A qualification that is terminatedWithError has an item that is."""
    state, items = _states(said)
    if state == _FAILED and items:
        if _FAILED in items.values():
            yield FINE
        else:
            yield breach("/state", f"an item that is {_FAILED}", sorted(set(items.values())),
                         f"the qualification is {_FAILED}, and none of its items is",
                         reading=("poq-terminated-without-item", "an-item"))  # fmt: skip


@POQ.rule("R50", on=_SHOWN)
def in_progress_means_work_on_an_item(said: Said) -> Iterator[Mark]:
    """A qualification in progress has an item in progress, and none that failed."""
    state, items = _states(said)
    if state != "inProgress" or not items:
        return
    for place, found in items.items():
        if found == _FAILED:
            yield breach(place, "no item that failed", found, f"{place} is {found}, and the qualification is {state}")
    if "inProgress" in items.values():
        yield FINE
    elif _FAILED not in items.values():
        between = any(found in _FINAL_ITEM for found in items.values())
        yield breach("/state", "an item that is inProgress", sorted(set(items.values())),
                     "the qualification is inProgress, and none of its items is",
                     reading=("poq-in-progress-lag", "at-every-moment") if between else None)  # fmt: skip


@POQ.rule(name="items-fit", on=_SHOWN)
def items_go_with_the_whole(said: Said) -> Iterator[Mark]:
    """What figures 14 and 15 leave no room for: items that are ahead of their qualification, or behind it."""
    state, items = _states(said)
    for place, found in items.items():
        odd = (
            (state == "acknowledged" and found in (_FAILED, _ABANDONED))
            or (state == "inProgress" and found == _ABANDONED)
            or (state == _FAILED and found in ("acknowledged", "inProgress"))
        )
        if odd:
            yield breach(place, f"a state that goes with {state}", found,
                         f"{place} is {found} while the qualification is {state}", hint=True)  # fmt: skip
        else:
            yield FINE
    if items and state in ("acknowledged", _UNABLE) and set(items.values()) == {_READY}:
        yield breach("/state", _READY, state, f"all items are {_READY}, and the qualification is {state}", hint=True)


@POQ.rule(name="effective", on=_SHOWN)
def the_end_is_not_dated_before_it_comes(said: Said) -> Iterator[Mark]:
    """The effectiveQualificationDate is not there before the qualification is final (7.2.1.3)."""
    if at(said.body, "/state") in ("acknowledged", "inProgress"):
        found = at(said.body, "/effectiveQualificationDate")
        yield hold("/effectiveQualificationDate", not given(found), expected=MISSING, found=found,
                   message=f"the qualification is {said.body['state']} and tells when it ended")  # fmt: skip


common.keeps(POQ, (), "", "/effectiveQualificationDate", on=_SHOWN, name="effective-kept")


@POQ.rule(name="findings-kept", on=_SHOWN)
def findings_stay_as_they_are(said: Said) -> Iterator[Mark]:
    """What an item tells once it is final (confidence, interval, guarantee, alternatives, errors) never changes."""
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        if earlier is None:
            continue
        for place, item, before in common.paired(shown, earlier, _ITEM):
            if before.get("state") not in _FINAL_ITEM or item.get("state") != before["state"]:
                continue
            for name in (*_FINDINGS, "terminationError"):
                old, new = before.get(name, MISSING), item.get(name, MISSING)
                if given(old):
                    yield hold(f"{place}/{name}", _alike(old, new), expected=old, found=new,
                               message=f"{place}/{name} is no longer what exchange {earlier.exchange.n} showed, "
                                       f"though the item was {before['state']}")  # fmt: skip


def _alike(old: Any, new: Any) -> bool:
    """Whether two values say the same; lists may come in another order."""
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(entry in new for entry in old)
    return common.same(old, new)


_CLOSE: Final = timedelta(minutes=1)


@POQ.rule(name="dates", on=_SHOWN)
def dates_are_in_order(said: Said) -> Iterator[Mark]:
    """A guarantee ends after the qualification, and the qualification ended when its stateChange says."""
    ended = _moment(at(said.body, "/effectiveQualificationDate"))
    if ended is None:
        return
    for where, value in every(said.body, f"{_ITEM}/guaranteedUntilDate"):
        until = _moment(value)
        if until is not None and until < ended:
            yield breach(where, f"after {ended.isoformat()}", value, f"{where} is before the qualification ended",
                         hint=True)  # fmt: skip
        elif until is not None:
            yield FINE
    state = at(said.body, "/state")
    changes = [entry for _, entry in every(said.body, "/stateChange/*") if at(entry, "/state") == state]
    reached = [moment for entry in changes if (moment := _moment(at(entry, "/changeDate"))) is not None]
    if reached and state in _FINAL:
        if any(abs(moment - ended) <= _CLOSE for moment in reached):
            yield FINE
        else:
            yield breach("/effectiveQualificationDate", [moment.isoformat() for moment in reached],
                         at(said.body, "/effectiveQualificationDate"),
                         f"effectiveQualificationDate is not when stateChange says that {state} was reached",
                         hint=True)  # fmt: skip


# 6.6 notifications


@dataclass(frozen=True, slots=True)
class _Subscription:
    """A subscription that the run saw, with its end if there was one."""

    made: Exchange
    ended: Exchange | None

    @property
    def types(self) -> frozenset[str] | None:
        """The event types that it is narrowed to; None for all, or where we cannot tell."""
        return _types(self.made.request.body)

    def covers(self, event_type: str) -> bool:
        return self.types is None or event_type in self.types

    def who(self) -> dict[str, str]:
        return {name: value for name, value in self.made.request.query if name in _WHO}


def _subscription_id(made: Exchange) -> str | None:
    body = made.response.body if made.response is not None else None
    found = body.get("id") if isinstance(body, dict) else None
    return found if isinstance(found, str) else None


def _subscriptions(run: Run, before: int) -> list[_Subscription]:
    """The subscriptions made before an exchange; those that ended before it with their end."""
    ends: dict[str | None, Exchange] = {
        exchange.path_params.get("id"): exchange
        for exchange in run.of("unregisterListener", api=_API)
        if succeeded(exchange) and exchange.n < before
    }
    return [
        _Subscription(exchange, ends.get(_subscription_id(exchange)))
        for exchange in run.of("registerListener", api=_API)
        if exchange.n < before and succeeded(exchange)
    ]


def _types(subscription: Any) -> frozenset[str] | None:
    query = subscription.get("query") if isinstance(subscription, dict) else None
    return _types_of(query) if isinstance(query, str) else None


@lru_cache(maxsize=64)
def _types_of(query: str) -> frozenset[str] | None:
    found: set[str] = set()
    for part in unquote(query).strip().removeprefix("?").split("&"):
        name, _, values = part.partition("=")
        if name.strip() != "eventType":
            return None
        found |= {value.strip() for value in values.split(",") if value.strip()}
    return frozenset(found) or None


def _late(said: Said, end: Exchange) -> bool:
    """Whether an event happened before a subscription ended and was on its way."""
    happened = _moment(at(said.body, "/eventTime"))
    return happened is not None and happened <= end.at


@POQ.rule("R44", on=_TOLD)
def events_have_a_subscriber(said: Said) -> Iterator[Mark]:
    """An event comes while there is a subscription. Where the run saw none at all, one may be older than the run."""
    known = _subscriptions(said.run, said.exchange.n)
    if not known:
        return
    if any(each.ended is None for each in known):
        yield FINE
    elif not any(each.ended is not None and _late(said, each.ended) for each in known):
        yield breach("", "no event after the subscription ended", at(said.body, "/eventType"),
                     "an event was sent, though every subscription had ended")  # fmt: skip


@POQ.rule("R53", on=_TOLD | responses(_API, "registerListener", statuses=ANY_STATUS))
def events_are_of_the_types_wanted(said: Said) -> Iterator[Mark]:
    """Where subscriptions name event types, events are of these types; such a subscription is not refused."""
    if said.exchange.operation == "registerListener":
        wanted = _types(said.asked)
        right = wanted is not None and wanted <= set(_EVENTS.values()) and said.exchange.n not in said.run.provoked
        if right and said.status == 400:  # noqa: PLR2004
            yield breach("", 201, said.status, "a subscription to event types was refused", hint=True)
        return
    event_type = _EVENTS[str(said.exchange.operation)]
    known = _subscriptions(said.run, said.exchange.n)
    active = [each for each in known if each.ended is None]
    if not active or any(each.types is None for each in active):
        return
    if any(each.covers(event_type) for each in active):
        yield FINE
    elif not any(each.ended is not None and each.covers(event_type) and _late(said, each.ended) for each in known):
        yield breach("/eventType", sorted({name for each in active for name in each.types or ()}), event_type,
                     f"a {event_type} was sent, and nobody subscribed to these")  # fmt: skip


@POQ.rule(name="hub", on=responses(_API, "registerListener"))
def a_subscription_is_as_it_was_asked_for(said: Said) -> Iterator[Mark]:
    """A subscription shows the callback and the query that were sent, and has an id of its own."""
    for name in ("callback", "query"):
        sent, found = at(said.asked, f"/{name}"), at(said.body, f"/{name}")
        if given(sent):
            yield hold(f"/{name}", sent == found, expected=sent, found=found)
    identifier = at(said.body, "/id")
    for each in _subscriptions(said.run, said.exchange.n) if isinstance(identifier, str) else ():
        if each.ended is None:
            yield hold("/id", _subscription_id(each.made) != identifier, expected="an id of its own", found=identifier,
                       message=f"subscription {identifier} was made before, by exchange {each.made.n}")  # fmt: skip


def _listening(run: Run, created: Exchange, event_type: str) -> bool:
    """Whether a subscription was there when a qualification was made, and to the end of the run."""
    who = {name: value for name, value in created.request.query if name in _WHO}
    mine = [each for each in _subscriptions(run, created.n) if each.covers(event_type) and each.who() == who]
    ended = {exchange.path_params.get("id") for exchange in run.of("unregisterListener", api=_API)}
    return any(_subscription_id(each.made) not in ended for each in mine)


_PATIENCE: Final = timedelta(minutes=1)


def _silence(run: Run, since: Exchange, about: Life) -> bool | None:
    """Whether an event that is due since then is lost: True where later ones came, False where a minute passed."""
    if any(event.n > since.n for event in about.told):
        return True
    return False if run.exchanges[-1].at - since.at >= _PATIENCE else None


@POQ.at_end("R45")
def a_new_qualification_is_announced(run: Run) -> Iterator[Remark]:
    """A poqCreateEvent follows each qualification that is made while somebody listens."""
    for life in run.lives(KIND):
        if life.asked is None:
            continue
        told = [event for event in life.told if event.operation == "poqCreateEvent"]
        if told:
            yield on_request(told[0], FINE)
        elif _listening(run, life.asked, "poqCreateEvent"):
            lost = _silence(run, life.asked, life)
            if lost is not None:
                yield on_response(
                    life.asked,
                    breach("", "a poqCreateEvent", MISSING, f"no poqCreateEvent told of qualification {life.id}",
                           hint=not lost),
                )  # fmt: skip


@POQ.rule("R46", on=requests(_API, *_CHANGES))
def an_answer_at_once_has_no_changes(said: Said) -> Iterator[Mark]:
    """Changes of state are told of qualifications that were not answered at once."""
    life = said.run.life(KIND, at(said.body, "/event/id"))
    if life is not None and life.asked is not None and life.asked.response is not None:
        first = at(life.asked.response.body, "/state")
        if first in _STATES:
            yield hold("/event/id", first not in _FINAL, expected="a qualification that was answered later",
                       found=life.id, message=f"qualification {life.id} was {first} from the start; "
                                              "there is no change to tell of")  # fmt: skip


@POQ.at_end(name="change-told")
def a_change_is_announced(run: Run) -> Iterator[Remark]:
    """A poqStateChangeEvent follows a change of state that a read shows, while somebody listens (6.2.3)."""
    for life in run.lives(KIND):
        if life.asked is None or life.asked.response is None:
            continue
        first = at(life.asked.response.body, "/state")
        seen = next((shown for shown in life.shown if shown.value.get("state") != first), None)
        if first in _FINAL or seen is None:
            continue
        told = [event for event in life.told if event.operation == "poqStateChangeEvent"]
        if told:
            yield on_request(told[0], FINE)
        elif _listening(run, life.asked, "poqStateChangeEvent") and _silence(run, seen.exchange, life) is not None:
            yield on_response(
                seen.exchange,
                breach(f"{seen.place}/state", "a poqStateChangeEvent", MISSING,
                       f"qualification {life.id} is {seen.value.get('state')}, and no poqStateChangeEvent told of it",
                       hint=True),
            )  # fmt: skip


@POQ.rule(name="event-type", on=_TOLD)
def an_event_goes_to_its_listener(said: Said) -> Iterator[Mark]:
    """The eventType is that of the listener it is sent to (6.6)."""
    wanted, found = _EVENTS[str(said.exchange.operation)], at(said.body, "/eventType")
    if found in _EVENTS.values():
        yield hold("/eventType", found == wanted, expected=wanted, found=found,
                   message=f"a {found} was sent to the listener of {wanted}")  # fmt: skip


@POQ.rule(name="event-time", on=_TOLD)
def an_event_happened_in_its_time(said: Said) -> Iterator[Mark]:
    """The eventTime is not later than the event came, nor before its qualification was asked for, give or take an hour."""
    happened = _moment(at(said.body, "/eventTime"))
    if happened is None:
        return
    life = said.run.life(KIND, at(said.body, "/event/id"))
    first = life.asked.at if life is not None and life.asked is not None else None
    if happened > said.exchange.at + _SKEW:
        yield breach("/eventTime", f"{said.exchange.at.isoformat()} at the latest", at(said.body, "/eventTime"),
                     "the event came before it happened", hint=True)  # fmt: skip
    elif first is not None and happened < first - _SKEW:
        yield breach("/eventTime", f"{first.isoformat()} at the earliest", at(said.body, "/eventTime"),
                     "the event happened before its qualification was asked for", hint=True)  # fmt: skip
    else:
        yield FINE


@POQ.rule(name="event-item", on=requests(_API, "listenToPoqItemStateChangeEvent"))
def an_item_event_names_an_item(said: Said) -> Iterator[Mark]:
    """The poqItemId of a poqItemStateChangeEvent is there, and names an item of the qualification."""
    found = at(said.body, "/event/poqItemId")
    life = said.run.life(KIND, at(said.body, "/event/id"))
    if found in (MISSING, None, ""):
        yield breach("/event/poqItemId", "the id of an item", found, "the event does not say which item changed",
                     hint=True)  # fmt: skip
    elif isinstance(found, str) and life is not None:
        whole = life.last_before(said.exchange)
        known = {**_by_id(life.request), **_by_id(whole.value if whole else None)}
        if known:
            yield hold("/event/poqItemId", found in known, expected=list(known), found=found,
                       message=f"qualification {life.id} has no item {found}")  # fmt: skip


@POQ.at_end(name="event-known")
def events_are_about_what_there_is(run: Run) -> Iterator[Remark]:
    """An event is about a qualification that the run shows; a read of it is not answered 404."""
    reads = {exchange.path_params.get("id"): exchange for exchange in run.of(_RETRIEVE, api=_API)}
    for life in run.lives(KIND):
        for event in life.told[:1]:
            read = reads.get(life.id)
            gone = read is not None and read.n > event.n and read.response is not None and read.response.status == 404  # noqa: PLR2004
            if life.shown:
                yield on_request(event, FINE)
            else:
                yield on_request(
                    event,
                    breach("/event/id", "a qualification of this run", life.id,
                           f"the event is about qualification {life.id}, "
                           + ("which is not found" if gone else "which the run does not show"),
                           hint=not gone),
                )  # fmt: skip


@POQ.at_end(name="event-id")
def each_event_has_its_id(run: Run) -> Iterator[Remark]:
    """Two different events do not share an eventId; the same event may be sent again."""
    seen: dict[str, tuple[Any, ...]] = {}
    for exchange in run.of(*_EVENTS, api=_API):
        body = exchange.request.body
        identifier = at(body, "/eventId")
        if isinstance(identifier, str):
            told = tuple(str(at(body, place)) for place in ("/eventType", "/event/id", "/event/poqItemId"))
            right = seen.setdefault(identifier, told) == told
            yield on_request(
                exchange,
                FINE if right else breach("/eventId", "an id of its own", identifier,
                                          f"another event had the eventId {identifier}", hint=True),
            )  # fmt: skip


_STEPS: Final = {"acknowledged": 0, "inProgress": 1, **dict.fromkeys(_FINAL, 2)}
"""How many changes of state a qualification has behind it."""


@POQ.at_end(name="event-changes")
def a_change_that_is_told_took_place(run: Run) -> Iterator[Remark]:
    """By the time a read shows a state, no more changes were told of than lead to it."""
    for life in run.lives(KIND):
        events = [event for event in life.told if event.operation == "poqStateChangeEvent"]
        for shown in life.shown if events else ():
            before = [event for event in events if event.n < shown.exchange.n]
            told = {str(at(event.request.body, "/eventId")) for event in before}
            steps = _STEPS.get(str(shown.value.get("state")))
            if before and steps is not None:
                right = len(told) <= steps
                yield on_request(
                    before[-1],
                    FINE if right else breach("/event/id", f"{steps} changes at most", len(told),
                                              f"{len(told)} changes of qualification {life.id} were told of, "
                                              f"and exchange {shown.exchange.n} shows {shown.value.get('state')}",
                                              hint=True),
                )  # fmt: skip
                if not right:
                    break
