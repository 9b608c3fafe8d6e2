"""Content codings (RFC 9110, 8.4): how a body is packed. One reader for both doors, our client and captures.

Whatever is unpacked comes in pieces of bounded size, so that a small bomb never becomes large here.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from emulator.record.exchange import Unread, UnreadKind

ACCEPTED: Final = "gzip, deflate"
"""What a refused sender may use instead, as an `Accept-Encoding` (RFC 9110, 15.5.16)."""
MAX_REQUEST: Final = 8 * 1024 * 1024
"""Bytes of a request's body that are read, packed and unpacked; no message of the standard has a hundredth of it."""
GZIP: Final = b"\x1f\x8b"
"""How what gzip has packed begins."""
_CHUNK: Final = 64 * 1024
_KNOWN: Final = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}
_MOST_CODINGS: Final = 3
_MOST_MEMBERS: Final = 100
"""Gzip members in a row in one body; each costs as much as it likes to be small."""


class Miscoded(ValueError):  # noqa: N818 - it is what it says
    """A body is not packed as its header says."""


class UnknownCoding(Miscoded):
    """A body is packed in a way that is not read here."""


def codings(header: str) -> list[str]:
    """The codings of a `Content-Encoding`, in the order in which they were applied; `identity` is none."""
    names = [name.strip().lower() for name in header.split(",")]
    return [name for name in names if name not in ("", "identity")]


def unpacked(chunks: Iterable[bytes], header: str) -> Iterator[bytes]:
    """A body without its codings, in pieces; an empty one has none. Miscoded where it is not what its header says."""
    named = codings(header)
    pieces = iter(chunks)
    if problem := _unknown(named):
        if any(pieces):
            raise UnknownCoding(problem)
        return
    for name in reversed(named):
        pieces = _inflated(pieces, _KNOWN[name])
    yield from pieces


def _unknown(named: Sequence[str]) -> str | None:
    for name in named:
        if name not in _KNOWN:
            return f"the body is coded as {name[:40]!r}, which is not read here"
    return f"the body is coded {len(named)} times over, and not read here" if len(named) > _MOST_CODINGS else None


def read(raw: bytes, header: str, limit: int) -> tuple[bytes, Unread | None]:
    """A whole body without its codings, or why it cannot be read; an empty one has none. At most `limit` bytes are made."""
    if not raw or not codings(header):
        return raw, None
    body = bytearray()
    try:
        for piece in unpacked([raw], header):
            body += piece
            if len(body) > limit:
                return b"", Unread(UnreadKind.TOO_LARGE, f"unpacked, the body is larger than {limit} bytes")
    except UnknownCoding as problem:
        return b"", Unread(UnreadKind.CODING, str(problem))
    except Miscoded as problem:
        return b"", Unread(UnreadKind.MISCODED, str(problem))
    return bytes(body), None


def _inflated(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """What gzip or deflate has packed, in pieces of at most `_CHUNK` bytes."""
    decoder: Any = None
    members = 0
    for chunk in chunks:
        rest, piece = chunk, b""
        while rest or len(piece) == _CHUNK:
            if decoder is None or decoder.eof:
                if decoder is not None and not (name == "gzip" and rest and rest.startswith(GZIP[: len(rest)])):
                    return  # padding, which gzip itself passes over
                members += 1
                if members > _MOST_MEMBERS:
                    raise Miscoded(f"the {name} body has more than {_MOST_MEMBERS} members")
                decoder = _decoder(name, rest)
            piece = _piece(decoder, rest, name)
            if piece:
                yield piece
            rest = decoder.unconsumed_tail or decoder.unused_data
    if decoder is not None and not decoder.eof:
        raise Miscoded(f"the {name} body ends too early")


def _piece(decoder: Any, packed: bytes, name: str) -> bytes:
    try:
        piece: bytes = decoder.decompress(packed, _CHUNK)
    except zlib.error as error:
        raise Miscoded(f"the body is not {name}, though its Content-Encoding says so") from error
    return piece


def _decoder(name: str, start: bytes) -> Any:
    """`deflate` means zlib's wrapping, and many send it bare."""
    bare = name == "deflate" and start[0] & 0x0F != zlib.DEFLATED
    return zlib.decompressobj(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS | (16 if name == "gzip" else 0))
