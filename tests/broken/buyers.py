"""Buyers that are right but for one thing: each spoils the requests of a right one, and lists the rules that notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.broken.spoiler import Ask, SpoilAsk


@dataclass(frozen=True)
class Broken:
    """A buyer broken in one way: the scenario that it plays, and exactly the rules that notice."""

    name: str
    scenario: str
    spoil: SpoilAsk
    rules: frozenset[str]


BUYERS: list[Broken] = []


def broken(scenario: str, *rules: str) -> Callable[[SpoilAsk], SpoilAsk]:
    """Register a way of spoiling requests."""

    def keep(spoil: SpoilAsk) -> SpoilAsk:
        BUYERS.append(Broken(spoil.__name__.replace("_", "-"), scenario, spoil, frozenset(rules)))
        return spoil

    return keep


def creates(ask: Ask, collection: str) -> bool:
    return ask.method == "POST" and ask.path.endswith(f"/{collection}") and isinstance(ask.body, dict)


def items(ask: Ask, member: str) -> list[dict[str, Any]]:
    found = ask.body.get(member)
    return found if isinstance(found, list) else []


@broken("places/find", "MEF121-R12")
def wants_no_alternatives(ask: Ask) -> None:
    if creates(ask, "geographicAddressValidation"):
        ask.body["provideAlternative"] = False


@broken("places/find", "MEF121-R11")
def knows_the_id_already(ask: Ask) -> None:
    if creates(ask, "geographicAddressValidation"):
        ask.body["submittedGeographicAddress"]["id"] = "addr-1"


@broken("places/find", "MEF121-R3")
def names_itself_though_alone(ask: Ask) -> None:
    if ask.path.endswith("/geographicAddressValidation"):
        ask.query = "buyerId=me"


@broken("poq/deferred", "MEF87-R21")
def has_no_contact_for_a_qualification(ask: Ask) -> None:
    if creates(ask, "productOfferingQualification"):
        ask.body["relatedContactInformation"][0]["role"] = "somebody"


@broken("poq/deferred", "MEF87-R19")
def waits_without_an_end(ask: Ask) -> None:
    if creates(ask, "productOfferingQualification"):
        del ask.body["requestedPOQCompletionDate"]


@broken("quote/firm-deferred", "MEF115-R23")
def has_no_technical_contact(ask: Ask) -> None:
    if creates(ask, "quote"):
        for item in items(ask, "quoteItem"):
            item["relatedContactInformation"] = [
                contact for contact in item["relatedContactInformation"] if "Technical" not in contact["role"]
            ]


@broken("quote/firm-deferred", "MEF115-R15")
def does_not_say_how_firm(ask: Ask) -> None:
    if creates(ask, "quote"):
        del ask.body["buyerRequestedQuoteLevel"]


@broken("order/cancel", "MEF123-R33")
def pays_from_no_account(ask: Ask) -> None:
    if creates(ask, "productOrder"):
        for item in items(ask, "productOrderItem"):
            del item["billingAccount"]


@broken("order/cancel", "MEF123-R36")
def gives_the_product_an_id(ask: Ask) -> None:
    if creates(ask, "productOrder"):
        for item in items(ask, "productOrderItem"):
            item["product"]["id"] = "mine"


@broken("order/cancel", "MEF123-R13")
def orders_without_an_order_contact(ask: Ask) -> None:
    if creates(ask, "productOrder"):
        ask.body["relatedContactInformation"][0]["role"] = "somebody"


@broken("order/cancel", "MEF123-R74")
def cancels_without_a_contact(ask: Ask) -> None:
    if creates(ask, "cancelProductOrder"):
        ask.body["relatedContactInformation"][0]["role"] = "somebody"


@broken("order/cancel-with-charge", "MEF123-R94.known")
def answers_for_a_charge_item_that_is_not(ask: Ask) -> None:
    if ask.method == "PATCH" and "/charge/" in ask.path:
        ask.body["chargeItem"].append({"id": "another", "acceptanceIndicator": "accepted"})
