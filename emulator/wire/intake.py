"""Files that a user names, read within bounds: a partner may have made them, and a name may lead anywhere."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Final

from emulator.errors import FileProblem
from emulator.wire.payload import holds_more

STDIN: Final = Path("-")
"""Stands for standard input."""
MOST_BYTES: Final = 256 * 1024 * 1024
"""Bytes of a file that are read, and that a packed one may unpack to."""
MOST_VALUES: Final = 3_000_000
"""Values in a file of JSON, a text counting as one however long it is."""


def read_file(path: Path, most: int = MOST_BYTES) -> bytes:
    """What a regular file holds, or standard input. FileProblem where it is none, cannot be read, or is larger than `most`."""
    try:
        if path == STDIN:
            raw = sys.stdin.buffer.read(most + 1)
        else:
            # Without waiting: what is a pipe is not waited for until somebody writes.
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
            with open(handle, "rb") as file:  # noqa: PTH123 - it is open
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    raise FileProblem([f"{path}: is no regular file; what comes through a pipe is read as -"])
                raw = file.read(most + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise FileProblem([f"{path}: cannot be read: {why}"]) from error
    if len(raw) > most:
        raise FileProblem([too_large(path, most)])
    return raw


def too_large(path: Path, most: int = MOST_BYTES) -> str:
    """That a file is larger than it may be, and what to do."""
    return f"{path}: is larger than {most} bytes: split it"


def refuse_many(path: Path, raw: bytes) -> None:
    """FileProblem where JSON holds more values than can be kept in memory."""
    if holds_more(raw, MOST_VALUES):
        raise FileProblem([f"{path}: holds more than {MOST_VALUES} values: split it"])
