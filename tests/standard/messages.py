"""Messages for the tests of this folder: right ones made from the contracts, and ways to spoil them."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from emulator.plain_yaml import load_yaml
from emulator.record.payload import at, pointer
from emulator.standard.contract import Contract
from tests.urns import ACCESS_ELINE, OPERATOR_UNI

ROOT = Path(__file__).resolve().parents[2]
OVC = ACCESS_ELINE
UNI = OPERATOR_UNI


@cache
def _fragment(name: str) -> Any:
    return load_yaml(ROOT / "scenarios" / "fragments" / f"{name}.yaml")


def ovc(classes: int = 1) -> dict[str, Any]:
    """A whole Access E-Line payload."""
    found = _fragment("access-eline" if classes == 1 else "access-eline-two-classes")["ovcConfiguration"]
    return dict(copy.deepcopy(found))


def uni() -> dict[str, Any]:
    """A whole Operator UNI payload."""
    return dict(copy.deepcopy(_fragment("operator-uni")["uniConfiguration"]))


def place(**more: Any) -> dict[str, Any]:
    """A fielded address."""
    found: dict[str, Any] = {**copy.deepcopy(_fragment("place")["address"]), "role": "INSTALL_LOCATION"}
    return {name: value for name, value in {**found, **more}.items() if value is not None}


def contact(role: str = "buyerContactInformation") -> dict[str, Any]:
    return {"name": "Jane Roe", "emailAddress": "jane@buyer.example", "number": "+1", "role": role}


def quote(**more: Any) -> dict[str, Any]:
    """A right request for a quote: a UNI and an Access E-Line, a place each way."""
    found: dict[str, Any] = {
        "externalId": "q-1",
        "buyerRequestedQuoteLevel": "firm",
        "instantSyncQuote": True,
        "relatedContactInformation": [contact()],
        "quoteItem": [
            {
                "id": "uni",
                "action": "add",
                "product": {
                    "productOffering": {"id": "uni-1g"},
                    "productConfiguration": uni(),
                    "place": [place()],
                },
            },
            {
                "id": "ovc",
                "action": "add",
                "product": {
                    "productOffering": {"id": "ael-100"},
                    "productConfiguration": ovc(),
                    "place": [{"@type": "GeographicAddressRef", "id": "a-1", "role": "INSTALL_LOCATION"}],
                },
            },
        ],
    }
    return {**found, **more}


class Maker:
    """Makes messages that fit a root schema of a contract, some members given and some not."""

    def __init__(self, contract: Contract, seed: int) -> None:
        self._random = random.Random(seed)
        self._definitions: dict[str, Any] = contract.bundle_of(next(iter(roots(contract))))["definitions"]

    def make(self, root: dict[str, Any], depth: int = 0) -> Any:
        schema = self._flat(root)
        if "enum" in schema:
            return self._random.choice(schema["enum"])
        match schema.get("type", "object" if schema.get("properties") else "string"):
            case "object":
                return self._object(schema, depth)
            case "array":
                count = max(schema.get("minItems", 0), 0 if depth > 5 else self._random.randint(0, 2))
                count = min(count, schema.get("maxItems", count))
                return [self.make(schema.get("items", {}), depth + 1) for _ in range(count)]
            case "integer":
                return schema.get("minimum", self._random.randint(0, 5))
            case "number":
                return schema.get("minimum", self._random.choice([0, 1.5, 3]))
            case "boolean":
                return self._random.random() < 0.5
        return {"date-time": "2026-03-01T10:00:00.5Z", "date": "2026-03-01", "uri": "http://b.example/x"}.get(
            schema.get("format", ""), self._random.choice(["text", "é✓", "NO"])
        )

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        made = {}
        for name, child in schema.get("properties", {}).items():
            if name in schema.get("required", ()) or (depth < 5 and self._random.random() < 0.5):
                made[name] = self.make({"allOf": child} if isinstance(child, list) else child, depth + 1)
        return {**made, **schema.get("fixed", {})}

    def _flat(self, schema: dict[str, Any]) -> dict[str, Any]:
        """One schema of all that `$ref` and `allOf` bring, with a sub-type chosen."""
        name = str(schema.get("$ref", "")).rpartition("/")[2]
        if name == "MEFProductConfiguration":
            return {"enum": [ovc(), ovc(2), uni(), {"@type": "urn:of:another:body"}]}
        if name:
            return self._flat(self._definitions[name])
        options = schema.get("oneOf") or schema.get("anyOf")
        whole: dict[str, Any] = {key: value for key, value in schema.items() if key not in {"allOf", "oneOf", "anyOf"}}
        parts = [*schema.get("allOf", ())] + ([self._random.choice(options)] if options else [])
        types = [part for part in parts if "const" in part.get("if", {}).get("properties", {}).get("@type", {})]
        parts = [part for part in parts if "if" not in part]
        if types:
            chosen = self._random.choice(types)
            parts.append(chosen.get("then", {}))
            parts.append({"fixed": {"@type": chosen["if"]["properties"]["@type"]["const"]}})
        for part in parts:
            flat = self._flat(part)
            for key, value in flat.items():
                if key in {"properties", "fixed"}:
                    whole[key] = {**whole.get(key, {}), **value}
                elif key == "required":
                    whole[key] = [*whole.get(key, ()), *value]
                else:
                    whole[key] = value
        return whole


def roots(contract: Contract) -> Iterator[str]:
    """The root schema of every request and response of a contract."""
    for operation in contract.operations.values():
        for body in (operation.request, *operation.responses.values()):
            if body is not None:
                yield body.root


def places_of(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every member and item."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from places_of(child, (*path, key))


def spoiled(value: Any, rng: random.Random) -> tuple[str, Any]:
    """The message with one thing changed, and what that was."""
    where = list(places_of(value))
    if not where:
        return "replaced", 7
    message = copy.deepcopy(value)
    path = rng.choice(where)
    holder, key = at(message, pointer(path[:-1])), path[-1]
    old = holder[key]
    kind = rng.choice(["drop", "null", "number", "text", "list", "object", "case", "extra", "long", "true"])
    match kind:
        case "drop":
            del holder[key]
        case "case" if isinstance(old, str):
            holder[key] = old.swapcase()
        case "extra" if isinstance(old, dict):
            old["notAMember"] = 1
        case "extra" if isinstance(old, list):
            old.append(copy.deepcopy(old[0]) if old else 1)
        case "long":
            holder[key] = "x" * 3000
        case _:
            holder[key] = {"null": None, "number": 7.5, "text": "~", "list": [], "object": {}, "true": True}.get(
                kind, 1
            )
    return f"{kind} at {pointer(path)}", message
