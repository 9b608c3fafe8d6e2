"""The report: one model, many writers that read it and know nothing of each other."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from emulator.errors import UserError

Write = Callable[[dict[str, Any], Path], Path]
"""Writes a report into a folder, which is made where it is missing; answers the file's path."""
_SUFFIX: Final = "_report"


class Formats(Mapping[str, Write]):
    """What writes each format, by the name that `--report` knows: each module `<name>_report` of this folder has a `write`."""

    def __init__(self) -> None:
        found = [each.name for each in pkgutil.iter_modules(__path__) if each.name.endswith(_SUFFIX)]
        self._names = {name.removesuffix(_SUFFIX): name for name in sorted(found)}

    def __getitem__(self, name: str) -> Write:
        write: Write = import_module(f"{__name__}.{self._names[name]}").write
        return write

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names


WRITERS: Final = Formats()
"""Report formats by the name that `--report` knows."""


def chosen(names: str) -> list[Write]:
    """The writers of a comma separated list. UserError names the formats there are."""
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    for name in wanted:
        if name not in WRITERS:
            message = f"--report {name}: there is no such format. Known: {', '.join(WRITERS)}."
            raise UserError(message)
    return [WRITERS[name] for name in dict.fromkeys(wanted)]
