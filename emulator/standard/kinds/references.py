"""Rules R: which members of a resource name other resources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from emulator.standard.kinds.facts import Kind, Reference
from emulator.standard.kinds.names import Names
from emulator.standard.kinds.shapes import Schema, Shapes, Spot, lower_first, plain

_TYPE: Final = re.compile(r"(?:MEF)?(?P<related>Related)?(?P<what>.+?)(?P<end>Ref|Relationship|\Z)(?P<more>.*)\Z")
_KIND_OF: Final = "@referredType"
_KNOWN: Final = frozenset({"id", "href", "itemId"})


def references(
    kind: Kind, schema: Schema, shapes: Shapes, names: Names
) -> tuple[tuple[Reference, ...], tuple[str, ...]]:
    """The references of a kind, and the pointers of ids in them that no rule explains."""
    found: dict[tuple[str, str, str], Reference] = {}
    unexplained: list[str] = []
    inside: set[str] = set()
    items = f"{kind.items.at}/*/" if kind.items else ""
    for spot in shapes.walk(shapes.top(schema)):
        for each in _at(spot, kind, items, shapes, names):
            found.setdefault((each.at, each.to, each.where), each)
            inside.add(spot.pointer)
            unexplained += _strange(each, spot, shapes)
        if (bare := _bare(spot, names, inside, shapes)) is not None:
            found.setdefault((bare.at, bare.to, ""), bare)
    return tuple(found.values()), tuple(dict.fromkeys(unexplained))


def _at(spot: Spot, kind: Kind, items: str, shapes: Shapes, names: Names) -> Iterator[Reference]:
    """The references that an object can be, itself or in one of its sub-types."""
    if items and spot.pointer.startswith(items) and spot.name == "itemId":
        yield Reference(spot.pointer, kind.name, "R7", item="itemId")
        return
    for member in spot.members:
        schema = shapes.schema_at(member)
        one = _typed(spot.pointer, schema, "", kind, items, shapes, names)
        if one:
            yield one
            continue
        chosen = [
            each
            for name, part in shapes.subtypes(schema).items()
            if name.endswith("Ref")
            and (each := _typed(spot.pointer, part, name, kind, "", shapes, names)) is not None
            and each.to
        ]
        yield from chosen
        inner = shapes.members(schema)
        if not chosen and _KIND_OF in inner and ("id" in inner or any(name.endswith("Id") for name in inner)):
            yield Reference(spot.pointer, "", "R3", id="id", named=f"/{_KIND_OF}")


def _typed(
    pointer: str, schema: Schema, where: str, kind: Kind, items: str, shapes: Shapes, names: Names
) -> Reference | None:
    """What the name of a type says."""
    parts = _TYPE.match(shapes.name(schema))
    if not parts or not (parts["end"] or parts["related"]):
        return None
    what, inner = parts["what"], shapes.members(schema)
    if (
        parts["end"] == "Relationship"
        and items
        and pointer.startswith(items)
        and what.endswith("Item")
        and "id" in inner
    ):
        return Reference(f"{pointer}/id", kind.name, "R4", item="id")
    if to := names.find(what, kind.api):
        own = f"{lower_first(what)}Id"
        key = own if own in inner else f"{to}Id" if f"{to}Id" in inner else "id"
        return Reference(pointer, to, "R1", id=key, where=where) if key in inner else None
    if what.endswith("Item") and (to := names.find(what.removesuffix("Item"), kind.api)):
        item = next((each for each in (f"{to}ItemId", "itemId", "id") if each in inner), "")
        return Reference(pointer, to, "R2", id=f"{to}Id", item=item, where=where) if f"{to}Id" in inner else None
    if parts["end"] == "Ref" and not parts["more"]:
        return Reference(pointer, "", "R5", id="id", where=where, outside=what)
    return None


def _strange(reference: Reference, spot: Spot, shapes: Shapes) -> Iterator[str]:
    """Further ids in a reference by two ids: what they are ids of is open."""
    if reference.by != "R2":
        return
    known = _KNOWN | {reference.id, reference.item}
    for member in spot.members:
        for name in shapes.members(shapes.schema_at(member)):
            if name.endswith("Id") and name not in known:
                yield f"{spot.pointer}/{name}"


def _bare(spot: Spot, names: Names, inside: set[str], shapes: Shapes) -> Reference | None:
    """A word called `<kind>Id` that stands alone."""
    if not spot.name.endswith("Id") or spot.pointer.rpartition("/")[0] in inside:
        return None
    word = spot.name.removesuffix("Id")
    to = names.find(word)
    if to is None or plain(word) != plain(to) or shapes.resolved(spot.members[0].schema).get("type") != "string":
        return None
    return Reference(spot.pointer, to, "R6", id=spot.name)
