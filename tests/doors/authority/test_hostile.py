"""Tokens and forms of strangers: whatever they are, they are refused, and never a fault of ours."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import RSAKey

from emulator.doors.visit import Visit
from emulator.record.call import ApiError
from emulator.record.exchange import Request
from emulator.record.secured import DUTIES
from tests.doors.authority.secured import PRODUCT, Served, parts


def _b64(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def refused(seller: Served, header: str) -> int:
    """The status with which a value of Authorization is refused."""
    request = Request((("Authorization", header),), b"", "GET", seller.url + PRODUCT)
    with pytest.raises(ApiError) as error:
        asyncio.run(seller.authority.authenticate(Visit("", request, PRODUCT, seller.url)))
    return error.value.status


def forged(seller: Served) -> dict[str, str]:
    """Tokens that are ours but for one thing."""
    token = seller.token()
    header, claims = parts(token)
    head, body, signature = token.split(".")
    public = seller.authority.endpoints.keys.signing()
    pem = public.as_pem(private=False)
    mine = RSAKey.generate_key(2048, auto_kid=True)
    own = {"alg": "RS256", "typ": "at+jwt"}

    def by_me(more: dict[str, Any], said: dict[str, Any] | None = None) -> str:
        return jwt.encode({**own, **more}, said or claims, mine, algorithms=["RS256"])

    hs = {**header, "alg": "HS256"}
    unsigned = f"{_b64(hs)}.{body}"
    mac = _b64(hmac.new(pem, unsigned.encode(), hashlib.sha256).digest())
    return {
        "alg none": f"{_b64({**header, 'alg': 'none'})}.{body}.",
        "alg NONE": f"{_b64({**header, 'alg': 'NONE'})}.{body}.{signature}",
        "HS256 with the public key": f"{unsigned}.{mac}",
        "unknown kid": by_me({"kid": "nobody"}),
        "our kid, another's key": by_me({"kid": header["kid"]}),
        "jwk in the header": by_me({"kid": header["kid"], "jwk": mine.as_dict(private=False)}),
        "jku in the header": by_me({"kid": header["kid"], "jku": "http://127.0.0.1:1/jwks"}),
        "x5u in the header": by_me({"kid": header["kid"], "x5u": "http://127.0.0.1:1/chain"}),
        "crit": f"{_b64({**header, 'crit': ['exp']})}.{body}.{signature}",
        "another typ": f"{_b64({**header, 'typ': 'JWT'})}.{body}.{signature}",
        "longer life": f"{head}.{_b64({**claims, 'exp': claims['exp'] + 9999})}.{signature}",
        "no signature": f"{head}.{body}.",
        "cut": token[:-7],
        "two parts": f"{head}.{body}",
        "a JWE's five parts": f"{head}.{body}.{signature}.{head}.{body}",
        "kid is a list": f"{_b64({**header, 'kid': ['x']})}.{body}.{signature}",
        "header is a list": f"{_b64([1])}.{body}.{signature}",
        "header is deep": f"{_b64(b'[' * 5000)}.{body}.{signature}",
        "garbage": "garbage",
        "large": "x" * 60_000,
        "not ASCII": "töken",
    }


def test_a_token_that_is_ours_but_for_one_thing_is_refused(seller: Served) -> None:
    for what, token in forged(seller).items():
        assert refused(seller, f"Bearer {token}") == 401, what
    assert seller.get(PRODUCT, seller.token()).status_code == 200


def test_over_http_too_and_never_with_500(seller: Served) -> None:
    for what, token in forged(seller).items():
        if token.isascii() and len(token) < 10_000:
            answer = seller.get(PRODUCT, token)
            assert answer.status_code == 401, what
            assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@settings(max_examples=100)
@given(
    st.one_of(
        st.text(max_size=200),
        st.lists(st.binary(max_size=60), min_size=1, max_size=6).map(lambda some: ".".join(_b64(one) for one in some)),
    )
)
def test_no_text_is_a_fault_of_ours(seller: Served, text: str) -> None:
    assert refused(seller, f"Bearer {text}") in {400, 401}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
claim_names = st.sampled_from(["iss", "sub", "aud", "client_id", "iat", "exp", "jti", "scope", "cnf", "nbf"])


@settings(max_examples=40)
@given(st.dictionaries(claim_names, json_values, max_size=4))
def test_no_claims_are_a_fault_of_ours_even_if_our_own_key_signed_them(seller: Served, more: dict[str, Any]) -> None:
    """Nobody has our key; but who changes how tokens are made shall hear of it here."""
    key = seller.authority.endpoints.keys.signing()
    claims = {**parts(seller.authority.endpoints.tokens.issue(_asked(seller), 60))[1], **more}
    token = jwt.encode({"alg": "RS256", "kid": key.kid, "typ": "at+jwt"}, claims, key, algorithms=["RS256"])
    request = Request((("Authorization", f"Bearer {token}"),), b"", "GET", seller.url + PRODUCT)
    with suppress(ApiError):
        asyncio.run(seller.authority.authenticate(Visit("", request, PRODUCT, seller.url)))


def _asked(seller: Served) -> Any:
    from emulator.doors.authority.tokens import TokenRequest

    return TokenRequest("by-post", frozenset({"default"}), seller.url, seller.url)


@settings(max_examples=100)
@given(
    st.sampled_from(DUTIES),
    st.one_of(
        st.binary(max_size=300),
        st.dictionaries(
            st.sampled_from(
                [
                    "grant_type",
                    "client_id",
                    "client_secret",
                    "client_assertion",
                    "client_assertion_type",
                    "scope",
                    "token",
                    "resource",
                ]
            ),
            st.text(max_size=30),
            max_size=6,
        ),
    ),
    st.one_of(st.none(), st.text(max_size=60)),
)
def test_no_form_is_a_fault_of_ours(seller: Served, duty: str, form: Any, header: str | None) -> None:
    from urllib.parse import urlencode

    raw = form if isinstance(form, bytes) else urlencode(form, errors="surrogatepass").encode()
    headers = [("Content-Type", "application/x-www-form-urlencoded")]
    if header is not None:
        headers.append(("Authorization", header))
    visit = Visit("", Request(tuple(headers), raw, "POST", f"{seller.url}/oauth2/token"), "/oauth2/token", seller.url)
    reply = seller.authority.endpoints.answer(visit, duty)
    assert reply.status in {200, 400, 401, 405}
    if reply.status != 200:
        assert set(reply.body) == {"error", "error_description"}
        assert all(
            sign.isascii() and sign.isprintable() and sign not in '"\\' for sign in reply.body["error_description"]
        )
