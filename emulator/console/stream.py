"""Server-sent events: what is new is told to whoever listens. Who does not keep up is dropped, and comes again.

It is plain ASGI, since a stream that stays open must not take a thread of the pool that answers everything else.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from emulator.doors.asgi import Receive, Scope, Send

KEPT: Final = 1000
"""Events that who comes again can be told of."""
AHEAD: Final = 256
"""Events that a reader may be behind before it is dropped."""
STREAMS: Final = 200
"""Readers at the same time."""
HEARTBEAT: Final = 15.0
"""Seconds without news after which a comment says that we are still there."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `n` counts from 1."""

    n: int
    kind: str
    data: dict[str, Any]


@dataclass(eq=False, slots=True)
class _Reader:
    loop: asyncio.AbstractEventLoop
    queue: deque[Event]
    news: asyncio.Event = field(default_factory=asyncio.Event)
    end: asyncio.Event = field(default_factory=asyncio.Event)
    lost: bool = False

    def wake(self, what: asyncio.Event) -> None:
        """From any thread."""
        with suppress(RuntimeError):  # its loop has ended, and the reader with it
            self.loop.call_soon_threadsafe(what.set)


class Stream:
    """Events in order, and who listens to them. `tell` may be called from any thread, and never waits."""

    def __init__(self, *, heartbeat: float = HEARTBEAT, ahead: int = AHEAD) -> None:
        self._start = secrets.token_hex(4)
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._readers: set[_Reader] = set()
        self._lock = threading.Lock()
        self._count = 0
        self._closed = False
        self._heartbeat, self._ahead = heartbeat, ahead
        self.dropped = 0
        """Readers that did not keep up."""

    @property
    def readers(self) -> int:
        """How many listen."""
        return len(self._readers)

    def tell(self, kind: str, data: dict[str, Any]) -> None:
        """Tell everybody who listens, and keep it for who comes again."""
        with self._lock:
            self._count += 1
            event = Event(self._count, kind, data)
            self._kept.append(event)
            for reader in self._readers:
                if len(reader.queue) >= self._ahead:
                    reader.lost = True
                else:
                    reader.queue.append(event)
            readers = list(self._readers)
        for reader in readers:
            reader.wake(reader.end if reader.lost else reader.news)

    def close(self) -> None:
        """End every stream."""
        with self._lock:
            self._closed = True
            readers = list(self._readers)
        for reader in readers:
            reader.wake(reader.end)

    def _join(self, last: str | None, state: Iterable[Event]) -> _Reader | None:
        """A reader with what it has missed, or with the one event of `state` where that is not known."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if len(self._readers) >= STREAMS or self._closed:
                return None
            reader = _Reader(loop, deque())
            missed = None if last is None else self._since(last)
            reader.queue.extend(state if missed is None else missed)
            self._readers.add(reader)
        return reader

    def _since(self, last: str) -> list[Event] | None:
        """The events after the one with that id; None where we cannot say which these are."""
        start, _, number = last.partition("-")
        if start != self._start or not (number.isascii() and number.isdecimal()) or int(number) > self._count:
            return None
        oldest = self._kept[0].n if self._kept else self._count + 1
        return None if int(number) + 1 < oldest else [event for event in self._kept if event.n > int(number)]

    async def serve(self, scope: Scope, receive: Receive, send: Send, state: dict[str, Any]) -> None:
        """The ASGI application of `GET /api/events`; `state` is what who comes for the first time is told."""
        headers = dict(scope["headers"])
        last = headers.get(b"last-event-id", b"").decode("latin-1") or None
        with self._lock:
            first = Event(self._count, "state", state)
        reader = self._join(last, [first])
        if reader is None:
            await _refuse(send)
            return
        work = [asyncio.ensure_future(one) for one in (self._tell_on(reader, send), _gone(receive), reader.end.wait())]
        try:
            # A reader that takes nothing holds up its own `send`, and no more than that.
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        finally:
            with self._lock:
                self._readers.discard(reader)
                self.dropped += reader.lost
            for one in work:
                one.cancel()
            await asyncio.gather(*work, return_exceptions=True)
        _hang_up(send) if reader.lost else await _finish(send)

    async def _tell_on(self, reader: _Reader, send: Send) -> None:
        headers = [
            (b"content-type", b"text/event-stream"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await _write(send, b"retry: 1000\n\n")
        while True:
            while reader.queue:
                event = reader.queue.popleft()
                data = orjson.dumps(event.data)
                await _write(send, b"id: %b-%d\nevent: %b\ndata: %b\n\n" % (
                    self._start.encode(), event.n, event.kind.encode(), data))  # fmt: skip
            try:
                await asyncio.wait_for(reader.news.wait(), self._heartbeat)
            except TimeoutError:
                await _write(send, b": still here\n\n")
            reader.news.clear()


async def _write(send: Send, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})


async def _gone(receive: Receive) -> None:
    """Return when the reader has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _finish(send: Send) -> None:
    with suppress(Exception):  # the reader may be gone
        await send({"type": "http.response.body", "body": b""})


def _hang_up(send: Send) -> None:
    """End the connection of a reader that takes nothing: waiting for it to take the end would be waiting for ever.

    ASGI has no word for it, so uvicorn's own request cycle is asked for its transport.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()


async def _refuse(send: Send) -> None:
    body = orjson.dumps({"error": f"{STREAMS} listen already, or the console is ending"})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
