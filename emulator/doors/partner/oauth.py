"""Tokens of an authorization server, by client credentials (RFC 6749, 4.4): fetched once, kept until they near their end.

However many runs want a token at a time, one of them fetches it. A token that is answered 401 is fetched again once, and a
fresh one that is refused as well is not: there is no loop. Tokens go to the partner that they are for (`Peer.is_at`), the
client's proof to the token endpoint, and neither along a redirect.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

from emulator.doors.client import Client
from emulator.doors.partner.assertions import TYPE, Signer
from emulator.doors.partner.file import wrong_endpoint
from emulator.doors.partner.metadata import Grant, NoToken, discovered, endpoint, granted
from emulator.doors.partner.parts import Method
from emulator.doors.peer import Errand, Peer
from emulator.record.exchange import Exchange, Party, Transcript
from emulator.record.secrets import learn
from emulator.record.secured import AUTHORIZATION, JWKS, REVOCATION, TOKEN

_MARGIN: Final = 30.0
"""Seconds before its end from which on a token is not used any more; of a short life it is half."""
_TRIES: Final = 3
_LONGEST_PAUSE: Final = 10.0
_REST: Final = 5.0
"""Seconds for which a failure is remembered: who comes meanwhile is told the same, and nobody is asked."""
_BUSY: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


@dataclass(frozen=True, slots=True)
class Scopes:
    """The scopes that a token is asked for: for all operations alike, or for each its own."""

    all: tuple[str, ...] = ()
    each: Mapping[str, tuple[str, ...]] | None = None
    by_name: bool = False

    def of(self, operation: str | None) -> tuple[str, ...]:
        """Those for an operation; by its name alone where the file says `per_operation`."""
        if self.by_name:
            return (operation,) if operation else ()
        own = self.each.get(operation) if self.each is not None and operation is not None else None
        return self.all if own is None else own


@dataclass(frozen=True, slots=True)
class Asking:
    """How a token is asked for: where, who we are, how that is proved, and what for. `peer` is the authorization server."""

    peer: Peer
    client: str
    method: Method
    issuer: str | None = None
    token_url: str | None = None
    secret: str | None = field(default=None, repr=False)
    signer: Signer | None = field(default=None, repr=False)
    audience_of_proof: str | None = None
    scopes: Scopes = Scopes()
    more: tuple[tuple[str, str], ...] = field(default=(), repr=False)


class _Slot:
    """A token, or why there is none. Who fetches it holds the lock."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.grant: Grant | None = None
        self.until = 0.0
        self.renewed = self.accepted = False
        self.failed: NoToken | None = None
        self.again = 0.0


class OAuth:
    """Credentials that an authorization server issues. Safe to use from many threads; `now` counts seconds."""

    def __init__(self, asking: Asking, now: Callable[[], float] = time.monotonic, pause: float = 1.0) -> None:
        """`pause` are the seconds before a busy token endpoint is asked again, where it does not say."""
        self.asking, self._now, self._pause = asking, now, pause
        self._lock = threading.Lock()
        self._slots: dict[tuple[str, ...], _Slot] = {}
        self._looking = threading.Lock()
        self._metadata: Mapping[str, Any] | None = None

    def headers(self, method: str, url: str) -> Mapping[str, str]:
        """See `Credentials`. What is fetched is recorded nowhere."""
        return self.headers_for(Errand(method, url, None, None, _unrecorded))

    def headers_for(self, errand: Errand) -> Mapping[str, str]:
        return _bearer(self.grant_for(errand))

    def grant_for(self, errand: Errand) -> Grant:
        """The token for an errand. NoToken where there is none."""
        scopes = self.asking.scopes.of(errand.operation)
        slot = self._slot(scopes)
        with slot.lock:
            if slot.grant is not None and self._now() < slot.until:
                return slot.grant
            return self._fetch(slot, scopes, errand, renewed=False)

    def refused(self, errand: Errand, sent: Mapping[str, str]) -> Mapping[str, str] | None:
        scopes = self.asking.scopes.of(errand.operation)
        slot = self._slot(scopes)
        with slot.lock:
            if slot.grant is not None and not _is_sent(slot.grant, sent):
                return _bearer(slot.grant)  # somebody else has fetched another meanwhile
            if slot.renewed and not slot.accepted:
                return None
            return _bearer(self._fetch(slot, scopes, errand, renewed=True))

    def accepted(self, sent: Mapping[str, str]) -> None:
        for slot in tuple(self._slots.values()):
            if not slot.accepted and slot.grant is not None and _is_sent(slot.grant, sent):
                slot.accepted = True

    def _slot(self, scopes: tuple[str, ...]) -> _Slot:
        with self._lock:
            return self._slots.setdefault(scopes, _Slot())

    def _fetch(self, slot: _Slot, scopes: tuple[str, ...], errand: Errand, *, renewed: bool) -> Grant:
        if slot.failed is not None and self._now() < slot.again:
            raise NoToken(str(slot.failed))
        asked = self._now()
        try:
            peer = self.asking.peer
            with errand.client_to(peer) as client:
                url = self.endpoint(client)
            with errand.client_to(replace(peer, root=url)) as client:
                grant = granted(self._ask(client, url, scopes))
        except NoToken as error:
            slot.failed, slot.again = error, self._now() + _REST
            self._metadata = None  # what the issuer says may be what is wrong
            raise
        learn(grant.value, passing=True)
        slot.grant, slot.failed, slot.renewed, slot.accepted = grant, None, renewed, False
        slot.until = asked + usable(grant.lifetime)
        return grant

    def _ask(self, client: Client, url: str, scopes: tuple[str, ...]) -> Exchange:
        for n in range(_TRIES):
            headers, form = self.request(url, scopes)  # an assertion is good for once
            exchange = client.send(
                "POST",
                url,
                raw=urlencode(form).encode(),
                headers={
                    "Accept": "application/json",
                    "Content-Type": "application/x-www-form-urlencoded",
                    **headers,
                },
                kind=AUTHORIZATION,
                operation=TOKEN,
            )
            pause = self._wait_before(exchange)
            if pause is None or n + 1 == _TRIES:
                break
            client.pause(pause)
        return exchange

    def _wait_before(self, exchange: Exchange) -> float | None:
        """Seconds until it is worth while to ask again; None where it is not."""
        response = exchange.response
        if response is None:
            return self._pause
        if response.status not in _BUSY:
            return None
        said = (response.header("retry-after") or "").strip()
        return min(float(said), _LONGEST_PAUSE) if said.isascii() and said.isdecimal() else self._pause

    def endpoint(self, client: Client) -> str:
        """Where tokens are asked for: as the file says, or as the issuer says, who is asked once. NoToken."""
        asking = self.asking
        if asking.token_url is not None:
            return asking.token_url
        assert asking.issuer is not None
        with self._looking:
            found = self._metadata
            if found is None:
                found = self._metadata = discovered(client, asking.issuer)
        identity = asking.peer.identity
        return endpoint(found, by_certificate=identity is not None and identity.shown is not None)

    def public_keys(self, errand: Errand, issuer: str) -> Mapping[str, Any]:
        """The keys (JWK Set) that tokens are signed with: those of the issuer of the file, or of the one that a token names.

        An empty set where there are none to be had.
        """
        named = self.asking.issuer or issuer
        if named is None or wrong_endpoint(named):
            return {}
        try:
            with errand.client_to(replace(self.asking.peer, root=named)) as client:
                url = discovered(client, named).get("jwks_uri")
        except NoToken:
            return {}
        if not isinstance(url, str) or wrong_endpoint(url):
            return {}
        with errand.client_to(replace(self.asking.peer, root=url)) as client:
            exchange = client.send(
                "GET", url, headers={"Accept": "application/json"}, kind=AUTHORIZATION, operation=JWKS
            )
        found = exchange.response.body if exchange.response is not None else None
        return found if isinstance(found, dict) else {}

    def revoke(self, errand: Errand, grant: Grant, issuer: str | None) -> None:
        """Have a token taken back (RFC 7009, 2.1) by the issuer of the file, or by the one that it names. NoToken where nobody says
        200 to that.
        """
        named = self.asking.issuer or issuer
        if named is None or wrong_endpoint(named):
            raise NoToken("the partner's file names no issuer that could say where")
        with errand.client_to(replace(self.asking.peer, root=named)) as client:
            found = discovered(client, named)
            token_url = self.endpoint(client)
        url = found.get("revocation_endpoint")
        if not isinstance(url, str) or wrong_endpoint(url):
            raise NoToken("the discovery document names no revocation_endpoint that can be asked (RFC 8414, 2)")
        headers, form = self.request(token_url, ())
        proof = [
            pair
            for pair in form
            if pair[0] in ("client_id", "client_secret", "client_assertion_type", "client_assertion")
        ]
        asked = urlencode([("token", grant.value), ("token_type_hint", "access_token"), *proof]).encode()
        said = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded", **headers}
        with errand.client_to(replace(self.asking.peer, root=url)) as client:
            exchange = client.send("POST", url, raw=asked, headers=said, kind=AUTHORIZATION, operation=REVOCATION)
        if exchange.response is None or exchange.response.status != HTTPStatus.OK:
            told = exchange.response.status if exchange.response is not None else "no answer"
            raise NoToken(f"the revocation endpoint answered {told}")

    def request(self, url: str, scopes: tuple[str, ...]) -> tuple[dict[str, str], list[tuple[str, str]]]:
        """Headers and form of a request for a token."""
        asking = self.asking
        form = [("grant_type", "client_credentials")]
        if scopes:
            form.append(("scope", " ".join(scopes)))
        form += asking.more
        headers: dict[str, str] = {}
        match asking.method:
            case Method.BASIC:
                # As a form has them (RFC 6749, 2.3.1), with %20 for a blank, which those understand too who only know URLs.
                pair = f"{quote(asking.client, safe='')}:{quote(asking.secret or '', safe='')}"
                proof = base64.b64encode(pair.encode()).decode()
                learn(proof)
                headers["Authorization"] = f"Basic {proof}"
            case Method.POST:
                form += [("client_id", asking.client), ("client_secret", asking.secret or "")]
            case Method.SECRET_JWT | Method.KEY_JWT:
                assert asking.signer is not None
                proof = asking.signer.assertion(asking.client, asking.audience_of_proof or url)
                learn(proof, passing=True)
                form += [("client_assertion_type", TYPE), ("client_assertion", proof)]
            case Method.TLS | Method.SELF_SIGNED_TLS:
                form.append(("client_id", asking.client))
        return headers, form


def usable(lifetime: float | None) -> float:
    """Seconds for which a token of this lifetime is used; one whose lifetime nobody says until it is refused."""
    if lifetime is None:
        return float("inf")
    return lifetime - _MARGIN if lifetime >= 2 * _MARGIN else lifetime / 2


def _bearer(grant: Grant) -> dict[str, str]:
    return {"Authorization": f"Bearer {grant.value}"}


def _is_sent(grant: Grant, sent: Mapping[str, str]) -> bool:
    return sent.get("Authorization") == f"Bearer {grant.value}"


@contextmanager
def _unrecorded(peer: Peer) -> Iterator[Client]:
    with closing(Client(peer, Party.BUYER, Transcript(), lambda: datetime.now(UTC))) as client:
        yield client
