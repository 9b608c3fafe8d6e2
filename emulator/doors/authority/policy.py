"""What an authorization server is told: its clients, and what its tokens are like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from joserfc.jwk import KeySet

DEFAULT_SCOPE: Final = "default"
"""The scope that is good for every operation that a client may call (the only one that the official contracts declare)."""
MOST_AHEAD: Final = 3600
"""Seconds that the end of an assertion may be ahead."""
ASSERTION_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519")
"""How an assertion of `private_key_jwt` may be signed."""
SECRET_ALGORITHMS: Final = ("HS256",)
"""The same of `client_secret_jwt`."""


class AuthMethod(StrEnum):
    """How a client shows the token endpoint who it is (RFC 6749 2.3, RFC 7523 2.2, RFC 8705 2)."""

    SECRET_BASIC = "client_secret_basic"  # noqa: S105 - a method
    SECRET_POST = "client_secret_post"  # noqa: S105 - a method
    SECRET_JWT = "client_secret_jwt"  # noqa: S105 - a method
    PRIVATE_KEY_JWT = "private_key_jwt"
    TLS = "tls_client_auth"
    SELF_SIGNED_TLS = "self_signed_tls_client_auth"

    @property
    def has_secret(self) -> bool:
        """Whether the client has a secret of words."""
        return self in {AuthMethod.SECRET_BASIC, AuthMethod.SECRET_POST, AuthMethod.SECRET_JWT}


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """A client, and the one method by which it is known.

    `secrets` are in clear, and only in memory. `keys` are public. `subject` is the distinguished name (RFC 4514) of a
    certificate that an authority has issued, `thumbprint` the SHA-256 (base64url) of a self-signed one. Without `scopes` it
    may ask for any.
    """

    id: str
    method: AuthMethod
    secrets: tuple[str, ...] = field(default=(), repr=False)
    keys: KeySet | None = field(default=None, repr=False)
    subject: str | None = None
    thumbprint: str | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """What an authorization server issues, and to whom.

    `issuer` and `audience` are fixed where the server is reached by another name than clients use; else both are the root
    that a client has asked. `lifetime` and `rotation` are seconds of the party's clock: of a token, and after which a new key
    signs. `operations` are all scopes but `default`: the operationIds of what is served.
    """

    clients: Mapping[str, OAuthClient]
    operations: frozenset[str] = frozenset()
    token: Literal["jwt", "opaque"] = "jwt"  # noqa: S105 - a kind
    algorithm: Literal["RS256", "ES256"] = "RS256"
    lifetime: float = 3600.0
    rotation: float = 86_400.0
    issuer: str | None = None
    audience: str | None = None


def scope_of(operation: str) -> str:
    """The scope of an operation: its operationId. A blank in it, which no scope may have (RFC 6749, 3.3), becomes `_`."""
    return operation.replace(" ", "_")
