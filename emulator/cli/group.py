"""The group that all commands belong to, and what several of them share: options, and how they end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from emulator import __version__
from emulator.cli import discretion, streams
from emulator.doors.tls import ServerTls, TlsAsked, secured
from emulator.errors import Exit, UserError
from emulator.record.call import Unavailable
from emulator.record.secrets import masked_text
from emulator.report import WRITERS
from emulator.settings import DEFAULT_RELEASE

if TYPE_CHECKING:
    from emulator.console.front import Front
    from emulator.console.serving import Console
    from emulator.parties.securing import SecuredParty
    from emulator.scenario.stop import Stop

_CONTEXT: dict[str, Any] = {
    "help_option_names": ["-h", "--help"],
    "auto_envvar_prefix": "OIT",
    "max_content_width": 100,
}


class Oit(click.Group):
    """Turns what a user can mend into one line and an exit code; a traceback is only ever our own fault.

    `in_a_hurry` says that what is still under way when a command has ended is not waited for.
    """

    in_a_hurry = False

    def main(self, args: Sequence[str] | None = None, *others: Any, **options: Any) -> Any:
        """As click's. Without `args` we are a process of our own: what reads its output and signals it are cared for."""
        if args is not None:
            return super().main(args, *others, **options)
        talk = streams.forgiving()
        discretion.keep_secrets()
        try:
            with _on_signals(_interrupt):
                super().main(None, *others, **options)
        except SystemExit as ended:
            self._leave(talk, ended.code)

    def _leave(self, talk: streams.Talk, code: Any) -> NoReturn:
        """End the process once all that was told is out."""
        if problem := talk.flush():
            click.echo(problem, err=True)
            code = int(Exit.USAGE)
        if self.in_a_hurry:
            os._exit(code if isinstance(code, int) else 0)
        raise SystemExit(code)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            click.echo(masked_text(str(error)), err=True)
            ctx.exit(error.exit_code)
        except Unavailable as fault:
            if not fault.said:
                click.echo(str(fault), err=True)
            ctx.exit(Exit.USAGE)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(Exit.INCONCLUSIVE)
        except click.exceptions.ClickException as error:
            vars(error)["message"] = masked_text(error.message)
            raise
        except (click.exceptions.Exit, click.exceptions.Abort):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told without the secrets in it
            if os.environ.get("OIT_DEBUG"):
                click.echo(discretion.told(error), err=True)
            click.echo(masked_text(f"oit: our own error: {type(error).__name__}: {error}"), err=True)
            click.echo("Please report it with the output of the same command under OIT_DEBUG=1.", err=True)
            ctx.exit(Exit.INTERNAL)


@click.group(cls=Oit, context_settings=_CONTEXT, epilog="Exit codes: 0 passed, 1 breached, 2 usage, 3 inconclusive, "
             "4 our own error, 5 nothing selected.")  # fmt: skip
@click.version_option(__version__, prog_name="oit")
def main() -> None:
    """Find out whether LSO Sonata APIs really work with each other."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Inside, an interrupt or the wish that we end (SIGINT, SIGTERM) ends the block, and not the process."""
    with _on_signals(_interrupt), suppress(KeyboardInterrupt):
        yield


@contextmanager
def stopping(stop: Stop) -> Iterator[None]:
    """Inside, the first interrupt or wish that we end ends what is made; the second one ends the process at once."""
    asked = False

    def end(_number: int, _frame: Any) -> None:
        nonlocal asked
        if asked:
            os.write(2, b"interrupted again: ended at once\n")
            os._exit(Exit.INCONCLUSIVE)
        asked = True
        os.write(2, b"interrupted: what was seen is being reported; once more ends at once\n")
        stop.interrupt()

    with _on_signals(end):
        yield


@contextmanager
def _on_signals(do: Callable[[int, Any], None]) -> Iterator[None]:
    """Inside, this is done on SIGINT and SIGTERM. Only a process's main thread hears of them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, do) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def example(*lines: str) -> str:
    """The end of a help text: command lines to copy."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


REPORTS = f"Reports to write: {', '.join(WRITERS)} (comma separated)."


KNOWN = click.option("--known-failures", "known_failures", type=click.Path(path_type=Path), metavar="FILE", help="What is "
                     "known to be wrong (oit schema known-failures): it is told and does not fail the run, until its "
                     "last day, or until it no longer happens.")  # fmt: skip


ROOT = click.option("--root", type=click.Path(path_type=Path), metavar="DIR", help="What a file names (include, use, data, "
                    "extends) may also lie below DIR. Else it lies below the folder that is named; for a file, below the "
                    "nearest folder above it that holds an oit.yaml, or its own.")  # fmt: skip


_POINT: Final = "Where it is spoken: sonata (between providers), cantata (between a customer and a provider)."


_ERRATA: Final = click.option(
    "--errata",
    type=click.Choice(["on", "off"]),
    default="on",
    show_default=True,
    help="off: hold contracts by the letter, also where that fails a party that is right.",
)


def perhaps_a_release(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """As RELEASE, for a command that does something else where none is named, and gets None then."""

    def perhaps(command: Callable[..., Any]) -> Callable[..., Any]:
        @click.option("--release", help=f"Release of the standard; without one {what}")
        @click.option("--reference-point", metavar="POINT", help=_POINT)
        @_ERRATA
        @wraps(command)
        def chosen(*given: Any, release: str | None, reference_point: str | None, errata: str, **named: Any) -> Any:
            meant = release or reference_point or errata == "off"
            name = _at(release or DEFAULT_RELEASE, reference_point, errata) if meant else None
            return command(*given, release=name, **named)

        return chosen

    return perhaps


def _one_release(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--release` and `--reference-point`: the command gets the name of the release that is meant as `release`."""

    @click.option("--release", default=DEFAULT_RELEASE, show_default=True, help="Release of the standard.")
    @click.option("--reference-point", metavar="POINT", help=_POINT)
    @_ERRATA
    @wraps(command)
    def chosen(*given: Any, release: str, reference_point: str | None, errata: str, **named: Any) -> Any:
        return command(*given, release=_at(release, reference_point, errata), **named)

    return chosen


def several_releases(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """As RELEASE, both repeatable, for a command that takes the names of several as `releases`; `what` it does with them."""

    def several(command: Callable[..., Any]) -> Callable[..., Any]:
        @click.option(
            "--release",
            "releases",
            multiple=True,
            default=(DEFAULT_RELEASE,),
            show_default=True,
            metavar="NAME",
            help=f"Release of the standard. Repeatable: {what}",
        )
        @click.option("--reference-point", multiple=True, metavar="POINT", help=f"{_POINT} Repeatable.")
        @_ERRATA
        @wraps(command)
        def chosen(
            *given: Any, releases: tuple[str, ...], reference_point: tuple[str, ...], errata: str, **named: Any
        ) -> Any:
            points = reference_point or (None,)
            names = tuple(dict.fromkeys(_at(each, point, errata) for point in points for each in releases))
            return command(*given, releases=names, **named)

        return chosen

    return several


RELEASE = _one_release


def _at(release: str, point: str | None, errata: str) -> str:
    """The name of a release at a reference point, with errata or by the letter. UserError where there is none."""
    from emulator.standard.points import at_point
    from emulator.standard.release import BY_LETTER

    return at_point(release, point) + (BY_LETTER if errata == "off" else "") if point or errata == "off" else release


DATABASE = click.option("--database", envvar="OIT_DATABASE_URL", show_envvar=True, metavar="URL", help="Database that "
                         "keeps the state: sqlite:///FILE, postgresql://USER@HOST/NAME, or memory. Without it an SQLite "
                         "file in the data folder.")  # fmt: skip


SPEED = click.option("--speed", type=click.FloatRange(0.001, 1_000_000), default=1.0, show_default=True,
                     metavar="N", help="Our seller's own time, that of its timers and timestamps, goes N times as fast "
                     "as the wall's: 86400 makes a day of a second. The partner's time stays real.")  # fmt: skip
DATA = click.option("--data", envvar="OIT_DATA", show_envvar=True, type=click.Path(path_type=Path), show_default=True,
                     default=Path("oit-data"), help="Data folder.")  # fmt: skip


CONSOLE = click.option("--console", "console_port", type=click.IntRange(0, 65535), metavar="PORT",
                        help="Serve the live console there: a page with what happens as it happens; 0 takes a free port. "
                        "Its URL is told on stderr.")  # fmt: skip
CONSOLE_HOST = click.option("--console-host", default="127.0.0.1", show_default=True, metavar="HOST",
                             help="Address of the console. Beyond loopback its URL has a token in it, without which "
                             "nobody gets in.")  # fmt: skip


def tls_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say how our doors secure their connections; the command gets them as `tls`, a `TlsAsked`."""

    @click.option(
        "--tls-cert",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Serve HTTPS with this certificate (PEM, with those between it and its authority).",
    )
    @click.option(
        "--tls-key",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Its private key (PEM), where that is not in the same file.",
    )
    @click.option(
        "--client-ca",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Ask clients for a certificate of "
        "these authorities (PEM). Where a profile has security, a client need not have one; else it must.",
    )
    @click.option(
        "--tls",
        "made",
        type=click.Choice(["self-signed"]),
        help="Serve HTTPS with a certificate of a throw-away authority, and say where that is.",
    )
    @wraps(command)
    def gathered(
        *given: Any, tls_cert: Path | None, tls_key: Path | None, client_ca: Path | None, made: str | None, **named: Any
    ) -> Any:
        return command(*given, tls=TlsAsked(tls_cert, tls_key, client_ca, self_signed=made is not None), **named)

    return gathered


@contextmanager
def doors_secured(tls: TlsAsked, host: str, party: SecuredParty | None = None) -> Iterator[ServerTls | None]:
    """How our doors secure their connections while the block lasts. What a user has to know of it is told on stderr: where
    the throw-away authority is, and once, what was made for clients. UserError.
    """
    with secured(tls, host, trusted=party.trusted if party else (), asks=party is not None) as doors:
        if doors is not None and doors.authority is not None:
            click.echo(f"certificates are of a throw-away authority, in {doors.authority}", err=True)
        for line in party.shown if party else ():
            click.echo(line, err=True)
        yield doors


PARTNER = click.option(
    "--partner",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="How the partner is reached, and what "
    "it declares: a profile with a 'connection'. It counts in this very file only.",
)
ALLOW_COMMANDS = click.option(
    "--allow-commands", is_flag=True, help="Run the commands that a partner's file gets secrets from (cmd:...)."
)
MAP = click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="API=PATH",
    help="A base path that is not the standard's: quote=PATH, or quote.notification=PATH. Repeatable.",
)


def make_folder(folder: Path) -> None:
    """Make the folder of `--report-dir`. UserError where nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"--report-dir {folder}: cannot be made a folder: {error.strerror}"
        raise UserError(message) from error
    if not os.access(folder, os.W_OK):
        message = f"--report-dir {folder}: nothing can be written there"
        raise UserError(message)


@contextmanager
def console_beside(
    front: Callable[[], Front], host: str, port: int | None, tls: ServerTls | None = None
) -> Iterator[Console | None]:
    """Serve a console while the block lasts, where one is asked for; over TLS, where our doors have that."""
    if port is None:
        yield None
        return
    from emulator.console.serving import Console

    with Console(front(), host, port, tls) as console:
        click.echo(f"console: {console.url}", err=True)
        yield console


def read_message(file: Path, most: int | None = None) -> tuple[bytes, str]:
    """A file's bytes and how to call it; `-` is standard input. UserError where it cannot be read, or has more bytes than
    `most`.
    """
    from emulator.record.intake import MOST_BYTES, STDIN, read_file

    return read_file(file, most or MOST_BYTES), "<stdin>" if file == STDIN else str(file)


def end(code: Exit) -> NoReturn:
    """End the command with this exit code."""
    raise click.exceptions.Exit(int(code))
