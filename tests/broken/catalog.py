"""Sellers that are right but for one thing in their catalog."""

from __future__ import annotations

import json
from typing import Any

from tests.broken.sellers import broken
from tests.broken.spoiler import Answer

CATEGORY, OFFERING, SPECIFICATION = "category", "productOffering", "productSpecification"


def listed(answer: Answer, collection: str, *asked: str) -> list[dict[str, Any]]:
    """The entries of a list; with `asked` only of one whose query has each of these."""
    here = answer.path.endswith(f"/{collection}") and isinstance(answer.body, list) and answer.status == 200
    return answer.body if here and all(each in answer.query for each in asked) else []


def read(answer: Answer, collection: str) -> dict[str, Any]:
    """The resource that was read by its id; empty where none was."""
    here = answer.path.split("/")[-2] == collection and answer.status == 200
    return answer.body if here and isinstance(answer.body, dict) else {}


def keep(answer: Answer, entries: list[dict[str, Any]]) -> None:
    """Answer with these entries alone, and count them."""
    answer.body = entries
    for name in list(answer.headers):
        if name.lower() in ("x-total-count", "x-result-count"):
            answer.headers[name] = str(len(entries))


def has_changed(answer: Answer) -> bool:
    """Whether the offering that is read was read before; counted for the rest of the run."""
    if read(answer, OFFERING):
        answer.memory["reads"] = answer.memory.get("reads", 0) + 1
    return bool(answer.memory.get("reads", 0) > 1)


# Lists


@broken("catalog/find", "W142-R54")
def looks_at_direct_members_alone(answer: Answer) -> None:
    if entries := listed(answer, OFFERING, "category.id="):
        wanted = answer.query.partition("category.id=")[2].partition("&")[0]
        keep(answer, [each for each in entries if wanted in [one["id"] for one in each["category"]]])


@broken("catalog/find", "W142-R56")
def takes_no_channel_for_none(answer: Answer) -> None:
    if entries := listed(answer, OFFERING, "channel="):
        keep(answer, [each for each in entries if each["channel"]])


@broken("catalog/find", "W142-R53")
def reads_the_last_of_several_segments(answer: Answer) -> None:
    if answer.query.count("marketSegment=") > 1 and (entries := listed(answer, OFFERING)):
        keep(answer, [each for each in entries if "financial" in each["marketSegment"]])


@broken("catalog/find", "W142-R53.refused")
def takes_one_segment_at_a_time(answer: Answer) -> None:
    if answer.path.endswith(f"/{OFFERING}") and answer.query.count("marketSegment=") > 1 and answer.status == 200:
        answer.status, answer.body = 400, {"code": "invalidQuery", "reason": "One marketSegment at a time"}


@broken("catalog/schemas", "W142-R33", "W142-R34")
def asks_for_more_than_it_allows(answer: Answer) -> None:
    for each in read(answer, OFFERING).get("placeRelationship", []):
        each["minCardinality"], each["maxCardinality"] = 3, 2


@broken("catalog/find", "W142-R13")
def keeps_categories_by_hand(answer: Answer) -> None:
    for each in listed(answer, CATEGORY):
        if each.get("productOffering"):
            each["productOffering"].pop()


@broken("catalog/find", "W142-R10")
def forgets_what_is_within(answer: Answer) -> None:
    for each in listed(answer, CATEGORY):
        each.pop("subCategory", None)


@broken("catalog/find", "W142-R59")
def takes_an_empty_list_for_nothing(answer: Answer) -> None:
    if answer.path.endswith(f"/{OFFERING}") and answer.body == []:
        answer.status, answer.body = 404, {"code": "notFound", "reason": "Nothing was found"}


# What an offering is


@broken("catalog/life", "W142-R18")
def edits_an_offering_in_place(answer: Answer) -> None:
    if has_changed(answer) and (offering := read(answer, OFFERING)) and offering["lifecycleStatus"] != "announced":
        offering["productOfferingTerm"] = [
            {"name": "For life", "duration": {"amount": 99, "units": "calendarMonths"}, "endOfTermAction": "autoRenew"}
        ]


@broken("catalog/life", "W142-R21")
def gives_no_reason_for_a_status(answer: Answer) -> None:
    if (offering := read(answer, OFFERING)) and offering["lifecycleStatus"] != "announced":
        offering.pop("statusReason", None)


@broken("catalog/life", "W142-R23")
def throws_old_plans_away(answer: Answer) -> None:
    if offering := read(answer, OFFERING):
        offering["statusTransition"] = offering.get("statusTransition", [])[-1:]


@broken("catalog/life", "W142-D3")
def is_on_hold_without_a_word(answer: Answer) -> None:
    if offering := read(answer, OFFERING):
        offering.pop("note", None)


# Bounds and schemas


@broken("catalog/schemas", "W142-R33")
def allows_more_places_than_there_are(answer: Answer) -> None:
    for each in read(answer, OFFERING).get("placeRelationship", []):
        each["maxCardinality"] = 5


@broken("catalog/schemas", "W142-R33")
def takes_any_number_for_a_small_one(answer: Answer) -> None:
    for each in read(answer, OFFERING).get("placeRelationship", []):
        each["maxCardinality"] = -1


@broken("catalog/schemas", "W142-R43")
def describes_one_context_alone(answer: Answer) -> None:
    if entries := read(answer, OFFERING).get("productOfferingContextualInfo"):
        entries[:] = entries[:1]
        entries[0]["context"] = {"businessFunction": "poq", "productAction": "add"}


@broken("catalog/schemas", "W142-R37")
def widens_a_schema(answer: Answer) -> None:
    if offering := read(answer, OFFERING):
        schema = json.loads(offering["productOfferingSpecification"]["schema"])
        schema["properties"]["maximumServiceFrameSize"]["minimum"] = 64
        offering["productOfferingSpecification"]["schema"] = json.dumps(schema)


@broken("catalog/schemas", "W142-R85")
def says_twice_what_its_schema_is(answer: Answer) -> None:
    if specification := read(answer, SPECIFICATION):
        specification["sourceSchema"]["schema"] = "{}"


# What a specification is


@broken("catalog/specification", "W142-R67", "W142-R68")
def edits_a_specification_in_place(answer: Answer) -> None:
    if specification := read(answer, SPECIFICATION):
        answer.memory["reads"] = answer.memory.get("reads", 0) + 1
        if answer.memory["reads"] > 1:
            specification["sourceSchema"] = {"schema": "{}"}
            specification["placeRelationship"] = []
