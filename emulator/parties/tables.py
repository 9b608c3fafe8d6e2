"""The tables of a database store, as the newest migration leaves them."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

HEAD: Final = "v0006"
"""The newest migration."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
UNKNOWN: Final = _EPOCH
"""What is read where a row has no time that can be one."""
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""No moment of a row is later: to whatever is kept, a profile's longest interval can hardly be added any more."""
_MOST: Final = (LATEST - _EPOCH) // _MICROSECOND
_LONGEST: Final = 800
"""Bytes of a key; three times as many still fit into one index entry of PostgreSQL."""
_KEPT: Final = 100
"""Characters that are kept of a longer one, before its digest."""
_ESCAPED: Final = re.compile(r"\\(\\|u[0-9a-f]{4}|x[0-9a-f]{2})")


class Words(TypeDecorator[str]):
    """Text from strangers. Neither NUL nor half a surrogate pair is text to a database, so both are escaped."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect | None = None) -> Any:  # noqa: ARG002 - SQLAlchemy's
        return None if value is None else _escaped(value)

    def process_result_value(self, value: Any, dialect: Dialect | None = None) -> Any:  # noqa: ARG002 - SQLAlchemy's
        if not isinstance(value, str):
            return value if value is None else str(value)  # SQLite keeps bytes in a column of text
        return value if "\\" not in value else _ESCAPED.sub(_unescaped, value)


class Name(Words):
    """Text that things are found by: ids, runs. Of more than 800 bytes the beginning and a digest are kept."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect | None = None) -> Any:  # noqa: ARG002 - SQLAlchemy's
        if value is None:
            return None
        text = _escaped(value)
        if len(text) * 4 <= _LONGEST or len(text.encode()) <= _LONGEST:
            return text
        return _escaped(f"{value[:_KEPT]}~{hashlib.sha256(text.encode()).hexdigest()}")


def _escaped(text: str) -> str:
    if "\\" not in text and text.isprintable():
        return text
    return text.replace("\\", "\\\\").replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()


def _unescaped(found: re.Match[str]) -> str:
    said = found[1]
    return "\\" if said == "\\" else chr(int(said[1:], 16))


class Moment(TypeDecorator[datetime]):
    """A date-time as microseconds since 1970, UTC: exact, and the same in every database.

    What is read is `UNKNOWN` where it is no time of 1970 to LATEST: reading never fails, whatever somebody put there.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect | None = None) -> Any:  # noqa: ARG002 - SQLAlchemy's
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect | None = None) -> Any:  # noqa: ARG002 - SQLAlchemy's
        if value is None:
            return None
        if type(value) is int and 0 < value <= _MOST:
            return _EPOCH + timedelta(microseconds=value)
        return UNKNOWN


def number() -> Column[int]:
    """The key of a row: it rises with time and is never used again."""
    return Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


metadata = MetaData()

starts = Table(
    "starts",
    metadata,
    number(),
    Column("at", Moment, nullable=False),
    Column("holder", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""Each start of a party, and which process it was."""

sellers = Table(
    "sellers",
    metadata,
    number(),
    Column("holder", Text, nullable=False),
    Column("started", Moment, nullable=False),
    Column("ended", Moment),
    Column("profile", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
"""Each seller that served the database, with the profile (JSON) that it was started with."""

pace = Table(
    "pace",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("real", Moment, nullable=False),
    Column("shown", Moment, nullable=False),
    Column("rate", Float, nullable=False),
)
"""How the clock goes that all other moments are of: one row, or none where it shows the wall's time."""

runs = Table(
    "runs",
    metadata,
    Column("id", Name, primary_key=True),
    Column("began", Moment, nullable=False),
)

resources = Table(
    "resources",
    metadata,
    number(),
    Column("run", Name, nullable=False),
    Column("kind", Name, nullable=False),
    Column("id", Name, nullable=False),
    Column("created", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("external", Name),
    Column("state", Name),
    Column("project", Name),
    Index("resources_by_id", "run", "kind", "id", unique=True),
    Index("resources_in_order", "run", "kind", "seq"),
    *(
        Index(f"resources_by_{mark}", "run", "kind", mark, "seq", sqlite_where=text(f"{mark} IS NOT NULL"))
        for mark in ("external", "state", "project")
    ),
    sqlite_autoincrement=True,
)  # fmt: skip
"""`external`, `state` and `project` are what lists are asked for most: `emulator.parties.store.marks_of` a body."""

timers = Table(
    "timers",
    metadata,
    number(),
    Column("run", Name, nullable=False),
    Column("kind", Name, nullable=False),
    Column("id", Name, nullable=False),
    Column("at", Moment, nullable=False),
    Column("action", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index("timers_due", "at", "seq"),
    Index("timers_by_resource", "run", "kind", "id", "at", "seq"),
    sqlite_autoincrement=True,
)

owed = Table(
    "owed",
    metadata,
    number(),
    Column("id", Name, nullable=False, unique=True),
    Column("run", Name, nullable=False),
    Column("api", Name, nullable=False),
    Column("subscription", Name, nullable=False),
    Column("event", Name, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("due", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("fault", Words),
    Column("leased_until", Moment),
    Column("holder", Text),
    Index("owed_in_order", "run", "subscription", "seq"),
    Index("owed_due", "due"),
    sqlite_autoincrement=True,
)
"""The outbox: notifications that a subscriber has yet to get. A lease says which process is at it."""

dead_letters = Table(
    "dead_letters",
    metadata,
    number(),
    Column("id", Name, nullable=False),
    Column("run", Name, nullable=False),
    Column("api", Name, nullable=False),
    Column("subscription", Name, nullable=False),
    Column("event", Name, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("due", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("fault", Words),
    Index("dead_letters_in_order", "run", "seq"),
    sqlite_autoincrement=True,
)

exchanges = Table(
    "exchanges",
    metadata,
    number(),
    Column("run", Name, nullable=False),
    Column("at", Moment, nullable=False),
    Column("elapsed_ms", Float, nullable=False),
    Column("about", LargeBinary, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("response", LargeBinary),
    Index("exchanges_in_order", "run", "seq"),
    sqlite_autoincrement=True,
)
"""The transcript: `about` is JSON (who, what, headers), `request` and `response` are the bodies byte for byte."""


authority = Table(
    "authority",
    metadata,
    number(),
    Column("owner", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("id", Name, nullable=False),
    Column("until", Moment),
    Column("body", LargeBinary, nullable=False),
    Index("authority_by_id", "owner", "kind", "id", unique=True),
    sqlite_autoincrement=True,
)
"""What the authorization server of a party (`owner`) keeps: public keys, digests of secrets and tokens, what was revoked. There
is no secret in it, nor a private key.
"""


def for_postgresql() -> None:
    """Say of the tables what only PostgreSQL has to know; SQLAlchemy reads all of that dialect to hear it."""
    for index in resources.indexes:
        where = index.dialect_options["sqlite"]["where"]
        if where is not None:
            index.dialect_options["postgresql"]["where"] = where
