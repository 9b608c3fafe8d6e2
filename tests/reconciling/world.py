"""A partner with products, orders, quotes and bills, as a buyer sees it: exchanges by the shipped contracts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from emulator.reconciling.book import Book
from emulator.reconciling.filling import fill
from emulator.reconciling.lines import ItemLine
from emulator.reconciling.reconcile import Reconciliation, reconcile
from emulator.reconciling.settings import Methods
from emulator.record.exchange import Exchange
from emulator.standard.release import load_release
from tests.judge.exchanges import JSON_HEADERS, exchange

SEEN = datetime(2026, 4, 1, tzinfo=UTC)
_READS = {
    "product": ("productInventory", "retrieveProduct", "/product"),
    "order": ("productOrder", "retrieveProductOrder", "/productOrder"),
    "quote": ("quote", "retrieveQuote", "/quote"),
    "charge": ("productOrder", "retrieveCharge", "/charge"),
    "bill": ("billing", "retrieveCustomerBill", "/customerBill"),
    "item": ("billing", "retrieveCustomerBillItem", "/customerBillItem"),
}
_LISTS = {
    "product": ("productInventory", "listProduct", "/product"),
    "bill": ("billing", "listCustomerBill", "/customerBill"),
}


def money(value: float, unit: str = "EUR") -> dict[str, Any]:
    return {"unit": unit, "value": value}


def price(value: float, kind: str = "recurring", *, unit: str = "EUR", tax: float | None = None, **more: Any) -> Any:
    """A price as quotes, the inventory and charges have it."""
    rate = {} if tax is None else {"taxRate": tax}
    period = {"recurringChargePeriod": "month"} if kind == "recurring" else {}
    return {"priceType": kind, "price": {"dutyFreeAmount": money(value, unit), **rate}, **period, **more}


def period(start: str, end: str) -> dict[str, str]:
    return {"startDateTime": f"{start}T00:00:00Z", "endDateTime": f"{end}T00:00:00Z"}


def _base(api: str) -> str:
    return load_release().contract(api, "management").base_path


def read(kind: str, body: Any, *, status: int = 200, identifier: str | None = None) -> Exchange:
    """A read of a resource by its id; of bills and their items the answer is a list of one."""
    api, operation, path = _READS[kind]
    name = identifier or body["id"]
    listed = [body] if kind in ("bill", "item") and status == 200 else body
    seen = exchange(listed, api=api, operation=operation, path=f"{_base(api)}{path}/{name}", status=status)
    return replace(seen, at=SEEN, path_params={"id": name})


def listing(kind: str, *bodies: Any, query: str = "", headers: tuple[tuple[str, str], ...] = ()) -> Exchange:
    api, operation, path = _LISTS[kind]
    return exchange(
        list(bodies), api=api, operation=operation, path=f"{_base(api)}{path}{query}", headers=(*JSON_HEADERS, *headers)
    )


@dataclass
class World:
    """What was exchanged, in its order. Every maker takes members that replace those it makes."""

    exchanges: list[Exchange] = field(default_factory=list)

    def add(self, *seen: Exchange) -> World:
        self.exchanges += seen
        return self

    def product(self, name: str = "P1", *, prices: Any = None, account: str | None = "A1", **more: Any) -> World:
        body = {
            "id": name,
            "status": "active",
            "startDate": "2026-01-01T00:00:00Z",
            "productPrice": [price(65)] if prices is None else prices,
            **({"billingAccount": {"id": account}} if account else {}),
            **more,
        }
        return self.add(read("product", body))

    def order(self, name: str = "O1", *, product: str | None = "P1", quote: str | None = None, **more: Any) -> World:
        item = {
            "id": "1",
            "action": more.pop("action", "add"),
            "state": more.pop("state", "completed"),
            "completionDate": more.pop("completed", "2026-01-01T00:00:00Z"),
            "billingAccount": {"id": more.pop("account", "A1")},
            "product": {"id": product} if product else {},
            **({"quoteItem": {"quoteId": quote, "id": "1"}} if quote else {}),
            **more,
        }
        return self.add(read("order", {"id": name, "state": item["state"], "productOrderItem": [item]}))

    def quote(self, *prices: Any, name: str = "Q1", state: str = "accepted") -> World:
        item = {"id": "1", "state": "approved.orderable", "quoteItemPrice": list(prices)}
        return self.add(read("quote", {"id": name, "state": state, "quoteItem": [item]}))

    def charge(self, value: float, state: str = "acceptedByBuyer", **more: Any) -> World:
        row = price(value, "nonRecurring", id="1", state=state, priceCategory="connection", activityType="new")
        reference = {"productOrderId": "O1", "productOrderItemId": "1"}
        return self.add(
            read(
                "charge", {"id": "C1", "state": "completed", "productOrderItem": reference, "chargeItem": [row], **more}
            )
        )

    def bill(self, *items: dict[str, Any], name: str = "B1", **more: Any) -> World:
        """A bill that adds up, and its items; who wants one that does not names the member."""
        net, fee, tax = (sum((Decimal(repr(_part(item, part))) for item in items), Decimal(0)) for part in range(3))
        gross = float(net + fee + tax)
        unit = items[0]["taxExcludedAmount"]["unit"] if items else "EUR"
        body = {
            "id": name,
            "billNo": f"no-{name}",
            "billCycle": f"cycle-{name}",
            "billDate": "2026-02-01T00:00:00Z",
            "lastUpdate": "2026-02-01T00:00:00Z",
            "billingAccount": {"id": "A1"},
            "billingPeriod": period("2026-01-01", "2026-02-01"),
            "category": "normal",
            "runType": "onCycle",
            "state": "generated",
            "customerBillItem": [{"id": item["id"]} for item in items],
            "taxExcludedAmount": money(float(net), unit),
            "taxIncludedAmount": money(gross, unit),
            "amountDue": money(gross, unit),
            "remainingAmount": money(gross, unit),
            "fees": money(float(fee), unit),
            "credits": money(0, unit),
            "discounts": money(0, unit),
            "taxItem": [{"taxCategory": "vat", "taxRate": 20, "taxAmount": money(float(tax), unit)}] if tax else [],
            "appliedPayment": [],
            **more,
        }
        return self.add(read("bill", body), *(read("item", item) for item in items))

    def book(self) -> Book:
        return fill(Book(), self.exchanges, load_release())

    def reconcile(self, methods: Methods | None = None) -> Reconciliation:
        return reconcile(self.book(), methods or Methods())

    def line(self, methods: Methods | None = None) -> ItemLine:
        """The only line that there is."""
        (line,) = self.reconcile(methods).lines
        return line


def _part(item: dict[str, Any], part: int) -> float:
    if part == 0:
        return float(item["taxExcludedAmount"]["value"])
    return sum(row["amount"]["value"] for row in item["appliedFee" if part == 1 else "appliedTax"])


def item(
    name: str = "I1", net: float = 65, *, currency: str = "EUR", tax: float | None = 20, **more: Any
) -> dict[str, Any]:
    """An item for January of product P1 that fits an agreed price of 65 EUR a month, taxed at 20 %."""
    taxed = float((Decimal(repr(net)) * Decimal(repr(tax)) / 100).quantize(Decimal("0.01"))) if tax is not None else 0.0
    return {
        "id": name,
        "customerBillItemType": "recurring",
        "description": "Access E-Line",
        "productName": "Access E-Line",
        "state": "generated",
        "product": {"id": "P1"},
        "periodCoverage": period("2026-01-01", "2026-02-01"),
        "taxExcludedAmount": money(net, currency),
        "unit": "month",
        "unitRate": money(net, currency),
        "unitQuantity": 1,
        "appliedFee": [],
        "appliedTax": [] if tax is None else [{"category": "vat", "rate": tax, "amount": money(taxed, currency)}],
        **more,
    }
