"""The durable transcript: exchanges go into the database of the store, many in one commit, and are read again."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any, Final

from sqlalchemy import func, insert, select
from sqlalchemy.engine import Row

from emulator.parties.database import Database
from emulator.parties.rows import exchange_of, readable
from emulator.parties.store import StoreFault
from emulator.parties.swift import Lane, attempt
from emulator.parties.tables import exchanges
from emulator.record.exchange import Exchange, Message, Transcript, tail_of
from emulator.record.payload import dump
from emulator.record.secured import secured_json

_LOG: Final = logging.getLogger(__name__)
_MOST: Final = 2000
"""Exchanges that wait to be written; who adds another waits too, or, where none can be written, the oldest is given up."""
_MOST_BYTES: Final = 32 * 1024 * 1024
"""Bytes of their bodies, where none can be written."""
_AGAIN: Final = 1.0
"""Seconds between two tries to write what could not be written."""
_MARKS: Final = ("provoked", "spoilt")
_PAGE: Final = 500
"""Exchanges that are read at a time."""
_FEW: Final = 8
"""The same where some may be large."""


class Recorder:
    """Writes exchanges, all that wait in one transaction (group commit).

    On SQLite the event loop of a server writes those of its own calls, with all that these calls did: what came
    together is one commit. Everything else is written by a thread. What cannot be written is kept, and tried again.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows: list[dict[str, Any]] = []
        self._waiting: list[Future[None]] = []
        self._news = threading.Condition()
        self._closed = False
        self._held: list[dict[str, Any]] = []
        self._given_up = 0
        self._insert = insert(exchanges)
        self._swift = database.swift
        self._loop: asyncio.AbstractEventLoop | None = None
        self._door = 0
        self._own_rows: list[dict[str, Any]] = []
        self._own_waiting: list[asyncio.Future[None]] = []
        self._soon = False
        if self._swift is not None:
            self._swift.lingers = self._settles_soon
        self._thread = threading.Thread(target=self._run, name="oit-recorder", daemon=True)
        self._thread.start()

    def of(self, run: str) -> DurableTranscript:
        """The transcript of a run."""
        return DurableTranscript(self._database, run, self)

    def add(self, run: str, exchange: Exchange, *, late: bool = False) -> None:
        """Have an exchange written; `kept` tells when it is. A `late` one is written when the database can."""
        row = row_of(run, exchange)
        if not late and self._settles_soon():
            self._own_rows.append(row)
            return
        with self._news:
            self._news.wait_for(lambda: len(self._rows) < _MOST or self._closed or self._database.outage.on)
            self._rows.append(row)
            self._news.notify_all()

    def flush(self) -> None:
        """Return when all is in the database that this thread added before, and all that was replied to."""
        if self._settles_soon():
            self._settle()
            return
        self._told().result()

    async def kept(self) -> None:
        """The same for who must not block. StoreFault where the calls that it waits for are not kept, after all."""
        loop = asyncio.get_running_loop()
        if self._settles_soon():
            told = loop.create_future()
            self._own_waiting.append(told)
            await told
            return
        await asyncio.wrap_future(self._told())
        if self._swift is not None and (self._loop is None or self._loop.is_closed()):
            # From the next call on.
            self._loop, self._door = loop, threading.get_ident()

    def close(self) -> None:
        """Write what waits, and end."""
        with self._news:
            self._closed = True
            self._news.notify_all()
        self._thread.join()

    def _settles_soon(self) -> bool:
        """Whether this is the thread of the loop that writes; if so, it will, when all that is ready has had its turn."""
        if self._door != threading.get_ident() or self._loop is None or not self._loop.is_running():
            return False
        if not self._soon:
            self._soon = True
            self._loop.call_soon(self._settle)
        return True

    def _settle(self) -> None:
        """Commit the calls that came together, and their exchanges with them."""
        assert self._swift is not None
        self._soon = False
        rows, waiting = self._own_rows, self._own_waiting
        self._own_rows, self._own_waiting = [], []
        fault: StoreFault | None = None
        unwritten = bool(rows) and not self._write(rows)
        try:
            self._swift.settle()
        except StoreFault as error:
            fault = error  # with the calls goes what was recorded of them: each is answered otherwise
        else:
            if unwritten:
                self._hold(rows)
        for told in waiting:
            if told.done():
                continue
            if fault is None:
                told.set_result(None)
            else:
                told.set_exception(fault)

    def _hold(self, rows: list[dict[str, Any]]) -> None:
        with self._news:
            self._rows.extend(rows)
            self._news.notify_all()

    def _told(self) -> Future[None]:
        told: Future[None] = Future()
        with self._news:
            if self._closed:
                told.set_result(None)
            else:
                self._waiting.append(told)
                self._news.notify_all()
        return told

    def _run(self) -> None:
        tried = 0.0
        while True:
            with self._news:
                self._news.wait_for(lambda: self._rows or self._waiting or self._closed, _AGAIN if self._held else None)
                rows, waiting, closed = self._rows, self._waiting, self._closed
                self._rows, self._waiting = [], []
                self._news.notify_all()
            self._held += rows
            if self._held and (closed or time.monotonic() - tried > _AGAIN or not self._database.outage.on):
                tried = time.monotonic()
                self._write_held()
            self._give_up()
            for told in waiting:
                if told.set_running_or_notify_cancel():
                    told.set_result(None)
            if closed and not rows and not waiting:
                if self._given_up or self._held:
                    _LOG.error("%d exchange(s) could not be recorded", self._given_up + len(self._held))
                return

    def _write_held(self) -> None:
        """Write what there is, or hold it for another try."""
        if self._write(self._held):
            if self._given_up:
                _LOG.warning("%d exchange(s) of the meantime are not recorded", self._given_up)
            self._held, self._given_up = [], 0

    def _give_up(self) -> None:
        """Let go of the oldest of those that could not be written, where they are more than can be kept in memory."""
        left, kept = _MOST_BYTES, 0
        for row in reversed(self._held[-_MOST:]):
            left -= len(row["request"]) + len(row["response"] or b"")
            if left < 0:
                break
            kept += 1
        if more := len(self._held) - kept:
            del self._held[:more]
            self._given_up += more

    def _write(self, rows: list[dict[str, Any]]) -> bool:
        """Whether they are written."""
        lane: Lane = self._swift or self._database

        def write() -> None:
            with lane.writing() as connection:
                connection.execute(self._insert, rows)

        try:
            attempt(lane, write)
        except StoreFault:
            return False
        except Exception:  # noqa: BLE001 - the party's answer stands, whatever it is
            _LOG.exception("%d exchange(s) could not be recorded", len(rows))
        return True


class DurableTranscript(Transcript):
    """A run's exchanges in the database. An exchange has its number when it is read, by the order of writing."""

    def __init__(self, database: Database, run: str, recorder: Recorder | None = None) -> None:
        """Without a recorder it is for reading."""
        super().__init__()
        self._database, self._run, self._recorder = database, run, recorder

    def add(self, exchange: Exchange, *, late: bool = False) -> Exchange:
        if self._recorder is None:
            raise TypeError
        self._recorder.add(self._run, exchange, late=late)
        return exchange

    def __iter__(self) -> Iterator[Exchange]:
        return (exchange for _, exchange in self.since(-1))

    def since(self, after: int) -> Iterator[tuple[int, Exchange]]:
        """The exchanges that were written after one, each with where it stands in the database: what to go on after. They are
        numbered from the first that is asked for.
        """
        self.flush()
        n = 0
        while rows := self._rows(after):
            for row in rows:
                n += 1
                after = row.seq
                if (exchange := _exchange(row, n)) is not None:
                    yield after, exchange

    def tail(self, most: int, heaviest: int) -> list[Exchange]:
        self.flush()
        newest = newest_first(self._database, self._run, _FEW)
        return tail_of((exchange for _, exchange in newest), most, heaviest)

    def __len__(self) -> int:
        self.flush()
        with self._database.reading() as connection:
            count = select(func.count()).select_from(exchanges).where(exchanges.c.run == self._run)
            return int(connection.execute(count).scalar_one())

    def __getitem__(self, n: int) -> Exchange:
        self.flush()
        with self._database.reading() as connection:
            asked = select(exchanges).where(exchanges.c.run == self._run).order_by(exchanges.c.seq)
            row = connection.execute(asked.offset(n - 1).limit(1)).one_or_none() if n > 0 else None
        exchange = None if row is None else _exchange(row, n)
        if exchange is None:
            raise IndexError(n)
        return exchange

    def _rows(self, after: int) -> list[Row[Any]]:
        asked = select(exchanges).where(exchanges.c.run == self._run, exchanges.c.seq > after)
        with self._database.reading() as connection:
            return list(connection.execute(asked.order_by(exchanges.c.seq).limit(_PAGE)).all())

    def flush(self) -> None:
        if self._recorder is not None:
            self._recorder.flush()


def newest(database: Database) -> int:
    """The number of the newest exchange of all runs, 0 where there is none."""
    with database.reading() as connection:
        return int(connection.execute(select(func.max(exchanges.c.seq))).scalar() or 0)


def runs_since(database: Database, start: int, most: int) -> list[str]:
    """The runs that have exchanges after a number, the one with the newest exchange first."""
    last = func.max(exchanges.c.seq)
    asked = select(exchanges.c.run).where(exchanges.c.seq > start).group_by(exchanges.c.run).order_by(last.desc())
    with database.reading() as connection:
        return list(connection.execute(asked.limit(most)).scalars())


def newest_of(database: Database, run: str, most: int) -> list[Exchange]:
    """The newest exchanges of a run, oldest first."""
    mine = exchanges.c.run == run
    with database.reading() as connection:
        count = connection.execute(select(func.count()).select_from(exchanges).where(mine)).scalar_one()
        rows = connection.execute(select(exchanges).where(mine).order_by(exchanges.c.seq.desc()).limit(most)).all()
    found = [_exchange(row, count - place) for place, row in enumerate(rows)][::-1]
    return [exchange for exchange in found if exchange is not None]


def newest_first(database: Database, run: str | None, page: int = _PAGE) -> Iterator[tuple[str, Exchange]]:
    """The exchanges of a run, or of every run, the newest first, with their runs."""
    numbers: dict[str, int] = {}
    before: int | None = None
    while True:
        asked = select(exchanges).order_by(exchanges.c.seq.desc()).limit(page)
        asked = asked if before is None else asked.where(exchanges.c.seq < before)
        with database.reading() as connection:
            rows = connection.execute(asked if run is None else asked.where(exchanges.c.run == run)).all()
            for name in {row.run for row in rows} - numbers.keys():
                newest = max(row.seq for row in rows if row.run == name)
                until = select(func.count()).where(exchanges.c.run == name, exchanges.c.seq <= newest)
                numbers[name] = connection.execute(until).scalar_one()
        for row in rows:
            if (exchange := _exchange(row, numbers[row.run])) is not None:
                yield row.run, exchange
            numbers[row.run] -= 1
        if len(rows) < page:
            return
        before = rows[-1].seq


def _exchange(row: Row[Any], n: int) -> Exchange | None:
    """A row as an exchange with number `n`; None where it cannot be read, which keeps its number."""
    return readable("exchanges", row, lambda row: exchange_of(row, n))


def row_of(run: str, exchange: Exchange) -> dict[str, Any]:
    """An exchange as a row of its table."""
    request, response, fault = exchange.request, exchange.response, exchange.fault
    about = {
        "from": exchange.sender,
        "to": exchange.receiver,
        "api": exchange.api,
        "release": exchange.release,
        "kind": exchange.kind,
        "operation": exchange.operation,
        "path_params": dict(exchange.path_params),
        "step": exchange.step,
        "request": {"method": request.method, "url": request.url, "headers": request.headers, **_unread(request)},
        "response": None
        if response is None
        else {"status": response.status, "headers": response.headers, **_unread(response)},
        "fault": None if fault is None else {"kind": fault.kind, "message": fault.message},
        **{mark: True for mark in _MARKS if getattr(exchange, mark)},
    }
    if exchange.secured is not None:
        about["secured"] = secured_json(exchange.secured)
    if exchange.leg is not None:
        about["leg"] = exchange.leg
    if exchange.relayed is not None:
        about["relayed"] = exchange.relayed.as_json()
    return {
        "run": run,
        "at": exchange.at,
        "elapsed_ms": exchange.elapsed_ms,
        "about": dump(about),
        "request": request.raw,
        "response": None if response is None else response.raw,
    }


def _unread(message: Message) -> dict[str, Any]:
    return {} if message.unread is None else {"unread": {"kind": message.unread.kind, "why": message.unread.why}}
