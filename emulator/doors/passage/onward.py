"""The way on: a request goes to another party as it came, and the answer comes back in the pieces that it comes in.

The connections are httpcore's, which writes and reads names of headers as they are spelt, unpacks nothing and adds nothing.
A `Client` sends what we say ourselves; here goes what others say.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import httpcore

from emulator.doors.client import Client
from emulator.doors.passage.streams import Streams, known_of
from emulator.doors.peer import Errand, Identity, Issued, Peer
from emulator.doors.proxies import is_socks
from emulator.doors.trust import context
from emulator.errors import UserError
from emulator.record.exchange import Fault, FaultKind, Party, Transcript
from emulator.record.secrets import masked_text, masked_url
from emulator.record.secured import Tls

Fields = Sequence[tuple[str, str]]
"""Header fields in their order, spelt as they came."""

_KEPT_SECONDS: Final = 4.0
"""Seconds that an idle connection is kept: many servers end theirs after five, and what is sent just then is lost."""
_CONNECTIONS: Final = 1000
_IDLE: Final = 100
_REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OK: Final = 200
"""What is below is no answer but a word on the way (RFC 9110, 15.2)."""
_PORTS: Final = {"http": 80, "https": 443}


class Lost(Exception):  # noqa: N818 - it is what it says
    """No answer came, or none that is whole; `fault` says why, `tls` what is known of the connection, where there was one."""

    def __init__(self, fault: Fault, tls: Tls | None = None) -> None:
        super().__init__(fault.message)
        self.fault, self.tls = fault, tls


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a request goes: to the server of a URL, with a `target` (path and query) that is written as it is.

    `addresses` are where its connection may go, whatever the name means by now; None asks the name.
    """

    server: str
    target: str
    addresses: Sequence[str] | None = None

    @property
    def url(self) -> str:
        """The whole URL."""
        return server_of(self.server) + self.target


class Incoming:
    """An answer whose head is there. `pieces` is its body, once; whoever takes it lets go of it with `close`.

    `tls` is what is known of the connection that it came by.
    """

    def __init__(self, answer: httpcore.Response, told: Callable[[Exception], Fault]) -> None:
        self.status = answer.status
        self.reason: bytes = answer.extensions.get("reason_phrase", b"")
        self.headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers)
        self.tls = known_of(answer.extensions.get("network_stream"))
        self._answer, self._told = answer, told

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it is packed, piece by piece. Lost where it ends too early."""
        try:
            async for piece in self._answer.aiter_stream():
                yield piece
        except _FAILURES as error:
            raise Lost(self._told(error)) from error

    async def close(self) -> None:
        """Let go of the connection: it is used again where the answer was read to its end."""
        await self._answer.aclose()


class Onward:
    """Sends what others say to a peer, over connections that are kept. Everything here happens in one event loop."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self._pools: dict[tuple[str | None, Identity | None, str | None], httpcore.AsyncConnectionPool] = {}
        self._streams: list[Streams] = []

    async def send(self, method: str, goal: Goal, fields: Fields, body: bytes | AsyncIterator[bytes]) -> Incoming:
        """Send a request and wait for the head of its answer. Lost where none comes.

        `fields` are sent as they are: whoever calls has chosen Host and what frames the body. A request that changes nothing
        is sent once more where the kept connection had just ended; no other is.
        """
        coming, reused = await self._somewhere(method, goal, fields, body)
        again = reused and method in _REPEATABLE and not body
        if again and isinstance(coming, Lost) and coming.fault.kind is FaultKind.CLOSED:
            coming, _ = await self._somewhere(method, goal, fields, body)
        if isinstance(coming, Lost):
            raise coming
        return coming

    @property
    def introduces(self) -> bool:
        """Whether we have credentials of our own for the peer."""
        return self.peer.credentials is not None

    async def introduction(self, errand: Errand) -> dict[str, str]:
        """The headers that the peer gets with a request of ours. Lost where there are no credentials to be had."""
        try:
            if self.peer.credentials is None:
                return self.peer.introduction(errand.method, errand.url)
            return await asyncio.to_thread(
                self.peer.introduction, errand.method, errand.url, errand
            )  # it may fetch a token
        except UserError as error:
            message = f"no credentials for {_host(errand.url)}: {_first_line(error)}"
            raise Lost(Fault(FaultKind.UNREACHABLE, message)) from error

    async def renewed(self, errand: Errand, said: dict[str, str], status: int) -> dict[str, str] | None:
        """What to say instead where a token of ours was answered 401; None where that says nothing, or nothing better is to be had."""
        credentials = self.peer.credentials
        if not isinstance(credentials, Issued) or not said or not self.peer.is_at(errand.url):
            return None
        if status != HTTPStatus.UNAUTHORIZED:
            credentials.accepted(said)
            return None
        try:
            again = await asyncio.to_thread(credentials.refused, errand, said)
        except UserError:
            return None  # what was answered says more than that there is no other token
        return None if again is None else {**said, **again}

    def errand(self, method: str, url: str, api: str | None, operation: str | None) -> Errand:
        """A request for which credentials may be fetched. What is said to who issues them is ours, and no party's: nobody keeps it."""
        return Errand(method, url, api, operation, self._aside)

    def _aside(self, peer: Peer) -> AbstractContextManager[Client]:
        return Client(self.peer, Party.BUYER, Transcript(), lambda: datetime.now(UTC)).aside(peer)

    async def close(self) -> None:
        """Let go of all connections."""
        for streams in self._streams:
            await streams.cut()  # before the pools forget them: what is only closed waits for the other side's goodbye
        for pool in self._pools.values():
            await pool.aclose()
        self._pools.clear()
        self._streams.clear()

    async def _somewhere(
        self, method: str, goal: Goal, fields: Fields, body: bytes | AsyncIterator[bytes]
    ) -> tuple[Incoming | Lost, bool]:
        """Likewise, at the first of the addresses that takes us."""
        goals = [replace(goal, addresses=(each,)) for each in goal.addresses or ()] or [goal]
        for one in goals:
            found = await self._once(method, one, fields, body)
            lost = isinstance(found[0], Lost) and found[0].fault.kind is FaultKind.UNREACHABLE
            if not lost or not isinstance(body, bytes):
                break
        return found

    async def _once(
        self, method: str, goal: Goal, fields: Fields, body: bytes | AsyncIterator[bytes]
    ) -> tuple[Incoming | Lost, bool]:
        """What one attempt brings, and whether its connection had been used before."""
        made, tls = False, None

        async def trace(event: str, info: dict[str, Any]) -> None:
            nonlocal made, tls
            made = made or event == "connection.connect_tcp.started"
            tls = known_of(info.get("return_value")) or tls

        def told(error: Exception) -> Fault:
            return _fault(goal.url, error, self.peer)

        try:
            pool = await self._ready(goal)
            answer = await pool.handle_async_request(self._request(method, goal, fields, body, trace))
        except _FAILURES as error:
            lost = Lost(told(error), tls)
            lost.__cause__ = error
            return lost, not made
        assert isinstance(answer, httpcore.Response)
        if answer.status < _OK:
            await answer.aclose()
            why = f"{_host(goal.url)} offers another protocol, which nobody has asked for"
            return Lost(Fault(FaultKind.PROTOCOL, why)), not made
        return Incoming(answer, told), not made

    def _request(
        self, method: str, goal: Goal, fields: Fields, body: bytes | AsyncIterator[bytes], trace: Any
    ) -> httpcore.Request:
        parts = urlsplit(goal.server)
        host = str(parts.hostname)
        peer = self.peer
        times = {"connect": peer.connect, "read": peer.timeout, "write": peer.timeout, "pool": peer.timeout}
        extensions: dict[str, Any] = {"timeout": times, "trace": trace}
        if goal.addresses:
            extensions["sni_hostname"] = host
        return httpcore.Request(
            method,
            httpcore.URL(
                scheme=parts.scheme.encode(),
                host=(goal.addresses[0] if goal.addresses else host).encode(),
                port=parts.port or _PORTS[parts.scheme],
                target=peer.addressed(goal.url).removeprefix(server_of(goal.server)).encode("latin-1"),
            ),
            headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields],
            content=body or None,
            extensions=extensions,
        )

    async def _ready(self, goal: Goal) -> httpcore.AsyncConnectionPool:
        """The connections by which a URL is reached; authorities are read when a secure one is wanted. UserError."""
        url = goal.url
        secure, between = url[:6].lower() == "https:", self.peer.proxy_to(url)
        identity = self.peer.identity_to(url) if secure else None
        name = identity.server_name if identity is not None else None
        if name is None and secure and between and goal.addresses:
            name = urlsplit(url).hostname  # the proxy is told an address, and httpcore would take that for the name
        key = (between, identity, name or ("" if secure else None))
        if key not in self._pools:
            secured = await asyncio.to_thread(_secured, self.peer, identity) if secure else None
            streams = Streams(
                secured,
                shown=identity.shown if identity is not None else None,
                server_name=name,
                pin=identity.pin if identity is not None else None,
                socks=between if between and is_socks(between) else None,
            )
            self._streams.append(streams)
            made = httpcore.AsyncConnectionPool(
                ssl_context=secured,
                proxy=_between(between) if between and not is_socks(between) else None,
                max_connections=_CONNECTIONS,
                max_keepalive_connections=_IDLE,
                keepalive_expiry=_KEPT_SECONDS,
                network_backend=streams,
            )
            self._pools.setdefault(key, made)
        return self._pools[key]


def server_of(url: str) -> str:
    """Scheme, host and port of a URL, as they are written there."""
    return "/".join(url.split("/")[:3])


def bare(url: str) -> str:
    """The server of a URL, without who asks there."""
    scheme, slashes, rest = server_of(url).partition("://")
    return scheme + slashes + rest.rpartition("@")[2]


def host_of(url: str) -> str:
    """What the Host header says of a URL: its host and port, as they are written there."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _secured(peer: Peer, identity: Identity | None) -> ssl.SSLContext:
    """How connections to the peer are secured, or to somebody else."""
    return context(peer.authorities) if identity is None else identity.context


def _between(url: str) -> httpcore.Proxy:
    """The proxy on the way, with what it is told of us."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS:
        raise httpcore.ProxyError(f"nobody knows how to speak {parts.scheme or 'nothing'} to a proxy")
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return httpcore.Proxy(f"{parts.scheme}://{host_of(url)}", auth=auth)


_FAILURES: Final = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    OSError,
    UserError,
)
_CUT: Final = ("disconnected", "closed connection", "closed without")
"""What h11 and httpcore say of a connection that ended too early."""


def _fault(url: str, error: Exception, peer: Peer) -> Fault:
    """What went wrong, in words like those of `Client`."""
    host, detail = _host(url), _first_line(error)
    match error:
        case httpcore.ConnectTimeout():
            return Fault(
                FaultKind.UNREACHABLE, f"no connection to {host} within {peer.connect:g} s{_by_way(url, peer)}"
            )
        case httpcore.ProxyError():
            return Fault(FaultKind.UNREACHABLE, f"the proxy on the way to {host} did not let us through: {detail}")
        case UserError():
            return Fault(FaultKind.UNREACHABLE, f"no TLS connection to {host}: {detail}")
        case httpcore.ConnectError() | httpcore.UnsupportedProtocol():
            return Fault(FaultKind.UNREACHABLE, _unreached(host, error) + _by_way(url, peer))
        case httpcore.TimeoutException():
            return Fault(FaultKind.TIMEOUT, f"nothing came from {host} for {peer.timeout:g} s")
        case httpcore.RemoteProtocolError() if any(word in detail for word in _CUT):
            return Fault(FaultKind.CLOSED, f"{host} closed the connection before a whole response came")
        case httpcore.ProtocolError():
            return Fault(FaultKind.PROTOCOL, f"what was said to or by {host} cannot be said in HTTP: {detail}")
        case _:
            return Fault(FaultKind.CLOSED, f"{host} closed the connection before a whole response came")


def _by_way(url: str, peer: Peer) -> str:
    """The proxy that stands in between: it may be the one that is not reached."""
    proxy = peer.proxy_to(url)
    return f" (by way of the proxy {_host(proxy)})" if proxy else ""


def _unreached(host: str, error: Exception) -> str:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            return f"no TLS connection to {host}: {_first_line(cause)}"
        if isinstance(cause, ConnectionRefusedError):
            return f"nothing listens at {host}: the connection was refused"
    return f"{host} cannot be reached: {_first_line(error)}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and all that it was made of, outermost first."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _host(url: str) -> str:
    return "/".join(masked_url(url).split("/")[:3]).partition("?")[0][:200]


def _first_line(error: BaseException) -> str:
    text = masked_text(str(error)).splitlines()
    return text[0][:200] if text else type(error).__name__
