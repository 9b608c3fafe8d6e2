"""Subscriptions, and what is told of tickets and incidents (MEF 124, 6.9 and 6.10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from emulator.judge.hubs import SUBSCRIBE, asks_for, can_be_taken
from emulator.judge.ledger import Account
from emulator.judge.named import INCIDENT
from emulator.judge.named import TICKET as KIND
from emulator.judge.news import Due
from emulator.judge.rule import ANY_STATUS, FINE, Mark, Remark, on_request, responses
from emulator.judge.rulebook import breach, hold
from emulator.judge.rules import common
from emulator.judge.rules.ticket.book import API, TICKET, TICKET_EVENTS
from emulator.judge.run import Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import at
from emulator.standard.events import query_of

_SUBSCRIBING: Final = responses(API, SUBSCRIBE, statuses=ANY_STATUS)

common.repeats_parties(TICKET, "R7")

# Subscriptions


@TICKET.rule("R55", on=_SUBSCRIBING)
def subscriptions_are_served(said: Said) -> Iterator[Mark]:
    """RegisterListener is there: never 404, 405 or 501."""
    if said.status in (404, *common.NOT_SERVED):
        yield breach("", 201, said.status, f"registerListener, which every seller serves, was answered {said.status}")
    elif succeeded(said.exchange):
        yield FINE


@TICKET.rule(("R56", "R58"), on=_SUBSCRIBING)
def subscriptions_by_type_are_taken(said: Said) -> Iterator[Mark]:
    """Subscriptions to types of events of tickets are taken, and come back as they were asked for."""
    asked = asks_for(said.run, said.exchange)
    if not asked.types or not asked.types <= set(TICKET_EVENTS) or not can_be_taken(said.run, said.exchange):
        return
    if succeeded(said.exchange):
        kept = query_of(at(said.body, "/query"), said.run.kinds).types
        yield hold("/query", kept == asked.types, expected=at(said.asked, "/query"), found=at(said.body, "/query"))
    elif said.status in (400, 422):
        yield breach(
            "", 201, said.status, f"a subscription to {', '.join(sorted(asked.types))} was answered {said.status}"
        )


common.hub_comes_back(TICKET, query=False)


@TICKET.at_end("R57")
def buyers_subscribe_to_all(run: Run) -> Iterator[Remark]:
    """The subscriptions of a run that is not told of anything before them take in all four types of events of tickets."""
    made = [hub for hub in run.of(SUBSCRIBE, api=API) if hub.n not in run.provoked and succeeded(hub)]
    if not made:
        return
    left = [name for name in TICKET_EVENTS if not any(asks_for(run, hub).covers(name) for hub in made)]
    events = run.of(*(each.operation for each in run.kinds.telling(API)), api=API)
    if not left:
        yield on_request(made[-1], FINE)
    else:
        older = bool(events) and events[0].n < made[0].n
        yield on_request(made[-1], _not_all(made[-1], left, older=older))


def _not_all(hub: Exchange, left: list[str], *, older: bool) -> Mark:
    message = f"no subscription takes in {', '.join(left)}"
    reading = None if older else ("ticket-subscribe-all", "all")
    return breach("/query", list(TICKET_EVENTS), at(hub.request.body, "/query"), message, reading=reading, hint=older)


# Events

common.events_fit(TICKET, item_name="")
common.wanted_types_only(TICKET, "R60")
common.subscribers_only(TICKET, "R60", name="subscribed")

# What has to be told

_Reading = tuple[str, str]
_BESIDE: Final = ("ticket-news-beside-status", "own-event")
_WORK: Final = ("ticket-work-order-news", "told")


def _told(kind: str, what: Callable[[Due], bool], about: str) -> Callable[[Run], Iterator[Remark]]:
    """What had to be told of a kind, of some sort, against the events that came."""

    def look(run: Run) -> Iterator[Remark]:
        for page, due in common.dues(run, [kind]):
            if what(due):
                yield common.told_or_not(page, due, reading=_reading(page, due))

    look.__doc__ = about
    return look


def _reading(_page: Account, due: Due) -> _Reading | None:
    """The reading by which alone something had to be told."""
    return _WORK if due.of else _BESIDE if due.beside else None


def _is(name: str) -> Callable[[Due], bool]:
    return lambda due: name in due.types


TICKET.at_end(("R61", "R59"))(
    _told(KIND, lambda due: bool(due.members), "The Seller's changes of eight attributes of a ticket.")
)
TICKET.at_end(("R62", "R59"))(_told(KIND, _is("troubleTicketStatusChangeEvent"), "New statuses of tickets."))
TICKET.at_end(("R64", "R59"))(
    _told(
        KIND,
        _is("troubleTicketInformationRequiredEvent"),
        "Tickets that became pending, none of whose work orders needs an appointment.",
    )
)
TICKET.at_end(("R66", "R59"))(_told(KIND, _is("troubleTicketResolvedEvent"), "Tickets that became resolved."))
TICKET.at_end(("R67", "R59"))(_told(INCIDENT, lambda due: due.created, "Incidents that came into being."))
TICKET.at_end(("R68", "R59"))(
    _told(INCIDENT, lambda due: bool(due.members), "Changes of incidents, but of their status.")
)
TICKET.at_end(("R69", "R59"))(_told(INCIDENT, _is("incidentStatusChangeEvent"), "New statuses of incidents."))
