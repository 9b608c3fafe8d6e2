"""What the states of a charge, of its items and of what waits for it say of each other (MEF 123, 6.11 and 6.12)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.judge.fold import Fold, grouped
from emulator.judge.named import CHARGE
from emulator.judge.named import ORDER as ORDERS
from emulator.judge.rule import FINE, Mark, Remark, on_response, responses
from emulator.judge.rulebook import breach
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.rules.order.charge_answers import ANSWER
from emulator.judge.rules.order.charging import API, CAUSES, CHARGE_WHOLE, CHARGES, OPEN
from emulator.judge.rules.order.names import SHOWN
from emulator.judge.run import Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import at, every

_DECIDED: Final = ("acceptedByBuyer", "declinedByBuyer")
"""States of an item that the Buyer's answer, or its silence, leads to: either ends the whole charge (Table 14, R95)."""


@ORDER.rule(on=CHARGE_WHOLE, name="charge-open")
def an_open_charge_has_open_items(said: Said) -> Iterator[Mark]:
    """No item of a charge that waits for the Buyer's answer is accepted or declined, and one of them waits (Table 14)."""
    for shown in said.shown:
        if at(shown.value, "/state") != OPEN:
            continue
        states = [
            (place, state) for place, state in every(shown.value, "/chargeItem/*/state") if isinstance(state, str)
        ]
        waits = any(state == OPEN for _, state in states)
        for place, state in states:
            if waits and state in _DECIDED:
                yield breach(f"{shown.place}{place}", OPEN, state,
                             f"{shown.place}{place} is {state} while the charge waits for the Buyer's answer")  # fmt: skip
            elif state == OPEN:
                yield FINE
        if states and not waits:
            answered = any(state in _DECIDED for _, state in states)
            yield breach(f"{shown.place}/state", "completed", OPEN,
                         "the charge waits for an answer, and none of its items does", hint=not answered)  # fmt: skip


_ANSWERS: Final = grouped(API, "patchCharge", lambda exchange: exchange.path_params.get("id"))


def _answers_before(run: Run, charge: str, exchange: Exchange) -> Iterator[Exchange]:
    """The answers to a charge before an exchange that were taken, or of which nobody knows whether they were."""
    for answer in run.known(_ANSWERS).get(charge, ()):
        refused = answer.response is not None and 400 <= answer.response.status < 500  # noqa: PLR2004
        if answer.n < exchange.n and not refused:
            yield answer


@ORDER.rule(on=CHARGE_WHOLE, name="charge-accepted")
def an_item_is_accepted_by_the_buyer(said: Said) -> Iterator[Mark]:
    """Items that are accepted, of a charge that was seen open, against the Buyer's answers (Figure 24).

    The Buyer may have answered where nobody saw it, so that this is a hint, unless the Seller takes an answer later on.
    """
    for shown, life in said.lived():
        opened = said.run.known(CHARGES).opened.get(life.id, (said.exchange.n,))[0] < said.exchange.n
        if not opened or at(shown.value, "/state") == OPEN:
            continue
        answers = said.exchange.operation == "patchCharge" or any(_answers_before(said.run, life.id, said.exchange))
        for place, state in every(shown.value, "/chargeItem/*/state"):
            if state == "acceptedByBuyer":
                here = f"{shown.place}{place}"
                yield FINE if answers else breach(
                    here, OPEN, state, f"{here} is {state}, and no answer of the Buyer's was seen", hint=True)  # fmt: skip


@ORDER.rule(on=responses(API, "patchCharge"), name="charge-taken")
def an_answer_settles_what_was_open(said: Said) -> Iterator[Mark]:
    """The answer to a charge that the Seller takes as the first one: no item was accepted before it (Figure 24)."""
    for _, life in said.lived():
        before = life.last_before(said.exchange)
        if before is None or any(_answers_before(said.run, life.id, said.exchange)):
            continue
        accepted = [at(item, "/id") for _, item in every(before.value, "/chargeItem/*")
                    if at(item, "/state") == "acceptedByBuyer"]  # fmt: skip
        if accepted and at(before.value, "/state") != OPEN:  # of open charges charge-open speaks
            yield breach("/chargeItem", "items that waited for the answer", accepted,
                         f"the Buyer's answer was taken, though exchange {before.exchange.n} showed {accepted[0]} "
                         "as accepted before it")  # fmt: skip
        elif not accepted:
            yield FINE


@ORDER.rule(on=ANSWER, name="charge-twice")
def a_charge_is_answered_once(said: Said) -> Iterator[Mark]:
    """The Buyer answers a charge that waits for it (6.12): one that is settled, or was answered, is a hint."""
    charge = said.exchange.path_params.get("id", "")
    life = said.run.life(CHARGE, charge)
    last = life.last_before(said.exchange, whole=False) if life else None
    state = at(last.value, "/state") if last else OPEN
    answered = next((e for e in _answers_before(said.run, charge, said.exchange) if succeeded(e)), None)
    if isinstance(state, str) and state != OPEN:
        yield breach("/chargeItem", "a charge that waits", state, f"charge {charge} is {state} already", hint=True)
    elif answered:
        yield breach("/chargeItem", "one answer", f"the second after exchange {answered.n}",
                     f"charge {charge} was answered before", hint=True)  # fmt: skip
    elif last:
        yield FINE


# What waits for a charge

_ASSESSING: Final = "inProgress.assessingCharge"


def _take_list(known: dict[str, list[Exchange]], _run: Run, exchange: Exchange) -> None:
    if exchange.api == API and exchange.operation == "listCharge":
        query = {name: value for name, value in exchange.request.query if name not in (*common.WHO, *common.PAGING)}
        if set(query) == {"productOrderId"} and common.claims_all(exchange):
            known.setdefault(query["productOrderId"], []).append(exchange)


_LISTS: Final[Fold[dict[str, list[Exchange]]]] = Fold(dict, _take_list)
"""The lists that had all charges of an order, by the order."""


def _waits_for_nothing(index: int) -> Any:
    member, subject, kind = CAUSES[index]

    def look(run: Run) -> Iterator[Remark]:
        said = [at(seen.value, f"/{member}/id") for life in run.lives(CHARGE) for seen in life.shown]
        named = {each for each in said if isinstance(each, str)}
        hidden = any(not life.whole for life in run.lives(CHARGE))
        for cause in run.lives(kind):
            waits = [seen for seen in cause.shown if at(seen.value, "/state") == _ASSESSING]
            if not waits:
                continue
            if cause.id in named:
                yield on_response(waits[0].exchange, FINE)
                continue
            order = at(waits[0].value, f"/{subject}/productOrderId")
            if hidden or not isinstance(order, str) or run.known(CHARGES).about(order):
                continue
            if any(at(seen.value, "/charge") for seen in waits):
                continue  # it may be of a charge that nobody has read, and of those that were read R90 and R91 speak
            lists = [e for e in run.known(_LISTS).get(order, ()) if waits[0].exchange.n < e.n < waits[-1].exchange.n]
            went_on = cause.shown[-1] if at(cause.shown[-1].value, "/state") == "done" else None
            if lists or went_on:
                why = (f"exchange {lists[0].n} lists no charge of its order" if lists
                       else "it is done later, and no charge was seen or answered")  # fmt: skip
                yield on_response(waits[0].exchange, breach(
                    f"{waits[0].place}/state", f"a charge that names {cause.id}", _ASSESSING,
                    f"{kind} {cause.id} waits for a charge, and {why}", hint=not lists))  # fmt: skip

    look.__doc__ = f"A {kind} that is {_ASSESSING}: a charge names it."
    return look


ORDER.at_end("R90", name="waiting")(_waits_for_nothing(1))
ORDER.at_end("R91", name="waiting")(_waits_for_nothing(0))


@ORDER.rule(on=SHOWN, name="item-charges")
def items_name_charges_of_theirs(said: Said) -> Iterator[Mark]:
    """Each charge that an item names, as far as it was read: it is for that item. One that was looked for in vain, by
    its id or in a list of all charges of the order, is a hint.
    """
    for shown in said.shown:
        for place, item in every(shown.value, "/productOrderItem/*"):
            for where, identifier in every(item, "/charge/*/id"):
                if isinstance(identifier, str):
                    yield from _named(
                        said, shown.value["id"], at(item, "/id"), f"{shown.place}{place}{where}", identifier
                    )


def _named(said: Said, order: str, item: Any, place: str, charge: str) -> Iterator[Mark]:
    life = said.run.life(CHARGE, charge)
    subjects = said.run.known(CHARGES).subjects.get(charge, {})
    if subjects:
        right = any(was.order == order and was.item in (None, item) for was in subjects)
        yield FINE if right else breach(place, f"a charge of item {item} of order {order}", charge,
                                        f"{place} names charge {charge}, which is for something else", hint=True)  # fmt: skip
    elif (life is None or not life.shown) and (missed := _missed(said, order, charge)):
        yield breach(place, "a charge that there is", charge, f"{place} names charge {charge}; {missed}", hint=True)


def _missed(said: Said, order: str, charge: str) -> str:
    """How a charge was looked for in vain since the order named it; "" where it was not."""
    reads = said.run.known(_UNKNOWN).get(charge, ())
    if reads:
        return f"exchange {reads[-1].n} did not find it"
    life, lists = said.run.life(ORDERS, order), said.run.known(_LISTS).get(order, ())
    before = life.last_before(said.exchange) if life else None
    if not lists or before is None or lists[-1].n < before.exchange.n:
        return ""
    known = any(found == charge for _, found in every(before.value, "/productOrderItem/*/charge/*/id"))
    return f"exchange {lists[-1].n} lists all charges of the order without it" if known else ""


def _take_unknown(known: dict[str, list[Exchange]], _run: Run, exchange: Exchange) -> None:
    status = exchange.response.status if exchange.response else 0
    if exchange.api == API and exchange.operation == "retrieveCharge" and status == 404:  # noqa: PLR2004
        known.setdefault(exchange.path_params.get("id", ""), []).append(exchange)


_UNKNOWN: Final[Fold[dict[str, list[Exchange]]]] = Fold(dict, _take_unknown)
"""The reads of charges that were not found, by their id."""
