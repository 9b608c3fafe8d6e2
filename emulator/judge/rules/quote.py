"""The rules of MEF115."""

from __future__ import annotations

from typing import Final

from emulator.judge.rulebook import Rulebook

QUOTE: Final = Rulebook("MEF115", "quote")
