"""Access tokens: JWTs (RFC 9068) or opaque ones, bound to a certificate where the client has shown one (RFC 8705, 3)."""

from __future__ import annotations

import secrets as chance
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from joserfc import jwt

from emulator.doors.authority.compact import NotSigned, signed_by, unverified
from emulator.doors.authority.digests import digest
from emulator.doors.authority.keys import Keys
from emulator.doors.authority.policy import Policy
from emulator.doors.authority.records import RecordKind, Records

TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
"""The `typ` of an access token (RFC 9068, 2.1)."""
SKEW: Final = 60.0
"""Seconds that clocks may differ by."""
_REMEMBERED: Final = 4096
"""Tokens whose signature is not checked anew with each request."""
_NUMBERS: Final = ("iat", "exp")
_LATEST: Final = 200_000_000_000
"""No moment of a token is later: some year beyond 8000."""


class TokenRefused(Exception):  # noqa: N818 - it is what it says
    """A token is not good; the text says why, without it."""


@dataclass(frozen=True, slots=True)
class AccessGrant:
    """What a token is good for: whose it is, for which scopes, until when by the party's clock.

    `audience` is the URL below which it is good, and `issuer` who issued it. `mark` is that by which it is revoked. `bound` is
    the thumbprint of the certificate that has to come with it.
    """

    client: str
    scopes: frozenset[str]
    issued: datetime
    until: datetime
    issuer: str
    audience: str
    mark: str
    bound: str | None = None


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What a token is to be good for, as a `AccessGrant` says it."""

    client: str
    scopes: frozenset[str]
    issuer: str
    audience: str
    bound: str | None = None


class Tokens:
    """Issues access tokens and reads them again. Safe to use from many threads.

    A token whose signature was found good is remembered by its digest, until it ends or something was revoked or rotated: a
    request costs a look into a table then.
    """

    def __init__(self, records: Records, policy: Policy, keys: Keys, ends: Callable[[float], datetime]) -> None:
        self._records, self._policy, self._keys, self._ends = records, policy, keys, ends
        self._lock = threading.Lock()
        self._known: OrderedDict[str, AccessGrant] = OrderedDict()
        self._turns = records.turns()

    # -- issuing -----------------------------------------------------------------------------------

    def issue(self, asked: TokenRequest, lifetime: float) -> str:
        """A new token, good for so many seconds of a partner's time."""
        issued, until = self._ends(0), self._ends(lifetime)
        if self._policy.token == "opaque":  # noqa: S105 - a kind
            return self._opaque(asked, issued, until)
        claims: dict[str, Any] = {
            "iss": asked.issuer,
            "sub": asked.client,
            "aud": asked.audience,
            "client_id": asked.client,
            "iat": int(issued.timestamp()),
            "exp": int(until.timestamp()),
            "jti": chance.token_urlsafe(16),
            "scope": " ".join(sorted(asked.scopes)),
        }
        if asked.bound is not None:
            claims["cnf"] = {"x5t#S256": asked.bound}
        key = self._keys.signing()
        header = {"alg": self._policy.algorithm, "kid": key.kid, "typ": "at+jwt"}
        return jwt.encode(header, claims, key, algorithms=[self._policy.algorithm])

    def _opaque(self, asked: TokenRequest, issued: datetime, until: datetime) -> str:
        token = chance.token_urlsafe(32)
        body = {
            "client": asked.client,
            "scopes": sorted(asked.scopes),
            "issued": issued.isoformat(),
            "until": until.isoformat(),
            "issuer": asked.issuer,
            "audience": asked.audience,
            "bound": asked.bound,
        }
        self._records.sweep(RecordKind.TOKEN, issued)
        self._records.put(RecordKind.TOKEN, digest(token), body, until)
        return token

    # -- reading -----------------------------------------------------------------------------------

    def read(self, token: str) -> AccessGrant:
        """What a token is good for. TokenRefused where it is not ours, has ended or was revoked."""
        seen = digest(token)
        grant = self._remembered(seen)
        if grant is None:
            grant = self._of_record(seen) if self._policy.token == "opaque" else self._of_jwt(token)  # noqa: S105 - a kind
            if self._records.get(RecordKind.REVOKED, grant.mark) is not None:
                raise TokenRefused("it was revoked")
            self._remember(seen, grant)
        if grant.until <= self._ends(0):
            raise TokenRefused("it has expired")
        return grant

    def _remembered(self, seen: str) -> AccessGrant | None:
        with self._lock:
            if (turns := self._records.turns()) != self._turns:
                self._known.clear()
                self._turns = turns
            return self._known.get(seen)

    def _remember(self, seen: str, grant: AccessGrant) -> None:
        with self._lock:
            self._known[seen] = grant
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)

    def _of_record(self, seen: str) -> AccessGrant:
        row = self._records.get(RecordKind.TOKEN, seen)
        if row is None:
            raise TokenRefused("it is no token of ours")
        moments = (datetime.fromisoformat(row["issued"]), datetime.fromisoformat(row["until"]))
        names = (row["issuer"], row["audience"], seen, row["bound"])
        return AccessGrant(row["client"], frozenset(row["scopes"]), *moments, *names)

    def _of_jwt(self, token: str) -> AccessGrant:
        try:
            header, _ = unverified(token)
            kid = header.get("kid")
            if str(header.get("typ", "")).lower() not in TYPES:
                raise TokenRefused("its typ is not at+jwt (RFC 9068, 2.1)")
            key = self._keys.public(kid) if isinstance(kid, str) else None
            if key is None:
                raise TokenRefused("no key of ours has its kid")
            claims = signed_by(token, [key], (self._policy.algorithm,))
        except NotSigned as error:
            raise TokenRefused(str(error)) from None
        return self._granted(claims)

    def _granted(self, claims: Mapping[str, Any]) -> AccessGrant:
        """The grant of claims that we have signed, checked all the same (RFC 9068, 4)."""
        for name in _NUMBERS:
            value = claims.get(name)
            if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= _LATEST:
                raise TokenRefused(f"{name} is no moment")
        zone = self._ends(0).tzinfo
        issued, until = (datetime.fromtimestamp(claims[name], zone) for name in _NUMBERS)
        if issued > self._ends(SKEW):
            raise TokenRefused("it was issued in the future")
        issuer, audience = str(claims.get("iss", "")), claims.get("aud")
        if self._policy.issuer is not None and issuer != self._policy.issuer:
            raise TokenRefused("another issuer's")
        if not isinstance(audience, str) or (self._policy.audience is not None and audience != self._policy.audience):
            raise TokenRefused("it is for another audience")
        confirmed = claims.get("cnf")
        bound = confirmed.get("x5t#S256") if isinstance(confirmed, dict) else None
        # Not the token's own digest: the letters of a signature can be changed so that it stays the same signature.
        mark = digest("jti", str(claims.get("jti")))
        scopes = frozenset(str(claims.get("scope", "")).split())
        return AccessGrant(str(claims.get("client_id")), scopes, issued, until, issuer, audience, mark, bound)

    # -- ending ------------------------------------------------------------------------------------

    def revoke(self, grant: AccessGrant) -> None:
        """From now on a token is good for nothing."""
        self._records.sweep(RecordKind.REVOKED, self._ends(0))
        self._records.put(RecordKind.REVOKED, grant.mark, {}, grant.until)
        self._records.turn()

    def forget_all(self) -> None:
        """No token that was issued so far is good any more: keys are new, opaque tokens are forgotten."""
        for seen, _ in self._records.all(RecordKind.TOKEN):
            self._records.remove(RecordKind.TOKEN, seen)
        self._keys.rotate(forget=True)
