"""Release fragments: what a release changes lies beside the file, is laid upon it, and is told of with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from emulator.errors import FileProblem
from emulator.linting import Sort, lint_files
from emulator.parties.profile import load_profile
from emulator.plain_yaml import Located, load_located, locate_text
from emulator.record.payload import at
from emulator.scenario.lint import checked
from emulator.scenario.loader import load_scenario
from emulator.scenario.model import Call, Parallel, Scenario
from emulator.scenario.selection import Need, Wish, plan
from emulator.settings import scenarios_dir
from emulator.standard.by_release import fragment_of, laid, load_for, misnamed
from emulator.standard.release import load_release
from tests.cli.processes import oit

GRACE, DOLLY = load_release("grace"), load_release("dolly")
DEMO = """oit: "1"
id: demo
title: A demonstration
include: [data.yaml]
sources: {quote: {api: quote, servedBy: seller}}
inputs: {here: 1}
flow:
  - id: first
    call: quote.listQuote
    request: {query: {externalId: a, state: accepted}}
  - parallel:
      - {id: left, call: quote.listQuote}
      - {id: right, call: quote.listQuote}
  - use: steps.yaml
    id: used
    with: {name: x}
cases:
  - {id: wrong, kind: negative, emulate: buyer, at: first, query: {state: nonsense}, expect: {status: 400}}
  - {id: worse, kind: negative, emulate: buyer, at: first, query: {state: nothing}, expect: {status: 400}}
"""
STEPS = "- {id: one, call: quote.listQuote, request: {query: {externalId: $with.name}}}\n- {id: two, call: quote.listQuote}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"demo.oit.yaml": DEMO, "data.yaml": "place: here\ngone: 1\n", "steps.yaml": STEPS}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def read(folder: Path, release=DOLLY) -> Scenario:
    return load_scenario(folder / "demo.oit.yaml", release)


def query(scenario: Scenario, name: str) -> dict[str, object]:
    step = scenario.step(name)
    assert step is not None
    assert isinstance(step.action, Call)
    return dict(step.action.request.query)


def put(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.dolly.yaml").write_text(text)


def test_it_is_laid_upon_a_scenario_for_its_release_alone(folder: Path):
    put(folder, demo="title: Another\nflow: {first: {request: {query: {state: null, externalId: b}}}}\n")
    assert read(folder).title == "Another"
    assert query(read(folder), "first") == {"externalId": "b"}
    assert read(folder, GRACE).title == "A demonstration"
    assert query(read(folder, GRACE), "first") == {"externalId": "a", "state": "accepted"}


def test_steps_and_cases_are_taken_away_and_put_in_by_their_ids(folder: Path):
    put(
        folder,
        demo="""flow:
  left: null
  before-all: {before: first, call: quote.listQuote}
  last: {after: used, call: quote.listQuote}
  beside: {after: right, call: quote.listQuote}
cases:
  wrong: null
  new: {after: worse, kind: negative, emulate: buyer, at: first, query: {state: null}, expect: {status: 400}}
""",
    )
    found = read(folder)
    assert [step.id for step in found.flow] == ["before-all", "first", "", "used-one", "used-two", "last"]
    assert isinstance(found.flow[2].action, Parallel)
    assert [step.id for step in found.flow[2].action.steps] == ["right", "beside"]
    assert [case.id for case in found.cases] == ["worse", "new"]
    assert found.cases[1].query == {"state": None}, "what is new is taken as it is written"


def test_it_is_laid_upon_steps_and_data(folder: Path):
    put(
        folder,
        steps="two: null\none: {request: {query: {state: $with.name}}}\n",
        data="place: there\ngone: null\nnew: 2\n",
    )
    found = read(folder)
    assert [step.id for step in found.flow if step.id.startswith("used")] == ["used-one"]
    assert query(found, "used-one") == {"externalId": "x", "state": "x"}
    assert found.inputs == {"place": "there", "new": 2, "here": 1}


def test_who_is_like_a_release_has_its_fragments_and_its_own_upon_them(folder: Path):
    (folder / "data.grace.yaml").write_text("place: grace\nmore: grace\n")
    put(folder, data="place: dolly\n")
    assert read(folder).inputs == {"place": "dolly", "gone": 1, "more": "grace", "here": 1}
    assert read(folder, GRACE).inputs == {"place": "grace", "gone": 1, "more": "grace", "here": 1}
    assert read(folder, load_release("cantata-grace")).inputs["place"] == "grace"


def test_each_part_knows_the_file_that_it_stands_in(folder: Path):
    put(
        folder,
        demo="flow:\n  first: {request: {query: {state: x}}}\n  new: {after: first, call: quote.listQuote}\n",
        data="place: there\n",
    )
    found = read(folder)
    here, there = f"{folder}/demo.oit.yaml", f"{folder}/demo.dolly.yaml"
    first, new = found.step("first"), found.step("new")
    assert first
    assert new
    assert first.origin.where() == f"{here}:8:5"
    assert first.origin.where("/request/query/state") == f"{there}:2:36"
    assert first.origin.where("/request/query/externalId") == f"{here}:10:35"
    assert new.origin.where() == f"{there}:3:8"
    assert new.origin.where("/id") == f"{there}:3:3"
    assert found.input_origins["place"].where() == f"{folder}/data.dolly.yaml:1:8"
    assert found.input_origins["gone"].where() == f"{folder}/data.yaml:2:7"
    right = found.flow[2].action
    assert isinstance(right, Parallel)
    assert right.steps[1].origin.where() == f"{here}:13:9", "what comes after what is new has its own place"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("demo", "flow: {frist: null}\n", "demo.dolly.yaml:1:8: there is no 'frist' in this list; did you mean 'first'?"),
        ("demo", "flow: {a: {call: x}}\n", "demo.dolly.yaml:1:8: there is no 'a' in this list; known: first, left, right"),
        ("demo", "flow: {a: {after: b}}\n", "demo.dolly.yaml:1:19: there is no 'b' in this list; known: first"),
        ("demo", "flow: {left: {after: first}}\n", "demo.dolly.yaml:1:8: 'left' is there already, and stays where it is"),
        ("demo", "flow: {a: {after: left, before: right}}\n", "demo.dolly.yaml:1:8: 'a' comes either before or after"),
        ("demo", "flow: {first: {title: null}}\n", "demo.dolly.yaml:1:16: there is nothing to take away"),
        ("demo", "inputs: {new: {x: null}}\n", "demo.dolly.yaml:1:16: there is nothing to take away"),
        ("demo", "flow: {first: {reqest: {}}}\n", "demo.dolly.yaml:1:16: 'reqest' is not a key of a step. Did you mean 'request'?"),
        ("demo", "- first\n", "demo.dolly.yaml:1:1: a release fragment is a mapping of what differs"),
        ("demo", "a: [\n", "demo.dolly.yaml:2:1: not readable as YAML"),
        ("steps", "three: null\n", "steps.dolly.yaml:1:1: there is no 'three' in this list; known: one, two; a new one says"),
        ("steps", "one: {cal: x}\n", "steps.dolly.yaml:1:7: 'cal' is not a key of a step. Did you mean 'call'?"),
        ("data", "other: null\n", "data.dolly.yaml:1:1: there is nothing to take away"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_with_its_place(folder: Path, name: str, text: str, problem: str):
    put(folder, **{name: text})
    _, problems = checked(folder / "demo.oit.yaml", DOLLY)
    assert any(line.startswith(f"{folder}/{problem}") for line in problems), problems
    assert checked(folder / "demo.oit.yaml", GRACE)[1] == []


def test_what_is_said_wrongly_in_a_fragment_is_told_there(folder: Path):
    put(folder, demo="flow: {first: {request: {query: {sate: x}}}}\n")
    _, problems = checked(folder / "demo.oit.yaml", DOLLY)
    assert problems == [
        f"{folder}/demo.dolly.yaml:1:34: 'listQuote' has no query parameter 'sate'. Did you mean 'state'?"
    ]


def test_a_fragment_that_is_a_link_leads_nowhere_outside(folder: Path, tmp_path_factory: pytest.TempPathFactory):
    outside = tmp_path_factory.mktemp("outside") / "secret.yaml"
    outside.write_text("place: there\n")
    (folder / "data.dolly.yaml").symlink_to(outside)
    _, problems = checked(folder / "demo.oit.yaml", DOLLY)
    assert problems == [f"{folder}/data.dolly.yaml:1:1: it leads out of {folder.resolve()}; --root DIR allows more"]
    profile = folder / "mine.yaml"
    profile.write_text("extends: wholesale-seller\nname: mine\n")
    (folder / "mine.dolly.yaml").symlink_to(outside)
    with pytest.raises(FileProblem, match="leads out of"):
        load_profile(profile, release=DOLLY)


def test_a_profile_has_them_too(folder: Path):
    profile = folder / "mine.yaml"
    profile.write_text("extends: wholesale-seller\nname: mine\npaging: {too_many: 7}\n")
    put(folder, mine="paging: {too_many: 8}\nofferings: {epl: null}\n")
    assert load_profile(profile, release=DOLLY).paging.too_many == 8
    assert "epl" not in load_profile(profile, release=DOLLY).offerings
    assert load_profile(profile).paging.too_many == 7
    assert "epl" in load_profile(profile).offerings
    put(folder, mine="paging:\n  too_many: x\n")
    with pytest.raises(FileProblem, match=r"mine\.dolly\.yaml:2:13: a whole number is needed here"):
        load_profile(profile, release=DOLLY)
    put(folder, mine="offerings: {none: null}\n")
    with pytest.raises(FileProblem, match=r"mine\.dolly\.yaml:1:13: there is nothing to take away"):
        load_profile(profile, release=DOLLY)


def test_the_usual_seller_sells_what_its_release_has():
    """Each release has the same offerings, but for what it has no product for; none of another release's."""
    grace, dolly = load_profile(release=GRACE), load_profile(release=DOLLY)
    urns = set(DOLLY.products.urns)
    lost = {name for name in grace.offerings if dolly.offerings[name].payload not in urns}
    assert lost == {"internet-exclusive", "ip-trunk"}
    assert {product["productConfiguration"]["@type"] for product in dolly.products.values()} <= urns
    assert grace.offerings.keys() == dolly.offerings.keys()
    assert grace.products.keys() == dolly.products.keys()


def test_lint_looks_at_each_release_that_there_is_a_fragment_for(folder: Path):
    put(folder, demo="flow: {first: {request: {query: {sate: x}}}}\n", steps="two: null\n")
    (scenario, *fragments) = lint_files([folder])
    assert [line.removeprefix(f"{folder}/") for line in scenario.problems] == [
        "demo.dolly.yaml:1:34: 'listQuote' has no query parameter 'sate'. Did you mean 'state'? (release dolly)"
    ]
    assert [(each.path.name, each.sort, each.problems) for each in fragments] == [
        ("demo.dolly.yaml", Sort.FRAGMENT, []),
        ("steps.dolly.yaml", Sort.FRAGMENT, []),
    ]
    assert [each.problems for each in lint_files([folder], GRACE)] == [[], [], []]


def test_lint_tells_of_a_fragment_that_nobody_reads(folder: Path):
    for name in ("demo.doly.yaml", "steps.doly.yaml", "lonely.dolly.yaml", "other.yaml", "other.more.yaml"):
        (folder / name).write_text("a: 1\n")
    told = [line.removeprefix(f"{folder}/") for each in lint_files([folder]) for line in each.problems]
    assert told == [
        "demo.doly.yaml:1:1: there is no release 'doly'; did you mean 'dolly'?",
        "lonely.dolly.yaml:1:1: there is no lonely.oit.yaml or lonely.yaml beside it",
        "steps.doly.yaml:1:1: there is no release 'doly'; did you mean 'dolly'?",
    ]
    assert misnamed(folder / "demo.oit.yaml", ["oit"], ()) is None


def test_a_scenario_of_a_function_that_a_release_lacks_is_left_out():
    scenario = load_scenario(scenarios_dir() / "billing" / "find.oit.yaml", DOLLY)
    assert scenario.release.name == GRACE.name
    (left,) = plan([scenario], Wish(named=frozenset({scenario.file})), DOLLY).left_out
    assert left.what is Need.FUNCTION
    assert left.why == "it needs Billing, which release dolly does not have"
    assert plan([scenario], Wish(), GRACE).left_out == ()


def test_a_scenario_without_the_function_in_its_fragment_can_be_played(folder: Path):
    path = folder / "demo.oit.yaml"
    path.write_text(DEMO.replace("servedBy: seller}}", "servedBy: seller}, bill: {api: billing, servedBy: seller}}"))
    put(folder, demo="sources: {bill: null}\n")
    assert list(read(folder).sources) == ["quote"]
    assert plan([read(folder)], Wish(), DOLLY).left_out == ()


def test_a_function_that_no_release_has_is_told_of(folder: Path):
    (folder / "demo.oit.yaml").write_text(DEMO.replace("api: quote", "api: qoute"))
    scenario, problems = checked(folder / "demo.oit.yaml", DOLLY)
    assert any("'qoute' is not one of" in line for line in problems)
    assert scenario is None or scenario.release is DOLLY


def test_the_command_says_what_is_left_out(tmp_path: Path):
    done = oit("run", "scenarios/billing/find.oit.yaml", "--release", "dolly")
    assert done.code == 5
    assert "nothing is selected: it needs Billing, which release dolly does not have" in done.err
    planned = oit("run", "scenarios/appointment/nobody-free.oit.yaml", "--release", "dolly", "--plan").out
    assert "appointment-nobody-free" in planned
    wanted = oit("inputs", "scenarios/appointment", "--release", "dolly").out
    assert "visitPlace:" in wanted
    assert "visitPlace:" not in oit("inputs", "scenarios/appointment").out
    assert oit("inputs", "scenarios/billing", "--release", "dolly").code == 5
    served = oit("seller", "--port", "0", "--scenario", "scenarios/billing/paid.oit.yaml", "--release", "dolly")
    assert served.code == 2
    assert "paid.oit.yaml: it needs Billing, which release dolly does not have" in served.err


def test_laying_keeps_what_it_is_given(tmp_path: Path):
    under, over = locate_text("a: {b: [1, 2], c: {d: 1}}\n", "u"), locate_text("a: {c: {d: 2}}\n", "o")
    problems: list[str] = []
    found = laid(under, over, problems)
    assert (found.value, under.value) == ({"a": {"b": [1, 2], "c": {"d": 2}}}, {"a": {"b": [1, 2], "c": {"d": 1}}})
    assert found.where("/a/b/1") == "u:1:12"
    assert found.where("/a/c/d") == "o:1:12"
    assert problems == []


def test_editors_have_a_schema_of_them():
    schema = json.loads(oit("schema", "release-fragment", "--release", "dolly").out)
    validator = Draft7Validator(schema)
    for path in scenarios_dir().rglob("*.oit.yaml"):
        if (fragment := fragment_of(path, "dolly").with_suffix(".yaml")).is_file():
            assert list(validator.iter_errors(load_located(fragment).value)) == [], fragment
    for wrong in ({"flwo": {}}, {"flow": []}, {"flow": {"a": {"reqest": {}}}}, {"cases": {"a": {"kind": "odd"}}}):
        assert not validator.is_valid(wrong), wrong


@pytest.mark.parametrize("path", sorted(scenarios_dir().rglob("*.dolly.yaml")), ids=lambda path: path.stem)
def test_a_shipped_fragment_says_nothing_that_its_file_says_already(path: Path):
    """A fragment is what differs: no value of it stands in its file as it is."""
    stem = path.name.removesuffix(".dolly.yaml")
    base = next(each for name in (".oit.yaml", ".yaml") if (each := path.with_name(stem + name)).is_file())
    problems: list[str] = []
    found = load_for(base, DOLLY, problems)
    assert problems == []
    under = load_located(base)
    said = [place for place, spot in found.places.items() if spot.file == str(path)]
    same = [place for place in said if _plain(found, place) and at(found.value, place) == at(under.value, place)]
    assert [place for place in same if not place.startswith(("/flow", "/cases")) and not place[1:2].isdigit()] == []


def _plain(located: Located, place: str) -> bool:
    return not isinstance(at(located.value, place), dict | list)
