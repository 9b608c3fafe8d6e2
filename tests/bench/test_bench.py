"""The bench works: its servers start, answer and are told apart, its load arrives. How fast is nobody's assertion."""

from __future__ import annotations

import json

import pytest

from emulator.record.payload import dump
from tests.bench import load, peers
from tests.bench.contenders import Absent, Contender, bare, contenders, ours
from tests.bench.message import PATH, SPOILS, acknowledged, request, spoilt
from tests.bench.serving import serving


def test_our_seller_and_the_bare_limit_notice_all_that_is_wrong_and_keep_what_they_are_sent() -> None:
    for contender in (ours(), bare()):
        found = peers.checks(contender)
        assert found == {**dict.fromkeys(SPOILS, "noticed (422)"), "what was created can be read": "yes"}


@pytest.mark.skipif(load.version() is None, reason="wrk is not installed")
def test_load_arrives_as_posts_and_gets_and_what_is_refused_is_counted() -> None:
    with serving(bare()) as server:
        assert server.memory() > 1
        taken = load.drive(server.url, [PATH], body=dump(request()), seconds=1, connections=2)
        refused = load.drive(server.url, [PATH], body=b"{}", seconds=1, connections=2)
        read = load.drive(server.url, [f"{PATH}/1", f"{PATH}/2"], seconds=1, connections=2)
    assert taken.rate > 0
    assert taken.p99 >= taken.p50 > 0
    assert (taken.refused, taken.broken) == (0, 0)
    assert refused.refused > 0
    assert read.rate > 0
    assert read.refused == 0


def test_a_server_that_does_not_start_is_an_error_that_names_it() -> None:
    with (
        pytest.raises(RuntimeError, match="nobody did not answer"),
        serving(Contender("nobody", "0", lambda _port, _folder: ["false"])),
    ):
        pass


def test_a_peer_that_is_not_installed_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("OIT_BENCH_PEERS", raising=False)
    absent = [each for each in contenders() if isinstance(each, Absent)]
    assert [each.name for each in absent] == ["Prism mock", "Mockoon", "WireMock", "Specmatic"]
    assert all("npm install" in each.install for each in absent)


def test_the_request_is_about_4_8_kb_and_differs_from_its_spoilt_ones_in_one_place() -> None:
    assert 4700 < len(dump(request())) < 4900
    assert all(spoilt(request(), what) not in (None, dump(request())) for what in SPOILS)
    assert json.loads(dump(acknowledged(request(), "7")))["id"] == "7"
