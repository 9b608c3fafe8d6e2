"""Regular expressions that others wrote, matched in time that grows with the text and no faster (RE2).

Whatever a scenario, a filter or a schema of somebody else brings goes through here: Python's own engine can be made to
look at a short text for hours. RE2 has neither look-around nor back-references, which is why it never does.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import jsonschema_rs
import re2

LONGEST: Final = 2_000
"""Characters of an expression."""
_MEMORY: Final = 1 << 20
"""Bytes that a compiled expression may take: with it, what each character of a text costs is bounded too."""
SCHEMA_PATTERNS: Final = jsonschema_rs.RegexOptions(size_limit=_MEMORY, dfa_size_limit=_MEMORY)
"""The engine of a validator for `pattern`s: linear as well, and in the words of ECMA 262, as JSON Schema wants them."""


class NotLinear(ValueError):  # noqa: N818 - it is what it says
    """An expression that cannot be matched here; the message says why."""


def found_in(pattern: str, text: str) -> bool:
    """Whether the expression matches anywhere in a text. NotLinear where it cannot be matched at all."""
    try:
        return _compiled(pattern).search(text) is not None
    except UnicodeEncodeError:  # half of a surrogate pair, which no expression means
        return _compiled(pattern).search(text.encode("utf-8", "replace").decode()) is not None


def problem(pattern: Any) -> str | None:
    """Why an expression of a scenario or filter cannot be matched here; None where it can."""
    if not isinstance(pattern, str):
        return f"a text is needed, not {type(pattern).__name__}"
    try:
        _compiled(pattern)
    except NotLinear as error:
        return str(error)
    return None


def schema_problem(pattern: str) -> str | None:
    """Why a `pattern` of a schema cannot be matched here; None where it can."""
    if len(pattern) > LONGEST:
        return _TOO_LONG
    try:
        jsonschema_rs.Draft7Validator({"pattern": pattern}, pattern_options=SCHEMA_PATTERNS)
    except jsonschema_rs.ValidationError:
        return "it is no expression of ECMA 262, or needs look-around, a back-reference or too much memory"
    return None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    if len(pattern) > LONGEST:
        raise NotLinear(_TOO_LONG)
    options = re2.Options()
    options.max_mem, options.log_errors = _MEMORY, False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        words = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise NotLinear(words + (_HINT if words.startswith(_UNKNOWN) else "")) from error
    except UnicodeEncodeError as error:
        message = "it holds half of a surrogate pair, which is no character"
        raise NotLinear(message) from error


_TOO_LONG: Final = f"it is longer than {LONGEST} characters"
_UNKNOWN: Final = ("invalid perl operator", "invalid escape sequence")
_HINT: Final = " (the syntax is RE2's: it has no look-around and no back-references)"
