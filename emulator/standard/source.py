"""The files of `specs/`: YAML for people to read, and kept as JSON beside it, as Python keeps bytecode, for the next start."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterable
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any, Final

import orjson

from emulator.plain_yaml import load_yaml

_FORMAT: Final = 1
"""Rises when `load_yaml` makes something else of the same file."""


def read_source(path: Path) -> Any:
    """Read a file as `load_yaml` does, which raises FileProblem; in a tenth of the time where it was read before.

    What was read is kept in `__pycache__`, with the file's size and the moment of its last change; it is not where Python
    keeps no bytecode either (`PYTHONDONTWRITEBYTECODE`, a folder that cannot be written).
    """
    kept, mark = _kept(path), _mark(path)
    if mark is None:
        return load_yaml(path)
    return _once(kept, mark, lambda: load_yaml(path))


def read_made(anchor: Path, name: str, sources: Iterable[Path], make: Callable[[], Any]) -> Any:
    """What `make` makes of some files, as JSON has it; kept beside `anchor` under a name until one of them changes.

    A file that is not there is a mark too: the value is made anew when it comes. What `make` raises is raised.
    """
    kept = _kept(anchor)
    return _once(kept and kept.with_suffix(f".{name}.json"), [_mark(path) for path in sources], make)


def _once(kept: Path | None, mark: Any, make: Callable[[], Any]) -> Any:
    """The value that is kept with that mark; else it is made, and kept."""
    if kept:
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
            found_mark, value = orjson.loads(kept.read_bytes())
            if found_mark == mark:
                return value
    value = make()
    if kept and not sys.dont_write_bytecode:
        with contextlib.suppress(OSError, TypeError):
            _keep(kept, mark, value)
    return value


def _mark(path: Path) -> list[int] | None:
    """What changes when a file does; None where there is none."""
    try:
        state = path.stat()
    except OSError:
        return None
    return [_FORMAT, state.st_mtime_ns, state.st_size]


def _kept(path: Path) -> Path | None:
    """Where a file is kept as JSON; None where Python keeps nothing."""
    try:
        return Path(cache_from_source(str(path))).with_suffix(".json")
    except NotImplementedError:
        return None


def _keep(kept: Path, mark: Any, value: Any) -> None:
    """Write it whole or not at all: others may be starting at the same moment."""
    raw = orjson.dumps([mark, value])
    if orjson.loads(raw)[1] != value:  # .nan and .inf, which JSON has no words for
        return
    kept.parent.mkdir(exist_ok=True, parents=True)
    with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as file:
        file.write(raw)
    Path(file.name).replace(kept)
