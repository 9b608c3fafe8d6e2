"""A reconciliation: each item of each bill, what is missing, each bill as a whole, and totals. Linear in the items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from emulator.reconciling.agreed import Agreed
from emulator.reconciling.bills import DUPLICATE, TRIAL, misfits, together
from emulator.reconciling.book import Book
from emulator.reconciling.cases import BilledItem, ChargedSoFar, SeenBill
from emulator.reconciling.checking import checked
from emulator.reconciling.figures import ZERO, added
from emulator.reconciling.filling import BILL, ITEM
from emulator.reconciling.lines import BillRemark, ItemLine, LineVerdict, Reason, plain
from emulator.reconciling.missing import ClosedCycles, missing, not_credited
from emulator.reconciling.settings import Methods

ANY_METHODS: Final = Methods()


@dataclass(frozen=True, slots=True)
class LineTotal:
    """What lines of a standing come to in a currency: how many, what they bill, tax and fees in it, and the differences."""

    lines: int
    net: Decimal
    tax: Decimal
    fee: Decimal
    billed: Decimal
    difference: Decimal


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What became of the bills of a book. The lines of items stand in the order of their bills, those of what is missing behind.

    `bills` is how many bills were seen, `left_out` how many items of trials and of copies of other bills were not looked at.
    """

    lines: Sequence[ItemLine]
    bill_lines: Sequence[BillRemark]
    bills: int
    left_out: int
    methods: Methods = field(default_factory=Methods)

    def counts(self) -> dict[LineVerdict, int]:
        """How many lines there are of each standing."""
        found = dict.fromkeys(LineVerdict, 0)
        for line in self.lines:
            found[line.standing] += 1
        return found

    def totals(self) -> dict[str, dict[LineVerdict, LineTotal]]:
        """By currency and standing. What is explained, disputed and unexplained is together what all items bill."""
        groups: dict[tuple[str, LineVerdict], list[ItemLine]] = defaultdict(list)
        for line in self.lines:
            if line.currency:
                groups[line.currency, line.standing].append(line)
        found: dict[str, dict[LineVerdict, LineTotal]] = {}
        for (currency, standing), lines in groups.items():
            found.setdefault(currency, {})[standing] = LineTotal(
                len(lines),
                *(
                    added(value for line in lines if (value := getattr(line, name)) is not None)
                    for name in ("net", "tax", "fee", "billed", "difference")
                ),
            )
        return found

    def as_json(self) -> dict[str, Any]:
        """As reports have it (`reconciliation` in `report-2.schema.json`)."""
        return {
            "bills": self.bills,
            "leftOut": self.left_out,
            "methods": self.methods.as_json(),
            "counts": {str(standing): count for standing, count in self.counts().items()},
            "totals": [
                {
                    "currency": currency,
                    "standing": str(standing),
                    "lines": row.lines,
                    **{
                        name: plain(getattr(row, name), currency)
                        for name in ("net", "tax", "fee", "billed", "difference")
                    },
                }
                for currency, rows in sorted(self.totals().items())
                for standing, row in rows.items()
            ],
            "lines": [line.as_json() for line in self.lines],
            "billLines": [line.as_json() for line in self.bill_lines],
        }


def reconcile(book: Book, methods: Methods = ANY_METHODS) -> Reconciliation:
    """Hold the bills of a book against what else is in it. Never raises, whatever the messages held."""
    agreed = Agreed(book)
    bills = [SeenBill(each, entry.members, place) for place, (each, entry) in enumerate(book.entries(BILL))]
    counted = list(_counted(bills))
    lines: dict[tuple[int, int], ItemLine] = {}
    cases, unread, left_out = _cases(agreed, bills, counted, lines)
    ledgers: dict[str, ChargedSoFar] = {}
    for case in sorted(cases, key=lambda case: case.turn):
        ledger = ledgers.setdefault(case.subject, ChargedSoFar())
        lines[case.spot] = checked(case, ledger, methods)
    told = [line for _, line in sorted(lines.items(), key=lambda row: row[0])]
    told += missing(agreed, cases, ledgers, ClosedCycles(counted, unread), methods)
    told += not_credited(cases, counted)
    items = {case.identifier: case.entry.members for case in cases}
    of_bills = [line for bill in bills for line in misfits(bill, _whole(bill, items, unread))]
    return Reconciliation(told, [*of_bills, *together(bills, agreed)], len(bills), left_out, methods)


def _whole(
    bill: SeenBill, items: Mapping[str, Mapping[str, Any]], unread: set[str]
) -> dict[str, Mapping[str, Any]] | None:
    """The items of a bill by their ids; None where one was not read."""
    if "customerBillItem" not in bill.members or bill.identifier in unread:
        return None
    return {each: items[each] for each in bill.items} if all(each in items for each in bill.items) else None


def _counted(bills: Sequence[SeenBill]) -> Iterator[SeenBill]:
    """The bills that are to be paid: no trial, and no duplicate of one that is among them. One of no known category is."""
    normal = {(bill.account, bill.number) for bill in bills if bill.category not in (DUPLICATE, TRIAL)}
    for bill in bills:
        if bill.category == TRIAL:
            continue
        number = bill.account, bill.number
        if bill.category != DUPLICATE:
            yield bill
        elif number not in normal:
            normal.add(number)
            yield bill


def _cases(
    agreed: Agreed, bills: Sequence[SeenBill], counted: Sequence[SeenBill], lines: dict[tuple[int, int], ItemLine]
) -> tuple[list[BilledItem], set[str], int]:
    """The items that are to be paid and were read; bills of which one was not; how many were left out. What can be said of
    others joins `lines`.
    """
    book, found, unread = agreed.book, [], set()
    on: dict[str, SeenBill] = {}
    numbers: dict[tuple[str | None, str | None], SeenBill] = {}
    paid = {bill.identifier for bill in counted}
    aside = {each for bill in bills if bill.identifier not in paid for each in bill.items}
    for bill in counted:
        number = bill.account, bill.number
        first = numbers.setdefault(number, bill) if bill.number is not None else bill
        for place, each in enumerate(bill.items):
            aside.discard(each)
            entry = book.entry(ITEM, each)
            if entry is None:
                unread.add(bill.identifier)
                lines[bill.place, place] = _unseen(bill, each, lost=book.lost(ITEM, each))
                continue
            case = BilledItem(each, entry, bill, place, agreed)
            if (before := on.get(each)) is not None:
                text = f"bill {before.identifier} has this item, too"
                lines[case.spot] = case.line(LineVerdict.DISPUTED, Reason.ON_TWO_BILLS, text, ZERO)
            elif first is not bill:
                text = f"bill {first.identifier} has the same number, {number[1]}"
                lines[case.spot] = case.line(LineVerdict.DISPUTED, Reason.DUPLICATE_BILL, text, ZERO)
            else:
                on[each] = bill
                found.append(case)
    listed = {each for bill in bills for each in bill.items}
    alone = ((each, entry) for each, entry in book.entries(ITEM) if each not in listed)
    found += (BilledItem(each, entry, None, place, agreed) for place, (each, entry) in enumerate(alone))
    return found, unread, len(aside)


def _unseen(bill: SeenBill, item: str, *, lost: bool) -> ItemLine:
    standing, reason = (
        (LineVerdict.MISSING, Reason.NOT_READABLE) if lost else (LineVerdict.UNEXPLAINED, Reason.NOT_READ)
    )
    text = "its bill has it, and a read of it was answered with 404" if lost else "its bill has it, and it was not read"
    return ItemLine(standing, reason, text, bill=bill.identifier, item=item, account=bill.account or "")
