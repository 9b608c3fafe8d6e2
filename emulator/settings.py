"""Where our data is: in a checkout beside the package, in an installed wheel inside of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from emulator.errors import UserError

_PACKAGE = Path(__file__).resolve().parent


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
