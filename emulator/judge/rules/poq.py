"""The rules of MEF87."""

from __future__ import annotations

from typing import Final

from emulator.judge.rulebook import Rulebook

POQ: Final = Rulebook("MEF87", "productOfferingQualification")
