"""What a client proves itself with at a token endpoint: a JWT that it signs (RFC 7523, 2.2). joserfc signs it."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any, Final, cast

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey, import_key

Key = RSAKey | ECKey | OKPKey | OctKey

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFETIME: Final = 120
"""Seconds for which an assertion is good: it is used at once, and clocks differ."""
_OF_CURVES: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "secp256k1": "ES256K"}
_OF_KEYS: Final[dict[str, frozenset[str]]] = {
    "RSA": frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
    "EC": frozenset(_OF_CURVES.values()),
    "OKP": frozenset({"EdDSA", "Ed25519", "Ed448"}),
    "oct": frozenset({"HS256", "HS384", "HS512"}),
}


class Unusable(ValueError):  # noqa: N818 - it is what it says
    """A key that nothing can be signed with, and why; never what stands in it."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A key and how it signs. `kid` is told in the header, by which the server finds the other half."""

    key: Key
    alg: str
    kid: str | None = None

    def assertion(self, client: str, audience: str, lifetime: int = _LIFETIME) -> str:
        """A JWT that says who we are, to this audience and for a moment (RFC 7523, 3): iss, sub, aud, iat, exp, jti.

        `lifetime` are the seconds until it ends; it has ended where they are negative.
        """
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": client,
            "sub": client,
            "aud": audience,
            "iat": now,
            "exp": now + lifetime,
            "jti": uuid.uuid4().hex,
        }
        return self.signed({"alg": self.alg, **({"kid": self.kid} if self.kid else {})}, claims)

    def signed(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """A JWT by this key."""
        return jwt.encode(header, claims, self.key, algorithms=[self.alg])


def signer_of_secret(secret: str, alg: str | None, kid: str | None) -> Signer:
    """One that signs with a secret that both have. Raises Unusable."""
    return _signer(OctKey.import_key(secret), alg or "HS256", kid)


def signer_of_key(text: str, passphrase: str | None, alg: str | None, kid: str | None) -> Signer:
    """One that signs with a private key, in PEM or as JWK. Raises Unusable."""
    key = _of_jwk(text) if text.lstrip().startswith("{") else _of_pem(text, passphrase)
    return _signer(key, alg or _usual(key), kid or key.kid)


def _signer(key: Key, alg: str, kid: str | None) -> Signer:
    if alg not in _OF_KEYS[key.key_type]:
        why = f"{alg} is not what a key of type {key.key_type} signs with: {', '.join(sorted(_OF_KEYS[key.key_type]))}"
        raise Unusable(why)
    made = Signer(key, alg, kid)
    try:
        made.assertion("try", "try")
    except (JoseError, ValueError) as error:
        raise Unusable(f"nothing can be signed with it by {alg}: {type(error).__name__}") from None
    return made


def _usual(key: Key) -> str:
    """The algorithm that a key of this type is mostly used with; RS256 is what the samples of MEF W128.1 have."""
    match key:
        case ECKey():
            return _OF_CURVES.get(str(key.curve_name), "ES256")
        case OKPKey():
            return "EdDSA"
        case _:
            return "RS256"


def _of_jwk(text: str) -> Key:
    try:
        key = import_key(cast("dict[str, Any]", json.loads(text)))
    except (JoseError, ValueError, TypeError, KeyError):
        raise Unusable("this is no private key as JWK (RFC 7517)") from None
    if not key.is_private:
        raise Unusable("this is a public key, and a private one is needed to sign")
    return key


def _of_pem(text: str, passphrase: str | None) -> Key:
    try:
        found = load_pem_private_key(text.encode(), passphrase.encode() if passphrase else None)
    except TypeError:
        why = "the key needs a 'passphrase'" if passphrase is None else "the key has no passphrase: leave it out"
        raise Unusable(why) from None
    except Exception:  # noqa: BLE001 - cryptography has many ways to say no
        raise Unusable("this is no private key in PEM or as JWK, or the passphrase is not its own") from None
    raw = found.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    match found:
        case RSAPrivateKey():
            return RSAKey.import_key(raw)
        case EllipticCurvePrivateKey():
            return ECKey.import_key(raw)
        case Ed25519PrivateKey() | Ed448PrivateKey():
            return OKPKey.import_key(raw)
        case _:
            raise Unusable("a key of this type signs no JWT")


def signer_like(signer: Signer) -> Signer:
    """One that signs in the same way and says the same kid, by a key that was made just now."""
    match signer.key:
        case ECKey():
            made: Key = ECKey.generate_key(signer.key.curve_name)
        case OKPKey():
            made = OKPKey.generate_key(signer.key.curve_name)
        case OctKey():
            made = OctKey.generate_key(512)
        case _:
            made = RSAKey.generate_key(2048)
    return Signer(made, signer.alg, signer.kid)
