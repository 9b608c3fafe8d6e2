"""Who asks an authorization server: a client shows it by the one method that is its own."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote_plus

from joserfc.jwk import Key, KeySet, OctKey

from emulator.doors.authority.answers import invalid_client, invalid_request
from emulator.doors.authority.compact import NotSigned, signed_by, unverified
from emulator.doors.authority.digests import digest
from emulator.doors.authority.policy import ASSERTION_ALGORITHMS, MOST_AHEAD, SECRET_ALGORITHMS, AuthMethod, OAuthClient
from emulator.doors.authority.records import RecordKind, Records
from emulator.doors.handshake import Handshake

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SKEW: Final = 60
"""Seconds that a client's clock may differ from the wall's."""
_NO_CERTIFICATE: Final = "the client has shown no certificate on this connection"


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a request to an endpoint says of who asks. `accepted` are the audiences that an assertion may name."""

    form: Mapping[str, str]
    authorization: str | None
    handshake: Handshake | None
    accepted: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Shown:
    """A client's id, and how it shows who it is."""

    id: str
    methods: frozenset[AuthMethod]
    secret: str = ""
    assertion: str = ""


class Clients:
    """The clients of an authorization server. `wall` is the wall's time: assertions are of a partner, whose time is real."""

    def __init__(
        self,
        clients: Mapping[str, OAuthClient],
        records: Records,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clients, self._records, self._wall = clients, records, wall

    def get(self, identifier: str) -> OAuthClient | None:
        """A client by its id."""
        return self._clients.get(identifier)

    def authenticate(self, asked: Introduction) -> OAuthClient:
        """The client that asks. OAuthError `invalid_client` where it is none, or does not show that it is; `invalid_request`
        where it shows it in two ways.
        """
        shown = _shown(asked)
        client = self._clients.get(shown.id)
        if client is None:
            raise invalid_client("there is no such client")
        if client.method not in shown.methods:
            raise invalid_client(f"this client is known by {client.method}, and by nothing else")
        problem = self._problem(client, shown, asked)
        if problem:
            raise invalid_client(problem)
        return client

    def _problem(self, client: OAuthClient, shown: _Shown, asked: Introduction) -> str:
        """Why a client does not show that it is the one; "" where it does."""
        match client.method:
            case AuthMethod.SECRET_BASIC | AuthMethod.SECRET_POST:
                return "" if self._knows(client, shown.secret) else "the secret is another"
            case AuthMethod.SECRET_JWT:
                keys: list[Key] = [OctKey.import_key(secret) for secret in client.secrets]
                return self._assertion(client, shown.assertion, keys, SECRET_ALGORITHMS, asked.accepted)
            case AuthMethod.PRIVATE_KEY_JWT:
                return self._assertion(
                    client, shown.assertion, self._keys(client), ASSERTION_ALGORITHMS, asked.accepted
                )
            case _:
                return _certificate(client, asked.handshake)

    def _knows(self, client: OAuthClient, secret: str) -> bool:
        given, found = secret.encode("utf-8", "surrogatepass"), False
        for own in client.secrets:
            found |= hmac.compare_digest(own.encode(), given)
        made = (self._records.get(RecordKind.SECRET, client.id) or {}).get("digests", ())
        mine = digest(client.id, secret)
        for one in made:
            found |= hmac.compare_digest(one, mine)
        return found

    def _keys(self, client: OAuthClient) -> list[Key]:
        made = self._records.get(RecordKind.CLIENT_KEY, client.id)
        own = client.keys.keys if client.keys is not None else []
        return [*own, *(KeySet.import_key_set(made["jwks"]).keys if made else [])]

    def _assertion(
        self,
        client: OAuthClient,
        assertion: str,
        keys: list[Key],
        algorithms: tuple[str, ...],
        accepted: frozenset[str],
    ) -> str:
        """What is wrong with an assertion (RFC 7523, 3); "" where nothing is. A good one is good once."""
        try:
            claims = signed_by(assertion, keys, algorithms)
        except NotSigned as error:
            return f"the assertion: {error}"
        return self._claimed(client, claims, accepted)

    def _claimed(self, client: OAuthClient, claims: Mapping[str, Any], accepted: frozenset[str]) -> str:
        now, ends, jti = self._wall(), claims.get("exp"), claims.get("jti")
        if claims.get("iss") != client.id or claims.get("sub") != client.id:
            return "iss and sub of the assertion have to be the client_id"
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if not any(isinstance(each, str) and each in accepted for each in named):
            return "aud of the assertion has to be the token endpoint, or the issuer"
        if not isinstance(ends, int | float) or isinstance(ends, bool):
            return "exp of the assertion is missing, or no number"
        if ends <= now.timestamp() - _SKEW:
            return "the assertion has expired"
        if ends > now.timestamp() + MOST_AHEAD + _SKEW:
            return f"exp of the assertion is more than {MOST_AHEAD} s ahead"
        for name in ("nbf", "iat"):
            if name in claims and (not _is_number(claims[name]) or claims[name] > now.timestamp() + _SKEW):
                return f"{name} of the assertion is in the future, or no number"
        if not isinstance(jti, str) or not jti:
            return "jti of the assertion is missing"
        self._records.sweep(RecordKind.ASSERTION, now)
        until = now + timedelta(seconds=ends - now.timestamp() + _SKEW)
        fresh = self._records.put(RecordKind.ASSERTION, digest(client.id, jti), {}, until)
        return "" if fresh else "an assertion with this jti was used before"


def _certificate(client: OAuthClient, handshake: Handshake | None) -> str:
    if handshake is None or handshake.peer is None:
        return _NO_CERTIFICATE
    if client.method is AuthMethod.SELF_SIGNED_TLS:
        return "" if handshake.thumbprint == client.thumbprint else "the certificate is another"
    return "" if handshake.subject == client.subject else f"the certificate is of {handshake.subject}"


def _shown(asked: Introduction) -> _Shown:
    """How a client shows who it is. OAuthError where it does not, or does it twice."""
    form, found = asked.form, list[_Shown]()
    if asked.authorization is not None:
        found.append(_basic(asked.authorization))
    if "client_assertion" in form or "client_assertion_type" in form:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise invalid_request(f"client_assertion_type has to be {ASSERTION_TYPE}")
        assertion = form.get("client_assertion", "")
        methods = frozenset({AuthMethod.SECRET_JWT, AuthMethod.PRIVATE_KEY_JWT})
        found.append(_Shown(form.get("client_id") or _issuer(assertion), methods, assertion=assertion))
    if "client_secret" in form:
        given = form.get("client_id", "")
        found.append(_Shown(given, frozenset({AuthMethod.SECRET_POST}), secret=form["client_secret"]))
    if len(found) > 1:
        raise invalid_request("a client shows in one way who it is (RFC 6749, 2.3)")
    if found:
        if form.get("client_id", found[0].id) != found[0].id:
            raise invalid_request("client_id is not the client that is shown")
        return found[0]
    if not form.get("client_id"):
        raise invalid_client("no client is shown")
    return _Shown(form["client_id"], frozenset({AuthMethod.TLS, AuthMethod.SELF_SIGNED_TLS}))


def _basic(header: str) -> _Shown:
    """The client of an Authorization header (RFC 6749, 2.3.1: both parts are form-encoded before they are joined)."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        raise invalid_client("the token endpoint takes Basic only")
    try:
        text = base64.b64decode(rest.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise invalid_client("the Basic credentials cannot be read") from None
    name, colon, secret = text.partition(":")
    if not colon:
        raise invalid_client("the Basic credentials have no colon")
    return _Shown(unquote_plus(name), frozenset({AuthMethod.SECRET_BASIC}), secret=unquote_plus(secret))


def _issuer(assertion: str) -> str:
    """Whom an assertion says that it is of, before anything of it is believed."""
    try:
        found = unverified(assertion)[1].get("iss")
    except NotSigned as error:
        raise invalid_client(f"the assertion: {error}") from None
    if not isinstance(found, str):
        raise invalid_client("the assertion has no iss")
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
