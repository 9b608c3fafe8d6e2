"""Sellers whose catalog is otherwise than ours, and right: nobody may find fault with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.broken.catalog import CATEGORY, OFFERING, SPECIFICATION, listed, read
from tests.broken.right_discovery import RIGHT, right
from tests.broken.spoiler import Answer

__all__ = ["RIGHT"]


@right("catalog/schemas")
def allows_any_number_where_its_specification_does(answer: Answer) -> None:
    for collection in (OFFERING, SPECIFICATION):
        for each in read(answer, collection).get("placeRelationship", []):
            each["maxCardinality"] = -1


@right("catalog/schemas")
def describes_what_does_not_apply_by_leaving_it_out(answer: Answer) -> None:
    if offering := read(answer, OFFERING):
        schema = json.loads(offering["productOfferingSpecification"]["schema"])
        schema["properties"].pop("linkOam", None)
        offering["productOfferingSpecification"]["schema"] = json.dumps(schema)
        for entry in offering["productOfferingContextualInfo"]:
            inner = json.loads(entry["contextSchema"]["schema"])
            inner["properties"].pop("linkOam", None)
            entry["contextSchema"]["schema"] = json.dumps(inner)


def rewrite(answer: Answer, change: Callable[[dict[str, Any]], None], *, indent: int | None = None) -> None:
    """Change each schema that an offering which is read has as a text."""
    if offering := read(answer, OFFERING):
        entries = offering.get("productOfferingContextualInfo", [])
        for holder in [offering["productOfferingSpecification"], *(each["contextSchema"] for each in entries)]:
            schema = json.loads(holder["schema"])
            change(schema)
            holder["schema"] = json.dumps(schema, indent=indent)


def require_what_is_fixed(schema: dict[str, Any]) -> None:
    fixed = {name for name, each in schema["properties"].items() if "const" in each}
    schema["required"] = sorted({*schema.get("required", []), *fixed})


@right("catalog/fixed-not-sent")
def requires_what_it_fixes_and_nobody_sends(answer: Answer) -> None:
    rewrite(answer, require_what_is_fixed)


@right("catalog/schemas")
def says_that_a_configuration_has_its_type(answer: Answer) -> None:
    def change(schema: dict[str, Any]) -> None:
        schema["properties"]["@type"] = {"type": "string"}
        schema["required"] = [*schema.get("required", []), "@type"]

    rewrite(answer, change)


@right("catalog/find")
def lists_everything_the_other_way_round(answer: Answer) -> None:
    if isinstance(answer.body, list) and "limit=" not in answer.query:
        answer.body.reverse()


@right("catalog/find")
def links_to_another_host(answer: Answer) -> None:
    for collection in (CATEGORY, OFFERING):
        for each in listed(answer, collection):
            each["href"] = f"https://catalog.example/{collection}/{each['id']}"


@right("catalog/life")
def counts_whole_seconds(answer: Answer) -> None:
    for each in (*listed(answer, OFFERING), *([answer.body] if read(answer, OFFERING) else [])):
        each["lastUpdate"] = each["lastUpdate"][:19] + "Z"


@right("catalog/life")
def has_all_its_reasons_in_other_words(answer: Answer) -> None:
    if offering := read(answer, OFFERING):
        offering["statusReason"] = f"It is {offering['lifecycleStatus']} now."
        offering["statusTransition"] = list(reversed(offering.get("statusTransition", [])))


@right("catalog/life")
def removes_what_is_obsolete(answer: Answer) -> None:
    if read(answer, OFFERING).get("lifecycleStatus") == "obsolete":
        answer.memory["over"] = answer.memory.get("over", 0) + 1
    if answer.memory.get("over", 0) > 1 and read(answer, OFFERING):
        answer.status, answer.body = 404, {"code": "notFound", "reason": "It is not in the catalog any more"}
