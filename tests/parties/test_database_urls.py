"""Which URLs are a database's: what is none is told in a sentence, and without the password in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.errors import UserError
from emulator.parties.database import Database


@pytest.mark.parametrize(("url", "said"), [
    ("postgresql://u:hush@[::1/x", "is no database that we know"),
    ("postgresql://u:hush@h:port/x", "is no database that we know"),
    ("postgres:u:hush@h", "is no database that we know"),
    ("u:hush@h", "is no database that we know"),
    ("mysql://u:hush@h/x", "is no database that we know"),
    ("postgresql://u:a@hush@127.0.0.1:1/x", "is written %40"),
])  # fmt: skip
def test_what_is_no_database_is_told_without_its_password(url: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as told:
        Database(url)
    assert "hush" not in str(told.value)


def test_of_an_sqlite_url_only_the_timeout_is_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'cache' is unknown"):
        Database(f"sqlite:///{tmp_path}/a.sqlite3?cache=shared")
    assert not list(tmp_path.iterdir())
    Database(f"sqlite:///{tmp_path}/a.sqlite3?timeout=1").close()
