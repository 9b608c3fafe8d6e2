"""The rules of Mplify 121.1, in the order of the guide: asking, answering, reading, telling."""

from __future__ import annotations

from emulator.judge.rules.address_by_representation import answering, asking, reading, telling
from emulator.judge.rules.address_by_representation.book import ADDRESSES

__all__ = ["ADDRESSES", "answering", "asking", "reading", "telling"]
