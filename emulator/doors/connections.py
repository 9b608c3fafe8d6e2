"""Connections that end when a request's time is over, and whose broken answers are seen to be broken.

A partner may drip a byte now and then for ever, or close in the middle of a response's head; requests
and urllib3 notice neither by themselves.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
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

from emulator.doors.peer import Identity
from emulator.record.secured import Tls


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
        self.tls: Tls | None = None
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


class _Watched:
    """A connection that the request's watch can end; `_line` outlives the wrapping of the socket in TLS."""

    response_class = _HttpResponse
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
            self._tell()
        super().request(*args, **kwargs)  # type: ignore[misc]

    def _tell(self) -> None:
        """Say to the watch how the connection is secured."""

    def close(self) -> None:
        super().close()  # type: ignore[misc]
        if self._line is not None:
            self._line.close()
            self._line = None


class _Connection(_Watched, urllib3.connection.HTTPConnection):  # type: ignore[misc]  # its responses are another class
    """Plain HTTP."""


class _Secured(_Watched):
    """TLS to a partner: what is known of the connection is told, and the certificate is the one that was agreed on."""

    identity: Identity | None = None
    _tls: Tls | None = None
    sock: Any

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        identity = self.identity
        shown = self.sock.getpeercert(binary_form=True) if hasattr(self.sock, "getpeercert") else None
        if identity is not None and identity.pin is not None:
            found = hashlib.sha256(shown or b"").hexdigest()
            if not hmac.compare_digest(found, identity.pin):
                self.close()
                message = f"the certificate is not the one that is pinned: its SHA-256 is {found}"
                raise urllib3.exceptions.SSLError(message)
        from emulator.doors.certificates import connection_facts  # noqa: PLC0415 - heavy, and plain HTTP has no need of it

        self._tls = connection_facts(self.sock, shown, identity.shown if identity else None)
        self._tell()

    def _tell(self) -> None:
        watch = Watch.current()
        if watch is not None and self._tls is not None:
            watch.tls = self._tls


class _SecureConnection(_Secured, urllib3.connection.HTTPSConnection):  # type: ignore[misc]  # as above
    """HTTP over TLS."""


class _Fresh:
    """A pool that keeps nothing: a request that must not be repeated never meets a connection about to end."""

    def _get_conn(self, timeout: float | None = None) -> Any:  # noqa: ARG002 - urllib3's signature
        return self._new_conn()  # type: ignore[attr-defined]

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.close()


class _Pool(urllib3.connectionpool.HTTPConnectionPool):
    ConnectionCls = _Connection


class _Identified:
    """A pool whose connections are secured as the adapter says."""

    identity: Identity | None = None

    def _new_conn(self) -> Any:
        made: Any = super()._new_conn()  # type: ignore[misc]
        made.identity = self.identity
        return made

    def _validate_conn(self, conn: Any) -> None:
        if self.identity is None or self.identity.verified:
            super()._validate_conn(conn)  # type: ignore[misc]
        elif conn.is_closed:  # the user knows that nobody looks who answers, and urllib3 would say it each time
            conn.connect()


class _SecurePool(_Identified, urllib3.connectionpool.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    """Connections that can be ended from outside; `fresh` ones serve one request each.

    With an `identity` that decides how they are secured, and whose certificates are believed; `verify` of a request does not.
    """

    def __init__(self, *, fresh: bool, identity: Identity | None) -> None:
        self._fresh, self._identity = fresh, identity
        super().__init__(max_retries=0, pool_maxsize=32)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools(_Pool, _SecurePool)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        if proxy.lower().startswith("socks"):
            from emulator.doors import socks  # noqa: PLC0415 - who has no such proxy does not wait for it

            manager.pool_classes_by_scheme = self._pools(
                socks.plain_pool(_Watched), socks.secure_pool(_Secured, _Identified)
            )
        else:
            manager.pool_classes_by_scheme = self._pools(_Pool, _SecurePool)
        return manager

    def _pools(self, plain: type, secure: type) -> dict[str, type]:
        """Pools of these, as the adapter is."""
        first = (_Fresh,) if self._fresh else ()
        secured = type("_AgreedPool", (*first, secure), {"identity": self._identity})
        return {"http": type("_AgreedPlainPool", (*first, plain), {}), "https": secured}

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, secured = super().build_connection_pool_key_attributes(request, verify, cert)
        if self._identity is None or host["scheme"] != "https":
            return host, secured
        needed = "CERT_REQUIRED" if self._identity.verified else "CERT_NONE"
        own: dict[str, Any] = {"ssl_context": self._identity.context, "cert_reqs": needed}
        if not self._identity.verified:
            own["assert_hostname"] = False
        if self._identity.server_name is not None:
            own["server_hostname"] = self._identity.server_name
        return host, own

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        if self._identity is None:
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]


def session(*, fresh: bool, identity: Identity | None = None) -> requests.Session:
    """Connections that a Watch can end; with `fresh` each serves one request. `identity` says how TLS is spoken."""
    made = requests.Session()
    # What the environment says of proxies the peer knows; .netrc would add credentials that nobody gave.
    made.trust_env = False
    made.headers.clear()  # what is sent is what is recorded: no cookies either
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        made.mount(scheme, _Adapter(fresh=fresh, identity=identity))
    return made
