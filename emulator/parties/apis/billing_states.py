"""What becomes of a bill and its items: disputes, credits, payments, and the bill's state by that of its items (MEF 141 6.4.1,
6.5.1, Figures 7 to 9).

Items move first, then their bill, then who subscribed is told: all of it in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from emulator.money.amounts import as_money, rounded
from emulator.money.items import gross_of
from emulator.parties.apis import Context
from emulator.parties.apis.billing_lines import ACCOUNT, BilledSoFar
from emulator.parties.apis.billing_messages import amount_said, currency_of, paid_of, settle_sums, value_of
from emulator.parties.clock import rfc3339
from emulator.parties.desk import NotNow
from emulator.parties.store import Resource

BILL: Final = "customerBill"
ITEM: Final = "customerBillItem"
WITHDRAWN: Final = "withDrawn"
_DISPUTED: Final = "disputeBeingInvestigated"
_PAYABLE: Final = frozenset({"generated", "paymentDue", "credit"})
"""States of items that a full payment settles; a credit is settled with it."""
_METHODS: Final = ("check", "wireTransfer", "electronic", "cash", "other")


def aggregated(states: Collection[str], *, withdrawn_holds: bool = True) -> str:
    """The state of a bill by those of its items, asked in the order of Figure 9. By the reading `stays` of
    `bill-withdrawn-end` a withdrawn item holds it for good, by `settles` it does not count beside others.
    """
    found = set(states)
    if found & {_DISPUTED, "paymentDue"} or (withdrawn_holds and WITHDRAWN in found):
        return "paymentDue"
    if "credit" in found:
        return "paymentDue"
    if "settled" in found or found == {WITHDRAWN}:
        return "settled"
    return "generated"


class BillStates:
    """Moves bills and their items."""

    def __init__(self, context: Context) -> None:
        self._context, self._desk, self._store = context, context.desk, context.store
        self._holds = context.profile.readings.get("bill-withdrawn-end") != "settles"
        self._acts: Mapping[str, Callable[[Resource, Mapping[str, Any], datetime], str]] = {
            "dispute": lambda bill, words, at: self._to(bill, words, at, ("generated",), _DISPUTED),
            "agree": lambda bill, words, at: self._to(bill, words, at, (_DISPUTED,), "paymentDue"),
            "reject": self._reject,
            "credit": self._credit,
            "withdraw": lambda bill, words, at: self._to(bill, words, at, (_DISPUTED, "generated"), WITHDRAWN),
            "pay": self._pay,
            "overdue": self._overdue,
            "settle": self._settle,
        }

    def act(self, verb: str, bill: Resource, words: Mapping[str, Any], at: datetime) -> str:
        """Do a verb of bills; says what came of it. NotNow where it is not possible, and then nothing is changed."""
        if bill.body.get("category") == "trial":
            raise NotNow("a trial bill is not paid, and nobody disputes it")
        return self._acts[verb](bill, words, at)

    def bill_of(self, item: Resource) -> Resource | None:
        """The bill that an item is of, which its id begins with; of one that was made by hand the one that names it."""
        found = self._store.get(item.run, BILL, item.id.rpartition("-")[0])
        if found is not None:
            return found
        bills = self._store.all(item.run, BILL)
        return next((bill for bill in bills if item.id in _named(bill)), None)

    # -- items -------------------------------------------------------------------------------------

    def _items(self, bill: Resource) -> list[Resource]:
        found = (self._store.get(bill.run, ITEM, each) for each in _named(bill))
        return [item for item in found if item is not None]

    def _chosen(self, bill: Resource, words: Mapping[str, Any], states: Sequence[str]) -> list[Resource]:
        """The items that are named, by id or by their number from 1 on, or else all that are in the first of these states in
        which there is any.
        """
        items, said = self._items(bill), words.get("items")
        if said is None:
            for state in states:
                if chosen := [item for item in items if item.body["state"] == state]:
                    return chosen
            raise NotNow(f"no item of it is {' or '.join(states)}")
        chosen = []
        for each in said if isinstance(said, list | tuple) else [said]:
            by_number = isinstance(each, int) and not isinstance(each, bool) and 0 < each <= len(items)
            item = items[each - 1] if by_number else next((one for one in items if one.id == each), None)
            if item is None:
                raise NotNow(
                    f"the bill has no item {each!r:.60}: name one by its id, or by its number from 1 to {len(items)}"
                )
            if item in chosen:
                raise NotNow(f"item {item.id} is named twice")
            if item.body["state"] not in states:
                raise NotNow(f"item {item.id} is {item.body['state']}, and not {' or '.join(states)}")
            chosen.append(item)
        if not chosen:
            raise NotNow("no item is named")
        return chosen

    def _to(self, bill: Resource, words: Mapping[str, Any], at: datetime, states: Sequence[str], to: str) -> str:
        chosen = self._chosen(bill, words, states)
        return self._moved(bill, chosen, to, at)

    def _moved(
        self,
        bill: Resource,
        items: Sequence[Resource],
        to: str,
        at: datetime,
        credited_by: Mapping[str, Decimal] | None = None,
    ) -> str:
        before = []
        for item in items:
            before.append((item, str(item.body["state"])))
            self._desk.move(item, to, by="seller", at=at)
        self.after(bill, before, credited_by or {}, at)
        return f"{len(items)} item(s) are {to}, and the bill is {bill.body['state']}"

    def after(
        self,
        bill: Resource,
        moved: Iterable[tuple[Resource, str]],
        credited_by: Mapping[str, Decimal],
        at: datetime,
        *,
        pays: bool = False,
    ) -> None:
        """Items have moved, each from a state: the bill's amounts follow, then its state. `credited_by` has by item what is
        credited where that is not all of it. If it `pays`, what is settled is paid by that.
        """
        credited, paid = value_of(bill.body, "credits"), Decimal(0)
        for item, old in moved:
            state = item.body["state"]
            if state in ("credit", WITHDRAWN):
                credited += credited_by.get(item.id, _gross(item))
            elif state == "settled" and old != "credit":
                paid += _gross(item)
        self._leave(bill, settle_sums(bill.body, credited))
        to = aggregated([item.body["state"] for item in self._items(bill)], withdrawn_holds=self._holds)
        remaining = value_of(bill.body, "remainingAmount")
        if pays and paid and remaining > 0:
            self._receive(bill, remaining if to == "settled" else min(paid, remaining), "electronic", at)
        bill.body["lastUpdate"] = rfc3339(at)
        self._carry(bill, to, at)

    def _leave(self, bill: Resource, amount: Decimal) -> None:
        """Have what a bill credits or got too much taken off the next one of its account."""
        account = self._store.get(bill.run, ACCOUNT, str((bill.body.get("billingAccount") or {}).get("id")))
        if amount and account is not None:
            progress, unit = BilledSoFar.of(account.body), currency_of(bill.body)
            progress.credit[unit] = progress.credit.get(unit, Decimal(0)) + amount
            account.body = progress.as_json()
            self._store.update(account)

    def _carry(self, bill: Resource, to: str, at: datetime) -> None:
        """The bill, where its state is to be another one; what has ended stays so."""
        old = bill.body["state"]
        if to != old and self._desk.allows(old, to, BILL):
            self._desk.move(bill, to, by="seller", at=at)
        else:
            self._store.update(bill)

    # -- verbs -------------------------------------------------------------------------------------

    def _reject(self, bill: Resource, words: Mapping[str, Any], at: datetime) -> str:
        """Nothing changes: a dispute stays until it is resolved (Figure 8)."""
        disputed = self._chosen(bill, words, (_DISPUTED,))
        bill.body["lastUpdate"] = rfc3339(at)
        self._store.update(bill)
        return f"{len(disputed)} item(s) stay {_DISPUTED}"

    def _credit(self, bill: Resource, words: Mapping[str, Any], at: datetime) -> str:
        """All of an item, or an amount of it. Where several are meant the amount is that of each."""
        chosen = self._chosen(bill, words, (_DISPUTED, "generated"))
        amount = self._amount(bill, words)
        credited_by = {}
        for item in chosen:
            gross = _gross(item)
            if amount is not None and amount > gross:
                raise NotNow(f"item {item.id} is {gross} in all, so that {amount} cannot be credited")
            credited_by[item.id] = gross if amount is None else amount
        return self._moved(bill, chosen, "credit", at, credited_by)

    def _pay(self, bill: Resource, words: Mapping[str, Any], at: datetime) -> str:
        """What is paid is taken from what remains; where that was all but what is disputed, the other items are settled."""
        items, remaining = self._items(bill), value_of(bill.body, "remainingAmount")
        disputed = sum((_gross(item) for item in items if item.body["state"] == _DISPUTED), Decimal(0))
        amount = self._amount(bill, words)
        method = words.get("method", "electronic")
        if method not in _METHODS:
            raise NotNow(f"a payment is made by {', '.join(_METHODS)}, not by {method!r:.40}")
        if amount is None:
            amount = remaining - disputed
        if amount <= 0 or bill.body["state"] == "settled":
            raise NotNow("nothing of it is to be paid")
        if amount > remaining:
            raise NotNow(f"no more than {remaining} remains to be paid")
        self._receive(bill, amount, method, at)
        bill.body["lastUpdate"] = rfc3339(at)
        self._store.update(bill)
        if value_of(bill.body, "remainingAmount") > disputed:
            return f"{amount} is paid, {bill.body['remainingAmount']['value']} remains, and the bill is {bill.body['state']}"
        return self._close(bill, items, at)

    def _settle(self, bill: Resource, _: Mapping[str, Any], at: datetime) -> str:
        """The end of it: what remains is paid."""
        items, remaining = self._items(bill), value_of(bill.body, "remainingAmount")
        if any(item.body["state"] == _DISPUTED for item in items):
            raise NotNow("items of it are disputed: agree, credit or withdraw them first")
        if bill.body["state"] == "settled" or not any(item.body["state"] in _PAYABLE for item in items):
            raise NotNow("nothing of it is open")
        if remaining > 0:
            self._receive(bill, remaining, "electronic", at)
        return self._close(bill, items, at)

    def _overdue(self, bill: Resource, _: Mapping[str, Any], at: datetime) -> str:
        """It was not paid in time: items that nobody disputes are paymentDue, and so is the bill."""
        return self._moved(bill, self._chosen(bill, {}, ("generated",)), "paymentDue", at)

    def _close(self, bill: Resource, items: Sequence[Resource], at: datetime) -> str:
        open_ones = [item for item in items if item.body["state"] in _PAYABLE]
        return self._moved(bill, open_ones, "settled", at)

    def _receive(self, bill: Resource, amount: Decimal, method: str, at: datetime) -> None:
        unit = currency_of(bill.body)
        payment = {
            "id": self._context.new_id("payment"),
            "amount": as_money(amount, unit),
            "paymentMethod": method,
            "paymentDate": rfc3339(at),
        }
        bill.body.setdefault("appliedPayment", []).append({"appliedAmount": as_money(amount, unit), "payment": payment})
        due = value_of(bill.body, "amountDue")
        bill.body["remainingAmount"] = as_money(due - paid_of(bill.body), unit)

    def _amount(self, bill: Resource, words: Mapping[str, Any]) -> Decimal | None:
        """An amount that somebody gives, in the bill's currency."""
        try:
            amount = amount_said(words)
        except ValueError as error:
            raise NotNow(str(error)) from error
        unit = currency_of(bill.body)
        if amount is not None and amount != rounded(amount, unit):
            raise NotNow(f"{amount} is no amount of {unit}: that has no such decimals")
        return amount


def _named(bill: Resource) -> list[str]:
    return [each["id"] for each in bill.body.get("customerBillItem") or ()]


def _gross(item: Resource) -> Decimal:
    """What an item comes to, with fees and taxes; nothing where it does not say all of them."""
    return gross_of(item.body) or Decimal(0)
