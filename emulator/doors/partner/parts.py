"""What may stand in `connection` of a partner's file, as dataclasses that `standard.strict` reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final


class Method(StrEnum):
    """How a client proves at a token endpoint who it is (RFC 6749, 2.3.1; RFC 7523, 2.2; RFC 8705, 2)."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    SECRET_JWT = "client_secret_jwt"  # noqa: S105 - the name of a method
    KEY_JWT = "private_key_jwt"
    TLS = "tls_client_auth"
    SELF_SIGNED_TLS = "self_signed_tls_client_auth"


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A certificate and its key, each in a file of PEM."""

    certificate: str
    key: str
    passphrase: str | None = None


WRONG: Final = ("expired", "other")
"""Certificates that a tester may have beside the right one: ours of old, whose time is over, and a good one of somebody else's."""


@dataclass(frozen=True, slots=True)
class TlsPart:
    """How TLS is spoken: whom we believe (`ca`, a PEM file), what we show (`certificate`, `key` and its `passphrase`).

    `minimum` is 1.2 or 1.3. `server_name` is the name that the server has to prove in place of the URL's, `pin` the SHA-256
    of its certificate. `insecure`: nobody looks who answers. `wrong` are certificates that the server has to refuse, by `WRONG`.
    """

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    passphrase: str | None = None
    minimum: Any = None
    server_name: str | None = None
    pin: str | None = None
    insecure: bool = False
    wrong: Mapping[str, ShownPart] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProxyPart:
    """A proxy in between: its URL, who we are to it, and the hosts that it does not stand before."""

    url: str
    username: str | None = None
    password: str | None = None
    bypass: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApiKeyPart:
    """A key in a header or in a parameter of the query."""

    value: str
    header: str | None = None
    query: str | None = None


@dataclass(frozen=True, slots=True)
class BasicPart:
    """A name and a password (RFC 7617)."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class BearerPart:
    """A token that does not change (RFC 6750)."""

    token: str


@dataclass(frozen=True, slots=True)
class OAuthPart:
    """Tokens of an authorization server, by client credentials (RFC 6749, 4.4).

    `issuer` is looked up (RFC 8414), `token_url` is asked. `scopes` is a list, `per_operation`, or a map from operation to
    scopes. `key` is a private key in PEM or as JWK.
    """

    client_id: str
    method: Method
    issuer: str | None = None
    token_url: str | None = None
    secret: str | None = None
    key: str | None = None
    passphrase: str | None = None
    kid: str | None = None
    alg: str | None = None
    assertion_audience: str | None = None
    scopes: Any = None
    audience: str | None = None
    resource: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    tls: TlsPart | None = None


@dataclass(frozen=True, slots=True)
class CredentialsPart:
    """Who we are to a partner: one of these."""

    api_key: ApiKeyPart | None = None
    basic: BasicPart | None = None
    bearer: BearerPart | None = None
    oauth2: OAuthPart | None = None


@dataclass(frozen=True, slots=True)
class ApiPart:
    """Where one API is: a root of its own, a base path that is not the standard's."""

    root: str | None = None
    base_path: str | None = None


@dataclass(frozen=True, slots=True)
class TimeoutsPart:
    """Seconds until a connection is there, and until a whole answer is."""

    connect: float = 10.0
    answer: float | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """How one side of a partner is reached.

    `root` is what comes before the base paths. `proxy` is a URL, a map, or `none`; without it the environment says. `rate` is how
    many requests we send in a second, at the most; `retries` how often what only reads is asked again where no answer came.
    """

    root: str | None = None
    apis: Mapping[str, ApiPart] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    credentials: CredentialsPart | None = None
    tls: TlsPart | None = None
    proxy: Any = None
    timeouts: TimeoutsPart = TimeoutsPart()
    retries: int = 0
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class CallbackCheck:
    """How `oit doctor` has our listener asked from outside: the URL of something that asks what stands for `{callback}`."""

    get: str


@dataclass(frozen=True, slots=True)
class HookCall:
    """An HTTP call of a hook: expressions in `url`, `headers` and `body` are filled in, a text that is a reference is a secret.

    `tls` is how TLS is spoken there. `timeout` are the seconds until a whole answer is there.
    """

    url: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    tls: TlsPart | None = None
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Deed:
    """What a hook does: an HTTP `call`, or a `command`, its words one by one. No shell reads it."""

    call: HookCall | None = None
    command: tuple[str, ...] = ()
    timeout: float = 60.0


@dataclass(frozen=True, slots=True)
class ClockPart:
    """A call that tells what time it is to the partner: `now` points at a date-time in its answer."""

    call: HookCall
    now: str = "/now"


@dataclass(frozen=True, slots=True)
class HookPart(Deed):
    """A hook: what has the partner behave in one way, and what undoes that.

    One that `moves` the partner's clock says by how much: a duration, or `asked`, and then `$hook.seconds` is what it is asked
    for. It is called in steps that may wait for `least` or longer, and after it the partner has the time `settles`, really,
    to do what is due. `clock` tells how far ahead it is when a run begins.
    """

    undo: Deed | None = None
    moves: str | None = None
    least: str = "1h"
    settles: str = "1s"
    clock: ClockPart | None = None


@dataclass(frozen=True, slots=True)
class ConnectionPart(Way):
    """How a partner is reached: its seller, and with `notifications` where its buyer hears.

    `claims` names profiles of security that it says to follow. `hooks` has behaviour on demand, by name;
    `*` is for all that have no hook of their own.
    """

    notifications: Way | None = None
    claims: tuple[str, ...] = ()
    hooks: Mapping[str, HookPart] = field(default_factory=dict)
    callback_check: CallbackCheck | None = None
