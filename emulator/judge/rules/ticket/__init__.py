"""The rules of MEF 124: trouble tickets and incidents."""

from __future__ import annotations

from emulator.judge.rules.ticket import (
    answering,
    asking,
    incidents,
    keeping,
    linked,
    listing,
    living,
    patching,
    telling,
)
from emulator.judge.rules.ticket.book import TICKET

__all__ = [
    "TICKET",
    "answering",
    "asking",
    "incidents",
    "keeping",
    "linked",
    "listing",
    "living",
    "patching",
    "telling",
]
