"""Subscriptions and notifications (MEF 87, 6.6)."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.judge.hubs import SUBSCRIBE, asks_for, can_be_taken, hubs
from emulator.judge.named import POQ as KIND
from emulator.judge.rule import ANY_STATUS, FINE, Mark, Remark, on_request, requests, responses
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.poq.book import API, CHANGES, EVENTS, FINAL, POQ, STATES
from emulator.judge.run import Run, Said
from emulator.record.payload import MISSING, at

# 6.6 notifications

common.subscribers_only(POQ, "R44")
common.wanted_types_only(POQ, "R53")


@POQ.rule("R53", on=responses(API, SUBSCRIBE, statuses=ANY_STATUS), name="query")
def a_query_by_type_is_taken(said: Said) -> Iterator[Mark]:
    """A subscription to event types that there are is not refused; its callback may be the reason."""
    types = asks_for(said.run, said.exchange).types
    if types is None or not types <= set(EVENTS.values()) or said.exchange.n in said.run.provoked:
        return
    if said.status == 201:  # noqa: PLR2004
        yield FINE
    elif said.status in (400, 422) and can_be_taken(said.run, said.exchange):
        yield breach("", 201, said.status, "a subscription to event types was refused", hint=True)


@POQ.rule(name="hub", on=responses(API, SUBSCRIBE))
def a_subscription_is_as_it_was_asked_for(said: Said) -> Iterator[Mark]:
    """A subscription shows the callback and the query that were sent, and has an id of its own."""
    for name in ("callback", "query"):
        sent, found = at(said.asked, f"/{name}"), at(said.body, f"/{name}")
        if given(sent):
            yield hold(f"/{name}", sent == found, expected=sent, found=found)
    identifier = at(said.body, "/id")
    known = said.run.known(hubs(API))
    earlier = []
    if isinstance(identifier, str):
        earlier = [made for made in known.by_id.get(identifier, ()) if identifier and made.n < said.exchange.n]
        if len(known.made) > 1:
            yield FINE
    for made in earlier:
        if made.n not in known.ends:
            yield breach("/id", "an id of its own", identifier,
                         f"subscription {identifier} was made before, by exchange {made.n}")  # fmt: skip


@POQ.at_end("R45")
def a_new_qualification_is_announced(run: Run) -> Iterator[Remark]:
    """A poqCreateEvent follows each qualification that is made while somebody listens."""
    for page, due in common.dues(run, [KIND]):
        if due.created:
            yield common.told_or_not(page, due)
    for life in run.lives(KIND):
        for event in [event for event in life.told if event.operation == "poqCreateEvent"][:1]:
            yield on_request(event, FINE)


@POQ.rule("R46", on=requests(API, *CHANGES))
def an_answer_at_once_has_no_changes(said: Said) -> Iterator[Mark]:
    """Changes of state are told of qualifications that were not answered at once."""
    life = said.run.life(KIND, at(said.body, "/event/id"))
    if life is not None and life.asked is not None and life.asked.response is not None:
        first = at(life.asked.response.body, "/state")
        if first in STATES:
            yield hold("/event/id", first not in FINAL, expected="a qualification that was answered later",
                       found=life.id, message=f"qualification {life.id} was {first} from the start; "
                                              "there is no change to tell of")  # fmt: skip


@POQ.at_end(name="change-told")
def a_change_is_announced(run: Run) -> Iterator[Remark]:
    """An event follows each change of state, of a qualification and of its items, while somebody listens (6.2.3)."""
    for page, due in common.dues(run, [KIND]):
        if not due.created:
            yield common.told_or_not(page, due, hint=True)


@POQ.rule(name="event-names-item", on=requests(API, "listenToPoqItemStateChangeEvent"))
def an_item_event_names_an_item(said: Said) -> Iterator[Mark]:
    """The poqItemId of a poqItemStateChangeEvent is there."""
    found = at(said.body, "/event/poqItemId")
    if found in (MISSING, None, ""):
        yield breach("/event/poqItemId", "the id of an item", found, "the event does not say which item changed",
                     hint=True)  # fmt: skip
    else:
        yield FINE


common.events_fit(POQ)
