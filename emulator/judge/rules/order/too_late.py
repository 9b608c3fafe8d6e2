"""What a Buyer asks of an order, or of a product, that is over (MEF 123, 6.1.8, 6.2 and 6.8; MEF 116, Figure 12): hints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.judge.fold import Fold
from emulator.judge.named import ORDER as ORDERS
from emulator.judge.named import PRODUCT
from emulator.judge.rule import FINE, Mark, requests
from emulator.judge.rulebook import breach
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.rules.order.names import API, ITEMS, OVER, PLACE, text_of
from emulator.judge.run import Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import at, every

common.builds_on(ORDER, ORDERS, common.QUOTED, name="as-quoted")
common.builds_on(ORDER, ORDERS, common.QUALIFIED, name="as-qualified")
common.used_once(ORDER, name="quote-used")

_CANCEL: Final = "createCancelProductOrder"


@ORDER.rule(on=requests(API, "patchProductOrder", _CANCEL), name="order-over")
def an_order_that_is_over_is_left_alone(said: Said) -> Iterator[Mark]:
    """Changes and cancellations of an order: it was not shown to be over. Where the seller takes one, it is not over at its
    side either, and what it showed is its own mistake.
    """
    cancels = said.exchange.operation == _CANCEL
    identifier = at(said.body, "/productOrder/productOrderId") if cancels else said.exchange.path_params.get("id")
    life = said.run.life(ORDERS, identifier)
    last = life.last_before(said.exchange, whole=False) if life else None
    if last is not None:
        state = text_of(last.value.get("state"))
        what = "cancelled" if cancels else "changed"
        if state not in OVER:
            yield FINE
        elif not succeeded(said.exchange):
            place = "/productOrder/productOrderId" if cancels else ""
            message = f"order {identifier} is {state} and cannot be {what} any more"
            yield breach(place, "an order that is not over", state, message, hint=True)


_GONE: Final = ("terminated", "cancelled")
_ENDING: Final = ("pendingTerminate", "suspendedPendingTerminate")


def _take_deleted(known: dict[str, list[Exchange]], _run: Run, exchange: Exchange) -> None:
    if exchange.api == API and exchange.operation == "createProductOrder" and succeeded(exchange):
        for _, item in every(exchange.request.body, ITEMS):
            if at(item, "/action") == "delete" and isinstance(product := at(item, "/product/id"), str):
                known.setdefault(product, []).append(exchange)


_DELETED: Final[Fold[dict[str, list[Exchange]]]] = Fold(dict, _take_deleted)
"""The orders to delete a product that were taken, by the product."""


@ORDER.rule(on=PLACE, name="product-over")
def a_product_ends_once(said: Said) -> Iterator[Mark]:
    """Items to modify or delete: their product is neither gone nor about to go, by the inventory or by an order."""
    deleted = said.run.known(_DELETED, before=said.exchange)
    here: set[str] = set()
    for place, item in every(said.body, ITEMS):
        action, product = at(item, "/action"), at(item, "/product/id")
        if action not in ("modify", "delete") or not isinstance(product, str):
            continue
        why = "another item of this order deletes it" if product in here else _why_over(said, product, deleted)
        yield FINE if not why else breach(f"{place}/product/id", "a product in service", product,
                                          f"{place} is to {action} product {product}: {why}", hint=True)  # fmt: skip
        if action == "delete":
            here.add(product)


def _why_over(said: Said, product: str, deleted: dict[str, list[Exchange]]) -> str:
    life = said.run.life(PRODUCT, product)
    last = life.last_before(said.exchange, whole=False) if life else None
    status = last.value.get("status") if last else None
    if last is not None and status in (*_GONE, *_ENDING):
        return f"exchange {last.exchange.n} showed it as {status}"
    for placed in deleted.get(product, ())[-3:]:
        order = said.run.life(ORDERS, at(placed.response.body if placed.response else None, "/id"))
        newest = order.last_before(said.exchange, whole=False) if order else None
        state = text_of(newest.value.get("state")) if newest else ""
        if state == "completed":
            return f"exchange {placed.n} ordered that it ends"
    return ""
