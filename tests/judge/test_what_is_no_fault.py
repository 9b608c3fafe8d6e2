"""What a right party may do, and a careful judge does not take for a fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from emulator.judge.judge import judge
from emulator.judge.rule import Remark, on_response
from emulator.judge.rulebook import Rulebook, breach
from emulator.judge.rules.common.values import by_id
from emulator.judge.run import Run
from emulator.judge.verdict import Blame
from emulator.record.exchange import Transcript, provoked_in
from emulator.record.payload import at, dump
from emulator.standard.release import load_release
from tests.judge.exchanges import exchange, transcript
from tests.judge.spoiling import nth, recorded, swapped, with_answer, with_request


def respelt(run: Transcript, old: bytes, new: bytes, *numbers: int) -> Transcript:
    """The run with other bytes in the responses of these exchanges, of all if none is named."""
    told = Transcript()
    for each in run:
        response = each.response
        if response is not None and (not numbers or each.n in numbers):
            response = replace(response, raw=response.raw.replace(old, new))
        told.add(replace(each, response=response))
    return told


@pytest.mark.parametrize("identifier", ["MEF123.item-dates", "MEF123.productOrder.steady"])
def test_an_instant_may_lose_its_fraction_on_the_way_to_a_database(identifier: str) -> None:
    proof = load_release().proofs[identifier]
    precise = respelt(proof.right, b":03Z", b":03.250Z")
    rounded = respelt(precise, b":03.250Z", b":03Z", len(precise))
    assert rounded[len(rounded)].response != precise[len(precise)].response
    assert judge(rounded, load_release(), declared=proof.declared).findings == ()


@pytest.mark.parametrize("identifier", ["MEF115-CR1", "MEF115-CR3"])
def test_an_event_that_nobody_could_record_was_perhaps_sent(identifier: str) -> None:
    """A capture of the buyer's requests holds no notifications: their absence warns; where we listened, it fails."""
    proof = load_release().proofs[identifier]
    silent = Transcript()
    for each in proof.wrong:
        if each.kind != "notification":
            silent.add(each)
    hub = next(each for each in silent if each.operation == "registerListener")

    def verdicts(*heard: str) -> set[str]:
        found = judge(silent, load_release(), declared=proof.declared, heard=heard).findings
        return {str(finding.verdict) for finding in found}

    assert verdicts() == {"warning"}
    assert verdicts("http://elsewhere.example") == {"warning"}
    assert verdicts(at(hub.request.body, "/callback")) == {"fail"}


def test_a_response_that_was_spoilt_on_purpose_is_nobodys_fault() -> None:
    book = Rulebook("MEF121", "geographicAddress")

    @book.at_end("R15")
    def looks_at_responses(run: Run) -> Iterator[Remark]:
        for each in run.exchanges:
            yield on_response(each, breach("", "another", "this"))

    two = transcript(exchange({"id": "1"}), exchange({"id": "2"}))
    judged = judge(two, load_release(), rules=(), closing=tuple(book.closing), spoilt=frozenset({1}))
    assert [finding.exchange for finding in judged.findings] == [2]


def test_a_spoilt_answer_shows_no_resource() -> None:
    exchanges = list(load_release().proofs["MEF123.item-dates"].right)
    last = exchanges[-1]
    run = Run(load_release(), spoilt=frozenset({last.n}))
    for each in exchanges:
        run.add(each)
    assert run.shown(exchanges[-2])
    assert not run.shown(last)


def renamed(run: Transcript, old: bytes, new: bytes) -> Transcript:
    """The run with other bytes in its requests and answers."""
    told = Transcript()
    for each in respelt(run, old, new):
        told.add(replace(each, request=replace(each.request, raw=each.request.raw.replace(old, new))))
    return told


def test_a_seller_that_gives_back_what_it_was_sent_is_not_blamed_for_it() -> None:
    """A member that nobody knows is odd of whoever thought of it, in the answer as in every read."""
    proof = load_release().proofs["MEF123-R16"]
    odd = renamed(proof.right, b'"externalId"', b'"colour":"red","externalId"')
    blamed = {f.blame for f in judge(odd, load_release(), declared=proof.declared).findings}
    assert blamed == {Blame.BUYER}
    alone = respelt(proof.right, b'"externalId"', b'"colour":"red","externalId"')
    found = judge(alone, load_release(), declared=proof.declared).findings
    assert Blame.SELLER in {f.blame for f in found if f.rule == "contract.unknown-member"}


def test_an_instant_with_small_letters_is_the_same_instant() -> None:
    """RFC 3339 lets T and Z be lower-case (5.6): no right run of any proof is wrong so."""
    respelt_at_all = False
    for identifier, proof in load_release().proofs.items():
        small = Transcript()
        for each in proof.right:
            assert each.response is not None
            answer = _INSTANT.sub(rb'"\1t\2z"', each.response.raw)
            respelt_at_all = respelt_at_all or answer != each.response.raw
            small.add(replace(each, response=replace(each.response, raw=answer)))
        found = judge(small, load_release(), declared=proof.declared, provoked=provoked_in(small)).findings
        assert found == (), identifier
    assert respelt_at_all


_INSTANT = re.compile(rb'"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)Z"')


def test_what_the_inventory_hides_a_buyer_may_know_from_its_order() -> None:
    """MEF 123 R40, MEF 87 R38: offering and relations that are not shown at all are no yardstick."""
    for identifier in ("MEF123-R40", "MEF87-R38", "MEF115-R46"):
        proof = load_release().proofs[identifier]
        hidden = Transcript()
        for each in proof.right:
            response = each.response
            assert response is not None
            body = response.body
            if each.operation == "retrieveProduct" and isinstance(body, dict):
                bare = {key: value for key, value in body.items() if key != "productRelationship"}
                response = replace(response, raw=dump(bare))
            hidden.add(replace(each, response=response))
        found = judge(hidden, load_release(), declared=proof.declared).findings
        assert [f for f in found if f.blame is Blame.BUYER] == [], identifier


@pytest.mark.parametrize(
    ("api", "operation", "path", "breaks"),
    [("geographicSite", "listGeographicSite", "/geographicSite", False), ("quote", "listQuote", "/quote", True)],
)
def test_a_limit_that_the_list_does_not_have_limits_nothing(api: str, operation: str, path: str, breaks: bool) -> None:
    """A Seller leaves out of account what the contract does not know; where it has the parameter, it holds."""
    listed = [{"id": str(number)} for number in range(5)]
    found = judge(transcript(exchange(listed, api=api, operation=operation, path=f"{path}?limit=1")), load_release())
    said = {each.rule for each in found.findings if "entries were sent where" in each.message}
    assert bool(said) is breaks


@pytest.mark.parametrize("identifier", ["MEF123-R40", "MEF87-R38", "MEF115-R46"])
@pytest.mark.parametrize(
    "broken",
    [
        {"productOffering": {"id": 7}},
        {"productOffering": "an offering"},
        {"productRelationship": [7]},
        {"productRelationship": [{"id": None, "relationshipType": "x"}]},
        {"productRelationship": "none"},
    ],
    ids=str,
)
def test_what_the_inventory_showed_broken_is_no_yardstick(identifier: str, broken: dict[str, Any]) -> None:
    """The Seller is told of it; the Buyer cannot repeat what cannot be read."""
    proof = load_release().proofs[identifier]
    shown = Transcript()
    for each in proof.right:
        response = each.response
        assert response is not None
        if each.operation == "retrieveProduct" and isinstance(response.body, dict):
            response = replace(response, raw=dump(response.body | broken))
        shown.add(replace(each, response=response))
    found = judge(shown, load_release(), declared=proof.declared).findings
    assert Blame.SELLER in {each.blame for each in found}
    assert [each for each in found if each.blame is Blame.BUYER] == []


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("access-eline/new-install", "createQuote"),
        ("access-eline/new-install", "createProductOrder"),
        ("access-eline/new-install", "createProductOfferingQualification"),
        ("order/modify-delivery-date", "createModifyProductOrderItemRequestedDeliveryDate"),
        ("order/cancel", "createCancelProductOrder"),
        ("quote/decline", "rejectQuote"),
        ("quote/cancel", "cancelQuote"),
        ("quote/with-notifications", "registerListener"),
        ("order/with-notifications", "registerListener"),
    ],
)
def test_a_seller_need_not_give_back_what_the_contract_does_not_know(name: str, operation: str) -> None:
    """Nor what is the seller's own to say: its id and state."""
    run = recorded(name)
    asked = nth(run.exchanges, operation)
    more = {"colour": "green", "id": "mine", "state": "done"}
    found = run.judged(tuple(swapped(run.exchanges, with_request(asked, lambda body: {**body, **more})))).findings
    assert {f.blame for f in found} == {Blame.BUYER}


def test_a_seller_does_not_make_up_a_query() -> None:
    run = recorded("quote/ends-told")
    hub = with_answer(
        nth(run.exchanges, "registerListener"), lambda body: {**body, "query": "eventType=quoteItemStateChangeEvent"}
    )
    assert "MEF115-O3" in {f.rule for f in run.judged(tuple(swapped(run.exchanges, hub))).findings}


@pytest.mark.parametrize(
    ("asked", "rules"), [("", []), ("If-None-Match", []), ("If-Modified-Since", []), ("X-Other", ["contract.status"])]
)
def test_who_asks_whether_something_has_changed_is_told_that_it_has_not(asked: str, rules: list[str]) -> None:
    known = exchange(status=304, headers=())
    known = replace(known, request=replace(known.request, headers=((asked, "x"),) if asked else ()))
    before = exchange({"code": "notFound", "reason": "none"}, status=404)
    found = judge(transcript(before, known), load_release()).findings
    assert [finding.rule for finding in found] == rules


def test_what_shares_an_id_is_not_told_apart() -> None:
    """Two items of one id are whose who gave it; nobody is held to one of them by the other."""
    assert by_id([{"id": "1", "a": 1}, {"id": "1", "a": 2}, {"id": "2"}, {"id": 3}, 4]) == {"2": {"id": "2"}}
