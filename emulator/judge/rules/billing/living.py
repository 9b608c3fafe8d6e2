"""How bills and their items live, and together (MEF 141, 6.4.1 and 6.5.1)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from emulator.judge.hubs import over
from emulator.judge.named import BILL
from emulator.judge.rule import FINE, Mark, Remark, on_response
from emulator.judge.rulebook import breach
from emulator.judge.rules import common
from emulator.judge.rules.billing.book import BILLING, ITEM, OPEN, SHOWN, SPELT, items_of, seen_items, state_of
from emulator.judge.run import Life, Run, Said, Shown
from emulator.judge.times import PATIENCE
from emulator.record.exchange import Exchange

common.goes_legally(BILLING, "R20", common.Machine("customerBill"), on=SHOWN, name="")
common.goes_legally(BILLING, "R24", common.Machine("customerBillItem", spelt=SPELT), on=ITEM, name="")

_DISPUTED: Final = "disputeBeingInvestigated"
_WITHDRAWN: Final = "withDrawn"
_PAID: Final = "settled"
_OVER: Final = (_PAID, _WITHDRAWN)


@BILLING.rule("R24", on=ITEM, name="spelling")
def what_was_withdrawn_is_spelt_so(said: Said) -> Iterator[Mark]:
    """The state of an item that was withdrawn, in the spelling that the partners agreed on."""
    pinned = said.run.reading("bill-withdrawn")
    for shown in said.shown:
        state = shown.value.get("state")
        if state_of(shown.value) == _WITHDRAWN and pinned != "either":
            yield (
                FINE
                if state == pinned
                else breach(f"{shown.place}/state", pinned, state, reading=("bill-withdrawn", pinned))
            )


@dataclass(frozen=True, slots=True)
class _Looks:
    """The sightings of a bill or an item, oldest first."""

    shown: Sequence[Shown]

    def around(self, exchange: Exchange) -> tuple[Shown | None, Shown | None]:
        """The newest before an exchange, and the oldest after it."""
        spot = bisect_left(self.shown, exchange.n, key=lambda each: each.exchange.n)
        after = spot + 1 if spot < len(self.shown) and self.shown[spot].exchange.n == exchange.n else spot
        return self.shown[spot - 1] if spot else None, self.shown[after] if after < len(self.shown) else None


def _families(run: Run) -> Iterator[tuple[Life, list[Life]]]:
    """Each bill of which all items were seen, with these."""
    for bill in run.lives(BILL):
        items = items_of(run, bill)
        if items:
            yield bill, items


@BILLING.at_end("R25")
def a_bill_follows_its_items(run: Run) -> Iterator[Remark]:
    """The state of a bill between two sightings of its items, and after the last of them: it is not settled over an item that is
    open, does not stay generated beside one, and is settled once all of them are.
    """
    for bill in run.lives(BILL):
        items, all_of_them = seen_items(run, bill), items_of(run, bill) is not None
        looks = [_Looks(item.shown) for item in items]
        settled = next((shown for shown in bill.shown if state_of(shown.value) == _PAID), None)
        if settled is not None:
            none_paid = all_of_them and all(state_of(each.shown[-1].value) not in _OVER for each in looks)
            found = list(_settled(run, bill, settled, items, none_paid=none_paid))
            yield from found
            if all_of_them and not found and all(_is_over(each, settled) for each in looks):
                yield on_response(settled.exchange, FINE)
        yield from _generated(run, bill, items)
        if all_of_them:
            yield from _left_over(run, bill, looks)


def _is_over(looks: _Looks, settled: Shown) -> bool:
    """Whether an item is shown at its end once its bill is settled."""
    before, after = looks.around(settled.exchange)
    return any(shown is not None and state_of(shown.value) in _OVER for shown in (before, after))


def _settled(run: Run, bill: Life, settled: Shown, items: Sequence[Life], *, none_paid: bool) -> Iterator[Remark]:
    """A bill that is settled over an item that is open before and afterwards.

    It is a hint unless the bill was seen unsettled after that item was seen open, or none of its items ever came to an end
    (`none_paid`): else it may have been settled while the item was generated.
    """
    last = _Looks(bill.shown).around(settled.exchange)[0]
    for item in items:
        before, after = _Looks(item.shown).around(settled.exchange)
        if before is None or after is None or not _is_open(before) or not _is_open(after):
            continue
        both = {state_of(before.value), state_of(after.value)} == {_DISPUTED}
        if not both and run.lasted(settled.exchange.at, after.exchange.at) <= run.spread(PATIENCE):
            continue  # a payment may be on its way from the bill to its items
        since = last is not None and state_of(last.value) != _PAID and last.exchange.n > before.exchange.n
        message = (
            f"bill {bill.id} is settled, and item {item.id} is open: exchange {before.exchange.n} showed it "
            f"{state_of(before.value)}, exchange {after.exchange.n} {state_of(after.value)}"
        )
        mark = breach(f"{settled.place}/state", "paymentDue", _PAID, message, hint=not since and not none_paid)
        yield on_response(settled.exchange, mark)


def _is_open(shown: Shown) -> bool:
    return state_of(shown.value) in OPEN


def _generated(run: Run, bill: Life, items: Sequence[Life]) -> Iterator[Remark]:
    """A bill that is still generated, or is due, while an item is open."""
    opened = [item for item in items if any(map(_is_open, item.shown))]
    for shown in bill.shown if opened else ():
        state = state_of(shown.value)
        for item in opened if state in ("generated", "paymentDue") else ():
            before, after = _Looks(item.shown).around(shown.exchange)
            if before is None or not _is_open(before):
                continue
            if state == "paymentDue":
                yield on_response(shown.exchange, FINE)
            elif (
                after is not None
                and _is_open(after)
                and run.lasted(over(before.exchange), shown.exchange.at) > run.spread(PATIENCE)
            ):
                message = (
                    f"bill {bill.id} is still generated, though exchange {before.exchange.n} showed item {item.id} "
                    f"{state_of(before.value)}"
                )
                mark = breach(f"{shown.place}/state", "paymentDue", "generated", message)
                yield on_response(shown.exchange, mark)


def _left_over(run: Run, bill: Life, trails: Sequence[_Looks]) -> Iterator[Remark]:
    """A bill all of whose items are settled is settled, too."""
    first = [next((shown for shown in trail.shown if state_of(shown.value) == _PAID), None) for trail in trails]
    known = [shown for shown in first if shown is not None]
    if len(known) < len(first):
        return
    done = max(over(shown.exchange) for shown in known)
    last = bill.shown[-1]
    if run.lasted(done, last.exchange.at) <= run.spread(PATIENCE):
        return
    state = state_of(last.value)
    if state == _PAID:
        yield on_response(last.exchange, FINE)
    elif state:
        message = f"bill {bill.id} is {state}, though all of its items are settled"
        yield on_response(last.exchange, breach(f"{last.place}/state", _PAID, state, message))


# Readings that the partners can pin


@BILLING.at_end("R25", name="all")
def a_bill_is_settled_last(run: Run) -> Iterator[Remark]:
    """Items that are not settled after their bill is, where the partners read the standard so that all of them are before."""
    reading = ("bill-partly-settled", "all")
    for bill, items in _families(run) if run.reads_as(*reading) else ():
        settled = next((shown for shown in bill.shown if state_of(shown.value) == _PAID), None)
        after = [each for item in items if settled and (each := _Looks(item.shown).around(settled.exchange)[1])]
        late = next((each for each in after if state_of(each.value) not in (_PAID, _WITHDRAWN)), None)
        if settled is not None and late is not None:
            message = (
                f"bill {bill.id} is settled, and exchange {late.exchange.n} shows an item of it {state_of(late.value)}"
            )
            yield on_response(
                settled.exchange, breach(f"{settled.place}/state", "paymentDue", _PAID, message, reading=reading)
            )
        elif settled is not None and len(after) == len(items):
            yield on_response(settled.exchange, FINE)


@BILLING.at_end("R25", name="withdrawn")
def a_bill_with_a_withdrawn_item_stays_due(run: Run) -> Iterator[Remark]:
    """Bills that are settled after an item of theirs was withdrawn, where the partners read the standard so that they are not."""
    reading = ("bill-withdrawn-end", "stays")
    for bill, items in _families(run) if run.reads_as(*reading) else ():
        gone = [each for item in items for each in item.shown if state_of(each.value) == _WITHDRAWN]
        last = bill.shown[-1]
        if gone and gone[0].exchange.n < last.exchange.n:
            message = f"bill {bill.id} is settled, though exchange {gone[0].exchange.n} showed an item of it withdrawn"
            yield on_response(
                last.exchange,
                breach(f"{last.place}/state", "paymentDue", _PAID, message, reading=reading)
                if state_of(last.value) == _PAID
                else FINE,
            )


@BILLING.at_end("R25", name="unpaid")
def a_bill_is_due_by_its_items(run: Run) -> Iterator[Remark]:
    """Bills that are due while all of their items are generated, where the partners read the standard so that they are not."""
    reading = ("bill-unpaid", "items")
    for bill, items in _families(run) if run.reads_as(*reading) else ():
        trails = [_Looks(item.shown) for item in items]
        due = next((shown for shown in bill.shown if state_of(shown.value) == "paymentDue"), None)
        after = [trail.around(due.exchange)[1] for trail in trails] if due else []
        if due is None or None in after:
            continue
        states = {state_of(shown.value) for shown in after if shown}
        if states == {"generated"}:
            message = f"bill {bill.id} is due, and all of its items are generated"
            yield on_response(
                due.exchange, breach(f"{due.place}/state", "generated", "paymentDue", message, reading=reading)
            )
        else:
            yield on_response(due.exchange, FINE)
