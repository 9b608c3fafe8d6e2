"""The book that the modules beside this one fill."""

from __future__ import annotations

from typing import Final

from emulator.judge.rulebook import Rulebook

ORDER: Final = Rulebook("MEF123", "productOrder")
