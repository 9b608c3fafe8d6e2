"""A release that goes by another one has its own labels: a made-up one, in which clauses are renamed, gone, other ones, new."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from emulator.errors import FileProblem
from emulator.judge.judge import judge
from emulator.judge.rules import rules_of
from emulator.settings import scenarios_dir
from emulator.standard.release import Release, load_release
from tests.cli.processes import oit
from tests.fable import CLAUSES, GRACE, SITE, made
from tests.judge.exchanges import exchange, transcript

TITLES = {each.label: each.title for each in GRACE.catalogues[SITE]}


def _ids(release: Release) -> dict[str, str]:
    return {each.key.removeprefix("MEF122-"): each.label for each in release.catalogues[SITE]}


def test_a_release_maps_keys_to_labels_of_its_own(fable: Release) -> None:
    found = _ids(fable)
    assert {key: found.get(key) for key in ("R9", "R11", "R12", "R13", "R14", "R15", "unknown-site", "whole-numbers")} == {
        "R9": "R9", "R11": "R12", "R12": "R11", "R13": "R14", "R14": None, "R15": None, "unknown-site": "R15",
        "whole-numbers": "R18",
    }  # fmt: skip
    assert fable.requirements["MEF122-R12"].title == TITLES["R11"]
    assert fable.catalogues["quote"] == GRACE.catalogues["quote"]
    assert all(each.key == each.id for each in GRACE.requirements.values())


def test_rules_proofs_and_interpretations_have_the_labels_of_the_release(fable: Release) -> None:
    rules = {rule.id: rule.requirements for rule in rules_of(fable).books[SITE].rules}
    assert rules["MEF122-R11.cut"] == ("MEF122-R11",)
    assert rules["MEF122-R15"] == ("MEF122-R15",)
    assert "MEF122-R14.value" not in rules  # absent
    assert "MEF122-R15" in {rule.id for rule in rules_of(GRACE).books[SITE].rules}
    assert "unknown-site" not in str([rule.id for rule in rules_of(load_release()).books[SITE].rules])
    assert fable.interpretations["site-list-too-long"].requirements == ("MEF122-R11",)
    assert fable.interpretations["site-place-by-reference"].requirements == ("MEF122-R8",)
    assert fable.proofs["MEF122-R11"].right
    assert "MEF122-R15" not in fable.proofs
    for name in ("MEF122-R11", "MEF122-R14"):
        judged = judge(fable.proofs[name].wrong, fable, declared=fable.proofs[name].declared)
        assert name in {each for finding in judged.findings for each in finding.requirements}
        assert {row.id for row in judged.requirements} == {
            e.id for e in fable.requirements.values() if not e.not_on_wire
        }


def test_a_clause_that_means_the_same_is_told_in_the_words_of_the_release(tmp_path: Path) -> None:
    words = """\
words:
  R10: {section: "6.1.9", keyword: SHOULD, side: both, reference: [MEF150-R43], seen: the place of the query, note: ""}
  R2: {section: "9", if_supported: D1}
added:
  D1: {key: pages, title: Lists have pages, section: "6.1", keyword: SHOULD, side: seller, seen: lists}
"""
    told = Release("fable", made(tmp_path, CLAUSES.replace("added:\n", words, 1))).catalogues[SITE]
    found, theirs = ({each.label: each for each in them} for them in (told, GRACE.catalogues[SITE]))
    place = found["R10"]
    assert (place.key, place.title, place.note) == ("MEF122-R10", TITLES["R10"], "")
    assert (place.section, place.keyword, place.side, place.reference, place.seen) == (
        "6.1.9", "SHOULD", "both", ("MEF150-R43",), "the place of the query",
    )  # fmt: skip
    assert found["R9"] == theirs["R9"]
    assert found["R2"].if_supported == "D1"
    assert [each.label for each in told][-2:] == ["R16", "R2"]  # by their sections


def test_a_different_clause_has_a_rule_of_its_own(fable: Release) -> None:
    read = exchange({"code": "notFound", "reason": "none"}, operation="retrieveGeographicSite", api=SITE,
                    path="/geographicSite/1", status=404)  # fmt: skip
    in_fable, in_grace = (judge(transcript(read), release) for release in (fable, load_release()))
    assert [(f.rule, f.requirements) for f in in_fable.findings] == [("MEF122-R15", ("MEF122-R15",))]
    assert in_grace.findings == ()
    assert {row.id: str(row.verdict) for row in in_grace.requirements}["MEF122-R15"] == "pass"


def test_every_command_tells_the_labels_of_the_release(fable: Release, tmp_path: Path) -> None:
    assert fable.name == "fable"
    listed = json.loads(oit("rules", "--release", "fable", "--guide", "MEF122", "--format", "json").out)
    assert {row["id"]: row["title"] for row in listed}["MEF122-R12"] == TITLES["R11"]
    explained = json.loads(oit("explain", "MEF122-R12", "--release", "fable", "--format", "json").out)
    assert (explained["title"], explained["release"]) == (TITLES["R11"], "fable")
    assert explained["rules"][0]["id"] == "MEF122-R12"
    scenario = str(scenarios_dir() / "places" / "find.oit.yaml")
    out = tmp_path / "out"
    done = oit(
        "run", scenario, "--release", "fable", "--report", "json,junit,sarif,html,transcript", "--report-dir", str(out)
    )
    assert done.code == 1, done.err  # our seller answers 404, as it does in every release
    whole: dict[str, Any] = json.loads((out / "report.json").read_bytes())
    runs = whole.get("runs", [whole])
    assert {run["run"]["release"] for run in runs} == {"fable"}
    assert {f["rule"] for run in runs for f in run["findings"] if f["verdict"] == "fail"} == {"MEF122-R15"}
    assert "MEF122-R14" in {row["id"] for run in runs for row in run["requirements"] if row["verdict"] == "pass"}
    assert "oit explain MEF122-R15 --release fable" in (out / "junit.xml").read_text(encoding="utf-8")
    log = json.loads((out / "report.sarif").read_bytes())
    (rule,) = (each for each in log["runs"][0]["tool"]["driver"]["rules"] if each["id"] == "MEF122-R15")
    assert rule["shortDescription"]["text"] == "An unknown site id is answered 410"
    page = (out / "report.html").read_text(encoding="utf-8")
    assert '"release":"fable"' in page
    assert "An unknown site id is answered 410" in page
    traced = json.loads(oit("rules", "--release", "fable", "--trace", str(out), "--format", "json").out)
    assert {row["id"]: row["verdict"] for row in traced["requirements"]}["MEF122-R15"] == "fail"
    checked = oit("check", str(out / "report.json"), "--release", "fable")
    assert "MEF122-R15" in checked.err
    assert oit("lint", scenario, "--release", "fable").code == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("R16, ", "", "1:1: nothing is said of R16"),
        ("R16, ", "R16, R99, ", "3:21: 'R99' names no clause"),
        ("R16, ", "R16, R10, ", "3:21: R10 is told of already, at"),
        ("{R14: a", "{R41: a", "5:10: there is no clause 'R41'; did you mean"),
        ("R13: R14}", "R13: R12}", "4:30: the label R12 is given already, at"),
        ("    key: unknown-site\n", "", "8:5: a key of its own is needed"),
        ("    keyword: SHOULD", "    keyword: SHOULDNT", "19:14: 'SHOULDNT' is not one of"),
        ("different:", "words: {R99: {section: '6'}}\ndifferent:", "6:9: 'R99' is no clause that is theirs too"),
        ("different:", "words: {R10: {section: six}}\ndifferent:", "6:24: 'six' is no section"),
        ("different:", "words: {R10: {if_supported: O9}}\ndifferent:", "'O9' is no option of this guide"),
        ("same:", "sane:", "3:1: unknown key 'sane'; did you mean 'same'?"),
        ("like: grace", "like: fable", "there is no release 'fable' to go by"),
        ("like: grace\n", "", "1:1: missing: like"),
    ],
)
def test_a_clause_that_is_left_open_or_not_there_is_an_error(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in CLAUSES
    release = Release("fable", made(tmp_path, CLAUSES.replace(old, new, 1)))
    with pytest.raises(FileProblem, match=re.escape(said)):
        _ = release.requirements
