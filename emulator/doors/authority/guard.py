"""Who is let in to the APIs: who shows an access token of ours (RFC 6750), and may do what it asks for (RFC 9068, 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from emulator.doors.authority.answers import REALM
from emulator.doors.authority.clients import Clients
from emulator.doors.authority.endpoints import Endpoints, duty_at
from emulator.doors.authority.keys import Keys, after
from emulator.doors.authority.policy import DEFAULT_SCOPE, Policy, scope_of
from emulator.doors.authority.records import Records
from emulator.doors.authority.tokens import AccessGrant, TokenRefused, Tokens
from emulator.doors.faults import Faults
from emulator.doors.troubles import AUTHORIZATION_API, TokenTrouble
from emulator.doors.visit import Visit
from emulator.record.call import ApiError
from emulator.record.exchange import Request
from emulator.record.payload import dump
from emulator.record.secured import TOKEN

MEDIA_TYPE: Final = "application/json"
MISSING: Final = "missingCredentials"
INVALID: Final = "invalidCredentials"


@dataclass(slots=True)
class Authority:
    """The authorization server of a party, and who stands before its APIs.

    As `authenticate` of a server it tells who asks, as `authorise` whether that one may; `duty` and `serve` are its own
    endpoints. `met` is told of each request that met trouble with tokens on purpose.
    """

    endpoints: Endpoints
    trouble: Callable[[], TokenTrouble | None] = lambda: None
    met: Callable[[], None] = lambda: None
    _rotated: TokenTrouble | None = field(default=None, init=False)

    api: str = field(default=AUTHORIZATION_API, init=False)

    @staticmethod
    def duty(path: str) -> str | None:
        """Which of `secured.DUTIES` a path is there for; None where it is none of ours."""
        return duty_at(path)

    def serve(self, visit: Visit, duty: str) -> None:
        """Fill the visit's answer."""
        reply = self.endpoints.answer(visit, duty)
        if duty == TOKEN and (trouble := self.trouble()) is not None and trouble.lifetime is not None:
            self.met()
        visit.answer.give(reply, b"" if reply.body is None else dump(reply.body), MEDIA_TYPE)

    async def authenticate(self, visit: Visit) -> str:
        """The client that asks. ApiError 401 where there is no token, or none that is good here."""
        self._make_trouble()
        token = _token(visit.request)
        if token is None:
            raise _unauthorized(
                MISSING, "An access token is needed", "Authorization: Bearer TOKEN; see " + _where(visit)
            )
        try:
            grant = self.endpoints.tokens.read(token)
        except TokenRefused as refused:
            raise _invalid(str(refused)) from None
        for problem in self._problems(grant, visit):
            raise _invalid(problem)
        visit.scopes = grant.scopes
        return grant.client

    def _problems(self, grant: AccessGrant, visit: Visit) -> Iterator[str]:
        policy = self.endpoints.policy
        if self.endpoints.clients.get(grant.client) is None:
            yield "its client is not known any more"
        here = (f"/r/{visit.run}" if visit.run else "") + visit.path
        if policy.audience is None and not _is_below(here, urlsplit(grant.audience).path):
            yield f"it is for {grant.audience}"
        shown = visit.handshake.thumbprint if visit.handshake is not None else None
        if grant.bound is not None and grant.bound != shown:
            yield "it is bound to a certificate, which was not shown on this connection (RFC 8705, 3)"

    def authorise(self, visit: Visit) -> None:
        """ApiError 403 where the token is not good for the operation."""
        if visit.operation is None or visit.scopes is None or DEFAULT_SCOPE in visit.scopes:
            return
        needed = scope_of(visit.operation)
        if needed in visit.scopes:
            return
        body = {
            "code": "accessDenied",
            "reason": "The access token is not good for this operation",
            "message": f"scope {needed}",
        }
        raise ApiError(403, body, {"WWW-Authenticate": _challenge(error="insufficient_scope", scope=needed)})

    def _make_trouble(self) -> None:
        trouble = self.trouble()
        if trouble is not None and trouble.rotate and trouble is not self._rotated:
            self._rotated = trouble
            self.endpoints.tokens.forget_all()
            self.met()


def _token(request: Request) -> str | None:
    """The token of a request: in its header, and nowhere else. ApiError 400 where it has two."""
    given = [value for name, value in request.headers if name.lower() == "authorization"]
    if len(given) > 1:
        challenge = _challenge(error="invalid_request")
        body = {"code": "invalidBody", "reason": "The request has more than one Authorization header"}
        raise ApiError(400, body, {"WWW-Authenticate": challenge})
    scheme, _, token = (given[0] if given else "").strip().partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token else None


def _invalid(why: str) -> ApiError:
    return _unauthorized(INVALID, "The access token is not good", why, error="invalid_token")


def _unauthorized(code: str, reason: str, message: str, **more: str) -> ApiError:
    body = {"code": code, "reason": reason, "message": message}
    return ApiError(401, body, {"WWW-Authenticate": _challenge(**more)})


def _challenge(**more: str) -> str:
    """A challenge as RFC 6750 3 has it; who has shown nothing is told no error."""
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in {"realm": REALM, **more}.items())


def _where(visit: Visit) -> str:
    return f"{visit.root}/.well-known/oauth-authorization-server"


def _is_below(path: str, base: str) -> bool:
    base = base.rstrip("/")
    return path == base or path.startswith(base + "/")


def opened(
    policy: Policy,
    records: Records,
    now: Callable[[], datetime],
    spread: Callable[[float], float],
    faults: Faults | None = None,
) -> Authority:
    """An authorization server that is told this, and keeps these records. Its moments are those of a party's clock; `spread`
    says how many of its seconds go by in one of a partner's.
    """
    ends = after(now, spread)
    keys = Keys(records, policy, ends)
    tokens, clients = Tokens(records, policy, keys, ends), Clients(policy.clients, records)
    if faults is None:
        return Authority(Endpoints(policy, clients, keys, tokens))
    endpoints = Endpoints(policy, clients, keys, tokens, faults.tokens)
    return Authority(endpoints, faults.tokens, faults.tokens_met)
