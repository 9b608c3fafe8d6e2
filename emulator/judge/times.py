"""How exact the judge takes time: one set for all guides, in the time of reality (`Run.spread` makes it the transcript's)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

GRACE: Final = timedelta(seconds=30)
"""So long an event can be under way: none is missed before, and none is held against the end of a subscription."""
PATIENCE: Final = timedelta(seconds=60)
"""After so long what had to follow from an act, of the same resource or of another, shows at a look."""
SKEW: Final = timedelta(seconds=1)
"""Two moments that are one, told by two witnesses of one clock, or with and without a fraction, differ by no more."""
CLOCKS: Final = timedelta(hours=1)
"""By so much the clocks of two parties may differ before it is worth a word."""
ROUNDED: Final = SKEW / 2
"""A moment that is told in whole seconds can be so much too late."""

Moves = Sequence[tuple[datetime, timedelta]]
"""Each time that the clock of a transcript was put forward: what it showed then, and by how much."""


def lasted(since: datetime, until: datetime, moves: Moves) -> timedelta:
    """How much time passed between two moments of a transcript, but for what its clock was put forward."""
    leapt = timedelta()
    for shown, by in moves:
        leapt += max(timedelta(), min(until, shown) - max(since, shown - by))
    return until - since - leapt
