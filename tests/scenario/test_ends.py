"""Runs that end before their end, and waits that are granted less than the scenario would."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import Any

from emulator.conduct.listener import Listener, heard_by
from emulator.conduct.settings import Settings
from emulator.hosting import serve_buyer
from emulator.parties.clock import RealClock
from emulator.record.exchange import Fault, FaultKind, Transcript
from emulator.scenario.stop import INTERRUPTED, Stop
from emulator.standard.release import load_release

from .stub import CREATE, play, read

AWAIT = "  - {id: wait, await: {resource: quote, state: inProgress, within: 5m}}\n"
AFTER = "  - {id: after, call: quote.listQuote}\n"
MADE = (201, {"id": "Q1", "state": "acknowledged"})
STILL = (200, {"id": "Q1", "state": "acknowledged"})


def test_ceiling_ends_a_wait_without_blame(tmp_path: Path):
    """What the scenario would have waited for longer is not held against the partner; what it would not, is."""
    scenario = read(tmp_path, CREATE + AWAIT + AFTER)
    cut, whole, same = (play(scenario, [MADE, STILL], within=ceiling).step("wait") for ceiling in (20.0, None, 300.0))
    assert (cut.outcome, cut.blame) == ("inconclusive", None)
    assert cut.message.startswith(
        "the time that --within grants is over: quote Q1 did not come to inProgress within 20s"
    )
    assert (cut.finished - cut.started).total_seconds() == 20
    assert (whole.outcome, whole.blame) == (same.outcome, same.blame) == ("unmet", "seller")
    assert "--within" not in whole.message


def test_ceiling_holds_for_eventually_and_for_tries(tmp_path: Path):
    asks = (
        "  - {id: ask, call: quote.listQuote, eventually: {every: 10s, within: 5m}, response: {expect: {/0/id: Q2}}}\n"
    )
    step = play(read(tmp_path, asks), [(200, [{"id": "Q1"}])], within=30.0).step("ask")
    assert (step.outcome, step.blame) == ("inconclusive", None)
    assert step.message.startswith("the time that --within grants is over: not within 30s")
    busy = "defaults: {retry: {limit: 3, after: 2m, status: [503]}}\n"
    tried = play(read(tmp_path, AFTER, busy), [(503, {})], within=30.0)
    assert len(tried.sent) == 1


def test_silence_that_was_not_waited_for_is_not_passed(tmp_path: Path):
    """Nobody may be told within five minutes: after one that is not known."""
    quiet = """\
  - id: quiet
    notify: {event: quoteStateChangeEvent, of: quote, within: 5m}
    count: 0
"""
    scenario = read(tmp_path, CREATE + quiet)
    assert play(scenario, [MADE]).step("quiet").outcome == "passed"
    step = play(scenario, [MADE], within=60.0).step("quiet")
    assert (step.outcome, step.blame) == ("inconclusive", None)


def test_timeout_of_the_command_line_wins_over_the_scenarios(tmp_path: Path):
    scenario = read(tmp_path, AFTER, "defaults: {timeout: 7s}\n")
    assert play(scenario, [(200, [])]).sent[0]["timeout"] == 7
    assert play(scenario, [(200, [])], timeout=2.0).sent[0]["timeout"] == 2


def test_run_that_is_interrupted_says_so_of_what_it_did_not_come_to(tmp_path: Path):
    stop = Stop()

    def interrupted(_: Any) -> Any:
        stop.end(INTERRUPTED)
        return STILL

    played = play(read(tmp_path, CREATE + AWAIT + AFTER), [MADE, interrupted], stop=stop)
    assert played.outcomes == {"create": "passed", "wait": "inconclusive", "after": "blocked"}
    assert {played.step(name).message for name in ("wait", "after")} == {"interrupted"}
    assert len(played.sent) == 2, "nothing is sent any more"
    assert played.result.cut


def test_wrong_request_under_way_is_nobodys_breach(tmp_path: Path):
    """A case that is interrupted while its wrong request is out: what was wrong on purpose stays so."""
    stop = Stop()
    case = """\
cases:
  - {id: without, kind: negative, emulate: buyer, at: create, patch: [{op: remove, path: /quoteItem}], expect: {status: 422}}
"""

    def unanswered(_: Any) -> Any:
        stop.end(INTERRUPTED)
        return Fault(FaultKind.UNANSWERED, "interrupted")

    scenario = read(tmp_path, CREATE + AFTER, case)
    played = play(scenario, [unanswered], case="without", stop=stop)
    assert [step.outcome for step in played.result.steps] == ["inconclusive", "skipped"]
    assert played.result.provoked == {1}


def test_run_that_is_done_is_not_cut(tmp_path: Path):
    stop = Stop()

    def late(_: Any) -> Any:
        stop.end(INTERRUPTED)
        return (200, [])

    played = play(read(tmp_path, AFTER), [late], stop=stop)
    assert (played.outcomes, played.result.cut) == ({"after": "passed"}, False)


def test_events_of_another_run_at_this_ones_port_are_not_in_its_record():
    """A port may have been another run's: its partner goes on telling it what it asked for."""
    release, record = load_release(), Transcript()
    listener = Listener(lambda: serve_buyer(release, RealClock(), heard_by(record, "mine")), "mine", Settings())
    try:
        root = listener.callback().removesuffix("/r/mine")
        base = release.contract("quote", "notification").base_path
        for run in ("/r/other", "/r/mine"):
            body = b'{"eventId":"1","eventTime":"2026-01-01T00:00:00Z","eventType":"quoteStateChangeEvent","event":{"id":"q"}}'
            url = f"{root}{run}{base}/listener/quoteStateChangeEvent"
            request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
            urllib.request.urlopen(request, timeout=30).close()
    finally:
        listener.close()
    assert [exchange.request.path.split("/")[2] for exchange in record] == ["mine"]
