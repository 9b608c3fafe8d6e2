"""What a database cannot do at the moment: found in what its driver says, and said once."""

from __future__ import annotations

import logging
import threading
from enum import StrEnum
from typing import Any, Final

from emulator.parties.store import StoreFault

_LOG: Final = logging.getLogger("oit.database")


class Ill(StrEnum):
    """What is wrong with a database, and what follows."""

    FULL = "cannot be written to: what changes something gets 503, all else is served, until there is room"
    READ_ONLY = "may only be read: what changes something gets 503, all else is served; see to the rights of its file and folder"
    LOCKED = "is held by another process: what needs it gets 503 until that lets go"
    GONE = "cannot be reached: what needs it gets 503 until it is there again"
    REMOVED = "has lost its file, which somebody removed or replaced: what needs it gets 503; end this process, see to the file, start again"
    DAMAGED = "is damaged: what needs the damaged part gets 503; put back a copy, or begin a new one with --data or --database"
    OTHER = "refused"


_AGAIN: Final = frozenset({"40001", "40P01"})
"""SQLSTATEs after which PostgreSQL wants the transaction again: serialization failure, deadlock."""
_OF_SQLITE: Final = (
    ("SQLITE_FULL", Ill.FULL),
    ("SQLITE_IOERR_READ", Ill.DAMAGED),
    ("SQLITE_IOERR_SHORT_READ", Ill.DAMAGED),
    ("SQLITE_IOERR", Ill.FULL),
    ("SQLITE_CORRUPT", Ill.DAMAGED),
    ("SQLITE_NOTADB", Ill.DAMAGED),
    ("SQLITE_READONLY", Ill.READ_ONLY),
    ("SQLITE_BUSY", Ill.LOCKED),
    ("SQLITE_LOCKED", Ill.LOCKED),
    ("SQLITE_PROTOCOL", Ill.LOCKED),
    ("SQLITE_CANTOPEN", Ill.GONE),
)
"""Beginnings of SQLite's names of errors, the first that fits."""
_OF_POSTGRESQL: Final = (
    ("53100", Ill.FULL),
    ("25006", Ill.READ_ONLY),
    ("55P03", Ill.LOCKED),
    ("57P0", Ill.GONE),
    ("53300", Ill.GONE),
    ("08", Ill.GONE),
    ("28", Ill.GONE),
    ("XX001", Ill.DAMAGED),
    ("XX002", Ill.DAMAGED),
)
"""Beginnings of SQLSTATEs."""


def fault_of(error: BaseException, *, lost: bool = False, gone: bool = False) -> StoreFault:
    """What a driver says, as the store says it. `gone`: the connection broke; `lost`: it had committed nothing by then."""
    name = getattr(error, "sqlite_errorname", None)
    state = getattr(error, "sqlstate", None)
    if name is not None:
        ill = next((ill for start, ill in _OF_SQLITE if name.startswith(start)), Ill.OTHER)
    elif gone or (state is None and type(error).__name__ == "OperationalError"):
        ill = Ill.GONE
    else:
        ill = next((ill for start, ill in _OF_POSTGRESQL if (state or "").startswith(start)), Ill.OTHER)
    again = state in _AGAIN or ill is Ill.LOCKED or (lost and gone)
    return StoreFault(str(error).strip().partition("\n")[0], again=again, ill=ill)


class Outage:
    """Says when a database begins to fail and when it is well again: one line of the log each, however many calls see it."""

    def __init__(self, name: str) -> None:
        """`name` is what the database is called in the log."""
        self._name = name
        self._said: set[Any] = set()
        self._lock = threading.Lock()

    @property
    def on(self) -> bool:
        """Whether it fails, as far as is known."""
        return bool(self._said)

    def begins(self, fault: StoreFault) -> StoreFault:
        """A fault that no other try mends; returns it."""
        with self._lock:
            new = fault.ill not in self._said
            self._said.add(fault.ill)
        fault.said = True
        if new:
            _LOG.error("the database %s %s (%s)", self._name, fault.ill, fault)
        return fault

    def ends(self) -> None:
        """Something was written: it is well again. What is damaged or removed is not, by that."""
        if not self._said:
            return
        with self._lock:
            over = self._said - {Ill.DAMAGED, Ill.REMOVED}
            self._said -= over
        if over:
            _LOG.warning("the database %s is written to again", self._name)
