"""Tokens that look like a partner's and are none: of a JWT that we got, with another header, other claims, another signature.

joserfc signs them, by keys of ours that are made for it. Nothing here can make a token that a right server takes.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey, import_key
from joserfc.jws import JWSRegistry
from joserfc.registry import HeaderParameter

from emulator.record.secured import claimed

SIGNATURES: Final = ("own", "none", "broken", "embedded", "public_key")
"""By a key of ours; none at all (alg none); the issuer's, changed; by a key of ours that the header brings along; by the issuer's
public key, as if that were a shared secret (HS256).
"""
_MOMENTS: Final = frozenset({"exp", "nbf", "iat"})
_SPAN: Final = re.compile(r"([+-])(\d{1,6})([smhd])", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class NotForged(Exception):  # noqa: N818 - it is what it says
    """There is no such token to be made, and why."""


def altered(token: str, wanted: Mapping[str, Any], now: datetime, published: Callable[[str], Mapping[str, Any]]) -> str:
    """A token like this one with what is wanted: `claims` and `header` (None takes one away), and a `signature` of `SIGNATURES`.

    A moment among the claims may be written as a span from now, as `-10m`. `published` gives the keys of an issuer. NotForged.
    """
    header, claims = claimed(token)
    if header is None or claims is None:
        raise NotForged("the token is opaque to us: there is nothing in it that could be altered")
    header = _changed(header, wanted.get("header", {}))
    claims = _changed(claims, {name: _moment(name, value, now) for name, value in wanted.get("claims", {}).items()})
    match wanted.get("signature", "own"):
        case "broken":
            return _broken(token)
        case "none":
            return f"{_part({**header, 'alg': 'none'})}.{_part(claims)}."
        case "public_key":
            return _by_public_key(header, claims, published)
        case "embedded":
            key = _key(str(header.get("alg")))
            return signed({**header, "jwk": key.as_dict(private=False)}, claims, key)
        case _:
            return signed(header, claims, _key(str(header.get("alg"))))


def claims_of(token: str) -> Mapping[str, Any]:
    """What a token says, as far as it can be read."""
    return claimed(token)[1] or {}


def bound_to(token: str) -> bool:
    """Whether a token says that it is bound to a certificate (RFC 8705, 3.1)."""
    confirmed = claims_of(token).get("cnf")
    return isinstance(confirmed, dict) and "x5t#S256" in confirmed


def _changed(said: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**said, **changes}.items() if value is not None}


def _moment(name: str, value: Any, now: datetime) -> Any:
    found = _SPAN.fullmatch(value) if name in _MOMENTS and isinstance(value, str) else None
    if found is None:
        return value
    span = int(found[2]) * _SECONDS[found[3]]
    return int(now.timestamp()) + (span if found[1] == "+" else -span)


def _part(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()


def _broken(token: str) -> str:
    """The token with the first sign of its signature changed: the last one may have bits that say nothing."""
    head, claims, signature = token.split(".")
    return f"{head}.{claims}.{'B' if signature[:1] == 'A' else 'A'}{signature[1:]}"


@cache
def _key(alg: str) -> RSAKey | ECKey | OKPKey | OctKey:
    """A key of ours for an algorithm, made once."""
    curves = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "ES256K": "secp256k1"}
    if alg in curves:
        return ECKey.generate_key(curves[alg], auto_kid=True)
    if alg[:2] in ("RS", "PS"):
        return RSAKey.generate_key(2048, auto_kid=True)
    if alg in ("EdDSA", "Ed25519"):
        return OKPKey.generate_key("Ed25519", auto_kid=True)
    if alg[:2] == "HS":
        return OctKey.generate_key(512, auto_kid=True)
    raise NotForged(f"the token is signed by {alg!r:.40}, for which we make no key")


def signed(header: Mapping[str, Any], claims: Mapping[str, Any], key: Any) -> str:
    """A JWT by a key, whatever its header says: what it calls critical too. NotForged."""
    try:
        alg = str(header["alg"])
        critical = {str(name): HeaderParameter("unknown", _anything) for name in header.get("crit", ())}
        registry = JWSRegistry(critical, algorithms=[alg], strict_check_header=False)
        return jwt.encode(dict(header), dict(claims), key, registry=registry)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise NotForged(f"no such token can be made: {type(error).__name__}") from None


def _anything(_: Any) -> None:
    """Nobody minds what a header says that nobody knows."""


def _by_public_key(
    header: Mapping[str, Any], claims: Mapping[str, Any], published: Callable[[str], Mapping[str, Any]]
) -> str:
    found = published(str(claims.get("iss", ""))).get("keys")
    named = [key for key in found if isinstance(key, dict) and key.get("kid") == header.get("kid")] if found else []
    if not named:
        raise NotForged("the issuer publishes no key that the token names: nothing can be signed with it")
    try:
        pem = import_key(named[0]).as_pem(private=False)  # type: ignore[union-attr]
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise NotForged(f"the issuer's key cannot be read: {type(error).__name__}") from None
    # joserfc rightly refuses a public key for a secret: that is the attack.
    said = f"{_part({**header, 'alg': 'HS256'})}.{_part(claims)}"
    signing = HMAC(pem, SHA256())
    signing.update(said.encode())
    return f"{said}.{base64.urlsafe_b64encode(signing.finalize()).rstrip(b'=').decode()}"
