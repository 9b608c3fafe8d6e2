"""Two sellers on one database have one technician between them: whoever comes at the same moment, one visit is booked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from functools import partial
from itertools import cycle, pairwise
from pathlib import Path
from threading import Barrier
from typing import Any

import orjson
import pytest
import requests

from emulator.parties.clock import rfc3339
from tests.parties.aftersale import ON_SITE, ticket, visit
from tests.parties.databases import database
from tests.parties.durable import PATIENCE, sellers, snapshot, until

pytestmark = pytest.mark.slow

ROUNDS = 30
AT_ONCE = 4
TICKET = "/mefApi/sonata/troubleTicket/v4/troubleTicket"
VISIT = "/mefApi/sonata/appointment/v2/appointment"
CALENDAR = {
    "days": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
    "opens": "00:00",
    "closes": "23:59:59",
    "technicians": [{"name": "Tess"}],
}
ALONE = {
    "extends": "wholesale-seller",
    "intervals": {"troubleTicket": {"step": 0.05}, "workorder": {"step": 0.05}},
    "behaviour": {**ON_SITE["behaviour"], "appointment": {"search": "free", "calendar": CALENDAR}},
}


def hours() -> Iterator[dict[str, Any]]:
    """One free hour after the other, from the day after tomorrow on; no two of them touch."""
    day = datetime.combine(datetime.now(UTC).date() + timedelta(days=2), time(1), UTC)
    while True:
        for hour in range(0, 20, 2):
            start = day + timedelta(hours=hour)
            yield {
                "validFor": {
                    "startDateTime": rfc3339(start),
                    "endDateTime": rfc3339(start + timedelta(hours=1)),
                }
            }
        day += timedelta(days=1)


def together(calls: list[Callable[[], requests.Response]]) -> list[requests.Response]:
    """What calls are answered that are made at one moment."""
    gate = Barrier(len(calls))

    def made(call: Callable[[], requests.Response]) -> requests.Response:
        gate.wait(PATIENCE)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result(PATIENCE) for each in [pool.submit(made, call) for call in calls]]


def spans(url: str) -> list[tuple[str, str]]:
    """The times of all visits that are to come, in order."""
    there = snapshot(url, "appointment").resources.values()
    times = [each["validFor"] for each in there if each["status"] == "confirmed"]
    return sorted((each["startDateTime"], each["endDateTime"]) for each in times)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_last_technician_is_booked_once(kind: str, tmp_path: Path) -> None:
    profile = tmp_path / "alone.yaml"
    profile.write_bytes(orjson.dumps(ALONE))
    with database(kind, tmp_path) as url, sellers(url or "", profile, 2) as both, requests.Session() as session:
        assert url is not None
        doors = [each.url for each in both]
        waiting = orders(session, url, doors[0], ROUNDS + AT_ONCE)
        booked, free = list[str](), hours()
        for _ in range(ROUNDS):
            slot, chosen = next(free), waiting[:AT_ONCE]
            answers = together(
                [
                    partial(requests.post, door + VISIT, json=visit(order, slot), timeout=PATIENCE)
                    for door, order in zip(cycle(doors), chosen, strict=False)
                ]
            )
            won = [order for order, answer in zip(chosen, answers, strict=True) if answer.status_code == 201]
            assert len(won) == 1, [answer.text for answer in answers]
            refused_for_nobody_is_free([answer for answer in answers if answer.status_code != 201])
            waiting.remove(won[0])
            booked += [answer.json()["id"] for answer in answers if answer.status_code == 201]
        moved_to_one_hour(doors, booked, free)
        known = spans(url)
        assert len(known) == ROUNDS
        assert all(one[1] <= other[0] for one, other in pairwise(known)), "she is at two places"


def orders(session: requests.Session, url: str, door: str, count: int) -> list[str]:
    """So many work orders that wait for an appointment."""
    for _ in range(count):
        assert session.post(door + TICKET, json=ticket(), timeout=PATIENCE).status_code == 201

    def all_wait() -> bool:
        return sum(each["status"] == "pending" for each in snapshot(url, "troubleTicket").resources.values()) == count

    until(all_wait, "work orders that wait")
    return list(snapshot(url, "workorder").resources)


def moved_to_one_hour(doors: list[str], booked: list[str], free: Iterator[dict[str, Any]]) -> None:
    """Visits that are moved to the same hour at the same moment: one of them is."""
    for first in range(0, len(booked) - AT_ONCE, AT_ONCE):
        slot = next(free)
        answers = together(
            [
                partial(requests.patch, f"{door}{VISIT}/{each}", json=slot, timeout=PATIENCE)
                for door, each in zip(cycle(doors), booked[first : first + AT_ONCE], strict=False)
            ]
        )
        assert sorted(answer.status_code for answer in answers) == [200, *[422] * (AT_ONCE - 1)]
        refused_for_nobody_is_free([answer for answer in answers if answer.status_code != 200])


def refused_for_nobody_is_free(answers: list[requests.Response]) -> None:
    for answer in answers:
        (issue,) = answer.json()
        assert (answer.status_code, issue["propertyPath"]) == (422, "/validFor"), answer.text
