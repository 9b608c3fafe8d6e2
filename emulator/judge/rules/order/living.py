"""States of orders and items, and what comes with a state (MEF 123, 6.1.9 to 6.1.11)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.judge.rule import (
    FINE,
    Mark,
    responses,
)
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.rules.order.names import (
    API,
    ITEM_OVER,
    ITEMS,
    OVER,
    PLACED,
    READ,
    SEEN,
    SHOWN,
    date_changes,
    objects_of,
    text_of,
)
from emulator.judge.run import Said
from emulator.record.payload import MISSING, at, every
from emulator.standard.tables import state_table

# 6.1.9 and 6.1.10, states

ORDER_STATES: Final = common.Machine("productOrder")
ITEM_STATES: Final = common.Machine("productOrderItem", holder=ITEMS)

common.goes_legally(ORDER, (), ORDER_STATES, on=SEEN, name="order-path")
common.goes_legally(ORDER, (), ITEM_STATES, on=SHOWN, name="item-path")
common.fits_state_table(ORDER, (), "item-states", on=SHOWN, name="item-states")


@ORDER.rule(name="order-begins", on=PLACED)
def orders_begin_acknowledged(said: Said) -> Iterator[Mark]:
    """A new order and its items are acknowledged in the answer to the request that placed it."""
    for place, state in (("/state", at(said.body, "/state")), *every(said.body, f"{ITEMS}/state")):
        if isinstance(state, str):
            yield (
                FINE
                if state == "acknowledged"
                else breach(place, "acknowledged", state, f"{place} of a new order is {state}", hint=True)
            )


@ORDER.rule(name="states-at-rest", on=SHOWN)
def items_have_followed(said: Said) -> Iterator[Mark]:
    """No item lags behind the state of its order; the guide leaves to the seller which of the two moves first."""
    table = state_table(said.run.release.tables[API], "item-states-at-rest")
    settled = table.allowed.get(text_of(at(said.body, table.by)), ())
    possible = state_table(said.run.release.tables[API], "item-states").allowed
    for place, state in every(said.body, table.items) if settled else ():
        if state in settled:
            yield FINE
        elif state in possible[at(said.body, table.by)]:
            yield breach(place, list(settled), state,
                         f"{place} is {state} while the order is {at(said.body, table.by)}", hint=True)  # fmt: skip


_NEEDED: Final = {
    "rejected": (("rejected",), False),
    "partial": (("completed", "failed"), False),  # or rejected, where the table of states has it so
    "pending.assessingModification": (("pending",), True),
    "held.assessingCharge": (("held",), True),
}
"""Item states without which an order cannot be in a state, and whether one part may lag behind the other."""


_INSTEAD: Final = {"failed": ("rejected",)}


@ORDER.rule(name="order-cause", on=SHOWN)
def order_states_have_a_cause(said: Said) -> Iterator[Mark]:
    """A state of the order that some item is the cause of: that item is there (tables 8 and 9)."""
    state = text_of(at(said.body, "/state"))
    needed, lags = _NEEDED.get(state, ((), False))
    if not needed:
        return
    states = [at(item, "/state") for _, item in every(said.body, ITEMS)]
    if not all(isinstance(one, str) for one in states):
        return
    table = state_table(said.run.release.tables[API], "item-states").allowed.get(state, ())
    for one in needed:
        instead = [each for each in _INSTEAD.get(one, ()) if each in table]
        if one in states or any(each in states for each in instead):
            yield FINE
        else:
            yield breach("/state", f"an item that is {one}", state,
                         f"the order is {state}, and none of its items is {one}", hint=lags)  # fmt: skip


# 6.1.11, what comes with a state


def _in_state(state: str) -> Any:
    return lambda value: value.get("state") == state


ORDER.present(("R45", "R62"), "", "/completionDate", on=READ, where=_in_state("completed"))
ORDER.present(("R48", "R62"), ITEMS, "/completionDate", on=READ, where=_in_state("completed"))


@ORDER.rule("R50", on=responses(API, "retrieveProductOrder", "patchProductOrder"))
def revised_dates_are_explained(said: Said) -> Iterator[Mark]:
    """Where expectedCompletionDate of an item has moved since the order was read before, the seller has added a note
    to the item or to the order. A date that moves at the buyer's request is no revision of the seller's.
    """
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        if earlier is None:
            continue
        for place, item, before in common.paired(shown, earlier, ITEMS):
            old, new = at(before, "/expectedCompletionDate"), at(item, "/expectedCompletionDate")
            if not (given(old) and given(new)) or common.same(old, new) or text_of(item.get("state")) in ITEM_OVER:
                continue
            if date_changes(said.run, life.id, item.get("id")):
                continue
            fresh = _sellers_notes(shown.value, item) - _sellers_notes(earlier.value, before)
            yield hold(f"{place}/expectedCompletionDate", bool(fresh), expected=old, found=new,
                       message=f"{place}/expectedCompletionDate has moved from {old} to {new}, and no new note of the "
                               f"seller's says why")  # fmt: skip


def _sellers_notes(order: Any, item: Any) -> set[tuple[str, str]]:
    return {
        (str(note.get("id")), str(note.get("text")))
        for holder in (order, item)
        for _, note in objects_of(holder, "/note/*")
        if note.get("source") == "seller"
    }


common.keeps(ORDER, (), "", "/orderDate", "/completionDate", "/cancellationDate", on=SHOWN, name="order-dates")
common.keeps(ORDER, (), ITEMS, "/completionDate", on=SHOWN, name="item-dates")


@ORDER.rule(name="order-date-order", on=SEEN)
def orders_end_after_they_begin(said: Said) -> Iterator[Mark]:
    """An order's completionDate and cancellationDate are not before its orderDate."""
    for shown in said.shown:
        start = common.moment(shown.value.get("orderDate"))
        for name in ("completionDate", "cancellationDate"):
            end = common.moment(shown.value.get(name))
            if start is None or end is None:
                continue
            if end >= start:
                yield FINE
            else:
                place = f"{shown.place}/{name}"
                yield breach(place, f"{shown.value['orderDate']} or later", shown.value[name],
                             f"{place} is before orderDate", hint=True)  # fmt: skip


@ORDER.rule(name="completion-order", on=SHOWN)
def orders_are_completed_after_their_items(said: Said) -> Iterator[Mark]:
    """The completionDate of an order is not before that of one of its items (7.2.1.2: all of them are done by then)."""
    for shown in said.shown:
        done = common.moment(shown.value.get("completionDate"))
        for place, found in every(shown.value, f"{ITEMS}/completionDate") if done else ():
            when = common.moment(found)
            if done is not None and when is not None:
                yield FINE if (when - done).total_seconds() < 1 else breach(
                    f"{shown.place}/completionDate", f"{found} or later", shown.value["completionDate"],
                    f"{shown.place}/completionDate is before {place}", hint=True)  # fmt: skip


_LATER: Final = {
    "/completionDate": frozenset(OVER),
    "/cancellationDate": frozenset({"cancelled"}),
}
"""Attributes that tell of the end of an order, and the states that have them."""


@ORDER.rule(name="order-end-dates", on=SEEN)
def only_ended_orders_show_an_end(said: Said) -> Iterator[Mark]:
    """Orders that are over show completionDate, those that are cancelled cancellationDate, and no others do."""
    for shown in said.shown:
        for member, states in _LATER.items():
            found = at(shown.value, member)
            if not given(found) or not isinstance(shown.value.get("state"), str):
                continue
            if shown.value["state"] in states:
                yield FINE
            else:
                yield breach(shown.place + member, MISSING, found,
                             f"{shown.place + member} is given while the order is {shown.value['state']}", hint=True)  # fmt: skip
