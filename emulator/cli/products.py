"""`oit products`: the product payloads that there are, a message of one checked, an example of one made."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.group import RELEASE, ROOT, end, example, main, read_message
from emulator.errors import Exit, UserError, suggestion

if TYPE_CHECKING:
    from emulator.standard.release import Release

_PROFILE = click.option(
    "--profile",
    type=click.Path(path_type=Path),
    help="Profile with products of its own: named under payloads, or in a folder products beside it.",
)
_API = click.option("--api", help="API in which it is used, where the schemas differ: quote, order, …")
_FORM = click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)


@main.group()
def products() -> None:
    """Product payloads: which there are, whether a file is a right one, and an example of each."""


@products.command(
    "list",
    epilog=example(
        "oit products list",
        "oit products list --profile my-seller.yaml --format json",
    ),
)
@_PROFILE
@ROOT
@RELEASE
@_FORM
def products_list(profile: Path | None, root: Path | None, release: str, form: str) -> None:
    """List the products whose payload has a schema: by the value of @type, those of the profile as well."""
    standard = _release(release, profile, root)
    rows = [_row(standard, urn) for urn in _types(standard)]
    if form == "json":
        click.echo(json.dumps(rows, indent=2))
    for row in rows if form == "pretty" else ():
        only = f"  only in {', '.join(row['apis'])}" if row["apis"] else ""
        click.echo("\n    ".join([row["type"], *filter(None, [row["title"]]), row["schema"] + only]))
    for note in standard.own.notes:
        click.echo(note, err=True)


@products.command(
    "check",
    epilog=example(
        "oit products check uni.json",
        "oit products check dark-fibre.yaml --profile my-seller.yaml",
        "oit products example urn:acme:wave --profile acme.yaml | oit products check - --profile acme.yaml --api order",
        "oit products check schemas/dark-fibre.schema.json",
    ),
)
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--type", "kind", help="The product, where the file does not say its @type.")
@_API
@_PROFILE
@ROOT
@RELEASE
@_FORM
def products_check(
    file: Path, kind: str | None, api: str | None, profile: Path | None, root: Path | None, release: str, form: str
) -> None:
    """Check a file (JSON or YAML): a product configuration against its schema, every breach with its JSON Pointer; or, where
    it is a JSON Schema itself, whether it can be bound, and what of it is passed over.

    The exit code is 0 where it is right, 1 where it breaks its schema, 2 where it cannot be read or a schema is refused.
    """
    from emulator.standard.payloads.configuration import breaches_in, is_schema

    standard = _release(release, profile, root)
    value = _read(file)
    if is_schema(value) and kind is None:
        notes = _bound(file, root, standard)
        _tell([{"place": "", "message": note} for note in notes], form, lambda row: str(row["message"]))
        click.echo(f"{file}: it can be bound; {len(notes)} note(s)", err=True)
        return
    named = kind or (value.get("@type") if isinstance(value, dict) else None)
    if not isinstance(named, str):
        raise UserError(f"{file}: it has no '@type', so it could be any product; --type says which")
    _known(standard, named, "--type: " if kind else f"{file}: /@type: ")
    found = breaches_in(standard, named, value, standard.api(api) if api else None)
    rows = [{"place": each.place, "check": str(each.check), "message": each.message} for each in found]
    _tell(rows, form, lambda row: f"{file}: {row['place'] or '/'}: {row['message']}")
    wrong = sum(not each.advisory for each in found)
    click.echo(f"{file}: {wrong} breach(es), {len(found) - wrong} warning(s) as {named}", err=True)
    end(Exit.BREACHED if wrong else Exit.PASSED)


@products.command(
    "example",
    epilog=example(
        "oit products example urn:mef:lso:spec:cantata-sonata:epl-evc:v1.0.0:all",
        "oit products example epl-evc --depth 3",
        "oit products example DARK_FIBRE --profile my-seller.yaml --input configuration > dark.yaml",
        "oit run scenarios/products/purchase.oit.yaml --profile my-seller.yaml --var offeringId=dark --var-file dark.yaml",
    ),
)
@click.argument("product", metavar="URN")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Another number, another example.")
@click.option(
    "--depth",
    type=click.IntRange(0, 24),
    help="Down to so many levels also what the schema does not demand. "
    "Without it what is demanded, and one level where nothing is.",
)
@click.option("--input", "name", help="Write it as this input of a scenario, in YAML, for --var-file.")
@_API
@_PROFILE
@ROOT
@RELEASE
def products_example(
    product: str,
    seed: int,
    depth: int | None,
    name: str | None,
    api: str | None,
    profile: Path | None,
    root: Path | None,
    release: str,
) -> None:
    """Make a small, valid configuration of a product, the same for the same seed. URN is an @type, or a part of one that no
    other has.
    """
    from emulator.standard.payloads.configuration import example_of

    standard = _release(release, profile, root)
    found = example_of(
        standard, _known(standard, product), standard.api(api) if api else None, seed=seed, optional=depth
    )
    if name is None:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    import yaml

    click.echo(yaml.safe_dump({name: found}, sort_keys=False, allow_unicode=True), nl=False)


def _release(name: str, profile: Path | None, root: Path | None) -> Release:
    from emulator.conduct.partner import selling
    from emulator.standard.release import load_release

    return selling(profile, load_release(name), root)


def _types(standard: Release) -> list[str]:
    known = standard.products
    return sorted({*known.urns, *(urn for each in known.by_api.values() for urn in each)})


def _row(standard: Release, urn: str) -> dict[str, Any]:
    from emulator.standard.bundle import product_file

    known, sheet = standard.products, standard.products.sheets.of(urn)
    own = next((each for each in standard.own.payloads if each.type == urn), None)
    offered = [] if urn in known.urns else [api for api, each in known.by_api.items() if urn in each]
    schema = ", ".join(str(path) for path in own.files.values()) if own else product_file(known.urns[urn])
    return {
        "type": urn,
        "title": sheet.title if sheet else "",
        "own": own is not None,
        "schema": schema,
        "apis": offered,
    }


def _known(standard: Release, product: str, where: str = "") -> str:
    """The type that is meant. UserError where it is none, or could be several; `where` it is said."""
    types = _types(standard)
    right = standard.products.aliases.get(product, product)
    if right in types:
        return right
    near = [urn for urn in types if product in urn.split(":")] or [
        urn for urn in types if product.lower() in urn.lower()
    ]
    if len(near) == 1:
        return near[0]
    close = suggestion(product, types)
    said = f"did you mean {close}?" if close else "oit products list has those that there are"
    said = f"it could be {', '.join(near)}" if near else said
    raise UserError(f"{where}there is no product {product!r:.200} in release {standard.name}; {said}")


def _read(file: Path) -> Any:
    from emulator.plain_yaml import load_yaml_text
    from emulator.record.payload import MISSING, parse

    raw, name = read_message(file)
    parsed = parse(raw)
    if parsed.value is not MISSING or raw.lstrip()[:1] in (b"{", b"["):
        if parsed.value is MISSING:
            raise UserError(f"{name}: not readable as JSON: {parsed.problem}")
        return parsed.value
    try:
        return load_yaml_text(raw.decode(), name)
    except UnicodeDecodeError as error:
        raise UserError(f"{name}: this is not UTF-8 text (byte {error.start})") from error


def _bound(file: Path, root: Path | None, standard: Release) -> tuple[str, ...]:
    """What is passed over in a schema that is bound. FileProblem where it cannot be."""
    from emulator.roots import Root
    from emulator.standard.payloads.own import ANY, OwnPayload
    from emulator.standard.payloads.reading import read_own

    payload = OwnPayload("payload", {ANY: file})
    return read_own((payload,), Root.of(file, root), standard.interpretations, standard.apis).notes


def _tell(rows: list[dict[str, Any]], form: str, line: Callable[[dict[str, Any]], str]) -> None:
    if form == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row in rows:
        click.echo(line(row))
