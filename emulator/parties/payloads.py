"""Products of one's own in a profile: the schemas that `payloads` names, and those in a folder `products` beside the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

from emulator.errors import FileProblem, UserError
from emulator.files import is_file, is_folder, shown
from emulator.record.payload import escape
from emulator.roots import Root
from emulator.standard.payloads.holding import schema_files
from emulator.standard.payloads.own import ANY, NO_PRODUCTS, OwnPayload, OwnProducts
from emulator.standard.payloads.reading import beside, read_own, sheet_beside
from emulator.standard.release import Release
from emulator.standard.strict import KEYED, Layers

FOLDER: Final = "products"
"""The folder beside a profile in which payload schemas are looked for."""


@dataclass(frozen=True, slots=True)
class PayloadEntry:
    """The payload of a product, by its `@type`: the JSON Schema file that describes it, beside the profile or below. `schemas`
    has other ones by API (`quote`, `order`), `sheet` is the product's sheet; without it `<schema>.product.yaml` beside the
    schema, where there is one.
    """

    type: Annotated[str, KEYED]
    schema: str | None = None
    schemas: Mapping[str, str] = field(default_factory=dict)
    sheet: str | None = None


def own_products(entries: Mapping[str, PayloadEntry], places: Layers, root: Root, release: Release) -> OwnProducts:
    """The products that a profile brings along, read anew when a file has changed. FileProblem with all that is wrong."""
    problems: list[str] = []
    named = tuple(_named(entries, places, release, problems))
    folders = [folder for file in places.files if is_folder(folder := file.parent / FOLDER) and root.holds(folder)]
    if problems:
        raise FileProblem(problems)
    if not named and not folders:
        return NO_PRODUCTS
    key = repr((named, _marks(path for folder in folders for path in schema_files(folder)), root, release.name))
    if key not in _KEPT or _KEPT[key][0] != _marks(_KEPT[key][1].files):
        found = {payload.type: payload for folder in folders for payload in _beside(folder, root, release)}
        payloads = {**found, **{payload.type: payload for payload in named}}
        own = read_own(tuple(payloads.values()), root, release.interpretations, release.apis)
        if len(_KEPT) > _MOST_KEPT:
            _KEPT.clear()
        _KEPT[key] = (_marks(own.files), own)
    return _KEPT[key][1]


_MOST_KEPT: Final = 16
_KEPT: Final[dict[str, tuple[Any, OwnProducts]]] = {}
"""What was read: each run of a session reads its profile anew."""


def _marks(paths: Iterable[Path]) -> list[tuple[str, int, int]]:
    """What changes when one of the files does."""
    found = []
    for path in paths:
        try:
            state = path.stat()
        except OSError:
            found.append((str(path), 0, 0))
            continue
        found.append((str(path), state.st_mtime_ns, state.st_size))
    return found


def _named(
    entries: Mapping[str, PayloadEntry], places: Layers, release: Release, problems: list[str]
) -> Iterator[OwnPayload]:
    for entry in entries.values():
        here = f"/payloads/{escape(entry.type)}"
        files: dict[str, Path] = {}
        wanted = {f"{here}/schema": (ANY, entry.schema)} if entry.schema is not None else {}
        for name, schema in entry.schemas.items():
            try:
                wanted[f"{here}/schemas/{escape(name)}"] = (release.api(name), schema)
            except UserError as error:
                problems.append(f"{places.where(f'{here}/schemas/{escape(name)}', key=True)}: {error}")
        if not wanted:
            problems.append(
                f"{places.where(here)}: 'schema' is needed, or 'schemas' by API: the file that describes it"
            )
        for place, (api, name) in wanted.items():
            if path := _file(place, name, places, problems):
                files[api] = path
        sheet = _file(f"{here}/sheet", entry.sheet, places, problems) if entry.sheet is not None else None
        if _is_taken(entry.type, release):
            problems.append(f"{places.where(here, key=True)}: {_TAKEN.format(entry.type, release.name)}")
        if files:
            yield OwnPayload(entry.type, files, sheet or next(filter(None, map(sheet_beside, files.values())), None))


_TAKEN: Final = "{} is a product of {} already, which has its schema: give yours an '@type' of its own"


def _is_taken(kind: str, release: Release) -> bool:
    """Whether a type is one of the standard's; `release` may sell these very products already."""
    return kind in release.products.urns and kind not in release.own.schemas


def _file(place: str, name: str | None, places: Layers, problems: list[str]) -> Path | None:
    """The file that a setting names, beside the file in which it stands."""
    beside_it = places.file_of(place)
    path = beside_it.parent / str(name) if beside_it is not None else None
    if path is None:
        problems.append(f"{places.where(place)}: schemas are named in a profile, not in a scenario")
    elif not is_file(path):
        problems.append(f"{places.where(place)}: there is no file {shown(path)}")
        return None
    return path


def _beside(folder: Path, root: Root, release: Release) -> Iterator[OwnPayload]:
    seen: dict[str, Path] = {}
    for payload in beside(folder, root):
        path = payload.files[ANY]
        if _is_taken(payload.type, release):
            raise FileProblem([f"{path}:1:1: {_TAKEN.format(payload.type, release.name)}"])
        if payload.type in seen:
            raise FileProblem([f"{path}:1:1: {payload.type} is described by {shown(seen[payload.type])} already"])
        seen[payload.type] = path
        yield payload
