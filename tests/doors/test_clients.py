"""The clients that partners have: each is answered by the seller and by the buyer's listener, whatever it offers besides."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from emulator.doors.running import Running
from emulator.hosting import make_seller, serve_buyer, serve_seller
from emulator.parties.clock import RealClock
from emulator.parties.profile import load_profile
from emulator.record.exchange import Transcript
from emulator.standard.release import load_release
from tests.cli.partner_buyer import BASE
from tests.doors.clients import CLIENTS, plan_of

ADDRESS = BASE["address"] + "/geographicAddressValidation"
HUB = BASE["quote"] + "/hub"
EVENT = {
    "eventId": "e1",
    "eventTime": "2026-01-01T12:00:00Z",
    "eventType": "quoteStateChangeEvent",
    "event": {"id": "Q1"},
}
LISTENER = "/mefApi/sonata/quoteNotification/v8/listener/quoteStateChangeEvent"
VALIDATION = {
    "provideAlternative": False,
    "submittedGeographicAddress": {
        "@type": "FieldedAddress", "streetNr": "20", "streetName": "Main", "city": "Ashburn", "stateOrProvince": "VA",
        "postcode": "20147", "country": "USA", "locality": "Ä ö ü",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def seen() -> Transcript:
    return Transcript()


@pytest.fixture(scope="module")
def seller(seen: Transcript) -> Iterator[str]:
    running = Running(serve_seller(make_seller(load_release(), load_profile(None), RealClock()), lambda _: seen))
    yield running.start()
    running.stop()


@pytest.fixture(scope="module")
def listener(seen: Transcript) -> Iterator[str]:
    running = Running(serve_buyer(load_release(), RealClock(), lambda _: seen))
    yield running.start()
    running.stop()


@pytest.mark.parametrize("name", CLIENTS)
def test_every_client_is_answered(name: str, seller: str, listener: str, seen: Transcript, tmp_path: Path) -> None:
    """POST, PATCH, DELETE, an answer without a body, chunks, `Expect`, several on one connection, with an offer or none."""
    program, go = CLIENTS[name]
    if program is not None and shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    if program is None and importlib.util.find_spec(name) is None:
        pytest.skip(f"the package {name} is not installed")
    # Java goes through the plan twice, with and without its offer: what is deleted is there for each time.
    twice = 2 if name == "java" else 1
    hub = requests.post(seller + HUB, json={"callback": listener}, timeout=30).json()["id"]
    seen.__init__()  # type: ignore[misc] # what came before is not the client's
    order = BASE["order"] + "/productOrder/none"
    rows: list[tuple[str, str, str, Any, str]] = [
        ("post", "POST", seller + ADDRESS, VALIDATION, "plain"),
        ("again", "POST", seller + ADDRESS, VALIDATION, "plain"),
        ("chunked", "POST", seller + ADDRESS, VALIDATION, "chunked"),
        ("expect", "POST", seller + ADDRESS, VALIDATION, "expect"),
        ("wrong", "POST", seller + ADDRESS, {"provideAlternative": 1}, "plain"),
        ("patch", "PATCH", seller + order, {"externalId": "x"}, "plain"),
        ("delete", "DELETE", f"{seller}{HUB}/{hub}", None, "plain"),
        ("gone", "DELETE", f"{seller}{HUB}/{hub}", None, "plain"),
        ("get", "GET", seller + BASE["quote"] + "/quote", None, "plain"),
        *((f"event-{how}", "POST", listener + LISTENER, EVENT, how) for how in ("plain", "chunked", "expect")),
    ]
    got = go(plan_of(rows), tmp_path)
    wanted = {
        "post": 200, "again": 200, "chunked": 200, "expect": 200, "wrong": 422, "patch": 404, "delete": 204, "gone": 404,
        "get": 200, "event-plain": 204, "event-chunked": 204, "event-expect": 204,
    }  # fmt: skip
    expected = [(row[0], wanted[row[0]]) for row in rows] * twice
    if twice == 2:  # the second time it is gone already
        expected[len(rows) + 6] = ("delete", 404)
    assert [(told, status) for told, status, _ in got] == expected, got
    for told, status, body in got:
        assert (body == "") == (status == 204), told
        if body:
            json.loads(body)
    asked = [exchange for exchange in seen if exchange.request.method == "POST" and exchange.fault is None]
    assert {json.dumps(exchange.request.body, sort_keys=True) for exchange in asked} == {
        json.dumps(row[3], sort_keys=True) for row in rows if row[1] == "POST"
    }, "bodies come as they were sent"
