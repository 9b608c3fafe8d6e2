"""Opening a store: in memory, or in the database that a URL names."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from emulator.parties.store import MemoryStore, Store
from emulator.record.exchange import Kept, RecentTranscript, Transcript

if TYPE_CHECKING:
    from emulator.parties.database import Database


RUNS: Final = 1000
"""Runs that are told of; of more, those are left out that were used longest ago."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where a party keeps what it has: its state, and the exchanges of each run.

    `came` gives the runs to which anything came since the start, the newest first, `RUNS` at the most. `kept` is awaited
    before a reply goes out; None where nothing is to wait for. `database` is None in memory.
    """

    store: Store
    transcript_of: Callable[[str], Transcript]
    came: Callable[[], list[str]]
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


class _Recent:
    """The newest exchanges of each run, in memory. Who calls names the runs, so those that rest longest are forgotten."""

    MOST_BYTES = 4 * RecentTranscript.LIMIT_BYTES

    def __init__(self) -> None:
        self._transcripts: dict[str, RecentTranscript] = {}
        self._kept = Kept()
        self._lock = threading.Lock()

    def of(self, run: str) -> RecentTranscript:
        with self._lock:
            found = self._transcripts.pop(run, None) or RecentTranscript(self._kept)
            self._transcripts[run] = found  # the last of them is the one that was asked for last
            while len(self._transcripts) > 1 and self._are_too_many():
                self._transcripts.pop(next(iter(self._transcripts))).let_go()
            return found

    def _are_too_many(self) -> bool:
        return len(self._transcripts) > RUNS or self._kept.bytes > self.MOST_BYTES

    def came(self) -> list[str]:
        with self._lock:
            runs = [(transcript.last, run) for run, transcript in self._transcripts.items() if transcript.newest]
        return [run for _, run in sorted(runs, reverse=True)[:RUNS]]


@contextmanager
def keeping(url: str | None, since: int | None = None) -> Iterator[Keeping]:
    """State and exchanges in one database, closed with the block; None keeps state and the newest exchanges in memory.

    `since` is the number of the exchange after which the start was, where that was another process's: `newest`.
    UserError where the database cannot be used.
    """
    if url is None:
        recent = _Recent()
        yield Keeping(MemoryStore(), recent.of, recent.came)
        return
    from emulator.parties.database import Database  # noqa: PLC0415 - heavy, as above
    from emulator.parties.recorder import Recorder, newest, runs_since  # noqa: PLC0415
    from emulator.parties.sql import SqlStore  # noqa: PLC0415

    database = Database(url)
    recorder = Recorder(database)
    start = newest(database) if since is None else since
    store = SqlStore(database)
    try:
        yield Keeping(
            store,
            recorder.of,
            lambda: runs_since(database, start, RUNS),
            recorder.kept,
            database,
        )
    finally:
        recorder.close()
        store.close()
