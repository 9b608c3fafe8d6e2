"""What the standard says of notifications as data: the type of each listener, and what a subscription asks for."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from emulator.errors import UserError

if TYPE_CHECKING:
    from emulator.standard.contract import Contract
    from emulator.standard.release import Release

DATE_SET: Final = "productOrderItemExpectedCompletionDateSet"
"""MEF 123 has this event type under two names: its table adds `Event`, the contract does not."""


def event_types(contract: Contract) -> dict[str, str]:
    """The event type of each listener of a notification contract, by operationId: the last part of its path."""
    return {
        operation.id: operation.path.rpartition("/")[2]
        for operation in contract.operations.values()
        if operation.path.startswith("/listener/")
    }


def listeners(release: Release, api: str) -> dict[str, str]:
    """As `event_types`, for an API of a release; empty where it has no notifications."""
    try:
        return event_types(release.contract(api, "notification"))
    except UserError:
        return {}


def plain_type(event_type: str) -> str:
    """An event type under the name that the contract has for it."""
    return DATE_SET if event_type == f"{DATE_SET}Event" else event_type


def wanted_types(query: Any) -> frozenset[str] | None:
    """The event types that a subscription's `query` names, in either syntax; None where it asks for all.

    `eventType=a,b` and `eventType=a&eventType=b` mean the same; blanks around names and values are let pass.
    """
    return _wanted(query) if isinstance(query, str) else None


@lru_cache(maxsize=256)
def _wanted(query: str) -> frozenset[str] | None:
    found: set[str] = set()
    for part in unquote(query).strip().removeprefix("?").split("&"):
        name, _, values = part.partition("=")
        if name.strip() == "eventType":
            found |= {plain_type(value.strip()) for value in values.split(",") if value.strip()}
    return frozenset(found) or None
