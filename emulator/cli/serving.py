"""Commands that serve until they are interrupted: `oit seller`, `oit buyer`."""

from __future__ import annotations

import gc
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from emulator.cli.ending import Ending
from emulator.cli.group import (
    CONSOLE,
    CONSOLE_HOST,
    DATA,
    DATABASE,
    RELEASE,
    REPORTS,
    ROOT,
    SPEED,
    console_beside,
    end,
    example,
    interruptible,
    main,
    make_folder,
)
from emulator.errors import UserError

_GARBAGE: Final = 20_000
"""New objects after which garbage is looked for: nearly all that a call makes is gone with its reply."""

if TYPE_CHECKING:
    from emulator.console.front import Front
    from emulator.doors import Emulation
    from emulator.parties.clock import RealClock
    from emulator.parties.opening import Keeping
    from emulator.parties.pacing import Pacing
    from emulator.parties.profile import Profile
    from emulator.standard.release import Release
    from emulator.standing import Standing
    from emulator.wire.running import Running


@main.command(epilog=example(
    "oit seller",
    "oit seller --port 8080 --profile my-seller.yaml",
    "oit seller --database postgresql://oit@db.example.net/oit",
    "oit seller --speed 86400",
    "oit seller --port 8080 --console 8081",
    "oit seller --workers 4 --database postgresql://oit@db.example.net/oit",
    "oit seller --database memory",
))  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@RELEASE
@click.option("--profile", type=click.Path(path_type=Path), help="Profile (YAML; extends: wholesale-seller lays it "
              "upon the default one), or the name of one of ours.")  # fmt: skip
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
def seller(
    host: str,
    port: int,
    release: str,
    profile: Path | None,
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

    POST /oit/signal?name=SIGNAL (and run=NAME) has resources go on whose path in the profile waits for that signal.
    """
    gc.disable()  # nearly all that a start makes stays: to look for garbage among it is in vain, now and later
    from emulator import report as writers
    from emulator.parties.profile import load_profile
    from emulator.settings import database_url
    from emulator.standard.release import load_release
    from emulator.wire.routing import prepare
    from emulator.wire.trust import authorities

    main.in_a_hurry = True
    formats = writers.chosen(reports)
    if formats:
        make_folder(report_dir)
    authorities()  # a callback may be https://
    prepare()
    chosen = load_release(release)
    overlay = _overlay(scenario, chosen, root) if scenario else None
    url = database_url(database, data)
    ending = Ending(formats, report_dir)
    selling = _Selling(chosen, load_profile(profile, overlay, release=chosen, wider=root), url, seed, speed, ending)
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
    """What is served, however many serve it."""

    release: Release
    profile: Profile
    database: str | None
    seed: int | None
    speed: float
    end: Ending

    def alone(self, host: str, port: int, console_host: str, console_port: int | None) -> None:
        """Serve in this process until interrupted, and tell of what came."""
        from emulator.parties.opening import keeping

        with keeping(self.database) as keep:
            served = self._served(keep, host, port)

            def front() -> Front:
                from emulator.console.control import Control
                from emulator.console.front import Front
                from emulator.console.of_seller import beside_seller

                source = beside_seller(served.standing, keep, served.emulation, served.running.url)
                return Front(source, served.clock, Control(source, database=keep.database), self.release)

            _remember(keep, self.profile)
            with interruptible(), console_beside(front, console_host, console_port):
                served.running.run(_listening(click.echo))
            _forget(keep)
            self.end.tell(served.standing.runs(), served.standing.judged)

    def together(self, host: str, port: int, count: int) -> None:
        """Serve in so many processes until interrupted, and tell of what came."""
        from emulator.parties.clock import RealClock
        from emulator.parties.opening import keeping
        from emulator.parties.pacing import Pacing
        from emulator.parties.recorder import newest
        from emulator.wire.workers import Workers, can_share

        if not can_share():
            raise UserError("--workers: this system has no processes that share a port, as Linux has")
        with keeping(self.database) as keep:  # makes the database, and says what is wrong with it, once
            assert keep.database is not None
            since = newest(keep.database)
            _tell_ahead(Pacing(keep.store, RealClock(), self.speed))
            _remember(keep, self.profile)

        def serve(host: str, port: int, ready: Callable[[str], None]) -> None:
            with keeping(self.database, since) as keep:
                self._served(keep, host, port, shared=True).running.run(_listening(ready))

        try:
            workers = Workers(host, port, count, serve)
        except OSError as error:
            raise _cannot_listen(host, port, error) from error
        gc.freeze()  # what is there by now is shared by all of them
        with interruptible():
            workers.run(click.echo)
        with keeping(self.database, since) as keep:
            _forget(keep)
            clock = RealClock()
            Pacing(keep.store, clock)
            standing = self._standing(keep, clock)
            self.end.tell(standing.runs(), standing.judged)

    def _served(self, keep: Keeping, host: str, port: int, *, shared: bool = False) -> _Served:
        """The seller behind a door that listens as soon as it is run."""
        from emulator.doors import Emulation, serve_seller
        from emulator.parties.clock import RealClock
        from emulator.parties.pacing import Pacing
        from emulator.parties.seller import Seller
        from emulator.parties.signals import Signals
        from emulator.wire.beside import Beside
        from emulator.wire.faults import Faults
        from emulator.wire.running import Running

        clock = RealClock()
        pacing = Pacing(keep.store, clock, self.speed)
        if not shared:
            _tell_ahead(pacing)
        signals, sellers = Signals(), list[Seller]()
        faults = Faults(uuid.uuid4().hex if self.seed is None else self.seed)
        standing = self._standing(keep, clock, lambda: frozenset(faults.withheld))
        server = serve_seller(
            self.release,
            self.profile,
            clock,
            keep.transcript_of,
            seed=self.seed,
            faults=faults,
            store=keep.store,
            kept=keep.kept,
            signals=signals,
            met=sellers.append,
        )
        try:
            running = Running(Beside(server, {**standing.pages(), **signals.pages()}), host, port, shared=shared)
        except OSError as error:
            raise _cannot_listen(host, port, error) from error
        return _Served(running, standing, clock, Emulation(sellers[0], faults, pacing))

    def _standing(
        self, keep: Keeping, clock: RealClock, withheld: Callable[[], frozenset[str]] = frozenset
    ) -> Standing:
        from emulator.doors import declared_by
        from emulator.standing import Standing

        return Standing(
            self.release,
            clock,
            keep.transcript_of,
            came=keep.came,
            profile=self.profile.name,
            declared=declared_by(self.profile, emulated=True),
            withheld=withheld,
        )


@dataclass(frozen=True, slots=True)
class _Served:
    """A seller that is about to listen."""

    running: Running
    standing: Standing
    clock: RealClock
    emulation: Emulation


def _listening(ready: Callable[[str], None]) -> Callable[[str], None]:
    """What is done once a server listens: what there is by then stays, and others hear of it."""

    def done(url: str) -> None:
        gc.freeze()
        gc.set_threshold(_GARBAGE)
        gc.enable()
        ready(url)

    return done


def _remember(keep: Keeping, profile: Profile) -> None:
    """The database knows of a seller with this profile; what it knew before is told."""
    if keep.database is not None:
        from emulator.parties.remembered import remember

        for line in remember(keep.database, profile):
            click.echo(f"oit: {line}", err=True)


def _forget(keep: Keeping) -> None:
    if keep.database is not None:
        from emulator.parties.remembered import forget

        forget(keep.database)


def _tell_ahead(pacing: Pacing) -> None:
    from emulator.parties.clock import rfc3339

    if pacing.ahead > timedelta(seconds=1):
        click.echo(f"our time is ahead of the wall's, as it was before: {rfc3339(pacing.now())}", err=True)


def _cannot_listen(host: str, port: int, error: OSError) -> UserError:
    return UserError(f"cannot listen on {host} port {port}: {error.strerror}")


@main.command(epilog=example(
    "oit buyer --port 8090",
    "oit buyer --port 8090 --console 8091",
    "oit buyer --profile what-the-seller-declares.yaml --report json --report-dir out",
))  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@RELEASE
@click.option("--profile", type=click.Path(path_type=Path), help="What the seller declares (YAML).")
@click.option("--report", "reports", default="", help=REPORTS + " Written when it is interrupted.")
@click.option("--report-dir", type=click.Path(path_type=Path), default=Path("out"), show_default=True)
@CONSOLE
@CONSOLE_HOST
def buyer(
    host: str,
    port: int,
    release: str,
    profile: Path | None,
    reports: str,
    report_dir: Path,
    console_port: int | None,
    console_host: str,
) -> None:
    """Take a seller's notifications until interrupted, and judge each of them.

    Prints its URL on stdout once it listens: that is the callback to subscribe with; below it, /r/NAME is one for
    each run or caller. What comes and what is wrong with it is told on stderr, and when it is interrupted, the
    verdict, with the timeline of each resource about which something is odd.
    """
    from emulator import report as writers
    from emulator.listening import Hearing
    from emulator.parties.clock import RealClock
    from emulator.report.explain import notification_lines
    from emulator.standard.release import load_release

    main.in_a_hurry = True
    formats = writers.chosen(reports)
    if formats:
        make_folder(report_dir)

    def tell(run: str, exchange: Any, findings: list[Any]) -> None:
        for line in notification_lines(run, exchange, findings):
            click.echo(line, err=True)

    hearing = Hearing(load_release(release), tell, profile=profile)
    running = hearing.running(host, port)

    def front() -> Front:
        from emulator.console.control import Control
        from emulator.console.front import Front
        from emulator.console.of_buyer import Heard

        source = Heard(hearing, running.url)
        return Front(source, RealClock(), Control(source), load_release(release))

    with interruptible(), console_beside(front, console_host, console_port):
        running.run(click.echo)
    end(Ending(formats, report_dir).tell(list(hearing.transcripts()), lambda run: (None, hearing.report(run))))


def _overlay(scenario: Path, release: Release, root: Path | None) -> Mapping[str, Any] | None:
    from emulator.scenario.plan import plan_overlay
    from emulator.session import read_scenarios

    return plan_overlay(read_scenarios([scenario], release, root)[0], None)
