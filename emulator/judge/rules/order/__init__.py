"""The rules of MEF 123: one module for each group of use cases.

In the order of the guide: serving, products, placing with answering and item_answers, terms, changing, living, patching,
reading, dates, cancelling, too_late, plausible, charging with charge_answers, charge_ends, charge_states and charge_subject, subscribing, news, telling, paging.
"""

from __future__ import annotations

from emulator.judge.rules.order import (
    answering,
    cancelling,
    changing,
    charge_answers,
    charge_ends,
    charge_states,
    charge_subject,
    charging,
    dates,
    item_answers,
    living,
    news,
    paging,
    patching,
    placing,
    plausible,
    products,
    reading,
    serving,
    subscribing,
    telling,
    terms,
    too_late,
)
from emulator.judge.rules.order.book import ORDER

__all__ = [
    "ORDER",
    "answering",
    "cancelling",
    "changing",
    "charge_answers",
    "charge_ends",
    "charge_states",
    "charge_subject",
    "charging",
    "dates",
    "item_answers",
    "living",
    "news",
    "paging",
    "patching",
    "placing",
    "plausible",
    "products",
    "reading",
    "serving",
    "subscribing",
    "telling",
    "terms",
    "too_late",
]
