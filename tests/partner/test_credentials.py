"""Each kind of credentials lets us in at a real server, goes to nobody else, and is kept nowhere."""

from __future__ import annotations

import base64
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from emulator.doors.partner.oauth import usable
from emulator.record.exchange import FaultKind
from tests.partner.conftest import PASSPHRASE, SECRET, SHARED, Api
from tests.partner.issuer import Answer, Issuer
from tests.partner.reaching import everything, listed, peer_by, sending, status

TLS = {"ca": "ca.pem"}


def oauth(issuer: Issuer, client: str = "basic", method: str = "client_secret_basic", **more: Any) -> dict[str, Any]:
    given = {"secret": "env:ACME_SECRET"} if method in ("client_secret_basic", "client_secret_post") else {}
    return {
        "oauth2": {"client_id": client, "method": method, "token_url": f"{issuer.url}/token", **given, **more},
    }


@pytest.mark.parametrize(
    ("credentials", "let_in"),
    [
        (
            {"api_key": {"header": "X-Acme", "value": "env:ACME_SECRET"}},
            lambda asked: asked.headers["X-Acme"] == SECRET,
        ),
        ({"api_key": {"query": "apikey", "value": "env:ACME_SECRET"}}, lambda asked: asked.args["apikey"] == SECRET),
        (
            {"basic": {"username": "us", "password": "env:ACME_SECRET"}},
            lambda asked: (asked.authorization.username, asked.authorization.password) == ("us", SECRET),
        ),
        ({"bearer": {"token": "file:token.txt"}}, lambda asked: asked.headers["Authorization"] == f"Bearer {SHARED}"),
    ],
    ids=["header", "query", "basic", "bearer"],
)
def test_static_credentials(folder: Path, api: Api, credentials: Any, let_in: Any):
    (folder / "token.txt").write_text(f"{SHARED}\n")
    api.lets_in = let_in
    with sending(peer_by(folder, {"root": api.url, "tls": TLS, "credentials": credentials})) as (client, kept):
        assert status(listed(client)) == 200
        assert status(listed(client, method="POST")) == 200
    pair = base64.b64encode(f"us:{SECRET}".encode()).decode()
    for secret in (SECRET, SHARED, pair, quote(SECRET, safe=""), quote_plus(SECRET)):
        assert secret not in everything(kept)


def test_a_header_may_be_a_secret(folder: Path, api: Api):
    headers = {"X-Tenant": "env:ACME_SECRET", "X-Plain": "staging"}
    with sending(peer_by(folder, {"root": api.url, "tls": TLS, "headers": headers})) as (client, kept):
        listed(client)
    assert (api.asked[0]["headers"]["X-Tenant"], api.asked[0]["headers"]["X-Plain"]) == (SECRET, "staging")
    assert SECRET not in everything(kept)


@pytest.mark.parametrize(
    ("client", "method", "more"),
    [
        ("basic", "client_secret_basic", {}),
        ("post", "client_secret_post", {}),
        ("shared", "client_secret_jwt", {"secret": "env:ACME_SHARED"}),
        ("signed", "private_key_jwt", {"key": "file:signing.pem", "kid": "one"}),
        ("signed", "private_key_jwt", {"key": "file:locked.pem", "passphrase": "env:ACME_PASSPHRASE", "kid": "one"}),
        ("shown", "tls_client_auth", {"tls": {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key"}}),
    ],
    ids=["basic", "post", "shared", "key", "locked", "tls"],
)
def test_tokens_by_each_method(
    folder: Path, api: Api, issuer: Issuer, mutual: str, client: str, method: str, more: Any
):
    """A server of another make takes what we prove ourselves with, and its token lets us in."""
    api.lets_in = lambda asked: issuer.good(asked.headers.get("Authorization"))
    place = {"token_url": f"{mutual}/token"} if "tls" in more else {}
    credentials = oauth(issuer, client, method, scopes=["quotes"], **{**more, **place})
    with sending(peer_by(folder, {"root": api.url, "tls": TLS, "credentials": credentials})) as (sender, kept):
        assert status(listed(sender)) == 200, everything(kept)
        assert status(listed(sender, method="POST")) == 200
    assert len(issuer.asked) == 1, "one token for both"
    assert issuer.asked[0]["form"]["grant_type"] == "client_credentials"
    assert issuer.asked[0]["form"]["scope"] == "quotes"
    first = next(iter(kept))
    assert (first.api, first.kind, first.operation) == (None, "authorization", "token")
    for secret in (SECRET, SHARED, PASSPHRASE, issuer.tokens[0], "BEGIN"):
        assert secret not in everything(kept)
    assert issuer.asked[0]["form"].get("client_assertion", "nothing").rpartition(".")[2] not in everything(kept)


def test_the_issuer_says_where_tokens_are(folder: Path, api: Api, issuer: Issuer):
    api.lets_in = lambda asked: issuer.good(asked.headers.get("Authorization"))
    credentials = oauth(issuer)
    del credentials["oauth2"]["token_url"]
    credentials["oauth2"]["issuer"] = issuer.url
    with sending(peer_by(folder, {"root": api.url, "tls": TLS, "credentials": credentials})) as (client, kept):
        assert status(listed(client)) == 200
    assert [exchange.operation for exchange in kept] == ["discovery", "token", "listQuote"]


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"issuer": "https://other.example"}, "it is of issuer https://other.example"),
        ({"token_endpoint": "http://idp.example/token"}, "credentials do not go over plain http"),
        ({"token_endpoint": None}, "names no token_endpoint"),
    ],
)
def test_an_issuer_that_says_something_else_gets_no_secret(
    folder: Path, api: Api, issuer: Issuer, metadata: Any, said: str
):
    """RFC 8414, 3.3; RFC 6749, 3.2."""
    credentials = oauth(issuer)
    del credentials["oauth2"]["token_url"]
    credentials["oauth2"]["issuer"] = issuer.url
    issuer.metadata = metadata
    with sending(peer_by(folder, {"root": api.url, "tls": TLS, "credentials": credentials})) as (client, _):
        exchange = listed(client)
    assert exchange.fault
    assert exchange.fault.kind is FaultKind.UNREACHABLE
    assert said in exchange.fault.message
    assert (issuer.asked, api.asked) == ([], [])


def test_parallel_runs_fetch_one_token(folder: Path, api: Api, issuer: Issuer):
    issuer.slowly = 0.1
    peer = peer_by(folder, {"root": api.url, "tls": TLS, "credentials": oauth(issuer)})
    found = []

    def run() -> None:
        with sending(peer) as (client, _):
            found.append(status(listed(client)))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == [200] * 8
    assert len(issuer.asked) == 1


def test_a_refused_token_is_fetched_again_once(folder: Path, api: Api, issuer: Issuer):
    """A 401 did nothing: the request is repeated, also a POST, and that is seen in the record."""
    api.lets_in = lambda asked: issuer.good(asked.headers.get("Authorization"))
    with sending(peer_by(folder, {"root": api.url, "tls": TLS, "credentials": oauth(issuer)})) as (client, kept):
        assert status(listed(client)) == 200
        issuer.revoked = set(issuer.tokens)
        assert status(listed(client, method="POST")) == 200
        assert len(issuer.asked) == 2
    shown = [(exchange.operation, status(exchange)) for exchange in kept]
    assert shown == [
        ("token", 200),
        ("listQuote", 200),
        ("listQuote", 401),
        ("token", 200),
        ("listQuote", 200),
    ]


def test_a_door_that_stays_shut_is_not_knocked_at_for_ever(folder: Path, api: Api, issuer: Issuer):
    api.lets_in = lambda _: False
    with sending(peer_by(folder, {"root": api.url, "tls": TLS, "credentials": oauth(issuer)})) as (client, _):
        assert [status(listed(client)) for _ in range(4)] == [401] * 4
    assert len(issuer.asked) == 2
    assert len(api.asked) == 5


def test_who_brings_a_header_of_its_own_is_left_alone(folder: Path, api: Api, issuer: Issuer):
    """A scenario that tries a wrong token gets its 401."""
    api.lets_in = lambda asked: issuer.good(asked.headers.get("Authorization"))
    with sending(peer_by(folder, {"root": api.url, "tls": TLS, "credentials": oauth(issuer)})) as (client, _):
        sent = client.send("GET", "/quote", api="quote", kind="management", headers={"Authorization": "Bearer wrong"})
    assert status(sent) == 401
    assert len(api.asked) == 1


def test_another_host_is_told_nothing(folder: Path, api: Api, issuer: Issuer):
    with sending(peer_by(folder, {"root": api.url, "tls": TLS, "credentials": oauth(issuer)})) as (client, kept):
        client.send("GET", f"{issuer.url}/elsewhere")
    assert issuer.asked == []
    assert "Authorization" not in everything(kept)


def test_a_short_life_ends_at_its_half(folder: Path, api: Api, issuer: Issuer):
    assert (usable(3600), usable(60), usable(10), usable(None)) == (3570, 30, 5, float("inf"))
    issuer.lifetime = 0
    with sending(peer_by(folder, {"root": api.url, "tls": TLS, "credentials": oauth(issuer)})) as (client, _):
        assert [status(listed(client)) for _ in range(2)] == [200, 200]
    assert len(issuer.asked) == 2


def test_scopes_of_each_operation_have_a_token_of_their_own(folder: Path, api: Api, issuer: Issuer):
    credentials = oauth(issuer, scopes="per_operation", audience="https://acme.example", parameters={"tenant": "t1"})
    with sending(peer_by(folder, {"root": api.url, "tls": TLS, "credentials": credentials})) as (client, _):
        for operation in ("listQuote", "createQuote", "listQuote"):
            assert status(listed(client, operation)) == 200
    assert [asked["form"]["scope"] for asked in issuer.asked] == ["listQuote", "createQuote"]
    assert {(asked["form"]["audience"], asked["form"]["tenant"]) for asked in issuer.asked} == {
        ("https://acme.example", "t1")
    }


def test_scopes_by_a_map(folder: Path, api: Api, issuer: Issuer):
    credentials = oauth(issuer, scopes={"createQuote": ["quotes", "orders"], "default": "quotes"})
    with sending(peer_by(folder, {"root": api.url, "tls": TLS, "credentials": credentials})) as (client, _):
        for operation in ("listQuote", "createQuote"):
            listed(client, operation)
    assert [asked["form"]["scope"] for asked in issuer.asked] == ["quotes", "quotes orders"]


OK = {"access_token": "t0ken-of-someone", "token_type": "bearer"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(302, Location="https://evil.example/token"), "a redirect to https://evil.example"),
        (Answer(307, Location="https://evil.example/token"), "credentials are not sent after one"),
        (Answer(401, {"error": "invalid_client", "error_description": f"no {SECRET}"}), "401: invalid_client (no ***)"),
        (Answer(200, "<html>Log in</html>"), "no JSON object"),
        (Answer(200, {"token_type": "bearer"}), "'access_token' is missing"),
        (Answer(200, {**OK, "access_token": 7}), "'access_token' is missing"),
        (Answer(200, {**OK, "access_token": "a b"}), "'access_token' is missing"),
        (Answer(200, {"access_token": "x1y2z3"}), "'token_type' is None"),
        (Answer(200, {**OK, "token_type": "mac"}), "'token_type' is mac"),
        (Answer(200, {**OK, "expires_in": "3600"}), "'expires_in' is 3600"),
        (Answer(200, {**OK, "expires_in": -1}), "'expires_in' is -1"),
        (Answer(200, {**OK, "scope": ["a"]}), "'scope' is"),
    ],
)
def test_what_is_no_token_is_not_used(folder: Path, api: Api, issuer: Issuer, answer: Answer, said: str):
    """RFC 6749, 5. The partner cannot be reached, which is nothing against it, and the API was not asked."""
    issuer.instead = [answer]
    with sending(peer_by(folder, {"root": api.url, "tls": TLS, "credentials": oauth(issuer)})) as (client, kept):
        exchange = listed(client)
        again = listed(client)
    assert exchange.fault
    assert exchange.fault.kind is FaultKind.UNREACHABLE
    assert said in exchange.fault.message
    assert (api.asked, len(issuer.asked)) == ([], 1), "it is not asked again at once"
    assert again.fault == exchange.fault
    assert SECRET not in everything(kept)


@pytest.mark.parametrize("kind", ["bearer", "Bearer", "BEARER"])
def test_a_token_type_is_read_in_any_case_and_needs_no_lifetime(folder: Path, api: Api, issuer: Issuer, kind: str):
    issuer.instead = [Answer(200, {**OK, "token_type": kind})]
    with sending(peer_by(folder, {"root": api.url, "tls": TLS, "credentials": oauth(issuer)})) as (client, _):
        assert [status(listed(client)) for _ in range(2)] == [200, 200]
    assert api.asked[0]["headers"]["Authorization"] == "Bearer t0ken-of-someone"
    assert len(issuer.asked) == 1


def test_a_busy_token_endpoint_is_asked_again(folder: Path, api: Api, issuer: Issuer):
    issuer.instead = [Answer(503, Retry_After="0"), Answer(500, Retry_After="0")]
    with sending(peer_by(folder, {"root": api.url, "tls": TLS, "credentials": oauth(issuer)})) as (client, _):
        assert status(listed(client)) == 200
    assert len(issuer.asked) == 3
