"""Commands that say what there is: `oit rules`, `oit explain`, `oit schema`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from emulator.cli.group import example, main
from emulator.errors import UserError


@main.command(
    epilog=example("oit schema scenario > oit-scenario.schema.json", "oit schema profile", "oit schema events")
)
@click.argument("what", type=click.Choice(["scenario", "profile", "report", "events", "known-failures"]))
def schema(what: str) -> None:
    """Print a JSON Schema: of scenario files, profiles and known failures (for editors), of report.json, of the events
    of --format json.
    """
    import json

    if what == "scenario":
        from emulator.scenario.schema import scenario_schema

        found = scenario_schema()
    elif what == "profile":
        from emulator.parties.profile_schema import profile_schema

        found = profile_schema()
    elif what == "report":
        from emulator.report.json_report import schema as report_schema

        found = report_schema()
    elif what == "events":
        from emulator.report.ndjson import schema as events_schema

        found = events_schema()
    else:
        from emulator.report.known import schema as known_schema

        found = known_schema()
    click.echo(json.dumps(found, indent=2, ensure_ascii=False))


@main.command(epilog=example(
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

    With --trace, instead, what the runs of given reports have tested of each guide, and what they never saw: of the
    requirements, and of the use cases with each way (polling, notification) and each outcome.
    """
    from emulator.judge.listing import rows, table
    from emulator.report import coverage
    from emulator.standard.release import load_release
    from emulator.standard.requirement import load_requirements
    from emulator.standard.use_case import load_use_cases

    chosen = {each.id: each for each in load_requirements().values() if guide in (None, each.guide)}
    if not chosen:
        known = dict.fromkeys(each.guide for each in load_requirements().values())
        message = f"--guide {guide}: there is no such guide. Known: {', '.join(known)}."
        raise UserError(message)
    if traced:
        cases = [each for each in load_use_cases().values() if guide in (None, each.guide)]
        runs = coverage.read_reports(traced)
        seen = coverage.played_in(coverage.report_files(traced), runs, load_release())
        found: Any = coverage.trace(chosen, runs, cases, seen)
        told = coverage.render(found) if form == "pretty" else ""
    else:
        found = rows(chosen)
        told = table(found) if form == "pretty" else ""
    if form == "json":
        import json

        told = json.dumps(found, indent=2, ensure_ascii=False)
    click.echo(told)


@main.command(epilog=example(
    "oit explain MEF123-R45",
    "oit explain contract.schema",
    "oit explain missingProperty --format json",
    "oit explain order",
    "oit explain charge",
    "oit explain MEF115-R51a --sdk MEF-LSO-Sonata-SDK",
))  # fmt: skip
@click.argument("identifier", metavar="ID")
@click.option("--sdk", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="Folder of an official SDK: quotes the guide's own sentence from there.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def explain(identifier: str, sdk: Path | None, form: str) -> None:
    """Say what an ID of a report means: what is asked, how it is seen, a right and a wrong example.

    ID is a requirement (MEF123-R45, also MEF123:R45), a rule (MEF115-R36.history, contract.schema), an entry
    of the interpretation register, or the code of an error body (missingProperty). An API (quote, order) or a kind of
    resource (charge) tells what its contract says of kinds, operations and events, each fact with the rule behind it.
    """
    from emulator.judge import explanation
    from emulator.report.explanation import render
    from emulator.standard.kinds.explained import explained
    from emulator.standard.release import load_release

    release = load_release()
    word = release.api(identifier) if identifier in release.spellings else identifier
    told = explained(release.kinds, word, release.name) or explanation.explain(identifier, sdk)
    if form == "json":
        import json

        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    click.echo(render(told))
