"""What rules on security ask of an exchange."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from emulator.judge.fold import Fold
from emulator.judge.run import Run, Said
from emulator.record.exchange import Exchange, Party, query_of
from emulator.record.secrets import MASK, Place, is_secret
from emulator.record.secured import FORM_PLACE, HEADER_PLACE, QUERY_PLACE, RESPONSE, TOKEN, Secured, Tls, Token

LEEWAY: Final = timedelta(minutes=5)
"""By so much the clocks of issuer and receiver may differ before an expired token is a fault."""
REFUSALS: Final = frozenset({401, 403})
"""Statuses by which a request is refused for its credentials. The standard leaves open which; RFC 6750, 3.1 does not."""
ACCESS: Final = frozenset({HEADER_PLACE, f"{FORM_PLACE}access_token", f"{QUERY_PLACE}access_token"})
"""Where a request to an API has its token (RFC 6750, 2)."""
_OWN: Final = frozenset({f"{FORM_PLACE}client_assertion", f"{FORM_PLACE}assertion"})
"""Where a client has what it signed itself (RFC 7523, 2)."""
_OURS: Final = "lso-oit"
"""The user agent of our own client, which leaves no header out of what it records."""
_HARMLESS: Final = re.compile(
    r"accept(?:-[a-z]+)?|content-[a-z]+|host|connection|keep-alive|user-agent|cache-control|pragma|origin|referer|date|expect|te|"
    r"transfer-encoding|upgrade(?:-insecure-requests)?|via|forwarded|if-[a-z-]+|sec-[a-z-]+|dnt|priority|traceparent|tracestate|"
    r"x-forwarded-[a-z]+|x-real-ip|x-request-id|x-correlation-id|idempotency-key"
)
"""Headers of requests by which nobody says who they are."""
_FIELDS: Final = 100
_LATEST: Final = 253_000_000_000


def secured(exchange: Exchange, party: Party | None = None) -> Secured:
    """What is known of the security of an exchange as a party has it, its sender if left out: a relay stands between two."""
    return exchange.secured_of(party or exchange.sender) or _NOTHING


_NOTHING: Final = Secured()


def tls_of(exchange: Exchange, party: Party | None = None) -> Tls | None:
    """The TLS connection of a party, as above; None where nothing is known of one."""
    return secured(exchange, party).tls


def access_token(exchange: Exchange, party: Party | None = None) -> Token | None:
    """The token that a request to an API bears, as a party has it, as above."""
    tokens = (token for token in secured(exchange, party).tokens if token.where in ACCESS)
    return None if exchange.authorizes else next(tokens, None)


def issued(exchange: Exchange, name: str) -> Token | None:
    """A token that an authorization server issues, by the name of its member."""
    tokens = secured(exchange).tokens if exchange.authorizes else ()
    return next((token for token in tokens if token.where == f"/{name}"), None)


def authored(said: Said) -> Iterator[Token]:
    """The tokens that the author of a message made: those it issues, and what it signs to say who it is.

    What a client shows, asks about or gives back is somebody else's.
    """
    for token in secured(said.exchange).tokens if said.exchange.authorizes else ():
        if token.half == said.half and (token.half == RESPONSE or token.where in _OWN):
            yield token


def is_bare(run: Run, exchange: Exchange) -> bool:
    """Whether a request surely bears no credentials when it comes to its receiver.

    Behind TLS that nobody looked at there may be a client certificate, and a header that HTTP does not know may be a key. Some
    tools leave tokens out of what they export: that a request of others had none counts where the run shows that tokens are kept.
    """
    url, known = exchange.url_of(exchange.receiver), secured(exchange, exchange.receiver)
    if exchange.relayed is not None and exchange.relayed.introduces:
        return False
    if known.tokens or (known.tls and known.tls.client) or (known.tls is None and not url.lower().startswith("http:")):
        return False
    if not all(_HARMLESS.fullmatch(name.lower()) for name, _ in exchange.request.headers):
        return False
    if "@" in url.partition("?")[0] or MASK in url or any(is_secret(name, Place.QUERY) for name, _ in query_of(url)):
        return False
    return (exchange.request.header("user-agent") or "").startswith(_OURS) or bool(run.known(_BEARING))


def _take_bearing(known: list[bool], _run: Run, exchange: Exchange) -> None:
    if not known and access_token(exchange):
        known.append(True)


_BEARING: Final[Fold[list[bool]]] = Fold(list, _take_bearing)
"""Not empty once a request bore a token."""


def moment_of(value: Any) -> datetime | None:
    """A NumericDate (RFC 7519, 2); None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST:
        return None
    return datetime.fromtimestamp(value, UTC)


def is_real(run: Run) -> bool:
    """Whether the clock of the transcript goes as that of the tokens does: no faster, and it was not put forward."""
    second = timedelta(seconds=1)
    return run.spread(second) == second and not run.moves


def is_local(url: str) -> bool:
    """Whether a URL leads to this host, where nobody is on the way. Of a URL that is none nothing is said."""
    try:
        host = urlsplit(url).hostname or "localhost"
        return host == "localhost" or host.endswith(".localhost") or ip_address(host).is_loopback
    except ValueError:
        return False


def is_plain(url: str) -> bool:
    """Whether a request goes over a network in the clear."""
    return url[:5].lower() == "http:" and not is_local(url)


def asks_for_token(exchange: Exchange) -> bool:
    """Whether this is a request of a token endpoint."""
    return exchange.authorizes and exchange.operation == TOKEN


def form_of(exchange: Exchange) -> Mapping[str, str]:
    """The parameters of a request that is a form; of one that is given twice the first."""
    try:
        pairs = parse_qsl(
            exchange.request.raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_FIELDS
        )
    except ValueError:
        return {}
    return dict(reversed(pairs))


def client_of(exchange: Exchange) -> str | None:
    """The client_id that a token is asked with, as far as it shows."""
    named = form_of(exchange).get("client_id")
    assertion = assertion_of(exchange)
    subject = (assertion.claims or {}).get("sub") if assertion else None
    return named or (subject if isinstance(subject, str) and subject else None)


def assertion_of(exchange: Exchange) -> Token | None:
    """The client assertion of a token request (RFC 7523, 2.2)."""
    place = f"{FORM_PLACE}client_assertion"
    return next((token for token in secured(exchange).tokens if token.where == place), None)
