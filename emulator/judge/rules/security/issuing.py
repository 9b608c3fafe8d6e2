"""What an authorization server publishes and answers: discovery, key sets, tokens and refusals of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from emulator.judge.rule import FINE, Mark, Remark, on_response
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules.security.asking import CREDENTIALS_GRANT, has_claims
from emulator.judge.rules.security.book import ANYWHERE, SECURITY, cited, clause
from emulator.judge.rules.security.facts import asks_for_token, form_of, issued
from emulator.judge.run import Half, Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange, Party
from emulator.record.payload import MISSING, at
from emulator.record.secured import DISCOVERY, JWKS

_GONE: Final = frozenset({404, 405, 410, 501})
_ERRORS: Final = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
        "invalid_target",
        "invalid_dpop_proof",
        "use_dpop_nonce",
    }
)
_DAY: Final = 86_400
_ACCESS_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
_WELL_KNOWN: Final = "/.well-known/"


@SECURITY.at_end("R13a")
def what_clients_need_is_published(run: Run) -> Iterable[Remark]:
    """The discovery document: that it is there, and says its issuer and its token endpoint."""
    asked: dict[Party, list[Exchange]] = {}
    for exchange in run.exchanges:
        if (
            exchange.authorizes
            and exchange.operation == DISCOVERY
            and exchange.response
            and exchange.n not in run.spoilt
        ):
            asked.setdefault(exchange.receiver, []).append(exchange)
    for exchanges in asked.values():
        found = next((each for each in exchanges if succeeded(each)), None)
        if found is not None:
            for name in ("issuer", "token_endpoint"):
                yield on_response(found, _published(found, name))
        elif all(_status(each) in _GONE for each in exchanges):
            last = exchanges[-1]
            message = f"there is no discovery document: {last.request.url} was answered {_status(last)}"
            yield on_response(last, breach("", "200", _status(last), message))


def _status(exchange: Exchange) -> int:
    return exchange.response.status if exchange.response else 0


def _published(exchange: Exchange, name: str) -> Mark:
    value = at(exchange.response.body, f"/{name}") if exchange.response else MISSING
    right = isinstance(value, str) and bool(value)
    return hold(f"/{name}", right, expected="a URL", found=value, message=f"the discovery document has no {name}")


@clause("R15b", Half.RESPONSE)
def id_tokens_can_be_had(said: Said) -> Iterator[Mark]:
    """response_types_supported of the discovery document. One without id_token is of a server without the hybrid flow."""
    kinds = at(said.body, "/response_types_supported")
    words = (
        [word for kind in kinds if isinstance(kind, str) for word in kind.split()] if isinstance(kinds, list) else []
    )
    if said.exchange.operation == DISCOVERY and succeeded(said.exchange) and "id_token" in words:
        yield FINE


@clause("D6", Half.RESPONSE)
def published_keys_have_an_id(said: Said) -> Iterator[Mark]:
    """The kid of each key of a key set."""
    if said.exchange.operation != JWKS or not succeeded(said.exchange):
        return
    for index, key in enumerate(keys_of(said.body)):
        there = given(key.get("kid"))
        yield hold(f"/keys/{index}/kid", there, expected="a key id", message="a key of the key set has no kid")


def keys_of(body: Any) -> list[dict[str, Any]]:
    """The keys of a key set (RFC 7517, 5)."""
    keys = at(body, "/keys")
    return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []


@cited(8414, "issuer", Half.RESPONSE)
def the_issuer_is_where_it_was_asked(said: Said) -> Iterator[Mark]:
    """The issuer of a discovery document against the address that has it (RFC 8414, 3.3; OpenID Connect Discovery, 4.3)."""
    issuer = at(said.body, "/issuer")
    if said.exchange.operation != DISCOVERY or not succeeded(said.exchange) or not isinstance(issuer, str):
        return
    here = _issuer_of(said.exchange.request.url)
    if here is not None:
        message = f"the discovery document at {said.exchange.request.url} is of another issuer"
        right = issuer.rstrip("/") == here
        yield FINE if right else breach("/issuer", here, issuer, message, hint=True)


def _issuer_of(url: str) -> str | None:
    """The issuer of which a discovery document is at a URL; None where that is no usual place."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    before, well_known, after = parts.path.partition(_WELL_KNOWN)
    if not well_known:
        return None
    path = before or "/" + after.partition("/")[2]
    return f"{parts.scheme}://{parts.netloc}{path}".rstrip("/")


@cited(6749, "answer", Half.RESPONSE)
def answers_have_a_token(said: Said) -> Iterator[Mark]:
    """access_token and token_type of an answer with a token (RFC 6749, 5.1)."""
    if asks_for_token(said.exchange) and succeeded(said.exchange):
        for name in ("access_token", "token_type"):
            there = given(at(said.body, f"/{name}"))
            yield FINE if there else breach(f"/{name}", "a text", message=f"the answer has no {name}", hint=True)


@cited(6749, "store", Half.RESPONSE)
def tokens_are_not_kept_on_the_way(said: Said) -> Iterator[Mark]:
    """Cache-Control: no-store of an answer with a token (RFC 6749, 5.1)."""
    response = said.exchange.response
    if response is None or not response.headers or not (asks_for_token(said.exchange) and succeeded(said.exchange)):
        return
    told = (response.header("cache-control") or "").lower()
    message = "an answer with a token may be kept by whoever is on the way"
    right = "no-store" in told
    yield FINE if right else breach("header Cache-Control", "no-store", told or MISSING, message, hint=True)


@cited(6749, "error", Half.RESPONSE)
def refusals_of_tokens_have_their_form(said: Said) -> Iterator[Mark]:
    """The error of a token request that is refused (RFC 6749, 5.2)."""
    if not asks_for_token(said.exchange) or said.status not in (400, 401):
        return
    error = at(said.body, "/error")
    message = "the token request is refused with no error of OAuth 2.0"
    right = isinstance(error, str) and error in _ERRORS
    yield FINE if right else breach("/error", "an error of RFC 6749, 5.2", error, message, hint=True)


@cited(6749, "refresh", Half.RESPONSE)
def client_credentials_refresh_nothing(said: Said) -> Iterator[Mark]:
    """No refresh token comes with client credentials: who has them asks again (RFC 6749, 4.4.3)."""
    exchange = said.exchange
    if asks_for_token(exchange) and succeeded(exchange) and form_of(exchange).get("grant_type") == CREDENTIALS_GRANT:
        there = issued(exchange, "refresh_token") is not None
        message = "a refresh token comes with client credentials"
        yield breach(ANYWHERE, MISSING, message=message, hint=True) if there else FINE


@cited(6750, "lifetime", Half.RESPONSE)
def tokens_live_shortly(said: Said) -> Iterator[Mark]:
    """expires_in of a token: a day at the most; an hour is what RFC 6750, 5.3 recommends."""
    ends = at(said.body, "/expires_in")
    if asks_for_token(said.exchange) and isinstance(ends, int) and not isinstance(ends, bool):
        message = f"the token is good for {ends} s; who steals it has it for as long"
        yield breach("/expires_in", "a day or less", ends, message, hint=True) if ends > _DAY else FINE


@cited(9068, "claims", Half.RESPONSE)
def access_tokens_say_what_they_have_to(said: Said) -> Iterator[Mark]:
    """Claims of an access token that says it is one of RFC 9068 (typ at+jwt), as its section 2.2 has them."""
    token = issued(said.exchange, "access_token")
    if token is None or token.header is None or str(token.header.get("typ", "")).lower() not in _ACCESS_TYPES:
        return
    names = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")
    yield has_claims(token, names, "the access token is of type at+jwt, and")
