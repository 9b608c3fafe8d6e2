"""What an authorization server is asked: discovery (RFC 8414), tokens (RFC 6749), keys, introspection (RFC 7662), revocation
(RFC 7009). One grant is known, that of machines: client credentials. There are no refresh tokens, nobody registers himself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from emulator.doors.authority.answers import OAuthError, invalid_request, said
from emulator.doors.authority.clients import Clients, Introduction
from emulator.doors.authority.keys import Keys
from emulator.doors.authority.policy import (
    ASSERTION_ALGORITHMS,
    DEFAULT_SCOPE,
    SECRET_ALGORITHMS,
    AuthMethod,
    OAuthClient,
    Policy,
)
from emulator.doors.authority.tokens import AccessGrant, TokenRefused, TokenRequest, Tokens
from emulator.doors.troubles import TokenTrouble
from emulator.doors.visit import Visit
from emulator.record.call import Reply
from emulator.record.secrets import learn
from emulator.record.secured import DISCOVERY, INTROSPECTION, JWKS, REVOCATION, TOKEN

GRANT: Final = "client_credentials"
_OPENID: Final = "/.well-known/openid-configuration"
_OAUTH: Final = "/.well-known/oauth-authorization-server"
_TOKEN_PATH: Final = "/oauth2/token"  # noqa: S105 - a path
_JWKS_PATH: Final = "/oauth2/jwks"
_PATHS: Final[Mapping[str, str]] = {
    _OPENID: DISCOVERY,
    _OAUTH: DISCOVERY,
    _TOKEN_PATH: TOKEN,
    "/oauth2/lsoApiToken/": TOKEN,  # where the security documents of release Dolly have it
    "/oauth2/lsoApiToken": TOKEN,
    _JWKS_PATH: JWKS,
    "/oauth2/introspect": INTROSPECTION,
    "/oauth2/revoke": REVOCATION,
}
_READ: Final = frozenset({DISCOVERY, JWKS})
"""What is read with GET; everything else is posted."""
_FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 100
_PUBLIC: Final[Mapping[str, str]] = {"Cache-Control": "public, max-age=60"}


def duty_at(path: str) -> str | None:
    """What is asked for at a path (without a run's prefix): one of `secured.DUTIES`; None where that is no endpoint."""
    found = _PATHS.get(path)
    # An issuer with a path has its document behind the well-known one (RFC 8414, 3.1).
    return DISCOVERY if found is None and path.startswith(f"{_OAUTH}/") else found


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Answers what an authorization server is asked. `trouble` is what goes wrong with tokens on purpose."""

    policy: Policy
    clients: Clients
    keys: Keys
    tokens: Tokens
    trouble: Callable[[], TokenTrouble | None] = lambda: None

    def answer(self, visit: Visit, duty: str) -> Reply:
        """The answer to a request for one of `secured.DUTIES`. Never raises but for what is our own fault."""
        allowed = ("GET", "HEAD") if duty in _READ else ("POST",)
        if visit.request.method not in allowed:
            allow = {"Allow": ", ".join(allowed)}
            return OAuthError("invalid_request", f"{visit.request.method} is not allowed here", 405, allow).reply()
        answers = {
            DISCOVERY: self._discovery,
            JWKS: lambda _: Reply(200, self.keys.jwks(), _PUBLIC),
            TOKEN: self._token,
            INTROSPECTION: self._introspection,
            REVOCATION: self._revocation,
        }
        try:
            return answers[duty](visit)
        except OAuthError as error:
            return error.reply()

    # -- discovery ---------------------------------------------------------------------------------

    def _root(self, visit: Visit) -> str:
        """The issuer that a client has asked."""
        behind = visit.path.removeprefix(_OAUTH) if visit.path.startswith(f"{_OAUTH}/") else ""
        return self.policy.issuer or visit.root + behind.rstrip("/")

    def _discovery(self, visit: Visit) -> Reply:
        root, policy = self._root(visit), self.policy
        base = root.rstrip("/")
        document: dict[str, Any] = {
            "issuer": root,
            "token_endpoint": base + _TOKEN_PATH,
            "jwks_uri": base + _JWKS_PATH,
            "introspection_endpoint": f"{base}/oauth2/introspect",
            "revocation_endpoint": f"{base}/oauth2/revoke",
            "grant_types_supported": [GRANT],
            "response_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [policy.algorithm],
            "scopes_supported": [DEFAULT_SCOPE, *sorted(policy.operations)],
            "tls_client_certificate_bound_access_tokens": True,
        }
        for endpoint in ("token", "introspection", "revocation"):
            document[f"{endpoint}_endpoint_auth_methods_supported"] = [str(method) for method in AuthMethod]
            document[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = [
                *ASSERTION_ALGORITHMS,
                *SECRET_ALGORITHMS,
            ]
        return Reply(200, document, _PUBLIC)

    # -- tokens ------------------------------------------------------------------------------------

    def _token(self, visit: Visit) -> Reply:
        form = _form(visit)
        client = self._client(visit, form)
        grant = form.get("grant_type")
        if grant is None:
            raise invalid_request("grant_type is missing")
        if grant != GRANT:
            raise OAuthError("unsupported_grant_type", f"{GRANT} is the only grant here")
        scopes, root = self._scopes(client, form.get("scope")), self._root(visit)
        trouble = self.trouble()
        lifetime = self.policy.lifetime if trouble is None or trouble.lifetime is None else trouble.lifetime
        bound = visit.handshake.thumbprint if visit.handshake is not None else None
        asked = TokenRequest(client.id, scopes, root, self._audience(form, root), bound)
        token = self.tokens.issue(asked, lifetime)
        learn(token, passing=True)
        body = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": int(lifetime),
            "scope": " ".join(sorted(scopes)),
        }
        return said(body)

    def _client(self, visit: Visit, form: Mapping[str, str]) -> OAuthClient:
        """The client that asks; OAuthError where it does not show who it is."""
        bases = {self._root(visit).rstrip("/"), visit.root}
        paths = ("", "/", *(path for path, duty in _PATHS.items() if duty == TOKEN), visit.path)
        accepted = frozenset(base + path for base in bases for path in paths)
        introduction = Introduction(form, visit.request.header("authorization"), visit.handshake, accepted)
        return self.clients.authenticate(introduction)

    def _scopes(self, client: OAuthClient, wanted: str | None) -> frozenset[str]:
        """The scopes that a client gets: those it wants, or all of its own. OAuthError where one is not its own."""
        own = frozenset(client.scopes)
        if wanted is None:
            return own or frozenset({DEFAULT_SCOPE})
        asked = frozenset(wanted.split(" ")) - {""}
        if not asked:
            raise OAuthError("invalid_scope", "scope names none")
        known = own or self.policy.operations | {DEFAULT_SCOPE}
        if DEFAULT_SCOPE in own:
            known |= self.policy.operations
        if strange := sorted(asked - known):
            raise OAuthError("invalid_scope", f"this client has no scope {_plain(strange[0])}")
        return asked

    def _audience(self, form: Mapping[str, str], root: str) -> str:
        """Where a token is good: below our root, or what the client says instead (RFC 8707, 2)."""
        if self.policy.audience is not None:
            wanted = form.get("resource") or form.get("audience") or self.policy.audience
            if wanted != self.policy.audience:
                raise OAuthError("invalid_target", "tokens are issued for another audience here")
            return wanted
        wanted = form.get("resource") or form.get("audience") or root
        if wanted.rstrip("/") != root.rstrip("/") and not wanted.startswith(root.rstrip("/") + "/"):
            raise OAuthError("invalid_target", "tokens are issued for what is below this issuer")
        return wanted

    # -- of tokens that are there ------------------------------------------------------------------

    def _introspection(self, visit: Visit) -> Reply:
        """What a token is good for, to the client that it was issued to; to others it is none (RFC 7662, 2.2)."""
        grant = self._own(visit)
        if grant is None:
            return said({"active": False})
        body: dict[str, Any] = {
            "active": True,
            "client_id": grant.client,
            "sub": grant.client,
            "token_type": "Bearer",
            "scope": " ".join(sorted(grant.scopes)),
            "iss": grant.issuer,
            "aud": grant.audience,
            "iat": int(grant.issued.timestamp()),
            "exp": int(grant.until.timestamp()),
        }
        if grant.bound is not None:
            body["cnf"] = {"x5t#S256": grant.bound}
        return said(body)

    def _revocation(self, visit: Visit) -> Reply:
        """200 whether or not there was such a token: who wants it gone need not be told (RFC 7009, 2.2)."""
        grant = self._own(visit)
        if grant is not None:
            self.tokens.revoke(grant)
        return Reply(200)

    def _own(self, visit: Visit) -> AccessGrant | None:
        """What the token is good for that a request is about; None where it is no good, or another client's."""
        form = _form(visit)
        client = self._client(visit, form)
        if "token" not in form:
            raise invalid_request("token is missing")
        try:
            grant = self.tokens.read(form["token"])
        except TokenRefused:
            return None
        return grant if grant.client == client.id else None


def _form(visit: Visit) -> dict[str, str]:
    """The parameters of a request; one without a value is left out (RFC 6749, 3.2). OAuthError where they cannot be read."""
    request = visit.request
    media = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if media != _FORM:
        raise invalid_request(f"parameters are sent as {_FORM}")
    if request.unread is not None:
        raise invalid_request("the body cannot be read")
    try:
        pairs = parse_qsl(request.raw.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise invalid_request("the body cannot be read as parameters") from None
    names = [name for name, _ in pairs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise invalid_request(f"{_plain(twice)} is there twice")
    return {name: value for name, value in pairs if value}


def _plain(word: str) -> str:
    """A stranger's word as an error may repeat it: RFC 6749 5.2 has no quotes, backslashes and letters beyond ASCII in one."""
    return "".join(sign if sign.isascii() and sign.isprintable() and sign not in '"\\' else "?" for sign in word[:60])
