"""Records of an authorization server in a database: whoever shares the database knows the same tokens."""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, delete, select, update

from emulator.doors.authority.records import RecordKind, Records
from emulator.parties.database import Database
from emulator.parties.swift import Lane, attempt
from emulator.parties.tables import authority
from emulator.record.exchange import Party

_TURNS: Final = "turns"
_HEARD: Final = 0.25
_HEARD_NEARBY: Final = 0.02
"""Seconds after which a process asks again whether something was revoked by another that shares its database; PostgreSQL is
asked over a network, SQLite is not.
"""
_KEY: Final = ("owner", "kind", "id")


class SqlRecords(Records):
    """Records of one party in a database."""

    def __init__(self, database: Database, party: Party) -> None:
        self._lane: Lane = database.swift or database
        self._owner = str(party)
        self._heard = _HEARD if database.is_postgresql else _HEARD_NEARBY
        self._turned, self._asked = 0, -math.inf
        dialect: Any = importlib.import_module(
            f"sqlalchemy.dialects.{'postgresql' if database.is_postgresql else 'sqlite'}"
        )
        this = [authority.c[name] == bindparam(f"the_{name}") for name in _KEY]
        inserted = dialect.insert(authority)
        self._put = inserted.on_conflict_do_nothing().inline().execution_options(preserve_rowcount=True)
        self._get = select(authority.c.body).where(*this)
        self._all = select(authority.c.id, authority.c.body).where(*this[:2]).order_by(authority.c.seq)
        self._update = update(authority).where(*this).values(body=bindparam("new_body"))
        self._remove = delete(authority).where(*this)
        self._sweep = delete(authority).where(*this[:2], authority.c.until <= bindparam("now"))

    def put(self, kind: RecordKind, identifier: str, body: Mapping[str, Any], until: datetime | None = None) -> bool:
        return attempt(self._lane, lambda: self._added(kind, identifier, body, until))

    def _added(self, kind: str, identifier: str, body: Mapping[str, Any], until: datetime | None) -> bool:
        row = {**self._row(kind, identifier), "until": until, "body": orjson.dumps(dict(body))}
        with self._lane.writing() as connection:
            return bool(connection.execute(self._put, row).rowcount)

    def replace(self, kind: RecordKind, identifier: str, body: Mapping[str, Any]) -> None:
        attempt(self._lane, lambda: self._replaced(kind, identifier, body))

    def _replaced(self, kind: str, identifier: str, body: Mapping[str, Any]) -> None:
        if not self._added(kind, identifier, body, None):
            with self._lane.writing() as connection:
                connection.execute(
                    self._update, {**self._named(kind, identifier), "new_body": orjson.dumps(dict(body))}
                )

    def get(self, kind: RecordKind, identifier: str) -> Mapping[str, Any] | None:
        return self._read(kind, identifier)

    def _read(self, kind: str, identifier: str) -> Mapping[str, Any] | None:
        with self._lane.reading() as connection:
            row = connection.execute(self._get, self._named(kind, identifier)).first()
        if row is None:
            return None
        body = orjson.loads(row.body)
        return body if isinstance(body, dict) else None

    def all(self, kind: RecordKind) -> list[tuple[str, Mapping[str, Any]]]:
        with self._lane.reading() as connection:
            rows = connection.execute(self._all, {"the_owner": self._owner, "the_kind": str(kind)}).all()
        return [(row.id, orjson.loads(row.body)) for row in rows]

    def remove(self, kind: RecordKind, identifier: str) -> None:
        attempt(self._lane, lambda: self._run(self._remove, self._named(kind, identifier)))

    def sweep(self, kind: RecordKind, now: datetime) -> None:
        values = {"the_owner": self._owner, "the_kind": str(kind), "now": now}
        attempt(self._lane, lambda: self._run(self._sweep, values))

    def _run(self, statement: Any, values: Mapping[str, Any]) -> None:
        with self._lane.writing() as connection:
            connection.execute(statement, values)

    def turn(self) -> None:
        attempt(self._lane, lambda: self._replaced(_TURNS, _TURNS, {"n": self._count() + 1}))
        self._asked = -math.inf

    def turns(self) -> int:
        if time.monotonic() - self._asked > self._heard:
            self._turned, self._asked = self._count(), time.monotonic()
        return self._turned

    def _count(self) -> int:
        found = self._read(_TURNS, _TURNS)
        return int(found["n"]) if found else 0

    def _row(self, kind: str, identifier: str) -> dict[str, Any]:
        return {"owner": self._owner, "kind": str(kind), "id": identifier}

    def _named(self, kind: str, identifier: str) -> dict[str, Any]:
        return {f"the_{name}": value for name, value in self._row(kind, identifier).items()}
