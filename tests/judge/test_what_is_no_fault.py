"""What a right party may do, and a careful judge does not take for a fault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from emulator.judge.judge import judge
from emulator.judge.proof import load_proofs
from emulator.judge.rule import Remark, on_response
from emulator.judge.rulebook import Rulebook, breach
from emulator.judge.run import Run
from emulator.standard.release import load_release
from emulator.wire.exchange import Transcript
from emulator.wire.payload import at
from tests.judge.exchanges import exchange, transcript


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
    proof = load_proofs()[identifier]
    precise = respelt(proof.right, b":03Z", b":03.250Z")
    rounded = respelt(precise, b":03.250Z", b":03Z", len(precise))
    assert rounded[len(rounded)].response != precise[len(precise)].response
    assert judge(rounded, load_release(), declared=proof.declared).findings == ()


@pytest.mark.parametrize("identifier", ["MEF115-CR1", "MEF115-CR3"])
def test_an_event_that_nobody_could_record_was_perhaps_sent(identifier: str) -> None:
    """A capture of the buyer's requests holds no notifications: their absence warns; where we listened, it fails."""
    proof = load_proofs()[identifier]
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
    exchanges = list(load_proofs()["MEF123.item-dates"].right)
    last = exchanges[-1]
    run = Run(load_release(), spoilt=frozenset({last.n}))
    for each in exchanges:
        run.add(each)
    assert run.shown(exchanges[-2])
    assert not run.shown(last)
