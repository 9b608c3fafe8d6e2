"""The head of a request: what a right one says (RFC 9112), and the same one without an offer of another protocol."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import httptools

from emulator.record.call import ApiError, bad_request, outside_standard

_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._~%-]+)?\])(?::[0-9]*)?")
"""RFC 9112 3.2: what a Host field may say. It may be empty."""
_OFFER: Final = (b"upgrade", b"http2-settings")


class NoRequest(Exception):  # noqa: N818 - the name says it
    """Raised while a head is read that never becomes a request; `error` is what its sender is answered."""

    def __init__(self, error: ApiError | None) -> None:
        super().__init__()
        self.error = error


def check(method: bytes, version: str, hosts: int, host: bytes | None) -> None:
    """Raise NoRequest for a head that has all its lines, and is none all the same; `host` is the last of its `hosts`."""
    if version not in {"1.1", "1.0"}:
        raise NoRequest(outside_standard(505, "HTTP/1.1 is spoken here"))
    if method == b"CONNECT":
        raise NoRequest(outside_standard(405, "CONNECT is not allowed here"))
    if hosts > 1 or (not hosts and version == "1.1"):
        raise NoRequest(bad(f"{'More than one' if hosts else 'No'} Host field"))
    if host is not None and not _HOST.fullmatch(host):
        raise NoRequest(bad("The Host field names no host"))


def without_offer(method: bytes, target: bytes, version: str, fields: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A head as bytes, without what offers another protocol. Names of `fields` are in small letters."""
    lines = [method, b" ", target, b" HTTP/", version.encode(), b"\r\n"]
    for name, value in fields:
        if name in _OFFER:
            continue
        kept = value
        if name == b"connection":
            kept = b", ".join(each.strip() for each in value.split(b",") if each.strip().lower() not in _OFFER)
        lines += [name, b": ", kept, b"\r\n"]
    return b"".join([*lines, b"\r\n"])


def in_origin_form(target: bytes) -> bytes:
    """A request target as we route it: of an absolute one, which a server must take, its path and query."""
    if target == b"*":
        return b"/*"  # nothing has that path, and a server as a whole has nothing to say
    parts = httptools.parse_url(target)
    return (parts.path or b"/") + (b"?" + parts.query if parts.query else b"")


def bad(reason: str, message: str = "") -> ApiError:
    """400, in the form that the standard has for it."""
    return bad_request("invalidBody", reason, message)


def too_much(reason: str) -> ApiError:
    """431."""
    return outside_standard(431, reason)
