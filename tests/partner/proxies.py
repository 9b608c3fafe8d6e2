"""Two small real proxies: one that speaks HTTP (CONNECT and whole URLs), one that speaks SOCKS 5 (RFC 1928, 1929)."""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.doors.partner import partner


@dataclass
class Between:
    """A proxy: where it is, and whom it was asked for."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)


def _pump(one: socket.socket, other: socket.socket, ended: threading.Event) -> None:
    """Carry bytes both ways until one side ends."""
    while not ended.is_set():
        ready, _, _ = select.select([one, other], [], [], 0.1)
        for line in ready:
            data = line.recv(65536)
            if not data:
                return
            (other if line is one else one).sendall(data)


@contextlib.contextmanager
def http_proxy(names: dict[str, str] | None = None) -> Iterator[Between]:
    """Lets everybody through; `names` are hosts that only it knows."""
    found = Between()

    def script(line: socket.socket, ended: threading.Event) -> None:
        head = bytearray()
        while b"\r\n\r\n" not in head:
            piece = line.recv(65536)
            if not piece:
                return
            head += piece
        first, _, rest = bytes(head).partition(b"\r\n")
        method, target, _ = first.decode().split(" ", 2)
        found.asked.append(f"{method} {target}")
        for row in rest.decode("latin-1").split("\r\n"):
            if row.lower().startswith("proxy-authorization: basic "):
                found.users.append(base64.b64decode(row.split(" ")[2]).decode())
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
        else:
            parts = urlsplit(target)
            host, port = str(parts.hostname), str(parts.port or 80)
        with socket.create_connection(((names or {}).get(host, host), int(port)), 5) as there:
            if method == "CONNECT":
                line.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                there.sendall(bytes(head).replace(target.encode(), (parts.path or "/").encode(), 1))
            _pump(line, there, ended)

    with partner(script) as url:
        found.url = url
        yield found


@contextlib.contextmanager
def socks_proxy(names: dict[str, str] | None = None, user: tuple[str, str] | None = None) -> Iterator[Between]:
    """Lets through who knows the `user`, everybody without one; `names` are hosts that only it knows."""
    found = Between()

    def exactly(line: socket.socket, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = line.recv(count - len(data))
            if not piece:
                raise OSError
            data += piece
        return data

    def script(line: socket.socket, ended: threading.Event) -> None:
        _, count = exactly(line, 2)
        exactly(line, count)
        line.sendall(b"\x05\x02" if user else b"\x05\x00")
        if user:
            name = exactly(line, exactly(line, 2)[1]).decode()
            word = exactly(line, exactly(line, 1)[0]).decode()
            found.users.append(f"{name}:{word}")
            line.sendall(b"\x01\x00" if (name, word) == user else b"\x01\x01")
            if (name, word) != user:
                return
        kind = exactly(line, 4)[3]
        host = socket.inet_ntoa(exactly(line, 4)) if kind == 1 else exactly(line, exactly(line, 1)[0]).decode()
        (port,) = struct.unpack("!H", exactly(line, 2))
        found.asked.append(f"{host}:{port}")
        with socket.create_connection(((names or {}).get(host, host), port), 5) as there:
            line.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
            _pump(line, there, ended)

    with partner(script) as url:
        found.url = url.replace("http:", "socks5h:")
        yield found
