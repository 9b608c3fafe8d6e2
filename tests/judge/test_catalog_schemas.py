"""What is sure of two schemas of a catalog, of which one is to be a part of the other (MEF W142, 4.4.2 and table 7)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.judge.rules.catalog.narrowing import Described, described, described_text, misshapen, removed, wider
from emulator.standard.release import load_release

URN = "urn:mef:lso:spec:sonata:carrier-ethernet-operator-uni:v5.0.0:all"


def read(properties: dict[str, Any], **more: Any) -> Described:
    found = described_text(json.dumps({"type": "object", "properties": properties, **more}))
    assert found is not None
    return found


SOURCE = {
    "speed": {"type": "integer", "minimum": 10, "maximum": 100},
    "colour": {"type": "string", "enum": ["red", "green"]},
    "mode": {"type": "string", "default": "plain"},
    "ends": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    "choice": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"speed": {"type": "integer", "minimum": 20, "maximum": 100}}, []),
        ({"speed": {"type": "integer", "const": 50}}, []),
        ({"speed": {"type": "integer", "minimum": 5, "maximum": 100}}, ["speed"]),
        ({"speed": {"type": "integer", "minimum": 10}}, ["speed"]),
        ({"speed": {"type": "number", "minimum": 10, "maximum": 100}}, ["speed"]),
        ({"speed": {"type": "integer", "const": 500}}, ["speed"]),
        ({"colour": {"const": "red"}}, []),
        ({"colour": {"type": "string", "enum": ["red"]}}, []),
        ({"colour": {"type": "string", "enum": ["red", "blue"]}}, ["colour"]),
        ({"colour": {"type": "string"}}, ["colour"]),
        ({"mode": {"type": "string", "enum": ["plain", "fancy"]}}, []),
        ({"mode": {}}, ["mode"]),
        ({"ends": {"type": "array", "const": "both", "minItems": 1}}, []),  # nothing fits it, which is narrow enough
        ({"ends": {"type": "array", "items": {"type": "string"}}}, ["ends"]),
        ({"choice": {"type": "array"}}, []),  # nobody can say, so that nothing is said
        ({"speed": {"allOf": [{"type": "integer", "minimum": 10}, {"maximum": 40}]}}, []),
    ],
)
def test_what_allows_more_is_told(change: dict[str, Any], expected: list[str]) -> None:
    compared, found = wider(read({**SOURCE, **change}), read(SOURCE))
    assert compared
    assert [each.path[0] for each in found] == expected


DEFINED = {"word": {"type": "string"}, "few": {"type": "string", "enum": ["red"]}}


@pytest.mark.parametrize(
    ("narrow", "wide", "wrong"),
    [
        ({"type": "integer", "exclusiveMinimum": 10}, {"type": "integer", "minimum": 10}, False),
        ({"type": "integer", "minimum": 1}, {"type": "integer", "exclusiveMinimum": 0}, False),
        ({"type": "number", "minimum": 0.5}, {"type": "number", "exclusiveMinimum": 0.5}, True),
        ({"type": "number", "multipleOf": 1}, {"type": "integer"}, False),
        ({"type": "number", "multipleOf": 0.5}, {"type": "integer"}, True),
        ({"type": "integer", "minimum": 20, "multipleOf": 10}, {"type": "integer", "minimum": 25}, True),
        ({"type": "integer", "minimum": 1, "maximum": 2}, {"type": "integer", "enum": [1, 2, 3]}, False),
        ({"type": "integer", "minimum": 1, "maximum": 9}, {"type": "integer", "enum": [1, 2, 3]}, True),
        ({"type": "boolean"}, {"enum": [True, False]}, False),
        ({"type": "string", "pattern": "^(red|green)$"}, {"type": "string", "enum": ["red", "green"]}, False),
        ({"type": "string", "pattern": "^[A-Z]{3}$"}, {"type": "string", "minLength": 1}, False),
        ({"type": "string"}, {"type": "string", "minLength": 1}, True),
        ({"type": "string", "maxLength": 40}, {"type": "string", "maxLength": 30}, True),
        ({"type": "null"}, {"type": ["null", "string"], "minLength": 3}, False),
        ({"type": "array", "contains": {}}, {"type": "array", "minItems": 1}, False),
        ({"type": "array", "items": {"type": "string"}}, {"type": "array", "maxItems": 2}, True),
        ({"type": "object", "required": ["one"]}, {"type": "object", "minProperties": 1}, False),
        ({"type": "object"}, {"type": "object", "minProperties": 1}, True),
        ({"$ref": "#/$defs/word", "enum": ["red"]}, {"type": "string", "enum": ["red", "green"]}, False),
        ({"$ref": "#/$defs/few"}, {"type": "string", "enum": ["red", "green"]}, False),
        ({"$ref": "#/$defs/word"}, {"type": "string", "enum": ["red", "green"]}, True),
    ],
)
def test_other_words_can_say_as_much(narrow: dict[str, Any], wide: dict[str, Any], wrong: bool) -> None:
    schemas = [read({"it": each}, **{"$defs": DEFINED}) for each in (narrow, wide)]
    assert bool(wider(*schemas)[1]) is wrong


def test_what_had_to_be_there_has_to_be_there_still() -> None:
    wide = read(SOURCE, required=["speed"])
    assert [str(each) for each in wider(read(SOURCE), wide)[1]] == ["speed: need no longer be there"]
    assert wider(read(SOURCE, required=["speed", "mode"]), wide)[1] == []
    without = {name: each for name, each in SOURCE.items() if name != "speed"}
    assert wider(read(without), wide)[1] == []  # what does not apply need not be there


@pytest.mark.parametrize(
    ("change", "more", "expected"),
    [
        ({"colour": {"const": "red"}}, {}, []),
        ({"colour": {"enum": ["red", "green"], "const": "red"}}, {}, ["colour"]),
        ({"mode": {"type": "string", "default": "fancy"}}, {}, ["mode"]),
        ({"mode": {"type": "string"}}, {}, []),
        ({"speed": {"type": "integer", "default": 20}}, {}, []),
        ({"weight": {"type": "integer"}}, {}, ["weight"]),
        ({}, {"required": ["speed"]}, []),
        ({}, {"required": ["weight"]}, ["weight"]),
    ],
)
def test_the_table_says_how_a_schema_is_changed(
    change: dict[str, Any], more: dict[str, Any], expected: list[str]
) -> None:
    compared, found = misshapen(read({**SOURCE, **change}, **more), read(SOURCE))
    assert compared
    assert [each.path[0] for each in found] == expected


def test_attributes_may_be_left_out() -> None:
    narrow = read({"speed": SOURCE["speed"]})
    assert misshapen(narrow, read(SOURCE))[1] == []
    assert wider(narrow, read(SOURCE))[1] == []
    assert sorted(path[0] for path in removed(narrow, read(SOURCE))) == ["choice", "colour", "ends", "mode"]


def test_a_product_of_the_release_is_read_by_its_urn() -> None:
    source = described(load_release(), {"schemaLocation": URN})
    assert source is not None
    (speed,) = [path for path in source.attributes if path == ("maximumNumberOfEndPoints",)]
    assert source.is_clear(speed)
    narrow = read({"maximumNumberOfEndPoints": {"type": "integer", "minimum": 0, "maximum": 4094}})
    assert [each.path for each in wider(narrow, source)[1]] == [speed]
    assert described(load_release(), {"schemaLocation": "https://elsewhere.example/schema.json"}) is None


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"$schema": "http://127.0.0.1:9/dialect", "$ref": "other.json"},
        {"properties": {"a": {"$ref": "#/nowhere"}}},
        {"type": 7},
        {"pattern": "("},
    ],
)
def test_a_schema_that_cannot_be_used_checks_nothing_and_fetches_nothing(schema: dict[str, Any]) -> None:
    found = described_text(json.dumps(schema))
    assert found is not None
    assert found.validator() is None


def test_a_schema_may_have_a_place_and_a_dialect_of_its_own() -> None:
    places = {"$schema": "http://127.0.0.1:9/x", "$id": "http://127.0.0.1:9/y"}
    checker = read({"id": {"type": "string"}}, **places).validator()
    assert checker is not None
    assert checker.is_valid({"id": "a"})
    assert not checker.is_valid({"id": 1})


@pytest.mark.parametrize("text", ["", "[]", "{", "7", "null", "[" * 100_000])
def test_what_is_no_schema_is_none(text: str) -> None:
    assert described_text(text) is None
