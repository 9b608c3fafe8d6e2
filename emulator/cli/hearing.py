"""The command that hears a seller's notifications until it is interrupted: `oit buyer`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.ending import Ending
from emulator.cli.group import (
    ALLOW_COMMANDS,
    CONSOLE,
    CONSOLE_HOST,
    MAP,
    PARTNER,
    RELEASE,
    REPORTS,
    console_beside,
    doors_secured,
    end,
    example,
    interruptible,
    main,
    make_folder,
    tls_options,
)
from emulator.cli.partnering import paths_of, reached
from emulator.doors.tls import TlsAsked

if TYPE_CHECKING:
    from emulator.console.front import Front


@main.command(epilog=example(
    "oit buyer --port 8090",
    "oit buyer --port 8090 --console 8091",
    "oit buyer --port 8090 --map quote.notification=/hooks/quote",
    "oit buyer --profile partner.yaml --tls self-signed",
    "oit buyer --profile what-the-seller-declares.yaml --report json --report-dir out",
))  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@RELEASE
@click.option(
    "--profile",
    type=click.Path(path_type=Path),
    help="What the seller declares (YAML); `buyer: {security: oauth2}` in it is who is let in to us.",
)
@click.option("--report", "reports", default="", help=REPORTS + " Written when it is interrupted.")
@click.option("--report-dir", type=click.Path(path_type=Path), default=Path("out"), show_default=True)
@PARTNER
@ALLOW_COMMANDS
@MAP
@CONSOLE
@CONSOLE_HOST
@tls_options
def buyer(
    host: str,
    port: int,
    release: str,
    profile: Path | None,
    partner: Path | None,
    allow_commands: bool,
    maps: tuple[str, ...],
    reports: str,
    report_dir: Path,
    console_port: int | None,
    console_host: str,
    tls: TlsAsked,
) -> None:
    """Take a seller's notifications until interrupted, and judge each of them.

    Prints its URL on stdout once it listens: that is the callback to subscribe with; below it, /r/NAME is one for
    each run or caller. What comes and what is wrong with it is told on stderr, and when it is interrupted, the
    verdict, with the timeline of each resource about which something is odd.
    """
    from emulator import report as writers
    from emulator.conduct.listening import Hearing
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

    chosen = load_release(release)
    theirs = reached(partner, profile, allow_commands=allow_commands)
    claims = theirs.claims if theirs is not None else frozenset[str]()
    paths = paths_of(chosen, (), maps, theirs)
    hearing = Hearing(chosen, tell, profile=profile or partner, paths=paths, claims=claims)
    with doors_secured(tls, host, hearing.secured) as doors:
        running = hearing.running(host, port, doors)

        def front() -> Front:
            from emulator.console.control import Control
            from emulator.console.front import Front
            from emulator.console.of_buyer import Heard

            source = Heard(hearing, running.url)
            return Front(source, RealClock(), Control(source), chosen)

        with interruptible(), console_beside(front, console_host, console_port, doors):
            running.run(click.echo)
    end(Ending(formats, report_dir).tell(list(hearing.transcripts()), lambda run: (None, hearing.report(run))))
