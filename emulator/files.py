"""The one way to a file that somebody named: it is a regular file, of a size that can be read, and is never waited for."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from emulator.errors import FileProblem

MOST: Final = 4 * 1024 * 1024
"""Bytes of a file that people write: a scenario, a profile, data. Captured traffic and reports may be larger."""


def read_bytes(path: Path, most: int = MOST) -> bytes:
    """What a regular file holds, at most so many bytes.

    FileProblem where there is none, where it is something else (a folder, a pipe, a device), where it is larger, or where
    it may not be read.
    """
    with opened(path) as file:
        # By and by: what the system makes up has no size before it is read, and `most` is not the file's.
        parts, left = list[bytes](), most + 1
        while left and (part := file.read(min(left, _PART))):
            parts.append(part)
            left -= len(part)
        raw = b"".join(parts)
    if len(raw) > most:
        raise FileProblem([f"{shown(path)}: is larger than {most} bytes"])
    return raw


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file to be read part by part, closed at the end. FileProblem as of `read_bytes`, but that it may be large."""
    descriptor = _open(path)
    try:
        with os.fdopen(descriptor, "rb") as file:
            yield file
    except OSError as error:
        raise FileProblem([f"{shown(path)}: {_why(error)}"]) from error


def _open(path: Path) -> int:
    """The descriptor of a regular file. FileProblem where there is none that may be read."""
    try:
        # A pipe that nobody writes to would hold us here for ever, and a terminal would become ours.
        found = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise FileProblem([f"{shown(path)}: {_why(error)}"]) from error
    mode = os.fstat(found).st_mode
    if not stat.S_ISREG(mode):
        os.close(found)
        raise FileProblem([f"{shown(path)}: {_what(mode)}, a file is needed"])
    return found


def read_text(path: Path, most: int = MOST) -> str:
    """As `read_bytes`, for text in UTF-8, with or without a byte order mark."""
    if not is_there(path):
        raise FileProblem([f"{shown(path)}: there is no such file"])
    raw = read_bytes(path, most)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileProblem([f"{shown(path)}: this is not UTF-8 text (byte {error.start})"]) from error


def is_there(path: Path) -> bool:
    """Whether there is something of that name. A name that no system takes is that of nothing."""
    return _mode(path) is not None


def is_file(path: Path) -> bool:
    """Whether there is a regular file of that name."""
    mode = _mode(path)
    return mode is not None and stat.S_ISREG(mode)


def is_folder(path: Path) -> bool:
    """Whether there is a folder of that name."""
    mode = _mode(path)
    return mode is not None and stat.S_ISDIR(mode)


def resolved(path: Path) -> Path | None:
    """Where a path leads once every link is followed; None where it leads round in a circle, or is no name."""
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):
        return None


def shown(path: Path) -> str:
    """A path in a message: a line of its own, of which a name that is too long shows the beginning."""
    text = "".join(ch if ch.isprintable() else "�" for ch in str(path))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


_SHOWN: Final = 300
_PART: Final = 1024 * 1024


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return None


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}"
    return "cannot be read: this is no name that a file can have"


def _what(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "this is a folder"
    return "this is a pipe" if stat.S_ISFIFO(mode) else "this is a device or a socket"
