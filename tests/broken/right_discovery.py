"""Sellers that answer otherwise than ours on availability and prices, and are right: nobody may find fault with them."""

from __future__ import annotations

from collections.abc import Callable

from tests.broken.discovery import LIST, TERMS, offered, priced, turn
from tests.broken.spoiler import Answer, Spoil

RIGHT: dict[str, tuple[str, Spoil]] = {}


def right(scenario: str) -> Callable[[Spoil], Spoil]:
    """Register another way to be right, in the flow of a scenario."""

    def keep(spoil: Spoil) -> Spoil:
        RIGHT[spoil.__name__.replace("_", "-")] = (scenario, spoil)
        return spoil

    return keep


@right("discovery/by-place")
def links_to_its_catalog(answer: Answer) -> None:
    for entry in (*offered(answer), *priced(answer)):
        entry["productOffering"]["href"] = f"https://catalog.example/productOffering/{entry['productOffering']['id']}"


@right("discovery/candidates")
def answers_in_another_order(answer: Answer) -> None:
    if offered(answer) or priced(answer):
        answer.body["productRelationship"].reverse()
        answer.body.get(LIST, answer.body.get(TERMS)).reverse()


@right("discovery/same-price")
def gives_each_price_a_new_identifier(answer: Answer) -> None:
    for n, entry in enumerate(priced(answer)):
        entry["identifier"] = f"price-{turn(answer, '/pricingDiscovery')}-{n}-{answer.count}"


@right("discovery/same-price")
def writes_numbers_with_a_fraction(answer: Answer) -> None:
    if turn(answer, "/productOfferingAvailability") == 2:
        for entry in offered(answer):
            entry["productConfiguration"]["maximumFrameSize"] = float(entry["productConfiguration"]["maximumFrameSize"])
    for entry in priced(answer):
        for price in entry["price"]:
            price["price"]["dutyFreeAmount"]["value"] = float(price["price"]["dutyFreeAmount"]["value"])


@right("discovery/by-place")
def says_no_taxes(answer: Answer) -> None:
    for entry in priced(answer):
        for price in entry["price"]:
            price["price"] = {"dutyFreeAmount": price["price"]["dutyFreeAmount"]}


@right("discovery/further-charges")
def delivers_sooner_an_hour_later(answer: Answer) -> None:
    for entry in priced(answer):
        entry["installationInterval"]["amount"] += turn(answer, "/pricingDiscovery")


@right("discovery/candidates")
def has_nothing_where_it_may_choose(answer: Answer) -> None:
    if offered(answer) and len(answer.body["productRelationship"]) == 3:
        answer.body[LIST] = []


@right("discovery/change")
def sells_two_offerings_alike(answer: Answer) -> None:
    if found := offered(answer):
        found.append({**found[0], "productOffering": {"id": "ael-of-a-friend"}})


@right("discovery/expired")
def lets_an_identifier_run_out_with_another_code(answer: Answer) -> None:
    if answer.status == 422:
        for issue in answer.body:
            issue["code"] = "invalidValue"
