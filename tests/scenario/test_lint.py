"""Lint finds what would go wrong before anything is sent."""

import pytest

from emulator.scenario.lint import lint
from emulator.standard.release import load_release

from .stub import CREATE, HEAD, write

RELEASE = load_release("grace")


def found(folder, flow, rest="", head=HEAD):
    path = write(folder, head + rest + "flow:\n" + flow)
    return [line.removeprefix(f"{folder}/") for line in lint(path, RELEASE)]


def test_a_right_scenario_has_no_problems(tmp_path):
    flow = CREATE + "  - id: w\n    await: {resource: quote, state: approved.orderable, stopOn: rejected}\n"
    assert found(tmp_path, flow, 'inputs: {a: 1, b: "{$inputs.a}"}\n') == []


def test_problems_of_structure_are_problems_of_lint(tmp_path):
    assert found(tmp_path, "  - {id: a, cal: quote.listQuote}\n") == [
        "demo.oit.yaml:8:5: a step has exactly one of call, await, notify, parallel, use; this one has none",
        "demo.oit.yaml:8:13: 'cal' is not a key of a step. Did you mean 'call'?",
    ]


@pytest.mark.parametrize(
    ("flow", "problem"),
    [
        ("  - {id: a, call: quote.creatQuote}\n", "'creatQuote' is not an operation of quote management. Did you mean"),
        ("  - {id: a, call: qoute.createQuote}\n", "8:19: there is no source 'qoute'. Did you mean 'quote'?"),
        ("  - {id: a, call: quote.retrieveQuote}\n", "8:19: 'retrieveQuote' needs request.path.id"),
        (
            "  - {id: a, call: quote.listQuote, request: {query: {sate: x}}}\n",
            "'listQuote' has no query parameter 'sate'. Did you mean 'state'?",
        ),
        ("  - {id: a, call: quote.createQuote, response: {status: 418}}\n", "has no answer 418; it has 201"),
        (
            "  - {id: a, call: quote.listQuote, request: {query: {state: $inputs.x}}}\n",
            "8:61: '$inputs.x': there is no input 'x'",
        ),
        (
            "  - {id: a, call: quote.listQuote, request: {query: {state: $steps.create.outputs.id}}}\n" + CREATE,
            "the step 'create' does not come before this one",
        ),
        (
            CREATE + "  - {id: a, call: quote.listQuote, request: {query: {state: $steps.create.outputs.idd}}}\n",
            "the step 'create' has no output 'idd'. Did you mean 'id'?",
        ),
        (
            "  - {id: a, call: quote.listQuote, request: {query: {state: $response.status}}}\n",
            "'$response' is known only once the answer is there",
        ),
        ("  - {id: a, await: {resource: quote, state: accepted}}\n", "no earlier step tracks 'quote'"),
        (CREATE + "  - {id: a, await: {resource: qoute, state: accepted}}\n", "tracks 'qoute'. Did you mean 'quote'?"),
        (
            CREATE + "  - {id: a, await: {resource: quote, state: acepted}}\n",
            "'acepted' is not a state of quote. Did you mean 'accepted'?",
        ),
        (
            CREATE + "  - {id: a, await: {resource: quote, state: accepted, stopOn: [accepted]}}\n",
            "'accepted' is waited for, and cannot be a reason to stop as well",
        ),
        (
            CREATE + "  - {id: a, notify: {event: quoteStateChangedEvent, of: quote}}\n",
            "quote has no event 'quoteStateChangedEvent'. Did you mean 'quoteStateChangeEvent'?",
        ),
        ("  - {id: a, notify: {event: quoteStateChangeEvent}}\n", "'quoteStateChangeEvent' needs 'of'"),
        (
            CREATE + "  - {id: a, notify: {event: quoteStateChangeEvent, of: quot}}\n",
            "no earlier step tracks 'quot'. Did you mean 'quote'?",
        ),
        ("  - {id: a, notify: quota.quoteStateChangeEvent}\n", "there is no source 'quota'. Did you mean 'quote'?"),
        (
            (
                "  - {id: a, optional: true, call: quote.listQuote, outputs: {o: $response.status}}\n"
                "  - {id: b, call: quote.listQuote, request: {query: {state: $steps.a.outputs.o}}}\n"
            ),
            "the step 'a' is optional, and this one is not",
        ),
        ("  - {id: a, call: quote.cancelQuote, track: c}\n", "cannot be retrieved by id, so it cannot be tracked"),
        (
            CREATE + "  - parallel:\n      - {id: a, call: quote.listQuote, outputs: {o: $response.status}}\n"
            "      - {id: b, call: quote.listQuote, request: {query: {state: $steps.a.outputs.o}}}\n",
            "the step 'a' does not come before this one",
        ),
    ],
)
def test_a_step_that_cannot_work_is_told(tmp_path, flow, problem):
    problems = found(tmp_path, flow)
    assert len(problems) == 1, problems
    assert problem in problems[0]


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        ("cases: [{id: c, kind: negative, emulate: buyer, at: craete, patch: [P]}]\n", "Did you mean 'create'?"),
        ("cases: [{id: c, kind: negative, emulate: buyer, at: create}]\n", "needs 'patch'"),
        (
            "lifecycle: {quote: {of: quote.Quote, path: [{to: acceptd}]}}\n",
            "'acceptd' is not a state of quote. Did you mean 'accepted'?",
        ),
        ("lifecycle: {quote: {of: qute.Quote, path: [{to: accepted}]}}\n", "there is no source 'qute'"),
        ("lifecycle: {q: {of: quote.Quote, path: [{to: rejected, when: creat}]}}\n", "there is no step 'creat'"),
        ("inputs: {a: $inputs.b, b: 1}\n", "there is no input 'b' above this one"),
        ("inputs: {a: $steps.create.outputs.id}\n", "inputs are filled in before the first step"),
    ],
)
def test_a_part_that_cannot_work_is_told(tmp_path, rest, problem):
    problems = found(tmp_path, CREATE, rest.replace("P", "{op: remove, path: /externalId}"))
    assert len(problems) == 1, problems
    assert problem in problems[0]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{api: quote, servedBy: buyer}", "4:32: quote management is served by the seller, not the buyer"),
        ('{api: quote, version: "7", servedBy: seller}', "quote management has version 8"),
        ("{api: address, kind: notification, servedBy: buyer}", "has no notification contract"),
    ],
)
def test_a_source_is_compared_with_the_release(tmp_path, source, problem):
    head = HEAD.replace("{api: quote, servedBy: seller}", source)
    problems = found(tmp_path, "  - {id: a, call: order.listProductOrder}\n", head=head)
    assert len(problems) == 1, problems
    assert problem.split(": ", 1)[-1] in problems[0]


def test_a_version_may_be_given_by_its_first_number(tmp_path):
    head = HEAD.replace("{api: quote,", "{api: quote, version: v8,")
    assert found(tmp_path, CREATE, head=head) == []
