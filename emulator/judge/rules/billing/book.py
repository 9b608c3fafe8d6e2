"""The book of the billing API, and what its rules have in common."""

from __future__ import annotations

from typing import Any, Final

from emulator.judge.named import BILL, BILL_ITEM
from emulator.judge.rule import shows
from emulator.judge.rulebook import Rulebook
from emulator.judge.run import Life, Run
from emulator.money.bills import WITHDRAWN, ids_of_items
from emulator.record.payload import at

BILLING: Final = Rulebook("MEF141", "billing")
API: Final = BILLING.api

LIST: Final = "listCustomerBill"
RETRIEVE: Final = "retrieveCustomerBill"
RETRIEVE_ITEM: Final = "retrieveCustomerBillItem"

READ: Final = shows(API, BILL, "retrieve")
LISTED: Final = shows(API, BILL, "list")
SHOWN: Final = shows(API, BILL)
ITEM: Final = shows(API, BILL_ITEM)

SPELT: Final = {WITHDRAWN[1]: WITHDRAWN[0]}
"""The state of an item that was withdrawn, as the guide spells it, and as the contract does."""
OPEN: Final = ("disputeBeingInvestigated", "paymentDue", "credit")
"""States of an item that keep its bill from being settled."""


def state_of(value: Any) -> str:
    """The state of a bill or item, in the contract's spelling; empty where it has none."""
    found = at(value, "/state")
    return SPELT.get(found, found) if isinstance(found, str) else ""


def seen_items(run: Run, bill: Life) -> list[Life]:
    """What was seen of the items that a bill refers to, in its order."""
    ids = ids_of_items(dict(bill.whole[-1].value)) if bill.whole else []
    return [life for each in ids if (life := run.life(BILL_ITEM, each)) is not None and life.shown]


def items_of(run: Run, bill: Life) -> list[Life] | None:
    """The same where all of them were seen; None where one was not, or nobody knows which there are."""
    seen = seen_items(run, bill)
    return seen if seen and len(seen) == len(ids_of_items(dict(bill.whole[-1].value))) else None
