"""A seller remembers in its database which profile it was started with, so that another one is noticed."""

from __future__ import annotations

import dataclasses
import os
import socket
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Row

from emulator.parties import tables
from emulator.parties.clock import rfc3339
from emulator.parties.database import Database, holder_of
from emulator.parties.profile import Profile
from emulator.record.payload import MISSING, escape
from emulator.standard.strict import fields_of

_TOLD: Final = 5
"""Changes that are told of a profile that has more."""


def remember(database: Database, profile: Profile) -> list[str]:
    """Remember a seller of this process; returns what whoever starts it should know, a line each.

    That is: what the profile has that what is kept was not made under, and other sellers that serve the database with
    another one. A seller of this machine that was killed serves no more; of others nobody knows but that they did not
    end.
    """
    own = _plain(profile)
    with database.writing() as connection:
        rows = connection.execute(select(tables.sellers).order_by(tables.sellers.c.seq)).all()
        kept = connection.execute(select(func.count()).select_from(tables.runs)).scalar()
        mine = {"holder": holder_of(os.getpid()), "started": datetime.now(UTC), "profile": orjson.dumps(own)}
        connection.execute(insert(tables.sellers), mine)
    others = [row for row in rows if row.ended is None and _may_serve(row.holder)]
    told = [line for row in others for line in _beside(row, own)]
    if rows and kept and rows[-1] not in others:
        told += _before(rows[-1], own)
    return told


def forget(database: Database) -> None:
    """The seller of this process ends."""
    table = tables.sellers
    mine = update(table).where(table.c.holder == holder_of(os.getpid()), table.c.ended.is_(None))
    with database.writing() as connection:
        connection.execute(mine.values(ended=datetime.now(UTC)))


def _may_serve(holder: str) -> bool:
    """Whether a process may still be there that did not say that it ended."""
    host, _, rest = holder.partition(":")
    process = rest.partition(":")[0]
    return host != socket.gethostname() or not process.isdecimal() or holder_of(int(process)) == holder


def _before(row: Row[Any], own: Any) -> Iterator[str]:
    was = orjson.loads(row.profile)
    if changes := list(_changes(was, own)):
        yield (
            f"what the database keeps was made under profile {was['name']!r} (a seller started {rfc3339(row.started)}); "
            f"with {own['name']!r} {_some(changes)}. Products are given to a run when it begins, what is under way keeps "
            "its times and prices; another --data or --database begins anew"
        )


def _beside(row: Row[Any], own: Any) -> Iterator[str]:
    was = orjson.loads(row.profile)
    if changes := list(_changes(was, own)):
        process = row.holder.rsplit(":", 1)[0]
        yield (
            f"another seller serves the same database (process {process}, since {rfc3339(row.started)}) with profile "
            f"{was['name']!r}: with {own['name']!r} {_some(changes)}. Which of them answers decides; give each a --data "
            "or --database of its own"
        )


def _some(changes: list[str]) -> str:
    left = len(changes) - _TOLD
    return "; ".join(changes[:_TOLD]) + (f" and {left} more differ" if left > 0 else "")


def _plain(value: Any) -> Any:
    """A profile as JSON, by the keys that its file has."""
    if dataclasses.is_dataclass(value):
        return {
            each.key: _plain(getattr(value, each.name))
            for each in fields_of(type(value))
            if not (each.keyed or each.ours)
        }
    if isinstance(value, Mapping):
        return {str(name): _plain(member) for name, member in value.items()}
    return [_plain(member) for member in value] if isinstance(value, list | tuple) else value


def _changes(was: Any, now: Any, place: str = "") -> Iterator[str]:
    """Each setting that differs, as words."""
    if isinstance(was, dict) and isinstance(now, dict):
        for name in dict.fromkeys([*was, *now]):
            here = f"{place}/{escape(name)}"
            if here not in {"/name", "/description"}:
                yield from _changes(was.get(name, MISSING), now.get(name, MISSING), here)
    elif was is MISSING:
        yield f"{place} is new"
    elif now is MISSING:
        yield f"{place} is gone"
    elif was != now:
        plain = not isinstance(was, dict | list) and not isinstance(now, dict | list)
        yield f"{place} was {was!r:.40} and is {now!r:.40}" if plain else f"{place} is another"
