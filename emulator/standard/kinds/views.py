"""Rules V: what each operation of a management contract does, by method, path, status and body; never by its operationId."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from emulator.standard.kinds.facts import View
from emulator.standard.kinds.shapes import Schema, Shapes, lower_first, plain

_METHODS: Final = ("get", "put", "post", "delete", "patch")
_QUERY: Final = "ComplexQuery"
_OPTIONAL: Final = 501
_OF_ONE: Final[Mapping[str, View]] = {"get": "retrieve", "patch": "patch", "delete": "delete"}
_OF_HUB: Final[Mapping[tuple[str, bool], View]] = {
    ("post", False): "subscribe",
    ("get", True): "subscription",
    ("delete", True): "unsubscribe",
}


@dataclass(frozen=True, slots=True)
class Raw:
    """An operation as its contract has it. Schemas are None where there is no body."""

    id: str
    method: str
    path: str
    parts: tuple[str, ...]
    success: tuple[int, ...]
    optional: bool
    parameters: Mapping[str, Schema]
    headers: frozenset[str]
    request: Schema | None
    response: Schema | None

    @property
    def collection(self) -> str | None:
        """The first segment where there is no other; else None."""
        return self.parts[0] if len(self.parts) == 1 else None


@dataclass(frozen=True, slots=True)
class Seen:
    """What an operation does: of which kind, by which rule, and for an act its verb and where the id stands."""

    raw: Raw
    view: View
    kind: str
    by: str
    verb: str = ""
    target: str = ""


def operations(document: Mapping[str, Any]) -> Iterator[Raw]:
    """The operations of an OpenAPI document, in its order."""
    components = document.get("components") or {}
    for path, item in (document.get("paths") or {}).items():
        for method in _METHODS:
            if method in item:
                yield _raw(components, path, method, item)


def _raw(components: Mapping[str, Any], path: str, method: str, item: Mapping[str, Any]) -> Raw:
    operation = item[method]
    found = {
        _placed(components, each)["name"]: _placed(components, each)
        for each in (*(item.get("parameters") or ()), *(operation.get("parameters") or ()))
    }
    responses = {int(status): _placed(components, each) for status, each in operation["responses"].items()
                 if str(status).isdecimal()}  # fmt: skip
    good = tuple(sorted(status for status in responses if status < 300))  # noqa: PLR2004
    return Raw(
        str(operation.get("operationId") or path),
        method.upper(),
        path,
        tuple(part for part in path.split("/") if part),
        good,
        _OPTIONAL in responses,
        {name: each.get("schema") or {} for name, each in found.items() if each.get("in") == "query"},
        frozenset(responses[good[0]].get("headers") or ()) if good else frozenset(),
        _body(_placed(components, operation.get("requestBody") or {})),
        next((body for status in good if (body := _body(responses[status])) is not None), None),
    )


def _placed(components: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """A parameter, body or response, in place of a reference to it."""
    ref = node.get("$ref")
    if not isinstance(ref, str):
        return node
    section, _, name = ref.removeprefix("#/components/").partition("/")
    return (components.get(section) or {}).get(name) or {}


def _body(node: Mapping[str, Any]) -> Schema | None:
    """The schema of a body: of its JSON media type, or of the only one."""
    content = node.get("content") or {}
    media = next((each for each in content if "json" in each), next(iter(content), None))
    return (content[media].get("schema") or {}) if media else None


def views(found: list[Raw], shapes: Shapes) -> list[Seen]:
    """What each operation does."""
    read = {raw.parts[0] for raw in found if raw.method == "GET" and _is_one(raw)}
    full = {raw.parts[0]: _entry_name(shapes, raw.response) for raw in found if raw.method == "GET" and _is_one(raw)}
    return [_seen(raw, shapes, read, full) for raw in found]


def _is_one(raw: Raw) -> bool:
    return len(raw.parts) == 2 and raw.parts[1].startswith("{")  # noqa: PLR2004


def _seen(raw: Raw, shapes: Shapes, read: set[str], full: Mapping[str, str]) -> Seen:
    first, method = raw.parts[0], raw.method.lower()
    if first == "hub" and (of_hub := _OF_HUB.get((method, len(raw.parts) > 1))):
        return Seen(raw, of_hub, "hub", "V1")
    if raw.collection and method == "get":
        return Seen(raw, "list", first, "V2")
    if _is_one(raw) and method in _OF_ONE:
        return Seen(raw, _OF_ONE[method], first, "V4")
    if method != "post":
        return Seen(raw, "ask", first, "V8")
    if raw.collection and first in read:
        listed = shapes.entry(raw.response) if raw.response is not None else None
        if listed is not None and shapes.name(listed) == full[first]:
            return Seen(raw, "list", first, "V6")
        return Seen(raw, "create", first, "V3")
    if len(raw.parts) == 3:  # noqa: PLR2004
        return Seen(raw, "act", first, "V5", verb=raw.parts[2])
    return _other(raw, shapes, read)


def _other(raw: Raw, shapes: Shapes, read: set[str]) -> Seen:
    """A POST on a collection that cannot be read by id: an act on another kind, a query, or an ask."""
    first = raw.parts[0]
    acted = next(
        (kind for kind in read if re.fullmatch(f"[a-z]+{re.escape(kind[:1].upper() + kind[1:])}", first)), None
    )
    if acted and raw.request is not None and raw.response is not None:
        members = shapes.members(raw.request)
        if shapes.name(raw.request) == shapes.name(raw.response) and f"{acted}Id" in members and "id" not in members:
            return Seen(raw, "act", acted, "V5", verb=first[: -len(acted)], target=f"/{acted}Id")
    queried = first.removesuffix(_QUERY)
    if queried != first and queried in read and raw.response is not None and shapes.entry(raw.response) is not None:
        return Seen(raw, "query", queried, "V7")
    return Seen(raw, "ask", first, "V8")


def _entry_name(shapes: Shapes, schema: Schema | None) -> str:
    """The schema's name; of an array, of its entries."""
    if schema is None:
        return ""
    inner = shapes.entry(schema)
    return shapes.name(schema if inner is None else inner)


def aliases(segment: str, schema: str) -> tuple[str, ...]:
    """The names of a kind: its segment and its schema's name without `MEF`, in lower camel."""
    named = lower_first(schema.removeprefix("MEF"))
    return (segment,) if plain(segment) == plain(named) and segment == named else (segment, named)
