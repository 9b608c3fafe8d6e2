"""The book that the modules beside this one fill, and what they have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.judge.named import POQ as KIND
from emulator.judge.rule import responses
from emulator.judge.rulebook import Rulebook, given
from emulator.judge.rules.poq.book import API, RETRIEVE, items_by_id, items_of
from emulator.judge.run import Said
from emulator.record.payload import at

QUALIFICATION: Final = Rulebook("Mplify87.1", API)

READ: Final = responses(API, RETRIEVE)
DONE: Final = "done"
REJECTED: Final = "rejected"
FAILED: Final = "terminatedWithError"
ABANDONED: Final = "done.abandoned"
OPEN: Final = ("acknowledged", "inProgress")
ENDED: Final = (DONE, REJECTED, FAILED)
ENDED_ITEM: Final = (DONE, ABANDONED, REJECTED, FAILED)
CAN_DELIVER: Final = ("green", "yellow")
BUYERS_OF_ITEM: Final = ("action", "product", "qualificationItemRelationship", "endCustomerName")
"""What the Buyer says of an item."""


def by_offering(item: Any) -> bool:
    """Whether an item asks for a new product of an offering (use case 2a)."""
    return at(item, "/action") == "add" and given(at(item, "/product/productOffering"))


def by_specification(item: Any) -> bool:
    """Whether an item asks for a new product of a specification alone (use case 2b)."""
    product = at(item, "/product")
    named = at(product, "/productSpecification")
    return at(item, "/action") == "add" and given(named) and not given(at(product, "/productOffering"))


def asked(said: Said) -> Any:
    """The request that made the qualification of an answer, as far as the run has it."""
    life = said.run.life(KIND, at(said.body, "/id"))
    return life.request if life else None


def items_asked(said: Said) -> Iterator[tuple[str, dict[str, Any], Mapping[str, Any]]]:
    """Each item of an answer (place, value) with the item of the request that it answers."""
    sent = items_by_id(asked(said))
    for place, item in items_of(said.body):
        identifier = item.get("id")
        if isinstance(identifier, str) and identifier in sent:
            yield place, item, sent[identifier]
