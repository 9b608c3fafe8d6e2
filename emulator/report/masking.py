"""What may leave in a report: plain JSON without secrets, whatever a stranger sent."""

from __future__ import annotations

import math
from datetime import date, datetime
from enum import Enum
from typing import Any, Final

from emulator.record.payload import MISSING
from emulator.record.secrets import Place, is_secret, marked_text, masked_text, masked_value, suspicious_text

MAX_NESTING: Final = 300
"""Deeper than any body that `record.payload` reads."""

_INT64: Final = 1 << 63


def secret_name(name: str) -> bool:
    """Whether a member of this name holds a secret."""
    return is_secret(name, Place.MEMBER)


def clean_text(text: str) -> str:
    """Text without the secrets in it, and without what UTF-8 cannot write."""
    return masked_text(_utf8(text))


def plain(value: Any, depth: int = 0) -> Any:
    """A value as JSON that any reader can read: secrets masked, nothing but plain types.

    MISSING becomes null. What JSON cannot say (NaN, huge integers, bytes) becomes text.
    """
    if value is None or value is MISSING:
        return None
    if depth > MAX_NESTING:
        return "…"
    match value:
        case dict():
            return {
                _utf8(str(name)): plain(masked_value(member) if secret_name(str(name)) else member, depth + 1)
                for name, member in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [plain(item, depth + 1) for item in value]
        case _:
            return _scalar(value)


def _scalar(value: Any) -> Any:
    match value:
        case bool():
            said: Any = value
        case Enum():
            said = _scalar(value.value)
        case str():
            said = marked_text(_utf8(value)) if suspicious_text(value) else _utf8(value)
        case int():
            said = value if -_INT64 <= value < _INT64 else hex(value)
        case float():
            said = value if math.isfinite(value) else str(value)
        case datetime():
            said = moment(value)
        case date():
            said = value.isoformat()
        case bytes():
            said = clean_text(value.decode("utf-8", "replace"))
        case _:
            said = clean_text(str(value))
    return said


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def moment(value: datetime) -> str:
    """A date-time in RFC 3339: UTC, milliseconds, `Z`. A naive one is taken for UTC."""
    offset = value.utcoffset()
    if offset is not None:
        value = value.replace(tzinfo=None) - offset
    return value.isoformat(timespec="milliseconds") + "Z"
