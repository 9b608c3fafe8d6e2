"""Trouble at the door: what a partner gets is what was asked for, what is recorded is what was sent."""

from __future__ import annotations

import http.client
import json
import socket
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from emulator.doors.client import Client
from emulator.doors.faults import Faults
from emulator.doors.peer import Peer
from emulator.doors.running import Running
from emulator.doors.troubles import STRANGER, Delay, NewsTrouble, Trouble
from emulator.hosting import make_seller, serve_seller
from emulator.parties.clock import VirtualClock
from emulator.parties.profile import load_profile
from emulator.record.exchange import Exchange, FaultKind, Party, Transcript
from emulator.standard.release import load_release

PRODUCTS = "/mefApi/sonata/productInventory/v7/product"
VALIDATION = "/mefApi/sonata/geographicAddressManagement/v7/geographicAddressValidation"
LIST = ("productInventory", "listProduct")
ADDRESS = {"provideAlternative": True, "submittedGeographicAddress": {
    "@type": "FieldedAddress", "streetNr": "20", "streetName": "Main", "streetType": "Street", "city": "Ashburn",
    "stateOrProvince": "VA", "postcode": "20147", "country": "USA"}}  # fmt: skip


class Site:
    """A seller that listens, and what it keeps of what it said. `slept` are the seconds that it would have waited."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.faults = Faults(7, sleep=self._sleep)
        self.doors: defaultdict[str, Transcript] = defaultdict(Transcript)
        clock = VirtualClock(datetime(2026, 3, 1, tzinfo=UTC))
        server = serve_seller(
            make_seller(load_release(), load_profile(), clock, seed=1), self.doors.__getitem__, faults=self.faults
        )
        self.running = Running(server)
        self.url = self.running.start()
        self.heard = Transcript()
        self.client = Client(Peer(timeout=20), Party.BUYER, self.heard, clock.now)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def get(self, path: str = PRODUCTS) -> Exchange:
        return self.client.send("GET", self.url + path)

    @property
    def said(self) -> Exchange:
        return list(self.doors[""])[-1]


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.client.close()
    made.running.stop()


def test_nothing_happens_where_nothing_is_armed(site):
    assert site.get().response.status == 200
    with site.faults.armed(Trouble("quote", "listQuote", respond=503)):
        assert site.get().response.status == 200
    assert site.faults.struck == 0


def test_another_answer_is_given_as_often_as_asked_and_the_party_is_not_asked(site):
    with site.faults.armed(Trouble(*LIST, first=2, times=2, respond=503, headers={"Retry-After": "2"})):
        answers = [site.get().response for _ in range(4)]
    assert [one.status for one in answers] == [200, 503, 503, 200]
    assert answers[1].header("retry-after") == "2"
    assert answers[1].body["code"] == "internalError"
    assert site.faults.struck == site.faults.spoilt == 2
    assert [one.response.status for one in site.doors[""]] == [200, 503, 503, 200]


def test_a_body_of_the_cases_own_is_sent_and_recorded(site):
    with site.faults.armed(Trouble(*LIST, respond=418, body={"tea": 1})):
        assert site.get().response.body == {"tea": 1}
    assert site.said.response.body == {"tea": 1}


def test_a_lost_answer_takes_effect_and_never_comes(site):
    with site.faults.armed(Trouble("geographicAddress", "createGeographicAddressValidation", lost=True)):
        exchange = site.client.send("POST", site.url + VALIDATION, body=ADDRESS)
        assert exchange.fault.kind is FaultKind.CLOSED
    assert site.said.fault.kind is FaultKind.CLOSED
    assert "took effect" in site.said.fault.message


def test_created_resources_are_counted_even_where_the_answer_is_lost(site):
    hub = "/mefApi/sonata/quoteManagement/v8/hub"
    with site.faults.armed(Trouble("quote", "registerListener", lost=True)):
        site.client.send("POST", site.url + hub, body={"callback": "http://127.0.0.1:9/x"})
        assert site.faults.created["quote", "registerListener"] == 1
    with site.faults.armed(Trouble("quote", "registerListener", reset=True)):
        site.client.send("POST", site.url + hub, body={"callback": "http://127.0.0.1:9/x"})
        assert site.faults.created["quote", "registerListener"] == 0


def test_a_reset_is_a_reset(site):
    """A crash of the other machine shows as a reset, not as an orderly end."""
    with (
        site.faults.armed(Trouble(*LIST, reset=True)),
        socket.create_connection(("127.0.0.1", site.running.port)) as line,
    ):
        line.settimeout(20)
        line.sendall(f"GET {PRODUCTS} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        with pytest.raises(ConnectionResetError):
            line.recv(1000)
    assert "reset on purpose" in site.said.fault.message


def test_an_answer_that_is_cut_off_promises_more_than_comes(site):
    with site.faults.armed(Trouble(*LIST, keep=25)):
        line = http.client.HTTPConnection("127.0.0.1", site.running.port, timeout=20)
        line.request("GET", PRODUCTS)
        answer = line.getresponse()
        with pytest.raises(http.client.IncompleteRead) as broken:
            answer.read()
        line.close()
    assert len(broken.value.partial) == 25
    assert site.said.fault.message.startswith("the connection ended on purpose after 25 of ")


def test_a_drip_is_whole_in_the_end_and_takes_its_time(site):
    whole = site.get().response.body
    with site.faults.armed(Trouble(*LIST, drip=(200, 0.5))):
        assert site.get().response.body == whole
    assert len(site.slept) > 1
    assert set(site.slept) == {0.5}
    assert site.faults.spoilt == 0
    assert site.said.response.body == whole


def test_another_content_type_is_recorded(site):
    with site.faults.armed(Trouble(*LIST, content_type="text/html")):
        assert site.get().response.header("content-type") == "text/html"
    assert site.said.response.header("content-type") == "text/html"


def test_an_answer_is_changed_on_its_way(site):
    with site.faults.armed(Trouble(*LIST, mutate=lambda body: body[:1])):
        assert len(site.get().response.body) == 1
    assert len(site.said.response.body) == 1


def test_a_change_that_does_not_fit_is_told_and_leaves_the_answer_alone(site):
    def mutate(_: Any) -> Any:
        raise ValueError("nothing there")

    with site.faults.armed(Trouble(*LIST, mutate=mutate)):
        assert site.get().response.status == 200
    assert site.faults.problems == ["the answer with status 200 cannot be changed so: nothing there"]


def test_delays_are_the_same_for_the_same_seed():
    def drawn(seed: int) -> list[float]:
        import random

        chance = random.Random(seed)
        kinds = [Delay("fixed", 2), Delay("uniform", 1, 3), Delay("exponential", 2), Delay("lognormal", 2, 0.6)]
        return [delay.draw(chance) for delay in kinds for _ in range(3)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert all(0 <= one <= 300 for one in drawn(3))
    assert Delay("exponential", 0).draw(__import__("random").Random(1)) == 0


def test_a_delay_comes_before_the_answer(site):
    with site.faults.armed(Trouble(*LIST, delay=Delay("fixed", 40))):
        assert site.get().response.status == 200
    assert site.slept == [40]


def test_a_request_is_reset_or_its_answer_lost_not_both():
    with pytest.raises(ValueError, match="not both"):
        Trouble(*LIST, reset=True, lost=True)


@dataclass(frozen=True)
class Owed:
    id: str
    body: dict[str, Any]
    subscription: str = "hub-1"


def sent(news: NewsTrouble, count: int = 4) -> list[tuple[str, str | None]]:
    """What is sent in place of so many notifications: event ids, and the buyer that each names."""
    faults = Faults(1)
    found = []
    with faults.armed(news=news):
        for number in range(1, count + 1):
            note = Owed(f"s{number}", {"eventId": f"e{number}", "event": {"id": "q"}})
            twist = faults.twist(note)
            while twist is not None and twist.wait:
                twist = faults.twist(note)
            found += twist.sent if twist else [note]
    return [(one.body["eventId"], one.body["event"].get("buyerId")) for one in found]


@pytest.mark.parametrize(
    ("news", "events"),
    [
        (NewsTrouble(drop=frozenset({1, 3})), ["e2", "e4"]),
        (NewsTrouble(duplicate=frozenset({2})), ["e1", "e2", "e2", "e3", "e4"]),
        (NewsTrouble(reorder=True), ["e2", "e1", "e4", "e3"]),
        (NewsTrouble(reorder=True, drop=frozenset({2})), ["e1", "e4", "e3"]),
        (NewsTrouble(delay=Delay("fixed", 5)), ["e1", "e2", "e3", "e4"]),
    ],
)
def test_notifications_are_dropped_doubled_turned_round_and_late(news, events):
    assert [event for event, _ in sent(news)] == events


def test_a_notification_names_a_buyer_that_nobody_registered():
    assert sent(NewsTrouble(wrong_buyer=frozenset({2})), 2) == [("e1", None), ("e2", STRANGER)]


def test_what_was_held_back_comes_after_the_trouble():
    faults, notes = Faults(1), [Owed("a", {"eventId": "1"}), Owed("b", {"eventId": "2"})]
    with faults.armed(news=NewsTrouble(reorder=True)):
        assert faults.twist(notes[0]).sent == ()
    assert faults.twist(notes[1]).sent == (notes[1], notes[0])
    assert faults.twist(replace(notes[0], id="c")) is None


def test_the_front_page_and_refusals_are_never_troubled(site):
    with site.faults.armed(Trouble(*LIST, respond=503, times=None)):
        assert site.client.send("GET", site.url + "/health").response.status == 200
        assert site.get("/nowhere").response.status == 404
        assert json.loads(site.get().response.raw)["reason"] == "Trouble on purpose"
