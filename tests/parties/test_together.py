"""Calls that come together are one commit on SQLite: each of them fails alone, and none is answered before it is kept."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from emulator.doors.running import Running
from emulator.hosting import make_seller, serve_seller
from emulator.parties.clock import RealClock
from emulator.parties.opening import keeping
from emulator.parties.profile import load_profile
from emulator.parties.sql import SqlStore
from emulator.record.payload import dump
from emulator.standard.release import load_release
from tests.parties.trade import poq, uni_item

PATH = "/mefApi/sonata/productOfferingQualification/v7/productOfferingQualification"


class Door:
    """A seller on an SQLite file, over HTTP."""

    def __init__(self, running: Running, file: Path, store: SqlStore) -> None:
        self.port, self.file, self.store = running.port, file, store

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        line = HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "application/json;charset=utf-8"} if body is not None else {}
        line.request(method, path, None if body is None else dump(body), headers)
        answer = line.getresponse()
        raw = answer.read()
        line.close()
        return answer.status, json.loads(raw) if raw else None

    def rows(self, asked: str) -> list[Any]:
        """What another process would see."""
        line = sqlite3.connect(self.file)
        found = line.execute(asked).fetchall()
        line.close()
        return found


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    file = tmp_path / "seller.sqlite3"
    with keeping(f"sqlite:///{file}") as keep:
        profile = load_profile(None, {"intervals": {"poq": {"start": 0, "finish": 0}}})
        running = Running(
            serve_seller(
                make_seller(load_release(), profile, RealClock(), store=keep.store), keep.transcript_of, kept=keep.kept
            )
        )
        running.start()
        try:
            assert isinstance(keep.store, SqlStore)
            yield Door(running, file, keep.store)
        finally:
            running.stop()


def test_what_is_answered_is_in_the_file_with_its_exchange_and_what_is_refused_is_not(door: Door) -> None:
    refused = poq(uni_item(product={**uni_item()["product"], "productOffering": {"id": "nobody-sells-this"}}))

    def call(number: int) -> tuple[str, int]:
        name = f"poq-{number}"
        status, _ = door.ask("POST", PATH, {**(refused if number % 3 == 0 else poq()), "externalId": name})
        kept = door.rows(f"SELECT count(*) FROM resources WHERE CAST(body AS TEXT) LIKE '%\"{name}\"%'")
        told = door.rows(f"SELECT count(*) FROM exchanges WHERE CAST(request AS TEXT) LIKE '%\"{name}\"%'")
        assert (kept, told) == ([(1 if status == 201 else 0,)], [(1,)])
        return name, status

    with ThreadPoolExecutor(12) as pool:
        done = dict(pool.map(call, range(48)))
    assert {status for name, status in done.items() if int(name[4:]) % 3 == 0} == {422}
    assert {status for name, status in done.items() if int(name[4:]) % 3} == {201}


def test_calls_whose_commit_fails_are_answered_503_and_later_ones_are_served(door: Door) -> None:
    assert door.ask("POST", PATH, poq())[0] == 201
    swift = door.store.database.swift
    assert swift is not None
    with swift.writing() as line:
        pages = line.driver.execute("PRAGMA page_count").fetchone()[0]
        line.driver.execute(f"PRAGMA max_page_count = {pages + 4}")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: door.ask("POST", PATH, poq()), range(40)))
    kept = [body["id"] for status, body in answers if status == 201]
    lost = [body for status, body in answers if status != 201]
    assert {status for status, _ in answers} <= {201, 503}
    assert lost
    there = {identifier for (identifier,) in door.rows("SELECT id FROM resources")}
    assert set(kept) <= there
    with swift.writing() as line:
        line.driver.execute(f"PRAGMA max_page_count = {pages + 100_000}")
    assert door.ask("POST", PATH, poq())[0] == 201


def test_timers_of_the_background_and_calls_do_not_wait_for_each_other_for_ever(door: Door) -> None:
    stop = threading.Event()

    def call(_: int) -> None:
        while not stop.is_set():
            status, body = door.ask("POST", PATH, poq())
            assert status == 201
            assert door.ask("GET", f"{PATH}/{body['id']}")[0] == 200

    with ThreadPoolExecutor(4) as pool:
        busy = [pool.submit(call, number) for number in range(4)]
        for _ in range(60):  # the background is woken over and over while calls come
            door.store.next_timer()
            status, found = door.ask("GET", f"{PATH}?limit=1")
            assert (status, len(found) <= 1) == (200, True)
        stop.set()
        assert [each.result(timeout=30) for each in busy] == [None] * 4
