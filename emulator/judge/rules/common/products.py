"""What the document of a product asks of an item that adds one, said once for all guides (`emulator/standard/product.py`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.judge.run import Said
from emulator.record.payload import at, every
from emulator.standard.product import ProductSheet, RelationSays


@dataclass(frozen=True, slots=True)
class Lack:
    """What an item lacks: `place` is the pointer below the item, `wanted` is what should stand there, `found` what does.

    `to` is the word of the relation, "" for a place.
    """

    place: str
    wanted: str
    found: list[str]
    words: str
    to: str = ""


def sheet_of(said: Said, item: Any) -> ProductSheet | None:
    """The sheet of the product that an item configures, if it has one in the release."""
    return said.run.release.products.sheets.of(at(item, "/product/productConfiguration/@type"))


def kinds_of(item: Any, relationship: str) -> list[str]:
    """The types of all relations of an item: of its product, and in its member `relationship` to other items."""
    holders = ("/product/productRelationship/*", f"/{relationship}/*")
    found = (kind for holder in holders for _, kind in every(item, f"{holder}/relationshipType"))
    return [kind for kind in found if isinstance(kind, str)]


def is_related(relation: RelationSays, item: Any, relationship: str) -> bool:
    """Whether an item, or its product, has a relation, by whatever name."""
    return any(relation.is_named(kind) for kind in kinds_of(item, relationship))


def lacks(sheet: ProductSheet, item: Mapping[str, Any], relationship: str) -> Iterator[Lack]:
    """What a new product needs and the item that adds it does not name: the role of its place, its relations."""
    role = sheet.place.role
    roles = [found for _, found in every(item, "/product/place/*/role") if isinstance(found, str)]
    if role and role not in roles:
        yield Lack("/product/place", role, roles, f"a place with role {role}")
    for relation in sheet.relations:
        if not is_related(relation, item, relationship):
            found = kinds_of(item, relationship)
            words = f"a relation to the {relation.to}"
            yield Lack("/product/productRelationship", relation.names[0], found, words, relation.to)
