"""JWTs of strangers: what they say before they are believed, and whether a key has signed them (RFC 7519, 8725)."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

_LONGEST: Final = 16 * 1024
"""Characters of a token that is looked at."""


class NotSigned(ValueError):  # noqa: N818 - it is what it says
    """A text is no JWT, or no key of these has signed it. The text says why, and nothing of the token."""


class _Registry(JWSRegistry):
    """Headers may name more than we know (RFC 7515, 4), such as a chain of certificates; nothing of it is believed."""

    max_header_length = 8 * 1024


def unverified(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims of a JWT, of which nothing is believed yet. NotSigned."""
    if len(token) > _LONGEST:
        raise NotSigned("it is too long")
    try:
        found = jws.extract_compact(token.encode("ascii"), None, _registry(()))
        claims = json.loads(found.payload or b"")
    except Exception as error:  # noqa: BLE001 - whatever a stranger's text does to a library
        raise NotSigned(f"it is no JWT ({type(error).__name__})") from None
    if not isinstance(claims, dict):
        raise NotSigned("its claims are no object")
    return found.headers(), claims


def signed_by(token: str, keys: Iterable[Key], algorithms: tuple[str, ...]) -> Mapping[str, Any]:
    """The claims of a JWT that one of these keys has signed, by one of these algorithms. NotSigned where none has."""
    header, _ = unverified(token)
    if header.get("alg") not in algorithms:
        raise NotSigned(f"it is not signed by {' or '.join(algorithms)}")
    if "crit" in header:
        raise NotSigned("its header has crit, of which nothing is known here (RFC 7515, 4.1.11)")
    for key in keys:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            try:
                return jwt.decode(token, key, registry=_registry(algorithms)).claims
            except Exception:  # noqa: BLE001, S112 - whatever the reason is, this key did not sign it
                continue
    raise NotSigned("no key that is known has signed it")


def _registry(algorithms: tuple[str, ...]) -> JWSRegistry:
    return _Registry(algorithms=algorithms or None, strict_check_header=False)
