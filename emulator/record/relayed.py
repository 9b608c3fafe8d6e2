"""What a relay changed on the way: an exchange is kept as its buyer saw it, and here stands how its seller did.

Behind a relay each party has a connection of its own, with a certificate and a version of TLS of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from emulator.record.secrets import masked_text, masked_url
from emulator.record.secured import Secured, Unfit, secured_json, secured_of

CALLBACK: Final = "/callback"
"""Where a subscription says, in the question and in the answer, what is to be called."""
_HEADER: Final = "header "
_MOST: Final = 20
"""Changes of one exchange that are read from a file; a relay makes two at the most, and one for each header that is a key."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that the parties saw in different forms.

    `where` is `request` or `response` with a JSON Pointer into the body (`request /callback`), or `header NAME`.
    """

    where: str
    buyer: str
    seller: str


@dataclass(frozen=True, slots=True)
class Relayed:
    """The seller's form of an exchange: the URL that it was asked at or called, and what else it saw otherwise.

    `secured` is what is known of the security of its form: its own TLS connection with the relay, and the tokens, where they
    are others than the buyer's form has (`introduces`).
    """

    url: str
    changes: tuple[Change, ...] = ()
    secured: Secured | None = None

    def masked(self) -> Relayed:
        """The same, as it may be recorded."""
        changes = tuple(Change(each.where, masked_text(each.buyer), masked_text(each.seller)) for each in self.changes)
        return Relayed(masked_url(self.url), changes, self.secured.masked() if self.secured else None)

    @property
    def introduces(self) -> bool:
        """Whether the relay says who it is itself, in place of the sender or beside it."""
        return any(each.where.startswith(_HEADER) for each in self.changes)

    def secured_beside(self, buyers: Secured | None) -> Secured | None:
        """What is known of the security of the seller's form, where `buyers` is what is known of the buyer's."""
        own, theirs = self.secured or Secured(), buyers or Secured()
        tokens = own.tokens if self.introduces else theirs.tokens
        found = replace(own, tokens=tokens, flaw=theirs.flaw)
        return None if found == Secured() else found

    @property
    def is_heard(self) -> bool:
        """Whether notifications of the subscription that is asked for come by the relay."""
        return any(each.where == f"request {CALLBACK}" for each in self.changes)

    def as_json(self) -> dict[str, Any]:
        """As a row of a report or a database has it."""
        changes = [{"where": each.where, "buyer": each.buyer, "seller": each.seller} for each in self.changes]
        return {
            "url": self.url,
            **({"changes": changes} if changes else {}),
            **({"secured": secured_json(self.secured)} if self.secured else {}),
        }


def relayed_of(value: Any) -> Relayed | None:
    """What such a row says. None where it says nothing that can be read: then the exchange was not relayed."""
    if not isinstance(value, Mapping) or not isinstance(value.get("url"), str):
        return None
    rows = value.get("changes", [])
    if not isinstance(rows, list):
        return None
    read = [_change(row) for row in rows[:_MOST]]
    try:
        secured = secured_of(value["secured"]) if value.get("secured") is not None else None
    except Unfit:
        return None
    return Relayed(value["url"], tuple(change for change in read if change is not None), secured)


def _change(row: Any) -> Change | None:
    texts = [row.get(name) for name in ("where", "buyer", "seller")] if isinstance(row, Mapping) else []
    told = [text for text in texts if isinstance(text, str)]
    return Change(*told) if texts and len(told) == len(texts) else None
