"""What a book is filled from, part by part: files of captured traffic, and the database of a seller. Reading can be broken off,
and goes on later where it stopped.
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from emulator.errors import FileProblem, UserError
from emulator.files import opened, read_bytes
from emulator.judge.attribution import BasePaths
from emulator.judge.capture import STDIN, Captured, is_transcript, read_capture, read_lines
from emulator.parties.archive import tally
from emulator.parties.database import Database
from emulator.parties.recorder import DurableTranscript
from emulator.reconciling.book import Book, book_of
from emulator.reconciling.filling import fill
from emulator.record.exchange import Exchange
from emulator.record.intake import MOST_BYTES
from emulator.settings import PLAIN_PATH
from emulator.standard.release import Release

VERSION: Final = 1
"""Of the form of what is kept between two readings."""
_PART: Final = 4 * 1024 * 1024
"""Bytes of lines that are read at a time."""
_EXCHANGES: Final = 500
"""Exchanges of a database that are taken at a time."""
_LONGEST: Final = 256 * 1024 * 1024
"""Bytes of one line."""
_MOST_LOST: Final = 20
"""Entries that cannot be read of which each is told."""
_TAIL: Final = 4096
"""Bytes before the place where reading stopped by which a file is known again."""


@dataclass(slots=True)
class BookReading:
    """Books, one for each run that has been read (`joined`: one for all), and how far each source was: by its name, of a file an offset and a digest of
    what stands before it, of a run in a database the place of its last exchange. `lost` are entries of files that cannot be
    read, the first of them with place and reason, and `losses` how many there are.
    """

    release: str
    joined: bool = False
    books: dict[str, Book] = field(default_factory=dict)
    places: dict[str, Any] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    losses: int = 0

    @property
    def turns(self) -> int:
        """How many exchanges were read."""
        return sum(book.turns for book in self.books.values())

    def as_json(self) -> dict[str, Any]:
        """As a value of JSON, of which `reading_of` makes the same."""
        books = {run: book.as_json() for run, book in self.books.items()}
        about = {"oit": "reconcile", "version": VERSION, "release": self.release, "joined": self.joined}
        return {**about, "places": self.places, "books": books, "lost": self.lost, "losses": self.losses}


def reading_of(value: Any) -> BookReading:
    """The reading that `as_json` wrote. ValueError where it is of another version, or no reading."""
    if not isinstance(value, dict) or value.get("oit") != "reconcile":
        message = "this is not what oit reconcile keeps"
        raise ValueError(message)
    if value.get("version") != VERSION:
        message = f"version {value.get('version')!r:.20} is not {VERSION}"
        raise ValueError(message)
    books, places = value.get("books"), value.get("places")
    if not (isinstance(books, dict) and isinstance(places, dict)):
        message = "this is not whole"
        raise ValueError(message)  # noqa: TRY004 - whatever is wrong in a file is one error
    read = {run: book_of(book) for run, book in books.items()}
    lost, losses = value.get("lost", []), value.get("losses", 0)
    if not (isinstance(lost, list) and isinstance(losses, int)):
        message = "this is not whole"
        raise ValueError(message)  # noqa: TRY004 - as above
    return BookReading(
        str(value.get("release")), value.get("joined") is True, read, places, list(map(str, lost)), losses
    )


@dataclass(frozen=True, slots=True)
class Reader:
    """Fills the books of a reading. `pause` is told after each part, when all that was read is in a book and noted. `unfinished`
    tells of files that end within a line.
    """

    reading: BookReading
    release: Release
    bases: BasePaths
    pause: Callable[[], None] = lambda: None
    unfinished: list[str] = field(default_factory=list)

    def file(self, path: Path) -> None:
        """Read a file, from where it was read to before. FileProblem where it cannot be read, or is not the same any more."""
        if path != STDIN and is_transcript(path):
            self._transcript(path)
            return
        digest = "" if path == STDIN else hashlib.sha256(read_bytes(path, MOST_BYTES)).hexdigest()
        if path != STDIN and self._place(path).get("digest") == digest:
            return
        for captured in read_capture(path, self.bases):
            self._captured(path, captured)
        if path != STDIN:
            self.reading.places[str(path)] = {"digest": digest}
        self.pause()

    def database(self, database: Database, name: str, run: str | None) -> None:
        """Read the runs of a database, or one of them. `name` tells databases apart. UserError where there is no such run, or as
        of `Database`.
        """
        rows = [row for row in tally(database) if run in (None, row.run)]
        if run is not None and not rows:
            message = f"there is no run {run or PLAIN_PATH!r} in {database.name}; `oit runs list` names them"
            raise UserError(message)
        for row in rows:
            place = f"{name}#{row.run}"
            found = self.reading.places.get(place)
            after = found if isinstance(found, int) else -1
            for last, exchanges in _parts(DurableTranscript(database, row.run).since(after)):
                self._take(row.run, exchanges)
                self.reading.places[place] = last
                self.pause()

    def _captured(self, path: Path, captured: Captured) -> None:
        lost = [each for each in captured.unattributed if each.lost]
        told = [
            each.why if each.why.startswith(str(path)) else f"{path}: entry {each.entry}: {each.why}" for each in lost
        ]
        self.reading.lost += told[: max(0, _MOST_LOST - len(self.reading.lost))]
        self.reading.losses += len(lost)
        self._take(captured.about.run, captured.exchanges)

    def _take(self, run: str, exchanges: Iterable[Exchange]) -> None:
        book = self.reading.books.setdefault("" if self.reading.joined else run, Book())
        fill(book, exchanges, self.release)

    def _place(self, path: Path) -> Mapping[str, Any]:
        found = self.reading.places.get(str(path))
        return found if isinstance(found, dict) else {}

    def _transcript(self, path: Path) -> None:
        place = self._place(path)
        offset, number = place.get("offset"), place.get("line")
        if not (isinstance(offset, int) and isinstance(number, int) and offset > 0):
            offset, number = 0, 1
        with opened(path) as file:
            if offset and _digest(file, offset) != place.get("digest"):
                message = f"{path}: it is not what was read before: name another file to resume from, or none"
                raise FileProblem([message])
            file.seek(offset)
            while lines := _lines(path, file, is_first=offset == 0):
                text = lines if offset else lines.removeprefix(codecs.BOM_UTF8)
                for captured in read_lines(path, text, self.bases, number):
                    self._captured(path, captured)
                number += lines.count(b"\n")
                offset = file.tell()
                digest = _digest(file, offset)
                self.reading.places[str(path)] = {"offset": offset, "line": number, "digest": digest}
                self.pause()
            if file.read(1):
                self.unfinished.append(f"{path}: its last line is not whole yet, and was not read")


def _parts(rows: Iterator[tuple[int, Exchange]]) -> Iterator[tuple[int, list[Exchange]]]:
    """Some exchanges at a time, with the place of the last of them."""
    part: list[Exchange] = []
    last = -1
    for last, exchange in rows:
        part.append(exchange)
        if len(part) == _EXCHANGES:
            yield last, part
            part = []
    if part:
        yield last, part


def _lines(path: Path, file: BinaryIO, *, is_first: bool) -> bytes:
    """Whole lines from where a file stands. One at its end that is still being written is left for another time."""
    found = file.read(_PART)
    if not found or found.endswith(b"\n"):
        return found
    found += file.readline(_LONGEST)
    if found.endswith(b"\n"):
        return found
    whole, _, last = found.rpartition(b"\n")
    if len(last) > _LONGEST:
        raise FileProblem([f"{path}: a line is longer than {_LONGEST} bytes"])
    try:
        orjson.loads(last)
    except orjson.JSONDecodeError:
        if whole or not is_first:
            file.seek(-len(last), 1)
            return whole + b"\n" if whole else b""
    return found


def _digest(file: BinaryIO, offset: int) -> str:
    """Of what stands before a place; the file stands there afterwards."""
    start = max(0, offset - _TAIL)
    file.seek(start)
    return hashlib.sha256(file.read(offset - start)).hexdigest()
