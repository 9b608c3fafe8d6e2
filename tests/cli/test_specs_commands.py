"""`oit specs`, `oit validate`, `oit schema`, `oit --version`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest
import yaml
from openapi_spec_validator import validate as validate_openapi

from tests.cli.processes import ROOT, oit

SDK = Path(os.environ.get("OIT_SDK", ROOT.parent / "shared" / "sdk" / "grace"))


def test_version():
    """The version is told."""
    assert oit("--version").out.startswith("oit, version ")


def test_specs_list_has_nine_contracts():
    """Six management contracts, three notification contracts, each with version and base path."""
    rows = json.loads(oit("specs", "list", "--format", "json").out)
    assert len(rows) == 9
    assert {"api", "kind", "version", "base_path", "release"} == set(rows[0])


@pytest.mark.parametrize(
    "arguments",
    [
        ["quote"],
        ["poq", "--notification"],
        ["order"],
        ["productOrderNotification"],
        ["inventory"],
        ["site"],
        ["address"],
    ],
)
def test_export_is_a_valid_openapi_document_on_its_own(arguments: list[str]):
    """An exported contract has no reference outside itself and passes openapi-spec-validator."""
    done = oit("specs", "export", *arguments)
    assert done.code == 0, done.err
    document = yaml.safe_load(done.out)
    validate_openapi(document)
    assert "common/" not in done.out


@pytest.mark.skipif(not SDK.is_dir(), reason=f"no official SDK at {SDK}: set OIT_SDK to a folder of release grace")
def test_specs_diff_finds_no_difference():
    """Our contracts are the standard's."""
    done = oit("specs", "diff", "--sdk", str(SDK))
    assert done.code == 0, done.out
    assert done.out == ""
    assert "0 difference(s)" in done.err


def test_schemas_are_draft_07():
    """Both JSON Schemas are valid, and every shipped scenario fits the one for scenarios."""
    schema = json.loads(oit("schema", "scenario").out)
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validators.validator_for(json.loads(oit("schema", "report").out))
    for path in (ROOT / "scenarios").rglob("*.oit.yaml"):
        jsonschema.Draft7Validator(schema).validate(yaml.safe_load(path.read_text()))


def test_validate_tells_line_and_column():
    """A message's breaches are told as an editor would want them."""
    done = oit("validate", "createQuote", "-", "--api", "quote", stdin='{\n  "instantSyncQuote": "true"\n}')
    assert done.code == 1
    assert '<stdin>:2:3: breach [schema] /instantSyncQuote: "true" is not of type boolean' in done.out


def test_rules_lists_every_requirement_with_its_rules_or_why_it_cannot_be_seen():
    """331 requirements of six guides, each seen somehow or with a reason why not."""
    rows = json.loads(oit("rules", "--format", "json").out)
    assert len(rows) == 331
    assert all(bool(row["seen"]) != bool(row["not_on_wire"]) for row in rows)
    assert sum(bool(row["rules"]) for row in rows) >= 18
    assert oit("rules", "--guide", "MEF7").code == 2


def test_lint_of_all_shipped_scenarios_is_clean():
    """What we ship has no problem."""
    done = oit("lint", "scenarios")
    assert done.code == 0, done.out
