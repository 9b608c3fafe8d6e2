"""Ways that a scenario or a profile tells our seller to go: at once, in time, after reads, on a signal, with a step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from emulator.conduct.runs import run_all
from emulator.conduct.scenarios import read_scenarios
from emulator.conduct.settings import Settings
from emulator.scenario.lint import lint
from emulator.scenario.selection import Wish, plan
from emulator.standard.release import load_release
from tests.cli.processes import seller
from tests.parties.trade import poq, quote

from .stub import CREATE, HEAD, write

RELEASE = load_release("grace")
FOLLOWED = """\
oit: "1"
id: demo
title: A demonstration
include: [fragments/buyer.yaml, fragments/operator-uni.yaml]
sources: {KIND: {api: KIND, servedBy: seller}}
lifecycle: {KIND: {of: KIND.Resource, path: [{to: acknowledged}, PATH]}}
flow:
"""
QUOTE = """\
  - use: fragments/quote-uni.yaml
    id: it
    with: {reference: demo, addressId: addr-ashburn-20-main}
"""
ORDER = """\
  - id: it-create
    call: order.createProductOrder
    request:
      body:
        relatedContactInformation: [$inputs.orderContact]
        productOrderItem:
          - id: uni
            action: add
            agreementName: $inputs.agreementName
            requestedCompletionDate: $gen.now+45d
            billingAccount: {id: $inputs.billingAccountId}
            requestedItemTerm: $inputs.term
            relatedContactInformation: $inputs.orderItemContacts
            product:
              productOffering: {id: $inputs.uniOfferingId}
              productConfiguration: $inputs.uniConfiguration
              place: [{"@type": GeographicAddressRef, role: INSTALL_LOCATION, id: addr-ashburn-20-main}]
    response: {status: 201}
    outputs: {id: $response.body#/id}
    track: order
"""
READS = {"quote": "quote.retrieveQuote", "order": "order.retrieveProductOrder"}


class Silent:
    """A writer that nobody reads."""

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: None


def states(folder: Path, kind: str, path: str, steps: str) -> list[str]:
    """The states that the answers showed, in a self-test."""
    text = FOLLOWED.replace("KIND", kind).replace("PATH", path) + (QUOTE if kind == "quote" else ORDER) + steps
    (report,) = run_all(
        Settings(), plan(read_scenarios([write(folder, text)], RELEASE), Wish(), RELEASE).jobs, Silent()
    )
    assert report["verdict"] == "pass", report["steps"]
    return [row["response"]["body"]["state"] for row in report["exchanges"]]


def reads(kind: str, *names: str) -> str:
    step = (
        "  - {{id: {}, call: {}, request: {{path: {{id: $steps.it-create.outputs.id}}}}, response: {{status: 200}}}}\n"
    )
    return "".join(step.format(name, READS[kind]) for name in names)


@pytest.mark.parametrize("kind", ["quote", "order"])
@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("{to: inProgress}", ["inProgress"] * 3),
        ("{to: inProgress, after: {reads: 2}}", ["acknowledged", "acknowledged", "inProgress"]),
        ("{to: inProgress, when: b}", ["acknowledged", "acknowledged", "inProgress"]),
        ("{to: inProgress, when: b, after: P5D}", ["acknowledged"] * 3),
        # A step that is over already is not waited for.
        ("{to: inProgress, when: b}, {to: END, when: a}", ["acknowledged", "acknowledged", "END"]),
    ],
)
def test_the_seller_goes_on_when_the_scenario_says(tmp_path, kind, path, seen):
    end = {"quote": "approved.orderable", "order": "completed"}[kind]
    found = states(tmp_path, kind, path.replace("END", end), reads(kind, "a", "b", "c"))
    assert found == ["acknowledged", *(end if state == "END" else state for state in seen)]


@pytest.mark.parametrize(("after", "polls"), [("20s", 1), ("P5D", 5 * 24)])
def test_a_duration_passes_in_virtual_time(tmp_path, after, polls):
    """Whoever polls every hour sees the change at the first look that is not before it."""
    reach = "  - {id: reach, await: {resource: quote, state: inProgress, every: 1h, within: 30d}}\n"
    found = states(tmp_path, "quote", f"{{to: inProgress, after: {after}}}", reach)
    assert set(found) == {"acknowledged", "inProgress"}
    assert found.index("inProgress") == len(found) - 1
    assert len(found) <= polls + 2


def test_a_step_that_is_not_there_is_refused(tmp_path):
    way = "lifecycle: {quote: {of: quote.Quote, path: [{to: inProgress, when: craete}]}}\n"
    (problem,) = lint(write(tmp_path, HEAD + way + "flow:\n" + CREATE), RELEASE)
    assert problem.endswith("there is no step 'craete'. Did you mean 'create'?")


def test_a_standing_seller_goes_on_when_it_is_given_the_signal(tmp_path):
    """Quotes and qualifications alike, each in its own run; a signal that nothing waits for is told."""
    profile = tmp_path / "signal.yaml"
    path = "[{to: acknowledged}, {to: inProgress, signal: go}]"
    profile.write_text(
        f"extends: wholesale-seller\nbehaviour:\n  quote: {{path: {path}}}\n  productOfferingQualification: {{path: {path}}}\n"
    )

    def ask(method: str, place: str, body: Any = None) -> tuple[int, Any]:
        answer = requests.request(method, url + place, json=body, timeout=10)
        return answer.status_code, answer.json()

    with seller("--profile", str(profile), "--database", "memory") as url:
        assert ask("POST", "/oit/signal?name=go") == (404, {"reason": "nothing waits for the signal 'go' here"})
        assert ask("POST", "/oit/signal")[0] == 400
        places = {
            "/mefApi/sonata/quoteManagement/v8/quote": quote(),
            "/mefApi/sonata/productOfferingQualification/v7/productOfferingQualification": poq(),
        }
        made = []
        for place, body in places.items():
            status, resource = ask("POST", place, body)
            assert (status, resource["state"]) == (201, "acknowledged"), resource
            made.append(f"{place}/{resource['id']}")
        assert ask("POST", "/oit/signal?name=go&run=another")[0] == 404
        assert [ask("GET", place)[1]["state"] for place in made] == ["acknowledged"] * 2
        assert ask("POST", "/oit/signal?name=go") == (200, {"signal": "go", "moved": 2})
        assert [ask("GET", place)[1]["state"] for place in made] == ["inProgress"] * 2
        assert ask("POST", "/oit/signal?name=go")[0] == 404
