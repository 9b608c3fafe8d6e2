"""Commands that look at files and send nothing: `oit check`, `oit lint`, `oit validate`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from emulator.cli.concluding import conclude, known_of
from emulator.cli.group import (
    KNOWN,
    MAP,
    RELEASE,
    REPORTS,
    ROOT,
    end,
    example,
    main,
    make_folder,
    perhaps_a_release,
    read_message,
)
from emulator.errors import Exit


@main.command(epilog=example(
    "oit check traffic.har",
    "oit check traffic.har --sut seller --profile partner.yaml --report json,junit",
    "oit check traffic.har --map quote=/api/quotes/v8 --map quote.notification=/hooks/quote",
    "oit run scenarios --report transcript && oit check out/transcript.ndjson",
    "ssh proxy cat traffic.har.gz | oit check -",
))  # fmt: skip
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--sut", type=click.Choice(["seller", "buyer"]), help="Whose breaches decide; without it both sides'.")
@RELEASE
@click.option("--profile", type=click.Path(path_type=Path), help="What the partners declared to each other (YAML).")
@MAP
@click.option("--report", "reports", default="", help=REPORTS)
@click.option("--report-dir", type=click.Path(path_type=Path), default=Path("out"), show_default=True)
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True,
              help="pretty talks to people on stderr, json writes one event per line on stdout.")  # fmt: skip
@KNOWN
def check(
    files: tuple[Path, ...],
    sut: str | None,
    release: str,
    profile: Path | None,
    maps: tuple[str, ...],
    reports: str,
    report_dir: Path,
    form: str,
    known_failures: Path | None,
) -> None:
    """Judge captured traffic, offline: HAR files, transcripts (.ndjson), report.json files, packed by gzip or not.

    FILE - is standard input. Each request is found in the contracts by its path, behind any prefix. What belongs to no
    contract is listed and not judged; so is what the file holds a part of only, or in another form than it was sent.
    Where more is lost than held, the exit code is 3. Nothing is sent.
    """
    from emulator import report as writers
    from emulator.conduct.captured import check_files
    from emulator.record.exchange import Party
    from emulator.report.model import whole_report
    from emulator.report.ndjson import NdjsonWriter
    from emulator.report.terminal import TerminalWriter
    from emulator.standard.release import load_release

    formats = writers.chosen(reports)
    known = known_of(known_failures, release)
    if formats:
        make_folder(report_dir)
    writer = TerminalWriter() if form == "pretty" else NdjsonWriter(sys.stdout.buffer)
    done = check_files(
        files,
        writer,
        release=load_release(release),
        maps=maps,
        profile=profile,
        sut=Party(sut) if sut else None,
        known=known,
    )
    if not any(run["exchanges"] for run in done):
        click.echo(
            "nothing is judged: no entry belongs to a contract (--map api=PATH names other base paths)", err=True
        )
        writer.reports_written([write(whole_report(done), report_dir) for write in formats])
        end(Exit.NOTHING)
    end(conclude(done, known, writer, formats, report_dir))


@main.command(epilog=example(
    "oit lint scenarios",
    "oit lint my.oit.yaml --sut seller",
    "oit lint partner.yaml known-failures.yaml",
))  # fmt: skip
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--sut", type=click.Choice(["seller", "buyer"]), help="Tell which waits are real with this party under "
              "test: a partner's time is never scaled.")  # fmt: skip
@ROOT
@perhaps_a_release("the usual one, and each other one in which a scenario or profile reads otherwise.")
def lint(paths: tuple[Path, ...], sut: str | None, root: Path | None, release: str | None) -> None:
    """Check files without sending anything: scenarios, profiles, known failures, each known by what stands in it.

    Everything that is wrong is told in one round. The requests of a scenario are held against their contracts and the rules
    of the guides, as far as they are known before a run; those that are wrong on purpose are not.
    """
    from emulator.conduct.scenarios import waits_of
    from emulator.linting import Sort, lint_files
    from emulator.record.exchange import Party
    from emulator.standard.release import load_release

    done, standard = [], load_release(release) if release else None
    for file in lint_files(paths, standard, root):
        done.append(file)
        for line in (*file.problems, *file.warnings):
            click.echo(line)
        if sut and file.sort is Sort.SCENARIO and not file.problems:
            for wait in waits_of(file.path, Party(sut), standard or load_release(), file.root):
                click.echo(wait)
    if not done:
        click.echo("nothing is selected: no scenario file (*.oit.yaml), profile or known failures there", err=True)
        end(Exit.NOTHING)
    wrong, odd = sum(len(file.problems) for file in done), sum(len(file.warnings) for file in done)
    counts = [(sum(file.sort is sort for file in done), sort) for sort in Sort]
    told = [f"{count} {sort}" for count, sort in counts if count] + [f"{wrong} problem(s)"]
    click.echo(", ".join([*told, f"{odd} warning(s)"] if odd else told), err=True)
    end(Exit.USAGE if wrong else Exit.PASSED)


@main.command(epilog=example(
    "oit validate createQuote my-quote.json --api quote",
    "oit validate retrieveQuote answer.json --api quote --status 200",
    "curl -s http://127.0.0.1:8080/… | oit validate listQuote - --api quote --status 200",
))  # fmt: skip
@click.argument("operation")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--api", help="API of the operation; needed where several have one of that name.")
@click.option("--notification", is_flag=True, help="Look in the notification contract.")
@click.option("--status", type=int, help="FILE is a response with this status; without it FILE is the request.")
@click.option("--profile", type=click.Path(path_type=Path), help="Profile with products of its own.")
@RELEASE
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def validate(
    operation: str,
    file: Path,
    api: str | None,
    notification: bool,
    status: int | None,
    profile: Path | None,
    release: str,
    form: str,
) -> None:
    """Check one message (JSON) against its contract: every breach, with its line and column."""
    from emulator.conduct.partner import selling
    from emulator.standard.message import find_operation, validate_message
    from emulator.standard.release import load_release

    raw, name = read_message(file)
    standard = selling(profile, load_release(release))
    contract, found = find_operation(standard, operation, api, "notification" if notification else None)
    problems = validate_message(contract, found, raw, status)
    failed = [problem for problem in problems if not problem.breach.advisory]
    if form == "json":
        import json

        click.echo(json.dumps([problem.as_json(name) for problem in problems], indent=2))
    else:
        for problem in problems:
            click.echo(problem.line_for(name))
        what = f"{contract.api}.{found.id} {'request' if status is None else f'response {status}'}"
        click.echo(f"{name}: {len(failed)} breach(es), {len(problems) - len(failed)} warning(s) as {what}", err=True)
    end(Exit.BREACHED if failed else Exit.PASSED)
