"""The plain ASGI at the server's door: reading a request whole, keeping an answer until it is recorded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

from emulator.record.call import Reply
from emulator.record.exchange import Response, decoded_path
from emulator.record.payload import dump
from emulator.standard.contract import MEDIA_TYPE

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

REFUSED: Final = "oit.refused"
"""Where a request's scope says why it was not read to its end, if that was our doing."""
_NO_LENGTH: Final = frozenset({204, 304})
"""Statuses whose answer has no body, so none has a length (RFC 9110 8.6)."""
_DRAIN: Final = 64 * 1024 * 1024
"""Bytes of an over-large body that are thrown away so that its sender can read the refusal."""


class Answer:
    """The response on its way out, kept whole so that it can be recorded before it is sent."""

    def __init__(self) -> None:
        self.status = 500
        self.raw_headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()

    def give(self, reply: Reply, content: bytes, media_type: str) -> None:
        """What a party has answered, with its body as bytes; b"" is none."""
        self.status, self.body = reply.status, bytearray(content)
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers.items()]
        if content:
            headers.append((b"content-type", media_type.encode("latin-1")))
        if reply.status not in _NO_LENGTH:
            headers.append((b"content-length", str(len(content)).encode()))
        self.raw_headers = headers

    def response(self) -> Response:
        """The answer as it is by now."""
        headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in self.raw_headers)
        return Response(headers=headers, raw=bytes(self.body), status=self.status)

    def put_header(self, name: str, value: str) -> None:
        """Give a header this value, whatever it had."""
        self.raw_headers = [(k, v) for k, v in self.raw_headers if k.lower() != name.lower().encode()]
        self.raw_headers.append((name.encode(), value.encode("latin-1", "replace")))

    def fill(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        """Replace whatever was there by an answer of our own."""
        self.status, self.body = status, bytearray(dump(body))
        named = {"content-type": MEDIA_TYPE, "content-length": str(len(self.body)), **(headers or {})}
        self.raw_headers = [(k.encode(), v.encode("latin-1", "replace")) for k, v in named.items()]


def split_run(path: str) -> tuple[str, str]:
    """`/r/7/mefApi/…` -> ("7", "/mefApi/…"); a plain path belongs to the run "". A name with a bar is none: what parties keep
    of a run is told apart so.
    """
    if path.startswith("/r/"):
        run, slash, rest = path[3:].partition("/")
        if run and "|" not in run:
            return run, slash + rest
    return "", path


def routing_path(scope: Scope) -> str:
    """The path with its percent-encoding undone, except where that would make another path of it: `%2F`, `%25`."""
    raw = scope.get("raw_path")
    if not raw:
        return str(scope["path"])
    return decoded_path(raw.decode("latin-1").partition("?")[0])


async def read_body(receive: Receive, limit: int) -> tuple[bytes, bool, bool]:
    """The body, whether it is whole, and whether its sender is still there."""
    body, size = bytearray(), 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body), False, False
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= limit:
            body += chunk
        if not message.get("more_body") or size > _DRAIN:
            return bytes(body), size <= limit, True
