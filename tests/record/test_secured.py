"""What is kept of an exchange's security: tokens are found while it is masked, and nothing of them is a secret."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.errors import FileProblem
from emulator.judge.capture import BasePaths, read_capture
from emulator.parties.database import Database
from emulator.parties.recorder import Recorder
from emulator.record.exchange import Exchange, Party, Request, Response
from emulator.record.secured import (
    Certificate,
    Secured,
    Tls,
    Token,
    Unfit,
    request_tokens,
    response_tokens,
    secured_json,
    secured_of,
)
from emulator.report import har_report, json_report, transcript_report
from emulator.report.json_report import schema
from emulator.standard.release import load_release
from tests.judge.exchanges import MOMENT
from tests.parties.databases import KINDS, database
from tests.report.runs import report

JSON = (("Content-Type", "application/json"),)
HEADER = {"alg": "RS256", "kid": "key-1", "typ": "at+jwt"}
CLAIMS = {"iss": "https://id.example", "sub": "acme", "exp": 1767229200, "client_secret": "hush", "auth_time": 12}
CERTIFICATE = Certificate(
    "CN=acme", "CN=Partner CA", ("acme.example",), datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC), "9f" * 32
)  # fmt: skip
TLS = Tls("TLSv1.3", "TLS_AES_256_GCM_SHA384", None, CERTIFICATE)


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def jwt(header: Any = HEADER, claims: Any = CLAIMS, signature: str = "c2lnbmF0dXJlLW9mLWl0") -> str:
    return f"{part(header)}.{part(claims)}.{signature}"


def exchange(
    *,
    headers: tuple[tuple[str, str], ...] = (),
    url: str = "http://h/mefApi/sonata/geographicSiteManagement/v7/geographicSite/s1",
    sent: bytes = b"",
    answered: Any = None,
    **more: Any,
) -> Exchange:
    raw = b"" if answered is None else json.dumps(answered).encode()
    request = Request(headers, sent, "POST" if sent else "GET", url)
    facts: dict[str, Any] = {"api": "geographicSite", "kind": "management", "operation": "retrieveGeographicSite"}
    made = Exchange(0, MOMENT, 1.0, Party.BUYER, Party.SELLER, request, Response(JSON, raw, 200), **{**facts, **more})
    return made.masked()


def token_request(**more: Any) -> Exchange:
    form = f"grant_type=client_credentials&client_id=acme&client_assertion={jwt()}&client_secret=hush"
    answer = {"access_token": jwt(), "token_type": "Bearer", "expires_in": 3600}
    facts = {"api": None, "kind": "authorization", "operation": "token"}
    url = "http://id.example/oauth2/token"
    return exchange(url=url, sent=form.encode(), answered=answer, **{**facts, **more})


def test_a_jwt_gives_its_header_and_claims_and_nothing_more() -> None:
    made = exchange(headers=(("authorization", f"Bearer {jwt()}"),))
    assert made.secured is not None
    (token,) = made.secured.tokens
    assert (token.where, token.half, token.scheme) == ("header Authorization", "request", "Bearer")
    assert token.header == HEADER
    assert token.claims is not None
    assert {**token.claims, "client_secret": "hush"} == CLAIMS
    assert "hush" not in repr(made)
    assert "c2lnbmF0dXJlLW9mLWl0" not in repr(made)


@pytest.mark.parametrize(
    ("value", "scheme"),
    [("Bearer 8a7f", "Bearer"), ("Basic YW5uOmh1c2g=", "Basic"), ("hunter2", ""), ("hunter2 of mine", "")],
)
def test_an_opaque_credential_is_there_and_says_nothing(value: str, scheme: str) -> None:
    made = exchange(headers=(("Authorization", value),))
    assert made.secured == Secured(None, (Token("header Authorization", "request", scheme),))
    assert value.rsplit(maxsplit=1)[-1] not in repr(made)


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer  ", "***", "Bearer ***1a2b3c4d"])
def test_nothing_and_a_mask_are_no_credential(value: str) -> None:
    assert exchange(headers=(("Authorization", value),)).secured is None


def test_a_token_request_shows_what_was_asked_with_and_what_was_issued() -> None:
    made = token_request()
    assert made.secured is not None
    assert [(token.where, token.scheme) for token in made.secured.tokens] == [
        ("form client_assertion", ""),
        ("/access_token", "Bearer"),
    ]
    body = made.response.body if made.response else None
    assert body["token_type"] == "Bearer", "what OAuth calls a type is no secret"
    assert b"client_secret=***" in made.request.raw


def test_a_token_in_a_url_is_found_and_masked() -> None:
    made = exchange(url="http://h/mefApi/sonata/geographicSiteManagement/v7/geographicSite/s1?access_token=8a7f")
    assert made.secured == Secured(None, (Token("query access_token", "request", ""),))
    assert made.request.url.endswith("access_token=***")


def test_an_encrypted_token_shows_its_header_only() -> None:
    (token,) = request_tokens((("Authorization", f"Bearer {part({'alg': 'dir', 'enc': 'A256GCM'})}..a.b.c"),), "", b"")
    assert (token.header, token.claims) == ({"alg": "dir", "enc": "A256GCM"}, None)


def test_a_key_in_a_header_is_masked_whatever_is_in_it() -> None:
    (token,) = request_tokens(
        (("Authorization", f"Bearer {jwt({'alg': 'RS256', 'jwk': {'kty': 'RSA', 'd': 'hush'}})}"),), "", b""
    )
    assert "hush" not in repr(token)


DEEP = b'{"alg":' + b"[" * 5000 + b"]" * 5000 + b"}"
HOSTILE = ["..", "....", "é.é.é", f"{part([1])}.e30.x", f"{part(DEEP)}.e30.x", "x" * 100_000, jwt() + "." * 50]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:10])
def test_what_is_no_jwt_is_opaque(text: str) -> None:
    (token,) = request_tokens((("Authorization", f"Bearer {text}"),), "", b"")
    assert token.header is token.claims is None


@given(st.text(), st.binary(max_size=300), st.text())
@settings(deadline=None, max_examples=200)
def test_whatever_is_sent_nothing_is_raised(value: str, body: bytes, url: str) -> None:
    found = request_tokens((("Authorization", value),), f"http://h/?access_token={url}", b"client_assertion=" + body)
    assert len(found) <= 8
    response_tokens(b'{"access_token": ' + body)
    response_tokens(json.dumps({"access_token": value, "id_token": f"{part(body)}.{part(body)}."}).encode())


def test_a_body_without_a_token_is_not_read() -> None:
    assert exchange(answered={"id": "s1"}).secured is None
    assert response_tokens(b'{"access_token": "' + b"x" * 100_000 + b'"}') == ()


def test_what_is_masked_is_masked_once() -> None:
    made = token_request(secured=Secured(TLS, (), "expired"))
    assert made.secured is not None
    assert made.masked() == made
    assert (made.secured.tls, made.secured.flaw) == (TLS, "expired")


def test_json_is_read_back() -> None:
    told = token_request(secured=Secured(TLS, (), "expired")).secured
    assert told is not None
    assert secured_of(json.loads(json.dumps(secured_json(told)))) == told


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ([], ""),
        ({"identities": {}}, "/identities"),
        ({"identities": [{"where": "x", "half": "third", "scheme": ""}]}, "/identities/0/half"),
        ({"identities": [{"where": "x", "half": "request", "scheme": "", "claims": 1}]}, "/identities/0/claims"),
        (
            {"identities": [{"where": "x", "half": "request", "scheme": "", "claims": deep(5000)}]},
            "/identities/0/claims",
        ),
        (
            {"identities": [{"where": "x", "half": "request", "scheme": "", "header": deep(300)}]},
            "/identities/0/header",
        ),
        (
            {"identities": [{"where": "x", "half": "request", "scheme": "", "claims": {"a": "x" * 99_999}}]},
            "/identities/0/claims",
        ),
        ({"tls": {"version": "TLSv1.3"}}, "/tls/cipher"),
        ({"tls": {"version": "TLSv1.3", "cipher": "x", "client": {"names": []}}}, "/tls/client/subject"),
    ],
)
def test_what_a_file_says_is_read_strictly(value: Any, place: str) -> None:
    with pytest.raises(Unfit) as wrong:
        secured_of(value)
    assert wrong.value.place == place


def test_what_a_file_says_is_masked_too() -> None:
    told = secured_of({"identities": [{"where": "x", "half": "request", "scheme": "", "claims": {"password": "hush"}}]})
    assert "hush" not in repr(told)


def test_report_transcript_and_har_have_it_and_read_it_back(tmp_path: Path) -> None:
    first = exchange(headers=(("Authorization", f"Bearer {jwt()}"),), answered={"id": "s1"}, secured=Secured(TLS))
    whole = report(first, token_request())
    assert list(jsonschema_rs.validator_for(schema()).iter_errors(whole)) == []
    assert whole["exchanges"][0]["secured"]["tls"]["client"]["sha256"] == "9f" * 32
    bases = BasePaths(load_release())
    for writer in (json_report, transcript_report, har_report):
        file = writer.write(whole, tmp_path)
        assert "hush" not in file.read_text()
        assert "c2lnbmF0dXJlLW9mLWl0" not in file.read_text()
        (captured,) = read_capture(file, bases)
        assert captured.unattributed == ()
        assert [(one.kind, one.operation, one.secured) for one in captured.exchanges] == [
            (one.kind, one.operation, one.secured) for one in (first, token_request())
        ]
        assert {one.sender for one in captured.exchanges} == {Party.BUYER}


def test_a_file_that_tells_it_wrongly_says_where(tmp_path: Path) -> None:
    whole = report(exchange(answered={"id": "s1"}))
    whole["exchanges"][0]["secured"] = {"tls": 1}
    file = json_report.write(whole, tmp_path)
    with pytest.raises(FileProblem) as wrong:
        read_capture(file, BasePaths(load_release()))
    assert "/exchanges/0/secured/tls: an object is needed here" in str(wrong.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_keeps_it(kind: str, tmp_path: Path) -> None:
    made = token_request(secured=Secured(TLS, (), "expired"))
    with database(kind, tmp_path) as url:
        if url is None:
            return
        opened = Database(url)
        recorder = Recorder(opened)
        transcript = recorder.of("")
        transcript.add(made)
        transcript.add(exchange())
        kept = [one.secured for one in transcript]
        recorder.close()
        opened.close()
    assert kept == [made.secured, None]


def test_other_captures_have_their_tokens_too(tmp_path: Path) -> None:
    """A browser's archive: tokens are found in it, and what was asked of an authorization server is told as that."""
    entries = [
        {
            "startedDateTime": "2026-01-01T00:00:00.000Z",
            "time": 1,
            "request": {
                "method": "POST",
                "url": "https://id.example/oauth2/token",
                "headers": [],
                "postData": {"mimeType": "application/x-www-form-urlencoded", "text": "grant_type=client_credentials"},
            },
            "response": {
                "status": 200,
                "headers": [],
                "content": {
                    "mimeType": "application/json",
                    "text": json.dumps({"access_token": jwt(), "token_type": "x"}),
                },
            },
        },
        {
            "startedDateTime": "2026-01-01T00:00:01.000Z",
            "time": 1,
            "request": {
                "method": "GET",
                "url": "https://h/mefApi/sonata/geographicSiteManagement/v7/geographicSite/s1",
                "headers": [{"name": "Authorization", "value": f"Bearer {jwt()}"}],
            },
            "response": {"status": 401, "headers": [], "content": {"mimeType": "text/plain", "text": "no"}},
        },
        {
            "startedDateTime": "2026-01-01T00:00:02.000Z",
            "time": 1,
            "request": {"method": "GET", "url": "https://h/static/keys", "headers": []},
            "response": {"status": 200, "headers": [], "content": {"mimeType": "text/plain", "text": "no"}},
        },
    ]
    file = tmp_path / "a.har"
    file.write_text(json.dumps({"log": {"entries": entries}}))
    (captured,) = read_capture(file, BasePaths(load_release()))
    assert [(one.kind, one.operation) for one in captured.exchanges] == [
        ("authorization", "token"),
        ("management", "retrieveGeographicSite"),
    ]
    assert [[token.where for token in one.secured.tokens] if one.secured else [] for one in captured.exchanges] == [
        ["/access_token"],
        ["header Authorization"],
    ]
    assert [row.entry for row in captured.unattributed] == [3]
