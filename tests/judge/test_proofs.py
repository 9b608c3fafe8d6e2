"""Every rule is proven twice: a run that it passes, and one that it fails while no other rule fails."""

from __future__ import annotations

from collections import Counter

import pytest

from emulator.judge.echoes import CONTRACT
from emulator.judge.judge import Judgement, judge
from emulator.judge.rulebook import Rulebook
from emulator.judge.rules import BOOKS, CLAIMED, rules_of
from emulator.judge.verdict import Verdict
from emulator.record.exchange import provoked_in
from emulator.standard.proof import Proof
from emulator.standard.release import load_release

BY_CLAIM = [rule for book in rules_of(load_release()).claimed.values() for rule in (*book.rules, *book.closing)]
RULES = [*rules_of(load_release()).looking, *rules_of(load_release()).closing, *BY_CLAIM]
EVERY_BOOK = [*BOOKS.values(), *CLAIMED.values()]
RULE_IDS = [rule.id for rule in RULES if not rule.id.startswith(CONTRACT)]
REQUIREMENTS = load_release().numbered
WRONG = {Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED, Verdict.ERROR}


def judged(proof: Proof, *, right: bool) -> Judgement:
    run = proof.right if right else proof.wrong
    return judge(run, load_release(), declared=proof.declared, provoked=provoked_in(run))


def speaks_on(proof_id: str) -> tuple[str, ...]:
    """The requirements of a rule, or the one that the contract's rules see to."""
    for rule in RULES:
        if rule.id == proof_id:
            return rule.requirements
    return (proof_id,)


@pytest.mark.parametrize("proof", load_release().proofs.values(), ids=lambda proof: proof.id)
def test_a_rule_passes_what_is_right(proof: Proof) -> None:
    judgement = judged(proof, right=True)
    assert [finding for finding in judgement.findings if finding.verdict in WRONG] == []
    verdicts = {row.id: row.verdict for row in judgement.requirements}
    for identifier in speaks_on(proof.id):
        assert verdicts[identifier] is Verdict.PASS, identifier


@pytest.mark.parametrize("proof", load_release().proofs.values(), ids=lambda proof: proof.id)
def test_a_rule_notices_what_is_wrong_and_no_other_does(proof: Proof) -> None:
    judgement = judged(proof, right=False)
    found = [finding for finding in judgement.findings if finding.verdict in WRONG]
    if proof.never_fails:
        verdicts = {row.id: row.verdict for row in judgement.requirements}
        unseen = (Verdict.NOT_SEEN, Verdict.NOT_APPLICABLE)
        assert [identifier for identifier in speaks_on(proof.id) if verdicts[identifier] not in unseen] == []
        assert found == []
        return
    mine = [f for f in found if f.rule == proof.id or (f.rule.startswith(CONTRACT) and proof.id in f.requirements)]
    assert mine, found
    others = [f for f in found if f not in mine and f.rule not in proof.also]
    assert others == []
    assert {f.rule for f in found} >= set(proof.also), "`also` names a rule that does not fail"


def test_every_rule_has_its_own_id() -> None:
    assert [name for name, count in Counter(RULE_IDS).items() if count > 1] == []


@pytest.mark.parametrize("book", EVERY_BOOK, ids=lambda book: book.guide)
def test_every_rule_is_proven(book: Rulebook) -> None:
    unproven = {rule.id for rule in (*book.rules, *book.closing)} - set(load_release().proofs)
    assert sorted(unproven) == []


def test_no_proof_is_of_nothing() -> None:
    assert sorted(set(load_release().proofs) - set(RULE_IDS) - set(REQUIREMENTS)) == []


def test_every_rule_speaks_on_requirements_that_there_are() -> None:
    named = {
        identifier for book in EVERY_BOOK for rule in (*book.rules, *book.closing) for identifier in rule.requirements
    }
    assert sorted(named - set(REQUIREMENTS)) == []


@pytest.mark.parametrize("book", EVERY_BOOK, ids=lambda book: book.guide)
def test_every_requirement_on_the_wire_is_proven(book: Rulebook) -> None:
    proven = {identifier for proof in load_release().proofs for identifier in speaks_on(proof)}
    # What only the hybrid flow shows does not apply: no part of OIT plays it.
    wanted = [r.id for r in REQUIREMENTS.values() if r.guide == book.guide and not r.not_on_wire and not r.feature]
    assert [identifier for identifier in wanted if identifier not in proven] == []


def test_every_proof_asks_for_likely_causes() -> None:
    """`oit explain` has something to say to whoever is at fault, in whole questions."""
    without = [proof.id for proof in load_release().proofs.values() if not proof.ask]
    assert without == []
    assert [q for proof in load_release().proofs.values() for q in proof.ask if not q.endswith("?")] == []
