"""Sellers that are right but for one thing in answers on availability and prices."""

from __future__ import annotations

from typing import Any

from tests.broken.sellers import broken
from tests.broken.spoiler import Answer

LIST, TERMS = "availableProductOfferingConfigurations", "pricingAndTerms"


def offered(answer: Answer) -> list[dict[str, Any]]:
    """The configurations that an answer on availability has."""
    right = answer.path.endswith("/productOfferingAvailability") and answer.status == 200
    return answer.body[LIST] if right else []


def priced(answer: Answer) -> list[dict[str, Any]]:
    """The entries that an answer on prices has."""
    right = answer.path.endswith("/pricingDiscovery") and answer.status == 200
    return answer.body[TERMS] if right else []


def turn(answer: Answer, what: str) -> int:
    """How many answers of a kind there were, with this one."""
    if answer.path.endswith(what):
        answer.memory[what] = answer.memory.get(what, 0) + 1
    return int(answer.memory.get(what, 0))


# Identifiers


@broken("discovery/candidates", "W160-R21")
def numbers_configurations_anew_in_each_answer(answer: Answer) -> None:
    if turn(answer, "/productOfferingAvailability") == 2:
        found = offered(answer)
        found[0]["productConfigurationIdentifier"], found[1]["productConfigurationIdentifier"] = (
            found[1]["productConfigurationIdentifier"],
            found[0]["productConfigurationIdentifier"],
        )


@broken("discovery/further-charges", "W160-R22")
def forgets_a_configuration_at_once(answer: Answer) -> None:
    if priced(answer) and turn(answer, "/pricingDiscovery") == 2:
        answer.status = 422
        place = "/productConfigurationIdentifier"
        answer.body = [{"code": "referenceNotFound", "propertyPath": place, "reason": "There is none"}]


@broken("discovery/same-price", "W160-R38")
def makes_a_price_by_the_identifier(answer: Answer) -> None:
    if turn(answer, "/pricingDiscovery") == 2:
        for entry in priced(answer):
            entry["identifier"] += "-2"
            entry["price"][0]["price"]["dutyFreeAmount"]["value"] += 5


@broken("discovery/further-charges", "W160-R33")
def gives_one_identifier_to_all_prices(answer: Answer) -> None:
    for entry in priced(answer):
        entry["identifier"] = "price"


# What answers have


@broken("discovery/candidates", "W160-R16")
def forgets_a_candidate(answer: Answer) -> None:
    if offered(answer) and len(answer.body["productRelationship"]) == 3:
        answer.body["productRelationship"].pop()


@broken("discovery/by-place", "W160-R30")
def prices_another_place(answer: Answer) -> None:
    if priced(answer):
        answer.body["place"][0]["id"] = "addr-london-8-buckingham"


@broken("discovery/change", "W160-R17")
def tells_slower_ways_of_delivery_too(answer: Answer) -> None:
    if found := offered(answer):
        found.append({**found[0], "installationInterval": {"amount": 60, "units": "calendarDays"}})


@broken("discovery/change", "W160-R6")
def lifts_an_attribute_out_of_its_configuration(answer: Answer) -> None:
    for entry in offered(answer)[:1]:
        entry["maximumFrameSize"] = entry["productConfiguration"]["maximumFrameSize"]


@broken("discovery/change", "W160-R23")
def tells_an_attribute_of_its_own(answer: Answer) -> None:
    for entry in offered(answer)[:1]:
        entry["productConfiguration"]["uniEp"]["colour"] = "green"


@broken("negative/discovery", "W160-R19", "W160-R16", case="change-with-place")
def answers_a_question_that_makes_no_sense(answer: Answer) -> None:
    if answer.status == 422:
        answer.status = 200
        answer.body = {"action": "modify", LIST: []}


# Prices


@broken("discovery/at-once", "W160-R35")
def may_charge_more_for_what_is_there_at_once(answer: Answer) -> None:
    for entry in priced(answer)[:1]:
        entry["subjectToAdditionalNonrecurringCharges"] = True


@broken("discovery/at-once", "W160-R36")
def rolls_on_by_nothing(answer: Answer) -> None:
    for entry in priced(answer):
        entry["term"].pop("rollInterval", None)


@broken("discovery/at-once", "W160-R37")
def rolls_a_term_that_is_renewed(answer: Answer) -> None:
    for entry in priced(answer):
        entry["term"].setdefault("rollInterval", {"amount": 1, "units": "calendarMonths"})


@broken("discovery/at-once", "W160-R41")
def charges_once_a_month_once(answer: Answer) -> None:
    for entry in priced(answer):
        for price in entry["price"]:
            price["recurringChargePeriod"] = "month"


@broken("discovery/at-once", "W160-R41.there")
def recurs_without_a_period(answer: Answer) -> None:
    for entry in priced(answer):
        for price in entry["price"]:
            price.pop("recurringChargePeriod", None)


@broken("discovery/at-once", "W160-R42")
def counts_what_is_paid_once(answer: Answer) -> None:
    for entry in priced(answer):
        for price in entry["price"]:
            price["unitOfMeasure"] = "GB"


# What other functions say of the same


@broken("discovery/by-place", "W160.quoted-alike")
def has_another_price_list_for_discovery(answer: Answer) -> None:
    for entry in priced(answer):
        for price in entry["price"]:
            price["price"]["dutyFreeAmount"]["value"] -= 1


@broken("discovery/by-place", "W160.qualified-too")
def offers_what_cannot_be_delivered(answer: Answer) -> None:
    if answer.path.endswith("/productOfferingQualification") and answer.status == 201:
        item = answer.body["productOfferingQualificationItem"][0]
        item["serviceabilityConfidence"] = "red"
        item.pop("installationInterval", None)
        item.pop("guaranteedUntilDate", None)
