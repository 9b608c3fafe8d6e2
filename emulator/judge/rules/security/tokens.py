"""What stands in signed and encrypted tokens, as far as it shows without their keys: headers, and claims of ID tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from emulator.judge.rule import FINE, Mark, Remark, on_response
from emulator.judge.rulebook import breach, given
from emulator.judge.rules.security.book import ANYWHERE, SECURITY, clause
from emulator.judge.rules.security.facts import authored, client_of, issued, moment_of
from emulator.judge.rules.security.issuing import keys_of
from emulator.judge.run import Half, Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Party
from emulator.record.secured import JWKS, Token

_RECOMMENDED: Final = frozenset({"HS256", "RS256", "ES256"})
_REGISTERED: Final = _RECOMMENDED | frozenset(
    {
        "HS384",
        "HS512",
        "RS384",
        "RS512",
        "ES384",
        "ES512",
        "ES256K",
        "PS256",
        "PS384",
        "PS512",
        "EdDSA",
        "Ed25519",
        "Ed448",
        "ML-DSA-44",
        "ML-DSA-65",
        "ML-DSA-87",
    }
)
"""Algorithms of signatures in the registry of JOSE (IANA), and those of them that are required or recommended there."""
_SHARED: Final = frozenset({"HS256", "HS384", "HS512"})
_ENCRYPTIONS: Final = frozenset({"A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM"})
_OF_ENCRYPTION: Final = ("RSA-OAEP", "RSA1_5", "ECDH-ES", "dir", "A128", "A192", "A256", "PBES2")
"""How the algorithms begin by which a content key is managed (RFC 7518, 4.1)."""
_CLASSES: Final = frozenset({"urn:mef:lso:security:oidc:acr:sca", "urn:mef:lso:security:oidc:acr:ca"})
_NAME: Final = re.compile(r"\s*[A-Za-z][A-Za-z0-9.-]*\s*=")
"""How a distinguished name begins."""
_ALGORITHMS: Final = "security-algorithms"
_ISSUER: Final = "security-issuer"


def signed(said: Said) -> Iterator[tuple[Token, str]]:
    """The signed tokens that the author of a message made, with their algorithm."""
    for token in authored(said):
        if token.header is not None and token.claims is not None and "enc" not in token.header:
            yield token, _word(token.header.get("alg"))


def encrypted(said: Said) -> Iterator[tuple[Token, str]]:
    """The encrypted tokens of a message, with their algorithm of encryption. Nothing but their header shows."""
    for token in authored(said):
        if token.header is None or token.claims is not None:
            continue
        if "enc" in token.header or str(token.header.get("alg")).startswith(_OF_ENCRYPTION):
            yield token, _word(token.header.get("enc"))


def _word(value: Any) -> str:
    """A name in a header; "" for what is none."""
    return value if isinstance(value, str) else ""


def both_halves(label: str) -> Callable[[Callable[[Said], Iterator[Mark]]], Callable[[Said], Iterator[Mark]]]:
    """Make a function a rule on requests, and one on answers: a token may be made by either side."""

    def keep(look: Callable[[Said], Iterator[Mark]]) -> Callable[[Said], Iterator[Mark]]:
        clause(label, Half.REQUEST, "asked")(look)
        clause(label, Half.RESPONSE, "issued")(look)
        return look

    return keep


@both_halves("R45")
def headers_name_algorithm_and_key(said: Said) -> Iterator[Mark]:
    """The alg and kid in the header of a signed token; of a shared key, and of an access token, the kid is only hoped for."""
    for token, algorithm in signed(said):
        hoped = algorithm in _SHARED or token.where == "/access_token"
        there = given((token.header or {}).get("kid"))
        message = f"the header of the token at {token.where} has no kid"
        yield FINE if there else breach(ANYWHERE, "kid", message=message, hint=hoped)


@both_halves("R46")
def algorithms_are_registered(said: Said) -> Iterator[Mark]:
    """The alg in the header of a signed token, by the registry of JOSE."""
    for token, algorithm in signed(said):
        if algorithm in _RECOMMENDED:
            yield FINE
        elif algorithm in _REGISTERED:
            message = f"alg of the token at {token.where} is {algorithm}, which JOSE has as optional only"
            reading = (_ALGORITHMS, "recommended")
            fine = said.run.reads_as(_ALGORITHMS, "registered")
            yield FINE if fine else breach(ANYWHERE, sorted(_RECOMMENDED), algorithm, message, reading=reading)
        elif not _is_none(algorithm):
            message = f"alg of the token at {token.where} is {algorithm[:40]!r}, which JOSE has not"
            yield breach(ANYWHERE, sorted(_RECOMMENDED), algorithm, message, hint=True)


@both_halves("R54")
def tokens_are_signed(said: Said) -> Iterator[Mark]:
    """The alg in the header of each token that was made, which is never none."""
    for token, algorithm in signed(said):
        message = f"the token at {token.where} is not signed: whoever likes can write one"
        yield breach(ANYWHERE, "a signature", algorithm, message) if _is_none(algorithm) else FINE


def _is_none(algorithm: str) -> bool:
    return algorithm.lower() == "none"


@both_halves("R48")
def issuers_are_named(said: Said) -> Iterator[Mark]:
    """The iss of a client assertion or ID token: an identifier, or the name of a certificate."""
    for token, _ in signed(said):
        issuer = (token.claims or {}).get("iss")
        if token.where == "/access_token" or not isinstance(issuer, str) or not issuer:
            continue
        if said.run.reads_as(_ISSUER, "identifier") or _NAME.match(issuer):
            yield FINE
        else:
            message = "iss is not the distinguished name of a certificate"
            yield breach(ANYWHERE, "CN=…", issuer, message, reading=(_ISSUER, "certificate"))


@SECURITY.at_end("R47")
def key_ids_are_published(run: Run) -> Iterable[Remark]:
    """The kid of each signed token that was issued, among those of the key set of who issued it."""
    published: dict[Party, set[Any]] = {}
    for exchange in run.exchanges:
        if exchange.operation == JWKS and exchange.authorizes and exchange.response and succeeded(exchange):
            names = (key.get("kid") for key in keys_of(exchange.response.body))
            published.setdefault(exchange.receiver, set()).update(name for name in names if isinstance(name, str))
    for exchange in run.exchanges if published else ():
        known = published.get(exchange.receiver)
        for token, algorithm in signed(Said(run, exchange, Half.RESPONSE)) if known else ():
            name = (token.header or {}).get("kid")
            if isinstance(name, str) and algorithm not in _SHARED:
                message = "the key set that was seen has no key of the token's kid"
                right = known is not None and name in known
                yield on_response(
                    exchange, FINE if right else breach(ANYWHERE, "a kid of the key set", name, message, hint=True)
                )


@clause("R52", Half.RESPONSE)
def encrypted_headers_are_whole(said: Said) -> Iterator[Mark]:
    """The alg and kid in the header of an encrypted token."""
    for token, _ in encrypted(said):
        for name in ("alg", "kid"):
            there = given((token.header or {}).get(name))
            message = f"the header of the encrypted token at {token.where} has no {name}"
            yield FINE if there else breach(ANYWHERE, name, message=message)


@clause("R57", Half.RESPONSE)
def encryptions_are_recommended(said: Said) -> Iterator[Mark]:
    """The enc in the header of an encrypted token, by the registry of JOSE; another one is a warning."""
    for token, algorithm in encrypted(said):
        if algorithm:
            message = (
                f"enc of the token at {token.where} is {algorithm[:40]!r}, which JOSE neither requires nor recommends"
            )
            right = algorithm in _ENCRYPTIONS
            yield FINE if right else breach(ANYWHERE, sorted(_ENCRYPTIONS), algorithm, message, hint=True)


@clause("R58", Half.RESPONSE)
def encryptions_are_named(said: Said) -> Iterator[Mark]:
    """That the header of an encrypted token has enc."""
    for token, algorithm in encrypted(said):
        message = f"the header of the encrypted token at {token.where} has no enc"
        yield FINE if given(algorithm) else breach(ANYWHERE, "enc", message=message)


# ID tokens, which only the hybrid flow has


def _of_id_token(label: str, name: str, right: Callable[[Any, Said], bool], wanted: str) -> None:
    """A rule on one claim of an ID token that a token endpoint answers with."""

    def look(said: Said) -> Iterator[Mark]:
        token = issued(said.exchange, "id_token")
        if token is not None and token.claims is not None:
            value = token.claims.get(name)
            message = f"{name} of the ID token is not {wanted}" if given(value) else f"the ID token has no {name}"
            yield FINE if right(value, said) else breach(ANYWHERE, f"{name}: {wanted}", value, message)

    look.__doc__ = f"{name} of the ID token: {wanted}."
    clause(label, Half.RESPONSE)(look)


def _is_text(value: Any, _said: Said) -> bool:
    return isinstance(value, str) and bool(value)


def _is_time(value: Any, _said: Said) -> bool:
    return moment_of(value) is not None


def _names_client(value: Any, said: Said) -> bool:
    client = client_of(said.exchange)
    named = value if isinstance(value, list) else [value]
    return client in named if client else any(isinstance(each, str) and each for each in named)


_of_id_token("R31", "iss", _is_text, "the issuer's URL")
_of_id_token("R32", "sub", _is_text, "who was authenticated")
_of_id_token("R34", "meflso_intent_id", _is_text, "the id of the intent")
_of_id_token("R35", "aud", _names_client, "the client")
_of_id_token("R36", "exp", _is_time, "a time")
_of_id_token("R37", "iat", _is_time, "a time")
_of_id_token("R38", "nonce", _is_text, "the nonce of the request")
_of_id_token("R40", "acr", _is_text, "a class of authentication")


@clause("D4", Half.RESPONSE)
def classes_are_defined(said: Said) -> Iterator[Mark]:
    """The acr of the ID token: one of the two classes of the profile."""
    token = issued(said.exchange, "id_token")
    found = (token.claims or {}).get("acr") if token else None
    if token is not None and given(found):
        message = "acr of the ID token is none of the classes that the profile defines"
        right = isinstance(found, str) and found in _CLASSES
        yield FINE if right else breach(ANYWHERE, sorted(_CLASSES), found, message)


@clause("CR3", Half.RESPONSE)
def the_party_is_the_client(said: Said) -> Iterator[Mark]:
    """The azp of the ID token, where it is there: the client that asked."""
    token, client = issued(said.exchange, "id_token"), client_of(said.exchange)
    found = (token.claims or {}).get("azp") if token else None
    if token is not None and client and given(found):
        message = "azp of the ID token is not the client that asked for it"
        yield FINE if found == client else breach(ANYWHERE, client, found, message)
