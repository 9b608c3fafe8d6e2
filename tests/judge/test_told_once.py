"""What is told of a place is told once, with a verdict, words and a question of the same finding."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.judge.hints import hints
from emulator.judge.judge import Judgement, judge
from emulator.judge.rule import responses
from emulator.judge.rulebook import Rulebook, breach
from emulator.judge.rules.contract import RULES as CONTRACT_RULES
from emulator.judge.run import Said
from emulator.judge.verdict import Finding, Verdict
from emulator.standard.breach import Breach, Check
from emulator.standard.release import load_release
from tests.judge.exchanges import exchange, fake_release, transcript

ON = responses("geographicAddress", "retrieveGeographicAddress")


def judged_with(label: str, said: Breach, *contract: Breach) -> Judgement:
    """The judgement of one answer, of which the contract says some breaches and a rule of MEF 121 another."""
    book = Rulebook("MEF121", "geographicAddress")

    @book.rule(label, on=ON)
    def look(_: Said) -> Any:
        """What a test wants."""
        yield said

    return judge(
        transcript(exchange({"x": 1})), fake_release((), contract), rules=(*CONTRACT_RULES, *book.rules), closing=()
    )


def verdict_of(judged: Judgement, requirement: str) -> Verdict:
    return next(row.verdict for row in judged.requirements if row.id == requirement)


ENUM = Breach("/x", ["a", "b"], 1, "1 is not one of a, b")


def test_what_the_contract_fails_is_not_told_in_the_words_of_a_should() -> None:
    judged = judged_with("D7", breach("/x", "partial", 1, "it should be partial"), ENUM)
    (finding,) = judged.findings
    assert (finding.rule, finding.verdict, finding.message) == ("contract.schema", Verdict.FAIL, ENUM.message)
    assert "MEF121-D7" not in finding.requirements
    assert verdict_of(judged, "MEF121-D7") is Verdict.WARNING


def test_a_hint_does_not_become_a_fail() -> None:
    judged = judged_with("R15", breach("/x", "absent", 1, "it should not be there", hint=True), ENUM)
    assert [(f.rule, f.verdict) for f in judged.findings] == [("contract.schema", Verdict.FAIL)]


def test_two_fails_of_one_place_are_one_in_the_words_of_the_guide() -> None:
    judged = judged_with("R15", breach("/x", 2, 1, "it was 2"), ENUM)
    (finding,) = judged.findings
    assert (finding.verdict, finding.message) == (Verdict.FAIL, "it was 2")
    assert finding.requirements == ("MEF121-R15", "MEF121-R10")


def test_a_warning_of_the_contract_fails_no_requirement_of_its_own() -> None:
    alias = Breach("/productConfiguration/@type", "urn:right", "urn:wrong", "spelt otherwise", Check.UNCHECKED)
    judged = judged_with("R15", breach(alias.place, 2, 1, "it was 2"), alias)
    assert [(f.verdict, f.requirements) for f in judged.findings] == [(Verdict.FAIL, ("MEF121-R15",))]
    assert verdict_of(judged, "MEF121-R10") is Verdict.PASS


def listed(status: int, body: Any, *before: Any) -> list[Finding]:
    def ask(status: int, body: Any) -> Any:
        return exchange(body, operation="listProduct", api="productInventory", path="/product", status=status)

    run = transcript(*(ask(200, each) for each in before), ask(status, body))
    return [f for f in judge(run, load_release()).findings if f.rule == "MEF116-R12"]


@pytest.mark.parametrize("body", [b"", b"<html>404</html>", {"message": "no Route matched"}, {"code": "notFound"}])
def test_a_404_of_a_gateway_is_no_list(body: Any) -> None:
    assert listed(404, body) == []
    assert listed(404, body, [])


def test_a_404_in_the_standards_words_is_one() -> None:
    assert listed(404, {"code": "notFound", "reason": "no product"})


@pytest.mark.parametrize(("callback", "told"), [("nowhere", False), ("http://buyer.example", True)])
@pytest.mark.parametrize(
    ("api", "event", "rule"),
    [
        ("productOfferingQualification", "poqCreateEvent", "MEF87-R53.query"),
        ("quote", "quoteStateChangeEvent", "MEF115-R55.query"),
    ],
)
def test_a_subscription_that_is_rightly_refused_is_no_fault(
    api: str, event: str, rule: str, callback: str, told: bool
) -> None:
    def subscribe(query: str, callback: str, status: int) -> Any:
        sent = {"callback": callback, "query": query}
        body = {"id": "1", **sent} if status == 201 else {"code": "invalidBody", "reason": "no"}
        return exchange(
            body, operation="registerListener", api=api, method="POST", path="/hub", sent=sent, status=status
        )

    run = transcript(subscribe("", "http://buyer.example", 201), subscribe(f"eventType={event}", callback, 400))
    assert bool([f for f in judge(run, load_release()).findings if f.rule == rule]) is told


# -- questions -----------------------------------------------------------------------------------------


def row(rule: str, expected: Any, found: Any, **more: Any) -> dict[str, Any]:
    return {
        "rule": rule,
        "requirements": [],
        "blame": "seller",
        "pointer": "/x",
        "expected": expected,
        "found": found,
        **more,
    }


@pytest.mark.parametrize(
    ("expected", "found", "word"),
    [
        ("number", "145.0", "sent as a text"),
        ("integer", "7", "sent as a text"),
        ("string", 7, "where the contract has a text"),
        ("string", True, "where the contract has a text"),
        ("boolean", "true", "as a text"),
        ("array", {}, "list of one entry"),
        ("object", [], "one object"),
        ("date-time", "2025-06-09 09:46:51", "T and its offset"),
        ("date", "9.6.2025", "day"),
        ("given", None, "left out"),
        (["inProgress", "done"], "in-progress", "Is inProgress meant?"),
        (["calendarMonths"], "calendarYears", "without being translated"),
    ],
)
def test_the_question_fits_what_the_contract_misses(expected: Any, found: Any, word: str) -> None:
    """Whatever requirement is hurt: its own question was written for another kind of slip."""
    for requirements in ([], ["MEF115-R9"], ["MEF121-R6", "MEF121-R10"]):
        (question,) = hints(load_release(), row("contract.schema", expected, found, requirements=requirements))
        assert word in question


@pytest.mark.parametrize(("expected", "found"), [("maxItems 3", [1]), (["a"], 5), ("number", None), ("string", {})])
def test_where_no_question_fits_there_is_none(expected: Any, found: Any) -> None:
    assert hints(load_release(), row("contract.schema", expected, found, requirements=["MEF115-R9"])) == ()


def test_a_rules_question_is_asked_of_the_member_that_it_was_written_for() -> None:
    """MEF123-R16 asks about the billing account; where the term differs, it does not."""
    account = row("MEF123-R16", "ba-77", "ba-78", pointer="/productOrderItem/3/billingAccount/id")
    assert "billing account" in hints(load_release(), account)[0]
    assert hints(load_release(), {**account, "found": None}) == ()
    assert hints(load_release(), {**account, "blame": "buyer"}) == ()
    assert hints(load_release(), {**account, "pointer": "/productOrderItem/0/requestedItemTerm/name"}) == ()


def test_a_query_parameter_given_twice_is_its_senders_breach() -> None:
    asked = exchange(
        [], operation="listProduct", api="productInventory", path="/product?status=active&status=terminated"
    )
    (finding,) = judge(transcript(asked), load_release()).findings
    assert (finding.rule, finding.verdict, finding.blame) == ("contract.query", Verdict.FAIL, "buyer")
    assert (finding.pointer, finding.found) == ("?status", ["active", "terminated"])


def test_a_member_given_twice_in_an_answer_is_the_sellers_breach() -> None:
    raw = b'{"id": "1", "@type": "FieldedAddress", "streetName": "a", "city": "b", "country": "c", "city": "d"}'
    (finding,) = judge(transcript(exchange(raw)), load_release()).findings
    assert (finding.rule, finding.verdict, finding.blame) == ("contract.duplicate-member", Verdict.FAIL, "seller")
    assert (finding.pointer, finding.found) == ("/city", "d")
