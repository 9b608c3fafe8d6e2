"""Every rule is proven twice: a run that it passes, and one that it fails while no other rule fails."""

from __future__ import annotations

from collections import Counter

import pytest

from emulator.judge.judge import CONTRACT, Judgement, judge
from emulator.judge.proof import Proof, load_proofs
from emulator.judge.rulebook import Rulebook
from emulator.judge.rules import BOOKS, CLOSING, RULES
from emulator.judge.verdict import Verdict
from emulator.standard.release import load_release
from emulator.standard.requirement import load_requirements

RULE_IDS = [rule.id for rule in (*RULES, *CLOSING) if not rule.id.startswith(CONTRACT)]
REQUIREMENTS = load_requirements()
WRONG = {Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED, Verdict.ERROR}


def judged(proof: Proof, *, right: bool) -> Judgement:
    return judge(proof.right if right else proof.wrong, load_release(), declared=proof.declared)


def speaks_on(proof_id: str) -> tuple[str, ...]:
    """The requirements of a rule, or the one that the contract's rules see to."""
    for rule in (*RULES, *CLOSING):
        if rule.id == proof_id:
            return rule.requirements
    return (proof_id,)


@pytest.mark.parametrize("proof", load_proofs().values(), ids=lambda proof: proof.id)
def test_a_rule_passes_what_is_right(proof: Proof) -> None:
    judgement = judged(proof, right=True)
    assert [finding for finding in judgement.findings if finding.verdict in WRONG] == []
    verdicts = {row.id: row.verdict for row in judgement.requirements}
    for identifier in speaks_on(proof.id):
        assert verdicts[identifier] is Verdict.PASS, identifier


@pytest.mark.parametrize("proof", load_proofs().values(), ids=lambda proof: proof.id)
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


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.guide)
def test_every_rule_is_proven(book: Rulebook) -> None:
    unproven = {rule.id for rule in (*book.rules, *book.closing)} - set(load_proofs())
    assert sorted(unproven) == []


def test_no_proof_is_of_nothing() -> None:
    assert sorted(set(load_proofs()) - set(RULE_IDS) - set(REQUIREMENTS)) == []


def test_every_rule_speaks_on_requirements_that_there_are() -> None:
    named = {identifier for book in BOOKS for rule in (*book.rules, *book.closing) for identifier in rule.requirements}
    assert sorted(named - set(REQUIREMENTS)) == []


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.guide)
def test_every_requirement_on_the_wire_is_proven(book: Rulebook) -> None:
    proven = {identifier for proof in load_proofs() for identifier in speaks_on(proof)}
    wanted = [r.id for r in REQUIREMENTS.values() if r.guide == book.guide and not r.not_on_wire]
    assert [identifier for identifier in wanted if identifier not in proven] == []


def test_every_proof_asks_for_likely_causes() -> None:
    """`oit explain` has something to say to whoever is at fault, in whole questions."""
    without = [proof.id for proof in load_proofs().values() if not proof.ask]
    assert without == []
    assert [q for proof in load_proofs().values() for q in proof.ask if not q.endswith("?")] == []
