"""Operations, places and states that several modules of this guide name, and how they read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.judge.fold import grouped
from emulator.judge.named import MODIFY_DATE
from emulator.judge.rule import (
    ANY_STATUS,
    Mark,
    requests,
    responses,
)
from emulator.judge.rulebook import given, hold
from emulator.judge.run import Life, Run, Said
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, every

API: Final = "productOrder"
ITEMS: Final = "/productOrderItem/*"
CREATE_DATE: Final = "createModifyProductOrderItemRequestedDeliveryDate"
RETRIEVE_DATE: Final = "retrieveModifyProductOrderItemRequestedDeliveryDate"
LIST_DATES: Final = "listModifyProductOrderItemRequestedDeliveryDate"

PLACE: Final = requests(API, "createProductOrder")
PLACED: Final = responses(API, "createProductOrder")
ANSWERED: Final = responses(API, "createProductOrder", statuses=ANY_STATUS)
READ: Final = responses(API, "retrieveProductOrder")
SHOWN: Final = responses(API, "createProductOrder", "retrieveProductOrder", "patchProductOrder")
SEEN: Final = responses(API, "createProductOrder", "retrieveProductOrder", "patchProductOrder", "listProductOrder")
PATCH: Final = requests(API, "patchProductOrder")
PATCHED: Final = responses(API, "patchProductOrder")
ASK_DATE: Final = requests(API, CREATE_DATE)
ASKED_DATE: Final = responses(API, CREATE_DATE)
READ_DATE: Final = responses(API, RETRIEVE_DATE)
SEEN_DATE: Final = responses(API, CREATE_DATE, RETRIEVE_DATE, LIST_DATES)

OVER: Final = frozenset({"cancelled", "completed", "failed", "partial", "rejected"})
AT_WORK: Final = frozenset({"inProgress", "held", "pending", "completed"})
"""States of an item that the seller has taken on."""
ITEM_OVER: Final = frozenset(
    {"cancelled", "completed", "failed", "rejected", "rejected.unassessed", "rejected.validated"}
)


def objects_of(body: Any, pattern: str = ITEMS) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects (place, value) that a pattern names: the items, unless it names others."""
    return ((place, value) for place, value in every(body, pattern) if isinstance(value, dict))


def with_action(action: str) -> Any:
    """Chooses the items with this action."""
    return lambda item: item.get("action") == action


def text_of(value: Any) -> str:
    """A text as it is, and any other value as an empty one."""
    return value if isinstance(value, str) else ""


def entries_agree(said: Said, *names: str) -> Iterator[Mark]:
    """Each entry of a list shows these members as the last read by its id did."""
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        if earlier is None:
            continue
        for name in names:
            found, here = shown.value.get(name, MISSING), f"{shown.place}/{name}"
            # An indicator that is false says the same as one left out, its default.
            if given(earlier.value.get(name)) and not (earlier.value[name] is False and found is MISSING):
                yield hold(here, given(found), expected=earlier.value[name], found=found,
                           message=f"{here} is missing, though exchange {earlier.exchange.n} showed it")  # fmt: skip


ASKED_DATES: Final = grouped(
    API, CREATE_DATE, lambda exchange: at(exchange.request.body, "/productOrderItem/productOrderId")
)
"""The requests for another date, by the order that they are about."""


def date_changes(run: Run, order: str, item: Any) -> list[tuple[Exchange, Life]]:
    """The requests for another date of an item that the seller took, oldest first."""
    found: list[tuple[Exchange, Life]] = []
    for exchange in run.known(ASKED_DATES).get(order, ()):
        if at(exchange.request.body, "/productOrderItem/productOrderItemId") != item:
            continue
        life = run.life(MODIFY_DATE, at(exchange.response.body, "/id")) if exchange.response else None
        if life is not None and life.asked is exchange:
            found.append((exchange, life))
    return found
