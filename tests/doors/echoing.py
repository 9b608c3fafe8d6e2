"""A party of raw bytes: keeps each request as it came on the wire, and answers what it is told to."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.doors.partner import partner


@dataclass
class Echo:
    """What came, and what is answered: bytes, or what makes some of the request."""

    answer: bytes | Callable[[bytes], bytes] = b"HTTP/1.1 204 No Content\r\n\r\n"
    came: list[bytes] = field(default_factory=list)
    url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def talk(self, line: socket.socket, ended: threading.Event) -> None:
        """Answer one request after another on a connection."""
        with contextlib.suppress(OSError), line.makefile("rb") as file:
            while not ended.is_set():
                request = whole(file)
                if not request:
                    return
                with self._lock:
                    self.came.append(request)
                said = self.answer(request) if callable(self.answer) else self.answer
                line.sendall(said)
                if b"\r\nConnection: close" in said:
                    return


def whole(file: object) -> bytes:
    """The next request, with its body in the form that it came in."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        row = file.readline()  # type: ignore[attr-defined]
        if not row:
            return b""
        head += row
    fields = {k.strip().lower(): v.strip() for k, _, v in (r.partition(b":") for r in head.split(b"\r\n"))}
    if fields.get(b"transfer-encoding") == b"chunked":
        body = b""
        while not body.endswith(b"0\r\n\r\n"):
            row = file.readline()  # type: ignore[attr-defined]
            body += row + file.read(int(row, 16)) + file.readline()  # type: ignore[attr-defined]
        return head + body
    return head + file.read(int(fields.get(b"content-length", b"0")))  # type: ignore[attr-defined]


@contextlib.contextmanager
def echoing() -> Iterator[Echo]:
    """Such a party, listening."""
    echo = Echo()
    with partner(echo.talk) as url:
        echo.url = url
        yield echo
