"""The command line. Each command imports what it needs when it runs: `oit --version` needs nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from emulator import __version__
from emulator.errors import Exit, UserError

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


def _example(*lines: str) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


_REPORTS = "Reports to write: json, junit, transcript (comma separated)."
_RELEASE = click.option("--release", default="grace", show_default=True, help="Release of the standard.")


@main.command(epilog=_example(
    "oit seller",
    "oit seller --port 8080 --profile my-seller.yaml",
))  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@_RELEASE
@click.option("--profile", type=click.Path(path_type=Path), help="Profile, or overlay on the default one (YAML).")
@click.option("--scenario", type=click.Path(path_type=Path), help="Behave as this scenario's seller does.")
@click.option("--seed", type=int, help="Makes ids the same at every start; without it they never repeat.")
def seller(host: str, port: int, release: str, profile: Path | None, scenario: Path | None, seed: int | None) -> None:
    """Serve the emulated seller until interrupted. Prints its URL on stdout once it listens."""
    from collections import defaultdict  # noqa: PLC0415

    from emulator.parties.clock import RealClock  # noqa: PLC0415
    from emulator.parties.profile import load_profile  # noqa: PLC0415
    from emulator.scenario.plan import plan_overlay  # noqa: PLC0415
    from emulator.session import read_scenarios, serve_seller  # noqa: PLC0415
    from emulator.standard.release import load_release  # noqa: PLC0415
    from emulator.wire.exchange import RecentTranscript  # noqa: PLC0415
    from emulator.wire.running import Running  # noqa: PLC0415

    chosen = load_release(release)
    overlay = plan_overlay(read_scenarios([scenario], chosen)[0], None) if scenario else None
    loaded = load_profile(profile, overlay)
    transcripts: dict[str, RecentTranscript] = defaultdict(RecentTranscript)
    server = serve_seller(chosen, loaded, RealClock(), transcripts.__getitem__, seed=seed)
    try:
        running = Running(server, host, port)
    except OSError as error:
        message = f"cannot listen on {host} port {port}: {error.strerror}"
        raise UserError(message) from error
    running.run(click.echo)


@main.command(epilog=_example(
    "oit run scenarios/access-eline/new-install.oit.yaml",
    "oit run scenarios --sut seller=http://127.0.0.1:8080 --report json,junit",
    "oit run scenarios --sut seller=https://sonata.example.net --profile what-they-declare.yaml",
    "oit run scenarios/poq --var offeringId=my-offering",
))  # fmt: skip
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--sut", help="Who is tested: seller=URL. Without it both sides are emulated (self-test).")
@_RELEASE
@click.option("--profile", type=click.Path(path_type=Path), help="Profile of the emulated seller (YAML overlay). With "
              "--sut it is what the partner declares: represents, unsupported, options, readings; the rest has no "
              "effect.")  # fmt: skip
@click.option("--case", "cases", multiple=True, help="Run the cases that match this pattern, and no flow. Repeatable.")
@click.option("--clock", type=click.Choice(["virtual", "real"]), help="How time passes in a self-test.")
@click.option("--seed", type=int, default=0, show_default=True, help="Makes generated values the same every time.")
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
    release: str,
    profile: Path | None,
    cases: tuple[str, ...],
    clock: str | None,
    seed: int,
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
    from emulator.scenario.model import ClockMode  # noqa: PLC0415
    from emulator.session import Settings, check_settings, read_scenarios, run_all, select  # noqa: PLC0415
    from emulator.standard.release import load_release  # noqa: PLC0415

    formats = writers.chosen(reports)
    settings = Settings(
        release=release,
        seller_url=_seller_url(sut),
        profile=profile,
        clock=ClockMode(clock) if clock else None,
        seed=seed,
        timeout=timeout,
        inputs=_inputs(variables, var_file),
        jobs=jobs,
    )
    scenarios = read_scenarios(paths, load_release(release))
    check_settings(settings, scenarios)
    selected = select(scenarios, cases)
    if not selected:
        click.echo("nothing is selected: no scenario or case matches", err=True)
        _end(Exit.NOTHING)
    if formats:
        _make_folder(report_dir)  # before the run: a report that cannot be written is lost
    writer = TerminalWriter() if form == "pretty" else NdjsonWriter(sys.stdout.buffer)
    done = run_all(settings, selected, writer)
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


@main.command(epilog=_example("oit lint scenarios", "oit lint my.oit.yaml"))
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@_RELEASE
def lint(paths: tuple[Path, ...], release: str) -> None:
    """Check scenario files without running them."""
    from emulator.session import problems_of  # noqa: PLC0415
    from emulator.standard.release import load_release  # noqa: PLC0415

    files, wrong = 0, 0
    for _, problems in problems_of(paths, load_release(release)):
        files += 1
        wrong += len(problems)
        for problem in problems:
            click.echo(problem)
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


def _seller_url(sut: str | None) -> str | None:
    from emulator.session import check_url  # noqa: PLC0415

    if sut is None:
        return None
    party, equals, url = sut.partition("=")
    if party == "buyer":
        message = "--sut buyer: testing a buyer is not built yet; --sut seller=URL tests a seller"
        raise UserError(message)
    if party != "seller" or not equals:
        message = f"--sut {sut!r}: write --sut seller=URL, for example --sut seller=http://127.0.0.1:8080"
        raise UserError(message)
    return check_url(url)


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
