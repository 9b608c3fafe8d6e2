"""How a message of ours looks where the standard leaves it open. Both doors ask; the plain way is the default."""

from __future__ import annotations

from typing import Any, Final, Protocol

from emulator.record.payload import dump

MEDIA_TYPE: Final = "application/json;charset=utf-8"


class Dress(Protocol):
    """Gives a message its look."""

    def dump(self, value: Any, written: bytes | None = None) -> bytes:
        """A JSON value as bytes; `written` is what `payload.dump` makes of it, where that was done before."""

    def media_type(self) -> str:
        """The Content-Type of a message with JSON in it."""

    def pause(self) -> float:
        """Seconds of real time to wait before an answer."""


class Plain:
    """Members as they come, one media type, no waiting."""

    def dump(self, value: Any, written: bytes | None = None) -> bytes:
        return dump(value) if written is None else written

    def media_type(self) -> str:
        return MEDIA_TYPE

    def pause(self) -> float:
        return 0.0
