"""The same evidence before the judge, with the parties in different roles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from emulator.conduct.board import Board
from emulator.conduct.trial import Evidence, Trial
from emulator.conduct.writers import Taking, Writer
from emulator.judge.roles import PartyRole, Roles
from emulator.record.exchange import Exchange
from emulator.report import json_report
from emulator.report.about import RunInfo
from emulator.scenario.events import Awaited, RunStarted
from emulator.standard.release import load_release
from tests.judge.exchanges import MOMENT, exchange, transcript
from tests.report.runs import info

ASKED = exchange({"code": "notFound", "reason": "no"}, status=404, operation="retrieveQuote", api="quote", path="/q1")
"""A request of the buyer that the seller refuses, and the seller's body lacks what its contract demands."""


def tried(buyer: PartyRole, seller: PartyRole, *exchanges: Exchange) -> dict[str, Any]:
    trial = Trial(info(roles=Roles(buyer, seller)), load_release())
    return trial.report(Evidence(tuple(transcript(*exchanges)), MOMENT))


@pytest.mark.parametrize(
    ("buyer", "seller", "verdict"),
    [
        (PartyRole.UNDER_TEST, PartyRole.UNDER_TEST, "fail"),
        (PartyRole.OBSERVED, PartyRole.OBSERVED, "fail"),
        (PartyRole.EMULATED, PartyRole.UNDER_TEST, "fail"),
        (PartyRole.UNDER_TEST, PartyRole.EMULATED, "error"),
        (PartyRole.EMULATED, PartyRole.EMULATED, "fail"),
    ],
)
def test_a_breach_of_the_sellers(buyer: PartyRole, seller: PartyRole, verdict: str) -> None:
    """It fails the run wherever the seller is tested or nobody is; beside a buyer under test it is our mistake."""
    report = tried(buyer, seller, exchange({"id": 1}))
    assert "seller" in {finding["blame"] for finding in report["findings"] if finding["verdict"] == "fail"}
    assert report["verdict"] == verdict
    assert ("unattributed" in report) == (PartyRole.EMULATED not in (buyer, seller))
    assert jsonschema.Draft7Validator(json_report.schema()).is_valid(report)


def test_what_is_merely_observed_beside_a_party_under_test_decides_nothing() -> None:
    report = tried(PartyRole.UNDER_TEST, PartyRole.OBSERVED, exchange({"id": 1}))
    assert "seller" in {finding["blame"] for finding in report["findings"] if finding["verdict"] == "fail"}
    assert report["verdict"] != "fail"


@pytest.mark.parametrize(
    ("buyer", "seller", "told"),
    [
        (PartyRole.UNDER_TEST, PartyRole.EMULATED, "flow.refused"),  # ours has no reason but the request
        (PartyRole.UNDER_TEST, PartyRole.UNDER_TEST, "flow.not-served"),  # a partner's may have reasons of its own
        (PartyRole.OBSERVED, PartyRole.OBSERVED, "flow.not-served"),
        (PartyRole.EMULATED, PartyRole.UNDER_TEST, None),  # what we ask ourselves is the scenario's
    ],
)
def test_a_refusal_is_told_by_who_refused_whom(buyer: PartyRole, seller: PartyRole, told: str | None) -> None:
    report = tried(buyer, seller, ASKED)
    assert [row["rule"] for row in report["findings"] if row["rule"].startswith("flow.")] == ([told] if told else [])


def test_the_board_tells_what_events_change(tmp_path: Path) -> None:
    board = Board(tmp_path / "waiting.json")
    board.tell(status="waiting")
    board.hear(RunStarted("r1", "demo", "A demonstration", None, 3))
    board.hear(Awaited(({"step": "ask"},), MOMENT))
    assert board.now() == {"status": "waiting", "steps": {"done": 0, "all": 3}, "awaited": [{"step": "ask"}]}
    assert board.page({}) == (200, board.now())
    assert '"ask"' in (tmp_path / "waiting.json").read_text()


class _Told:
    """A writer that keeps the names of what it is told, and of whom."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def running(self, done: int, total: int) -> None:
        self.told.append(("running", (done, total)))

    def run_started(self, about: RunInfo) -> None:
        self.told.append(("started", about.id))

    def run_done(self, report: Mapping[str, Any]) -> None:
        self.told.append(("done", report["id"]))

    def __getattr__(self, name: str) -> Any:
        return lambda *_: self.told.append((name, None))


def test_parallel_runs_are_told_one_after_the_other() -> None:
    told: Any = _Told()
    taking = Taking(told, 2)
    one, two = taking.turn(), taking.turn()
    writers: list[tuple[str, Writer]] = [("one", one), ("two", two)]
    for name, writer in writers:
        writer.run_started(info(id=name))
    one.step_started("ask", "Ask")
    two.run_done({"id": "two"})
    one.run_done({"id": "one"})
    assert told.told == [
        ("running", (0, 2)),
        ("started", "two"), ("done", "two"), ("running", (1, 2)),
        ("started", "one"), ("done", "one"), ("running", (2, 2)),
    ]  # fmt: skip
