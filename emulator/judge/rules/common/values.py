"""What JSON values of messages say, however they are spelt."""

from __future__ import annotations

from datetime import datetime
from typing import Any

Labels = str | tuple[str, ...]


def moment(value: Any) -> datetime | None:
    """A date-time of a message, None where it is none (or says no offset, which makes it no instant)."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return read if read.tzinfo else None


def same(asked: Any, answered: Any) -> bool:
    """Whether two JSON values say the same: 1 is 1.0, true is not 1, and an instant can be spelt in several ways."""
    if isinstance(asked, bool) or isinstance(answered, bool):
        return asked is answered
    if asked == answered:
        return True
    if isinstance(asked, str) and isinstance(answered, str) and "T" in asked.upper():
        left, right = moment(asked), moment(answered)
        return left is not None and left == right
    return False


def id_of(value: Any) -> Any:
    """The `id` of an object, None where it has none or is none."""
    return value.get("id") if isinstance(value, dict) else None
