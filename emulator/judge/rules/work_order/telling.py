"""Subscriptions to events of work orders, and the events (MEF 137, 6.8, 6.11 and 6.12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from emulator.judge.named import WORK_ORDER as KIND
from emulator.judge.news import Due
from emulator.judge.rule import FINE, Mark, Remark, on_response, requests
from emulator.judge.rulebook import breach
from emulator.judge.rules import common
from emulator.judge.rules.work_order.book import API, WORK_ORDERS
from emulator.judge.run import Run, Said

_NEEDED: Final = "workOrderAppointmentRequiredEvent"

common.hub_comes_back(WORK_ORDERS)
common.repeats_parties(WORK_ORDERS, "R9", name="work-orders")
common.events_fit(WORK_ORDERS, item_name="")
common.subscribers_only(WORK_ORDERS, "R62")
common.wanted_types_only(WORK_ORDERS, "R62", name="type")


@WORK_ORDERS.rule(on=requests(API, "listenToWorkOrderStateChangeEvent"), name="listener")
def states_are_told_where_the_contract_says(said: Said) -> Iterator[Mark]:
    """The path of the listener to which new states are told."""
    if said.exchange.request.path.endswith("/workOrderAttributeValueChangeEvent"):
        yield breach(
            "",
            "/listener/workOrderStateChangeEvent",
            "/listener/workOrderAttributeValueChangeEvent",
            "the event was sent to the listener that the guide's table names; the contract has workOrderStateChangeEvent",
            reading=("work-order-state-listener", "contract"),
        )
    else:
        yield FINE


def _told(label: str, about: str, which: Callable[[Due], bool]) -> None:
    def look(run: Run) -> Iterator[Remark]:
        for page, due in common.dues(run, [KIND]):
            if which(due):
                yield common.told_or_not(page, due)

    look.__doc__ = about
    WORK_ORDERS.at_end((label, "R63"))(look)


_told("R56", "New work orders, against the events that came to who subscribed.", lambda due: due.created)
_told(
    "R57",
    "Changes of state that reads show, against the events that came to who subscribed.",
    lambda due: not due.created and _NEEDED not in due.types,
)
_told(
    "R58",
    "Work orders that came to ask for an appointment, against the events that came to who subscribed.",
    lambda due: _NEEDED in due.types,
)


@WORK_ORDERS.at_end("R58", name="birth")
def a_need_from_the_start_is_told(run: Run) -> Iterator[Remark]:
    """New work orders that ask for an appointment from the start, where the partners read it so that both events come."""
    reading = ("work-order-required-at-birth", "twice")
    for page, due in common.dues(run, [KIND]) if run.reads_as(*reading) else ():
        if due.created and due.shown.value.get("appointmentRequired") is True:
            told = any(event.event_type == _NEEDED for event in page.told)
            yield on_response(
                due.seen,
                FINE
                if told
                else breach(
                    f"{due.shown.place}/appointmentRequired",
                    _NEEDED,
                    True,
                    f"work order {page.id} is new and asks for an appointment, and no {_NEEDED} told the buyer",
                    reading=reading,
                ),
            )
