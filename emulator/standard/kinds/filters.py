"""Rules F: which members of a resource the filters of its list compare; the first rule that hits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, Literal

from emulator.standard.kinds.facts import Filter, Kind
from emulator.standard.kinds.shapes import Schema, Shapes, Spot, plain

NO_FILTERS: Final = frozenset({"buyerId", "sellerId", "offset", "limit"})
_TYPE: Final = re.compile(r"(?:MEF)?(?:Related)?(?P<what>.+?)(?:Ref\w*|Relationship\w*)?\Z")
_RANGE: Final = 2


class Filters:
    """The filters of one kind's lists."""

    def __init__(self, kind: Kind, schema: Schema, shapes: Shapes) -> None:
        self._kind, self._shapes = kind, shapes
        self._top = shapes.top(schema)
        self._all = list(shapes.walk(self._top))

    def find(self, name: str, schema: Schema, *, in_body: bool) -> Filter | None:
        """What a filter compares; None where no rule says."""
        op: Literal["eq", "gt", "lt"] = "eq"
        plainly = name
        if name.endswith((".gt", ".lt")):
            op, plainly = ("gt" if name.endswith(".gt") else "lt"), name[:-3]
        spot = self._path(plainly)
        if spot is not None:
            return self._on_path(name, op, spot, schema, in_body=in_body)
        for rule in (self._by_id, self._of_items, self._by_type, self._deeper):
            if found := rule(plainly):
                return replace(found, name=name, op=op)
        return None

    def _on_path(
        self, name: str, op: Literal["eq", "gt", "lt"], spot: Spot, schema: Schema, *, in_body: bool
    ) -> Filter:
        inner = self._shapes.members(self._shapes.schema_at(spot.members[0]))
        times = [each for each, kinds in inner.items() if self._shapes.is_time(kinds[0].schema)]
        if op != "eq" and len(inner) == len(times) == _RANGE:
            start = next((each for each in times if each.lower().startswith("start")), times[0])
            end = next(each for each in times if each != start)
            if op == "gt":
                return Filter(name, "overlap-gt", (f"{spot.pointer}/{end}",), "F6")
            return Filter(name, "overlap-lt", (f"{spot.pointer}/{start}",), "F6")
        asked = self._shapes.entry(schema)
        if in_body and self._shapes.members(schema if asked is None else asked):
            return Filter(name, "matches", (spot.pointer,), "F7")
        return Filter(name, op, (spot.pointer,), "F1")

    def _path(self, dotted: str) -> Spot | None:
        """The place that a dotted name leads to."""
        spots, found = self._top, None
        for part in dotted.split("."):
            found = next((each for each in spots if each.name == part), None)
            if found is None:
                return None
            spots = self._shapes.below(found)
        return found

    def _by_id(self, name: str) -> Filter | None:
        """`<x>Id` or `<x>.id`: the id within what is called x or is typed so, or members of that name one level down."""
        word = name.removesuffix(".id") if name.endswith(".id") else name.removesuffix("Id")
        if word == name:
            return None
        related = word.removeprefix("related")
        wanted = {plain(word), plain(related)}
        found: list[str] = []
        where, exact = "", False
        for spot in self._all:
            depth = len([part for part in spot.pointer.split("/") if part not in ("", "*")])
            if depth == 1:
                inner = self._shapes.below(spot)
                named = plain(spot.name) in wanted or bool(wanted & set(self._types(spot)))
                ids = [each for each in inner if each.name == name or (named and each.name in ("id", f"{word}Id"))]
                found += [each.pointer for each in ids[:1] if each.pointer not in found]
                exact = exact or spot.name == word or any(each.name == name for each in ids)
        if not found:
            found, where, exact = self._by_subtype(word)
        rule = "F2" if exact or plain(word) == word.lower() else "F2~"
        return Filter(name, "eq", tuple(found), rule, where) if found else None

    def _by_subtype(self, word: str) -> tuple[list[str], str, bool]:
        """The id of a sub-type that is named for what is asked for."""
        for spot in self._all:
            for member in spot.members:
                for name in self._shapes.subtypes(self._shapes.schema_at(member)):
                    if name.endswith("Ref") and plain(name.removesuffix("Ref")) == plain(word):
                        return [f"{spot.pointer}/id"], name, False
        return [], "", False

    def _types(self, spot: Spot) -> Iterable[str]:
        for member in spot.members:
            match = _TYPE.match(self._shapes.name(self._shapes.schema_at(member)))
            if match:
                yield plain(match["what"])

    def _of_items(self, name: str) -> Filter | None:
        """`item<X>`: the member x of the items."""
        if not self._kind.items or not re.match(r"item[A-Z]", name):
            return None
        wanted = f"{self._kind.items.at}/*/{name[4:5].lower()}{name[5:]}"
        return next((Filter(name, "eq", (spot.pointer,), "F3") for spot in self._all if spot.pointer == wanted), None)

    def _by_type(self, name: str) -> Filter | None:
        """`<x>Type`: what `@referredType` says within x."""
        spot = self._path(name.removesuffix("Type")) if name.endswith("Type") else None
        inner = self._shapes.below(spot) if spot else []
        return next((Filter(name, "eq", (each.pointer,), "F4") for each in inner if each.name == "@referredType"), None)

    def _deeper(self, name: str) -> Filter | None:
        """The nearest deeper member of that name, if it is the only one at its depth."""
        found = [spot.pointer for spot in self._all if spot.name == name]
        depths = Counter(each.count("/") for each in found)
        if not found or depths[found[0].count("/")] > 1:
            return None
        return Filter(name, "eq", (found[0],), "F5")


def filters_of(
    kind: Kind, schema: Schema, asked: Mapping[str, Schema], shapes: Shapes, *, in_body: bool
) -> tuple[dict[str, Filter], tuple[str, ...]]:
    """The filters of a list by name, and those that no rule explains."""
    rules = Filters(kind, schema, shapes)
    found = {name: rules.find(name, each, in_body=in_body) for name, each in asked.items() if name not in NO_FILTERS}
    return {name: each for name, each in found.items() if each}, tuple(name for name, each in found.items() if not each)
