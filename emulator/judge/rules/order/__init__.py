"""The rules of MEF 123, in the order of the guide: one module for each group of use cases."""

from __future__ import annotations

# Imported one by one, since each fills the book.
from emulator.judge.rules.order import placing

# isort: split
from emulator.judge.rules.order import following

# isort: split
from emulator.judge.rules.order import charging

# isort: split
from emulator.judge.rules.order import telling

# isort: split
from emulator.judge.rules.order.book import ORDER

__all__ = ["ORDER", "charging", "following", "placing", "telling"]
