"""What the document of a product says beyond its payload schema: its places and its relations, read from `*.product.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

from emulator.plain_yaml import Located
from emulator.standard.interpretation import Interpretation
from emulator.standard.strict import Key, Mistake, read_all, read_located, read_record

SUFFIX: Final = ".product.yaml"
"""How the name of a sheet ends; it lies beside the payload schema."""
SPEC: Final = "urn:mef:lso:spec:"
"""How the URNs of the standard's products begin."""
_NAME: Final = 5
"""Which part of a URN names the product: urn:mef:lso:spec:<interface>:<name>:<version>:<function>."""


@dataclass(frozen=True, slots=True)
class PlaceSays:
    """The `role` in which a new product has to name a place, and by API the `contacts` that such an item has.

    `never` lists the APIs in which it has none.
    """

    role: str = ""
    contacts: Mapping[str, str] = field(default_factory=dict)
    never: tuple[str, ...] = ()
    clause: str = ""


@dataclass(frozen=True, slots=True)
class RelationSays:
    """What a product is related `to`. `names` are what this is called, ours first; the documents leave names free, so any
    that has the word `to` in it is understood. `installed`: an item of the same request cannot be meant. `with` is the
    product that stands for it as an item of the same order.
    """

    to: str
    names: tuple[str, ...]
    installed: bool = False
    beside: Annotated[str, Key("with")] = ""
    clause: str = ""

    def is_named(self, kind: Any) -> bool:
        """Whether a relationshipType is such a relation."""
        return isinstance(kind, str) and (kind in self.names or self.to in kind.upper())


@dataclass(frozen=True, slots=True)
class ShownSays:
    """Which relations (by their `to`) a product of the inventory shows, where the reading `value` of `entry` holds."""

    relations: tuple[str, ...]
    entry: str
    value: str
    clause: str = ""


@dataclass(frozen=True, slots=True)
class ProductSheet:
    """What a new product needs: a place, relations; and what one in service shows."""

    product: str
    also: tuple[str, ...] = ()
    title: str = ""
    place: PlaceSays = PlaceSays()
    relations: tuple[RelationSays, ...] = ()
    shown: ShownSays | None = None

    def relation(self, to: str) -> RelationSays | None:
        """The relation to something, by its word."""
        return next((one for one in self.relations if one.to == to), None)


def product_name(urn: Any) -> str:
    """The product that an `@type` names, as it stands there, without version and function; "" for what is no text.

    Of a word that is no URN of the standard's it is the word.
    """
    if not isinstance(urn, str):
        return ""
    parts = urn.split(":")
    return parts[_NAME] if urn.lower().startswith(SPEC) and len(parts) > _NAME else urn


def _plain(name: str) -> str:
    """A product's name in one spelling: releases write `AccessElineOvc` and `access-eline-ovc`."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


@dataclass(frozen=True, slots=True)
class ProductSheets:
    """The sheets of a release, by the names that products go by."""

    by_name: Mapping[str, ProductSheet] = field(default_factory=dict)
    own: Mapping[str, ProductSheet] = field(default_factory=dict)
    """Those of a user's own products, by `@type`, to the letter."""

    def of(self, urn: Any) -> ProductSheet | None:
        """The sheet of the product that an `@type` names, whichever its version and spelling; None where there is none.

        What is no URN of the standard's is somebody's own product, however much alike it sounds, but for the very name of a
        sheet.
        """
        own = self.own.get(urn) if isinstance(urn, str) else None
        name = product_name(urn)
        found = own or self.by_name.get(_plain(name))
        if found is None or own or name != urn:
            return found
        return found if name in (found.product, *found.also) else None


NO_SHEETS: Final = ProductSheets()


def read_product_sheets(
    paths: Iterable[Path], register: Mapping[str, Interpretation], apis: Iterable[str]
) -> ProductSheets:
    """Read sheets. FileProblem with `file:line:col` for every place that is wrong, for two of one product, for an API that
    is not one of `apis`, and for a reading that is not in the `register`.
    """
    known = frozenset(apis)
    found: dict[str, ProductSheet] = {}

    def read(_: str, path: Path) -> ProductSheet:
        sheet: ProductSheet = read_record(ProductSheet, path, lambda sheet: _wrong(sheet, register, known, found))
        found.update((_plain(name), sheet) for name in (sheet.product, *sheet.also))
        return sheet

    read_all({str(path): path for path in paths}, read)
    return ProductSheets(found)


def read_sheet(located: Located, register: Mapping[str, Interpretation], apis: Iterable[str]) -> ProductSheet:
    """The sheet of a product of one's own. FileProblem as for `read_product_sheets`."""
    known = frozenset(apis)
    found: ProductSheet = read_located(ProductSheet, located, lambda sheet: _wrong(sheet, register, known, {}))
    return found


def _wrong(
    sheet: ProductSheet, register: Mapping[str, Interpretation], apis: frozenset[str], there: Mapping[str, ProductSheet]
) -> Iterator[Mistake]:
    """What is wrong in a sheet; `there` are other sheets, by plain names."""
    for place, name in (("/product", sheet.product), *((f"/also/{n}", name) for n, name in enumerate(sheet.also))):
        if _plain(name) in there:
            yield Mistake(place, f"{name} has another sheet already")
    for api in (*sheet.place.never, *sheet.place.contacts):
        if api not in apis:
            yield Mistake("/place", f"{api} is no API of this release; known: {', '.join(sorted(apis))}")
    yield from _wrong_relations(sheet)
    shown = sheet.shown
    if shown and (shown.entry not in register or shown.value not in register[shown.entry].readings):
        there_is_none = f"the register of interpretations has no {shown.entry} with the reading {shown.value}"
        yield Mistake("/shown/entry", there_is_none)


def _wrong_relations(sheet: ProductSheet) -> Iterator[Mistake]:
    for index, relation in enumerate(sheet.relations):
        here = f"/relations/{index}/names"
        if not relation.names:
            yield Mistake(here, "a name is needed: the one that we use")
        for name in relation.names:
            if relation.to not in name:
                yield Mistake(here, f"{name} does not have the word {relation.to} in it")
    for to in sheet.shown.relations if sheet.shown else ():
        if sheet.relation(to) is None:
            yield Mistake("/shown/relations", f"there is no relation to {to} in this sheet")
