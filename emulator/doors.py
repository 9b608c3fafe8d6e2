"""The emulated parties behind their doors: what serves them, and what their profile declares. Neither plays nor judges."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from emulator.judge.run import Declared
from emulator.parties.background import time_passing
from emulator.parties.buyer import Answering, Buyer, Refusal
from emulator.parties.clock import Clock, RealClock
from emulator.parties.delivery import THREADS, Deliverer
from emulator.parties.desk import Observer
from emulator.parties.pacing import Pacing
from emulator.parties.profile import Profile
from emulator.parties.seller import Seller
from emulator.parties.signals import Signals
from emulator.parties.store import Store
from emulator.scenario.grease import Grease, Level
from emulator.standard.release import Release
from emulator.wire.exchange import Party, Transcript
from emulator.wire.faults import Faults
from emulator.wire.refusing import ErrorPolicy
from emulator.wire.server import Server


@dataclass(frozen=True, slots=True)
class Emulation:
    """Our seller, for who looks at it or has a hand in it. Without `faults` its door is elsewhere, without `pacing`
    its time is not to be changed. `end` says that nobody comes any more.
    """

    seller: Seller
    faults: Faults | None = None
    pacing: Pacing | None = None
    end: Callable[[], None] | None = None


def serve_seller(
    release: Release,
    profile: Profile,
    clock: Clock,
    transcript_of: Callable[[str], Transcript],
    *,
    seed: int | None = None,
    faults: Faults | None = None,
    grease: Grease | None = None,
    observers: Iterable[Observer] = (),
    deliveries_of: Callable[[str], Transcript] | None = None,
    store: Store | None = None,
    kept: Callable[[], Awaitable[None]] | None = None,
    signals: Signals | None = None,
    met: Callable[[Seller], None] = lambda _: None,
) -> Server:
    """The emulated seller behind its door. Without a seed its ids never repeat. `faults` can make trouble there.

    `observers` are told of each change of state. `deliveries_of(run)` is where the notifications it sends are
    recorded, with the requests it gets if left out. The clock has it work: a virtual one whenever someone waits,
    a real one in the background while the server listens. `store` keeps the seller's state, in memory if left out;
    `kept` is awaited before each reply. `grease` varies what the standard leaves free. `signals` are given to it.
    `met` is told of the seller behind the door.
    """
    real = isinstance(clock, RealClock)
    new_id = grease.new_id if grease and grease.level is not Level.OFF else None
    seller = Seller(release, profile, clock, new_id, seed=seed, store=store, holds=real)
    seller.desk.observers += observers
    if signals is not None:
        signals.bind(seller.signal)
    met(seller)
    if faults is not None:
        seller.hub.outlives = faults.outlives
    deliverer = Deliverer(
        seller.store,
        profile.notifications,
        lambda api: release.contract(api, "notification"),
        clock,
        deliveries_of or transcript_of,
        is_held=seller.hub.is_held,
        threads=THREADS if real else 0,
        faults=faults,
        dress=grease,
    )
    clock.attach(seller)
    clock.attach(deliverer)
    policy = ErrorPolicy(schema=profile.errors.schema, unknown_members=str(profile.unknown_members))
    return Server(
        Party.SELLER,
        release.contracts(Party.SELLER),
        seller,
        clock.now,
        transcript_of,
        policy=policy,
        faults=faults,
        dress=grease,
        replied=seller.replied,
        lifetime=lambda: time_passing(clock),
        kept=kept,
    )


def serve_buyer(
    release: Release,
    clock: Clock,
    transcript_of: Callable[[str], Transcript],
    answering: Answering | Refusal | None = None,
) -> Server:
    """The emulated buyer behind its door: it takes every notification unless `answering` says otherwise."""
    return Server(Party.BUYER, release.contracts(Party.BUYER), Buyer(answering), clock.now, transcript_of)


def declared_by(profile: Profile, *, emulated: bool) -> Declared:
    """What a profile says that the partners told each other.

    The emulated seller acts for nobody unless its profile names somebody. Of a partner, silence says nothing.
    """
    buyers, sellers = profile.represents.buyers, profile.represents.sellers
    return Declared(
        buyers=buyers if buyers or emulated else None,
        sellers=sellers if sellers or emulated else None,
        options=profile.options,
        readings=profile.readings,
        unsupported=profile.unsupported,
    )
