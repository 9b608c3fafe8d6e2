"""Where a reference leads, within the SDK and nowhere else: what is nearly right is found, and told."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from emulator.record.payload import unescape
from emulator.sdk.notes import Notes
from emulator.sdk.reading import SdkFiles, UnreadableSource

_HOLDERS: Final = ("/components/schemas/", "/definitions/", "/$defs/", "/")
"""Where schemas stand that have names; `#/definitions/X` of Swagger is `#/components/schemas/X` here."""
_NONE: Final = object()


@dataclass(frozen=True, slots=True)
class Target:
    """What a reference leads to: the value at a JSON Pointer of a file."""

    file: str
    pointer: str
    node: Any


class References:
    """Follows the references of an SDK's files."""

    def __init__(self, sources: SdkFiles, notes: Notes) -> None:
        self._sources, self._notes = sources, notes
        self._by_name: dict[str, list[str]] = {}
        for name in sources.names:
            self._by_name.setdefault(name.rpartition("/")[2].lower(), []).append(name)

    def target(self, ref: str, here: str, place: str) -> Target | None:
        """What a reference in a file leads to. None where it leads nowhere: that is told, and what stands there is open."""
        name, _, fragment = ref.partition("#")
        if "://" in name or name.startswith("//") or (":" in name.partition("/")[0]):
            self._nowhere(here, place, f"the reference {name} leads out of the SDK, and is not fetched")
            return None
        file = self._file(unquote(name), here, place) if name else here
        if file is None:
            self._nowhere(here, place, f"the reference {ref} leads to no file")
            return None
        try:
            data = self._sources.data(file)
        except UnreadableSource:
            self._nowhere(here, place, f"the reference {ref} leads to a file that cannot be read")
            return None
        pointer = unquote(fragment).rstrip("/")
        pointer = pointer if not pointer or pointer.startswith("/") else f"/{pointer}"
        for each in _spellings(pointer):
            node = _at(data, each)
            if node is not _NONE:
                return Target(file, each, node)
        self._nowhere(here, place, f"the reference {ref} leads to nothing in its file")
        return None

    def _nowhere(self, file: str, place: str, what: str) -> None:
        self._notes.mend(file, place, what, "open: anything may stand there")
        self._notes.leave_open(f"{file}{place and '#'}{place}: {what}")

    def _file(self, name: str, here: str, place: str) -> str | None:
        """The file of that name beside another one; one folder less deep where it is not there, else the only one called so."""
        folder = posixpath.dirname(here)
        asked = posixpath.normpath(posixpath.join(folder, name))
        if asked in self._sources:
            return asked
        shorter = name
        while shorter.startswith(("../", "./")):
            shorter = shorter.partition("/")[2]
            found = posixpath.normpath(posixpath.join(folder, shorter))
            if found in self._sources:
                return self._nearly(found, name, here, place)
        called = self._by_name.get(posixpath.basename(name).lower(), [])
        return self._nearly(called[0], name, here, place) if len(called) == 1 else None

    def _nearly(self, found: str, name: str, here: str, place: str) -> str:
        self._notes.mend(here, place, f"there is no file {name} as seen from here", f"{found} is taken")
        return found


def _spellings(pointer: str) -> list[str]:
    """A pointer, and where a schema of that name stands in files of another make."""
    holder = next((each for each in _HOLDERS[:-1] if pointer.startswith(each)), None)
    if holder is None:
        return [pointer]
    name = pointer[len(holder) :]
    return [pointer, *(each + name for each in _HOLDERS if each != holder)]


def _at(data: Any, pointer: str) -> Any:
    node = data
    for part in pointer.split("/")[1:]:
        key = unescape(part)
        if isinstance(node, dict) and key in node:
            node = node[key]
        elif isinstance(node, list) and key.isdecimal() and len(key) < 7 and int(key) < len(node):  # noqa: PLR2004
            node = node[int(key)]
        else:
            return _NONE
    return node
