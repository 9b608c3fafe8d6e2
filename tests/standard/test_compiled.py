"""What the validator is really given holds every keyword of what it was compiled from, and says what a discriminator means."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from emulator.plain_yaml import load_yaml
from emulator.record.payload import at, parse
from emulator.standard import bundle
from emulator.standard.breach import Breach, Check
from emulator.standard.contract import Contract, ContractEntry
from emulator.standard.document import SpecError
from emulator.standard.release import Release, load_release
from tests.standard.messages import place, quote

ROOT = Path(__file__).resolve().parents[2]
SDK = Path(os.environ.get("OIT_SDK") or ROOT.parent / "shared" / "sdk" / "grace")
RELEASE = load_release("grace")
PROSE = {"description", "title", "example", "default", "$schema", "$id", "definitions", "discriminator"}
METHODS = ("get", "put", "post", "delete", "patch")

needs_sdk = pytest.mark.skipif(not SDK.is_dir(), reason=f"no official SDK at {SDK} (set OIT_SDK to its folder)")


class Compared:
    """A source beside what was compiled from it, followed through every reference."""

    def __init__(self, definitions: dict[str, Any], read: Callable[[Path], Any] = load_yaml) -> None:
        self._load = read
        self.lost: list[str] = []
        self._definitions = definitions
        self._seen: set[tuple[str, str]] = set()
        self._files: dict[Path, Any] = {}
        self.keywords = 0

    def file(self, path: Path) -> Any:
        if path not in self._files:
            self._files[path] = self._load(path)
        return self._files[path]

    def schema(self, source: Any, compiled: Any, where: str, file: Path) -> None:
        """Note every keyword of the source that says another thing in what was compiled, or is not there."""
        if not isinstance(source, dict):
            self._value(source, compiled, where)
        elif "$ref" in source:
            self._reference(source["$ref"], compiled.get("$ref", ""), where, file)
        else:
            kept = {key: value for key, value in source.items() if key not in PROSE and value is not None}
            ranged = set(bundle._range(kept))
            for key in kept.keys() | compiled.keys():
                self._keyword(key, kept.get(key), compiled.get(key), f"{where}/{key}", file, ranged)

    def _keyword(self, key: str, source: Any, compiled: Any, where: str, file: Path, ranged: set[str]) -> None:
        self.keywords += 1
        if key in ranged:
            least, greatest = compiled, compiled
            assert source is None or (least >= source if key == "minimum" else greatest <= source), where
        elif isinstance(source, dict) and key == "properties":
            source = {name: child for name, child in source.items() if not isinstance(child, list)}  # Dolly: a slip
            if source.keys() != (compiled or {}).keys():
                self.lost.append(where)
                return
            for name, child in source.items():
                self.schema(child, compiled[name], f"{where}/{name}", file)
        elif key in {"allOf", "oneOf", "anyOf"} and isinstance(compiled, list) and len(compiled) == len(source):
            for number, child in enumerate(source):
                self.schema(child, compiled[number], f"{where}/{number}", file)
        elif isinstance(source, dict) and isinstance(compiled, dict):
            self.schema(source, compiled, where, file)
        elif key in {"required", "enum"} and isinstance(source, list) and isinstance(compiled, list):
            self._value(sorted(map(json.dumps, source)), sorted(map(json.dumps, compiled)), where)
        else:
            self._value(source, compiled, where)

    def _value(self, source: Any, compiled: Any, where: str) -> None:
        if json.dumps(source) != json.dumps(compiled):
            self.lost.append(where)

    def _reference(self, reference: str, compiled: str, where: str, file: Path) -> None:
        name = compiled.removeprefix("#/definitions/").removesuffix(bundle.BASE)
        target, _, fragment = reference.partition("#")
        path = (file.parent / target).resolve() if target else file
        key = f"{path}#{fragment}", name
        if name not in self._definitions:
            self.lost.append(f"{where}: {reference} became {compiled!r}")
        elif key not in self._seen:
            self._seen.add(key)
            source = at(self.file(path), fragment)
            self.schema(source, self._definitions.get(name + bundle.BASE, self._definitions[name]), name, path)
            for value in (source.get("discriminator") or {}).get("mapping", {}):
                if {"const": value} not in [
                    part.get("if", {}).get("properties", {}).get(source["discriminator"]["propertyName"])
                    for part in self._definitions[name]["allOf"]
                ]:
                    self.lost.append(f"{name}: {value} means nothing")


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """(name of the compiled root, schema) of every request and response of a document."""
    for item in document["paths"].values():
        for method in METHODS:
            if method not in item:
                continue
            operation = item[method]
            named = [("request", operation.get("requestBody")), *operation["responses"].items()]
            for name, raw in named:
                found = at(document, raw["$ref"][1:]) if isinstance(raw, dict) and "$ref" in raw else raw
                for content in (found or {}).get("content", {}).values():
                    yield f"{operation['operationId']} {name}", content["schema"]


def compared(contract: Contract, document: dict[str, Any], file: Path) -> Compared:
    """A contract beside the document that it says what."""
    found: Compared | None = None
    for name, schema in bodies(document):
        compiled = contract.bundle_of(name)
        if found is None:
            found = Compared(compiled["definitions"])
            found._files[file] = document
        found.schema(schema, {key: value for key, value in compiled.items() if key != "definitions"}, name, file)
    assert found
    return found


def untouched(entry: ContractEntry) -> Contract:
    """A contract without our errata."""
    return Contract(entry, "grace", RELEASE.document(entry.api, entry.kind), (), RELEASE.products)


ENTRIES = pytest.mark.parametrize("entry", RELEASE.entries, ids=lambda entry: f"{entry.api}.{entry.kind}")


@ENTRIES
def test_no_keyword_of_our_sources_is_lost_in_compiling(entry: ContractEntry) -> None:
    found = compared(untouched(entry), RELEASE.document(entry.api, entry.kind), Path("/ours"))
    assert found.lost == []
    assert found.keywords > 40


@needs_sdk
@ENTRIES
def test_what_is_compiled_says_what_the_official_contract_says(entry: ContractEntry) -> None:
    file = (SDK / entry.official).resolve()
    found = compared(untouched(entry), load_yaml(file), file)
    assert found.lost == []
    assert found.keywords > 40


PRODUCTS = pytest.mark.parametrize("release", [RELEASE, load_release("dolly")], ids=lambda release: release.name)


def products(release: Release, roots: dict[str, Path], read: Callable[[Path], Any]) -> Compared:
    definitions = release.contract("quote").bundle_of("createQuote request")["definitions"]
    found = Compared(definitions, read)
    for urn, name in release.products.urns.items():
        found._reference(str(roots[urn]), f"#/definitions/{name}", urn, Path("/"))
    return found


@PRODUCTS
def test_no_keyword_of_our_product_schemas_is_lost_in_compiling(release: Release) -> None:
    roots = {urn: ROOT / "specs" / name for urn, name in release.product_files.items()}
    found = products(release, roots, release.product_file)
    assert found.lost == []
    assert found.keywords > 1100


@PRODUCTS
def test_what_is_compiled_says_what_the_official_product_schemas_say(release: Release) -> None:
    sdk = SDK if release is RELEASE else SDK.with_name(release.name)  # folders of releases lie side by side
    if not sdk.is_dir():
        pytest.skip(f"no official SDK at {sdk}")
    roots = {load_yaml(path).get("$id"): path for path in (sdk / "productSchema").rglob("*.yaml")}
    found = products(release, roots, load_yaml)
    assert found.lost == []
    assert found.keywords > 1100


SOURCE: dict[str, Any] = {
    "type": "object",
    "required": ["a"],
    "properties": {"a": {"type": "string", "format": "ipv4", "pattern": "^1"}, "b": {"type": "integer", "format": "int32"}},
    "oneOf": [{"maxProperties": 1}, {"minProperties": 2}],
    "patternProperties": {"^x": {"items": {"uniqueItems": True}}},
    "additionalProperties": {"enum": [1]},
}  # fmt: skip


@pytest.mark.parametrize(
    "place_of", ["/required", "/properties/a", "/properties/a/format", "/properties/b/format", "/oneOf/1/minProperties",
                 "/patternProperties/^x/items/uniqueItems", "/additionalProperties/enum"]
)  # fmt: skip
def test_the_comparison_notices_what_is_lost(place_of: str) -> None:
    compiled = bundle.plain(SOURCE)
    whole = Compared({})
    whole.schema(SOURCE, compiled, "", Path("/"))
    assert whole.lost == []
    spoiled = copy.deepcopy(compiled)
    parent, _, last = place_of.rpartition("/")
    del at(spoiled, parent)[last]
    partly = Compared({})
    partly.schema(SOURCE, spoiled, "", Path("/"))
    assert partly.lost


def test_a_keyword_that_nobody_knows_is_no_secret() -> None:
    for schema in ({"type": "string", "nulable": True}, {"properties": {"a": {"formatt": "date"}}}):
        with pytest.raises(SpecError, match=r"nulable|formatt"):
            bundle.plain(schema)
    with pytest.raises(SpecError, match="nullable"):
        bundle.plain({"type": "string", "nullable": True}, None, "products/of/draft-07.yaml")
    with pytest.raises(SpecError, match="discriminator"):
        bundle.plain({"properties": {"a": {"discriminator": {"propertyName": "@type"}}}})


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        ({"type": "string", "nullable": True}, [None, "a"], [1]),
        ({"type": "string", "nullable": False}, ["a"], [None]),
        ({"type": "string", "nullable": True, "enum": ["a"]}, ["a"], [None, "b"]),
        ({"nullable": False}, [None, 1], []),
        ({"type": "integer", "format": "int32", "nullable": True}, [None, 1], [2**31]),
    ],
)
def test_nullable_of_a_contract_lets_a_value_of_its_type_be_null(
    schema: dict[str, Any], right: list[Any], wrong: list[Any]
) -> None:
    validator = jsonschema_rs.Draft7Validator(bundle.plain(schema))
    assert all(validator.is_valid(each) for each in right)
    assert not any(validator.is_valid(each) for each in wrong)


# -- what `@type` may be -------------------------------------------------------------------------------


def address(**members: Any) -> dict[str, Any]:
    inner = {"@type": "FieldedAddress", "city": "x", "country": "USA", "streetName": "s", **members}
    return {"@type": "FieldedAddress", "id": "a1", "city": "x", "country": "USA", "streetName": "Main",
            "allowsNewSite": True, "hasPublicSite": True, "associatedGeographicAddress": inner}  # fmt: skip


def breaches(body: Any) -> list[Breach]:
    contract = RELEASE.contract("geographicAddress")
    return contract.body_breaches("GeographicAddress", parse(json.dumps(body).encode()), "response")


INNER = "/associatedGeographicAddress/@type"


def test_where_a_sub_type_is_named_at_type_is_its_name() -> None:
    assert breaches(address()) == []
    for kind in ("FormattedAddress", "GeographicAddress", "Nonsense", ""):
        (breach,) = breaches(address(**{"@type": kind}))
        assert (breach.place, breach.expected, breach.found) == (INNER, ["FieldedAddress"], kind)


def test_a_described_type_of_ones_own_is_not_judged_but_told_there_too() -> None:
    own = {"@schemaLocation": "http://b.example/x.json"}
    (breach,) = breaches(address(**{"@type": "TunnelAddress", "portal": "north", **own}))
    assert (breach.place, breach.check) == (INNER, Check.UNCHECKED)
    (breach,) = breaches(address(**{"@type": "FormattedAddress", **own}))
    assert (breach.place, breach.advisory) == (INNER, False)


@pytest.mark.parametrize("kind", ["", " ", "\t"])
def test_a_blank_type_names_nothing(kind: str) -> None:
    body = quote()
    own = {"@type": kind, "@schemaLocation": "http://b.example/x.json", "role": "r"}
    body["quoteItem"][0]["product"]["place"] = [{**place(), **own}]
    found = RELEASE.contract("quote").body_breaches("Quote_Create", parse(json.dumps(body).encode()), advisory=False)
    assert [breach.place for breach in found] == ["/quoteItem/0/product/place/0/@type"]


def test_an_empty_type_of_a_product_names_nothing() -> None:
    body = quote()
    body["quoteItem"][1]["product"]["productConfiguration"] = {"@type": "", "x": 1}
    found = RELEASE.contract("quote").body_breaches("Quote_Create", parse(json.dumps(body).encode()))
    assert [(b.place, b.advisory) for b in found] == [("/quoteItem/1/product/productConfiguration/@type", False)]


@pytest.mark.parametrize(
    ("urn", "told"),
    [
        ("urn:mef:lso:spec:cantata-sonata:ip-uni:v0.2.0:all", "known versions of this product: urn:mef:lso:spec:cantata-sonata:ip-uni:v1.0.0:all"),
        ("urn:mef:lso:spec:sonata:ip-uni:v2.0.0:all", "known versions of this product: urn:mef:lso:spec:cantata-sonata:ip-uni:v1.0.0:all"),
        ("urn:mef:lso:spec:sonata:acess-eline-ovc:v5.0.0:all", "did you mean urn:mef:lso:spec:sonata:access-eline-ovc:v5.0.0:all?"),
        ("urn:example:teleport:v1.0.0:all", ""),
        ("x" * 10_000, ""),
    ],
)  # fmt: skip
def test_an_unknown_urn_brings_the_known_ones_to_mind(urn: str, told: str) -> None:
    body = quote()
    body["quoteItem"][1]["product"]["productConfiguration"] = {"@type": urn}
    (breach,) = RELEASE.contract("quote").body_breaches("Quote_Create", parse(json.dumps(body).encode()))
    assert breach.check is Check.UNCHECKED
    assert breach.message.endswith(told or "were not checked")


BASE_OF_MANY: dict[str, Any] = {
    "type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}}, "discriminator": {"propertyName": "kind"},
}  # fmt: skip


def documented(schemas: dict[str, Any]) -> Contract:
    document = {"paths": {}, "components": {"schemas": schemas}}
    return Contract(RELEASE.entries[0], "grace", document)


def told(contract: Contract, schema: str, body: Any) -> list[tuple[str, str]]:
    return [(b.place, str(b.check)) for b in contract.body_breaches(schema, parse(json.dumps(body).encode()))]


def test_without_a_mapping_types_go_by_the_names_of_their_schemas() -> None:
    """Sub-types of sub-types included; where the first of them is asked for, its own sub-types are right."""
    contract = documented({
        "Base": BASE_OF_MANY,
        "One": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"required": ["a"], "properties": {"a": {"type": "integer"}}}]},
        "Two": {"allOf": [{"$ref": "#/components/schemas/One"}, {"required": ["b"], "properties": {"b": {"type": "integer"}}}]},
        "Holder": {"type": "object", "properties": {"one": {"$ref": "#/components/schemas/One"}}},
    })  # fmt: skip
    assert told(contract, "Base", {"kind": "One", "a": 1}) == []
    assert told(contract, "Base", {"kind": "Two", "a": 1, "b": 1}) == []
    assert told(contract, "Base", {"kind": "Two", "a": 1}) == [("/b", "schema")]
    assert told(contract, "Base", {"kind": "Three"}) == [("/kind", "schema")]
    assert told(contract, "Holder", {"one": {"kind": "Two", "a": 1, "b": 1}}) == []
    assert told(contract, "Holder", {"one": {"kind": "Two", "a": 1}}) == [("/one/b", "schema")]
    assert told(contract, "Two", {"kind": "One", "a": 1, "b": 1}) == [("/kind", "schema")]


def test_a_discriminator_that_nothing_extends_is_told_as_unchecked() -> None:
    base = json.loads(json.dumps(BASE_OF_MANY).replace("kind", "@type"))
    contract = documented({"Payload": base})
    assert told(contract, "Payload", {"@type": "urn:x", "a": 1}) == [("/@type", "unchecked")]
    assert told(contract, "Payload", {"@type": ""}) == [("/@type", "schema")]
