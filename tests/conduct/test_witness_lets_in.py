"""A witness that has credentials of its own for the seller: a partner's file says which."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from emulator.doors.partner.making import open_partner
from emulator.hosting import Between
from emulator.standard.release import load_release
from tests.conduct.test_witnessing import witness
from tests.doors.echoing import Echo, echoing

RELEASE = load_release()


@pytest.fixture
def seller() -> Iterator[Echo]:
    with echoing() as found:
        found.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
        yield found


def test_it_says_who_it_is_in_place_of_the_buyer(seller: Echo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither secret is in what is kept; the seller gets ours, in header and query, and the buyer's stays behind."""
    from emulator.conduct.witnessing import Doorway

    monkeypatch.setenv("OIT_TEST_WORD", "w0rd-of-ours-4711")
    file = tmp_path / "partner.yaml"
    file.write_text(
        f"extends: wholesale-seller\nconnection:\n  root: {seller.url}\n  credentials:\n    bearer: {{token: env:OIT_TEST_WORD}}\n"
    )
    partner = open_partner(file)
    assert partner
    with witness(Doorway(Between(partner.peer(RELEASE)))) as stood:
        url = f"{stood.urls[0]}/r/acme/mefApi/sonata/quoteManagement/v8/quote"
        done = requests.get(url, headers={"Authorization": "Bearer the-buyers-own-0815"}, timeout=20)
        kept = repr(list(stood.keep.transcript_of("acme"))) + repr(stood.report("acme"))
    assert done.content == b"{}"
    assert b"\r\nAuthorization: Bearer w0rd-of-ours-4711\r\n" in seller.came[0]
    assert b"0815" not in seller.came[0]
    assert "w0rd-of-ours-4711" not in kept
    assert "the-buyers-own-0815" not in kept
    assert "header Authorization" in kept
