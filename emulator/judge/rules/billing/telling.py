"""Subscriptions to events of bills, and the events (MEF 141, 6.1 and 6.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.judge.hubs import SUBSCRIBE, asks_for, can_be_taken
from emulator.judge.named import BILL
from emulator.judge.rule import ANY_STATUS, FINE, Mark, Remark, on_request, requests, responses, tells
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.billing.book import API, BILLING
from emulator.judge.run import Run, Said
from emulator.judge.showing import succeeded
from emulator.record.payload import at
from emulator.standard.events import query_of

_TYPES: Final = frozenset({"customerBillCreateEvent", "customerBillStateChangeEvent"})
_SUBSCRIBING: Final = responses(API, SUBSCRIBE, statuses=ANY_STATUS)
_BIRTH: Final = "listen to Customer Bill Create Event"
_BASE: Final = ("billing-notification-base", "notification")

common.repeats_parties(BILLING, "R6")

# Subscriptions

BILLING.present("R9", "", "/callback", on=requests(API, SUBSCRIBE))


@BILLING.rule("R10", on=_SUBSCRIBING)
def who_has_no_events_says_501(said: Said) -> Iterator[Mark]:
    """RegisterListener where it is not offered: 501, and never 404 or 405."""
    if said.status == 501:  # noqa: PLR2004
        yield FINE
    elif said.status in (404, 405):
        message = f"registerListener was answered {said.status}: where there are no events, 501 says so"
        yield breach("", "201 or 501", said.status, message)


@BILLING.rule(("R8", "R11"), on=_SUBSCRIBING, name="types")
def subscriptions_by_type_are_taken(said: Said) -> Iterator[Mark]:
    """Subscriptions to one type of event or both: taken as they were asked for, where subscriptions are offered at all."""
    types = asks_for(said.run, said.exchange).types
    if not types or not types <= _TYPES or not can_be_taken(said.run, said.exchange):
        return
    if succeeded(said.exchange):
        query = at(said.body, "/query")
        kept = query_of(query, said.run.kinds).types if given(query) else types
        yield hold("/query", kept == types, expected=at(said.asked, "/query"), found=query)
    elif said.status in (400, 422):
        yield breach("", 201, said.status, f"a subscription to {', '.join(sorted(types))} was answered {said.status}")


common.hub_comes_back(BILLING, query=False)

# Events

common.events_fit(BILLING, item_name="")
common.subscribers_only(BILLING, "R15")
common.wanted_types_only(BILLING, "R15", name="type")
BILLING.present("R12", "", "/eventId", "/eventType", "/eventTime", "/event/id", on=tells(API))


@BILLING.rule(on=requests(API, "*"), name="base")
def events_come_below_the_path_of_notifications(said: Said) -> Iterator[Mark]:
    """The path of each event's listener: below customerBillNotification, as the contract has it."""
    if said.exchange.kind == "notification":
        below = "/customerBillManagement/" in said.exchange.request.path
        yield breach("", "customerBillNotification", said.exchange.request.path, reading=_BASE) if below else FINE


# What has to be told


@BILLING.at_end(("R13", "R14"))
def new_bills_are_told(run: Run) -> Iterator[Remark]:
    """Bills that a list showed and that a whole list before it did not, against the events that came to who subscribed; and
    events of bills that are there.
    """
    for page, due in common.dues(run, [BILL]):
        if due.created:
            yield common.told_or_not(page, due)
    for life in run.lives(BILL):
        told = [each for each in life.told if each.operation == _BIRTH]
        if told and life.shown:
            yield on_request(told[0], FINE)


@BILLING.at_end("R14", name="states")
def new_states_are_told(run: Run) -> Iterator[Remark]:
    """New states of bills that reads show, against the events that came to who subscribed."""
    for page, due in common.dues(run, [BILL]):
        if not due.created:
            yield common.told_or_not(page, due)
