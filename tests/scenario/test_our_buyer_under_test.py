"""Our own buyer, met over HTTP like a stranger, is the buyer under test: whatever it plays, the other side follows."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from emulator.conduct.runs import run_all
from emulator.conduct.scenarios import read_scenarios
from emulator.conduct.settings import SellerDoor, Settings
from emulator.record.exchange import Exchange
from emulator.report.about import RunInfo
from emulator.report.model import Report
from emulator.report.played import StepInfo
from emulator.scenario.events import Waiting
from emulator.scenario.model import Await, Call, ClockMode, Eventually, Parallel, Step
from emulator.scenario.selection import Job
from emulator.settings import scenarios_dir
from emulator.standard.release import load_release
from tests.cli.processes import QUICK

SCENARIOS = (
    "access-eline/modify-bandwidth",
    "inventory/find",
    "order/cancel-with-charge",
    "order/modify-delivery-date",
    "order/patch-and-find",
    "parties/several",
    "places/find",
    "poq/deferred",
    "poq/with-notifications",
    "quote/cancel",
    "quote/decline",
    "quote/find",
    "quote/with-notifications",
)


SHIPPED = sorted(
    path.relative_to(scenarios_dir()).as_posix().removesuffix(".oit.yaml")
    for path in scenarios_dir().rglob("*.oit.yaml")
)
LONG = frozenset(
    f"order/{name}"
    for name in (
        "changes-at-a-price", "changes-at-a-price-told", "charge-answers", "charge-answers-told", "charge-timeout",
        "charge-unanswered", "delay", "forty-days",
    )
) | {
    "quote/ends-told", "quote/expired", "discovery/expired",
    "access-eline/outage", "negative/appointment-states", "negative/ticket", "negative/ticket-states",
    "ticket/ends-told", "ticket/known-incident", "ticket/unanswered",
    "incident/find", "incident/maintenance-told", "incident/passing", "incident/repair", "incident/repair-told",
    "appointment/cancel", "appointment/change", "appointment/ends-told", "appointment/failed", "appointment/missed",
    "appointment/not-needed", "appointment/one-technician", "appointment/postponed", "appointment/visit",
    "access-eline/whole-chain", "faults/bills", "faults/visit",
    "billing/credited", "billing/credited-told", "billing/disputed", "billing/disputed-told", "billing/late", "billing/late-told",
    "billing/withdrawn", "billing/withdrawn-told",
    "catalog/categories-told", "catalog/given-up-told", "catalog/life", "catalog/life-told", "catalog/new-version-told",
    "catalog/not-a-pilot", "catalog/orders", "catalog/pilot", "catalog/pilot-told", "catalog/specification",
    "catalog/specification-given-up", "catalog/specification-told",
    "workorder/dropped", "workorder/ends-told", "workorder/late", "workorder/planned", "workorder/unable",
}  # fmt: skip
"""Scenarios of minutes, hours and days: our buyer, whose time is real, has no moment there in which to look."""
SECURED = frozenset(name for name in SHIPPED if name.startswith("security/"))
"""Scenarios whose seller has clients, which a user's own profile has to name."""
PLAIN = "extends: wholesale-seller\n"
EVERY = 0.1
"""Seconds between two looks of the buyer."""


class Writer:
    """Keeps what it is told; `urls` has the address of our seller once it listens."""

    def __init__(self) -> None:
        self.urls: queue.Queue[str] = queue.Queue()
        self.missed_reasons: list[str] = []

    def running(self, done: int, total: int) -> None: ...
    def run_started(self, info: RunInfo) -> None: ...
    def step_started(self, step_id: str, what: str) -> None: ...
    def waiting(self, text: str, wait: Waiting | None = None) -> None: ...
    def exchange_done(self, exchange: Exchange) -> None: ...
    def step_done(self, step: StepInfo) -> None: ...
    def run_done(self, report: Report) -> None: ...
    def awaits(self, entry: Mapping[str, Any], left: float) -> None: ...

    def serving(self, url: str) -> None:
        self.urls.put(url)

    def missed(self, exchange: Exchange, reason: str) -> None:
        self.missed_reasons.append(reason)


def hasty(step: Step) -> Step:
    """A step as a buyer plays it that never waits long between two looks."""
    match step.action:
        case Await() as wait:
            return replace(step, action=replace(wait, every=min(wait.every, EVERY)))
        case Call(eventually=Eventually() as again) as call:
            return replace(step, action=replace(call, eventually=replace(again, every=min(again.every, EVERY))))
        case Parallel() as group:
            return replace(step, action=replace(group, steps=tuple(map(hasty, group.steps))))
        case _:
            return step


def play(name: str, profile: Path, speed: float) -> tuple[Report, Report, list[str]]:
    """What our buyer says of its run, what our seller says of it, and what came that was not awaited."""
    (scenario,) = read_scenarios([scenarios_dir() / f"{name}.oit.yaml"], load_release())
    writer, done = Writer(), list[Report]()

    def seller() -> None:
        settings = Settings(profile=profile, within=60, door=SellerDoor(speed=speed))
        done.extend(run_all(settings, [Job(scenario)], writer))

    thread = threading.Thread(target=seller)
    thread.start()
    url = writer.urls.get(timeout=60)
    buyer = Job(replace(scenario, flow=tuple(map(hasty, scenario.flow))))
    (bought,) = run_all(Settings(seller_url=url, clock=ClockMode.REAL), [buyer], Writer())
    with contextlib.suppress(requests.ConnectionError):  # where the run is over already, nobody listens
        requests.post(f"{url}/oit/done", timeout=10)
    thread.join(timeout=90)
    (report,) = done
    return bought, report, writer.missed_reasons


def is_right(name: str, profile: Path, speed: float) -> None:
    """Every step of the flow comes, nothing that comes is a miss, and nothing is the buyer's fault."""
    bought, report, missed = play(name, profile, speed)
    assert bought["verdict"] == "pass", bought["findings"]
    assert [
        (step["id"], step["message"]) for step in report["steps"] if step["outcome"] not in {"passed", "skipped"}
    ] == []
    assert missed == []
    assert report["verdict"] == "pass"
    assert [finding for finding in report["findings"] if finding["blame"] == "buyer"] == []


@pytest.mark.parametrize("name", SCENARIOS)
def test_our_buyer_passes_as_the_buyer_under_test(name: str, tmp_path: Path):
    """At a seller that needs no time to think."""
    profile = tmp_path / "quick.yaml"
    profile.write_text(QUICK)
    is_right(name, profile, 1)


def test_a_buyer_that_looks_only_when_it_is_told_can_pass(tmp_path: Path):
    """What a wait for news keeps comes from the read behind the news."""
    profile = tmp_path / "plain.yaml"
    profile.write_text(PLAIN)
    is_right("order/life-told", profile, 2)


@pytest.mark.slow
@pytest.mark.parametrize("pace", [2, 4])
@pytest.mark.parametrize("name", [name for name in SHIPPED if name not in LONG | SECURED])
def test_our_buyer_passes_all_but_the_long_scenarios_at_two_speeds(name: str, pace: float, tmp_path: Path):
    """At a seller that takes some seconds, or a quarter of that. Trouble is made in real time, at one speed."""
    profile = tmp_path / "plain.yaml"
    profile.write_text(PLAIN)
    is_right(name, profile, 1 if name.startswith("faults/") else pace)
