"""Texts that schemas allow: of a format, of a length, matching patterns; short, and such as a person can read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from emulator.standard.engine import compiled
from emulator.standard.linear import schema_problem

FORMATS: Final[Mapping[str, str]] = {
    "date-time": "2026-01-15T09:00:00.000Z",
    "date": "2026-01-15",
    "time": "09:00:00Z",
    "duration": "P1D",
    "email": "contact@seller.example",
    "idn-email": "contact@seller.example",
    "hostname": "seller.example",
    "idn-hostname": "seller.example",
    "uri": "https://seller.example/",
    "iri": "https://seller.example/",
    "url": "https://seller.example/",
    "uri-reference": "https://seller.example/",
    "iri-reference": "https://seller.example/",
    "uri-template": "https://seller.example/{id}",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "json-pointer": "/a",
    "relative-json-pointer": "0",
    "regex": "a",
    "byte": "",
}
"""A text of each format that has one; addresses are those that RFC 5737 and RFC 3849 keep for documents."""

_NUMBERED: Final[Mapping[str, str]] = {
    "time": "09:00:{:02}Z",
    "duration": "P{}D",
    "email": "contact{}@seller.example",
    "idn-email": "contact{}@seller.example",
    "hostname": "seller{}.example",
    "idn-hostname": "seller{}.example",
    "relative-json-pointer": "{}",
}
"""The same formats where several texts have to differ: with a number. To others it is put at the end."""

_LONGEST: Final = 10_000
"""Characters of a text that is made up; nobody reads a longer one."""
_MANY: Final = 64
"""Repetitions that are tried where a text has to be longer."""
_LIKED: Final = "aA1b2 -_.:/@+" + "".join(map(chr, range(33, 127)))
"""Characters in the order in which they are taken where a class leaves the choice."""


def texts_for(parts: Sequence[Mapping[str, Any]], first: str, variant: int) -> Iterator[str]:
    """Texts to try for schemas that all bind, the one that is liked best first; `variant` tells several of them apart."""
    least = max((int(part["minLength"]) for part in parts if "minLength" in part), default=0)
    most = min((int(part["maxLength"]) for part in parts if "maxLength" in part), default=max(least, _LONGEST))
    forms = [str(part["format"]) for part in parts if "format" in part]
    for form in forms:
        if form in FORMATS:
            yield from _varied(FORMATS[form], form, variant)
    if least <= _LONGEST:
        tail = f" {variant + 1}" if variant else ""
        yield first[: max(most - len(tail), 0)].ljust(least - len(tail), ".") + tail
        yield f"{variant + 1}".rjust(least, "0")
    for part in parts:
        pattern = part.get("pattern")
        if isinstance(pattern, str) and schema_problem(pattern) is None:
            yield from matching(pattern, least, variant)


def fits(parts: Sequence[Mapping[str, Any]], value: Any) -> bool:
    """Whether a value that holds no others meets the schemas, as far as they speak of it by themselves."""
    own = [{key: part[key] for key in _OF_LEAVES & part.keys() if not _is_odd(key, part[key])} for part in parts]
    return compiled({"allOf": own}).is_valid(value)


_OF_LEAVES: Final = frozenset(
    {
        "type",
        "enum",
        "const",
        "format",
        "pattern",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
    }
)


def _is_odd(key: str, value: Any) -> bool:
    """A pattern that cannot be matched is not checked (`patterns`)."""
    return key == "pattern" and schema_problem(value) is not None


def _varied(text: str, form: str, variant: int) -> Iterator[str]:
    if not variant:
        yield text
    elif form in ("date-time", "date"):
        yield text.replace("-15", f"-{1 + variant % 28:02}")
    elif form == "uuid":
        yield f"{variant:08x}{text[8:]}"
    elif form == "ipv4":
        yield f"192.0.2.{1 + variant % 254}"
    elif form == "ipv6":
        yield f"2001:db8::{variant + 1:x}"
    elif form in _NUMBERED:
        yield _NUMBERED[form].format(variant + 1)
    else:
        yield f"{text}{variant + 1}"


def matching(pattern: str, least: int = 0, variant: int = 0) -> Iterator[str]:
    """Short texts that an expression of ECMA 262 matches, of `least` characters at least; none where we do not read it."""
    for more in (0, 1, 2, 4, 8, 16, 32, _MANY):
        try:
            text = _PatternReader(pattern, more, variant).read()
        except (_UnreadError, ValueError, IndexError):
            return
        if len(text) >= least:
            yield text


class _UnreadError(Exception):
    """An expression with something in it that we make no text of."""


_CLASSES: Final[Mapping[str, str]] = {"d": "0-9", "w": "A-Za-z0-9_", "s": " "}
_ESCAPES: Final[Mapping[str, str]] = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_COUNT: Final = re.compile(r"\{([0-9]+)(,)?([0-9]+)?\}")


class _PatternReader:
    """Reads an expression and writes a text as it goes: of alternatives the first, of repetitions the fewest and `more`."""

    def __init__(self, pattern: str, more: int, variant: int) -> None:
        self._text, self._at, self._more, self._variant = pattern, 0, more, variant

    def read(self) -> str:
        """The text; _UnreadError where there is none."""
        found = self._alternatives()
        if self._at < len(self._text):
            raise _UnreadError
        return found

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        found = self._text[self._at]
        self._at += 1
        return found

    def _alternatives(self) -> str:
        options = [self._sequence()]
        while self._peek() == "|":
            self._take()
            options.append(self._sequence())
        return options[self._variant % len(options)]

    def _sequence(self) -> str:
        found = ""
        while self._peek() not in ("", "|", ")"):
            found += self._repeated(self._atom())
            if len(found) > _LONGEST:
                raise _UnreadError
        return found

    def _repeated(self, atom: str) -> str:
        least, most = 1, 1
        sign = self._peek()
        if sign and sign in "*+?":
            self._take()
            least, most = (1 if sign == "+" else 0), (1 if sign == "?" else _LONGEST)
        elif sign == "{" and (count := _COUNT.match(self._text, self._at)):
            self._at = count.end()
            least = int(count[1])
            most = int(count[3]) if count[3] else (_LONGEST if count[2] else least)
        else:
            return atom
        if self._peek() == "?":
            self._take()
        return atom * min(most, least + self._more, _LONGEST)

    def _atom(self) -> str:
        char = self._take()
        if char in "^$":
            return ""
        if char == ".":
            return _chosen([("!", "~")], negated=False, variant=self._variant)
        if char == "(":
            return self._group()
        if char == "[":
            return self._class()
        return self._escaped() if char == "\\" else char

    def _group(self) -> str:
        if self._text.startswith("?:", self._at):
            self._at += 2
        elif named := re.compile(r"\?<[A-Za-z_$][\w$]*>").match(self._text, self._at):
            self._at = named.end()
        elif self._peek() == "?":
            raise _UnreadError
        found = self._alternatives()
        if self._take() != ")":
            raise _UnreadError
        return found

    def _escaped(self) -> str:
        char = self._take()
        if char in "bB":
            return ""
        if char.lower() in _CLASSES:
            return _chosen(_ranges(_CLASSES[char.lower()]), negated=char.isupper(), variant=self._variant)
        if char in "pP":
            if char == "P" or self._take() != "{":
                raise _UnreadError
            name = self._text[self._at : self._text.index("}", self._at)]
            self._at += len(name) + 1
            return {"N": "1", "P": ".", "S": "+", "Z": " "}.get(name[:1], "A" if name in ("Lu", "Lt") else "a")
        return self._literal(char)

    def _literal(self, char: str) -> str:
        """The character that an escape stands for."""
        length = {"x": 2, "u": 4}.get(char)
        if length:
            digits = self._text[self._at : self._at + length]
            self._at += length
            return chr(int(digits, 16))
        if char in "123456789k":
            raise _UnreadError
        return _ESCAPES.get(char, char)

    def _class(self) -> str:
        negated = self._peek() == "^"
        if negated:
            self._take()
        ranges: list[tuple[str, str]] = []
        while self._peek() != "]":
            low = self._take()
            if low == "\\":
                low = self._take()
                if low.lower() in _CLASSES:
                    if low.isupper():
                        raise _UnreadError
                    ranges += _ranges(_CLASSES[low])
                    continue
                if low in "pP":
                    raise _UnreadError
                low = "\b" if low == "b" else self._literal(low)
            high = low
            if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._take()
                high = self._take()
                high = self._literal(self._take()) if high == "\\" else high
            ranges.append((low, high))
        self._take()
        return _chosen(ranges, negated=negated, variant=self._variant)


def _ranges(text: str) -> list[tuple[str, str]]:
    return [(text[n], text[n + 2]) for n in range(0, len(text) - 2, 3)] or [(text, text)]


def _chosen(ranges: list[tuple[str, str]], *, negated: bool, variant: int) -> str:
    """A character of a class."""
    liked = dict.fromkeys(_LIKED + "".join(low for low, _ in ranges))
    found = [char for char in liked if any(low <= char <= high for low, high in ranges) is not negated]
    if not found:
        raise _UnreadError
    return found[variant % len(found)]
