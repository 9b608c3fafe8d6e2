"""Exchanges with an authorization server in a capture: our own say so, those of others are told by what they are."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl

from emulator.judge.entries import Entry
from emulator.record.exchange import Exchange, Party, decoded_path
from emulator.record.payload import at
from emulator.record.secured import AUTHORIZATION, DISCOVERY, DUTIES, JWKS, TOKEN

_TOKEN_PATH: Final = re.compile(r"/(?:token|lsoApiToken)(?:\.oauth2|/)?$", re.IGNORECASE)
_DISCOVERY_PATH: Final = re.compile(r"/\.well-known/(?:openid-configuration|oauth-authorization-server)(?:/|$)")
_KEYS_PATH: Final = re.compile(r"/(?:jwks?(?:\.json)?|certs|keys)/?$", re.IGNORECASE)
_FIELDS: Final = 100


def may_authorize(path: str) -> bool:
    """Whether a path may be that of an authorization server, so that it is worth a look at what was sent there."""
    return any(pattern.search(path) for pattern in (_TOKEN_PATH, _DISCOVERY_PATH, _KEYS_PATH))


def duty_of(entry: Entry) -> str | None:
    """What an authorization server was asked for, as one of `DUTIES`; None where this is no such exchange."""
    known = entry.recorded
    if known.kind == AUTHORIZATION:
        return known.operation if known.operation in DUTIES else None
    if known.api is not None or entry.response is None:
        return None
    method, path, answered = entry.request.method, decoded_path(entry.request.path), entry.response
    if method == "POST" and _TOKEN_PATH.search(path):
        return TOKEN if "grant_type" in _names(entry.request.raw) else None
    if method == "GET" and _DISCOVERY_PATH.search(path):
        return DISCOVERY
    if method == "GET" and _KEYS_PATH.search(path) and isinstance(at(answered.body, "/keys"), list):
        return JWKS
    return None


def _names(raw: bytes) -> set[str]:
    try:
        return {name for name, _ in parse_qsl(raw.decode("utf-8", "replace"), max_num_fields=_FIELDS)}
    except ValueError:
        return set()


def authorization(n: int, entry: Entry, duty: str, run: str) -> Exchange:
    """An entry as an exchange with an authorization server. Who asks is the Buyer, unless the file says otherwise."""
    asks = Party(entry.recorded.sender) if entry.recorded.sender in list(Party) else Party.BUYER
    return Exchange(
        n=n,
        at=entry.at,
        elapsed_ms=entry.elapsed_ms,
        sender=asks,
        receiver=asks.other,
        request=entry.request,
        response=entry.response,
        fault=entry.fault,
        kind=AUTHORIZATION,
        operation=duty,
        run=run,
        step=entry.recorded.step,
        secured=entry.secured,
    ).masked()
