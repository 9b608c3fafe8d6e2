"""What has to be told of charges, and what is the Seller's choice to tell (MEF 123, 6.15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from emulator.judge.hubs import SUBSCRIBE, asks_for
from emulator.judge.named import CHARGE
from emulator.judge.named import ORDER as ORDERS
from emulator.judge.rule import FINE, Mark, Remark, on_request, on_response, requests
from emulator.judge.rulebook import breach
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.rules.order.subscribing import API, first_hub, is_refused
from emulator.judge.run import Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import at, every

DATES_SET: Final = ("productOrderItemExpectedCompletionDateSet", "productOrderItemExpectedCompletionDateSetEvent")
"""The event of an expected date, as one release and another call it."""
CHARGE_CREATED: Final = "chargeCreateEvent"
CHARGE_TIMED_OUT: Final = "chargeTimeoutEvent"
CHARGE_OTHERS: Final = ("chargeStateChangeEvent", CHARGE_TIMED_OUT)
MILESTONE: Final = "productSpecificProductOrderItemMilestoneEvent"
OTHERS: Final = (
    "productOrderStateChangeEvent",
    "productOrderItemStateChangeEvent",
    *DATES_SET,
    "cancelProductOrderStateChangeEvent",
    "modifyProductOrderItemRequestedDeliveryDateStateChangeEvent",
)
"""What O18 leaves to the Seller beside what O14 and O19 do."""


# Charges are told of


@ORDER.at_end(("R86", "W123-charge-events", "R102"))
def new_charges_are_told_of(run: Run) -> Iterator[Remark]:
    """A Seller that raises charges takes a subscription to chargeCreateEvent, and sends it to who subscribed."""
    if not run.lives(CHARGE):
        return
    taken = first_hub(run, CHARGE_CREATED)
    for hub in run.of(SUBSCRIBE, api=API) if not taken else ():
        if is_refused(run, hub) and is_for(run, hub, CHARGE_CREATED):
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
    for page, due in common.dues(run, [CHARGE]):
        if due.created:
            yield common.told_or_not(page, due)
    for event in run.of(CHARGE_CREATED, api=API)[:1]:
        yield on_request(event, FINE)


@ORDER.at_end("W123-charge-events", name="timeout")
def charges_that_time_out_are_told_of(run: Run) -> Iterator[Remark]:
    """A Seller that raises charges takes a subscription to chargeTimeoutEvent, and sends it to who named it."""
    reading = ("charge-timeout-event", "always")
    if not run.lives(CHARGE):
        return
    yield from _refusals(run, CHARGE_TIMED_OUT, "charges are raised", reading)
    sent = {at(each.request.body, "/event/id"): each for each in run.of(CHARGE_TIMED_OUT, api=API)}
    for page, due in common.dues(run, [CHARGE]):
        if due.created or CHARGE_TIMED_OUT not in due.types:
            continue
        otherwise = due.told is not None and due.told.exchange.operation != CHARGE_TIMED_OUT
        if otherwise and due.hub is not None and due.hub.types is not None and CHARGE_TIMED_OUT not in due.hub.types:
            continue  # asked for new states alone
        if otherwise and page.id in sent:
            yield on_request(sent[page.id], FINE)  # told by both, and the other one was counted
            continue
        yield common.told_or_not(
            page, replace(due, types=(CHARGE_TIMED_OUT,), told=None) if otherwise else due, reading=reading
        )


def _refusals(run: Run, event_type: str, why: str, reading: tuple[str, str] | None = None) -> Iterator[Remark]:
    """The subscriptions to a type of event alone that were refused; something else can be the reason, unless another one with
    the same callback was taken.
    """
    hubs = run.of(SUBSCRIBE, api=API)
    taken = [at(hub.request.body, "/callback") for hub in hubs if succeeded(hub)]
    for hub in hubs:
        if is_refused(run, hub) and is_for(run, hub, event_type):
            message = f"a subscription to {event_type} is refused, and {why}"
            sure = at(hub.request.body, "/callback") in taken
            status = hub.response.status if hub.response else 0
            yield on_response(hub, breach("", 201, status, message, reading=reading, hint=not sure))


def is_for(run: Run, hub: Exchange, event_type: str) -> bool:
    """Whether a subscription is to events of a type alone."""
    return asks_for(run, hub).types == frozenset({event_type})


@ORDER.at_end("W123-milestone-events")
def who_has_milestones_tells_of_them(run: Run) -> Iterator[Remark]:
    """A Seller whose items show milestones takes a subscription to their event."""
    for event in run.of(MILESTONE, api=API)[:1]:
        yield on_request(event, FINE)
    looks = (shown for life in run.lives(ORDERS) for shown in life.whole)
    if any(True for shown in looks for _ in every(shown.value, "/productOrderItem/*/milestone/*")):
        yield from _refusals(run, MILESTONE, "items show milestones")


@ORDER.at_end(("R87", "R103"))
def buyers_listen_for_new_charges(run: Run) -> Iterator[Remark]:
    """Where charges are raised, a Buyer that subscribes at all subscribes to chargeCreateEvent."""
    hubs = [hub for hub in run.of(SUBSCRIBE, api=API) if hub.n not in run.provoked]
    listening = next((hub for hub in hubs if asks_for(run, hub).covers(CHARGE_CREATED)), None)
    if listening is not None:
        yield on_request(listening, FINE)
    elif hubs and any(life.shown for life in run.lives(CHARGE)) and not run.of(CHARGE_CREATED, api=API):
        yield on_request(hubs[-1], breach("/query", CHARGE_CREATED, at(hubs[-1].request.body, "/query"),
                                          f"the Seller raises charges, and no subscription takes in {CHARGE_CREATED}"))  # fmt: skip


@ORDER.at_end("W123-all-charge-events-asked-for")
def buyers_listen_for_all_that_happens_to_charges(run: Run) -> Iterator[Remark]:
    """Where charges are raised, a Buyer that subscribes at all subscribes to the other events of charges too, in one
    subscription or several; to those that it was refused it tried to.
    """
    hubs = [hub for hub in run.of(SUBSCRIBE, api=API) if hub.n not in run.provoked]
    for event_type in CHARGE_OTHERS:
        listening = next((hub for hub in hubs if asks_for(run, hub).covers(event_type)), None)
        if listening is not None:
            yield on_request(listening, FINE)
        elif hubs and any(life.shown for life in run.lives(CHARGE)) and not run.of(event_type, api=API):
            message = f"the Seller raises charges, and no subscription takes in {event_type}"
            found = at(hubs[-1].request.body, "/query")
            yield on_request(hubs[-1], breach("/query", event_type, found, message))


# What is the Seller's choice


def optional(types: Sequence[str]) -> Callable[[Run], Iterator[Remark]]:
    """Subscriptions to these events are taken or refused, and who refuses them does not send them all the same."""

    def look(run: Run) -> Iterator[Remark]:
        for event_type in types:
            hubs = run.of(SUBSCRIBE, api=API)
            taken = any(asks_for(run, hub).covers(event_type) for hub in hubs if succeeded(hub))
            refused = [hub for hub in hubs if is_refused(run, hub) and is_for(run, hub, event_type)]  # fmt: skip
            for hub in hubs:
                not_served = hub.response is not None and hub.response.status == 501  # noqa: PLR2004
                if hub in refused or (
                    (succeeded(hub) or not_served) and event_type in (asks_for(run, hub).types or ())
                ):
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


ORDER.at_end("O14")(optional(CHARGE_OTHERS))
ORDER.at_end("W123-charge-state-event")(optional(CHARGE_OTHERS[:1]))


@ORDER.rule(("O14", "W123-charge-events"), on=requests(API, "chargeTimeoutEvent"), name="truth")
def only_what_was_left_unanswered_timed_out(said: Said) -> Iterator[Mark]:
    """A chargeTimeoutEvent is not about a charge that was answered, or withdrawn, before it."""
    life = said.run.life(CHARGE, at(said.body, "/event/id"))
    last = life.last_before(said.exchange, whole=False) if life else None
    if life is None or last is None:
        return
    state = at(last.value, "/state")
    answered = life.patched is not None and life.patched.exchange.n < said.exchange.n
    if state == "timeout" or (state in ("awaitingResponse", "completed") and not answered):
        yield FINE
    elif state in ("withdrawnBySeller", "completed"):
        yield breach("/event/id", "a charge that nobody answered", life.id,
                     f"charge {life.id} was {state} already in exchange {last.exchange.n}")  # fmt: skip


ORDER.at_end("O18")(optional(OTHERS))
