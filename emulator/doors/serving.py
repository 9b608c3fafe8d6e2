"""uvicorn as it is used here: with bounds for clients, and with an end that no client can put off."""

from __future__ import annotations

import asyncio
import math
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from emulator.doors.asgi import Receive, Scope, Send
from emulator.doors.beside import App
from emulator.doors.crowd import Crowd
from emulator.doors.exactly import ExactLine
from emulator.doors.limits import Limits
from emulator.doors.line import HttpLine

_MORE: Final = 3
"""Seconds beyond those of the limits after which uvicorn itself ends: nobody should see that."""

_GONE: Final = 0.05
"""Seconds until those who are answered know that nobody listens."""


def server_of(app: App, limits: Limits, tls: ssl.SSLContext | None = None, *, exact: bool = False) -> uvicorn.Server:
    """A server for an application; it listens once it is run, over `tls` where that is given. What its log says are
    warnings. An `exact` one keeps the spelling of header names, both ways.
    """
    crowd = Crowd(limits)
    config = uvicorn.Config(
        _endable(app),
        http=partial(ExactLine if exact else HttpLine, crowd=crowd),  # type: ignore[arg-type] # uvicorn only calls it
        ws="none",
        log_level="warning",
        access_log=False,
        lifespan="on",
        server_header=False,
        backlog=limits.connections,
        timeout_graceful_shutdown=math.ceil(limits.end_seconds) + _MORE,
        ssl_context_factory=None if tls is None else lambda _config, _usual: tls,
    )
    return _Server(config, crowd)


def _endable(app: App) -> App:
    """The application, whose requests may be cancelled when the server ends: to uvicorn that is an error of ours."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            if scope["type"] != "http":
                raise

    return serve


class _Server(uvicorn.Server):
    """Ends when it is told to: who is being answered has some seconds, and everybody else none."""

    def __init__(self, config: uvicorn.Config, crowd: Crowd) -> None:
        super().__init__(config)
        self._crowd = crowd

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(_Pool(thread_name_prefix="oit-page"))
        if self.config.ssl is None or sockets is None:
            await super().startup(sockets)
            return
        # As uvicorn's, but who does not get on with its handshake has no longer than for a head: the crowd sees nobody before.
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            raise SystemExit(STARTUP_FAILURE)
        self.servers = [await self._listen(loop, each) for each in sockets]
        self.started = True

    async def _listen(self, loop: asyncio.AbstractEventLoop, sound: socket.socket) -> asyncio.Server:
        config, state = self.config, self.server_state

        def line() -> asyncio.Protocol:
            made: Any = config.http_protocol_class
            protocol: asyncio.Protocol = made(config=config, server_state=state, app_state=self.lifespan.state)
            return protocol

        patience = self._crowd.limits.head_seconds
        return await loop.create_server(
            line, sock=sound, ssl=config.ssl, backlog=config.backlog, ssl_handshake_timeout=patience
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        end = asyncio.get_running_loop().call_later(self._crowd.limits.end_seconds, self._cut)
        await super().shutdown(sockets)
        end.cancel()

    def _cut(self) -> None:
        """Nobody is waited for any longer. Connections first: a request without one needs no answer."""
        self._crowd.end()
        asyncio.get_running_loop().call_later(_GONE, lambda: [task.cancel() for task in self.server_state.tasks])


class _Pool(ThreadPoolExecutor):
    """Threads whose work is not waited for when the loop ends that asked for it."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - as it is called
        super().shutdown(wait=False, cancel_futures=True)
