"""How much one client may have of a server: bytes, numbers, seconds. All bounds of the door stand here, and nowhere else."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from emulator.record.coding import MAX_REQUEST

_FILES: Final = 65_536
"""Files that a process wants to have open at the most, where the system lets it."""
_SPARE: Final = 200
"""Files that stay for what is no client: databases, callbacks, reports."""
_SHARE: Final = 3
"""Files for each connection that may be open: as many again may wait to be closed, and as many to be accepted."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one server. Sizes are bytes, times seconds, the rest are numbers; each has its unit in its words.

    A slow client that goes on is served, a silent one is not: a body may take `body_seconds`, and one second more for
    each `rate` bytes that have come; what a client has to read likewise.
    """

    head: int = 65_536
    """Bytes of a head: the request line and all header fields. More is 431."""
    fields: int = 100
    """Header fields of a head, trailers likewise. More is 431."""
    url: int = 16_384
    """Bytes of a request target. More is 414."""
    connections: int = 1000
    """Connections open at a time. One more makes another one close that waits in vain; twice as many are never open."""
    pipelined: int = 32
    """Requests of one connection that are not answered yet. Those beyond are not read, and the connection ends."""
    bodies: int = 64 * 1024 * 1024
    """Bytes of all bodies together that are being read. Beyond, the largest unfinished one is refused with 503."""
    turn: int = 2 * 1024 * 1024
    """Bytes of large bodies that are read in one turn of the loop; others wait for the next one, in their order."""
    unread: int = 64 * 1024 * 1024
    """Bytes of all answers together that clients do not read. Beyond, the connection with the most of them is cut."""
    spare: int = 1024 * 1024
    """Bytes that are thrown away after an answer, so that a client that is still sending can read it."""
    rate: int = 500
    """Bytes per second that a body must come with, and an answer be read with, beyond the seconds granted to each."""
    head_seconds: float = 20.0
    """Seconds from a head's first byte, or from the connection's begin, to the end of the head. Later is 408."""
    body_seconds: float = 30.0
    """Seconds that any body may take."""
    write_seconds: float = 30.0
    """Seconds that reading any answer may take."""
    idle_seconds: float = 60.0
    """Seconds that a connection is kept between two requests."""
    linger_seconds: float = 2.0
    """Seconds that a refused client has to read why."""
    end_seconds: float = 2.0
    """Seconds that requests under way have when a server ends."""
    body: int = MAX_REQUEST
    """Bytes of a body that are kept at the most; what comes beyond takes no memory."""

    def fitting(self) -> Limits:
        """These, with as many connections as this process may have files; it asks the system for enough of them."""
        files = _files()
        return (
            self
            if files is None
            else replace(self, connections=min(self.connections, max(8, (files - _SPARE) // _SHARE)))
        )


def _files() -> int | None:
    """How many files this process may have open by now, having asked for more; None where no system says so."""
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
    return _FILES if soft == resource.RLIM_INFINITY else soft
