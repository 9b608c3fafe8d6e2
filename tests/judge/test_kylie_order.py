"""Orders of release Kylie beside those of Grace, where the same run is right in one of them alone."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.judge.judge import judge
from emulator.record.exchange import Exchange
from emulator.standard.release import load_release
from tests.judge.exchanges import exchange, transcript

ORDER = "productOrder"
AT = "2026-01-01T00:00:00Z"


def found(release: str, *seen: Exchange) -> set[str]:
    """The rules that find something; those without a clause by their names alone."""
    ids = {finding.rule for finding in judge(transcript(*seen), load_release(release)).findings}
    return ids | {each.rpartition(".")[2] for each in ids}


def order(state: str, *items: str) -> Exchange:
    told = [
        {"id": str(n), "action": "delete", "state": each, "product": {"id": f"p-{n}"}} for n, each in enumerate(items)
    ]
    body: dict[str, Any] = {"id": "po-1", "state": state, "productOrderItem": told,
                            "stateChange": [{"state": state, "changeDate": AT}]}  # fmt: skip
    return exchange(body, api=ORDER, operation="retrieveProductOrder", path="/productOrder/po-1")


def charge(**about: Any) -> Exchange:
    return exchange({"id": "ch-1", "state": "awaitingResponse", "creationDate": AT, **about}, api=ORDER,
                    operation="retrieveCharge", path="/charge/ch-1")  # fmt: skip


@pytest.mark.parametrize(
    ("items", "grace", "kylie"),
    [
        (("completed", "failed"), False, False),
        (("completed", "rejected"), True, False),
        (("completed", "completed"), True, True),
    ],
)
def test_an_order_is_done_in_part_where_items_were_rejected(items: tuple[str, ...], grace: bool, kylie: bool):
    seen = order("partial", *items)
    assert ("order-cause" in found("grace", seen), "order-cause" in found("kylie", seen)) == (
        grace,
        kylie,
    )


@pytest.mark.parametrize(
    ("state", "about", "wrong"),
    [
        ("inProgress", {"productOrder": {"productOrderId": "po-1"}}, True),
        ("assessingCancellation", {"productOrder": {"productOrderId": "po-1"}}, False),
        ("inProgress", {"productOrder": {"productOrderId": "po-1"}, "cancelProductOrder": {"id": "ca-1"}}, False),
        ("inProgress", {"productOrderItem": {"productOrderId": "po-1", "productOrderItemId": "0"}}, False),
    ],
)
def test_a_charge_that_nothing_has_caused_is_for_an_item(state: str, about: dict[str, Any], wrong: bool):
    assert ("Mplify123.1-R91" in found("kylie", order(state, "inProgress"), charge(**about))) is wrong


def test_a_disconnect_has_contacts_and_a_date_in_kylie_whatever_was_declared():
    asked = {
        "relatedContactInformation": [],
        "productOrderItem": [{"id": "0", "action": "delete", "product": {"id": "p"}}],
    }
    seen = exchange(
        None, sent=asked, method="POST", api=ORDER, operation="createProductOrder", path="/productOrder", status=422
    )
    assert "Mplify123.1-R12" in found("kylie", seen)
    assert "MEF123-R14" not in found("grace", seen)
