"""What a subscription asks for, and the one event type that the standard has under two names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote_plus

DATE_SET: Final = "productOrderItemExpectedCompletionDateSet"
"""MEF 123 has this event type under two names: its table adds `Event`, the contract does not."""


def plain_type(event_type: str) -> str:
    """An event type under the name that the contract has for it."""
    return DATE_SET if event_type == f"{DATE_SET}Event" else event_type


@dataclass(frozen=True, slots=True)
class Query:
    """What a subscription's `query` asks for (MEF 87 7.2.5.1, MEF 115 6.7, MEF 123 6.15).

    `named` are the event types as they stand there, in order; without one it is for all of them. `others` are the
    attributes beside eventType: no Seller has to know them, and how one that does narrows the events is left open.
    """

    named: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def types(self) -> frozenset[str] | None:
        """The event types under the names of the contract; None for all."""
        return frozenset(map(plain_type, self.named)) or None

    def covers(self, event_type: str) -> bool:
        """Whether events of this type can follow from it."""
        return not self.named or any(plain_type(name) == event_type for name in self.named)


EVERYTHING: Final = Query()


def query_of(query: Any) -> Query:
    """Reads a subscription's `query`, in either syntax: `eventType=a,b` and `eventType=a&eventType=b` mean the same.

    A leading `?`, percent-encoding, and blanks around names and values are let pass. What is no text asks for all.
    """
    return _read(query) if isinstance(query, str) else EVERYTHING


@lru_cache(maxsize=256)
def _read(query: str) -> Query:
    named: list[str] = []
    others: list[str] = []
    for part in unquote_plus(query).strip().removeprefix("?").split("&"):
        name, equals, values = part.partition("=")
        if name.strip() == "eventType" and equals:
            named += [value.strip() for value in values.split(",") if value.strip()]
        elif part.strip():
            others.append(name.strip())
    return Query(tuple(named), tuple(others))
