"""How exact the judge takes time: one set for all guides, in the time of reality (`Run.spread` makes it the transcript's)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

GRACE: Final = timedelta(seconds=30)
"""So long an event can be under way: none is missed before, and none is held against the end of a subscription."""
SKEW: Final = timedelta(seconds=1)
"""Two moments that are one, told by two witnesses of one clock, or with and without a fraction, differ by no more."""
CLOCKS: Final = timedelta(hours=1)
"""By so much the clocks of two parties may differ before it is worth a word."""
ROUNDED: Final = SKEW / 2
"""A moment that is told in whole seconds can be so much too late."""
