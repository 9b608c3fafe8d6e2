"""The rules of MEF 123, in the order of the guide: one module for each group of use cases."""

from __future__ import annotations

from emulator.judge.rules.order.book import ORDER

__all__ = ["ORDER"]
