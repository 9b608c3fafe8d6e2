"""One party has one clock: what its answers say in `Date` is what its resources and events go by."""

from __future__ import annotations

import http.client
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from emulator.doors.beside import Beside
from emulator.doors.client import Client
from emulator.doors.faults import Faults
from emulator.doors.peer import Peer
from emulator.doors.running import Running
from emulator.doors.troubles import Trouble
from emulator.hosting import make_seller, serve_buyer, serve_seller
from emulator.judge.hubs import by_their_clock, over
from emulator.parties.clock import Clock, RealClock, VirtualClock
from emulator.parties.opening import open_store
from emulator.parties.pacing import Pacing
from emulator.parties.profile import load_profile
from emulator.record.exchange import Party, Transcript
from emulator.standard.release import load_release

START = datetime(2031, 5, 17, 12, 30, 15, 400_000, tzinfo=UTC)
TICKETS = "/mefApi/sonata/troubleTicket/v4/troubleTicket"
SECOND = timedelta(seconds=1)


@contextmanager
def selling(clock: Clock, faults: Faults | None = None) -> Iterator[tuple[Running, Transcript]]:
    """A seller that goes by a clock, and what it records of who asks it."""
    kept: defaultdict[str, Transcript] = defaultdict(Transcript)
    server = serve_seller(
        make_seller(load_release(), load_profile(), clock, seed=1), kept.__getitem__, faults=faults or Faults(7)
    )
    running = Running(Beside(server, {("GET", "/oit/waiting"): lambda _: (200, [])}))
    running.start()
    try:
        yield running, kept[""]
    finally:
        running.stop()


def dates(running: Running, path: str, method: str = "GET", body: str | None = None) -> list[str]:
    """Each `Date` of an answer."""
    line = http.client.HTTPConnection("127.0.0.1", running.port, timeout=20)
    try:
        line.request(method, path, body)
        answer = line.getresponse()
        answer.read()
    finally:
        line.close()
    return [value for name, value in answer.getheaders() if name.lower() == "date"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("GET", TICKETS, id="answered"),
        pytest.param("GET", f"{TICKETS}/none", id="not found"),
        pytest.param("POST", TICKETS, id="refused"),
        pytest.param("GET", "/nowhere", id="nobody's path"),
        pytest.param("HEAD", TICKETS, id="without a body"),
        pytest.param("GET", "/health", id="front page"),
    ],
)
def test_an_answer_is_dated_once_by_the_clock_of_its_party(method: str, path: str) -> None:
    clock = VirtualClock(START)
    with selling(clock) as (running, kept):
        assert dates(running, path, method) == ["Sat, 17 May 2031 12:30:15 GMT"]
        clock.sleep(3600)
        assert dates(running, path, method) == ["Sat, 17 May 2031 13:30:15 GMT"]
        told = [each.response.header("Date") for each in kept if each.response]
    assert told in ([], ["Sat, 17 May 2031 12:30:15 GMT", "Sat, 17 May 2031 13:30:15 GMT"]), "recorded as it was sent"


def test_an_answer_that_is_spoilt_on_purpose_has_its_date_and_one_that_is_given_stays() -> None:
    faults = Faults(7)
    with selling(VirtualClock(START), faults) as (running, _):
        with faults.armed(Trouble("troubleTicket", "listTroubleTicket", respond=503)):
            assert dates(running, TICKETS) == ["Sat, 17 May 2031 12:30:15 GMT"]
        odd = {"Date": "Thu, 01 Jan 1970 00:00:00 GMT"}
        with faults.armed(Trouble("troubleTicket", "listTroubleTicket", headers=odd)):
            assert dates(running, TICKETS) == [odd["Date"]]


def test_a_clock_that_goes_faster_or_was_put_forward_dates_answers() -> None:
    clock = RealClock()
    pacing = Pacing(open_store(None), clock, rate=1000)
    pacing.advance(40 * 86_400)
    with selling(clock) as (running, _):
        before = clock.now()
        (date,) = dates(running, TICKETS)
        assert before - SECOND <= parsedate_to_datetime(date) <= clock.now()


def test_what_a_seller_says_of_its_time_is_what_its_events_are_judged_by() -> None:
    """A buyer whose clock is the wall's, at a seller that is half an hour ahead: what happened is dated by the seller."""
    clock = RealClock()
    pacing = Pacing(open_store(None), clock)
    pacing.advance(1800)
    with selling(clock) as (running, _):
        buyer = Client(Peer(running.url), Party.BUYER, Transcript(), lambda: datetime.now(UTC))
        asked = buyer.send("GET", running.url + TICKETS)
        buyer.close()
    ended = by_their_clock(asked, over(asked))
    assert clock.now() - timedelta(minutes=5) <= ended <= clock.now() + SECOND
    assert ended - over(asked) > timedelta(minutes=29)


def test_what_is_no_partys_is_dated_by_the_wall() -> None:
    with selling(VirtualClock(START)) as (running, _):
        (date,) = dates(running, "/oit/waiting")
    assert abs(parsedate_to_datetime(date) - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_buyer_that_listens_has_its_own_clock() -> None:
    release = load_release()
    running = Running(serve_buyer(release, VirtualClock(START), lambda _: Transcript()))
    running.start()
    try:
        listener = "/mefApi/sonata/troubleTicketNotification/v4/listener/troubleTicketResolvedEvent"
        assert dates(running, listener, "POST", "{}") == ["Sat, 17 May 2031 12:30:15 GMT"]
    finally:
        running.stop()
