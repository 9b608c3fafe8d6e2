"""What schemas cannot say: unknown members, readOnly in requests, types nobody describes.

A message is walked side by side with its schemas. Which schemas have a say at a place, and so which members
belong there, follows from the place and from the few members that tell variants apart (`@type`, the tags
of a `oneOf`). So each such choice is made once and kept as a `Form`; a message then costs little more than
a look at each of its members. What is kept is bounded by the schemas, whatever the messages hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from emulator.errors import suggestion
from emulator.record.call import ErrorCode
from emulator.record.payload import escape
from emulator.standard import bundle
from emulator.standard.breach import Breach, Check
from emulator.standard.explain import MOST, and_more
from emulator.standard.forms import UNKNOWN, Decider, Form, Member, Node, Schema
from emulator.standard.urns import urn_hint

_TYPE: Final = "@type"
_SCHEMA_LOCATION: Final = "@schemaLocation"
_OTHERS: Final = frozenset({"additionalProperties", "patternProperties", "unevaluatedProperties"})


class MemberWalk:
    """Walks messages and their schemas side by side, following each `@type` to its sub-type."""

    def __init__(self, definitions: Mapping[str, Schema], aliases: Mapping[str, str]) -> None:
        """`aliases` gives the right URN for each known wrong one."""
        self._definitions, self._aliases = definitions, aliases
        self._nodes: dict[tuple[str | int, ...], Node] = {}

    def breaches(self, root: Schema, value: Any, direction: str, *, advisory: bool) -> list[Breach]:
        """The readOnly members of a request; with `advisory` also what is only worth a warning.

        A root is known again by its identity, so it should be the same object each time.
        """
        walk = _Walk(self, request=direction == "request", advisory=advisory)
        walk.value(value, self.node((root,)), "")
        return walk.told()

    def node(self, schemas: Iterable[Schema]) -> Node:
        """The one node of these schemas."""
        known = {_identity(schema): schema for schema in schemas}
        key = tuple(known)
        node = self._nodes.get(key)
        if node is None:
            own = tuple(known.values())
            node = self._nodes.setdefault(key, Node(own, tuple(self._deciders(own)), tuple(self._known_types(own))))
        return node

    def form(self, node: Node, value: dict[str, Any]) -> Form:
        """The form that an object has at a node."""
        key = tuple([decider.choice(value) for decider in node.deciders])
        form = node.forms.get(key)
        if form is None:
            form = node.forms.setdefault(key, self._new_form(node, value))
        return form

    def items(self, node: Node) -> Node:
        """The node of the items of a list."""
        if node.items is None:
            node.items = self.node(s["items"] for s in self._flat(node.schemas, []) if isinstance(s.get("items"), dict))
        return node.items

    def _new_form(self, node: Node, value: dict[str, Any]) -> Form:
        members: dict[str, list[Schema]] = {}
        demanded: dict[str, list[Schema]] = {}
        flat = list(self._flat(node.schemas, value))
        for schema in flat:
            for name, child in schema.get("properties", {}).items():
                members.setdefault(name, []).append(child)
            demanded |= {name: [] for name in schema.get("required", ())}
        if members:  # what is demanded belongs here, though nobody describes it
            members = {**demanded, **members}
        return Form(
            {name: self._member(name, schemas) for name, schemas in members.items()},
            # A schema without any member is an open one; so is a type that we do not know. Where a schema says by itself
            # which other members there may be, the validator looks at them.
            closed=bool(members)
            and not any(map(_OTHERS.intersection, flat))
            and not self._of_unknown_type(value, node),
            tells=any(True for _ in self.type_oddities(value, node)),
        )

    def _member(self, name: str, schemas: list[Schema]) -> Member | None:
        read_only = any(schema.get("readOnly") for schema in schemas)
        inner = any("properties" in s or "items" in s for s in self._reachable(schemas, set()))
        if read_only or inner or any(self._dispatchers(schemas)):
            return Member(name, schemas, read_only=read_only)
        return None

    # -- what decides ------------------------------------------------------------------------------

    def _deciders(self, schemas: Iterable[Schema]) -> Iterator[Decider]:
        """The members on whose values the choice of variants depends."""
        values: dict[str, list[Any]] = {}
        for schema in self._reachable(schemas, set()):
            condition = schema.get("if", {})
            for name in condition.get("required", ()):
                values.setdefault(name, [])
            for name, child in condition.get("properties", {}).items():
                if "const" in child:
                    values.setdefault(name, []).append(child["const"])
            for option in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
                for name, enum in self._tags(option):
                    values.setdefault(name, []).extend(enum)
        if any(self._dispatchers(schemas)):
            values.setdefault(_TYPE, []).extend([*self._aliases, ""])
            values.setdefault(_SCHEMA_LOCATION, [])
        return (Decider(name, known) for name, known in values.items())

    def _reachable(self, schemas: Iterable[Schema], seen: set[int]) -> Iterator[Schema]:
        """Every schema that can have a say on an object, whatever the object holds."""
        for schema in schemas:
            if id(schema) in seen:
                continue
            seen.add(id(schema))
            if "$ref" in schema:
                yield from self._reachable([self._referred(schema)], seen)
                continue
            yield schema
            yield from self._reachable([schema[key] for key in ("then", "else") if key in schema], seen)
            for key in ("allOf", "oneOf", "anyOf"):
                yield from self._reachable(schema.get(key, ()), seen)

    # -- types -------------------------------------------------------------------------------------

    def _dispatchers(self, schemas: Iterable[Schema]) -> Iterator[tuple[str, Schema]]:
        for schema in schemas:
            name = _name(schema)
            if name and name + bundle.BASE in self._definitions:
                yield name, self._definitions[name]
            elif name:
                yield from self._dispatchers([self._definitions[name]])
            elif "allOf" in schema:
                yield from self._dispatchers(schema["allOf"])

    def _known_types(self, schemas: Iterable[Schema]) -> Iterator[tuple[str, frozenset[str]]]:
        """Each base schema that has a say, once, with the types that it knows."""
        for name, dispatcher in dict(self._dispatchers(schemas)).items():
            known = set[str]()
            for part in dispatcher["allOf"]:
                kind = part.get("if", {}).get("properties", {}).get(_TYPE, {})
                known.update([kind["const"]] if "const" in kind else kind.get("not", {}).get("enum", ()))
            yield name, frozenset(known)

    def _of_unknown_type(self, value: dict[str, Any], node: Node) -> bool:
        """Whether `@type` names no sub-type of ours, so that nobody can tell which members belong."""
        kind = value.get(_TYPE)
        return any(not isinstance(kind, str) or kind not in known for _, known in node.types)

    def _undescribed(self, value: dict[str, Any], node: Node) -> bool:
        """Whether a type that we do not know is a legal one: a product, or a type with its own schema."""
        kind = value[_TYPE]
        return bool(kind) and any(
            kind not in known and (self._is_open(name) or _SCHEMA_LOCATION in value) for name, known in node.types
        )

    def _is_open(self, name: str) -> bool:
        """Whether a base schema is a place for payloads that are described elsewhere."""
        return bundle.is_open(self._definitions[name])

    def type_oddities(self, value: dict[str, Any], node: Node) -> Iterator[tuple[Check, str]]:
        """What there is to say of an object's `@type`: the kind of breach, and the schema at whose place it stands."""
        kind = value.get(_TYPE)
        if not isinstance(kind, str):
            return
        for name, _ in node.types:
            if self._is_open(name) and kind in self._aliases:
                yield Check.URN_ALIAS, name
            elif self._undescribed(value, node):
                yield Check.UNCHECKED, name

    def type_breach(self, check: Check, name: str, value: dict[str, Any], node: Node, place: str) -> Breach:
        """What `type_oddities` says, in words."""
        kind = value[_TYPE]
        if check is Check.URN_ALIAS:
            right = self._aliases[kind]
            return Breach(f"{place}/@type", right, kind, f"this product is spelt {right}", check)
        what = "payload" if self._is_open(name) else "type"
        known = frozenset[str]().union(*(types for _, types in node.types))
        near = urn_hint(kind, known.difference(self._aliases))
        return Breach(
            f"{place}/@type",
            "a type with a schema here",
            kind,
            f"no schema for this {what} is known, so its members were not checked" + (f"; {near}" if near else ""),
            check,
        )

    # -- schemas -----------------------------------------------------------------------------------

    def _flat(self, schemas: Iterable[Schema], value: Any) -> Iterator[Schema]:
        """Every schema that has a say on `value`, references and alternatives followed."""
        for schema in schemas:
            if "$ref" in schema:
                yield from self._flat([self._referred(schema)], value)
                continue
            yield schema
            if "if" in schema:
                meets = _meets(schema["if"], value)
                branches = ("then", "else") if meets is None else ("then",) if meets else ("else",)
                yield from self._flat([schema[branch] for branch in branches if branch in schema], value)
            yield from self._flat(schema.get("allOf", ()), value)
            for key in ("oneOf", "anyOf"):
                options = schema.get(key, ())
                fitting = [option for option in options if self._tags_fit(option, value)]
                yield from self._flat(fitting or options, value)

    def _referred(self, schema: Schema) -> Schema:
        return self._definitions[_name(schema)]

    def _tags_fit(self, option: Schema, value: Any) -> bool:
        """Whether the one-value enums of a variant agree with the value."""
        if not isinstance(value, dict):
            return True
        return all(name not in value or value[name] in enum for name, enum in self._tags(option))

    def _tags(self, option: Schema) -> Iterator[tuple[str, list[Any]]]:
        for schema in self._flat([option], {}):
            for name, child in schema.get("properties", {}).items():
                if child.get("enum"):
                    yield name, child["enum"]


class _Walk:
    """One walk through one message."""

    __slots__ = ("_advisory", "_found", "_more", "_plan", "_request", "_times")

    def __init__(self, plan: MemberWalk, *, request: bool, advisory: bool) -> None:
        self._plan, self._request, self._advisory = plan, request, advisory
        self._found: list[Breach] = []
        self._times: Counter[Check] = Counter()
        self._more: dict[Check, Breach] = {}

    def told(self) -> list[Breach]:
        """The first breaches of each kind, and for each how many more there are."""
        return self._found + [and_more(first, self._times[kind] - MOST) for kind, first in self._more.items()]

    def _is_one_more(self, kind: Check) -> bool:
        """Count a breach; whether there are too many of its kind for it to be told, or to be put into words at all."""
        self._times[kind] += 1
        return kind in self._more

    def _tell(self, breach: Breach) -> None:
        if self._times[breach.check] > MOST:
            self._more[breach.check] = breach
        else:
            self._found.append(breach)

    def value(self, value: Any, node: Node, place: str) -> None:
        """Look at what stands at a place."""
        if isinstance(value, dict):
            self._object(value, node, place)
        elif isinstance(value, list):
            items = node.items or self._plan.items(node)
            if items.schemas:
                for index, item in enumerate(value):
                    self.value(item, items, f"{place}/{index}")

    def _object(self, value: dict[str, Any], node: Node, place: str) -> None:
        form = node.forms.get(tuple([d.choice(value) for d in node.deciders]) if node.deciders else ())
        if form is None:
            form = self._plan.form(node, value)
        if form.tells and self._advisory:
            for check, name in self._plan.type_oddities(value, node):
                if not self._is_one_more(check):
                    self._tell(self._plan.type_breach(check, name, value, node, place))
        members = form.members
        for name, child in value.items():
            member = members.get(name, UNKNOWN)
            if member is None:
                continue
            if member is UNKNOWN:
                self._strange(name, child, place, form)
                continue
            if member.read_only and self._request:
                self._not_theirs(name, child, place + member.token)
            if member.node is None:
                member.node = self._plan.node(member.schemas)
            self.value(child, member.node, place + member.token)

    def _strange(self, name: str, child: Any, place: str, form: Form) -> None:
        odd = form.closed and self._advisory and not name.startswith("@")
        if odd and not self._is_one_more(Check.UNKNOWN_MEMBER):
            self._tell(_unknown(name, child, place, form.names))

    def _not_theirs(self, name: str, child: Any, place: str) -> None:
        if not self._is_one_more(Check.READ_ONLY):
            message = f"{name} is read-only: only the answer carries it"
            self._tell(Breach(place, "absent", child, message, Check.READ_ONLY, ErrorCode.UNEXPECTED_PROPERTY))


def _identity(schema: Schema) -> str | int:
    """What tells schemas apart: two references to the same definition are the same."""
    return _name(schema) or id(schema)


def _name(schema: Schema) -> str:
    """The definition that a schema refers to, "" where it stands for itself."""
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _meets(condition: Schema, value: Any) -> bool | None:
    """Whether an object meets a condition; None where that takes more than its tags: then either may be."""
    if not isinstance(value, dict) or any(name not in value for name in condition.get("required", ())):
        return False
    tags = condition.get("properties", {})
    if any("const" in child and name in value and value[name] != child["const"] for name, child in tags.items()):
        return False
    plain = not condition.keys() - _OF_TAGS and all("const" in child for child in tags.values())
    return True if plain else None


_OF_TAGS: Final = frozenset({"type", "required", "properties"})


def _unknown(name: str, child: Any, place: str, members: tuple[str, ...]) -> Breach:
    near = _near(name, members)
    hint = f"; did you mean {near}?" if near else ""
    return Breach(
        f"{place}/{escape(name)}",
        near or "a member of the contract",
        child if not isinstance(child, dict | list) else "…",
        f"{name} is no member of the contract here{hint}",
        Check.UNKNOWN_MEMBER,
        ErrorCode.UNEXPECTED_PROPERTY,
    )


def _near(name: str, members: tuple[str, ...]) -> str | None:
    """The member that is meant, if one is spelt nearly so."""
    # No name can be near one of a third of its length; and no stranger's long name is kept.
    return _nearest(name, members) if len(name) <= 3 * max(map(len, members)) else None


@lru_cache(maxsize=1024)
def _nearest(name: str, members: tuple[str, ...]) -> str | None:
    return suggestion(name, members) or None
