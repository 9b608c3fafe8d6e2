"""Commands that say what there is: `oit rules`, `oit explain`, `oit schema`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from emulator.cli.group import RELEASE, example, main
from emulator.errors import UserError


@main.command(
    epilog=example("oit schema scenario > oit-scenario.schema.json", "oit schema profile", "oit schema events")
)
@click.argument(
    "what", type=click.Choice(["scenario", "release-fragment", "profile", "report", "events", "known-failures"])
)
@RELEASE
def schema(what: str, release: str) -> None:
    """Print a JSON Schema: of scenario files, their release fragments, profiles and known failures (for editors), of report.json, of the events
    of --format json.
    """
    import json

    if what == "scenario":
        from emulator.scenario.schema import scenario_schema
        from emulator.standard.release import load_release

        found = scenario_schema(load_release(release))
    elif what == "release-fragment":
        from emulator.scenario.schema import fragment_schema
        from emulator.standard.release import load_release

        found = fragment_schema(load_release(release))
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
    "oit rules --guide MEF128",
    "oit run scenarios --report json --report-dir out/trace && oit rules --trace out/trace",
))  # fmt: skip
@click.option("--guide", help="Only this guide, for example MEF115.")
@click.option("--trace", "traced", multiple=True, type=click.Path(path_type=Path, exists=True), metavar="REPORT",
              help="Count what the runs of this report.json, or of all below this folder, have tested. "
              "Repeatable.")  # fmt: skip
@RELEASE
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def rules(guide: str | None, traced: tuple[Path, ...], release: str, form: str) -> None:
    """List every numbered requirement: what it asks, the rules that speak on it, or why it cannot be seen.

    With --trace, instead, what the runs of given reports have tested of each guide, and what they never saw: of the
    requirements, and of the use cases with each way (polling, notification) and each outcome.

    A guide of no single API, as MEF128 is, is listed where --guide names it, and traced where a run was judged by it: it
    binds who claims it.
    """
    from emulator.judge.listing import rows, table
    from emulator.report import coverage
    from emulator.standard.release import load_release

    standard = load_release(release)
    runs = coverage.read_reports(traced) if traced else []
    asked = standard.numbered if guide else coverage.asked_of(standard, runs)
    chosen = {each.id: each for each in asked.values() if guide in (None, each.guide)}
    if not standard.numbered:
        raise UserError(
            f"release {release} has contracts and no guides: there are no numbered requirements to list"
            f" (oit explain {standard.apis[0]} --release {release} tells what is judged there)"
        )
    if not chosen:
        known = dict.fromkeys(each.guide for each in standard.numbered.values())
        message = f"--guide {guide}: there is no such guide. Known: {', '.join(known)}."
        raise UserError(message)
    if traced:
        cases = [each for each in standard.use_cases.values() if guide in (None, each.guide)]
        seen = coverage.played_in(coverage.report_files(traced), runs, standard)
        found: Any = coverage.trace(chosen, runs, cases, seen, release=standard.name, unclaimed=standard.claimable)
        told = coverage.render(found) if form == "pretty" else ""
    else:
        found = rows(standard, chosen.values())
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
    "oit explain behaviours",
    "oit explain order-charged",
    "oit explain verbs",
    "oit explain MEF128-R2",
    "oit explain MEF115-R51a --sdk MEF-LSO-Sonata-SDK",
))  # fmt: skip
@click.argument("identifier", metavar="ID")
@click.option("--sdk", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="Folder of an official SDK: quotes the guide's own sentence from there.")  # fmt: skip
@RELEASE
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def explain(identifier: str, sdk: Path | None, release: str, form: str) -> None:
    """Say what an ID of a report means: what is asked, how it is seen, a right and a wrong example.

    ID is a requirement (MEF123-R45, also MEF123:R45), a rule (MEF115-R36.history, contract.schema), an entry
    of the interpretation register, or the code of an error body (missingProperty). An API (quote, order) or a kind of
    resource (charge) tells what its contract says of kinds, operations and events, each fact with the rule behind it.
    `behaviours` lists what a seller may have to do of its own accord, each of them tells which scenarios need it.
    `verbs` lists what happens to resources and has no operation, such as the payment of a bill (oit control do).
    """
    import json

    from emulator.conduct.behaviours import behaviours_told, verbs_told
    from emulator.judge import explanation
    from emulator.report.explanation import render
    from emulator.standard.kinds.explained import explained
    from emulator.standard.release import load_release

    if (rows := behaviours_told(identifier)) is not None:
        click.echo(
            json.dumps(rows, indent=2, ensure_ascii=False) if form == "json" else "\n".join(_behaviour_lines(rows))
        )
        return
    standard = load_release(release)
    if (rows := verbs_told(identifier, standard)) is not None:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False) if form == "json" else "\n".join(_verb_lines(rows)))
        return
    word = standard.api(identifier) if identifier in standard.spellings else identifier
    told = explained(standard.kinds, word, standard.name) or explanation.explain(standard, identifier, sdk)
    if form == "json":
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    click.echo(render(told))


def _behaviour_lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Behaviours for people."""
    for row in rows:
        yield f"{row['name']}: {row['title']}"
        yield f"  shows as {row['standard']}"
        if row["scenarios"]:
            yield f"  needed by {', '.join(row['scenarios'])}"


def _verb_lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Verbs for people."""
    for row in rows:
        words = f"; with {', '.join(row['words'])}" if row["words"] else ""
        yield f"{row['kind']} {row['verb']}: {row['title']}{words}{'; names none' if row['whole'] else ''}"
