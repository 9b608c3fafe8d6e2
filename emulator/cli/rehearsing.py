"""`oit rehearse`: an upgrade from one release to another, played before it is made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator.cli.group import MAP, ROOT, end, example, main, make_folder, stopping
from emulator.errors import Exit, UserError
from emulator.settings import DEFAULT_RELEASE

if TYPE_CHECKING:
    from emulator.report.rehearsed import Rehearsal
    from emulator.scenario.stop import Stop


@main.command(
    epilog=example(
        "oit rehearse scenarios/access-eline/new-install.oit.yaml --from grace --to kylie",
        "oit rehearse scenarios/ticket scenarios/appointment --from dolly --to grace --format json",
        "oit rehearse scenarios/access-eline --from grace --to kylie --sut seller=https://sonata.example.net",
        "oit rehearse --traffic partner.har --from grace --to kylie --report-dir upgrade",
        "oit rehearse scenarios/quote --traffic out/transcript.ndjson --from grace --to dolly",
    )
)
@click.argument("paths", nargs=-1, metavar="[SCENARIO]...", type=click.Path(path_type=Path))
@click.option(
    "--from", "old", default=DEFAULT_RELEASE, show_default=True, metavar="NAME", help="The release that is spoken now."
)
@click.option("--to", "new", required=True, metavar="NAME", help="The release that is to be spoken.")
@click.option(
    "--sut",
    metavar="seller=URL",
    help="A partner's seller that speaks the first release: its side is played with "
    "it. The second side is always played between parties of ours.",
)
@click.option(
    "--traffic",
    multiple=True,
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Recorded traffic of the first release, as oit check reads it (HAR, transcript, report.json): what of it "
    "the second one breaks. Repeatable.",
)
@MAP
@click.option(
    "--profile", type=click.Path(path_type=Path), help="A profile (YAML), or the name of one of ours, as for oit run."
)
@ROOT
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="Override an input, as for oit run.")
@click.option("--var-file", type=click.Path(path_type=Path), help="Override inputs from a YAML mapping.")
@click.option(
    "--report-dir",
    type=click.Path(path_type=Path),
    default=Path("out"),
    show_default=True,
    help="Where rehearsal.html and rehearsal.json are written.",
)
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def rehearse(
    paths: tuple[Path, ...],
    old: str,
    new: str,
    sut: str | None,
    traffic: tuple[Path, ...],
    maps: tuple[str, ...],
    profile: Path | None,
    root: Path | None,
    variables: tuple[str, ...],
    var_file: Path | None,
    report_dir: Path,
    form: str,
) -> None:
    """Rehearse an upgrade: play scenarios in both releases, and tell what of that changes, and for whom.

    Told are the changes of contracts that messages touch (operations, members, values, statuses, events), each with whom it
    breaks that stays with the first release and an exchange that shows it; and the clauses that were seen and are renamed,
    gone, new or other ones. What does not change, and what no message goes by, is not told. Where a scenario cannot be played
    in one of the releases, that is said, and what crossed in the other one is held against its contracts.

    The exit code is 0 where nothing that is touched breaks anybody, 1 where something does, and 3 where nothing does and not
    everything was played to a pass on both sides.
    """
    import json

    from emulator.report.rehearsal_page import rehearsal_page
    from emulator.report.rehearsal_text import rehearsal_lines
    from emulator.report.rehearsed import rehearsal_json
    from emulator.scenario.stop import Stop

    if not paths and not traffic:
        raise UserError("what is rehearsed? Name scenarios, or recorded traffic (--traffic FILE)")
    if sut and not paths:
        raise UserError("--sut has no effect without a scenario: traffic is read, and not played")
    make_folder(report_dir)
    stop = Stop()
    found = _rehearsed(paths, old, new, sut, traffic, maps, profile, root, variables, var_file, stop)
    told = rehearsal_json(found)
    text = json.dumps(told, indent=2, ensure_ascii=False)
    page, kept = report_dir / "rehearsal.html", report_dir / "rehearsal.json"
    page.write_bytes(rehearsal_page(told))
    kept.write_text(text + "\n", encoding="utf-8")
    if form == "json":
        click.echo(text)
    else:
        for line in rehearsal_lines(told):
            click.echo(line)
    click.echo(f"{page}\n{kept}", err=True)
    end(_code(found, stop))


def _rehearsed(
    paths: tuple[Path, ...],
    old: str,
    new: str,
    sut: str | None,
    traffic: tuple[Path, ...],
    maps: tuple[str, ...],
    profile: Path | None,
    root: Path | None,
    variables: tuple[str, ...],
    var_file: Path | None,
    stop: Stop,
) -> Rehearsal:
    from emulator.arguments import inputs, seller_url
    from emulator.conduct.rehearsing import Wanted, rehearse
    from emulator.conduct.settings import Settings

    if sut == "buyer":
        raise UserError(
            "--sut buyer: a buyer is not played twice; have it play once (oit run --sut buyer --report transcript), and give "
            "what was recorded as --traffic"
        )
    settings = Settings(
        release=old,
        seller_url=seller_url(sut),
        profile=profile,
        root=root,
        inputs=inputs(variables, var_file),
        maps=maps,
    )
    with stopping(stop):
        return rehearse(Wanted(settings, new, paths, traffic), lambda line: click.echo(line, err=True), stop)


def _code(found: Rehearsal, stop: Stop) -> Exit:
    main.in_a_hurry = bool(stop.reason)
    if stop.reason:
        return Exit.INCONCLUSIVE
    if not found.acts or not found.functions:
        return Exit.INCONCLUSIVE if found.acts else Exit.NOTHING
    if found.breaking:
        return Exit.BREACHED
    return Exit.PASSED if found.whole else Exit.INCONCLUSIVE
