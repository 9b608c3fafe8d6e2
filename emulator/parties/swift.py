"""The way of the store to an SQLite file: SQLAlchemy writes each statement once, the driver alone runs it.

A call of the seller makes about ten small statements. To SQLite they are microseconds of work, less than what
SQLAlchemy does around each. So its compiler is used, and its types, but neither its connections nor its results.
There is one connection that writes, since SQLite has one writer at a time, and as many that read as are needed at once.
"""

from __future__ import annotations

import logging
import random
import sqlite3
import threading
import time
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Final, Protocol, Self, TypeVar

from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement
from sqlalchemy.types import TypeDecorator

from emulator.parties.outage import Outage, fault_of
from emulator.parties.store import StoreFault

T = TypeVar("T")

_TRIES: Final = 12
"""Times that a transaction is tried where the database asks for another go."""
_EVERY: Final = 1000
"""Changed rows after which the log is carried into the file when it is quiet: some megabytes."""
_MANY: Final = 30_000
"""Changed rows after which it is carried whether it is quiet or not: some three hundred megabytes."""
_QUIET: Final = 0.05
"""Seconds without a commit."""
_LONG: Final = 8000
"""Pages in the log at which it is begun again."""
_KEPT: Final = 64_000_000
"""Bytes that the file of the log keeps when it is begun again."""
BUSY: Final = 10.0
"""Seconds to wait for another process that writes to the same file."""
_BRIEFLY: Final = 0.2
"""The same, once it was waited for in vain."""
_CACHE: Final = 32_000
"""Kilobytes of the file, at the most, that the connection that writes keeps in memory; SQLite's default is 2,000."""
_LOG: Final = logging.getLogger(__name__)
_DIALECT: Final = sqlite_dialect()
_Converter = Callable[[Any], Any] | None
_NO_VALUES: Final[Mapping[str, Any]] = {}


class Rows(Protocol):
    """What a statement gives; the words are SQLAlchemy's, and of its results we use no others."""

    @property
    def rowcount(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...

    def all(self) -> Sequence[Any]: ...

    def first(self) -> Any: ...

    def one(self) -> Any: ...

    def one_or_none(self) -> Any: ...

    def scalar(self) -> Any: ...

    def scalars(self) -> Any: ...


class Runner(Protocol):
    """What runs statements: a connection of SQLAlchemy, or a line of ours."""

    def execute(self, statement: Any, values: Any = None, /) -> Rows:
        """Run a statement with the values of its parameters, or once for each set of them in a list."""


class Lane(Protocol):
    """A way to a database: SQLAlchemy's (`Database`), or the swift one."""

    outage: Outage

    @property
    def inside(self) -> bool: ...

    def writing(self) -> AbstractContextManager[Runner]: ...

    def transaction(self) -> AbstractContextManager[Runner]: ...

    def reading(self) -> AbstractContextManager[Runner]: ...


class Memo(Protocol):
    """What a transaction has read already. On SQLite nobody else writes while it is open, so it stays true until the
    transaction itself writes, which has to be said here.
    """

    def recall(self, key: Any, read: Callable[[], T]) -> T:
        """What `read` gave in this transaction, or gives now."""

    def amend(self, key: Any, change: Callable[[Any], Any]) -> None:
        """What was read under this key, if it was, becomes what `change` makes of it."""

    def forget(self, key: Any) -> None:
        """What was read under this key, if it was, is not true any more."""


class NoMemo(Memo):
    """Where others write at the same time, everything is read again."""

    def recall(self, key: Any, read: Callable[[], T]) -> T:  # noqa: ARG002 - as above
        return read()

    def amend(self, key: Any, change: Callable[[Any], Any]) -> None:
        pass

    def forget(self, key: Any) -> None:
        pass


def attempt(lane: Lane, work: Callable[[], T]) -> T:
    """Do work in a transaction; where the database asks for it, again from the start. StoreFault at last."""
    if lane.inside:
        with lane.transaction():
            return work()
    for left in reversed(range(_TRIES)):
        try:
            with lane.transaction():
                return work()
        except StoreFault as fault:
            if not fault.again:
                raise
            if not left:
                raise lane.outage.begins(fault) from None
            # Two that met do not meet again.
            time.sleep(random.uniform(0.001, 0.02))  # noqa: S311 - no secret
    raise AssertionError


class Result:
    """The rows of a statement, all of them."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: list[Any], rowcount: int) -> None:
        self._rows, self.rowcount = rows, rowcount

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> list[Any]:
        return self._rows

    def first(self) -> Any:
        return self._rows[0] if self._rows else None

    one_or_none = first  # what is asked for so has a unique key

    def one(self) -> Any:
        return self._rows[0]

    def scalar(self) -> Any:
        return self._rows[0][0] if self._rows else None

    def scalars(self) -> Result:
        return Result([row[0] for row in self._rows], self.rowcount)


class _Prepared:
    """A statement as the driver takes it: the text, where its values come from, how rows are read."""

    __slots__ = ("_constants", "_in", "_make", "_out", "names", "text")

    def __init__(self, statement: Any, names: tuple[str, ...]) -> None:
        compiled = statement.compile(dialect=_DIALECT, column_keys=list(names) or None)
        self.text, self.names = str(compiled), names
        self._constants: dict[str, Any] = {name: value for name, value in compiled.params.items() if name not in names}
        types = {compiled.bind_names[bind]: bind.type for bind in compiled.bind_names}
        self._in: list[tuple[str, _Converter]] = [(name, _into(types[name])) for name in compiled.positiontup or ()]
        columns = list(getattr(statement, "exported_columns", ()) or ())
        self._out: list[_Converter] = [_out_of(column.type) for column in columns]
        row = namedtuple("row", [column.key or "" for column in columns], rename=True)  # type: ignore[misc]  # noqa: PYI024
        self._make: Callable[[list[Any]], Any] = row._make

    def bound(self, values: Mapping[str, Any]) -> list[Any]:
        given = {**self._constants, **values} if self._constants else values
        return [given[name] if convert is None else convert(given[name]) for name, convert in self._in]

    def read(self, rows: list[Any]) -> list[Any]:
        make, out = self._make, self._out
        return [
            make([value if convert is None else convert(value) for value, convert in zip(row, out, strict=True)])
            for row in rows
        ]


def _into(type_: Any) -> _Converter:
    """How values of a type go to the driver. Types of ours (`tables`) say so themselves."""
    converter: Any = type_.process_bind_param if isinstance(type_, TypeDecorator) else type_.bind_processor(_DIALECT)
    found: _Converter = converter
    return found


def _out_of(type_: Any) -> _Converter:
    """How values of a type come from the driver."""
    own = isinstance(type_, TypeDecorator)
    found: _Converter = type_.process_result_value if own else type_.result_processor(_DIALECT, None)
    return found


class Line:
    """One connection of the driver. As a context it is itself, and nothing ends with it."""

    __slots__ = ("_prepared", "driver", "outage")

    def __init__(self, driver: sqlite3.Connection, prepared: dict[Any, _Prepared], outage: Outage) -> None:
        self.driver, self._prepared, self.outage = driver, prepared, outage

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, statement: ClauseElement, values: Any = None, /) -> Result:
        """As `Runner` says. StoreFault where the database refuses."""
        many = isinstance(values, list)
        first = (values[0] if many else values) or _NO_VALUES
        names = tuple(first)
        prepared = self._prepared.get(statement)
        if prepared is None or prepared.names != names:
            prepared = self._prepared[statement] = _Prepared(statement, names)
        try:
            if many:
                cursor = self.driver.executemany(prepared.text, map(prepared.bound, values))
                return Result([], cursor.rowcount)
            cursor = self.driver.execute(prepared.text, prepared.bound(first))
            rows = cursor.fetchall()
            return Result(prepared.read(rows) if rows else rows, cursor.rowcount)
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def say(self, words: str) -> None:
        """Begin or end something. StoreFault where the database refuses."""
        try:
            self.driver.execute(words)
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def undo(self, *words: str) -> None:
        """Take something back, as far as an error has not ended it already."""
        with suppress(sqlite3.Error):
            for each in words:
                self.driver.execute(each)

    def _fault(self, error: sqlite3.Error) -> StoreFault:
        fault = fault_of(error)
        return fault if fault.again else self.outage.begins(fault)


class Swift(Memo):
    """Transactions of a store on an SQLite file. Safe to use from many threads: each has its own, one after another.

    A transaction may linger: then the next of the same thread joins it, and all of them are one commit. Each can still
    fail alone, since it has a savepoint.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        writing: threading.RLock,
        outage: Outage,
        look: Callable[[], None],
        patience: float = BUSY,
    ) -> None:
        """`connect` opens a connection without transactions of its own; `writing` is held by who writes; `outage` is
        told of what fails; `look` raises a StoreFault where the file is not there any more. Another process that writes
        is waited for so many seconds of `patience`.
        """
        self.outage, self._look, self._patience = outage, look, patience
        self._changed = 0
        self.lingers: Callable[[], bool] = lambda: False
        """Asked in a thread that begins a transaction: whether it may stay open. Who says yes will call `settle`
        in that thread, soon, and lets nobody else believe in what was done there before that."""
        self._connect, self._writing = connect, writing
        self._prepared: dict[Any, _Prepared] = {}
        self._writer: Line | None = None
        self._owner = 0
        self._inside = False
        self._lingering = False
        self._lost: StoreFault | None = None
        self._depth = 0
        self._known: dict[Any, Any] = {}
        self._idle: list[Line] = []
        self._closed = False
        self._checkpoints = Checkpoints(connect, writing, outage)

    @property
    def inside(self) -> bool:
        """Whether this thread is in a transaction; not, where all that it has is one that lingers."""
        return self._inside and self._owner == threading.get_ident()

    def writing(self) -> AbstractContextManager[Line]:
        """The line of this thread's transaction: the one that is open, or a new one that ends with the block."""
        return self._begun() if self.inside else self._whole()

    def transaction(self) -> AbstractContextManager[Line]:
        """A transaction, or one inside of that which is open."""
        return self._part(self._begun()) if self.inside else self._whole()

    def reading(self) -> AbstractContextManager[Line]:
        """The line of this thread's transaction, or one that only reads."""
        return self._begun() if self._owner == threading.get_ident() else self._borrowed()

    def recall(self, key: Any, read: Callable[[], T]) -> T:
        if self._owner != threading.get_ident():
            return read()
        if key not in self._known:
            self._known[key] = read()
        known: T = self._known[key]
        return known

    def amend(self, key: Any, change: Callable[[Any], Any]) -> None:
        if key in self._known:
            self._known[key] = change(self._known[key])

    def forget(self, key: Any) -> None:
        self._known.pop(key, None)

    @contextmanager
    def _whole(self) -> Iterator[Line]:
        line = self._begun()
        self._inside = True
        try:
            if self._lingering:
                with self._part(line):
                    yield line
            else:
                yield line
        except BaseException:
            self._inside = False
            if not self._lingering:
                self._end("ROLLBACK")
            raise
        self._inside = False
        if not self._lingering:
            self._end("COMMIT")

    @contextmanager
    def _borrowed(self) -> Iterator[Line]:
        try:
            line = self._idle.pop()
        except IndexError:
            line = self._line()
        try:
            yield line
        finally:
            if self._closed:
                line.driver.close()
            else:
                self._idle.append(line)

    def settle(self) -> None:
        """Commit what lingers in this thread. StoreFault where that, or `let_go` before it, failed: nothing is kept."""
        self.let_go()
        lost, self._lost = self._lost, None
        if lost is not None:
            raise lost

    def let_go(self) -> None:
        """Commit what lingers in this thread, which is about to wait for another; `settle` will say if that failed."""
        if self._owner != threading.get_ident() or self._inside:
            return
        try:
            self._end("COMMIT")
        except StoreFault as fault:
            self._lost = fault

    def close(self) -> None:
        """Close every connection that is not in use; the others are closed after it."""
        self.let_go()
        self._checkpoints.close()
        self._closed = True
        with self._writing:
            lines = [*self._idle, *([self._writer] if self._writer else [])]
            self._idle, self._writer = [], None
        for line in lines:
            line.driver.close()

    def _begun(self) -> Line:
        """The line that writes, in a transaction of this thread."""
        if self._owner == threading.get_ident():
            assert self._writer is not None
            _check_open(self._writer)
            return self._writer
        self._look()
        self._writing.acquire()
        try:
            if self._writer is None:
                self._writer = self._line()
                self._writer.say("PRAGMA wal_autocheckpoint=0")  # a thread does it
                self._writer.say(f"PRAGMA cache_size=-{_CACHE}")
                self._writer.say("PRAGMA busy_timeout=0")  # `_begin` waits, and is quicker
            line = self._writer
            _begin(line, min(_BRIEFLY, self._patience) if self.outage.on else self._patience)
        except BaseException:
            self._writing.release()
            raise
        self._owner, self._lingering = threading.get_ident(), self.lingers()
        return line

    def _end(self, word: str) -> None:
        assert self._writer is not None
        line = self._writer
        try:
            if word == "COMMIT":
                _check_open(line)
            if line.driver.in_transaction:
                line.say(word)
        except BaseException:
            line.undo("ROLLBACK")
            raise
        finally:
            self._known.clear()
            self._owner, self._lingering = 0, False
            self._writing.release()
        changed = line.driver.total_changes
        if word == "COMMIT" and changed != self._changed:
            self.outage.ends()
        self._changed = changed
        self._checkpoints.changed(changed)

    @contextmanager
    def _part(self, line: Line) -> Iterator[Line]:
        """A part of a transaction that fails alone."""
        name = f"s{self._depth}"
        self._depth += 1
        try:
            line.say(f"SAVEPOINT {name}")
            try:
                yield line
            except BaseException:
                self._known.clear()
                line.undo(f"ROLLBACK TO {name}", f"RELEASE {name}")
                raise
            line.say(f"RELEASE {name}")
        finally:
            self._depth -= 1

    def _line(self) -> Line:
        try:
            return Line(self._connect(), self._prepared, self.outage)
        except (DBAPIError, sqlite3.Error) as error:
            raise self.outage.begins(fault_of(getattr(error, "orig", None) or error)) from error


def _check_open(line: Line) -> None:
    """StoreFault where an error before, which was said then, has ended the transaction."""
    if not line.driver.in_transaction:
        fault = StoreFault("the database ended the transaction", again=False)
        fault.said = True
        raise fault


def _begin(line: Line, patience: float) -> None:
    """Begin to write, when no other process does. SQLite itself would sleep a hundred times as long as they write."""
    until = time.monotonic() + patience
    while True:
        try:
            line.say("BEGIN IMMEDIATE")
        except StoreFault as fault:
            if not fault.again:
                raise
            if time.monotonic() > until:
                fault.again = False
                raise line.outage.begins(fault) from None
            time.sleep(random.uniform(0.0001, 0.001))  # noqa: S311 - no secret
        else:
            return


class Checkpoints:
    """Carries what is in SQLite's log into its file, in a thread and when it is quiet: who commits does not wait for the disk."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], writing: threading.RLock, outage: Outage) -> None:
        self._connect, self._writing, self._outage = connect, writing, outage
        self._due = threading.Event()
        self._rows = self._seen = 0
        self._last = 0.0
        self._closed = False
        self._thread: threading.Thread | None = None

    def changed(self, rows: int) -> None:
        """So many rows were changed since the start; told after a commit."""
        self._rows, self._last = rows, time.monotonic()
        if rows - self._seen < _EVERY or self._due.is_set():
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="oit-checkpoint", daemon=True)
            self._thread.start()
        self._due.set()

    def close(self) -> None:
        """End; SQLite does the rest when its last connection is closed."""
        self._closed = True
        self._due.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        driver = self._connect()
        driver.execute(f"PRAGMA journal_size_limit={_KEPT}")
        pause = threading.Event()
        while True:
            self._due.wait()
            while not self._closed and self._rows - self._seen < _MANY and time.monotonic() - self._last < _QUIET:
                pause.wait(_QUIET)
            if self._closed:
                break
            self._seen = self._rows
            self._due.clear()
            try:
                self._carry(driver)
            except sqlite3.Error as error:
                self._outage.begins(fault_of(error))
        driver.close()

    def _carry(self, driver: sqlite3.Connection) -> None:
        _, pages, _ = driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if pages < _LONG:
            return
        # Under steady load there is always something new in the log, so it is never begun again. What came during the
        # first of these is little, what comes during the second next to nothing: to wait for that is short.
        driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        with self._writing:
            driver.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
