"""JSON that a stranger sent: parsing it strictly and reading it without ever raising."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, Final

import orjson

MAX_DEPTH: Final = 254
"""Nesting we follow, which is as deep as orjson writes; no Sonata message needs a tenth of it."""


_TOO_DEEP: Final = f"the body is nested deeper than {MAX_DEPTH} levels"
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_NOT_JSON_NUMBER: Final = re.compile(rb"(?:^|[\s:,\[])(-?Infinity|NaN)\b")


class _Missing(Enum):
    MISSING = "MISSING"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing.MISSING
"""What `at` answers where there is nothing: not None, which JSON can say."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A body as it was read: `value` is MISSING where it could not be read at all.

    `problem` says why a body is unreadable. `duplicates` are JSON Pointers of members that were
    given twice in one object: RFC 8259 leaves the meaning of such a body open. `rounded` is the text of an integer
    of more than 64 bits, of which `value` holds only what a double can.
    """

    value: Any
    problem: str | None = None
    duplicates: tuple[str, ...] = ()
    rounded: str | None = None


def parse(raw: bytes) -> Parsed:
    """Read a body. Never raises: an unreadable body is a `Parsed` with a `problem`."""
    if not raw.strip():
        return Parsed(MISSING, "the body is empty")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return Parsed(MISSING, _explain(raw, error))
    try:
        again = orjson.dumps(value)
        # What is as we would write it has lost nothing.
        return Parsed(value) if again == raw else Parsed(value, None, _duplicates(raw, value, again), _rounded(raw))
    except (
        TypeError,
        RecursionError,
    ):  # orjson does not write what nests deeper; or what does was replaced by a namesake
        return Parsed(MISSING, _TOO_DEEP)


def _explain(raw: bytes, error: orjson.JSONDecodeError) -> str:
    """Why a body is not JSON, with the line and column where it stops being so."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as bad:
        return f"the body is not UTF-8: a byte cannot be decoded at {_line_column(raw, bad.start)}"
    if str(error.msg).startswith(("depth limit", "failed to allocate")):  # the second where nothing is ever closed
        return _TOO_DEEP
    nan = _NOT_JSON_NUMBER.search(raw)
    where = f"line {error.lineno} column {error.colno}"
    # Only where reading stopped: the same letters may stand in a string.
    if nan and abs(error.pos - len(raw[: nan.start(1)].decode("utf-8"))) <= len("-I"):
        return f"the body holds NaN or Infinity, which are not JSON, at {where}"
    limit = next((words for said, words in _LIMITS.items() if said in str(error.msg)), None)
    return f"the body holds {limit}, at {where}" if limit else f"the body is not JSON: {error.msg} at {where}"


_LIMITS: Final = {
    "number is infinity": "a number that is too large for a double",
    "surrogate in string": "half of a surrogate pair, which is no character",
}
"""What JSON can say and nobody can read: by the words of orjson."""
_MANY_DIGITS: Final = re.compile(rb"[0-9]{19}")
_EXACT: Final = range(-(2**63), 2**64)


def _rounded(raw: bytes) -> str | None:
    """The first integer that orjson read as a double, cut where it is long."""
    if not _MANY_DIGITS.search(raw):
        return None
    found: list[str] = []

    def read(digits: str) -> int:
        if int(digits) not in _EXACT:
            found.append(digits)
        return 0

    json.loads(raw, parse_int=read)
    return found[0] if found else None


def _line_column(raw: bytes, offset: int) -> str:
    before = raw[:offset].decode("utf-8")
    return f"line {before.count(chr(10)) + 1} column {len(before) - before.rfind(chr(10))}"


def _count_members(value: Any) -> int:
    total, stack = 0, [value]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            total += len(node)
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    return total


def _duplicates(raw: bytes, value: Any, again: bytes) -> tuple[str, ...]:
    """JSON Pointers of members given twice; `again` is the value as we write it. The slow reader runs only where counts differ."""
    if b"\\" not in raw:
        # Written again, the value has every quote of the text but those of lost members.
        lost = raw.count(b'"') != again.count(b'"')
    else:
        # An escaped quote before a colon, inside a string, makes the cheap count too high, never too low.
        lost = raw.translate(None, b" \t\r\n").count(b'":') != _count_members(value)
    if not lost:
        return ()
    pairs = json.loads(raw, object_pairs_hook=_Pairs)
    twice = list(dict.fromkeys(_twice(pairs)))
    return tuple(twice)


class _Pairs(list[tuple[str, Any]]):
    """An object as the list of its members, so that namesakes stay."""


def _twice(value: Any) -> Iterator[str]:
    """The pointers of duplicate members. RecursionError where a replaced member nests too deep."""
    stack: list[tuple[Any, str, int]] = [(value, "", 0)]
    while stack:
        node, path, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise RecursionError
        if isinstance(node, _Pairs):
            seen: set[str] = set()
            for name, member in node:
                here = f"{path}/{escape(name)}"
                if name in seen:
                    yield here
                seen.add(name)
                if isinstance(member, list):
                    stack.append((member, here, depth + 1))
        else:
            stack.extend((m, f"{path}/{i}", depth + 1) for i, m in enumerate(node) if isinstance(m, list))


def dump(value: Any) -> bytes:
    """Serialize a message of ours. TypeError where it holds what JSON cannot say (a date, a key that is no text)."""
    try:
        return orjson.dumps(value)
    except TypeError:
        # orjson refuses integers of more than 64 bits, lone surrogates and deep nesting; JSON does not.
        try:
            return json.dumps(value, separators=(",", ":")).encode()
        except RecursionError as error:
            message = "the message is nested too deep to be written"
            raise TypeError(message) from error


def as_json(value: Any, limit: int = 200) -> str:
    """A value in one line, as JSON writes it: text in quotes, `true`, `null`; cut where it is longer than `limit`."""
    text = "nothing" if value is MISSING else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[:limit] + "…"


_WORDS: Final = frozenset(
    {
        "given", "absent", "nothing", "object", "array", "string", "number", "integer", "boolean", "null", "date",
        "date-time", "uri", "uri-reference", "uri-template", "uuid", "ipv4", "ipv6", "uniqueItems",
    }
)  # fmt: skip


def hoped(value: Any, limit: int = 200) -> str:
    """What was expected, in one line: a value as `as_json` has it, a word or a phrase of ours as it is."""
    if isinstance(value, str) and (value in _WORDS or " " in value):
        return value if len(value) <= limit else value[:limit] + "…"
    return as_json(value, limit)


def copied(value: Any) -> Any:
    """A copy of a message that shares nothing with it: what JSON can say, written and read again."""
    try:
        return orjson.loads(orjson.dumps(value))
    except TypeError:  # what orjson refuses, as `dump` knows
        return copy.deepcopy(value)


def escape(token: str) -> str:
    """One reference token of a JSON Pointer (RFC 6901)."""
    return token.replace("~", "~0").replace("/", "~1")


def unescape(token: str) -> str:
    """The member name that a reference token stands for (RFC 6901)."""
    return token.replace("~1", "/").replace("~0", "~")


def pointer(tokens: Iterator[Any] | list[Any] | tuple[Any, ...]) -> str:
    """The JSON Pointer of a path of member names and indexes; "" is the whole document."""
    return "".join("/" + escape(str(token)) for token in tokens)


_LONG: Final = 200
"""A pointer of more characters is read again each time: who writes it may be a stranger."""


def _read_pointer(place: str) -> tuple[tuple[str, str, int], ...] | None:
    """Each token of a pointer with its slash, the member and the index (or -1) that it names; None for no pointer."""
    if place and not place.startswith("/"):
        return None
    return tuple(
        ("/" + token, unescape(token), int(token) if _INDEX.fullmatch(token) else -1) for token in place.split("/")[1:]
    )


_read_short_pointer: Final = lru_cache(maxsize=4096)(_read_pointer)


def at(value: Any, place: str) -> Any:
    """What stands at a JSON Pointer, or MISSING. Never raises, whatever `value` is."""
    if not place:
        return value
    tokens = _read_short_pointer(place) if len(place) <= _LONG else _read_pointer(place)
    if tokens is None:
        return MISSING
    for _, name, index in tokens:
        if isinstance(value, dict):
            value = value.get(name, MISSING)
        elif isinstance(value, list) and 0 <= index < len(value):
            value = value[index]
        else:
            return MISSING
    return value


def every(value: Any, pattern: str) -> Iterator[tuple[str, Any]]:
    """Each (pointer, value) that a pattern names, where `*` is any item: `/quoteItem/*/state`.

    Yields nothing for what is not there. Never raises.
    """
    tokens = _read_short_pointer(pattern) if len(pattern) <= _LONG else _read_pointer(pattern)
    found: list[tuple[str, Any]] = [] if tokens is None else [("", value)]
    for text, name, at_index in tokens or ():
        step: list[tuple[str, Any]] = []
        for path, node in found:
            if isinstance(node, dict):
                if text == "/*":
                    step += [(f"{path}/{escape(member)}", child) for member, child in node.items()]
                elif (child := node.get(name, MISSING)) is not MISSING:
                    step.append((path + text, child))
            elif isinstance(node, list):
                if text == "/*":
                    step += [(f"{path}/{index}", child) for index, child in enumerate(node)]
                elif 0 <= at_index < len(node):
                    step.append((path + text, node[at_index]))
        found = step
    return iter(found)
