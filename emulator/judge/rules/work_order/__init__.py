"""The rules of MEF 137 on work orders: reading them, how they live, events."""

from __future__ import annotations

from emulator.judge.rules.work_order import living, reading, telling
from emulator.judge.rules.work_order.book import WORK_ORDERS

__all__ = ["WORK_ORDERS", "living", "reading", "telling"]
