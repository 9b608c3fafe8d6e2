"""What an archive holds of a body: the bytes that crossed the wire, or why they are not known.

Tools leave bodies out, cut them, keep them packed, take them for another encoding. What is then in the file is not what
a party said, and nothing follows from it.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from dataclasses import dataclass
from typing import Final

from emulator.record import coding
from emulator.record.exchange import Exchange, Unread, UnreadKind
from emulator.record.payload import parse

MAX_BODY: Final = 64 * 1024 * 1024
"""Bytes that a body of a capture may have, unpacked."""
_PLAIN: Final = frozenset({"", "utf-8", "utf8", "text", "plain", "none", "identity", "ascii", "us-ascii"})
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LEFT_OUT: Final = re.compile(
    r"truncat|omitted|not included|left out|too (?:large|big|long)|discarded|cut off", re.ASCII
)
_WINDOWS: Final = {ord(bytes([byte]).decode("cp1252", "ignore") or chr(byte)): byte for byte in range(0x80, 0xA0)}
"""What Windows makes of bytes that are control characters in Latin-1; those that it does not know stay what they are."""
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_LOST: Final = "\ufffd"


@dataclass(frozen=True, slots=True)
class Kept:
    """A body as an archive tells of it.

    `size` is the largest that anybody gives for it, in bytes, None where nobody does. `coding` is the `Content-Encoding`.
    `remark` is what the tool notes beside it.
    """

    text: str
    encoding: str = ""
    coding: str = ""
    size: int | None = None
    remark: str = ""


def not_held(why: str) -> tuple[bytes, Unread]:
    """Nothing, and the reason."""
    return b"", Unread(UnreadKind.NOT_HELD, why)


def body_of(kept: Kept, whose: str) -> tuple[bytes, Unread | None]:
    """The bytes of a body that an archive has, or why they are not those that were sent. `whose` is request or response."""
    what = f"the body of the {whose}"
    encoding = kept.encoding.strip().lower()
    if encoding == "base64":
        raw = _from_base64(kept)
        return not_held(f"{what} is said to be base64, and is not") if raw is None else _opened(raw, kept, what)
    if encoding not in _PLAIN:
        return not_held(f"{what} is encoded as {kept.encoding[:40]!r}, which is not read here")
    if kept.text.startswith(coding.GZIP.decode("latin-1")) and kept.text.isascii() is False:
        return _from_latin(kept, what)
    if odd := _misread(kept.text):
        return not_held(f"{what} {odd}")
    return _opened(kept.text.encode("utf-8", "replace"), kept, what)


def _from_base64(kept: Kept) -> bytes | None:
    """What base64 stands for; None where it is none, or was not meant as such."""
    try:
        raw = base64.b64decode("".join(kept.text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return None if kept.size == len(kept.text) != len(raw) and not _is_json(raw) else raw


def _from_latin(kept: Kept, what: str) -> tuple[bytes, Unread | None]:
    """A packed body whose bytes were taken for characters, one each, if no byte was lost by it."""
    try:
        return _opened(kept.text.encode("latin-1"), kept, what)
    except UnicodeEncodeError:
        return not_held(f"{what} is still packed, and has lost bytes")


def _misread(text: str) -> str | None:
    """What shows that a tool took the bytes of a body for others than they were."""
    if _LOST in text:
        return "has lost bytes that the tool could not read as text"
    if text.isascii():
        compact = "".join(text.split())
        return "is base64, and the file does not say so" if _is_hidden(compact) else None
    try:
        text.translate(_WINDOWS).encode("latin-1").decode("utf-8")
    except UnicodeError:
        return None
    return "was read as Latin-1, and is UTF-8"


def _is_hidden(text: str) -> bool:
    """Whether a text is base64 of something that a party may well have sent."""
    if len(text) < 8 or not _BASE64.fullmatch(text):  # noqa: PLR2004 - no message is shorter
        return False
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_" if "-" in text or "_" in text else None)
    except (binascii.Error, ValueError):
        return False
    return raw.startswith(coding.GZIP) or _is_json(raw)


def _opened(raw: bytes, kept: Kept, what: str) -> tuple[bytes, Unread | None]:
    """Bytes that may still be packed, and may be fewer than there were."""
    if _is_json(raw):
        return raw, None
    if raw.startswith(coding.GZIP):
        body, unread = coding.read(raw, "gzip", MAX_BODY)
        return (body, None) if unread is None else not_held(f"{what} is still packed, and not to be unpacked")
    if not _is_text(raw) and (coding.codings(kept.coding) or raw.startswith(_ZSTD) or _is_zlib(raw)):
        return _unpacked(raw, kept.coding or "deflate", what)
    if kept.size is not None and len(raw) < kept.size:
        return not_held(f"the file holds a part of {what} only ({len(raw)} of {kept.size} bytes)")
    if _LEFT_OUT.search(kept.remark.lower()):
        return not_held(f"{what} is not whole: the file says {kept.remark[:80]!r}")
    return raw, None


def _unpacked(raw: bytes, header: str, what: str) -> tuple[bytes, Unread | None]:
    body, unread = coding.read(raw, header, MAX_BODY)
    if unread is None:
        return body, None
    kind = UnreadKind.CODING if unread.kind is UnreadKind.CODING else UnreadKind.NOT_HELD
    return b"", Unread(kind, f"{what} is still packed ({header[:40]}), and not to be unpacked")


def _is_json(raw: bytes) -> bool:
    """Whether these bytes are a whole JSON object or list: no part of one is."""
    return raw.lstrip()[:1] in (b"{", b"[") and parse(raw).problem is None


def _is_text(raw: bytes) -> bool:
    try:
        return _CONTROL.search(raw.decode("utf-8")) is None
    except UnicodeDecodeError:
        return False


def _is_zlib(raw: bytes) -> bool:
    """Whether bytes are zlib's, by their own checksum (RFC 1950, 2.2)."""
    return len(raw) > 1 and raw[0] & 0x0F == zlib.DEFLATED and (raw[0] << 8 | raw[1]) % 31 == 0


def is_gap(exchange: Exchange) -> bool:
    """Whether an exchange that is no read has a body that a transcript does not hold."""
    messages = (exchange.request, exchange.response)
    held = all(m is None or m.unread is None or m.unread.kind is not UnreadKind.NOT_HELD for m in messages)
    return not held and exchange.request.method != "GET" and not exchange.authorizes
