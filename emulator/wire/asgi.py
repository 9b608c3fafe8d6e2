"""The plain ASGI at the server's door: reading a request whole, keeping an answer until it is recorded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import unquote

from emulator.standard.contract import MEDIA_TYPE
from emulator.wire.exchange import Response, masked_headers
from emulator.wire.payload import dump

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_DRAIN: Final = 64 * 1024 * 1024
"""Bytes of an over-large body that are thrown away so that its sender can read the refusal."""


class Answer:
    """The response on its way out, kept whole so that it can be recorded before it is sent."""

    def __init__(self) -> None:
        self.status = 500
        self.raw_headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()

    async def take(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.raw_headers = [(bytes(k), bytes(v)) for k, v in message.get("headers", [])]
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    @property
    def of_ours(self) -> bool:
        """Whether one of our handlers wrote it; what Connexion says by itself is problem+json."""
        return not any(k.lower() == b"content-type" and b"problem+json" in v for k, v in self.raw_headers)

    def response(self) -> Response:
        """What is recorded, secrets masked."""
        headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in self.raw_headers)
        return Response(headers=masked_headers(headers), raw=bytes(self.body), status=self.status)

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
    """`/r/7/mefApi/…` -> ("7", "/mefApi/…"); a plain path belongs to the run ""."""
    if path.startswith("/r/"):
        run, slash, rest = path[3:].partition("/")
        if run:
            return run, slash + rest
    return "", path


def routing_path(scope: Scope) -> str:
    """The path with its percent-encoding undone, except where that would make another path of it: `%2F`, `%25`."""
    raw = scope.get("raw_path")
    if not raw:
        return str(scope["path"])
    return decoded_path(raw.decode("latin-1").partition("?")[0])


def decoded_path(path: str) -> str:
    """A path as the contracts' templates are matched with it: decoded, with `%2F` and `%25` as they are."""
    return "/".join(unquote(segment).replace("%", "%25").replace("/", "%2F") for segment in path.split("/"))


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
