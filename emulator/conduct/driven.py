"""Our buyer makes the calls of a run, at a partner's seller or at ours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from emulator.conduct.following import signalling
from emulator.conduct.listener import Listener, heard_by
from emulator.conduct.partner import declared_in
from emulator.conduct.play import Casting, Session
from emulator.conduct.trial import Evidence
from emulator.doors.faults import Faults
from emulator.doors.peer import Credentials
from emulator.doors.running import Running
from emulator.doors.server import Server
from emulator.hosting import (
    Emulation,
    authority_of,
    declared_by,
    make_seller,
    open_client,
    open_door,
    own_credentials,
    secured_party,
    serve_buyer,
    serve_seller,
)
from emulator.parties.clock import Clock, RealClock, VirtualClock
from emulator.parties.signals import step_signal
from emulator.record.exchange import Party, Transcript
from emulator.report.played import StepInfo
from emulator.scenario.events import Event
from emulator.scenario.grease import Grease
from emulator.scenario.model import ClockMode
from emulator.scenario.runner import ScenarioRunner
from emulator.scenario.scene import OurBuyer, Scene
from emulator.scenario.selection import Job
from emulator.scenario.stop import HURRY
from emulator.standard.declared import NOTHING_DECLARED, Declared, claiming

if TYPE_CHECKING:
    from emulator.parties.securing import SecuredParty


@dataclass(frozen=True, slots=True)
class _Called:
    """The seller that is called: a partner's has nothing but a URL and what it declares, ours a door that can make trouble."""

    url: str
    profile: str | None = None
    declared: Declared = NOTHING_DECLARED
    faults: Faults | None = None
    running: Running | None = None
    emulation: Emulation | None = None
    secured: SecuredParty | None = None


class DrivenPlay:
    """The runner drives our buyer through a job. A partner's time is real, whatever the scenario would like."""

    awaited = None

    def __init__(self, session: Session, job: Job) -> None:
        settings, ours = session.settings, session.settings.roles.emulates(Party.SELLER)
        virtual = ours and (settings.clock or job.scenario.clock) is ClockMode.VIRTUAL
        self._hand = None if ours else session.props.hand(job)
        self._clock: Clock = VirtualClock() if virtual else self._hand.clock if self._hand else RealClock()
        self._session, self._job, self.transcript = session, job, Transcript()
        self._protected = settings.secured
        self._told: Credentials | None = None
        self._seller = self._ours() if ours else self._partners()
        self.emulation = self._seller.emulation
        info = session.info(job, self._clock, self._seller.profile)
        declared = self._seller.declared
        if self._protected is None:
            declared = replace(declared, open=declared.open | {Party.BUYER})
        self.trial = session.trial(job, info, declared)
        heard = heard_by(self.transcript, info.id)
        self._listener = Listener(lambda: self._hearing(heard), info.id, settings)
        dress = Grease(settings.grease, Party.BUYER, settings.seed, strange=not session.release.is_closed)
        root = f"{self._seller.url}/r/{info.id}" if ours else self._seller.url
        peer = settings.peer(root)
        if self._seller.secured is not None:
            peer = replace(peer, credentials=own_credentials(self._seller.secured, root, self._clock))
        self._client = open_client(peer, self.transcript, self._clock, run=info.id, dress=dress)
        session.stop.then(lambda: self._client.hurry(HURRY))
        self._scene = Scene(info.id, session.release, self._clock, root, self._seller.faults)
        buyer = OurBuyer(self._client, self.transcript, self._listener.callback)
        self._runner = ScenarioRunner(job, self._scene, session.terms, buyer, self._hand)

    def _hearing(self, heard: Callable[[str], Transcript]) -> Server:
        """Our buyer's listener; its profile says who is let in there."""
        release, paths = self._session.release, self._session.settings.paths()
        authority = authority_of(self._protected, self._clock)
        return serve_buyer(release, self._clock, heard, paths=paths, authority=authority)

    def _partners(self) -> _Called:
        settings, profile, declared = self._session.settings, None, NOTHING_DECLARED
        if settings.profile is not None:
            profile, declared = declared_in(settings.profile, self._session.release, settings.root)
        if settings.partner is not None:
            declared = claiming(declared, settings.partner.claims)
        return _Called(settings.seller_url or "", profile, declared)

    def _ours(self) -> _Called:
        """Our seller keeps a record of its own; the run's is our buyer's. Notifications that go to somebody else than our
        buyer are not in that.
        """
        session, cast = self._session, Casting.of(self._session.settings, self._job)
        seed, doors = session.settings.seed, defaultdict[str, Transcript](Transcript)
        seller = make_seller(session.release, cast.profile, self._clock, seed=seed, grease=cast.grease)
        secured = secured_party(cast.profile.security, [session.release], Party.SELLER, ours=True)
        self._protected = secured_party(cast.profile.buyer.security, [session.release], Party.BUYER, ours=True)
        server = serve_seller(
            seller,
            doors.__getitem__,
            faults=cast.faults,
            grease=cast.grease,
            deliveries_of=lambda run: doors[run] if self._listener.is_open else self.transcript,
            paths=session.settings.paths(),
            credentials=self._for_callbacks,
            authority=authority_of(secured, self._clock, cast.faults),
        )
        running, declared = open_door(server), declared_by(cast.profile, emulated=True)
        return _Called(running.url, cast.profile.name, declared, cast.faults, running, Emulation(seller), secured)

    def _for_callbacks(self, callback: str) -> Credentials | None:
        """What our seller brings to a callback: to our own buyer's, where that lets in only whom it knows, a token."""
        heard = self._listener.heard
        if self._protected is None or not heard or callback.rstrip("/") != heard[0]:
            return None
        if self._told is None:
            self._told = own_credentials(self._protected, heard[0], self._clock)
        return self._told

    def act(self, tell: Callable[[Event], None]) -> Evidence:
        session, seller = self._session, self._seller
        # Each of our own sellers has one run; at a partner's, others may have to do with what this one is told of.
        elsewhere = session.together.begin(self.transcript) if seller.running is None else None
        try:
            if seller.running is not None:
                seller.running.start()
            result = self._runner.play(self._telling(tell))
        finally:
            self._client.close()
            if seller.running is not None:
                seller.running.stop(session.stop.patience(10))
            self._listener.close(session.stop.patience(10))
            session.together.end(self.transcript)
        found = self._evidence(result.provoked, result.spoilt, result.finished, whole=not result.cut)
        return found if elsewhere is None else replace(found, elsewhere=elsewhere)

    def _telling(self, tell: Callable[[Event], None]) -> Callable[[Event], None]:
        """Our seller hears of what has happened, too: paths of its resources may wait for that."""
        if self.emulation is None:
            return tell
        seller, run = self.emulation.seller, self.trial.info.id
        signal = signalling(self._job, lambda step: seller.signal(step_signal(step), run, lasting=True))

        def both(event: Event) -> None:
            tell(event)
            signal(event)

        return both

    def so_far(self, steps: Sequence[StepInfo]) -> Evidence:
        """What a step of a case does wrong on purpose is known when it is done: until then nobody is blamed for it."""
        known = max((n for step in steps for n in step.exchanges), default=0)
        fresh = frozenset(range(known + 1, len(self.transcript) + 1)) if self._job.case else frozenset[int]()
        return self._evidence(
            self._runner.provoked | fresh, self._runner.spoilt | fresh, self._clock.now(), whole=False
        )

    def _evidence(self, provoked: frozenset[int], spoilt: frozenset[int], until: datetime, *, whole: bool) -> Evidence:
        faults = self._seller.faults
        return Evidence(
            tuple(self.transcript),
            until,
            provoked,
            spoilt,
            heard=self._listener.heard,
            withheld=frozenset(faults.withheld) if faults else frozenset(),
            whole=whole,
            prepared=tuple(self._hand.rows) if self._hand else (),
            moves=tuple(self._hand.moves_made) if self._hand else (),
            notes=self._hand.notes if self._hand else (),
        )

    def ended(self, verdict: str) -> None:
        """Nobody waits to hear it."""
