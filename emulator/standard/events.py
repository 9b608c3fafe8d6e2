"""What a subscription asks for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_plus

if TYPE_CHECKING:
    from emulator.standard.kinds.load import ReleaseKinds


@dataclass(frozen=True, slots=True)
class Query:
    """What a subscription's `query` asks for (MEF 87 7.2.5.1, MEF 115 6.7, MEF 123 6.15).

    `named` are the event types as they stand there, in order, `types` these under the names of the contract; None where
    none is named: it is for all of them. `others` are the attributes beside eventType: no Seller has to know them, and
    how one that does narrows the events is left open.
    """

    named: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    types: frozenset[str] | None = None

    def covers(self, event_type: str) -> bool:
        """Whether events of this type can follow from it."""
        return self.types is None or event_type in self.types


EVERYTHING: Final = Query()


def query_of(query: Any, kinds: ReleaseKinds) -> Query:
    """Reads a subscription's `query`, in either syntax: `eventType=a,b` and `eventType=a&eventType=b` mean the same.

    A leading `?`, percent-encoding, and blanks around names and values are let pass. What is no text asks for all.
    """
    return _read(query, kinds) if isinstance(query, str) else EVERYTHING


@lru_cache(maxsize=256)
def _read(query: str, kinds: ReleaseKinds) -> Query:
    named: list[str] = []
    others: list[str] = []
    for part in unquote_plus(query).strip().removeprefix("?").split("&"):
        name, equals, values = part.partition("=")
        if name.strip() == "eventType" and equals:
            named += [value.strip() for value in values.split(",") if value.strip()]
        elif part.strip():
            others.append(name.strip())
    return Query(tuple(named), tuple(others), frozenset(map(kinds.plain_type, named)) or None)
