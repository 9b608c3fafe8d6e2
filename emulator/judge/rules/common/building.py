"""What a Buyer builds on: an item that refers to an item of a quote or a qualification is like it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from emulator.judge.fold import Fold
from emulator.judge.named import ORDER, POQ, QUOTE
from emulator.judge.rule import FINE, Mark, asks
from emulator.judge.rulebook import Rulebook, breach, given
from emulator.judge.rules.common.echo import echo_marks
from emulator.judge.rules.common.values import first_named
from emulator.judge.run import Life, Run, Said
from emulator.judge.showing import View, succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, every
from emulator.standard.breach import Breach, Check
from emulator.standard.lifecycle import Lifecycle


@dataclass(frozen=True, slots=True)
class Base:
    """Something that can be referred to: the member of an item that does so, and the id in it. Which states can be built on, its
    lifecycle says (`good`).
    """

    member: str
    whole: str
    kind: str


QUALIFIED: Final = Base("productOfferingQualificationItem", "productOfferingQualificationId", POQ)
QUOTED: Final = Base("quoteItem", "quoteId", QUOTE)


def builds_on(book: Rulebook, kind: str, base: Base, *, name: str) -> None:
    """Items that refer to an item of a quote or a qualification: it is there, can be built on, and is about the same
    product, action and offering. The Seller decides what it takes, so that anything else is a hint.
    """

    def look(said: Said) -> Iterator[Mark]:
        items = said.run.kinds.kind(base.kind).items_at
        for place, item in every(said.body, f"{said.run.kinds.kind(kind).items_at}/*"):
            life = said.run.life(base.kind, at(item, f"/{base.member}/{base.whole}"))
            last = life.last_before(said.exchange) if life else None
            if last is None:
                continue
            here = f"{place}/{base.member}"
            wanted = at(item, f"/{base.member}/id")
            found = first_named(last.value, f"{items}/*", wanted)
            own = life.request if life else None
            if found is None and (
                first_named(own, f"{items}/*", wanted) or not isinstance(at(last.value, items), list)
            ):
                continue  # the Buyer asked for that item, or what came back cannot be read: neither is its doing
            if found is None:
                yield breach(f"{here}/id", f"an item of {base.kind} {life.id if life else ''}", wanted, hint=True)
                continue
            state = _newest_state(life, said.exchange)
            machine, good = _machine(said.run, base.kind, last.value), good_states(said.run, base.kind)
            if (
                good
                and machine is not None
                and state in machine.states
                and state not in good
                and not _moved_on(life, said.exchange)
            ):
                yield breach(f"{here}/{base.whole}", list(good), state,
                             f"{here} builds on a {base.kind} that is {state}", hint=True)  # fmt: skip
            # What the Buyer asked for itself is known better than what came back of it.
            asked = first_named(own, f"{items}/*", wanted)
            sent = found if asked is None else asked
            yield from _same_product(place, item, {**sent, "state": found.get("state")}, base)

    about = f"items that name an item of a {base.kind}, against it"
    book.add((), look, on=asks(book.api, kind, "create"), about=about, name=name)


def _newest_state(life: Life | None, exchange: Exchange) -> Any:
    newest = life.last_before(exchange, whole=False) if life else None
    return at(newest.value, "/state") if newest else MISSING


def good_states(run: Run, kind: str) -> tuple[str, ...]:
    """The states of such a resource, at whatever level, in which others can be built on it."""
    cycle = run.kinds.kind(kind).cycle
    names = cycle.names.values() if cycle else ()
    machines = (run.release.lifecycles.get(name) for name in names)
    return tuple(state for machine in machines if machine for state in machine.good)


def _machine(run: Run, kind: str, shown: Any) -> Lifecycle | None:
    """The lifecycle of such a resource: what the Seller writes in place of one of its states is its own fault."""
    cycle = run.kinds.kind(kind).cycle
    return run.release.lifecycles.get((cycle.of(shown) if cycle else None) or "")


_BEGUN: Final = ("acknowledged", "inProgress", "inProgress.draft")


def _moved_on(life: Life | None, exchange: Exchange) -> bool:
    """Whether the Buyer can know of another state than the one shown last: an event told of a change, or nobody looked
    since the request, whose answer was a beginning.
    """
    newest = life.last_before(exchange, whole=False) if life else None
    if life is None or newest is None:
        return False
    if any(newest.exchange.n < event.n < exchange.n for event in life.told):
        return True
    return newest.exchange is life.asked and succeeded(exchange) and at(newest.value, "/state") in _BEGUN


def _same_product(place: str, item: Mapping[str, Any], found: Mapping[str, Any], base: Base) -> Iterator[Mark]:
    """Action, product and offering; what another product was proposed for is left alone."""
    proposed = given(at(item, f"/{base.member}/alternateProductProposalId")) or given(
        at(item, f"/{base.member}/alternateProductOfferingProposalId")
    )
    alternate = found.get("state") == "approved.orderableAlternate"
    members = ["/action", "/product/id"]
    members += [] if proposed or alternate else ["/product/productOffering/id", "/product/productConfiguration"]
    for member in members:
        was, now = at(found, member), at(item, member)
        if not given(was) or (not given(now) and member != "/action"):
            continue
        for mark in echo_marks(was, now, place + member):
            if isinstance(mark, Breach):
                yield Breach(mark.place, mark.expected, mark.found,
                             f"{mark.place} is not that of the {base.kind}'s item {found.get('id')}",
                             check=Check.HINT)  # fmt: skip
            else:
                yield FINE


def _take_used(known: dict[tuple[str, str], list[Exchange]], run: Run, exchange: Exchange) -> None:
    kind, view = run.shown_by(exchange) or (None, None)
    if kind and (kind.name, view) == (ORDER, View.CREATED) and succeeded(exchange):
        for _, reference in every(exchange.request.body, f"{kind.items_at}/*/{QUOTED.member}"):
            key = at(reference, f"/{QUOTED.whole}"), at(reference, "/id")
            if isinstance(key[0], str) and isinstance(key[1], str):
                known.setdefault((key[0], key[1]), []).append(exchange)


_USED: Final[Fold[dict[tuple[str, str], list[Exchange]]]] = Fold(dict, _take_used)
"""The orders that were taken, by the quote items that they were made from."""
_CAME_TO_NOTHING: Final = ("rejected", "cancelled", "failed")


def used_once(book: Rulebook, *, name: str) -> None:
    """No item of a quote is ordered twice, unless the first order came to nothing: a hint."""

    def look(said: Said) -> Iterator[Mark]:
        used = said.run.known(_USED, before=said.exchange)
        for place, reference in every(said.body, f"{said.run.kinds.kind(ORDER).items_at}/*/{QUOTED.member}"):
            key = at(reference, f"/{QUOTED.whole}"), at(reference, "/id")
            orders = used.get(key, ()) if all(isinstance(part, str) for part in key) else ()
            standing = [order for order in orders[-3:] if _stands(said.run, order, said.exchange)]
            if standing:
                yield breach(place, "an item that was not ordered yet", key[1],
                             f"item {key[1]} of quote {key[0]} was ordered by exchange {standing[-1].n} already", hint=True)  # fmt: skip
            elif isinstance(key[0], str):
                yield FINE

    book.add((), look, on=asks(book.api, ORDER, "create"), about="items of quotes that were ordered before", name=name)


def _stands(run: Run, placed: Exchange, now: Exchange) -> bool:
    life = run.life(ORDER, at(placed.response.body if placed.response else None, "/id"))
    return _newest_state(life, now) not in _CAME_TO_NOTHING
