"""Orders and tickets of release Dolly: who follows the drafts W123 and W124 is not failed by MEF 123 and MEF 124, and the other way round.

The files beside (`dolly/`) have runs, as proofs have; each is played on both releases.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from emulator.judge.judge import judge
from emulator.judge.rules import rules_of
from emulator.judge.verdict import Verdict
from emulator.record.exchange import Transcript, provoked_in
from emulator.standard.declared import Declared
from emulator.standard.labels import Labels
from emulator.standard.proof import proofs_in
from emulator.standard.release import Release, load_release
from emulator.standard.tables import Table
from tests.samples.official import shared_folder

GRACE, DOLLY = load_release("grace"), load_release("dolly")
ORDER, TICKET = "productOrder", "troubleTicket"
WRONG = {Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED, Verdict.ERROR}
CLEAN: list[str] = []
HERE = Path(__file__).with_name("dolly")
OFFICIAL = shared_folder() / "sdk" / "dolly"
GUIDES = {ORDER: "order", TICKET: "troubleTicket"}


class Case(NamedTuple):
    """A run by name, and what each release finds in it: `rule verdict`."""

    clause: str
    api: str
    file: str
    run: str
    dolly: list[str]
    grace: list[str]


DIFFERENT = [
    # The guide names three states in which the seller's notes end, and Grace two more.
    Case("W123-O6", ORDER, "order", "note-after-rejection", CLEAN, ["MEF123-O6 fail"]),
    # It forbids a date where Grace forbids another one, and demands the same date a line above: right is who does either.
    Case("W123-R29", ORDER, "order", "no-date-of-open-item", CLEAN, ["MEF123-R28 fail"]),
    Case("W123-R29", ORDER, "order", "no-date-of-open-item-unpinned", ["W123-R28 disputed"], ["MEF123-R28 fail"]),
    Case("W123-R29", ORDER, "order", "date-of-open-item", CLEAN, CLEAN),
    # Charges that time out are told of, unless R100 leaves that to the seller.
    Case("W123-R85", ORDER, "events", "time-outs-refused", ["W123-R85.timeout disputed"], CLEAN),
    Case("W123-R85", ORDER, "events", "time-outs-told", CLEAN, CLEAN),
    Case("W123-R85", ORDER, "events", "time-outs-told-twice", CLEAN, CLEAN),
    Case("W123-R87", ORDER, "events", "new-charges-alone", ["W123-R87 fail"], CLEAN),
    # Both contracts demand the date of a charge, and one list of a guide does not.
    Case("W123-R88", ORDER, "charge", "undated", ["W123-R99.created fail"], ["MEF123-R88.created fail"]),
    Case("W123-R97", ORDER, "charge", "listed-undated", CLEAN, ["MEF123-R98.created fail"]),
    Case("W123-R97", ORDER, "charge", "listed-with-items", CLEAN, ["MEF123-R98.created fail", "contract.unknown-member warning"]),
    # No clause says what becomes of a charge item that was accepted; a wrong one is withdrawn and asked for anew, as any other.
    Case("W123-R91", ORDER, "charge", "accepted-at-another-price", ["W123.charge-offer fail"], ["MEF123-R97 fail"]),
    Case("W123-R91", ORDER, "charge", "accepted-and-withdrawn", ["W123.charge-item-path fail"], ["MEF123-R97 fail"]),
    Case("W123-R97", ORDER, "charge", "listed-at-another-price", ["W123.charge-offer fail"], ["MEF123.charge-offer fail"]),
    Case("W123-R97", ORDER, "charge", "read-at-another-price", ["W123.charge-offer fail"],
         ["MEF123.charge-offer fail", "contract.unknown-member warning"]),
    Case("W123-CR7", ORDER, "events", "milestones-refused", ["W123-CR7 fail"], CLEAN),
    Case("W124-CR1", TICKET, "incident", "half-heard", ["W124-CR1.listeners fail"], CLEAN),
    Case("W124-R29", TICKET, "ticket", "impact-alone", ["W124-R29 fail", "contract.unknown-member warning"], CLEAN),
    # Notes of the seller's are left alone by R20 of the draft, by R32 of Grace; that the seller takes such a change is wrong by both.
    Case("W124-R32", TICKET, "ticket", "note-of-the-sellers",
         ["W124-R20.buyer fail", "W124-R34 fail", "W124-R34.answer fail"],
         ["MEF124-R32 fail", "MEF124-R34 fail", "MEF124-R34.answer fail"]),
    Case("W124-O7", TICKET, "incident", "listed", CLEAN, ["MEF124-R48.impact fail"]),
    Case("W124-R46", TICKET, "incident", "listed", CLEAN, ["MEF124-R48.impact fail"]),
    Case("W124-R49", TICKET, "incident", "read", CLEAN, ["MEF124-R51.impact fail"]),
]  # fmt: skip
ABSENT = {
    "MEF123-R56": (ORDER, "living", "fail"),
    "MEF123-R56.answer": (ORDER, "living", "fail"),
    "MEF124-R36": (TICKET, "tickets", "fail"),
    "MEF124-R46": (TICKET, "living", "fail"),
    "MEF124-R65": (TICKET, "living", "fail"),
    "MEF124-O4": (TICKET, "tickets", "warning"),
}
"""Rules whose clause Dolly has not, or only as a permission: the API, its file of proofs, and what is found in Grace."""


def found_in(run: Transcript, release: Release, declared: Declared) -> list[str]:
    judged = judge(run, release, declared=declared, provoked=provoked_in(run))
    return sorted({f"{each.rule} {each.verdict}" for each in judged.findings if each.verdict in WRONG})


@pytest.mark.parametrize("case", DIFFERENT, ids=lambda case: f"{case.clause} {case.run}")
def test_a_clause_that_is_another_one_judges_as_its_own_release_says(case: Case) -> None:
    for release, wanted in ((DOLLY, case.dolly), (GRACE, case.grace)):
        (proof,) = (each for each in proofs_in(HERE / f"{case.file}.yaml", case.api, release) if each.id == case.run)
        assert found_in(proof.right, release, proof.declared) == wanted, release.name


@pytest.mark.parametrize("key", ABSENT)
def test_what_no_clause_of_the_draft_says_is_not_asked_for(key: str) -> None:
    api, file, verdict = ABSENT[key]
    for release in (DOLLY, GRACE):
        path = DOLLY.path(api, "proofs") / f"{file}.yaml"
        (proof,) = (each for each in proofs_in(path, api, release) if each.id == key)
        found = found_in(proof.wrong, release, proof.declared)
        assert f"{key} {verdict}" in found if release is GRACE else found == CLEAN


def test_each_clause_that_differs_on_the_wire_is_among_them() -> None:
    """A new one that is added to the mapping gets its run here."""
    of_grace = {each.key for each in GRACE.requirements.values()}
    here = [each for each in DOLLY.requirements.values() if each.guide in ("W123", "W124") and not each.not_on_wire]
    others = {each.id for each in here if each.key not in of_grace}
    assert others - {case.clause for case in DIFFERENT} == {
        "W123-O14"
    }  # an option of fewer events, which nobody can break
    gone = {key for key in DOLLY.labels.gone if key.startswith(("MEF123-", "MEF124-"))}
    instead = {"MEF123-O6", "MEF123-R29", "MEF123-R86", "MEF123-O14", "MEF123-O15", "MEF123-R88", "MEF123-R98",
               "MEF124-CR1", "MEF124-R29", "MEF124-R32", "MEF124-O7", "MEF124-R48", "MEF124-R51"}  # fmt: skip
    unseen = {key for key in gone - instead if not GRACE.requirements[key].not_on_wire}
    assert unseen == {key.partition(".")[0] for key in ABSENT} | {"MEF123-R97"}


@pytest.mark.skipif(not OFFICIAL.is_dir(), reason=f"no official guides at {OFFICIAL} (set OIT_SHARED)")
@pytest.mark.parametrize("api", GUIDES)
def test_every_label_of_the_guide_stands_at_its_section(api: str) -> None:
    (guide,) = (OFFICIAL / "documentation" / "productApi" / GUIDES[api]).glob("*.md")
    labels: dict[str, str] = {}
    section = ""
    for line in guide.read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"#+ (\d+(?:\.\d+)*)", line):
            section = heading[1]
        for label in re.findall(r"\*\*\[((?:CR|R|O|D)\d+)\](?:<[^*]*)?\*\*", line):
            labels[label] = section
    assert {each.label: each.section for each in DOLLY.catalogues[api]} == labels


def test_every_clause_is_accounted_for() -> None:
    assert [len(DOLLY.catalogues[api]) for api in (ORDER, TICKET)] == [134, 77]
    row = DOLLY.requirements["W123-R107"]
    assert (row.key, row.kind, row.if_supported) == ("MEF123-CR7", "R", None)
    assert DOLLY.requirements["W123-CR8"].if_supported == "O5"
    assert DOLLY.requirements["W123-R100"].keyword == "MAY"
    assert DOLLY.requirements["W123-R61"].title.startswith("Attributes are there or not there as tables 8 and 9 say")
    assert DOLLY.requirements["W123-R61"].reference == ("MEF57.2-R102",)


def test_texts_speak_of_the_labels_and_tables_of_the_draft() -> None:
    labels: Labels = DOLLY.labels
    assert (
        labels.words("MEF123-R62, MEF123 table 11 and MEF123 section 6.4")
        == "W123-R61, W123 table 9 and W123 section 6.4"
    )
    assert labels.words("MEF116 table 4 and MEF79-R80") == "MEF116 table 4 and MEF79-R80"
    assert labels.words("MEF123-R97") is None
    assert labels.words("MEF141 figure 8") is None
    assert labels.told("MEF123-UC5a") == "W123-UC5a"
    assert labels.told("MEF141-UC1") is None
    tables: dict[str, Table] = dict(DOLLY.tables[ORDER])
    assert [each.number for each in tables.values()][:3] == ["Table 8", "Table 9", "Tables 6 and 7"]
    assert [each.number for each in GRACE.tables[ORDER].values()][:2] == ["Table 10", "Table 11"]
    assert "W123-UC5a" in DOLLY.use_cases
    assert DOLLY.use_cases["W123-UC5a"].guide == "W123"


def test_rules_speak_of_the_labels_and_tables_of_the_draft() -> None:
    labels: Labels = DOLLY.labels
    assert labels.of("MEF123", "as R62 and tables 10 and 11 (6.12, Table 15) say; MEF124-R3, R97") == (
        "as R61 and tables 8 and 9 (6.12, Table 13) say; MEF124-R3, MEF123-R97"
    )
    assert labels.of("MEF115", "what R27 says of table 4") == "what R27 says of table 4"
    assert labels.told("MEF137.search-echo") == "W137.search-echo"
    assert labels.told("MEF115.quote-stays") == "MEF115.quote-stays"
    told = {each.id: each.about for each in (*rules_of(DOLLY).looking, *rules_of(DOLLY).closing)}
    assert {name for name in told if name.startswith(("MEF123", "MEF124", "MEF137"))} == set()
    assert {name for name, about in told.items() if re.search("MEF1(23|24|37)", about)} == set()
    assert "(Table 13)" in told["W123.charge-offer"]


def test_what_only_one_release_leaves_open_is_settled_in_the_other() -> None:
    for name, left in {
        "expected-date-of-open-item": "told",
        "charge-timeout-event": "as-liked",
        "charge-items-in-list": "left-out",
    }.items():
        assert GRACE.settled[name] == left
        assert name not in GRACE.interpretations
        assert name in DOLLY.interpretations
    assert DOLLY.interpretations["ticket-closure-note"].readings["buyer"].clauses == ("W124 section 6.6",)
    assert DOLLY.interpretations["ticket-two-appointments"].readings.keys() == {"either", "in-progress"}


def test_figures_and_sheets_name_the_clauses_of_the_draft() -> None:
    machine = DOLLY.lifecycles["troubleTicket"]
    assert machine.guide == "W124"
    clauses = {(arrow.source, arrow.target): arrow.clause for arrow in machine.transitions}
    assert clauses["inProgress", "pending"] == "Figure 9, R61"
    assert clauses["acknowledged", "pending"] == ""
    assert GRACE.lifecycles["troubleTicket"].guide == "MEF124"
    acts = DOLLY.kinds.kind("troubleTicket").acts
    assert acts["cancelTroubleTicket"].clause == "W124-R37"
    assert acts["reopenTroubleTicket"].clause == ""
    assert GRACE.kinds.kind("troubleTicket").acts["cancelTroubleTicket"].clause == "MEF124-R38"
