"""The emulated parties behind their doors: what serves them, and what their profile declares. Neither plays nor judges."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict

from emulator.doors.authenticating import Authenticate, Authorise, AuthorizationServer
from emulator.doors.beside import App
from emulator.doors.client import Client
from emulator.doors.dress import Dress
from emulator.doors.faults import Faults
from emulator.doors.passage.crossing import Towards
from emulator.doors.passage.detour import Detours
from emulator.doors.passage.door import Passage
from emulator.doors.passage.onward import Onward
from emulator.doors.passage.sifting import Sieve
from emulator.doors.peer import Credentials, Peer
from emulator.doors.refusing import ErrorPolicy
from emulator.doors.running import Running
from emulator.doors.server import Server
from emulator.doors.tls import ServerTls
from emulator.errors import UserError
from emulator.parties.background import time_passing
from emulator.parties.buyer import Answering, Buyer, Refusal
from emulator.parties.callbacks import Forbidden, Guard
from emulator.parties.clock import Clock, RealClock
from emulator.parties.delivery import THREADS, CallbackPeers, Deliverer
from emulator.parties.pacing import Pacing
from emulator.parties.profile import Profile
from emulator.parties.security import SecuritySection
from emulator.parties.seller import Seller
from emulator.parties.store import Store
from emulator.record.exchange import Party, Transcript
from emulator.scenario.grease import Grease, Level
from emulator.standard.contract import Contract
from emulator.standard.declared import Declared
from emulator.standard.paths import PathMap, served_together
from emulator.standard.release import Release

if TYPE_CHECKING:
    from emulator.doors.authority.guard import Authority
    from emulator.doors.authority.records import Records
    from emulator.doors.partner.making import Partner
    from emulator.parties.behaviours import Moods
    from emulator.parties.database import Database
    from emulator.parties.securing import SecuredParty


SECURITY_PROFILE: Final = "MEF128"
"""The LSO API security profile, as partners claim it."""


@dataclass(frozen=True, slots=True)
class Emulation:
    """Our seller, for who looks at it or has a hand in it. Without `faults` its door is elsewhere, without `pacing`
    its time is not to be changed, without `moods` its behaviour is not. `end` says that nobody comes any more.
    """

    seller: Seller
    faults: Faults | None = None
    pacing: Pacing | None = None
    moods: Moods | None = None
    end: Callable[[], None] | None = None


def make_seller(
    release: Release,
    profile: Profile,
    clock: Clock,
    *,
    seed: int | None = None,
    grease: Grease | None = None,
    store: Store | None = None,
    beside: Sequence[Release] = (),
) -> Seller:
    """The emulated seller, of a release and of those `beside` it. Without a seed its ids never repeat; `grease` can make odd ones. `store` keeps its state, in memory
    if left out.
    """
    new_id = grease.new_id if grease and grease.level is not Level.OFF else None
    seller = Seller(release, profile, clock, new_id, seed=seed, store=store, holds=isinstance(clock, RealClock))
    for other in beside:
        seller.beside(other)
    return seller


def serve_seller(
    seller: Seller,
    transcript_of: Callable[[str], Transcript],
    *,
    faults: Faults | None = None,
    grease: Grease | None = None,
    deliveries_of: Callable[[str], Transcript] | None = None,
    kept: Callable[[], Awaitable[None]] | None = None,
    paths: PathMap | None = None,
    partner: Partner | None = None,
    credentials: Callable[[str], Credentials | None] | None = None,
    authority: Authority | None = None,
) -> Server:
    """The emulated seller behind its door. `faults` can make trouble there, `grease` varies what the standard leaves free.

    `paths` are the base paths that it serves, and that callbacks are called below, the standard's if left out. `partner`
    says how the host that it names is called back, `credentials` what a callback of our own buyer's is shown.

    `deliveries_of(run)` is where the notifications it sends are recorded, with the requests it gets if left out. Its clock
    has it work: a virtual one whenever someone waits, a real one in the background while the server listens. `kept` is
    awaited before each reply. `authority` says who is let in; everybody, if left out.
    """
    profile, clock = seller.profile, seller.context.clock
    if faults is not None:
        for each in seller.all.values():
            each.hub.outlives = faults.outlives
    deliverer = Deliverer(
        seller.store,
        profile.notifications,
        lambda owed: seller.whose(owed.run).context.release.contract(owed.api, "notification"),
        clock,
        deliveries_of or transcript_of,
        path_of=lambda owed: seller.whose(owed.run).context.release.kinds.listener(owed.api, owed.event),
        is_held=seller.is_held,
        threads=THREADS if isinstance(clock, RealClock) else 0,
        faults=faults,
        dress=grease,
        peer_of=calling_back(partner, paths, credentials),
    )
    clock.attach(seller)
    clock.attach(deliverer)
    policy = ErrorPolicy(schema=profile.errors.schema, unknown_members=str(profile.unknown_members))
    return Server(
        Party.SELLER,
        served_together([each.context.release for each in seller.all.values()], Party.SELLER),
        seller,
        clock.now,
        transcript_of,
        policy=policy,
        faults=faults,
        dress=grease,
        paths=paths,
        replied=seller.replied,
        lifetime=lambda: time_passing(clock),
        kept=kept,
        **_guarded(authority),
    )


def _guarded(authority: Authority | None) -> _Guarded:
    if authority is None:
        return {}
    return {"authenticate": authority.authenticate, "authorise": authority.authorise, "authority": authority}


class _Guarded(TypedDict, total=False):
    authenticate: Authenticate
    authorise: Authorise
    authority: AuthorizationServer


def secured_party(
    section: SecuritySection,
    releases: Sequence[Release],
    party: Party,
    database: Database | None = None,
    folder: Path | None = None,
    *,
    ours: bool = False,
) -> SecuredParty | None:
    """How a party is secured that serves these releases; None where its profile wants nothing of it.

    What has to be known after the next start goes into the database; private keys that are made for clients go into the
    folder, a new one if left out. With `ours` there is one client more, for our own other party (`own_credentials`). UserError
    where a reference leads nowhere.
    """
    if section.kind == "none":
        return None
    # Who serves nobody but whom it knows pays for what that takes.
    from emulator.doors.authority.records import MemoryRecords  # noqa: PLC0415
    from emulator.parties.securing import secured_by  # noqa: PLC0415

    records: Records = MemoryRecords()
    if database is not None:
        from emulator.parties.authority_records import SqlRecords  # noqa: PLC0415

        records = SqlRecords(database, party)
    contracts = [contract for release in releases for contract in release.contracts(party)]
    return secured_by(section, contracts, party, records, folder, ours=ours)


def authority_of(
    secured: SecuredParty | None, clock: Clock, faults: Faults | None = None, database: Database | None = None
) -> Authority | None:
    """The authorization server of a party that is secured so. `faults` make trouble there, `database` is that of this process,
    where `secured` was made by another.
    """
    if secured is None:
        return None
    from emulator.doors.authority.guard import opened  # noqa: PLC0415 - as above

    records = secured.records
    if database is not None:
        from emulator.parties.authority_records import SqlRecords  # noqa: PLC0415

        records = SqlRecords(database, secured.party)
    return opened(secured.policy, records, clock.now, clock.spread, faults)


def own_credentials(secured: SecuredParty, root: str, clock: Clock) -> Credentials:
    """What our other party shows to a party of ours that is secured so, at a root URL: tokens, which it fetches there."""
    from emulator.doors.authority.policy import DEFAULT_SCOPE  # noqa: PLC0415 - as above
    from emulator.doors.partner.assertions import Signer  # noqa: PLC0415
    from emulator.doors.partner.oauth import Asking, OAuth, Scopes  # noqa: PLC0415
    from emulator.doors.partner.parts import Method  # noqa: PLC0415

    assert secured.own is not None
    asking = Asking(
        Peer(root),
        secured.own.id,
        Method.KEY_JWT,
        token_url=f"{root}/oauth2/token",
        signer=Signer(secured.own.key, "ES256", secured.own.key.kid),
        scopes=Scopes((DEFAULT_SCOPE,)),
    )
    return OAuth(asking, lambda: clock.now().timestamp())


def open_door(
    app: App,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    shared: bool = False,
    to: str = "listen",
    tls: ServerTls | None = None,
    exact: bool = False,
) -> Running:
    """A server at an address, which is taken at once; a `shared` one is served by other processes of ours as well, one with
    `tls` over TLS, and an `exact` one keeps the spelling of header names.

    UserError where the address is not free, which says what it is needed `to` do.
    """
    try:
        context = None if tls is None else tls.context
        return Running(app, host, port, shared=shared, tls=context, exact=exact)
    except OSError as error:
        raise not_free(host, port, error, to) from error


def not_free(host: str, port: int, error: OSError, to: str = "listen") -> UserError:
    """That an address cannot be had."""
    return UserError(f"cannot {to} on {host} port {port}: {error.strerror}")


def open_client(
    peer: Peer, transcript: Transcript, clock: Clock, *, run: str | None = None, dress: Dress | None = None
) -> Client:
    """What our buyer sends with to a seller; `transcript` is where that is recorded, `dress` how it looks."""
    return Client(peer, Party.BUYER, transcript, clock.now, run=run, dress=dress)


def serve_buyer(
    release: Release,
    clock: Clock,
    transcript_of: Callable[[str], Transcript],
    answering: Answering | Refusal | None = None,
    *,
    paths: PathMap | None = None,
    authority: Authority | None = None,
) -> Server:
    """The emulated buyer behind its door: it takes every notification unless `answering` says otherwise, and from everybody
    unless `authority` does.
    """
    served, buyer = release.contracts(Party.BUYER), Buyer(answering)
    return Server(Party.BUYER, served, buyer, clock.now, transcript_of, paths=paths, **_guarded(authority))


def calling_back(
    partner: Partner | None, paths: PathMap | None, credentials: Callable[[str], Credentials | None] | None = None
) -> CallbackPeers:
    """How subscribers are called back: all alike, but for the host that a partner's file names, and for callbacks of our own
    for which there are `credentials`.
    """

    def peer_of(callback: str, contract: Contract, timeout: float) -> Peer:
        standard = paths or PathMap.of([contract])
        if partner is None:
            shown = credentials(callback) if credentials is not None else None
            return Peer(callback, standard, timeout=timeout, release=contract.release, credentials=shown)
        return partner.callback(callback, standard, timeout=timeout, release=contract.release)

    return peer_of


@dataclass(frozen=True, slots=True)
class Between:
    """Between whom a proxy stands. `seller` is where what a buyer asks goes, `buyer` how callbacks are reached.

    `leg` names the two, where there are more; `paths` are the base paths, the standard's if left out; `subscriber` is the
    callback of subscriptions that were made elsewhere.
    """

    seller: Peer
    buyer: Peer = field(default_factory=Peer)
    leg: str | None = None
    paths: PathMap | None = None
    subscriber: str | None = None


def serve_passage(
    between: Between,
    releases: Sequence[Release],
    clock: Clock,
    transcript_of: Callable[[str], Transcript],
    detours: Detours,
    *,
    sieve: Sieve | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> Passage:
    """The door between two real parties. It calls no callback at an address that our seller would not call either, and no answer
    waits until what passed is kept for good.
    """
    paths = between.paths
    return Passage(
        Towards(Party.SELLER, served_together(releases, Party.SELLER), Onward(between.seller), paths),
        Towards(Party.BUYER, served_together(releases, Party.BUYER), Onward(between.buyer), paths),
        clock.now,
        transcript_of,
        detours,
        leg=between.leg,
        sieve=sieve,
        guard=_Guard(),
        subscriber=between.subscriber,
        told=told,
    )


class _Guard:
    """Our seller's guard, for a door."""

    def __init__(self) -> None:
        self._guard = Guard()

    def problem(self, callback: str) -> str | None:
        return self._guard.problem(callback)

    def addresses(self, callback: str) -> Sequence[str]:
        try:
            return self._guard.addresses(callback)
        except Forbidden as problem:
            raise PermissionError(str(problem)) from problem


def declared_by(profile: Profile, *, emulated: bool) -> Declared:
    """What a profile says that the partners told each other.

    The emulated seller acts for nobody unless its profile names somebody, and claims the LSO API security profile where it is
    secured; where it is not, it is open to all. Of a partner, silence says nothing.
    """
    buyers, sellers = profile.represents.buyers, profile.represents.sellers
    secured = emulated and profile.security.kind == "oauth2"
    return Declared(
        buyers=buyers if buyers or emulated else None,
        sellers=sellers if sellers or emulated else None,
        options=profile.options,
        readings={**profile.billing.readings(), **profile.readings},
        unsupported=profile.unsupported,
        claims=frozenset(profile.claims) | ({SECURITY_PROFILE} if secured else frozenset()),
        open=frozenset({Party.SELLER}) if emulated and not secured else frozenset(),
        fixed=profile.fixed,
        fixed_in_answers=_said(profile.fixed_in_answers),
        pilot_buyers=profile.pilot_buyers,
        printable_bill=_said(profile.printable_bill),
    )


def _said(word: str | None) -> bool | None:
    return None if word is None else word == "yes"
