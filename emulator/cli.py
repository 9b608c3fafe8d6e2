"""The command line. Each command imports what it needs when it runs: `oit --version` needs nothing."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from emulator import __version__
from emulator.errors import Exit, UserError

if TYPE_CHECKING:
    from emulator.sut_buyer import Door

_CONTEXT: dict[str, Any] = {
    "help_option_names": ["-h", "--help"],
    "auto_envvar_prefix": "OIT",
    "max_content_width": 100,
}


class _Oit(click.Group):
    """Turns what a user can mend into one line and an exit code; a traceback is only ever our own fault."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            click.echo(str(error), err=True)
            ctx.exit(error.exit_code)
        except BrokenPipeError:
            # Whoever read our output has seen enough.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(Exit.PASSED)
        except (click.exceptions.ClickException, click.exceptions.Exit, click.exceptions.Abort):
            raise
        except Exception as error:
            if os.environ.get("OIT_DEBUG"):
                raise
            click.echo(f"oit: our own error: {type(error).__name__}: {error}", err=True)
            click.echo("Please report it with the output of the same command under OIT_DEBUG=1.", err=True)
            ctx.exit(Exit.INTERNAL)


@click.group(cls=_Oit, context_settings=_CONTEXT, epilog="Exit codes: 0 passed, 1 breached, 2 usage, 3 inconclusive, "
             "4 our own error, 5 nothing selected.")  # fmt: skip
@click.version_option(__version__, prog_name="oit")
def main() -> None:
    """Find out whether LSO Sonata APIs really work with each other."""


@contextmanager
def _interruptible() -> Iterator[None]:
    """Inside, an interrupt or the wish that we end (SIGINT, SIGTERM) ends the block, and not the process."""

    def end(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _example(*lines: str) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


_REPORTS = "Reports to write: json, junit, transcript (comma separated)."
_RELEASE = click.option("--release", default="grace", show_default=True, help="Release of the standard.")

_DATABASE = click.option("--database", envvar="OIT_DATABASE_URL", show_envvar=True, metavar="URL", help="Database that "
                         "keeps the state: sqlite:///FILE, postgresql://USER@HOST/NAME, or memory. Without it an SQLite "
                         "file in the data folder.")  # fmt: skip
_DATA = click.option("--data", envvar="OIT_DATA", show_envvar=True, type=click.Path(path_type=Path), show_default=True,
                     default=Path("oit-data"), help="Data folder.")  # fmt: skip


@main.command(epilog=_example(
    "oit seller",
    "oit seller --port 8080 --profile my-seller.yaml",
    "oit seller --database postgresql://oit@db.example.net/oit",
    "oit seller --database memory",
))  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@_RELEASE
@click.option("--profile", type=click.Path(path_type=Path), help="Profile, or overlay on the default one (YAML).")
@click.option("--scenario", type=click.Path(path_type=Path), help="Behave as this scenario's seller does.")
@click.option("--seed", type=int, help="Makes ids the same at every start on an empty database; without it they never "
              "repeat.")  # fmt: skip
@_DATABASE
@_DATA
def seller(
    host: str,
    port: int,
    release: str,
    profile: Path | None,
    scenario: Path | None,
    seed: int | None,
    database: str | None,
    data: Path,
) -> None:
    """Serve the emulated seller until interrupted. Prints its URL on stdout once it listens.

    What it has survives it: started again on the same database, it goes on where it ended, whatever ended it, and
    timers that came due meanwhile go off at once. Several sellers on one database are one seller.

    Below /r/NAME each partner has a seller of its own. GET /oit/judgement?run=NAME says what is wrong with what came
    there (without a name: to the plain path); the same is told of every run when it is interrupted.
    """
    from emulator.parties.clock import RealClock  # noqa: PLC0415
    from emulator.parties.opening import keeping  # noqa: PLC0415
    from emulator.parties.profile import load_profile  # noqa: PLC0415
    from emulator.report.terminal import TerminalWriter  # noqa: PLC0415
    from emulator.scenario.plan import plan_overlay  # noqa: PLC0415
    from emulator.session import declared_by, read_scenarios, serve_seller  # noqa: PLC0415
    from emulator.settings import database_url  # noqa: PLC0415
    from emulator.standard.release import load_release  # noqa: PLC0415
    from emulator.standing import Standing  # noqa: PLC0415
    from emulator.wire.beside import Beside  # noqa: PLC0415
    from emulator.wire.running import Running  # noqa: PLC0415

    chosen = load_release(release)
    overlay = plan_overlay(read_scenarios([scenario], chosen)[0], None) if scenario else None
    loaded = load_profile(profile, overlay)
    with keeping(database_url(database, data)) as keep:
        clock = RealClock()
        declared = declared_by(loaded, emulated=True)
        standing = Standing(chosen, clock, keep.transcript_of, profile=loaded.name, declared=declared)
        server = serve_seller(
            chosen, loaded, clock, standing.transcript_of, seed=seed, store=keep.store, kept=keep.kept
        )
        try:
            running = Running(Beside(server, standing.pages()), host, port)
        except OSError as error:
            message = f"cannot listen on {host} port {port}: {error.strerror}"
            raise UserError(message) from error
        with _interruptible():
            running.run(click.echo)
        if untold := standing.tell(TerminalWriter()):
            click.echo(f"{untold} more run(s) are not judged here", err=True)


@main.command(epilog=_example(
    "oit buyer --port 8090",
    "oit buyer --profile what-the-seller-declares.yaml --report json --report-dir out",
))  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@_RELEASE
@click.option("--profile", type=click.Path(path_type=Path), help="What the seller declares (YAML).")
@click.option("--report", "reports", default="", help=_REPORTS + " Written when it is interrupted.")
@click.option("--report-dir", type=click.Path(path_type=Path), default=Path("out"), show_default=True)
def buyer(host: str, port: int, release: str, profile: Path | None, reports: str, report_dir: Path) -> None:
    """Take a seller's notifications until interrupted, and judge each of them.

    Prints its URL on stdout once it listens: that is the callback to subscribe with; below it, /r/NAME is one for
    each run or caller. What comes and what is wrong with it is told on stderr, and when it is interrupted, the
    verdict, with the timeline of each resource about which something is odd.
    """
    from emulator import report as writers  # noqa: PLC0415
    from emulator.listening import Hearing  # noqa: PLC0415
    from emulator.report.explain import notification_lines  # noqa: PLC0415
    from emulator.report.model import exit_code, whole_report  # noqa: PLC0415
    from emulator.report.terminal import TerminalWriter  # noqa: PLC0415
    from emulator.standard.release import load_release  # noqa: PLC0415

    formats = writers.chosen(reports)
    if formats:
        _make_folder(report_dir)

    def tell(run: str, exchange: Any, findings: list[Any]) -> None:
        for line in notification_lines(run, exchange, findings):
            click.echo(line, err=True)

    hearing = Hearing(load_release(release), tell, profile=profile)
    running = hearing.running(host, port)
    with _interruptible():
        running.run(click.echo)
    done = hearing.reports()
    writer = TerminalWriter()
    for each in done:
        writer.run_done(each)
    if done:
        writer.reports_written([write(whole_report(done), report_dir) for write in formats])
    _end(exit_code(done) if done else Exit.PASSED)


@main.command(epilog=_example(
    "oit run scenarios/access-eline/new-install.oit.yaml",
    "oit run scenarios --sut seller=http://127.0.0.1:8080 --report json,junit",
    "oit run scenarios --sut seller=https://sonata.example.net --profile what-they-declare.yaml",
    "oit run scenarios/poq --var offeringId=my-offering",
    "oit run scenarios/quote/firm-deferred.oit.yaml --sut buyer --port 8080 --waiting-file waiting.json",
))  # fmt: skip
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--sut", help="Who is tested: seller=URL, or buyer, whose calls our seller then waits for. Without it both "
              "sides are emulated (self-test).")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), help="With --sut buyer: where our seller listens; without it a "
              "free port.")  # fmt: skip
@click.option("--host", help="With --sut buyer: address to listen on (127.0.0.1).")
@click.option(
    "--within", help="With --sut buyer: how long to wait for each step (20s, 5m), whatever the scenario says."
)
@click.option("--waiting-file", type=click.Path(path_type=Path), help="With --sut buyer: a file that always says in JSON "
              "what is awaited, as GET /oit/waiting does.")  # fmt: skip
@click.option("--listen", metavar="HOST:PORT", help="Where our buyer hears notifications, when a scenario subscribes; "
              "without it 127.0.0.1 and a free port.")  # fmt: skip
@click.option("--callback", metavar="URL", help="The URL under which the partner reaches that; without it what --listen "
              "says.")  # fmt: skip
@_RELEASE
@click.option("--profile", type=click.Path(path_type=Path), help="Profile of the emulated seller (YAML overlay). With "
              "--sut it is what the partner declares: represents, unsupported, options, readings; the rest has no "
              "effect.")  # fmt: skip
@click.option("--case", "cases", multiple=True, help="Run the cases that match this pattern, and no flow. Repeatable.")
@click.option("--clock", type=click.Choice(["virtual", "real"]), help="How time passes in a self-test.")
@click.option("--seed", type=int, default=0, show_default=True, help="Makes all that is drawn the same every time: "
              "generated values, ids, delays of faults, grease.")  # fmt: skip
@click.option("--grease", type=click.Choice(["off", "mild", "harsh"]), default="off", show_default=True,
              help="Vary what the standard leaves free in what we send and answer: order of members, spelling of instants "
              "and media types, ids, page sizes; harsh: also unknown members, odd ids and short delays.")  # fmt: skip
@click.option(
    "--timeout", type=click.FloatRange(0.1, 3600), default=30.0, show_default=True, help="Seconds per request."
)
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="Override an input (value as YAML).")
@click.option("--var-file", type=click.Path(path_type=Path), help="Override inputs from a YAML mapping.")
@click.option("--report", "reports", default="", help=_REPORTS)
@click.option("--report-dir", type=click.Path(path_type=Path), default=Path("out"), show_default=True)
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True,
              help="pretty talks to people on stderr, json writes one event per line on stdout.")  # fmt: skip
@click.option("--jobs", "-j", type=click.IntRange(1, 64), default=1, show_default=True, help="Runs at the same time.")
def run(
    paths: tuple[Path, ...],
    sut: str | None,
    port: int | None,
    host: str | None,
    within: str | None,
    waiting_file: Path | None,
    listen: str | None,
    callback: str | None,
    release: str,
    profile: Path | None,
    cases: tuple[str, ...],
    clock: str | None,
    seed: int,
    grease: str,
    timeout: float,
    variables: tuple[str, ...],
    var_file: Path | None,
    reports: str,
    report_dir: Path,
    form: str,
    jobs: int,
) -> None:
    """Run scenarios: against a partner, or with both sides emulated."""
    from emulator import report as writers  # noqa: PLC0415
    from emulator.report.model import exit_code, whole_report  # noqa: PLC0415
    from emulator.report.ndjson import NdjsonWriter  # noqa: PLC0415
    from emulator.report.terminal import TerminalWriter  # noqa: PLC0415
    from emulator.scenario.grease import Level  # noqa: PLC0415
    from emulator.scenario.model import ClockMode  # noqa: PLC0415
    from emulator.session import (  # noqa: PLC0415
        Settings,
        check_settings,
        check_url,
        read_scenarios,
        run_all,
        select,
    )
    from emulator.standard.release import load_release  # noqa: PLC0415
    from emulator.sut_buyer import run_for_buyer  # noqa: PLC0415
    from emulator.wire.exchange import Party  # noqa: PLC0415

    formats = writers.chosen(reports)
    if sut == "buyer" and (listen or callback):
        raise UserError("--listen and --callback have no effect with --sut buyer: it hears notifications itself")
    door = _door(sut, host, port, within, waiting_file, clock, jobs)
    settings = Settings(
        release=release,
        seller_url=_seller_url(sut),
        profile=profile,
        clock=ClockMode(clock) if clock else None,
        seed=seed,
        grease=Level(grease),
        timeout=timeout,
        inputs=_inputs(variables, var_file),
        jobs=jobs,
        listen=_address(listen),
        callback=check_url(callback) if callback else None,
    )
    scenarios = read_scenarios(paths, load_release(release))
    check_settings(settings, scenarios)
    selected = select(scenarios, cases, Party.SELLER if settings.seller_url else Party.BUYER if door else None)
    if not selected:
        click.echo("nothing is selected: no scenario or case matches", err=True)
        _end(Exit.NOTHING)
    if formats:
        _make_folder(report_dir)  # before the run: a report that cannot be written is lost
    writer = TerminalWriter() if form == "pretty" else NdjsonWriter(sys.stdout.buffer)
    done = run_for_buyer(settings, selected, writer, door) if door else run_all(settings, selected, writer)
    writer.reports_written([write(whole_report(done), report_dir) for write in formats])
    _end(exit_code(done))


@main.command(epilog=_example(
    "oit check traffic.har",
    "oit check traffic.har --sut seller --profile partner.yaml --report json,junit",
    "oit check traffic.har --map quote=/api/quotes/v8 --map quote.notification=/hooks/quote",
    "oit run scenarios --report transcript && oit check out/transcript.ndjson",
))  # fmt: skip
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--sut", type=click.Choice(["seller", "buyer"]), help="Whose breaches decide; without it both sides'.")
@_RELEASE
@click.option("--profile", type=click.Path(path_type=Path), help="What the partners declared to each other (YAML).")
@click.option("--map", "maps", multiple=True, metavar="API=PATH", help="A base path that is not the standard's: "
              "quote=PATH, or quote.notification=PATH. Repeatable.")  # fmt: skip
@click.option("--report", "reports", default="", help=_REPORTS)
@click.option("--report-dir", type=click.Path(path_type=Path), default=Path("out"), show_default=True)
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True,
              help="pretty talks to people on stderr, json writes one event per line on stdout.")  # fmt: skip
def check(
    files: tuple[Path, ...],
    sut: str | None,
    release: str,
    profile: Path | None,
    maps: tuple[str, ...],
    reports: str,
    report_dir: Path,
    form: str,
) -> None:
    """Judge captured traffic, offline: HAR files, transcripts (.ndjson), report.json files.

    Each request is found in the contracts by its path, behind any prefix. What belongs to no contract is
    listed and not judged. Nothing is sent.
    """
    from emulator import report as writers  # noqa: PLC0415
    from emulator.report.model import exit_code, whole_report  # noqa: PLC0415
    from emulator.report.ndjson import NdjsonWriter  # noqa: PLC0415
    from emulator.report.terminal import TerminalWriter  # noqa: PLC0415
    from emulator.session import check_files  # noqa: PLC0415
    from emulator.standard.release import load_release  # noqa: PLC0415
    from emulator.wire.exchange import Party  # noqa: PLC0415

    formats = writers.chosen(reports)
    if formats:
        _make_folder(report_dir)
    writer = TerminalWriter() if form == "pretty" else NdjsonWriter(sys.stdout.buffer)
    done = check_files(
        files,
        writer,
        release=load_release(release),
        maps=maps,
        profile=profile,
        sut=Party(sut) if sut else None,
    )
    writer.reports_written([write(whole_report(done), report_dir) for write in formats])
    if not any(run["exchanges"] for run in done):
        click.echo(
            "nothing is judged: no entry belongs to a contract (--map api=PATH names other base paths)", err=True
        )
        _end(Exit.NOTHING)
    _end(exit_code(done))


@main.command(epilog=_example("oit lint scenarios", "oit lint my.oit.yaml --sut seller"))
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--sut", type=click.Choice(["seller", "buyer"]), help="Tell which waits are real with this party under "
              "test: a partner's time is never scaled.")  # fmt: skip
@_RELEASE
def lint(paths: tuple[Path, ...], sut: str | None, release: str) -> None:
    """Check scenario files without running them."""
    from emulator.session import problems_of, waits_of  # noqa: PLC0415
    from emulator.standard.release import load_release  # noqa: PLC0415
    from emulator.wire.exchange import Party  # noqa: PLC0415

    files, wrong = 0, 0
    for path, problems in problems_of(paths, load_release(release)):
        files += 1
        wrong += len(problems)
        for problem in problems:
            click.echo(problem)
        for wait in waits_of(path, Party(sut)) if sut and not problems else ():
            click.echo(wait)
    if not files:
        click.echo("nothing is selected: no scenario file (*.oit.yaml) there", err=True)
        _end(Exit.NOTHING)
    click.echo(f"{files} scenario(s), {wrong} problem(s)", err=True)
    _end(Exit.USAGE if wrong else Exit.PASSED)


@main.command(epilog=_example(
    "oit validate createQuote my-quote.json --api quote",
    "oit validate retrieveQuote answer.json --api quote --status 200",
    "curl -s http://127.0.0.1:8080/… | oit validate listQuote - --api quote --status 200",
))  # fmt: skip
@click.argument("operation")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--api", help="API of the operation; needed where several have one of that name.")
@click.option("--notification", is_flag=True, help="Look in the notification contract.")
@click.option("--status", type=int, help="FILE is a response with this status; without it FILE is the request.")
@_RELEASE
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def validate(
    operation: str, file: Path, api: str | None, notification: bool, status: int | None, release: str, form: str
) -> None:
    """Check one message (JSON) against its contract: every breach, with its line and column."""
    from emulator.standard.message import find_operation, validate_message  # noqa: PLC0415
    from emulator.standard.release import load_release  # noqa: PLC0415

    raw, name = _read_message(file)
    contract, found = find_operation(load_release(release), operation, api, "notification" if notification else None)
    problems = validate_message(contract, found, raw, status)
    failed = [problem for problem in problems if not problem.breach.advisory]
    if form == "json":
        import json  # noqa: PLC0415

        click.echo(json.dumps([problem.as_json(name) for problem in problems], indent=2))
    else:
        for problem in problems:
            click.echo(problem.line_for(name))
        what = f"{contract.api}.{found.id} {'request' if status is None else f'response {status}'}"
        click.echo(f"{name}: {len(failed)} breach(es), {len(problems) - len(failed)} warning(s) as {what}", err=True)
    _end(Exit.BREACHED if failed else Exit.PASSED)


@main.command(epilog=_example("oit schema scenario > oit-scenario.schema.json"))
@click.argument("what", type=click.Choice(["scenario", "report"]))
def schema(what: str) -> None:
    """Print a JSON Schema: of scenario files (for editors), or of report.json."""
    import json  # noqa: PLC0415

    if what == "scenario":
        from emulator.scenario.schema import scenario_schema  # noqa: PLC0415

        found = scenario_schema()
    else:
        from emulator.report.json_report import schema as report_schema  # noqa: PLC0415

        found = report_schema()
    click.echo(json.dumps(found, indent=2, ensure_ascii=False))


@main.command(epilog=_example(
    "oit rules",
    "oit rules --guide MEF123 --format json",
    "oit run scenarios --report json --report-dir out/trace && oit rules --trace out/trace",
))  # fmt: skip
@click.option("--guide", help="Only this guide, for example MEF115.")
@click.option("--trace", "traced", multiple=True, type=click.Path(path_type=Path, exists=True), metavar="REPORT",
              help="Count what the runs of this report.json, or of all below this folder, have tested. "
              "Repeatable.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def rules(guide: str | None, traced: tuple[Path, ...], form: str) -> None:
    """List every numbered requirement: what it asks, the rules that speak on it, or why it cannot be seen.

    With --trace, instead, what the runs of given reports have tested of each guide, and what they never saw.
    """
    from emulator.judge.listing import rows, table  # noqa: PLC0415
    from emulator.report import coverage  # noqa: PLC0415
    from emulator.standard.requirement import load_requirements  # noqa: PLC0415

    chosen = {each.id: each for each in load_requirements().values() if guide in (None, each.guide)}
    if not chosen:
        known = dict.fromkeys(each.guide for each in load_requirements().values())
        message = f"--guide {guide}: there is no such guide. Known: {', '.join(known)}."
        raise UserError(message)
    if traced:
        found: Any = coverage.trace(chosen, coverage.read_reports(traced))
        told = coverage.render(found) if form == "pretty" else ""
    else:
        found = rows(chosen)
        told = table(found) if form == "pretty" else ""
    if form == "json":
        import json  # noqa: PLC0415

        told = json.dumps(found, indent=2, ensure_ascii=False)
    click.echo(told)


@main.command(epilog=_example(
    "oit explain MEF123-R45",
    "oit explain contract.schema",
    "oit explain missingProperty --format json",
    "oit explain MEF115-R51a --sdk MEF-LSO-Sonata-SDK",
))  # fmt: skip
@click.argument("identifier", metavar="ID")
@click.option("--sdk", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="Folder of an official SDK: quotes the guide's own sentence from there.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def explain(identifier: str, sdk: Path | None, form: str) -> None:
    """Say what an ID of a report means: what is asked, how it is seen, a right and a wrong example.

    ID is a requirement (MEF123-R45, also MEF123:R45), a rule (MEF115-R36.history, contract.schema), an entry
    of the interpretation register, or the code of an error body (missingProperty).
    """
    from emulator.judge import explanation  # noqa: PLC0415
    from emulator.report.explanation import render  # noqa: PLC0415

    told = explanation.explain(identifier, sdk)
    if form == "json":
        import json  # noqa: PLC0415

        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    click.echo(render(told))


@main.group()
def runs() -> None:
    """What the database of a seller keeps, run by run: list, show, delete, and carry to another.

    A run is what happened below /r/NAME; '' is the one at the plain base paths.
    """


def _open(database: str | None, data: Path) -> Any:
    from emulator.parties.database import Database  # noqa: PLC0415
    from emulator.settings import database_url  # noqa: PLC0415

    url = database_url(database, data)
    if url is None:
        raise UserError("--database memory: what is in memory ends with its process; name a file or a server")
    if database is None and not (data / "oit.sqlite3").exists():
        message = f"there is no database in {data}; --data or --database names another place"
        raise UserError(message)
    return Database(url)


@runs.command("list", epilog=_example("oit runs list", "oit runs list --data my-data --format json"))
@_DATABASE
@_DATA
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def runs_list(database: str | None, data: Path, form: str) -> None:
    """List the runs: since when, and how many resources, timers, notifications and exchanges each has."""
    from emulator.parties.archive import list_runs  # noqa: PLC0415

    rows = [row.as_json() for row in list_runs(_open(database, data))]
    if form == "json":
        import json  # noqa: PLC0415

        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    counted = ["resources", "timers", "owed", "dead", "exchanges"]
    click.echo(f"{'run':24} {'since':24} " + " ".join(f"{name:>9}" for name in counted))
    for row in rows:
        counts = " ".join(f"{row[name]:9}" for name in counted)
        click.echo(f"{row['run'] or repr(''):24} {row['began'] or '':24} {counts}")


@runs.command("show", epilog=_example("oit runs show r1", "oit runs show '' --format json"))
@click.argument("run")
@_DATABASE
@_DATA
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def runs_show(run: str, database: str | None, data: Path, form: str) -> None:
    """Show what a run has: resources with their states, timers, notifications that are owed or were given up."""
    from emulator.parties.archive import show_run  # noqa: PLC0415

    shown = show_run(_open(database, data), run)
    if form == "json":
        import json  # noqa: PLC0415

        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    for row in shown["resources"]:
        click.echo(f"{row['created']}  {row['kind']} {row['id']}  {row['state'] or ''}")
    for row in shown["timers"]:
        click.echo(f"{row['at']}  timer: {row['action']} of {row['kind']} {row['id']}")
    for name, words in (("owed", "owed"), ("dead", "given up")):
        for row in shown[name]:
            fault = f": {row['fault']}" if row["fault"] else ""
            click.echo(f"{row['due']}  {words}: {row['event']} to subscription {row['subscription']}{fault}")
    click.echo(f"{shown['exchanges']} exchange(s); oit runs export --transcript writes them for oit check")


@runs.command("delete", epilog=_example("oit runs delete r1 r2"))
@click.argument("names", metavar="RUN...", nargs=-1, required=True)
@_DATABASE
@_DATA
def runs_delete(names: tuple[str, ...], database: str | None, data: Path) -> None:
    """Delete runs with all that they have. A seller that is serving one should be stopped first."""
    from emulator.parties.archive import delete_run  # noqa: PLC0415

    opened = _open(database, data)
    for name in names:
        click.echo(f"{name!r}: {delete_run(opened, name)} row(s) deleted", err=True)


@runs.command("export", epilog=_example(
    "oit runs export r1 > r1.run.ndjson",
    "oit runs export r1 --transcript > r1.ndjson && oit check r1.ndjson",
))  # fmt: skip
@click.argument("run")
@click.option("--transcript", is_flag=True, help="Only the exchanges, as oit check reads them.")
@_DATABASE
@_DATA
def runs_export(run: str, transcript: bool, database: str | None, data: Path) -> None:
    """Write a run to stdout, a line of JSON for each thing it has."""
    from emulator.parties.archive import lines, show_run  # noqa: PLC0415
    from emulator.parties.recorder import DurableTranscript  # noqa: PLC0415
    from emulator.report.transcript import line  # noqa: PLC0415

    opened = _open(database, data)
    if transcript:
        show_run(opened, run)
    told = (line(run, each) for each in DurableTranscript(opened, run)) if transcript else lines(opened, run)
    for each in told:
        sys.stdout.buffer.write(each)
    sys.stdout.buffer.flush()


@runs.command("import", epilog=_example("oit runs import r1.run.ndjson", "oit runs import r1.run.ndjson --as r1-again"))
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--as", "name", help="Name the run so.")
@_DATABASE
@_DATA
def runs_import(file: Path, name: str | None, database: str | None, data: Path) -> None:
    """Put a run back that export wrote, all of it or nothing. Its timers go off when a seller serves the database."""
    from emulator.parties.archive import restore  # noqa: PLC0415
    from emulator.parties.database import Database  # noqa: PLC0415
    from emulator.settings import MEMORY, database_url  # noqa: PLC0415

    url = database_url(database, data)
    if url is None:
        message = f"--database {MEMORY}: what is in memory ends with its process; name a file or a server"
        raise UserError(message)
    raw, shown = _read_message(file)
    click.echo(restore(Database(url), shown, raw.splitlines(), name))


@main.group()
def specs() -> None:
    """The contracts: what is here, one as a document, and how they compare with an official SDK."""


@specs.command("list", epilog=_example("oit specs list", "oit specs list --format json"))
@_RELEASE
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def specs_list(release: str, form: str) -> None:
    """List the contracts of a release."""
    from emulator.standard.release import load_release  # noqa: PLC0415

    rows = [
        {"api": e.api, "kind": e.kind, "version": e.version, "base_path": e.base_path, "release": release}
        for e in load_release(release).entries
    ]
    if form == "json":
        import json  # noqa: PLC0415

        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(f"{row['api']:30} {row['kind']:13} {row['version']:8} {row['base_path']}")


@specs.command("export", epilog=_example(
    "oit specs export quote > quote.openapi.yaml",
    "oit specs export poq --notification --format json",
))  # fmt: skip
@click.argument("api")
@click.option("--notification", is_flag=True, help="The notification contract instead of the management one.")
@_RELEASE
@click.option("--format", "form", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
def specs_export(api: str, notification: bool, release: str, form: str) -> None:
    """Write a contract as one stand-alone OpenAPI document."""
    from emulator.standard.release import load_release  # noqa: PLC0415

    document = load_release(release).document(api, "notification" if notification else None)
    if form == "json":
        import json  # noqa: PLC0415

        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    import yaml  # noqa: PLC0415

    click.echo(yaml.dump(document, sort_keys=False, allow_unicode=True, width=110), nl=False)


@specs.command("diff", epilog=_example("oit specs diff --sdk MEF-LSO-Sonata-SDK"))
@click.option("--sdk", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True,
              help="Folder of an official SDK release (it holds productApi/ and productSchema/).")  # fmt: skip
@_RELEASE
def specs_diff(sdk: Path, release: str) -> None:
    """Compare our contracts with an official SDK, structurally. Prints every difference."""
    from emulator.settings import specs_dir  # noqa: PLC0415
    from emulator.standard.diff import diff_release  # noqa: PLC0415
    from emulator.standard.release import load_release  # noqa: PLC0415

    entries = load_release(release).entries
    if not any((sdk / entry.official).is_file() for entry in entries):
        message = f"--sdk {sdk}: this is not an SDK folder of release {release}; it should hold {entries[0].official}"
        raise UserError(message)
    count = 0
    for label, difference in diff_release(specs_dir() / "releases" / f"{release}.yaml", sdk):
        count += 1
        click.echo(f"{label}: {difference.message}")
    click.echo(f"{count} difference(s)", err=True)
    _end(Exit.BREACHED if count else Exit.PASSED)


def _address(text: str | None) -> tuple[str, int]:
    """`host:port`, `:port` or `host` (any free port) as host and port."""
    if text is None:
        return "127.0.0.1", 0
    host, _, port = (text + ":0" if text.endswith("]") or ":" not in text else text).rpartition(":")
    if not (port.isascii() and port.isdecimal() and int(port) <= 65535):  # noqa: PLR2004
        raise UserError(f"--listen {text}: write HOST:PORT, such as 0.0.0.0:8090")
    return host.strip("[]") or "127.0.0.1", int(port)


def _seller_url(sut: str | None) -> str | None:
    from emulator.session import check_url  # noqa: PLC0415

    if sut in (None, "buyer"):
        return None
    party, equals, url = sut.partition("=")
    if party == "buyer":
        message = f"--sut {sut!r}: a buyer is tested by what it sends: write --sut buyer, and give it our seller's URL"
        raise UserError(message)
    if party != "seller" or not equals:
        message = (
            f"--sut {sut!r}: write --sut seller=URL, for example --sut seller=http://127.0.0.1:8080, or --sut buyer"
        )
        raise UserError(message)
    return check_url(url)


def _door(
    sut: str | None,
    host: str | None,
    port: int | None,
    within: str | None,
    waiting_file: Path | None,
    clock: str | None,
    jobs: int,
) -> Door | None:
    """Where a buyer under test is waited for; None where no buyer is. UserError for options without effect."""
    from emulator.scenario.duration import seconds  # noqa: PLC0415
    from emulator.sut_buyer import Door  # noqa: PLC0415

    if sut != "buyer":
        given = {"--host": host, "--port": port, "--within": within, "--waiting-file": waiting_file}
        for name, value in given.items():
            if value is not None:
                message = f"{name} has no effect without --sut buyer"
                raise UserError(message)
        return None
    if clock == "virtual":
        raise UserError("--clock virtual is for self-tests: a partner's time is real")
    if jobs > 1:
        raise UserError("--jobs has no effect with --sut buyer: it comes to one address, to one run after the other")
    try:
        patience = None if within is None else seconds(within)
    except ValueError as error:
        message = f"--within: {error}"
        raise UserError(message) from error
    return Door(host or "127.0.0.1", port or 0, patience, waiting_file)


def _inputs(variables: tuple[str, ...], file: Path | None) -> dict[str, Any]:
    from emulator.plain_yaml import load_yaml, load_yaml_text  # noqa: PLC0415

    found: dict[str, Any] = {}
    if file is not None:
        loaded = load_yaml(file)
        if not isinstance(loaded, dict):
            message = f"{file}: a mapping of input names to values is needed"
            raise UserError(message)
        found.update({str(name): value for name, value in loaded.items()})
    for variable in variables:
        name, equals, text = variable.partition("=")
        if not equals or not name:
            message = f"--var {variable!r}: write --var name=value"
            raise UserError(message)
        found[name] = load_yaml_text(text, f"--var {name}")
    return found


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"--report-dir {folder}: cannot be made a folder: {error.strerror}"
        raise UserError(message) from error
    if not os.access(folder, os.W_OK):
        message = f"--report-dir {folder}: nothing can be written there"
        raise UserError(message)


def _read_message(file: Path) -> tuple[bytes, str]:
    if str(file) == "-":
        return sys.stdin.buffer.read(), "<stdin>"
    try:
        return file.read_bytes(), str(file)
    except OSError as error:
        message = f"{file}: cannot be read: {error.strerror}"
        raise UserError(message) from error


def _end(code: Exit) -> NoReturn:
    raise click.exceptions.Exit(int(code))
