"""What a subscription asks for is read in one way; and what other runs of the session made is no surprise."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest

from emulator.judge.hubs import was_under_way
from emulator.judge.run import Run
from emulator.judge.together import Together
from emulator.record.exchange import Transcript
from emulator.standard.events import query_of
from emulator.standard.release import load_release
from tests.judge.exchanges import JSON_HEADERS, MOMENT, exchange, transcript

BOTH = frozenset({"quoteStateChangeEvent", "quoteItemStateChangeEvent"})


@pytest.mark.parametrize(
    ("query", "types", "others"),
    [
        ("eventType=quoteStateChangeEvent,quoteItemStateChangeEvent", BOTH, ()),
        ("eventType=quoteStateChangeEvent&eventType=quoteItemStateChangeEvent", BOTH, ()),
        ("?eventType=quoteStateChangeEvent&eventType=quoteItemStateChangeEvent", BOTH, ()),
        (" eventType = quoteStateChangeEvent , quoteItemStateChangeEvent ", BOTH, ()),
        ("eventType%3DquoteStateChangeEvent%2CquoteItemStateChangeEvent", BOTH, ()),
        ("eventType=quoteStateChangeEvent,+quoteItemStateChangeEvent", BOTH, ()),
        ("eventType=quoteStateChangeEvent,quoteItemStateChangeEvent&id=7", BOTH, ("id",)),
        ("id=7", None, ("id",)),
        ("quoteStateChangeEvent", None, ("quoteStateChangeEvent",)),
        ("eventType=", None, ()),
        ("", None, ()),
        (None, None, ()),
        (["eventType=quoteStateChangeEvent"], None, ()),
    ],
)
def test_a_query_is_read_in_either_syntax(query: object, types: frozenset[str] | None, others: tuple[str, ...]) -> None:
    read = query_of(query, load_release().kinds)
    assert (read.types, read.others) == (types, others)
    assert read.covers("quoteStateChangeEvent")
    assert read.covers("poqCreateEvent") is (types is None)


def test_an_event_type_with_two_names_is_one() -> None:
    for name in ("productOrderItemExpectedCompletionDateSet", "productOrderItemExpectedCompletionDateSetEvent"):
        assert query_of(f"eventType={name}", load_release().kinds).covers("productOrderItemExpectedCompletionDateSet")


@pytest.mark.parametrize(("ahead", "under_way"), [(0, False), (5, True), (-5, False), (40_000, False)])
def test_the_end_of_a_subscription_is_told_by_the_clock_of_who_ended_it(ahead: float, under_way: bool) -> None:
    """Its answer is dated; a date that is hours off dates something else."""
    date = format_datetime(MOMENT + timedelta(seconds=ahead), usegmt=True)
    end, event = transcript(exchange({}, headers=(*JSON_HEADERS, ("Date", date)), status=204), exchange({}))
    assert was_under_way(event, MOMENT + timedelta(seconds=4), end, Run(load_release())) is under_way


def test_what_other_runs_of_a_session_made_is_no_surprise() -> None:
    together, first = (
        Together(),
        transcript(exchange({"id": "one"}), exchange([{"id": "two"}]), exchange({"id": "no"}, status=422)),
    )
    of_first = together.begin(first)
    assert not of_first("one")
    of_second = together.begin(Transcript())
    assert of_first("anything")
    assert of_second("anything")
    together.end(first)
    assert [identifier for identifier in ("one", "two", "no", "three") if of_second(identifier)] == ["one", "two"]
