"""Runs that share a partner: its Buyer is one to it, so that each of them is told of what the others made."""

from __future__ import annotations

import threading
from collections.abc import Callable

from emulator.judge.showing import succeeded
from emulator.record.exchange import Transcript
from emulator.record.payload import at, every


class Together:
    """What the runs of a session know of one another. Runs in several threads can use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[int, Transcript] = {}
        self._made: set[str] = set()

    def begin(self, transcript: Transcript) -> Callable[[str], bool]:
        """A run begins; the answer says of an id whether another run of the session has, or may have, to do with it."""
        with self._lock:
            self._under_way[id(transcript)] = transcript

        def elsewhere(identifier: str) -> bool:
            # What a run under way makes may not stand in its transcript yet when we are told of it.
            with self._lock:
                others = any(other is not transcript for other in self._under_way.values())
                return others or identifier in self._made

        return elsewhere

    def end(self, transcript: Transcript) -> None:
        """A run has ended: what it made can still be told of."""
        made = {
            identifier
            for exchange in transcript
            if exchange.response is not None and succeeded(exchange)
            for identifier in (at(exchange.response.body, "/id"), *(one for _, one in every(exchange.response.body, "/*/id")))
            if isinstance(identifier, str)
        }  # fmt: skip
        with self._lock:
            self._under_way.pop(id(transcript), None)
            self._made |= made
