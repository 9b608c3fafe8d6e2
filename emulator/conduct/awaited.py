"""A buyer under test makes the calls of a run: our seller serves, and what comes is waited for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from emulator.conduct.board import Board
from emulator.conduct.following import signalling
from emulator.conduct.play import Casting, Session
from emulator.conduct.settings import SellerDoor, Settings
from emulator.conduct.trial import Evidence
from emulator.doors.beside import Beside
from emulator.errors import UserError
from emulator.hosting import Emulation, authority_of, declared_by, make_seller, serve_seller
from emulator.parties.clock import RealClock, rfc3339
from emulator.parties.pacing import Pacing
from emulator.parties.profile import Profile, is_in_own_words
from emulator.parties.signals import step_signal
from emulator.parties.store import MemoryStore, Resource
from emulator.record.exchange import provoked_in
from emulator.report.played import StepInfo
from emulator.scenario.cases import odd_ones
from emulator.scenario.events import Event, Serving
from emulator.scenario.room import Room
from emulator.scenario.scene import Scene
from emulator.scenario.selection import Job
from emulator.scenario.waiting import WaitingRunner
from emulator.standard.declared import claiming

if TYPE_CHECKING:
    from emulator.parties.securing import SecuredParty

WAITING: Final = "/oit/waiting"
DONE: Final = "/oit/done"
_LINGER: Final = 2.0
"""Seconds without a call after which a buyer that has done all that was asked of it is taken to be done."""


class AwaitedPlay:
    """Our seller serves a job to a partner's buyer, at the session's address. UserError where that is not free."""

    def __init__(self, session: Session, job: Job) -> None:
        settings, self._clock = session.settings, RealClock()
        door, store = settings.door or SellerDoor(), MemoryStore()
        pacing = Pacing(store, self._clock, door.speed)
        cast = Casting.of(settings, job)
        self._session, self._job, self._faults = session, job, cast.faults
        self._board = Board(door.waiting_file)
        own = is_in_own_words(settings.profile, settings.root)
        info = session.info(job, self._clock, cast.profile.name, in_own_words=own)
        declared = declared_by(cast.profile, emulated=True)
        if settings.partner is not None:
            declared = claiming(declared, settings.partner.claims)
        self.trial = session.trial(job, info, declared)
        self.transcript = Room(cast.faults)
        seller = make_seller(
            session.release, cast.profile, self._clock, seed=settings.seed, grease=cast.grease, store=store
        )
        seller.desk.observers.append(self._reached)
        server = serve_seller(
            seller,
            lambda _: self.transcript,
            faults=cast.faults,
            grease=cast.grease,
            paths=settings.paths(),
            partner=settings.partner,
            authority=authority_of(_let_in(settings, cast.profile), self._clock, cast.faults),
        )
        pages = {("GET", WAITING): self._board.page, ("POST", DONE): self._done}
        self._running = session.address.open(Beside(server, pages), settings.tls)
        self.emulation: Emulation | None = Emulation(seller, cast.faults, pacing, end=self.transcript.close)

    @property
    def awaited(self) -> Callable[[], Mapping[str, Any]]:
        return self._board.now

    def _reached(self, resource: Resource, _: str | None, state: str, item: str | None, __: datetime) -> None:
        if item is None:
            self.transcript.reach(resource.kind, resource.id, state)

    def _done(self, _: Mapping[str, str]) -> tuple[int, Any]:
        """The partner says that it has nothing more to send."""
        self.transcript.close()
        return 202, {"status": "ending"}

    def act(self, tell: Callable[[Event], None]) -> Evidence:
        session, stop = self._session, self._session.stop
        try:
            url = self._serve(tell)
            scene = Scene(self.trial.info.id, session.release, self._clock, url, self._faults)
            runner = WaitingRunner(
                self._job, scene, session.terms, self.transcript, patience=RealClock(), linger=_LINGER
            )
            waited = runner.play(self._telling(tell))
        finally:
            self._running.stop(stop.patience(10))
        found = self._evidence(waited.result.spoilt, waited.result.finished, whole=not waited.result.cut)
        return replace(found, noticed=waited.findings)

    def _serve(self, tell: Callable[[Event], None]) -> str:
        """Have our seller listen, and say so; answers its root URL."""
        url, info = self._running.start(), self.trial.info
        started, run = rfc3339(info.started), {"run": info.id, "scenario": info.scenario, "case": info.case}
        self._board.tell(**run, url=url, status="waiting", started=started, awaited=[])
        tell(Serving(url))
        return url

    def _telling(self, tell: Callable[[Event], None]) -> Callable[[Event], None]:
        """The board hears of what happens first, and our seller as well: paths of its resources may wait for that."""
        assert self.emulation is not None
        seller = self.emulation.seller
        signal = signalling(self._job, lambda step: seller.signal(step_signal(step), "", lasting=True))

        def all_of_them(event: Event) -> None:
            self._board.hear(event)
            tell(event)
            signal(event)

        return all_of_them

    def so_far(self, _: Sequence[StepInfo]) -> Evidence:
        return self._evidence(frozenset(self.transcript.spoilt), self._clock.now(), whole=False)

    def _evidence(self, spoilt: frozenset[int], until: datetime, *, whole: bool) -> Evidence:
        room = self.transcript
        odd = frozenset(exchange.n for exchange in odd_ones(room, self._faults))
        return Evidence(
            tuple(room),
            until,
            provoked_in(room) | odd,
            spoilt,
            expected=frozenset(room.awaited),
            withheld=frozenset(self._faults.withheld),
            whole=whole,
        )

    def ended(self, verdict: str) -> None:
        self._board.tell(status="ended", verdict=verdict)


def _let_in(settings: Settings, profile: Profile) -> SecuredParty | None:
    """Who is let in; None where everybody is. UserError where a scenario alone secures our seller: its clients would be others
    in each run.
    """
    if profile.security.kind == "none":
        return None
    if settings.secured is None:
        raise UserError(
            "the scenario secures our seller: say `security: oauth2` in a --profile too, which names its clients"
        )
    return settings.secured
