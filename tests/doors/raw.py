"""HTTP by hand, for requests that no library would send."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 20
"""Seconds after which what a server should do is taken for what it will never do."""


@dataclass(frozen=True)
class Got:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Raw:
    """A connection whose bytes are ours."""

    def __init__(self, port: int, *, receive: int | None = None) -> None:
        self.line = socket.socket()
        if receive is not None:
            self.line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        self.line.settimeout(PATIENCE)
        self.line.connect(("127.0.0.1", port))
        self._file = self.line.makefile("rb")

    def send(self, *parts: bytes) -> None:
        """Send; a server that has hung up meanwhile is no error."""
        try:
            for part in parts:
                self.line.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def answer(self) -> Got | None:
        """The next answer; None where the connection has ended."""
        try:
            first = self._file.readline()
            if not first:
                return None
            status, headers = int(first.split()[1]), {}
            while (row := self._file.readline().strip()) != b"":
                name, _, value = row.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            return Got(status, headers, self._file.read(int(headers.get("content-length", "0"))))
        except ConnectionResetError:
            return None

    def answers(self) -> Iterator[Got]:
        """All that still come, until the connection ends."""
        while (got := self.answer()) is not None:
            yield got

    def close(self) -> None:
        self._file.close()
        self.line.close()


@contextmanager
def raw(port: int, *parts: bytes) -> Iterator[Raw]:
    """A connection on which this has been sent."""
    line = Raw(port)
    try:
        line.send(*parts)
        yield line
    finally:
        line.close()


def request(method: str, path: str, *fields: str, body: bytes = b"", host: str | None = "127.0.0.1") -> bytes:
    """A request; its length is given where it has a body and no `fields` say another."""
    rows = [f"{method} {path} HTTP/1.1", *([] if host is None else [f"Host: {host}"]), *fields]
    if body and not any(each.lower().startswith(("content-length", "transfer-encoding")) for each in fields):
        rows.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*rows, "", ""]).encode("latin-1") + body
