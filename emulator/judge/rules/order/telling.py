"""The notifications themselves, and changes of state against them (MEF 123, 6.16)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from emulator.judge.fold import Fold, grouped
from emulator.judge.rule import ANY_STATUS, FINE, Mark, Remark, requests, responses
from emulator.judge.rulebook import breach, hold
from emulator.judge.rules.order.book import ORDER
from emulator.judge.rules.order.news import CHARGE_OTHERS, MILESTONE, optional, told_or_not
from emulator.judge.rules.order.subscribing import API, DATE_SET, HUBS, TYPES, first_hub, takes_in
from emulator.judge.run import CANCEL, CHARGE, MODIFY_DATE, Kind, Life, Run, Said
from emulator.judge.run import ORDER as ORDERS
from emulator.wire.exchange import Exchange
from emulator.wire.payload import at, every

ITEM_EVENTS: Final = ("productOrderItemStateChangeEvent", DATE_SET, MILESTONE)
EVENT: Final = requests(API, *TYPES)
_UNDER_WAY: Final = timedelta(seconds=10)
"""How long after the end of a subscription an event can still arrive that was sent before it."""


# Notifications


@ORDER.rule(on=EVENT, name="event-type")
def an_event_is_what_its_path_says(said: Said) -> Iterator[Mark]:
    """The eventType against the path that the event was sent to."""
    found = at(said.body, "/eventType")
    if isinstance(found, str):
        yield hold("/eventType", found == said.exchange.operation, expected=said.exchange.operation, found=found)


@ORDER.rule("R101", on=EVENT)
def only_events_of_the_wanted_types_are_sent(said: Said) -> Iterator[Mark]:
    """The type of each event against the subscriptions that name types.

    Subscriptions of before the run are not known: an event that came while none of this run was made says nothing.
    """
    hubs = _in_force(said)
    if not hubs or not all(hubs):
        return
    found = str(said.exchange.operation)
    named = sorted({name for wanted in hubs for name in wanted})
    yield hold("/eventType", any(takes_in(wanted, found) for wanted in hubs), expected=named, found=found,
               message=f"{found} was sent, and the subscriptions are for {', '.join(named)} (is one left over from "
                       "an earlier run?)")  # fmt: skip


def _in_force(said: Said) -> list[tuple[str, ...]]:
    """What the subscriptions ask for that an event can follow from, those that ended a moment ago included."""
    lately = said.exchange.at - said.run.spread(_UNDER_WAY)
    return [
        wanted
        for wanted, alike in said.run.known(HUBS).alike.items()
        if alike.in_force or (alike.ended is not None and alike.ended > lately)
    ]


@ORDER.rule("R104", on=EVENT)
def nobody_is_told_who_did_not_subscribe(said: Said) -> Iterator[Mark]:
    """Each event follows from a subscription that was made and not ended."""
    if not said.run.known(HUBS).made:
        return
    hubs = _in_force(said)
    if not hubs:
        yield breach("", "no event", said.exchange.operation,
                     f"{said.exchange.operation} was sent after the last subscription was ended (is one left over "
                     "from an earlier run?)")  # fmt: skip
    elif any(takes_in(wanted, str(said.exchange.operation)) for wanted in hubs):
        yield FINE


_STATE_EVENTS: Final[tuple[tuple[tuple[str, ...], Kind], ...]] = (
    (("productOrderStateChangeEvent",), ORDERS),
    (("cancelProductOrderStateChangeEvent",), CANCEL),
    (("modifyProductOrderItemRequestedDeliveryDateStateChangeEvent",), MODIFY_DATE),
    (CHARGE_OTHERS, CHARGE),
)
"""The events that tell of a change of state; of a charge that timed out the one will do as well as the other."""


@ORDER.at_end("R105")
def who_subscribed_is_told(run: Run) -> Iterator[Remark]:
    """Changes of state that were seen, against the events that arrived for who subscribed to them.

    A Seller may take a subscription to everything and not have every type: a type counts where the subscription
    names it, or where an event of that type was sent for something else.
    """
    for types, kind in _STATE_EVENTS:
        first = first_hub(run, types[0])
        if first is None:
            continue
        named = any(types[0] in wanted for wanted in run.known(HUBS).alike)
        for life in run.lives(kind):
            seen = _change_seen_after(life, first)
            if seen is not None:
                known = named or any(event.n < seen.n for event in run.of(types[0], api=API)[:1])
                yield from told_or_not(run, life, types, seen if known else None)


def _change_seen_after(life: Life, hub: Exchange) -> Exchange | None:
    """The exchange in which a change of state was seen that came about after a subscription."""
    states = [
        (shown.exchange, state)
        for shown in life.shown
        if shown.exchange.n > hub.n and isinstance(state := at(shown.value, "/state"), str)
    ]
    return next((exchange for exchange, state in states[1:] if state != states[0][1]), None)


ORDER.present("R106", "/event", "/orderItemId", on=requests(API, *ITEM_EVENTS))


@ORDER.rule("R106", on=requests(API, *ITEM_EVENTS), name="item")
def the_item_of_an_event_is_one_of_the_order(said: Said) -> Iterator[Mark]:
    """The orderItemId against the items of the order, where that was shown."""
    life = said.run.life(ORDERS, at(said.body, "/event/id"))
    last = life.last_before(said.exchange) if life else None
    known = sorted({identifier for _, identifier in every(last.value, "/productOrderItem/*/id")
                    if isinstance(identifier, str)} if last else ())  # fmt: skip
    found = at(said.body, "/event/orderItemId")
    if known and isinstance(found, str) and found:
        yield hold("/event/orderItemId", found in known, expected=known, found=found,
                   message=f"the order has no item {found}")  # fmt: skip


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


@ORDER.rule(
    on=responses(
        API,
        *(kind.retrieve for kind in (ORDERS, CANCEL, CHARGE, MODIFY_DATE) if kind.retrieve),
        statuses=ANY_STATUS,
    ),
    name="event-resource",
)
def events_are_about_what_there_is(said: Said) -> Iterator[Mark]:
    """A read of what an event was about is not answered 404."""
    kind = next(kind for kind in (ORDERS, CANCEL, CHARGE, MODIFY_DATE) if kind.retrieve == said.exchange.operation)
    life = said.run.life(kind, said.exchange.path_params.get("id"))
    if life is not None and life.told and not life.before(said.exchange):
        yield hold("", said.status != 404, expected=200, found=said.status,  # noqa: PLR2004
                   message=f"exchange {life.told[0].n} told of {kind.name} {life.id}, which is not found")  # fmt: skip


_FIRST_STATES: Final = {
    "productOrderStateChangeEvent": "acknowledged",
    "cancelProductOrderStateChangeEvent": "acknowledged",
    "modifyProductOrderItemRequestedDeliveryDateStateChangeEvent": "acknowledged",
    "chargeStateChangeEvent": "awaitingResponse",
}


@ORDER.rule(
    on=responses(
        API,
        "retrieveProductOrder",
        "retrieveCancelProductOrder",
        "retrieveCharge",
        "retrieveModifyProductOrderItemRequestedDeliveryDate",
    ),
    name="event-first-state",
)
def the_first_state_is_no_change(said: Said) -> Iterator[Mark]:
    """What an event told to have changed its state is no longer in its first one (6.16)."""
    for shown, life in said.lived():
        told = next((event for event in life.told if event.operation in _FIRST_STATES), None)
        state = at(shown.value, "/state")
        if told is not None and isinstance(state, str):
            first = _FIRST_STATES[str(told.operation)]
            yield FINE if state != first else breach(
                f"{shown.place}/state", f"not {first}", state,
                f"exchange {told.n} told of a change of state, and {life.kind.name} {life.id} is still {state}",
                hint=True)  # fmt: skip


def _take_event(known: dict[str, dict[tuple[str, ...], Exchange]], _run: Run, exchange: Exchange) -> None:
    identifier = at(exchange.request.body, "/eventId")
    if exchange.api == API and exchange.operation in TYPES and isinstance(identifier, str):
        known.setdefault(identifier, {}).setdefault(_about(exchange.request.body), exchange)


_EVENTS: Final[Fold[dict[str, dict[tuple[str, ...], Exchange]]]] = Fold(dict, _take_event)
"""By its id, the first event that says each of the things that events of this id say."""


@ORDER.rule(on=EVENT, name="event-id")
def events_have_ids_of_their_own(said: Said) -> Iterator[Mark]:
    """No two events that say different things have one eventId; one that is sent again is the same event."""
    identifier = at(said.body, "/eventId")
    if not isinstance(identifier, str):
        return
    mine, same_id = _about(said.body), said.run.known(_EVENTS)[identifier]
    other = next((event for about, event in same_id.items() if about != mine), None)
    yield FINE if other is None else breach("/eventId", "an id of its own", identifier,
                                            f"exchange {other.n} brought another event of this id", hint=True)  # fmt: skip


def _about(body: Any) -> tuple[str, ...]:
    names = ("/eventType", "/event/id", "/event/orderItemId", "/event/milestoneName")
    return tuple(str(at(body, name)) for name in names)
