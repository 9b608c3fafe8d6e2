"""What may leave in a report: plain JSON without secrets, whatever a stranger sent."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from enum import Enum
from typing import Any, Final

from emulator.wire.exchange import MASK
from emulator.wire.payload import MISSING

SECRET_MEMBERS: Final = frozenset(
    {
        "accesstoken",
        "apikey",
        "authorization",
        "clientassertion",
        "clientsecret",
        "idtoken",
        "password",
        "passwd",
        "refreshtoken",
        "secret",
    }
)
"""Member and parameter names whose values never leave, in lower case without `_`, `-` and blanks."""

MAX_NESTING: Final = 300
"""Deeper than any body that `wire.payload` reads."""

_NAMES: Final = (
    "access[_-]?token|api[_-]?key|authorization|client[_-]?assertion|client[_-]?secret|id[_-]?token"
    "|password|passwd|refresh[_-]?token|secret"
)
_IN_JSON: Final = re.compile(rf'("(?:{_NAMES})"\s*:\s*")(?:[^"\\]|\\.)*', re.IGNORECASE)
_IN_FORM: Final = re.compile(rf"((?:^|[?&\s;])(?:{_NAMES})=)[^&\s;#]*", re.IGNORECASE)
_IN_USERINFO: Final = re.compile(r"(://[^/?#@\s:]*:)[^/?#@\s]*@")
_IN_SCHEME: Final = re.compile(r"\b((?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}")
_WORD_BREAKS: Final = re.compile(r"[\s_-]+")

_INT64: Final = 1 << 63


def secret_name(name: str) -> bool:
    """Whether a member of this name holds a secret."""
    return _WORD_BREAKS.sub("", name).lower() in SECRET_MEMBERS


def clean_text(text: str) -> str:
    """Text without secrets that we know by their place, and without what UTF-8 cannot write."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = _IN_JSON.sub(rf"\g<1>{MASK}", text)
    text = _IN_FORM.sub(rf"\g<1>{MASK}", text)
    text = _IN_USERINFO.sub(rf"\g<1>{MASK}@", text)
    return _IN_SCHEME.sub(rf"\g<1>{MASK}", text)


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
                _utf8(str(name)): _masked_member(member) if secret_name(str(name)) else plain(member, depth + 1)
                for name, member in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [plain(item, depth + 1) for item in value]
        case _:
            return _scalar(value)


def _masked_member(member: Any) -> Any:
    return member if member is None or isinstance(member, bool) else MASK


def _scalar(value: Any) -> Any:
    match value:
        case bool():
            said: Any = value
        case Enum():
            said = _scalar(value.value)
        case str():
            said = _without_credentials(_utf8(value)) if "://" in value else _utf8(value)
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


def _without_credentials(text: str) -> str:
    """A text with a URL in it, without the password and the secret parameters of that: a callback may have them."""
    return _IN_FORM.sub(rf"\g<1>{MASK}", _IN_USERINFO.sub(rf"\g<1>{MASK}@", text))


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def moment(value: datetime) -> str:
    """A date-time in RFC 3339: UTC, milliseconds, `Z`. A naive one is taken for UTC."""
    offset = value.utcoffset()
    if offset is not None:
        value = value.replace(tzinfo=None) - offset
    return value.isoformat(timespec="milliseconds") + "Z"
