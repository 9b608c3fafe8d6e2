"""The first link: a request is read whole and unpacked, within a limit."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from emulator.doors.asgi import REFUSED, Receive, Scope, read_body, routing_path, split_run
from emulator.doors.aside import aside
from emulator.doors.handshake import HANDSHAKE
from emulator.doors.visit import Visit
from emulator.record import coding
from emulator.record.exchange import Party, Request, Unread, UnreadKind

MAX_BODY: Final = coding.MAX_REQUEST
"""Bytes of a request body that are read; a larger one is refused."""
KEPT_OF_UNREAD: Final = 4096
"""Bytes that are recorded of a body that nobody judges, as it is not whole or too much: many of them must not fill a disk."""
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?")


class Receiving:
    """Reads requests, at most `limit` bytes of each body; what is sent has come from the `sender`."""

    def __init__(self, sender: Party, limit: int = MAX_BODY) -> None:
        self._sender, self._limit = sender, limit

    async def __call__(self, scope: Scope, receive: Receive) -> Visit:
        """A request with its body unpacked, or with the reason why it is not known."""
        raw, whole, there = await read_body(receive, self._limit)
        unread = None
        if not there:
            ended = f"the {self._sender} ended the connection in the middle of its request"
            unread = Unread(UnreadKind.CUT, scope.get(REFUSED, ended))
        elif not whole:
            unread = Unread(UnreadKind.TOO_LARGE, f"the body is larger than {self._limit} bytes")
        if unread is not None:
            raw = raw[:KEPT_OF_UNREAD]
        run, path = split_run(routing_path(scope))
        headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"])
        root = root_of(scope, next((v for k, v in headers if k == "host"), ""))
        request = await self._unpacked(Request(headers, raw, scope["method"], root + target_of(scope), unread=unread))
        return Visit(run, request, path, root + (f"/r/{run}" if run else ""), there, handshake=scope.get(HANDSHAKE))

    async def _unpacked(self, sent: Request) -> Request:
        if sent.unread is not None or not sent.raw or not sent.coding:
            return sent
        raw, unread = await aside(coding.read, sent.raw, sent.coding, self._limit)
        return replace(sent, raw=raw, unread=unread)


def root_of(scope: Scope, host: str) -> str:
    """The URL under which a client has asked, up to the path; where its Host header is none, that of our socket."""
    if not _HOST.fullmatch(host):
        host = "{}:{}".format(*(scope.get("server") or ("localhost", 80)))
    return f"{scope.get('scheme', 'http')}://{host}"


def target_of(scope: Scope) -> str:
    """What was asked for: path and query, as they were sent."""
    query = scope.get("query_string", b"").decode("latin-1")
    path: str = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    return path + ("?" + query if query else "")
