"""Lint sees what is wrong with the requests of a scenario, as far as a run is not needed to know them."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.scenario.bodies import body_problems
from emulator.scenario.loader import load_scenario
from emulator.settings import scenarios_dir
from emulator.standard.release import load_release
from tests.cli.processes import oit

RELEASE = load_release()
HEAD = """oit: "1"
id: demo
title: A demonstration
sources:
  quote: {api: quote, servedBy: seller}
  poq: {api: poq, servedBy: seller}
inputs:
  level: firm
  made: $gen.now+30d
  contact: {name: Jane, emailAddress: j@b.example, number: "1", organization: B, role: buyerContactInformation}
flow:
  - id: first
    call: quote.listQuote
    outputs: {id: $response.body#/0/id, item: $response.body#/0/quoteItem/0}
    response: {status: 200}
"""
QUOTE = """  - id: ask
    call: quote.createQuote
    request:
      body:
        externalId: "{$run.id}-q"
        buyerRequestedQuoteLevel: $inputs.level
        instantSyncQuote: true
        relatedContactInformation: [$inputs.contact]
        quoteItem:
          - id: "1"
            action: delete
            product: {id: $steps.first.outputs.id}
            relatedContactInformation: [{$merge: $inputs.contact, role: quoteItemTechnicalContact}]
            requestedQuoteItemTerm: {name: Y, duration: {amount: 12, units: calendarMonths}, endOfTermAction: autoRenew}
            requestedQuoteItemInstallationInterval: {amount: 10, units: businessDays}
"""


def found(folder: Path, old: str = "", new: str = "", more: str = "", text: str = QUOTE) -> list[str]:
    file = folder / "demo.oit.yaml"
    whole = HEAD + text + more
    assert old in whole
    file.write_text(whole.replace(old, new) if old else whole)
    told = body_problems(load_scenario(file, load_release()), RELEASE)
    return [one.text.removeprefix(f"{folder}/demo.oit.yaml:") for one in told]


def test_the_requests_that_we_ship_are_right():
    for path in sorted((scenarios_dir() / "quote").glob("*.oit.yaml")):
        assert body_problems(load_scenario(path, load_release()), RELEASE) == [], path


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("level: firm", "level: frim", "21:35: /buyerRequestedQuoteLevel"),
        ("instantSyncQuote: true", 'instantSyncQuote: "true"', "22:27: /instantSyncQuote"),
        ("        instantSyncQuote: true\n", "", "20:9: /instantSyncQuote"),
        ("instantSyncQuote: true", "instantSyncQuote: true\n        instantSyncQuot: true", "23:26: warning: /instantSyncQuot"),
        ('number: "1", ', "", "23:37: /relatedContactInformation/0/number"),
        ("amount: 12", "amount: $inputs.made", "/quoteItem/0/requestedQuoteItemTerm/duration/amount"),
        ("action: delete", "action: swap", "26:21: /quoteItem/0/action"),
        ("call: quote.listQuote", "call: quote.listQuote\n    request: {query: {limit: many}}", "limit"),
    ],
)  # fmt: skip
def test_what_a_contract_or_a_rule_has_against_a_request_is_told_with_its_place(tmp_path, old, new, said):
    assert found(tmp_path) == []
    assert any(said in line for line in found(tmp_path, old, new)), found(tmp_path, old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("action: delete", "action: $steps.first.outputs.id"),
        ("amount: 12", "amount: $steps.first.outputs.id"),
        ("duration: {amount: 12, units: calendarMonths}", "duration: $steps.first.outputs.item"),
        ("buyerRequestedQuoteLevel: $inputs.level", 'buyerRequestedQuoteLevel: "{$steps.first.outputs.id}"'),
        ("product: {id: $steps.first.outputs.id}", "product: {$merge: $steps.first.outputs.item, bundledProduct: 3}"),
        (
            "action: delete\n            product: {id: $steps.first.outputs.id}",
            'action: modify\n            product: {id: p1, productConfiguration: {"@type": $steps.first.outputs.id, a: 1}}',
        ),
        ("[$inputs.contact]", "[$steps.first.outputs.item]"),
        ("[$inputs.contact]", "$steps.first.outputs.item"),
        ("call: quote.listQuote", "call: quote.listQuote\n    request: {query: {externalId: $run.id}}"),
        ("response: {status: 200}", "response: {status: 200}\n  - {id: again, call: quote.listQuote, request: {query: {limit: $steps.first.outputs.id}}}"),
    ],
)  # fmt: skip
def test_what_only_a_run_knows_may_be_anything(tmp_path, old, new):
    assert found(tmp_path, old, new) == []


def test_what_is_wrong_on_purpose_is_not_told(tmp_path):
    refused = "    response: {status: [400, 422]}\n"
    case = "cases:\n  - {id: c, kind: negative, emulate: buyer, at: ask, patch: [{op: remove, path: /quoteItem}]}\n"
    assert found(tmp_path, more=case) == []
    assert found(tmp_path, "action: delete", "action: swap", more=refused) == []
    assert found(tmp_path, "action: delete", "action: swap", more=case) != []


def test_oit_lint_tells_of_requests_and_counts_warnings_apart(tmp_path):
    file = tmp_path / "demo.oit.yaml"
    file.write_text(HEAD + QUOTE.replace("externalId", "externalIdd"))
    done = oit("lint", str(file))
    assert (done.code, "1 scenario(s), 0 problem(s), 1 warning(s)" in done.err) == (0, True)
    assert "warning: /externalIdd" in done.out
    file.write_text(HEAD + QUOTE.replace("action: delete", "action: swap"))
    done = oit("lint", str(file))
    assert (done.code, "/quoteItem/0/action" in done.out) == (2, True)
    assert oit("run", str(file)).code != 2  # whoever plays it all the same sees what comes of it
