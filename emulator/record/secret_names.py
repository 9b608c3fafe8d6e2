"""The names by which secrets are told: one list of words, and what each place adds to it.

A name is split into its words: at capitals, at digits, at whatever is no letter. It is a secret's if one of its words is in
the list, or two that follow each other are. Names that the standard gives its own members are never a secret's in
a body, for the judge has to read them: `tests/doors/test_secret_names.py` compares with all of `specs/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Final
from urllib.parse import unquote_plus


class Place(StrEnum):
    """Where a name stands."""

    HEADER = "header"
    QUERY = "query"  # a parameter of a URL, or of a form
    MEMBER = "member"  # of a body, or in a text


_ENDS: Final = (
    "token", "secret", "password", "passwd", "passphrase", "passcode", "apikey", "accesskey", "secretkey", "privatekey",
    "subscriptionkey", "sessionid", "sessid", "sessionkey", "credential", "signature", "appkey", "authcode", "codeverifier",
    "samlresponse", "connectionstring",
)  # fmt: skip
"""A word that ends so is a secret's: those who write all in one case tell no words apart."""
_WORDS: Final = frozenset({
    "authorization", "auth", "pwd", "jwt", "cookie", "assertion", "sig", "passwort", "saml", "otp", "totp", "csrf", "xsrf",
    "hmac",
})  # fmt: skip
_BEFORE_KEY: Final = frozenset(
    {
        "access", "account", "api", "app", "auth", "client", "consumer", "encryption", "function", "hmac",
        "license", "master", "private", "secret", "security", "service", "session", "shared", "signing", "ssh",
        "storage", "subscription",
    }
)  # fmt: skip
_PAIRS: Final = frozenset({
    ("session", "id"), ("sess", "id"), ("pass", "word"), ("pass", "phrase"), ("pass", "code"), ("code", "verifier"),
    ("auth", "verifier"), ("device", "code"), ("user", "code"), ("client", "principal"), ("connection", "string"),
})  # fmt: skip
_OUTSIDE: Final = frozenset({"session", "sess", "sid", "bearer", "key", "authentication", "pass"})
"""More words of headers and parameters: in a body they are often a matter of products."""
_PARAMETERS: Final = frozenset({"code", "ticket"})
"""Whole names of parameters."""
_HARMLESS: Final = frozenset({
    "idempotency-key", "x-idempotency-key", "sec-websocket-key", "surrogate-key", "x-surrogate-key",
    "sec-fetch-site", "access-control-allow-headers",
})  # fmt: skip
"""Headers that sound like it and hold none."""

OF_THE_STANDARD: Final = frozenset(
    {"tokenRequestOffset", "tokenShare", "groupingKey", "authentication", "authenticationType"}
)
"""Members that the contracts have and that would be taken for a secret's, or nearly."""

OF_OAUTH: Final = frozenset(
    {
        "token_type",
        "token_type_hint",
        "token_endpoint",
        "token_endpoint_auth_method",
        "token_endpoint_auth_methods_supported",
        "token_endpoint_auth_signing_alg_values_supported",
        "authorization_endpoint",
        "authorization_servers",
        "authorization_response_iss_parameter_supported",
        "client_assertion_type",
        "auth_time",
        "id_token_signing_alg_values_supported",
        "introspection_endpoint_auth_methods_supported",
        "introspection_endpoint_auth_signing_alg_values_supported",
        "revocation_endpoint_auth_methods_supported",
        "revocation_endpoint_auth_signing_alg_values_supported",
        "tls_client_certificate_bound_access_tokens",
        "dpop_signing_alg_values_supported",
    }
)
"""Names of OAuth 2.0 and OpenID Connect (RFC 6749, 7521, 8414, 8705, 9728) that sound like a secret's and have none."""

_SPLIT: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LONG: Final = 200
_CODED: Final = 4
"""So often a name may be coded as a URL has it, one time in another."""
_more: set[tuple[str, ...]] = set()


def also(names: Iterable[str]) -> None:
    """Take these names for secrets' from now on, wherever they stand: as words, so `pin` has `X-Pin` and `simPin` too."""
    fresh = {words for name in names if (words := _words(name))} - _more
    if fresh:
        _more.update(fresh)
        _known.cache_clear()


def has_words(name: str) -> bool:
    """Whether a name can be told by its words."""
    return bool(_words(name))


def has_name(name: str, one: str) -> bool:
    """Whether the words of one name follow each other in another."""
    return _follow(_words(name), _words(one))


def _follow(words: tuple[str, ...], one: tuple[str, ...]) -> bool:
    return any(words[at : at + len(one)] == one for at in range(len(words) - len(one) + 1))


def extended() -> frozenset[tuple[str, ...]]:
    """The names that were added, each as its words."""
    return frozenset(_more)


def is_secret(name: str, place: Place) -> bool:
    """Whether what has this name is a secret."""
    # Of a name that nobody would think of the ends are looked at.
    return _known(name if len(name) <= _LONG else f"{name[:_LONG]}.{name[-_LONG:]}", place)


@lru_cache(maxsize=4096)
def _known(name: str, place: Place) -> bool:
    for _ in range(_CODED):
        if "%" not in name:
            break
        name = unquote_plus(name)
    if (place is Place.HEADER and name.lower() in _HARMLESS) or (place is Place.MEMBER and name in OF_THE_STANDARD):
        return False
    if place is not Place.HEADER and name in OF_OAUTH:
        return False
    words = _words(name)
    if place is Place.QUERY and name.lower() in _PARAMETERS:
        return True
    listed = _WORDS if place is Place.MEMBER else _WORDS | _OUTSIDE
    if any(_tells(word, listed) for word in words):
        return True
    if any(pair in _PAIRS or (pair[1] == "key" and pair[0] in _BEFORE_KEY) for pair in pairwise(words)):
        return True
    return any(_follow(words, one) for one in _more)


def _tells(word: str, listed: frozenset[str]) -> bool:
    return word in listed or word.endswith(_ENDS)


def _words(name: str) -> tuple[str, ...]:
    """The words of a name, small and without the s of a plural."""
    return tuple(_singular(word.lower()) for word in _SPLIT.findall(name))


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word  # noqa: PLR2004
