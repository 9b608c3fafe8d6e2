"""A hostile partner: a raw socket in a thread that answers each connection as a script says."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

Script = Callable[[socket.socket, threading.Event], None]


def read_request(line: socket.socket) -> bytes:
    """The request, head and body, as far as its Content-Length says."""
    seen = bytearray()
    while b"\r\n\r\n" not in seen:
        piece = line.recv(65536)
        if not piece:
            return bytes(seen)
        seen += piece
    head, _, body = bytes(seen).partition(b"\r\n\r\n")
    wanted = 0
    for row in head.split(b"\r\n"):
        name, _, value = row.partition(b":")
        if name.lower() == b"content-length":
            wanted = int(value)
    while len(body) < wanted:
        piece = line.recv(65536)
        if not piece:
            break
        body += piece
    return head + b"\r\n\r\n" + body


@contextlib.contextmanager
def partner(script: Script) -> Iterator[str]:
    """The URL of a partner that runs `script(connection, ended)` for every connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    ended = threading.Event()
    threads: list[threading.Thread] = []

    def serve(line: socket.socket) -> None:
        line.settimeout(5)
        with line, contextlib.suppress(OSError):
            script(line, ended)

    def accept() -> None:
        while not ended.is_set():
            try:
                line, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            thread = threading.Thread(target=serve, args=(line,), daemon=True)
            thread.start()
            threads.append(thread)

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        ended.set()
        listener.close()
        acceptor.join(5)
        for thread in threads:
            thread.join(5)
        assert not any(thread.is_alive() for thread in [acceptor, *threads])


def says(*pieces: bytes) -> Script:
    """Reads the request, says this, hangs up."""

    def script(line: socket.socket, _: threading.Event) -> None:
        read_request(line)
        for piece in pieces:
            line.sendall(piece)

    return script


def drips(start: bytes, drop: bytes, every: float = 0.02) -> Script:
    """Reads the request, says `start`, and then goes on dripping for as long as it is listened to."""

    def script(line: socket.socket, ended: threading.Event) -> None:
        read_request(line)
        line.sendall(start)
        while not ended.wait(every):
            line.sendall(drop)

    return script
