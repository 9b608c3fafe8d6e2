"""The page as a format of reports; the folder `html` makes it."""

from __future__ import annotations

from emulator.report.html import write

__all__ = ["write"]
