"""Commands that prepare: `oit inputs`, `oit init`."""

from __future__ import annotations

from pathlib import Path

import click

from emulator.cli.group import RELEASE, end, example, main
from emulator.errors import Exit


@main.command(epilog=example(
    "oit inputs scenarios/poq > partner-data.yaml && oit run scenarios/poq --var-file partner-data.yaml",
    "oit inputs scenarios --tag quote --format json",
))  # fmt: skip
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--tag", "tags", multiple=True, help="Only of scenarios that have this tag. Repeatable.")
@RELEASE
@click.option("--format", "form", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
def inputs(paths: tuple[Path, ...], tags: tuple[str, ...], release: str, form: str) -> None:
    """Say what data a partner has to give: the inputs of scenarios, as a file to fill in for --var-file.

    Each has its default, where that stands and which scenarios use it. As it is printed, the file changes nothing; what a
    run works out by itself stands in it as a comment.
    """
    from emulator.scenario.wanted import as_json, as_yaml, wanted_inputs
    from emulator.session import read_scenarios
    from emulator.standard.release import load_release

    scenarios = read_scenarios(paths, load_release(release))
    chosen = [scenario for scenario in scenarios if not tags or set(tags) & set(scenario.tags)]
    if not chosen:
        click.echo("nothing is selected: no scenario there, or none with that tag", err=True)
        end(Exit.NOTHING)
    wanted = wanted_inputs(chosen)
    if form == "json":
        import json

        click.echo(json.dumps(as_json(wanted), indent=2, ensure_ascii=False))
    else:
        click.echo(as_yaml(wanted), nl=False)
