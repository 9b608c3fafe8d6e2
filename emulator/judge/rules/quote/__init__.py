"""The rules of MEF 115, and of Mplify 115.1: what a buyer asks, what a seller answers, how a quote lives, lists, notifications."""

from __future__ import annotations

from emulator.judge.rules.quote import answering, asking, changing, listing, living, offering, placing, telling
from emulator.judge.rules.quote.book import QUOTE

__all__ = ["QUOTE", "answering", "asking", "changing", "listing", "living", "offering", "placing", "telling"]
