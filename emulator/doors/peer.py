"""How one partner is reached: what all that is sent to it has in common. A client goes to one peer."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable
from urllib.parse import urlencode, urlsplit

from emulator.doors.proxies import Proxies, of_environment
from emulator.record.secured import Certificate
from emulator.standard.paths import ApiKind, PathMap
from emulator.standard.release import Release

if TYPE_CHECKING:
    from emulator.doors.client import Client

_PORTS: Final = {"http": 80, "https": 443}


class Credentials(Protocol):
    """Says who we are to a partner, anew with each request."""

    def headers(self, method: str, url: str) -> Mapping[str, str]:
        """The headers that a request needs to be let in. UserError where there are none to be had: it is not sent then."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A request for which credentials are wanted: which operation it is of, None where of none that is known.

    `client_to` makes a client to another peer, such as an authorization server. What it sends is recorded where the request
    itself is; the block that it is entered for closes it.
    """

    method: str
    url: str
    api: str | None
    operation: str | None
    client_to: Callable[[Peer], AbstractContextManager[Client]]


@runtime_checkable
class Issued(Credentials, Protocol):
    """Credentials that somebody issues, and issues anew: tokens."""

    def headers_for(self, errand: Errand) -> Mapping[str, str]:
        """As `headers`; what has to be fetched is fetched."""

    def refused(self, errand: Errand, sent: Mapping[str, str]) -> Mapping[str, str] | None:
        """What to send in place of the headers that were answered 401; None where nothing better is to be had."""

    def accepted(self, sent: Mapping[str, str]) -> None:
        """Take note that a request with these headers was let in."""


@dataclass(frozen=True, slots=True)
class Identity:
    """How connections to a partner are secured, where it is not as to everybody.

    `context` says whom we believe, what we show, and from which version of TLS on. `server_name` is the name that the
    server is asked for and has to prove, in place of the URL's; `pin` the SHA-256 of its certificate (small hexadecimal
    digits), which has to be that one besides. `shown` is our own certificate. `verified` False: nobody looks who answers.
    `remade` makes the context anew, with our certificate or without, for who has to change it; `wrong` makes one with another
    certificate, by its name (`parts.WRONG`), where there is such a one.
    """

    context: ssl.SSLContext
    server_name: str | None = None
    pin: str | None = None
    shown: Certificate | None = None
    verified: bool = True
    remade: Callable[[bool], ssl.SSLContext] | None = None
    wrong: Callable[[str], tuple[ssl.SSLContext, Certificate] | None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Tempo:
    """How often is tried and how fast: `retries` of what can be repeated where no answer came, `turn` waits until the next
    request may be sent (`wait(seconds)` is how it waits).
    """

    retries: int = 0
    turn: Callable[[Callable[[float], None]], None] | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """How one partner is reached, and by the contracts of which `release` it is spoken to.

    `root` is what comes before the base paths, or a subscriber's callback; `roots` has that of single contracts which are
    elsewhere. Without any, only absolute URLs can be sent to. `headers`, `parameters` of the query, what `credentials` give
    and the certificate of `identity` go to these roots and to nobody else, whatever else a client is sent to. `authorities`
    is the file (PEM) or folder of those whose certificates are believed; None is what the environment names, else Mozilla's
    list. `proxy` is the URL of one that stands in between; without it `proxies` says which one does on the way to a URL.
    `timeout` are the seconds until a whole response is there, `connect` those of them that a connection may take. `proofs` are
    the names of headers and parameters that are a key. `flaw` says what is wrong with the credentials, on purpose.
    """

    root: str = ""
    paths: PathMap = field(default_factory=lambda: PathMap({}))
    roots: Mapping[ApiKind, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    credentials: Credentials | None = None
    authorities: Path | None = None
    proxy: str | None = None
    timeout: float = 30.0
    connect: float = 10.0
    release: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    identity: Identity | None = None
    proxies: Proxies | None = None
    pace: Tempo = Tempo()
    proofs: frozenset[str] = frozenset()
    flaw: str = ""

    def url(self, api: str, kind: str, place: str) -> str:
        """Where an operation is: `place` is its path below the base path, filled in. LookupError where nobody has said."""
        root = self.roots.get((api, kind), self.root)
        if not root:
            message = f"{api} {kind}: the peer has no root URL for it"
            raise LookupError(message)
        return root.rstrip("/") + self.paths.base(api, kind) + place

    def is_at(self, url: str) -> bool:
        """Whether a URL leads to this partner: to the host and port of one of its roots, by the same scheme."""
        found = origin(url)
        return found is not None and any(origin(root) == found for root in (self.root, *self.roots.values()))

    def introduction(self, method: str, url: str, errand: Errand | None = None) -> dict[str, str]:
        """The headers that this partner gets with a request, and nobody else. UserError where credentials are missing."""
        if not (self.headers or self.credentials) or not self.is_at(url):
            return {}
        if errand is not None and isinstance(self.credentials, Issued):
            said = self.credentials.headers_for(errand)
        else:
            said = self.credentials.headers(method, url) if self.credentials else {}
        return {**self.headers, **said}

    def addressed(self, url: str) -> str:
        """A URL with the parameters that this partner gets, and nobody else."""
        if not self.parameters or not self.is_at(url):
            return url
        return url + ("&" if "?" in url else "?") + urlencode(list(self.parameters.items()))

    def proxy_to(self, url: str) -> str | None:
        """The proxy on the way to a URL, None where there is none."""
        return self.proxy or (self.proxies.to(url) if self.proxies is not None else None)

    def identity_to(self, url: str) -> Identity | None:
        """How a connection to a URL is secured; None as to everybody."""
        return self.identity if self.identity is not None and self.is_at(url) else None


def peer_of(url: str, release: Release, *, timeout: float = 30.0, maps: Sequence[str] = ()) -> Peer:
    """A partner of whom nothing is known but where it is, and `maps` as `PathMap.read` has them. UserError.

    `partner.making` makes one of all that a partner's file says.
    """
    paths = PathMap.read(release, maps)
    return Peer(url, paths, timeout=timeout, release=release.name, proxies=of_environment())


class Turns:
    """At most so many requests in a second, one after the other, by however many threads. `now` counts seconds."""

    def __init__(self, per_second: float, now: Callable[[], float] = time.monotonic) -> None:
        self._gap, self._now, self._lock = 1.0 / per_second, now, threading.Lock()
        self._next = 0.0

    def __call__(self, wait: Callable[[float], None]) -> None:
        """Wait until the next request may be sent."""
        with self._lock:
            now = self._now()
            mine = max(now, self._next)
            self._next = mine + self._gap
        if mine > now:
            wait(mine - now)


def origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port (RFC 6454, 4); None where a URL has none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return parts.scheme, parts.hostname or "", port
