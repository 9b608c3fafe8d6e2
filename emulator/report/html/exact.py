"""Numbers that a browser would read as others: it knows only doubles, and writes 1.0 as 1."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

MARK: Final = "\u0000n"
"""The one member of an object that stands for a number; its value is the number as JSON has it."""

_SUSPECT: Final = re.compile(rb"[0-9]{16}|[0-9]\.0[,\]}]|[0-9]\.0$|[0-9][eE]")
_SAFE: Final = 2**53 - 1


def exact(value: Any) -> Any:
    """The value, with each number that a browser would show otherwise as `{MARK: text}`; itself where there is none."""
    try:
        if not _SUSPECT.search(orjson.dumps(value)):
            return value
    except TypeError:  # nested deeper than orjson writes
        pass
    return _marked(value)


def _marked(value: Any) -> Any:
    match value:
        case bool():
            return value
        case int() if not -_SAFE <= value <= _SAFE:
            return {MARK: str(value)}
        case float() if value.is_integer():
            return {MARK: repr(value)}
        case dict():
            return {name: _marked(member) for name, member in value.items()}
        case list():
            return [_marked(item) for item in value]
        case _:
            return value
