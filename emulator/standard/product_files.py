"""The product payload schemas below `specs/products`, and the sheets beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from emulator.standard import bundle
from emulator.standard.contract import Products
from emulator.standard.interpretation import Interpretation
from emulator.standard.product import SUFFIX, read_product_sheets
from emulator.standard.source import read_source


def read_products(
    specs: Path,
    files: Mapping[str, str],
    aliases: Mapping[str, str],
    interpretations: Mapping[str, Interpretation],
    apis: Sequence[str],
) -> Products:
    """Every payload schema of a folder of specs; `files` says by URN which file below it is a product's. FileProblem."""
    paths = sorted((specs / "products").rglob("*.yaml"))
    sheets = [path for path in paths if path.name.endswith(SUFFIX)]
    schemas = {path.relative_to(specs).as_posix(): read_source(path) for path in paths if path not in sheets}
    return Products(
        definitions=bundle.product_definitions(schemas),
        urns={urn: bundle.product_definition("", path) for urn, path in files.items()},
        aliases=aliases,
        sheets=read_product_sheets(sheets, interpretations, apis),
    )
