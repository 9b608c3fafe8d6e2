"""An answer written as it is: uvicorn's words for names, reason and date stay away. For doors that pass on what others say.

An application that wants it puts `EXACT` into its `http.response.start`: the reason phrase, as bytes. Its headers go out in
their order and spelling, and frame the body as they say; where they say nothing, it goes out in chunks. A message of the type
`CUT` ends the connection in the middle of an answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from emulator.doors.line import HttpLine

SPELT: Final = "oit.spelt"
"""Where a request's scope has the names of its headers as they came, in their order."""
TRAILED: Final = "oit.trailed"
"""Is in a request's scope where header fields came behind its body (RFC 9110, 6.5)."""
EXACT: Final = "oit.exact"
CUT: Final = "oit.cut"
_BODILESS: Final = frozenset({204, 304})
"""Statuses whose answer has no body, whatever its headers say of one (RFC 9110, 8.6)."""


class ExactLine(HttpLine):
    """A connection that says how the names of headers are spelt, and writes answers as they are."""

    _names: list[bytes]
    _as_spelt: list[bytes] | None = None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._names = []

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            self._names.append(name)
        else:
            vars(self)["scope"][TRAILED] = True
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._as_spelt is not None:
            self._names, self._as_spelt = self._as_spelt, None
        super().on_headers_complete()
        vars(self)["scope"][SPELT] = self._names  # the application begins in the next turn of the loop

    def _withdraw(self) -> None:
        self._as_spelt = self._names
        super()._withdraw()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        vars(cycle)["send"] = Exactly(cycle)
        super()._start_asgi_task(cycle, app)


class Exactly:
    """The `send` of one request."""

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle, self._usual = cycle, cycle.send
        self._head = b""  # it waits for the body, so that both go out in one piece

    @property
    def is_gone(self) -> bool:
        """Whether nobody is there any more to read."""
        return bool(self._cycle.disconnected)

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        """Send a message of ASGI, or one of ours."""
        if message["type"] == CUT:
            self._cut()
        elif EXACT in message and not self._cycle.response_started and not self._cycle.disconnected:
            self._begin(message["status"], message[EXACT], message["headers"])
        else:
            if self._head:
                message = self._with_head(message)
            await self._usual(message)  # type: ignore[arg-type]

    def _with_head(self, message: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Write the head, with the body that comes first; returns what is left of that."""
        cycle, head, body = self._cycle, self._head, message.get("body", b"")
        self._head = b""
        if cycle.chunked_encoding or cycle.disconnected or len(body) > cycle.expected_content_length:
            cycle.transport.write(head)
            return message
        cycle.transport.write(head + body)
        cycle.expected_content_length -= len(body)
        return {**message, "body": b""}

    def _begin(self, status: int, reason: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        cycle = self._cycle
        cycle.response_started, cycle.waiting_for_100_continue = True, False
        named = {name.lower(): value for name, value in headers}
        lines = [name + b": " + value + b"\r\n" for name, value in headers]
        bodiless = cycle.scope["method"] == "HEAD" or status in _BODILESS
        cycle.chunked_encoding, cycle.expected_content_length = False, 0
        if bodiless:
            pass
        elif (length := named.get(b"content-length")) is not None:
            cycle.expected_content_length = int(length)
        else:
            cycle.chunked_encoding = True
            lines.append(b"Transfer-Encoding: chunked\r\n")
        if not cycle.keep_alive:
            lines.append(b"Connection: close\r\n")
        self._head = b"".join([b"HTTP/1.1 %d " % status, reason, b"\r\n", *lines, b"\r\n"])

    def _cut(self) -> None:
        cycle = self._cycle
        cycle.disconnected = True
        cycle.message_event.set()
        transport: asyncio.Transport = cycle.transport
        transport.close()
