"""Cases in which our seller makes trouble: what lint says of them, what is played, and how it is taken."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from emulator.conduct.runs import run_all
from emulator.conduct.scenarios import read_scenarios
from emulator.conduct.settings import Settings
from emulator.doors.faults import Faults
from emulator.doors.troubles import Delay, NewsTrouble
from emulator.judge.capture import BasePaths, read_capture
from emulator.judge.roles import SELF_TEST, PartyRole, Roles
from emulator.record.exchange import Exchange, Fault, FaultKind, Party, Request, Response
from emulator.scenario.cases import delay_of, news_of, reactions
from emulator.scenario.lint import lint
from emulator.scenario.model import Case
from emulator.scenario.plan import plan_overlay
from emulator.scenario.real_waits import real_waits
from emulator.scenario.selection import Wish, plan
from emulator.standard.release import load_release

from .stub import CREATE, HEAD, play, read, write

RELEASE = load_release("grace")
LIVE = """\
oit: "1"
id: demo
title: A demonstration
include: [fragments/buyer.yaml, fragments/operator-uni.yaml]
sources:
  quote: {api: quote, servedBy: seller}
  order: {api: order, servedBy: seller}
defaults: {timeout: 5s, retry: {limit: 2, after: 2s}}
flow:
  - use: fragments/quote-uni.yaml
    id: quote
    with: {reference: demo, addressId: addr-ashburn-20-main}
  - id: read
    call: quote.retrieveQuote
    request: {path: {id: $steps.quote-create.outputs.id}}
    response: {status: 200}
cases:
"""


class Silent:
    """A writer that nobody reads."""

    def __getattr__(self, _):
        return lambda *_, **__: None


def run(folder: Path, case: str, **settings):
    """The report of one case against our own seller."""
    path = write(folder, LIVE + f"  - {{id: c, {case}}}\n")
    jobs = plan(read_scenarios([path], RELEASE), Wish(("c",)), RELEASE).jobs
    (report,) = run_all(Settings(**settings), jobs, Silent())
    return report


def step(report, identifier):
    return next(one for one in report["steps"] if one["id"] == identifier)


def fault(at: str, fault: str, expect: str = "{flow: pass}") -> str:
    return f"kind: fault, emulate: seller, at: {at}, fault: {fault}, expect: {expect}"


@pytest.mark.parametrize(
    ("case", "exchanges"),
    [
        (fault("quote-create", "{respond: 503, times: 2}", "{flow: pass, created: {quote: 1}}"), 4),
        (fault("quote-create", "{respond: 503}", "{sutRetries: {min: 1, max: 1, minGap: 2s, sameBody: true}}"), 3),
        (fault("quote-create", "{lost: true}", "{flow: fail, sutRetries: {min: 0, max: 0}, created: {quote: 1}}"), 1),
        (fault("quote-create", "{reset: true}", "{flow: fail, created: {quote: {max: 0, min: 0}}}"), 1),
        (fault("read", "{truncate: 30, times: 2}"), 3),
        (fault("read", "{contentType: text/html}", "{flow: fail}"), 2),
        (fault("read", "{first: 2, respond: 503}"), 2),
    ],
)
def test_trouble_that_the_buyer_gets_over_or_notices_passes(tmp_path, case, exchanges):
    report = run(tmp_path, case.replace("first: 2, ", ""), seed=3)
    assert report["verdict"] == "pass", report["steps"]
    assert len(report["exchanges"]) >= exchanges
    assert any(row.get("spoilt") for row in report["exchanges"])
    assert not report["findings"]


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        (fault("quote-create", "{respond: 503, times: 3}"), "the buyer did not get over the trouble: POST "),
        (fault("quote-create", "{respond: 503}", "{sutRetries: {min: 2}}"), "retries: 1, expected at least 2"),
        (fault("quote-create", "{respond: 503}", "{sutRetries: {minGap: 5s}}"), "retry gap: 2s, expected at least 5s"),
        (fault("quote-create", "{respond: 503}", "{created: {quote: 2}}"), "created quote: 1, expected 2"),
        (
            fault("read", "{respond: 503}", "{sutPolls: {op: quote.listQuote}}"),
            "polls: it never came, expected quote.listQuote within 30s",
        ),
    ],
)
def test_a_buyer_that_takes_it_wrongly_fails(tmp_path, case, sentence):
    report = run(tmp_path, case)
    failed = next(one for one in report["steps"] if one["id"].endswith(":c"))
    assert failed["outcome"] == "unmet"
    assert failed["blame"] == "buyer"
    assert sentence in failed["message"]


def test_a_wrong_answer_is_noticed_and_not_held_against_our_seller(tmp_path):
    mutate = "mutate: {response: [{op: replace, path: /state, value: ACKNOWLEDGED}]}"
    report = run(tmp_path, f"kind: negative, emulate: seller, at: quote-create, {mutate}")
    assert report["verdict"] == "pass"
    assert step(report, "quote-create:c")["message"].startswith("noticed: contract.")
    assert step(report, "read")["outcome"] == "skipped"
    assert report["exchanges"][-1]["response"]["body"]["state"] == "ACKNOWLEDGED"


def test_a_wrong_answer_that_nothing_shows_is_no_pass(tmp_path):
    mutate = "mutate: {response: [{op: add, path: /description, value: Another}]}, expect: {attest: a blink}"
    report = run(tmp_path, f"kind: negative, emulate: seller, at: quote-create, {mutate}")
    assert report["verdict"] == "inconclusive"
    assert step(report, "quote-create:c")["message"].endswith("a human has to see: a blink")


@pytest.mark.parametrize(
    ("case", "problem"),
    [
        ("kind: negative, emulate: seller, at: read, mutate: {response: [{op: remove, path: /nothing}]}",
         "there is nothing at /nothing"),
        (fault("read", "{operation: order.listProductOrder, respond: 503}"), "'read' sent nothing that the trouble could"),
    ],
)  # fmt: skip
def test_trouble_that_does_not_fit_is_the_scenarios_error(tmp_path, case, problem):
    report = run(tmp_path, case)
    assert report["verdict"] == "error"
    assert problem in step(report, "read:c")["message"]


def test_a_path_that_is_not_there_is_gone_only_for_a_fault_case_and_noticed(tmp_path):
    path = Path("scenarios/faults/lifecycle.oit.yaml")
    jobs = plan(read_scenarios([path], RELEASE), Wish(("back-again",)), RELEASE).jobs
    (report,) = run_all(Settings(), jobs, Silent())
    assert report["verdict"] == "pass"
    assert step(report, "orderable:back-again")["message"].startswith("noticed: ")
    (scenario,) = read_scenarios([path], RELEASE)
    assert plan_overlay(scenario, jobs[0].case)["behaviour"]["lawless"] is True
    assert "lawless" not in plan_overlay(scenario, None)["behaviour"]


def test_what_was_spoilt_stays_so_in_a_transcript(tmp_path):
    """Who judges the transcript later makes nothing of answers that were wrong on purpose."""
    report = run(tmp_path, fault("read", "{respond: 503, body: {}}"))
    rows = [row for row in report["exchanges"] if row.get("spoilt")]
    assert len(rows) == 1
    file = tmp_path / "run.json"
    file.write_text(json.dumps({"report_version": "1", "runs": [report]}))
    (captured,) = read_capture(file, BasePaths(RELEASE))
    assert len(captured.spoilt) == 1


def test_cases_are_left_out_where_the_partner_would_have_to_make_the_mischief(tmp_path):
    scenario = read(tmp_path, CREATE, "cases:\n" + PATCHED + f"  - {{id: f, {fault('create', '{lost: true}')}}}\n")
    both = Roles(PartyRole.UNDER_TEST, PartyRole.UNDER_TEST)
    for roles, cases in (
        (SELF_TEST, [None, "n", "f"]),
        (Roles.testing(Party.SELLER), [None, "n"]),
        (Roles.testing(Party.BUYER), [None, "f"]),
        (both, [None]),
    ):
        jobs = plan([scenario], Wish(), RELEASE, roles=roles).jobs
        assert [job.case.id if job.case else None for job in jobs] == cases


PATCHED = "  - {id: n, kind: negative, emulate: buyer, at: create, patch: [{op: remove, path: /quoteItem}]}\n"


def test_without_our_own_seller_there_is_no_trouble(tmp_path):
    scenario = read(tmp_path, CREATE, f"cases: [{{id: f, {fault('create', '{lost: true}')}}}]\n")
    played = play(scenario, [(201, {"id": "Q1"})], case="f")
    assert played.result.outcome == "skipped"
    assert played.sent == []


def stray():
    """The report of a run in which our seller goes on telling after the end of a subscription."""
    path = Path("scenarios/faults/after-unsubscribe.oit.yaml")
    jobs = plan(read_scenarios([path], RELEASE), Wish(("told-all-the-same",)), RELEASE).jobs
    (report,) = run_all(Settings(seed=5), jobs, Silent())
    return report


def test_notifications_go_on_after_the_end_of_a_subscription_and_the_buyer_makes_nothing_of_it():
    report = stray()
    assert report["verdict"] == "pass"
    assert not report["findings"]  # it was wrong on purpose
    ended = next(row["n"] for row in report["exchanges"] if row["operation"] == "unregisterListener")
    (late,) = [row for row in report["exchanges"] if row["kind"] == "notification" and row["n"] > ended]
    assert late["provoked"] is True
    assert late["response"]["status"] == 204
    (wrong,) = [one for one in report["steps"] if one["id"] == "silence:told-all-the-same"]
    assert wrong["message"].startswith("noticed: quoteStateChangeEvent of quote")
    assert {one["pointer"]: one["found"] for one in wrong["expectations"] if one["pointer"].startswith("sut:")} == {
        "sut:answer to the stray event": "204",
        "sut:reads after the stray event": "none",
    }


@pytest.mark.parametrize(
    ("status", "read", "sentence"),
    [
        (204, False, None),
        (404, False, None),
        (500, False, "answer to the stray event"),
        (None, False, "answer to the stray event"),
        (204, True, "reads after the stray event"),
    ],
)
def test_a_stray_notification_is_answered_and_ignored(status, read, sentence):
    """Any answer will do that speaks of no failure of the buyer's; a read that follows is one too many."""
    (scenario,) = read_scenarios([Path("scenarios/faults/after-unsubscribe.oit.yaml")], RELEASE)
    faults = Faults()
    faults.odd_events.add("e1")
    at = datetime(2026, 3, 1, tzinfo=UTC)
    body = {"eventId": "e1", "event": {"id": "q1"}}
    told = Exchange(
        at=at, elapsed_ms=1, sender=Party.SELLER, receiver=Party.BUYER, n=1, api="quote", kind="notification",
        request=Request((), json.dumps(body).encode(), "POST", "http://b/listener/quoteStateChangeEvent"),
        response=None if status is None else Response((), b"", status),
        fault=Fault(FaultKind.TIMEOUT, "nobody answered") if status is None else None,
    )  # fmt: skip
    asked = Exchange(
        at=at + timedelta(seconds=2), elapsed_ms=1, sender=Party.BUYER, receiver=Party.SELLER, n=2, api="quote",
        operation="retrieveQuote", path_params={"id": "q1"}, request=Request((), b"", "GET", "http://s/quote/q1"),
        response=Response((), b"{}", 200),
    )  # fmt: skip
    found = reactions(scenario, scenario.cases[0], [told, asked] if read else [told], set(), faults)
    assert [one.pointer.removeprefix("sut:") for one in found if not one.ok] == ([sentence] if sentence else [])


@pytest.mark.parametrize(
    ("case", "problem"),
    [
        ("kind: fault, emulate: seller, at: create", "a fault case needs 'fault', 'mutate', 'lifecycle' or 'profile'"),
        (fault("create", "{lost: true}").replace("seller", "buyer"), "only our seller can do this"),
        (fault("create", "{lost: true, respond: 503}"), "'respond' and 'lost' exclude each other"),
        (fault("create", "{lost: true, body: {}}"), "'body' belongs to 'respond'"),
        (fault("create", "{operation: quote.creatQuote, lost: true}"), "'creatQuote' is not an operation"),
        (fault("create", "{lost: true}", "{created: {qoute: 1}}"), "there is no source 'qoute'"),
        (fault("create", "{lost: true}", "{sutPolls: {op: quote.lstQuote}}"), "'lstQuote' is not an operation"),
        (
            "kind: negative, emulate: seller, at: create, patch: [{op: remove, path: /id}]",
            "'patch' changes what our buyer",
        ),
        ("kind: negative, emulate: seller, at: create", "a negative case of the seller needs 'mutate'"),
        (fault("create", "{delay: {normal: 2s}}"), "'normal' is not a key of a delay"),
        (fault("create", "{respnd: 503}"), "'respnd' is not a key of a fault. Did you mean 'respond'?"),
        (fault("create", "{lost: true}", "{sutRetries: {minimum: 1}}"), "Did you mean 'min'?"),
    ],
)
def test_a_case_that_cannot_work_is_told(tmp_path, case, problem):
    path = write(tmp_path, HEAD + "flow:\n" + CREATE + f"cases:\n  - {{id: c, {case}}}\n")
    problems = lint(path, RELEASE)
    assert problems
    assert problem in "\n".join(problems)


WAY = "lifecycle: {quote: {of: quote.Quote, path: [PATH]}}\n"


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("{to: acknowledged}, {to: inProgress}, {to: approved.orderable}, {to: accepted}", None),
        ("{to: inProgress}, {to: approved.orderable}", None),
        ("{to: acknowledged}, {to: accepted}", "the lifecycle does not go from acknowledged to accepted; it goes to"),
        ("{to: inProgress}, {to: acknowledged}", "the lifecycle does not go from inProgress to acknowledged"),
    ],
)
def test_a_path_that_no_lifecycle_has_is_refused(tmp_path, path, problem):
    found = lint(write(tmp_path, HEAD + WAY.replace("PATH", path) + "flow:\n" + CREATE), RELEASE)
    assert bool(found) == bool(problem)
    assert problem is None or (len(found) == 1 and problem in found[0])


def test_an_overlay_and_a_negative_case_go_no_other_way_either(tmp_path):
    profile = "profile: {behaviour: {productOrder: {path: [{to: inProgress}, {to: acknowledged}]}}}\n"
    assert "goes to" in lint(write(tmp_path, HEAD + profile + "flow:\n" + CREATE), RELEASE)[0]
    way = WAY.replace("PATH", "{to: inProgress}")
    for kind, wrong in (("negative", 1), ("fault", 0)):
        emulate = "buyer, patch: [{op: remove, path: /quoteItem}]" if kind == "negative" else "seller"
        case = f"{{id: c, kind: {kind}, at: create, lifecycle: {{quote: [{{to: accepted}}]}}, emulate: {emulate}}}"
        found = lint(write(tmp_path, HEAD + way + "flow:\n" + CREATE + f"cases: [{case}]\n"), RELEASE)
        assert len(found) == wrong, found


def test_the_waits_that_are_real_with_a_partner_are_told(tmp_path):
    way = WAY.replace("PATH", "{to: acknowledged}, {to: inProgress, after: P2D}")
    flow = CREATE + "  - {id: ready, await: {resource: quote, state: inProgress, within: 3d}}\n"
    scenario = read(tmp_path, flow, way)
    (wait,) = real_waits(scenario, Party.SELLER)
    assert wait.endswith("'ready' waits up to 3d for 'quote' to be inProgress")
    assert real_waits(scenario, Party.BUYER)[1].endswith("our seller takes 2d before 'quote' is inProgress")


def test_delays_and_faults_of_notifications_are_read(tmp_path):
    assert delay_of("200ms") == Delay("fixed", 0.2)
    assert delay_of({"uniform": ["1s", "2s"]}) == Delay("uniform", 1, 2)
    assert delay_of({"exponential": "2s"}) == Delay("exponential", 2)
    assert delay_of({"lognormal": {"median": "2s", "sigma": 0.6}}) == Delay("lognormal", 2, 0.6)
    news = "{notifications: {drop: [1], duplicate: [2], wrongBuyer: [3], reorder: true, delay: 2s}}"
    (case,) = read(tmp_path, CREATE, f"cases: [{{id: f, {fault('create', news)}}}]\n").cases
    ones = (frozenset({1}), frozenset({2}), frozenset({3}))
    assert news_of(case) == NewsTrouble(*ones, reorder=True, delay=Delay("fixed", 2))


NOW = datetime(2026, 3, 1, tzinfo=UTC)


def exchange(
    n: int, seconds: float, body: bytes = b"{}", method: str = "POST", operation: str = "createQuote"
) -> Exchange:
    request = Request(headers=(), raw=body, method=method, url="http://s/quote")
    moment = NOW + timedelta(seconds=seconds)
    return Exchange(n=n, at=moment, elapsed_ms=1, sender=Party.BUYER, receiver=Party.SELLER, request=request,
                    api="quote", kind="management", operation=operation)  # fmt: skip


@pytest.mark.parametrize(
    ("expect", "exchanges", "met"),
    [
        ("{sutRetries: {min: 1, max: 1}}", [exchange(1, 0), exchange(2, 3)], [True, True]),
        ("{sutRetries: {}}", [exchange(1, 0), exchange(2, 3, b"[]")], [True, False]),
        ("{sutRetries: {sameBody: false}}", [exchange(1, 0), exchange(2, 3, b"[]")], [True]),
        ("{sutRetries: {minGap: 2s}}", [exchange(1, 0), exchange(2, 3), exchange(3, 4)], [True, True, False]),
        ("{sutRetries: {}}", [], [False]),
        ("{sutPolls: {op: quote.retrieveQuote, within: 10s}}", [exchange(1, 0), exchange(2, 9, b"", "GET", "retrieveQuote")], [True]),
        ("{sutPolls: {op: quote.retrieveQuote, within: 5s}}", [exchange(1, 0), exchange(2, 9, b"", "GET", "retrieveQuote")], [False]),
        ("{created: {quote: {min: 1, max: 2}}}", [], [True]),
        ("{created: {quote: 3}}", [], [False]),
    ],
)  # fmt: skip
def test_the_reaction_is_compared_demand_by_demand(tmp_path, expect, exchanges, met):
    scenario = read(tmp_path, CREATE, f"cases: [{{id: f, {fault('create', '{lost: true}', expect)}}}]\n")
    case: Case = scenario.cases[0]
    faults = Faults()
    faults.created.update({("quote", "createQuote"): 2, ("quote", "registerListener"): 9})
    found = reactions(scenario, case, exchanges, {1}, faults)
    assert [one.ok for one in found] == met


def test_a_query_can_be_wrong_and_one_issue_of_a_refusal_be_demanded(tmp_path):
    flow = "  - {id: list, call: quote.listQuote, request: {query: {state: accepted, limit: 1}}}\n"
    case = "{id: c, kind: negative, emulate: buyer, at: list, query: {state: null, limit: x}, expect: {issue: ISSUE}}"
    issues = [{"code": "otherIssue"}, {"code": "invalidValue", "propertyPath": "/limit"}]

    def played(issue, answer):
        return play(read(tmp_path, flow, f"cases: [{case.replace('ISSUE', issue)}]\n"), [answer], case="c")

    right = played("{code: invalidValue, propertyPath: {$contains: limit}}", (422, issues))
    assert right.sent[0]["query"] == [("limit", "x")]
    assert right.step("list:c").outcome == "passed"
    assert played("{code: missingProperty}", (422, issues)).step("list:c").outcome == "unmet"
    assert played("{code: missingProperty}", (400, {"code": "invalidQuery"})).step("list:c").outcome == "passed"


def test_a_case_that_builds_on_an_unmet_step_is_not_played(tmp_path):
    """Its step alone needs nothing; what it makes wrong does."""
    flow = (
        "  - {id: before, call: quote.listQuote, response: {status: 200, expect: {/0/state: accepted}},"
        " outputs: {id: '$response.body#/0/id'}}\n"
        "  - {id: list, call: quote.listQuote, request: {query: {state: accepted}}}\n"
    )
    case = "{id: c, kind: negative, emulate: buyer, at: list, query: {state: $steps.before.outputs.id}}"
    played = play(read(tmp_path, flow, f"cases: [{case}]\n"), [(200, [])], case="c")
    assert played.step("before").outcome == "unmet"
    assert played.step("list").outcome == "blocked"
