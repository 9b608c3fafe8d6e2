"""What crossed the wire, as it is kept."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from emulator.record.exchange import (
    Exchange,
    Party,
    RecentTranscript,
    Request,
    Response,
    Transcript,
)
from emulator.record.secrets import masked_headers, masked_url

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def exchange(url: str = "http://h/quote") -> Exchange:
    request = Request(headers=(), raw=b"", method="GET", url=url)
    return Exchange(0, NOW, 1.0, Party.BUYER, Party.SELLER, request)


@pytest.mark.parametrize(
    ("url", "path", "query"),
    [
        ("http://h/a/b?x=1&x=2&y=", "/a/b", [("x", "1"), ("x", "2"), ("y", "")]),
        ("http://h", "/", []),
        ("http://h?x=1", "/", [("x", "1")]),
        ("http://h/a%2Fb?x=%C3%A9+1#f?y=2", "/a%2Fb", [("x", "é 1")]),
        ("http://[::1/a?x=%FF", "/a", [("x", "\ufffd")]),
        ("http://[/a?x", "/a", [("x", "")]),
        ("", "", []),
        ("/a?b=c", "/a", [("b", "c")]),
    ],
)
def test_a_url_is_read_without_raising(url: str, path: str, query: list[tuple[str, str]]) -> None:
    """Path and query of whatever a stranger called us by."""
    request = exchange(url).request
    assert (request.path, request.query) == (path, query)


def test_headers_are_found_in_any_case() -> None:
    """The first of that name; none is None."""
    message = Response(headers=(("X-Total-Count", "1"), ("x-total-count", "2")), raw=b"{}", status=200)
    assert message.header("X-TOTAL-COUNT") == "1"
    assert message.header("x") is None
    assert message.body == {}


def test_a_transcript_numbers_its_exchanges() -> None:
    """From 1, without gaps, also when both doors write at once."""
    transcript = Transcript()

    def write() -> None:
        for _ in range(200):
            transcript.add(exchange())

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [e.n for e in transcript] == list(range(1, 1601))
    assert transcript[7].n == 7


def test_a_recent_transcript_forgets_the_oldest() -> None:
    """A server of weeks keeps the newest, under the numbers that they had."""
    transcript = RecentTranscript()
    for _ in range(RecentTranscript.LIMIT + 5):
        transcript.add(exchange())
    assert len(transcript) == RecentTranscript.LIMIT
    assert next(iter(transcript)).n == 6
    assert transcript[6].n == 6


def test_secrets_are_masked() -> None:
    """Known names and whatever is called a token, key, secret or password; nothing else."""
    found = masked_headers(
        (("AUTHORIZATION", "x"), ("X-Api-Key", "x"), ("X-Amz-Security-Token", "x"), ("X-Total-Count", "9"))
    )
    assert [value for _, value in found] == ["***", "***", "***", "9"]
    assert (
        masked_url("https://joe:p@ss@h:8/a?access_token=x&b=1&client_secret=y#t")
        == "https://***@h:8/a?access_token=***&b=1&client_secret=***#t"
    )
    assert masked_url("http://h/a?state=x&email=a@b") == "http://h/a?state=x&email=a@b"
