"""Bills reconciled from captured traffic and databases; what was read can be kept, and read on later."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

import orjson

from emulator.conduct.partner import declared_in, selling
from emulator.errors import FileProblem, UserError
from emulator.files import is_there, read_bytes
from emulator.judge.attribution import BasePaths
from emulator.parties.database import Database
from emulator.reconciling.reconcile import Reconciliation, reconcile
from emulator.reconciling.settings import Methods, methods_of
from emulator.reconciling.sources import BookReading, Reader, reading_of
from emulator.scenario.stop import Stop, Stopped
from emulator.standard.declared import NOTHING_DECLARED
from emulator.standard.paths import PathMap
from emulator.standard.release import Release

_FIRST: Final = 2000
"""Exchanges after which what was read is kept for the first time."""
_GROWTH: Final = 1.5
"""So much more has to be read each time before it is kept again: writing is then never more than reading."""
_LARGEST: Final = 1024 * 1024 * 1024
"""Bytes of what is kept."""


@dataclass(frozen=True, slots=True)
class ReconcileAsked:
    """What a user wants reconciled: `files`, and of a `database` (a URL) all runs, or the one named. `joined` has one book for all
    runs; `resume` is where what was read is kept.
    """

    files: Sequence[Path] = ()
    database: str | None = None
    run: str | None = None
    maps: Sequence[str] = ()
    profile: Path | None = None
    joined: bool = False
    resume: Path | None = None
    tolerance: Decimal = Decimal(0)
    cycles: int = 1


def reconcile_sources(
    asked: ReconcileAsked, release: Release, stop: Stop, tell: Callable[[str], None] = lambda _: None
) -> dict[str, Reconciliation]:
    """What became of the bills of each run in which some were seen, by its name ("" where it has none).

    What cannot be read of a file is told by `tell`, entry by entry. Where `stop` ends it, that is what was read so far. Raises
    FileProblem or UserError for sources that cannot be read.
    """
    declared = declared_in(asked.profile, release)[1] if asked.profile else NOTHING_DECLARED
    release = selling(asked.profile, release)
    methods: Methods = methods_of(declared, tolerance=asked.tolerance, cycles=asked.cycles)
    bases = BasePaths(release, PathMap.read(release, asked.maps))
    keeping = _Keeping(asked.resume, _read_before(asked, release), stop)
    with keeping, suppress(Stopped):
        reader = Reader(keeping.reading, release, bases, keeping.pause)
        for file in asked.files:
            reader.file(file)
        if asked.database is not None:
            database = Database(asked.database)
            reader.database(database, database.name, asked.run)
        for text in reader.unfinished:
            tell(text)
    reading = keeping.reading
    for text in reading.lost:
        tell(text)
    if more := reading.losses - len(reading.lost):
        tell(f"and {more} more entries that cannot be read")
    books = keeping.reading.books.items()
    return {run: found for run, book in books if (found := reconcile(book, methods)).bills or found.lines}


class _Keeping:
    """A reading, and the file that it is kept in, None where it is not."""

    def __init__(self, path: Path | None, reading: BookReading, stop: Stop) -> None:
        self.path, self.reading, self._stop = path, reading, stop
        self._next = max(_FIRST, reading.turns * _GROWTH)

    def __enter__(self) -> None:
        """What was read is kept at the end, also of one that is broken off."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or not issubclass(kind, KeyboardInterrupt):
            self.keep()

    def pause(self) -> None:
        """Keep it, now and then. Raises Stopped where reading is to end."""
        if self.path is not None and self.reading.turns >= self._next:
            self.keep()
            self._next = self.reading.turns * _GROWTH
        self._stop.watch(lambda: False, 0)
        self._stop.check()

    def keep(self) -> None:
        """Keep what was read, as a whole or not at all."""
        if self.path is None:
            return
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            beside.write_bytes(orjson.dumps(self.reading.as_json()))
            beside.replace(self.path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            message = f"--resume {self.path}: cannot be written: {error.strerror}"
            raise UserError(message) from error


def _read_before(asked: ReconcileAsked, release: Release) -> BookReading:
    path = asked.resume
    if path is None or not is_there(path):
        return BookReading(release.name, asked.joined)
    try:
        reading = reading_of(orjson.loads(read_bytes(path, _LARGEST)))
    except ValueError as error:  # of JSON, too
        message = f"{path}: {error}: --resume needs a file that it wrote itself, or one that is not there yet"
        raise FileProblem([message]) from error
    if reading.release != release.name:
        message = f"{path}: this was read as {reading.release}, not as {release.name}: name another file"
        raise FileProblem([message])
    if reading.joined != asked.joined:
        message = f"{path}: this was read {'with' if reading.joined else 'without'} --joined: say so again, or name another file"
        raise FileProblem([message])
    return reading
