"""The newest exchanges of a run, however many and heavy there are: the same in memory and in a database."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from emulator.parties import recorder as module
from emulator.parties.database import Database
from emulator.parties.recorder import Recorder
from emulator.record.exchange import Exchange, Party, Request, Transcript
from tests.parties.databases import KINDS, database


def exchange(raw: bytes) -> Exchange:
    request = Request(headers=(), raw=raw, method="POST", url="http://h/quote")
    return Exchange(0, datetime(2026, 3, 1, tzinfo=UTC), 1.0, Party.BUYER, Party.SELLER, request)


@pytest.fixture(params=KINDS)
def transcript(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Transcript]:
    with database(request.param, tmp_path) as url:
        if url is None:
            yield Transcript()
            return
        opened = Database(url)
        recorder = Recorder(opened)
        yield recorder.of("")
        recorder.close()
        opened.close()


def test_tail_is_bounded_by_number_and_weight_and_has_the_newest_always(transcript: Transcript):
    assert transcript.tail(5, 1000) == []
    for number in range(20):
        transcript.add(exchange(b"a" * 100 if number < 10 else b"[1,2]"))
    transcript.flush()
    light = exchange(b"[1,2]").weight
    assert light > len(b"[1,2]")
    assert [each.n for each in transcript.tail(3, 10**9)] == [18, 19, 20]
    assert [each.n for each in transcript.tail(100, 10**9)] == list(range(1, 21))
    assert [each.n for each in transcript.tail(100, 4 * light)] == [17, 18, 19, 20]
    assert [each.n for each in transcript.tail(100, 10 * light + 250)] == list(range(9, 21))
    assert [each.n for each in transcript.tail(100, 0)] == [20]


def test_what_cannot_be_written_is_kept_within_bounds_and_the_newest_is_written_later(
    tmp_path: Path, monkeypatch, caplog
):
    file = tmp_path / "held.sqlite3"
    monkeypatch.setattr(module, "_MOST_BYTES", 1000)
    opened = Database(f"sqlite:///{file}?timeout=0")
    recorder = Recorder(opened)
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for number in range(25):
            recorder.add("", exchange(b"%02d" % number + b"a" * 98))
        recorder.flush()
    recorder.close()
    assert [each.request.raw[:2] for each in recorder.of("")] == [b"%02d" % number for number in range(15, 25)]
    opened.close()
    assert "15 exchange(s) of the meantime are not recorded" in caplog.text
