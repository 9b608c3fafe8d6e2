"""What a reconciliation says: a line for each item of a bill, one for what is missing, and one for each bill that does not add up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from emulator.money.currency import decimals

PLAIN: Final = "plain"
"""In place of a clause: this is plain logic, and no clause asks for it."""


class LineVerdict(StrEnum):
    """What becomes of a line."""

    EXPLAINED = "explained"  # it is what was agreed
    DISPUTED = "disputed"  # what was seen contradicts it
    MISSING = "missing"  # it should have been billed, or shown, and was not
    UNEXPLAINED = "unexplained"  # too little was seen to say


class Reason(StrEnum):
    """Why a line is not explained, or in which special way it is."""

    AS_AGREED = "as-agreed"
    TERMINATED_LATER = "terminated-later"
    TAKEN_BACK = "taken-back"
    UNKNOWN_PRODUCT = "unknown-product"
    UNKNOWN_ORDER_ITEM = "unknown-order-item"
    NO_SUBJECT = "no-subject"
    NOT_SEEN = "subject-not-seen"
    WRONG_ACCOUNT = "wrong-account"
    OTHER_PRODUCT = "order-item-of-another-product"
    NEVER_COMPLETED = "never-completed"
    NOT_COMPLETED_YET = "not-completed-when-seen"
    WRONG_CURRENCY = "wrong-currency"
    BILLED_TWICE = "billed-twice"
    DUPLICATE_BILL = "duplicate-bill"
    ON_TWO_BILLS = "on-two-bills"
    DECLINED = "declined-charge"
    BEFORE_START = "before-start"
    AFTER_TERMINATION = "after-termination"
    WRONG_RATE = "wrong-rate"
    WRONG_QUANTITY = "wrong-quantity"
    WRONG_AMOUNT = "wrong-amount"
    ROUNDING = "rounding"
    WRONG_TAX = "wrong-tax"
    WRONG_TAX_RATE = "wrong-tax-rate"
    WRONG_FEE = "wrong-fee"
    NO_AMOUNT = "no-amount"
    NO_PRICE_SEEN = "no-price-seen"
    NO_SUCH_PRICE = "no-such-price"
    NO_PERIOD = "no-period"
    USAGE = "usage-without-records"
    NOT_READ = "not-read"
    NOT_READABLE = "not-readable"
    NOT_BILLED = "not-billed"
    NOT_CREDITED = "not-credited"


CLAUSES: Final = {
    Reason.UNKNOWN_PRODUCT: "MEF141-R22",
    Reason.UNKNOWN_ORDER_ITEM: "MEF141-R23",
    Reason.NO_SUBJECT: "MEF141-R21",
    Reason.WRONG_ACCOUNT: "MEF123-R33",
    Reason.WRONG_TAX: "MEF141 section 7.2.1.9",
    Reason.WRONG_FEE: "MEF141 section 7.2.1.5",
}
"""Where a line stands on more than plain logic."""


@dataclass(frozen=True, slots=True)
class ItemLine:
    """An item of a bill, or what is missing of one.

    `net`, `tax` and `fee` are what was billed, `billed` is all of it, `expected` what it should have been with tax and fee;
    None where that is not known. `difference` is billed less expected. Amounts are of `currency`. `bill` and `item` are ids,
    "" where there is none; `text` says it in words.
    """

    standing: LineVerdict
    reason: Reason
    text: str
    bill: str = ""
    item: str = ""
    account: str = ""
    product: str = ""
    order: str = ""
    order_item: str = ""
    kind: str = ""
    begin: str = ""
    end: str = ""
    net: Decimal | None = None
    tax: Decimal | None = None
    fee: Decimal | None = None
    billed: Decimal | None = None
    expected: Decimal | None = None
    currency: str = ""

    @property
    def difference(self) -> Decimal | None:
        return None if self.billed is None or self.expected is None else self.billed - self.expected

    @property
    def clause(self) -> str:
        return CLAUSES.get(self.reason, PLAIN)

    def as_json(self) -> dict[str, Any]:
        """The line as reports have it: amounts are texts, so that no reader rounds them; what is not known is absent."""
        texts = {
            "standing": str(self.standing),
            "reason": str(self.reason),
            "bill": self.bill,
            "item": self.item,
            "account": self.account,
            "product": self.product,
            "order": self.order,
            "orderItem": self.order_item,
            "type": self.kind,
            "from": self.begin,
            "to": self.end,
            "currency": self.currency,
            "clause": self.clause,
            "text": self.text,
        }
        amounts = {
            "net": self.net,
            "tax": self.tax,
            "fee": self.fee,
            "billed": self.billed,
            "expected": self.expected,
            "difference": self.difference,
        }
        told = {name: plain(value, self.currency) for name, value in amounts.items() if value is not None}
        return {name: value for name, value in texts.items() if value} | told


@dataclass(frozen=True, slots=True)
class BillRemark:
    """A bill that is not what it should be as a whole: `formula` is the name of what does not hold, `billed` the amount in it."""

    bill: str
    formula: str
    text: str
    billed: Decimal | None = None
    expected: Decimal | None = None
    currency: str = ""
    clause: str = PLAIN

    @property
    def difference(self) -> Decimal | None:
        return None if self.billed is None or self.expected is None else self.billed - self.expected

    def as_json(self) -> dict[str, Any]:
        """As of `ItemLine`."""
        texts = {"bill": self.bill, "formula": self.formula, "currency": self.currency, "clause": self.clause}
        amounts = {"billed": self.billed, "expected": self.expected, "difference": self.difference}
        told = {name: plain(value, self.currency) for name, value in amounts.items() if value is not None}
        return {name: value for name, value in texts.items() if value} | told | {"text": self.text}


def plain(value: Decimal, unit: str = "") -> str:
    """A decimal as people write it: without an exponent, without zeros that say nothing, and with the decimals of its currency."""
    least = decimals(unit) if unit else 0
    whole, _, part = f"{value:f}".partition(".")
    part = part.rstrip("0").ljust(least, "0")
    text = f"{whole}.{part}" if part else whole
    return text.removeprefix("-") if not text.strip("-0.") else text
