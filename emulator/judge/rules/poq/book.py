"""The book that the modules beside this one fill, and what they have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from emulator.judge.rule import requests, responses
from emulator.judge.rulebook import Rulebook
from emulator.judge.rules import common

POQ: Final = Rulebook("MEF87", "productOfferingQualification")


API: Final = POQ.api
CREATE: Final = "createProductOfferingQualification"
RETRIEVE: Final = "retrieveProductOfferingQualification"
LIST: Final = "listProductOfferingQualification"
ITEMS: Final = "/productOfferingQualificationItem"
ITEM: Final = f"{ITEMS}/*"

ASK: Final = requests(API, CREATE)
CREATED: Final = responses(API, CREATE)
SHOWN: Final = responses(API, CREATE, RETRIEVE)
LISTED: Final = responses(API, LIST)
EVENTS: Final[Mapping[str, str]] = {
    "poqCreateEvent": "poqCreateEvent",
    "poqStateChangeEvent": "poqStateChangeEvent",
    "listenToPoqItemStateChangeEvent": "poqItemStateChangeEvent",
}
"""The event type that each listener is for."""
CHANGES: Final = ("poqStateChangeEvent", "listenToPoqItemStateChangeEvent")

READY: Final = "done.ready"
FAILED: Final = "terminatedWithError"
ABANDONED: Final = "done.abandoned"
UNABLE: Final = "done.unableToProvide"
FINAL: Final = (READY, UNABLE, FAILED)
FINAL_ITEM: Final = (READY, ABANDONED, FAILED)
STATES: Final = ("acknowledged", "inProgress", *FINAL)
STATES_OF_ITEM: Final = ("acknowledged", "inProgress", *FINAL_ITEM)

BUYERS: Final = (
    "externalId",
    "instantSyncQualification",
    "projectId",
    "provideAlternative",
    "relatedContactInformation",
    "requestedPOQCompletionDate",
)
"""What a request can hold, beside its items; what else a Buyer sends, nobody has to give back."""
BUYERS_OF_ITEM: Final = ("action", "product", "qualificationItemRelationship", "relatedContactInformation")
OF_PRODUCT: Final = (
    "id",
    "place",
    "productConfiguration",
    "productOffering",
    "productRelationship",
    "productSpecification",
)


DATE: Final = "requestedPOQCompletionDate"


def items_of(body: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each item (place, value) of a qualification or of a request for one."""
    items = body.get(ITEMS[1:]) if isinstance(body, dict) else None
    for index, value in enumerate(items if isinstance(items, list) else ()):
        if isinstance(value, dict):
            yield f"{ITEMS}/{index}", value


def items_by_id(body: Any) -> dict[str, dict[str, Any]]:
    """The items by their ids; the first where an id stands twice."""
    found: dict[str, dict[str, Any]] = {}
    for _, item in items_of(body):
        if isinstance(item.get("id"), str):
            found.setdefault(item["id"], item)
    return found


def instant_of(text: Any) -> datetime | None:
    """An instant of a body, or of a query (where `+` came as a blank)."""
    return common.moment(text.replace(" ", "+")) if isinstance(text, str) else None
