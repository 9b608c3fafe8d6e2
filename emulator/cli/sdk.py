"""`oit sdk`: official SDKs of other releases, imported."""

from __future__ import annotations

from pathlib import Path

import click

from emulator.cli.group import example, main


@main.group(
    epilog=example(
        "oit sdk add MEF-LSO-Sonata-SDK.zip --name sonata-mine",
        "oit sdk list",
        "oit sdk show sonata-mine",
        "oit seller --release sonata-mine",
        "oit sdk remove sonata-mine",
    )
)
def sdk() -> None:
    """Official SDKs of any release, imported so that --release finds them.

    An import is a folder below OIT_SDKS, else below $XDG_DATA_HOME/oit/sdks or ~/.local/share/oit/sdks.
    """


@sdk.command(
    "add",
    epilog=example(
        "oit sdk add MEF-LSO-Sonata-SDK",
        "oit sdk add MEF-LSO-Sonata-SDK.zip --name sonata-mine",
        "oit sdk add all-sdks.zip/MEF-LSO-Interlude-SDK",
    ),
)
@click.argument("path", type=click.Path(path_type=Path), metavar="PATH_OR_ZIP")
@click.option(
    "--name",
    help="What the release is called here; without it POINT-RELEASE, as its files tell (and -sdk where oit ships that one).",
)
def sdk_add(path: Path, name: str | None) -> None:
    """Import an SDK: a checkout, a folder, a zip, or a folder within a zip.

    Contracts and payloads are found by what they say, not by where they are. What is broken is mended and told; what
    nobody can know stays open, and nothing is judged by it. Either all of it is added, or nothing.
    """
    from emulator.scenario.generic import write_generic
    from emulator.sdk.adding import add_sdk
    from emulator.sdk.shelf import record, told

    left_out: dict[str, str] = {}
    added = add_sdk(path, name, lambda release, folder: left_out.update(write_generic(release, folder)))
    for line in told(record(added.identity.name), whole=False):
        click.echo(line)
    for what, why in left_out.items():
        click.echo(f"  no scenario plays {what}: {why}")
    click.echo("")
    click.echo(f"added: {added.folder}")
    click.echo(f"Every mending by its place: oit sdk show {added.identity.name}")
    click.echo(f"Play it: oit run {added.folder / 'scenarios'} --release {added.identity.name}")


@sdk.command("list", epilog=example("oit sdk list", "oit sdk list --format json"))
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def sdk_list(form: str) -> None:
    """List the SDKs that were imported."""
    from emulator.sdk.shelf import records

    found = list(records())
    rows = [
        {
            **{key: each.get(key) for key in ("name", "point", "release", "source", "digest", "oit")},
            "apis": list(each.get("apis") or ()),
            "products": list(each.get("products") or ()),
            **{key: len(each[key]) for key in ("mendings", "skipped", "open")},
        }
        for each in found
    ]
    if form == "json":
        import json

        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for each in found:
        apis, products, mended = (len(each.get(key) or ()) for key in ("apis", "products", "mendings"))
        click.echo(f"{each['name']:24} {apis:3} APIs {products:4} payloads {mended:5} mended  {each['source']}")
    if not found:
        click.echo("no SDK was imported: oit sdk add PATH_OR_ZIP", err=True)


@sdk.command("show", epilog=example("oit sdk show sonata-mine", "oit sdk show sonata-mine --format json"))
@click.argument("name")
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def sdk_show(name: str, form: str) -> None:
    """Tell what an import holds, and each thing that was mended, skipped or left open."""
    from emulator.sdk.shelf import record, told

    found = record(name)
    if form == "json":
        import json

        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for line in told(found, whole=True):
        click.echo(line)


@sdk.command("remove", epilog=example("oit sdk remove sonata-mine"))
@click.argument("name")
def sdk_remove(name: str) -> None:
    """Remove an import. What ships with oit stays."""
    from emulator.sdk.shelf import remove

    click.echo(f"removed: {remove(name)}")
