"""What a stranger decides the size of: refused before anything is made of it, or worked on beside the loop that serves others."""

from __future__ import annotations

import gc
import gzip
import json
import threading
from datetime import UTC, datetime

import orjson
import pytest

from emulator.doors import answering, receiving
from emulator.doors.aside import LIGHT
from emulator.doors.running import Running
from emulator.doors.server import Server
from emulator.record import payload
from emulator.record.call import MOST_ISSUES, ErrorCode, Issue, unprocessable
from emulator.record.exchange import (
    Exchange,
    Kept,
    Party,
    RecentTranscript,
    Request,
    Response,
    Transcript,
    UnreadKind,
)
from emulator.record.payload import MAX_MEMBERS, MAX_VALUES, as_json, parse
from emulator.standard.release import load_release

QUOTE = "/mefApi/sonata/quoteManagement/v8/quote"


class TestParsing:
    def test_too_many_values_are_not_parsed(self, monkeypatch):
        monkeypatch.setattr(payload.orjson, "loads", lambda _: pytest.fail("it was parsed"))
        for raw in (b'{"a":[' + b"{}," * MAX_VALUES + b"1]}", b"[" * MAX_VALUES, b"[" + b'"a",' * MAX_VALUES + b"1]"):
            parsed = parse(raw)
            assert parsed.excess
            assert f"more than {MAX_VALUES} values" in parsed.problem

    @pytest.mark.parametrize("text", [",", "[{", '\\",[', "\\\\", '\\\\\\",'])
    def test_what_stands_in_texts_does_not_count(self, text):
        raw = b'{"a":"' + (text * MAX_VALUES).encode() + b'","b":[1,2]}'
        parsed = parse(raw)
        assert parsed.value["b"] == [1, 2]
        assert not parsed.excess

    def test_wide_objects(self):
        assert parse(orjson.dumps({f"a{n}": 1 for n in range(MAX_MEMBERS)})).problem is None
        assert parse(orjson.dumps([{f"a{n}": 1 for n in range(MAX_MEMBERS + 1)}])).excess

    def test_long_numbers(self):
        assert "too large" in parse(b'{"a":' + b"1" * 1_000_000 + b"}").problem
        assert parse(b'{"a":0.' + b"1" * 1_000_000 + b"}").problem is None

    def test_a_right_order_of_4000_items_passes(self):
        item = {"id": "1", "action": "add", "product": {f"m{n}": "x" * 20 for n in range(40)}}
        raw = orjson.dumps({"productOrderItem": [item] * 4_000})
        assert parse(raw).problem is None

    def test_nothing_follows_from_what_is_not_read(self):
        """The message is unknown, as one that is not held: it is neither right nor wrong."""
        response = Response((), b"[" + b"1," * MAX_VALUES + b"1]", 200)
        assert response.unknown.kind is UnreadKind.TOO_LARGE
        assert Response((), b"[1]", 200).unknown is None

    def test_a_value_is_written_as_far_as_it_is_shown(self):
        class Watched(list):
            seen = 0

            def __iter__(self):
                for each in super().__iter__():
                    Watched.seen += 1
                    yield each

        assert as_json(Watched([12345] * 100_000)) == "[" + ("12345, " * 100)[:199] + "…"
        assert Watched.seen < 200
        assert as_json("x" * 1_000_000) == '"' + "x" * 199 + "…"


@pytest.fixture(scope="module")
def site():
    """A seller's door whose service refuses nothing, with what it is told."""

    class Service:
        def answer(self, call):
            raise AssertionError(call.operation)

    told = Transcript()
    contract = load_release().contract("quote")
    running = Running(Server(Party.SELLER, [contract], Service(), lambda: datetime.now(UTC), lambda _: told))
    yield running.start(), told
    running.stop()


def post(url, raw, **headers):
    import requests

    named = {"Content-Type": "application/json;charset=utf-8", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return requests.post(url + QUOTE, data=raw, headers=named, timeout=30)


class TestTheDoor:
    @pytest.mark.parametrize(
        ("raw", "status"),
        [
            (b'{"quoteItem":[' + b"{}," * 2_700_000 + b"{}]}", 413),
            (b"[" * 8_000_000, 413),
            (b"[" * 2_000 + b"]" * 2_000, 400),
            (b'{"a":' + orjson.dumps({f"a{n}": 1 for n in range(MAX_MEMBERS + 1)}) + b"}", 413),
            (b'{"externalId":' + b"1" * 1_000_000 + b"}", 400),
        ],
        ids=["items", "open", "deep", "wide", "digits"],
    )
    def test_refused_with_the_reason(self, site, raw, status):
        answer = post(site[0], raw)
        assert answer.status_code == status
        assert answer.json()["reason"]

    def test_the_first_issues_and_how_many_more(self, site):
        issues = post(site[0], orjson.dumps({"quoteItem": [{}] * 50})).json()
        assert len(issues) == 21
        assert "at least 82 more" in issues[-1]["reason"]

    def test_nothing_holds_a_body_that_was_answered(self, site):
        """Not even in a circle, which would hold it until somebody looks for circles."""
        gc.collect()
        gc.disable()
        try:
            for raw in (b'{"description":"' + b"a" * 2 * LIGHT + b'"}', b'{"a":[' + b"1," * MAX_VALUES + b"1]}"):
                assert post(site[0], raw).status_code in {413, 422}
            held = [each for each in gc.get_objects() if isinstance(each, Request) and len(each.raw) > LIGHT]
            kept = [exchange.request for exchange in site[1]]
            assert [each for each in held if not any(each is other for other in kept)] == []
        finally:
            gc.enable()

    def test_of_a_body_that_nobody_judges_the_beginning_is_recorded(self, site):
        assert post(site[0], b'{"a":[' + b"1," * MAX_VALUES + b"1]}").status_code == 413
        request = site[1][len(site[1])].request
        assert request.unread.kind is UnreadKind.TOO_LARGE
        assert len(request.raw) == 4096

    def test_a_422_of_a_party_has_so_many_entries(self):
        error = unprocessable(*(Issue(f"/{n}", ErrorCode.OTHER_ISSUE, "no") for n in range(1_000)))
        assert len(error.body) == MOST_ISSUES + 1
        assert error.body[-1]["propertyPath"] == f"/{MOST_ISSUES}"
        assert "900 more" in error.body[-1]["reason"]

    @pytest.mark.parametrize("packed", [False, True])
    def test_a_large_body_is_worked_on_beside_the_loop(self, site, monkeypatch, packed):
        """Reading, unpacking and checking are done by another thread than the one that answers others."""
        where: dict[str, set[str]] = {"unpack": set(), "parse": set(), "small": set()}
        real_check, real_read = answering.refusal_of, receiving.coding.read

        def check(policy, contract, operation, request):
            where["parse" if len(request.raw) > LIGHT else "small"].add(threading.current_thread().name)
            return real_check(policy, contract, operation, request)

        def read(*arguments):
            where["unpack"].add(threading.current_thread().name)
            return real_read(*arguments)

        monkeypatch.setattr(answering, "refusal_of", check)
        monkeypatch.setattr(receiving.coding, "read", read)
        raw = json.dumps({"externalId": "x" * LIGHT}).encode()
        answer = post(site[0], gzip.compress(raw), Content_Encoding="gzip") if packed else post(site[0], raw)
        assert answer.status_code == 422
        post(site[0], b"{}")
        assert all(name.startswith("oit-aside") for name in where["parse"] | where["unpack"])
        assert where["parse"]
        assert bool(where["unpack"]) is packed
        assert where["small"]
        assert not any(name.startswith("oit-aside") for name in where["small"])


class TestWhatIsKept:
    def exchange(self, size):
        request = Request((), b"x" * size, "POST", "http://s/")
        return Exchange(0, datetime.now(UTC), 1.0, Party.BUYER, Party.SELLER, request)

    def test_the_newest_within_so_many_bytes(self, monkeypatch):
        monkeypatch.setattr(RecentTranscript, "LIMIT_BYTES", 10_000)
        kept = Kept()
        transcript = RecentTranscript(kept)
        for _ in range(30):
            transcript.add(self.exchange(1_000))
        assert len(transcript) == 9
        assert transcript.newest == 30
        assert transcript[30].n == 30
        assert kept.bytes <= 10_000
        transcript.add(self.exchange(50_000))
        assert [each.n for each in transcript] == [31]  # always the newest
        transcript.let_go()
        assert kept.bytes == 0

    def test_runs_that_rest_are_forgotten(self, monkeypatch):
        from emulator.parties import opening

        monkeypatch.setattr(opening, "RUNS", 5)
        recent = opening._Recent()
        for n in range(20):
            recent.of(f"r{n}").add(self.exchange(10))
            recent.of("mine").add(self.exchange(10))
        assert len(recent._transcripts) == 5
        assert len(recent.of("mine")) == 20
        monkeypatch.setattr(opening._Recent, "MOST_BYTES", 1_000)
        recent.of("large").add(self.exchange(5_000))
        recent.of("next")
        assert list(recent._transcripts) == ["next"]
