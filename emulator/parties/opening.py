"""Opening a store: in memory, or in the database that a URL names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.parties.store import MemoryStore, Store
from emulator.wire.exchange import RecentTranscript, Transcript

if TYPE_CHECKING:
    from emulator.parties.database import Database


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where a party keeps what it has: its state, and the exchanges of each run.

    `kept` is awaited before a reply goes out; None where nothing is to wait for. `database` is None in memory.
    """

    store: Store
    transcript_of: Callable[[str], Transcript]
    kept: Callable[[], Awaitable[None]] | None = None
    database: Database | None = None


def open_store(url: str | None = None) -> Store:
    """The store that a URL names: `sqlite:///file`, `postgresql://user@host/database`; None keeps all in memory.

    UserError where the database cannot be used.
    """
    if url is None:
        return MemoryStore()
    from emulator.parties.database import Database  # noqa: PLC0415 - heavy, and a self-test needs no database
    from emulator.parties.sql import SqlStore  # noqa: PLC0415

    return SqlStore(Database(url))


@contextmanager
def keeping(url: str | None) -> Iterator[Keeping]:
    """State and exchanges in one database, closed with the block; None keeps state and the newest exchanges in memory.

    UserError where the database cannot be used.
    """
    if url is None:
        recent: dict[str, RecentTranscript] = defaultdict(RecentTranscript)
        yield Keeping(MemoryStore(), recent.__getitem__)
        return
    from emulator.parties.database import Database  # noqa: PLC0415 - heavy, as above
    from emulator.parties.recorder import Recorder  # noqa: PLC0415
    from emulator.parties.sql import SqlStore  # noqa: PLC0415

    database = Database(url)
    recorder = Recorder(database)
    try:
        yield Keeping(SqlStore(database), recorder.of, recorder.kept, database)
    finally:
        recorder.close()
        database.close()
