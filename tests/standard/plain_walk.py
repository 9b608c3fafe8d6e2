"""The walk along a message and its schemas without any memory: slow, plain, and what the fast one must agree with."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from emulator.record.call import ErrorCode
from emulator.record.payload import escape
from emulator.standard import bundle
from emulator.standard.breach import Breach, Check
from emulator.standard.urns import urn_hint

Schema = Mapping[str, Any]


class PlainWalk:
    """Walks a message and its schema side by side, following each `@type` to its sub-type."""

    def __init__(
        self,
        root: Schema,
        definitions: Mapping[str, Schema],
        aliases: Mapping[str, str],
    ) -> None:
        """`aliases` gives the right URN for each known wrong one."""
        self._root, self._definitions, self._aliases = root, definitions, aliases

    def breaches(self, value: Any, direction: str, *, advisory: bool) -> list[Breach]:
        """The readOnly members of a request; with `advisory` also what is only worth a warning."""
        found = self._walk(value, [self._root], "", request=direction == "request")
        return [breach for breach in found if advisory or not breach.advisory]

    def _walk(self, value: Any, schemas: list[Schema], place: str, *, request: bool) -> Iterator[Breach]:
        if isinstance(value, list):
            items = [s["items"] for s in self._flat(schemas, value) if isinstance(s.get("items"), dict)]
            if items:
                for index, item in enumerate(value):
                    yield from self._walk(item, items, f"{place}/{index}", request=request)
        elif isinstance(value, dict):
            yield from self._object(value, schemas, place, request=request)

    def _object(self, value: dict[str, Any], schemas: list[Schema], place: str, *, request: bool) -> Iterator[Breach]:
        flat = list(self._flat(schemas, value))
        yield from self._type_breaches(value, schemas, place)
        members: dict[str, list[Schema]] = {}
        for schema in flat:
            for name, child in schema.get("properties", {}).items():
                members.setdefault(name, []).append(child)
        demanded = {name: [] for schema in flat for name in schema.get("required", ())}
        members = {**demanded, **members} if members else {}
        # A schema without any member is an open one; so is a type that we do not know.
        undescribed = self._of_unknown_type(value, schemas)
        # Nor is anything unknown where a schema says which others there may be: the validator has looked at them.
        closing = {"additionalProperties", "patternProperties", "unevaluatedProperties"}
        undescribed = undescribed or any(closing & schema.keys() for schema in flat)
        for name, child in value.items():
            here = f"{place}/{escape(name)}"
            if name not in members:
                if members and not undescribed and not name.startswith("@"):
                    yield self._unknown(name, child, here, members)
                continue
            if request and any(s.get("readOnly") for s in members[name]):
                yield Breach(here, "absent", child, f"{name} is read-only: only the answer carries it",
                             Check.READ_ONLY, ErrorCode.UNEXPECTED_PROPERTY)  # fmt: skip
            yield from self._walk(child, members[name], here, request=request)

    @staticmethod
    def _unknown(name: str, child: Any, here: str, members: Iterable[str]) -> Breach:
        near = difflib.get_close_matches(name, members, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return Breach(here, near[0] if near else "a member of the contract", child if not isinstance(child, dict | list) else "…",
                      f"{name} is no member of the contract here{hint}", Check.UNKNOWN_MEMBER,
                      ErrorCode.UNEXPECTED_PROPERTY)  # fmt: skip

    def _dispatchers(self, schemas: list[Schema]) -> Iterator[tuple[str, Schema]]:
        for schema in schemas:
            name = str(schema.get("$ref", "")).rpartition("/")[2]
            if name and name + bundle.BASE in self._definitions:
                yield name, self._definitions[name]
            elif name:
                yield from self._dispatchers([self._definitions[name]])
            elif "allOf" in schema:
                yield from self._dispatchers(list(schema["allOf"]))

    def _of_unknown_type(self, value: dict[str, Any], schemas: list[Schema]) -> bool:
        """Whether `@type` names no sub-type of ours, so that nobody can tell which members belong."""
        kind = value.get("@type")
        return any(not isinstance(kind, str) or kind not in known for _, known in self._known_types(schemas))

    def _undescribed(self, value: dict[str, Any], schemas: list[Schema]) -> bool:
        """Whether a type that we do not know is a legal one: a product, or a type with its own schema."""
        kind = value["@type"]
        return bool(kind) and any(
            kind not in known and (bundle.is_open(self._definitions[name]) or "@schemaLocation" in value)
            for name, known in self._known_types(schemas)
        )

    def _known_types(self, schemas: list[Schema]) -> Iterator[tuple[str, set[str]]]:
        for name, dispatcher in self._dispatchers(schemas):
            known = set[str]()
            for part in dispatcher["allOf"]:
                kind = part.get("if", {}).get("properties", {}).get("@type", {})
                known.update([kind["const"]] if "const" in kind else kind.get("not", {}).get("enum", ()))
            yield name, known

    def _type_breaches(self, value: dict[str, Any], schemas: list[Schema], place: str) -> Iterator[Breach]:
        kind = value.get("@type")
        if not isinstance(kind, str):
            return
        for name in dict.fromkeys(name for name, _ in self._dispatchers(schemas)):
            if bundle.is_open(self._definitions[name]) and kind in self._aliases:
                right = self._aliases[kind]
                yield Breach(f"{place}/@type", right, kind, f"this product is spelt {right}", Check.URN_ALIAS)
            elif self._undescribed(value, schemas):
                what = "payload" if bundle.is_open(self._definitions[name]) else "type"
                known = frozenset().union(*(types for _, types in self._known_types(schemas)))
                near = urn_hint(kind, known.difference(self._aliases))
                yield Breach(f"{place}/@type", "a type with a schema here", kind,
                             f"no schema for this {what} is known, so its members were not checked"
                             + (f"; {near}" if near else ""), Check.UNCHECKED)  # fmt: skip

    def _flat(self, schemas: Iterable[Schema], value: Any) -> Iterator[Schema]:
        """Every schema that has a say on `value`, references and alternatives followed."""
        for schema in schemas:
            if "$ref" in schema:
                yield from self._flat([self._definitions[str(schema["$ref"]).rpartition("/")[2]]], value)
                continue
            yield schema
            if "if" in schema:
                for branch in self._branches(schema["if"], value):
                    if branch in schema:
                        yield from self._flat([schema[branch]], value)
            for part in schema.get("allOf", ()):
                yield from self._flat([part], value)
            for key in ("oneOf", "anyOf"):
                options = list(schema.get(key, ()))
                fitting = [option for option in options if self._tags_fit(option, value)]
                yield from self._flat(fitting or options, value)

    @staticmethod
    def _branches(condition: Schema, value: Any) -> tuple[str, ...]:
        """What may bind: where more than tags decides, both sides."""
        if not isinstance(value, dict) or any(name not in value for name in condition.get("required", ())):
            return ("else",)
        tags = condition.get("properties", {})
        if any("const" in child and name in value and value[name] != child["const"] for name, child in tags.items()):
            return ("else",)
        only_tags = condition.keys() <= {"type", "required", "properties"} and all("const" in c for c in tags.values())
        return ("then",) if only_tags else ("then", "else")

    def _tags_fit(self, option: Schema, value: Any) -> bool:
        """Whether the one-value enums of a variant agree with the value."""
        if not isinstance(value, dict):
            return True
        for schema in self._flat([option], {}):
            for name, child in schema.get("properties", {}).items():
                enum = child.get("enum")
                if enum and name in value and value[name] not in enum:
                    return False
        return True
