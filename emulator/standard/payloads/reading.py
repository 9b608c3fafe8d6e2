"""Reads products of one's own: the files that a profile names, or that lie beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs

from emulator.errors import FileProblem
from emulator.files import is_file, shown
from emulator.plain_yaml import load_located
from emulator.record.payload import pointer
from emulator.roots import Root
from emulator.standard.engine import compiled
from emulator.standard.interpretation import Interpretation
from emulator.standard.payloads.holding import Library, SchemaSpot, schema_files
from emulator.standard.payloads.own import ANY, NO_PRODUCTS, OwnPayload, OwnProducts
from emulator.standard.payloads.translate import TYPE, Translation, reachable
from emulator.standard.payloads.weight import TooHeavy, weigh
from emulator.standard.product import SUFFIX, ProductSheet, read_sheet


def read_own(
    payloads: tuple[OwnPayload, ...], root: Root, register: Mapping[str, Interpretation], apis: Iterable[str]
) -> OwnProducts:
    """Read schemas and sheets; a sheet names `apis` and readings of the `register`. FileProblem with all that is wrong: what cannot be read, lies elsewhere, is no schema, or could
    not be checked in time.
    """
    if not payloads:
        return NO_PRODUCTS
    library = Library(root)
    translation = Translation(library)
    schemas: dict[str, dict[str, str]] = {}
    sheets: dict[str, ProductSheet] = {}
    problems: list[str] = []
    for payload in payloads:
        try:
            found = {api: translation.payload(path) for api, path in payload.files.items()}
            for name in found.values():
                _check(name, translation)
            schemas[payload.type] = found
            sheets[payload.type] = _sheet(payload, root, register, apis)
        except FileProblem as error:
            problems += error.problems
    if problems:
        raise FileProblem(problems)
    files = (*library.paths, *(payload.sheet for payload in payloads if payload.sheet))
    return OwnProducts(payloads, translation.definitions, schemas, sheets, tuple(translation.notes), files)


def _check(name: str, translation: Translation) -> None:
    """Refuse a schema that is none, or that could not be checked in time."""
    definitions, spot = translation.definitions, translation.spots[name]
    try:
        weigh(definitions, name)
    except TooHeavy as error:
        raise spot.problem(f"this schema is refused: {error}") from error
    except RecursionError as error:
        raise spot.problem("this schema is refused: its schemas stand too deep in one another") from error
    try:
        compiled({"$ref": f"#/definitions/{name}", "definitions": reachable(definitions, name)})
    except jsonschema_rs.ValidationError as error:
        _, *path = [str(token) for token in error.instance_path]
        spot = translation.spots[path[0]] if path else spot
        here = SchemaSpot(spot.path, spot.pointer + pointer(path[1:]))
        raise here.problem(f"this is no JSON Schema: {here.pointer:.120}: {error.message:.160}") from error


def _sheet(
    payload: OwnPayload, root: Root, register: Mapping[str, Interpretation], apis: Iterable[str]
) -> ProductSheet:
    """What is known of a product: its sheet, or that there is nothing to know."""
    if payload.sheet is None:
        return ProductSheet(payload.type)
    if not root.holds(payload.sheet):
        raise FileProblem([f"{shown(payload.sheet)}: leads out of {root.folders[0]}; --root DIR allows more"])
    return read_sheet(load_located(payload.sheet), register, apis)


def beside(folder: Path, root: Root) -> Iterator[OwnPayload]:
    """The payloads that lie in a folder: each schema file that says of which `@type` it is, by a `const` of that member or
    by its `$id`, a URN or a plain name; other files are parts of those. FileProblem.
    """
    library = Library(root)
    for path in schema_files(folder):
        file = library.read(path)
        if name := type_of(file.value):
            yield OwnPayload(name, {ANY: path}, sheet_beside(path))


def type_of(schema: Mapping[str, Any]) -> str:
    """The `@type` that a schema says it is of; "" where it says none."""
    members = schema.get("properties")
    own = members.get(TYPE) if isinstance(members, dict) else None
    if isinstance(own, dict):
        values = [own["const"]] if "const" in own else own.get("enum")
        if isinstance(values, list) and len(values) == 1 and isinstance(values[0], str):
            return str(values[0])
    found = schema.get("$id")
    if (
        not isinstance(found, str)
        or found.startswith("#")
        or not ("$schema" in schema or "properties" in schema or "allOf" in schema)
    ):
        return ""
    is_name = found.lower().startswith("urn:") or not set(found) & set(":/.#")
    return found if is_name else ""


def sheet_beside(path: Path) -> Path | None:
    """The sheet that lies beside a schema file under its name."""
    sheet = path.with_name(path.name.partition(".")[0] + SUFFIX)
    return sheet if is_file(sheet) else None
