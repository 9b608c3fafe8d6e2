"""Bills of our seller: what is on them, when they are made, and what becomes of them and their items (MEF 141)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from emulator.errors import FileProblem
from emulator.money.bills import bill_imbalances
from emulator.money.items import item_imbalances
from emulator.money.together import sum_imbalances
from emulator.parties.apis.billing_states import aggregated
from emulator.parties.clock import VirtualClock
from emulator.parties.hand import Hand, Refused
from emulator.parties.hand_doing import do
from emulator.parties.profile import load_profile
from emulator.parties.seller import Seller
from emulator.parties.store import Owed
from emulator.record.payload import dump
from emulator.standard.release import load_release
from tests.parties.ordering import BASES, PROFILE, Talk, add_uni, delete, modify_ael

BASES["billing"] = "http://seller/mefApi/sonata/customerBillManagement/v2"
DAY: Final = 86_400
RECURRING: Final = {"name": "Monthly", "value": 100.0, "recurringChargePeriod": "month"}
PRICES: Final = [
    RECURRING,
    {"name": "Installation", "value": 60.05, "priceType": "nonRecurring", "actions": ["add"]},
    {"name": "Change", "value": 7.5, "priceType": "nonRecurring", "actions": ["modify"]},
    {"name": "Removal", "value": 20, "priceType": "nonRecurring", "actions": ["delete"]},
    {"name": "Traffic", "value": 0.015, "priceType": "usageBased", "unitOfMeasure": "GB"},
]


class Ledger(Talk):
    """A seller whose run begins on the tenth of January 2026."""

    def __init__(self, tmp_path: Path, products: Mapping[str, Any] | None = None, **profile: Any) -> None:
        offerings = {
            name: {**offering, "prices": PRICES, "taxRate": 20} for name, offering in PROFILE["offerings"].items()
        }
        has = {"products": PROFILE["products"] if products is None else products, "offerings": offerings}
        file = tmp_path / "ledger.yaml"
        file.write_bytes(dump({**PROFILE, **has, **profile}))
        self.clock = VirtualClock(datetime(2026, 1, 10, 12, tzinfo=UTC))
        self.release = load_release("grace")
        self.seller = Seller(self.release, load_profile(file), self.clock)
        self.seller.begin("")

    def bills(self, **query: str) -> list[dict[str, Any]]:
        """Those of a list, each as it is read by its id."""
        found = self.ask("listCustomerBill", api="billing", **query).body
        return [self.bill(each["id"]) for each in found]

    def bill(self, identifier: str) -> dict[str, Any]:
        return dict(self.ask("retrieveCustomerBill", id=identifier, api="billing").body[0])

    def items(self, bill: Mapping[str, Any]) -> list[dict[str, Any]]:
        found = [
            self.ask("retrieveCustomerBillItem", id=each["id"], api="billing").body for each in bill["customerBillItem"]
        ]
        return [each[0] for each in found]

    def do(self, verb: str, bill: str | None = None, **words: Any) -> str:
        return do(self.seller, None, "customerBill", verb, bill, words)

    def new_bill(self, **words: Any) -> dict[str, Any]:
        """Made now."""
        told = self.do("bill-now", **words)
        return self.bill(told.rpartition(" ")[2])

    def until(self, day: str) -> None:
        self.wait((datetime.fromisoformat(day).replace(tzinfo=UTC) - self.clock.now()).total_seconds())


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


def lines(items: list[dict[str, Any]]) -> list[tuple[str, float, float]]:
    return [(each["description"], each["unitQuantity"], each["taxExcludedAmount"]["value"]) for each in items]


def states(items: list[dict[str, Any]]) -> list[str]:
    return [each["state"] for each in items]


def adds_up(bill: dict[str, Any], items: list[dict[str, Any]]) -> bool:
    """Whether no formula of the arithmetic of bills finds anything."""
    of_items = [one for item in items for one in item_imbalances(item)]
    return [*bill_imbalances(bill, items), *sum_imbalances(bill, items), *of_items] == []


# -- what is on a bill -----------------------------------------------------------------------------


def test_a_cycle_of_what_is_in_service_and_what_was_ordered(ledger: Ledger) -> None:
    assert ledger.bills() == []
    order = ledger.place(add_uni())
    ledger.until("2026-02-01")
    (mine,) = ledger.bills(billingAccount__id="ba-1")
    assert (mine["state"], mine["runType"], mine["category"]) == ("generated", "onCycle", "normal")
    assert mine["billDate"] == "2026-02-01T00:00:00.000Z"
    assert mine["billingPeriod"] == {
        "startDateTime": "2026-01-01T00:00:00.000Z",
        "endDateTime": "2026-02-01T00:00:00.000Z",
    }
    assert mine["paymentDueDate"] == "2026-03-03T00:00:00.000Z"
    items = ledger.items(mine)
    # The UNI that was there for all of January; the new one for 22 of its 31 days, and its installation.
    assert lines(items) == [("Monthly", 1, 100), ("Monthly", 0.7096774194, 70.97), ("Installation", 1, 60.05)]
    assert items[0]["product"] == {"id": "prod-uni"}
    assert "productOrderItem" not in items[0]
    assert [each["productOrderItem"] for each in items[1:]] == [
        {"productOrderId": order, "productOrderItemId": "uni"}
    ] * 2
    product = ledger.order(order)["productOrderItem"][0]["product"]["id"]
    assert [each["product"]["id"] for each in items[1:]] == [product, product]
    assert items[1]["periodCoverage"]["startDateTime"] == "2026-01-10T00:00:00.000Z"
    assert [each["customerBillItemType"] for each in items] == ["recurring", "recurring", "nonRecurring"]
    assert items[1]["appliedTax"][0]["amount"] == {"unit": "USD", "value": 14.19}
    assert mine["taxExcludedAmount"] == {"unit": "USD", "value": 231.02}
    assert mine["taxItem"] == [{"taxCategory": "country", "taxRate": 20, "taxAmount": {"unit": "USD", "value": 46.2}}]
    assert mine["amountDue"] == mine["remainingAmount"] == mine["taxIncludedAmount"] == {"unit": "USD", "value": 277.22}
    assert adds_up(mine, items)
    ledger.until("2026-03-01")
    second = ledger.bills(billingAccount__id="ba-1")[1]
    assert lines(ledger.items(second)) == [("Monthly", 1, 100), ("Monthly", 1, 100)], (
        "what is charged once is charged once"
    )
    assert second["billNo"] != mine["billNo"]


def test_each_account_has_its_own_bills(ledger: Ledger) -> None:
    ledger.place(add_uni(billingAccount={"id": "other"}))
    ledger.until("2026-02-02")
    found = {each["billingAccount"]["id"]: lines(ledger.items(each)) for each in ledger.bills()}
    assert found == {
        "ba-1": [("Monthly", 1, 100)],
        "acct-001": [("Monthly", 1, 100)],
        "other": [("Monthly", 0.7096774194, 70.97), ("Installation", 1, 60.05)],
    }


def test_a_disconnect_ends_the_charge_and_costs_what_it_costs(ledger: Ledger) -> None:
    ledger.until("2026-01-21")
    ledger.place(delete())
    ledger.until("2026-02-01")
    (mine,) = ledger.bills(billingAccount__id="acct-001")
    assert lines(ledger.items(mine)) == [("Monthly", 0.6451612903, 64.52), ("Removal", 1, 20)]
    ledger.until("2026-04-02")
    assert len(ledger.bills(billingAccount__id="acct-001")) == 1, "nothing is charged any more, so there is no bill"


def test_a_change_has_its_price_from_its_day_on(ledger: Ledger) -> None:
    ledger.until("2026-01-16")
    ledger.place(modify_ael())
    ledger.until("2026-02-01")
    (mine,) = ledger.bills(billingAccount__id="acct-001")
    items = ledger.items(mine)
    assert lines(items) == [("Monthly", 0.4838709677, 48.39), ("Monthly", 0.5161290323, 51.61), ("Change", 1, 7.5)]
    assert sum(each["unitQuantity"] for each in items[:2]) == 1
    assert "productOrderItem" not in items[0]
    assert "productOrderItem" in items[1]


def test_in_advance_and_credited_after_a_disconnect(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, billing={"inAdvance": True})
    ledger.until("2026-02-01")
    (first,) = ledger.bills(billingAccount__id="acct-001")
    assert first["billingPeriod"]["startDateTime"] == "2026-02-01T00:00:00.000Z"
    assert lines(ledger.items(first)) == [("Monthly", 1, 100), ("Monthly", 1, 100)], "January, and February in advance"
    ledger.until("2026-02-15")
    ledger.place(delete())
    ledger.until("2026-03-01")
    second = ledger.bills(billingAccount__id="acct-001")[1]
    # 14 of 28 days were charged and not used: 50 with 20 % tax, of which this bill takes what it comes to.
    assert lines(ledger.items(second)) == [("Removal", 1, 20)]
    assert (second["credits"]["value"], second["amountDue"]["value"], second["remainingAmount"]["value"]) == (24, 0, 0)
    assert adds_up(second, ledger.items(second))


def test_a_credit_that_is_more_than_a_bill_is_left_for_the_next(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, billing={"inAdvance": True})
    ledger.until("2026-02-15")
    ledger.place(delete())
    ledger.until("2026-03-02")
    assert ledger.bills(billingAccount__id="acct-001")[1]["credits"]["value"] == 24
    order = ledger.place(add_uni(billingAccount={"id": "acct-001"}))
    ledger.until("2026-04-01")
    assert ledger.order(order)["state"] == "completed"
    third = ledger.bills(billingAccount__id="acct-001")[2]
    assert third["credits"]["value"] == 36, "60 in all"


def test_usage_fees_and_other_currencies(tmp_path: Path) -> None:
    fees = [{"rate": 2.5, "category": "recurring", "description": "Regulatory fee"}]
    offerings = {
        name: {**offering, "prices": PRICES, "taxRate": 20, "currency": currency}
        for (name, offering), currency in zip(PROFILE["offerings"].items(), ("JPY", "EUR"), strict=True)
    }
    products = {
        "a": {**PROFILE["products"]["prod-uni"]},
        "b": {**PROFILE["products"]["prod-ael"], "billingAccount": {"id": "ba-1"}, "productRelationship": None},
    }
    products["b"].pop("productRelationship")
    ledger = Ledger(
        tmp_path,
        products,
        billing={"usage": {"uni-1g": {"GB": 1000.5}, "b": {"GB": 10}}, "fees": fees},
        offerings=offerings,
    )
    ledger.until("2026-02-01")
    yen, euro = ledger.bills()
    assert {yen["amountDue"]["unit"], euro["amountDue"]["unit"]} == {"JPY", "EUR"}
    assert lines(ledger.items(yen)) == [("Monthly", 1, 100), ("Traffic", 31015.5, 465)], "a yen has no parts"
    assert lines(ledger.items(euro)) == [("Monthly", 1, 100), ("Traffic", 310, 4.65)]
    assert ledger.items(euro)[1]["appliedFee"] == [
        {
            "category": "recurring",
            "rate": 2.5,
            "description": "Regulatory fee",
            "amount": {"unit": "EUR", "value": 0.12},
        }
    ]
    assert (euro["fees"]["value"], euro["amountDue"]["value"]) == (2.62, 128.20)
    assert adds_up(yen, ledger.items(yen))
    assert adds_up(euro, ledger.items(euro))


def test_an_accepted_charge_is_billed_and_a_declined_one_is_not(tmp_path: Path) -> None:
    path = [
        {"to": "inProgress"},
        {"to": "held.assessingCharge", "after_seconds": 5},
        {"to": "inProgress"},
        {"to": "completed", "after_seconds": 5},
    ]
    ledger = Ledger(tmp_path, behaviour={"productOrder": {"path": path}})
    for answer in ("accepted", "rejected"):
        order = ledger.place(add_uni())
        ledger.wait(6)
        charge = ledger.order(order)["productOrderItem"][0]["charge"][0]["id"]
        ledger.ask("patchCharge", {"chargeItem": [{"id": "charge-001", "acceptanceIndicator": answer}]}, id=charge)
        ledger.wait(60)
    found = lines(ledger.items(ledger.new_bill(account="ba-1")))
    assert [each for each in found if each[0].startswith("Charge")] == [("Charge: construction", 1, 900)]
    assert [each[0] for each in found].count("Installation") == 1


@pytest.mark.parametrize(("cycle", "ends"), [("day", 21), ("week", 3)])
def test_shorter_cycles_add_up(tmp_path: Path, cycle: str, ends: int) -> None:
    ledger = Ledger(tmp_path, billing={"cycle": cycle})
    ledger.until("2026-02-01")
    bills = ledger.bills(billingAccount__id="acct-001")
    assert len(bills) in (ends, ends + 1)
    quantities = [Decimal(str(item["unitQuantity"])) for bill in bills for item in ledger.items(bill)]
    days = (date(2026, 2, 1) - date.fromisoformat(bills[0]["billingPeriod"]["startDateTime"][:10])).days
    covered = days if cycle == "day" else (len(bills) * 7)
    assert abs(sum(quantities) - Decimal(covered) / 31) < Decimal("1e-8")


def test_who_bills_only_on_demand(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, billing={"cycle": "never"})
    ledger.until("2026-03-01")
    assert ledger.bills() == []
    told = ledger.do("bill-now")
    assert told.startswith("2 bill(s)")
    assert {each["runType"] for each in ledger.bills()} == {"offCycle"}
    with pytest.raises(Refused, match="nothing to bill since"):
        ledger.do("bill-now")
    with pytest.raises(Refused, match="no account 'nobody'"):
        ledger.do("bill-now", account="nobody")


def test_a_trial_bill_changes_nothing(ledger: Ledger) -> None:
    trial = ledger.new_bill(account="acct-001", category="trial")
    assert trial["category"] == "trial"
    with pytest.raises(Refused, match="trial bill"):
        ledger.do("pay", trial["id"])
    real = ledger.new_bill(account="acct-001")
    assert lines(ledger.items(real)) == lines(ledger.items(trial))
    assert real["billNo"] != trial["billNo"]
    assert [each["id"] for each in ledger.bills(category="trial")] == [trial["id"]]


def test_a_day_that_was_billed_before_it_was_over_is_not_lost(ledger: Ledger) -> None:
    """What is billed on demand reaches to the end of the day; what ends on that day is credited."""
    first = ledger.new_bill(account="acct-001")
    assert lines(ledger.items(first)) == [("Monthly", 0.3225806452, 32.26)]
    ledger.place(delete())
    ledger.wait(1000)
    second = ledger.new_bill(account="acct-001")
    assert lines(ledger.items(second)) == [("Removal", 1, 20)]
    assert second["credits"]["value"] == 3.88, "a day of 31, with tax"


def test_the_method_may_be_told_by_readings(tmp_path: Path) -> None:
    by_reading = Ledger(tmp_path, readings={"billing-prorate": "thirtieths", "billing-advance": "advance"})
    by_reading.place(add_uni())
    by_reading.until("2026-02-01")
    items = by_reading.items(by_reading.bills(billingAccount__id="ba-1")[0])
    assert [each[1] for each in lines(items)] == [1, 1, 0.7333333333, 1, 1]


# -- lists and reads -------------------------------------------------------------------------------


def test_every_filter(ledger: Ledger) -> None:
    ledger.until("2026-03-02")
    everything = {each["id"] for each in ledger.bills()}
    assert len(everything) == 4
    first = {each["id"] for each in ledger.bills(billingPeriod__endDateTime__lt="2026-02-15T00:00:00Z")}
    assert len(first) == 2
    assert {
        each["id"] for each in ledger.bills(billingPeriod__startDateTime__gt="2026-01-15T00:00:00Z")
    } == everything - first
    assert {each["id"] for each in ledger.bills(billingPeriod__startDateTime__lt="2026-01-15T00:00:00Z")} == first
    assert {
        each["id"] for each in ledger.bills(billingPeriod__endDateTime__gt="2026-02-15T00:00:00Z")
    } == everything - first
    assert len(ledger.bills(billingAccount__id="ba-1")) == 2
    assert ledger.bills(billingAccount__id="nobody") == []
    assert len(ledger.bills(category="normal", state="generated")) == 4
    assert ledger.bills(state="settled") == []
    listed = ledger.ask("listCustomerBill", api="billing", limit="1")
    assert len(listed.body) == 1
    assert listed.headers["X-Total-Count"] == "4"
    assert set(listed.body[0]) == {"id", "billNo", "billingAccount", "billingPeriod", "category", "state"}
    for operation in ("retrieveCustomerBill", "retrieveCustomerBillItem"):
        assert ledger.ask(operation, id="nothing", api="billing").status == 404


def test_printable_where_it_is_agreed_on(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, printableBill="yes", billing={"documents": "https://bills.seller.example/pdf"})
    bill = ledger.new_bill(account="ba-1")
    assert bill["billDocument"] == {"url": f"https://bills.seller.example/pdf/{bill['id']}.pdf"}


# -- states ----------------------------------------------------------------------------------------


class Heard(Ledger):
    """Which events are owed, in their order."""

    def __init__(self, tmp_path: Path, **profile: Any) -> None:
        super().__init__(tmp_path, notifications={"allow": ["loopback"]}, **profile)
        self.heard = list[str]()
        owe = self.seller.store.owe

        def hear(owed: Owed, reserved: float = 0.0) -> None:
            self.heard.append(owed.event)
            owe(owed, reserved)

        self.seller.store.owe = hear  # type: ignore[method-assign]
        made = self.ask("registerListener", {"callback": "http://127.0.0.1:9/"}, api="billing")
        assert made.status == 201


CREATED: Final = "customerBillCreateEvent"
CHANGED: Final = "customerBillStateChangeEvent"


def test_paid_at_once(tmp_path: Path) -> None:
    ledger = Heard(tmp_path)
    bill = ledger.new_bill(account="ba-1")
    assert ledger.heard == [CREATED]
    told = ledger.do("pay", bill["id"], amount=10)
    assert "28.71 remains" in told, told
    partly = ledger.bill(bill["id"])
    assert (partly["state"], partly["amountDue"]["value"], partly["remainingAmount"]["value"]) == (
        "generated",
        38.71,
        28.71,
    )
    assert ledger.heard == [CREATED], "a part of the payment changes no state"
    ledger.do("pay", bill["id"], method="wireTransfer")
    paid = ledger.bill(bill["id"])
    assert (paid["state"], paid["remainingAmount"]["value"]) == ("settled", 0)
    assert [each["payment"]["paymentMethod"] for each in paid["appliedPayment"]] == ["electronic", "wireTransfer"]
    assert states(ledger.items(paid)) == ["settled"]
    assert ledger.heard == [CREATED, CHANGED]
    assert adds_up(paid, ledger.items(paid))
    for verb in ("pay", "settle", "dispute", "credit", "withdraw", "agree", "reject"):
        with pytest.raises(Refused):
            ledger.do(verb, bill["id"])


def test_overdue_and_paid_late(tmp_path: Path) -> None:
    ledger = Heard(tmp_path, billing={"due": 14, "cycle": "never"})
    bill = ledger.new_bill(account="ba-1")
    ledger.wait(14 * DAY + 1)
    late = ledger.bill(bill["id"])
    assert late["state"] == "paymentDue"
    assert set(states(ledger.items(late))) == {"paymentDue"}
    ledger.do("settle", bill["id"])
    assert ledger.bill(bill["id"])["state"] == "settled"
    assert ledger.heard == [CREATED, CHANGED, CHANGED]


def three_items(tmp_path: Path, **profile: Any) -> tuple[Heard, dict[str, Any]]:
    ledger = Heard(tmp_path, billing={"cycle": "never"}, **profile)
    ledger.place(add_uni())
    ledger.wait(1000)
    bill = ledger.new_bill(account="ba-1")
    assert len(bill["customerBillItem"]) == 3
    return ledger, bill


def test_a_dispute_that_the_seller_loses_by_a_credit(tmp_path: Path) -> None:
    ledger, bill = three_items(tmp_path)
    second = bill["customerBillItem"][1]["id"]
    ledger.do("dispute", bill["id"], items=[second])
    assert ledger.bill(bill["id"])["state"] == "paymentDue"
    ledger.do("reject", bill["id"])
    assert states(ledger.items(bill)) == ["generated", "disputeBeingInvestigated", "generated"]
    with pytest.raises(Refused, match="are disputed"):
        ledger.do("settle", bill["id"])
    ledger.do("pay", bill["id"])
    assert states(ledger.items(bill)) == ["settled", "disputeBeingInvestigated", "settled"]
    ledger.do("credit", bill["id"], items=2)
    now = ledger.bill(bill["id"])
    assert (now["state"], now["remainingAmount"]["value"]) == ("paymentDue", 0)
    assert now["credits"]["value"] == 3.88
    assert now["amountDue"]["value"] == round(now["taxIncludedAmount"]["value"] - 3.88, 2)
    ledger.do("settle", bill["id"])
    done = ledger.bill(bill["id"])
    assert (done["state"], states(ledger.items(done))) == ("settled", ["settled"] * 3)
    assert len(done["appliedPayment"]) == 1, "a credit is no payment"
    assert ledger.heard == [CREATED, CHANGED, CHANGED]
    assert adds_up(done, ledger.items(done))


def test_a_dispute_that_the_buyer_loses(tmp_path: Path) -> None:
    ledger, bill = three_items(tmp_path)
    ledger.do("dispute", bill["id"], items=[1, 3])
    ledger.do("agree", bill["id"], items=[3])
    assert states(ledger.items(bill)) == ["disputeBeingInvestigated", "generated", "paymentDue"]
    ledger.do("agree", bill["id"])
    assert states(ledger.items(bill)) == ["paymentDue", "generated", "paymentDue"]
    ledger.do("pay", bill["id"])
    assert ledger.bill(bill["id"])["state"] == "settled"


def test_a_part_of_an_item_is_credited(tmp_path: Path) -> None:
    ledger, bill = three_items(tmp_path)
    ledger.do("dispute", bill["id"], items=[3])
    with pytest.raises(Refused, match=r"72\.06 in all"):
        ledger.do("credit", bill["id"], items=[3], amount=100)
    ledger.do("credit", bill["id"], items=[3], amount="10.5")
    now = ledger.bill(bill["id"])
    assert now["credits"]["value"] == 10.5
    assert now["remainingAmount"]["value"] == round(bill["amountDue"]["value"] - 10.5, 2)
    ledger.do("settle", bill["id"])
    done = ledger.bill(bill["id"])
    assert (done["state"], done["remainingAmount"]["value"]) == ("settled", 0)
    assert adds_up(done, ledger.items(done))


@pytest.mark.parametrize(("readings", "end"), [({}, "paymentDue"), ({"bill-withdrawn-end": "settles"}, "settled")])
def test_a_withdrawn_item_holds_its_bill_as_the_reading_has_it(
    tmp_path: Path, readings: dict[str, str], end: str
) -> None:
    ledger, bill = three_items(tmp_path, readings=readings)
    ledger.do("dispute", bill["id"], items=[1])
    ledger.do("withdraw", bill["id"])
    assert states(ledger.items(bill))[0] == "withDrawn"
    ledger.do("pay", bill["id"])
    done = ledger.bill(bill["id"])
    assert (done["state"], done["remainingAmount"]["value"]) == (end, 0)
    assert adds_up(done, ledger.items(done))


@pytest.mark.parametrize(
    ("held", "state"),
    [
        (["generated", "generated"], "generated"),
        (["settled", "generated"], "settled"),
        (["settled", "disputeBeingInvestigated"], "paymentDue"),
        (["settled", "paymentDue"], "paymentDue"),
        (["settled", "withDrawn"], "paymentDue"),
        (["settled", "credit"], "paymentDue"),
        (["settled", "settled"], "settled"),
    ],
)
def test_a_bill_is_what_its_items_are(held: list[str], state: str) -> None:
    """Figure 9, from its first question to its last."""
    assert aggregated(held) == state


def test_a_hand_moves_an_item_and_the_bill_goes_with_it(tmp_path: Path) -> None:
    ledger, bill = three_items(tmp_path)
    first, second, third = (each["id"] for each in bill["customerBillItem"])
    hand = Hand(ledger.seller)
    hand.move(None, "customerBillItem", first, "disputeBeingInvestigated")
    assert ledger.bill(bill["id"])["state"] == "paymentDue"
    hand.move(None, "customerBillItem", first, "credit")
    for item in (second, third, first):
        hand.move(None, "customerBillItem", item, "settled")
    done = ledger.bill(bill["id"])
    assert (done["state"], done["remainingAmount"]["value"], len(done["appliedPayment"])) == ("settled", 0, 2)
    assert adds_up(done, ledger.items(done))
    assert ledger.heard == [CREATED, CHANGED, CHANGED]


def test_a_hand_moves_a_bill_and_its_items_go_with_it(tmp_path: Path) -> None:
    ledger, bill = three_items(tmp_path)
    hand = Hand(ledger.seller)
    hand.move(None, "customerBill", bill["id"], "paymentDue")
    assert set(states(ledger.items(bill))) == {"paymentDue"}
    hand.move(None, "customerBill", bill["id"], "settled")
    assert set(states(ledger.items(bill))) == {"settled"}


# -- verbs -----------------------------------------------------------------------------------------


def test_what_a_profile_does_by_itself(tmp_path: Path) -> None:
    does = [
        {"do": "bill-now", "of": "customerBill", "after_seconds": 60},
        {"do": "dispute", "of": "customerBill", "with": {"items": [1]}, "after_seconds": 120},
        {"do": "credit", "of": "customerBill", "signal": "seen", "after_seconds": 5},
    ]
    ledger = Ledger(tmp_path, does=does)
    ledger.bills()
    ledger.wait(90)
    assert {each["state"] for each in ledger.bills()} == {"generated"}
    ledger.wait(60)
    assert {each["state"] for each in ledger.bills()} == {"paymentDue"}
    assert ledger.seller.signal("seen", "", lasting=False) == 1
    ledger.wait(6)
    assert {states(ledger.items(each))[0] for each in ledger.bills()} == {"credit"}


@pytest.mark.parametrize(
    ("does", "problem"),
    [
        ({"do": "dispute", "of": "customerBil"}, "did you mean 'customerBill'"),
        ({"do": "disputed", "of": "customerBill"}, "did you mean 'dispute'"),
        ({"do": "pay", "of": "customerBill", "with": {"sum": 3}}, "no word 'sum'; known: amount, method"),
        ({"do": "bill-now", "of": "customerBill", "id": "x"}, "leave out id"),
    ],
)
def test_what_cannot_be_done_is_told_with_its_place(does: dict[str, Any], problem: str) -> None:
    with pytest.raises(FileProblem) as caught:
        load_profile(overlay={"does": [does]})
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("verb", "words", "problem"),
    [
        ("pay", {"amount": 0}, "above 0"),
        ("pay", {"amount": "many"}, "is no number"),
        ("pay", {"amount": 1.005}, "no such decimals"),
        ("pay", {"amount": 10_000}, "no more than"),
        ("pay", {"method": "barter"}, "not by 'barter'"),
        ("dispute", {"items": [9]}, "by its number from 1 to 3"),
        ("agree", {"items": [1]}, "is generated, and not disputeBeingInvestigated"),
        ("agree", {}, "no item of it is"),
    ],
)
def test_verbs_that_make_no_sense_change_nothing(
    tmp_path: Path, verb: str, words: dict[str, Any], problem: str
) -> None:
    ledger, bill = three_items(tmp_path)
    before = ledger.bill(bill["id"])
    with pytest.raises(Refused, match=problem):
        ledger.do(verb, bill["id"], **words)
    assert ledger.bill(bill["id"]) == before


def test_a_verb_needs_what_it_is_done_to(ledger: Ledger) -> None:
    bill = ledger.new_bill(account="ba-1")
    with pytest.raises(Refused, match="name one by its id"):
        ledger.do("dispute")
    with pytest.raises(Refused, match="name none"):
        ledger.do("bill-now", bill["id"])
    with pytest.raises(Refused, match="there is no customerBill"):
        ledger.do("pay", "nothing")
    with pytest.raises(Refused, match="what has some: customerBill"):
        do(ledger.seller, None, "pay", "customerBill", None, {})


# -- wrong on purpose ------------------------------------------------------------------------------


def wrong_bill(tmp_path: Path, *wrong: str) -> tuple[list[dict[str, Any]], dict[str, Any], list[dict[str, Any]]]:
    """The items of a right bill, and a bill of the same with something wrong."""
    ledger = Ledger(tmp_path, billing={"cycle": "never"})
    ledger.place(add_uni(), delete())
    ledger.wait(1000)
    right = ledger.new_bill(account="acct-001", category="trial")
    bill = ledger.new_bill(account="acct-001", wrong=list(wrong))
    return ledger.items(right), bill, ledger.items(bill)


def test_right_bills_are_the_same(tmp_path: Path) -> None:
    right, bill, items = wrong_bill(tmp_path)
    assert lines(items) == lines(right)
    assert adds_up(bill, items)


@pytest.mark.parametrize(
    ("wrong", "lines_of_it"),
    [
        ("rate", [("Monthly", 0.2903225806, 31.94), ("Removal", 1, 20)]),
        ("period", [("Monthly", 0.3225806452, 32.26), ("Removal", 1, 20)]),
        ("duplicate", [("Monthly", 0.2903225806, 29.03), ("Removal", 1, 20), ("Monthly", 0.2903225806, 29.03)]),
        ("terminated", [("Monthly", 0.2903225806, 29.03), ("Removal", 1, 20), ("Monthly", 0.0322580645, 3.23)]),
        ("rounding", [("Monthly", 0.2903225806, 30), ("Removal", 1, 20)]),
        ("missing", [("Removal", 1, 20)]),
    ],
)
def test_what_is_wrong_is_on_the_bill(tmp_path: Path, wrong: str, lines_of_it: list[Any]) -> None:
    right, bill, items = wrong_bill(tmp_path, wrong)
    assert lines(right) == [("Monthly", 0.2903225806, 29.03), ("Removal", 1, 20)]
    assert lines(items) == lines_of_it
    assert bill["taxExcludedAmount"]["value"] == pytest.approx(sum(each[2] for each in lines_of_it)), (
        "the sums are right"
    )


def test_a_wrong_tax_base_and_a_wrong_currency(tmp_path: Path) -> None:
    right, _, items = wrong_bill(tmp_path, "taxBase")
    assert [each["appliedTax"][0]["amount"]["value"] for each in (right[0], items[0])] == [5.81, 6.97]
    _, _, foreign = wrong_bill(tmp_path, "currency")
    assert [each["taxExcludedAmount"]["unit"] for each in foreign] == ["EUR", "USD"]
    assert foreign[0]["unitRate"]["unit"] == "EUR"
    with pytest.raises(Refused, match="known: rate, period"):
        wrong_bill(tmp_path, "colour")


def test_a_wrong_period_begins_before_the_product(tmp_path: Path) -> None:
    _, _, items = wrong_bill(tmp_path, "period")
    assert items[0]["periodCoverage"] == {
        "startDateTime": "2024-12-22T00:00:00.000Z",
        "endDateTime": "2025-01-01T00:00:00.000Z",
    }
    ledger = Ledger(tmp_path, products={})
    ledger.place(add_uni())
    ledger.wait(1000)
    fresh = ledger.items(ledger.new_bill(account="ba-1", wrong=["period"]))
    assert fresh[0]["periodCoverage"]["startDateTime"] == "2025-12-31T00:00:00.000Z"
    assert fresh[0]["periodCoverage"]["endDateTime"] == "2026-01-11T00:00:00.000Z"


def test_a_profile_makes_all_bills_wrong(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, billing={"wrong": ["rate"]})
    ledger.until("2026-02-01")
    assert [each["taxExcludedAmount"]["value"] for each in ledger.bills()] == [110, 110]
    with pytest.raises(FileProblem, match="colour"):
        load_profile(overlay={"billing": {"wrong": ["colour"]}})


def test_time_goes_on_after_the_last_bill(ledger: Ledger) -> None:
    """Every cycle plans the next one."""
    ledger.bills()
    for month in range(1, 8):
        ledger.until(f"2026-{month + 1:02d}-01")
        assert len(ledger.bills(billingAccount__id="ba-1")) == month
    assert ledger.clock.now() - datetime(2026, 8, 1, tzinfo=UTC) < timedelta(seconds=1)


# -- more than there is ----------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["credit", "withdraw"])
def test_what_was_paid_too_much_is_left_for_the_next_bill(tmp_path: Path, verb: str) -> None:
    ledger = Ledger(tmp_path)
    first = ledger.new_bill(account="acct-001")
    whole = Decimal(repr(first["amountDue"]["value"]))
    paid = whole - 10
    ledger.do("pay", first["id"], amount=str(paid))
    ledger.do(verb, first["id"])
    seen = ledger.bill(first["id"])
    assert [seen[each]["value"] for each in ("credits", "amountDue", "remainingAmount")] == [float(whole), 0, 0]
    assert adds_up(seen, ledger.items(seen))
    ledger.until("2026-02-01")
    second = ledger.bills(billingAccount__id="acct-001")[1]
    assert second["credits"]["value"] == float(paid)
    assert adds_up(second, ledger.items(second))


def test_more_than_a_bill_is_never_credited_on_it(tmp_path: Path) -> None:
    """What was charged in advance is taken off, and then the item is withdrawn: the next bill has the rest."""
    ledger = Ledger(tmp_path)
    first = ledger.new_bill(account="acct-001")
    ledger.do("pay", first["id"], amount=10)
    ledger.do("withdraw", first["id"])
    ledger.until("2026-01-11")
    second = ledger.new_bill(account="acct-001")
    whole = second["taxIncludedAmount"]["value"]
    assert (second["credits"]["value"], second["amountDue"]["value"]) == (whole, 0)
    ledger.do("withdraw", second["id"])
    seen = ledger.bill(second["id"])
    assert [seen[each]["value"] for each in ("credits", "amountDue", "remainingAmount")] == [whole, 0, 0]
    ledger.until("2026-02-01")
    assert ledger.bills(billingAccount__id="acct-001")[2]["credits"]["value"] == 10


@pytest.mark.parametrize(("items", "problem"), [([1, 1], "is named twice"), ([], "no item is named")])
def test_items_are_named_once(ledger: Ledger, items: list[int], problem: str) -> None:
    bill = ledger.new_bill(account="acct-001")
    with pytest.raises(Refused, match=problem):
        ledger.do("credit", bill["id"], items=items)
    assert ledger.bill(bill["id"]) == bill
