"""The rules of MEF 123: one module for each group of use cases.

In the order of the guide: placing, terms, changing, living, patching, reading, dates, charging, telling.
"""

from __future__ import annotations

from emulator.judge.rules.order import (
    changing,
    charging,
    dates,
    living,
    patching,
    placing,
    reading,
    telling,
    terms,
)
from emulator.judge.rules.order.book import ORDER

__all__ = ["ORDER", "changing", "charging", "dates", "living", "patching", "placing", "reading", "telling", "terms"]
