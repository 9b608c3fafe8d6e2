"""`oit runs`: what the database of a seller keeps."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import click

from emulator.cli.group import DATA, DATABASE, example, main, read_message
from emulator.errors import UserError
from emulator.files import is_there
from emulator.settings import PLAIN_PATH, run_named

_LARGEST: Final = 256 * 1024 * 1024
"""Bytes of a run that is taken out, at the most."""


@main.group()
def runs() -> None:
    """What the database of a seller keeps, run by run: list, show, delete, and carry to another.

    A run is what happened below /r/NAME; plain-path is the one at the plain base paths.
    """


def _open(database: str | None, data: Path) -> Any:
    from emulator.parties.database import Database
    from emulator.settings import database_url

    url = database_url(database, data)
    if url is None:
        raise UserError("--database memory: what is in memory ends with its process; name a file or a server")
    if database is None and not is_there(data / "oit.sqlite3"):
        message = f"there is no database in {data}; --data or --database names another place"
        raise UserError(message)
    return Database(url)


@runs.command("list", epilog=example("oit runs list", "oit runs list --data my-data --format json"))
@DATABASE
@DATA
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def runs_list(database: str | None, data: Path, form: str) -> None:
    """List the runs: since when, and how many resources, timers, notifications and exchanges each has."""
    from emulator.parties.archive import list_runs

    rows = [row.as_json() for row in list_runs(_open(database, data))]
    if form == "json":
        import json

        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    counted = ["resources", "timers", "owed", "dead", "exchanges"]
    click.echo(f"{'run':24} {'since':24} " + " ".join(f"{name:>9}" for name in counted))
    for row in rows:
        counts = " ".join(f"{row[name]:9}" for name in counted)
        click.echo(f"{row['run'] or PLAIN_PATH:24} {row['began'] or '':24} {counts}")


@runs.command("show", epilog=example("oit runs show r1", "oit runs show plain-path --format json"))
@click.argument("run")
@DATABASE
@DATA
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def runs_show(run: str, database: str | None, data: Path, form: str) -> None:
    """Show what a run has: resources with their states, timers, notifications that are owed or were given up."""
    from emulator.parties.archive import show_run

    shown = show_run(_open(database, data), run_named(run))
    if form == "json":
        import json

        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    for row in shown["resources"]:
        click.echo(f"{row['created']}  {row['kind']} {row['id']}  {row['state'] or ''}")
    for row in shown["timers"]:
        click.echo(f"{row['at']}  timer: {row['action']} of {row['kind']} {row['id']}")
    for name, words in (("owed", "owed"), ("dead", "given up")):
        for row in shown[name]:
            where = f" at {row['callback']}" if row["callback"] else ""
            fault = f", {row['attempts']} try(s) failed: {row['fault']}" if row["fault"] else ""
            click.echo(f"{row['due']}  {words}: {row['event']} to subscription {row['subscription']}{where}{fault}")
    click.echo(f"{shown['exchanges']} exchange(s); oit runs export --transcript writes them for oit check")


@runs.command("delete", epilog=example("oit runs delete r1 r2"))
@click.argument("names", metavar="RUN...", nargs=-1, required=True)
@DATABASE
@DATA
def runs_delete(names: tuple[str, ...], database: str | None, data: Path) -> None:
    """Delete runs with all that they have. A seller that is serving one should be stopped first."""
    from emulator.parties.archive import delete_run

    opened = _open(database, data)
    for name in names:
        click.echo(f"{name!r}: {delete_run(opened, run_named(name))} row(s) deleted", err=True)


@runs.command("export", epilog=example(
    "oit runs export r1 > r1.run.ndjson",
    "oit runs export r1 --transcript > r1.ndjson && oit check r1.ndjson",
))  # fmt: skip
@click.argument("run")
@click.option("--transcript", is_flag=True, help="Only the exchanges, as oit check reads them.")
@DATABASE
@DATA
def runs_export(run: str, transcript: bool, database: str | None, data: Path) -> None:
    """Write a run to stdout, a line of JSON for each thing it has."""
    from emulator.parties.archive import lines, show_run
    from emulator.parties.recorder import DurableTranscript
    from emulator.report.transcript_report import line

    opened, run = _open(database, data), run_named(run)
    if transcript:
        show_run(opened, run)
    told = (line(run, each) for each in DurableTranscript(opened, run)) if transcript else lines(opened, run)
    for each in told:
        sys.stdout.buffer.write(each)
    sys.stdout.buffer.flush()


@runs.command("import", epilog=example("oit runs import r1.run.ndjson", "oit runs import r1.run.ndjson --as r1-again"))
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--as", "name", help="Name the run so.")
@DATABASE
@DATA
def runs_import(file: Path, name: str | None, database: str | None, data: Path) -> None:
    """Put a run back that export wrote, all of it or nothing. Its timers go off when a seller serves the database."""
    from emulator.parties.database import Database
    from emulator.parties.restoring import restore
    from emulator.settings import MEMORY, database_url

    url = database_url(database, data)
    if url is None:
        message = f"--database {MEMORY}: what is in memory ends with its process; name a file or a server"
        raise UserError(message)
    raw, shown = read_message(file, _LARGEST)
    click.echo(restore(Database(url), shown, raw.splitlines(), name))
