"""Our own buyer, met over HTTP like a stranger, is the buyer under test: whatever it plays, the other side follows."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from emulator.report.model import Report, RunInfo
from emulator.report.played import StepInfo
from emulator.scenario.events import Waiting
from emulator.scenario.model import ClockMode
from emulator.session import Job, Settings, read_scenarios, run_all
from emulator.settings import scenarios_dir
from emulator.standard.release import load_release
from emulator.sut_buyer import Door, run_for_buyer
from emulator.wire.exchange import Exchange
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


@pytest.mark.parametrize("name", SCENARIOS)
def test_our_buyer_passes_as_the_buyer_under_test(name: str, tmp_path: Path):
    """Every step of the flow comes, nothing that comes is a miss, and nothing is the buyer's fault."""
    profile = tmp_path / "quick.yaml"
    profile.write_text(QUICK)
    (scenario,) = read_scenarios([scenarios_dir() / f"{name}.oit.yaml"], load_release())
    job, writer, done = Job(scenario, None, 0), Writer(), []

    def seller() -> None:
        done.extend(run_for_buyer(Settings(profile=profile), [job], writer, Door(within=60)))

    thread = threading.Thread(target=seller)
    thread.start()
    url = writer.urls.get(timeout=60)
    (bought,) = run_all(Settings(seller_url=url, clock=ClockMode.REAL), [job], Writer())
    with contextlib.suppress(requests.ConnectionError):  # where the run is over already, nobody listens
        requests.post(f"{url}/oit/done", timeout=10)
    thread.join(timeout=90)
    assert bought["verdict"] == "pass", bought["findings"]
    (report,) = done
    assert [
        (step["id"], step["message"]) for step in report["steps"] if step["outcome"] not in {"passed", "skipped"}
    ] == []
    assert writer.missed_reasons == []
    assert report["verdict"] == "pass"
    assert [finding for finding in report["findings"] if finding["blame"] == "buyer"] == []
