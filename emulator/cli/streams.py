"""Standard output and error that outlive their readers: a command does what it would, whoever has stopped to listen."""

from __future__ import annotations

import errno
import io
import os
import sys
from dataclasses import dataclass
from typing import IO, Any, cast


class _Enduring(io.FileIO):
    """A file descriptor that is written to as long as somebody takes it. `problem` says what else went wrong."""

    problem: OSError | None = None

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            if error.errno != errno.EPIPE:
                self.problem = error
            # What is still to come, and what others write there, goes nowhere from now on.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return memoryview(data).nbytes


@dataclass(frozen=True, slots=True)
class Talk:
    """What a process says: reports go to standard output, talk to standard error."""

    out: IO[str]
    err: IO[str]

    def flush(self) -> str | None:
        """Have all go out that was said; returns what is lost of the output, in a sentence, where somebody wanted it."""
        self.out.flush()
        self.err.flush()
        raw = getattr(getattr(self.out, "buffer", None), "raw", None)
        problem = raw.problem if isinstance(raw, _Enduring) else None
        return f"standard output cannot be written: {problem.strerror}" if problem else None


def forgiving() -> Talk:
    """Have this process's output and error endure a reader that goes away. One that was closed leads nowhere."""
    sys.stdout, sys.stderr = _enduring(1, sys.stdout), _enduring(2, sys.stderr)
    return Talk(sys.stdout, sys.stderr)


def _enduring(number: int, stream: IO[str] | None) -> io.TextIOWrapper:
    if stream is None:
        opened = os.open(os.devnull, os.O_WRONLY)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
        return io.TextIOWrapper(_buffered(number), encoding="utf-8", line_buffering=True)
    stream.flush()
    given = cast("io.TextIOWrapper", stream)
    return io.TextIOWrapper(
        _buffered(number),
        encoding=given.encoding,
        errors=given.errors,
        line_buffering=given.line_buffering,
        write_through=given.write_through,
    )


def _buffered(number: int) -> io.BufferedWriter:
    return io.BufferedWriter(_Enduring(number, "w", closefd=False))
