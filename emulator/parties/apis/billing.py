"""Billing: bills of accounts at the end of each cycle, their items, and what becomes of both (MEF 141).

A bill, its items and what is told of it are made in one transaction with the end of the timer that they come from. What the
buyer and the seller do to a bill has no operation: to dispute, agree, pay, credit, withdraw and settle are verbs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Protocol

from emulator.parties.apis import Action, Context, Plugin, Verb
from emulator.parties.apis.billing_charges import ChargeBook
from emulator.parties.apis.billing_lines import ACCOUNT, BilledSoFar, BillLine, currencies
from emulator.parties.apis.billing_messages import amounts_of, item_of, midnight, period
from emulator.parties.apis.billing_states import BillStates
from emulator.parties.apis.billing_wrong import spoiled
from emulator.parties.apis.rating import Coverage, cycle_end, cycle_start
from emulator.parties.billing_section import Wrong
from emulator.parties.clock import rfc3339
from emulator.parties.desk import NotNow
from emulator.parties.effects import Effect
from emulator.parties.hub import Hub
from emulator.parties.keeper import Keeper
from emulator.parties.sections import PathStep
from emulator.parties.store import Resource, Timer
from emulator.standard.kinds.facts import Kind

BILL: Final = "customerBill"
ITEM: Final = "customerBillItem"
_CYCLE: Final = "customerBill.cycle"
_BILL_NOW: Final = "bill-now"
_WRONG: Final[tuple[Wrong, ...]] = (
    "rate",
    "period",
    "duplicate",
    "terminated",
    "taxBase",
    "currency",
    "rounding",
    "missing",
)


class Billed(Protocol):
    """What orders do to bills."""

    def installed(self, run: str, product: Mapping[str, Any], at: datetime) -> None:
        """A product is in service: its account is billed from now on."""


BILLED: Final[Effect[Billed]] = Effect("bills of what is in service")


class BillMoved(Protocol):
    """What items do to their bills."""

    def follow(self, item: Resource, old: str, at: datetime) -> None:
        """An item has left a state: its bill goes with it (Figure 9)."""


BILL_MOVED: Final[Effect[BillMoved]] = Effect("bills that items are of")


class BillKeeper(Keeper, Billed, BillMoved):
    """Makes bills, and keeps them."""

    def __init__(self, context: Context, hub: Hub, kind: Kind) -> None:
        super().__init__(context, hub, kind)
        self._section = context.profile.billing
        self._states = BillStates(context)
        self.course = replace(self.course, does=self.do)
        context.effects.offer(BILLED, self)
        context.effects.offer(BILL_MOVED, self)

    @property
    def actions(self) -> Mapping[str, Action]:
        """Beside the steps of its way: a cycle of an account ends."""
        return {**self.plan.actions, _CYCLE: self._cycle}

    # -- accounts ----------------------------------------------------------------------------------

    def run_begun(self, run: str) -> None:
        """Products that are there from the beginning are billed from the beginning of this cycle on."""
        if self._context.profile.products:
            self._open_accounts(run, ChargeBook(self._context, run))

    def _open_accounts(self, run: str, book: ChargeBook) -> None:
        for account in book.accounts():
            self._open_account(run, account)

    def installed(self, run: str, product: Mapping[str, Any], at: datetime) -> None:
        """Where the account is new, the first cycle of it is the one that goes on."""
        with self._desk.at(at):
            self._open_account(run, str((product.get("billingAccount") or {}).get("id") or self._section.account))

    def _open_account(self, run: str, account: str) -> None:
        if self._store.has(run, ACCOUNT, account):
            return
        now, cycle = self._desk.now(), self._section.cycle
        since = cycle_start("month" if cycle == "never" else cycle, now.date())
        resource = Resource(run, ACCOUNT, account, BilledSoFar(since).as_json(), now)
        self._store.add(resource)
        self._plan_end(resource)

    def _plan_end(self, account: Resource) -> None:
        """The timer of the end of a cycle: the midnight with which the next one begins."""
        if self._section.cycle != "never":
            end = midnight(cycle_end(self._section.cycle, self._desk.now().date()))
            self._store.plan(Timer(account.run, ACCOUNT, account.id, end, _CYCLE))

    # -- bills -------------------------------------------------------------------------------------

    def _cycle(self, account: Resource, _: Mapping[str, Any], at: datetime) -> None:
        """Timer: a cycle has ended."""
        self._bill(account, ChargeBook(self._context, account.run), at.date(), at, {"runType": "onCycle"})
        self._plan_end(account)

    def _bill_now(self, run: str, words: Mapping[str, Any], at: datetime) -> str:
        """End the cycle of each account, or of the one that is named, with today."""
        book = ChargeBook(self._context, run)
        self._open_accounts(run, book)
        named = words.get("account")
        accounts = [each for each in self._store.all(run, ACCOUNT) if named in (None, each.id)]
        if not accounts:
            raise NotNow(f"no account {named!r:.60} has anything to be billed" if named else "there is nothing to bill")
        category = words.get("category", "normal")
        if category not in ("normal", "trial"):
            raise NotNow(f"a bill that is made is normal or trial, not {category!r:.40}")
        wrong = words.get("wrong", ())
        wrong = [wrong] if isinstance(wrong, str) else list(wrong)
        if unknown := [each for each in wrong if each not in _WRONG]:
            raise NotNow(f"no bill is wrong in {unknown[0]!r:.40}; known: {', '.join(_WRONG)}")
        said = {"runType": "offCycle", "category": category, "wrong": wrong}
        made = [
            bill.id
            for account in accounts
            for bill in self._bill(account, book, at.date() + timedelta(days=1), at, said)
        ]
        if not made:
            raise NotNow("there is nothing to bill since the last one")
        return f"{len(made)} bill(s): {', '.join(made)}"

    def _bill(
        self, account: Resource, book: ChargeBook, end: date, at: datetime, said: Mapping[str, Any]
    ) -> Sequence[Resource]:
        """The bills of an account for the time from where it was billed to `end`: one for each currency. A trial one changes
        nothing.
        """
        progress = BilledSoFar.of(account.body)
        since = progress.since
        if end <= since and said.get("runType") == "onCycle":
            return ()
        ahead = self._ahead(end) if book.in_advance else end
        by_currency = currencies(book.lines(account.id, progress, max(end, since), max(ahead, since), at.date()))
        made = []
        covered = Coverage(end, ahead) if book.in_advance else Coverage(min(since, end - timedelta(days=1)), end)
        for currency, lines in by_currency.items():
            wrong = [*self._section.wrong, *said.get("wrong", ())]
            gone = self._gone(book, account.id, since, end, currency)
            charged = spoiled(lines, wrong, gone, end, book.method) if wrong else lines
            credited = self._credited(progress, currency, charged)
            progress.bills += 1
            made.append(self._make(account, charged, currency, credited, covered, progress.bills, at, said))
        if said.get("category") != "trial":
            account.body = progress.as_json()
            self._store.update(account)
        return made

    @staticmethod
    def _credited(progress: BilledSoFar, currency: str, lines: Sequence[BillLine]) -> Decimal:
        """What is taken off a bill of what was charged too early; no more than it comes to, the rest is left for the next one."""
        there = progress.credit.pop(currency, Decimal(0))
        taken = min(there, sum((line.amounts.gross for line in lines), Decimal(0)))
        if there > taken:
            progress.credit[currency] = there - taken
        return taken

    def _ahead(self, end: date) -> date:
        """Up to which day recurring prices are charged in advance."""
        return cycle_end("month" if self._section.cycle == "never" else self._section.cycle, end)

    def _gone(
        self, book: ChargeBook, account: str, since: date, end: date, currency: str
    ) -> list[tuple[BillLine, date]]:
        """Products that are terminated, for a bill that has one all the same."""
        return [(line, day) for line, day in book.gone(account, since) if line.price.currency == currency and day < end]

    def _make(
        self,
        account: Resource,
        lines: Sequence[BillLine],
        currency: str,
        credited: Decimal,
        covered: Coverage,
        count: int,
        at: datetime,
        said: Mapping[str, Any],
    ) -> Resource:
        """The items, then their bill, of which is told."""
        run, identifier = account.run, self._context.new_id(BILL)
        references, trial = [], said.get("category") == "trial"
        for index, line in enumerate(lines, 1):
            item = item_of(line, f"{identifier}-{index}")
            self._desk.open(run, ITEM, item, state="generated")
            references.append({"id": item["id"]})
        document = {"url": f"{self._section.documents.rstrip('/')}/{identifier}.pdf"}
        body = {
            "id": identifier,
            "billNo": f"{account.id}-{count:04d}{'-trial' if trial else ''}",
            "billCycle": f"{covered.start:%Y-%m-%d}",
            "billDate": rfc3339(at),
            "billDocument": document if self._context.profile.printable_bill == "yes" else {},
            "billingAccount": {"id": account.id},
            "billingPeriod": period(covered),
            "category": said.get("category", "normal"),
            "runType": said["runType"],
            "customerBillItem": references,
            "financialAccount": {"id": f"{account.id}-ledger"},
            "lastUpdate": rfc3339(at),
            "paymentDueDate": rfc3339(at + timedelta(days=self._section.due)),
            "relatedContactInformation": [self._contact(run, lines)],
            "appliedPayment": [],
            **amounts_of(lines, credited, currency),
        }
        bill = self._desk.open(run, BILL, body, state="generated")
        with self._desk.at(at):
            self.plan.begin(bill, self.path or self.usual(bill))
        return bill

    def _contact(self, run: str, lines: Sequence[BillLine]) -> dict[str, Any]:
        """Whom the bill goes to: the buyer's commercial contact of the first product that has one."""
        for identifier in dict.fromkeys(line.product for line in lines if line.product is not None):
            product = self._store.get(run, "product", identifier)
            for contact in (product.body if product else {}).get("relatedContactInformation") or ():
                if contact.get("role") == "buyerCommercialContact":
                    return {**contact, "role": "buyerBillingContact"}
        return self._context.profile.seller.contact("sellerBillingContact")

    # -- what becomes of them ----------------------------------------------------------------------

    def alone(self, resource: Resource) -> Sequence[PathStep]:
        """As all bills do."""
        return self.path or self.usual(resource)

    def usual(self, resource: Resource) -> Sequence[PathStep]:
        """It waits for its payment, and is overdue after the date until which that is due."""
        if resource.body[self._member] != "generated" or resource.body.get("category") != "normal":
            return ()
        return (PathStep("paymentDue", after_seconds=self._section.due * 86_400),)

    def advance(self, resource: Resource, to: str, at: datetime) -> None:
        """Overdue: what nobody disputes is paymentDue. Settled: what is left is paid. Where no lifecycle leads it goes alone."""
        if not self._desk.lifecycles[BILL].allows(resource.body[self._member], to):
            super().advance(resource, to, at)
        elif to == "paymentDue":
            self._states.act("overdue", resource, {}, at)
        else:
            self._states.act("settle", resource, {}, at)

    def follow(self, item: Resource, old: str, at: datetime) -> None:
        """An item of nobody's bill goes alone."""
        bill = self._states.bill_of(item)
        if bill is not None:
            self._states.after(bill, [(item, old)], {}, at, pays=True)

    def do(self, verb: str, run: str, bill: Resource | None, words: Mapping[str, Any], at: datetime) -> str:
        """A verb of VERBS."""
        if verb == _BILL_NOW:
            return self._bill_now(run, words, at)
        assert bill is not None
        return self._states.act(verb, bill, words, at)


class BillItemKeeper(Keeper):
    """Keeps the items of bills. One that is moved by hand takes its bill along."""

    def advance(self, resource: Resource, to: str, at: datetime) -> None:
        """The item first, then its bill."""
        old = resource.body[self._member]
        super().advance(resource, to, at)
        self._context.effects.of(BILL_MOVED).follow(resource, old, at)


_ITEMS: Final = ("items",)
VERBS: Final[Mapping[str, Mapping[str, Verb]]] = {
    BILL: {
        _BILL_NOW: Verb("a cycle ends with today", ("account", "category", "wrong"), whole=True),
        "dispute": Verb("the buyer disputes items", _ITEMS),
        "agree": Verb("the buyer agrees that what it disputed is right", _ITEMS),
        "reject": Verb("the buyer does not agree, so that the dispute goes on", _ITEMS),
        "credit": Verb("the seller was wrong and gives a credit", ("items", "amount")),
        "withdraw": Verb("the seller was wrong and withdraws items", _ITEMS),
        "pay": Verb("the buyer pays, all or an amount", ("amount", "method")),
        "overdue": Verb("the buyer has not paid in time"),
        "settle": Verb("what is left is paid, and credits are settled"),
    }
}

PLUGIN: Final = Plugin(
    "billing",
    keepers={BILL: BillKeeper, ITEM: BillItemKeeper},
    verbs=VERBS,
)
