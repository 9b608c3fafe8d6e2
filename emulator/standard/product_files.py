"""The product payload schemas below `specs/products`, and the sheets beside them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from emulator.errors import FileProblem
from emulator.plain_yaml import load_located
from emulator.record.patch import merged
from emulator.record.payload import MISSING, at
from emulator.standard import bundle
from emulator.standard.by_release import fragments_of
from emulator.standard.contract import Products
from emulator.standard.interpretation import Interpretation
from emulator.standard.laid import nulls
from emulator.standard.product import SUFFIX, read_product_sheets
from emulator.standard.source import read_source


def read_product_file(path: Path, releases: Sequence[str]) -> Any:
    """A payload schema as a release has it. `releases` are the one that it goes by, and so on, with itself at the end: what
    `NAME.RELEASE.yaml` says beside `NAME.yaml` is laid upon that, as RFC 7396 does it: null takes away.

    FileProblem with `file:line:col` where a file is wrong, or where there is nothing to take away.
    """
    found = read_source(path)
    for over in fragments_of(path, releases):
        said = read_source(over)
        if not isinstance(said, Mapping):
            raise FileProblem([f"{over}:1:1: a mapping is needed: what is laid upon {path.name}"])
        if gone := [place for place in nulls(said) if at(found, place) is MISSING]:
            located = load_located(over)
            raise FileProblem([f"{located.where(place, key=True)}: {path.name} has no such thing" for place in gone])
        found = merged(found, said)
    return found


def read_products(
    specs: Path,
    files: Mapping[str, str],
    releases: Sequence[str],
    aliases: Mapping[str, str],
    interpretations: Mapping[str, Interpretation],
    apis: Sequence[str],
) -> Products:
    """Every payload schema of a release; `files` says by URN which file below `specs` is a product's, `releases` is as for
    `read_product_file`. What no product refers to is not read. FileProblem.
    """
    schemas: dict[str, Any] = {}
    waiting = sorted(set(files.values()))
    while waiting:
        name = waiting.pop()
        if name not in schemas:
            schemas[name] = read_product_file(specs / name, releases)
            folder = posixpath.dirname(name)
            waiting += [posixpath.normpath(posixpath.join(folder, other)) for other in _named(schemas[name])]
    return Products(
        definitions=bundle.product_definitions(schemas),
        urns={urn: bundle.product_definition("", path) for urn, path in files.items()},
        aliases=aliases,
        sheets=read_product_sheets(sorted((specs / "products").rglob(f"*{SUFFIX}")), interpretations, apis),
    )


def _named(node: Any) -> Iterator[str]:
    """The files that a schema refers to."""
    if isinstance(node, list):
        for each in node:
            yield from _named(each)
    elif isinstance(node, Mapping):
        ref = node.get("$ref")
        if isinstance(ref, str) and (name := ref.partition("#")[0]):
            yield name
        for each in node.values():
            yield from _named(each)
