"""`oit run`: scenarios against a partner, or with both sides emulated."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from emulator.cli.concluding import Cut, conclude, known_of
from emulator.cli.demanding import INTERACTIVE, asked_person, demand, opened_hooks
from emulator.cli.group import (
    ALLOW_COMMANDS,
    CONSOLE,
    CONSOLE_HOST,
    KNOWN,
    MAP,
    PARTNER,
    RELEASE,
    REPORTS,
    ROOT,
    SPEED,
    end,
    example,
    main,
    make_folder,
    stopping,
    tls_options,
)
from emulator.cli.partnering import partner_file, reached, where_it_is
from emulator.cli.securing import guarded
from emulator.doors.tls import TlsAsked
from emulator.errors import Exit, UserError

if TYPE_CHECKING:
    from emulator.conduct.settings import SellerDoor, Settings
    from emulator.conduct.writers import Watch, Writer
    from emulator.doors.partner.file import PartnerFile
    from emulator.scenario.preparing import PersonAsking
    from emulator.scenario.selection import Need, Plan, Wish
    from emulator.scenario.stop import Stop


@main.command(epilog=example(
    "oit run scenarios/access-eline/new-install.oit.yaml",
    "oit run scenarios --sut seller=http://127.0.0.1:8080 --report json,junit",
    "oit run scenarios --sut seller=https://sonata.example.net --profile what-they-declare.yaml",
    "oit run scenarios --partner acme.yaml",
    "oit run scenarios --sut seller=https://sonata.example.net --map quote=/staging/quotes/v8",
    "oit run scenarios/poq --var offeringId=my-offering",
    "oit run scenarios --sut seller=URL --tag smoke --plan",
    "oit run scenarios --sut seller=URL --known-failures known-failures.yaml --report html,junit,sarif",
    "oit run scenarios/quote/firm-deferred.oit.yaml --sut buyer --port 8080 --waiting-file waiting.json",
    "oit run scenarios/quote/firm-deferred.oit.yaml --sut buyer --port 8080 --console 8081",
))  # fmt: skip
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--sut", help="Who is tested: seller=URL, or buyer, whose calls our seller then waits for. Without it both "
              "sides are emulated (self-test).")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), help="With --sut buyer: where our seller listens; without it a "
              "free port.")  # fmt: skip
@click.option("--host", help="With --sut buyer: address to listen on (127.0.0.1).")
@click.option("--within", metavar="TIME", help="With --sut: how long to wait at the most (20s, 5m). With a seller a "
              "ceiling for each wait of a scenario, with a buyer the time for each step, whatever the scenario "
              "says.")  # fmt: skip
@click.option("--max-time", metavar="TIME", help="How long all runs together may take (90s, 20m). When it is over, runs "
              "under way are reported as they stand, and no other begins (exit code 3).")  # fmt: skip
@click.option("--waiting-file", type=click.Path(path_type=Path), help="With --sut buyer: a file that always says in JSON "
              "what is awaited, as GET /oit/waiting does.")  # fmt: skip
@SPEED
@click.option("--listen", metavar="HOST:PORT", help="Where our buyer hears notifications, when a scenario subscribes; "
              "without it 127.0.0.1 and a free port.")  # fmt: skip
@click.option("--callback", metavar="URL", help="The URL under which the partner reaches that; without it what --listen "
              "says.")  # fmt: skip
@ROOT
@RELEASE
@click.option("--profile", type=click.Path(path_type=Path), help="A profile (YAML), or the name of one of ours. In a "
              "self-test and with --sut buyer it is what our seller has and does. With --sut seller=URL it is what the partner "
              "declares: represents, unsupported, options, readings; the rest has no effect.")  # fmt: skip
@click.option("--case", "cases", multiple=True, help="Run the cases that match this pattern, and no flow. Repeatable.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only scenarios with this tag. Repeatable.")
@PARTNER
@ALLOW_COMMANDS
@MAP
@click.option("--needs", default="", metavar="WORDS", help="With a seller under test, also run what needs of it "
              "behaviour (that it does something of its own accord) or waits (of more than a day), comma separated. A "
              "scenario that is named by its file runs whatever it needs.")  # fmt: skip
@INTERACTIVE
@click.option("--plan", "only_plan", is_flag=True, help="Send nothing: tell what would be run, sent, waited for and "
              "needed.")  # fmt: skip
@click.option("--clock", type=click.Choice(["virtual", "real"]), help="How time passes in a self-test.")
@click.option("--seed", type=int, default=0, show_default=True, help="Makes all that is drawn the same every time: "
              "generated values, ids, delays of faults, grease.")  # fmt: skip
@click.option("--grease", type=click.Choice(["off", "mild", "harsh"]), default="off", show_default=True,
              help="Vary what the standard leaves free in what we send and answer: order of members, spelling of instants "
              "and media types, ids, page sizes; harsh: also unknown members, odd ids and short delays.")  # fmt: skip
@click.option("--timeout", type=click.FloatRange(0.1, 3600), metavar="SECONDS", help="Seconds per request, whatever the "
              "scenario says; without it 30 where it says nothing.")  # fmt: skip
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="Override an input, or with dots a member "
              "of one. A text stays a text (postcode=20147); what else it is, is read as YAML.")  # fmt: skip
@click.option("--var-file", type=click.Path(path_type=Path), help="Override inputs from a YAML mapping (oit inputs writes "
              "one).")  # fmt: skip
@click.option("--report", "reports", default="", help=REPORTS)
@click.option("--report-dir", type=click.Path(path_type=Path), default=Path("out"), show_default=True)
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True,
              help="pretty talks to people on stderr, json writes one event per line on stdout.")  # fmt: skip
@KNOWN
@click.option("--strict", is_flag=True, help="A requirement that a scenario covers and that was not seen makes a pass "
              "inconclusive (exit code 3).")  # fmt: skip
@click.option("--jobs", "-j", type=click.IntRange(1, 64), default=1, show_default=True, help="Runs at the same time.")
@CONSOLE
@CONSOLE_HOST
@tls_options
def run(
    paths: tuple[Path, ...],
    sut: str | None,
    port: int | None,
    host: str | None,
    within: str | None,
    max_time: str | None,
    waiting_file: Path | None,
    speed: float,
    listen: str | None,
    callback: str | None,
    root: Path | None,
    release: str,
    profile: Path | None,
    partner: Path | None,
    allow_commands: bool,
    maps: tuple[str, ...],
    cases: tuple[str, ...],
    tags: tuple[str, ...],
    needs: str,
    interactive: bool,
    only_plan: bool,
    clock: str | None,
    seed: int,
    grease: str,
    timeout: float | None,
    variables: tuple[str, ...],
    var_file: Path | None,
    reports: str,
    report_dir: Path,
    form: str,
    known_failures: Path | None,
    strict: bool,
    jobs: int,
    console_port: int | None,
    console_host: str,
    tls: TlsAsked,
) -> None:
    """Run scenarios: against a partner, or with both sides emulated.

    With --console what happens can be looked at while it happens, and after that until it is interrupted. Ctrl-C, or
    SIGTERM, ends the runs: what was seen is reported as it stands. A second one ends at once.
    """
    from emulator import report as writers
    from emulator.arguments import duration, inputs, seller_url
    from emulator.conduct.checks import check_settings
    from emulator.conduct.partner import check_url
    from emulator.conduct.runs import run_all
    from emulator.conduct.scenarios import chosen as choose
    from emulator.conduct.scenarios import read_scenarios
    from emulator.conduct.settings import Settings
    from emulator.conduct.writers import nobody_watches
    from emulator.report.model import left_out_json
    from emulator.report.ndjson import NdjsonWriter
    from emulator.report.terminal import TerminalWriter
    from emulator.scenario.grease import Level
    from emulator.scenario.model import ClockMode
    from emulator.scenario.stop import Stop
    from emulator.standard.release import load_release

    formats = writers.chosen(reports)
    known = known_of(known_failures, release)
    file = partner_file(partner, profile if sut else None)
    sut = where_it_is(sut, partner, file)
    if sut == "buyer" and (listen or callback):
        raise UserError("--listen and --callback have no effect with --sut buyer: it hears notifications itself")
    patience, stop = duration("--within", within), Stop(duration("--max-time", max_time))
    door = _door(sut, host, port, waiting_file, speed, clock, jobs)
    if patience is not None and not sut:
        raise UserError("--within has no effect without --sut: in a self-test time is ours")
    settings = Settings(
        release=release,
        seller_url=seller_url(sut),
        profile=profile or (None if sut == "buyer" else partner),
        root=root,
        clock=ClockMode(clock) if clock else None,
        seed=seed,
        grease=Level(grease),
        timeout=timeout or (file.part.timeouts.answer if file else None),
        within=patience,
        inputs=inputs(variables, var_file),
        jobs=jobs,
        listen=address(listen),
        callback=check_url(callback) if callback else None,
        known=known,
        strict=strict,
        door=door,
        maps=maps,
    )
    scenarios = read_scenarios(paths, load_release(release), root)
    check_settings(settings, scenarios)
    settings = replace(settings, asking=asked_person(settings, interactive=interactive))
    chosen = choose(settings, scenarios, _wish(paths, cases, tags, needs, settings, file))
    if only_plan:
        _tell(chosen, settings, form, file)
    if file is not None:
        settings = replace(settings, partner=reached(partner, profile, allow_commands=allow_commands))
        settings = replace(settings, hooks=opened_hooks(file, settings, allow_commands=allow_commands))
        check_settings(settings, scenarios)
    _refuse_nothing(chosen, settings)
    selected, left_out = chosen.jobs, left_out_json(chosen.left_out)
    if formats:
        make_folder(report_dir)  # before the run: a report that cannot be written is lost
    writer = TerminalWriter() if form == "pretty" else NdjsonWriter(sys.stdout.buffer)

    def make(teller: Writer, watch: Watch = nobody_watches) -> Exit:
        with guarded(settings, tls) as guests, stopping(stop):
            done = run_all(guests, selected, teller, watch, stop)
            cut = _cut(stop, len(selected) - len(done))
            return conclude(done, known, writer, formats, report_dir, left_out, cut)

    end(
        make(writer)
        if console_port is None
        else _beside_console(make, writer, release, console_host, console_port, stop, settings.asking)
    )


def _beside_console(
    make: Callable[[Writer, Watch], Exit],
    writer: Writer,
    release: str,
    host: str,
    port: int,
    stop: Stop,
    asking: PersonAsking | None,
) -> Exit:
    """Make the runs with a console beside them, which stays open until it is interrupted."""
    from emulator.cli.group import console_beside, interruptible
    from emulator.console.control import Control
    from emulator.console.front import Front
    from emulator.console.of_run import Runs, Tee
    from emulator.parties.clock import RealClock
    from emulator.standard.release import load_release

    runs, code = Runs(), Exit.INCONCLUSIVE

    def front() -> Front:
        return Front(runs, RealClock(), Control(runs, done=runs.done, asking=asking), load_release(release))

    with interruptible(), console_beside(front, host, port):
        code = make(Tee(writer, runs), runs.watch)
        if not stop.reason:
            click.echo("the console stays open: Ctrl-C, or `oit control done`, ends it", err=True)
            runs.over.wait()
    return code


def _cut(stop: Stop, left: int) -> Cut | None:
    """What `stop` did to the session, `left` runs of which had not begun; None where all was done."""
    from emulator.scenario.stop import INTERRUPTED

    main.in_a_hurry = bool(stop.reason)
    return Cut(stop.reason, left, stop.reason == INTERRUPTED) if stop.reason else None


def _tell(chosen: Plan, settings: Settings, form: str, file: PartnerFile | None) -> NoReturn:
    """Print what would be run, and end."""
    from emulator.cli.planning import tell_plan
    from emulator.standard.release import load_release

    tell_plan(chosen, load_release(settings.release), settings, form, file)
    end(Exit.PASSED if chosen.jobs else Exit.NOTHING)


def _refuse_nothing(chosen: Plan, settings: Settings) -> None:
    """End where there is nothing to run, with the reason. Else say who will be talked to: a scenario may be a stranger's."""
    from emulator.doors.partner.listing import hosts_told
    from emulator.scenario.hosts import hosts_line

    if not chosen.jobs:
        why = f": {chosen.left_out[0].why}" if chosen.left_out else ": no scenario or case matches"
        click.echo(f"nothing is selected{why}", err=True)
        end(Exit.NOTHING)
    file = settings.partner.file if settings.partner is not None else None
    if line := hosts_told(hosts_line(chosen.jobs, settings.seller_url, settings.inputs, settings.callback), file):
        click.echo(line, err=True)


def _wish(
    paths: tuple[Path, ...],
    cases: tuple[str, ...],
    tags: tuple[str, ...],
    needs: str,
    settings: Settings,
    file: PartnerFile | None,
) -> Wish:
    """What is to be run, and what may be needed of the partner."""
    from emulator.conduct.scenarios import named_files
    from emulator.scenario.selection import Wish

    if needs and settings.seller_url is None:
        raise UserError("--needs has no effect without --sut seller=URL: nothing is left out")
    return Wish(cases, tags, granted(needs), named_files(paths), *demand(file), asks=settings.asking is not None)


def granted(text: str) -> frozenset[Need]:
    """The needs of `--needs`. UserError for a word that is none."""
    from emulator.scenario.selection import BEYOND, Need

    given = [word.strip() for word in text.split(",") if word.strip()]
    known = [each for each in Need if each not in BEYOND]
    for word in given:
        if word not in known:
            message = f"--needs {word}: known are {', '.join(known)}"
            raise UserError(message)
    return frozenset(Need(word) for word in given)


def address(text: str | None) -> tuple[str, int]:
    """`host:port`, `:port` or `host` (any free port) as host and port."""
    if text is None:
        return "127.0.0.1", 0
    host, _, port = (text + ":0" if text.endswith("]") or ":" not in text else text).rpartition(":")
    if not (port.isascii() and port.isdecimal() and int(port) <= 65535):  # noqa: PLR2004
        raise UserError(f"--listen {text}: write HOST:PORT, such as 0.0.0.0:8090")
    return host.strip("[]") or "127.0.0.1", int(port)


def _door(
    sut: str | None,
    host: str | None,
    port: int | None,
    waiting_file: Path | None,
    speed: float,
    clock: str | None,
    jobs: int,
) -> SellerDoor | None:
    """Where a buyer under test is waited for; None where no buyer is. UserError for options without effect."""
    from emulator.conduct.settings import SellerDoor

    if sut != "buyer":
        given = {
            "--host": host,
            "--port": port,
            "--waiting-file": waiting_file,
            "--speed": None if speed == 1 else speed,
        }
        for name, value in given.items():
            if value is not None:
                message = f"{name} has no effect without --sut buyer"
                raise UserError(message)
        return None
    if clock == "virtual":
        raise UserError("--clock virtual is for self-tests: a partner's time is real")
    if jobs > 1:
        raise UserError("--jobs has no effect with --sut buyer: it comes to one address, to one run after the other")
    return SellerDoor(host or "127.0.0.1", port or 0, waiting_file, speed)
