"""What processes share that serve one database: keys, clients, revocations; and that no secret is in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from emulator.doors.authority.guard import Authority
from emulator.doors.visit import Visit
from emulator.hosting import authority_of, secured_party
from emulator.parties.clock import RealClock
from emulator.parties.database import Database
from emulator.parties.security import ClientSection, SecuritySection
from emulator.record.call import ApiError
from emulator.record.exchange import Party, Request
from tests.doors.authority.secured import PRODUCT, RELEASE
from tests.parties.databases import database

ROOT = "http://seller.example"


@contextmanager
def process(url: str, section: SecuritySection, folder: Path) -> Iterator[tuple[Authority, Any]]:
    """The authorization server of one process that serves a database."""
    opened = Database(url)
    try:
        party = secured_party(section, [RELEASE], Party.SELLER, opened, folder)
        assert party is not None
        authority = authority_of(party, RealClock(), None, opened)
        assert authority is not None
        yield authority, party
    finally:
        opened.close()


def visit(path: str, headers: dict[str, str], form: str = "") -> Visit:
    request = Request(tuple(headers.items()), form.encode(), "POST" if form else "GET", ROOT + path)
    return Visit("", request, path, ROOT)


def token(authority: Authority, client: str, secret: str) -> str:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    form = f"grant_type=client_credentials&client_id={client}&client_secret={secret}"
    reply = authority.endpoints.answer(visit("/oauth2/token", headers, form), "token")
    assert reply.status == 200, reply.body
    return str(reply.body["access_token"])


async def _client(authority: Authority, given: str) -> str:
    return await authority.authenticate(visit(PRODUCT, {"Authorization": f"Bearer {given}"}))


def client_of(authority: Authority, given: str) -> str:
    import asyncio

    return asyncio.run(_client(authority, given))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("made", ["jwt", "opaque"])
def test_processes_know_each_others_tokens_and_clients_and_keep_no_secret(kind: str, made: Any, tmp_path: Path) -> None:
    post = ClientSection("by-post", "client_secret_post")
    section = SecuritySection(kind="oauth2", token=made, clients=(post, ClientSection("by-key", "private_key_jwt")))
    folder = tmp_path / "clients"
    with database(kind, tmp_path) as url:
        assert url is not None
        with process(url, section, folder) as (first, one), process(url, section, folder) as (second, two):
            secrets = [party.made["by-post"] for party in (one, two)]
            mine, other = token(first, "by-post", secrets[0]), token(second, "by-post", secrets[0])
            for authority in (first, second):
                assert [client_of(authority, each) for each in (mine, other)] == ["by-post", "by-post"]
            keys = [authority.endpoints.keys.jwks()["keys"] for authority in (first, second)]
            assert keys[0] == keys[1]
            grant = first.endpoints.tokens.read(mine)
            first.endpoints.tokens.revoke(grant)
            with pytest.raises(ApiError):
                client_of(first, mine)
            second.endpoints.tokens._records.turns()
            _until_refused(second, mine)
            assert client_of(second, other) == "by-post"
        with process(url, section, folder) as (later, three):
            assert client_of(later, other) == "by-post"
            with pytest.raises(ApiError):
                client_of(later, mine)
            for secret in (*secrets, three.made["by-post"]):
                assert token(later, "by-post", secret)
        _has_none_of(url, [*secrets, mine, other, mine.rpartition(".")[2]])
    (file,) = folder.iterdir()
    assert b"PRIVATE KEY" in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


def _until_refused(authority: Authority, given: str) -> None:
    """PostgreSQL is asked four times in a second whether something was revoked."""
    for _ in range(100_000):
        try:
            client_of(authority, given)
        except ApiError:
            return
    pytest.fail("the other process never heard that the token was revoked")


def _has_none_of(url: str, secrets: list[str]) -> None:
    opened = Database(url)
    try:
        with opened.reading() as connection:
            rows = connection.execute(text("SELECT body FROM authority")).all()
    finally:
        opened.close()
    assert rows
    kept = b"\n".join(bytes(row.body) for row in rows)
    assert not any(secret.encode() in kept for secret in secrets)
    assert b'"d"' not in kept
    assert b"PRIVATE" not in kept


def test_a_key_that_another_process_had_forgotten_signs_no_more(tmp_path: Path) -> None:
    section = SecuritySection(kind="oauth2", clients=(ClientSection("by-post", "client_secret_post"),))
    with database("sqlite", tmp_path) as url:
        assert url is not None
        with process(url, section, tmp_path) as (first, one), process(url, section, tmp_path) as (second, _):
            secret = one.made["by-post"]
            old = token(first, "by-post", secret)
            second.endpoints.tokens.forget_all()
            with pytest.raises(ApiError):
                client_of(first, old)
            fresh = token(first, "by-post", secret)
            assert client_of(first, fresh) == client_of(second, fresh) == "by-post"
