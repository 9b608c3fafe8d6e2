"""`oit specs`: the contracts."""

from __future__ import annotations

from pathlib import Path

import click

from emulator.cli.group import RELEASE, end, example, main
from emulator.errors import Exit, UserError
from emulator.settings import DEFAULT_RELEASE


@main.group()
def specs() -> None:
    """The contracts: what is here, one as a document, and how they compare with an official SDK."""


@specs.command("list", epilog=example("oit specs list", "oit specs list --format json"))
@RELEASE
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def specs_list(release: str, form: str) -> None:
    """List the contracts of a release. What is `generic` has no book of rules: the contract and generic rules judge it alone."""
    from emulator.standard.release import load_release

    found = load_release(release)
    rows = [
        {"api": e.api, "kind": e.kind, "version": e.version, "base_path": e.base_path, "release": release}
        | {"rules": found.books.get(e.api, "generic")}
        for e in found.entries
    ]
    if form == "json":
        import json

        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        mark = "  generic" if row["rules"] == "generic" else ""
        click.echo(f"{row['api']:31} {row['kind']:13} {row['version']:8} {row['base_path']}{mark}")


@specs.command("export", epilog=example(
    "oit specs export quote > quote.openapi.yaml",
    "oit specs export poq --notification --format json",
))  # fmt: skip
@click.argument("api")
@click.option("--notification", is_flag=True, help="The notification contract instead of the management one.")
@RELEASE
@click.option("--format", "form", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
def specs_export(api: str, notification: bool, release: str, form: str) -> None:
    """Write a contract as one stand-alone OpenAPI document."""
    from emulator.standard.release import load_release

    document = load_release(release).document(api, "notification" if notification else None)
    if form == "json":
        import json

        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    import yaml

    click.echo(yaml.dump(document, sort_keys=False, allow_unicode=True, width=110), nl=False)


@specs.command(
    "diff",
    epilog=example(
        "oit specs diff --sdk MEF-LSO-Sonata-SDK",
        f"oit specs diff --from {DEFAULT_RELEASE} --to sonata-mine",
        f"oit specs diff --from {DEFAULT_RELEASE} --to sonata-mine --api order --format json",
    ),
)
@click.option(
    "--sdk",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of an official SDK release (it holds productApi/ and productSchema/, or the contracts alone).",
)
@click.option("--from", "old", metavar="NAME", help="A release that is here, shipped or imported (oit sdk add).")
@click.option(
    "--to", "new", metavar="NAME", help="Another one: every change, and whom it breaks that stays with the first."
)
@click.option("--api", "apis", multiple=True, metavar="API", help="With --to: only this function. Repeatable.")
@click.option(
    "--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True, help="With --to."
)
@RELEASE
def specs_diff(
    sdk: Path | None, old: str | None, new: str | None, apis: tuple[str, ...], form: str, release: str
) -> None:
    """Compare our contracts with an official SDK, structurally, or the contracts of two releases, for people.

    Prints every difference. Exit code 1 where there is one.
    """
    if sdk is None:
        if not (old and new):
            raise UserError("what shall be compared? --sdk DIR, or --from RELEASE --to RELEASE")
        from emulator.cli.releases import show_computed

        end(Exit.BREACHED if show_computed(old, new, apis, form) else Exit.PASSED)
    if old or new or apis:
        raise UserError("--sdk DIR stands alone: --from, --to and --api compare two releases with each other")
    _with_sdk(sdk, release)


def _with_sdk(sdk: Path, release: str) -> None:
    from emulator.standard.diff import diff_release, has_products, official_files
    from emulator.standard.release import load_release

    chosen = load_release(release)
    if not any(official_files(chosen, sdk).values()):
        lacks = chosen.entries[0].official
        raise UserError(f"--sdk {sdk}: this is not an SDK folder of release {release}; it should hold {lacks}")
    count = 0
    for label, difference in diff_release(chosen, sdk):
        count += 1
        click.echo(f"{label}: {difference.message}")
    unseen = "" if has_products(sdk) else "; there are no product schemas to compare"
    click.echo(f"{count} difference(s){unseen}", err=True)
    end(Exit.BREACHED if count else Exit.PASSED)
