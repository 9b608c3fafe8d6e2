"""The JSON Schema of profiles says what the reader of profiles does."""

from __future__ import annotations

import pytest
from jsonschema import Draft7Validator

from emulator.errors import FileProblem
from emulator.parties.profile import load_profile
from emulator.parties.profile_schema import profile_schema
from emulator.plain_yaml import load_yaml, load_yaml_text
from emulator.settings import scenarios_dir

VALIDATOR = Draft7Validator(profile_schema())

RIGHT = [
    "offerings: {mine: {extends: uni-1g, alternate: null, requires: {place: true}}}",
    "sites: null",
    "addresses: {addr-ashburn-20-main: {serviceability: red}}",
    "behaviour: {quote: {path: [{to: inProgress, reads: 2}]}}",
    "behaviour: {quote: {path: [{to: inProgress, after_seconds: null}]}}",
    "options: {MEF123-O4: true}",
    "paging: {too_many_products: 3}",
    "notifications: {backoff: [1, 2.5], allow: [loopback]}",
]
WRONG = [
    "nam: x",
    "paging: {max_limit: many}",
    "paging: {max_limit: -1}",
    "paging: {max_limit: 1000000000000}",
    "paging: {max_limit: 1.5}",
    "intervals: 3",
    "behaviour: {quote: {outcome: ordrable}}",
    "behaviour: {quote: {path: [{after_seconds: 1}]}}",
    "unsupported: [1]",
    "unsupported: site",
    "products: {p1: [1]}",
    "options: {MEF123-O4: 'yes'}",
    "offerings: {uni-1g: {terms: [{name: x}]}}",
    "offerings: {uni-1g: {prices: [{name: x, value: 1, actions: [swap]}]}}",
    "sites: {site-london-slough: {siteType: hidden}}",
]


def accepted(text: str, folder) -> bool:
    file = folder / "mine.yaml"
    file.write_text(f"extends: wholesale-seller\n{text}\n")
    try:
        load_profile(file)
    except FileProblem:
        return False
    return True


def test_it_is_a_schema_and_ours_keep_it():
    Draft7Validator.check_schema(profile_schema())
    for path in (scenarios_dir() / "profiles").glob("*.yaml"):
        assert list(VALIDATOR.iter_errors(load_yaml(path))) == []


@pytest.mark.parametrize("text", RIGHT + WRONG)
def test_what_it_says_the_reader_says(text: str, tmp_path):
    assert VALIDATOR.is_valid(load_yaml_text(text)) is accepted(text, tmp_path) is (text in RIGHT)
