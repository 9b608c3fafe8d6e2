"""Scenarios of visits are played green at whatever hour of the week they are begun: the calendar is closed at night and on weekends."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from emulator.scenario.result import Outcome
from tests.play import play

STARTS = {
    "monday morning": datetime(2026, 11, 30, 7, 5, tzinfo=UTC),
    "monday noon": datetime(2026, 11, 30, 13, 20, tzinfo=UTC),
    "friday afternoon": datetime(2026, 12, 4, 15, 30, tzinfo=UTC),
    "saturday night": datetime(2026, 12, 5, 23, 50, tzinfo=UTC),
}
VISITS = ("appointment/visit", "appointment/change", "appointment/cancel", "negative/appointment-states")


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
@pytest.mark.parametrize("name", VISITS)
def test_a_visit_is_seen_when_it_takes_place(name: str, start: datetime) -> None:
    steps = play(name, start=start).steps
    assert [step.id for step in steps if step.outcome is not Outcome.PASSED] == []
