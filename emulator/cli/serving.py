"""Commands that serve until they are interrupted: `oit seller`, `oit buyer`."""

from __future__ import annotations

import gc
import uuid
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.group import (
    CONSOLE,
    CONSOLE_HOST,
    DATA,
    DATABASE,
    RELEASE,
    REPORTS,
    SPEED,
    console_beside,
    end,
    example,
    interruptible,
    main,
    make_folder,
)
from emulator.errors import Exit, UserError

if TYPE_CHECKING:
    from emulator.console.front import Front
    from emulator.standard.release import Release


@main.command(epilog=example(
    "oit seller",
    "oit seller --port 8080 --profile my-seller.yaml",
    "oit seller --database postgresql://oit@db.example.net/oit",
    "oit seller --speed 86400",
    "oit seller --port 8080 --console 8081",
    "oit seller --database memory",
))  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@RELEASE
@click.option("--profile", type=click.Path(path_type=Path), help="Profile, or overlay on the default one (YAML).")
@click.option("--scenario", type=click.Path(path_type=Path), help="Behave as this scenario's seller does.")
@click.option("--seed", type=int, help="Makes ids the same at every start on an empty database; without it they never "
              "repeat.")  # fmt: skip
@SPEED
@DATABASE
@DATA
@CONSOLE
@CONSOLE_HOST
def seller(
    host: str,
    port: int,
    release: str,
    profile: Path | None,
    scenario: Path | None,
    seed: int | None,
    speed: float,
    database: str | None,
    data: Path,
    console_port: int | None,
    console_host: str,
) -> None:
    """Serve the emulated seller until interrupted. Prints its URL on stdout once it listens.

    What it has survives it: started again on the same database, it goes on where it ended, whatever ended it, and
    timers that came due meanwhile go off at once. Time that --speed has put ahead stays ahead. Several sellers on one database are one seller.

    Below /r/NAME each partner has a seller of its own. GET /oit/judgement?run=NAME says what is wrong with what came
    there (without a name: to the plain path); the same is told of every run when it is interrupted.

    POST /oit/signal?name=SIGNAL (and run=NAME) has resources go on whose path in the profile waits for that signal.
    """
    gc.disable()  # nearly all that a start makes stays: to look for garbage among it is in vain, now and later
    from emulator.doors import declared_by, serve_seller
    from emulator.parties.clock import RealClock, rfc3339
    from emulator.parties.opening import keeping
    from emulator.parties.pacing import Pacing
    from emulator.parties.profile import load_profile
    from emulator.parties.seller import Seller
    from emulator.parties.signals import Signals
    from emulator.settings import database_url
    from emulator.standard.release import load_release
    from emulator.standing import Standing
    from emulator.wire.beside import Beside
    from emulator.wire.faults import Faults
    from emulator.wire.routing import prepare
    from emulator.wire.running import Running

    prepare()
    chosen = load_release(release)
    overlay = _overlay(scenario, chosen) if scenario else None
    loaded = load_profile(profile, overlay)
    with keeping(database_url(database, data)) as keep:
        clock = RealClock()
        pacing = Pacing(keep.store, clock, speed)
        if pacing.ahead > timedelta(seconds=1):
            click.echo(f"our time is ahead of the wall's, as it was before: {rfc3339(clock.now())}", err=True)
        declared = declared_by(loaded, emulated=True)
        standing = Standing(chosen, clock, keep.transcript_of, profile=loaded.name, declared=declared)
        signals, faults, sellers = Signals(), Faults(uuid.uuid4().hex if seed is None else seed), list[Seller]()
        server = serve_seller(
            chosen,
            loaded,
            clock,
            standing.transcript_of,
            seed=seed,
            faults=faults,
            store=keep.store,
            kept=keep.kept,
            signals=signals,
            met=sellers.append,
        )
        try:
            running = Running(Beside(server, {**standing.pages(), **signals.pages()}), host, port)
        except OSError as error:
            message = f"cannot listen on {host} port {port}: {error.strerror}"
            raise UserError(message) from error

        def front() -> Front:
            from emulator.console.control import Control
            from emulator.console.front import Front
            from emulator.console.of_seller import beside_seller
            from emulator.doors import Emulation

            source = beside_seller(standing, keep, Emulation(sellers[0], faults, pacing), running.url)
            return Front(source, clock, Control(source, database=keep.database), chosen)

        def ready(url: str) -> None:
            gc.freeze()
            gc.enable()
            click.echo(url)

        with interruptible(), console_beside(front, console_host, console_port):
            running.run(ready)
        # Reports and rules are heavy, and nothing before needs them.
        from emulator.report.terminal import TerminalWriter

        if untold := standing.tell(TerminalWriter()):
            click.echo(f"{untold} more run(s) are not judged here", err=True)


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
    from emulator.report.model import exit_code, whole_report
    from emulator.report.terminal import TerminalWriter
    from emulator.standard.release import load_release

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
    done = hearing.reports()
    writer = TerminalWriter()
    for each in done:
        writer.run_done(each)
    if done:
        writer.reports_written([write(whole_report(done), report_dir) for write in formats])
    end(exit_code(done) if done else Exit.PASSED)


def _overlay(scenario: Path, release: Release) -> Mapping[str, Any] | None:
    from emulator.scenario.plan import plan_overlay
    from emulator.session import read_scenarios

    return plan_overlay(read_scenarios([scenario], release)[0], None)
