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


def test_specs_list_has_every_contract():
    """Twelve management contracts, eight notification contracts, each with version and base path."""
    rows = json.loads(oit("specs", "list", "--format", "json").out)
    assert len(rows) == 20
    assert {"api", "kind", "version", "base_path", "release", "rules"} == set(rows[0])
    assert {row["api"]: row["rules"] for row in rows}["quote"] == "quote"
    assert "generic" not in oit("specs", "list").out


def test_specs_list_marks_what_no_book_of_rules_judges():
    """In JSON too, each row says which book there is."""
    rows = json.loads(oit("specs", "list", "--release", "kylie", "--format", "json").out)
    without = [row["base_path"] for row in rows if row["rules"] == "generic"]
    lines = oit("specs", "list", "--release", "kylie").out.splitlines()
    assert "/mefApi/sonata/cimIncident/v1" in without
    assert [line for line in lines if line.endswith("  generic")] == [
        line for line, row in zip(lines, rows, strict=True) if row["base_path"] in without
    ]


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
    """662 requirements of eleven guides, each once, seen somehow or with a reason why not."""
    rows = json.loads(oit("rules", "--format", "json").out)
    assert len(rows) == len({row["id"] for row in rows}) == 662
    assert all(bool(row["seen"]) != bool(row["not_on_wire"]) for row in rows)
    assert sum(bool(row["rules"]) for row in rows) >= 18
    assert oit("rules", "--guide", "MEF7").code == 2


def test_rules_lists_a_guide_that_is_claimed_where_it_is_named():
    rows = json.loads(oit("rules", "--guide", "MEF128", "--format", "json").out)
    assert len(rows) == 92
    assert [row["id"] for row in rows if not (row["rules"] or row["not_on_wire"] or row["feature"])] == []
    assert "no rule yet: it is of the hybrid flow only" in oit("rules", "--guide", "MEF128").out
    told = oit("explain", "MEF 128 R2").out
    assert "claims: [MEF128]" in told
    assert "MEF128-R2.wrong" in told
    assert "RFC 9110" in oit("explain", "RFC9110.challenge").out


def test_lint_of_all_shipped_scenarios_is_clean():
    """What we ship has no problem."""
    done = oit("lint", "scenarios")
    assert done.code == 0, done.out


def test_contracts_can_be_held_to_by_the_letter(tmp_path: Path) -> None:
    none = tmp_path / "none.json"
    none.write_text("[]")
    asked = ("validate", "listWorkOrder", str(none), "--status", "200")
    assert oit(*asked).code == 0
    by_letter = oit(*asked, "--errata", "off")
    assert by_letter.code == 1
    assert "is not of type object" in by_letter.out


def test_a_report_says_that_it_goes_by_the_letter(tmp_path: Path) -> None:
    ran = oit(
        "run", "scenarios/places/find.oit.yaml", "--errata", "off", "--report", "json", "--report-dir", str(tmp_path)
    )
    assert ran.code == 0, ran.out
    run = json.loads((tmp_path / "report.json").read_text())["run"]
    assert (run["release"], len(run["notes"])) == ("grace", 1)
    assert "--errata off" in run["notes"][0]
