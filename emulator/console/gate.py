"""The gate: who may come in. It stands before everything that the console serves, so nothing can be forgotten.

- `Host` has to be an address or name that we listen on: a page that had its name point at us (DNS rebinding) is out.
- Beyond loopback a token is needed: once as `?token=`, which a cookie then stands for, or as a bearer.
- What changes something comes from a page of ours (`Origin`, `Sec-Fetch-Site`) or from a program (`X-OIT`), which a page
  of others cannot send.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import socket
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

import orjson

from emulator.console.tryout import METHODS, PREFIX
from emulator.doors.asgi import Receive, Scope, Send
from emulator.doors.beside import App

PROGRAM: Final = "x-oit"
"""The header by which a program says that it is none of a browser's pages."""
MAX_BODY: Final = 64 * 1024 * 1024
"""Bytes of a request: a snapshot that is put back may be large."""
_READS: Final = frozenset({"GET", "HEAD"})
_LOCAL: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_OURS: Final = frozenset({"same-origin", "none"})
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_NOTHING: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


@dataclass(frozen=True, slots=True)
class Door:
    """Where the console listens, and the secret that opens it; `token` is drawn anew at each start."""

    host: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    @property
    def is_open(self) -> bool:
        """Whether who comes needs no token: the console listens on this machine's loopback alone."""
        return is_loopback(self.host)

    @property
    def pass_cookie(self) -> str:
        """What the cookie holds: it proves the token and does not tell it."""
        return hmac.new(self.token.encode(), b"oit-console", hashlib.sha256).hexdigest()


def is_loopback(host: str) -> bool:
    """Whether an address is of this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class Gate:
    """An ASGI application that lets in to the one inside whoever may come in."""

    def __init__(self, inner: App, door: Door) -> None:
        self._inner, self._door = inner, door
        self._names = {*_LOCAL, door.host.strip("[]").lower(), socket.gethostname().lower(), socket.getfqdn().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        asked = _Asked.of(scope)
        refusal = self._refusal(asked)
        if refusal is not None:
            await _say(send, *refusal)
            return
        if asked.token is not None and asked.method in _READS:
            await self._hand_over(scope, asked, send)
            return
        await self._inner(scope, receive, _dressed(send))

    def _refusal(self, asked: _Asked) -> tuple[int, str] | None:
        if not self._is_ours(asked):
            return 403, "this host name is not one that the console listens on"
        if not self._is_known(asked):
            return 403, "a token is needed: open the URL that was printed at the start, or send it as a bearer"
        if asked.method not in _READS and asked.method != "POST" and not asked.tries_out:
            return 405, f"{asked.method:.20} is not allowed here"
        if not self._comes_from_us(asked):
            return 403, "this has to come from a page of the console, or from a program with the header X-OIT: 1"
        return None

    def _is_ours(self, asked: _Asked) -> bool:
        name = asked.host.rpartition(":")[0] if _has_port(asked.host) else asked.host
        return name.strip("[]").lower() in {*self._names, asked.server}

    def _is_known(self, asked: _Asked) -> bool:
        if self._door.is_open and is_loopback(asked.client):
            return True
        given = asked.token or asked.bearer
        if given is not None:
            return hmac.compare_digest(given.encode(), self._door.token.encode())
        return any(hmac.compare_digest(one.encode(), self._door.pass_cookie.encode()) for one in asked.passes)

    @staticmethod
    def _comes_from_us(asked: _Asked) -> bool:
        site, origin = asked.headers.get("sec-fetch-site"), asked.headers.get("origin")
        if asked.method in _READS:
            # Who comes by a link comes to a page; nothing else is for pages of others, not even to be waited for.
            if origin is not None and origin not in asked.origins:
                return False
            return site is None or site in _OURS or asked.headers.get("sec-fetch-mode") == "navigate"
        if origin is not None:
            return origin in asked.origins
        return site == "same-origin" or asked.headers.get(PROGRAM) == "1"

    async def _hand_over(self, scope: Scope, asked: _Asked, send: Send) -> None:
        """Give a cookie for the token, and have the token leave the address bar."""
        rest = [pair for pair in asked.query if pair[0] != "token"]
        to = _local(str(scope["path"])) + ("?" + urlencode(rest) if rest else "")
        secure = "; Secure" if asked.scheme == "https" else ""
        cookie = f"{_cookie(asked.port)}={self._door.pass_cookie}; Path=/; HttpOnly; SameSite=Strict{secure}"
        headers = [(b"location", to.encode()), (b"set-cookie", cookie.encode()), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 303, "headers": [*headers, *_HEADERS, _NOTHING]})
        await send({"type": "http.response.body", "body": b""})


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the gate looks at in a request."""

    method: str
    path: str
    headers: dict[str, str]
    host: str
    query: list[tuple[str, str]]
    client: str
    server: str
    port: int
    scheme: str

    @classmethod
    def of(cls, scope: Scope) -> _Asked:
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        server = scope.get("server") or ("", 0)
        return cls(
            method=scope["method"],
            path=str(scope["path"]),
            headers=headers,
            host=headers.get("host", ""),
            query=query,
            client=str((scope.get("client") or ("",))[0]),
            server=str(server[0]),
            port=int(server[1] or 0),
            scheme=str(scope.get("scheme", "http")),
        )

    @property
    def tries_out(self) -> bool:
        """Whether it is a call of the emulator, which has methods of its own."""
        return self.method in METHODS and self.path.startswith(f"{PREFIX}/")

    @property
    def token(self) -> str | None:
        return next((value for name, value in self.query if name == "token"), None)

    @property
    def bearer(self) -> str | None:
        kind, _, given = self.headers.get("authorization", "").partition(" ")
        return given.strip() if kind.lower() == "bearer" else None

    @property
    def passes(self) -> list[str]:
        wanted = _cookie(self.port)
        parts = (part.strip().partition("=") for part in self.headers.get("cookie", "").split(";"))
        return [value for name, _, value in parts if name == wanted]

    @property
    def origins(self) -> tuple[str, ...]:
        return (f"{self.scheme}://{self.host}",)


def _local(path: str) -> str:
    """A path of ours, for a redirect: with two slashes it would be another host, and browsers take a backslash for one."""
    return "/" + quote(path.lstrip("/\\"), safe="/-._~!$&'()*+,;=:@")


def _cookie(port: int) -> str:
    """Cookies are of a host and not of a port: two consoles on one machine have two."""
    return f"oit-console-{port}"


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdecimal() and (host.count(":") == 1 or "]" in host)


def _dressed(send: Send) -> Send:
    """Answers with the headers that every one of ours has."""

    async def dressed(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            names = {bytes(name).lower() for name, _ in given}
            usual = (*_HEADERS, _NOTHING, (b"cache-control", b"no-store"))
            message = {**message, "headers": [*given, *(pair for pair in usual if pair[0] not in names)]}
        await send(message)

    return dressed


async def _say(send: Send, status: int, reason: str) -> None:
    body = orjson.dumps({"error": reason})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers.append((b"cache-control", b"no-store"))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *_HEADERS, _NOTHING]})
    await send({"type": "http.response.body", "body": body})
