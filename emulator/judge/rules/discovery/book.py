"""The book that the modules beside this one fill, and what they have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from emulator.judge.rule import requests, responses
from emulator.judge.rulebook import Rulebook, given
from emulator.record.exchange import Exchange
from emulator.record.payload import at, every

DISCOVERY: Final = Rulebook("W160", "availabilityAndPricingDiscovery")

API: Final = DISCOVERY.api
AVAILABILITY: Final = "productOfferingAvailabilityRequest"
PRICING: Final = "pricingDiscoveryRequest"

ASKED: Final = requests(API, AVAILABILITY)
PRICE_ASKED: Final = requests(API, PRICING)
ANSWERED: Final = responses(API, AVAILABILITY)
PRICED: Final = responses(API, PRICING)

LIST: Final = "/availableProductOfferingConfigurations"
EACH: Final = f"{LIST}/*"
TERMS: Final = "/pricingAndTerms"
EACH_TERM: Final = f"{TERMS}/*"
IDENTIFIER: Final = "/productConfigurationIdentifier"
OF_CONTEXT: Final = ("place", "productRelationship", "productSpecification")

Context = tuple[Any, ...]
"""What a question is about beside a configuration: action, product in service, places, relations."""


def is_asked_for(body: Any, action: str) -> bool:
    """Whether a question is about that action."""
    return bool(at(body, "/action") == action)


def context_of(body: Any) -> Context:
    """The action and the delivery context of a question, whatever the order of its places and relations."""
    places = sorted(f"{at(one, '/role')} {at(one, '/id')}" for _, one in every(body, "/place/*"))
    related = sorted(
        f"{at(one, '/relationshipType')} {at(one, '/id')}" for _, one in every(body, "/productRelationship/*")
    )
    product = at(body, "/productRef/id") if given(at(body, "/productRef")) else None
    action, product = (
        exactly(each) if isinstance(each, dict | list) else each for each in (at(body, "/action"), product)
    )
    return action, product, tuple(places), tuple(related)


def seller_of(exchange: Exchange) -> str:
    """Which of several Sellers was asked; "" where there is nobody to tell apart."""
    return dict(reversed(exchange.request.query)).get("sellerId", "")


Parties = tuple[str, str]
"""A Seller and a Buyer, where there are several; what one Buyer is told says nothing of another one."""


def parties_of(exchange: Exchange) -> Parties:
    """Which of several Sellers was asked by which of several Buyers; "" where there is nobody to tell apart."""
    return seller_of(exchange), dict(reversed(exchange.request.query)).get("buyerId", "")


def exactly(value: Any) -> str:
    """A text that is the same for JSON values that say the same: members in any order, 1 is 1.0, true is not 1."""
    return _text(value, loosely=False)


def loosely(value: Any) -> str:
    """Likewise, with the entries of lists in any order: what differs even so surely says something else."""
    return _text(value, loosely=True)


def _text(value: Any, *, loosely: bool) -> str:
    if isinstance(value, Mapping):
        members = sorted((name, _text(member, loosely=loosely)) for name, member in value.items())
        return "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in members) + "}"
    if isinstance(value, list):
        entries = [_text(entry, loosely=loosely) for entry in value]
        return "[" + ",".join(sorted(entries) if loosely else entries) + "]"
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = Decimal(repr(value))
        return str(number.normalize()) if number.is_finite() else repr(value)
    return json.dumps(value, default=str)
