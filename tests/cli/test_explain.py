"""`oit explain`: what an id of a report means."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from emulator.judge.echoes import CONTRACT
from emulator.judge.explanation import explain
from emulator.judge.rules import rules_of
from emulator.judge.wording import CODES
from emulator.report.explanation import render
from emulator.standard.breach import Check
from emulator.standard.kinds.explained import RULES as FACT_RULES
from emulator.standard.kinds.explained import explained
from emulator.standard.release import load_release
from tests.cli.processes import ROOT, oit

SDK = Path(os.environ.get("OIT_SDK", ROOT.parent / "shared" / "sdk" / "grace"))
NEEDS_SDK = pytest.mark.skipif(not SDK.is_dir(), reason=f"no official SDK at {SDK}")
CHECKED = [f"contract.{check}" for check in Check if check not in (Check.RULE, Check.HINT)]
RELEASE = load_release()
RULES = rules_of(RELEASE)
RULE_IDS = [rule.id for rule in (*RULES.looking, *RULES.closing) if not rule.id.startswith(CONTRACT)]


def told(identifier: str, release: str = "grace") -> dict[str, Any]:
    done = oit("explain", identifier, "--release", release, "--format", "json")
    assert done.code == 0, done.err
    return json.loads(done.out)


@pytest.mark.parametrize("spelt", ["MEF121-R12", "MEF121:R12", "mef121-r12", "MEF 121 R12"])
def test_a_requirement_is_known_however_it_is_spelt(spelt: str):
    page = told(spelt)
    assert (page["kind"], page["id"], page["keyword"], page["side"]) == ("requirement", "MEF121-R12", "MUST", "buyer")


@pytest.mark.parametrize("spelt", ["Mplify121.1-R31", "Mplify 121.1 R31", "mplify 121.1-r31", "121.1 R31"])
def test_a_requirement_of_a_guide_under_its_later_name_is_known_however_it_is_spelt(spelt: str):
    page = told(spelt, "kylie")
    assert (page["id"], page["section"], page["keyword"]) == ("Mplify121.1-R31", "6.1.2", "MUST")


def test_a_requirement_is_told_with_all_that_is_known():
    """Clause, side, what is looked at, an example that passes, one that fails, what is said then, and causes."""
    done = oit("explain", "MEF121-R12")
    assert done.code == 0, done.err
    for part in (
        "MEF121-R12  The Buyer always asks for alternates",
        "MUST, of the Buyer",
        "MEF 121, section 6.1.1",
        "rule       MEF121-R12: ",
        "request at /provideAlternative",
        "right      true",
        "wrong      false",
        "told       fail, the Buyer's: /provideAlternative",
        "Likely causes",
        "?",
    ):
        assert part in done.out


def test_an_example_that_is_another_run_shows_both_runs():
    done = oit("explain", "MEF121-R2")
    assert 'declared   {"buyers": ["acme", "zeta"]}' in done.out
    assert "right run  POST /geographicAddressValidation?buyerId=acme -> 200" in done.out
    assert "wrong run  POST /geographicAddressValidation -> 200" in done.out


def test_what_cannot_be_seen_says_why():
    done = oit("explain", "MEF121-R9")
    assert "it cannot be seen on the wire: " in done.out
    assert "none yet" not in done.out


def test_what_hangs_on_an_option_says_how_to_declare_it():
    page = next(each for each in load_release().requirements.values() if each.if_supported and each.guide == "MEF123")
    done = oit("explain", page.id)
    assert f"options: {{MEF123-{page.if_supported}: true}}" in done.out


def test_a_rule_of_the_contract_names_the_requirements_that_it_speaks_on():
    page = told("contract.schema")
    assert {"MEF121-R10", "MEF115-R9"} <= {row["id"] for row in page["requirements"]}


def test_an_entry_of_the_register_is_told_with_its_readings_and_how_to_pin_one():
    name, entry = next(iter(load_release().interpretations.items()))
    done = oit("explain", name.upper())
    for reading in entry.readings:
        assert reading in done.out
    assert f"readings: {{{name}: " in done.out
    assert "(held unless a profile pins another)" in " ".join(done.out.split())
    assert told(entry.requirements[0])["interpretations"][0]["id"] == name


def test_an_error_code_is_told():
    assert '422 [{"code": "missingProperty"' in oit("explain", "missingproperty").out


def test_all_codes_of_the_contracts_are_told():
    """No code of an error body of the release is unknown to us."""
    schemas = load_release().document("quote")["components"]["schemas"]
    codes = {
        code
        for name, schema in schemas.items()
        if name.startswith("Error")
        for part in (schema, *(p.get("properties", {}).get("code", {}) for p in schema.get("allOf", [])))
        for code in part.get("enum", [])
    }
    assert codes
    assert codes <= set(CODES)


NAMED = {
    "requirement": [*load_release().requirements],
    "rule": RULE_IDS,
    "interpretation": [*load_release().interpretations],
    "code": [*CODES, *CHECKED, "transport.timeout"],
}
GUIDES = sorted({each.guide for each in load_release().requirements.values()})


@pytest.mark.parametrize("kind", NAMED)
def test_everything_that_a_report_names_can_be_explained(kind: str):
    for identifier in NAMED[kind]:
        page = explain(RELEASE, identifier)
        assert render(page).startswith(identifier)
        json.dumps(page)


def test_an_api_and_a_kind_tell_their_facts_each_with_its_rule():
    page = told("order")
    assert (page["kind"], page["id"], [kind["name"] for kind in page["kinds"]]) == (
        "facts",
        "productOrder",
        ["productOrder", "cancelProductOrder", "charge", "modifyProductOrderItemRequestedDeliveryDate"],
    )
    rows = [row for kind in page["kinds"] for row in kind["facts"]] + page["operations"] + page["events"]
    rows += [each for operation in page["operations"] for each in operation["filters"]]
    assert all(row["by"] and set(row["by"]) <= set(page["rules"]) for row in rows)
    assert [slip["noted"] for slip in page["contradictions"]] == ["E-MEF123-1"]

    charge = told("productOrderCharge")
    assert (charge["id"], charge["api"], len(charge["operations"])) == ("charge", "productOrder", 3)
    done = oit("explain", "charge")
    assert done.code == 0, done.err
    for line in (
        "charge  kinds of resource, operations and events, of productOrder (release grace)",
        "  state        /state, one of MEFProductOrderChargeStateType  [K2]",
        "    state        eq /state  [S]",
        "  chargeTimeoutEvent charge, reached timeout, optional (MEF123-O14)  [E1 N1 C2]",
        "  K6  the buyer makes what can be created, the seller all else",
    ):
        assert line in done.out.splitlines()


@pytest.mark.parametrize("api", load_release().apis)
def test_every_rule_that_gave_a_fact_is_told(api: str):
    page = explained(load_release().kinds, api, "grace")
    assert page
    assert set(page["rules"]) <= set(FACT_RULES)
    assert render(page).startswith(api)


def test_every_example_that_can_fail_shows_what_is_said_then():
    silent = [
        proof.id
        for proof in load_release().proofs.values()
        if not proof.never_fails
        and not next(e for e in explain(RELEASE, proof.id)["examples"] if e["rule"] == proof.id)["finding"]
    ]
    assert silent == []


@NEEDS_SDK
@pytest.mark.parametrize("guide", GUIDES)
def test_every_clause_is_found_in_the_official_guide(guide: str):
    for identifier in (each.id for each in load_release().requirements.values() if each.guide == guide):
        (quoted,) = explain(RELEASE, identifier, SDK)["quotations"]
        label = load_release().requirements[identifier].label.rstrip("abcdefghijklmnopqrstuvwxyz")
        assert quoted["text"] is not None, identifier
        assert f"[{label}]" in quoted["text"].splitlines()[0], identifier
        line = Path(quoted["file"]).read_text(encoding="utf-8").splitlines()[quoted["line"] - 1]
        assert line.rstrip() == quoted["text"].splitlines()[0], identifier


@NEEDS_SDK
def test_the_twins_of_mef_115_are_told_apart():
    first, second = (explain(RELEASE, name, SDK)["quotations"][0] for name in ("MEF115-R51a", "MEF115-R51b"))
    assert first["line"] < second["line"]
    done = oit("explain", "MEF115-R51a", "--sdk", str(SDK))
    assert f"{first['file']}:{first['line']}" in done.out
