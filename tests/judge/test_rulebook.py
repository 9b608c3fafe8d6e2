"""What follows from a breach: keyword, readings, declarations; the words; and one fault told once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from emulator.judge.judge import Judgement, judge
from emulator.judge.rule import FINE, Mark, Remark, on_party, on_request, responses
from emulator.judge.rulebook import Rulebook, breach
from emulator.judge.rules import common, contract
from emulator.judge.run import Run, Said
from emulator.judge.verdict import Blame, Verdict
from emulator.record.exchange import Exchange, Party
from emulator.standard.declared import Declared
from emulator.standard.labels import Labels
from emulator.standard.release import load_release
from tests.judge.exchanges import exchange, transcript

READ = responses("geographicAddress", "retrieveGeographicAddress")
ENTRY = "expected-completion-date-after-end"


def read(body: Any) -> Exchange:
    return exchange(body)


def judged(
    book: Rulebook, *bodies: Any, declared: Declared | None = None, provoked: frozenset[int] = frozenset()
) -> Judgement:
    return judge(
        transcript(*map(read, bodies)),
        load_release(),
        rules=tuple(book.rules),
        closing=tuple(book.closing),
        declared=declared or Declared(),
        provoked=provoked,
    )


def verdict(judgement: Judgement, identifier: str) -> Verdict:
    return next(row.verdict for row in judgement.requirements if row.id == identifier)


def always(label: str, **how: Any) -> Rulebook:
    """A book with one rule, which finds fault with every read."""
    book = Rulebook(label.partition("-")[0], "geographicAddress")

    @book.rule(label, on=READ)
    def finds_fault(_said: Said) -> Iterator[Mark]:
        yield breach("/city", "Ashburn", "Paris", **how)

    return book


@pytest.mark.parametrize(
    ("label", "how", "expected"),
    [
        ("MEF121-R15", {}, Verdict.FAIL),  # MUST NOT
        ("MEF121-D1", {}, Verdict.WARNING),  # SHOULD
        ("MEF123-O13", {}, Verdict.FAIL),  # MAY, used wrongly
        ("MEF121-R15", {"hint": True}, Verdict.WARNING),
    ],
)
def test_the_verdict_follows_from_the_keyword(label: str, how: dict[str, Any], expected: Verdict) -> None:
    judgement = judged(always(label, **how), {"id": "1"})
    assert [(f.verdict, f.blame) for f in judgement.findings] == [(expected, Blame.SELLER)]
    assert verdict(judgement, label) is expected


@pytest.mark.parametrize(
    ("readings", "expected", "row"),
    [
        ({}, [(Verdict.DISPUTED, Blame.SPEC)], Verdict.DISPUTED),
        ({ENTRY: "gone"}, [(Verdict.FAIL, Blame.SELLER)], Verdict.FAIL),
        ({ENTRY: "kept"}, [], Verdict.NOT_SEEN),
    ],
)
def test_a_reading_counts_where_it_holds(
    readings: dict[str, str], expected: list[tuple[Verdict, Blame]], row: Verdict
) -> None:
    """By default it is disputed, pinned it fails, and where another one holds nothing was shown by it."""
    book = always("MEF123-R27", reading=(ENTRY, "gone"))
    judgement = judged(book, {"id": "1"}, declared=Declared(readings=readings))
    assert [(f.verdict, f.blame) for f in judgement.findings] == expected
    assert verdict(judgement, "MEF123-R27") is row


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, Verdict.FAIL),  # nobody said, and it is used
        ({"MEF123-O19": True}, Verdict.FAIL),
        ({"MEF123-O19": False}, Verdict.NOT_APPLICABLE),
    ],
)
def test_an_option_that_is_declared_unused_binds_nobody(options: dict[str, bool], expected: Verdict) -> None:
    judgement = judged(always("MEF123-CR7"), {"id": "1"}, declared=Declared(options=options))
    assert bool(judgement.findings) is (expected is Verdict.FAIL)
    assert verdict(judgement, "MEF123-CR7") is expected


def test_an_option_that_nobody_declared_or_used_does_not_apply() -> None:
    assert verdict(judged(Rulebook("MEF123", "productOrder")), "MEF123-CR7") is Verdict.NOT_APPLICABLE


def test_silence_is_not_seen() -> None:
    book = Rulebook("MEF121", "geographicAddress")

    @book.rule("R15", on=READ)
    def sees_nothing(_said: Said) -> Iterator[Mark]:
        yield from ()

    assert verdict(judged(book, {"id": "1"}), "MEF121-R15") is Verdict.NOT_SEEN


def test_the_words() -> None:
    book = Rulebook("MEF121", "geographicAddress")
    book.present("R1", "/*", "/a", on=READ)
    book.absent("R2", "/*", "/b", on=READ)
    book.one_of("R3", "/*", "/c", (True, "x"), on=READ)
    book.unique("R4", "/*", "/d", on=READ)
    book.has_role("R5", "/*", "owner", on=READ)
    good = [{"a": 1, "c": True, "d": "1", "relatedContactInformation": [{"role": "owner"}]}, {"a": 0, "b": None, "d": "2",
            "relatedContactInformation": [{"role": "owner"}, 7]}, "no object"]  # fmt: skip
    assert judged(book, good).findings == ()
    bad = [{"a": "", "b": 1, "c": 1, "d": "1"}, {"c": "y", "d": "1", "relatedContactInformation": {}}]
    found = [(f.rule[-2:], f.pointer) for f in judged(book, bad).findings]
    assert found == [
        ("R1", "/0/a"), ("R1", "/1/a"), ("R2", "/0/b"), ("R3", "/0/c"), ("R3", "/1/c"), ("R4", "/1/d"),
        ("R5", "/0/relatedContactInformation"), ("R5", "/1/relatedContactInformation"),
    ]  # fmt: skip


def test_one_fault_is_told_once() -> None:
    """Where the contract and a rule see the same place, the rule speaks, for the requirements of both."""
    book = Rulebook("MEF121", "geographicAddress")
    book.present("R21", "", "/country", on=READ)
    body = {"@type": "FieldedAddress", "id": "1", "city": "Ashburn", "streetName": "Main"}
    judgement = judge(transcript(read(body)), load_release(), rules=(*contract.RULES, *book.rules), closing=())
    assert [(f.rule, f.pointer) for f in judgement.findings] == [("MEF121-R21", "/country")]
    assert set(judgement.findings[0].requirements) == {"MEF121-R21", "MEF121-R6", "MEF121-R10"}


def test_what_was_wrong_on_purpose_is_no_matter_for_closing_rules_either() -> None:
    book = Rulebook("MEF121", "geographicAddress")

    @book.at_end("R15")
    def looks_at_requests(run: Run) -> Iterator[Remark]:
        for each in run.exchanges:
            yield on_request(each, breach("", "another", "this"))

    @book.at_end("R16")
    def looks_at_all(run: Run) -> Iterator[Remark]:
        if run.exchanges:
            yield on_party(Party.BUYER, FINE)

    judgement = judged(book, {"id": "1"}, {"id": "2"}, provoked=frozenset({1}))
    assert [(f.exchange, f.blame) for f in judgement.findings] == [(2, Blame.BUYER)]
    assert verdict(judgement, "MEF121-R16") is Verdict.PASS


def test_a_closing_rule_that_breaks_is_our_error() -> None:
    book = Rulebook("MEF121", "geographicAddress")

    @book.at_end("R15")
    def breaks(_run: Run) -> Iterator[Remark]:
        raise RuntimeError("oops")
        yield  # type: ignore[unreachable]

    (finding,) = judged(book, {"id": "1"}).findings
    assert (finding.verdict, finding.blame, finding.exchange) == (Verdict.ERROR, Blame.EMULATOR, None)


def test_a_rule_without_requirement_needs_a_name() -> None:
    with pytest.raises(ValueError, match="needs a name"):
        Rulebook("MEF121", "geographicAddress").present((), "", "/a", on=READ)


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ([{"id": "1"}], []),
        ([], []),
        ([{"id": "2"}], ["/0/id"]),
        ([{"id": "1"}, {"id": "1"}], [""]),
        ({"id": "2"}, ["/id"]),
    ],
)
def test_what_is_read_by_an_id_may_come_as_a_list_of_one(body: Any, places: list[str]) -> None:
    book = Rulebook("MEF116", "productInventory")
    common.keeps_id(book, (), "product")
    asked = exchange(body, api="productInventory", operation="retrieveProduct", path="/product/1")
    judgement = judge(transcript(replace(asked, path_params={"id": "1"})), load_release(), rules=tuple(book.rules))
    assert [each.pointer for each in judgement.findings if each.rule == "MEF116.id"] == places


def test_a_rule_is_silent_where_another_clause_says_it_better() -> None:
    book = Rulebook("MEF121", "geographicAddress")
    book.rule(on=READ, name="always")(lambda _said: [FINE])
    with book.unless("MEF121-better"):
        book.rule(on=READ, name="else")(lambda _said: [FINE])
        book.at_end(name="last")(lambda _run: [])
    told = {"MEF121-better": "MEF121-R9"}

    def names(there: dict[str, str]) -> list[str]:
        made = book.told_by(Labels(there))
        return [each.id for each in (*made.rules, *made.closing)]

    assert names({}) == ["MEF121.always", "MEF121.else", "MEF121.last"]
    assert names(told) == ["MEF121.always"]
