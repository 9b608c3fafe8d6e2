"""Who is let in: what is answered to a call without credentials, or with ones that are not good."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from emulator.judge.elsewhere import is_page
from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach
from emulator.judge.rules.security.book import ANYWHERE, cited, clause
from emulator.judge.rules.security.facts import (
    LEEWAY,
    REFUSALS,
    access_token,
    asks_for_token,
    is_bare,
    is_plain,
    is_real,
    moment_of,
    secured,
    tls_of,
)
from emulator.judge.run import Half, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.secured import HEADER_PLACE, QUERY_PLACE, REVOKED

_OLD: Final = frozenset({"SSLv2", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1"})
_REFUSED: Final = "401 or 403"


def _refused_or_not(said: Said, why: str) -> Iterator[Mark]:
    """What follows for who was asked: to let in is a breach, to refuse is right, and anything else, as a login page, says nothing."""
    response = said.exchange.response
    if succeeded(said.exchange) and response is not None and not is_page(response):
        yield breach(ANYWHERE, _REFUSED, said.status, f"answered {said.status} to a call {why}")
    elif said.status in REFUSALS:
        yield FINE


@clause("R2", Half.RESPONSE)
def without_credentials_is_refused(said: Said) -> Iterator[Mark]:
    """The status of a call without any credentials."""
    exchange = said.exchange
    if said.author in said.run.declared.open:
        return
    if exchange.api and not secured(exchange).flaw and is_bare(said.run, exchange):
        yield from _refused_or_not(said, "without credentials")


@clause("R2", Half.RESPONSE, "wrong")
def wrong_credentials_are_refused(said: Said) -> Iterator[Mark]:
    """The status of a call whose credentials we made wrong on purpose."""
    flaw = secured(said.exchange).flaw
    if said.exchange.api and flaw and flaw != REVOKED:
        yield from _refused_or_not(said, f"whose credentials are not good: {flaw}")


@cited(7009, "revoked", Half.RESPONSE)
def revoked_tokens_are_refused(said: Said) -> Iterator[Mark]:
    """The status of a call with a token that its issuer has taken back at our request (RFC 7009, 2.1; RFC 6750, 3.1)."""
    response = said.exchange.response
    if said.exchange.api is None or secured(said.exchange).flaw != REVOKED:
        return
    if succeeded(said.exchange) and response is not None and not is_page(response):
        message = f"answered {said.status} to a call with a token that its issuer had said to be revoked"
        yield breach(ANYWHERE, _REFUSED, said.status, message, hint=True)
    elif said.status in REFUSALS:
        yield FINE


@clause("R2", Half.RESPONSE, "time")
def tokens_are_taken_in_their_time(said: Said) -> Iterator[Mark]:
    """The status of a call with a token that has expired, or is not valid yet (exp, nbf), by more than five minutes."""
    token = access_token(said.exchange, said.exchange.receiver)
    if token is None or token.claims is None or secured(said.exchange).flaw or not is_real(said.run):
        return
    if why := _out_of_time(said.exchange, token.claims.get("exp"), token.claims.get("nbf")):
        yield from _refused_or_not(said, why)


def _out_of_time(exchange: Exchange, ends: Any, begins: Any) -> str:
    end, start = moment_of(ends), moment_of(begins)
    if end is not None and exchange.at - end > LEEWAY:
        return f"with a token that had expired {_minutes(exchange.at - end)} before"
    if start is not None and start - exchange.at > LEEWAY:
        return f"with a token that is valid in {_minutes(start - exchange.at)} only"
    return ""


def _minutes(span: timedelta) -> str:
    return f"{span // timedelta(minutes=1)} min"


@clause("R54", Half.RESPONSE, "taken")
def unsigned_tokens_are_refused(said: Said) -> Iterator[Mark]:
    """The status of a call with a token without a signature (alg none)."""
    token = access_token(said.exchange, said.exchange.receiver)
    if token is not None and token.header is not None and _is_none(token.header.get("alg")):
        yield from _refused_or_not(said, "with a token that nobody has signed (alg none)")


def _is_none(algorithm: Any) -> bool:
    return isinstance(algorithm, str) and algorithm.lower() == "none"


@cited(8705, "bound", Half.RESPONSE)
def bound_tokens_need_their_certificate(said: Said) -> Iterator[Mark]:
    """A token that is bound to a client certificate (cnf) is taken from who shows that one only (RFC 8705, 3)."""
    token, tls = access_token(said.exchange, said.exchange.receiver), tls_of(said.exchange, said.exchange.receiver)
    bound = (token.claims or {}).get("cnf") if token else None
    wanted = _digest(bound.get("x5t#S256")) if isinstance(bound, dict) else None
    if wanted is None or tls is None:
        return
    shown = tls.client.sha256.lower() if tls.client else None
    if shown == wanted and succeeded(said.exchange):
        yield FINE
    elif shown != wanted:
        what = "another client certificate" if shown else "no client certificate"
        yield from _refused_or_not(said, f"with a token that is bound to a certificate, and with {what}")


def _digest(text: Any) -> str | None:
    """A digest in base64url as hexadecimal digits."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex() if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        return None


@cited(9110, "challenge", Half.RESPONSE)
def refusals_say_how_to_come_in(said: Said) -> Iterator[Mark]:
    """A 401 has WWW-Authenticate (RFC 9110, 11.6.1; RFC 6750, 3)."""
    response = said.exchange.response
    if said.status != 401 or response is None or not response.headers:  # noqa: PLR2004
        return
    there = response.header("www-authenticate") is not None
    yield (
        FINE
        if there
        else breach(
            "header WWW-Authenticate",
            "Bearer",
            message="a 401 says by no WWW-Authenticate what would let one in",
            hint=True,
        )
    )


@cited(6750, "query", Half.REQUEST)
def tokens_are_in_no_url(said: Said) -> Iterator[Mark]:
    """An access token is not in the query, which ends in logs (RFC 6750, 2.3 and 5.3)."""
    token = access_token(said.exchange)
    if token is not None:
        there = token.where.startswith(QUERY_PLACE)
        message = "the access token is in the URL, which servers and proxies write down"
        yield breach(ANYWHERE, HEADER_PLACE, message=message, hint=True) if there else FINE


@cited(6750, "tls", Half.REQUEST)
def tokens_go_over_tls(said: Said) -> Iterator[Mark]:
    """An access token, or what is asked of a token endpoint, goes over TLS (RFC 6750, 5.3; RFC 6749, 3.2)."""
    if access_token(said.exchange) is None and not asks_for_token(said.exchange):
        return
    url = said.exchange.url_of(said.exchange.sender)
    if is_plain(url):
        yield breach(
            "", "https", "http", "credentials go over plain HTTP, to be read by whoever is on the way", hint=True
        )
    elif url[:6].lower() == "https:":
        yield FINE


@cited(8996, "version", Half.RESPONSE)
def tls_is_new_enough(said: Said) -> Iterator[Mark]:
    """TLS is of version 1.2 or later (RFC 8996, 4 and 5; RFC 9325, 3.1.1)."""
    tls = tls_of(said.exchange, said.exchange.receiver)
    if tls is not None:
        message = f"the connection is {tls.version}, which must not be used any more"
        yield breach("", "TLSv1.2 or later", tls.version, message, hint=True) if tls.version in _OLD else FINE
