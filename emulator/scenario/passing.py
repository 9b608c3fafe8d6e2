"""Time passes in a wait: it is let pass, or a hook moves the partner's clock and the run's with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from emulator.record.exchange import Exchange

if TYPE_CHECKING:
    from emulator.scenario.steps import Conversation


STEADY: Final = 20
"""Unchanged answers after which a waiting step asks less and less often."""
SPARSEST: Final = 20
"""It never asks less often than this part of its `within`."""


@dataclass(slots=True)
class Looks:
    """What states were seen so far, after how many seconds, and how long to wait before the next look."""

    every: float
    within: float
    seen: list[tuple[float, str]] = field(default_factory=list)
    unchanged: int = 0
    interval: float = 0.001

    def note(self, passed: float, state: str) -> None:
        if not self.seen or self.seen[-1][1] != state:
            self.seen.append((passed, state))
            self.unchanged, self.interval = 0, max(self.every, 0.001)
            return
        self.unchanged += 1
        if self.unchanged >= STEADY:
            self.interval = max(self.every, min(self.interval * 2, self.within / SPARSEST))


def pass_time(talk: Conversation, seconds: float, within: float, left: float) -> None:
    """Let so much time pass in a wait for `within`, of which so much is left. Raises Stopped and Unprepared.

    Where the clock is moved it may be more, and who is asked next has had some real time before.
    """
    talk.stop.check()
    hand = talk.hand
    if hand is not None and hand.moves(within) and hand.move(seconds, talk.granted(within) - left, left):
        talk.stop.sleep(hand.settling())
    else:
        talk.sleep(seconds)


def listen(talk: Conversation, left: float, within: float) -> None:
    """Let time pass until something may have come. What is under way has its real time. Raises Stopped and Unprepared."""
    talk.stop.check()
    passed = talk.granted(within) - left
    if talk.hand is None or not talk.hand.moves(within):
        talk.pause(left)
    elif settling := talk.hand.settling(passed, left):
        talk.pause(settling)
    elif not talk.hand.move(0.0, passed, left):
        talk.pause(left)


BUSY: Final = frozenset({429, 503})
"""Statuses that may say when to come again (RFC 6585, 4; RFC 9110, 10.2.3)."""


def asked_to_wait(exchange: Exchange, now: datetime) -> float | None:
    """Seconds after which the other side, being busy, asks to be called again; None where it does not say."""
    response = exchange.response
    if response is None or response.status not in BUSY or (said := response.header("retry-after")) is None:
        return None
    said = said.strip()
    if said.isascii() and said.isdecimal():
        return max(1.0, float(said))
    try:
        moment = parsedate_to_datetime(said)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return max(1.0, (moment - now).total_seconds())
