"""What has to be told of charges, and what is the Seller's choice to tell (MEF 123, 6.15)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from emulator.judge.fold import Fold
from emulator.judge.hubs import SUBSCRIBE, can_be_taken
from emulator.judge.rule import FINE, Mark, Remark, on_request, on_response, requests
from emulator.judge.rulebook import breach
from emulator.judge.rules.order.book import ORDER
from emulator.judge.rules.order.subscribing import (
    API,
    HUBS,
    TYPES,
    asks_for,
    covers,
    first_hub,
    is_refused,
)
from emulator.judge.run import CHARGE, Life, Run, Said, succeeded
from emulator.judge.run import ORDER as ORDERS
from emulator.wire.exchange import Exchange
from emulator.wire.payload import MISSING, at

CHARGE_CREATED: Final = "chargeCreateEvent"
CHARGE_OTHERS: Final = ("chargeStateChangeEvent", "chargeTimeoutEvent")
MILESTONE: Final = "productSpecificProductOrderItemMilestoneEvent"
OTHERS: Final = tuple(one for one in TYPES if one not in (CHARGE_CREATED, *CHARGE_OTHERS, MILESTONE))
_OVERTAKEN: Final = timedelta(minutes=1)
"""An event that is late by more than this, while later ones arrive, is taken as not sent."""


# Charges are told of


@ORDER.at_end(("R86", "R102"))
def new_charges_are_told_of(run: Run) -> Iterator[Remark]:
    """A Seller that raises charges takes a subscription to chargeCreateEvent, and sends it to who subscribed."""
    if not run.lives(CHARGE):
        return
    taken = first_hub(run, CHARGE_CREATED)
    for hub in run.of(SUBSCRIBE, api=API) if not taken else ():
        if is_refused(hub) and can_be_taken(run, hub) and asks_for(hub) == (CHARGE_CREATED,):
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
        yield from told_or_not(run, life, (CHARGE_CREATED,), _first_seen_after(run, life))


def _first_seen_after(run: Run, life: Life) -> Exchange | None:
    """Where a charge was shown first, if its order was placed after a subscription to it was made."""
    if not life.shown:
        return None
    first = life.shown[0]
    named = (at(first.value, f"/{member}/productOrderId") for member in ("productOrder", "productOrderItem"))
    order = next((found for one in named if (found := run.life(ORDERS, one)) and found.asked), None)
    after = order.asked.n if order and order.asked else 0
    hub = first_hub(run, CHARGE_CREATED)
    return first.exchange if hub is not None and hub.n < after else None


def told_or_not(run: Run, life: Life, types: Sequence[str], seen: Exchange | None) -> Iterator[Remark]:
    """Whether a happening that a subscriber had to hear of was told.

    An event that has not come yet may still come. It counts as not sent where others that were sent long after
    came before it, so that the way was open, and the subscription was still in force then.
    """
    told = [event for event in life.told if event.operation in types]
    if told:
        yield on_request(told[0], FINE)
    elif seen is not None:
        late = seen.at + run.spread(_OVERTAKEN)
        later = run.known(_NEWS).first_after(late)
        hub = first_hub(run, types[0])
        ended = run.known(HUBS).ends.get(hub.n) if hub else None
        if later is not None and hub is not None and hub.n < seen.n and (ended is None or ended.at > late):
            yield on_response(seen, breach(
                "", types[0], MISSING,
                f"{life.kind.name} {life.id} was never told of by {types[0]}, while exchange {later.n} brought an "
                f"event of later"))  # fmt: skip


@dataclass(slots=True)
class _News:
    """The notifications that came later than all before them."""

    came: list[Exchange] = field(default_factory=list)

    def take(self, _run: Run, exchange: Exchange) -> None:
        told = exchange.api == API and exchange.kind == "notification"
        if told and (not self.came or exchange.at > self.came[-1].at):
            self.came.append(exchange)

    def first_after(self, moment: datetime) -> Exchange | None:
        """The first notification that came after a moment."""
        spot = bisect_right(self.came, moment, key=lambda event: event.at)
        return self.came[spot] if spot < len(self.came) else None


_NEWS: Final = Fold(_News, _News.take)


@ORDER.at_end(("R87", "R103"))
def buyers_listen_for_new_charges(run: Run) -> Iterator[Remark]:
    """Where charges are raised, a Buyer that subscribes at all subscribes to chargeCreateEvent."""
    hubs = [hub for hub in run.of(SUBSCRIBE, api=API) if hub.n not in run.provoked]
    listening = next((hub for hub in hubs if covers(hub, CHARGE_CREATED)), None)
    if listening is not None:
        yield on_request(listening, FINE)
    elif hubs and any(life.shown for life in run.lives(CHARGE)) and not run.of(CHARGE_CREATED, api=API):
        yield on_request(hubs[-1], breach("/query", CHARGE_CREATED, at(hubs[-1].request.body, "/query"),
                                          f"the Seller raises charges, and no subscription takes in {CHARGE_CREATED}"))  # fmt: skip


# What is the Seller's choice


def optional(types: Sequence[str]) -> Callable[[Run], Iterator[Remark]]:
    """Subscriptions to these events are taken or refused, and who refuses them does not send them all the same."""

    def look(run: Run) -> Iterator[Remark]:
        for event_type in types:
            hubs = run.of(SUBSCRIBE, api=API)
            taken = any(covers(hub, event_type) for hub in hubs if succeeded(hub))
            refused = [hub for hub in hubs if is_refused(hub) and can_be_taken(run, hub)
                       and asks_for(hub) == (event_type,)]  # fmt: skip
            for hub in hubs:
                not_served = hub.response is not None and hub.response.status == 501  # noqa: PLR2004
                if hub in refused or ((succeeded(hub) or not_served) and event_type in asks_for(hub)):
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


@ORDER.rule("O14", on=requests(API, "chargeTimeoutEvent"), name="truth")
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
