"""Examples are valid, small and the same for the same seed, for whatever a schema says; formats and patterns included."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.parties.filling import Filler
from emulator.record.payload import pointer
from emulator.roots import Root
from emulator.standard.engine import compiled
from emulator.standard.example import example
from emulator.standard.example_parts import Unfillable
from emulator.standard.example_text import FORMATS, matching
from emulator.standard.linear import SCHEMA_PATTERNS
from emulator.standard.payloads.configuration import breaches_in, example_of
from emulator.standard.payloads.own import ANY, OwnPayload
from emulator.standard.payloads.reading import read_own, type_of
from emulator.standard.release import load_release

SDK = Path(os.environ.get("OIT_SDK") or Path(__file__).resolve().parents[3] / "shared" / "sdk" / "grace")
RELEASE = load_release()


def made(schema: Any, seed: int = 0, optional: int | None = None) -> Any:
    validator = compiled({**schema} if isinstance(schema, dict) else schema)

    def problem(value: Any) -> tuple[str, str] | None:
        wrong = next(iter(validator.iter_errors(value)), None)
        return None if wrong is None else (pointer(wrong.instance_path), wrong.message)

    return example(schema.get("definitions", {}), schema, problem, seed=seed, optional=optional)


@pytest.mark.parametrize("urn", RELEASE.products.urns)
@pytest.mark.parametrize("depth", [None, 1, 24])
def test_each_product_of_the_standard_has_one(urn: str, depth: int | None) -> None:
    found = example_of(RELEASE, urn, optional=depth)
    assert [each for each in breaches_in(RELEASE, urn, found) if not each.advisory] == []
    assert found == example_of(RELEASE, urn, optional=depth)
    assert len(found) > 1


@pytest.mark.skipif(not SDK.is_dir(), reason=f"no official SDK at {SDK} (set OIT_SDK to its folder)")
def test_official_files_are_read_as_they_are_and_each_has_one() -> None:
    """All product schemas of Grace, as anybody's own: found by `$id`, bound, and an example at the first try."""
    files = {path for path in (SDK / "productSchema").rglob("*.yaml") if "$id" in path.read_text(encoding="utf-8")}
    own = read_own(
        tuple(OwnPayload(path.stem, {ANY: path}) for path in sorted(files)),
        Root((SDK.resolve(),)),
        RELEASE.interpretations,
        RELEASE.apis,
    )
    assert len(own.schemas) == 20
    tries = 0
    for names in own.schemas.values():
        root = {"$ref": f"#/definitions/{names[ANY]}"}
        validator = compiled({**root, "definitions": dict(own.definitions)})

        def problem(value: Any, validator: Any = validator) -> tuple[str, str] | None:
            nonlocal tries
            tries += 1
            return None if validator.is_valid(value) else ("", "wrong")

        for depth in (None, 24):
            assert validator.is_valid(example(own.definitions, root, problem, optional=depth))
    assert tries <= 60, "there is no search: none needs more than a second, or a third of one"


OBJECTS: list[dict[str, Any]] = [
    {"oneOf": [{"required": ["a"]}, {"required": ["b"]}], "properties": {"a": {}, "b": {}}},
    {"oneOf": [{"properties": {"t": {"const": 1}}}, {"properties": {"t": {"const": 2}}}]},
    {"if": {"properties": {"a": {"const": "x"}}, "required": ["a"]}, "then": {"required": ["b"]}, "required": ["a"],
     "properties": {"a": {"enum": ["x", "y"]}, "b": {"type": "integer"}}},
    {"minProperties": 3, "propertyNames": {"pattern": "^[a-z]{4}$"}},
    {"required": ["a"], "properties": {"a": {"not": {"type": "string"}}}},
    {"required": ["a"], "properties": {"a": {"type": ["null", "number"], "exclusiveMinimum": 2, "maximum": 2.5}}},
    {"required": ["a"], "properties": {"a": {"type": "integer", "multipleOf": 7, "minimum": 15}}},
    {"required": ["a"], "properties": {"a": {"type": "array", "uniqueItems": True, "minItems": 3, "items": {"type": "string"}}}},
    {"required": ["a"], "properties": {"a": {"type": "array", "uniqueItems": True, "minItems": 2, "items": {"enum": [1, 2]}}}},
    {"required": ["a"], "properties": {"a": {"type": "array", "contains": {"const": 7}, "items": {"type": "integer"}}}},
    {"required": ["a"], "properties": {"a": {"type": "array", "items": [{"const": 1}, {"type": "string"}], "minItems": 2}}},
    {"required": ["a"], "properties": {"a": {"$ref": "#/definitions/n"}},
     "definitions": {"n": {"type": "object", "properties": {"more": {"$ref": "#/definitions/n"}}}}},
    {"allOf": [{"properties": {"a": {"enum": [1, 2, 3]}}}, {"properties": {"a": {"enum": [3, 4]}}}], "required": ["a"]},
    {"required": ["a"], "properties": {"a": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3,}$", "minLength": 9}}},
    {"type": "object", "not": {"required": ["a"]}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
    {"type": "object", "properties": {"a": {"type": "integer"}}, "unevaluatedProperties": False, "minProperties": 1},
    {"patternProperties": {"^x-": {"type": "integer"}}, "required": ["x-a"], "additionalProperties": False},
]  # fmt: skip


@pytest.mark.parametrize("schema", OBJECTS, ids="-".join)
def test_what_words_say_is_met(schema: dict[str, Any]) -> None:
    schema = {"type": "object", **schema}
    for seed in range(3):
        found = made(schema, seed)
        assert compiled(schema).is_valid(found)
        jsonschema.Draft201909Validator(schema).validate(found)  # another engine agrees
        assert made(schema, seed) == found


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}, "definitions": {}}, None),
        ({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/definitions/n"}},
          "definitions": {"n": {"required": ["n"], "properties": {"n": {"$ref": "#/definitions/n"}}}}}, "demands itself"),
        ({"type": "object", "required": ["a"], "properties": {"a": {"not": {}}}}, "/a"),
        ({"type": "object", "required": ["a"], "properties": {"a": {"allOf": [{"type": "string"}, {"type": "null"}]}}}, "/a"),
        ({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 2, "maximum": 1}}}, "/a"),
        ({"type": "object", "required": ["a"], "properties": {"a": {"minItems": 10**9, "type": "array"}}}, "too many"),
    ],
)  # fmt: skip
def test_where_there_is_none_that_is_told(schema: dict[str, Any], told: str | None) -> None:
    if told is None:
        schema = {**schema, "properties": {"a": {"$ref": "#/definitions/a"}}, "definitions": {"a": {"const": {}}}}
        assert made(schema) == {"a": {}}
        return
    with pytest.raises(Unfillable, match=told):
        made(schema)


@pytest.mark.parametrize("form", sorted(FORMATS.keys() - {"byte", "url", "idn-email", "iri", "iri-reference"}))
def test_formats_have_texts_of_their_own(form: str) -> None:
    schema = {"type": "array", "minItems": 3, "uniqueItems": True, "items": {"type": "string", "format": form}}
    assert len(set(made(schema))) == 3


PATTERNS = [
    r"^[0-9a-fA-F]{2}(-[0-9a-fA-F]{2}){5}$", r"[ -\x7F]+", r"^(?:A|B)+x?$", r"\d{3}-\w{2,4}", r"^[^abc\d]+$", r"^\u0041\x42$",
    r"^(?<year>[0-9]{4})/\S$", r"a{2}b*c+", r"^\$[.]\(\)$", r"^[\w.-]+@[a-z]+\.example$", r"^$", r"^(\+|00)[1-9]\d{6,14}$",
    r"^\p{Lu}\p{L}*$",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_have_texts(pattern: str) -> None:
    validator = compiled({"pattern": pattern})
    assert SCHEMA_PATTERNS is not None
    found = list(matching(pattern))
    assert found
    assert all(validator.is_valid(text) for text in found), found


LEAVES = st.one_of(
    st.builds(lambda n: {"type": "integer", "minimum": n, "maximum": n + 3}, st.integers(-50, 50)),
    st.builds(lambda n, m: {"type": "string", "minLength": n, "maxLength": n + m}, st.integers(0, 9), st.integers(0, 9)),
    st.sampled_from([{"enum": ["a", "b", 3]}, {"type": "boolean"}, {"const": {"x": 1}}, {"type": "number", "multipleOf": 0.5}]),
    st.sampled_from([{"format": form, "type": "string"} for form in ("date-time", "uuid", "ipv4", "ipv6", "uri", "date")]),
    st.sampled_from([{"pattern": pattern, "type": "string"} for pattern in PATTERNS]),
)  # fmt: skip


def _object(members: dict[str, Any], needed: list[str], closed: bool) -> dict[str, Any]:
    found = {"type": "object", "properties": members, "required": [name for name in members if name in needed]}
    return {**found, "additionalProperties": False} if closed else found


def _variants(options: list[Any]) -> dict[str, Any]:
    """Exactly one of several, told apart by a tag."""
    tagged = [
        {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": [f"k{n}"]}, "value": option}}
        for n, option in enumerate(options)
    ]
    return {"oneOf": tagged}


NAMES = st.sampled_from(["a", "b", "id", "maximumFrameSize", "@type"])
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(_object, st.dictionaries(NAMES, inner, max_size=4), st.lists(NAMES, max_size=3), st.booleans()),
        st.builds(lambda item, n: {"type": "array", "items": item, "minItems": n}, inner, st.integers(0, 3)),
        st.builds(_variants, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda one: {"allOf": [one, {}]}, inner),
        st.builds(lambda one, other: {"anyOf": [one, other]}, inner, inner),
        st.builds(lambda one: {"type": "object", "if": {"required": ["a"]}, "then": {"required": ["b"]}, "required": ["a"],
                               "properties": {"b": one}}, inner),
    ),
    max_leaves=12,
)  # fmt: skip


@given(SCHEMAS, st.integers(0, 20), st.sampled_from([None, 0, 2, 9]))
def test_examples_of_any_schema_are_valid(schema: Any, seed: int, optional: int | None) -> None:
    found = made(schema, seed, optional)
    assert compiled(schema).is_valid(found), json.dumps(found)


def test_messages_are_filled_by_the_same_mechanism() -> None:
    contract = RELEASE.contract("ticket")
    filler = Filler(contract, "2026-01-01T00:00:00.000Z", lambda: "id-1", {"description": "Cable cut"})
    found = filler.fill("Incident", {"id": "INC-1"})
    assert found["id"] == "INC-1"
    assert found["description"] == "Cable cut"


def test_a_schema_says_of_which_type_it_is() -> None:
    assert type_of({"$schema": "x", "$id": "urn:acme:x"}) == "urn:acme:x"
    assert type_of({"properties": {"@type": {"const": "WAVE"}}, "$id": "https://acme.example/wave.json"}) == "WAVE"
    assert type_of({"$schema": "x", "$id": "WAVE"}) == "WAVE"
    assert type_of({"$schema": "x", "$id": "https://acme.example/wave.json"}) == ""
    assert type_of({"$id": "WAVE", "name": "no schema at all"}) == ""
