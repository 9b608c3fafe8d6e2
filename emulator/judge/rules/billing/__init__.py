"""The rules of MEF 141 on bills: lists and reads, how bills and items live, what they add up to, events."""

from __future__ import annotations

from emulator.judge.rules.billing import living, reading, serving, sums, telling
from emulator.judge.rules.billing.book import BILLING

__all__ = ["BILLING", "living", "reading", "serving", "sums", "telling"]
