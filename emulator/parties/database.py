"""A database: how it is opened, brought up to date, and written to in transactions.

SQLite runs in WAL mode with `synchronous=NORMAL`: what was committed outlives the process, whatever kills it (`kill -9`
too), because the operating system has it. A power cut or a crash of the machine can take back the newest commits
(those since the last checkpoint), never part of one, and never harms the file. PostgreSQL flushes every commit to the
disk, so it keeps them through a power cut as well.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import sqlalchemy
from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, create_engine, event, exc
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from emulator.errors import UserError
from emulator.parties.outage import Ill, Outage, fault_of
from emulator.parties.store import StoreFault
from emulator.parties.swift import BUSY, Swift, attempt
from emulator.parties.tables import HEAD, for_postgresql, metadata

T = TypeVar("T")

_REACHED: Final = 5
"""Seconds in which PostgreSQL has to take a connection."""
_LOOK: Final = 0.25
"""Seconds between two looks at whether the file is still there."""
_READS: Final = "oit_reads"
_MIGRATING: Final = 0x01D7
"""Advisory lock of who brings a PostgreSQL database up to date."""
_STAMPED: Final = Table(
    "alembic_version", MetaData(), Column("version_num", String(32), primary_key=True, nullable=False)
)
"""Where alembic keeps which migration was the last, as alembic makes it."""


def _began(process: int) -> str:
    """When a process of this machine began, as the kernel counts, and in which space of numbers; "" where unknown.

    Numbers are given again, and each container has its own process 1.
    """
    with contextlib.suppress(OSError):
        space = str(Path("/proc/self/ns/pid").readlink()).strip("pid:[]")
        return f"{space}.{Path(f'/proc/{process}/stat').read_text().rpartition(')')[2].split()[19]}"
    return ""


def holder_of(process: int) -> str:
    """The name by which a process of this machine holds leases."""
    return f"{socket.gethostname()}:{process}:{_began(process)}"


RESERVED: Final = "/reserved"
"""Ends the name of a holder to whom something is left that it has not begun with."""


class Database:
    """Connections to one database. Safe to use from many threads: each has its own transaction."""

    def __init__(self, url: str) -> None:
        """Open and bring up to date. UserError where the URL is no database, or cannot be reached or written."""
        self.url = _url(url)
        self.is_postgresql = self.url.get_backend_name() == "postgresql"
        if self.is_postgresql:
            for_postgresql()
        # One writer at a time is SQLite's rule; threads of one process wait here, not by polling the file.
        alone = threading.RLock()
        self._writing: Any = contextlib.nullcontext() if self.is_postgresql else alone
        self._mine = threading.local()
        self._engine = _engine(self.url)
        self.outage = Outage(self.name)
        """What it cannot do at the moment."""
        self._file: tuple[int, int] | None = None
        self._looked = 0.0
        # Who only reads one thing needs no transaction, which would cost PostgreSQL two more messages.
        reads: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"} if self.is_postgresql else {_READS: True}
        self._reader = self._engine.execution_options(**reads)
        self.swift = (
            None if self.is_postgresql else Swift(self._connected, alone, self.outage, self.look, _patience(self.url))
        )
        """The store's way to an SQLite file."""
        try:
            _migrate(self._engine)
        except (SQLAlchemyError, OSError) as error:
            self._engine.dispose()
            reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
            message = f"the database {self.name} cannot be used: {reason}"
            raise UserError(message) from error
        except UserError:
            self._engine.dispose()
            raise
        self._file = self._identity()

    @property
    def name(self) -> str:
        """The URL without its password and its driver."""
        plain = self.url.set(drivername=self.url.get_backend_name())
        return plain.render_as_string(hide_password=True)

    def look(self) -> None:
        """StoreFault where the file is not the one that was opened: what is written to that is lost when we end.

        The system is asked a few times in a second, no matter how many calls want to know.
        """
        if self._file is None or (now := time.monotonic()) < self._looked:
            return
        if self._identity() != self._file:
            message = "what was written there is not in it any more"
            raise self.outage.begins(StoreFault(message, again=False, ill=Ill.REMOVED))
        self._looked = now + _LOOK

    def _identity(self) -> tuple[int, int] | None:
        """Which file it is, for the system; None for PostgreSQL and where there is none."""
        if self.is_postgresql:
            return None
        try:
            found = os.stat(str(self.url.database))  # noqa: PTH116 - at each call, so it has to be quick
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def close(self) -> None:
        """Close every connection."""
        if self.swift is not None:
            self.swift.close()
        self._engine.dispose()

    def _connected(self) -> Any:
        """A connection of SQLite's driver that is nobody else's."""
        connection = self._engine.raw_connection()
        driver = connection.driver_connection
        connection.detach()
        return driver

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The connection of this thread's transaction: the one that is open, or a new one that ends with the block."""
        open_now: Connection | None = getattr(self._mine, "connection", None)
        if open_now is not None:
            yield open_now
            return
        self.look()
        with self._writing, self._translated(), self._engine.connect() as connection, connection.begin():
            self._mine.connection = connection
            try:
                with self._translated(lost=True):
                    yield connection
            finally:
                self._mine.connection = None
        self.outage.ends()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction, or one inside of that which is open."""
        if not self.inside:
            with self.writing() as connection:
                yield connection
            return
        with self.writing() as connection, self._translated(), connection.begin_nested():
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The connection of this thread's transaction, or one that only reads."""
        if self.inside:
            with self.writing() as connection:
                yield connection
            return
        with self._translated(), self._reader.connect() as connection:
            yield connection

    @property
    def inside(self) -> bool:
        """Whether this thread is in a transaction."""
        return getattr(self._mine, "connection", None) is not None

    def attempt(self, work: Callable[[], T]) -> T:
        """Do work in a transaction; where the database asks for it, again from the start. StoreFault at last."""
        return attempt(self, work)

    @contextmanager
    def _translated(self, *, lost: bool = False) -> Iterator[None]:
        """What the database says becomes a StoreFault. `lost`: a connection that broke here had committed nothing."""
        try:
            yield
        except DBAPIError as error:
            fault = fault_of(error.orig or error, lost=lost, gone=error.connection_invalidated)
            raise (fault if fault.again else self.outage.begins(fault)) from error
        except exc.TimeoutError as error:
            message = "no connection was free"
            raise self.outage.begins(StoreFault(message, again=False, ill=Ill.LOCKED)) from error


def _url(text: str) -> URL:
    # Of what is no URL nobody can tell where a password begins.
    shown = f"***@{text.rpartition('@')[2]}" if "@" in text else text
    problem = (
        f"{shown!r} is no database that we know: write sqlite:///folder/file.sqlite3 or postgresql://user@host/database"
    )
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:  # ValueError: a port, or brackets, that are none
        raise UserError(problem) from error
    if backend in {"postgresql", "postgres"}:
        if "@" in (url.host or ""):
            message = f"the database {shown!r}: an @ in a name or password is written %40"
            raise UserError(message)
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite" or not url.database or url.database == ":memory:":
        raise UserError(problem)
    if unknown := sorted(url.query.keys() - {"timeout"}):
        message = (
            f"the database {url.database}: '{unknown[0]:.60}' is unknown; of an SQLite URL only timeout=SECONDS is read"
        )
        raise UserError(message)
    return url.set(drivername="sqlite+pysqlite")


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        reached = {} if "connect_timeout" in url.query else {"connect_timeout": _REACHED}
        return create_engine(url, isolation_level="READ COMMITTED", pool_size=5, max_overflow=20, connect_args=reached)
    try:
        Path(str(url.database)).absolute().parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder of the database {url.database} cannot be made: {error.strerror}"
        raise UserError(message) from error
    engine = create_engine(url, connect_args={"timeout": _patience(url), "check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _patience(url: URL) -> float:
    """Seconds to wait for another process that writes: `?timeout=` of the URL, or ours. UserError where it is no number."""
    given = url.query.get("timeout", BUSY)
    try:
        return max(0.0, float(given if isinstance(given, str) else BUSY))
    except ValueError:
        message = f"the database {url.database}: timeout={given} is no number of seconds"
        raise UserError(message) from None


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN, not the driver
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    if not connection.get_execution_options().get(_READS):
        # A reader that turned into a writer would be refused, not made to wait; so a writer says so at once.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _migrate(engine: Engine) -> None:
    """Run the migrations that are missing, one process at a time, in one transaction."""
    with engine.connect() as connection:
        if _version(connection) == HEAD:
            return
    with engine.connect() as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sqlalchemy.select(sqlalchemy.func.pg_advisory_xact_lock(_MIGRATING)))
        version = _version(connection)
        if version == HEAD:
            return
        if not sqlalchemy.inspect(connection).get_table_names():
            # A new database is what all migrations make of nothing.
            metadata.create_all(connection)
            _STAMPED.create(connection)
            connection.execute(_STAMPED.insert(), {"version_num": HEAD})
            return
        from alembic import command  # noqa: PLC0415 - heavy, and only a database that is not up to date needs it
        from alembic.config import Config  # noqa: PLC0415
        from alembic.util.exc import CommandError  # noqa: PLC0415

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        config.attributes.update(connection=connection, metadata=metadata)
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            message = f"the database was made by a newer version of OIT (its tables are {version}, ours {HEAD})"
            raise UserError(message) from error


def _version(connection: Connection) -> str | None:
    if not sqlalchemy.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sqlalchemy.text("SELECT version_num FROM alembic_version")).scalar()
