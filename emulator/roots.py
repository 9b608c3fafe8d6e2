"""Below which folder a file lies that another file names: what a stranger wrote reads nothing else of ours.

The root is the folder that a user named; for a file that is named, the nearest folder above it that holds an `oit.yaml`,
else its own. What ships with us may be named from everywhere. Links are followed before anything is decided.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from emulator import files
from emulator.errors import FileProblem
from emulator.plain_yaml import load_located
from emulator.record.payload import escape
from emulator.settings import scenarios_dir

MARK: Final = "oit.yaml"
"""The file that makes a folder a root. It says `oit: "1"`, and nothing else as yet."""
_ABOVE: Final = 3
"""Folders above a file in which what it names is looked for as well."""


class NotFound(Exception):  # noqa: N818 - it is what it says
    """A file that is named is not there, or not where it may be: `outside` is then in words what to do."""

    def __init__(self, outside: str = "") -> None:
        super().__init__(outside)
        self.outside = outside


@dataclass(frozen=True, slots=True)
class Root:
    """Folders below which files may lie that a file names, all links followed. The first is the one to tell of."""

    folders: tuple[Path, ...]

    @classmethod
    def of(cls, named: Path, wider: Path | None = None) -> Root:
        """The root for a folder or file that a user named. `wider` is a folder that may be read as well (`--root`).

        FileProblem where `wider` is no folder, or where an `oit.yaml` is none of ours.
        """
        own = named if files.is_folder(named) else _marked(Path(os.path.abspath(named)).parent)  # noqa: PTH100 - links stay
        found = [own]
        if wider is not None:
            if not files.is_folder(wider):
                raise FileProblem([f"--root {files.shown(wider)}: there is no such folder"])
            found.insert(0, wider)
        return cls(tuple(folder.resolve() for folder in found))

    def holds(self, path: Path) -> bool:
        """Whether a path leads to below the root, or to what ships with us."""
        real = files.resolved(path)
        return real is not None and any(real.is_relative_to(each) for each in (*self.folders, _shipped()))

    def find(self, name: str, beside: Path) -> Path:
        """The file that is meant by a name: beside another one, in a folder above that, or among what ships with us.

        Raises NotFound.
        """
        outside = False
        # A copied folder still works: the folder that its files speak of is one of those above.
        for folder in (beside, *list(Path(os.path.abspath(beside)).parents)[:_ABOVE]):  # noqa: PTH100 - as above
            path = Path(os.path.normpath(folder / name))
            if files.is_file(path):
                if self.holds(path):
                    return path
                outside = outside or folder == beside
        ours = _among_ours(name)
        if ours is not None and not (outside and _differ(ours, beside / name)):
            return ours
        raise NotFound(f"it leads out of {self.folders[0]}, below which files may be named here" if outside else "")


def _marked(folder: Path) -> Path:
    """The nearest folder from here upwards that says it is a root, else this one."""
    for each in (folder, *folder.parents):
        if files.is_there(each / MARK):
            _check_mark(each / MARK)
            return each
    return folder


def _check_mark(path: Path) -> None:
    located = load_located(path)
    if not isinstance(located.value, dict) or located.value.get("oit") != "1":
        raise FileProblem([f'{located.where("/oit")}: a folder is made a root by a file that says: oit: "1"'])
    for key in located.value:
        if key != "oit":
            where = located.where(f"/{escape(str(key))}", key=True)
            raise FileProblem([f"{where}: '{key!s:.60}' is no key of {MARK}: it says oit: \"1\", and nothing else"])


def _shipped() -> Path:
    return scenarios_dir().resolve()


def _among_ours(name: str) -> Path | None:
    """The file of ours that a name means from wherever it was copied to: what leads upwards does not count."""
    parts = [part for part in PurePath(os.path.normpath(name)).parts if part != ".."]
    if PurePath(name).is_absolute() or not parts:
        return None
    path = scenarios_dir().joinpath(*parts)
    real = files.resolved(path)
    return path if real is not None and real.is_relative_to(_shipped()) and files.is_file(path) else None


def _differ(ours: Path, theirs: Path) -> bool:
    """Whether a file outside is another than that of ours: then ours is not what is meant."""
    try:
        return files.read_bytes(ours) != files.read_bytes(theirs)
    except FileProblem:
        return True
