"""What should have been billed and was not, as far as bills were read as a whole."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from emulator.reconciling.agreed import ENDED, ONE_OFF, RECURRING, Agreed, AgreedPrice, Key, OrderedItem, ServedProduct
from emulator.reconciling.cases import TAKEN_BACK, BilledItem, ChargedSoFar, SeenBill
from emulator.reconciling.figures import ZERO, added, percent, rounded, sum_of, times
from emulator.reconciling.lines import ItemLine, LineVerdict, Reason, plain
from emulator.reconciling.quantities import DAY, DaySpan, quantities
from emulator.reconciling.settings import Advance, Methods


@dataclass(frozen=True, slots=True)
class ClosedCycle:
    """A closed cycle of an account: a bill of which all items were read, with its period and its date."""

    bill: SeenBill
    start: datetime
    end: datetime
    dated: datetime


class ClosedCycles:
    """The closed cycles of each account, the first first."""

    def __init__(self, bills: Sequence[SeenBill], unread: set[str]) -> None:
        """`unread` are the bills of which an item was not read: what is not on them may be on them. A bill beside the cycle
        closes none where there are those of a cycle.
        """
        found: dict[str, list[ClosedCycle]] = defaultdict(list)
        regular = {bill.account for bill in bills if bill.members.get("runType") == "onCycle"}
        for bill in bills:
            if bill.members.get("runType") == "offCycle" and bill.account in regular:
                continue
            both, account = bill.period.closed, bill.account
            if both is None or account is None or bill.identifier in unread or "customerBillItem" not in bill.members:
                continue
            found[account].append(ClosedCycle(bill, *both, bill.dated or both[1]))
        self._of = {account: sorted(cycles, key=lambda each: each.end) for account, cycles in found.items()}
        self._ends = {account: [each.end for each in cycles] for account, cycles in self._of.items()}

    def of(self, account: str | None) -> Sequence[ClosedCycle]:
        return self._of.get(account, ()) if account is not None else ()

    def after(self, account: str | None, moment: datetime) -> Sequence[ClosedCycle]:
        """Those that ended after a moment."""
        cycles = self.of(account)
        return cycles[bisect_right(self._ends[account], moment) :] if cycles and account is not None else ()


def missing(
    agreed: Agreed,
    cases: Sequence[BilledItem],
    ledgers: Mapping[str, ChargedSoFar],
    cycles: ClosedCycles,
    methods: Methods,
) -> Iterator[ItemLine]:
    """Lines for recurring charges, and those that are made once, that no bill has. `ledgers` say by subject what was billed."""
    for service in agreed.services.values():
        ledger = ledgers.get(f"product {service.identifier}")
        yield from _recurring(agreed, service, ledger, cycles, methods)
    once: dict[str, list[BilledItem]] = defaultdict(list)
    for case in cases:
        if case.kind == ONE_OFF:
            once[case.subject].append(case)
    for item in agreed.items.values():
        product = agreed.product_of(item.key)
        mine = once.get(f"product {product}" if product else f"order item {item.key}", [])
        yield from _once(agreed, item, mine, cycles, methods)


def _recurring(
    agreed: Agreed, service: ServedProduct, ledger: ChargedSoFar | None, cycles: ClosedCycles, methods: Methods
) -> Iterator[ItemLine]:
    """For each closed cycle in which a product was in service for more than a day: the recurring prices that were not charged."""
    life, account = service.life, service.account
    if not service.is_live or life.start is None:
        return
    met: dict[str, set[str]] = defaultdict(set)
    for mark, bill in _met(ledger, account, cycles) if ledger else ():
        met[bill].add(mark)
    for cycle in cycles.after(account, life.start):
        lived = DaySpan(cycle.start, cycle.end).within(life)
        both = lived.closed
        if life.end is not None and life.end < cycle.start:
            return
        if both is None or both[1] - both[0] <= DAY or _waits(cycle, life.start, cycles, account, methods):
            continue
        owed = _at_once([price for price in agreed.prices(service, None, RECURRING, lived) if not price.declined])
        got = met[cycle.bill.identifier]
        left = [price for price in owed if price.mark not in got]
        for price in _charged(left[len(got - {price.mark for price in owed}) :]):
            yield _line(cycle.bill, service, price, lived, methods)


def _met(ledger: ChargedSoFar, account: str | None, cycles: ClosedCycles) -> Iterator[tuple[str, str]]:
    """The price of each span that was billed, with each cycle of which it has some."""
    for mark, rows in ledger.spans.items():
        for span, _ in rows:
            both = span.closed
            for cycle in cycles.after(account, both[0]) if both else ():
                if cycle.start >= both[1]:  # type: ignore[index]
                    break
                yield mark.removeprefix(TAKEN_BACK), cycle.bill.identifier


def _at_once(prices: Sequence[AgreedPrice]) -> list[AgreedPrice]:
    """Those of the place that the first of them stands in: older and newer prices are not owed side by side."""
    if not prices:
        return []
    home = prices[0].mark.rpartition(":")[0]
    return [price for price in prices if price.mark.rpartition(":")[0] == home or price.mark.startswith("charge:")]


def _waits(cycle: ClosedCycle, start: datetime, cycles: ClosedCycles, account: str | None, methods: Methods) -> bool:
    """Whether a product began when this bill was made already, and no later one of its account has been seen."""
    if methods.advance is Advance.ARREARS or start <= cycle.dated:
        return False
    return not any(each.dated > start for each in cycles.after(account, cycle.end))


def _line(bill: SeenBill, service: ServedProduct, price: AgreedPrice, lived: DaySpan, methods: Methods) -> ItemLine:
    unit = price.amount.unit
    allowed = quantities(lived, price.period or "month", methods.pro_rata)
    net = rounded(times(price.amount.value, allowed[0][0] if allowed else ZERO), unit, methods)
    text = f"{plain(price.amount.value, unit)} {unit} a {price.period or 'month'} ({price.where}) is on no bill for these days"
    return _unbilled(bill, service.identifier, price, net, text, lived, methods)


def _unbilled(
    bill: SeenBill,
    product: str,
    price: AgreedPrice,
    net: Decimal,
    text: str,
    lived: DaySpan,
    methods: Methods,
    key: Key = ("", ""),
) -> ItemLine:
    unit = price.amount.unit
    tax = rounded(percent(price.tax, net), unit, methods) if price.tax is not None else ZERO
    return ItemLine(
        LineVerdict.MISSING,
        Reason.NOT_BILLED,
        text,
        bill=bill.identifier,
        account=bill.account or "",
        product=product,
        order=key[0],
        order_item=key[1],
        kind=price.kind,
        begin=lived.start.strftime("%Y-%m-%d") if lived.start else "",
        end=lived.end.strftime("%Y-%m-%d") if lived.end else "",
        billed=ZERO,
        expected=added((net, tax)),
        currency=unit,
    )


def _once(
    agreed: Agreed, item: OrderedItem, mine: Sequence[BilledItem], cycles: ClosedCycles, methods: Methods
) -> Iterator[ItemLine]:
    """That what an order item costs once was billed within so many cycles after it had ended."""
    if item.ended is None or not (item.is_completed or item.state in ENDED):
        return
    product = agreed.product_of(item.key)
    service = agreed.services.get(product) if product else None
    later = cycles.after(item.account or (service.account if service else None), item.ended)
    # A bill on which it may stand was not seen, unless the first of these is for the days of its completion.
    if len(later) < methods.cycles or later[0].start > item.ended:
        return
    own = [case for case in mine if case.key in (None, item.key)]
    for price in _charged(_lacking(agreed.prices_of(item, ONE_OFF), own)):
        text = f"{plain(price.amount.value, price.amount.unit)} {price.amount.unit} once ({price.where}) is on no bill"
        span, bill = DaySpan(item.ended, item.ended), later[methods.cycles - 1].bill
        yield _unbilled(bill, product or "", price, price.amount.value, text, span, methods, item.key)


def _charged(prices: Sequence[AgreedPrice]) -> Iterator[AgreedPrice]:
    """Those that come to anything: what is free need not be on a bill."""
    return (price for price in prices if price.amount.value != ZERO)


def _lacking(prices: Sequence[AgreedPrice], own: Sequence[BilledItem]) -> list[AgreedPrice]:
    """The prices that none of these items can be for: each is for one, the one of its amount before others."""
    left = list(own)
    open_prices = []
    for price in prices:
        fitting = next((case for case in left if case.net and case.net.value == price.amount.value), None)
        if fitting is None:
            open_prices.append(price)
        else:
            left.remove(fitting)
    return open_prices[len(left) :]


def not_credited(cases: Sequence[BilledItem], bills: Sequence[SeenBill]) -> Iterator[ItemLine]:
    """Items whose dispute ended with a credit, on accounts none of whose bills, from that one on, has any credits."""
    credited: dict[str, int] = {}
    for bill in bills:
        given = sum_of(bill.members.get("credits"))
        if given is not None and given.value != ZERO and bill.account is not None:
            credited[bill.account] = max(credited.get(bill.account, -1), bill.place)
    for case in cases:
        of = case.bill
        if case.entry.members.get("state") != "credit" or of is None or of.account is None or case.net is None:
            continue
        if "credits" not in of.members or credited.get(of.account, -1) >= of.place:
            continue
        yield ItemLine(
            LineVerdict.MISSING,
            Reason.NOT_CREDITED,
            "a credit was given, and neither this bill nor a later one of its account has any",
            bill=of.identifier,
            item=case.identifier,
            account=of.account,
            product=case.product or "",
            kind=case.kind,
            billed=ZERO,
            expected=-(case.gross or ZERO),
            currency=case.net.unit,
        )
