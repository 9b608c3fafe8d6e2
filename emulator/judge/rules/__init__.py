"""All rules, in the order in which they look at an exchange."""

from __future__ import annotations

from typing import Final

from emulator.judge.rule import RuleSpec
from emulator.judge.rules import contract

RULES: Final[tuple[RuleSpec, ...]] = contract.RULES
