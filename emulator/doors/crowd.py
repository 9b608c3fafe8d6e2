"""The connections of one server: who is open, who has waited too long, and who makes room for whom."""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections import Counter, deque
from enum import IntEnum
from typing import Final, Protocol

from emulator.doors.limits import Limits

_LOG: Final = logging.getLogger("oit.server")
_SILENCE: Final = 10.0
"""Seconds after a line of the log about strangers in which there is no other."""
_GRACE: Final = 0.2
"""Seconds in which there may be too many, so that who has just come can say what it wants."""
_AT_A_TIME: Final = 4
"""Large bodies that are read on in a turn of the loop."""
_TICK: Final = 1.0
"""Seconds between two looks at everybody, at the most."""


class Phase(IntEnum):
    """What a connection is at. Where room is needed, the first of these go first; who is being answered never goes."""

    LEAVING = 0
    """It has been refused, or closed, and is only open so that its client can read why."""
    NEW = 1
    """Nothing has come."""
    HEAD = 2
    """A head has begun."""
    BODY = 3
    """The head is there, the body is not."""
    IDLE = 4
    """All that came was answered."""
    ANSWERING = 5


class Line(Protocol):
    """A connection, as the crowd sees it."""

    since: float
    """When what it is at began, by the loop's clock."""
    address: str
    held: int
    """Bytes of bodies that it holds."""

    @property
    def phase(self) -> Phase:
        """What it is at."""

    @property
    def closing(self) -> bool:
        """Whether it was closed, and the system has only not said so yet."""

    @property
    def unread(self) -> int:
        """Bytes of answers that wait for the client to read them."""

    def look(self, now: float) -> None:
        """End it if it is late."""

    def make_room(self) -> None:
        """Close it, since others want to be served."""

    def give_up(self) -> None:
        """Refuse a request that is not whole, since what others send needs the memory."""

    def cut(self) -> None:
        """Close it at once, whatever is under way."""

    def go_on(self) -> None:
        """Read again what it was not its turn to read."""


class Crowd:
    """All connections of a server. Everything here happens in the loop that serves them."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._lines: dict[Line, None] = {}  # in the order in which they came
        self._of: Counter[str] = Counter()
        self._writing: set[Line] = set()
        self._bodies = 0
        self._turn = 0  # bytes of large bodies that came in this turn of the loop
        self._queue: deque[Line] = deque()
        self._sweep: asyncio.TimerHandle | None = None
        self._room: asyncio.TimerHandle | None = None
        self._said = float("-inf")
        self._unsaid = 0

    def __len__(self) -> int:
        return len(self._lines)

    def join(self, line: Line) -> bool:
        """A connection was made. False where there is no room for it, nor any to be made."""
        loop = asyncio.get_running_loop()
        most = 2 * self.limits.connections
        if len(self._lines) >= most and self._make_room() >= most:
            return False
        self._lines[line] = None
        self._of[line.address] += 1
        if self._sweep is None:
            self._sweep = loop.call_later(self._tick(), self._look)
        if self._room is None and len(self._lines) > self.limits.connections:
            # Not at once: who has just come shall say what it wants before it is taken for one that says nothing.
            self._room = loop.call_later(_GRACE, self._make_room)
        return True

    def leave(self, line: Line) -> None:
        """A connection is gone."""
        if line not in self._lines:
            return
        del self._lines[line]
        self.relieved(line)
        self._of[line.address] -= 1
        if not self._of[line.address]:
            del self._of[line.address]

    def took(self, count: int) -> None:
        """So many more bytes of bodies are held; negative where they are let go."""
        self._bodies += count
        if self._bodies > self.limits.bodies and count > 0:
            unfinished = [line for line in self._lines if line.phase is Phase.BODY]
            if unfinished:
                self.say("bodies under way are larger than all that is kept of them; the largest was refused")
                max(unfinished, key=lambda line: line.held).give_up()

    def has_turn(self, line: Line, count: int) -> bool:
        """So many bytes of a large body came. False where others shall be served first: then it is told to go on."""
        if not self._turn:
            asyncio.get_running_loop().call_soon(self._next_turn)
        self._turn += count
        if self._turn <= self.limits.turn:
            return True
        self._queue.append(line)
        return False

    def _next_turn(self) -> None:
        self._turn = 0
        for _ in range(min(_AT_A_TIME, len(self._queue))):
            self._queue.popleft().go_on()
        if self._queue:
            self._turn = 1
            asyncio.get_running_loop().call_soon(self._next_turn)

    def stuck(self, line: Line) -> None:
        """A client does not read as fast as it is answered."""
        self._writing.add(line)
        if sum(each.unread for each in self._writing) > self.limits.unread:
            self.say("answers that nobody reads are more than is kept of them; the largest was cut")
            max(self._writing, key=lambda each: each.unread).cut()

    def relieved(self, line: Line) -> None:
        """It has read, or is gone."""
        self._writing.discard(line)

    def say(self, what: str) -> None:
        """A line of the log about what strangers do; of many only the first, with how many there were since the last."""
        now = asyncio.get_running_loop().time()
        if now - self._said < _SILENCE:
            self._unsaid += 1
            return
        more = f" ({self._unsaid} more such lines were left out)" if self._unsaid else ""
        self._said, self._unsaid = now, 0
        _LOG.warning("%s%s", what, more)

    def end(self) -> None:
        """Close all, whatever is under way."""
        for line in list(self._lines):
            line.cut()

    def _tick(self) -> float:
        """Often enough for the shortest of the limits."""
        of = self.limits
        return min(_TICK, min(of.head_seconds, of.body_seconds, of.write_seconds, of.idle_seconds) / 4)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for line in list(self._lines):
            line.look(now)
        self._sweep = loop.call_later(self._tick(), self._look) if self._lines else None

    def _make_room(self) -> int:
        """Close as many that wait as there are too many; returns how many stay open."""
        self._room = None
        there = [line for line in self._lines if not line.closing]
        over = len(there) - self.limits.connections
        if over <= 0:
            return len(there)
        ranked = [
            (line.phase, -self._of[line.address], line.since, n, line)
            for n, line in enumerate(there)
            if line.phase is not Phase.ANSWERING
        ]
        gone = heapq.nsmallest(over, ranked)
        if gone:
            self.say(f"more than {self.limits.connections} connections are open; {len(gone)} that wait were closed")
        for *_, line in gone:
            line.make_room()
        return len(there) - len(gone)
