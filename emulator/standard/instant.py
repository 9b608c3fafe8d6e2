"""Date-times of RFC 3339 as instants, however they are spelt."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def read_instant(value: Any) -> datetime | None:
    """A date-time or date, None where it is neither. Without an offset it stays without one. Never raises.

    RFC 3339, 5.6, lets `T` and `Z` be lower-case; a leap second is a moment too, though Python has no word for it.
    """
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value.strip().upper().replace(":60", ":59"))
    except ValueError:
        return None


def read_moment(value: Any) -> datetime | None:
    """A date-time with its offset, None for all else. Never raises."""
    found = read_instant(value)
    return found if found is not None and found.tzinfo is not None else None
