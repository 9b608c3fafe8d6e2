"""The command that serves the emulated seller until it is interrupted: `oit seller`."""

from __future__ import annotations

import gc
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.ending import Ending
from emulator.cli.group import (
    ALLOW_COMMANDS,
    CONSOLE,
    CONSOLE_HOST,
    DATA,
    DATABASE,
    MAP,
    PARTNER,
    REPORTS,
    ROOT,
    SPEED,
    console_beside,
    doors_secured,
    example,
    interruptible,
    main,
    make_folder,
    several_releases,
    tls_options,
)
from emulator.cli.partnering import paths_of, reached
from emulator.cli.starting import forget, listening, remember, tell_ahead
from emulator.doors.tls import ServerTls, TlsAsked
from emulator.errors import UserError

if TYPE_CHECKING:
    from emulator.conduct.standing import Standing
    from emulator.console.front import Front
    from emulator.doors.partner.making import Partner
    from emulator.doors.running import Running
    from emulator.hosting import Emulation
    from emulator.parties.clock import RealClock
    from emulator.parties.opening import Keeping
    from emulator.parties.profile import Profile
    from emulator.parties.securing import SecuredParty
    from emulator.standard.paths import PathMap
    from emulator.standard.release import Release


@main.command(epilog=example(
    "oit seller",
    "oit seller --port 8080 --profile my-seller.yaml",
    "oit seller --database postgresql://oit@db.example.net/oit",
    "oit seller --speed 86400",
    "oit seller --port 8080 --partner acme.yaml",
    "oit seller --port 8080 --map quote=/staging/quotes/v8",
    "oit seller --port 8080 --console 8081",
    "oit seller --reference-point sonata --reference-point cantata",
    "oit seller --workers 4 --database postgresql://oit@db.example.net/oit",
    "oit seller --database memory",
    "oit seller --profile secured-seller.yaml --tls self-signed",
    "oit seller --tls-cert seller.pem --tls-key seller-key.pem --client-ca partners.pem",
))  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@several_releases("one process serves them all, and the profile is one of the first.")
@click.option("--profile", type=click.Path(path_type=Path), help="Profile (YAML; extends: wholesale-seller lays it "
              "upon the default one), or the name of one of ours.")  # fmt: skip
@PARTNER
@ALLOW_COMMANDS
@MAP
@click.option("--scenario", type=click.Path(path_type=Path), help="Behave as this scenario's seller does.")
@ROOT
@click.option("--seed", type=int, help="Makes ids the same at every start on an empty database; without it they never "
              "repeat.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that serve together, "
              "on one database.")  # fmt: skip
@SPEED
@DATABASE
@DATA
@click.option(
    "--report", "reports", default="", help=REPORTS + " Written when it is interrupted: of each run that came."
)
@click.option("--report-dir", type=click.Path(path_type=Path), default=Path("out"), show_default=True)
@CONSOLE
@CONSOLE_HOST
@tls_options
def seller(
    host: str,
    port: int,
    releases: tuple[str, ...],
    profile: Path | None,
    partner: Path | None,
    allow_commands: bool,
    maps: tuple[str, ...],
    scenario: Path | None,
    root: Path | None,
    seed: int | None,
    workers: int,
    speed: float,
    database: str | None,
    data: Path,
    reports: str,
    report_dir: Path,
    console_port: int | None,
    console_host: str,
    tls: TlsAsked,
) -> None:
    """Serve the emulated seller until interrupted. Prints its URL on stdout once it listens.

    What it has survives it: started again on the same database, it goes on where it ended, whatever ended it, and
    timers that came due meanwhile go off at once. Time that --speed has put ahead stays ahead. Several sellers on one database are one seller.

    With --workers so many processes serve one port, and one that dies is replaced. It pays on PostgreSQL, where there are
    cores for them; SQLite has one writer at a time and gains nothing. Have the console of `oit console` beside them.

    Below /r/NAME each partner has a seller of its own. GET /oit/judgement?run=NAME says what is wrong with what came
    there (without a name: to the plain path); the same is told of every run when it is interrupted, and --report writes it.
    The run of the plain path is called plain-path, also by oit report and oit runs.

    What it has was made under a profile. Started with another one on the same database, or beside another seller that has
    another one, it says what differs.

    With --release given again, each exchange is judged by the release whose base path it came to, and what a buyer has in one
    release is not seen in another. The console's hand and the signals of its page reach the first.

    Where the profile says `security: oauth2`, only clients with an access token are let in, and each sees what is its own.
    What was made for them, a secret or a key, is told on stderr at the start and nowhere else.

    POST /oit/signal?name=SIGNAL (and run=NAME) has resources go on whose path in the profile waits for that signal.
    """
    gc.disable()  # nearly all that a start makes stays: to look for garbage among it is in vain, now and later
    from emulator import report as writers
    from emulator.doors.routing import prepare
    from emulator.doors.trust import authorities
    from emulator.parties.profile import load_profile
    from emulator.record.exchange import Party
    from emulator.record.patch import overlaid
    from emulator.settings import database_url
    from emulator.standard.paths import served_together
    from emulator.standard.release import load_release

    main.in_a_hurry = True
    formats = writers.chosen(reports)
    if formats:
        make_folder(report_dir)
    authorities()  # a callback may be https://
    prepare()
    chosen, *others = map(load_release, releases)
    served_together([chosen, *others], Party.SELLER)
    theirs = reached(partner, profile, allow_commands=allow_commands)
    paths = paths_of(chosen, others, maps, theirs)
    overlay = _overlay(scenario, chosen, root) if scenario else None
    url = database_url(database, data)
    ending = Ending(formats, report_dir)

    def profile_with(laid: Mapping[str, Any]) -> Profile:
        return load_profile(profile, overlaid(overlay or {}, laid), release=chosen, wider=root)

    keys, sold = data / "clients" if url else None, profile_with({})
    both = chosen.selling(sold.own), tuple(each.selling(sold.own) for each in others)
    selling = _Selling(*both, sold, profile_with, url, seed, speed, ending, paths, theirs, tls, keys)
    if workers == 1:
        selling.alone(host, port, console_host, console_port)
    else:
        _refuse_alone(url, seed, console_port)
        selling.together(host, port, workers)


def _refuse_alone(url: str | None, seed: int | None, console_port: int | None) -> None:
    """UserError for what only a seller in one process can do."""
    if url is None:
        raise UserError("--workers: processes share a database; what is in memory is seen by its own process only")
    if seed is not None:
        raise UserError("--workers: which of them answers is left to chance, so --seed cannot make the same ids again")
    if console_port is not None:
        raise UserError("--workers: each has a door of its own; start `oit console` on the same database instead")


@dataclass(frozen=True, slots=True)
class _Selling:
    """What is served, however many serve it: a release, and others beside it."""

    release: Release
    beside: tuple[Release, ...]
    profile: Profile
    profile_with: Callable[[Mapping[str, Any]], Profile]
    database: str | None
    seed: int | None
    speed: float
    end: Ending
    paths: PathMap | None
    partner: Partner | None
    tls: TlsAsked
    keys: Path | None

    def alone(self, host: str, port: int, console_host: str, console_port: int | None) -> None:
        """Serve in this process until interrupted, and tell of what came."""
        from emulator.parties.opening import keeping

        with keeping(self.database) as keep, self._secured(keep, host) as (secured, doors):
            served = self._served(keep, host, port, secured, doors)

            def front() -> Front:
                from emulator.console.control import Control
                from emulator.console.front import Front
                from emulator.console.of_seller import beside_seller

                source = beside_seller(served.standing, keep, served.emulation, served.running.url)
                return Front(source, served.clock, Control(source, database=keep.database), self.release)

            remember(keep, self.profile)
            with interruptible(), console_beside(front, console_host, console_port, doors):
                served.running.run(listening(click.echo))
            forget(keep)
            self.end.tell(served.standing.shortest_first(), served.standing.judged)

    def together(self, host: str, port: int, count: int) -> None:
        """Serve in so many processes until interrupted, and tell of what came."""
        from emulator.doors.workers import Workers, can_share
        from emulator.hosting import not_free
        from emulator.parties.clock import RealClock
        from emulator.parties.opening import keeping
        from emulator.parties.pacing import Pacing
        from emulator.parties.recorder import newest

        if not can_share():
            raise UserError("--workers: this system has no processes that share a port, as Linux has")
        with keeping(self.database) as keep:  # makes the database, and says what is wrong with it, once
            assert keep.database is not None
            since = newest(keep.database)
            tell_ahead(Pacing(keep.store, RealClock(), self.speed))
            remember(keep, self.profile)
            secured = self._secured_party(keep)

        def serve(host: str, port: int, ready: Callable[[str], None]) -> None:
            with keeping(self.database, since) as keep:
                self._served(keep, host, port, secured, doors, shared=True).running.run(listening(ready))

        with doors_secured(self.tls, host, secured) as doors:
            try:
                workers = Workers(host, port, count, serve)
            except OSError as error:
                raise not_free(host, port, error) from error
            gc.freeze()  # what is there by now is shared by all of them
            with interruptible():
                workers.run(click.echo)
        with keeping(self.database, since) as keep:
            forget(keep)
            clock = RealClock()
            Pacing(keep.store, clock)
            standing = self._standing(keep, clock)
            self.end.tell(standing.shortest_first(), standing.judged)

    def _secured_party(self, keep: Keeping) -> SecuredParty | None:
        from emulator.hosting import secured_party
        from emulator.record.exchange import Party

        releases = [self.release, *self.beside]
        return secured_party(self.profile.security, releases, Party.SELLER, keep.database, self.keys)

    @contextmanager
    def _secured(self, keep: Keeping, host: str) -> Iterator[tuple[SecuredParty | None, ServerTls | None]]:
        """Who is let in, and how the door's connections are secured."""
        secured = self._secured_party(keep)
        with doors_secured(self.tls, host, secured) as doors:
            yield secured, doors

    def _served(
        self,
        keep: Keeping,
        host: str,
        port: int,
        secured: SecuredParty | None,
        doors: ServerTls | None,
        *,
        shared: bool = False,
    ) -> _Served:
        """The seller behind a door that listens as soon as it is run."""
        from emulator.doors.beside import Beside
        from emulator.doors.faults import Faults
        from emulator.hosting import Emulation, authority_of, make_seller, open_door, serve_seller
        from emulator.parties.behaviours import Moods
        from emulator.parties.clock import RealClock
        from emulator.parties.pacing import Pacing
        from emulator.parties.signals import Signals

        clock = RealClock()
        pacing = Pacing(keep.store, clock, self.speed)
        if not shared:
            tell_ahead(pacing)
        faults, signals = Faults(uuid.uuid4().hex if self.seed is None else self.seed), Signals()
        standing = self._standing(keep, clock, lambda: frozenset(faults.withheld))
        seller = make_seller(self.release, self.profile, clock, seed=self.seed, store=keep.store, beside=self.beside)
        signals.bind(seller.signal)
        server = serve_seller(
            seller,
            keep.transcript_of,
            faults=faults,
            kept=keep.kept,
            paths=self.paths,
            partner=self.partner,
            authority=authority_of(secured, clock, faults, keep.database),
        )
        pages = {**standing.pages(), **signals.pages()}
        running = open_door(Beside(server, pages), host, port, shared=shared, tls=doors)
        moods = Moods(seller, self.profile_with)
        return _Served(running, standing, clock, Emulation(seller, faults, pacing, moods))

    def _standing(
        self, keep: Keeping, clock: RealClock, withheld: Callable[[], frozenset[str]] = frozenset
    ) -> Standing:
        from emulator.conduct.standing import Standing
        from emulator.hosting import declared_by
        from emulator.standard.declared import claiming

        claims = self.partner.claims if self.partner is not None else frozenset[str]()

        return Standing(
            self.release,
            clock,
            keep.transcript_of,
            came=keep.came,
            profile=self.profile.name,
            declared=claiming(declared_by(self.profile, emulated=True), claims),
            withheld=withheld,
        )


@dataclass(frozen=True, slots=True)
class _Served:
    """A seller that is about to listen."""

    running: Running
    standing: Standing
    clock: RealClock
    emulation: Emulation


def _overlay(scenario: Path, release: Release, root: Path | None) -> Mapping[str, Any] | None:
    from emulator.conduct.scenarios import read_scenarios
    from emulator.scenario.functions import lack_of
    from emulator.scenario.plan import plan_overlay

    (found,) = read_scenarios([scenario], release, root)
    if lack := lack_of(found, release):
        raise UserError(f"{scenario}: {lack}")
    return plan_overlay(found, None)
