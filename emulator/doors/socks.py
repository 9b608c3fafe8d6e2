"""Connections by way of a SOCKS proxy (RFC 1928), which PySocks opens: the same as all others once they are there."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import socks as pysocks
from urllib3.contrib import socks

_VERSIONS: Final = {
    "socks4": (pysocks.SOCKS4, False),
    "socks4a": (pysocks.SOCKS4, True),
    "socks5": (pysocks.SOCKS5, False),
    "socks5h": (pysocks.SOCKS5, True),
}
"""Which version a scheme means, and whether it is the proxy that asks for the name: as urllib3 has it."""
_PORT: Final = 1080


async def reached(url: str, host: str, port: int, seconds: float | None) -> socket.socket:
    """A connection to a host by way of the proxy of this URL, not blocking. PySocks waits: a thread does it for us.

    ConnectionError where the proxy is not there or does not let us through; TimeoutError after so many seconds.
    """
    loop = asyncio.get_running_loop()
    waiting: asyncio.Future[socket.socket] = loop.create_future()

    def settle(found: socket.socket | OSError) -> None:
        if isinstance(found, OSError):
            if not waiting.done():
                waiting.set_exception(found)
        elif waiting.done():  # nobody waits any longer
            found.close()
        else:
            waiting.set_result(found)

    def work() -> None:
        found: socket.socket | OSError
        try:
            found = _opened(url, host, port, seconds)
        except OSError as error:
            found = error
        try:
            loop.call_soon_threadsafe(settle, found)
        except RuntimeError:  # the loop is over
            if not isinstance(found, OSError):
                found.close()

    threading.Thread(target=work, name="oit-socks", daemon=True).start()
    return await waiting


def _opened(url: str, host: str, port: int, seconds: float | None) -> socket.socket:
    parts = urlsplit(url)
    version, asks = _VERSIONS[parts.scheme.lower()]
    user, word = (None if text is None else unquote(text) for text in (parts.username, parts.password))
    try:
        line = pysocks.create_connection(
            (host, port),
            seconds,
            proxy_type=version,
            proxy_addr=parts.hostname,
            proxy_port=parts.port or _PORT,
            proxy_rdns=asks,
            proxy_username=user,
            proxy_password=word,
        )
    except pysocks.ProxyError as error:
        raise _told(error) from error
    plain = socket.socket(fileno=line.detach())
    plain.setblocking(False)
    return plain


def _told(error: OSError) -> OSError:
    """What PySocks says, out of all that it is wrapped into."""
    cause = error
    while isinstance(cause, pysocks.ProxyError) and isinstance(cause.socket_err, OSError):
        error, cause = cause, cause.socket_err
    if isinstance(cause, TimeoutError):
        return TimeoutError(str(error))
    return ConnectionError(str(cause if isinstance(cause, pysocks.ProxyError) else error))


def plain_pool(watched: type) -> type:
    """A pool of HTTP connections of such a kind."""
    connection: Any = type("_SocksConnection", (watched, socks.SOCKSConnection), {})
    return type("_SocksPool", (socks.SOCKSHTTPConnectionPool,), {"ConnectionCls": connection})


def secure_pool(watched: type, identified: type) -> type:
    """A pool of connections over TLS of such a kind."""
    connection: Any = type("_SocksSecureConnection", (watched, socks.SOCKSHTTPSConnection), {})
    return type("_SocksSecurePool", (identified, socks.SOCKSHTTPSConnectionPool), {"ConnectionCls": connection})
