"""What is known of an exchange's security, without a secret in it: the TLS connection, certificates, what tokens say.

Tokens are found while an exchange is masked: afterwards there is nothing left to find. Of a JWT (RFC 7519) header and claims
are kept, and never the signature, without which it is worth nothing. Of an opaque token is kept that it was there.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

from emulator.record.payload import MISSING, dump, parse
from emulator.record.secrets import masked_text, masked_value, without_secrets

REQUEST: Final = "request"
RESPONSE: Final = "response"
AUTHORIZATION: Final = "authorization"
"""The `kind` of an exchange with an authorization server: it has no API, and one of `DUTIES` for its operation."""
TOKEN: Final = "token"  # noqa: S105 - an operation
DISCOVERY: Final = "discovery"
JWKS: Final = "jwks"
INTROSPECTION: Final = "introspection"
REVOCATION: Final = "revocation"
DUTIES: Final = (TOKEN, DISCOVERY, JWKS, INTROSPECTION, REVOCATION)
"""What an authorization server is asked for (RFC 6749, 3.2; RFC 8414; RFC 7517; RFC 7662; RFC 7009)."""

REVOKED: Final = "a token that was revoked"
"""A `flaw`: by RFC 7009, and not by MEF 128, such a token is not to be taken."""

HEADER_PLACE: Final = "header Authorization"
FORM_PLACE: Final = "form "
QUERY_PLACE: Final = "query "

TOKENS: Final = "identities"
"""The member of JSON that has the tokens: `tokens` is a secret's name, and would be masked wherever JSON is looked through."""

_LONGEST: Final = 16 * 1024
"""Characters of a token that is read; a longer one is as good as opaque."""
_LARGEST: Final = 64 * 1024
"""Bytes of a body that tokens are looked for in."""
_MOST: Final = 8
"""Tokens of one exchange that are kept."""
_MOST_FIELDS: Final = 64
_MOST_NAMES: Final = 50
_REMEMBERED: Final = 128
"""Tokens that are not read anew where they are shown again."""
_LONG_TEXT: Final = 500
_JWS_PARTS: Final = 3
_JWE_PARTS: Final = 5
_SCHEMES: Final = frozenset(
    {
        "basic",
        "bearer",
        "digest",
        "dpop",
        "gnap",
        "hoba",
        "mutual",
        "negotiate",
        "oauth",
        "privatetoken",
        "scram-sha-1",
        "scram-sha-256",
        "vapid",
        "token",
        "apikey",
        "jwt",
    }
)
"""Schemes of HTTP authentication (IANA), and some in use. Another word in their place may be the secret itself."""
_IN_FORMS: Final = frozenset(
    {"client_assertion", "assertion", "token", "access_token", "refresh_token", "subject_token", "request"}
)
_IN_QUERIES: Final = frozenset({"access_token", "client_assertion", "request"})
_IN_ANSWERS: Final = ("access_token", "id_token", "refresh_token")
_MASKED: Final = re.compile(r"\*\*\*(?:[0-9a-f]{8})?")
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*+", re.ASCII)

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Certificate:
    """An X.509 certificate: who it is of, who vouches for it (distinguished names as RFC 4514 writes them), for which names.

    `sha256` is the digest of the whole certificate, in small hexadecimal digits.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    sha256: str


@dataclass(frozen=True, slots=True)
class Tls:
    """A TLS connection: `version` as `TLSv1.3`, `cipher` as OpenSSL names it, and the certificates that were shown on it.

    `client` is None where the client showed none, `server` where nobody looked at it.
    """

    version: str
    cipher: str
    server: Certificate | None = None
    client: Certificate | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A token, or other credentials, that an exchange carried.

    `where` is `header Authorization`, `form NAME`, `query NAME` or a JSON Pointer; `half` is `request` or `response`.
    `scheme` is that of HTTP authentication, or the `token_type` beside a token that was issued; "" where there is none that
    is known. `header` and `claims` are of a JWT; both are None where the token is opaque, `claims` where it is encrypted.
    """

    where: str
    half: str
    scheme: str
    header: Mapping[str, Any] | None = None
    claims: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Secured:
    """What is known of the security of an exchange. `tls` is None where the connection had none, or nobody looked.

    `flaw` says what is wrong with the credentials of the request where our side made them wrong on purpose (`no token`,
    `expired`, `other audience`); "" where it did not.
    """

    tls: Tls | None = None
    tokens: tuple[Token, ...] = ()
    flaw: str = ""

    def masked(self) -> Secured:
        """The same as it may be kept, whoever wrote it."""
        clean = tuple(
            replace(token, header=_clean_header(token.header), claims=_clean(token.claims)) for token in self.tokens
        )
        return self if clean == self.tokens else replace(self, tokens=clean)


def with_tokens(secured: Secured | None, tokens: tuple[Token, ...]) -> Secured | None:
    """What is known, and the tokens that were found; what was known of tokens before stays, since they are masked by now."""
    if secured is None:
        return Secured(None, tokens) if tokens else None
    return replace(secured, tokens=tokens).masked() if tokens and not secured.tokens else secured.masked()


def request_tokens(headers: Headers, url: str, body: bytes) -> tuple[Token, ...]:
    """The tokens of a request that nothing of is masked yet; `body` is b"" where it is known to hold none. Never raises."""
    found = [*_authorizations(headers)]
    if "access_token=" in url or "client_assertion=" in url or "request=" in url:
        found += _fields(url.partition("#")[0].partition("?")[2], _IN_QUERIES, QUERY_PLACE)
    if body and len(body) <= _LARGEST and body.lstrip()[:1] not in (b"{", b"["):
        found += _fields(body.decode("utf-8", "replace"), _IN_FORMS, FORM_PLACE)
    return tuple(found[:_MOST])


def response_tokens(body: bytes) -> tuple[Token, ...]:
    """The tokens that an answer issues (RFC 6749, 5.1), of which nothing is masked yet. Never raises."""
    if len(body) > _LARGEST or b"_token" not in body:
        return ()
    value = parse(body).value
    if not isinstance(value, dict):
        return ()
    scheme = _scheme(value.get("token_type"))
    named = ((name, value.get(name)) for name in _IN_ANSWERS)
    return tuple(
        _token(f"/{name}", RESPONSE, scheme if name == "access_token" else "", text)
        for name, text in named
        if isinstance(text, str) and _is_there(text)
    )


def _authorizations(headers: Headers) -> Iterator[Token]:
    for name, value in headers:
        if len(name) == len("Authorization") and name.lower() == "authorization":
            word, blank, rest = value.strip().partition(" ")
            scheme, text = (_scheme(word), rest.strip()) if blank else ("", word)
            if _is_there(text) and not (not blank and _scheme(word)):
                yield _token(HEADER_PLACE, REQUEST, scheme, text)


def _fields(text: str, names: frozenset[str], place: str) -> Iterator[Token]:
    """Parameters of a form or a query that are tokens."""
    if not any(name in text for name in names):
        return
    try:
        pairs = parse_qsl(text, max_num_fields=_MOST_FIELDS)
    except ValueError:  # more than anybody asks with
        return
    for name, value in pairs:
        if name in names and _is_there(value):
            yield _token(place + name, REQUEST, "", value)


def _is_there(text: str) -> bool:
    """Whether this is a token: not nothing, and not the mask of one."""
    return bool(text) and _MASKED.fullmatch(text) is None


def _scheme(word: object) -> str:
    return word if isinstance(word, str) and word.lower() in _SCHEMES else ""


@lru_cache(maxsize=_REMEMBERED)
def _token(where: str, half: str, scheme: str, text: str) -> Token:
    """What is kept of a token. A client shows the same one with each of its requests."""
    header, claims = _read(text)
    return Token(where, half, scheme, _clean_header(header), _clean(claims))


def claimed(text: str) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    """JOSE header and claims of a JWT, as they are: secrets included. None for what is not there, or cannot be read."""
    return _read(text)


def _read(text: str) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    """JOSE header and claims of a JWT in compact form (RFC 7515, 7.1; RFC 7516, 7.1); None for what is not there."""
    if len(text) > _LONGEST or text.count(".") not in (_JWS_PARTS - 1, _JWE_PARTS - 1):
        return None, None
    parts = text.split(".")
    header = _object(parts[0])
    if header is None or "alg" not in header:
        return None, None
    return header, _object(parts[1]) if len(parts) == _JWS_PARTS else None


def _object(part: str) -> Mapping[str, Any] | None:
    """A part of a compact token as the JSON object that it holds."""
    if _BASE64URL.fullmatch(part) is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        return None
    value = parse(raw).value
    return value if isinstance(value, dict) else None


def _clean(said: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Claims as they may be kept."""
    return None if said is None else dict(without_secrets(dict(said)))


def _clean_header(said: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A JOSE header as it may be kept: a key in it may be a private one."""
    if said is None:
        return None
    return {name: masked_value(value) if name == "jwk" else value for name, value in (_clean(said) or {}).items()}


def secured_json(secured: Secured) -> dict[str, Any]:
    """What is known, as JSON: `{tls: {version, cipher, server, client}, identities: [{where, half, scheme, header, claims}], flaw}`.

    What is not known is left out.
    """
    told: dict[str, Any] = {}
    if secured.tls is not None:
        shown = {"server": secured.tls.server, "client": secured.tls.client}
        told["tls"] = {
            "version": secured.tls.version,
            "cipher": secured.tls.cipher,
            **{name: _certificate_json(each) for name, each in shown.items() if each is not None},
        }
    if secured.tokens:
        told[TOKENS] = [_token_json(token) for token in secured.tokens]
    if secured.flaw:
        told["flaw"] = secured.flaw
    return told


def _token_json(token: Token) -> dict[str, Any]:
    said = {"header": token.header, "claims": token.claims}
    return {
        "where": token.where,
        "half": token.half,
        "scheme": token.scheme,
        **{name: dict(value) for name, value in said.items() if value is not None},
    }


def _certificate_json(certificate: Certificate) -> dict[str, Any]:
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "names": list(certificate.names),
        "not_before": _moment(certificate.not_before),
        "not_after": _moment(certificate.not_after),
        "sha256": certificate.sha256,
    }


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


class Unfit(ValueError):  # noqa: N818 - it is what it says
    """What should tell of an exchange's security does not; `place` is a JSON Pointer in it."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(why)
        self.place = place


def secured_of(value: Any) -> Secured:
    """The reverse of `secured_json`, of a file of anybody's: without secrets, and with bounds. Raises Unfit."""
    told = _dict(value, "")
    tokens = told.get(TOKENS, [])
    if not isinstance(tokens, list):
        raise Unfit(f"/{TOKENS}", "a list is needed here")
    found = tuple(_token_of(token, f"/{TOKENS}/{index}") for index, token in enumerate(tokens[:_MOST]))
    flaw = _text(told, "flaw", "") if "flaw" in told else ""
    return Secured(_tls_of(told.get("tls")), found, flaw).masked()


def _tls_of(value: Any) -> Tls | None:
    if value is None:
        return None
    told = _dict(value, "/tls")
    shown = (_certificate_of(told.get(name), f"/tls/{name}") for name in ("server", "client"))
    return Tls(_text(told, "version", "/tls"), _text(told, "cipher", "/tls"), *shown)


def _certificate_of(value: Any, place: str) -> Certificate | None:
    if value is None:
        return None
    told = _dict(value, place)
    names = told.get("names")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Unfit(f"{place}/names", "a list of names is needed here")
    return Certificate(
        _text(told, "subject", place),
        _text(told, "issuer", place),
        tuple(_short(name) for name in names[:_MOST_NAMES]),
        _time(told, "not_before", place),
        _time(told, "not_after", place),
        _text(told, "sha256", place),
    )


def _token_of(value: Any, place: str) -> Token:
    told = _dict(value, place)
    half = _text(told, "half", place)
    if half not in (REQUEST, RESPONSE):
        raise Unfit(f"{place}/half", f"{REQUEST} or {RESPONSE} is needed here")
    said = (
        None if told.get(name) is None else _bounded(told[name], f"{place}/{name}") for name in ("header", "claims")
    )
    return Token(_text(told, "where", place), half, _text(told, "scheme", place), *said)


def _bounded(value: Any, place: str) -> dict[str, Any]:
    """An object that is no larger, and nests no deeper, than what a token of the wire can hold."""
    found = _dict(value, place)
    try:
        raw = dump(found)
    except TypeError as error:
        raise Unfit(place, "this is nested too deep") from error
    if len(raw) > 2 * _LONGEST or parse(raw).excess:
        raise Unfit(place, "this is more than a token can hold")
    return found


def _dict(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unfit(place, "an object is needed here")
    return value


def _text(told: Mapping[str, Any], name: str, place: str) -> str:
    value = told.get(name, MISSING)
    if not isinstance(value, str):
        raise Unfit(f"{place}/{name}", "a text is needed here")
    return _short(value)


def _short(text: str) -> str:
    return masked_text(text[:_LONG_TEXT])


def _time(told: Mapping[str, Any], name: str, place: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(told, name, place))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise Unfit(f"{place}/{name}", "a date-time as 2026-01-31T12:00:00Z is needed here") from error
