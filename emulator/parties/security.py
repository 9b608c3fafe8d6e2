"""How an emulated party is secured: the `security` of a profile, as it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeGuard

from emulator.standard.release import Release

Loose = tuple[str, bool, str]
"""As `coherence` has it: a JSON Pointer, whether its key is meant, and what is wrong there."""
MethodName = Literal[
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
]
PLACES: Final = ("/security", "/buyer/security")
"""Where a profile says it: of our seller, and of our buyer, who protects its callbacks likewise."""
GENERATED: Final = "oit-client"
"""The client of a party that names none."""
REFERENCES: Final = ("env:", "file:")
_ID: Final = re.compile(r"[\x20-\x7b\x7d\x7e]{1,200}", re.ASCII)
_MOST_SECONDS: Final = 366 * 86_400
_FILES: Final = ("jwks", "certificate")


@dataclass(frozen=True, slots=True)
class ClientSection:
    """A client, and the one method by which it shows who it is.

    A secret is named by reference: `env:NAME` or `file:PATH`. Without one, and without `jwks` for private_key_jwt, secret or
    key are made and shown once. `jwks` is a file with public keys, `certificate` one in PEM with the client's certificate;
    `subject` is the distinguished name (RFC 4514) that tls_client_auth expects in it. `scopes` are operationIds, or default.
    """

    id: str
    method: MethodName = "client_secret_basic"
    secret: str | None = None
    jwks: str | None = None
    certificate: str | None = None
    subject: str | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SecuritySection:
    """Whether a party has an authorization server of its own, and what that issues. Seconds are of a partner's time."""

    kind: Literal["none", "oauth2"] = "none"
    token: Literal["jwt", "opaque"] = "jwt"  # noqa: S105 - a kind
    algorithm: Literal["RS256", "ES256"] = "RS256"
    lifetime: float = 3600
    rotation: float = 86_400
    issuer: str | None = None
    audience: str | None = None
    clients: tuple[ClientSection, ...] = ()


@dataclass(frozen=True, slots=True)
class BuyerSection:
    """What our buyer is like, where it stands beside our seller or hears a partner's."""

    security: SecuritySection = field(default_factory=SecuritySection)


def spelt_out(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A profile with the short form of `security` written as the long one: `oauth2` is `{kind: oauth2}`."""
    found = dict(raw)
    if isinstance(found.get("security"), str):
        found["security"] = {"kind": found["security"]}
    buyer = found.get("buyer")
    if isinstance(buyer, Mapping) and isinstance(buyer.get("security"), str):
        found["buyer"] = {**buyer, "security": {"kind": buyer["security"]}}
    return found


def with_paths(raw: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A profile whose references to files begin at the folder of the file that has them."""
    found = dict(raw)
    if _is_map(found.get("security")):
        found["security"] = _anchored(found["security"], folder)
    buyer = found.get("buyer")
    if _is_map(buyer) and _is_map(buyer.get("security")):
        found["buyer"] = {**buyer, "security": _anchored(buyer["security"], folder)}
    return found


def _anchored(security: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    clients = security.get("clients")
    if not isinstance(clients, list):
        return dict(security)
    return {**security, "clients": [_with_path(one, folder) if _is_map(one) else one for one in clients]}


def _with_path(client: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    found = dict(client)
    for name in _FILES:
        if isinstance(found.get(name), str):
            found[name] = str(folder / found[name])
    secret = found.get("secret")
    if isinstance(secret, str) and secret.startswith("file:"):
        found["secret"] = f"file:{folder / secret.removeprefix('file:')}"
    return found


def names_clients(raw: Any) -> Iterator[str]:
    """The places of a profile that names clients. Only the file that a user names himself may: they name secrets and files."""
    for place in PLACES:
        value: Any = raw
        for name in place.split("/")[1:]:
            value = value.get(name) if _is_map(value) else None
        if _is_map(value) and value.get("clients"):
            yield f"{place}/clients"


def security_problems(raw: Mapping[str, Any], release: Release) -> Iterator[Loose]:
    """What does not fit together in what a profile says of security."""
    scopes = {"default"} | {name.replace(" ", "_") for one in release.contracts() for name in one.operations}
    for place in PLACES:
        found: Any = raw
        for name in place.split("/")[1:]:
            found = found.get(name) if _is_map(found) else None
        if not _is_map(found):
            continue
        for name in ("lifetime", "rotation"):
            value = found.get(name)
            if isinstance(value, int | float) and not 1 <= value <= _MOST_SECONDS:
                yield f"{place}/{name}", False, f"{value!r:.60} is no number of seconds from 1 to a year"
        clients, seen = found.get("clients"), set[Any]()
        for index, client in enumerate(clients if isinstance(clients, list) else ()):
            if _is_map(client):
                yield from _client_problems(client, f"{place}/clients/{index}", seen, scopes)


def _client_problems(client: Mapping[str, Any], place: str, seen: set[Any], scopes: set[str]) -> Iterator[Loose]:
    name, secret, named = client.get("id"), client.get("secret"), client.get("scopes")
    if isinstance(name, str) and _ID.fullmatch(name) is None:
        yield f"{place}/id", False, "a client_id has visible ASCII characters, blanks, and no bar (RFC 6749, A.1)"
    if name in seen:
        yield f"{place}/id", False, f"there is a client {name!r:.60} already"
    seen.add(name if isinstance(name, str) else None)
    if isinstance(secret, str) and not secret.startswith(REFERENCES):
        # The value may be the secret itself: it is not told.
        yield f"{place}/secret", False, "a secret is named by reference: env:NAME, or file:PATH"
    yield from _method_problems(client, place)
    for index, scope in enumerate(named if isinstance(named, list) else ()):
        if isinstance(scope, str) and scope not in scopes:
            yield (
                f"{place}/scopes/{index}",
                False,
                f"there is no operation {scope!r:.60}; scopes are operationIds, or default",
            )


def _method_problems(client: Mapping[str, Any], place: str) -> Iterator[Loose]:
    """What a client has that its method has no use for, and what its method needs."""
    method = str(client.get("method", "client_secret_basic"))
    fitting = {"secret": method.startswith("client_secret"), "jwks": method == "private_key_jwt"}
    for member, fits in {**fitting, "subject": method == "tls_client_auth"}.items():
        if client.get(member) is not None and not fits:
            yield f"{place}/{member}", True, f"{method} has no {member}"
    has = {member for member in ("certificate", "subject") if client.get(member) is not None}
    if method == "self_signed_tls_client_auth" and "certificate" not in has:
        yield place, False, f"{method} needs certificate: the file (PEM) with the client's own certificate"
    if method == "tls_client_auth" and not has:
        yield place, False, f"{method} needs subject, as CN=acme,O=Acme, or certificate: a file (PEM) that has it"


def _is_map(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)
