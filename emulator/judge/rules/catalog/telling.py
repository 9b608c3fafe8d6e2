"""Subscriptions to the catalog, and what is told of it (MEF W142, 5.3, 6.4 and 6.5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.judge.hubs import SUBSCRIBE, asks_for, can_be_taken, hubs
from emulator.judge.named import OFFERING
from emulator.judge.rule import ANY_STATUS, FINE, Mark, Remark, on_request, on_response, requests, responses, tells
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.catalog.book import API, CATALOG, KINDS, status_of
from emulator.judge.run import Life, Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import at
from emulator.standard.events import query_of

_SUBSCRIBING: Final = responses(API, SUBSCRIBE, statuses=ANY_STATUS)
_NEVER: Final = "categoryStateChangeEvent"
"""The type of which nothing is ever told: a category has no status."""
_STATE: Final = "productOfferingStateChangeEvent"
_PILOT: Final = ("inTest", "rejected")

common.repeats_parties(CATALOG, "R6")


# Subscriptions


common.hub_comes_back(CATALOG, query=False)


@CATALOG.rule("R87", on=_SUBSCRIBING)
def subscriptions_by_type_come_back(said: Said) -> Iterator[Mark]:
    """The types of events that a subscription names, in the answer to it; that it leaves them out is a hint."""
    asked = asks_for(said.run, said.exchange)
    if asked.types and succeeded(said.exchange):
        wanted, found = at(said.asked, "/query"), at(said.body, "/query")
        if not given(found):
            yield breach("/query", wanted, found, "the query of the subscription does not come back", hint=True)
        else:
            kept = query_of(found, said.run.kinds).types
            yield hold("/query", kept == asked.types, expected=wanted, found=found)


@CATALOG.rule("CR2", on=_SUBSCRIBING)
def subscriptions_to_every_type_are_taken(said: Said) -> Iterator[Mark]:
    """Subscriptions that name types which there are: taken, where subscriptions are served at all."""
    types = asks_for(said.run, said.exchange).types
    known = {event.type for event in said.run.kinds.telling(API)}
    if not types or not types <= known or not can_be_taken(said.run, said.exchange):
        return
    if succeeded(said.exchange):
        yield FINE
    elif said.status in (400, 422) and common.was_served(said.run, API, SUBSCRIBE, said.exchange):
        told = ", ".join(sorted(types))
        reading = ("catalog-category-status", "due") if types == {_NEVER} else None
        message = f"a subscription to {told} was answered {said.status}, and another one was taken"
        yield breach("", 201, said.status, message, reading=reading)


@CATALOG.rule(on=requests(API, SUBSCRIBE) | tells(API), name="event-word")
def types_are_spelt_as_agreed(said: Said) -> Iterator[Mark]:
    """Types of events that end in StateChangeEvent or in StatusChangeEvent, where the partners read it in one way."""
    twice = {event.said["also"]: event.type for event in said.run.kinds.telling(API) if "also" in event.said}
    words = {"status": set(twice), "state": set(twice.values())}
    asked = query_of(at(said.body, "/query"), said.run.kinds).named if said.exchange.operation == SUBSCRIBE else ()
    for name in (*asked, at(said.body, "/eventType")):
        if not isinstance(name, str) or name not in words["status"] | words["state"]:
            continue
        other = "state" if name in words["status"] else "status"
        if said.run.reads_as("catalog-event-word", other):
            yield breach(
                "", sorted(words[other]), name, f"{name} is called otherwise", reading=("catalog-event-word", other)
            )
        else:
            yield FINE


# Events

common.events_fit(CATALOG, item_name="")
common.subscribers_only(CATALOG, "R92")
common.wanted_types_only(CATALOG, "R92", name="type")


@CATALOG.at_end("R91")
def who_subscribed_is_told(run: Run) -> Iterator[Remark]:
    """New categories, offerings and specifications, new statuses and other changes, against the events that came.

    A change of statusReason and of what is planned comes with a new status: its event is enough. Who sees a pilot for the
    first time when it is announced is told that it is new, or of its status.
    """
    for page, due in common.dues(run, KINDS):
        if due.beside or (due.created and status_of(due.shown) in _PILOT):
            continue
        if due.created and due.told is None and any(told.event_type == _STATE for told in page.told):
            yield on_response(due.seen, FINE)
        else:
            yield common.told_or_not(page, due)


def _was_pilot(life: Life | None, event: Exchange) -> bool:
    """Whether an offering was in test, or had failed it, around an event: as it was shown last before and first after it."""
    if life is None:
        return False
    around = [life.last_before(event, whole=False), life.next_after(event, whole=False)]
    return all(status_of(each) in _PILOT for each in around if each) and any(around)


@CATALOG.at_end("R93")
def pilots_are_told_to_their_buyers(run: Run) -> Iterator[Remark]:
    """Events of offerings that are inTest or rejected: the Buyers that hear them are in the pilot, as the profile says."""
    pilots = run.declared.pilot_buyers
    if pilots is None:
        return
    known = run.known(hubs(API))
    for operation in (event.operation for event in run.kinds.telling(API) if event.kind == OFFERING):
        for event in run.of(operation, api=API):
            if not _was_pilot(run.life(OFFERING, at(event.request.body, "/event/id")), event):
                continue
            buyers = {dict(hub.request.query).get("buyerId") for hub in known.made}
            buyer = at(event.request.body, "/event/buyerId")
            buyer = buyer if isinstance(buyer, str) else next(iter(buyers)) if len(buyers) == 1 else None
            if isinstance(buyer, str):
                message = f"{buyer} is in no pilot, and was told of one"
                mark = hold("/event/id", buyer in pilots, expected=list(pilots), found=buyer, message=message)
                yield on_request(event, mark)
