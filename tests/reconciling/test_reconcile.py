"""What becomes of each item of a bill: explained, disputed with reason and amount, missing, or unexplained."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from emulator.reconciling.lines import LineVerdict, Reason
from emulator.reconciling.settings import Advance, Methods, ProRata, Rounding
from tests.reconciling.world import World, item, listing, money, period, price, read

DECLARED = Methods(pro_rata=ProRata.DAYS, rounding=Rounding.HALF_UP, advance=Advance.ARREARS)


def test_a_right_bill_is_explained_wholly() -> None:
    found = World().product().bill(item()).reconcile()
    (line,) = found.lines
    assert (line.standing, line.reason) == (LineVerdict.EXPLAINED, Reason.AS_AGREED)
    assert (line.billed, line.difference, line.currency) == (Decimal(78), Decimal(0), "EUR")
    assert found.bill_lines == []


# What a right partner may do


def ordered() -> World:
    """P1 was ordered by a quote: 65 EUR a month, and 100 EUR once."""
    return World().quote(price(65), price(100, "nonRecurring")).order(quote="Q1").product(prices=[])


def one_off(name: str = "I2", net: float = 100, **more: object) -> dict[str, object]:
    told = {"customerBillItemType": "nonRecurring", "periodCoverage": period("2026-01-01", "2026-01-01"), **more}
    return item(name, net, **told)


RIGHT = {
    "by the quote it was ordered by": lambda: ordered().bill(item(), one_off()),
    "an item with its order item alone": lambda: ordered().bill(
        item(product=None, productOrderItem={"productOrderId": "O1", "productOrderItemId": "1"}), one_off()
    ),
    "an accepted charge": lambda: ordered().charge(30).bill(item(), one_off(), one_off("I3", 30)),
    "a rate that has the tax in it": lambda: World().product().bill(item(unitRate=money(78))),
    "a part of a month, as quantity": lambda: (
        World()
        .product(startDate="2026-01-17T00:00:00Z")
        .bill(
            item(
                net=31.45,
                periodCoverage=period("2026-01-17", "2026-02-01"),
                unitRate=money(65),
                unitQuantity=0.4838709677,
            )
        )
    ),
    "a part of a month, as rate": lambda: (
        World()
        .product(startDate="2026-01-17T00:00:00Z")
        .bill(item(net=31.45, periodCoverage=period("2026-01-17", "2026-02-01")))
    ),
    "thirtieths of a month": lambda: (
        World()
        .product(startDate="2026-01-17T00:00:00Z")
        .bill(item(net=32.5, periodCoverage=period("2026-01-17", "2026-02-01")))
    ),
    "a month that has begun in full": lambda: (
        World().product(startDate="2026-01-17T00:00:00Z").bill(item(periodCoverage=period("2026-01-17", "2026-02-01")))
    ),
    "an end on the last day": lambda: World().product().bill(item(periodCoverage=period("2026-01-01", "2026-01-31"))),
    "an end in the last morning": lambda: (
        World()
        .product()
        .bill(item(periodCoverage={"startDateTime": "2026-01-01T08:00:00Z", "endDateTime": "2026-01-31T08:00:00Z"}))
    ),
    "months of another time zone": lambda: (
        World()
        .product()
        .bill(
            item(
                periodCoverage={
                    "startDateTime": "2026-01-01T00:00:00+01:00",
                    "endDateTime": "2026-02-01T00:00:00+01:00",
                }
            )
        )
    ),
    "a tax on net and fee": lambda: (
        World()
        .product()
        .bill(item(appliedFee=[{"rate": 10, "amount": money(6.5)}], appliedTax=[{"rate": 20, "amount": money(14.3)}]))
    ),
    "a tax on top of another": lambda: (
        World().product().bill(item(appliedTax=[{"rate": 20, "amount": money(13)}, {"rate": 10, "amount": money(7.8)}]))
    ),
    "a yearly price, billed by twelfths": lambda: (
        World().product(prices=[price(780, recurringChargePeriod="year")]).bill(item())
    ),
    "two prices of one product": lambda: World().product(prices=[price(65), price(65)]).bill(item(), item("I2")),
    "two months after each other": lambda: (
        World()
        .product()
        .bill(item())
        .bill(
            item("I2", periodCoverage=period("2026-02-01", "2026-03-01")),
            name="B2",
            billingPeriod=period("2026-02-01", "2026-03-01"),
        )
    ),
    "a price that was modified, each in its time": lambda: (
        World()
        .quote(price(65))
        .quote(price(80), name="Q2")
        .order(quote="Q1")
        .order("O2", action="modify", quote="Q2", completed="2026-02-01T00:00:00Z")
        .product(prices=[price(80)])
        .bill(item())
        .bill(
            item("I2", 80, periodCoverage=period("2026-02-01", "2026-03-01")),
            name="B2",
            billingPeriod=period("2026-02-01", "2026-03-01"),
        )
    ),
    "a price that the inventory showed before": lambda: World().product().product(prices=[price(80)]).bill(item()),
    "terminated after a bill in advance": lambda: (
        World()
        .product(status="terminated", terminationDate="2026-01-10T00:00:00Z")
        .bill(item(), billDate="2025-12-20T00:00:00Z")
    ),
    "withdrawn by the Seller, in either spelling": lambda: (
        World().product().bill(item(net=99, state="withDrawn"), item("I2", 98, state="withdrawn"))
    ),
    "a product that is not there any more": lambda: (
        World()
        .product(status="terminated", terminationDate="2026-02-01T00:00:00Z")
        .bill(item())
        .add(read("product", {}, status=404, identifier="P1"))
    ),
    "a cancelled order's charge": lambda: (
        World()
        .order(product=None, state="cancelled")
        .charge(30)
        .bill(one_off("I2", 30, product=None, productOrderItem={"productOrderId": "O1", "productOrderItemId": "1"}))
    ),
}


@pytest.mark.parametrize("made", RIGHT.values(), ids=RIGHT.keys())
def test_what_a_right_partner_may_do_is_explained(made) -> None:
    found = made().reconcile()
    assert [
        (line.item, line.reason, line.text) for line in found.lines if line.standing is not LineVerdict.EXPLAINED
    ] == []
    assert sum(line.billed for line in found.lines) == found.totals()["EUR"][LineVerdict.EXPLAINED].billed


# What is wrong, and by how much

WRONG = {
    "a wrong rate": (lambda: World().product().bill(item(net=70)), Reason.WRONG_RATE, "6.00"),
    "an unknown product": (
        lambda: World().bill(item()).add(read("product", {}, status=404, identifier="P1")),
        Reason.UNKNOWN_PRODUCT,
        "78.00",
    ),
    "a product that is in no list of all": (
        lambda: World().bill(item()).add(listing("product", {"id": "P2", "status": "active"})),
        Reason.UNKNOWN_PRODUCT,
        "78.00",
    ),
    "an order item that its order has not": (
        lambda: ordered().bill(
            item(product=None, productOrderItem={"productOrderId": "O1", "productOrderItemId": "9"}), one_off()
        ),
        Reason.UNKNOWN_ORDER_ITEM,
        "78.00",
    ),
    "an order item of another product": (
        lambda: (
            ordered()
            .product("P2")
            .bill(
                item(product={"id": "P2"}, productOrderItem={"productOrderId": "O1", "productOrderItemId": "1"}),
                one_off(),
            )
        ),
        Reason.OTHER_PRODUCT,
        "78.00",
    ),
    "the account of another": (
        lambda: World().product(account="A2").bill(item()),
        Reason.WRONG_ACCOUNT,
        "78.00",
    ),
    "the account of another, by the order": (
        lambda: World().order(account="A2").product(account=None).bill(item()),
        Reason.WRONG_ACCOUNT,
        "78.00",
    ),
    "before its start": (
        lambda: (
            World()
            .product(startDate="2026-01-17T00:00:00Z")
            .bill(item(periodCoverage=period("2025-12-01", "2026-01-01")))
        ),
        Reason.BEFORE_START,
        "78.00",
    ),
    "a month after its termination": (
        lambda: (
            World()
            .product(status="terminated", startDate="2025-01-01T00:00:00Z", terminationDate="2025-12-20T00:00:00Z")
            .bill(item())
        ),
        Reason.AFTER_TERMINATION,
        "78.00",
    ),
    "the month of its termination, in full": (
        lambda: (
            World()
            .product(status="terminated", startDate="2025-01-01T00:00:00Z", terminationDate="2026-01-17T00:00:00Z")
            .bill(item())
        ),
        Reason.AFTER_TERMINATION,
        "37.74",
    ),
    "an order that failed": (
        lambda: (
            World()
            .quote(price(65))
            .order(product=None, quote="Q1", state="failed")
            .bill(item(product=None, productOrderItem={"productOrderId": "O1", "productOrderItemId": "1"}))
        ),
        Reason.NEVER_COMPLETED,
        "78.00",
    ),
    "an order that is not completed afterwards": (
        lambda: (
            World()
            .quote(price(65))
            .bill(item(product=None, productOrderItem={"productOrderId": "O1", "productOrderItemId": "1"}))
            .order(product=None, quote="Q1", state="inProgress")
        ),
        Reason.NEVER_COMPLETED,
        "78.00",
    ),
    "a second month in full": (
        lambda: (
            World()
            .product(startDate="2026-01-17T00:00:00Z")
            .bill(item(periodCoverage=period("2026-01-17", "2026-02-01")))
        ),
        Reason.WRONG_QUANTITY,
        "40.26",
    ),
    "another currency": (lambda: World().product().bill(item(currency="USD")), Reason.WRONG_CURRENCY, "78.00"),
    "twice for the same days": (
        lambda: World().product().bill(item("I0"), item()),
        Reason.BILLED_TWICE,
        "78.00",
    ),
    "twice on two bills": (
        lambda: (
            World()
            .product()
            .bill(item("I0"), name="B0")
            .bill(item(), name="B1", billingPeriod=period("2026-02-01", "2026-03-01"))
        ),
        Reason.BILLED_TWICE,
        "78.00",
    ),
    "a charge that is made once, twice": (
        lambda: ordered().bill(item("I0"), one_off("I00"), one_off("I1")),
        Reason.BILLED_TWICE,
        "120.00",
    ),
    "a charge that was declined": (
        lambda: ordered().charge(30, "declinedByBuyer").bill(item("I0"), one_off("I00"), one_off("I1", 30)),
        Reason.DECLINED,
        "36.00",
    ),
    "a tax on another base": (
        lambda: World().product().bill(item(appliedTax=[{"rate": 20, "amount": money(20)}])),
        Reason.WRONG_TAX,
        "7.00",
    ),
    "another rate of tax than agreed": (
        lambda: World().product(prices=[price(65, tax=10)]).bill(item()),
        Reason.WRONG_TAX_RATE,
        "6.50",
    ),
    "a fee that is not its rate": (
        lambda: World().product().bill(item(tax=None, appliedFee=[{"rate": 10, "amount": money(14)}])),
        Reason.WRONG_FEE,
        "7.50",
    ),
    "cents that float made": (
        lambda: World().product().bill(item(net=65.02, unitRate=money(65), tax=None)),
        Reason.ROUNDING,
        "0.02",
    ),
    "a rate that does not make the amount": (
        lambda: World().product().bill(item(net=75, unitRate=money(65), tax=None)),
        Reason.WRONG_AMOUNT,
        "10.00",
    ),
    "more than one": (
        lambda: World().product().bill(item(net=130, unitRate=money(65), unitQuantity=2, tax=None)),
        Reason.WRONG_QUANTITY,
        "65.00",
    ),
    "the rate of usage": (
        lambda: (
            World()
            .product(prices=[price(0.5, "usageBased")])
            .bill(item(net=60, tax=None, customerBillItemType="usageBased", unitRate=money(0.6), unitQuantity=100))
        ),
        Reason.WRONG_RATE,
        "10.00",
    ),
}


@pytest.mark.parametrize(("made", "reason", "amount"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_disputed_with_its_amount(made, reason, amount) -> None:
    methods = DECLARED if reason in (Reason.WRONG_QUANTITY, Reason.BEFORE_START) else Methods()
    found = made().reconcile(methods)
    disputed = [line for line in found.lines if line.standing is LineVerdict.DISPUTED]
    assert [(line.item, line.reason) for line in disputed] == [("I1", reason)], [line.text for line in found.lines]
    assert disputed[0].difference == Decimal(amount), disputed[0].text
    assert {line.standing for line in found.lines} <= {LineVerdict.DISPUTED, LineVerdict.EXPLAINED, LineVerdict.MISSING}


# What is missing

FEBRUARY = {"name": "B2", "billingPeriod": period("2026-02-01", "2026-03-01"), "billDate": "2026-03-01T00:00:00Z"}


def february(name: str = "I2", **more: object) -> dict[str, object]:
    return item(name, periodCoverage=period("2026-02-01", "2026-03-01"), **more)


MISSING = {
    "a month of a product": (
        lambda: World().product().bill(item()).product("P2").bill(february(product={"id": "P2"}), **FEBRUARY),
        {("B2", "P1", "65.00"), ("B1", "P2", "65.00")},
    ),
    "a part of a month": (
        lambda: World().product(startDate="2026-01-17T00:00:00Z", prices=[price(65, tax=20)]).bill(),
        {("B1", "P1", "37.74")},
    ),
    "one of two prices": (
        lambda: World().product(prices=[price(65), price(10)]).bill(item()),
        {("B1", "P1", "10.00")},
    ),
    "what it costs once": (lambda: ordered().bill(item()), {("B1", "P1", "100.00")}),
    "what it costs once, by the inventory": (
        lambda: World().order().product(prices=[price(65), price(40, "nonRecurring")]).bill(item()),
        {("B1", "P1", "40.00")},
    ),
    "an accepted charge": (
        lambda: ordered().charge(30).bill(item(), one_off()),
        {("B1", "P1", "30.00")},
    ),
    "the charge of a cancelled order": (
        lambda: World().order(product=None, state="cancelled").charge(30).bill(),
        {("B1", "", "30.00")},
    ),
    "what stands on another's account": (
        lambda: World().product().bill(item(), billingAccount={"id": "A2"}).bill(name="B2"),
        {("B2", "P1", "65.00")},
    ),
}


@pytest.mark.parametrize(("made", "lines"), MISSING.values(), ids=MISSING.keys())
def test_what_was_not_billed_is_missing(made, lines) -> None:
    found = [line for line in made().reconcile(DECLARED).lines if line.standing is LineVerdict.MISSING]
    assert {line.reason for line in found} == {Reason.NOT_BILLED}
    assert {(line.bill, line.product, f"{line.expected:.2f}") for line in found} == lines
    assert all(line.billed == 0 and line.difference == -line.expected for line in found)


NOT_MISSING = {
    "nothing, where an item was not read": lambda: World().product().add(read("bill", {
        "id": "B1", "category": "normal", "billingAccount": {"id": "A1"}, "customerBillItem": [{"id": "I9"}],
        "billingPeriod": period("2026-01-01", "2026-02-01"),
    })),
    "nothing of an account without a bill": lambda: World().product("P2", account="A2").product().bill(item()),
    "nothing of a product that began after it": lambda: World().product("P2", startDate="2026-02-03T00:00:00Z").product().bill(item()),
    "nothing of a product that ended before": lambda: World()
    .product("P2", status="terminated", startDate="2025-01-01T00:00:00Z", terminationDate="2026-01-01T12:00:00Z")
    .product()
    .bill(item()),
    "nothing of a pending one": lambda: World().product("P2", status="pendingActive").product().bill(item()),
    "nothing that is billed on the bill before": lambda: World()
    .product()
    .bill(item(), february(), billDate="2025-12-20T00:00:00Z")
    .bill(**FEBRUARY),
    "nothing that was completed before the first bill": lambda: World()
    .quote(price(65), price(100, "nonRecurring"))
    .order(quote="Q1", completed="2025-11-05T00:00:00Z")
    .product(prices=[])
    .bill(item()),
    "nothing by a bill beside the cycle": lambda: World()
    .product("P2")
    .product()
    .bill(item(), item("I2", product={"id": "P2"}))
    .bill(one_off("I3", 5), **{**FEBRUARY, "runType": "offCycle"}),
    "what began after a bill in advance waits": lambda: World()
    .product("P2", startDate="2026-01-10T00:00:00Z")
    .product()
    .bill(item(), billDate="2025-12-20T00:00:00Z"),
}  # fmt: skip


@pytest.mark.parametrize("made", NOT_MISSING.values(), ids=NOT_MISSING.keys())
def test_what_need_not_be_billed_is_not_missing(made) -> None:
    found = made().reconcile()
    assert [line.text for line in found.lines if line.standing is LineVerdict.MISSING] == []


def test_an_item_that_cannot_be_read_is_missing_and_one_that_was_not_read_is_open() -> None:
    world = World().product().bill(item("I1"), item("I2"))
    world.exchanges = world.exchanges[:2]
    lost = world.add(read("item", {}, status=404, identifier="I1")).reconcile()
    assert [(line.item, line.standing, line.reason) for line in lost.lines] == [
        ("I1", LineVerdict.MISSING, Reason.NOT_READABLE),
        ("I2", LineVerdict.UNEXPLAINED, Reason.NOT_READ),
    ]


def test_a_credit_that_no_bill_has_is_missing() -> None:
    credited = World().product().bill(item(state="credit"))
    assert [line.reason for line in credited.reconcile().lines if line.standing is LineVerdict.MISSING] == [
        Reason.NOT_CREDITED
    ]
    given = credited.bill(february(), **FEBRUARY, credits=money(78), amountDue=money(0), remainingAmount=money(0))
    assert [line.reason for line in given.reconcile().lines if line.standing is LineVerdict.MISSING] == []


# What cannot be told

OPEN = {
    "neither product nor order was seen": (lambda: World().bill(item()), Reason.NOT_SEEN),
    "it names neither": (lambda: World().bill(item(product=None)), Reason.NO_SUBJECT),
    "a product without prices": (lambda: World().product(prices=[]).bill(item()), Reason.NO_PRICE_SEEN),
    "no price of its kind": (
        lambda: World().product(prices=[price(9, "nonRecurring")]).bill(item()),
        Reason.NO_SUCH_PRICE,
    ),
    "once for a change that nobody quoted": (
        lambda: (
            World()
            .order()
            .order("O2", action="modify", completed="2026-01-20T00:00:00Z")
            .product(prices=[price(65), price(40, "nonRecurring")])
            .bill(one_off("I1", 7.5))
        ),
        Reason.NO_SUCH_PRICE,
    ),
    "usage at the agreed rate": (
        lambda: (
            World()
            .product(prices=[price(0.5, "usageBased")])
            .bill(item(net=50, customerBillItemType="usageBased", unitRate=money(0.5), unitQuantity=100))
        ),
        Reason.USAGE,
    ),
    "no amount": (
        lambda: World().product().bill().add(read("item", {"id": "I1", "product": {"id": "P1"}})),
        Reason.NO_AMOUNT,
    ),
    "an order under way": (
        lambda: (
            World()
            .quote(price(65))
            .order(product=None, quote="Q1", state="inProgress")
            .bill(item(product=None, productOrderItem={"productOrderId": "O1", "productOrderItemId": "1"}))
        ),
        Reason.NOT_COMPLETED_YET,
    ),
    "a price without a period, in parts": (
        lambda: (
            World()
            .product(prices=[price(65, recurringChargePeriod=None)])
            .bill(item(net=32.5, unit="", unitRate=money(65), unitQuantity=0.5))
        ),
        Reason.NO_PERIOD,
    ),
}


@pytest.mark.parametrize(("made", "reason"), OPEN.values(), ids=OPEN.keys())
def test_what_was_not_seen_is_unexplained(made, reason) -> None:
    lines = [line for line in made().reconcile().lines if line.item]
    assert [(line.standing, line.reason) for line in lines] == [(LineVerdict.UNEXPLAINED, reason)]


AT_ODDS = {
    "a tax on another base": (
        item(appliedTax=[{"rate": 20, "amount": money(20)}]),
        Reason.WRONG_TAX,
        "7.00",
    ),
    "a fee that is not its rate": (item(appliedFee=[{"rate": 10, "amount": money(14)}]), Reason.WRONG_FEE, "7.50"),
    "an amount that is not made of its rate": (item(unitQuantity=0.5, tax=None), Reason.WRONG_AMOUNT, "32.50"),
    "an amount brought to a whole unit": (
        item(net=66, unitRate=money(65.4), tax=None),
        Reason.ROUNDING,
        "0.60",
    ),
    "a rate in another currency": (item(unitRate=money(65, "USD")), Reason.WRONG_CURRENCY, "78.00"),
}


@pytest.mark.parametrize(("billed", "reason", "amount"), AT_ODDS.values(), ids=AT_ODDS.keys())
@pytest.mark.parametrize("known", [True, False], ids=["no price seen", "nothing seen"])
def test_what_contradicts_itself_is_disputed_whatever_it_is_for(known, billed, reason, amount) -> None:
    line = (World().product(prices=[]) if known else World()).bill(billed).line()
    assert (line.standing, line.reason, line.difference) == (LineVerdict.DISPUTED, reason, Decimal(amount))


# Bills

BILLS = {
    "its items make another sum": (lambda: World().product().bill(item(), taxExcludedAmount=money(60)), "A4"),
    "what is left of it": (lambda: World().product().bill(item(), remainingAmount=money(60)), "A3"),
    "an account that nobody gave": (
        lambda: World().product().bill(item(), billingAccount={"id": "A9"}),
        "account",
    ),
    "one cycle twice": (
        lambda: World().product().bill(item()).bill(february(), **FEBRUARY, billCycle="cycle-B1"),
        "cycle",
    ),
    "a gap": (
        lambda: (
            World()
            .product()
            .bill(item())
            .bill(february(), **{**FEBRUARY, "billingPeriod": period("2026-02-05", "2026-03-01")})
        ),
        "period",
    ),
    "an overlap": (
        lambda: (
            World()
            .product()
            .bill(item())
            .bill(february(), **{**FEBRUARY, "billingPeriod": period("2026-01-25", "2026-03-01")})
        ),
        "period",
    ),
    "a trial that was paid": (
        lambda: World().product().bill(item(), category="trial", appliedPayment=[{"appliedAmount": money(78)}]),
        "trial",
    ),
}


@pytest.mark.parametrize(("made", "formula"), BILLS.values(), ids=BILLS.keys())
def test_a_bill_as_a_whole(made, formula) -> None:
    assert formula in {line.formula for line in made().reconcile().bill_lines}


def test_a_seam_of_hours_is_none() -> None:
    sample = {"startDateTime": "2026-01-01T08:00:00Z", "endDateTime": "2026-01-31T08:00:00Z"}
    assert (
        World().product().bill(item(), billingPeriod=sample).bill(february(), **FEBRUARY).reconcile().bill_lines == []
    )


def test_trials_and_copies_are_in_no_sum() -> None:
    world = World().product().bill(item("I0"), name="B0", category="trial").bill(item())
    found = world.bill(item("I2"), name="B3", billNo="no-B1", category="duplicate").reconcile()
    assert [(line.item, line.standing) for line in found.lines] == [("I1", LineVerdict.EXPLAINED)]
    assert found.left_out == 2


def test_a_copy_counts_where_its_original_was_not_seen() -> None:
    assert World().product().bill(item(), category="duplicate").line().standing is LineVerdict.EXPLAINED


def test_a_copy_that_is_billed_as_normal_is_disputed() -> None:
    found = World().product().bill(item()).bill(item("I2"), name="B2", billNo="no-B1").reconcile()
    assert [(line.item, line.reason) for line in found.lines] == [
        ("I1", Reason.AS_AGREED),
        ("I2", Reason.DUPLICATE_BILL),
    ]


def test_an_item_on_two_bills_is_disputed() -> None:
    found = World().product().bill(item()).bill(item(), **FEBRUARY).reconcile()
    assert [(line.bill, line.reason) for line in found.lines if line.item] == [
        ("B1", Reason.AS_AGREED),
        ("B2", Reason.ON_TWO_BILLS),
    ]


def test_totals_are_all_items_tax_and_fees_apart() -> None:
    fees = {"appliedFee": [{"rate": 10, "amount": money(6.5)}]}
    world = World().product(prices=[price(65), price(65)]).bill(
        item(**fees), item("I2", 70), item("I3", customerBillItemType="usageBased")
    )  # fmt: skip
    totals = world.reconcile().totals()["EUR"]
    billed = [totals[each] for each in (LineVerdict.EXPLAINED, LineVerdict.DISPUTED, LineVerdict.UNEXPLAINED)]
    assert sum(row.net for row in billed) == Decimal(200)
    assert sum(row.tax for row in billed) == Decimal(40)
    assert sum(row.fee for row in billed) == Decimal("6.5")
    assert sum(row.billed for row in billed) == Decimal("246.5")
    assert totals[LineVerdict.DISPUTED].difference == Decimal(6)


def test_what_is_let_pass_can_be_said() -> None:
    world = World().product().bill(item(net=65.02, unitRate=money(65), tax=None))
    assert world.line().standing is LineVerdict.DISPUTED
    assert world.line(Methods(tolerance=Decimal("0.02"))).standing is LineVerdict.EXPLAINED


def test_currencies_without_cents_are_rounded_so() -> None:
    part = {"periodCoverage": period("2026-01-17", "2026-02-01"), "unitRate": money(6500, "JPY")}
    world = World().product(startDate="2026-01-17T00:00:00Z", prices=[price(6500, unit="JPY")])
    assert world.bill(item(net=3145, currency="JPY", tax=None, **part)).line(DECLARED).standing is LineVerdict.EXPLAINED


def test_a_short_charge_hides_no_double_one() -> None:
    """Of three items for a month the second is of two days, and the third has days that only the first had."""
    days = ("2026-01-01", "2026-02-01"), ("2026-01-05", "2026-01-06"), ("2026-01-20", "2026-02-01")
    items = [item(f"I{n}", periodCoverage=period(*each)) for n, each in enumerate(days)]
    found = World().product().bill(*items).reconcile()
    assert next(line for line in found.lines if line.item == "I2").reason is Reason.BILLED_TWICE


def test_what_is_free_need_not_be_billed() -> None:
    world = World().product(prices=[price(65), price(0)]).bill(item())
    assert {line.standing for line in world.reconcile().lines} == {LineVerdict.EXPLAINED}


def back(name: str, net: float, start: str = "2026-01-01") -> dict[str, Any]:
    """A credit as an item below nothing."""
    return item(name, net=-net, unitRate=money(-net), periodCoverage=period(start, "2026-02-01"))


def test_a_credit_may_be_an_item_below_nothing() -> None:
    """All of an item, a part of it, and one that was billed twice."""
    for given in ([back("C1", 65)], [back("C1", 31.45, "2026-01-17")], [back("C1", 30), back("C2", 35)]):
        lines = World().product().bill(item(), *given).reconcile().lines
        assert [line.reason for line in lines] == [Reason.AS_AGREED, *[Reason.TAKEN_BACK] * len(given)]
    lines = World().product().bill(item(), item("I2"), back("C1", 65)).reconcile().lines
    assert [line.reason for line in lines] == [Reason.AS_AGREED, Reason.BILLED_TWICE, Reason.TAKEN_BACK]


def test_no_more_is_given_back_than_was_billed() -> None:
    """What is more may be for a bill that was not seen."""
    lines = World().product().bill(item(), back("C1", 65), back("C2", 1)).reconcile().lines
    assert [line.standing for line in lines][1:] == [LineVerdict.EXPLAINED, LineVerdict.UNEXPLAINED]
    wrong = {**back("C1", 65), "appliedTax": [{"category": "vat", "rate": 20, "amount": money(-1)}]}
    lines = World().product().bill(item(), wrong).reconcile().lines
    assert lines[1].reason is Reason.WRONG_TAX


def test_what_was_given_back_may_be_charged_anew() -> None:
    """A change on the 17th of a month that was charged ahead: the rest is given back, and charged by the order of the change."""
    anew = item(
        "I2",
        net=31.45,
        unitRate=money(65),
        unitQuantity=0.4838709677,
        periodCoverage=period("2026-01-17", "2026-02-01"),
        productOrderItem={"productOrderId": "O2", "productOrderItemId": "1"},
    )
    changed = World().product().order("O2", action="modify", completed="2026-01-17T09:00:00Z")
    lines = changed.bill(item(), back("C1", 31.45, "2026-01-17"), anew).reconcile().lines
    assert [line.standing for line in lines] == [LineVerdict.EXPLAINED] * 3
    changed = World().product().order("O2", action="modify", completed="2026-01-17T09:00:00Z")
    assert changed.bill(item(), anew).reconcile().lines[1].reason is Reason.BILLED_TWICE
