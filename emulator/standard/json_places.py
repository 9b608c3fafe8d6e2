"""Where in a JSON text each value stands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from json.decoder import scanstring  # type: ignore[attr-defined] # it is there, and typeshed does not say so
from typing import Final

from emulator.record.payload import MISSING, Parsed, escape

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_SCALAR: Final = re.compile(r"[^\s,\]}]+")
_AT_LINE: Final = re.compile(r"line (\d+) column (\d+)")


def place_of(raw: bytes, pointers: Iterable[str], parsed: Parsed) -> dict[str, tuple[int, int]]:
    """Line and column (from 1) of each pointer: of the member's name, or of the value in a list.

    A pointer to what is not there gets the place of its nearest parent; an unreadable text gives the
    place where reading stopped.
    """
    wanted = set(pointers)
    if parsed.value is MISSING:
        match = _AT_LINE.search(parsed.problem or "")
        place = (int(match.group(1)), int(match.group(2))) if match else (1, 1)
        return dict.fromkeys(wanted, place)
    text = raw.decode("utf-8")
    offsets = _offsets(text)
    starts = [0] + [match.end() for match in re.finditer("\n", text)]
    found: dict[str, tuple[int, int]] = {}
    for pointer in wanted:
        near = pointer
        while near not in offsets:
            near = near.rpartition("/")[0]
        found[pointer] = _line_column(starts, offsets[near])
    return found


def _line_column(starts: list[int], offset: int) -> tuple[int, int]:
    low, high = 0, len(starts)
    while high - low > 1:
        middle = (low + high) // 2
        if starts[middle] <= offset:
            low = middle
        else:
            high = middle
    return low + 1, offset - starts[low] + 1


def _offsets(text: str) -> dict[str, int]:
    """The offset of every value of a text that is known to be JSON."""
    offsets: dict[str, int] = {}

    def skip(position: int) -> int:
        match = _SPACE.match(text, position)
        return match.end() if match else position

    def value(position: int, pointer: str) -> int:
        """Note where a value starts; return where it ends. A member keeps the place of its name."""
        position = skip(position)
        offsets.setdefault(pointer, position)
        char = text[position]
        if char == "{":
            position = skip(position + 1)
            while text[position] != "}":
                name_at = position
                name, position = scanstring(text, position + 1, True)
                here = f"{pointer}/{escape(name)}"
                offsets[here] = name_at
                position = skip(value(skip(position) + 1, here))
                if text[position] == ",":
                    position = skip(position + 1)
            return position + 1
        if char == "[":
            position, index = skip(position + 1), 0
            while text[position] != "]":
                position = skip(value(position, f"{pointer}/{index}"))
                index += 1
                if text[position] == ",":
                    position = skip(position + 1)
            return position + 1
        if char == '"':
            return int(scanstring(text, position + 1, True)[1])
        match = _SCALAR.match(text, position)
        return match.end() if match else position + 1

    value(0, "")
    return offsets
