"""Checkers of string formats, ours, so that a verdict never depends on a library's version.

RFC 3339 for `date-time` and `date`, RFC 3986 for `uri` and `uri-reference`, RFC 6570 for `uri-template`, RFC 4122
for `uuid`, RFC 2673 and RFC 4291 for `ipv4` and `ipv6`. Both validation engines use these functions.

Strangers write the texts, so no expression here tries the same thing twice: what is repeated gives nothing back (`*+`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

_DAY: Final = r"([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_DATE: Final = re.compile(_DAY + r"\Z")
_DATE_TIME: Final = re.compile(
    _DAY + r"[Tt]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)(?:\.[0-9]+)?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))\Z"
)
_PCHAR: Final = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*+"
_URI: Final = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*):"
    r"(?://(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*+@)?"
    r"(\[[0-9A-Fa-fvV:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*+)(?::[0-9]*)?(?=[/?#]|\Z)|(?!//))"
    + _PCHAR + r"(?:\?" + _PCHAR.replace("@/", "@/?") + r")?(?:#" + _PCHAR.replace("@/", "@/?") + r")?\Z"
)  # fmt: skip
_AUTHORITY: Final = (
    r"//(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*+@)?"
    r"(?:\[[0-9A-Fa-fvV:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*+)(?::[0-9]*)?(?=[/?#]|\Z)"
)
# A first segment with a colon would be a scheme.
_RELATIVE: Final = re.compile(
    r"(?:" + _AUTHORITY + r"|(?!//))(?![^/?#]*:)" + _PCHAR
    + r"(?:\?" + _PCHAR.replace("@/", "@/?") + r")?(?:#" + _PCHAR.replace("@/", "@/?") + r")?\Z"
)  # fmt: skip
_VARIABLE: Final = r"(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})(?:\.?(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2}))*+(?::[1-9][0-9]{0,3}|\*)?"
_TEMPLATE: Final = re.compile(
    r"(?:[^\x00-\x20\x7f-\x9f\"'%<>\\^`{|}]|%[0-9A-Fa-f]{2}"
    r"|\{[+#./;?&=,!@|]?" + _VARIABLE + r"(?:," + _VARIABLE + r")*+\})*+\Z"
)  # fmt: skip
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z")
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


def is_uri_reference(text: str) -> bool:
    """Whether text is an RFC 3986 URI-reference: a URI, or one relative to another."""
    return is_uri(text) or _RELATIVE.match(text) is not None


def is_uri_template(text: str) -> bool:
    """Whether text is an RFC 6570 template: literals, and expressions in braces."""
    return _TEMPLATE.match(text) is not None


def is_uuid(text: str) -> bool:
    """Whether text is a UUID as RFC 4122 writes it, of whatever version."""
    return _UUID.match(text) is not None


def is_ipv4(text: str) -> bool:
    """Whether text is an IPv4 address: four decimal numbers, none of them with a leading zero."""
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return "/" not in text


def is_ipv6(text: str) -> bool:
    """Whether text is an IPv6 address as RFC 4291 writes it; a zone (`%eth0`) is no part of one."""
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return "%" not in text and "/" not in text


CHECKERS: Final[dict[str, Callable[[str], bool]]] = {
    "date-time": is_date_time,
    "date": is_date,
    "uri": is_uri,
    "uri-reference": is_uri_reference,
    "uri-template": is_uri_template,
    "uuid": is_uuid,
    "ipv4": is_ipv4,
    "ipv6": is_ipv6,
}
"""Every format of texts that a contract or product names and that says something about the text."""

_WORDS: Final = {
    "uri": "a URI",
    "uri-reference": "a URI or a relative reference",
    "uri-template": "a URI template",
    "uuid": "a UUID",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
}


def in_words(name: str) -> str:
    """A format as a sentence has it: `a date-time`, `an IPv4 address`."""
    return _WORDS.get(name, f"a {name}")
