"""`oit reconcile`: bills held against what was ordered."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from emulator.cli.group import DATA, DATABASE, MAP, RELEASE, end, example, main, stopping
from emulator.errors import Exit, UserError
from emulator.files import is_there

if TYPE_CHECKING:
    from emulator.reconciling.reconcile import Reconciliation

_STANDINGS: Final = ("disputed", "missing", "unexplained")


def _amount(_ctx: click.Context, _parameter: click.Parameter, value: str) -> Decimal:
    try:
        found = Decimal(value)
    except InvalidOperation:
        found = Decimal(-1)
    if not found.is_finite() or found < 0:
        message = f"{value!r} is no amount; write 0.05"
        raise click.BadParameter(message)
    return found


def _standings(_ctx: click.Context, _parameter: click.Parameter, value: str) -> frozenset[str]:
    found = frozenset(each.strip() for each in value.split(",") if each.strip())
    if odd := found - set(_STANDINGS):
        message = f"{min(odd)!r} is not one of {', '.join(_STANDINGS)}"
        raise click.BadParameter(message)
    return found


@main.command(
    epilog=example(
        "oit reconcile out/transcript.ndjson",
        "oit reconcile january.har february.har --profile partner.yaml --csv lines.csv --html bills.html",
        "oit reconcile --database sqlite:///oit-data/oit.sqlite3 --run acme",
        "oit reconcile year.ndjson --resume year.reading --fail-on disputed,missing",
    )
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--run", metavar="RUN", help="Only this run of the database; plain-path is the one without a name.")
@click.option(
    "--joined", is_flag=True, help="Take all runs for one partner's: products of one stand on bills of another."
)
@click.option(
    "--profile",
    type=click.Path(path_type=Path),
    help="What the partner declared: by which method it bills, and base paths (YAML).",
)
@click.option(
    "--tolerance",
    default="0",
    metavar="AMOUNT",
    callback=_amount,
    help="Let so much pass on each item, beside what rounding makes, as 0.05.",
)
@click.option(
    "--cycles",
    type=click.IntRange(1, 99),
    default=1,
    show_default=True,
    help="Closed cycles within which what is charged once has to be on a bill.",
)
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), metavar="FILE", help="Write all lines as CSV.")
@click.option("--html", "html_file", type=click.Path(path_type=Path), metavar="FILE", help="Write a page of them.")
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Keep there what was read; what stands there already is not read again.",
)
@click.option(
    "--fail-on",
    "failing",
    default="",
    callback=_standings,
    metavar="KINDS",
    help="End with 1 where there is such a line: disputed, missing, unexplained (comma separated).",
)
@click.option("--all", "everything", is_flag=True, help="Tell of explained lines, too.")
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
@MAP
@RELEASE
@DATABASE
@DATA
def reconcile(
    files: tuple[Path, ...],
    run: str | None,
    joined: bool,
    profile: Path | None,
    tolerance: Decimal,
    cycles: int,
    csv_file: Path | None,
    html_file: Path | None,
    resume: Path | None,
    failing: frozenset[str],
    everything: bool,
    form: str,
    maps: tuple[str, ...],
    release: str,
    database: str | None,
    data: Path,
) -> None:
    """Hold bills against orders, quotes, charges and the inventory: what each item is for, and what is missing.

    FILE is captured traffic, as oit check reads it, or - for standard input; without any the database of a seller is
    read. Each item is explained, disputed (with the reason and the amount), missing, or unexplained: too little was
    seen. No clause makes amounts agree, so nothing here fails a partner. The exit code is 0; 1 where --fail-on says so; 3 where reading was broken off; 5 where no bill was seen.
    """
    from emulator.conduct.reconciled import ReconcileAsked, reconcile_sources
    from emulator.reconciling.telling import as_csv, as_html, as_text
    from emulator.scenario.stop import Stop
    from emulator.settings import run_named
    from emulator.standard.release import load_release

    url = None if files and not _named("run", "database", "data") else _database(database, data)
    asked = ReconcileAsked(
        files,
        url,
        None if run is None else run_named(run),
        maps,
        profile,
        joined,
        resume,
        tolerance,
        cycles,
    )
    stop = Stop()
    with stopping(stop):
        found = reconcile_sources(asked, load_release(release), stop, lambda text: click.echo(text, err=True))
    if csv_file is not None:
        _write(csv_file, "--csv", as_csv(found))
    if html_file is not None:
        _write(html_file, "--html", as_html(found))
    if form == "json":
        import json

        click.echo(json.dumps({"runs": [{"run": name, **each.as_json()} for name, each in found.items()]}, indent=2))
    else:
        for line in as_text(found, everything=everything):
            click.echo(line)
    if not found:
        click.echo("no bill was seen, and no item of one", err=True)
    end(_code(found, failing, broken_off=bool(stop.reason)))


def _code(found: dict[str, Reconciliation], failing: frozenset[str], *, broken_off: bool) -> Exit:
    if broken_off:
        return Exit.INCONCLUSIVE
    if not found:
        return Exit.NOTHING
    failed = any(count for each in found.values() for name, count in each.counts().items() if name in failing)
    return Exit.BREACHED if failed else Exit.PASSED


def _named(*parameters: str) -> bool:
    """Whether any of these was given on the command line itself."""
    from click.core import ParameterSource

    context = click.get_current_context()
    return any(context.get_parameter_source(each) is ParameterSource.COMMANDLINE for each in parameters)


def _database(database: str | None, data: Path) -> str:
    """The URL of the database that is to be read. UserError where there is none."""
    from emulator.settings import database_url

    url = database_url(database, data)
    if url is None:
        message = "--database memory: what is in memory ends with its process; name a file or a server"
        raise UserError(message)
    if database is None and not is_there(data / "oit.sqlite3"):
        message = f"there is no database in {data}; name files, or another place by --data or --database"
        raise UserError(message)
    return url


def _write(path: Path, option: str, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        message = f"{option} {path}: cannot be written: {error.strerror}"
        raise UserError(message) from error
    click.echo(str(path), err=True)
