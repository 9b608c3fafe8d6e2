"""Where a contract has room for payloads that are described elsewhere: whatever the place is called, and however many there are."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.record.exchange import Party
from emulator.record.payload import dump, parse
from emulator.standard.breach import Check
from emulator.standard.contract import Contract, ContractEntry, Products

URN = "urn:example:lsoc:spec:legato:delay:v1.0.0:all"
DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.1",
    "info": {"title": "Jobs", "version": "1.0.0"},
    "paths": {},
    "components": {
        "schemas": {
            "Job": {
                "type": "object",
                "required": ["id", "wanted", "demanded"],
                "properties": {
                    "id": {"type": "string"},
                    "wanted": {"$ref": "#/components/schemas/Settings"},
                    "found": {"$ref": "#/components/schemas/Results"},
                    "way": {"$ref": "#/components/schemas/Way"},
                },
            },
            "Settings": {
                "type": "object",
                "required": ["@type"],
                "properties": {"@type": {"type": "string"}},
                "discriminator": {"propertyName": "@type"},
            },
            "Results": {
                "type": "object",
                "required": ["@type"],
                "properties": {"@type": {"type": "string"}},
                "discriminator": {"propertyName": "@type"},
            },
            "Way": {
                "type": "object",
                "required": ["@type"],
                "properties": {"@type": {"type": "string"}},
                "discriminator": {"propertyName": "@type"},
            },
            "ShortWay": {
                "allOf": [{"$ref": "#/components/schemas/Way"}, {"properties": {"metres": {"type": "integer"}}}]
            },
        }
    },
}
DEFINITIONS: dict[str, dict[str, Any]] = {
    "product:delay.yaml": {
        "type": "object",
        "required": ["milliseconds"],
        "properties": {"milliseconds": {"type": "integer"}},
    }
}


@pytest.fixture(scope="module")
def contract() -> Contract:
    entry = ContractEntry("job", "management", "JOBS", "", "1.0.0", "/jobs/v1", Party.SELLER, "job.api.yaml")
    return Contract(entry, "made-up", DOCUMENT, [], Products(DEFINITIONS, {URN: "product:delay.yaml"}, {}))


def breaches(contract: Contract, **members: Any) -> list[tuple[str, Check]]:
    body = {"id": "1", "demanded": 1, "wanted": {"@type": URN, "milliseconds": 3}, **members}
    return [(each.place, each.check) for each in contract.body_breaches("Job", parse(dump(body)))]


def test_each_place_holds_its_payload_to_the_schema_that_its_type_names(contract: Contract) -> None:
    assert breaches(contract) == []
    assert breaches(contract, wanted={"@type": URN}) == [("/wanted/milliseconds", Check.PRODUCT)]
    assert breaches(contract, found={"@type": URN, "milliseconds": "3"}) == [("/found/milliseconds", Check.PRODUCT)]


def test_a_payload_that_nobody_here_knows_is_told_as_unchecked(contract: Contract) -> None:
    assert breaches(contract, found={"@type": "urn:example:other", "x": 1}) == [("/found/@type", Check.UNCHECKED)]


def test_a_base_with_sub_types_of_its_own_is_no_such_place(contract: Contract) -> None:
    assert breaches(contract, way={"@type": "ShortWay", "metres": 2}) == []
    assert breaches(contract, way={"@type": "ShortWay", "metres": "2"}) == [("/way/metres", Check.SCHEMA)]
    assert breaches(contract, way={"@type": URN, "milliseconds": 3}) == [("/way/@type", Check.SCHEMA)]


def test_what_is_demanded_and_described_nowhere_is_no_stranger(contract: Contract) -> None:
    assert ("/demanded", Check.UNKNOWN_MEMBER) not in breaches(contract)
    assert ("/undemanded", Check.UNKNOWN_MEMBER) in breaches(contract, undemanded=1)
