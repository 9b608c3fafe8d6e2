"""Bills as a whole: whether they add up, and follow each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

from emulator.money.bills import bill_imbalances
from emulator.money.imbalance import Imbalance
from emulator.money.together import sum_imbalances
from emulator.reconciling.agreed import Agreed
from emulator.reconciling.cases import SeenBill
from emulator.reconciling.figures import ZERO, added, sum_of
from emulator.reconciling.lines import BillRemark
from emulator.reconciling.quantities import DAY

NORMAL: Final = "normal"
DUPLICATE: Final = "duplicate"
TRIAL: Final = "trial"


def as_shown(bill: SeenBill) -> dict[str, Any]:
    """A bill as a message has it."""
    items = [{"id": each} for each in bill.items]
    return {**bill.members, "id": bill.identifier, "customerBillItem": items}


def misfits(bill: SeenBill, items: Mapping[str, Mapping[str, Any]] | None) -> Iterator[BillRemark]:
    """Where a bill does not add up (A1 to A8, A12 to A15). `items` are those of it, None where not all of them were read."""
    shown = as_shown(bill)
    of_bill = None if items is None else [{**members, "id": each} for each, members in items.items()]
    found: list[Imbalance] = bill_imbalances(shown, of_bill)
    if of_bill is not None:
        found += sum_imbalances(shown, of_bill)
    for each in found:
        yield BillRemark(bill.identifier, each.formula, each.message, each.found, each.expected, each.unit)


def together(bills: Sequence[SeenBill], agreed: Agreed) -> Iterator[BillRemark]:
    """What is odd in bills beside each other: an account that nobody gave, a cycle that is billed twice, periods that leave a
    gap or overlap by more than a day, a trial that was paid.
    """
    accounts: dict[str, list[SeenBill]] = defaultdict(list)
    cycles: dict[tuple[str, str], SeenBill] = {}
    for bill in bills:
        if bill.category == TRIAL:
            yield from _trial(bill)
        account = bill.account
        if bill.category != NORMAL or account is None:
            continue
        accounts[account].append(bill)
        if agreed.accounts and None not in agreed.accounts and account not in agreed.accounts:
            text = f"no product and no order that was seen is billed to account {account}"
            yield BillRemark(bill.identifier, "account", text)
        cycle = bill.members.get("billCycle")
        if isinstance(cycle, str) and bill.members.get("runType") == "onCycle":
            first = cycles.setdefault((account, cycle), bill)
            if first is not bill:
                text = f"bill {first.identifier} is for the same cycle {cycle} of account {account}"
                yield BillRemark(bill.identifier, "cycle", text)
    for mine in accounts.values():
        yield from _seams(mine)


def _trial(bill: SeenBill) -> Iterator[BillRemark]:
    payments = bill.members.get("appliedPayment")
    amounts = [sum_of(row.get("appliedAmount")) for row in payments or () if isinstance(row, dict)]
    paid = [amount for amount in amounts if amount is not None and amount.value != ZERO]
    if paid:
        total = added(amount.value for amount in paid)
        yield BillRemark(bill.identifier, "trial", "a trial is not paid, and this one was", total, ZERO, paid[0].unit)


def _seams(bills: Sequence[SeenBill]) -> Iterator[BillRemark]:
    """Gaps and overlaps between the periods of an account's bills that come with its cycle."""
    periods = [
        (both, bill) for bill in bills if bill.members.get("runType") != "offCycle" and (both := bill.period.closed)
    ]
    periods.sort(key=lambda row: row[0])
    for (before, earlier), (after, later) in pairwise(periods):
        seam = after[0] - before[1]
        if abs(seam) <= DAY:
            continue
        what = "leaves a gap of" if seam > timedelta(0) else "overlaps by"
        text = f"its period {what} {abs(seam).days} day(s) beside that of bill {earlier.identifier}"
        yield BillRemark(later.identifier, "period", text)
