"""The way to a partner, walked before a run: name, port, proxy, TLS, token; and the way back to our listener."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, urlsplit

from emulator.doors.client import Client
from emulator.doors.failures import host_of
from emulator.doors.partner.metadata import NoToken
from emulator.doors.partner.oauth import OAuth
from emulator.doors.peer import Errand, Peer, origin
from emulator.doors.reach import Check, own_certificate, printable, reach, tls_check
from emulator.errors import UserError
from emulator.hosting import open_door, serve_buyer
from emulator.parties.clock import RealClock
from emulator.record.exchange import Party, Transcript
from emulator.record.secured import TOKEN
from emulator.report.masking import clean_text
from emulator.standard.release import Release

_SHOWN: Final = 160
_CLAIMS: Final = ("iss", "sub", "aud", "client_id", "scope")
"""Claims of a token that are worth a word (RFC 9068, 2.2)."""
_PLACE: Final = "/access_token"


def way(peer: Peer) -> Iterator[Check]:
    """Name, port, proxy and TLS of each host of a partner, each only where the one before is right."""
    roots = {origin(root): root for root in (peer.root, *peer.roots.values()) if root}
    for number, root in enumerate(roots.values()):
        suffix = f" of {urlsplit(root).hostname}" if number else ""
        checks = _by_proxy(peer, root) if peer.proxy_to(root) else _straight(peer, root)
        yield from (replace(check, name=f"{check.name}{suffix}") for check in checks)
    if peer.identity is not None and (own := own_certificate(peer.identity)):
        yield own


def _straight(peer: Peer, root: str) -> Iterator[Check]:
    yield from reach(root, peer.timeout, peer.authorities, peer.identity_to(root))


def _by_proxy(peer: Peer, root: str) -> Iterator[Check]:
    """The proxy's own name and port; then what lies behind it, which only a request shows."""
    proxy = str(peer.proxy_to(root))
    for check in reach(proxy.replace("https:", "http:", 1), peer.timeout):
        yield replace(check, name=f"proxy {check.name}")
        if check.ok is False:
            return
    plain = replace(peer, credentials=None, headers={}, parameters={}, root=root, roots={})
    with closing(Client(plain, Party.BUYER, Transcript(), RealClock().now)) as client:
        exchange = client.send("GET", root)
    if exchange.response is None:
        said = exchange.fault.message if exchange.fault else "no answer"
        yield Check("proxy", False, printable(clean_text(said), _SHOWN), "does the proxy let us through to this host?")
        return
    yield Check("proxy", True, f"{host_of(proxy)} lets us through to {host_of(root)}")
    if exchange.secured is not None and exchange.secured.tls is not None:
        yield tls_check(exchange.secured.tls, identity=peer.identity)


def token(peer: Peer) -> Iterator[Check]:
    """Whether there is a token to be had, where one is needed, and what it says of itself."""
    if not isinstance(peer.credentials, OAuth):
        return
    asking, transcript = peer.credentials.asking, Transcript()
    with closing(Client(peer, Party.BUYER, transcript, RealClock().now)) as client:
        try:
            grant = peer.credentials.grant_for(Errand("GET", peer.root, None, None, client.aside))
        except NoToken as error:
            yield Check("token", False, printable(clean_text(str(error)), 2 * _SHOWN), _advice(str(error)))
            return
    asked = [exchange for exchange in transcript if exchange.operation == TOKEN]
    found = asked[-1].secured if asked else None
    claims = next((each.claims for each in found.tokens if each.where == _PLACE), None) if found is not None else None
    lifetime = "no lifetime is told" if grant.lifetime is None else f"for {grant.lifetime:g} s"
    scope = f"; scope {printable(grant.scope, _SHOWN)}" if grant.scope else ""
    said = f"{asking.method} at {host_of(asked[-1].request.url) if asked else ''}; {lifetime}{scope}; {_claims(claims)}"
    short = grant.lifetime is not None and grant.lifetime < 60  # noqa: PLR2004 - security profiles warn below a minute
    yield Check(
        "token", None if short else True, said, "a token for less than a minute: ask for a longer one" if short else ""
    )


def _claims(claims: Mapping[str, Any] | None) -> str:
    if claims is None:
        return "it is opaque"
    told = [f"{name} {printable(clean_text(str(claims[name])), _SHOWN)}" for name in _CLAIMS if name in claims]
    return f"a JWT: {', '.join(told) or 'it says nothing of these'}"


def _advice(said: str) -> str:
    """What to do about a token that is not to be had."""
    for word, advice in _ADVICE.items():
        if word in said:
            return advice
    return "ask the partner what its authorization server logs"


_ADVICE: Final = {
    "invalid_client": "are client_id, secret or key right, and is the method the one that the server has for this client?",
    "invalid_scope": "which scopes does the partner grant? Say them: oauth2: {scopes: […]}",
    "unauthorized_client": "has the partner allowed this client the grant client_credentials?",
    "unsupported_grant_type": "this server issues nothing to client credentials: ask the partner for one that does",
    "redirect": "name the place where the token endpoint really is",
    "of issuer": "write the issuer as its document has it, to the letter",
    "discovery document": "is this the issuer? Else write token_url",
    "TLS": "a private authority? oauth2: {tls: {ca: …}} names its certificate",
    "not known": "is the host of the authorization server right?",
}


def called_back(release: Release, peer: Peer, probe: str, listen: tuple[str, int], callback: str | None) -> Check:
    """Have our listener asked from outside: `probe` is a URL that has somebody ask what stands for `{callback}`."""
    came, word = threading.Event(), f"oit-doctor-{uuid.uuid4().hex[:12]}"
    strays = Transcript()

    def transcript_of(run: str) -> Transcript:
        if run == word:
            came.set()
        return strays

    clock = RealClock()
    try:
        running = open_door(serve_buyer(release, clock, transcript_of), *listen, to="listen for notifications")
    except UserError as error:
        return Check("called back", False, str(error), "another port: --listen HOST:PORT")
    own = running.start()
    try:
        told = f"{(callback or own).rstrip('/')}/r/{word}/oit-doctor"
        with closing(Client(peer, Party.BUYER, Transcript(), clock.now)) as client:
            exchange = client.send("GET", probe.replace("{callback}", quote(told, safe="")), timeout=peer.timeout)
        if came.wait(peer.timeout):
            return Check("called back", True, f"{told} was asked from outside")
        answer = exchange.response.status if exchange.response else exchange.fault and exchange.fault.message
        said = f"{told} was not asked within {peer.timeout:g} s; {host_of(probe)} said {printable(str(answer), _SHOWN)}"
        return Check(
            "called back", False, said, "is there a way from there to our listener? --callback names the URL outside"
        )
    finally:
        running.stop(1)
