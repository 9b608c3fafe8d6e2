"""Every rule is proven twice: a run that it passes, and one that it fails while no other rule fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from emulator.judge.echoes import CONTRACT
from emulator.judge.judge import Judgement, judge
from emulator.judge.rule import ClosingRule, Rule
from emulator.judge.rulebook import Rulebook
from emulator.judge.rules import BOOKS, CLAIMED, rules_of
from emulator.judge.verdict import Verdict
from emulator.record.exchange import provoked_in
from emulator.standard.proof import Proof
from emulator.standard.release import Release, load_release

RELEASES = [load_release("grace"), load_release("dolly"), load_release("kylie")]
EVERY_BOOK = [*BOOKS.values(), *CLAIMED.values()]
WRONG = {Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED, Verdict.ERROR}
every_release = pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)


def _to_be_held() -> Iterator[Any]:
    """The proofs of the first release, those of releases that stand by themselves, and those of guides that others have in words
    of their own: of all else, the others have the same rules and the same contracts. Who claims a guide is held to it once.
    """
    for release in RELEASES:
        guides = tuple(f"{guide}-" for guide in release.guides.values())
        known = tuple(f"{guide}-" for guide in RELEASES[0].guides.values()) if release is not RELEASES[0] else ()
        own = {each for each in guides if each not in known}
        for proof in release.proofs.values():
            stands = release.like is None and not proof.declared.claims
            if release is RELEASES[0] or stands or proof.id.startswith(tuple(own)):
                yield pytest.param(release, proof, id=proof.id)


every_proof = pytest.mark.parametrize(("release", "proof"), [*_to_be_held()])


def every_rule(release: Release) -> list[Rule | ClosingRule]:
    """The rules of a release, those of guides that are claimed too."""
    rules = rules_of(release)
    found: list[Rule | ClosingRule] = [*rules.looking, *rules.closing]
    for book in rules.claimed.values():
        found += [*book.rules, *book.closing]
    return found


def ids_of(release: Release) -> list[str]:
    """The ids of its rules, without those of the contract."""
    return [rule.id for rule in every_rule(release) if not rule.id.startswith(CONTRACT)]


def judged(release: Release, proof: Proof, *, right: bool) -> Judgement:
    run = proof.right if right else proof.wrong
    return judge(run, release, declared=proof.declared, provoked=provoked_in(run))


def speaks_on(release: Release, proof_id: str) -> tuple[str, ...]:
    """The requirements of a rule, or the one that the contract's rules see to."""
    for rule in every_rule(release):
        if rule.id == proof_id:
            return rule.requirements
    return (proof_id,)


@every_proof
def test_a_rule_passes_what_is_right(release: Release, proof: Proof) -> None:
    judgement = judged(release, proof, right=True)
    assert [finding for finding in judgement.findings if finding.verdict in WRONG] == []
    verdicts = {row.id: row.verdict for row in judgement.requirements}
    for identifier in speaks_on(release, proof.id):
        assert verdicts[identifier] is Verdict.PASS, identifier


@every_proof
def test_a_rule_notices_what_is_wrong_and_no_other_does(release: Release, proof: Proof) -> None:
    judgement = judged(release, proof, right=False)
    found = [finding for finding in judgement.findings if finding.verdict in WRONG]
    if proof.never_fails:
        verdicts = {row.id: row.verdict for row in judgement.requirements}
        unseen = (Verdict.NOT_SEEN, Verdict.NOT_APPLICABLE)
        assert [each for each in speaks_on(release, proof.id) if verdicts[each] not in unseen] == []
        assert found == []
        return
    mine = [f for f in found if f.rule == proof.id or (f.rule.startswith(CONTRACT) and proof.id in f.requirements)]
    assert mine, found
    others = [f for f in found if f not in mine and f.rule not in proof.also]
    assert others == []
    assert {f.rule for f in found} >= set(proof.also), "`also` names a rule that does not fail"


@every_release
def test_every_rule_has_its_own_id(release: Release) -> None:
    assert [name for name, count in Counter(ids_of(release)).items() if count > 1] == []


@every_release
def test_every_rule_is_proven(release: Release) -> None:
    rules = rules_of(release)  # of APIs without a book the generic rules are proven elsewhere
    books = [*(rules.books[api] for api in release.books), *rules.claimed.values()]
    unproven = {name for book in books for name, _ in book.speaking()}
    assert sorted(unproven - set(release.proofs)) == []


@every_release
def test_no_proof_is_of_nothing(release: Release) -> None:
    assert sorted(set(release.proofs) - set(ids_of(release)) - set(release.numbered)) == []


@pytest.mark.parametrize("book", EVERY_BOOK, ids=lambda book: book.guide)
def test_every_rule_speaks_on_requirements_that_there_are(book: Rulebook) -> None:
    """Each label of a rule is the key of a clause in some release."""
    named = {identifier for _, requirements in book.speaking() for identifier in requirements}
    known = {each.key for release in RELEASES for each in release.numbered.values()}
    assert sorted(named - known) == []


@every_release
def test_every_requirement_on_the_wire_is_proven(release: Release) -> None:
    proven = {identifier for proof in release.proofs for identifier in speaks_on(release, proof)}
    # What only the hybrid flow shows does not apply: no part of OIT plays it. A guide without a book of rules is not judged by yet.
    unjudged = {guide for api, guide in release.guides.items() if api not in release.books}
    numbered = [each for each in release.numbered.values() if each.guide not in unjudged]
    wanted = [each.id for each in numbered if not each.not_on_wire and not each.feature]
    assert [identifier for identifier in wanted if identifier not in proven] == []


@every_release
def test_every_proof_asks_for_likely_causes(release: Release) -> None:
    """`oit explain` has something to say to whoever is at fault, in whole questions."""
    without = [proof.id for proof in release.proofs.values() if not proof.ask]
    assert without == []
    assert [q for proof in release.proofs.values() for q in proof.ask if not q.endswith("?")] == []
