"""Functions from release to release: by contracts, by what was published, by steps, or not known."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from emulator.errors import FileProblem, UserError
from emulator.settings import specs_dir
from emulator.standard.comparing.alterations import ContractChange, Grade, worst
from emulator.standard.comparing.editions import Edition, Editions, editions
from emulator.standard.comparing.functions import Basis, FunctionChange, compare_function, compare_releases, composed
from emulator.standard.comparing.published import Published, PublishedChange, PublishedStep, read_published
from emulator.standard.imported import release_names
from emulator.standard.release import Release, forget_releases, load_release
from tests.fable import fable

__all__ = ["fable"]
NONE, MINOR, MAJOR, UNKNOWN = Grade.NONE, Grade.MINOR, Grade.MAJOR, Grade.UNKNOWN


@pytest.fixture(scope="module")
def known() -> Editions:
    return editions(specs_dir(), "sonata")


def between(known: Editions, old: str, new: str, api: str) -> FunctionChange:
    return compare_function(known, known.named(old), known.named(new), api)


def only_published(known: Editions) -> Editions:
    """The same as if no contract were here."""
    found = (Edition(word, word, None, facts) for word, facts in known.published.releases.items())
    return Editions(known.point, known.published, tuple(found))


# -- what was published beside what is here --------------------------------------------------------


def test_what_was_published_of_a_release_that_is_here_is_what_its_file_says(known: Editions) -> None:
    here = [each for each in known.found if each.release and each.facts]
    assert len(here) >= 2
    for each in here:
        assert each.release
        assert {api: dict(each.contracts(api)) for api in each.release.apis} == {
            api: dict(kinds) for api, kinds in each.facts.items()
        }


def by_kind(known: Editions, old: Edition, new: Edition, api: str) -> dict[str, list[PublishedChange]]:
    """What each step between two releases says of each contract."""
    words = list(known.published.releases)
    way = words[words.index(old.word) : words.index(new.word) + 1]
    found = defaultdict(list)
    for pair in pairwise(way):
        step = known.published.step(*pair)
        assert step
        for kind, change in step.apis[api].items():
            found[kind].append(change)
    return found


def test_computed_and_published_agree_where_both_are_known(known: Editions) -> None:
    """Of each contract the grade; and each change is in a schema or an operation of which it was published that it changed."""
    pairs = list(pairwise(each for each in known.line if each.release and each.facts))
    seen = 0
    for old, new in pairs:
        for api in set(old.apis) & set(new.apis):
            row = compare_function(known, old, new, api)
            assert row.basis is Basis.COMPUTED
            for kind, steps in by_kind(known, old, new, api).items():
                mine = [each for each in row.changes if each.contract == kind and each.structural]
                assert worst(each.grade for each in mine) is worst(Grade(each.structure) for each in steps), (api, kind)
                told = {name for each in steps for part in (each.schemas, each.operations)
                        for name in (*part.added, *part.gone, *part.changed)}  # fmt: skip
                assert {where_of(each) for each in mine} <= told, (api, kind)
                seen += len(mine)
    assert seen > 20


def where_of(change: ContractChange) -> str:
    """The schema or the operation that a change is in, as it is published."""
    parts = [part.replace("~1", "/") for part in change.where.split("/")[1:]]
    return parts[2] if parts[0] == "components" else f"{parts[2].upper()} {parts[1]}"


def test_what_is_here_wins(known: Editions) -> None:
    old, new = (each for each in known.line if each.release and each.facts)
    published = only_published(known)
    for api in old.apis:
        mine = compare_function(known, old, new, api)
        told = compare_function(published, published.named(old.word), published.named(new.word), api)
        assert (mine.basis, told.basis) == (Basis.COMPUTED, Basis.COMPOSED)
        assert (mine.grade, mine.structure) == (told.grade, told.structure)


# -- grades ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grades", "found"),
    [
        ([NONE, NONE], NONE),
        ([NONE, MINOR, NONE], MINOR),
        ([MINOR, MAJOR, NONE], MAJOR),
        ([NONE, UNKNOWN], UNKNOWN),
        ([MAJOR, UNKNOWN], UNKNOWN),
        ([Grade.GONE, Grade.NEW], UNKNOWN),
    ],
)
def test_steps_come_to_the_worst_of_them_or_to_nothing_that_is_known(grades: list[Grade], found: Grade) -> None:
    assert composed(grades) is found


def test_neighbours_are_known_by_what_was_published(known: Editions) -> None:
    row = between(known, "celine", "dolly", "quote")
    assert (row.grade, row.basis, row.at_most, row.changes) == (MAJOR, Basis.PUBLISHED, False, ())
    assert row.facts
    assert "dutyFreeAmount" in row.facts["management"].because
    assert between(known, "fergie", "grace", "quote").grade is NONE
    assert [between(known, "celine", "dolly", api).grade for api in ("appointment", "billing")] == [Grade.NEW, NONE]


def test_who_are_no_neighbours_are_composed_and_two_changes_are_at_most_the_worst(known: Editions) -> None:
    one, two = between(known, "aretha", "dolly", "geographicSite"), between(known, "aretha", "dolly", "quote")
    assert [(each.basis, each.structure, each.at_most) for each in (one, two)] == [
        (Basis.COMPOSED, MAJOR, False), (Basis.COMPOSED, MAJOR, True)]  # fmt: skip
    assert [(each.old, each.new) for each in two.steps] == [
        ("aretha", "billie"), ("billie", "billie-final"), ("billie-final", "celine"), ("celine", "dolly")]  # fmt: skip
    same = between(known, "ella", "grace", "quote")
    assert (same.basis, same.grade, same.at_most) == (Basis.COMPOSED, NONE, False)
    past = between(known, "celine", "grace", "productOrder")
    assert [(each.new, each.basis) for each in past.steps] == [("dolly", Basis.PUBLISHED), ("grace", Basis.COMPUTED)]


def test_the_way_back_is_known_only_where_nothing_changed(known: Editions) -> None:
    assert between(known, "grace", "ella", "quote").grade is NONE
    back = between(known, "dolly", "celine", "quote")
    assert (back.grade, back.basis) == (UNKNOWN, Basis.UNKNOWN)
    computed = between(known, "grace", "dolly", "productOrder")
    assert computed.basis is Basis.COMPUTED
    assert {each.what.value for each in computed.changes} >= {"member-gone", "member-optional"}


def test_a_contract_of_which_nobody_told_makes_all_unknown_but_its_base_path_is_seen(known: Editions) -> None:
    steps = tuple(
        PublishedStep(each.before, each.after, {api: kinds for api, kinds in each.apis.items() if api != "quote"})
        for each in known.published.steps
    )
    less = Editions("sonata", Published("sonata", known.published.releases, steps), known.found)
    path, same = between(less, "billie-final", "celine", "quote"), between(less, "celine", "dolly", "quote")
    assert (path.grade, path.structure, path.basis) == (MAJOR, UNKNOWN, Basis.UNKNOWN)
    assert (same.grade, same.structure, same.basis) == (UNKNOWN, UNKNOWN, Basis.UNKNOWN)
    assert between(less, "billie", "celine", "quote").structure is UNKNOWN
    half = {"quote": {"notification": PublishedChange("none")}}
    part = Editions(
        "sonata", Published("sonata", known.published.releases, (PublishedStep("celine", "dolly", half),)), known.found
    )
    assert between(part, "celine", "dolly", "quote").grade is UNKNOWN


def test_a_base_path_alone_is_major_and_its_structure_is_told_beside_it(fable: Release) -> None:
    known = editions(fable.specs, "sonata")
    rows = compare_releases(known, known.named("grace"), known.named("fable"))
    assert {(each.grade, each.structure, each.basis) for each in rows} == {(MAJOR, NONE, Basis.COMPUTED)}
    assert {each.what.value for row in rows for each in row.changes} == {"base-path"}
    assert {(each.contract, party.value) for row in rows for each in row.changes for party, _ in each.breaks} == {
        ("management", "buyer"), ("notification", "seller")}  # fmt: skip
    assert [each.word for each in known.line][-2:] == ["grace", "fable"]
    assert between(known, "celine", "fable", "quote").basis is Basis.COMPOSED


def test_a_release_of_another_reference_point_is_compared_but_nothing_published_is_of_it(known: Editions) -> None:
    there = known.named("cantata-grace")
    row = compare_function(known, known.named("grace"), there, "quote")
    assert (row.grade, row.structure, row.basis) == (MAJOR, NONE, Basis.COMPUTED)
    assert compare_function(known, known.named("ella"), there, "quote").structure is UNKNOWN
    with pytest.raises(UserError, match="There is no release 'gracee' at reference point sonata; did you mean 'grace'"):
        known.named("gracee")


# -- imports ---------------------------------------------------------------------------------------


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Editions]:
    """Celine, imported under a name of its own: its quotes are those that Grace has, but for a member."""
    home = tmp_path / "sdks" / "mine"
    (home / "specs" / "releases").mkdir(parents=True)
    (home / "import.json").write_text(json.dumps({"name": "mine", "point": "sonata", "release": "celine"}))
    document = load_release().document("quote")
    del document["components"]["schemas"]["Quote"]["allOf"]
    (home / "specs" / "quote.yaml").write_text(json.dumps(document))
    (home / "specs" / "interpretations.yaml").write_text("{}")
    contract = {"document": "quote.yaml", "version": "8.0.0", "base_path": "/mefApi/sonata/quoteManagement/v8",
                "servedBy": "seller", "official": "quoteManagement.api.yaml"}  # fmt: skip
    row = {"title": "Quote", "guide": "W999", "contracts": {"management": contract}}
    (home / "specs" / "releases" / "mine.yaml").write_text(json.dumps({"release": "mine", "apis": {"quote": row}}))
    monkeypatch.setenv("OIT_SDKS", str(tmp_path / "sdks"))
    forget_releases()
    yield editions(specs_dir(), "sonata")
    forget_releases()


def test_an_import_stands_where_its_release_was_published_and_is_computed(imported: Editions) -> None:
    line = [(each.word, each.name) for each in imported.line]
    assert ("celine", "mine") in line
    assert line.index(("celine", "mine")) == list(imported.published.releases).index("celine")
    assert imported.named("celine") is imported.named("mine")
    row = between(imported, "celine", "dolly", "quote")
    assert (row.old, row.basis) == ("mine", Basis.COMPUTED)
    assert {each.what.value for each in row.changes} >= {"contract-added", "demanded-member-added"}
    assert between(imported, "billie-final", "celine", "quote").basis is Basis.PUBLISHED


# -- the file --------------------------------------------------------------------------------------

FILE = """\
point: sonata
releases:
  aretha: {quote: {management: {version: '1', base_path: /a}}}
  billie: {quote: {management: {version: '2', base_path: /b}}}
  celine: {}
steps:
  - from: aretha
    to: billie
    apis: {quote: {management: {structure: major, because: no more tea}}}
"""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("because: no more tea", "becuase: x", "unknown key 'becuase'"),
        ("structure: major", "structure: huge", "'huge' is not one of none, minor, major"),
        ("structure: major", "structure: none", "'because' is needed where something changed, and only there"),
        (", because: no more tea", "", "'because' is needed where something changed, and only there"),
        ("to: billie", "to: celine", "aretha and celine are no neighbours above"),
        ("{management: {structure", "{notification: {structure", "aretha has no notification contract of quote"),
        ("version: '2', ", "", "missing: version"),
    ],
)
def test_the_file_is_read_strictly(tmp_path: Path, old: str, new: str, problem: str) -> None:
    (tmp_path / "published").mkdir()
    file = tmp_path / "published" / "sonata.yaml"
    file.write_text(FILE)
    assert read_published(tmp_path, "sonata").steps[0].apis["quote"]["management"].because == "no more tea"
    assert old in FILE
    file.write_text(FILE.replace(old, new))
    with pytest.raises(FileProblem) as told:
        read_published(tmp_path, "sonata")
    assert problem in str(told.value)
    assert f"{file}:" in str(told.value)


def test_a_point_of_which_nothing_was_published_has_its_own_releases_only() -> None:
    assert read_published(specs_dir(), "nowhere") == Published("nowhere", {})
    assert [each.name for each in editions(specs_dir(), "cantata").line] == [
        name for name in release_names(specs_dir()) if name.startswith("cantata")
    ]


def test_every_step_is_told_of_and_every_contract_of_it(known: Editions) -> None:
    """A row of the shipped file is missing nowhere: what is in two neighbours was compared."""
    releases: Any = known.published.releases
    for old, new in pairwise(releases):
        step = known.published.step(old, new)
        assert step
        both = {
            (api, kind) for api in releases[old] for kind in releases[old][api] if kind in releases[new].get(api, {})
        }
        assert both == {(api, kind) for api, kinds in step.apis.items() for kind in kinds}
