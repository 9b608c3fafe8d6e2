"""The rules of MEF 116: asking for products, reading them, their life."""

from __future__ import annotations

from emulator.judge.rules.inventory import asking, living, reading
from emulator.judge.rules.inventory.book import INVENTORY

__all__ = ["INVENTORY", "asking", "living", "reading"]
