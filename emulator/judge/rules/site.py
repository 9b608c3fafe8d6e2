"""The rules of MEF122."""

from __future__ import annotations

from typing import Final

from emulator.judge.rulebook import Rulebook

SITE: Final = Rulebook("MEF122", "geographicSite")
