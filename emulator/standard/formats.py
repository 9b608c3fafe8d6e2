"""Checkers of string formats, ours, so that a verdict never depends on a library's version.

RFC 3339 for `date-time` and `date`, RFC 3986 for `uri`. Both validation engines use these functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Final

_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")
_DATE_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))\Z"
)
_PCHAR: Final = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*"
_URI: Final = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*):"
    r"(?://(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@)?"
    r"(\[[0-9A-Fa-fvV:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?(?=[/?#]|\Z)|(?!//))"
    + _PCHAR + r"(?:\?" + _PCHAR.replace("@/", "@/?") + r")?(?:#" + _PCHAR.replace("@/", "@/?") + r")?\Z"
)  # fmt: skip
_LAST_SECOND = 59
_LEAP_SECOND = 60
_MINUTES_A_DAY = 24 * 60


def is_date(text: str) -> bool:
    """Whether text is an RFC 3339 full-date."""
    match = _DATE.match(text)
    if not match:
        return False
    year, month, day = (int(part) for part in match.groups())
    try:
        # Year 0000 is well formed in RFC 3339 and unknown to Python's calendar; it is a leap year.
        date(year or 4, month, day)
    except ValueError:
        return False
    return True


def is_date_time(text: str) -> bool:
    """Whether text is an RFC 3339 date-time; a leap second may stand only at 23:59:60 UTC."""
    match = _DATE_TIME.match(text)
    if not match or not is_date(match.group(1)):
        return False
    hour, minute, second = int(match.group(2)), int(match.group(3)), int(match.group(4))
    offset = 0
    if match.group(5):
        off_hour, off_minute = int(match.group(6)), int(match.group(7))
        if off_hour > 23 or off_minute > _LAST_SECOND:  # noqa: PLR2004 - hours of a day
            return False
        offset = (off_hour * 60 + off_minute) * (-1 if match.group(5) == "-" else 1)
    if hour > 23 or minute > _LAST_SECOND:  # noqa: PLR2004 - hours of a day
        return False
    if second == _LEAP_SECOND:
        return (hour * 60 + minute - offset) % _MINUTES_A_DAY == _MINUTES_A_DAY - 1
    return second <= _LAST_SECOND


def is_uri(text: str) -> bool:
    """Whether text is an RFC 3986 URI: a scheme, and only what a URI may have. HTTP wants a host too (RFC 9110)."""
    match = _URI.match(text)
    if not match:
        return False
    return bool(match.group(2)) or match.group(1).lower() not in {"http", "https"}


CHECKERS: Final[dict[str, Callable[[str], bool]]] = {
    "date-time": is_date_time,
    "date": is_date,
    "uri": is_uri,
}
"""Every format that a contract names and that says something about the text."""
