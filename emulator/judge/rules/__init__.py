"""All rules, in the order in which they look at a message: the contract first, then guide by guide."""

from __future__ import annotations

from typing import Final

from emulator.judge.rule import ClosingRule, Rule
from emulator.judge.rulebook import Rulebook
from emulator.judge.rules import address, contract, inventory, poq, quote, site
from emulator.judge.rules.order import ORDER

BOOKS: Final[tuple[Rulebook, ...]] = (
    address.ADDRESS,
    site.SITE,
    poq.POQ,
    quote.QUOTE,
    ORDER,
    inventory.INVENTORY,
)
"""The guides, in the order of a purchase."""

RULES: Final[tuple[Rule, ...]] = (*contract.RULES, *(rule for book in BOOKS for rule in book.rules))
CLOSING: Final[tuple[ClosingRule, ...]] = tuple(rule for book in BOOKS for rule in book.closing)
