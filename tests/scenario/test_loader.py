"""Files that are wrong are refused gently: every problem at once, each with its place."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from emulator.errors import FileProblem
from emulator.scenario.loader import load_scenario
from emulator.scenario.model import Await, Call
from emulator.scenario.schema import scenario_schema
from emulator.standard.release import load_release

from .stub import CREATE, HEAD, read, write


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(FileProblem) as caught:
        load_scenario(write(folder, text), load_release())
    return [line.removeprefix(f"{folder}/") for line in caught.value.problems]


def test_every_problem_of_a_file_is_told_at_once_with_place_and_suggestion(tmp_path):
    text = HEAD + "flow:\n  - id: a\n    call: quote.listQuote\n    expcet: {}\n  - id: b\n    await: {resource: q}\n"
    assert problems(tmp_path, text) == [
        "demo.oit.yaml:10:5: 'expcet' is not a key of a step. Did you mean 'expect'?",
        "demo.oit.yaml:12:12: an await needs 'state'",
    ]


@pytest.mark.parametrize(
    ("flow", "problem"),
    [
        ("  - id: a\n", "8:5: a step has exactly one of call, await, notify, parallel, use; this one has none"),
        (
            "  - {id: a, call: quote.listQuote, use: x.yaml}\n",
            "8:5: a step has exactly one of call, await, notify, parallel, use; this one has call and use",
        ),
        ("  - call: quote.listQuote\n", "8:5: a step needs 'id'"),
        (
            "  - id: a\n    await: {resource: q, state: s, within: 20 sec}\n",
            "9:44: '20 sec' is not a duration: write 20s, 5m, 2h, 45d, PT20S",
        ),
        ("  - id: a\n    use: nowhere.yaml\n", "9:10: there is no fragment 'nowhere.yaml' beside this file or in"),
        ("  - id: a\n    call: quote.listQuote\n    with: {}\n", "10:5: 'with' belongs to a step with 'use'"),
        ("  - id: a\n    call: quote.listQuote\n    expect: {}\n", "10:5: 'expect' belongs to a step with 'await'"),
        ("  - id: a\n    call: [x]\n", "9:11: a text is needed here; this is a list"),
        (
            "  - id: a\n    call: quote.listQuote\n    request: {query: {state: $inptus.x}}\n",
            "10:30: '$inptus.x': there is no '$inptus'. Did you mean '$inputs'?",
        ),
        (
            "  - id: a\n    call: quote.listQuote\n    response: {expect: {/x: {$oneof: [1]}}}\n",
            "10:30: '$oneof' is not a matcher. Did you mean '$oneOf'?",
        ),
        (
            "  - id: a\n    call: quote.listQuote\n    response: {expect: {state: x}}\n",
            "10:25: 'state' is not a JSON Pointer: write /state",
        ),
        (
            "  - {id: a, call: quote.listQuote, covers: [R45]}\n",
            "8:45: 'R45' is not a requirement: write MEF123-R45",
        ),
        ("  - id: a\n    call: quote.listQuote\n  - id: a\n    call: quote.listQuote\n", "10:9: the step 'a' is there"),
        (
            "  - id: a\n    call: quote.createQuote\n    request: {body: {$any: string}}\n",
            "10:22: '$any' means nothing here; a key that begins with '$' is written '$$any'",
        ),
    ],
)
def test_a_problem_names_its_place(tmp_path, flow, problem):
    found = problems(tmp_path, HEAD + "flow:\n" + flow)
    assert any(line.startswith("demo.oit.yaml:" + problem) for line in found), found


def test_an_empty_file_is_said_to_be_empty(tmp_path):
    assert problems(tmp_path, "# nothing\n") == ["demo.oit.yaml:1:1: the scenario is empty"]


def test_a_source_may_be_named_by_its_official_document(tmp_path):
    text = HEAD.replace("{api: quote,", "{spec: quoteManagement.api.yaml,")
    assert load_scenario(write(tmp_path, text + "flow:\n" + CREATE), load_release()).sources["quote"].api == "quote"


def test_aliases_of_apis_become_their_names_and_requirements_one_spelling(tmp_path):
    scenario = read(tmp_path, CREATE, "covers: [MEF123:R45, MEF115-R1]\n")
    assert scenario.sources["order"].api == "productOrder"
    assert scenario.covers == ("MEF123-R45", "MEF115-R1")


def test_what_is_covered_may_be_a_clause_under_the_key_of_its_own(tmp_path):
    text = HEAD + "covers: [Mplify121.1-address-ids, 'MEF121:R15', Mplify121.1-R4]\n" + "flow:\n" + CREATE
    scenario = load_scenario(write(tmp_path, text), load_release("kylie"))
    assert scenario.covers == ("Mplify121.1-R22", "Mplify121.1-R31", "Mplify121.1-R4")


def test_defaults_reach_the_steps(tmp_path):
    flow = CREATE + "  - id: w\n    await: {resource: quote, state: accepted}\n"
    scenario = read(tmp_path, flow, "defaults: {within: 2h, every: 500ms, retry: {}}\n")
    wait = scenario.step("w").action
    assert isinstance(wait, Await)
    assert (wait.within, wait.every, wait.via) == (7200.0, 0.5, ("poll",))
    assert scenario.defaults.retry.status == (502, 503, 504)


def test_a_fragment_takes_parameters_and_the_id_of_its_use(tmp_path):
    write(
        tmp_path,
        "- id: one\n  call: quote.retrieveQuote\n  request: {path: {id: $with.id}}\n  outputs: {o: $with.out}\n"
        "- id: two\n  call: quote.retrieveQuote\n  request: {path: {id: $steps.one.outputs.o}, "
        "headers: {X: '<{$with.id}>'}}\n",
        "fragments/f.yaml",
    )
    flow = CREATE + "  - {id: first, use: fragments/f.yaml, with: {id: $steps.create.outputs.id, out: 7}}\n"
    scenario = read(tmp_path, flow)
    assert [step.id for step in scenario.steps()] == ["create", "first-one", "first-two"]
    one, two = scenario.step("first-one"), scenario.step("first-two")
    assert isinstance(one.action, Call)
    assert isinstance(two.action, Call)
    assert one.action.request.path == {"id": "$steps.create.outputs.id"}
    assert one.outputs == {"o": 7}
    assert two.action.request.path == {"id": "$steps.first-one.outputs.o"}
    assert two.action.request.headers == {"X": "<{$steps.create.outputs.id}>"}
    assert one.origin.where().endswith("fragments/f.yaml:1:3")


def test_what_the_caller_passes_speaks_of_the_callers_steps(tmp_path):
    write(tmp_path, "- id: create\n  call: quote.retrieveQuote\n  request: {path: {id: $with.id}}\n", "f.yaml")
    scenario = read(tmp_path, CREATE + "  - {id: f, use: f.yaml, with: {id: $steps.create.outputs.id}}\n")
    assert scenario.step("f-create").action.request.path == {"id": "$steps.create.outputs.id"}


def test_a_fragment_without_its_parameter_is_refused(tmp_path):
    write(tmp_path, "- id: a\n  call: quote.retrieveQuote\n  request: {path: {id: $with.ident}}\n", "f.yaml")
    found = problems(tmp_path, HEAD + "flow:\n  - {use: f.yaml, with: {idents: 1}}\n")
    assert found == [
        "f.yaml:3:24: '$with.ident': the fragment is used without 'ident'. Did you mean 'idents'?",
    ]


def test_a_circle_of_fragments_ends(tmp_path):
    write(tmp_path, "- use: f.yaml\n", "f.yaml")
    assert "is there a circle?" in problems(tmp_path, HEAD + "flow:\n  - use: f.yaml\n")[0]


def test_included_inputs_come_first_and_know_their_file(tmp_path):
    write(tmp_path, "a: 1\nb: two\n", "base.yaml")
    scenario = read(tmp_path, CREATE, "include: [base.yaml]\ninputs: {b: 2, c: 3}\n")
    assert scenario.inputs == {"a": 1, "b": 2, "c": 3}
    assert scenario.input_origins["a"].where().endswith("base.yaml:1:4")


def test_data_rows_keep_the_type_of_the_input_they_replace(tmp_path):
    write(tmp_path, "postcode,count,address.city\n02134,3,Ashburn\n00501,4,Reston\n", "sites.csv")
    rest = "inputs: {postcode: '', count: 1, address: {city: x}}\ndata: sites.csv\n"
    assert read(tmp_path, CREATE, rest).rows == (
        {"postcode": "02134", "count": 3, "address.city": "Ashburn"},
        {"postcode": "00501", "count": 4, "address.city": "Reston"},
    )


def test_data_that_cannot_be_used_is_told_with_its_row(tmp_path):
    write(tmp_path, "a,b\n1\n", "sites.csv")
    found = problems(tmp_path, HEAD + "data: sites.csv\nflow:\n" + CREATE)
    assert found == ["sites.csv:2:1: this row has another number of cells than the header"]
    found = problems(tmp_path, HEAD + "data: none.csv\nflow:\n" + CREATE)
    assert "cannot be read: No such file" in found[0]


def test_the_schema_is_a_draft_7_schema_with_a_description_for_every_key():
    schema = scenario_schema(load_release())
    Draft7Validator.check_schema(schema)
    undescribed = []

    def walk(node, path):
        if isinstance(node, dict):
            for name, child in node.get("properties", {}).items():
                referred = schema["definitions"].get(child.get("$ref", "").rpartition("/")[2], {})
                if "if" not in path and not (child.get("description") or referred.get("description")):
                    undescribed.append(f"{path}/{name}")
            for name, child in node.items():
                walk(child, f"{path}/{name}")
        elif isinstance(node, list):
            for index, child in enumerate(node):
                walk(child, f"{path}/{index}")

    walk(schema, "")
    assert undescribed == []
    assert json.dumps(schema)


def test_the_names_of_apis_are_those_of_the_release():
    release = load_release()
    names = scenario_schema(load_release())["definitions"]["source"]["properties"]["api"]["enum"]
    assert set(release.apis) < set(names)
    assert {release.api(name) for name in names} == set(release.apis)
    assert {"poq", "order", "site"} < set(names)
    assert not [name for name in names if name.endswith("Management")]
