"""Checkers of string formats, ours, so that a verdict never depends on a library's version.

RFC 3339 for `date-time` and `date`, RFC 3986 for `uri`. Both validation engines use these functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Final

_DAY: Final = r"([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_DATE: Final = re.compile(_DAY + r"\Z")
_DATE_TIME: Final = re.compile(
    _DAY + r"[Tt]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)(?:\.[0-9]+)?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))\Z"
)
_PCHAR: Final = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*"
_URI: Final = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*):"
    r"(?://(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@)?"
    r"(\[[0-9A-Fa-fvV:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?(?=[/?#]|\Z)|(?!//))"
    + _PCHAR + r"(?:\?" + _PCHAR.replace("@/", "@/?") + r")?(?:#" + _PCHAR.replace("@/", "@/?") + r")?\Z"
)  # fmt: skip
_IN_EVERY_MONTH = "28"
_LEAP_SECOND = "60"
_MINUTES_A_DAY = 24 * 60


def is_date(text: str) -> bool:
    """Whether text is an RFC 3339 full-date."""
    match = _DATE.match(text)
    return match is not None and _has_day(match)


def _has_day(match: re.Match[str]) -> bool:
    """Whether the month of a date has that day."""
    if match[3] <= _IN_EVERY_MONTH:
        return True
    try:
        # Year 0000 is well formed in RFC 3339 and unknown to Python's calendar; it is a leap year.
        date(int(match[1]) or 4, int(match[2]), int(match[3]))
    except ValueError:
        return False
    return True


def is_date_time(text: str) -> bool:
    """Whether text is an RFC 3339 date-time; a leap second may stand only at 23:59:60 UTC."""
    match = _DATE_TIME.match(text)
    if match is None or not _has_day(match):
        return False
    if match[6] != _LEAP_SECOND:
        return True
    minutes = int(match[4]) * 60 + int(match[5])
    if match[7]:
        offset = int(match[8]) * 60 + int(match[9])
        minutes += offset if match[7] == "-" else -offset
    return minutes % _MINUTES_A_DAY == _MINUTES_A_DAY - 1


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
