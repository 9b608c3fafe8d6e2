"""How a token is asked for: what a client says of itself, how it proves it, and which scopes it names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach, given
from emulator.judge.rules.security.book import ANYWHERE, cited, clause
from emulator.judge.rules.security.facts import asks_for_token, assertion_of, form_of, secured, tls_of
from emulator.judge.run import Half, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import at
from emulator.record.secured import HEADER_PLACE, Token

CREDENTIALS_GRANT: Final = "client_credentials"
_SEPARATOR: Final = "security-scope-separator"
_SCOPE: Final = "form scope"
_CLIENT: Final = "form client_id"


def _is_basic(exchange: Exchange) -> bool:
    return any(token.where == HEADER_PLACE and token.scheme.lower() == "basic" for token in secured(exchange).tokens)


def _has_authorization(exchange: Exchange) -> bool:
    return exchange.request.header("authorization") is not None


@clause("R3", Half.REQUEST)
def clients_say_who_they_are(said: Said) -> Iterator[Mark]:
    """client_id, HTTP Basic, or the subject of the client assertion of a token request."""
    exchange = said.exchange
    if not asks_for_token(exchange):
        return
    assertion = assertion_of(exchange)
    claims = assertion.claims if assertion else None
    if given(form_of(exchange).get("client_id", "")) or _is_basic(exchange) or (claims and given(claims.get("sub"))):
        yield FINE
    elif not _has_authorization(exchange) and (assertion is None or claims is not None):
        yield breach(_CLIENT, "a client_id", message="the token request does not say which client asks")


@clause("R11", Half.REQUEST)
def clients_prove_it_by_a_key(said: Said) -> Iterator[Mark]:
    """A token request has a signed client assertion or comes with a client certificate; a shared secret is a warning."""
    exchange = said.exchange
    if not asks_for_token(exchange):
        return
    tls, form = tls_of(exchange), form_of(exchange)
    if assertion_of(exchange) or (tls and tls.client):
        yield FINE
    elif "client_secret" in form or _is_basic(exchange):
        message = "the client shows a shared secret, and signs nothing: whoever has read it once is this client"
        yield breach(
            _CLIENT, "private_key_jwt, tls_client_auth or self_signed_tls_client_auth", message=message, hint=True
        )


@clause("R21", Half.REQUEST)
def scopes_are_named(said: Said) -> Iterator[Mark]:
    """The scope of a token request by client credentials."""
    form = form_of(said.exchange)
    if asks_for_token(said.exchange) and form.get("grant_type") == CREDENTIALS_GRANT:
        message = "the token request names no scope: what it gets is for the server to say"
        yield FINE if form.get("scope") else breach(_SCOPE, "a scope", message=message, hint=True)


@clause("R23", Half.REQUEST)
def scopes_are_the_clients_own(said: Said) -> Iterator[Mark]:
    """Whether the scopes that a token is asked for with were granted, or refused as not the client's (invalid_scope)."""
    exchange = said.exchange
    scopes = form_of(exchange).get("scope", "").split()
    if not asks_for_token(exchange) or not scopes or exchange.response is None:
        return
    body = exchange.response.body
    if succeeded(exchange):
        granted = at(body, "/scope")
        if not isinstance(granted, str) or set(scopes) <= set(granted.split()):
            yield FINE
    elif said.status in (400, 401) and at(body, "/error") == "invalid_scope":
        message = "the server says that a scope is none, or not one of this client's (invalid_scope)"
        yield breach(_SCOPE, "scopes that the client is registered with", " ".join(scopes), message, hint=True)


@clause("R24", Half.REQUEST)
def scopes_are_separated_by_blanks(said: Said) -> Iterator[Mark]:
    """How the scopes of a token request are separated."""
    scope = form_of(said.exchange).get("scope", "")
    if not asks_for_token(said.exchange):
        return
    if "," in scope:
        message = "the scopes are separated by commas"
        yield breach(_SCOPE, "blanks between scopes", scope, message, reading=(_SEPARATOR, "blank"))
    elif " " in scope.strip():
        yield FINE


@cited(7523, "assertion", Half.REQUEST)
def assertions_say_what_they_have_to(said: Said) -> Iterator[Mark]:
    """iss, sub, aud and exp of a client assertion (RFC 7523, 3)."""
    token = assertion_of(said.exchange)
    if token is None or token.claims is None:
        return
    yield has_claims(token, ("iss", "sub", "aud", "exp"), "the client assertion")


def has_claims(token: Token, names: tuple[str, ...], what: str) -> Mark:
    """Whether a token has these claims, with a value; a warning where it has not."""
    missing = [name for name in names if not given((token.claims or {}).get(name))]
    message = f"{what} has no {', '.join(missing)}"
    return breach(ANYWHERE, ", ".join(names), message=message, hint=True) if missing else FINE
