"""Buyers that are right but for one thing in questions on availability and prices."""

from __future__ import annotations

from tests.broken.buyers import broken, creates
from tests.broken.spoiler import Ask

AVAILABILITY, PRICES = "productOfferingAvailability", "pricingDiscovery"


@broken("discovery/by-relations", "W160-R10")
def knows_what_it_wants_without_a_word(ask: Ask) -> None:
    if creates(ask, AVAILABILITY):
        del ask.body["productSpecification"]


@broken("discovery/by-relations", "W160-R11")
def names_what_there_is_for_what_is_new(ask: Ask) -> None:
    if creates(ask, AVAILABILITY):
        ask.body["productRef"] = {"id": "prod-uni-ashburn-1"}


@broken("discovery/by-place", "W160-R12")
def has_a_word_of_its_own_for_a_place(ask: Ask) -> None:
    if creates(ask, AVAILABILITY):
        ask.body["place"][0]["role"] = "SITE_A"


@broken("discovery/by-relations", "W160-R13")
def has_a_word_of_its_own_for_a_relation(ask: Ask) -> None:
    if creates(ask, AVAILABILITY):
        ask.body["productRelationship"][0]["relationshipType"] = "PARENT"


@broken("discovery/change", "W160-R14")
def changes_it_does_not_say_what(ask: Ask) -> None:
    if creates(ask, AVAILABILITY):
        del ask.body["productRef"]


@broken("discovery/change", "W160-R15")
def says_where_the_product_is_that_it_changes(ask: Ask) -> None:
    if creates(ask, AVAILABILITY):
        ask.body["productRelationship"] = [{"id": "prod-uni-ashburn-1", "relationshipType": "CONNECTS_TO_UNI"}]


@broken("discovery/by-relations", "W160-R24")
def has_no_use_for_the_identifier(ask: Ask) -> None:
    if creates(ask, PRICES):
        del ask.body["productConfigurationIdentifier"]


@broken("discovery/by-place", "W160-R25")
def wants_the_price_anywhere(ask: Ask) -> None:
    if creates(ask, PRICES):
        del ask.body["place"]


@broken("discovery/by-relations", "W160-R26")
def wants_the_price_of_one_end(ask: Ask) -> None:
    if creates(ask, PRICES):
        ask.body["productRelationship"] = ask.body["productRelationship"][:1]


@broken("discovery/change", "W160-R28")
def wants_the_price_of_a_change_of_anything(ask: Ask) -> None:
    if creates(ask, PRICES):
        del ask.body["productRef"]


@broken("discovery/change", "W160-R3")
def names_itself_though_it_is_alone(ask: Ask) -> None:
    if creates(ask, PRICES):
        ask.query = "buyerId=me"
