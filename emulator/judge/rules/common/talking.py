"""Who acts for whom, and what a Buyer can use."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.judge.fold import Fold
from emulator.judge.rule import (
    FINE,
    Mark,
    On,
    Remark,
    on_party,
    requests,
    responses,
    tells,
)
from emulator.judge.rulebook import Rulebook, breach, given, hold
from emulator.judge.rules.common.values import Labels
from emulator.judge.run import Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange, Party
from emulator.record.payload import MISSING, at
from emulator.standard.events import query_of


def parties(
    book: Rulebook,
    *,
    several_buyers: str,
    one_buyer: str,
    several_sellers: str,
    one_seller: str,
    too: tuple[str, ...] = (),
    doubted: On | None = None,
    reading: tuple[str, str] | None = None,
) -> None:
    """`buyerId` and `sellerId` stand in the query of every request where there is somebody to tell apart, and
    nowhere else. Nothing is said where the partners did not declare whom they stand for. `too` are other APIs of the guide.
    `doubted` are requests that need them by that `reading` alone; they may have them in any case.
    """
    on = requests(book.api, "*")
    for api in too:
        on |= requests(api, "*")
    unsure = frozenset(spot.operation for spot in doubted.spots) if doubted else frozenset()

    def rule(label: str, member: str, *, needed: bool) -> None:
        def look(said: Said) -> Iterator[Mark]:
            known = said.run.declared.buyers if member == "buyerId" else said.run.declared.sellers
            if known is None or (len(known) > 1) is not needed or said.author is not Party.BUYER:
                return
            found = said.query.get(member, MISSING)
            if given(found) is needed:
                yield FINE
            else:
                by = reading if needed and said.exchange.operation in unsure else None
                yield breach(f"?{member}", "an id" if needed else MISSING, found, reading=by)

        about = f"{member} in the query of every request, where the partners declared {'several' if needed else 'one'}"
        book.add(label, look, on=on, about=about)

    rule(several_buyers, "buyerId", needed=True)
    rule(one_buyer, "buyerId", needed=False)
    rule(several_sellers, "sellerId", needed=True)
    rule(one_seller, "sellerId", needed=False)


def uses_all(book: Rulebook, labels: Labels, *operations: str) -> None:
    """A Buyer can use each of these operations: seen where a run used them all, and never a breach."""

    @book.at_end(labels)
    def every_operation_was_used(run: Run) -> Iterator[Remark]:
        used = [run.of(operation, api=book.api) for operation in operations]
        if all(any(succeeded(exchange) for exchange in exchanges) for exchanges in used):
            yield on_party(Party.BUYER, FINE)

    every_operation_was_used.__doc__ = f"The Buyer used {', '.join(operations)}, each with success."


def hub_comes_back(book: Rulebook, operation: str = "registerListener", *, query: bool = True) -> None:
    """The callback of a subscription, and with `query` the types that it asks for, come back in the answer to it.

    A slash at the end of a callback, and how a query is spelt, are of no account. A query that is left out is a hint: no
    contract demands it in the answer.
    """

    def look(said: Said) -> Iterator[Mark]:
        callback, found = at(said.asked, "/callback"), at(said.body, "/callback")
        if isinstance(callback, str) and isinstance(found, str):
            yield hold("/callback", callback.rstrip("/") == found.rstrip("/"), expected=callback, found=found)
        if not query or not isinstance(said.body, dict):
            return
        asked, answered = at(said.asked, "/query"), at(said.body, "/query")
        every = frozenset(event.type for event in said.run.kinds.telling(book.api))
        wanted, kept = (query_of(each, said.run.kinds).types or every for each in (asked, answered))
        left_out = wanted != every and not given(answered)
        if wanted != kept:
            yield breach("/query", asked, answered, hint=left_out)
        else:
            yield FINE

    about = (
        "the callback and the query of a subscription, in the answer to it"
        if query
        else ("the callback of a subscription, in the answer to it")
    )
    book.add((), look, on=responses(book.api, operation), about=about, name="hub-echo")


def repeats_parties(book: Rulebook, labels: Labels, *, name: str = "") -> None:
    """Events carry the buyerId and the sellerId of the subscription that they follow from, and none where it had none.

    With several subscriptions of one Buyer that differ, an event is right where it fits one of them. Where the ids stand in the
    query of the listener they may be left out or be there; they are not those of others.
    """
    members = ("buyerId", "sellerId")

    def take(known: dict[str, dict[str | None, None]], _run: Run, exchange: Exchange) -> None:
        if exchange.api == book.api and exchange.operation == "registerListener" and succeeded(exchange):
            query = dict(reversed(exchange.request.query))
            for member in members:
                known[member][query.get(member)] = None

    subscribers = Fold(lambda: {member: dict[str | None, None]() for member in members}, take)

    def look(said: Said) -> Iterator[Mark]:
        event = said.run.event(said.exchange)
        for member, named in said.run.known(subscribers).items():
            if not named:
                return
            wanted = set(named)
            if event is not None and event.parties == "query":
                asked = said.query.get(member)
                if asked is not None and None not in wanted:
                    yield hold(f"?{member}", asked in wanted, expected=next(iter(wanted)), found=asked)
                continue
            found = at(said.body, f"/event/{member}")
            if wanted == {None} and found in (MISSING, None):
                continue
            told = found if isinstance(found, str) else None
            yield hold(f"/event/{member}", told in wanted, expected=next(iter(wanted - {None}), MISSING), found=found)

    book.add(labels, look, on=tells(book.api), about="buyerId and sellerId of each event", name=name)
