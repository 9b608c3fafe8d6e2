"""Subscriptions and notifications, paging and places of orders (MEF 123, 6.15 to 7.2.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from emulator.judge.rule import ANY_STATUS, FINE, Mark, Remark, on_request, on_response, requests, responses
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules.order.book import ORDER
from emulator.judge.run import CANCEL, CHARGE, EVENTS, MODIFY_DATE, Kind, Life, Run, Said, succeeded
from emulator.judge.run import ORDER as ORDERS
from emulator.wire.exchange import Exchange
from emulator.wire.payload import MISSING, at, every

API: Final = ORDER.api

TYPES: Final = tuple(operation for operation, kind in EVENTS.items() if kind.api == API)
CHARGE_CREATED: Final = "chargeCreateEvent"
CHARGE_OTHERS: Final = ("chargeStateChangeEvent", "chargeTimeoutEvent")
DATE_SET: Final = "productOrderItemExpectedCompletionDateSet"
MILESTONE: Final = "productSpecificProductOrderItemMilestoneEvent"
ITEM_EVENTS: Final = ("productOrderItemStateChangeEvent", DATE_SET, MILESTONE)
OTHERS: Final = tuple(one for one in TYPES if one not in (CHARGE_CREATED, *CHARGE_OTHERS, MILESTONE))

SUBSCRIBE: Final = "registerListener"
EVENT: Final = requests(API, *TYPES)
LISTS: Final = (
    "listProductOrder",
    "listCancelProductOrder",
    "listCharge",
    "listModifyProductOrderItemRequestedDeliveryDate",
)

_UNDER_WAY: Final = timedelta(seconds=10)
"""How long after the end of a subscription an event can still arrive that was sent before it."""
_OVERTAKEN: Final = timedelta(minutes=1)
"""An event that is late by more than this, while later ones arrive, is taken as not sent."""


# Subscriptions


def _wanted(query: Any) -> list[str]:
    """The event types that a subscription's query names, in either syntax; empty where it names none: all of them."""
    if not isinstance(query, str):
        return []
    named = [value for key, value in parse_qsl(query.strip().lstrip("?")) if key.strip() == "eventType"]
    return [part.strip() for value in named for part in value.split(",") if part.strip()]


def _plain(event_type: str) -> str:
    """An event type under the name that the contract has for it."""
    return DATE_SET if event_type == f"{DATE_SET}Event" else event_type


def _asks_for(hub: Exchange) -> list[str]:
    return [_plain(name) for name in _wanted(at(hub.request.body, "/query"))]


def _covers(hub: Exchange, event_type: str) -> bool:
    wanted = _asks_for(hub)
    return not wanted or event_type in wanted


def _hubs(run: Run) -> list[Exchange]:
    """The subscriptions that were taken so far."""
    return [hub for hub in run.of(SUBSCRIBE, api=API) if succeeded(hub)]


def _ended(run: Run, hub: Exchange) -> Exchange | None:
    """The end of a subscription, where the Buyer ended it."""
    identifier = at(hub.response.body, "/id") if hub.response else MISSING
    ends = (end for end in run.of("unregisterListener", api=API) if end.n > hub.n and succeeded(end))
    return next((end for end in ends if end.path_params.get("id") == identifier), None)


def _refused(hub: Exchange) -> bool:
    """Whether a subscription was refused for what it says; a hub that is not served at all is another matter (CR4)."""
    return hub.response is not None and hub.response.status in (400, 422)


@ORDER.rule(on=responses(API, SUBSCRIBE, "retrieveHub"), name="hub-echo")
def a_subscription_comes_back_as_it_was_asked_for(said: Said) -> Iterator[Mark]:
    """The callback and query of a subscription, in the answer to it and when it is read."""
    if said.exchange.operation == SUBSCRIBE:
        asked = said.asked
    else:
        identifier = said.exchange.path_params.get("id")
        made = next((hub for hub in _hubs(said.run) if hub.response and at(hub.response.body, "/id") == identifier),
                    None)  # fmt: skip
        if made is None:
            return
        asked = made.request.body
        yield hold("/id", at(said.body, "/id") == identifier, expected=identifier, found=at(said.body, "/id"))
    callback, found = at(asked, "/callback"), at(said.body, "/callback")
    if isinstance(callback, str) and isinstance(found, str):
        yield hold("/callback", callback.rstrip("/") == found.rstrip("/"), expected=callback, found=found)
    wanted = {_plain(name) for name in _wanted(at(asked, "/query"))}
    kept = {_plain(name) for name in _wanted(at(said.body, "/query"))}
    everything = wanted in (set(), set(TYPES)) and kept in (set(), set(TYPES))
    if wanted and not everything and not given(at(said.body, "/query")):
        yield breach("/query", at(asked, "/query"), at(said.body, "/query"), hint=True)
        return
    yield hold("/query", wanted == kept or everything, expected=at(asked, "/query"), found=at(said.body, "/query"))


@ORDER.rule(on=responses(API, SUBSCRIBE), name="hub-id")
def subscriptions_have_ids_of_their_own(said: Said) -> Iterator[Mark]:
    """No two subscriptions that are in force have one id."""
    identifier = at(said.body, "/id")
    if not isinstance(identifier, str):
        return
    same = [hub for hub in _hubs(said.run) if hub.n < said.exchange.n and hub.response
            and at(hub.response.body, "/id") == identifier and _ended(said.run, hub) is None]  # fmt: skip
    # A Seller may answer a subscription that it has already with the one that it has.
    another = next((hub for hub in same if hub.request.body != said.asked), None)
    yield hold("/id", another is None, expected="an id of its own", found=identifier,
               message=f"the subscription of exchange {another.n if another else '?'} has the id {identifier} too")  # fmt: skip


@ORDER.rule(on=requests(API, SUBSCRIBE), name="hub-query")
def a_query_names_events_that_there_are(said: Said) -> Iterator[Mark]:
    """Each event type of a subscription's query."""
    reading = said.run.reading("expected-date-event-name")
    for name in _wanted(at(said.body, "/query")):
        if _plain(name) == DATE_SET:
            long = name != DATE_SET
            if long is (reading == "with-event"):
                yield FINE
            else:
                yield breach("/query", DATE_SET if long else f"{DATE_SET}Event", name,
                             reading=("expected-date-event-name", reading))  # fmt: skip
        elif name in TYPES:
            yield FINE
        else:
            yield breach("/query", list(TYPES), name, f"/query names {name}, and there is no such event", hint=True)


# Charges are told of


@ORDER.at_end(("R86", "R102"))
def new_charges_are_told_of(run: Run) -> Iterator[Remark]:
    """A Seller that raises charges takes a subscription to chargeCreateEvent, and sends it to who subscribed."""
    if not run.lives(CHARGE):
        return
    taken = any(_covers(hub, CHARGE_CREATED) for hub in _hubs(run))
    for hub in run.of(SUBSCRIBE, api=API) if not taken else ():
        if _refused(hub) and hub.n not in run.provoked and _asks_for(hub) == [CHARGE_CREATED]:
            # Something else can be the reason, such as the callback.
            yield on_response(
                hub,
                breach(
                    "",
                    201,
                    hub.response.status if hub.response else 0,
                    f"a subscription to {CHARGE_CREATED} is refused, and charges are raised",
                    hint=True,
                ),
            )
    for life in run.lives(CHARGE):
        yield from _told_or_not(run, life, (CHARGE_CREATED,), _first_seen_after(run, life))


def _first_seen_after(run: Run, life: Life) -> Exchange | None:
    """Where a charge was shown first, if its order was placed after a subscription to it was made."""
    if not life.shown:
        return None
    first = life.shown[0]
    named = (at(first.value, f"/{member}/productOrderId") for member in ("productOrder", "productOrderItem"))
    order = next((found for one in named if (found := run.life(ORDERS, one)) and found.asked), None)
    after = order.asked.n if order and order.asked else 0
    listening = any(hub.n < after and _covers(hub, CHARGE_CREATED) for hub in _hubs(run))
    return first.exchange if listening else None


def _told_or_not(run: Run, life: Life, types: Sequence[str], seen: Exchange | None) -> Iterator[Remark]:
    """Whether a happening that a subscriber had to hear of was told.

    An event that has not come yet may still come. It counts as not sent where others that were sent long after
    came before it, so that the way was open, and the subscription was still in force then.
    """
    told = [event for event in life.told if event.operation in types]
    if told:
        yield on_request(told[0], FINE)
    elif seen is not None:
        late = seen.at + run.spread(_OVERTAKEN)
        later = next((event for event in run.exchanges
                      if event.api == API and event.kind == "notification" and event.at > late), None)  # fmt: skip
        hub = next((h for h in _hubs(run) if h.n < seen.n and _covers(h, types[0])), None)
        ended = _ended(run, hub) if hub else None
        if later is not None and hub is not None and (ended is None or ended.at > late):
            yield on_response(seen, breach(
                "", types[0], MISSING,
                f"{life.kind.name} {life.id} was never told of by {types[0]}, while exchange {later.n} brought an "
                f"event of later"))  # fmt: skip


@ORDER.at_end(("R87", "R103"))
def buyers_listen_for_new_charges(run: Run) -> Iterator[Remark]:
    """Where charges are raised, a Buyer that subscribes at all subscribes to chargeCreateEvent."""
    hubs = [hub for hub in run.of(SUBSCRIBE, api=API) if hub.n not in run.provoked]
    listening = next((hub for hub in hubs if _covers(hub, CHARGE_CREATED)), None)
    if listening is not None:
        yield on_request(listening, FINE)
    elif hubs and any(life.shown for life in run.lives(CHARGE)) and not run.of(CHARGE_CREATED, api=API):
        yield on_request(hubs[-1], breach("/query", CHARGE_CREATED, at(hubs[-1].request.body, "/query"),
                                          f"the Seller raises charges, and no subscription takes in {CHARGE_CREATED}"))  # fmt: skip


# What is the Seller's choice


def _optional(types: Sequence[str]) -> Callable[[Run], Iterator[Remark]]:
    """Subscriptions to these events are taken or refused, and who refuses them does not send them all the same."""

    def look(run: Run) -> Iterator[Remark]:
        for event_type in types:
            hubs = run.of(SUBSCRIBE, api=API)
            taken = any(_covers(hub, event_type) for hub in hubs if succeeded(hub))
            refused = [hub for hub in hubs if _refused(hub) and hub.n not in run.provoked
                       and _asks_for(hub) == [event_type]]  # fmt: skip
            for hub in hubs:
                not_served = hub.response is not None and hub.response.status == 501  # noqa: PLR2004
                if hub in refused or ((succeeded(hub) or not_served) and event_type in _asks_for(hub)):
                    yield on_response(hub, FINE)
            for event in run.of(event_type, api=API):
                if refused and not taken and event.n > refused[-1].n:
                    yield on_request(event, breach("/eventType", "no such event", event_type,
                                                   f"{event_type} was sent, though exchange {refused[-1].n} refused a "
                                                   f"subscription to it"))  # fmt: skip
                else:
                    yield on_request(event, FINE)

    look.__doc__ = f"{', '.join(types)}: subscriptions to them, and whether they are sent."
    return look


ORDER.at_end("O14")(_optional(CHARGE_OTHERS))


@ORDER.rule("O14", on=requests(API, "chargeTimeoutEvent"), name="truth")
def only_what_was_left_unanswered_timed_out(said: Said) -> Iterator[Mark]:
    """A chargeTimeoutEvent is not about a charge that was answered, or withdrawn, before it."""
    life = said.run.life(CHARGE, at(said.body, "/event/id"))
    last = life.last_before(said.exchange, whole=False) if life else None
    if life is None or last is None:
        return
    state = at(last.value, "/state")
    answered = any(shown.view == "patched" for shown in life.before(said.exchange))
    if state == "timeout" or (state in ("awaitingResponse", "completed") and not answered):
        yield FINE
    elif state in ("withdrawnBySeller", "completed"):
        yield breach("/event/id", "a charge that nobody answered", life.id,
                     f"charge {life.id} was {state} already in exchange {last.exchange.n}")  # fmt: skip


ORDER.at_end("O18")(_optional(OTHERS))


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
    if not hubs or not all(_asks_for(hub) for hub in hubs):
        return
    found = str(said.exchange.operation)
    named = sorted({name for hub in hubs for name in _asks_for(hub)})
    yield hold("/eventType", any(_covers(hub, found) for hub in hubs), expected=named, found=found,
               message=f"{found} was sent, and the subscriptions are for {', '.join(named)} (is one left over from "
                       "an earlier run?)")  # fmt: skip


def _in_force(said: Said) -> list[Exchange]:
    """The subscriptions that an event can follow from, those that ended a moment ago included."""
    return [
        hub
        for hub in _hubs(said.run)
        if (end := _ended(said.run, hub)) is None or said.exchange.at - end.at < said.run.spread(_UNDER_WAY)
    ]


@ORDER.rule("R104", on=EVENT)
def nobody_is_told_who_did_not_subscribe(said: Said) -> Iterator[Mark]:
    """Each event follows from a subscription that was made and not ended."""
    if not _hubs(said.run):
        return
    hubs = _in_force(said)
    if not hubs:
        yield breach("", "no event", said.exchange.operation,
                     f"{said.exchange.operation} was sent after the last subscription was ended (is one left over "
                     "from an earlier run?)")  # fmt: skip
    elif any(_covers(hub, str(said.exchange.operation)) for hub in hubs):
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
        agreed = [hub for hub in _hubs(run) if _covers(hub, types[0])]
        if not agreed:
            continue
        named = any(_asks_for(hub) for hub in agreed)
        for life in run.lives(kind):
            seen = _change_seen_after(life, agreed[0])
            if seen is not None:
                known = named or any(event.n < seen.n for event in run.of(types[0], api=API))
                yield from _told_or_not(run, life, types, seen if known else None)


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


ORDER.at_end("O19")(_optional((MILESTONE,)))
ORDER.present("CR7", "/event", "/milestoneName", on=requests(API, MILESTONE))


@ORDER.rule("CR8", on=responses(API, "retrieveProductOrder", "patchProductOrder"))
def milestones_are_kept(said: Said) -> Iterator[Mark]:
    """Each milestone that was told of stands in the list of its item."""
    for shown, life in said.lived():
        for event in life.told:
            name, item = at(event.request.body, "/event/milestoneName"), at(event.request.body, "/event/orderItemId")
            if event.operation != MILESTONE or not isinstance(name, str) or not name or not isinstance(item, str):
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


@ORDER.rule(on=EVENT, name="event-id")
def events_have_ids_of_their_own(said: Said) -> Iterator[Mark]:
    """No two events that say different things have one eventId; one that is sent again is the same event."""
    identifier = at(said.body, "/eventId")
    if not isinstance(identifier, str):
        return
    other = next((event for event in said.run.of(*TYPES, api=API) if event.n < said.exchange.n
                  and at(event.request.body, "/eventId") == identifier
                  and _about(event.request.body) != _about(said.body)), None)  # fmt: skip
    yield FINE if other is None else breach("/eventId", "an id of its own", identifier,
                                            f"exchange {other.n} brought another event of this id", hint=True)  # fmt: skip


def _about(body: Any) -> tuple[Any, ...]:
    names = ("/eventType", "/event/id", "/event/orderItemId", "/event/milestoneName")
    return tuple(str(at(body, name)) for name in names)


# Pages


@ORDER.rule("R107", on=responses(API, *LISTS))
def a_page_that_is_cut_says_so(said: Said) -> Iterator[Mark]:
    """The headers of a page that is not all.

    A page is known to be cut where a header says so, or where it holds as many entries as were asked for and not
    one that was seen before and that nothing of the query leaves out.
    """
    if not isinstance(said.body, list):
        return
    length, offset = len(said.body), _count(said.query.get("offset")) or 0
    total, throttled = _count(said.header("X-Total-Count")), said.header("X-Pagination-Throttled") or ""
    limit = _count(said.query.get("limit"))
    if throttled.strip().lower() == "true" or (total is not None and total > offset + length):
        yield FINE
    elif limit and length >= limit and _left_out(said):
        yield breach("", "X-Total-Count or X-Pagination-Throttled", MISSING,
                     f"a page of {length} is not all that there is, and no header says so")  # fmt: skip


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004


def _left_out(said: Said) -> bool:
    """Whether an earlier list with the same filters, or no filter at all, makes it sure that there is more."""
    mine = {shown.value["id"] for shown in said.shown}
    wanted = _filters(said.exchange)
    parties = {key: value for key, value in wanted.items() if key in ("buyerId", "sellerId")}
    if _count(said.query.get("offset")):
        return False
    kind = next(kind for kind in (ORDERS, CANCEL, CHARGE, MODIFY_DATE) if kind.listing == said.exchange.operation)
    for life in said.run.lives(kind) if wanted == parties else ():
        if life.id not in mine and any(_parties(seen.exchange) == parties for seen in life.before(said.exchange)):
            return True
    return False


def _filters(exchange: Exchange) -> dict[str, str]:
    return {key: value for key, value in exchange.request.query if key not in ("offset", "limit")}


def _parties(exchange: Exchange) -> dict[str, str]:
    return {key: value for key, value in exchange.request.query if key in ("buyerId", "sellerId")}


# Places

_BY_VALUE: Final = (
    "FieldedAddress",
    "FormattedAddress",
    "GeographicAddressLabel",
    "MEFGeographicPoint",
)
_BY_REFERENCE: Final = ("GeographicAddressRef", "GeographicSiteRef")
_PLACED: Final = ("createProductOrder", "retrieveProductOrder", "patchProductOrder")


@ORDER.rule("R108", on=requests(API, "createProductOrder") | responses(API, *_PLACED))
def a_place_by_reference_is_an_address_or_a_site(said: Said) -> Iterator[Mark]:
    """@type and id of each place; types that the partners agreed on are theirs."""
    items = at(said.body, "/productOrderItem")
    for index, item in enumerate(items) if isinstance(items, list) else ():
        places = at(item, "/product/place")
        for nth, found in enumerate(places) if isinstance(places, list) else ():
            place = f"/productOrderItem/{index}/product/place/{nth}"
            kind, identifier = at(found, "/@type"), at(found, "/id")
            if kind in _BY_REFERENCE:
                yield FINE if given(identifier) else breach(f"{place}/id", "an id", identifier)
            elif kind in _BY_VALUE and given(identifier):
                yield breach(f"{place}/id", MISSING, identifier,
                             f"{place} refers to a place by its id, and its @type is {kind}; expected "
                             f"{' or '.join(_BY_REFERENCE)}")  # fmt: skip
