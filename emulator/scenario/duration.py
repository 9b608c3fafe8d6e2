"""Durations as people write them: 20s, 5m, 2h, 45d, 500ms, PT20S, P5D."""

from __future__ import annotations

import re
from typing import Final

SHORT: Final = re.compile(r"^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)$")
ISO: Final = re.compile(
    r"^P(?=[0-9T])(?:([0-9]+)W)?(?:([0-9]+)D)?(?:T(?=[0-9])(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+(?:\.[0-9]+)?)S)?)?$"
)
UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
LONGEST: Final = 100 * 366 * 86400.0
"""A century: more than any order takes, and far from where dates overflow."""


def seconds(text: str) -> float:
    """A duration in seconds. Raises ValueError, in words for the author of a file."""
    if short := SHORT.match(text):
        found = float(short[1]) * UNITS[short[2]]
    elif iso := ISO.match(text):
        weeks, days, hours, minutes, secs = (float(part or 0) for part in iso.groups())
        found = weeks * 604800 + days * 86400 + hours * 3600 + minutes * 60 + secs
    else:
        message = f"'{text}' is not a duration: write 20s, 5m, 2h, 45d or PT20S"
        raise ValueError(message)
    if found > LONGEST:
        message = f"'{text}' is longer than a century"
        raise ValueError(message)
    return found


def words(length: float) -> str:
    """A length of time in seconds, in the largest unit that says it exactly: 120 is 2m."""
    for unit in ("d", "h", "m"):
        if length and length % UNITS[unit] == 0:
            return f"{int(length // UNITS[unit])}{unit}"
    if 0 < length < 1:
        return f"{round(length * 1000)}ms"
    return f"{length:.3f}".rstrip("0").rstrip(".") + "s"
