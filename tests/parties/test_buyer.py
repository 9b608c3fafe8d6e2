"""The emulated buyer takes notifications, or does what a test tells it, and judges what it hears."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from emulator.conduct.runs import run_all
from emulator.conduct.scenarios import read_scenarios
from emulator.conduct.settings import Settings
from emulator.doors.client import Client
from emulator.doors.peer import Peer
from emulator.doors.running import Running
from emulator.hosting import make_seller, serve_buyer, serve_seller
from emulator.judge.ledger import Mark, read_ledger
from emulator.parties.buyer import Refusal
from emulator.parties.clock import RealClock, VirtualClock
from emulator.parties.profile import load_profile
from emulator.record.call import Call, Reply
from emulator.record.exchange import Exchange, Party, Transcript
from emulator.scenario.loader import load_scenario
from emulator.scenario.result import RunResult
from emulator.scenario.runner import ScenarioRunner
from emulator.scenario.scene import OurBuyer, Scene, Terms
from emulator.scenario.selection import Job, Wish, plan
from emulator.settings import scenarios_dir
from emulator.standard.paths import PathMap
from emulator.standard.release import load_release
from tests.cli.processes import QUICK, ROOT, environment, oit, seller

QUOTE = "/mefApi/sonata/quoteNotification/v8/listener/quoteStateChangeEvent"
EVENT = {
    "eventId": "e1",
    "eventTime": "2026-01-01T12:00:00Z",
    "eventType": "quoteStateChangeEvent",
    "event": {"id": "Q1"},
}
SCENARIOS = ("poq", "quote", "order")


@contextlib.contextmanager
def listening(transcript: Transcript, answering=None) -> Iterator[str]:
    running = Running(serve_buyer(load_release(), RealClock(), lambda _: transcript, answering))
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture
def sender():
    client = Client(Peer(), Party.SELLER, Transcript(), RealClock().now)
    yield client
    client.close()


def post(sender: Client, url: str, body: object = EVENT, path: str = QUOTE) -> Exchange:
    return sender.send("POST", url + path, body=body)


def test_every_listener_of_the_release_is_served(sender):
    transcript, release = Transcript(), load_release()
    with listening(transcript) as url:
        for contract in release.contracts(Party.BUYER):
            for operation in contract.operations.values():
                event = operation.path.rpartition("/")[2]
                about = {"id": "X1", "poqItemId": "i", "quoteItemId": "i", "orderItemId": "i", "milestoneName": "m"}
                answer = post(sender, url, {**EVENT, "eventType": event, "event": about},
                              f"/r/r1{contract.base_path}{operation.path}")  # fmt: skip
                assert answer.response.status == 204, (operation.id, answer.response.body)
                assert answer.response.raw == b""
    listeners = sum(len(contract.operations) for contract in release.contracts(Party.BUYER))
    assert len(transcript) == listeners >= 35
    assert {(one.kind, one.run, one.sender) for one in transcript} == {("notification", "r1", Party.SELLER)}


@pytest.mark.parametrize(
    ("body", "path", "status"),
    [
        ({"eventId": "e1"}, QUOTE, 400),
        ([], QUOTE, 400),
        ({**EVENT, "eventType": "no such thing"}, QUOTE, 400),
        (EVENT, QUOTE + "s", 404),
        (EVENT, QUOTE.replace("v8", "v7"), 404),
    ],
)
def test_what_breaks_the_contract_is_refused_and_recorded(sender, body, path, status):
    transcript = Transcript()
    with listening(transcript) as url:
        answer = post(sender, url, body, path)
    assert answer.response.status == status
    assert [one.response.status for one in transcript] == [status]


def test_it_refuses_as_often_as_it_is_told(sender):
    transcript = Transcript()
    with listening(transcript, Refusal(503, times=2)) as url:
        assert [post(sender, url).response.status for _ in range(3)] == [503, 503, 204]
    page = read_ledger(transcript, load_release(), now=RealClock().now()).of("Q1")
    assert page.told[1].marks == [Mark.REPEATED]


def test_a_test_may_answer_itself(sender):
    heard: list[Call] = []

    def answer(call: Call) -> Reply:
        heard.append(call)
        return Reply(200, {"unusual": True})

    with listening(Transcript(), answer) as url:
        assert post(sender, url).response.status == 200
    assert heard[0].body == EVENT


# With our own seller


def play(name: str, answering=None) -> tuple[RunResult, Transcript, VirtualClock]:
    """A scenario with both sides ours, and a buyer that answers notifications as it is told."""
    release, clock, transcript = load_release(), VirtualClock(), Transcript()
    scenario = load_scenario(scenarios_dir() / f"{name}.oit.yaml", release)
    selling = Running(serve_seller(make_seller(release, load_profile(None, {}), clock, seed=1), lambda _: Transcript()))
    buying = Running(serve_buyer(release, clock, lambda _: transcript, answering))
    root = selling.start()
    client = Client(Peer(root, PathMap.read(release)), Party.BUYER, transcript, clock.now)
    try:
        callback = buying.start()
        buyer, scene = OurBuyer(client, transcript, lambda: callback), Scene("r1", release, clock, root)
        result = ScenarioRunner(Job(scenario), scene, Terms(seed=1), buyer).play()
    finally:
        client.close()
        selling.stop()
        buying.stop()
    return result, transcript, clock


@pytest.mark.parametrize("api", SCENARIOS)
def test_our_seller_tells_all_that_it_owes_and_nothing_else(api):
    result, transcript, clock = play(f"{api}/with-notifications")
    assert result.outcome == "passed", [step.message for step in result.steps]
    ledger = read_ledger(transcript, load_release(), now=clock.now())
    marks = set().union(*(page.marks for page in ledger.accounts))
    assert marks == {Mark.DELIVERED}
    assert [one.n for one in transcript] == list(range(1, len(transcript) + 1))
    moments = [one.at for one in transcript]
    assert moments == sorted(moments)


def test_an_event_that_was_refused_comes_again_and_counts():
    result, transcript, clock = play("quote/with-notifications", Refusal(500, times=2))
    assert result.outcome == "passed"
    page = read_ledger(transcript, load_release(), now=clock.now()).accounts[0]
    assert [mark for told in page.told for mark in told.marks].count(Mark.REPEATED) == 2


def test_the_notifications_stand_in_the_report_and_twice_the_same(tmp_path):
    paths = [scenarios_dir() / api / "with-notifications.oit.yaml" for api in SCENARIOS]

    class Silent:
        def __getattr__(self, _name):
            return lambda *_: None

    def reports():
        jobs = plan(read_scenarios(paths, load_release()), Wish(), load_release()).jobs
        return run_all(Settings(seed=7), jobs, Silent())

    first, second = reports(), reports()
    for one in first:
        told = [exchange for exchange in one["exchanges"] if exchange["kind"] == "notification"]
        assert one["verdict"] == "pass"
        assert {(row["from"], row["to"], row["response"]["status"]) for row in told} == {("seller", "buyer", 204)}
        steps = [step for step in one["steps"] if step["kind"] == "notify" and step["exchanges"]]
        assert all(one["exchanges"][step["exchanges"][0] - 1] in told for step in steps)
    events = [[row["request"]["body"]["eventId"] for one in runs for row in one["exchanges"]
               if row["kind"] == "notification"] for runs in (first, second)]  # fmt: skip
    assert events[0] == events[1]


# As a user calls it


def test_a_partners_seller_is_heard_in_real_time(tmp_path):
    profile = tmp_path / "quick.yaml"
    profile.write_text(QUICK, encoding="utf-8")
    with seller("--profile", str(profile)) as url:
        done = oit("run", "scenarios/quote/with-notifications.oit.yaml", "--sut", f"seller={url}",
                   "--report", "json", "--report-dir", str(tmp_path))  # fmt: skip
    assert done.code == 0, done.err
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert {row["operation"] for row in report["exchanges"]} >= {"registerListener", "listenToQuoteStateChangeEvent"}


def test_a_seller_that_never_tells_ends_inconclusive(tmp_path):
    text = (scenarios_dir() / "poq/with-notifications.oit.yaml").read_text(encoding="utf-8")
    path = tmp_path / "silent.oit.yaml"
    path.write_text(
        text.replace("../fragments", str(scenarios_dir() / "fragments")).replace(
            "eventType=poqCreateEvent,poqStateChangeEvent", "eventType=poqItemStateChangeEvent"
        ),
        encoding="utf-8",
    )
    done = oit("run", str(path))
    assert done.code == 3, done.err
    assert "Step announced never arrived" in done.err
    assert "no subscription to it was in force" in done.err
    assert "subscription to poqItemStateChangeEvent" in done.err


def test_oit_buyer_judges_what_comes_and_tells_it_at_the_end(tmp_path, sender):
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator", "buyer", "--report", "json", "--report-dir", str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment(),
    )  # fmt: skip
    try:
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        post(sender, url + "/r/acme")
        post(sender, url + "/r/acme")
        post(sender, url, {**EVENT, "eventTime": 7})
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 1
    assert "[acme] #1 listenToQuoteStateChangeEvent about Q1: answered 204" in err
    assert "duplicate (#1 brought it and was answered 204)" in err
    assert "    fail MEF115-R9" in err
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert sorted(run["run"]["id"] for run in report["runs"]) == ["acme", "plain-path"]
    assert {run["verdict"] for run in report["runs"]} == {"pass", "fail"}
