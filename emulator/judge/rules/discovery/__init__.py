"""The rules of MEF W160, roughly in the order of the guide: one module for each part of the two questions and their answers."""

from __future__ import annotations

from emulator.judge.rules.discovery import across, answering, asking, lasting, pricing
from emulator.judge.rules.discovery.book import DISCOVERY

__all__ = ["DISCOVERY", "across", "answering", "asking", "lasting", "pricing"]
