"""How subscriptions are taken and ended."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.judge.hubs import SUBSCRIBE, UNSUBSCRIBE, asks_for, can_be_taken, hubs
from emulator.judge.rule import ANY_STATUS, FINE, Mark, requests, responses
from emulator.judge.rulebook import Rulebook, breach, hold
from emulator.judge.rules.common.values import Labels
from emulator.judge.run import Said
from emulator.record.payload import MISSING

_MADE = 201


def query_by_type_is_taken(book: Rulebook, labels: Labels, *, name: str = "query") -> None:
    """A subscription to event types that there are is not refused. Its callback may be the reason, so a refusal is a hint."""

    def look(said: Said) -> Iterator[Mark]:
        types = asks_for(said.run, said.exchange).types
        known = {event.type for event in said.run.kinds.telling(book.api)}
        if types is None or not types <= known or said.exchange.n in said.run.provoked:
            return
        if said.status == _MADE:
            yield FINE
        elif said.status in (400, 422) and can_be_taken(said.run, said.exchange):
            yield breach("", _MADE, said.status, "a subscription to event types was refused", hint=True)

    on = responses(book.api, SUBSCRIBE, statuses=ANY_STATUS)
    book.add(labels, look, on=on, about="subscriptions that name event types", name=name)


def ended_by_its_id(book: Rulebook, labels: Labels, *, name: str = "") -> None:
    """A subscription is ended by the id that the Seller gave it. Where the run saw none made, one may be older than the run."""

    def look(said: Said) -> Iterator[Mark]:
        known, identifier = said.run.known(hubs(book.api)), said.exchange.path_params.get("id")
        given = {one for one, made in known.by_id.items() if one and made[0].n < said.exchange.n}
        if given:
            yield hold(
                "",
                identifier in given,
                expected=sorted(given),
                found=identifier,
                message=f"subscription {identifier} was ended, and the Seller gave no such id",
            )

    on = requests(book.api, UNSUBSCRIBE)
    book.add(
        labels, look, on=on, about="the id of a subscription that is ended, against those that were given", name=name
    )


def ended_is_empty(book: Rulebook, labels: Labels, *, name: str = "") -> None:
    """The answer to the end of a subscription is a 204 without a body."""

    def look(said: Said) -> Iterator[Mark]:
        if said.unread is None:
            yield hold(
                "",
                said.body is MISSING or said.body is None,
                expected=MISSING,
                found=said.body,
                message="the answer to the end of a subscription has a body",
            )

    on = responses(book.api, UNSUBSCRIBE)
    book.add(labels, look, on=on, about="the body of the answer to the end of a subscription", name=name)
