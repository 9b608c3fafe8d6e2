"""The runner that waits: what a buyer did is given to the steps of a flow, and what is missing is told with its reason."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.doors.faults import Faults
from emulator.judge.verdict import Blame, Finding, Verdict
from emulator.parties.clock import VirtualClock
from emulator.record.exchange import Party
from emulator.scenario.events import Awaited
from emulator.scenario.room import Room
from emulator.scenario.scene import Scene, Terms
from emulator.scenario.selection import Job
from emulator.scenario.unasked import told_once
from emulator.scenario.waiting import WaitingRunner
from tests.judge.exchanges import exchange
from tests.scenario.arriving import URL, Buyer, HurriedRoom, read

ASK = """\
  - id: ask
    call: quote.createQuote
    request: {body: {buyerRequestedQuoteLevel: firm, externalId: "{$run.id}-x"}, expect: {/buyerRequestedQuoteLevel: firm}}
    response: {status: 201, expect: {/externalId: "{$run.id}-x"}}
    outputs: {id: $response.body#/id}
    track: quote
"""
READY = """\
  - id: ready
    await: {resource: quote, state: approved.orderable, stopOn: [rejected]}
"""
BUY = """\
  - id: buy
    call: order.createProductOrder
    request: {body: {productOrderItem: [{id: a, quoteItem: {quoteId: $steps.ask.outputs.id, id: "1"}}]}}
    response: {status: 201}
    outputs: {id: $response.body#/id}
"""
LOOK = """\
  - id: look
    optional: true
    call: quote.retrieveQuote
    request: {path: {id: $steps.ask.outputs.id}}
    response: {status: 200}
"""
LIST = """\
  - id: list
    call: order.listProductOrder
    request: {query: {externalId: $inputs.reference, quoteId: $steps.ask.outputs.id}}
    response: {status: 200}
"""


def test_a_buyer_that_does_the_flow_passes_with_data_of_its_own(tmp_path: Path):
    """Ids, names and order of items are the buyer's; what was answered before is what it must name."""
    buyer = Buyer()
    buyer.quotes("q7", externalId="mine")
    buyer.reads("q7", "inProgress")
    buyer.reads("q7", "approved.orderable")
    buyer.orders("q7")
    played = buyer.play(read(tmp_path, ASK + READY + BUY))
    assert played.outcomes == {"ask": "passed", "ready": "passed", "buy": "passed"}
    assert played.missed == []
    assert [step.exchanges for step in played.waited.result.steps] == [(1,), (2, 3), (4,)]
    assert played.waited.findings == ()


def test_what_is_awaited_is_told_with_a_sample_body_and_an_end(tmp_path: Path):
    """Whoever drives a buyer reads there what to send next."""
    buyer = Buyer()
    buyer.quotes("q7")
    buyer.reads("q7", "approved.orderable")
    played = buyer.play(read(tmp_path, ASK + READY + BUY), ended=False)
    (entry,) = played.told[-2]
    assert played.told[-1] == []
    assert (entry["step"], entry["kind"], entry["method"]) == ("buy", "call", "POST")
    assert entry["url"] == f"{URL}/mefApi/sonata/productOrderingManagement/v10/productOrder"
    assert entry["operation"] == "productOrder.createProductOrder"
    assert entry["body"] == {"productOrderItem": [{"id": "a", "quoteItem": {"quoteId": "q7", "id": "1"}}]}
    assert entry["expires"] > entry["since"]
    assert played.outcomes["buy"] == "never_arrived"
    assert "did not send POST /mefApi/sonata/productOrderingManagement/v10/productOrder within 10m" in played.message(
        "buy"
    )
    assert played.blame("buy") == "buyer"


@pytest.mark.parametrize("over", [5.0, 86400.0])
def test_how_long_to_wait_can_be_given_for_the_run(tmp_path: Path, over: float):
    buyer = Buyer()
    started = buyer.clock.now()
    buyer.play(read(tmp_path, ASK), ended=False, within=over)
    assert (buyer.clock.now() - started).total_seconds() == over


def test_a_value_of_an_earlier_answer_must_be_that_value(tmp_path: Path):
    """The nearest miss says where which value belongs, and from which step it comes."""
    buyer = Buyer()
    buyer.quotes("q7")
    buyer.reads("q7", "approved.orderable")
    buyer.orders("another")
    played = buyer.play(read(tmp_path, ASK + READY + BUY))
    told = '/productOrderItem/*/quoteItem/quoteId is "another", "q7" belongs there ($steps.ask.outputs.id)'
    assert told in played.message("buy")
    assert "nearest was exchange 3" in played.message("buy")
    assert played.missed == [told]


def test_a_refused_request_is_a_miss_with_the_sellers_reason_and_may_be_mended(tmp_path: Path):
    refusal = [{"code": "missingProperty", "propertyPath": "/productOrderItem/0/billingAccount", "reason": "is needed"}]
    buyer = Buyer()
    buyer.quotes()
    buyer.reads("q1", "approved.orderable")
    buyer.orders(status=422, answer=refusal)
    buyer.orders()
    played = buyer.play(read(tmp_path, ASK + READY + BUY))
    assert played.outcomes["buy"] == "passed"
    assert played.missed == ["it was answered 422: /productOrderItem/0/billingAccount missingProperty is needed"]


def test_an_expectation_of_the_request_that_is_not_met_is_a_miss(tmp_path: Path):
    buyer = Buyer()
    buyer.quotes(buyerRequestedQuoteLevel="budgetary")
    played = buyer.play(read(tmp_path, ASK))
    assert '/buyerRequestedQuoteLevel is "budgetary", expected "firm"' in played.message("ask")


def test_a_query_names_what_the_scenario_names(tmp_path: Path):
    scenario = read(tmp_path, ASK + LIST, "inputs: {reference: mine}\n")
    buyer = Buyer()
    buyer.quotes("q7")
    buyer.did("productOrder", "listProductOrder", None, [], q__externalId="other")
    played = buyer.play(scenario)
    assert "its query has externalId=other, awaited is externalId=mine; its query has no quoteId=q7" in played.message(
        "list"
    )
    again = Buyer()
    again.quotes("q7")
    again.did("productOrder", "listProductOrder", None, [], q__quoteId="q7", q__externalId="mine", q__limit="2")
    assert again.play(scenario).outcomes["list"] == "passed"


def test_a_value_that_only_the_buyer_can_know_is_its_own(tmp_path: Path):
    """Made-up values, also those that inputs are made of, bind nobody; given from outside they do."""
    scenario = read(tmp_path, ASK + LIST, 'inputs: {reference: "ref-{$gen.uuid}"}\n')
    buyer = Buyer()
    buyer.quotes("q7")
    buyer.did("productOrder", "listProductOrder", None, [], q__quoteId="q7", q__externalId="whatever")
    assert buyer.play(scenario).outcomes["list"] == "passed"
    strict = Buyer()
    strict.quotes("q7")
    strict.did("productOrder", "listProductOrder", None, [], q__quoteId="q7", q__externalId="whatever")
    assert strict.play(scenario, inputs={"reference": "agreed"}).outcomes["list"] == "never_arrived"


def test_what_comes_out_of_order_is_said_to(tmp_path: Path):
    buyer = Buyer()
    buyer.orders()
    buyer.quotes()
    played = buyer.play(read(tmp_path, ASK + READY + BUY))
    assert played.missed == ["out of order: it belongs to the step 'buy', and ask is awaited"]
    assert played.outcomes["ask"] == "passed"
    assert played.outcomes["buy"] == "blocked"


def test_a_step_that_is_optional_may_be_left_out(tmp_path: Path):
    buyer = Buyer()
    buyer.quotes()
    buyer.orders()
    played = buyer.play(read(tmp_path, ASK + LOOK + BUY))
    assert played.outcomes == {"ask": "passed", "look": "skipped", "buy": "passed"}
    assert "went on to 'buy' without it" in played.message("look")
    assert str(played.waited.result.outcome) == "passed"


def test_reads_that_follow_each_other_have_no_order(tmp_path: Path):
    other = LOOK.replace("id: look", "id: other").replace("quote.retrieveQuote", "order.retrieveProductOrder")
    flow = ASK + BUY + LOOK.replace("    optional: true\n", "") + other.replace("steps.ask", "steps.buy")
    buyer = Buyer()
    buyer.quotes("q1")
    buyer.orders("q1", "o1")
    buyer.did("productOrder", "retrieveProductOrder", None, {"id": "o1", "state": "acknowledged"}, id="o1")
    buyer.reads("q1", "accepted")
    played = buyer.play(read(tmp_path, flow.replace("    optional: true\n", "")))
    assert set(played.outcomes.values()) == {"passed"}


def test_a_call_with_eventually_waits_for_the_answer_that_it_demands(tmp_path: Path):
    flow = ASK + LOOK.replace("response: {status: 200}", "response: {status: 200, expect: {/state: accepted}}").replace(
        "    optional: true\n", "    eventually: {within: 1m}\n"
    )
    buyer = Buyer()
    buyer.quotes()
    buyer.reads("q1", "inProgress")
    buyer.reads("q1", "accepted")
    played = buyer.play(read(tmp_path, flow))
    assert played.outcomes["look"] == "passed"
    assert played.missed == []
    assert played.waited.result.steps[-1].exchanges == (2, 3)


# States


def test_a_list_and_the_answer_to_a_post_show_a_state_too(tmp_path: Path):
    listed = Buyer()
    listed.quotes()
    listed.did("quote", "listQuote", None, [{"id": "q1", "state": "approved.orderable"}])
    assert listed.play(read(tmp_path, ASK + READY)).message("ready") == "the buyer read it in a list"
    at_once = Buyer()
    at_once.did(
        "quote", "createQuote", {"buyerRequestedQuoteLevel": "firm"}, {"id": "q1", "state": "approved.orderable"}, 201
    )
    assert at_once.play(read(tmp_path, ASK + READY)).outcomes["ready"] == "passed"


def test_a_notified_buyer_need_not_poll(tmp_path: Path):
    """Events carry ids only: that our seller had reached the state, and told of it, is what there is to know."""
    buyer = Buyer()
    buyer.quotes()
    buyer.room.reach("quote", "q1", "approved.orderable")
    buyer.was_told("quoteStateChangeEvent", "q1")
    played = buyer.play(read(tmp_path, ASK + READY))
    assert played.outcomes["ready"] == "passed"
    assert "was notified" in played.message("ready")


def test_an_event_that_the_buyer_did_not_take_tells_nothing(tmp_path: Path):
    buyer = Buyer()
    buyer.quotes()
    buyer.room.reach("quote", "q1", "approved.orderable")
    buyer.was_told("quoteStateChangeEvent", "q1", status=500)
    played = buyer.play(read(tmp_path, ASK + READY))
    assert played.outcomes["ready"] == "never_arrived"
    assert "it never read it" in played.message("ready")


def test_a_wait_by_notification_alone_is_not_met_by_reading(tmp_path: Path):
    flow = ASK + READY.replace("stopOn", "via: [notification], stopOn")
    buyer = Buyer()
    buyer.quotes()
    buyer.room.reach("quote", "q1", "approved.orderable")
    buyer.reads("q1", "approved.orderable")
    assert buyer.play(read(tmp_path, flow)).outcomes["ready"] == "never_arrived"


def test_who_goes_on_without_looking_passes_the_wait_over(tmp_path: Path):
    buyer = Buyer()
    buyer.quotes()
    buyer.room.reach("quote", "q1", "approved.orderable")
    buyer.orders()
    played = buyer.play(read(tmp_path, ASK + READY + BUY))
    assert played.outcomes == {"ask": "passed", "ready": "skipped", "buy": "passed"}
    assert "without looking" in played.message("ready")


def test_a_buyer_cannot_go_on_before_the_state_is_reached(tmp_path: Path):
    buyer = Buyer()
    buyer.quotes()
    buyer.orders()
    played = buyer.play(read(tmp_path, ASK + READY + BUY))
    assert played.outcomes["ready"] == "inconclusive"
    assert "out of order" in played.missed[0]


def test_a_state_that_ends_all_hope_ends_the_wait(tmp_path: Path):
    buyer = Buyer()
    buyer.quotes()
    buyer.room.reach("quote", "q1", "rejected")
    buyer.reads("q1", "rejected")
    played = buyer.play(read(tmp_path, ASK + READY + BUY), ended=False)
    assert played.outcomes == {"ask": "passed", "ready": "inconclusive", "buy": "blocked"}
    assert "went to rejected" in played.message("ready")


def test_a_state_that_was_passed_through_is_no_reason_to_stop(tmp_path: Path):
    """A seller without intervals is beyond it before anybody can look."""
    buyer = Buyer()
    buyer.quotes()
    for state in ("inProgress", "approved.orderable", "rejected"):
        buyer.room.reach("quote", "q1", state)
    buyer.reads("q1", "rejected")
    buyer.orders()
    assert buyer.play(read(tmp_path, ASK + READY + BUY)).outcomes["buy"] == "passed"


def test_who_polls_something_else_is_told_what_to_poll(tmp_path: Path):
    buyer = Buyer()
    buyer.quotes("q1")
    buyer.room.reach("quote", "q1", "approved.orderable")
    wrong = buyer.did("quote", "retrieveQuote", None, {"code": "notFound", "reason": "no"}, 404, id="q9")
    played = buyer.play(read(tmp_path, ASK + READY))
    assert played.missed == ['its path has id "q9", awaited is "q1"']
    assert played.message("ready").endswith(
        f'nearest was exchange {wrong} (GET q9): its path has id "q9", awaited is "q1"'
    )
    (finding,) = played.waited.findings
    assert (finding.rule, finding.verdict, finding.blame) == ("flow.unknown-id", Verdict.WARNING, Blame.BUYER)
    assert finding.found == "q9"


# Groups and notifications


def test_members_of_a_group_come_in_any_order(tmp_path: Path):
    second = ASK.replace("id: ask", "id: also").replace("track: quote", "track: second")
    group = "  - parallel:\n" + "".join(f"    {line}\n" for line in (ASK + second).splitlines())
    buyer = Buyer()
    buyer.quotes("a")
    buyer.quotes("b", externalId="b")
    buyer.orders("a")
    played = buyer.play(read(tmp_path, group + BUY))
    assert played.outcomes == {"ask": "passed", "also": "passed", "buy": "passed"}
    alone = Buyer()
    alone.quotes("a")
    alone.orders("a")
    assert alone.play(read(tmp_path, group + BUY)).outcomes == {
        "ask": "passed",
        "also": "never_arrived",
        "buy": "blocked",
    }


def test_a_notification_is_there_when_it_was_delivered(tmp_path: Path):
    flow = (
        ASK + "  - {id: news, notify: news.listenToQuoteStateChangeEvent, expect: {/event/id: $steps.ask.outputs.id}}\n"
    )
    buyer = Buyer()
    buyer.quotes("q1")
    buyer.was_told("quoteStateChangeEvent", "q9")
    played = buyer.play(read(tmp_path, flow))
    assert played.outcomes["news"] == "never_arrived"
    again = Buyer()
    again.quotes("q1")
    again.was_told("quoteStateChangeEvent", "q1")
    assert again.play(read(tmp_path, flow)).outcomes["news"] == "passed"


@pytest.mark.parametrize(
    "news",
    [
        "{id: news, notify: news.listenToQuoteStateChangeEvent}",
        "{id: news, await: {resource: quote, state: approved.orderable, via: [notification]}}",
    ],
)
def test_what_a_buyer_does_with_news_may_be_on_record_before_the_delivery(tmp_path: Path, news: str):
    """A delivery is recorded once it is answered; by then the buyer may have gone on."""
    flow = f"{ASK}  - {news}\n{BUY}"
    buyer = Buyer()
    buyer.quotes("q1")
    buyer.room.reach("quote", "q1", "approved.orderable")
    sent = buyer.clock.now()
    buyer.clock.sleep(1)
    buyer.orders("q1")
    buyer.was_told("quoteStateChangeEvent", "q1", at=sent)
    played = buyer.play(read(tmp_path, flow))
    assert played.outcomes == {"ask": "passed", "news": "passed", "buy": "passed"}
    assert played.missed == []
    early = Buyer()
    early.quotes("q1")
    early.room.reach("quote", "q1", "approved.orderable")
    early.orders("q1")
    early.clock.sleep(1)
    early.was_told("quoteStateChangeEvent", "q1")
    assert early.play(read(tmp_path, flow)).outcomes["buy"] == "never_arrived"


NEWS = """\
  - id: told
    await: {resource: quote, state: approved.orderable, via: [notification]}
    outputs: {price: $response.body#/price}
"""


def test_a_wait_for_news_that_keeps_something_ends_with_the_read_that_follows(tmp_path: Path):
    """The event carries an id only; what the flow needs comes from the read, which may show a later state."""
    buyer = Buyer()
    buyer.quotes("q1")
    buyer.room.reach("quote", "q1", "approved.orderable")
    buyer.was_told("quoteStateChangeEvent", "q1")
    buyer.did("quote", "retrieveQuote", None, {"id": "q1", "state": "accepted", "price": 7}, id="q1")
    buyer.orders("q1")
    played = buyer.play(read(tmp_path, ASK + NEWS + BUY))
    assert played.outcomes == {"ask": "passed", "told": "passed", "buy": "passed"}
    assert played.missed == []


def test_a_wait_for_news_that_keeps_something_does_not_end_without_news_or_without_a_read(tmp_path: Path):
    silent = Buyer()
    silent.quotes("q1")
    silent.room.reach("quote", "q1", "approved.orderable")
    silent.did("quote", "retrieveQuote", None, {"id": "q1", "state": "approved.orderable", "price": 7}, id="q1")
    played = silent.play(read(tmp_path, ASK + NEWS))
    assert played.outcomes["told"] == "never_arrived"
    assert "took no event" in played.message("told")
    blind = Buyer()
    blind.quotes("q1")
    blind.room.reach("quote", "q1", "approved.orderable")
    blind.was_told("quoteStateChangeEvent", "q1")
    played = blind.play(read(tmp_path, ASK + NEWS))
    assert played.outcomes["told"] == "never_arrived"
    assert "was told that quote q1 came to approved.orderable, and did not read it" in played.message("told")


def test_a_seller_that_goes_through_states_faster_than_anybody_looks_is_followed(tmp_path: Path):
    """Two states between two exchanges, each told of by an event: each wait has its own."""
    flow = ASK + "".join(
        f"  - {{id: {step}, await: {{resource: quote, state: {state}, via: [notification]}}}}\n"
        for step, state in (("working", "inProgress"), ("offered", "approved.orderable"))
    )
    buyer = Buyer()
    buyer.quotes("q1")
    for state in ("inProgress", "approved.orderable"):
        buyer.room.reach("quote", "q1", state)
    buyer.was_told("quoteStateChangeEvent", "q1")
    buyer.was_told("quoteStateChangeEvent", "q1")
    assert buyer.play(read(tmp_path, flow + BUY)).outcomes["offered"] == "passed"


# What nobody waited for


def test_what_harms_nobody_when_it_is_sent_again_is_a_warning(tmp_path: Path):
    """A quote binds nobody; no clause forbids to ask twice."""
    buyer = Buyer()
    buyer.quotes("q1")
    buyer.quotes("q2")
    buyer.orders("q1")
    (finding,) = buyer.play(read(tmp_path, ASK + BUY)).waited.findings
    assert (finding.rule, finding.verdict, finding.exchange) == ("flow.repeated", Verdict.WARNING, 2)


def test_places_and_products_are_known_from_elsewhere(tmp_path: Path):
    """What our seller keeps a buyer may ask for without having been told of it."""
    buyer = Buyer()
    buyer.quotes()
    buyer.did("productInventory", "retrieveProduct", None, {"code": "notFound", "reason": "no"}, 404, id="p9")
    assert buyer.play(read(tmp_path, ASK)).waited.findings == ()


def test_what_is_noticed_is_told_once() -> None:
    """A rule speaks before the runner does, and the runner before a refusal that nothing explains."""

    def found(rule: str, exchange: int, verdict: Verdict = Verdict.WARNING) -> Finding:
        return Finding(rule=rule, requirements=(), verdict=verdict, blame=Blame.BUYER, exchange=exchange)

    judged = [found("MEF115.known", 1), found("flow.refused", 2), found("flow.refused", 3)]
    noticed = [found("flow.unknown-id", 1), found("flow.unknown-id", 2), found("flow.repeated", 1, Verdict.FAIL)]
    assert [(each.rule, each.exchange) for each in told_once(judged, noticed)] == [
        ("MEF115.known", 1),
        ("flow.refused", 3),
        ("flow.unknown-id", 2),
        ("flow.repeated", 1),
    ]


def test_a_post_that_had_succeeded_is_not_sent_again(tmp_path: Path):
    buyer = Buyer()
    buyer.quotes()
    buyer.orders(identifier="o1")
    buyer.orders(identifier="o2")
    played = buyer.play(read(tmp_path, ASK + BUY))
    (finding,) = played.waited.findings
    assert (finding.rule, finding.verdict, finding.blame) == ("flow.repeated", Verdict.FAIL, Blame.BUYER)
    assert finding.exchange == 3
    assert "had made productOrder o1, this one has made o2 as well" in finding.message


def test_a_post_that_had_failed_may_be_sent_again(tmp_path: Path):
    buyer = Buyer()
    buyer.quotes()
    buyer.orders(status=503, answer={"code": "internalError", "reason": "later"})
    buyer.orders()
    assert buyer.play(read(tmp_path, ASK + BUY)).waited.findings == ()


NOISE = st.sampled_from(["read-before", "unknown", "refused", "event", "other-order", "list", "no-operation"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.lists(st.tuples(st.integers(0, 3), NOISE), max_size=12))
def test_whatever_comes_in_between_the_flow_is_found(tmp_path: Path, noise: list[tuple[int, str]]):
    """Strays, wrong requests and events between the right ones change no step's outcome."""

    def make(buyer: Buyer, what: str) -> None:
        match what:
            case "read-before":
                buyer.reads("q1", "inProgress")
            case "unknown":
                buyer.did("quote", "retrieveQuote", None, {"code": "notFound", "reason": "no"}, 404, id="q9")
            case "refused":
                buyer.did("quote", "createQuote", {}, [{"code": "missingProperty", "reason": "no"}], 422)
            case "event":
                buyer.was_told("quoteStateChangeEvent", "q9")
            case "other-order":
                buyer.orders("another", "o9")
            case "list":
                buyer.did("quote", "listQuote", None, [{"id": "q8", "state": "approved.orderable"}])
            case _:
                buyer.did("geographicAddress", "retrieveGeographicAddress", None, None, 404, id="x")

    buyer = Buyer()
    for place, right in enumerate(
        (lambda: buyer.quotes("q1"), lambda: buyer.reads("q1", "approved.orderable"), buyer.orders)
    ):
        for where, what in noise:
            if where == place:
                make(buyer, what)
        right()
    for where, what in noise:
        if where == 3:
            make(buyer, what)
    played = buyer.play(read(tmp_path, ASK + READY + BUY))
    assert played.outcomes == {"ask": "passed", "ready": "passed", "buy": "passed"}


def test_the_runner_wakes_when_something_comes(tmp_path: Path):
    """With real threads: what the door adds while the runner waits is taken at once."""
    buyer = Buyer()
    room = Room()
    buyer.room = room  # type: ignore[assignment]
    awaited = threading.Event()

    def door() -> None:
        assert awaited.wait(10)
        buyer.quotes()

    thread = threading.Thread(target=door)
    thread.start()
    runner = WaitingRunner(Job(read(tmp_path, ASK)), Scene("r1", buyer.release, buyer.clock, URL), Terms(), room)
    waited = runner.play(lambda event: awaited.set() if isinstance(event, Awaited) and event.entries else None)
    thread.join(10)
    assert [str(step.outcome) for step in waited.result.steps] == ["passed"]
    assert room[1].sender is Party.BUYER


# Trouble that our seller makes

CASE = """\
cases:
  - id: later
    title: Our seller is not available for a moment
    kind: fault
    emulate: seller
    at: ask
    fault: {respond: 503}
    expect: {sutRetries: {min: 1, max: 1}}
"""


def troubled(buyer: Buyer, faults: Faults, *bodies: str) -> list[int]:
    """Quotes as our door would record them: the first answer is the trouble's."""
    done = []
    for body in bodies:
        trouble = faults.meet("quote", "createQuote")
        status, answer = (503, {"code": "internalError", "reason": "x"}) if trouble else (201, {"id": "q1"})
        sent = {"buyerRequestedQuoteLevel": "firm", "externalId": body}
        done.append(buyer.did("quote", "createQuote", sent, answer, status))
    return done


@pytest.mark.parametrize(
    ("tries", "outcome", "says"),
    [
        (["a", "a"], "passed", ""),
        (["a", "b"], "unmet", "retried body: another one, expected the same"),
        (["a"], "unmet", "retries: 0, expected 1"),
        (["a", "a", "a"], "passed", ""),
    ],
)
def test_how_a_buyer_takes_trouble_is_judged(tmp_path: Path, tries: list[str], outcome: str, says: str):
    """After a 503 the same request comes again: not none, and not another one."""
    scenario = read(tmp_path, ASK + BUY, CASE)
    faults = Faults(1)
    buyer = Buyer()
    buyer.room = Troubled(buyer.clock, faults, lambda: troubled(buyer, faults, *tries))
    played = buyer.play(scenario, ended=False, case=scenario.case("later"), faults=faults)
    assert played.outcomes["ask"] == outcome
    assert says in played.message("ask")
    assert played.outcomes["buy"] == ("never_arrived" if outcome == "passed" else "blocked")
    assert played.waited.result.spoilt == {1}
    assert played.blame("ask") == (None if outcome == "passed" else "buyer")


class Troubled(HurriedRoom):
    """A room whose door has faults, and whose buyer acts once when it is waited for."""

    def __init__(self, clock: VirtualClock, faults: Faults, act: Callable[[], object]) -> None:
        super().__init__(clock)
        self._faults, self._act = faults, act
        self._acted = False

    def wait(self, version: int, seconds: float) -> None:
        if not self._acted:
            self._acted = True
            self._act()
        else:
            super().wait(version, seconds)


def test_last_calls_are_not_held_up_by_who_reads_no_more():
    """What comes after the last step meets no trouble, and need not wait for the reader's turn."""
    room = Room()
    room.add(exchange({"id": "1"}))
    room.let_pass()
    started = threading.Event()
    waiter = threading.Thread(target=lambda: (room.catch_up(3600), started.set()))
    waiter.daemon = True
    waiter.start()
    assert started.wait(30)


def test_a_room_stays_open_for_the_last_calls_and_no_longer():
    """Who is quiet is let go, who said that it is done at once, and who never stops at last."""
    room, coming = Room(), threading.Event()
    room.linger(0.01)

    def chatter() -> None:
        while not coming.wait(0.001):
            room.reach("quote", "1", "inProgress")

    busy = threading.Thread(target=chatter)
    busy.start()
    room.linger(5, most=0.05)
    coming.set()
    busy.join()
    room.close()
    room.linger(3600, most=3600)
