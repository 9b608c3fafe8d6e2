"""Lists of orders, and one order (MEF 123, 6.3 and 6.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.judge.named import ORDER as ORDERS
from emulator.judge.named import PRODUCT
from emulator.judge.rule import (
    Mark,
    Remark,
    on_response,
    responses,
)
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.rules.order.names import API, ITEMS, READ, SHOWN, entries_agree, objects_of, text_of
from emulator.judge.run import Life, Run, Said, Shown
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, every
from emulator.standard.tables import attribute_table

# 6.3, list of orders

_BY_DATE: Final = ("orderDate", "completionDate", "cancellationDate")

_FILTERS: Final = {
    "state": common.Filter("/state", moves=True),
    **{name: common.Filter(f"/{name}") for name in ("externalId", "projectId")},
    **{f"{name}.{way}": common.Filter(f"/{name}", way) for name in _BY_DATE for way in ("gt", "lt")},
}
_FILTERED: Final = ("O9", "Mplify123.1-filters")
common.filters(ORDER, _FILTERED, "listProductOrder", _FILTERS)

_ITEM_FILTERS: Final = {
    f"item{member[0].upper()}{member[1:]}.{way}": (f"{ITEMS}/{member}", way)
    for member in ("requestedCompletionDate", "expectedCompletionDate")
    for way in ("gt", "lt")
}
common.lists_all(
    ORDER,
    _FILTERED,
    ORDERS,
    {**_FILTERS, **{name: common.Filter(member, way, moves=True) for name, (member, way) in _ITEM_FILTERS.items()}},
)


@ORDER.at_end("Mplify123.1-filters", name="items")
@ORDER.at_end("O10")
def lists_match_item_dates(run: Run) -> Iterator[Remark]:
    """Entries of a list of orders that was narrowed by dates of items, against reads of the orders before and after.

    A list does not show items, and their dates move: wrong is an entry that fits neither read.
    """
    for exchange in run.of("listProductOrder", api=API):
        for parameter, wanted in exchange.request.query:
            pattern, way = _ITEM_FILTERS.get(parameter, ("", ""))
            limit = common.moment(wanted.replace(" ", "+"))
            if not pattern or limit is None:
                continue
            for shown in run.shown(exchange):
                right = _fits_dates(run.life(ORDERS, shown.value["id"]), exchange, pattern, way, limit)
                if right is not None:
                    yield on_response(exchange, hold(
                        shown.place, right, expected=f"{parameter}={wanted}", found=shown.value["id"],
                        message=f"no item of {shown.place} matches the filter {parameter}={wanted}"))  # fmt: skip


def _fits_dates(life: Life | None, exchange: Exchange, pattern: str, way: str, limit: Any) -> bool | None:
    """Whether an item had such a date, None where the reads around the list do not tell."""
    if life is None:
        return None
    before = life.last_before(exchange)
    after = life.next_after(exchange)
    dates = [
        moment
        for shown in (before, after)
        for _, value in every(shown.value if shown else None, pattern)
        if (moment := common.moment(value)) is not None
    ]
    if any(moment >= limit if way == "gt" else moment <= limit for moment in dates):
        return True
    return False if before and after and dates else None


@ORDER.rule("R59", on=responses(API, "listProductOrder"))
def entries_show_what_is_set(said: Said) -> Iterator[Mark]:
    """Seven attributes of each entry, where an earlier read of the order showed them."""
    yield from entries_agree(
        said, "id", "cancellationDate", "completionDate", "externalId", "orderDate", "projectId", "state"
    )


common.too_many_is_422(ORDER, "Mplify123.1-too-many", "listProductOrder")
common.nothing_found_is_200(ORDER, "R60", "listProductOrder")
common.reads_agree(
    ORDER,
    (),
    ORDERS,
    "/orderDate",
    "/externalId",
    "/projectId",
    "/completionDate",
    "/cancellationDate",
    name="order-list",
)
common.pages(ORDER, (), "listProductOrder", name="order-pages")
common.no_doubles(ORDER, (), "listProductOrder", name="order-doubles")


# 6.4, one order

common.unknown_is_404(ORDER, (), "retrieveProductOrder", ORDERS, name="order-unknown")
common.keeps(ORDER, "R61", ITEMS, "/product/id", on=SHOWN, name="", message="stays once it is assigned")


@ORDER.at_end("R61", name="inventory")
def products_of_items_are_named(run: Run) -> Iterator[Remark]:
    """Items whose product the inventory has shown, with its reference to the item: they name the product."""
    made: dict[tuple[str, str], Shown] = {}
    for life in run.lives(PRODUCT):
        for shown in life.shown:
            for _, reference in objects_of(shown.value, "/productOrderItem/*"):
                order, item = reference.get("productOrderId"), reference.get("productOrderItemId")
                if isinstance(order, str) and isinstance(item, str):
                    made.setdefault((order, item), shown)
    for order in run.lives(ORDERS) if made else ():
        for shown in order.shown:
            for place, item in objects_of(shown.value) if shown.whole else ():
                product = made.get((order.id, text_of(item.get("id"))))
                if product is not None and product.exchange.n < shown.exchange.n:
                    found = at(item, "/product/id")
                    yield on_response(shown.exchange, hold(
                        f"{place}/product/id", given(found), expected=product.value["id"], found=found,
                        message=f"{place}/product/id is missing, though exchange {product.exchange.n} showed the "
                                f"product in inventory"))  # fmt: skip


_DISPUTED: Final = {
    **{
        ("/expectedCompletionDate", state): ("expected-completion-date-after-end", "kept")
        for state in ("cancelled", "failed")
    },
    **{("/expectedCompletionDate", state): ("expected-date-of-open-item", "told") for state in ("held", "pending")},
}
_NUMBERED: Final = {("/completionDate", "completed"), ("/expectedCompletionDate", "inProgress")}
"""Cells that have a requirement of their own: R45, R48, R28 with R46."""


def _spared(_said: Said, attribute: str, state: str, _holder: Mapping[str, Any]) -> bool:
    """Cells that other rules speak on: histories R19 and R23, what the buyer sent R16."""
    return attribute in ("/stateChange", "/relatedContactInformation") or (attribute, state) in _NUMBERED


common.required_by_table(ORDER, "R62", "order-attributes", on=READ, spared=_spared)
common.required_by_table(ORDER, "R62", "item-attributes", on=READ, disputed=_DISPUTED, spared=_spared, name="items")


@ORDER.rule("R62", name="blank", on=READ)
def blank_cells_are_empty(said: Said) -> Iterator[Mark]:
    """Attributes whose cell of table 10 or 11 is blank are not there, where the partners read a blank so."""
    for name in ("order-attributes", "item-attributes"):
        table = attribute_table(said.run.release.tables[API], name)
        for place, holder in objects_of(said.body, table.holder):
            state = text_of(holder.get("state"))
            for attribute, cells in table.rows.items():
                found = at(holder, attribute) if cells.get(state) == "" else MISSING
                # completionDate of items has R29 and R49.
                if given(found) and (place == "" or attribute != "/completionDate"):
                    yield breach(place + attribute, MISSING, found,
                                 f"{place + attribute} is given, and its cell is blank ({table.number}: {state})",
                                 reading=("blank-cells", "forbidden"))  # fmt: skip
