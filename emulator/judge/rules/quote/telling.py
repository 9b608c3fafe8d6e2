"""Subscriptions and notifications (MEF 115, 6.7 and 6.8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.judge.hubs import SUBSCRIBE, asks_for, can_be_taken, hubs
from emulator.judge.ledger import Account
from emulator.judge.named import QUOTE as KIND
from emulator.judge.news import Due
from emulator.judge.rule import ANY_STATUS, FINE, Mark, Remark, on_party, on_response, requests, responses, tells
from emulator.judge.rulebook import breach, hold
from emulator.judge.rules import common
from emulator.judge.rules.quote.book import OFFERED, QUOTE
from emulator.judge.run import Life, Run, Said
from emulator.record.exchange import Party
from emulator.record.payload import at
from emulator.standard.events import EVERYTHING, query_of

_TYPES: Final = frozenset({"quoteStateChangeEvent", "quoteItemStateChangeEvent"})
_SUBSCRIBING: Final = responses("quote", SUBSCRIBE, statuses=ANY_STATUS)

common.repeats_parties(QUOTE, "R5")


# Subscriptions


@QUOTE.rule("O3", on=_SUBSCRIBING)
def a_subscription_is_taken_or_not_offered(said: Said) -> Iterator[Mark]:
    """registerListener: 201 with callback and query as they were sent, or 501. Faults of the request go elsewhere."""
    if said.status == 501:  # noqa: PLR2004
        yield FINE
    elif said.status in (404, 405):
        yield breach("", "201 or 501", said.status, f"registerListener was answered {said.status}: where subscriptions "
                                                    "are not offered, 501 says so")  # fmt: skip
    elif said.status == 201 and isinstance(said.asked, dict) and isinstance(said.body, dict):  # noqa: PLR2004
        yield from common.echo_marks(common.only(said.asked, ("callback", "query")), said.body, "")
        wanted, kept = asks_for(said.run, said.exchange).types, query_of(at(said.body, "/query"), said.run.kinds).types
        if wanted is None and kept is not None:
            yield hold("/query", kept >= _TYPES, expected=at(said.asked, "/query"), found=at(said.body, "/query"))


@QUOTE.rule("R55", on=_SUBSCRIBING, name="query")
def a_query_by_type_is_taken(said: Said) -> Iterator[Mark]:
    """Subscriptions to certain event types: taken, where subscriptions are offered at all."""
    types = asks_for(said.run, said.exchange).types
    if types is None or not types <= _TYPES or not can_be_taken(said.run, said.exchange):
        return
    if said.status == 201:  # noqa: PLR2004
        yield FINE
    elif said.status in (400, 422) and EVERYTHING in said.run.known(hubs("quote")).alike:
        yield breach("", 201, said.status, f"a subscription to {', '.join(sorted(types))} was answered {said.status}")


QUOTE.present("Mplify115.1-callback", "", "/callback", on=requests("quote", SUBSCRIBE))
common.optional_or_501(QUOTE, "Mplify115.1-no-notifications-is-501", SUBSCRIBE)
common.ended_by_its_id(QUOTE, "Mplify115.1-known-subscription")
common.ended_is_empty(QUOTE, "Mplify115.1-ended-is-204")

# Events

_OF_QUOTES: Final = requests("quote", "listenToQuoteStateChangeEvent")
_OF_ITEMS: Final = requests("quote", "listenToQuoteItemStateChangeEvent")

common.events_fit(QUOTE, listener="O4")
common.wanted_types_only(QUOTE, "R55")
common.subscribers_only(QUOTE, "CR5")
QUOTE.present("R57", "/event", "/quoteItemId", on=_OF_ITEMS)
QUOTE.present("Mplify115.1-event-members", "", "/event", "/eventId", "/eventTime", "/eventType", on=tells("quote"))
QUOTE.present("Mplify115.1-state-event-members", "/event", "/id", "/state", on=_OF_QUOTES)
QUOTE.present("Mplify115.1-item-event-members", "/event", "/id", "/quoteItemId", "/state", on=_OF_ITEMS)
common.of_states_that_were(QUOTE, ("Mplify115.1-state-event-members", "Mplify115.1-item-event-members"))


# What has to be told


def _at_once(life: Life) -> bool:
    """Whether a quote was answered at once."""
    first = life.shown[0].value.get("state")
    return first in (*OFFERED, "unableToProvide")


def _changes(run: Run, *, at_once: bool) -> list[tuple[Account, Due]]:
    """Changes of quotes that were answered at once, or of those that were answered later."""
    return [(page, due) for page, due in common.dues(run, [KIND])
            if page.life.asked is not None and _at_once(page.life) is at_once]  # fmt: skip


def _told(changes: list[tuple[Account, Due]]) -> bool:
    return any(due.told is not None for _, due in changes)


@QUOTE.at_end(("CR1", "R56"))
def deferred_answers_are_announced(run: Run) -> Iterator[Remark]:
    """Changes of quotes that were answered later: the buyer hears of them, if it is of one alone."""
    changes = _changes(run, at_once=False)
    if _told(changes):
        yield on_party(Party.SELLER, FINE)
    else:
        yield from (common.told_or_not(*change, why="nor of any other change") for change in changes[:1])


@QUOTE.at_end("CR3")
def the_end_of_immediate_answers_is_announced(run: Run) -> Iterator[Remark]:
    """Quotes that were answered at once and were accepted, declined or expired later."""
    for page, due in _changes(run, at_once=True):
        if due.item is None and due.state in ("accepted", "declined", "expired"):
            yield (
                on_response(due.seen, FINE)
                if due.told is not None
                else common.told_or_not(page, due, why="answered at once")
            )


@QUOTE.at_end("CR2")
def both_kinds_of_answers_are_announced(run: Run) -> Iterator[Remark]:
    """Notifications of quotes answered at once and of quotes answered later, both in one run."""
    if _told(_changes(run, at_once=False)) and _told(_changes(run, at_once=True)):
        yield on_party(Party.SELLER, FINE)


@QUOTE.at_end("CR4")
def every_change_is_announced(run: Run) -> Iterator[Remark]:
    """Each change of a quote and of its items, where the buyer is told of changes at all."""
    deferred, at_once = _changes(run, at_once=False), _changes(run, at_once=True)
    some = _told(deferred)
    for _, due in at_once:  # of what was not told of these CR3 speaks
        if due.told is not None:
            yield on_response(due.seen, FINE)
    for page, due in deferred:
        if due.told is not None:
            yield on_response(due.seen, FINE)
        elif some:  # where nothing was told CR1 speaks
            yield common.told_or_not(page, due, why="of other changes it was told")
