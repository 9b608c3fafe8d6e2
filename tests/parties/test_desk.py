"""The desk moves a resource along its lifecycle and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from emulator.parties.clock import VirtualClock
from emulator.parties.desk import Desk
from emulator.parties.store import MemoryStore
from emulator.standard.lifecycle import IllegalTransition
from emulator.standard.release import load_release

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def desk() -> Desk:
    return Desk(
        MemoryStore(), load_release().lifecycles, VirtualClock(START), lambda kind: f"{kind}-1", load_release().kinds
    )


def test_history_bears_the_time_when_it_was_due(desk):
    seen = []
    desk.observers.append(lambda *change: seen.append((change[0].id, *change[1:4])))
    body = {"quoteItem": [{"id": "a"}]}
    quote = desk.open("r", "quote", body, state="acknowledged", lifecycle="quote.firm")
    desk.move_item(quote, quote.body["quoteItem"][0], "acknowledged", by="seller", lifecycle="quoteItem.firm")
    with desk.at(START + timedelta(seconds=5)):
        desk.move(quote, "inProgress", by="seller", lifecycle="quote.firm", reason="work")
    assert desk.store.get("r", "quote", "quote-1").body == {
        "id": "quote-1",
        "state": "inProgress",
        "quoteItem": [{"id": "a", "state": "acknowledged"}],
        "stateChange": [
            {"changeDate": "2026-01-01T00:00:00.000Z", "state": "acknowledged"},
            {"changeDate": "2026-01-01T00:00:05.000Z", "state": "inProgress", "changeReason": "work"},
        ],
    }
    assert seen == [
        ("quote-1", None, "acknowledged", None),
        ("quote-1", None, "acknowledged", "a"),
        ("quote-1", "acknowledged", "inProgress", None),
    ]


def test_what_the_lifecycle_does_not_have_is_not_done(desk):
    with pytest.raises(IllegalTransition):
        desk.open("r", "quote", {}, state="accepted", lifecycle="quote.firm")
    quote = desk.open("r", "quote", {}, state="acknowledged", lifecycle="quote.firm")
    with pytest.raises(IllegalTransition):
        desk.move(quote, "accepted", by="buyer", lifecycle="quote.firm")
    assert desk.store.get("r", "quote", "quote-1").body["state"] == "acknowledged"


def test_timers_count_from_the_moment_at_hand(desk):
    quote = desk.open("r", "quote", {}, state="acknowledged", lifecycle="quote.firm")
    with desk.at(START - timedelta(seconds=10)):
        desk.later(quote, 4, "quote.advance", {"n": 1})
    (timer,) = desk.store.timers("r", "quote", quote.id)
    assert (timer.at, timer.data) == (START - timedelta(seconds=6), {"n": 1})
