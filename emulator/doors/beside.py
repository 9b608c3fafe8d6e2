"""Paths of our own beside those of an API: what a build asks of a server that it has started."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from emulator.doors.asgi import Receive, Scope, Send, read_body
from emulator.record.payload import dump

App = Callable[[Scope, Receive, Send], Awaitable[None]]
Page = Callable[[Mapping[str, str]], tuple[int, Any]]
"""Answers a request: from the query's parameters (the first of each name) to a status and a JSON body."""

_BODY: Final = 64 * 1024
_log = logging.getLogger("oit.server")


class Beside:
    """An ASGI application that answers our own pages, and leaves everything else to the one inside.

    `pages` are found by method and path, as ("GET", "/oit/waiting"). What is answered here is no exchange of a
    transcript: it is nobody's API. Pages may take their time; they are answered in threads of their own.
    """

    def __init__(self, inner: App, pages: Mapping[tuple[str, str], Page]) -> None:
        self._inner, self._pages = inner, pages
        self._paths = frozenset(path for _, path in pages)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in self._paths:
            await self._inner(scope, receive, send)
            return
        known = [method for method, path in self._pages if path == scope["path"]]
        await read_body(receive, _BODY)
        method, headers = scope["method"], [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        page = self._pages.get((method, scope["path"]))
        if page is None:
            status, body = 405, {"reason": f"{method} is not allowed here"}
            headers.append((b"allow", ", ".join(known).encode()))
        else:
            status, body = await self._ask(page, scope)
        content = dump(body)
        headers.append((b"content-length", str(len(content)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    @staticmethod
    async def _ask(page: Page, scope: Scope) -> tuple[int, Any]:
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        try:
            return await asyncio.to_thread(page, {name: values[0] for name, values in query.items()})
        except Exception:  # noqa: BLE001 - whatever it is, who asked gets an answer
            _log.exception("%s failed", scope["path"])
            return 500, {"reason": "OIT failed on this request; its log has the reason"}
