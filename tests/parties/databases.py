"""Databases for tests: a file or a schema of its own for each test, gone after it."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

SERVER = os.environ.get("OIT_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/test")
KINDS = ("memory", "sqlite", "postgresql")
PROCESSES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.slow))
"""The databases of tests that start sellers as processes and load them: what takes longest is `make slow`."""


@contextlib.contextmanager
def database(kind: str, folder: Path) -> Iterator[str | None]:
    """The URL of an empty database; None for a store in memory.

    Without a PostgreSQL the test is skipped, or fails where `OIT_NEED_POSTGRESQL` says that there must be one.
    """
    match kind:
        case "memory":
            yield None
        case "sqlite":
            yield f"sqlite:///{folder / f'{uuid.uuid4().hex[:8]}.sqlite3'}"
        case _:
            with _schema() as url:
                yield url


@contextlib.contextmanager
def _schema() -> Iterator[str]:
    name = f"oit_{uuid.uuid4().hex[:12]}"
    server = create_engine(SERVER, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    try:
        with server.connect() as connection:
            connection.execute(text(f"CREATE SCHEMA {name}"))
    except OperationalError:
        reason = f"no PostgreSQL at {SERVER} (OIT_TEST_POSTGRESQL names another)"
        if os.environ.get("OIT_NEED_POSTGRESQL"):
            pytest.fail(reason)
        pytest.skip(reason)
    try:
        yield f"{SERVER}?options=-csearch_path%3D{name}"
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
        server.dispose()
