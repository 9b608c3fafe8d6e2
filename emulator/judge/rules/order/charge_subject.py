"""What a charge that no request of the Buyer's has caused is for (Mplify 123.1, 6.11)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.judge.named import ORDER as ORDERS
from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach, given
from emulator.judge.rules.order.book import ORDER
from emulator.judge.rules.order.charging import CAUSES, CHARGE_WHOLE
from emulator.judge.run import Said
from emulator.record.payload import at, every

_ON_ORDERS: Final = frozenset({"assessingCancellation", "pending.assessingModification"})
"""The states of an order in which it can be charged as a whole."""


@ORDER.rule("Mplify123.1-item-charge-subject", on=CHARGE_WHOLE)
def a_charge_without_a_cause_is_for_an_item(said: Said) -> Iterator[Mark]:
    """The productOrderItem of charges that neither a cancellation nor another date has caused.

    Of an order that was, or may have been, asked to be changed or cancelled the cause may be left out: that is for others to say.
    """
    for shown in said.shown:
        if any(given(at(shown.value, f"/{cause}")) for cause, _, _ in CAUSES):
            continue
        found, here = at(shown.value, "/productOrderItem"), f"{shown.place}/productOrderItem"
        life = said.run.life(ORDERS, at(shown.value, "/productOrder/productOrderId"))
        seen = {state for each in life.shown for state in _states_of(each.value)} if life else set[Any]()
        if given(found):
            yield FINE
        elif seen and not seen & _ON_ORDERS:
            yield breach(
                here, "a reference", found, "a charge that nobody's request has caused is for an item, and names it"
            )


def _states_of(order: Any) -> Iterator[Any]:
    yield at(order, "/state")
    for _, state in every(order, "/stateChange/*/state"):
        yield state
