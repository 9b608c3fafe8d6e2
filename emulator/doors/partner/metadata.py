"""What an authorization server says of itself (RFC 8414; OpenID Connect Discovery 1.0), and what it says of a token (RFC 6749, 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from emulator.doors.client import Client
from emulator.doors.failures import host_of
from emulator.doors.partner.file import wrong_endpoint
from emulator.errors import UserError
from emulator.record.exchange import Exchange, Response
from emulator.record.secrets import masked_text
from emulator.record.secured import AUTHORIZATION, DISCOVERY

_SHOWN: Final = 200
_LONGEST_TOKEN: Final = 64 * 1024
_ERRORS: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class NoToken(UserError):  # noqa: N818 - it is what it says
    """There is no token to be had, and why."""


def well_known(issuer: str) -> tuple[str, str]:
    """Where an issuer is described: below it (OpenID Connect Discovery, 4), and before its path (RFC 8414, 3.1)."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    host = f"{parts.scheme}://{parts.netloc}"
    return (
        f"{host}{path}/.well-known/openid-configuration",
        f"{host}/.well-known/oauth-authorization-server{path}",
    )


def discovered(client: Client, issuer: str) -> Mapping[str, Any]:
    """The metadata of an issuer, which says that they are of that issuer (RFC 8414, 3.3). NoToken where there are none."""
    exchange: Exchange | None = None
    for url in well_known(issuer):
        exchange = client.send(
            "GET", url, headers={"Accept": "application/json"}, kind=AUTHORIZATION, operation=DISCOVERY
        )
        if exchange.response is None or exchange.response.status != HTTPStatus.NOT_FOUND:
            break
    assert exchange is not None
    where, response = f"the discovery document of {host_of(issuer)}", exchange.response
    if response is None:
        raise NoToken(f"{where}: {_fault(exchange)}")
    if response.status != HTTPStatus.OK:
        raise NoToken(f"{where}: answered {response.status}{_redirect(response)}")
    found = response.body
    if not isinstance(found, dict):
        raise NoToken(f"{where}: what was answered is no JSON object")
    if found.get("issuer") != issuer:
        told = found.get("issuer")
        raise NoToken(f"{where}: it is of issuer {_short(told)}, not of {_short(issuer)} (RFC 8414, 3.3)")
    return found


def endpoint(found: Mapping[str, Any], *, by_certificate: bool) -> str:
    """The token endpoint of an issuer; with a certificate to show that for it, where there is one (RFC 8705, 5). NoToken."""
    aliases = found.get("mtls_endpoint_aliases")
    url = found.get("token_endpoint")
    if by_certificate and isinstance(aliases, dict) and "token_endpoint" in aliases:
        url = aliases["token_endpoint"]
    if not isinstance(url, str):
        raise NoToken("the discovery document names no token_endpoint (RFC 8414, 2)")
    if problem := wrong_endpoint(url):
        raise NoToken(f"the discovery document names the token endpoint {_short(url)}: {problem}")
    return url


@dataclass(frozen=True, slots=True)
class Grant:
    """A token that was issued. `lifetime` in seconds is None where the server does not say; `scope` where it is what was asked."""

    value: str
    lifetime: float | None
    scope: str | None


def granted(exchange: Exchange) -> Grant:
    """The token of an answer (RFC 6749, 5.1), read strictly. NoToken, with what the server says (5.2)."""
    where, response = f"the token endpoint {host_of(exchange.request.url)}", exchange.response
    if response is None:
        raise NoToken(f"{where}: {_fault(exchange)}")
    body = response.body
    if response.status != HTTPStatus.OK:
        raise NoToken(f"{where} answered {response.status}{_redirect(response)}{_error(body)}")
    if not isinstance(body, dict):
        raise NoToken(f"{where}: what was answered is no JSON object (RFC 6749, 5.1)")
    value, kind, lifetime, scope = (body.get(name) for name in ("access_token", "token_type", "expires_in", "scope"))
    if not isinstance(value, str) or not value or len(value) > _LONGEST_TOKEN or not _is_visible(value):
        raise NoToken(f"{where}: 'access_token' is missing, or no token (RFC 6749, 5.1 and A.12)")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise NoToken(f"{where}: 'token_type' is {_short(kind)}, and Bearer is what is known here (RFC 6749, 7.1)")
    if lifetime is not None and (isinstance(lifetime, bool) or not isinstance(lifetime, int | float) or lifetime < 0):
        raise NoToken(f"{where}: 'expires_in' is {_short(lifetime)}, and a number of seconds is needed (RFC 6749, 5.1)")
    if scope is not None and not isinstance(scope, str):
        raise NoToken(f"{where}: 'scope' is {_short(scope)}, and a text is needed (RFC 6749, 5.1)")
    return Grant(value, None if lifetime is None else float(lifetime), scope)


def _is_visible(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value


def _fault(exchange: Exchange) -> str:
    return exchange.fault.message if exchange.fault else "there was no answer"


def _redirect(response: Response) -> str:
    if response.status not in range(300, 400):
        return ""
    leads = response.header("location")
    return f", a redirect to {_short(host_of(leads)) if leads else 'nowhere'}: credentials are not sent after one"


def _error(body: Any) -> str:
    """What the server says is wrong (RFC 6749, 5.2)."""
    if not isinstance(body, dict) or not isinstance(body.get("error"), str):
        return ""
    said = body.get("error_description")
    return f": {_short(body['error'])}{f' ({_short(said)})' if isinstance(said, str) and said else ''}"


def _short(value: Any) -> str:
    text = masked_text(value if isinstance(value, str) else repr(value))
    clean = "".join(ch if ch.isprintable() else " " for ch in text)
    return clean if len(clean) <= _SHOWN else f"{clean[:_SHOWN]}…"
