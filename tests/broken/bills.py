"""Sellers that are right but for one thing of their bills."""

from __future__ import annotations

from typing import Any

from tests.broken.sellers import broken
from tests.broken.spoiler import Answer

BILL, ITEM = "customerBill", "customerBillItem"


def read(answer: Answer, collection: str) -> list[dict[str, Any]]:
    """What a read by its id shows: the one entry of a list."""
    mine = answer.method == "GET" and answer.path.split("/")[-2] == collection and answer.status == 200
    return answer.body if mine and isinstance(answer.body, list) else []


def listed(answer: Answer) -> list[dict[str, Any]]:
    """The entries of a list of bills."""
    mine = answer.method == "GET" and answer.path.endswith(f"/{BILL}")
    return answer.body if mine and isinstance(answer.body, list) else []


def after(answer: Answer, collection: str, state: str) -> list[dict[str, Any]]:
    """What a read shows once another one has shown a state."""
    found = read(answer, collection)
    seen = answer.memory.get(state, False)
    answer.memory[state] = seen or any(each["state"] == state for each in found)
    return found if seen else []


@broken("billing/find", "MEF141-R18")
def finds_nothing_with_404(answer: Answer) -> None:
    if answer.path.endswith(f"/{BILL}") and answer.body == []:
        answer.status, answer.body = 404, {"code": "notFound", "reason": "Nothing found"}


@broken("billing/find", "MEF141.filters", "MEF141.agrees")
def lists_bills_of_others_too(answer: Answer) -> None:
    for each in listed(answer) if "category=" in answer.query else ():
        each["category"] = "trial"


@broken("billing/find", "MEF141-R17.account")
def lists_bills_without_a_period(answer: Answer) -> None:
    for each in listed(answer):
        each.pop("billingPeriod", None)


@broken("billing/paid", "MEF141.shape", "contract.schema")
def answers_a_bill_as_an_object(answer: Answer) -> None:
    if read(answer, BILL):
        answer.body = answer.body[0]


@broken("billing/paid", "MEF141-R21")
def bills_for_nothing_in_particular(answer: Answer) -> None:
    for each in read(answer, ITEM):
        each.pop("product", None)
        each["productOrderItem"] = None


@broken("billing/late", "MEF141-R20")
def goes_back_to_generated(answer: Answer) -> None:
    for each in after(answer, BILL, "paymentDue"):
        if each["state"] == "settled":
            each["state"] = "generated"


@broken("billing/credited", "MEF141-R24")
def disputes_again_what_was_credited(answer: Answer) -> None:
    for each in after(answer, ITEM, "credit"):
        each["state"] = "disputeBeingInvestigated"


@broken("billing/printable", "MEF141-R26")
def has_a_document_nowhere(answer: Answer) -> None:
    for each in read(answer, BILL):
        each["billDocument"] = {"url": "bills/1.pdf"}


@broken("billing/paid", "MEF141.bill-amounts")
def adds_a_bill_up_in_floats(answer: Answer) -> None:
    for each in read(answer, BILL):
        each["amountDue"]["value"] += 0.02


@broken("billing/paid", "MEF141.item-amounts")
def taxes_what_has_the_tax_in_it(answer: Answer) -> None:
    for each in read(answer, ITEM):
        tax = each["appliedTax"][0]
        tax["amount"]["value"] = round(tax["amount"]["value"] * (1 + tax["rate"] / 100), 2)


@broken("billing/paid", "MEF141.last-update", "MEF141.customerBill.steady")
def forgets_when_a_bill_changed(answer: Answer) -> None:
    for each in read(answer, BILL):
        each["lastUpdate"] = answer.memory.setdefault("first", each["lastUpdate"])


@broken("billing/no-notifications", "MEF141-R10")
def has_no_path_where_it_has_no_events(answer: Answer) -> None:
    if answer.path.endswith("/hub") and answer.status == 501:
        answer.status, answer.body = 404, {"code": "notFound", "reason": "Nothing here"}
