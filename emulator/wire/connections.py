"""Connections that end when a request's time is over, and whose broken answers are seen to be broken.

A partner may drip a byte now and then for ever, or close in the middle of a response's head; requests
and urllib3 notice neither by themselves.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Sequence
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Self

import requests
import urllib3.connection
import urllib3.connectionpool
import urllib3.exceptions
from requests.adapters import HTTPAdapter


class Watch:
    """Ends one request when its time is over, however slowly and steadily the partner goes on dripping.

    A socket's own timeout starts anew with each byte that comes.
    """

    _current = threading.local()

    def __init__(self, seconds: float, addresses: Sequence[str] | None = None) -> None:
        """`addresses` are where its connection may go, whatever the name means by now; None asks the name."""
        self.expired = self.abandoned = False
        self.addresses = addresses
        self.reused = False
        self._lock = threading.Lock()
        self._line: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        Watch._current.watch = self
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        Watch._current.watch = None
        self._timer.cancel()
        self._let_go()

    @classmethod
    def current(cls) -> Watch | None:
        """The watch over this thread's request."""
        watch: Watch | None = getattr(cls._current, "watch", None)
        return watch

    @classmethod
    def over(cls, line: socket.socket, *, reused: bool) -> None:
        """Put a connection under the watch of this thread's request."""
        watch = cls.current()
        if watch is not None:
            watch.reused = reused
            watch.follow(line)

    def follow(self, line: socket.socket) -> None:
        """End this connection when the time is over, or now where it is."""
        self._let_go()
        with self._lock:
            # A name of our own: http.client closes the connection's while the body is still being read.
            self._line = line.dup()
        if self.expired:
            self._end()

    def abandon(self) -> None:
        """End the request now: nobody waits for its answer any longer."""
        self.abandoned = True
        self._end()

    def _let_go(self) -> None:
        with self._lock:
            if self._line is not None:
                self._line.close()
                self._line = None

    def _end(self) -> None:
        with self._lock:
            self.expired = True
            if self._line is not None:
                with contextlib.suppress(OSError):
                    self._line.shutdown(socket.SHUT_RDWR)


class _Watched:
    """A connection that the request's watch can end; `_line` outlives the wrapping of the socket in TLS."""

    _line: socket.socket | None = None
    _dns_host: str

    def _new_conn(self) -> socket.socket:
        watch = Watch.current()
        made = self._connected() if watch is None or watch.addresses is None else self._connected_to(watch.addresses)
        self._line = made.dup()
        Watch.over(self._line, reused=False)
        return made

    def _connected(self) -> socket.socket:
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        return made

    def _connected_to(self, addresses: Sequence[str]) -> socket.socket:
        """Connect to the first of these that takes us; TLS and the Host header go on speaking of the name."""
        name = self._dns_host
        failed: Exception | None = None
        try:
            for address in addresses:
                self._dns_host = address
                try:
                    return self._connected()
                except urllib3.exceptions.HTTPError as error:
                    failed = error
        finally:
            self._dns_host = name
        raise failed or urllib3.exceptions.NameResolutionError(name, self, socket.gaierror())  # type: ignore[arg-type]

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self._line is not None:
            Watch.over(self._line, reused=True)
        super().request(*args, **kwargs)  # type: ignore[misc]

    def close(self) -> None:
        super().close()  # type: ignore[misc]
        if self._line is not None:
            self._line.close()
            self._line = None


class _Head:
    """A response's first lines on their way to http.client, which takes an end in the middle for their end."""

    def __init__(self, lines: Any) -> None:
        self._lines = lines
        self.last = b""

    def readline(self, limit: int = -1) -> bytes:
        self.last = bytes(self._lines.readline(limit))
        return self.last

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lines, name)


class _HttpResponse(http.client.HTTPResponse):
    """A response whose head must be whole, behind interim ones, however many."""

    def _read_status(self) -> tuple[str, int, str]:
        """The status line. An interim answer is passed over (RFC 9110, 15.2), as Python does with 100 only."""
        version, status, reason = super()._read_status()  # type: ignore[misc]  # typeshed leaves it out
        interim = HTTPStatus.CONTINUE <= status < HTTPStatus.OK and status != HTTPStatus.SWITCHING_PROTOCOLS
        return version, HTTPStatus.CONTINUE if interim else status, reason

    def begin(self) -> None:
        lines: Any = self.fp
        head: Any = _Head(lines)
        self.fp = head
        try:
            super().begin()
        finally:
            if self.fp is head:
                self.fp = lines
        if not head.last:
            raise http.client.IncompleteRead(b"")


class _Connection(_Watched, urllib3.connection.HTTPConnection):
    """Plain HTTP."""

    response_class = _HttpResponse


class _SecureConnection(_Watched, urllib3.connection.HTTPSConnection):
    """HTTP over TLS."""

    response_class = _HttpResponse


class _Fresh:
    """A pool that keeps nothing: a request that must not be repeated never meets a connection about to end."""

    def _get_conn(self, timeout: float | None = None) -> Any:  # noqa: ARG002 - urllib3's signature
        return self._new_conn()  # type: ignore[attr-defined]

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.close()


class _Pool(urllib3.connectionpool.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.connectionpool.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _FreshPool(_Fresh, _Pool):
    pass


class _FreshSecurePool(_Fresh, _SecurePool):
    pass


class _Adapter(HTTPAdapter):
    """Connections that can be ended from outside; `fresh` ones serve one request each."""

    def __init__(self, *, fresh: bool) -> None:
        self._fresh = fresh
        super().__init__(max_retries=0, pool_maxsize=32)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        pools: tuple[type, type] = (_FreshPool, _FreshSecurePool) if self._fresh else (_Pool, _SecurePool)
        self.poolmanager.pool_classes_by_scheme = dict(zip(("http", "https"), pools, strict=True))


def session(*, fresh: bool) -> requests.Session:
    """Connections that a Watch can end; with `fresh` each serves one request."""
    made = requests.Session()
    # A proxy of the environment would stand between the parties, and .netrc would add credentials that nobody gave.
    made.trust_env = False
    made.headers.clear()  # what is sent is what is recorded: no cookies either
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        made.mount(scheme, _Adapter(fresh=fresh))
    return made
