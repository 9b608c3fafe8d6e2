"""A server that listens: uvicorn around an ASGI application, in this thread or in one of its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from emulator.doors.beside import App
from emulator.doors.limits import Limits

if TYPE_CHECKING:
    import ssl

    import uvicorn


def bound(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A socket that has a port, 0 for any; OSError where it is taken. A `shared` one can be had by other processes too."""
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        found.bind((host, port))
    except OSError:
        found.close()
        raise
    return found


_EARS: Final = 16
"""Connections that are accepted in one turn of the loop. libuv takes one from each socket, and a turn that answers many
takes its time: who connects would wait for as many turns as others are before it."""


def ears(sound: socket.socket) -> list[socket.socket]:
    """A listening socket as several of them, which the system takes for one."""
    return [sound, *(sound.dup() for _ in range(_EARS - 1))]


class Running:
    """A server that listens. `url` is its root; `stop` ends it and waits for it."""

    def __init__(
        self,
        app: App,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        shared: bool = False,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
        exact: bool = False,
    ) -> None:
        """Bind at once: OSError where the port is taken. A `shared` one is served by other processes of ours as well.

        `limits` is what a client may have of it, the usual ones if left out. With `tls` its scheme is https.
        An `exact` one keeps the spelling of header names, both ways.
        """
        from emulator.doors.serving import server_of  # noqa: PLC0415 - heavy, and only servers need it

        self._socket = bound(host, port, shared=shared)
        self.port: int = self._socket.getsockname()[1]
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"
        self._server: uvicorn.Server = server_of(app, (limits or Limits()).fitting(), tls, exact=exact)
        self._thread: threading.Thread | None = None

    def run(self, ready: Callable[[str], None]) -> None:
        """Serve in this thread until a signal ends it; `ready` is told the URL once we listen."""

        def wait() -> None:
            while not self._server.started and not self._server.should_exit:
                time.sleep(0.005)
            if self._server.started:
                ready(self.url)

        threading.Thread(target=wait, daemon=True).start()
        self._server.run(sockets=ears(self._socket))

    def start(self) -> str:
        """Serve in a thread of our own; returns the URL once we listen."""
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": ears(self._socket)}, daemon=True)
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                message = "the server did not start; its log has the reason"
                raise RuntimeError(message)
            time.sleep(0.002)
        return self.url

    def stop(self, seconds: float = 10) -> None:
        """End the server and wait for it, so long at the most."""
        self._server.should_exit = True
        if self._thread:
            self._thread.join(timeout=seconds)
        self._socket.close()
