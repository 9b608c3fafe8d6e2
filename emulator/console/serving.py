"""The console as a server: on a port of its own, in threads of its own, beside the emulators."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from a2wsgi import WSGIMiddleware

from emulator.console.app import build
from emulator.console.front import Front
from emulator.console.gate import Door, Gate
from emulator.doors.asgi import Receive, Scope, Send
from emulator.doors.running import Running
from emulator.doors.tls import ServerTls
from emulator.errors import UserError

THREADS = 10
"""Requests that are answered at the same time. Streams of events take none of them."""
EVENTS = "/api/events"


class Console:
    """A console that listens while the block lasts. `url` has the token in it where one is needed."""

    def __init__(self, front: Front, host: str = "127.0.0.1", port: int = 0, tls: ServerTls | None = None) -> None:
        """Bind at once, with `tls` for HTTPS. UserError where the address is not free."""
        self.front, self.door = front, Door(host)
        self._flask = WSGIMiddleware(build(front), workers=THREADS)  # type: ignore[arg-type] # Flask is WSGI
        try:
            context = None if tls is None else tls.context
            self._running = Running(Gate(self._app, self.door), host, port, tls=context)
        except OSError as error:
            message = f"the console cannot listen on {host} port {port}: {error.strerror}"
            raise UserError(message) from error
        self.root, self.port = self._running.url, self._running.port
        self.url = f"{self.root}/" if self.door.is_open else f"{self.root}/?token={self.door.token}"

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["path"] == EVENTS and scope["method"] == "GET":
            await self.front.stream.serve(scope, receive, send, {"version": self.front.version})
        else:
            await self._flask(scope, receive, send)  # type: ignore[arg-type] # the same shapes by other names

    def __enter__(self) -> Self:
        self._running.start()
        self.front.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.front.stop()
        self._running.stop()


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
