"""Captures, reports and other long files, read within bounds, or from standard input: a partner may have made them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from emulator.errors import FileProblem
from emulator.files import read_bytes
from emulator.record.payload import holds_more

STDIN: Final = Path("-")
"""Stands for standard input."""
MOST_BYTES: Final = 256 * 1024 * 1024
"""Bytes of a file that are read, and that a packed one may unpack to."""
MOST_VALUES: Final = 3_000_000
"""Values in a file of JSON, a text counting as one however long it is."""


def read_file(path: Path, most: int = MOST_BYTES) -> bytes:
    """What a regular file holds, or standard input. FileProblem where it is none, cannot be read, or is larger than `most`."""
    if path != STDIN:
        return read_bytes(path, most)
    raw = sys.stdin.buffer.read(most + 1)
    if len(raw) > most:
        raise FileProblem([too_large(Path("<stdin>"), most)])
    return raw


def too_large(path: Path, most: int = MOST_BYTES) -> str:
    """That a file is larger than it may be, and what to do."""
    return f"{path}: is larger than {most} bytes: split it"


def refuse_many(path: Path, raw: bytes) -> None:
    """FileProblem where JSON holds more values than can be kept in memory."""
    if holds_more(raw, MOST_VALUES):
        raise FileProblem([f"{path}: holds more than {MOST_VALUES} values: split it"])
