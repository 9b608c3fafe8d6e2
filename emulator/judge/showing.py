"""What an exchange shows or tells of, by the facts of its release's kinds: the one reading of it, for judge and report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from emulator.record.exchange import Exchange
from emulator.record.payload import at, every
from emulator.standard.kinds.facts import Kind
from emulator.standard.kinds.load import ReleaseKinds


class View(StrEnum):
    """In answer to what a resource was shown."""

    CREATED = "created"  # the answer to the request that made it
    RETRIEVED = "retrieved"  # the answer to a read by id
    PATCHED = "patched"  # the answer to a change
    LISTED = "listed"  # an entry of a list, often with fewer attributes


_VIEWS: Final[Mapping[str, View]] = {
    "create": View.CREATED,
    "retrieve": View.RETRIEVED,
    "patch": View.PATCHED,
    "list": View.LISTED,
}
"""Operations that show resources, by what they do with them."""
_SUCCESS: Final = range(200, 300)


def succeeded(exchange: Exchange) -> bool:
    """Whether the request was answered by a 2xx."""
    return exchange.response is not None and exchange.response.status in _SUCCESS


def shown_by(kinds: ReleaseKinds, api: str | None, operation: str | None) -> tuple[Kind, View] | None:
    """The kind of resource that a success of an operation shows, and in answer to what; None where it shows none."""
    found = kinds.shown_by(str(api), str(operation))
    view = _VIEWS.get(found[1]) if found else None
    return (found[0], view) if found and view else None


def showings(
    kinds: ReleaseKinds, api: str | None, operation: str | None, status: int, body: Any
) -> Iterator[tuple[Kind, View, str, Mapping[str, Any]]]:
    """The resources that an answer shows, each with its kind, in answer to what, and its place in the body: objects with a
    text `id`, in the body of a success of an operation that shows some, or in a list that is the body. Never raises.
    """
    by = shown_by(kinds, api, operation) if status in _SUCCESS else None
    if by is None:
        return
    kind, view = by
    for place, value in every(body, "/*" if view is View.LISTED or isinstance(body, list) else ""):
        if isinstance(value, dict) and isinstance(value.get("id"), str):
            yield kind, view, place, value


def told_about(kinds: ReleaseKinds, api: str | None, operation: str | None, body: Any) -> tuple[Kind, str] | None:
    """The kind and the id of the resource that a notification tells of, by the listener that it came to."""
    event = kinds.event(str(api), str(operation))
    identifier = at(body, "/event/id")
    return (kinds.kind(event.kind), identifier) if event is not None and isinstance(identifier, str) else None
