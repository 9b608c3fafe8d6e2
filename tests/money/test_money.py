"""Amounts, and what has to add up in bills."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.money.amounts import Amount, Rounding, amount_of, as_money, decimal_of, percent, rounded, tolerance
from emulator.money.bills import bill_imbalances, later_imbalances
from emulator.money.currency import decimals, is_code, minor_unit
from emulator.money.imbalance import Imbalance
from emulator.money.items import item_imbalances
from emulator.money.together import sum_imbalances


def money(value: float | Decimal, unit: str = "EUR") -> dict[str, Any]:
    return as_money(Decimal(str(value)), unit)


def item(number: int = 1, net: float = 50, **more: Any) -> dict[str, Any]:
    """An item as the second sample of the guide has it: a fee of 10 % and a tax of 20 % on the net amount."""
    return {
        "id": f"item-{number}",
        "appliedFee": [{"category": "recurring", "rate": 10, "amount": money(net / 10)}],
        "appliedTax": [{"category": "country", "rate": 20, "amount": money(net / 5)}],
        "customerBillItemType": "recurring",
        "periodCoverage": {"startDateTime": "2026-01-01T00:00:00Z", "endDateTime": "2026-02-01T00:00:00Z"},
        "product": {"id": f"product-{number}"},
        "state": "generated",
        "taxExcludedAmount": money(net),
        "unit": "month",
        "unitRate": money(net),
        "unitQuantity": 1,
        **more,
    }


def bill(**more: Any) -> dict[str, Any]:
    """A bill of two such items."""
    return {
        "id": "bill-1",
        "amountDue": money(130),
        "appliedPayment": [],
        "billDate": "2026-02-01T00:00:00Z",
        "billingPeriod": {"startDateTime": "2026-01-01T00:00:00Z", "endDateTime": "2026-02-01T00:00:00Z"},
        "category": "normal",
        "credits": money(0),
        "customerBillItem": [{"id": "item-1"}, {"id": "item-2"}],
        "discounts": money(0),
        "fees": money(10),
        "lastUpdate": "2026-02-01T00:00:00Z",
        "paymentDueDate": "2026-03-01T00:00:00Z",
        "remainingAmount": money(130),
        "state": "generated",
        "taxExcludedAmount": money(100),
        "taxIncludedAmount": money(130),
        "taxItem": [{"taxCategory": "VAT", "taxRate": 20, "taxAmount": money(20)}],
        **more,
    }


def paid(*amounts: float, **more: Any) -> list[dict[str, Any]]:
    payment = {"id": "p", "paymentDate": "2026-01-20T00:00:00Z"}
    return [{"appliedAmount": money(each), "payment": {**payment, "amount": money(each), **more}} for each in amounts]


def formulas(found: list[Imbalance]) -> list[tuple[str, str]]:
    return [(each.formula, each.at) for each in found]


class TestAmounts:
    """Numbers of messages, exactly."""

    @pytest.mark.parametrize(
        ("value", "expected"),
        [(0.1, "0.1"), (1e-7, "1E-7"), (12, "12"), (19.99, "19.99"), (1e22, "1E+22")],
    )
    def test_a_number_is_what_was_written(self, value: float, expected: str) -> None:
        assert decimal_of(value) == Decimal(expected)

    @pytest.mark.parametrize("value", [True, None, "1", float("nan"), float("inf"), [], Decimal("NaN")])
    def test_what_is_no_number(self, value: object) -> None:
        assert decimal_of(value) is None

    def test_money(self) -> None:
        assert amount_of({"unit": "EUR", "value": 0.1}) == Amount(Decimal("0.1"), "EUR")
        for wrong in (
            None,
            [],
            {},
            {"unit": "EUR"},
            {"value": 1},
            {"unit": 5, "value": 1},
            {"unit": "EUR", "value": True},
        ):
            assert amount_of(wrong) is None
        assert as_money(Decimal("12.50"), "EUR") == {"unit": "EUR", "value": 12.5}
        assert as_money(Decimal("12.00"), "EUR") == {"unit": "EUR", "value": 12}

    def test_currencies(self) -> None:
        assert [decimals(each) for each in ("EUR", "JPY", "KWD", "CLF", "XXX")] == [2, 0, 3, 4, 2]
        assert minor_unit("KWD") == Decimal("0.001")
        assert [is_code(each) for each in ("EUR", "eur", "EURO", "", None)] == [True, False, False, False, False]

    @pytest.mark.parametrize(
        ("value", "unit", "how", "expected"),
        [
            ("0.125", "EUR", "half-up", "0.13"),
            ("0.125", "EUR", "half-even", "0.12"),
            ("0.129", "EUR", "down", "0.12"),
            ("-0.125", "EUR", "half-up", "-0.13"),
            ("12.5", "JPY", "half-up", "13"),
            ("1.0005", "KWD", "half-up", "1.001"),
            ("1e300", "EUR", "half-up", "1e300"),
        ],
    )
    def test_rounding(self, value: str, unit: str, how: Rounding, expected: str) -> None:
        assert rounded(Decimal(value), unit, how) == Decimal(expected)

    def test_tolerance(self) -> None:
        assert tolerance("EUR", 1) == Decimal("0.005")
        assert tolerance("EUR", 4) == Decimal("0.02")
        assert tolerance("JPY", 1) == Decimal("0.5")
        assert tolerance("EUR", 1, Decimal(1_000_000)) == Decimal(1)


class TestItems:
    """A9 to A13."""

    @pytest.mark.parametrize(
        "right",
        [
            {},
            {"unitRate": money(65)},  # gross, as the guide's sample
            {"appliedTax": [{"rate": 20, "amount": money(11)}]},  # on net and fee
            {"appliedTax": [{"rate": 20, "amount": money(10)}, {"rate": 5, "amount": money(3)}]},  # the second on the first
            {"appliedTax": [{"rate": 20, "amount": money(10.004)}]},
            {"appliedTax": [{"category": "country"}], "appliedFee": [{}]},
            {"appliedTax": [], "appliedFee": []},
            {"unitRate": money(100), "unitQuantity": 0.5},
            {"unitRate": money(155), "unitQuantity": 0.322581},  # ten days of thirty-one
            {"customerBillItemType": "nonRecurring",
             "periodCoverage": {"startDateTime": "2026-01-01T00:00:00Z", "endDateTime": "2026-01-01T00:00:00Z"}},
            {"periodCoverage": {"endDateTime": "2026-01-01T00:00:00Z"}},
            {"taxExcludedAmount": "much", "appliedTax": 5, "appliedFee": [None], "periodCoverage": []},
        ],
    )  # fmt: skip
    def test_what_is_right(self, right: dict[str, Any]) -> None:
        assert item_imbalances(item(**right)) == []

    @pytest.mark.parametrize(
        ("wrong", "found"),
        [
            ({"appliedTax": [{"rate": 20, "amount": money(9.5)}]}, ("A9", "/appliedTax/0/amount")),
            ({"appliedTax": [{"rate": 20, "amount": money(13)}]}, ("A9", "/appliedTax/0/amount")),  # on the gross amount
            ({"appliedFee": [{"rate": 10, "amount": money(14)}]}, ("A10", "/appliedFee/0/amount")),  # the guide's comment
            ({"unitRate": money(60)}, ("A11", "/taxExcludedAmount")),
            ({"unitQuantity": 2}, ("A11", "/taxExcludedAmount")),
            ({"unitRate": money(50, "USD")}, ("A12", "/unitRate/unit")),
            ({"unitRate": money(50, "eur")}, ("A12", "/unitRate/unit")),
            ({"periodCoverage": {"startDateTime": "2026-02-01T00:00:00Z", "endDateTime": "2026-01-01T00:00:00Z"}},
             ("A13", "/periodCoverage")),
            ({"periodCoverage": {"startDateTime": "2026-02-01T00:00:00Z", "endDateTime": "2026-02-01T00:00:00Z"}},
             ("A13", "/periodCoverage")),
        ],
    )  # fmt: skip
    def test_what_is_not(self, wrong: dict[str, Any], found: tuple[str, str]) -> None:
        imbalances = item_imbalances(item(**wrong))
        assert formulas(imbalances) == [found]
        assert imbalances[0].item == "item-1"

    def test_an_amount_that_differs(self) -> None:
        """By how much is told, and both amounts."""
        found = item_imbalances(item(appliedTax=[{"rate": 20, "amount": money(9.5)}]))[0]
        assert (found.expected, found.found, found.amount) == (Decimal(10), Decimal("9.5"), Decimal("-0.5"))
        assert "/appliedTax/0/amount is 9.5 EUR, expected 10 EUR" in found.message


class TestBills:
    """A1 to A3, A7, A8, A12 to A16."""

    @pytest.mark.parametrize(
        "right",
        [
            {},
            {"taxIncludedAmount": money(120), "amountDue": money(130)},  # fees beside the total
            {
                "taxIncludedAmount": money(120),
                "amountDue": money(120),
                "remainingAmount": money(120),
            },  # fees within net
            {"appliedPayment": paid(30), "remainingAmount": money(100)},
            {"appliedPayment": paid(130), "remainingAmount": money(0), "state": "settled"},
            {"state": "paymentDue", "remainingAmount": money(55)},  # an item may have been withdrawn: nobody knows
            {"credits": money(30), "amountDue": money(100), "remainingAmount": money(100)},
            {"credits": money(30), "remainingAmount": money(100)},
            {"category": "trial", "remainingAmount": money(0)},
            {"category": "trial", "remainingAmount": money(130), "state": "settled"},
            {"discounts": money(5), "amountDue": money(125), "remainingAmount": money(125)},
            {"appliedPayment": [{}], "remainingAmount": money(7)},
            {"billDate": "2025-12-28T00:00:00Z"},  # before its period
            {"taxItem": [{"taxCategory": "VAT"}], "amountDue": money(130)},
        ],
    )
    def test_what_is_right(self, right: dict[str, Any]) -> None:
        assert bill_imbalances(bill(**right)) == []

    @pytest.mark.parametrize(
        ("wrong", "found"),
        [
            ({"appliedPayment": paid(30)}, ("A1", "/remainingAmount")),
            ({"state": "settled"}, ("A2", "/remainingAmount")),
            ({"remainingAmount": money(120)}, ("A3", "/remainingAmount")),
            ({"taxIncludedAmount": money(125), "amountDue": money(125), "remainingAmount": money(125)},
             ("A7", "/taxIncludedAmount")),
            ({"amountDue": money(150), "remainingAmount": money(150)}, ("A8", "/amountDue")),
            ({"fees": money(10, "USD")}, ("A12", "/fees/unit")),
            ({"billingPeriod": {"startDateTime": "2026-02-01T00:00:00Z", "endDateTime": "2026-02-01T00:00:00Z"}},
             ("A13", "/billingPeriod")),
            ({"paymentDueDate": "2026-01-01T00:00:00Z"}, ("A14", "/paymentDueDate")),
            ({"appliedPayment": paid(30, paymentDate="2026-02-03T00:00:00Z"), "remainingAmount": money(100)},
             ("A14", "/appliedPayment/0/payment/paymentDate")),
            ({"appliedPayment": paid(30, amount=money(20)), "remainingAmount": money(100)},
             ("A15", "/appliedPayment/0/appliedAmount")),
        ],
    )  # fmt: skip
    def test_what_is_not(self, wrong: dict[str, Any], found: tuple[str, str]) -> None:
        assert formulas(bill_imbalances(bill(**wrong))) == [found]

    def test_what_remains_where_the_items_are_known(self) -> None:
        due = bill(state="paymentDue", remainingAmount=money(55))
        assert formulas(bill_imbalances(due, [item(1), item(2)])) == [("A3", "/remainingAmount")]
        assert bill_imbalances(due, [item(1), item(2, state="withdrawn")]) == []

    def test_lastUpdate_moves(self) -> None:
        later = "2026-02-20T00:00:00Z"
        assert later_imbalances(bill(), bill(state="settled", lastUpdate=later)) == []
        assert later_imbalances(bill(), bill()) == []
        assert later_imbalances(bill(), bill(relatedContactInformation=[])) == []
        assert formulas(later_imbalances(bill(), bill(remainingAmount=money(1)))) == [("A16", "/lastUpdate")]
        assert formulas(later_imbalances(bill(), bill(state="settled"))) == [("A16", "/lastUpdate")]
        assert formulas(later_imbalances(bill(lastUpdate=later), bill())) == [("A16", "/lastUpdate")]
        assert formulas(later_imbalances(bill(lastUpdate=later), bill(appliedPayment=paid(1)))) == [
            ("A16", "/lastUpdate")
        ]


class TestTogether:
    """A4 to A6, and the currency of items."""

    def test_what_is_right(self) -> None:
        assert sum_imbalances(bill(), [item(1), item(2)]) == []
        assert sum_imbalances(bill(), [item(1)]) == []  # not all of them are known
        withdrawn = bill(taxExcludedAmount=money(50), fees=money(5))
        withdrawn["taxItem"][0]["taxAmount"] = money(10)
        assert sum_imbalances(withdrawn, [item(1), item(2, state="withDrawn")]) == []
        assert sum_imbalances(bill(taxExcludedAmount=money(95), discounts=money(5)), [item(1), item(2)]) == []

    @pytest.mark.parametrize(
        ("wrong", "found"),
        [
            ({"taxExcludedAmount": money(101)}, ("A4", "/taxExcludedAmount")),
            ({"taxItem": [{"taxRate": 20, "taxAmount": money(21)}]}, ("A5", "/taxItem/0/taxAmount")),
            ({"taxItem": [{"taxRate": 20, "taxAmount": money(20)}, {"taxRate": 7, "taxAmount": money(1)}]},
             ("A5", "/taxItem/1/taxAmount")),
            ({"taxItem": [{"taxAmount": money(21)}]}, ("A5", "/taxItem")),
            ({"taxItem": []}, ("A5", "/taxItem")),
            ({"fees": money(11)}, ("A6", "/fees")),
        ],
    )  # fmt: skip
    def test_what_is_not(self, wrong: dict[str, Any], found: tuple[str, str]) -> None:
        assert formulas(sum_imbalances(bill(**wrong), [item(1), item(2)])) == [found]

    def test_an_item_in_another_currency(self) -> None:
        found = sum_imbalances(bill(), [item(1), item(2, unitRate=money(1, "USD"))])
        assert [(each.formula, each.at, each.item) for each in found] == [("A12", "/unitRate/unit", "item-2")]


NETS = st.lists(st.integers(1, 10_000_000), min_size=1, max_size=12)


@given(nets=NETS, unit=st.sampled_from(["EUR", "JPY", "KWD"]), rate=st.sampled_from(["7", "19", "8.1", "20"]))
def test_a_bill_that_is_summed_up_from_rounded_items_is_right(nets: list[int], unit: str, rate: str) -> None:
    """And one that is off by more than its rounding is not."""
    items, whole = [], {"net": Decimal(0), "tax": Decimal(0)}
    for number, minor in enumerate(nets):
        net = minor * minor_unit(unit)
        tax = rounded(percent(Decimal(rate), net), unit)
        whole = {"net": whole["net"] + net, "tax": whole["tax"] + tax}
        made = item(number, appliedFee=[], unitRate=as_money(net, unit), taxExcludedAmount=as_money(net, unit))
        items.append({**made, "appliedTax": [{"rate": float(rate), "amount": as_money(tax, unit)}]})
    gross = as_money(whole["net"] + whole["tax"], unit)
    nothing = as_money(Decimal(0), unit)
    made = bill(
        **dict.fromkeys(("fees", "credits", "discounts"), nothing),
        **dict.fromkeys(("amountDue", "remainingAmount", "taxIncludedAmount"), gross),
        taxExcludedAmount=as_money(whole["net"], unit),
        taxItem=[{"taxRate": float(rate), "taxAmount": as_money(whole["tax"], unit)}],
        customerBillItem=[{"id": each["id"]} for each in items],
    )
    assert [
        *bill_imbalances(made, items),
        *sum_imbalances(made, items),
        *(one for each in items for one in item_imbalances(each)),
    ] == []
    off = copy.deepcopy(made)
    more = 2 * tolerance(unit, len(items) + 1, whole["net"]) + minor_unit(unit)
    off["taxExcludedAmount"] = as_money(whole["net"] + more, unit)
    assert ("A4", "/taxExcludedAmount") in formulas(sum_imbalances(off, items))


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3)
    )
)
def test_nothing_that_a_stranger_sends_breaks_it(value: Any) -> None:
    """Members of any type and size are passed over, or differ."""
    for member in bill():
        bill_imbalances(bill(**{member: value}))
        sum_imbalances(bill(**{member: value}), [item(1), item(2)])
        later_imbalances(bill(), bill(**{member: value}))
    for member in item():
        item_imbalances(item(**{member: value}))
        sum_imbalances(bill(), [item(1), item(2, **{member: value})])
    bill_imbalances(bill(amountDue={"unit": "EUR", "value": value}))
