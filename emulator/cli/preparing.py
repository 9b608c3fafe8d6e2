"""Commands that prepare: `oit inputs`, `oit init`."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

import click

from emulator.cli.group import RELEASE, ROOT, end, example, main
from emulator.errors import Exit, UserError
from emulator.files import is_there

STARTER: Final = Path(__file__).parent / "starter"
PLACES: Final = {"sonata.yml": ".github/workflows/sonata.yml", "gitignore": ".gitignore"}
"""Where files of the starter go that do not keep their names."""


@main.command(epilog=example(
    "oit inputs scenarios/poq > partner-data.yaml && oit run scenarios/poq --var-file partner-data.yaml",
    "oit inputs scenarios --tag quote --format json",
))  # fmt: skip
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--tag", "tags", multiple=True, help="Only of scenarios that have this tag. Repeatable.")
@ROOT
@RELEASE
@click.option("--format", "form", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
def inputs(paths: tuple[Path, ...], tags: tuple[str, ...], root: Path | None, release: str, form: str) -> None:
    """Say what data a partner has to give: the inputs of scenarios, as a file to fill in for --var-file.

    Each has its default, where that stands and which scenarios use it. As it is printed, the file changes nothing; what a
    run works out by itself stands in it as a comment.
    """
    from emulator.conduct.scenarios import read_scenarios
    from emulator.scenario.functions import absent_functions
    from emulator.scenario.wanted import as_json, as_yaml, wanted_inputs
    from emulator.standard.release import load_release

    standard = load_release(release)
    scenarios = [each for each in read_scenarios(paths, standard, root) if not absent_functions(each, standard)]
    chosen = [scenario for scenario in scenarios if not tags or set(tags) & set(scenario.tags)]
    if not chosen:
        click.echo("nothing is selected: no scenario of this release there, or none with that tag", err=True)
        end(Exit.NOTHING)
    wanted = wanted_inputs(chosen)
    if form == "json":
        import json

        click.echo(json.dumps(as_json(wanted), indent=2, ensure_ascii=False))
    else:
        click.echo(as_yaml(wanted), nl=False)


@main.command(epilog=example("oit init acme", "oit init acme && cd acme && oit lint . && oit run ."))
@click.argument("name", type=click.Path(path_type=Path))
def init(name: Path) -> None:
    """Make a folder to test a partner from: its profile and data, a scenario, known failures, a workflow for GitHub.

    NAME is the folder; its last part names what is in it. All of it can be run as it is; README.md there says how. A folder
    that is there already has to be empty.
    """
    if is_there(name) and (not name.is_dir() or any(name.iterdir())):
        raise UserError(f"{name}: this is there already{', and not empty' if name.is_dir() else ', and no folder'}")
    word = _word(name.resolve().name)
    try:
        for file in sorted(STARTER.iterdir()):
            target = name / PLACES.get(file.name, file.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(file.read_text(encoding="utf-8").replace("@NAME@", word), encoding="utf-8")
            click.echo(target)
    except OSError as error:
        raise UserError(f"{name}: cannot be written: {error.strerror}") from error
    click.echo(f"next: cd {shlex.quote(str(name))} && oit lint . && oit run .", err=True)


def _word(name: str) -> str:
    """A name as an id of scenarios and a text of YAML may be written."""
    word = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    is_plain = word[:1].isalpha() and word not in {"true", "false", "null"}
    return word if is_plain else f"partner-{word}".rstrip("-")
