"""JSON that a stranger sent: parsing it strictly, within bounds, and reading it without ever raising.

How large a body may be in bytes, its door says; how much it may hold, this module. A message of the standard has about
20 bytes for each value: one that fills `coding.MAX_REQUEST` with right items, some 4,000 of them, has 400,000 values.
"""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, Final

import orjson

MAX_DEPTH: Final = 254
"""Nesting we follow, which is as deep as orjson writes; no Sonata message needs a tenth of it."""


MAX_VALUES: Final = 500_000
"""Values in a body, each object, list, text and number counted: what parsing costs, and all that comes after it."""
MAX_MEMBERS: Final = 2_000
"""Members of one object; no schema of the standard has a twentieth of it."""
MAX_DUPLICATES: Final = 100
"""Members given twice whose places are told."""
TOO_DEEP: Final = f"the body is nested deeper than {MAX_DEPTH} levels"
"""The `problem` of a body that no reader need follow, however small it is (RFC 8259, 9)."""
_TOO_MANY: Final = f"the body holds more than {MAX_VALUES} values"
_TOO_WIDE: Final = f"an object of the body has more than {MAX_MEMBERS} members"
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
    given twice in one object, the first `MAX_DUPLICATES` of `duplicated`: RFC 8259 leaves the meaning of such a body
    open. `rounded` is the text of an integer of more than 64 bits, of which `value` holds only what a double can.
    `excess` says that the body may well be JSON, and holds more than is read here: then nothing is known of it.
    """

    value: Any
    problem: str | None = None
    duplicates: tuple[str, ...] = ()
    rounded: str | None = None
    duplicated: int = 0
    excess: bool = False


def parse(raw: bytes) -> Parsed:
    """Read a body. Never raises: an unreadable body is a `Parsed` with a `problem`."""
    if not raw.strip():
        return Parsed(MISSING, "the body is empty")
    if holds_more(raw, MAX_VALUES):
        return _excess(_TOO_MANY)
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        why = _explain(raw, error)
        return _excess(why) if why == TOO_DEEP else Parsed(MISSING, why)
    if raw.count(b":") > MAX_MEMBERS and _is_wide(value):
        return _excess(_TOO_WIDE)
    try:
        again = orjson.dumps(value)
        if again == raw:  # what is as we would write it has lost nothing
            return Parsed(value)
        duplicates, times = _duplicates(raw, value, again)
        return Parsed(value, None, duplicates, _rounded(raw), times)
    except (
        TypeError,
        RecursionError,
    ):  # orjson does not write what nests deeper; or what does was replaced by a namesake
        return _excess(TOO_DEEP)


def _excess(why: str) -> Parsed:
    return Parsed(MISSING, why, excess=True)


def holds_more(raw: bytes, most: int) -> bool:
    """Whether JSON holds more values than these, found by counting bytes, before anything is made of it."""
    # Each value but the first follows one of these three, or is a member's that does. What is empty counts twice.
    if raw.count(b",") + raw.count(b"[") + raw.count(b"{") < most:
        return False
    # There are too many, unless they stand in texts. What is left are the quotes and what is counted.
    bare = raw.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _UNCOUNTED)
    return sum(map(len, bare.split(b'"')[::2])) >= most


_UNCOUNTED: Final = bytes(set(range(256)) - set(b'",[{'))


def _is_wide(value: Any) -> bool:
    """Whether an object has too many members."""
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if len(node) > MAX_MEMBERS:
                return True
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    return False


def _explain(raw: bytes, error: orjson.JSONDecodeError) -> str:
    """Why a body is not JSON, with the line and column where it stops being so."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as bad:
        return f"the body is not UTF-8: a byte cannot be decoded at {_line_column(raw, bad.start)}"
    if str(error.msg).startswith(("depth limit", "failed to allocate")):  # the second where nothing is ever closed
        return TOO_DEEP
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


def _duplicates(raw: bytes, value: Any, again: bytes) -> tuple[tuple[str, ...], int]:
    """JSON Pointers of members given twice, and how many there are; `again` is the value as we write it.

    The slow reader runs only where counts differ.
    """
    if b"\\" not in raw:
        # Written again, the value has every quote of the text but those of lost members.
        lost = raw.count(b'"') != again.count(b'"')
    else:
        # An escaped quote before a colon, inside a string, makes the cheap count too high, never too low.
        lost = raw.translate(None, b" \t\r\n").count(b'":') != _count_members(value)
    if not lost:
        return (), 0
    return _twice(json.loads(raw, object_pairs_hook=_Pairs))


class _Pairs(list[tuple[str, Any]]):
    """An object as the list of its members, so that namesakes stay."""


_Way = tuple["_Way | None", Any]
"""Where something stands: what it stands in, and its member or index there. A pointer is made of it only where it is told."""


def _twice(value: Any) -> tuple[tuple[str, ...], int]:
    """The pointers of duplicate members, the first of them, and how many there are.

    RecursionError where a replaced member nests too deep.
    """
    told: dict[str, None] = {}
    times = 0
    stack: list[tuple[Any, _Way | None, int]] = [(value, None, 0)]
    while stack:
        node, way, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise RecursionError
        if isinstance(node, _Pairs):
            named = Counter(name for name, _ in node)
            for name in (name for name, given in named.items() if given > 1):
                times += 1
                if len(told) < MAX_DUPLICATES:
                    told[pointer(_tokens((way, name)))] = None
            stack.extend((member, (way, name), depth + 1) for name, member in node if isinstance(member, list))
        else:
            stack.extend((item, (way, index), depth + 1) for index, item in enumerate(node) if isinstance(item, list))
    return tuple(told), times


def _tokens(way: _Way | None) -> list[Any]:
    found: list[Any] = []
    while way is not None:
        way, token = way
        found.append(token)
    return found[::-1]


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
    if value is MISSING:
        return "nothing"
    if isinstance(value, dict | list):  # as far as it is shown: a stranger decides how long it is
        text = ""
        for part in _ENCODER.iterencode(value):
            text += part
            if len(text) > limit:
                break
    else:
        text = json.dumps(value[:limit] if isinstance(value, str) else value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[:limit] + "…"


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, default=str)


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
