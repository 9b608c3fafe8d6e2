"""The notifications themselves, and changes of state against them (MEF 123, 6.16)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.judge.fold import grouped
from emulator.judge.hubs import SUBSCRIBE
from emulator.judge.named import CANCEL, CHARGE, MODIFY_DATE
from emulator.judge.named import ORDER as ORDERS
from emulator.judge.news import Due
from emulator.judge.rule import FINE, Mark, Remark, on_request, requests, responses, tells
from emulator.judge.rulebook import hold
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.rules.order.news import CHARGE_CREATED, CHARGE_TIMED_OUT, DATES_SET, MILESTONE, is_for, optional
from emulator.judge.rules.order.subscribing import API, is_refused, types_of
from emulator.judge.run import Run, Said
from emulator.record.payload import at, every

ITEM_EVENTS: Final = ("productOrderItemStateChangeEvent", *DATES_SET, MILESTONE)
_FREE: Final = "MEF123-O18"
"""The freedom to have no events but those of new charges."""

# Notifications

common.events_fit(ORDER, item="R106", item_name="item")
common.wanted_types_only(ORDER, "R101")
common.subscribers_only(ORDER, "R104")


@ORDER.at_end("R105")
def who_subscribed_is_told(run: Run) -> Iterator[Remark]:
    """Changes of state that were seen, of orders, their items, charges and requests, against the events that arrived for
    who subscribed to them.

    A subscription that was taken without naming types is one to all of them (6.15). A Seller that has not every type (O18)
    refuses a subscription to it, or says so beforehand; of charges and expected dates the choice is its own.
    """
    types = types_of(run)
    refused = {
        one for one in types for hub in run.of(SUBSCRIBE, api=API) if is_refused(run, hub) and is_for(run, hub, one)
    }
    for page, due in common.dues(run, [ORDERS, CANCEL, MODIFY_DATE, CHARGE]):
        if not due.created and (due.told is not None or _has(run, due, refused)):
            yield common.told_or_not(page, due)
    for event in (
        told for one in types if one not in (MILESTONE, "chargeCreateEvent") for told in run.of(one, api=API)[:1]
    ):
        yield on_request(event, FINE)


def _has(run: Run, due: Due, refused: set[str]) -> bool:
    """Whether the Seller has an event: for who names it, and unless it said that it has none."""
    if due.hub is not None and due.hub.types is not None:
        return True
    return not refused & set(due.types) and run.uses(_FREE) is not False


ORDER.present("R106", "/event", "/orderItemId", on=requests(API, *ITEM_EVENTS))
ORDER.present("Mplify123.1-event-members", "", "/eventId", "/eventTime", "/eventType", "/event", on=tells(API))
ORDER.present("Mplify123.1-charge-event-members", "/event", "/id", on=requests(API, CHARGE_CREATED, CHARGE_TIMED_OUT))
_OF_ITEM: Final = {
    "Mplify123.1-item-event-members": (("productOrderItemStateChangeEvent",), "/state"),
    "Mplify123.1-date-event-members": (DATES_SET, ""),
    "Mplify123.1-milestone-event-members": ((MILESTONE,), "/milestoneName"),
}
for _key, (_types, _more) in _OF_ITEM.items():
    ORDER.present(_key, "/event", "/id", "/orderItemId", *filter(None, [_more]), on=requests(API, *_types))
    common.of_its_item(ORDER, _key, on=requests(API, *_types), name="item")
_STATED: Final = (
    "productOrderStateChangeEvent",
    "cancelProductOrderStateChangeEvent",
    "chargeStateChangeEvent",
    "modifyProductOrderItemRequestedDeliveryDateStateChangeEvent",
)
ORDER.present("Mplify123.1-state-event-members", "/event", "/id", "/state", on=requests(API, *_STATED))
common.of_states_that_were(ORDER, ("Mplify123.1-state-event-members", "Mplify123.1-item-event-members"))
common.ended_by_its_id(ORDER, "Mplify123.1-known-subscription")
common.ended_is_empty(ORDER, "Mplify123.1-ended-is-204")


ORDER.at_end("O19")(optional((MILESTONE,)))
ORDER.present("CR7", "/event", "/milestoneName", on=requests(API, MILESTONE))


_MILESTONES: Final = grouped(API, MILESTONE, lambda event: at(event.request.body, "/event/id"))


@ORDER.rule("CR8", on=responses(API, "retrieveProductOrder", "patchProductOrder"))
def milestones_are_kept(said: Said) -> Iterator[Mark]:
    """Each milestone that was told of stands in the list of its item."""
    for shown, life in said.lived():
        for event in said.run.known(_MILESTONES).get(life.id, ()):
            name, item = at(event.request.body, "/event/milestoneName"), at(event.request.body, "/event/orderItemId")
            if not isinstance(name, str) or not name or not isinstance(item, str):
                continue
            for place, value in every(shown.value, "/productOrderItem/*"):
                if at(value, "/id") == item:
                    names = [found for _, found in every(value, "/milestone/*/name")]
                    yield hold(f"{shown.place}{place}/milestone", name in names, expected=name, found=names,
                               message=f"the milestone {name}, of which exchange {event.n} told, is not kept")  # fmt: skip
