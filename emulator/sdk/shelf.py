"""The SDKs that were imported: what is there, what is told of one, and how it goes away again."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from emulator.errors import UserError, hint
from emulator.files import read_bytes
from emulator.sdk.archive import MOST_ONE
from emulator.settings import sdks_dir, specs_dir
from emulator.standard.imported import RECORD, imported_names, imported_specs, release_names
from emulator.standard.release import forget_releases, load_release

Record = Mapping[str, Any]


def records() -> Iterator[Record]:
    """What is told of each import, by the alphabet of their names. UserError where a record is none."""
    for name in imported_names():
        yield record(name)


def record(name: str) -> Record:
    """What is told of an import: `import.json` as an object. UserError where there is none of that name."""
    if imported_specs(name) is None:
        if name in release_names(specs_dir()):
            raise UserError(f"{name} is shipped with oit, and was not imported")
        raise UserError(f"there is no imported release {name!r:.80}; {hint(name, imported_names())}")
    path = sdks_dir() / name / RECORD
    try:
        found = orjson.loads(read_bytes(path, MOST_ONE))
    except orjson.JSONDecodeError as error:
        raise UserError(f"{path}: this is no JSON: {error}. oit sdk remove {name}, and add it again") from error
    if not isinstance(found, dict) or any(
        not isinstance(found.get(key), list) for key in ("mendings", "skipped", "open")
    ):
        raise UserError(f"{path}: this is no record of an import. oit sdk remove {name}, and add it again")
    return found


def remove(name: str) -> Path:
    """Remove an import, at once for all who look; the folder that it was in. UserError where there is none of that name."""
    if imported_specs(name) is None:
        record(name)  # says why
    folder = sdks_dir() / name
    try:
        # Renamed first: nobody finds half of it.
        away = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=folder.parent))
        os.rename(folder, away / name)  # noqa: PTH104 - as in `beside`
        shutil.rmtree(away)
    except OSError as error:
        raise UserError(f"{folder}: cannot be removed: {error.strerror}") from error
    forget_releases()
    return folder


def told(found: Record, *, whole: bool) -> Iterator[str]:
    """What is told of an import, line by line; `whole` tells each mending by its place, else they are counted."""
    name = str(found["name"])
    release = load_release(name)
    yield f"{name}: {found['point']} {found['release']}, from {found['source']}"
    yield ""
    for api in release.apis:
        entries = [each for each in release.entries if each.api == api]
        kinds = {each.kind: each for each in entries}
        beside = " + notification" if "notification" in kinds else ""
        yield f"  {api:32} {kinds['management'].version:10} {kinds['management'].base_path}{beside}"
    urns = sorted(release.products.urns)
    yield ""
    yield f"  {len(urns)} payload{'' if len(urns) == 1 else 's'}"
    if whole:
        yield from (f"    {urn}" for urn in urns)
    yield from _list("mended", found["mendings"], ("what", "how"), ("file", "place"), whole=whole)
    yield from _list("skipped", found["skipped"], ("why",), ("file",), whole=whole)
    yield from _list("open, so nothing is judged by it", found["open"], ("what",), (), whole=whole)


def _list(title: str, entries: list[Any], by: tuple[str, ...], at: tuple[str, ...], *, whole: bool) -> Iterator[str]:
    """The entries by what they say, the most frequent first."""
    if not entries:
        return
    yield ""
    yield f"  {title}: {len(entries)}"
    groups: Counter[tuple[str, ...]] = Counter(tuple(str(each.get(key)) for key in by) for each in entries)
    if not at and not whole:
        return
    for words, number in groups.most_common():
        yield f"    {number:4} x {'; '.join(words)}" if at else f"    {'; '.join(words)}"
        if whole and at:
            places = [each for each in entries if tuple(str(each.get(key)) for key in by) == words]
            yield from (f"           {'#'.join(str(each.get(key)) for key in at if each.get(key))}" for each in places)
