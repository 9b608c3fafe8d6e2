"""The ledger lays what had to be told beside what was told, each with its moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.judge.ledger import Ledger, Mark, read_ledger
from emulator.judge.times import Moves, lasted
from emulator.record.exchange import Exchange, Party, Request, Response, Transcript
from emulator.record.payload import dump
from emulator.standard.release import load_release

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
Q = "Q1"
MOMENTS = st.integers(0, 200)


def said(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Tale:
    """Exchanges about one quote, told second by second."""

    def __init__(self) -> None:
        self.transcript = Transcript()

    def add(self, seconds: float, operation: str, status: int, answer: Any = None, **parts: Any) -> Exchange:
        told = parts.get("kind") == "notification"
        sender = Party.SELLER if told else Party.BUYER
        return self.transcript.add(
            Exchange(
                n=0,
                at=START + timedelta(seconds=seconds),
                elapsed_ms=1.0,
                sender=sender,
                receiver=sender.other,
                request=Request((), dump(parts.get("sent")) if "sent" in parts else b"", parts.get("method", "POST"), "http://x/y"),
                response=Response((), dump(answer) if answer is not None else b"", status),
                api=parts.get("api", "quote"),
                kind=parts.get("kind", "management"),
                operation=operation,
                path_params=parts.get("path", {}),
            )
        )  # fmt: skip

    def subscribe(self, seconds: float, query: str | None = None, identifier: str = "S1") -> None:
        sent = {"callback": "http://b"} | ({"query": query} if query else {})
        self.add(seconds, "registerListener", 201, {**sent, "id": identifier}, sent=sent)

    def unsubscribe(self, seconds: float, identifier: str = "S1") -> None:
        self.add(seconds, "unregisterListener", 204, method="DELETE", path={"id": identifier})

    def create(self, seconds: float, state: str = "acknowledged") -> None:
        self.add(seconds, "createQuote", 201, {"id": Q, "state": state}, sent={})

    def read(
        self, seconds: float, state: str, history: list[tuple[float, str]] | None = None, items: Any = None
    ) -> None:
        body: dict[str, Any] = {"id": Q, "state": state}
        if history:
            body["stateChange"] = [{"changeDate": said(when), "state": name} for when, name in history]
        if items:
            body["quoteItem"] = [{"id": name, "state": value} for name, value in items.items()]
        self.add(seconds, "retrieveQuote", 200, body, method="GET", path={"id": Q})

    def event(
        self,
        seconds: float,
        happened: float,
        identifier: str,
        *,
        status: int = 204,
        item: str | None = None,
        about: str = Q,
    ) -> None:
        kind = "quoteItemStateChangeEvent" if item else "quoteStateChangeEvent"
        body = {
            "eventId": identifier,
            "eventTime": said(happened),
            "eventType": kind,
            "event": {"id": about} | ({"quoteItemId": item} if item else {}),
        }
        operation = "listenToQuoteItemStateChangeEvent" if item else "listenToQuoteStateChangeEvent"
        self.add(seconds, operation, status, sent=body, kind="notification")

    def ledger(self, now: float = 1000, grace: float = 60, moves: Moves = ()) -> Ledger:
        return read_ledger(
            self.transcript, load_release(), now=START + timedelta(seconds=now), grace=grace, moves=moves
        )

    def marks(self, now: float = 1000) -> list[list[str]]:
        page = self.ledger(now).of(Q)
        return [[str(mark) for mark in told.marks] for told in page.told] if page else []


@pytest.fixture
def tale() -> Tale:
    made = Tale()
    made.subscribe(0)
    made.create(1)
    return made


HISTORY = [(1, "acknowledged"), (10, "inProgress"), (20, "approved.orderable")]


def test_each_change_of_a_history_has_its_event(tale):
    tale.event(10.1, 10, "e1")
    tale.event(20.1, 20, "e2")
    tale.read(30, "approved.orderable", HISTORY)
    page = tale.ledger().of(Q)
    assert [(due.state, due.mark, due.told.event_id) for due in page.due] == [
        ("inProgress", Mark.DELIVERED, "e1"),
        ("approved.orderable", Mark.DELIVERED, "e2"),
    ]
    assert tale.marks() == [["delivered"], ["delivered"]]
    assert tale.ledger().missing == []


def test_the_one_that_is_missing_is_named_not_the_last_one(tale):
    tale.event(20.1, 20, "e2")
    tale.read(30, "approved.orderable", HISTORY)
    ((account, due),) = tale.ledger().missing
    assert (account.id, due.state, due.mark) == (Q, "inProgress", Mark.NEVER_ARRIVED)
    assert due.moment == START + timedelta(seconds=10)


def test_without_a_history_two_reads_are_enough(tale):
    tale.read(30, "inProgress")
    assert [due.mark for due in tale.ledger(now=80).of(Q).due] == [Mark.AWAITED]
    assert [due.mark for due in tale.ledger(now=91).of(Q).due] == [Mark.NEVER_ARRIVED]
    tale.event(95, 20, "e1")
    assert [due.mark for due in tale.ledger(now=96).of(Q).due] == [Mark.LATE]


def test_an_event_between_two_reads_tells_of_the_change_between_them(tale):
    tale.event(10, 10, "e1")
    tale.read(30, "inProgress")
    assert tale.marks() == [["delivered"]]


@pytest.mark.parametrize(("arrives", "mark"), [(69, "delivered"), (71, "late")])
def test_late_is_later_than_the_time_allowed(tale, arrives, mark):
    tale.event(arrives, 10, "e1")
    tale.read(100, "inProgress", HISTORY[:2])
    assert tale.marks() == [[mark]]


@pytest.mark.parametrize(("shown", "by", "mark"), [(90, 40, "delivered"), (30, 15, "late"), (300, 100, "late")])
def test_what_the_clock_was_put_forward_is_no_delay(tale, shown, by, mark):
    """Of the ninety seconds that an event took those are no delay by which the clock leapt meanwhile."""
    tale.event(100, 10, "e1")
    tale.read(120, "inProgress", HISTORY[:2])
    moves = [(START + timedelta(seconds=shown), timedelta(seconds=by))]
    assert [[str(one) for one in told.marks] for told in tale.ledger(moves=moves).of(Q).told] == [[mark]]


@given(moves=st.lists(st.tuples(st.integers(0, 100), st.integers(0, 50)), max_size=4), ends=st.tuples(MOMENTS, MOMENTS))
def test_a_leap_takes_away_what_it_leapt_over_and_no_more(moves, ends):
    since, until = sorted(ends)
    at = [(START + timedelta(seconds=shown), timedelta(seconds=by)) for shown, by in moves]
    took = lasted(START + timedelta(seconds=since), START + timedelta(seconds=until), at)
    assert timedelta(seconds=until - since - sum(by for _, by in moves)) <= took <= timedelta(seconds=until - since)


def test_an_event_that_was_taken_and_comes_again_is_a_duplicate(tale):
    tale.event(10, 10, "e1")
    tale.event(11, 10, "e1")
    tale.read(30, "inProgress", HISTORY[:2])
    assert tale.marks() == [["delivered"], ["duplicate"]]
    assert "#3 brought it and was answered 204" in str(tale.ledger().of(Q).timeline()[-2])


def test_an_event_that_was_refused_may_come_again(tale):
    tale.event(10, 10, "e1", status=500)
    tale.event(11, 10, "e1")
    tale.read(30, "inProgress", HISTORY[:2])
    assert tale.marks() == [["delivered"], ["repeated"]]


def test_each_subscription_may_bring_the_event_once(tale):
    tale.subscribe(2, identifier="S2")
    for _ in range(3):
        tale.event(10, 10, "e1")
    assert tale.marks() == [["unconfirmed"], ["repeated"], ["duplicate"]]


def test_order_is_that_of_the_event_times(tale):
    tale.event(21, 20, "e2")
    tale.event(22, 10, "e1")
    tale.read(30, "approved.orderable", HISTORY)
    assert tale.marks() == [["delivered"], ["delivered", "out_of_order"]]


def test_after_the_end_of_the_subscription(tale):
    tale.unsubscribe(10)
    tale.event(12, 9, "on-its-way")
    tale.event(12, 11, "after")
    tale.event(40, 12, "much-later")
    assert tale.marks() == [["unconfirmed"], ["after_unregister"], ["after_unregister"]]


def test_nothing_is_due_of_what_came_after_the_end(tale):
    tale.unsubscribe(5)
    tale.read(30, "inProgress", HISTORY[:2])
    assert tale.ledger().of(Q).due == []


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("eventType=quoteItemStateChangeEvent", True),
        ("eventType=quoteItemStateChangeEvent,quoteStateChangeEvent", False),
        ("eventType = quoteItemStateChangeEvent&eventType = quoteStateChangeEvent", False),
        (None, False),
    ],
)
def test_the_query_says_which_types_are_wanted(query, wrong):
    tale = Tale()
    tale.subscribe(0, query)
    tale.create(1)
    tale.event(10, 10, "e1")
    assert ("wrong_type" in tale.marks()[0]) is wrong


def test_items_are_due_where_the_subscription_takes_in_their_type():
    for query, due in (("eventType=quoteItemStateChangeEvent", 1), (None, 1), ("eventType=quoteStateChangeEvent", 0)):
        tale = Tale()
        tale.subscribe(0, query)
        tale.read(1, "acknowledged", items={"i": "acknowledged"})
        tale.read(30, "acknowledged", items={"i": "inProgress"})
        page = tale.ledger().of(Q)
        assert len(page.due if page else []) == due


def test_an_event_of_a_change_that_no_read_shows_contradicts(tale):
    tale.read(5, "acknowledged", HISTORY[:1])
    tale.event(10, 10, "e1")
    tale.read(30, "acknowledged", HISTORY[:1])
    assert tale.marks() == [["contradicts"]]
    assert "both show acknowledged" in "".join(map(str, tale.ledger().of(Q).timeline()))


def test_an_event_of_what_is_not_there_contradicts(tale):
    tale.event(10, 10, "e1", about="Q9")
    tale.add(20, "retrieveQuote", 404, {"code": "notFound", "reason": "?"}, method="GET", path={"id": "Q9"})
    assert [told.marks for told in tale.ledger().of("Q9").told] == [[Mark.CONTRADICTS]]


def test_a_subscription_that_is_older_than_the_run_is_given_the_benefit():
    tale = Tale()
    tale.event(10, 10, "e1")
    assert tale.marks() == [["unconfirmed"]]


def test_the_timeline_can_be_read(tale):
    tale.event(20.1, 20, "e2")
    tale.read(30, "approved.orderable", HISTORY)
    assert [str(line) for line in tale.ledger().of(Q).timeline()] == [
        "2026-01-01 12:00:00.000    #1  subscription to every event",
        "2026-01-01 12:00:01.000    #2  POST shows quote Q1: acknowledged",
        "2026-01-01 12:00:10.000        it became inProgress: quoteStateChangeEvent never arrived",
        "2026-01-01 12:00:20.100    #3  quoteStateChangeEvent e2, of 2026-01-01T12:00:20.000+00:00, answered 204: delivered",
        "2026-01-01 12:00:30.000    #4  GET shows quote Q1: approved.orderable",
    ]


@pytest.mark.parametrize(
    "body", [None, [], "x", {"id": Q}, {"id": Q, "state": 5}, {"id": Q, "state": "a", "stateChange": [7]}]
)
def test_nonsense_is_borne(tale, body):
    tale.add(5, "retrieveQuote", 200, body, method="GET", path={"id": Q})
    for sent in (body, {"event": {"id": Q}, "eventId": 3, "eventTime": "soon", "eventType": []}):
        tale.transcript.add(replace(tale.transcript[1], operation="listenToQuoteStateChangeEvent", kind="notification",
                                    request=Request((), dump(sent), "POST", "http://x")))  # fmt: skip
    assert all(page.timeline() for page in tale.ledger().accounts)


def test_new_charges_and_qualifications_are_due():
    tale = Tale()
    tale.add(
        0,
        "registerListener",
        201,
        {"id": "S", "callback": "http://b"},
        sent={"callback": "http://b"},
        api="productOrder",
    )
    tale.add(5, "retrieveCharge", 200, {"id": "C", "state": "awaitingResponse", "creationDate": said(3)},
             api="productOrder", method="GET")  # fmt: skip
    ((account, due),) = tale.ledger().missing
    assert (account.kind.name, due.types, due.what) == ("charge", ("chargeCreateEvent",), "it came into being")
