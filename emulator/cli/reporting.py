"""`oit report` and `oit diff`: what was reported, told again, and compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from emulator.cli.group import DATA, DATABASE, RELEASE, end, example, main, make_folder
from emulator.errors import Exit, UserError
from emulator.files import is_folder, is_there, shown


@main.command(epilog=example(
    "oit report out",
    "oit report out/report.json --format junit,sarif,har --report-dir again",
    "oit report acme --data oit-data --format json",
    "oit report plain-path --format html",
))  # fmt: skip
@click.argument("run")
@click.option("--format", "formats", default="", help="Reports to write, as --report of oit run has them (comma "
              "separated). Without it the report is told on stderr.")  # fmt: skip
@click.option("--report-dir", type=click.Path(path_type=Path), help="Where to write; without it beside the report that is "
              "read, else out.")  # fmt: skip
@RELEASE
@DATABASE
@DATA
def report(run: str, formats: str, report_dir: Path | None, release: str, database: str | None, data: Path) -> None:
    """Render a report again: RUN is a report.json, a folder with such, or the name of a run in a seller's database, where
    plain-path is the one without a name.

    Nothing is run, and what was found stays what it was. Only of a run in a database there is no report yet: what came
    to our seller is judged now, as oit seller does.
    """
    from emulator import report as writers
    from emulator.report.model import exit_code, runs_of
    from emulator.report.reading import read_whole, tell
    from emulator.report.terminal import TerminalWriter

    chosen = writers.chosen(formats)
    path = Path(run)
    if run and is_there(path):
        whole = read_whole(path)
        beside = path if is_folder(path) else path.parent
    else:
        whole = _of_database(run, release, database, data)
        beside = Path("out")
    if chosen:
        folder = report_dir or beside
        make_folder(folder)
        for write in chosen:
            click.echo(write(whole, folder))
        return
    writer = TerminalWriter()
    tell(whole, writer)
    runs = runs_of(whole)
    writer.all_done(whole, exit_code(runs, whole.get("known_failures")))


def _of_database(run: str, release: str, database: str | None, data: Path) -> Any:
    """The report of a run that a seller's database keeps. UserError where there is none of that name."""
    from emulator.conduct.standing import Standing
    from emulator.parties.clock import RealClock
    from emulator.parties.database import Database
    from emulator.parties.recorder import DurableTranscript
    from emulator.settings import PLAIN_PATH, database_url, run_named
    from emulator.standard.declared import NOTHING_DECLARED
    from emulator.standard.release import load_release

    url = database_url(database, data)
    nothing = f"{shown(Path(run or PLAIN_PATH))}: there is no such file or folder, and no run of that name"
    if url is None or (database is None and not is_there(data / "oit.sqlite3")):
        message = f"{nothing}: there is no database in {data} (--data, --database)"
        raise UserError(message)
    opened = Database(url)
    name = run_named(run)
    if not any(True for _ in DurableTranscript(opened, name)):
        message = f"{nothing} in the database that has exchanges (`oit runs list`)"
        raise UserError(message)
    standing = Standing(
        load_release(release), RealClock(), lambda name: DurableTranscript(opened, name), declared=NOTHING_DECLARED
    )
    return standing.report(name)


@main.command(epilog=example("oit diff before/report.json after/report.json", "oit diff before after --format json"))
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def diff(before: Path, after: Path, form: str) -> None:
    """Compare two reports (report.json, or folders with such): what came, what went, what changed.

    Findings are told apart by scenario, case, step, operation, rule and place, not by ids and moments. The exit code is 0
    where nothing came and 1 where something did: a finding that is not excused, a step that does not pass any more, a
    requirement or run with a graver verdict; 5 where no run is in both.
    """
    from emulator.report.difference import difference, render
    from emulator.report.reading import read_whole

    told = difference(read_whole(before), read_whole(after))
    if form == "json":
        import json

        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        click.echo(render(told, str(before), str(after)))
    if not told["runs"]["compared"]:
        end(Exit.NOTHING)
    end(Exit.BREACHED if told["worse"] else Exit.PASSED)
