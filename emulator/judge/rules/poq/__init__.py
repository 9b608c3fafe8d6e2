"""The rules of MEF 87, roughly in the order of the guide: one module for each part of a qualification's life."""

from __future__ import annotations

from emulator.judge.rules.poq import answering, asking, listing, living, telling
from emulator.judge.rules.poq.book import POQ

__all__ = ["POQ", "answering", "asking", "listing", "living", "telling"]
