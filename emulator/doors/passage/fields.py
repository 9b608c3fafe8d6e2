"""Header fields of messages that are passed on: what stays behind, what is said otherwise, what is added."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from emulator.doors.exactly import EXACT
from emulator.doors.passage.onward import Incoming
from emulator.doors.passage.sifting import MARK

_HOP: Final = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
"""What is said to one connection only (RFC 9110, 7.6.1)."""

Fields = list[tuple[str, str]]
"""Header fields in their order, spelt as they came."""


def _named(fields: Sequence[tuple[str, str]]) -> frozenset[str]:
    """What a message says of its connection only, by its own words too."""
    said = [value for name, value in fields if name.lower() == "connection"]
    return _HOP | {token.strip().lower() for value in said for token in value.split(",")}


def onward_fields(
    fields: Sequence[tuple[str, str]], host: str, own: dict[str, str], replaced: Collection[str]
) -> Fields:
    """The header fields of a request as they go on. Of a body that came in chunks, chunks go on."""
    hop = _named(fields)
    done = [
        (name, host if name.lower() == "host" else value)
        for name, value in fields
        if name.lower() not in hop and name.lower() not in replaced
    ]
    if not any(name.lower() == "host" for name, _ in done):
        done.insert(0, ("Host", host))
    chunked = [(name, "chunked") for name, _ in fields if name.lower() == "transfer-encoding"]
    return [*done, *chunked[:1], *own.items()]


def framed(fields: Sequence[tuple[str, str]], length: int) -> Fields:
    """Header fields of a message whose body is now another, of so many bytes and not packed."""
    gone = ("content-encoding", "transfer-encoding")
    kept = [
        (name, str(length) if name.lower() == "content-length" else value)
        for name, value in fields
        if name.lower() not in gone
    ]
    if not any(name.lower() == "content-length" for name, _ in kept):
        kept.append(("Content-Length", str(length)))
    return kept


def in_chunks(coming: Incoming) -> bool:
    """Whether an answer comes in chunks."""
    return any(name.lower() == "transfer-encoding" for name, _ in coming.headers)


def head(coming: Incoming, fields: Sequence[tuple[str, str]], marks: Sequence[str]) -> dict[str, object]:
    """The head of an answer as it goes on."""
    hop = _named(fields)
    kept = [(name, value) for name, value in fields if name.lower() not in hop]
    kept += [(MARK, mark) for mark in marks]
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept]
    return {"type": "http.response.start", "status": coming.status, "headers": headers, EXACT: coming.reason}
