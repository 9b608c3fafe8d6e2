"""What goes over a connection that is not what it has to be: nothing of what a partner's file says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from emulator.doors.partner.spoiling import NothingToSpoil, Spoiler
from emulator.doors.peer import Errand, Peer
from tests.partner.reaching import peer_by

URL = "https://sonata.acme.example/quote"


def spoiler(peer: Peer) -> Spoiler:
    def client_to(_: Peer) -> Any:
        raise AssertionError("nobody is asked")

    return Spoiler(
        peer, Errand("GET", URL, "quote", "listQuote", client_to), lambda: datetime.now(UTC), lambda _: None, 60
    )


@pytest.fixture
def peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Peer:
    monkeypatch.setenv("OIT_T_TENANT", "tenant-of-ours")
    monkeypatch.setenv("OIT_T_TOKEN", "token-of-ours")
    headers = {"X-Tenant": "env:OIT_T_TENANT", "X-Environment": "staging"}
    connection = {"root": "https://sonata.acme.example", "headers": headers}
    return peer_by(tmp_path, {**connection, "credentials": {"bearer": {"token": "env:OIT_T_TOKEN"}}})


@pytest.mark.parametrize("over", ["http", "TLSv1.1"])
def test_nothing_of_ours_goes_over_a_bad_connection(over: str, peer: Peer) -> None:
    made = spoiler(peer).spoilt({"over": over})
    assert set(made.introduction("GET", made.root)) == {"Authorization"}
    assert "of-ours" not in repr(made)
    assert made.root == ("http" if over == "http" else "https") + "://sonata.acme.example"


def test_what_lets_us_in_is_left_out_and_nothing_else(peer: Peer) -> None:
    made = spoiler(peer).spoilt({"bring": "none"})
    assert made.introduction("GET", URL) == {"X-Tenant": "tenant-of-ours", "X-Environment": "staging"}
    assert (made.flaw, made.credentials) == ("no token", None)


def test_an_api_key_of_any_name_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIT_T_KEY", "key-of-ours")
    for where in ("header", "query"):
        key = {"api_key": {where: "X-Parcel", "value": "env:OIT_T_KEY"}}
        peer = peer_by(tmp_path, {"root": "https://sonata.acme.example", "credentials": key})
        for bring in ("none", "garbage"):
            made = spoiler(peer).spoilt({"bring": bring})
            assert "key-of-ours" not in repr(made)
            assert ("X-Parcel" in {**made.headers, **made.parameters}) == (bring == "garbage")


def test_what_is_not_there_cannot_be_wrong(peer: Peer) -> None:
    with pytest.raises(NothingToSpoil, match="opaque"):
        spoiler(peer).spoilt({"alter": {"signature": "none"}})
    with pytest.raises(NothingToSpoil, match="no authorization server"):
        spoiler(peer).spoilt({"ask": {"until": "expired"}})
    with pytest.raises(NothingToSpoil, match="no certificate"):
        spoiler(peer).spoilt({"certificate": "none"})
    with pytest.raises(NothingToSpoil, match="nothing"):
        spoiler(replace(peer, headers={})).spoilt({"bring": "none"})
