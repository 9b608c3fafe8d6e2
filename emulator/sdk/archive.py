"""What somebody gives us as an SDK: a folder, a checkout or a zip, read as names and bytes, within bounds.

Nothing is unpacked to the disk. What is refused is refused with one sentence, before anything of it is kept.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from emulator.errors import UserError
from emulator.files import MOST, is_file, is_folder, is_there, read_bytes, resolved, shown

READ: Final = (".yaml", ".yml", ".json", ".md", ".puml")
"""The endings of what is read; nothing else is looked into."""
MOST_FILES: Final = 30_000
"""Entries of an SDK, read or not."""
MOST_TOTAL: Final = 96 * 1024 * 1024
"""Bytes of all that is read."""
MOST_ONE: Final = 16 * 1024 * 1024
"""Bytes of one file; what is between this and `files.MOST` is skipped, and told."""
MOST_RATIO: Final = 300
_SMALL: Final = 1024 * 1024
"""What is smaller may be packed as well as it can be."""
_DEEPEST: Final = 40
_NO_FOLDERS: Final = frozenset({"node_modules", "__pycache__", "__macosx"})
_LINK: Final = 0o120000
_KIND: Final = 0o170000
_ENCRYPTED: Final = 0x1
_BROKEN: Final = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    OverflowError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
"""What a zip can raise that is none, or is broken, or is packed in a way that nobody here knows."""


class Tree:
    """The files of an SDK by their names, `/` between folders. They are read when asked for."""

    def __init__(self, source: str, sizes: Mapping[str, int], read: Callable[[str], bytes]) -> None:
        self.source = source
        self.sizes = dict(sorted(sizes.items()))
        self._read = read
        self._kept: dict[str, bytes] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.sizes

    def __iter__(self) -> Iterator[str]:
        return iter(self.sizes)

    @property
    def too_large(self) -> tuple[str, ...]:
        """Files that are not read because of their size."""
        return tuple(name for name, size in self.sizes.items() if size > MOST)

    def read(self, name: str) -> bytes:
        """What a file holds; nothing of one that is too large. UserError where it cannot be read."""
        if name not in self._kept:
            self._kept[name] = b"" if self.sizes[name] > MOST else self._read(name)
        return self._kept[name]

    def below(self, folder: str) -> Tree:
        """The part of it below a folder, with names that begin there. `""` is all of it."""
        start = f"{folder}/" if folder else ""
        sizes = {name[len(start) :]: size for name, size in self.sizes.items() if name.startswith(start)}
        return Tree(f"{self.source}/{folder}" if folder else self.source, sizes, lambda name: self.read(start + name))

    def top(self) -> str:
        """The one folder that all of it lies in; `""` where there is more than one, or a file beside."""
        tops = {name.partition("/")[0] if "/" in name else "" for name in self.sizes}
        return tops.pop() if len(tops) == 1 else ""

    def digest(self) -> str:
        """SHA-256 over names and bytes: the same for a folder and for a zip of it."""
        found = hashlib.sha256()
        for name in self.sizes:
            for part in (name.encode(errors="replace"), self.read(name)):
                found.update(len(part).to_bytes(8, "big") + part)
        return found.hexdigest()


def open_tree(path: Path) -> Tree:
    """The SDK at a path: a folder, a zip, or a folder within a zip (`sdk.zip/dolly`). UserError says what is wrong with it."""
    if is_folder(path):
        return _folder(path)
    if is_file(path):
        return _zip(path)
    for above in path.parents:
        if is_file(above):
            inner = path.relative_to(above).as_posix()
            found = _zip(above).below(inner)
            if not found.sizes:
                raise UserError(f"{shown(above)}: this has no folder {inner!r} with files of an SDK")
            return found
    if is_there(path):
        raise UserError(f"{shown(path)}: this is neither a folder nor a zip")
    raise UserError(f"{shown(path)}: there is no such folder or zip")


def _bounded(source: str, sizes: Mapping[str, int]) -> None:
    """Refuse what is too large, all in all or in one file."""
    for name, size in sizes.items():
        if size > MOST_ONE:
            raise UserError(
                f"{source}: {_word(name)} has {size} bytes, and no file of an SDK that is read has more than {MOST_ONE}"
            )
    total = sum(size for size in sizes.values() if size <= MOST)
    if total > MOST_TOTAL:
        raise UserError(
            f"{source}: its files have {total} bytes, and no SDK has more than {MOST_TOTAL}: name a folder in it"
        )


def _word(name: str) -> str:
    return shown(Path(name))


# -- folders -------------------------------------------------------------------------------------------


def _folder(root: Path) -> Tree:
    source = shown(root)
    real = resolved(root)
    if real is None:
        raise UserError(f"{source}: this leads round in a circle")
    sizes: dict[str, int] = {}
    paths: dict[str, str] = {}
    waiting, entries = [("", 0)], 0
    while waiting:
        below, depth = waiting.pop()
        if depth > _DEEPEST:
            raise UserError(f"{source}: its folders are nested deeper than {_DEEPEST} levels")
        try:
            inside = sorted(os.scandir(real / below), key=lambda entry: entry.name)
        except OSError as error:
            raise UserError(f"{source}: {_word(below or '.')} cannot be read: {error.strerror}") from error
        for entry in inside:
            entries += 1
            if entries > MOST_FILES:
                raise UserError(f"{source}: this holds more than {MOST_FILES} files: name the folder of one SDK")
            name = f"{below}/{entry.name}" if below else entry.name
            size = _sized(entry, real, source, name)
            if size is None:
                if _wanted_folder(entry.name):
                    waiting.append((name, depth + 1))
            elif size >= 0:
                # A disk may have names that are no text; whoever tells of them needs one.
                word = os.fsencode(name).decode(errors="replace")
                sizes[word], paths[word] = size, name
    _bounded(source, sizes)
    return Tree(source, sizes, lambda name: read_bytes(real / paths[name]))


def _wanted_folder(name: str) -> bool:
    return not name.startswith(".") and name.lower() not in _NO_FOLDERS


def _sized(entry: os.DirEntry[str], root: Path, source: str, name: str) -> int | None:
    """The size of a file that is read, None for a folder, and -1 for what is neither. UserError for a link that leads out."""
    try:
        if entry.is_symlink():
            target = resolved(Path(entry.path))
            if target is None or not target.is_relative_to(root):
                raise UserError(f"{source}: {_word(name)} is a link that leads out of the SDK")
            if target.is_dir():
                return -1  # what is in it is found where it is
        elif entry.is_dir():
            return None
        mode = entry.stat()
    except OSError:
        return -1
    return mode.st_size if stat.S_ISREG(mode.st_mode) and entry.name.lower().endswith(READ) else -1


# -- zips ------------------------------------------------------------------------------------------------


def _zip(path: Path) -> Tree:
    source = shown(path)
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN as error:
        raise UserError(f"{source}: this is no zip that can be read, and no folder: {error}") from error
    entries = archive.infolist()
    if len(entries) > MOST_FILES:
        raise UserError(f"{source}: this zip holds more than {MOST_FILES} files")
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        name = _safe_name(entry, source)
        if entry.is_dir():
            continue
        if name in found:
            raise UserError(f"{source}: the zip holds {_word(name)} twice")
        found[name] = entry
    wanted = {name: entry for name, entry in found.items() if _is_wanted(name)}
    for name, entry in wanted.items():
        _packed(source, name, entry)
    sizes = {name: entry.file_size for name, entry in wanted.items()}
    _bounded(source, sizes)
    return Tree(source, sizes, lambda name: _unpacked(archive, wanted[name], source, name))


def _safe_name(entry: zipfile.ZipInfo, source: str) -> str:
    """The name of an entry. UserError for one that leads out, is a link, or is encrypted."""
    name = entry.filename
    parts = PurePosixPath(name).parts
    if "\\" in entry.orig_filename or "\0" in entry.orig_filename or name.startswith("/") or ":" in (parts or ("",))[0]:
        raise UserError(f"{source}: the zip holds {_word(name)}, which is no name within it")
    if ".." in parts:
        raise UserError(f"{source}: the zip holds {_word(name)}, which leads out of it")
    if (entry.external_attr >> 16) & _KIND == _LINK:
        raise UserError(f"{source}: the zip holds a link, {_word(name)}")
    if entry.flag_bits & _ENCRYPTED:
        raise UserError(f"{source}: {_word(name)} in it is encrypted: give an SDK that can be read")
    return "/".join(parts)


def _is_wanted(name: str) -> bool:
    *folders, last = name.split("/")
    return last.lower().endswith(READ) and all(map(_wanted_folder, folders))


def _packed(source: str, name: str, entry: zipfile.ZipInfo) -> None:
    if entry.file_size > _SMALL and entry.file_size > MOST_RATIO * max(entry.compress_size, 1):
        raise UserError(f"{source}: {_word(name)} is packed more than {MOST_RATIO} to 1: this is a bomb, not data")


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, source: str, name: str) -> bytes:
    """What an entry holds: no more than it says, whatever is packed there."""
    try:
        with archive.open(entry) as file:
            raw = file.read(entry.file_size + 1)
    except _BROKEN as error:
        raise UserError(f"{source}: {_word(name)} in it cannot be unpacked: {error}") from error
    if len(raw) > entry.file_size:
        raise UserError(f"{source}: {_word(name)} in it is larger than the zip says")
    return raw
