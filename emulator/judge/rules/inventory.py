"""The rules of MEF116."""

from __future__ import annotations

from typing import Final

from emulator.judge.rulebook import Rulebook

INVENTORY: Final = Rulebook("MEF116", "productInventory")
