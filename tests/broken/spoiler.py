"""A proxy between a buyer and a seller that are right, which spoils what one of them says: a party broken in one way."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Answer:
    """An answer on its way through: what is changed here is what the buyer sees. `query` is the text behind the ?, `raw` is sent
    in place of the body where it is given.
    """

    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: Any
    count: int
    memory: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    raw: bytes | None = None


@dataclass
class Ask:
    """A request on its way through: what is changed here is what the seller gets. `query` is the text behind the ?."""

    method: str
    path: str
    query: str
    body: Any


SpoilAsk = Callable[[Ask], None]
"""Changes a request in place."""

Spoil = Callable[[Answer], None]
"""Changes an answer in place. `count` is its number among the answers spoilt; `memory` lasts for the whole run."""


@contextmanager
def spoilt(seller: str, spoil: Spoil | None = None, spoil_ask: SpoilAsk | None = None) -> Iterator[str]:
    """The URL of a seller; its answers go through `spoil`, what it is asked through `spoil_ask`."""
    counting = {"n": 0}
    memory: dict[str, Any] = {}
    target = urlsplit(seller)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            sent = self.rfile.read(length) if length else None
            path, _, query = self.path.partition("?")
            ask = Ask(self.command, path, query, json.loads(sent) if sent else None)
            if spoil_ask:
                spoil_ask(ask)
                sent = None if ask.body is None else json.dumps(ask.body).encode()
            passed = {k: v for k, v in self.headers.items() if k.lower() not in ("content-length", "transfer-encoding")}
            connection = http.client.HTTPConnection(str(target.hostname), target.port, timeout=10)
            try:
                where = target.path + ask.path + (f"?{ask.query}" if ask.query else "")
                connection.request(ask.method, where, sent, passed)
                got = connection.getresponse()
                raw = got.read()
                headers = {key.lower(): value for key, value in got.getheaders()}
                status = got.status
            finally:
                connection.close()
            counting["n"] += 1
            body = json.loads(raw) if raw else None
            answer = Answer(self.command, path, status, headers, body, counting["n"], memory, query)
            if spoil:
                spoil(answer)
            data = b"" if answer.body is None else json.dumps(answer.body).encode()
            data = data if answer.raw is None else answer.raw
            self.send_response_only(answer.status)
            for key, value in answer.headers.items():
                if key not in ("content-length", "connection", "transfer-encoding"):
                    self.send_header(key, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _pass  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: Any) -> None:
            """Nothing: the run tells what happened."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
