"""One request on its way through a door that passes it on: what is known of it, and how it is kept."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from emulator.doors.attributing import Attributing
from emulator.doors.passage.fields import Fields
from emulator.doors.passage.onward import Goal, Onward
from emulator.doors.recording import Recording, secured_by
from emulator.doors.visit import Visit
from emulator.record.exchange import Fault, Party, Request, Response, Transcript, decoded_path, tokens_of
from emulator.record.relayed import Change, Relayed
from emulator.record.secured import Secured, Tls, with_tokens
from emulator.standard.contract import Contract
from emulator.standard.paths import PathMap


class Gone(Exception):  # noqa: N818 - it is what it says
    """The sender ended the connection in the middle of its request."""


@dataclass(frozen=True, slots=True)
class Towards:
    """One way through the door: who answers there, by which contracts it is asked, and over which connections."""

    receiver: Party
    contracts: Sequence[Contract]
    onward: Onward
    paths: PathMap | None = None


@dataclass(slots=True)
class Crossing:
    """One request on its way through. `visit` is what is kept of it."""

    side: Channel
    visit: Visit
    goal: Goal
    fields: Fields
    body: bytes | AsyncIterator[bytes]
    seller_url: str
    changes: list[Change] = field(default_factory=list)
    led: str | None = None
    """The callback that this request led to our door for the first time."""
    marks: list[str] = field(default_factory=list)
    takes_chunks: bool = True
    sent: Request | None = None
    """The request as it went on, as far as it says who we are: where we said that ourselves."""
    tls: Tls | None = None
    """What is known of the connection that it went on by."""

    def relayed(self, outcome: Response | Fault) -> tuple[Secured | None, Relayed]:
        """What is kept of the security of the buyer's side, and of how its seller saw it."""
        came = secured_by(self.visit, outcome)
        went = with_tokens(
            Secured(self.tls) if self.tls is not None else None,
            tokens_of(self.sent, None) if self.sent is not None else (),
        )
        changes = tuple(self.changes)
        if self.side.receiver is Party.SELLER:
            return came, Relayed(self.seller_url, changes, went)
        if (
            self.sent is None and came is not None
        ):  # we say nothing of ourselves: the buyer is shown what the seller shows
            went, came = with_tokens(went, came.tokens), Secured(came.tls) if came.tls is not None else None
        return went, Relayed(self.seller_url, changes, came)


class Channel:
    """A side with its links."""

    def __init__(self, side: Towards, transcript_of: Callable[[str], Transcript], leg: str | None) -> None:
        self.receiver, self.onward = side.receiver, side.onward
        self.attribute = Attributing(list(side.contracts), side.paths)
        self.record = Recording(side.receiver, transcript_of, leg=leg)
        bases = {decoded_path(self.attribute.base_of(each)) for each in side.contracts}
        self._bases = sorted(bases, key=len, reverse=True)

    def standard_path(self, path: str) -> str:
        """A path from the base path on that is somewhere in it, as a capture is read; the whole where none is."""
        spots = [path.find(f"{base}/") for base in self._bases]
        return next((path[spot:] for spot in spots if spot >= 0), path)


@dataclass(slots=True)
class Keep:
    """Has an exchange kept, once its outcome is known."""

    one: Crossing
    at: datetime
    started: float

    async def __call__(self, outcome: Response | Fault) -> None:
        """Keep it."""
        visit = self.one.visit
        visit.secured, visit.relayed = self.one.relayed(outcome)
        elapsed = (time.perf_counter() - self.started) * 1000
        await self.one.side.record(visit, self.at, elapsed, outcome)
