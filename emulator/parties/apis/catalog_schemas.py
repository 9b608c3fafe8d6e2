"""Schemas of a catalog (MEF W142, 6.2.1.2, 6.2.1.3): a product's own, narrowed by table 7, and what such a text binds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from typing import Any, Final

import jsonschema_rs
import orjson

from emulator.parties.catalog import Narrowing
from emulator.record.payload import at as value_at
from emulator.record.payload import pointer, unescape
from emulator.standard.bundle import PRODUCT, Definitions
from emulator.standard.engine import Validator, compiled
from emulator.standard.payloads.translate import reachable
from emulator.standard.release import Release

_REF: Final = "#/definitions/"
_BRANCHES: Final = ("allOf", "oneOf", "anyOf")
_CHOICES: Final = ("then", "else")
_NEWER: Final = ("unevaluatedProperties", "unevaluatedItems", "minContains", "maxContains")
"""Words that draft-07 does not know."""
_DEEPEST: Final = 12
"""Levels down to which attributes within attributes are looked for."""

Path = tuple[str, ...]
"""Names of attributes, each within the one before."""


def path_of(name: str) -> Path:
    """`/uniEp/identifier` -> the names in it; a plain name is the attribute that is called so."""
    return tuple(unescape(part) for part in name.removeprefix("/").split("/"))


class NarrowingError(ValueError):
    """What a profile narrows of a product that cannot be: `word` is the key of the narrowing, `name` the attribute."""

    def __init__(self, word: str, name: str, problem: str) -> None:
        super().__init__(problem)
        self.word, self.name = word, name


class Draft:
    """A product's schema that is being narrowed. Definitions are shared between attributes, so what is changed is copied first."""

    def __init__(self, root: str, definitions: Definitions) -> None:
        """`root` is the definition of the product. KeyError where there is none."""
        found = deepcopy(reachable(definitions, root))
        names = _short(found)
        self._definitions = {names[name]: _renamed(schema, names) for name, schema in found.items()}
        self._own: set[str] = set()
        self._root: dict[str, Any] = {"$ref": _REF + names[root]}

    def text(self) -> str:
        """The schema as a document of its own, in one line."""
        root = self._definitions[self._root["$ref"].removeprefix(_REF)]
        used = reachable(self._definitions, self._root["$ref"].removeprefix(_REF))
        others = {name: schema for name, schema in used.items() if schema is not root}
        inner = orjson.dumps([root, others])
        if any(f'"{word}"'.encode() in inner for word in _NEWER):
            dialect = "https://json-schema.org/draft/2019-09/schema"
        else:
            dialect = "http://json-schema.org/draft-07/schema#"
        document = {"$schema": dialect, **root, **({"definitions": others} if others else {})}
        return orjson.dumps(document).decode()

    def narrow(self, narrowing: Narrowing) -> list[NarrowingError]:
        """Apply what is narrowed; gives what cannot be: the product has no such attribute, or a value is none of it."""
        steps: list[Callable[[], None]] = [partial(self._remove, name) for name in narrowing.removed]
        for word, said in (("fixed", narrowing.fixed), ("defaults", narrowing.defaults)):
            key = "const" if word == "fixed" else "default"
            steps += [partial(self._value, word, name, [value], {key: value}) for name, value in said.items()]
        for name, values in narrowing.allowed.items():
            steps.append(partial(self._value, "allowed", name, values, {"enum": list(values)}))
        steps += [partial(self._require, name) for name in narrowing.required]
        problems = []
        for step in steps:
            try:
                step()
            except NarrowingError as error:
                problems.append(error)
        return problems

    # -- one attribute -----------------------------------------------------------------------------

    def _remove(self, name: str) -> None:
        *above, last = path_of(name)
        for holder in self._holders("removed", name):
            del holder["properties"][last]
        for level in self._levels(above):
            for part in self._parts(level, lambda schema: last in schema.get("required", ())):
                if left := [each for each in part["required"] if each != last]:
                    part["required"] = left
                else:
                    del part["required"]

    def _require(self, name: str) -> None:
        last = path_of(name)[-1]
        for holder in self._holders("required", name):
            if last not in (needed := holder.setdefault("required", [])):
                needed.append(last)

    def _value(self, word: str, name: str, values: Sequence[Any], said: Mapping[str, Any]) -> None:
        """Say something more of what an attribute is: a default only where there is none (table 7), the others in place of an
        enumeration.
        """
        if not values:
            raise NarrowingError(word, name, "one value at least has to be left")
        last = path_of(name)[-1]
        for holder in self._holders(word, name):
            leaf = self._inlined(holder["properties"][last])
            checker = compiled({**leaf, "definitions": self._definitions})
            for value in values:
                if not checker.is_valid(value):
                    raise NarrowingError(word, name, f"{value!r:.60} is no value of {name}")
            if "default" in said and leaf.get("default", said["default"]) != said["default"]:
                raise NarrowingError(word, name, f"its default is {leaf['default']!r:.60} already (W142 table 7)")
            if "default" not in said:
                for part in self._parts(leaf, lambda schema: "enum" in schema):
                    del part["enum"]
            holder["properties"][last] = {**said, **leaf} if "default" in said else {**leaf, **said}

    # -- finding -----------------------------------------------------------------------------------

    def _holders(self, word: str, name: str) -> list[dict[str, Any]]:
        """The schemas, our own by now, that say of an attribute what it is."""
        *above, last = path_of(name)
        found = [part for level in self._levels(above) for part in self._parts(level, _saying(last))]
        if not found:
            raise NarrowingError(word, name, f"the product has no attribute {name}")
        return found

    def _levels(self, above: Sequence[str]) -> list[dict[str, Any]]:
        """The schemas of the objects in which an attribute stands that is below others."""
        levels = [self._root]
        for each in above:
            parts = [part for level in levels for part in self._parts(level, _saying(each))]
            levels = [part["properties"][each] for part in parts]
        return levels

    def _parts(self, schema: dict[str, Any], wanted: Callable[[Mapping[str, Any]], bool]) -> list[dict[str, Any]]:
        """The parts of a schema that are wanted: itself, what it refers to, what it is made of, the entries of a list."""
        if not self._has(schema, wanted, frozenset()):
            return []
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(_REF)
            if name not in self._own:
                fresh = next(each for n in range(2, 10**6) if (each := f"{name}.{n}") not in self._definitions)
                self._definitions[fresh] = deepcopy(self._definitions[name])
                self._own.add(fresh)
                schema["$ref"] = _REF + fresh
            return self._parts(self._definitions[schema["$ref"].removeprefix(_REF)], wanted)
        found = [schema] if wanted(schema) else []
        for each in _inner(schema):
            found += self._parts(each, wanted)
        return found

    def _has(self, schema: Any, wanted: Callable[[Mapping[str, Any]], bool], seen: frozenset[str]) -> bool:
        if not isinstance(schema, dict):
            return False
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(_REF)
            return name not in seen and self._has(self._definitions[name], wanted, seen | {name})
        return wanted(schema) or any(self._has(each, wanted, seen) for each in _inner(schema))

    def _inlined(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A copy of a schema that is no reference: draft-07 reads nothing beside one."""
        while "$ref" in schema:
            schema = self._definitions[schema["$ref"].removeprefix(_REF)]
        return deepcopy(schema)


def _saying(name: str) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a schema says what an attribute is."""
    return lambda schema: name in (schema.get("properties") or ())


def _inner(schema: Mapping[str, Any]) -> Iterator[Any]:
    """What is said of the same object as by a schema, and of the entries of a list."""
    for key in _BRANCHES:
        yield from schema.get(key, ())
    for key in (*_CHOICES, "items"):
        if key in schema:
            yield schema[key]


def _short(definitions: Definitions) -> dict[str, str]:
    """Names for definitions that a reader can make something of, each its own."""
    found: dict[str, str] = {}
    for name in definitions:
        file, _, last = name.removeprefix(PRODUCT).rpartition(":")
        word = last if file else last.rpartition("..")[2].removesuffix(".yaml")
        taken = set(found.values())
        found[name] = next(each for n in range(1, 10**6) if (each := word if n == 1 else f"{word}-{n}") not in taken)
    return found


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    if isinstance(schema, list):
        return [_renamed(each, names) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("$ref"), str):
        return {**schema, "$ref": _REF + names[schema["$ref"].removeprefix(_REF)]}
    return {key: _renamed(value, names) for key, value in schema.items()}


def draft_of(release: Release, payload: str) -> Draft:
    """The schema of a product, to be narrowed. LookupError where we have none of it."""
    known = release.products.describing(payload)
    if not known:
        message = f"there is no schema of {payload}"
        raise LookupError(message)
    return Draft(known[0], release.products.definitions)


def narrowed(release: Release, payload: str, narrowings: Sequence[Narrowing] = ()) -> str:
    """The schema of a product, narrowed step by step, as a text. LookupError where we have none of it; NarrowingError."""
    draft = draft_of(release, payload)
    for each in narrowings:
        for problem in draft.narrow(each):
            raise problem
    return draft.text()


@dataclass(frozen=True)
class Binding:
    """What the text of a contextual schema binds. `fixed` and `defaults` are values by the attribute, those within others too."""

    document: Mapping[str, Any]
    validator: Validator = field(repr=False)

    @cached_property
    def fixed(self) -> Mapping[Path, Any]:
        """The attributes with a `const`."""
        return {path: schema["const"] for path, schema in self._attributes if "const" in schema}

    @cached_property
    def defaults(self) -> Mapping[Path, Any]:
        """The attributes with a `default`."""
        return {path: schema["default"] for path, schema in self._attributes if "default" in schema}

    @cached_property
    def names(self) -> frozenset[str]:
        """The attributes that it knows, without those within others."""
        return frozenset(path[0] for path, _ in self._attributes)

    def objects(self, path: Path) -> list[Mapping[str, Any]]:
        """What is said, without a condition, of the object in which attributes stand: of the whole, or of one within it."""
        if not path:
            return list(self._said(self.document, frozenset()))
        return [schema for each, schema in self._attributes if each == path]

    @cached_property
    def _attributes(self) -> list[tuple[Path, Mapping[str, Any]]]:
        return list(self._below(self.document, (), frozenset()))

    def _below(self, schema: Any, path: Path, seen: frozenset[str]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
        """What is said of attributes without a condition, each with where it stands."""
        if not isinstance(schema, dict) or len(path) > _DEEPEST:
            return
        if isinstance(name := schema.get("$ref"), str):
            if name not in seen and isinstance(there := value_at(self.document, name.removeprefix("#")), dict):
                yield from self._below(there, path, seen | {name})
            return
        for each in schema.get("allOf", ()):
            yield from self._below(each, path, seen)
        for name, each in (schema.get("properties") or {}).items():
            here = (*path, name)
            yield from ((here, said) for said in self._said(each, seen))
            yield from self._below(each, here, seen)

    def _said(self, schema: Any, seen: frozenset[str]) -> Iterator[Mapping[str, Any]]:
        if isinstance(schema, dict) and isinstance(name := schema.get("$ref"), str):
            if name not in seen:
                yield from self._said(value_at(self.document, name.removeprefix("#")), seen | {name})
        elif isinstance(schema, dict):
            yield schema
            for each in schema.get("allOf", ()):
                yield from self._said(each, seen)


@lru_cache(maxsize=128)
def binding(text: str) -> Binding | None:
    """What a text binds; None where it is no JSON Schema that we understand."""
    try:
        document = orjson.loads(text)
        return Binding(document, compiled(document)) if isinstance(document, dict) else None
    except (orjson.JSONDecodeError, jsonschema_rs.ValidationError, ValueError):
        return None


def required_by(bound: Binding, path: Path) -> bool:
    """Whether a configuration that lacks an attribute is wrong for that, all else being left out of account."""
    return any(path[-1] in schema.get("required", ()) for schema in bound.objects(path[:-1]))


def value_of(configuration: Any, path: Path) -> Any:
    """The value of an attribute in a configuration, MISSING where it has none."""
    return value_at(configuration, pointer(path))


def put_value(configuration: dict[str, Any], path: Path, value: Any) -> None:
    """Set an attribute, where what it stands in is there."""
    holder = value_of(configuration, path[:-1]) if path[:-1] else configuration
    if isinstance(holder, dict):
        holder[path[-1]] = deepcopy(value)


def drop_value(configuration: dict[str, Any], path: Path) -> None:
    """Take an attribute away."""
    holder = value_of(configuration, path[:-1]) if path[:-1] else configuration
    if isinstance(holder, dict):
        holder.pop(path[-1], None)
