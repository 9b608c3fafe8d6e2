"""A partner's buyer that listens, in another HTTP library: the right one passes, each wrong one is found out and blamed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli import listening_buyer
from tests.cli.test_sut_buyer import message, outcomes, waiting, whole

TOLD = "scenarios/quote/with-notifications.oit.yaml"
TROUBLE = "scenarios/faults/answers.oit.yaml"

IMPATIENT = """
extends: wholesale-seller
intervals:
  quote: {start: 0, finish: 0}
notifications: {attempts: 2, backoff: [0.1]}
"""


def met(folder: Path, scenario: str, way: str | None, *more: str) -> tuple[int, str | None, dict[str, Any]]:
    """Exit code of the run, what stopped the buyer, and the report."""
    profile = folder / "impatient.yaml"
    profile.write_text(IMPATIENT)
    with waiting(scenario, folder, "--profile", str(profile), *more) as (url, process):
        stopped = listening_buyer.main(url, way)
        code, _, report = whole(process, folder)
    return code, stopped, report


@pytest.mark.parametrize(("scenario", "more"), [(TOLD, ()), (TROUBLE, ("--case", "busy"))])
def test_a_right_buyer_passes(scenario: str, more: tuple[str, ...], tmp_path: Path):
    """It reads its quote once, when it is told of it, and unsubscribes while the next event is on its way."""
    code, stopped, report = met(tmp_path, scenario, None, *more)
    assert (code, stopped, report["findings"]) == (0, None, [])
    assert set(outcomes(report).values()) <= {"passed", "skipped"}


def test_a_buyer_that_never_heard_an_answer_and_stops_is_right_too(tmp_path: Path):
    """Nobody needs to listen after the end: what our seller cannot deliver then is not told."""
    code, stopped, report = met(tmp_path, TROUBLE, None, "--case", "lost")
    assert (code, report["findings"]) == (0, [])
    assert stopped is not None
    assert outcomes(report)["quote-create"] == "passed"
    assert outcomes(report)["read"] == "skipped"


@pytest.mark.parametrize(
    ("way", "scenario", "case", "step", "says"),
    [
        ("answers-200", TOLD, None, None, None),
        ("answers-500", TOLD, None, "orderable", "and was answered 500, not 204"),
        ("wrong-role", TOLD, None, "create", "A contact with the role quoteItemTechnicalContact is missing"),
        ("changes-its-retry", TROUBLE, "busy", "quote-create", "retried body: another one, expected the same"),
        ("repeats-at-once", TROUBLE, "busy", "quote-create", "expected at least 2s"),
        ("repeats-unheard", TROUBLE, "lost", "quote-create", "retries: 1, expected 0"),
    ],
)
def test_a_wrong_buyer_is_found_out_and_blamed(
    way: str, scenario: str, case: str | None, step: str | None, says: str | None, tmp_path: Path
):
    code, _, report = met(tmp_path, scenario, way, *(("--case", case) if case else ()))
    # How trouble is to be taken is the scenario's wish, and no clause's.
    assert (code, report["verdict"]) == ((3, "inconclusive") if case else (1, "fail"))
    assert {finding["blame"] for finding in report["findings"]} <= {"buyer"}
    if step is None or says is None:
        assert [(f["rule"], f["verdict"], f["found"]) for f in report["findings"]] == [("contract.status", "fail", 200)]
        return
    assert says in message(report, step)
    assert [row["blame"] for row in report["steps"] if row["id"] == step] == ["buyer"]


def test_who_goes_on_asking_for_a_subscription_that_it_ended_is_warned(tmp_path: Path):
    """No clause forbids it, so it is no breach."""
    code, _, report = met(tmp_path, TOLD, "polls-after-unregister")
    assert code == 0
    (finding,) = report["findings"]
    assert (finding["rule"], finding["verdict"], finding["blame"]) == ("flow.ended-subscription", "warning", "buyer")
    assert "ended itself in exchange" in finding["message"]
