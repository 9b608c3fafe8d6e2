"""What holds for all tests: none of them judges how long something takes, so hypothesis has no deadline either."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("oit", deadline=None)
settings.load_profile("oit")
