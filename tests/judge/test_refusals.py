"""What a refusal says: no pass for whoever was refused, a warning where nothing explains it, and else no blame."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from emulator.judge.judge import judge
from emulator.judge.refusals import NOT_SERVED, REFUSED
from emulator.judge.roles import OBSERVED, SELF_TEST, Roles
from emulator.judge.verdict import Blame, Finding, Verdict
from emulator.record.exchange import Exchange, Party
from emulator.standard.release import load_release
from tests.judge.exchanges import exchange, transcript

RIGHT = load_release().proofs["MEF115-R18"].right[1]
"""A right request for a quote."""
BUYER_UNDER_TEST = Roles.testing(Party.BUYER)
UNKNOWN = {"code": "notFound", "reason": "There is nothing with this id"}


def asked(status: int, answer: Any, request: Exchange = RIGHT) -> Exchange:
    """The right request for a quote, answered otherwise."""
    return replace(request, response=exchange(answer, status=status).response)


def issue(code: str, place: str) -> list[dict[str, str]]:
    return [{"code": code, "propertyPath": place, "reason": "it cannot be"}]


def read(operation: str, api: str, identifier: str, status: int, answer: Any) -> Exchange:
    seen = exchange(answer, operation=operation, api=api, path=f"/{identifier}", status=status)
    return replace(seen, path_params={"id": identifier})


def said(*exchanges: Exchange, roles: Roles = BUYER_UNDER_TEST, **more: Any) -> list[Finding]:
    """What is found in a run, but for breaches of the contract by made-up answers."""
    judged = judge(transcript(*exchanges), load_release(), roles=roles, **more)
    return [finding for finding in judged.findings if finding.rule.startswith("flow.")]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 501, 503])
def test_no_requirement_passes_by_a_refused_request(status: int) -> None:
    """Neither where the buyer is under test nor in a capture. What failed to be answered is still what was asked."""

    def passed(answered: int, roles: Roles) -> set[str]:
        judged = judge(transcript(asked(answered, UNKNOWN)), load_release(), roles=roles)
        return {row.id for row in judged.requirements if row.verdict is Verdict.PASS}

    for roles in (BUYER_UNDER_TEST, OBSERVED):
        assert "MEF115-R18" in passed(500, roles)
        assert "MEF115-R18" not in passed(status, roles)


def test_a_breach_in_a_refused_request_is_still_a_breach() -> None:
    (wrong,) = load_release().proofs["MEF115-R18"].wrong
    refused = asked(422, issue("missingProperty", "/relatedContactInformation"), wrong)
    judged = judge(transcript(refused), load_release(), roles=BUYER_UNDER_TEST)
    assert [(finding.rule, finding.verdict) for finding in judged.findings] == [("MEF115-R18", Verdict.FAIL)]


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (422, issue("invalidValue", "/quoteItem/0/product")),
        (422, issue("missingProperty", "/quoteItem/0/agreementName")),
        (422, issue("referenceNotFound", "/quoteItem/0/productOfferingQualificationItem/id")),
        (422, [*issue("referenceNotFound", "/quoteItem/0/product/place/0/id"), *issue("invalidValue", "/quoteItem/0/id")]),
        (400, {"code": "invalidBody", "reason": "it cannot be"}),
        (409, {"code": "conflict", "reason": "it cannot be"}),
    ],
    ids=lambda value: value if isinstance(value, int) else "",
)  # fmt: skip
def test_a_refusal_that_nothing_explains_is_a_warning_against_the_sender(status: int, answer: Any) -> None:
    (finding,) = said(asked(status, answer))
    assert (finding.rule, finding.verdict, finding.blame) == (REFUSED, Verdict.WARNING, Blame.BUYER)
    assert f"answered {status}" in finding.message


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (401, {"code": "missingCredentials", "reason": "who are you"}),
        (403, {"code": "forbiddenRequester", "reason": "not you"}),
        (413, {"reason": "too long"}),
        (429, {"reason": "too many"}),
        (501, {"code": "notImplemented", "reason": "not here"}),
        (503, {"reason": "later"}),
        (422, issue("tooManyRecords", "")),
        (422, issue("otherIssue", "/quoteItem/0")),
        (422, issue("referenceNotFound", "/quoteItem/0/product/productOffering/id")),
        (422, issue("referenceNotFound", "/quoteItem/0/product/place/0/id")),
        (422, issue("referenceNotFound", "/quoteItem/0/product/productRelationship/0/id")),
        (422, issue("referenceNotFound", "/quoteItem/0/product/id")),
    ],
)
def test_what_lies_with_our_seller_is_told_and_nobodys_fault(status: int, answer: Any) -> None:
    (finding,) = said(asked(status, answer))
    assert (finding.rule, finding.verdict, finding.blame) == (NOT_SERVED, Verdict.NOT_APPLICABLE, Blame.NOBODY)


def test_ids_of_what_a_seller_keeps_may_be_wrong_and_those_of_what_it_made_may_not() -> None:
    kept = [("retrieveProduct", "productInventory"), ("retrieveGeographicAddress", "geographicAddress"),
            ("retrieveGeographicSite", "geographicSite")]  # fmt: skip
    for operation, api in kept:
        (finding,) = said(read(operation, api, "nothing", 404, UNKNOWN))
        assert finding.rule == NOT_SERVED
    for operation, api in [("retrieveQuote", "quote"), ("retrieveProductOrder", "productOrder")]:
        (finding,) = said(read(operation, api, "nothing", 404, UNKNOWN))
        assert (finding.rule, finding.blame) == (REFUSED, Blame.BUYER)


def test_an_id_that_was_given_is_no_invention() -> None:
    hub = exchange({"id": "h1", "callback": "http://b.test"}, operation="registerListener", api="productOrder",
                   method="POST", path="/hub", sent={"callback": "http://b.test"}, status=201)  # fmt: skip
    assert [finding.rule for finding in said(hub, read("retrieveHub", "productOrder", "h1", 404, UNKNOWN))] == [
        NOT_SERVED
    ]
    assert [finding.rule for finding in said(hub, read("retrieveHub", "productOrder", "h2", 404, UNKNOWN))] == [REFUSED]


def test_who_looks_whether_a_subscription_is_really_gone_is_not_told_of() -> None:
    ended = replace(
        exchange(None, operation="unregisterListener", api="productOrder", method="DELETE", status=204, path="/hub/h1"),
        path_params={"id": "h1"},
    )
    assert said(ended, read("retrieveHub", "productOrder", "h1", 404, UNKNOWN), replace(
        ended, response=exchange(UNKNOWN, status=404).response)) == []  # fmt: skip


def test_callbacks_that_our_seller_may_not_call_are_our_sellers_choice() -> None:
    def hub(reason: str) -> Exchange:
        return exchange({"code": "invalidBody", "reason": reason}, operation="registerListener", api="quote",
                        method="POST", path="/hub", sent={"callback": "http://169.254.169.254"}, status=400)  # fmt: skip

    assert [finding.rule for finding in said(hub("callbacks to 169.254.169.254 are not allowed"))] == [NOT_SERVED]
    assert [finding.rule for finding in said(hub("There is no event type x"))] == [REFUSED]


def test_what_is_odd_but_allowed_explains_only_the_refusal_that_names_it() -> None:
    """A member that nobody knows is a warning by itself; a seller that refuses unknown members names it."""
    body = {**RIGHT.request.body, "colour": "red"}
    request = exchange(None, operation="createQuote", api="quote", method="POST", path="/quote", sent=body)
    names_it = asked(422, issue("unexpectedProperty", "/colour"), request)
    assert said(names_it) == []
    names_another = asked(422, issue("invalidValue", "/quoteItem/0/product"), request)
    assert [finding.rule for finding in said(names_another)] == [REFUSED]


def test_what_was_provoked_awaited_or_spoilt_is_not_told() -> None:
    refused = asked(422, issue("invalidValue", "/quoteItem/0/product"))
    assert said(refused, provoked=frozenset({1})) == []
    assert said(refused, expected=frozenset({1})) == []
    assert said(refused, spoilt=frozenset({1})) == []
    assert said(refused, roles=SELF_TEST) == []


@pytest.mark.parametrize("sut", [None, *Party])
def test_what_a_partner_refuses_is_told_without_blame(sut: Party | None) -> None:
    """In a capture nobody here knows the seller's reasons."""
    refused = asked(409, {"code": "conflict", "reason": "it cannot be"})
    (finding,) = said(refused, roles=Roles.captured(sut))
    assert (finding.verdict, finding.blame) == (Verdict.NOT_APPLICABLE, Blame.NOBODY)


def test_what_we_refuse_of_our_own_is_not_told_of_the_party_under_test() -> None:
    assert said(asked(422, issue("invalidValue", "/quoteItem/0/product")), roles=Roles.testing(Party.SELLER)) == []
