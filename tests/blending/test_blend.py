"""`oit blend`: what is bound, how JSON Schema is said in OpenAPI 3.0, what is left out, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate

from emulator.blending.blend import Blended, blend, payload_of
from emulator.blending.dialect import Dialect
from emulator.blending.sources import Spot
from emulator.plain_yaml import load_yaml
from emulator.record.payload import at
from emulator.standard.release import Release, load_release
from tests.cli.processes import oit

GRACE = load_release()
AEL = "urn:mef:lso:spec:sonata:access-eline-ovc:v5.0.0:all"
UNI = "urn:mef:lso:spec:sonata:carrier-ethernet-operator-uni:v5.0.0:all"
POINT = "/components/schemas/MEFProductConfiguration"
DRAFT_07 = """
$schema: http://json-schema.org/draft-07/schema#
$id: urn:acme:wave:v1
title: A wavelength
type: object
required: [rate]
properties:
  rate: {$ref: "parts/rates.yaml#/definitions/Rate", type: ignored}
  colour: {const: blue}
  note: {type: [string, "null"]}
  protection:
    type: object
    properties: {paths: {type: integer, exclusiveMinimum: 0}}
if: {properties: {colour: {const: blue}}}
then: {required: [note]}
"""
RATES = """
definitions:
  Rate: {type: object, required: [value], properties: {value: {type: number}, unit: {$ref: "#/definitions/Unit"}}}
  Unit: {type: string, enum: [GBPS, TBPS]}
  Duration: {type: string}
"""
MODERN = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "https://acme.example/products/cloud",
    "type": "object",
    "properties": {
        "region": {"$ref": "#where", "description": "where it runs"},
        "size": {"$ref": "sizes"},
        "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
        "tree": {"$ref": "#/$defs/Node"},
        "labels": {"type": "object", "patternProperties": {"^x-": {"type": "string"}}, "additionalProperties": False},
    },
    "unevaluatedProperties": False,
    "$defs": {
        "Where": {"$anchor": "where", "type": "string", "examples": ["eu-1"]},
        "Size": {"$id": "sizes", "enum": ["S", "M"]},
        "Node": {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/Node"}}}},
    },
}


@pytest.fixture
def products(tmp_path: Path) -> Path:
    """Products of one's own: a file with parts, a document of the newest draft, and one without a name of its own."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "wave.yaml").write_text(DRAFT_07, encoding="utf-8")
    (tmp_path / "parts" / "rates.yaml").write_text(RATES, encoding="utf-8")
    (tmp_path / "cloud.json").write_text(json.dumps(MODERN), encoding="utf-8")
    (tmp_path / "plain.yaml").write_text("type: object\nproperties: {a: {type: string}}\n", encoding="utf-8")
    return tmp_path


def blended(*products: str, api: str = "quote", strict: bool = False, release: Release = GRACE) -> Blended:
    found = blend(release, api, [payload_of(each, release) for each in products], strict=strict)
    validate(found.document)
    return found


def accepts(document: dict[str, Any], schema: str, value: Any) -> bool:
    return bool(OAS30Validator({"$ref": f"#/components/schemas/{schema}", **document}).is_valid(value))


def convert(schema: Any, *, strict: bool = False, modern: bool = True) -> tuple[dict[str, Any], list[str]]:
    dialect = Dialect(lambda ref, *_: f"#/X/{ref}", lambda _: modern, lambda spot: spot.pointer, strict)
    return dialect.schema(schema, Spot(Path("x"))), [each.word for each in dialect.untold]


@pytest.mark.parametrize("api", ["poq", "quote", "order", "inventory"])
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("release", [GRACE, load_release("dolly")], ids=lambda release: release.name)
def test_all_products_of_the_release_go_into_one_valid_document(release: Release, api: str, *, strict: bool) -> None:
    urns = list(release.product_files)
    document = blended(*urns, api=api, strict=strict, release=release).document
    mapping = at(document, f"{POINT}/discriminator/mapping")
    assert list(mapping) == sorted(urns)
    assert len(set(mapping.values())) == len(urns)
    for ref in mapping.values():
        assert at(document, ref.removeprefix("#"))
    assert "$id" not in json.dumps(document["components"])


def test_a_product_extends_its_place_as_the_official_documents_do() -> None:
    document = blended(AEL, UNI).document
    assert at(document, f"{POINT}/discriminator/mapping") == {
        AEL: "#/components/schemas/AccessElineOvc",
        UNI: "#/components/schemas/CarrierEthernetOperatorUni",
    }
    assert at(document, "/components/schemas/AccessElineOvc/allOf/0") == {"$ref": f"#{POINT}"}
    assert document["x-oit-blended"]["products"][0] == {"type": AEL, "schema": "AccessElineOvc"}


def test_a_product_is_what_the_release_makes_of_it() -> None:
    """Dolly calls a switch of the Subscriber UNI by another name than Grace."""
    for release, urn, name in (
        (GRACE, "urn:mef:lso:spec:cantata-sonata:carrier-ethernet-subscriber-uni:v1.0.0:all", "linkOam"),
        (
            load_release("dolly"),
            "urn:mef:lso:spec:cantata-sonata:carrier-ethernet-subscriber-uni:v0.3.0:all",
            "linkOAM",
        ),
    ):
        said = json.dumps(blended(urn, release=release).document)
        assert [each for each in ("linkOam", "linkOAM") if f'"{each}"' in said] == [name]


def test_names_do_not_hang_on_the_order_in_which_products_are_given() -> None:
    one, other = blended(AEL, UNI).document["components"], blended(UNI, AEL).document["components"]
    assert {name: schema for name, schema in one["schemas"].items() if name != "MEFProductConfiguration"} == {
        name: schema for name, schema in other["schemas"].items() if name != "MEFProductConfiguration"
    }


def test_names_stay_apart_for_who_does_not_tell_cases(products: Path) -> None:
    """A part that is called as a schema of the contract gets the name of its file before it."""
    (products / "twin.yaml").write_text(
        "$id: DURATION\ntype: object\nproperties: {d: {$ref: 'parts/rates.yaml#/definitions/Duration'}}\n"
    )
    schemas = blended(str(products / "twin.yaml")).document["components"]["schemas"]
    assert {"Duration", "DURATION2", "RatesDuration"} <= set(schemas)
    plain = [name.lower().replace("_", "") for name in schemas]
    assert len(set(plain)) == len(plain)


def test_a_product_of_ones_own_in_parts(products: Path) -> None:
    found = blended(str(products / "wave.yaml"), AEL)
    schemas = found.document["components"]["schemas"]
    name = at(found.document, f"{POINT}/discriminator/mapping")["urn:acme:wave:v1"].rpartition("/")[2]
    own = schemas[name]["allOf"][1]
    assert own["properties"]["rate"] == {"$ref": "#/components/schemas/Rate"}
    assert own["properties"]["colour"] == {"type": "string", "enum": ["blue"]}
    assert own["properties"]["note"] == {"type": "string", "nullable": True}
    assert own["properties"]["protection"]["properties"]["paths"] == {
        "type": "integer",
        "exclusiveMinimum": True,
        "minimum": 0,
    }
    assert schemas["Rate"]["properties"]["unit"] == {"$ref": "#/components/schemas/Unit"}
    assert "RatesDuration" not in schemas
    mine = [each.as_json() for each in found.untold if each.spot.startswith("wave")]
    assert mine == [{"at": "wave.yaml#", "word": "if", "why": "OpenAPI 3.0 has no conditions (if, then, else)"}]
    assert mine[0] in found.document["x-oit-left-out"]
    good = {"@type": "urn:acme:wave:v1", "rate": {"value": 400, "unit": "GBPS"}, "note": None, "more": 1}
    assert accepts(found.document, name, good)
    assert not accepts(found.document, name, {**good, "rate": {"value": "much"}})


def test_a_document_of_the_newest_draft(products: Path) -> None:
    found = blended(f"CLOUD={products / 'cloud.json'}")
    schemas = found.document["components"]["schemas"]
    own = schemas["CLOUD"]["allOf"][1]["properties"]
    assert own["region"] == {"description": "where it runs", "allOf": [{"$ref": "#/components/schemas/Where"}]}
    assert own["size"] == {"$ref": "#/components/schemas/Size"}
    assert schemas["Where"] == {"type": "string", "example": "eu-1"}
    assert own["pair"] == {
        "type": "array",
        "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "maxItems": 2,
    }
    assert schemas["Node"]["properties"]["children"]["items"] == {"$ref": "#/components/schemas/Node"}
    assert own["labels"]["additionalProperties"] == {"type": "string"}
    assert {each.word for each in found.untold} == {"prefixItems", "patternProperties", "unevaluatedProperties"}


def test_strict_takes_what_is_named_and_nothing_else(products: Path) -> None:
    document = blended(str(products / "wave.yaml"), f"PLAIN={products / 'plain.yaml'}", strict=True).document
    good = {"@type": "urn:acme:wave:v1", "rate": {"value": 400}}
    place = "MEFProductConfiguration"
    assert accepts(document, place, good)
    assert accepts(document, place, {"@type": "PLAIN", "a": "b"})
    for bad in (
        {"@type": "urn:acme:other:v1"},
        {"rate": {"value": 400}},
        {"@type": "PLAIN", "b": "c"},
        {**good, "@type": "PLAIN"},
        {**good, "rate": {"value": 400, "valeu": 1}},
        {**good, "protection": {"path": 1}},
    ):
        assert not accepts(document, place, bad), bad
    loose = blended(str(products / "wave.yaml")).document
    assert accepts(loose, place, {"@type": "urn:acme:other:v1"})


def test_strict_says_what_it_cannot_close() -> None:
    found = blended(AEL, strict=True)
    assert {each.word for each in found.untold if "strict" in each.why} == {"additionalProperties"}
    sample = load_yaml(Path("scenarios/fragments/access-eline-two-classes.yaml"))["ovcConfiguration"]
    assert accepts(found.document, "MEFProductConfiguration", sample)
    deep = json.loads(json.dumps(sample))
    deep["frameDisposition"]["multycast"] = "DISCARD"
    assert not accepts(found.document, "MEFProductConfiguration", deep)


def test_a_choice_is_told_apart_by_what_is_another_in_each() -> None:
    document = blended(AEL).document
    choice = at(document, "/components/schemas/AccessElineOvcEpCommon/properties/colorMap")
    assert choice["discriminator"]["propertyName"] == "mapType"
    assert choice["discriminator"]["mapping"]["DEI"] == "#/components/schemas/ColorFromDei"


@pytest.mark.parametrize(
    ("schema", "wanted", "left"),
    [
        (True, {}, []),
        (False, {"not": {}}, []),
        ({"const": None}, {"nullable": True, "enum": [None]}, []),
        ({"const": 3, "enum": [1, 3]}, {"type": "integer", "enum": [3]}, []),
        ({"const": 2, "enum": [1, 3]}, {"not": {}}, []),
        ({"type": ["string", "integer"]}, {"allOf": [{"anyOf": [{"type": "string"}, {"type": "integer"}]}]}, []),
        ({"type": "null"}, {"nullable": True, "enum": [None]}, []),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"nullable": True, "allOf": [{"type": "string", "nullable": True}]}, []),
        ({"minimum": 5, "exclusiveMinimum": 3}, {"minimum": 5}, []),
        ({"maximum": 5, "exclusiveMaximum": 3}, {"maximum": 3, "exclusiveMaximum": True}, []),
        ({"type": "array"}, {"type": "array", "items": {}}, []),
        ({"type": "array", "items": False}, {"type": "array", "items": {}, "maxItems": 0}, []),
        ({"items": [{"type": "string"}]}, {"items": {}}, ["items"]),
        ({"items": [{"type": "string"}], "additionalItems": False}, {"items": {"anyOf": [{"type": "string"}]}, "maxItems": 1}, ["items"]),
        ({"patternProperties": {"a": {"type": "string"}}}, {}, ["patternProperties"]),
        ({"propertyNames": {"pattern": "a"}}, {}, ["propertyNames"]),
        ({"contains": {"const": 1}, "minContains": 2}, {}, ["contains"]),
        ({"dependentRequired": {"a": ["b"]}}, {}, ["dependentRequired"]),
        ({"gadget": 1}, {}, ["gadget"]),
        ({"type": "strange", "properties": None}, {"type": "strange"}, []),
        ({"$comment": "x", "title": "T", "x-mine": 1}, {"description": "T"}, []),
        ({"$ref": "#a", "minLength": 2}, {"allOf": [{"$ref": "#/X/#a"}], "minLength": 2}, []),
        ({"properties": {"readOnly": {"type": "string"}}}, {"properties": {"readOnly": {"type": "string"}}}, []),
    ],
)  # fmt: skip
def test_words_of_json_schema_in_those_of_openapi(schema: Any, wanted: dict[str, Any], left: list[str]) -> None:
    assert convert(schema) == (wanted, left)


def test_words_beside_a_reference_count_by_the_draft() -> None:
    assert convert({"$ref": "#a", "minLength": 2}, modern=False) == ({"$ref": "#/X/#a"}, [])
    assert convert({"$ref": "#a", "nullable": True}, modern=False) == (
        {"nullable": True, "allOf": [{"$ref": "#/X/#a"}]},
        [],
    )


def test_strict_leaves_parts_of_an_object_open() -> None:
    closed, left = convert({"properties": {"a": {}}}, strict=True)
    assert (closed["additionalProperties"], left) == (False, [])
    parts, left = convert({"allOf": [{"properties": {"a": {}}}], "properties": {"b": {}}}, strict=True)
    assert ("additionalProperties" in parts, left) == (False, ["additionalProperties", "additionalProperties"])
    chosen, left = convert({"oneOf": [{"properties": {"a": {}}}]}, strict=True)
    assert (chosen["oneOf"][0]["additionalProperties"], left) == (False, [])


def test_the_command_writes_yaml_and_json_and_tells_what_is_left_out(products: Path) -> None:
    named = ("blend", "--api", "poq", "--product", str(products / "wave.yaml"))
    out = products / "out.yaml"
    done = oit(*named, "-o", str(out))
    assert (done.code, done.out) == (0, f"{out}\n")
    assert done.err.startswith("not as in the schema: if: OpenAPI 3.0 has no conditions (if, then, else) (wave.yaml#)")
    as_json = products / "out.json"
    assert oit(*named, "-o", str(as_json)).code == 0
    assert load_yaml(out) == json.loads(as_json.read_text(encoding="utf-8"))
    shown = oit(*named)
    assert shown.out == out.read_text(encoding="utf-8")
    assert str(products) not in shown.out
    at_cantata = oit(*named, "--reference-point", "cantata")
    assert "/mefApi/cantata/productOfferingQualification/v1/" in at_cantata.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--product", "urn:mef:lso:spec:sonata:access-eline:v5.0.0:all"], "release grace has no such product; did you mean"),
        (["--product", "{plain}"], "plain.yaml: it has no $id; say which @type names it in a message: --product MY_PRODUCT="),
        (["--product", "nowhere.yaml"], "nowhere.yaml: there is no such file"),
        (["--product", AEL, "--product", AEL], "--product: two are named"),
        (["--product", AEL, "--at", "Quote"], "--at Quote: this is no place for products; there are: MEFProductConfiguration"),
        (["--product", AEL, "--notification"], "Quote Notification has no place for products"),
        (["--product", "BAD={bad}"], "bad.yaml:1:17: the reference '#/definitions/Gone' leads nowhere"),
        (["--product", "OUT={out}"], "out.yaml:1:17: '../../etc/hosts' leads out of"),
        (["--product", "FAR={far}"], "far.yaml:1:17: the reference 'https://far.example/x.json' leads nowhere; nothing is fetched"),
        (["--product", AEL, "-o", "/nowhere/x.yaml"], "--output /nowhere/x.yaml: cannot be written"),
    ],
)  # fmt: skip
def test_wrong_usage_is_one_sentence(products: Path, arguments: list[str], said: str) -> None:
    (products / "inner").mkdir()
    (products.parent / "etc").mkdir(exist_ok=True)
    (products.parent / "etc" / "hosts").write_text("{}")
    for name, reference in (
        ("bad", "#/definitions/Gone"),
        ("out", "../../etc/hosts"),
        ("far", "https://far.example/x.json"),
    ):
        (products / "inner" / f"{name}.yaml").write_text(f"properties: {{a: {{$ref: '{reference}'}}}}\n")
    files = {name: str(products / "inner" / f"{name}.yaml") for name in ("bad", "out", "far")}
    done = oit("blend", "--api", "quote", *(each.format(plain=products / "plain.yaml", **files) for each in arguments))
    assert done.code == 2
    assert said in done.err
    assert len(done.err.strip().split("\n")) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("enum: 3", "p.yaml:1:7: this is no schema of http://json-schema.org/draft-07/schema#: 3 is not of type"),
        ("properties: {a: {type: strng}}", "p.yaml:1:24: this is no schema"),
        ("$defs: {a: {}}\nprefixItems: {}", "p.yaml:2:14: this is no schema of https://json-schema.org/draft/2020-12/schema:"),
        ("[1, 2]", "p.yaml:1:1: a schema is needed here: an object, true or false, and not [1, 2]"),
        ("allOf: [{$ref: '#'}]", "is made of itself, again and again: no message fits it"),
        ("type: object\ntype: string", "p.yaml:2:1:"),
    ],
)  # fmt: skip
def test_what_is_no_schema_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "p.yaml").write_text(text, encoding="utf-8")
    done = oit("blend", "--api", "quote", "--product", f"P={tmp_path / 'p.yaml'}")
    assert done.code == 2
    assert said in done.err
    assert len(done.err.strip().split("\n")) == 1


def test_what_official_files_have_wrong_does_no_harm(tmp_path: Path) -> None:
    """Members that are null, and words beside a reference, which draft-07 does not look at."""
    (tmp_path / "p.yaml").write_text(
        "$id: P\ntype: object\nproperties:\n  a: {$ref: '#/definitions/A', type: 7, readOnly: true}\n  b: {description: null}\n"
        "definitions: {A: {properties: null, nullable: true, type: object}}\n",
        encoding="utf-8",
    )
    schemas = blended(str(tmp_path / "p.yaml")).document["components"]["schemas"]
    assert schemas["A"] == {"type": "object", "nullable": True}
    assert schemas["P"]["allOf"][1]["properties"] == {
        "a": {"readOnly": True, "allOf": [{"$ref": "#/components/schemas/A"}]},
        "b": {},
    }
