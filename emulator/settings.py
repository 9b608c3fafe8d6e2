"""Where our data is: in a checkout beside the package, in an installed wheel inside of it. And where the user's is."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Final

from emulator.errors import UserError

_PACKAGE = Path(__file__).resolve().parent

MEMORY: Final = "memory"
"""What is written in place of a database's URL to keep nothing."""


DEFAULT_RELEASE: Final = "grace"
"""The release of the standard where nobody names one: the only place in the code that does."""

PLAIN_PATH: Final = "plain-path"
"""How the run of the plain base paths is called, which has no name of its own."""


def run_named(text: str) -> str:
    """The run that a user means, by its name or by how the one without a name is called."""
    return "" if text == PLAIN_PATH else text


@cache
def _data_dir(name: str) -> Path:
    for candidate in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    message = f"the folder {name!r} is neither in {_PACKAGE / '_data'} nor beside {_PACKAGE}: install lso-oit again"
    raise UserError(message)


def specs_dir() -> Path:
    """The folder with contracts, lifecycles and product schemas."""
    return _data_dir("specs")


def scenarios_dir() -> Path:
    """The folder with runnable scenarios and profiles."""
    return _data_dir("scenarios")


def sdks_dir() -> Path:
    """The folder with the SDKs that were imported, which need not be there: `OIT_SDKS`, or where a user's data is."""
    given = os.environ.get("OIT_SDKS")
    if given:
        return Path(given)
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "oit" / "sdks"


def database_url(given: str | None, data: Path) -> str | None:
    """The URL of the database that a long-lived party keeps its state in; None where that ends with the process.

    `given` is what the user says (`--database`, OIT_DATABASE_URL); without it, it is a file in the folder `data`.
    """
    if given == MEMORY:
        return None
    return given or f"sqlite:///{data.absolute() / 'oit.sqlite3'}"
