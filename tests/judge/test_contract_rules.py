"""The contract rules with the real contracts of release grace."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.judge.judge import Judgement, judge
from emulator.judge.rules.contract import Aspect
from emulator.judge.verdict import Blame, Verdict
from emulator.standard.release import Release, load_release
from tests.judge.exchanges import exchange, transcript

ADDRESS = {"id": "1", "@type": "FieldedAddress", "streetName": "Gran Via", "city": "Madrid", "country": "Spain"}


@pytest.fixture(scope="module")
def grace() -> Release:
    return load_release("grace")


def verdicts(judgement: Judgement) -> dict[str, Verdict]:
    return {row.id: row.verdict for row in judgement.requirements}


def test_every_api_of_the_release_has_its_clauses(grace: Release) -> None:
    """Each contract's guide has the clause that payloads conform, under the guide's own number."""
    for entry in (each for each in grace.entries if each.api in grace.books):
        assert grace.aspects[entry.api][Aspect.PAYLOAD].startswith(f"{entry.guide}-R")


def test_a_right_address_passes(grace: Release) -> None:
    """A valid body has no finding and proves both clauses of MEF 121."""
    judged = judge(transcript(exchange(ADDRESS)), grace)
    assert judged.findings == ()
    assert verdicts(judged)["MEF121-R6"] is Verdict.PASS
    assert verdicts(judged)["MEF121-R10"] is Verdict.PASS


def test_an_address_without_city_is_the_sellers_breach(grace: Release) -> None:
    """A missing required property hurts both clauses and is laid to the seller."""
    body = {name: value for name, value in ADDRESS.items() if name != "city"}
    (finding,) = judge(transcript(exchange(body)), grace).findings
    assert (finding.pointer, finding.blame) == ("/city", Blame.SELLER)
    assert finding.requirements == ("MEF121-R6", "MEF121-R10")


KYLIE_ADDRESS = {
    "@type": "GeographicAddress", "id": "1", "allowsNewSite": "true", "hasPublicSite": "unknown",
    "formattedAddressRepresentation": [{"formattedAddress": "Gran Via 1, Madrid"}],
}  # fmt: skip


def test_a_member_that_no_schema_names_breaks_the_clause_that_forbids_it(grace: Release) -> None:
    """It is a slip of the pen where the guide says nothing of it, and for good where a clause has the aspect `defined`."""
    kylie = load_release("kylie")
    right = judge(transcript(exchange(KYLIE_ADDRESS)), kylie)
    assert (right.findings, verdicts(right)["Mplify121.1-R19"]) == ((), Verdict.PASS)
    (finding,) = judge(transcript(exchange({**KYLIE_ADDRESS, "colour": "red"})), kylie).findings
    assert (finding.rule, finding.pointer, finding.blame) == ("contract.unknown-member", "/colour", Blame.SELLER)
    assert (finding.verdict, finding.requirements) == (Verdict.FAIL, ("Mplify121.1-R19",))
    (finding,) = judge(transcript(exchange({**ADDRESS, "colour": "red"})), grace).findings
    assert (finding.verdict, finding.requirements) == (Verdict.WARNING, ())


def test_parameters_and_members_of_products_are_not_the_guides_to_name() -> None:
    kylie = load_release("kylie")
    asked = exchange(KYLIE_ADDRESS, path="/geographicAddress/1?colour=red")
    assert {each.verdict for each in judge(transcript(asked), kylie).findings} == {Verdict.WARNING}
    product = {
        "id": "p", "status": "active", "startDate": "2026-01-01T00:00:00Z",
        "statusChange": [{"status": "active", "changeDate": "2026-01-01T00:00:00Z"}],
        "productConfiguration": {
            "@type": "urn:mef:lso:spec:sonata:carrier-ethernet-operator-uni:v5.0.0:all", "colour": "red",
        },
    }  # fmt: skip
    read = exchange(product, operation="retrieveProduct", api="productInventory", path="/product/p")
    strange = [each for each in judge(transcript(read), kylie).findings if each.rule == "contract.unknown-member"]
    assert [(each.verdict, each.requirements) for each in strange] == [(Verdict.WARNING, ())]


def test_a_refusal_is_judged_for_its_own_shape(grace: Release) -> None:
    """A 404 in the standard's shape is fine; one in another shape is a breach."""
    right = exchange({"code": "notFound", "reason": "unknown id"}, status=404)
    wrong = exchange({"detail": "unknown id"}, status=404)
    assert {
        finding.exchange for finding in judge(transcript(right, wrong), grace).findings if finding.requirements
    } == {2}


def test_a_500_alone_is_no_breach(grace: Release) -> None:
    """The standard declares Error500; whether it was wanted is for the step to say."""
    judged = judge(transcript(exchange({"code": "internalError", "reason": "sorry"}, status=500)), grace)
    assert judged.findings == ()


def test_html_in_place_of_json_is_unreadable(grace: Release) -> None:
    """A page of HTML is a breach of the payload clause, not an error of ours, where the API has answered before."""
    page = exchange(b"<html>", headers=(("Content-Type", "text/html"),))
    unknown = exchange({"code": "notFound", "reason": "There is none"}, status=404, path="/geographicAddress/2")
    judged = judge(transcript(unknown, page), grace)
    assert {finding.rule for finding in judged.findings} == {"contract.unreadable", "contract.header"}
    assert judge(transcript(page), grace).findings == (), "a login page, or a wrong base path"
    assert verdicts(judged)["MEF121-R10"] is Verdict.FAIL


def test_an_unknown_product_is_not_counted_as_judged(grace: Release) -> None:
    """A product that no schema describes leaves a warning, not a pass."""
    product = {"productConfiguration": {"@type": "urn:example:mine", "colour": "red"}}
    body = {
        "buyerRequestedQuoteLevel": "firm",
        "instantSyncQuote": True,
        "quoteItem": [{"id": "1", "action": "add", "product": product}],
    }
    seen = exchange(None, sent=body, api="quote", operation="createQuote", method="POST", path="/quote", status=500)
    found = verdicts(judge(transcript(seen), grace))
    assert found["MEF115-R8"] is Verdict.WARNING
    assert found["MEF115-R7"] is Verdict.PASS


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_HOSTILE = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["@type", "id", "quoteItem", "product", "productConfiguration", "place", "state", "", "~/"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(body=_HOSTILE.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40))
@pytest.mark.parametrize(
    ("api", "operation"),
    [
        ("quote", "createQuote"),
        ("productOrder", "createProductOrder"),
        ("geographicAddress", "createGeographicAddressValidation"),
    ],
)
def test_hostile_bodies_never_break_a_rule(grace: Release, api: str, operation: str, body: Any) -> None:
    """Absurd JSON and arbitrary bytes are breaches of their author's, never errors of ours."""
    seen = exchange(body, sent=body, api=api, operation=operation, method="POST", status=201)
    assert all(finding.verdict is not Verdict.ERROR for finding in judge(transcript(seen), grace).findings)
