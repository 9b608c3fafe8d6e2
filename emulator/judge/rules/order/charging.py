"""What the Seller charges on top of an order (MEF 123, 6.11 to 6.14)."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from emulator.judge.dues import history_of
from emulator.judge.fold import Fold
from emulator.judge.named import CANCEL, CHARGE, MODIFY_DATE
from emulator.judge.named import ORDER as ORDERS
from emulator.judge.rule import FINE, Look, Mark, Remark, on_response, responses
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.run import Life, Run, Said, Shown
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, every
from emulator.standard.kinds.facts import History

API: Final = ORDER.api
CHARGE_LISTED: Final = responses(API, "listCharge")
CHARGE_WHOLE: Final = responses(API, "retrieveCharge", "patchCharge")
CHARGE_SHOWN: Final = CHARGE_WHOLE | CHARGE_LISTED
OPEN: Final = "awaitingResponse"
_SECOND: Final = timedelta(seconds=1)


# Charges: what they stand against


class Subject(NamedTuple):
    """What a charge stands against: an order, or an item of it."""

    order: str
    item: str | None


def subject_of(charge: Any) -> Subject | None:
    """What a charge is about; None where it does not say."""
    order = at(charge, "/productOrder/productOrderId")
    its_order, item = (at(charge, f"/productOrderItem/{name}") for name in ("productOrderId", "productOrderItemId"))
    on_item = isinstance(its_order, str) and isinstance(item, str)
    if isinstance(order, str) == on_item:
        return None
    return Subject(its_order, item) if on_item else Subject(order, None)


@dataclass(slots=True)
class Charges:
    """What the charges so far were shown to be for, and when they were open.

    `subjects` has what each was said to be for, with the exchange that said so first; `opened` the exchanges that
    showed one open; `of_order` those that were said to be for an order or an item of it.
    """

    subjects: dict[str, dict[Subject, int]] = field(default_factory=dict)
    opened: dict[str, list[int]] = field(default_factory=dict)
    of_order: dict[str, dict[str, Life]] = field(default_factory=dict)

    def take(self, run: Run, exchange: Exchange) -> None:
        """Take in the next exchange."""
        for shown, life in run.lived(exchange):
            if life.kind.name != CHARGE:
                continue
            if at(shown.value, "/state") == OPEN:
                self.opened.setdefault(life.id, []).append(exchange.n)
            subject = subject_of(shown.value)
            if subject is not None:
                self.subjects.setdefault(life.id, {}).setdefault(subject, exchange.n)
                self.of_order.setdefault(subject.order, {})[life.id] = life

    def about(self, order: str) -> list[Life]:
        """The charges that are, or were, for an order or an item of it, in the order in which they were first seen."""
        return sorted(self.of_order.get(order, {}).values(), key=lambda life: life.turn)


CHARGES: Final = Fold(Charges, Charges.take)


@ORDER.rule("R80", on=CHARGE_SHOWN)
def a_charge_belongs_to_one(said: Said) -> Iterator[Mark]:
    """The order or order item of a charge: one, and the same whenever it is shown."""
    for shown, life in said.lived():
        subject = subject_of(shown.value)
        if subject is None:
            continue
        told = said.run.known(CHARGES).subjects[life.id]
        other = next((was for was, n in told.items() if n < said.exchange.n and was != subject), None)
        member = "productOrderItem" if subject.item else "productOrder"
        yield hold(f"{shown.place}/{member}", other is None, expected=_words(other), found=_words(subject),
                   message=f"charge {life.id} is for {_words(subject)}, and was shown for {_words(other)} before")  # fmt: skip


def _words(subject: Subject | None) -> str:
    if subject is None:
        return "nothing"
    return f"item {subject.item} of order {subject.order}" if subject.item else f"order {subject.order}"


def _open_together(meant: Callable[[Subject], bool], related: Callable[[Subject, Subject], bool], what: str) -> Look:
    """No two charges whose subjects are so related were open at the same moment; `meant` says which are looked at.

    A charge is never opened again, so that it was open from its first to its last sighting as open. FINE only
    where there was something to compare: another such charge that is settled, or a list that would have shown it.
    """

    def look(said: Said) -> Iterator[Mark]:
        open_now = [
            (shown, life, subject)
            for shown, life in said.lived()
            if at(shown.value, "/state") == OPEN and (subject := subject_of(shown.value)) and meant(subject)
        ]
        charges = said.run.known(CHARGES)
        lists_all = said.exchange.operation == "listCharge" and "productOrderItemId" not in said.query
        told: set[frozenset[str]] = set()
        for shown, life, subject in open_now:
            mine, clashes = charges.opened[life.id], False
            rivals = [
                (other, seen)
                for other in charges.about(subject.order)
                if other is not life and (seen := charges.opened.get(other.id))
                if (its := subject_of(other.shown[-1].value)) and related(subject, its)
            ]
            for other, seen in rivals:
                if not _overlap(mine, seen):
                    continue
                clashes = True
                pair = frozenset((life.id, other.id))
                if pair in told or _overlap(_until(mine, said.exchange), _until(seen, said.exchange)):
                    continue  # said before
                told.add(pair)
                yield breach(f"{shown.place}/state", f"not {OPEN} beside charge {other.id}", OPEN,
                             f"charges {other.id} and {life.id} are open at the same time, {what}")  # fmt: skip
            settled = bool(rivals) and all(at(other.shown[-1].value, "/state") != OPEN for other, _ in rivals)
            if not clashes and (settled or lists_all):
                yield FINE

    return look


def _until(spots: Sequence[int], exchange: Exchange) -> Sequence[int]:
    """The first and the last of these exchanges that were before another."""
    size = bisect_left(spots, exchange.n)
    return (spots[0], spots[size - 1]) if size else ()


def _overlap(one: Sequence[int], other: Sequence[int]) -> bool:
    return bool(one and other) and max(one[0], other[0]) <= min(one[-1], other[-1])


def _on_order(subject: Subject) -> bool:
    return subject.item is None


def _on_item(subject: Subject) -> bool:
    return subject.item is not None


def _on_either(_: Subject) -> bool:
    return True


def _same(one: Subject, other: Subject) -> bool:
    return one == other


def _order_and_item(one: Subject, other: Subject) -> bool:
    return one.order == other.order and _on_order(one) != _on_order(other)


ORDER.add(
    "R81", _open_together(_on_order, _same, "both on one order"), on=CHARGE_SHOWN, about="open charges of an order"
)
ORDER.add("R82", _open_together(_on_item, _same, "both on one item"), on=CHARGE_SHOWN, about="open charges of an item")
ORDER.add(
    "R83",
    _open_together(_on_either, _order_and_item, "one on the order and one on an item of it"),
    on=CHARGE_SHOWN,
    about="open charges of an order and of its items",
)


# When a charge may start


def _states_at(holder: Any, log: History | None, when: datetime) -> set[str]:
    """The states that something was in about a moment, as its stateChange tells; empty where it tells nothing."""
    entries = history_of(holder, log)
    around = {state for moment, state in entries if -_SECOND < moment - when <= _SECOND}
    before = [entry for entry in entries if entry[0] - when <= -_SECOND]
    return around | {state for moment, state in before if moment == before[-1][0]}


def _starts_in(on_item: bool, *allowed: str, held: str) -> Callable[[Run], Iterator[Remark]]:
    """Each charge was created while what it is for was in one of these states. The Seller's own history tells, so
    that no two clocks are compared.
    """

    def look(run: Run) -> Iterator[Remark]:
        for life in run.lives(CHARGE):
            if not life.shown:
                continue
            first, subject = life.shown[0], subject_of(life.shown[0].value)
            created = common.moment(at(first.value, "/creationDate"))
            if subject is None or created is None or (subject.item is not None) is not on_item:
                continue
            kind = run.kinds.kind(ORDERS)
            items = kind.items.history if kind.items else None
            log = kind.history if subject.item is None else items
            states = _states_at(_what_it_is_for(run, subject, first.exchange), log, created)
            if not states:
                continue
            place = f"{first.place}/creationDate"
            words = f"{_words(subject)} was {', '.join(sorted(states))} when charge {life.id} was created"
            if states & set(allowed):
                yield on_response(first.exchange, FINE)
            else:
                reading = ("charge-and-hold", "charge-first") if held in states else None
                yield on_response(first.exchange, breach(place, list(allowed), sorted(states), words, reading=reading))

    look.__doc__ = f"creationDate against the history of what the charge is for: {', '.join(allowed)}."
    return look


def _what_it_is_for(run: Run, subject: Subject, charged: Exchange) -> Any:
    """The order or item of a charge, as it was shown last, if that was after the charge was first seen.

    A history that is older cannot tell in which state the charge was created.
    """
    order = run.life(ORDERS, subject.order)
    last = order.whole[-1] if order and order.whole else None
    newest = last.value if last and last.exchange.n > charged.n else MISSING
    return newest if subject.item is None else by_id(newest, "/productOrderItem/*", subject.item)


def by_id(holder: Any, pattern: str, identifier: Any) -> Any:
    """The entry of a list that has this id, MISSING where none has."""
    return next((value for _, value in every(holder, pattern) if at(value, "/id") == identifier), MISSING)


ORDER.at_end("R84")(
    _starts_in(False, "assessingCancellation", "pending.assessingModification", held="held.assessingCharge")
)
ORDER.at_end("R85")(_starts_in(True, "inProgress", "pending", held="held"))


# What a charge says

CREATED: Final = ("R88", "W123-charge-when-created")
"""What a new charge has, and the same with one date less."""


@ORDER.rule(CREATED, on=CHARGE_WHOLE, name="subject")
def a_charge_is_for_an_order_or_an_item(said: Said) -> Iterator[Mark]:
    """The productOrder or productOrderItem, one of them alone; what a cancellation or another date demands is for R89
    to R91 to say.
    """
    for shown in said.shown:
        caused = any(given(at(shown.value, f"/{cause}")) for cause, _, _ in CAUSES)
        yield from one_subject(shown, lacks_told=caused)


def one_subject(shown: Shown, *, lacks_told: bool = False) -> Iterator[Mark]:
    """Whether a charge is about an order or an item of it, and not about both."""
    order, item = (given(at(shown.value, f"/{name}")) for name in ("productOrder", "productOrderItem"))
    place = f"{shown.place}/productOrder"
    if order and item:
        yield breach(place, MISSING, at(shown.value, "/productOrder"),
                     "a charge names its order or its order item, not both")  # fmt: skip
    elif order or item:
        yield FINE
    elif not lacks_told:
        flat = given(at(shown.value, "/productOrderId")) or given(at(shown.value, "/productOrderItemId"))
        yield breach(place, "productOrder or productOrderItem", MISSING, "the charge names neither order nor item",
                     reading=("charge-subject-shape", "by-type") if flat else None)  # fmt: skip


CAUSES: Final[tuple[tuple[str, str, str], ...]] = (
    ("cancelProductOrder", "productOrder", CANCEL),
    ("modifyProductOrderItemRequestedDeliveryDate", "productOrderItem", MODIFY_DATE),
)
"""What can cause a charge: the member that names it, the member that must then be there, and its kind."""

ORDER.present((*CREATED, "R100"), "", "/id", "/chargeItem", "/responseDueDate", "/state", on=CHARGE_WHOLE)
ORDER.present(("R88", "R100"), "", "/creationDate", on=CHARGE_WHOLE, name="created")


def _caused(index: int) -> Look:
    member, subject, kind = CAUSES[index]

    def look(said: Said) -> Iterator[Mark]:
        for shown in said.shown:
            cause = at(shown.value, f"/{member}")
            if not given(cause):
                continue
            place, found = f"{shown.place}/{subject}", at(shown.value, f"/{subject}")
            if not given(found):
                other_way = subject == "productOrderItem" and given(at(shown.value, "/productOrder"))
                yield breach(place, "a reference", found, f"a charge that names a {member} names its {subject}",
                             reading=("charge-of-modification", "on-item") if other_way else None)  # fmt: skip
                continue
            life = said.run.life(kind, at(cause, "/id"))
            meant = at(life.shown[-1].value, f"/{subject}") if life and life.shown else MISSING
            wanted, named = subject_of({subject: meant}), subject_of({subject: found})
            if wanted is None or named is None:
                yield FINE
            else:
                yield hold(place, wanted == named, expected=_words(wanted), found=_words(named),
                           message=f"{member} {life.id if life else ''} is for {_words(wanted)}, "
                                   f"its charge for {_words(named)}")  # fmt: skip

    return look


ORDER.add(("R89", "R91"), _caused(0), on=CHARGE_WHOLE, about="productOrder of charges that name a cancelProductOrder")
ORDER.add("R90", _caused(1), on=CHARGE_WHOLE, about="productOrderItem of charges that name a modify request")


def _names_its_cause(index: int) -> Callable[[Run], Iterator[Remark]]:
    member, subject, kind = CAUSES[index]

    def look(run: Run) -> Iterator[Remark]:
        naming: dict[str, list[Life]] = defaultdict(list)
        standing: dict[Subject | None, list[Life]] = defaultdict(list)
        for cause in run.lives(kind):
            for named in {found for seen in cause.shown if isinstance(found := at(seen.value, "/charge/id"), str)}:
                naming[named].append(cause)
            standing[_stands_against(cause, subject)].append(cause)
        for life in run.lives(CHARGE):
            # What is lost after the first read is for R100 to say.
            first = life.whole[0] if life.whole else None
            mine = subject_of(first.value) if first else None
            near = {cause.turn: cause for cause in (*naming[life.id], *(standing[mine] if mine else ()))}
            for _, cause in sorted(near.items()) if first else ():
                if first and (cause in naming[life.id] or _waited_for(run, life, cause)):
                    found = at(first.value, f"/{member}/id")
                    yield on_response(first.exchange, hold(
                        f"/{member}", found == cause.id, expected=cause.id, found=found,
                        message=f"charge {life.id} is due to {member} {cause.id} and does not name it"))  # fmt: skip

    look.__doc__ = f"{member} of the charges that such a request waits for."
    return look


def _stands_against(cause: Life, member: str) -> Subject | None:
    return subject_of({member: at(cause.shown[-1].value, f"/{member}")}) if cause.shown else None


def _waited_for(run: Run, charge: Life, cause: Life) -> bool:
    """Whether a request waited for a charge at the very time at which this one was open.

    An order, or an item, has one open charge at a time: if both stand against the same, this is the one. A request waits
    until it is seen to wait no longer; where it was not looked at while the charge was open, one of several charges may
    have been for it.
    """
    waits = [s.exchange.n for s in cause.shown if at(s.value, "/state") == "inProgress.assessingCharge"]
    opened = run.known(CHARGES).opened.get(charge.id, ())
    if _overlap(waits, opened):
        return True
    if not waits or not opened or opened[0] < waits[0]:
        return False
    on = next((s.exchange.n for s in cause.shown if s.exchange.n > waits[-1]), None)
    mine = subject_of(charge.shown[-1].value)
    alone = mine is not None and all(
        other is charge or subject_of(other.shown[-1].value) != mine for other in run.known(CHARGES).about(mine.order)
    )
    return alone and (on is None or opened[0] < on)


ORDER.at_end("R90", name="cause")(_names_its_cause(1))
ORDER.at_end("R91", name="cause")(_names_its_cause(0))

ORDER.present(
    "R92",
    "/chargeItem/*",
    "/id",
    "/activityType",
    "/priceType",
    "/priceCategory",
    "/blocking",
    "/price",
    "/state",
    on=CHARGE_WHOLE,
)
common.required_by_table(ORDER, "R93", "charge-item-price", on=CHARGE_WHOLE)
ORDER.unique((), "/chargeItem/*", "/id", on=CHARGE_WHOLE, name="charge-items")


@ORDER.rule(on=CHARGE_WHOLE, name="charge-amount")
def a_price_has_an_amount(said: Said) -> Iterator[Mark]:
    """The value and the currency of each dutyFreeAmount, which the contract leaves optional."""
    for place, amount in every(said.body, "/chargeItem/*/price/dutyFreeAmount"):
        for member in ("/value", "/unit") if isinstance(amount, dict) else ():
            found = at(amount, member)
            yield FINE if given(found) else breach(place + member, "a value", found, hint=True)
