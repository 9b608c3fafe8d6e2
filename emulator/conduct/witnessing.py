"""A witness between real parties: its doors, and what it has to say of both."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from emulator.conduct.standing import Stand, Standing
from emulator.doors.beside import Beside
from emulator.doors.passage.detour import Detours
from emulator.doors.passage.sifting import Sieve, Sifting
from emulator.doors.running import Running
from emulator.doors.tls import ServerTls
from emulator.hosting import Between, open_door, serve_passage
from emulator.parties.clock import Clock
from emulator.parties.opening import Keeping
from emulator.record.exchange import Party
from emulator.record.secrets import masked_text
from emulator.standard.declared import NOTHING_DECLARED, Declared
from emulator.standard.release import Release

TITLE: Final = "What passed between the buyer and the seller"
_TOLD: Final = 200
"""Different things that a user is told; whoever asks decides what they are."""


@dataclass(frozen=True, slots=True)
class Doorway:
    """Where the door between two parties is. `callback_url` is how the seller reaches it, where that is another URL."""

    between: Between
    host: str = "127.0.0.1"
    port: int = 0
    callback_url: str | None = None
    tls: ServerTls | None = None


class Witness:
    """Stands between the parties of one leg or several, and judges each of them as a party under test."""

    def __init__(
        self,
        releases: Sequence[Release],
        keep: Keeping,
        clock: Clock,
        tell: Callable[[str], None],
        *,
        broken: Sifting = Sifting.PASS,
        declared: Declared = NOTHING_DECLARED,
        profile: str | None = None,
        legs: Sequence[str] = (),
        notes: Sequence[str] = (),
    ) -> None:
        """`tell` gets what a user should know, each thing once. `declared` is what the partners told each other."""
        self._releases, self._keep, self._clock, self._broken = list(releases), keep, clock, broken
        self._tell, self._told, self._telling = tell, set[str](), threading.Lock()
        self.standing = Standing(
            self._releases[0],
            clock,
            keep.transcript_of,
            came=keep.came,
            profile=profile,
            declared=declared,
            stand=Stand("oit proxy", TITLE, tuple(Party), tuple(legs), tuple(notes)),
        )

    def open(self, doorway: Doorway) -> Running:
        """The door between two parties, at its address. UserError where that is taken."""
        detours = Detours(self._keep.transcript_of)
        passage = serve_passage(
            doorway.between,
            self._releases,
            self._clock,
            self._keep.transcript_of,
            detours,
            sieve=Sieve(self._broken),
            told=self._say,
        )
        app = Beside(passage, self.standing.pages())
        running = open_door(app, doorway.host, doorway.port, tls=doorway.tls, exact=True)
        detours.root = (doorway.callback_url or running.url).rstrip("/")
        return running

    def _say(self, text: str) -> None:
        with self._telling:
            if text in self._told or len(self._told) >= _TOLD:
                return
            self._told.add(text)
        self._tell(masked_text(text))
