"""The emulated authorization server from outside: who gets a token, what it is like, and what it is good for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from emulator.doors.troubles import Lasting, TokenTrouble, Trouble
from emulator.parties.clock import VirtualClock
from tests.doors.authority.secured import (
    CURVED,
    KEY,
    POQ,
    PRODUCT,
    QUOTE,
    SECRETS,
    Served,
    assertion,
    parts,
    profile_in,
    secured_seller,
    shared_key,
    wanted,
    with_assertion,
)

FORM = {"grant_type": "client_credentials"}


def test_a_strangers_client_with_private_key_jwt_gets_a_token_and_buys(seller: Served) -> None:
    """Authlib knows nothing of us but the URL: it signs an assertion, fetches a token, and qualifies a product."""
    with OAuth2Session(
        "by-key", KEY.as_pem(private=True).decode(), token_endpoint_auth_method="private_key_jwt"
    ) as client:
        client.register_client_auth_method(PrivateKeyJWT(seller.token_url, alg="RS256", headers={"kid": KEY.kid}))
        token = client.fetch_token(seller.token_url, grant_type="client_credentials")
        assert token["token_type"] == "Bearer"
        made = client.post(
            seller.url + POQ, json=wanted(), headers={"Content-Type": "application/json;charset=utf-8"}, timeout=30
        )
        assert made.status_code == 201, made.text
        assert client.get(f"{seller.url}{POQ}/{made.json()['id']}", timeout=30).status_code == 200


def test_the_token_is_a_jwt_of_rfc_9068_that_its_key_vouches_for(seller: Served) -> None:
    token = seller.token(scope="createQuote listProduct")
    header, claims = parts(token)
    assert (header["typ"], header["alg"]) == ("at+jwt", "RS256")
    keys = KeySet.import_key_set(seller.get("/oauth2/jwks").json())
    assert not any(key.is_private for key in keys.keys)
    assert jwt.decode(token, keys, algorithms=["RS256"]).claims == claims
    assert {"iss", "sub", "aud", "client_id", "iat", "exp", "jti", "scope"} == claims.keys()
    assert claims["iss"] == claims["aud"] == seller.url
    assert claims["sub"] == claims["client_id"] == "by-post"
    assert (claims["exp"] - claims["iat"], claims["scope"]) == (3600, "createQuote listProduct")


def test_discovery_says_where_everything_is(seller: Served) -> None:
    found = seller.get("/.well-known/openid-configuration").json()
    assert found == seller.get("/.well-known/oauth-authorization-server").json()
    assert (found["issuer"], found["token_endpoint"]) == (seller.url, seller.token_url)
    assert found["grant_types_supported"] == ["client_credentials"]
    assert {"default", "createQuote"} <= set(found["scopes_supported"])
    below = seller.get("/r/acme/.well-known/oauth-authorization-server").json()
    assert below["issuer"] == f"{seller.url}/r/acme"
    assert seller.get("/.well-known/oauth-authorization-server/r/acme").json() == below


@pytest.mark.parametrize("path", ["/oauth2/token", "/oauth2/lsoApiToken/", "/r/x/oauth2/token"])
def test_each_client_is_known_by_its_own_method(seller: Served, path: str) -> None:
    url = seller.url + path
    basic = ("by%20basic", requests.utils.quote(SECRETS["OIT_T_BASIC"], safe=""))
    post = {**FORM, "client_id": "by-post", "client_secret": SECRETS["OIT_T_POST"]}
    ways: list[tuple[dict[str, str], Any]] = [
        (FORM, basic),
        (post, None),
        (with_assertion(assertion(KEY, "by-key", url)), None),
        (with_assertion(assertion(KEY, "by-key", url, alg="PS256")), None),
        (with_assertion(assertion(CURVED, "by-key", url, alg="ES256")), None),
        (with_assertion(assertion(shared_key(), "by-shared", [url], alg="HS256")), None),
    ]
    for form, auth in ways:
        answer = seller.ask(form, path, auth=auth)
        assert answer.status_code == 200, (form, answer.text)
        assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
        body = answer.json()
        assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "default")


def wrong_assertions(url: str) -> dict[str, str]:
    now = int(datetime.now(UTC).timestamp())
    other = RSAKey.generate_key(2048, auto_kid=True)
    return {
        "another key": assertion(other, "by-key", url),
        "another's name": assertion(KEY, "by-post", url),
        "another audience": assertion(KEY, "by-key", "https://elsewhere.example/token"),
        "expired": assertion(KEY, "by-key", url, exp=now - 120),
        "no end": assertion(KEY, "by-key", url, exp=None),
        "an end too far": assertion(KEY, "by-key", url, exp=now + 7200),
        "an end that is a text": assertion(KEY, "by-key", url, exp="soon"),
        "no jti": assertion(KEY, "by-key", url, jti=None),
        "from the future": assertion(KEY, "by-key", url, iat=now + 600),
        "no JWT": "a.b.c",
        "empty": "",
    }


@pytest.mark.parametrize("what", list(wrong_assertions("http://x")))
def test_an_assertion_that_is_wrong_in_one_way_is_no_client(seller: Served, what: str) -> None:
    answer = seller.ask(with_assertion(wrong_assertions(seller.token_url)[what], client_id="by-key"))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), what


def test_an_assertion_is_good_once(seller: Served) -> None:
    form = with_assertion(assertion(KEY, "by-key", seller.url))
    assert seller.ask(form).status_code == 200
    again = seller.ask(form)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")
    assert "used before" in again.json()["error_description"]


POST = {"client_id": "by-post", "client_secret": SECRETS["OIT_T_POST"]}


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({**FORM, **POST, "client_secret": "wrong"}, 401, "invalid_client"),
        ({**FORM, "client_id": "nobody", "client_secret": "x"}, 401, "invalid_client"),
        ({**FORM, "client_id": "by-post"}, 401, "invalid_client"),
        ({**FORM, "client_id": "by basic", "client_secret": SECRETS["OIT_T_BASIC"]}, 401, "invalid_client"),
        (FORM, 401, "invalid_client"),
        (POST, 400, "invalid_request"),
        ({**POST, "grant_type": "authorization_code", "code": "x"}, 400, "unsupported_grant_type"),
        ({**POST, "grant_type": "refresh_token"}, 400, "unsupported_grant_type"),
        ({**FORM, **POST, "scope": "buyEverything"}, 400, "invalid_scope"),
        ({**FORM, **POST, "scope": " "}, 400, "invalid_scope"),
        ({**FORM, **POST, "client_id": "reader", "scope": "createQuote"}, 400, "invalid_scope"),
        ({**FORM, **POST, "client_id": "reader", "scope": "default"}, 400, "invalid_scope"),
        ({**FORM, **POST, "resource": "https://elsewhere.example"}, 400, "invalid_target"),
        ([*FORM.items(), *POST.items(), *FORM.items()], 400, "invalid_request"),
        ({**FORM, **POST, "client_assertion_type": "x", "client_assertion": "y"}, 400, "invalid_request"),
    ],
)
def test_the_token_endpoint_refuses_in_the_words_of_rfc_6749(
    seller: Served, form: Any, status: int, error: str
) -> None:
    answer = seller.ask(form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_who_used_the_header_is_challenged_and_get_and_json_are_no_ways_to_ask(seller: Served) -> None:
    basic = seller.ask(FORM, auth=("by-basic", "wrong"))
    assert basic.status_code == 401
    assert basic.headers["www-authenticate"].startswith("Basic ")
    got = seller.get("/oauth2/token")
    assert (got.status_code, got.headers["allow"]) == (405, "POST")
    as_json = seller.session.post(seller.token_url, json={**FORM, **POST}, timeout=30)
    assert (as_json.status_code, as_json.json()["error"]) == (400, "invalid_request")


# -- at the APIs -----------------------------------------------------------------------------------


def test_without_a_token_nothing_is_told_whatever_was_asked(seller: Served) -> None:
    """Authentication comes before validation, before 404, and before the method."""
    asked = [
        seller.get(PRODUCT),
        seller.get(f"{QUOTE}/there-is-none"),
        seller.get("/no/such/path"),
        seller.post(QUOTE, {"broken": True}),
        seller.session.put(seller.url + QUOTE, timeout=30),
    ]
    for answer in asked:
        assert answer.status_code == 401
        assert answer.json()["code"] == "missingCredentials"
        assert answer.headers["www-authenticate"] == 'Bearer realm="oit"'
    assert seller.session.get(f"{seller.url}/health", timeout=30).status_code == 200


@pytest.mark.parametrize("header", ["Basic dTpw", "Bearer", "Bearer ", "Token abc", ""])
def test_other_credentials_are_none(seller: Served, header: str) -> None:
    answer = seller.session.get(seller.url + PRODUCT, headers={"Authorization": header}, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (401, "missingCredentials")


def test_a_token_in_the_query_is_none(seller: Served) -> None:
    assert seller.get(f"{PRODUCT}?access_token={seller.token()}").status_code == 401


def test_a_scope_that_is_missing_is_403_before_it_is_known_what_there_is(seller: Served) -> None:
    token = seller.token("reader")
    assert seller.get(PRODUCT, token).status_code == 200
    for answer in (seller.post(QUOTE, {"broken": True}, token), seller.get(f"{QUOTE}/there-is-none", token)):
        assert (answer.status_code, answer.json()["code"]) == (403, "accessDenied")
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert seller.get("/no/such/path", token).status_code == 404


def test_a_client_sees_what_is_its_own_and_nothing_else(seller: Served) -> None:
    mine, other = (
        seller.token(),
        seller.ask(with_assertion(assertion(KEY, "by-key", seller.url))).json()["access_token"],
    )
    made = seller.post(POQ, wanted(), mine)
    assert made.status_code == 201, made.text
    path = f"{POQ}/{made.json()['id']}"
    assert seller.get(path, mine).status_code == 200
    assert seller.get(path, other).status_code == 404
    assert made.json()["id"] in seller.get(POQ, mine).text
    assert made.json()["id"] not in seller.get(POQ, other).text


def test_a_token_is_good_where_it_was_asked_for(seller: Served) -> None:
    form = {**FORM, **POST}
    of_acme = seller.ask(form, "/r/acme/oauth2/token").json()["access_token"]
    assert seller.get("/r/acme" + PRODUCT, of_acme).status_code == 200
    for path in (PRODUCT, "/r/acme2" + PRODUCT):
        refused = seller.get(path, of_acme)
        assert (refused.status_code, refused.json()["code"]) == (401, "invalidCredentials")
    inventory = PRODUCT.rpartition("/")[0]
    narrow = seller.token(resource=seller.url + inventory)
    assert [seller.get(path, narrow).status_code for path in (PRODUCT, QUOTE)] == [200, 401]


def test_introspection_and_revocation_are_for_the_clients_own_tokens(seller: Served) -> None:
    token = seller.token(scope="listProduct")
    told = seller.ask({**POST, "token": token}, "/oauth2/introspect").json()
    assert (told["active"], told["client_id"], told["scope"]) == (True, "by-post", "listProduct")
    foreign = with_assertion(assertion(KEY, "by-key", seller.url), token=token)
    assert seller.ask(foreign, "/oauth2/introspect").json() == {"active": False}
    foreign = with_assertion(assertion(KEY, "by-key", seller.url), token=token)
    assert seller.ask(foreign, "/oauth2/revoke").status_code == 200
    assert seller.get(PRODUCT, token).status_code == 200
    assert seller.ask({**POST, "token": token}, "/oauth2/revoke").status_code == 200
    assert seller.ask({**POST, "token": "no token"}, "/oauth2/revoke").status_code == 200
    for each in (token, _with_other_letters(token)):
        refused = seller.get(PRODUCT, each)
        assert (refused.status_code, refused.json()["code"]) == (401, "invalidCredentials")
    assert seller.ask({**POST, "token": token}, "/oauth2/introspect").json() == {"active": False}
    assert seller.ask({"token": token}, "/oauth2/introspect").status_code == 401


def _with_other_letters(token: str) -> str:
    """The same signature, written with another last letter: base64url leaves some of its bits open."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = letters.index(token[-1])
    return token[:-1] + letters[last ^ 1]


def test_keys_rotate_and_the_tokens_of_the_old_one_stay_good(seller: Served) -> None:
    old = seller.token()
    kid = seller.authority.endpoints.keys.rotate()
    new = seller.token()
    assert parts(new)[0]["kid"] == kid != parts(old)[0]["kid"]
    known = {key["kid"] for key in seller.get("/oauth2/jwks").json()["keys"]}
    assert {kid, parts(old)[0]["kid"]} <= known
    assert [seller.get(PRODUCT, token).status_code for token in (old, new)] == [200, 200]


def test_every_exchange_with_the_authorization_server_is_recorded_without_a_secret(seller: Served) -> None:
    before = len(seller.transcript)
    token = seller.token()
    seller.get(PRODUCT, token)
    asked, used = list(seller.transcript)[before:]
    assert (asked.api, asked.kind, asked.operation) == (None, "authorization", "token")
    assert asked.secured is not None
    assert asked.secured.tokens[0].claims["client_id"] == "by-post"
    assert used.secured is not None
    assert used.secured.tokens[0].header["typ"] == "at+jwt"
    for exchange in seller.transcript:
        text = repr(exchange)
        assert not any(secret in text for secret in [*SECRETS.values(), token, token.rpartition(".")[2]])


# -- other kinds of token, and time ----------------------------------------------------------------


def test_opaque_tokens_with_es256_and_lifetimes_of_the_sellers_own_clock(tmp_path: Path) -> None:
    clock = VirtualClock()
    more = "  token: opaque\n  lifetime: 600\n"
    with secured_seller(profile_in(tmp_path, more), clock=clock) as seller:
        token = seller.token()
        assert "." not in token
        assert seller.get(PRODUCT, token).status_code == 200
        clock.sleep(599)
        assert seller.get(PRODUCT, token).status_code == 200
        clock.sleep(2)
        refused = seller.get(PRODUCT, token)
        assert (refused.status_code, refused.json()["message"]) == (401, "it has expired")
        again = seller.token()
        assert seller.ask({**POST, "token": again}, "/oauth2/revoke").status_code == 200
        assert seller.get(PRODUCT, again).status_code == 401


def test_es256_and_a_fixed_issuer_and_audience(tmp_path: Path) -> None:
    more = "  algorithm: ES256\n  issuer: https://id.acme.example\n  audience: urn:acme:sonata\n"
    with secured_seller(profile_in(tmp_path, more)) as seller:
        header, claims = parts(seller.token())
        assert (header["alg"], claims["iss"], claims["aud"]) == ("ES256", "https://id.acme.example", "urn:acme:sonata")
        found = seller.get("/.well-known/openid-configuration").json()
        assert found["token_endpoint"] == "https://id.acme.example/oauth2/token"
        assert seller.get("/r/acme" + PRODUCT, seller.token()).status_code == 200


def test_jwts_expire_by_the_sellers_clock(tmp_path: Path) -> None:
    clock = VirtualClock()
    with secured_seller(profile_in(tmp_path), clock=clock) as seller:
        token = seller.token()
        assert seller.get(PRODUCT, token).status_code == 200
        clock.sleep(timedelta(days=3).total_seconds())
        assert seller.get(PRODUCT, token).status_code == 401
        assert seller.get(PRODUCT, seller.token()).status_code == 200


# -- trouble on purpose ----------------------------------------------------------------------------


def test_the_token_endpoint_makes_trouble_when_it_is_told_to(seller: Served) -> None:
    redirect = {"Location": "http://elsewhere.example/token"}
    for trouble, status in (
        (Trouble("authorization", "token", respond=503), 503),
        (Trouble("authorization", "token", respond=401, body={"error": "invalid_client"}), 401),
        (Trouble("authorization", "token", respond=307, headers=redirect), 307),
    ):
        with seller.faults.armed(trouble):
            answer = seller.ask({**FORM, **POST})
            assert answer.status_code == status
            assert seller.ask({**FORM, **POST}).status_code == 200
    assert answer.headers["location"] == redirect["Location"]


def test_tokens_live_shortly_or_end_in_mid_flow_when_that_is_wanted(seller: Served) -> None:
    before = seller.token()
    with seller.faults.armed(tokens=TokenTrouble(lifetime=2)):
        answer = seller.ask({**FORM, **POST}).json()
        assert answer["expires_in"] == 2
        assert seller.faults.struck == 1
    assert seller.get(PRODUCT, before).status_code == 200
    seller.faults.arm(Lasting("tokens", "rotate", 1, tokens=TokenTrouble(rotate=True)))
    refused = seller.get(PRODUCT, before)
    assert (refused.status_code, refused.json()["code"]) == (401, "invalidCredentials")
    assert seller.get(PRODUCT, before).status_code == 401
    assert seller.get(PRODUCT, seller.token()).status_code == 200
    assert seller.faults.lasting() == []
