"""The runner says what became of each step, and whose turn it is to act."""

import pytest

from emulator.record.exchange import FaultKind
from emulator.scenario.events import ExchangeDone, RunDone, RunStarted, StepDone, StepStarted, Waiting

from .stub import CREATE, fault, html, later, play, read

QUOTE = {"id": "Q1", "state": "acknowledged"}
WAIT = """\
  - id: ready
    await: {resource: quote, state: approved.orderable, every: 5s, within: 1m, stopOn: [unableToProvide]}
"""
AFTER = """\
  - id: after
    call: quote.retrieveQuote
    request: {path: {id: $steps.create.outputs.id}}
"""


def in_state(state):
    return (200, {"id": "Q1", "state": state})


def test_a_flow_that_goes_well_passes_and_tells_its_story(tmp_path):
    scenario = read(tmp_path, CREATE + WAIT + AFTER)
    played = play(scenario, [(201, QUOTE), in_state("inProgress"), in_state("approved.orderable"), (200, QUOTE)])
    assert played.outcomes == {"create": "passed", "ready": "passed", "after": "passed"}
    assert played.result.outcome == "passed"
    assert [(one["method"], one["url"].rpartition("sonata")[2]) for one in played.sent] == [
        ("POST", "/quoteManagement/v8/quote"),
        ("GET", "/quoteManagement/v8/quote/Q1"),
        ("GET", "/quoteManagement/v8/quote/Q1"),
        ("GET", "/quoteManagement/v8/quote/Q1"),
    ]
    assert played.step("ready").exchanges == (2, 3)
    assert played.result.tracked["quote"].id == "Q1"
    kinds = [type(event) for event in played.events]
    assert kinds[:4] == [RunStarted, StepStarted, ExchangeDone, StepDone]
    assert kinds[-1] is RunDone
    assert [event.left for event in played.events if isinstance(event, Waiting)] == [60.0]


@pytest.mark.parametrize("what", ["await", "eventually"])
def test_who_is_busy_is_called_again_when_it_says_while_the_step_may_wait(what, tmp_path):
    """Also where the scenario's other steps may not wait so long; and no more once the step's own time would be over."""
    flow = {"await": CREATE + WAIT, "eventually": CREATE + HOPED.replace("within: 5m", "within: 1m")}[what]
    first = [(201, QUOTE)] if what == "await" else [(201, QUOTE), (200, QUOTE)]
    scenario = read(tmp_path, flow, "defaults: {within: 1s}\n")
    right = in_state("approved.orderable" if what == "await" else "accepted")
    played = play(scenario, [*first, later(40), right])
    assert played.result.outcome == "passed"
    assert [event.left for event in played.events if isinstance(event, Waiting)] == [40.0]
    played = play(scenario, [*first, later(40), later(40), later(40), right])
    assert [event.left for event in played.events if isinstance(event, Waiting) if event.left == 40] == [40.0]


HOPED = """\
  - id: before
    call: quote.retrieveQuote
    request: {path: {id: other}}
  - id: hoped
    call: quote.retrieveQuote
    request: {path: {id: other}}
    response: {status: 200, expect: {/state: accepted}}
    eventually: {every: 1s, within: 5m}
"""


def test_nobody_looks_again_and_again_for_a_change_that_was_not_made(tmp_path):
    """What only reads goes on; what waits would wait in vain."""
    played = play(read(tmp_path, CREATE + HOPED), [(422, []), (200, QUOTE)])
    assert played.outcomes == {"create": "unmet", "before": "passed", "hoped": "blocked"}
    played = play(
        read(tmp_path, CREATE + HOPED), [(201, QUOTE), (200, QUOTE), in_state("inProgress"), in_state("accepted")]
    )
    assert played.outcomes == {"create": "passed", "before": "passed", "hoped": "passed"}


def test_of_changes_that_were_made_together_each_is_waited_for(tmp_path):
    other = CREATE.replace("id: create", "id: another").replace("track: quote", "track: two")
    group = "  - id: both\n    parallel:\n" + "".join(f"    {line}\n" for line in (CREATE + other).splitlines())
    played = play(
        read(tmp_path, group.replace("  - id: both\n    parallel", "  - parallel") + HOPED),
        [(422, []), (201, QUOTE), (200, QUOTE)],
    )
    assert played.outcomes == {"create": "unmet", "another": "passed", "before": "passed", "hoped": "blocked"}


def test_a_list_is_hoped_to_hold_what_was_made_and_an_empty_one_hopes_for_nothing(tmp_path):
    listed = """\
  - id: some
    call: quote.listQuote
    response: {status: 200, expect: {/: {$size: 1}}}
  - id: none
    call: quote.listQuote
    response: {status: 200, expect: {/: {$size: 0}}}
"""
    played = play(read(tmp_path, CREATE + listed), [(422, []), (200, [])])
    assert played.outcomes == {"create": "unmet", "some": "blocked", "none": "passed"}
    played = play(read(tmp_path, listed), [(200, [QUOTE]), (200, [])])
    assert played.outcomes == {"some": "passed", "none": "passed"}


def test_every_sent_part_is_filled_in(tmp_path):
    flow = """\
  - id: list
    call: quote.listQuote
    request: {query: {state: [accepted, rejected], limit: 5}, headers: {X-Run: "<{$run.id}>"}}
  - id: one
    call: quote.retrieveQuote
    request: {path: {id: a/b}}
"""
    played = play(read(tmp_path, flow), [(200, [])])
    assert played.sent[0]["query"] == [("state", "accepted"), ("state", "rejected"), ("limit", "5")]
    assert played.sent[0]["headers"] == {"X-Run": "<r1>"}
    assert played.sent[1]["url"].endswith("/quote/a%2Fb")
    assert played.sent[1]["body"] is None


def test_a_failed_step_blocks_those_after_it_by_name(tmp_path):
    played = play(read(tmp_path, CREATE + WAIT + AFTER), [(500, {"code": "internalError", "reason": "Oh"})])
    assert played.outcomes == {"create": "unmet", "ready": "blocked", "after": "blocked"}
    step = played.step("create")
    assert step.message.endswith("/quote was answered 500 (internalError Oh); expected 201")
    assert step.blame == "seller"
    assert played.step("after").message == "not played: 'create' did not succeed"


@pytest.mark.parametrize(
    ("answer", "outcome", "blame", "sentence"),
    [
        (fault(FaultKind.UNREACHABLE), "inconclusive", "transport", "the seller could not be reached"),
        (fault(FaultKind.TIMEOUT), "inconclusive", "transport", "the seller gave no whole answer in time"),
        (fault(FaultKind.CLOSED), "inconclusive", "transport", "the seller closed the connection before"),
        (fault(FaultKind.PROTOCOL), "unmet", "seller", "the seller answered with something that is not HTTP"),
        (html(201), "unmet", "seller", "was answered 201 with text/html, which is not readable"),
        (html(500), "unmet", "seller", "was answered 500 with text/html instead of JSON; expected 201"),
        ((201, {"state": "acknowledged"}), "unmet", "seller", "has no id, so 'quote' cannot be followed"),
        ((201, []), "unmet", "seller", "has no id, so 'quote' cannot be followed"),
    ],
)
def test_trouble_is_one_clear_sentence(tmp_path, answer, outcome, blame, sentence):
    step = play(read(tmp_path, CREATE), [answer]).step("create")
    assert (step.outcome, step.blame) == (outcome, blame)
    assert sentence in step.message
    assert "\n" not in step.message


def test_an_expectation_that_does_not_hold_is_shown(tmp_path):
    flow = CREATE.replace("{status: 201}", "{status: 201, expect: {/state: inProgress, /x: {$any: string}}}")
    step = play(read(tmp_path, flow), [(201, QUOTE)]).step("create")
    assert step.message == '/state is "acknowledged", expected "inProgress" (and 1 more)'
    assert [one.as_json() for one in step.expectations] == [
        {"pointer": "/state", "expected": "inProgress", "ok": False, "found": "acknowledged"},
        {"pointer": "/x", "expected": {"$any": "string"}, "ok": False},
    ]


def test_headers_can_be_demanded(tmp_path):
    flow = CREATE.replace("{status: 201}", "{status: 201, headers: {content-type: {$regex: json}, X-Total: '1'}}")
    step = play(read(tmp_path, flow), [(201, QUOTE)]).step("create")
    assert step.message == 'header X-Total is not there, expected "1"'


def test_a_state_that_never_comes_fails_with_the_states_seen(tmp_path):
    answers = [(201, QUOTE), in_state("acknowledged"), in_state("inProgress")]
    played = play(read(tmp_path, CREATE + WAIT), answers)
    step = played.step("ready")
    assert step.outcome == "unmet"
    assert step.message == (
        "quote Q1 did not come to approved.orderable within 1m;"
        " states seen: acknowledged (after 0s), inProgress (after 5s)"
    )
    assert (step.finished - step.started).total_seconds() == 60
    assert len(step.exchanges) == 13


def test_a_state_to_stop_on_fails_at_once(tmp_path):
    answers = [(201, QUOTE), in_state("inProgress"), in_state("unableToProvide")]
    step = play(read(tmp_path, CREATE + WAIT), answers).step("ready")
    assert step.outcome == "unmet"
    assert step.message.startswith("quote Q1 went to unableToProvide, so it will not come to approved.orderable;")
    assert (step.finished - step.started).total_seconds() == 5


def test_a_long_wait_asks_less_and_less_often(tmp_path):
    flow = CREATE + WAIT.replace("every: 5s, within: 1m", "every: 30s, within: 60d")
    step = play(read(tmp_path, flow), [(201, QUOTE), in_state("inProgress")]).step("ready")
    assert "within 60d" in step.message
    assert len(step.exchanges) < 70


def test_nobody_asks_before_the_moment_that_is_named(tmp_path):
    flow = CREATE + WAIT.replace("every: 5s, within: 1m", "from: $gen.now+2d, every: 5s, within: 14d")
    step = play(read(tmp_path, flow), [(201, QUOTE), in_state("approved.orderable")]).step("ready")
    assert (step.outcome, len(step.exchanges)) == ("passed", 1)
    assert (step.finished - step.started).total_seconds() == 2 * 24 * 3600


def test_a_moment_that_is_past_or_never_comes_in_time(tmp_path):
    """What is past is not waited for; who looks from later on than it waits looks once, at the end."""
    for begin, took in (("now-1h", 0), ("now+3h", 60)):
        flow = CREATE + WAIT.replace("every: 5s", f"from: $gen.{begin}, every: 5s")
        step = play(read(tmp_path, flow), [(201, QUOTE), in_state("approved.orderable")]).step("ready")
        assert (step.outcome, (step.finished - step.started).total_seconds()) == ("passed", took)


def test_what_is_no_moment_is_told_with_its_place(tmp_path):
    flow = CREATE + WAIT.replace("every: 5s", "from: tomorrow, every: 5s")
    step = play(read(tmp_path, flow), [(201, QUOTE)]).step("ready")
    assert step.outcome != "passed"
    assert "demo.oit.yaml:15:63: " in step.message
    assert "'tomorrow' is no date-time with an offset" in step.message


def test_a_resource_without_a_state_fails(tmp_path):
    step = play(read(tmp_path, CREATE + WAIT), [(201, QUOTE), (200, {"id": "Q1"})]).step("ready")
    assert step.message == "quote Q1 shows no state"


def test_retries_are_bounded_and_count_as_exchanges(tmp_path):
    scenario = read(tmp_path, CREATE, "defaults: {retry: {limit: 2, after: 10s}}\n")
    played = play(scenario, [(503, {}), (503, {}), (201, QUOTE)])
    assert played.step("create").outcome == "passed"
    assert played.step("create").exchanges == (1, 2, 3)
    assert (played.result.finished - played.result.started).total_seconds() == 20
    assert play(scenario, [(503, {})]).step("create").exchanges == (1, 2, 3)


def test_a_post_whose_answer_was_lost_is_not_sent_twice(tmp_path):
    scenario = read(tmp_path, CREATE, "defaults: {retry: {}}\n")
    assert len(play(scenario, [fault(FaultKind.TIMEOUT)]).sent) == 1
    assert len(play(scenario, [fault(FaultKind.UNREACHABLE)]).sent) == 4


def test_without_retry_nothing_is_sent_twice(tmp_path):
    assert len(play(read(tmp_path, CREATE), [(503, {})]).sent) == 1


EVENTUALLY = """\
  - id: found
    call: quote.listQuote
    response: {status: 200, expect: {/: {$size: 1}}}
    eventually: {every: 10s, within: 1m}
    outputs: {id: $response.body#/0/id}
"""


def test_a_call_is_repeated_until_it_is_as_expected(tmp_path):
    played = play(read(tmp_path, EVENTUALLY), [(200, []), (200, []), (200, [QUOTE])])
    assert played.step("found").outcome == "passed"
    assert len(played.sent) == 3
    step = play(read(tmp_path, EVENTUALLY), [(200, [])]).step("found")
    assert step.message == 'not within 1m: the body is [], expected {"$size": 1}'
    assert len(play(read(tmp_path, EVENTUALLY), [(500, {})]).sent) == 1


def test_an_output_that_the_answer_lacks_fails_with_its_place(tmp_path):
    flow = CREATE.replace("#/id}", "#/number}")
    step = play(read(tmp_path, flow), [(201, QUOTE)]).step("create")
    assert step.outcome == "unmet"
    assert "demo.oit.yaml:12:19: '$response.body#/number' finds nothing" in step.message


def test_a_wrong_reference_is_the_scenarios_error(tmp_path):
    flow = AFTER.replace("create.outputs.id", "none.outputs.id")
    step = play(read(tmp_path, flow), [(200, QUOTE)]).step("after")
    assert (step.outcome, step.blame) == ("error", "scenario")
    assert "demo.oit.yaml:10:26: '$steps.none.outputs.id': the step 'none' has not run" in step.message


def test_members_of_a_group_are_all_played(tmp_path):
    flow = (
        CREATE
        + """\
  - parallel:
      - {id: a, call: quote.listQuote, response: {status: 201}}
      - {id: b, call: quote.listQuote}
  - {id: c, call: quote.listQuote}
"""
    )
    played = play(read(tmp_path, flow), [(201, QUOTE), (200, [])])
    assert played.outcomes == {"create": "passed", "a": "unmet", "b": "passed", "c": "passed"}


CASES = """\
cases:
  - id: no-item
    kind: negative
    emulate: buyer
    at: create
    patch: [{op: remove, path: /quoteItem}, {op: add, path: /note, value: "{$run.id}"}]
    expect: {status: [400, 422], body: {/0/code: missingProperty}}
    then: THEN
  - {id: late, kind: fault, emulate: seller, at: create}
"""
REFUSED = (422, [{"code": "missingProperty", "propertyPath": "/quoteItem", "reason": "x"}])


def test_a_negative_case_sends_the_patched_request_and_ends(tmp_path):
    scenario = read(tmp_path, CREATE + AFTER, CASES.replace("THEN", "end"))
    played = play(scenario, [REFUSED], case="no-item")
    assert played.sent[0]["body"] == {"externalId": "x", "note": "r1"}
    assert played.outcomes == {"create:no-item": "passed", "after": "skipped"}
    assert played.result.provoked == {1}
    assert played.result.case == "no-item"


def test_a_negative_case_may_go_on_with_the_right_message(tmp_path):
    scenario = read(tmp_path, CREATE + AFTER, CASES.replace("THEN", "continue"))
    played = play(scenario, [REFUSED, (201, QUOTE), (200, QUOTE)], case="no-item")
    assert played.outcomes == {"create:no-item": "passed", "create": "passed", "after": "passed"}
    assert played.result.provoked == {1}
    assert "quoteItem" in played.sent[1]["body"]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((201, QUOTE), "was answered 201 although the request was wrong on purpose; expected 400 or 422"),
        ((422, [{"code": "otherIssue"}]), '/0/code is "otherIssue", expected "missingProperty"'),
        (html(400), "was answered 400 with text/html, which is not readable"),
    ],
)
def test_a_wrong_refusal_fails(tmp_path, answer, sentence):
    scenario = read(tmp_path, CREATE, CASES.replace("THEN", "end"))
    step = play(scenario, [answer], case="no-item").step("create:no-item")
    assert (step.outcome, step.blame) == ("unmet", "seller")
    assert sentence in step.message


def test_a_patch_that_does_not_apply_is_the_scenarios_error(tmp_path):
    scenario = read(tmp_path, CREATE, CASES.replace("/quoteItem}", "/quoteItems}").replace("THEN", "end"))
    step = play(scenario, [REFUSED], case="no-item").step("create:no-item")
    assert step.outcome == "error"
    assert "there is nothing at /quoteItems" in step.message


def test_a_case_that_needs_our_own_seller_is_skipped_without_it(tmp_path):
    played = play(read(tmp_path, CREATE, CASES.replace("THEN", "end")), [REFUSED], case="late")
    assert played.result.outcome == "skipped"
    assert played.result.steps[0].message == "this case needs our own seller, which makes the trouble"
    assert played.sent == []


def test_the_same_seed_sends_the_same_request(tmp_path):
    scenario = read(tmp_path, CREATE.replace("externalId: x", 'externalId: "{$gen.uuid}"'))

    def sent(seed, **more):
        return play(scenario, [(201, QUOTE)], seed=seed, **more).sent[0]["body"]["externalId"]

    assert sent(1) == sent(1) != sent(2)


def test_inputs_rows_and_overrides_reach_the_request(tmp_path):
    (tmp_path / "rows.csv").write_text("contact.name,n\nJoe,5\nAnn,6\n")
    rest = "inputs: {n: 1, contact: {name: Jane, mail: m}, text: 'n={$inputs.n}'}\ndata: rows.csv\n"
    scenario = read(
        tmp_path, CREATE.replace("externalId: x", "a: $inputs.contact, b: $inputs.text, c: $inputs.n"), rest
    )

    def body(**more):
        return play(scenario, [(201, QUOTE)], **more).sent[0]["body"]

    assert body()["a"] == {"name": "Joe", "mail": "m"}
    second = body(row=1, inputs={"contact.mail": "$x"})
    assert second["a"] == {"name": "Ann", "mail": "$x"}
    assert second["c"] == 6


def test_inputs_see_those_above_them(tmp_path):
    scenario = read(
        tmp_path, CREATE.replace("externalId: x", "b: $inputs.text"), "inputs: {n: 1, text: 'n={$inputs.n}'}\n"
    )
    assert play(scenario, [(201, QUOTE)], inputs={"n": 9}).sent[0]["body"]["b"] == "n=9"


def test_a_result_can_be_written_as_json(tmp_path):
    step = play(read(tmp_path, CREATE), [(201, QUOTE)]).step("create")
    assert step.as_json()["outcome"] == "passed"
    assert step.as_json()["where"].endswith("demo.oit.yaml:8:5")
