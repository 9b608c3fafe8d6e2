"""A file of `specs/` that says how it differs from another one: `like: management.yaml`, and what to lay upon that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os.path import normpath
from pathlib import Path
from typing import Any, Final

from emulator.errors import FileProblem
from emulator.plain_yaml import load_located
from emulator.record.patch import merged
from emulator.record.payload import MISSING, at, escape
from emulator.standard.source import read_source

LIKE: Final = "like"


def read_laid(path: Path) -> Any:
    """What a file says, laid upon the file that it is `like`, and so on: RFC 7396, null takes away.

    FileProblem with `file:line:col` where that file is not there, is in the chain twice, or has not what is taken away.
    """
    value = read_source(path)
    if not isinstance(value, Mapping) or LIKE not in value:
        return value
    files = laid_files(path)
    found = read_source(files[-1])
    for each in reversed(files[:-1]):
        over = {key: member for key, member in read_source(each).items() if key != LIKE}
        gone = [place for place in nulls(over) if at(found, place) is MISSING]
        if gone:
            located = load_located(each)
            raise FileProblem([f"{located.where(place, key=True)}: there is nothing to take away" for place in gone])
        found = merged(found, over)
    return found


def laid_files(path: Path) -> tuple[Path, ...]:
    """The file, the one that it is like, and so on: paths from where each stands. FileProblem as `read_laid`."""
    files = [path]
    while True:
        value = read_source(files[-1])
        like = value.get(LIKE) if isinstance(value, Mapping) else None
        if like is None:
            return tuple(files)
        other = Path(normpath(files[-1].parent / str(like)))
        if not isinstance(like, str) or other in files or not other.is_file():
            where = load_located(files[-1]).where(f"/{LIKE}")
            raise FileProblem([f"{where}: {like!r:.60} is no file that it can be laid upon"])
        files.append(other)


def is_laid(value: Any) -> bool:
    """Whether what a file says is to be laid upon another file: what it is like has the name of one."""
    like = value.get(LIKE) if isinstance(value, Mapping) else None
    return isinstance(like, str) and like.endswith(".yaml")


def nulls(value: Any, place: str = "") -> Iterator[str]:
    """The places of what an overlay takes away."""
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from nulls(member, f"{place}/{escape(str(key))}")
    elif value is None:
        yield place
