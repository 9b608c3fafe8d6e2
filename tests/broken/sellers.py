"""Sellers that are right but for one thing: each spoils the answers of a right one, and lists the rules that notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.broken.spoiler import Answer, Spoil


@dataclass(frozen=True)
class Broken:
    """A seller broken in one way: the scenario, or the case of it, that finds it out, and exactly the rules that notice."""

    name: str
    scenario: str
    spoil: Spoil
    rules: frozenset[str]
    case: str | None = None


SELLERS: list[Broken] = []


def broken(scenario: str, *rules: str, case: str | None = None) -> Callable[[Spoil], Spoil]:
    """Register a way of spoiling answers, found out by the flow of a scenario or by a case of it."""

    def keep(spoil: Spoil) -> Spoil:
        SELLERS.append(Broken(spoil.__name__.replace("_", "-"), scenario, spoil, frozenset(rules), case))
        return spoil

    return keep


def reads(answer: Answer, collection: str) -> bool:
    """Whether this answers a read by id of a collection with success."""
    return answer.method == "GET" and f"/{collection}/" in answer.path and answer.status == 200


def shows(answer: Answer, collection: str) -> bool:
    """Whether this shows one resource of a collection."""
    made = answer.method in ("POST", "PATCH") and answer.status in (200, 201)
    inside = answer.path.rstrip("/").endswith(f"/{collection}") or f"/{collection}/" in answer.path
    return (made and inside and isinstance(answer.body, dict)) or reads(answer, collection)


def lists(answer: Answer, collection: str) -> bool:
    return answer.method == "GET" and answer.path.endswith(f"/{collection}") and isinstance(answer.body, list)


def items(answer: Answer, member: str) -> list[dict[str, Any]]:
    found = answer.body.get(member) if isinstance(answer.body, dict) else None
    return found if isinstance(found, list) else []


# Addresses and sites


@broken("places/find", "MEF121-R15")
def forgets_that_alternatives_were_wanted(answer: Answer) -> None:
    if answer.path.endswith("/geographicAddressValidation"):
        answer.body["provideAlternative"] = False


@broken("places/find", "MEF121-R20")
def an_unknown_address_is_a_bad_request(answer: Answer) -> None:
    if answer.status == 404 and "/geographicAddress/" in answer.path:
        answer.status = 400
        answer.body = {"code": "invalidQuery", "reason": "no such address"}


@broken("places/find", "MEF122-R11")
def no_site_is_not_found(answer: Answer) -> None:
    if answer.path.endswith("/geographicSite") and answer.body == []:
        answer.status = 404
        answer.body = {"code": "notFound", "reason": "no such site"}


@broken("places/find", "MEF122-R14")
def sites_have_no_place(answer: Answer) -> None:
    if lists(answer, "geographicSite"):
        for site in answer.body:
            site.pop("place", None)


# POQ


@broken("poq/deferred", "MEF87-R23")
def qualifies_another_product(answer: Answer) -> None:
    if shows(answer, "productOfferingQualification"):
        for item in items(answer, "productOfferingQualificationItem"):
            item["product"]["productOffering"] = {"id": "something-else"}


@broken("poq/deferred", "MEF87-R9")
def has_no_confidence(answer: Answer) -> None:
    if shows(answer, "productOfferingQualification"):
        for item in items(answer, "productOfferingQualificationItem"):
            item.pop("serviceabilityConfidence", None)


@broken("poq/find", "MEF87.filters", "MEF87.agrees")
def lists_what_was_not_asked_for(answer: Answer) -> None:
    if lists(answer, "productOfferingQualification"):
        for entry in answer.body:
            entry["externalId"] = "another"


# Quote


@broken("quote/firm-deferred", "MEF115-R13")
def changes_the_buyers_reference(answer: Answer) -> None:
    if reads(answer, "quote"):
        answer.body["externalId"] = "ours"


@broken("quote/firm-deferred", "MEF115.id")
def answers_with_another_quote(answer: Answer) -> None:
    if reads(answer, "quote"):
        answer.body["id"] = "another-quote"


@broken("quote/firm-deferred", "MEF115-R52")
def orderable_with_an_item_that_is_not(answer: Answer) -> None:
    if reads(answer, "quote") and answer.body["state"] == "approved.orderable":
        for item in items(answer, "quoteItem"):
            item["state"] = "approved.orderableAlternate"


@broken("quote/firm-deferred", "MEF115.path-firm", "MEF115.history-firm", "MEF115.item-states")
def goes_back_to_work(answer: Answer) -> None:
    if reads(answer, "quote") and answer.body["state"] == "approved.orderable":
        if answer.memory.setdefault("shown", 0):
            answer.body["state"] = "acknowledged"
        answer.memory["shown"] += 1


@broken("quote/firm-immediate", "MEF115-R34")
def gives_a_budgetary_quote_for_a_firm_one(answer: Answer) -> None:
    if shows(answer, "quote"):
        answer.body["quoteLevel"] = "budgetary"


@broken("quote/decline", "MEF115.offer")
def raises_its_prices(answer: Answer) -> None:
    if reads(answer, "quote"):
        for item in items(answer, "quoteItem"):
            for price in item.get("quoteItemPrice", []):
                for amount in ("dutyFreeAmount", "taxIncludedAmount"):
                    price["price"][amount]["value"] *= 1 + answer.count


# Order


@broken("order/cancel", "MEF123-R16")
def moves_the_installation_elsewhere(answer: Answer) -> None:
    if shows(answer, "productOrder"):
        for item in items(answer, "productOrderItem"):
            item["product"]["place"][0]["id"] = "elsewhere"


@broken("order/cancel", "MEF123-R28")
def never_says_when(answer: Answer) -> None:
    if shows(answer, "productOrder"):
        for item in items(answer, "productOrderItem"):
            item.pop("expectedCompletionDate", None)


@broken("order/cancel", "MEF123-R17.contact")
def has_nobody_to_talk_to(answer: Answer) -> None:
    if shows(answer, "productOrder"):
        contacts = answer.body["relatedContactInformation"]
        answer.body["relatedContactInformation"] = [c for c in contacts if c["role"] != "sellerContact"]


@broken("order/patch-and-find", "MEF123-R107")
def cuts_pages_without_a_word(answer: Answer) -> None:
    if lists(answer, "productOrder"):
        answer.headers = {key: value for key, value in answer.headers.items() if not key.startswith("x-")}


@broken("order/cancel-with-charge", "MEF123-R97", "MEF123.charge-outcome")
def takes_back_what_was_accepted(answer: Answer) -> None:
    if reads(answer, "charge"):
        for item in answer.body["chargeItem"]:
            if item["state"] == "acceptedByBuyer":
                item["state"] = "declinedByBuyer"


# Inventory


@broken("inventory/find", "MEF116-R14")
def products_have_no_contacts(answer: Answer) -> None:
    if reads(answer, "product"):
        answer.body["relatedContactInformation"] = []


@broken("inventory/find", "MEF116.filter", "MEF116.agrees")
def shows_products_of_every_offering(answer: Answer) -> None:
    if lists(answer, "product"):
        for entry in answer.body:
            entry["productOffering"] = {"id": f"offering-{answer.count}"}


# Any of them


@broken("quote/firm-immediate", "contract.schema")
def writes_states_in_capitals(answer: Answer) -> None:
    if shows(answer, "quote"):
        answer.body["state"] = answer.body["state"].upper()


@broken("poq/immediate", "contract.header")
def says_that_it_is_html(answer: Answer) -> None:
    if shows(answer, "productOfferingQualification"):
        answer.headers["content-type"] = "text/html"


@broken("poq/immediate", "contract.status")
def creates_with_200(answer: Answer) -> None:
    if answer.method == "POST" and answer.status == 201:
        answer.status = 200
