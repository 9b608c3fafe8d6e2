"""Secrets that are known by their value: what our side was given, or made, is masked wherever it turns up in this process.

Names and looks find most secrets (`secret_names`, `secret_texts`). They cannot find a partner's API key that an error message
repeats. Whoever resolves a reference, generates a secret or is given a token says so here.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

SHORTEST: Final = 3
"""A value with fewer characters is in every text: it is masked by its name only."""
_PLAIN: Final = 6
"""From so many characters on, a value is masked inside of words too."""
_LINE: Final = 16
"""A line of a value of several lines (a key in PEM) that has so many characters is a secret by itself."""
_PASSING: Final = 32
"""Tokens that are remembered: the newest."""
_HEX: Final = re.compile(r"%[0-9A-F]{2}")


class _Values:
    """The values and the forms in which they may be written."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lasting: dict[str, None] = {}
        self._passing: deque[str] = deque(maxlen=_PASSING)
        self._clear()

    def _clear(self) -> None:
        self.forms: tuple[str, ...] = ()
        self.raw_forms: tuple[bytes, ...] = ()
        self.short: re.Pattern[str] | None = None
        self.short_ones: frozenset[str] = frozenset()

    def add(self, value: str, *, passing: bool) -> bool:
        """Whether that is news."""
        with self._lock:
            if len(value) < (_PLAIN if passing else SHORTEST) or value in self._lasting or value in self._passing:
                return False
            if passing:
                self._passing.append(value)
            else:
                self._lasting[value] = None
            short = [each for each in self._lasting if len(each) < _PLAIN]
            forms = {form for each in self._lasting if len(each) >= _PLAIN for form in _forms(each)}
            forms |= {form for each in self._passing for form in (each, quote(each, safe=""))}
            self.forms = tuple(sorted(forms, key=len, reverse=True))
            self.raw_forms = tuple(form.encode("utf-8", "surrogatepass") for form in self.forms)
            self.short_ones = frozenset(short)
            bounded = "|".join(map(re.escape, sorted(short, key=len, reverse=True)))
            self.short = re.compile(rf"(?<=[\"'=:])(?:{bounded})(?![^\s\"'&;,@])") if short else None
            return True


_known: Final = _Values()


def _forms(value: str) -> Iterator[str]:
    """A value as texts may have it: plain, in a URL or a form, in JSON, in base64 (RFC 4648, 4 and 5)."""
    coded = {value, quote(value, safe=""), quote(value), quote_plus(value)}
    yield from coded
    yield from (_HEX.sub(lambda found: found[0].lower(), each) for each in coded)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    raw = value.encode("utf-8", "surrogatepass")
    yield base64.b64encode(raw).decode().rstrip("=")
    yield base64.urlsafe_b64encode(raw).decode().rstrip("=")
    yield from (line.strip() for line in value.splitlines() if len(line.strip()) >= _LINE and "-----" not in line)


def learn(value: str, *, passing: bool = False) -> bool:
    """Take a value for a secret; answers whether that is news. `passing`: one of many that come and go, such as a token."""
    return _known.add(value.strip(), passing=passing)


def any_known() -> bool:
    """Whether there is any."""
    return bool(_known.forms or _known.short_ones)


def holds(text: str) -> bool:
    """Whether a known value may be in a text."""
    return any(form in text for form in _known.forms) or any(each in text for each in _known.short_ones)


def raw_holds(raw: bytes) -> bool:
    """The same of bytes."""
    return any(form in raw for form in _known.raw_forms) or any(each.encode() in raw for each in _known.short_ones)


def without_known(text: str, mark: Callable[[str], str]) -> str:
    """A text with a `mark` in place of each known value.

    A short one is masked where it is the whole text, or stands behind a quote, `=` or `:` as a whole.
    """
    if text in _known.short_ones:
        return mark(text)
    for form in _known.forms:
        if form in text:
            text = text.replace(form, mark(form))
    if _known.short is not None:
        text = _known.short.sub(lambda found: mark(found[0]), text)
    return text
