"""httpcore's connections over asyncio's own streams: what is written at once goes out at once, head and body in one piece."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from weakref import WeakSet

import httpcore

from emulator.record.secured import Certificate, Tls

_FULL: Final = 64 * 1024
"""Bytes that are held back until what follows them is known: a head is, until its body comes."""
_TURNS: Final = 3
"""Turns of the loop in which connections that are cut are gone."""


class Streams(httpcore.AsyncNetworkBackend):
    """Makes connections, by way of a SOCKS proxy where one is named.

    `secured` is the context by which the partner is spoken to, and no proxy on the way. The partner then has to be
    `server_name` in place of whatever it is called elsewhere, and with a `pin` to have the certificate with this SHA-256,
    in small hexadecimal digits; `shown` is our own.
    """

    def __init__(
        self,
        secured: ssl.SSLContext | None = None,
        *,
        server_name: str | None = None,
        pin: str | None = None,
        shown: Certificate | None = None,
        socks: str | None = None,
    ) -> None:
        self.secured, self.server_name, self.pin, self.shown = secured, server_name, pin, shown
        self._socks = socks
        self._made = WeakSet[_Stream]()

    async def cut(self) -> None:
        """End all connections at once: TLS takes its time to say goodbye, and the loop may be over by then."""
        for stream in tuple(self._made):
            stream.cut()
        for _ in range(_TURNS):
            await asyncio.sleep(0)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect. httpcore.ConnectError, httpcore.ConnectTimeout."""
        del local_address, socket_options  # nobody here asks for any
        loop = asyncio.get_running_loop()
        reader = _Ready(loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        with _told(httpcore.ConnectTimeout, httpcore.ConnectError):
            async with asyncio.timeout(timeout):
                if self._socks is None:
                    transport, _ = await loop.create_connection(lambda: protocol, host, port)
                else:
                    line = await self._by_way(self._socks, host, port, timeout)
                    transport, _ = await loop.create_connection(lambda: protocol, sock=line)
        made = _Stream(reader, asyncio.StreamWriter(transport, protocol, reader, loop), self)
        self._made.add(made)
        return made

    @staticmethod
    async def _by_way(proxy: str, host: str, port: int, seconds: float | None) -> socket.socket:
        from emulator.doors import socks  # noqa: PLC0415 - who has no such proxy does not wait for it

        try:
            return await socks.reached(proxy, host, port, seconds)
        except ConnectionError as error:
            raise httpcore.ProxyError(str(error)) from error

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Ready(asyncio.StreamReader):
    """A reader that says whether anything has come that nobody asked for: data, or the end."""

    @property
    def is_ready(self) -> bool:
        own = vars(self)
        return bool(own["_buffer"]) or bool(own["_eof"]) or self.exception() is not None


class _Stream(httpcore.AsyncNetworkStream):
    """A connection."""

    def __init__(self, reader: _Ready, writer: asyncio.StreamWriter, made_by: Streams) -> None:
        self._reader, self._writer, self._made_by = reader, writer, made_by
        self._held = bytearray()
        self.tls: Tls | None = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - as above
        """What has come. httpcore.ReadError, httpcore.ReadTimeout."""
        await self._flush(timeout)
        with _told(httpcore.ReadTimeout, httpcore.ReadError):
            async with asyncio.timeout(timeout):
                return await self._reader.read(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as above
        """Send it, with what follows. httpcore.WriteError, httpcore.WriteTimeout."""
        self._held += buffer
        if len(self._held) >= _FULL:
            await self._flush(timeout)

    async def _flush(self, seconds: float | None) -> None:
        if not self._held:
            return
        held, self._held = self._held, bytearray()
        with _told(httpcore.WriteTimeout, httpcore.WriteError):
            self._writer.write(held)
            async with asyncio.timeout(seconds):
                await self._writer.drain()

    async def aclose(self) -> None:
        self._writer.close()

    def cut(self) -> None:
        """End it now, whatever is still to be said."""
        self._writer.transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as above
    ) -> httpcore.AsyncNetworkStream:
        """Secure it. httpcore.ConnectError, httpcore.ConnectTimeout."""
        await self._flush(timeout)
        made_by = self._made_by
        to_partner = ssl_context is made_by.secured  # else to a proxy on the way
        name = (made_by.server_name if to_partner else None) or server_hostname
        try:
            with _told(httpcore.ConnectTimeout, httpcore.ConnectError):
                async with asyncio.timeout(timeout):
                    await self._writer.start_tls(ssl_context, server_hostname=name)
            if to_partner:
                self._look(made_by)
        except Exception:
            self._writer.close()
            raise
        return self

    def _look(self, made_by: Streams) -> None:
        """Note what the connection is, and who has answered."""
        from emulator.doors.certificates import connection_facts  # noqa: PLC0415 - heavy, and plain HTTP has no need of it

        line = self._writer.get_extra_info("ssl_object")
        shown = line.getpeercert(binary_form=True)
        self.tls = connection_facts(line, shown, made_by.shown)
        if made_by.pin is not None and hashlib.sha256(shown or b"").hexdigest() != made_by.pin:
            raise httpcore.ConnectError("the certificate is not the one that is pinned")

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return self._reader.is_ready
        return self._writer.get_extra_info({"server_addr": "peername", "client_addr": "sockname"}.get(info, info))


def known_of(stream: object) -> Tls | None:
    """What is known of TLS to the partner on a connection; None where it has none, or is none of ours."""
    return stream.tls if isinstance(stream, _Stream) else None


@contextmanager
def _told(late: type[Exception], broken: type[Exception]) -> Iterator[None]:
    """Say it in httpcore's words."""
    try:
        yield
    except TimeoutError as error:
        raise late(str(error)) from error
    except OSError as error:  # TLS's errors are among them
        raise broken(str(error)) from error
