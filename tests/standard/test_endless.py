"""A schema that lists its own sub-types, each of which is all of it and more, is checked all the same: its discriminator chooses."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from emulator.standard.bundle import envelope_definitions

BEAST: dict[str, Any] = {
    "type": "object",
    "required": ["@type"],
    "properties": {"@type": {"type": "string"}, "legs": {"type": "integer"}},
    "discriminator": {"propertyName": "@type", "mapping": {"Dog": "#/components/schemas/Dog", "Hen": "#/components/schemas/Hen"}},
    "oneOf": [{"$ref": "#/components/schemas/Dog"}, {"$ref": "#/components/schemas/Hen"}],
}  # fmt: skip
DOG = {"allOf": [{"$ref": "#/components/schemas/Beast"}, {"properties": {"legs": {"enum": [4]}}}]}
HEN = {
    "allOf": [
        {"$ref": "#/components/schemas/Beast"},
        {"required": ["eggs"], "properties": {"eggs": {"type": "integer"}}},
    ]
}


@pytest.mark.parametrize("word", ["oneOf", "anyOf"])
@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ({"@type": "Dog", "legs": 4}, True),
        ({"@type": "Dog", "legs": 2}, False),
        ({"@type": "Hen", "eggs": 1, "legs": 2}, True),
        ({"@type": "Hen"}, False),
        ({"@type": "Cat"}, False),
        ({"legs": 4}, False),
    ],
)
def test_the_discriminator_chooses_among_the_sub_types(word: str, value: dict[str, Any], valid: bool) -> None:
    beast = {**{key: part for key, part in BEAST.items() if key != "oneOf"}, word: BEAST["oneOf"]}
    found = envelope_definitions({"Beast": beast, "Dog": DOG, "Hen": HEN}, {})
    assert jsonschema_rs.is_valid({"definitions": found, "$ref": "#/definitions/Beast"}, value) is valid


def test_alternatives_that_are_no_sub_types_stay() -> None:
    beast = {**BEAST, "oneOf": [{"$ref": "#/components/schemas/Dog"}, {"$ref": "#/components/schemas/Stone"}]}
    found = envelope_definitions({"Beast": beast, "Dog": DOG, "Hen": HEN, "Stone": {"type": "object"}}, {})
    assert len(found["Beast__base"]["oneOf"]) == 2
