"""Steps that wait for a notification: it arrives, it is another one, or it never arrives."""

from __future__ import annotations

import pytest

from emulator.scenario.loader import load_scenario
from emulator.standard.release import load_release

from .stub import CREATE, HEAD, Played, play, read, write

START = "2020-01-01T00:00:00Z"
SUBSCRIBE = """\
  - id: subscribe
    call: quote.registerListener
    request: {body: {callback: $buyer.callback, query: eventType=quoteStateChangeEvent}}
    outputs: {id: $response.body#/id}
"""
NOTIFY = "  - {id: told, notify: {event: quoteStateChangeEvent, of: quote, within: 5m}}\n"
AFTER = "  - {id: after, call: quote.listQuote}\n"
TAKEN = (201, {"id": "S1", "callback": "http://buyer.example/r/r1", "query": "eventType=quoteStateChangeEvent"})
MADE = (201, {"id": "Q1", "state": "acknowledged"})
NEWS = "  news: {api: quote, kind: notification, servedBy: buyer}\n"
OF_QUOTE = "listenToQuoteStateChangeEvent"


def event(identifier: str, about: str = "Q1", **more: str) -> dict:
    return {
        "eventId": identifier,
        "eventTime": START,
        "eventType": "quoteStateChangeEvent",
        "event": {"id": about, **more},
    }


def told(tmp_path, flow: str, arrivals: list, answers: list | None = None, rest: str = "") -> Played:
    scenario = read(tmp_path, SUBSCRIBE + CREATE + flow, rest)
    heard = [(when, OF_QUOTE, body) for when, body in arrivals]
    given = [TAKEN, MADE, *(answers or [(200, [])])]
    return play(scenario, given, arrivals=heard, callback=lambda: "http://buyer.example/r/r1")


def test_the_event_that_was_waited_for_arrives(tmp_path):
    played = told(tmp_path, NOTIFY + AFTER, [(30, event("e0", "Q7")), (200, event("e1"))])
    assert played.outcomes == {"subscribe": "passed", "create": "passed", "told": "passed", "after": "passed"}
    step = played.step("told")
    assert step.exchanges == (4,)  # not that of Q7
    assert (step.finished - step.started).total_seconds() == 200
    assert played.sent[0]["body"]["callback"] == "http://buyer.example/r/r1"


def test_an_event_that_was_there_before_the_step_counts_and_is_used_up(tmp_path):
    flow = "  - {id: wait, await: {resource: quote, state: inProgress}}\n" + NOTIFY + NOTIFY.replace("told", "again")
    answers = [(200, {"id": "Q1", "state": "acknowledged"}), (200, {"id": "Q1", "state": "inProgress"})]
    played = told(tmp_path, flow, [(0.5, event("e1")), (0.6, event("e1"))], answers)
    assert (played.step("told").outcome, played.step("again").outcome) == ("passed", "never_arrived")
    assert played.step("told").exchanges == (4,)


def test_the_event_that_never_arrives_has_a_verdict_and_a_timeline(tmp_path):
    played = told(tmp_path, NOTIFY + AFTER, [], [(200, {"id": "Q1", "state": "inProgress"}), (200, [])])
    step = played.step("told")
    first, *timeline = step.message.splitlines()
    assert step.outcome == "never_arrived"
    assert step.blame == "seller"
    assert first == (
        "quoteStateChangeEvent of quote Q1 never arrived within 5m; it became inProgress, and nothing told of it"
    )
    assert [line.split(maxsplit=2)[2] for line in timeline] == [
        "#1  subscription to quoteStateChangeEvent",
        "#2  POST shows quote Q1: acknowledged",
        "#3  GET shows quote Q1: inProgress",
        "it became inProgress at the latest: quoteStateChangeEvent is awaited",
    ]
    assert (step.finished - step.started).total_seconds() == 300
    assert played.step("after").outcome == "passed"  # the rest can go on by asking
    assert played.result.outcome == "never_arrived"


@pytest.mark.parametrize(
    ("flow", "said"),
    [
        (SUBSCRIBE + CREATE, "reads show no change that it could tell of"),
        (CREATE, "no subscription to it was in force"),
    ],
)
def test_a_change_that_nobody_saw_is_nobodys_fault(tmp_path, flow, said):
    answers = [TAKEN] * ("subscribe" in flow) + [MADE, (200, MADE[1])]
    played = play(read(tmp_path, flow + NOTIFY), answers, callback=lambda: "http://b")
    assert said in played.step("told").message
    assert played.step("told").blame is None


def test_what_the_step_keeps_of_the_event_is_there_for_later_ones(tmp_path):
    flow = NOTIFY.replace("}}\n", "}, outputs: {about: $request.body#/event/id}}\n") + (
        "  - {id: after, call: quote.retrieveQuote, request: {path: {id: $steps.told.outputs.about}}}\n"
    )
    played = told(tmp_path, flow, [(3, event("e1"))], [(200, MADE[1])])
    assert played.sent[2]["url"].endswith("/quote/Q1")
    missing = told(tmp_path, flow, [], [(200, MADE[1])])
    assert missing.outcomes["after"] == "blocked"
    lacks = told(tmp_path, flow.replace("event/id", "event/nothing"), [(3, event("e1"))], [(200, MADE[1])])
    assert (lacks.step("told").outcome, lacks.step("told").blame) == ("unmet", "seller")


def test_expect_chooses_and_says_what_came_in_its_place(tmp_path):
    flow = "  - {id: told, notify: {event: quoteStateChangeEvent, of: quote}, expect: {/event/sellerId: acme}}\n"
    wrong, right = event("e1", sellerId="other"), event("e2", sellerId="acme")
    assert told(tmp_path, flow, [(3, wrong), (4, right)]).outcomes["told"] == "passed"
    step = told(tmp_path, flow, [(3, wrong)]).step("told")
    assert (step.outcome, step.blame) == ("unmet", "seller")
    assert 'and not as wanted within 1m: /event/sellerId is "other", expected "acme"' in step.message


@pytest.mark.parametrize(
    ("count", "arrive", "outcome"),
    [
        ("2", 2, "passed"),
        ("2", 1, "never_arrived"),
        ("{min: 1, max: 1}", 2, "unmet"),
        ("{min: 2}", 3, "passed"),
        ("0", 0, "passed"),
        ("0", 1, "unmet"),
    ],
)
def test_count_says_how_many(tmp_path, count, arrive, outcome):
    flow = NOTIFY.replace("}}\n", f"}}, count: {count}}}\n")
    played = told(tmp_path, flow, [(3, event(f"e{n}")) for n in range(arrive)], [(200, MADE[1])])
    assert played.outcomes["told"] == outcome, played.step("told").message


def test_the_listener_can_be_named_by_its_source(tmp_path):
    flow = "  - {id: told, notify: news.listenToQuoteStateChangeEvent, expect: {/event/id: Q1}}\n"
    path = write(tmp_path, HEAD + NEWS + "flow:\n" + SUBSCRIBE + CREATE + flow)
    played = play(
        load_scenario(path, load_release()),
        [TAKEN, MADE, (200, [])],
        arrivals=[(3, OF_QUOTE, event("e1"))],
        callback=lambda: "http://b",
    )
    assert played.outcomes["told"] == "passed"


def test_the_time_allowed_is_the_longer_of_the_defaults(tmp_path):
    flow = "  - {id: told, notify: {event: quoteStateChangeEvent, of: quote}}\n"
    for rest, seconds in (("", 60), ("defaults: {within: 2m}\n", 120), ("defaults: {grace: 3m}\n", 180)):
        step = told(tmp_path, flow, [], [(200, MADE[1])], rest).step("told")
        assert (step.finished - step.started).total_seconds() == seconds


AWAIT = "  - {id: ready, await: {resource: quote, state: inProgress, via: [notification], within: 1h}}\n"
IN_PROGRESS = (200, {"id": "Q1", "state": "inProgress"})


def test_waiting_by_notification_alone_asks_only_when_told(tmp_path):
    answers = [(200, MADE[1]), (200, MADE[1]), IN_PROGRESS]
    played = told(tmp_path, AWAIT, [(600, event("e1")), (1200, event("e2"))], answers)
    assert played.outcomes["ready"] == "passed"
    assert [one["method"] for one in played.sent[2:]] == ["GET", "GET", "GET", "DELETE"]


def test_a_state_that_came_and_was_not_told_of_never_arrived(tmp_path):
    played = told(tmp_path, AWAIT, [], [(200, MADE[1]), IN_PROGRESS])
    step = played.step("ready")
    assert step.outcome == "never_arrived"
    assert "never arrived within 1h, and it came to inProgress; it became inProgress, and nothing" in step.message


def test_news_shorten_the_wait_of_one_who_polls_too(tmp_path):
    flow = AWAIT.replace("[notification]", "[notification, poll], every: 10m")
    played = told(tmp_path, flow, [(3, event("e1"))], [(200, MADE[1]), IN_PROGRESS])
    step = played.step("ready")
    assert (step.finished - step.started).total_seconds() == 3


def test_an_await_can_demand_the_notification_as_well(tmp_path):
    flow = """\
  - id: ready
    await: {resource: quote, state: inProgress, via: [notification, poll], within: 1h}
    notification: {expect: {/eventType: quoteStateChangeEvent}, count: {min: 1, max: 3}}
"""
    assert told(tmp_path, flow, [(3, event("e1"))], [IN_PROGRESS]).outcomes["ready"] == "passed"
    assert told(tmp_path, flow, [], [IN_PROGRESS]).outcomes["ready"] == "never_arrived"


def test_a_subscription_that_the_flow_leaves_behind_is_ended(tmp_path):
    played = told(tmp_path, "  - {id: fails, call: quote.listQuote, response: {status: 404}}\n", [])
    last = played.sent[-1]
    assert (last["method"], last["url"].rpartition("v8")[2]) == ("DELETE", "/hub/S1")
    ended = SUBSCRIBE + "  - {id: end, call: quote.unregisterListener, request: {path: {id: S1}}}\n"
    tidy = play(read(tmp_path, ended), [TAKEN, (204, None)], callback=lambda: "http://buyer.example/r/r1")
    assert [one["method"] for one in tidy.sent] == ["POST", "DELETE"]


def test_nobody_listens_where_no_callback_is_asked_for(tmp_path):
    def listen() -> str:
        raise AssertionError

    played = play(read(tmp_path, CREATE), [MADE], callback=listen)
    assert played.outcomes == {"create": "passed"}
