"""The catalogue of requirements: complete against the official record, sound in itself, strict when read."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from emulator.errors import FileProblem
from emulator.judge.listing import rows, rules_by_requirement, table
from emulator.judge.rules.contract import ASPECTS, touches
from emulator.plain_yaml import load_yaml
from emulator.record.call import ErrorCode
from emulator.settings import scenarios_dir, specs_dir
from emulator.standard.breach import Breach
from emulator.standard.imported import release_names
from emulator.standard.release import load_release
from emulator.standard.requirement import Aspect, Keyword, Requirement, read_requirements
from emulator.standard.use_case import unknown_label
from tests.samples.official import shared_folder

RELEASE = load_release()
CATALOGUE = RELEASE.requirements
REQUIREMENTS = RELEASE.aspects
FILES = sorted((specs_dir() / "sonata").glob("*/requirements.yaml"))
GUIDES = sorted({requirement.guide for requirement in CATALOGUE.values()})
RECORD = shared_folder() / "standard" / "requirements.json"
DOCUMENTATION = shared_folder() / "sdk" / "grace" / "documentation"

needs_record = pytest.mark.skipif(not RECORD.is_file(), reason=f"no official record at {RECORD} (set OIT_SHARED)")
needs_guides = pytest.mark.skipif(not DOCUMENTATION.is_dir(), reason=f"no guides at {DOCUMENTATION} (set OIT_SHARED)")


def _of(guide: str) -> list[Requirement]:
    return [requirement for requirement in CATALOGUE.values() if requirement.guide == guide]


def _recorded() -> dict[str, list[str]]:
    """Labels by guide in the official record, in its order; MEF 115 has two R51."""
    found: dict[str, list[str]] = {}
    for row in json.loads(RECORD.read_text(encoding="utf-8")):
        guide = re.sub(r"MEF (W?)", lambda match: match[1] or "MEF", row["guide"])
        found.setdefault(guide, []).append({"R51": "R51a", "R51#2": "R51b"}.get(row["id"], row["id"])
                                           if guide == "MEF115" else row["id"])  # fmt: skip
    return found


def _guide_text(guide: str) -> str:
    paths = [
        p
        for p in DOCUMENTATION.rglob("MEF *.md")
        if re.match(rf"MEF W?{guide.removeprefix('MEF').removeprefix('W')} ", p.name)
    ]
    assert len(paths) == 1, guide
    return paths[0].read_text(encoding="utf-8")


# What is in the files


def test_every_file_is_read_and_stands_with_the_api_of_its_guide() -> None:
    guide_of = {entry.api: entry.guide for entry in load_release().entries} | {"security": "MEF128"}
    assert FILES
    for path in FILES:
        top = load_yaml(path)
        assert top["guide"] == guide_of[path.parent.name]
        stands = [r.label for r in load_release().numbered.values() if r.guide == top["guide"]]
        assert stands == list(top["requirements"])


def test_guides_come_in_the_order_of_a_purchase() -> None:
    there = list(dict.fromkeys(requirement.guide for requirement in CATALOGUE.values()))
    assert there == [
        guide for guide in dict.fromkeys(entry.guide for entry in load_release().entries) if guide in there
    ]


@needs_record
@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_has_all_that_the_record_has_and_no_more(guide: str) -> None:
    labels = [requirement.label for requirement in _of(guide)]
    assert not [label for label, times in Counter(labels).items() if times > 1]
    assert set(labels) == set(_recorded()[guide])
    assert len(labels) == len(_recorded()[guide])


@needs_guides
@pytest.mark.parametrize("guide", GUIDES)
def test_sections_are_those_of_the_guide(guide: str) -> None:
    there = set(re.findall(r"^#+ ([0-9]+(?:\.[0-9]+)*)\.? ", _guide_text(guide), re.MULTILINE))
    assert {requirement.section for requirement in _of(guide)} <= there


@needs_guides
@pytest.mark.parametrize("guide", GUIDES)
def test_each_stands_in_the_section_named_with_the_references_given(guide: str) -> None:
    """Where the guide labels a requirement once and in bold, its heading and its references are ours."""
    section = ""
    found: dict[str, list[tuple[str, str]]] = {}
    for part in re.split(r"(?m)^(?=#+ |\*\*\[)", _guide_text(guide)):
        if heading := re.match(r"#+ ([0-9]+(?:\.[0-9]+)*)\.? ", part):
            section = heading[1]
        elif label := re.match(r"\*\*\[((?:C?R|C?D|O)[0-9]+)\]", part):
            found.setdefault(label[1], []).append((section, part))
    compared = 0
    for requirement in _of(guide):
        places = found.get(requirement.label, [])
        if len(places) == 1:
            compared += 1
            ours = {reference.partition("<")[0] for reference in requirement.reference}
            section, text = places[0]
            assert requirement.section == section, requirement.id
            # A list may follow the sentence, with references of its own or with what is no part of it.
            assert _references(text.partition("\n\n")[0]) <= ours, requirement.id
            assert ours <= _references(text), requirement.id
    assert compared


def _references(text: str) -> set[str]:
    plain = re.sub(r"\s+", " ", text)
    plain = re.sub(
        r"\[(MEF ?[0-9.]+) \[(C[RD][0-9]+)\]<.*?\]\]", r"[\1 \2]", plain
    )  # a label that has its condition with it
    return {
        f"{document}-{re.sub(r'<.*', '', label).strip().replace(' ', '-')}"
        for document, labels in re.findall(r"\[(MEF ?[0-9.]+) ([^\]]+)\]", plain)
        for label in re.split(r" (?:&+|,) ?|, ?", labels)
    }


@pytest.mark.parametrize("guide", GUIDES)
def test_titles_are_short_and_tell_one_from_another(guide: str) -> None:
    titles = [requirement.title for requirement in _of(guide)]
    assert not [title for title, times in Counter(titles).items() if times > 1]
    assert not [title for title in titles if len(title) > 100 or title.endswith(".")]


def test_a_condition_is_an_option_of_the_same_guide() -> None:
    for requirement in CATALOGUE.values():
        if requirement.if_supported:
            option = CATALOGUE[f"{requirement.guide}-{requirement.if_supported}"]
            assert option.kind == "O"


def test_what_is_optional_can_be_used_and_not_broken() -> None:
    for requirement in CATALOGUE.values():
        if requirement.keyword is Keyword.MAY:
            assert not requirement.negative, requirement.id


@pytest.mark.parametrize("path", sorted(scenarios_dir().rglob("*.yaml")), ids=lambda path: path.name)
def test_what_scenarios_cover_is_in_the_catalogue(path: Path) -> None:
    """As a requirement or as a use case: by its key, which is its label in the first release that has it."""
    of = path.name.split(".")[-2]
    own = load_release(of) if of in release_names(specs_dir()) else RELEASE
    keys = {**CATALOGUE, **{each.key: each for each in own.numbered.values()}}
    cases = {**RELEASE.use_cases, **own.use_cases}
    named = {identifier.replace(":", "-") for identifier in _covers(load_yaml(path))}
    assert [problem for name in sorted(named) if (problem := unknown_label(name, cases, keys))] == []


def _covers(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("covers"), list):
            yield from node["covers"]
        for member in node.values():
            yield from _covers(member)
    elif isinstance(node, list):
        for member in node:
            yield from _covers(member)


def test_one_of_each_kind_as_it_is_read() -> None:
    echo = CATALOGUE["MEF121-R15"]
    assert (echo.guide, echo.label, echo.kind) == ("MEF121", "R15", "R")
    assert (echo.section, echo.keyword, echo.side) == ("6.1.2", "MUST NOT", "seller")
    assert (echo.reference, echo.negative, echo.contract, echo.not_on_wire) == ((), False, None, None)
    assert CATALOGUE["MEF121-D4"].reference == ("MEF79.0.2-A2-D1", "MEF79.0.2-A2-D2")
    assert CATALOGUE["MEF121-O1"].seen is None


# Files that are wrong

GOOD = """\
guide: MEF1
requirements:
  O1:
    title: A lamp may blink
    section: "1"
    keyword: MAY
    side: seller
    not_on_wire: a permission
  CR1:
    title: A lamp that blinks is seen to blink
    section: "1.2"
    keyword: MUST
    side: seller
    if_supported: O1
    reference: [MEF2-R1]
    seen: blinks in the answer
    negative: true
    contract: partly
    note: two lamps
"""


def _write(root: Path, text: str, api: str = "lamp") -> Path:
    path = root / f"{api}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_is_read_in_its_order(tmp_path: Path) -> None:
    found = {each.id: each for each in read_requirements({"lamp": _write(tmp_path, GOOD)})["lamp"]}
    assert list(found) == ["MEF1-O1", "MEF1-CR1"]
    assert found["MEF1-CR1"].kind == "CR"
    assert found["MEF1-CR1"].if_supported == "O1"
    assert found["MEF1-CR1"].negative


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    note: two lamps", "    notes: two lamps", "19:5: unknown key 'notes'; did you mean 'note'?"),
        ("requirements:", "requirement:", "2:1: unknown key 'requirement'; did you mean 'requirements'?"),
        ("guide: MEF1", "guide: MEF W1", "1:8: 'MEF W1' is no guide; one is written as MEF121"),
        ("    keyword: MAY\n", "", "4:5: missing: keyword"),
        (
            "keyword: MUST\n",
            "keyword: MSUT\n",
            "12:14: 'MSUT' is not one of MUST, MUST NOT, SHOULD, SHOULD NOT, MAY; did you mean 'MUST'?",
        ),
        ("keyword: MUST\n", "keyword: must\n", "12:14: 'must' is not one of MUST, MUST NOT,"),
        ("keyword: MUST\n", "keyword: [MUST]\n", "12:14: ['MUST'] is not one of MUST,"),
        (
            "side: seller\n    if",
            "side: selller\n    if",
            "13:11: 'selller' is not one of buyer, seller, both; did you mean 'seller'?",
        ),
        (
            "contract: partly",
            "aspect: paylode",
            "18:13: 'paylode' is not one of payload, required, product-type, product, defined; did you mean 'payload'?",
        ),
        ("contract: partly", "contract: party", "18:15: 'party' is not one of fully, partly; did you mean 'partly'?"),
        ("if_supported: O1", "if_supported: O2", "14:19: 'O2' is no option of this guide; known: O1"),
        ("if_supported: O1", "if_supported: CR1", "14:19: 'CR1' is no option of this guide;"),
        ('section: "1.2"', "section: 1.2", "11:14: a word or text is needed here, not 1.2"),
        ('section: "1.2"', "section: 1.2.", "11:14: '1.2.' is no section; one is written as 6.1.1"),
        ("title: A lamp may blink", "title:", "4:11: a word or text is needed here, not None"),
        ("title: A lamp may blink", "title: ' '", "4:12: a text is needed here, not ' '"),
        ("negative: true", "negative: yes", "17:15: true or false is needed here, not 'yes'"),
        ("reference: [MEF2-R1]", "reference: MEF2-R1", "15:16: a list is needed here, not 'MEF2-R1'"),
        ("    seen: blinks in the answer\n", "", "9:3: CR1: either 'seen' or 'not_on_wire' is needed, not neither"),
        ("note: two", "not_on_wire: two", "9:3: CR1: either 'seen' or 'not_on_wire' is needed, not both"),
        ("  CR1:", "  Q1:", "9:3: 'Q1' is no label of a requirement"),
        ("  CR1:", "  O1:", "9:3: not readable as YAML: the key 'O1' is given twice"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    path = _write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(FileProblem) as caught:
        read_requirements({"lamp": path})
    assert [problem for problem in caught.value.problems if problem.startswith(f"{path}:{said}")], caught.value.problems
    assert len(caught.value.problems) <= 2  # a misspelt key is also a missing one


@pytest.mark.parametrize("text", ["", "[]", "guide: MEF1\nrequirements: []\n", "a: {"])
def test_what_is_no_catalogue_at_all_is_refused(tmp_path: Path, text: str) -> None:
    path = _write(tmp_path, text)
    with pytest.raises(FileProblem, match=re.escape(str(path)) + r":\d+:\d+: "):
        read_requirements({"lamp": path})


def test_a_row_that_is_no_map_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path, "guide: MEF1\nrequirements:\n  R1: MUST\n")
    with pytest.raises(FileProblem) as caught:
        read_requirements({"lamp": path})
    assert caught.value.problems == [f"{path}:3:7: a map is needed here, not 'MUST'"]


def test_all_that_is_wrong_in_all_files_is_said_at_once(tmp_path: Path) -> None:
    one = _write(tmp_path, GOOD.replace('section: "1"', "section: x", 1))
    two = _write(tmp_path, GOOD.replace("side: seller", "side: nobody", 1), "lantern")
    with pytest.raises(FileProblem) as caught:
        read_requirements({"lamp": one, "lantern": two})
    assert caught.value.problems == [
        f"{one}:5:14: 'x' is no section; one is written as 6.1.1",
        f"{two}:7:11: 'nobody' is not one of buyer, seller, both",
    ]


def test_a_requirement_is_in_one_file(tmp_path: Path) -> None:
    one, two = _write(tmp_path, GOOD), _write(tmp_path, GOOD, "lantern")
    with pytest.raises(FileProblem) as caught:
        read_requirements({"lamp": one, "lantern": two})
    assert caught.value.problems == [
        f"{two}:3:3: MEF1-O1 is in another file already",
        f"{two}:9:3: MEF1-CR1 is in another file already",
    ]


# The listing


def test_rows_have_what_oit_rules_prints() -> None:
    listed = rows(RELEASE, CATALOGUE.values())
    assert [row["id"] for row in listed] == list(CATALOGUE)
    assert json.loads(json.dumps(listed)) == listed
    by_id = {row["id"]: row for row in listed}
    assert by_id["MEF121-R6"] == {
        "id": "MEF121-R6",
        "guide": "MEF121",
        "kind": "R",
        "side": "both",
        "title": CATALOGUE["MEF121-R6"].title,
        "rules": ["contract.schema"],
        "seen": CATALOGUE["MEF121-R6"].seen,
        "feature": None,
        "not_on_wire": None,
    }
    assert by_id["MEF121-R9"]["rules"] == []
    assert by_id["MEF121-R9"]["not_on_wire"]


def test_requirements_that_rules_name_are_in_the_catalogue() -> None:
    assert not [i for i in rules_by_requirement(RELEASE) if i.partition("-")[0] in GUIDES and i not in CATALOGUE]


@pytest.mark.parametrize("api", sorted(REQUIREMENTS))
def test_the_listing_names_the_rules_whose_findings_touch_a_requirement(api: str) -> None:
    places = ("/x", "/x/productConfiguration/@type")
    said = cast("Any", SimpleNamespace(exchange=SimpleNamespace(api=api), run=SimpleNamespace(release=RELEASE)))
    touching: dict[str, set[str]] = {}
    for check, place, code in product(ASPECTS, places, (ErrorCode.INVALID_VALUE, ErrorCode.MISSING_PROPERTY)):
        for identifier in touches(said, Breach(place, expected=None, check=check, code=code)):
            touching.setdefault(identifier, set()).add(f"contract.{check}")
    named = {
        identifier: {name for name in rules_by_requirement(RELEASE)[identifier] if name.startswith("contract.")}
        for identifier in REQUIREMENTS[api].values()
    }
    never = set() if Aspect.PRODUCT in REQUIREMENTS[api] else {"contract.product"}  # no payload, no such finding
    assert named == {identifier: rules - never for identifier, rules in touching.items()}


def test_the_table_shows_each_requirement_once_under_its_guide() -> None:
    text = table(rows(RELEASE, CATALOGUE.values()))
    lines = text.splitlines()
    assert [line for line in lines if line in GUIDES] == list(dict.fromkeys(r.guide for r in CATALOGUE.values()))
    assert [line.split()[0] for line in lines if line.startswith("  ")] == list(CATALOGUE)
    assert "not on the wire: " in text
    assert not [line for line in lines if line != line.rstrip()]
    assert table([]) == ""
